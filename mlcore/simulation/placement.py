"""Where particles lie: apart, touching or overlapping by a stated share; nobody hides anybody."""

from dataclasses import replace

import numpy as np

from annotations.raster import inside

TRIES = 25
MAX_HIDDEN = 0.6  # share of a particle that later ones may cover together


class Stage:
    """The specimen as a map of whole pixels: who lies where, later ones on top."""

    def __init__(self, width_px, height_px, margin_px, pixel_size_nm):
        self.margin_px, self.pixel_size_nm = margin_px, pixel_size_nm
        self.labels = np.zeros((height_px + 2 * margin_px, width_px + 2 * margin_px), np.int32)
        self.areas, self.hidden, self.placed, self.outlines = [0], [0], [], []

    def pixels(self, outline_nm, grow_px=0.0):
        """Rows and columns of the pixels whose centres an outline holds."""
        points = outline_nm / self.pixel_size_nm + self.margin_px
        if grow_px:
            centre = points.mean(0)
            gap = points - centre
            points = centre + gap * (1 + grow_px / np.maximum(np.hypot(*gap.T), 1e-9))[:, None]
        return inside(points, self.labels.shape)

    def add(self, particle, *, max_overlap, gap_px):
        """Put a particle down if it fits; whether it did.

        `max_overlap` bounds the share of the smaller one of any pair that both cover; 0 keeps `gap_px` free.
        """
        outline = particle.outline()
        rows, columns = self.pixels(outline, gap_px if max_overlap == 0 else 0.0)
        if len(rows) == 0:
            return False
        under = self.labels[rows, columns]
        who, shared = np.unique(under[under > 0], return_counts=True)
        for k, count in zip(who.tolist(), shared.tolist(), strict=True):
            if count > max_overlap * min(self.areas[k], len(rows)):
                return False
            if self.hidden[k] + count > MAX_HIDDEN * self.areas[k]:
                return False
        if max_overlap == 0:
            rows, columns = self.pixels(outline)
        for k, count in zip(who.tolist(), shared.tolist(), strict=True):
            self.hidden[k] += count
        self.placed.append(particle)
        self.outlines.append(outline)
        self.areas.append(max(len(rows), 1))
        self.hidden.append(0)
        self.labels[rows, columns] = len(self.placed)
        return True


def spread(rng, stage, particles, *, touching, max_overlap, gap_px=2.0, allowed=None):
    """Place particles, the largest first; those that find no room are left out.

    Parameters
    ----------
    touching : float
        Share of particles that are put against another one.
    max_overlap : float
        What a touching one may share with another, of the smaller one's area.
    allowed : callable, optional
        Whether a point (x, y) in nm may bear a particle: on a support, say.
    """
    low = -stage.margin_px * stage.pixel_size_nm * 0.5
    size = np.array(stage.labels.shape[::-1]) - 2 * stage.margin_px
    high = size * stage.pixel_size_nm - low
    for particle in particles:
        touches = stage.placed and rng.random() < touching
        for _ in range(TRIES):
            if touches:
                x, y = _beside(rng, stage, particle, max_overlap)
            else:
                x, y = rng.uniform(low, high)
            if allowed is not None and not allowed(x, y):
                continue
            overlap = max(max_overlap, 0.02) if touches else 0.0
            if stage.add(replace(particle, x_nm=x, y_nm=y), max_overlap=overlap, gap_px=gap_px):
                break


def _beside(rng, stage, particle, max_overlap):
    """A place from which a particle just touches, or overlaps, one that lies already."""
    other = int(rng.integers(len(stage.placed)))
    fixed, outline = stage.placed[other], particle.outline()
    angle = rng.uniform(0, 2 * np.pi)
    way = np.array([np.cos(angle), np.sin(angle)])
    # Support functions of the two shadows: this far apart they are surely clear of each other.
    reach = ((stage.outlines[other] - (fixed.x_nm, fixed.y_nm)) @ way).max() + (outline @ -way).max()
    width = np.ptp(outline @ way)
    return (fixed.x_nm, fixed.y_nm) + way * (reach - rng.uniform(0, max_overlap + 0.03) * width)
