"""Writing and scale bars burned into a frame, lossless or through a JPEG: found by how they are drawn.

Three things must come together, so that no particle is dropped for being bright: a value at the end of the
frame's range or one that very many pixels share, edges no wider than a pixel or two all around, and a layout
that nature does not make: letters side by side on one line, or an upright rectangle near the frame's rim.
"""

from dataclasses import dataclass

import numpy as np
from scipy import ndimage

from mlcore.inference.masks import fill
from mlcore.inference.preparation import picture_rows

# Of the frame's range: how far a JPEG moves a stroke from black or white, less where the picture comes close.
NEAR_END = (0.2, 0.1, 0.05)
LEAST_STEP = 1.5  # times that, from a stroke to what is two pixels beside it
HARD_SHARE = 0.7  # of a letter's rim steps so
BAR_HARD_SHARE = 0.85
MAX_SHARE = 0.1  # of the frame is one value at most where writing is sought
MAX_PX = 2**22  # and no more than that: no writing is so large, and lists of more would be much memory
SPIKE = 8.0  # times as many pixels as values close by have: what is drawn in grey, or was in color
SPIKE_LEAST_PX = 60
MIN_HEIGHT_PX = 5  # of a letter
MAX_HEIGHT = 0.12  # of the frame's longer side
LETTER_FILL = 0.85  # of its moment ellipse at most: strokes, not a blob
LETTER_STROKE = 0.3  # of its height at most is its stroke wide
WRITTEN_SHARE = 0.5  # of all that looks drawn is in words and bars; where noise is clipped most is astray
MIN_LETTERS = 3  # of a word, or one beside a bar
BAR_ASPECT = 4.0
BAR_LEAST = 0.03  # of the frame's longer side
BAR_FILL = 0.9  # of its box
BAR_RIM = 0.2  # of the frame: how far from its border a bar without a word lies at most
LEFT_OUT = "Writing, a scale bar or an information bar drawn into the image was left out of the search."
MARGIN_PX = 3  # around what is drawn: a JPEG's ringing


@dataclass(frozen=True, eq=False)
class Picture:
    """What of a frame is searched: float32 of 0 to 1 (H, W), its drawn parts painted over; their boxes."""

    image: np.ndarray
    boxes: list


def picture_of(image, on_note=None):
    """The micrograph in a cleaned frame, without what was drawn into it or below it; `on_note` is told so."""
    picture = image[picture_rows(image)]
    boxes, drawn = burned_in(picture)
    if on_note and (boxes or picture.shape != image.shape):
        on_note(LEFT_OUT)
    return Picture(without(picture, drawn) if boxes else picture, boxes)


@dataclass(frozen=True, eq=False)
class Part:
    """A connected piece of one value with hard edges: its box, its mask in it, and how hard it is."""

    rows: slice
    columns: slice
    mask: np.ndarray
    hardness: float

    @property
    def height(self):
        return self.rows.stop - self.rows.start

    @property
    def width(self):
        return self.columns.stop - self.columns.start

    @property
    def stroke(self):
        """Width of the stroke that draws it, about: area over half its rim."""
        padded = np.pad(self.mask, 1)
        rim = sum(np.count_nonzero(np.diff(padded, axis=axis)) for axis in (0, 1))
        return 2 * np.count_nonzero(self.mask) / rim


def burned_in(image):
    """Where something is drawn into a frame.

    Parameters
    ----------
    image : ndarray of float, shape (H, W)
        From 0 to 1.

    Returns
    -------
    boxes : list of (slice, slice)
        Rows and columns of each word and bar, with a margin.
    drawn : ndarray of bool, shape (H, W), or None
        What is covered in them; None where there is nothing.
    """
    boxes, drawn = [], None
    for mask, least_step in _levels(image):
        parts = _hard_parts(image, mask, least_step)
        for group in _words_and_bars(parts, image.shape):
            drawn = np.zeros(image.shape, dtype=bool) if drawn is None else drawn
            for part in group:
                drawn[part.rows, part.columns] |= part.mask
            boxes.append(_around(group, image.shape))
    if drawn is not None:
        drawn = ndimage.binary_dilation(drawn, np.ones((3, 3)), iterations=MARGIN_PX)
    return boxes, drawn


def without(image, drawn):
    """The frame with what is drawn painted over by what lies nearest."""
    _, nearest = ndimage.distance_transform_edt(drawn, return_indices=True)
    return image[tuple(nearest)]


def covers(boxes, outline):
    """Whether an outline lies mostly in one of the boxes: by its own box."""
    (left, top), (right, bottom) = outline.min(0), outline.max(0)
    area = max((right - left) * (bottom - top), 1e-9)
    for rows, columns in boxes:
        high = min(bottom, rows.stop) - max(top, rows.start)
        wide = min(right, columns.stop) - max(left, columns.start)
        if high > 0 and wide > 0 and high * wide > 0.5 * area:
            return True
    return False


def _levels(image):
    """What may be drawn, by value: white, black, and any that far more pixels have than its like.

    Masks, each with the least step that its edges must have.
    """
    most = min(MAX_SHARE * image.size, MAX_PX)
    for is_white in (True, False):
        for near in NEAR_END:
            mask = image >= 1 - near if is_white else image <= near
            if np.count_nonzero(mask) <= most:
                yield mask, LEAST_STEP * near
                break
    codes, counts = np.empty(image.shape, np.uint8), np.zeros(256, int)
    for number, (row, out) in enumerate(zip(image, codes, strict=True)):  # the frame twice were much memory
        out[:] = row * 255 + 0.5
        if number % 2 == 0:
            counts += 2 * np.bincount(out, minlength=256)
    for code in range(16, 240):
        beside = np.median(counts[code - 8 : code + 9])
        if SPIKE_LEAST_PX <= counts[code] <= most and counts[code] > SPIKE * (beside + 1):
            yield codes == code, LEAST_STEP * NEAR_END[0]


def _hard_parts(image, mask, least_step):
    """The connected parts of a mask of which most of the rim steps to another value within two pixels."""
    labels, count = ndimage.label(mask, np.ones((3, 3)))
    y, x = np.divmod(np.flatnonzero(mask), mask.shape[1])
    label = labels[y, x]
    area = np.bincount(label, minlength=count + 1)
    kept = area[label] >= MIN_HEIGHT_PX
    y, x, label = y[kept], x[kept], label[kept]
    level = np.bincount(label, image[y, x], minlength=count + 1) / np.maximum(area, 1)
    rim, hard = np.zeros(count + 1), np.zeros(count + 1)
    for down, right in ((0, 1), (0, -1), (1, 0), (-1, 0)):
        is_rim = ~mask[_within(y + down, 0, image), _within(x + right, 1, image)]
        of = label[is_rim]
        beside = _within(y[is_rim] + 2 * down, 0, image), _within(x[is_rim] + 2 * right, 1, image)
        is_hard = (np.abs(image[beside] - level[of]) >= least_step) & ~mask[beside]
        # Into the gap between two letters an edge has no two pixels to step in.
        of, is_hard = of[is_hard | ~mask[beside]], is_hard[is_hard | ~mask[beside]]
        rim += np.bincount(of, minlength=count + 1)
        hard += np.bincount(of, is_hard, minlength=count + 1)
    share = hard / np.maximum(rim, 1)
    share[area < MIN_HEIGHT_PX] = 0
    boxes = ndimage.find_objects(labels) if (share >= HARD_SHARE).any() else []
    return [
        Part(*boxes[k - 1], labels[boxes[k - 1]] == k, share[k]) for k in np.flatnonzero(share >= HARD_SHARE)
    ]


def _within(at, axis, image):
    return np.clip(at, 0, image.shape[axis] - 1)


def _words_and_bars(parts, shape):
    """Parts that are writing, word by word, bars and labels' panels: lists of Part."""
    longest = max(shape)
    bars = [one for one in parts if _is_bar(one, longest)]
    panels = [one for one in parts if _is_panel(one)]
    others = [one for one in parts if one.height <= MAX_HEIGHT * longest and one not in bars + panels]
    found = [[one] for one in panels]
    for line in _lines(others):
        letters = [one for one in line if _is_letter(one)]
        beside = [bar for bar in bars if any(_distance(bar, one) <= 3 * one.height for one in line)]
        if (letters and beside) or (len(letters) >= 2 and len(line) >= MIN_LETTERS):
            found.append(line + [one for one in others if _is_close(one, line)])
            found += [[bar] for bar in beside if [bar] not in found]
    for bar in bars:
        if [bar] not in found and _is_near_rim(bar, shape):
            found.append([bar])
    drawn = {one for group in found for one in group}
    return found if len(drawn) >= WRITTEN_SHARE * len(parts) else []


def _lines(parts):
    """Parts side by side on one line, as lists from left to right."""
    lines = []
    for part in sorted(parts, key=lambda one: one.columns.start):
        for line in lines:
            if any(_is_next(one, part) for one in line[-3:]):
                line.append(part)
                break
        else:
            lines.append([part])
    return lines


def _is_next(one, part):
    """Whether a part goes on with the line of another: on its feet or at its height, and close to it."""
    tall = max(one.height, part.height)
    gap = part.columns.start - one.columns.stop
    feet = abs(one.rows.stop - part.rows.stop)
    if min(one.height, part.height) < 0.45 * tall:
        return False
    return -0.2 * tall <= gap <= 1.2 * tall and feet <= max(1, 0.15 * tall) and tall >= MIN_HEIGHT_PX


def _is_close(part, line):
    """Whether a part belongs to a word though not to its line, as brackets do and an i's dot."""
    top, bottom = min(one.rows.start for one in line), max(one.rows.stop for one in line)
    tall = bottom - top
    shared = min(bottom, part.rows.stop) - max(top, part.rows.start)
    is_thin = _is_letter(part) or part.height >= 2 * part.width
    is_near = min(_distance(part, one) for one in line) <= 0.6 * tall
    is_as_tall = part.height <= 1.6 * tall and shared >= 0.6 * part.height
    return part not in line and is_thin and is_near and is_as_tall


def _is_letter(part):
    """Whether a part is made of strokes: far from an ellipse, or thin and upright."""
    if part.height < MIN_HEIGHT_PX:
        return False
    return fill(part.mask) <= LETTER_FILL and part.stroke <= LETTER_STROKE * part.height


def _is_bar(part, longest):
    long, short = max(part.height, part.width), min(part.height, part.width)
    is_full = np.count_nonzero(part.mask) >= BAR_FILL * part.mask.size
    is_long = long >= max(BAR_ASPECT * short, BAR_LEAST * longest)
    return is_long and is_full and part.hardness >= BAR_HARD_SHARE


def _is_panel(part):
    """Whether a part is a full rectangle with writing cut out of it."""
    full = ndimage.binary_fill_holes(part.mask)
    if np.count_nonzero(full) < 0.95 * full.size:
        return False
    return ndimage.label(full & ~part.mask)[1] >= MIN_LETTERS


def _is_near_rim(part, shape):
    rows, columns = shape
    return (
        min(part.rows.start, rows - part.rows.stop) <= BAR_RIM * rows
        or min(part.columns.start, columns - part.columns.stop) <= BAR_RIM * columns
    )


def _distance(one, other):
    down = max(one.rows.start - other.rows.stop, other.rows.start - one.rows.stop, 0)
    right = max(one.columns.start - other.columns.stop, other.columns.start - one.columns.stop, 0)
    return max(down, right)


def _around(group, shape):
    top, bottom = min(one.rows.start for one in group), max(one.rows.stop for one in group)
    left, right = min(one.columns.start for one in group), max(one.columns.stop for one in group)
    return (
        slice(max(0, top - MARGIN_PX), min(shape[0], bottom + MARGIN_PX)),
        slice(max(0, left - MARGIN_PX), min(shape[1], right + MARGIN_PX)),
    )
