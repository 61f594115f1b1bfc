"""Writing, bars and labels burned into frames are left out, also those of a JPEG; bright particles stay."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from mlcore.evaluation.matching import box_iou, match
from mlcore.evaluation.scores import score
from mlcore.inference.classical import ClassicalEngine
from mlcore.inference.graphics import LEFT_OUT, burned_in, covers, without
from mlcore.inference.preparation import cleaned, picture_rows
from tests import phantoms

SIDE = 320
DISCS = [(x, y, 26) for x in (40, 100, 160, 220, 280) for y in (40, 100, 160, 220)]


def picture(contrast=1.0, middle=110):
    """8 bits, middle grey, discs 60 brighter or darker."""
    frame = phantoms.micrograph(SIDE, DISCS, contrast=contrast, noise=0.1) - 10
    return np.clip(middle + 60 * frame, 0, 254).astype(np.uint8)


def drawn_on(image, kind):
    """The picture with “50 nm” and a bar below its particles."""
    pad = Image.fromarray(image)
    draw, font = ImageDraw.Draw(pad), ImageFont.load_default(size=20)
    if kind == "footer":
        draw.rectangle([0, 276, SIDE, SIDE], fill=235)
        draw.text((8, 286), "200 kV  x 38,000", font=font, fill=5)
        draw.rectangle([230, 300, 300, 305], fill=5)
        return np.asarray(pad)
    value = 0 if kind in ("black", "panel") else 255
    if kind == "panel":
        draw.rectangle([12, 256, 120, 312], fill=255)
    outline = {"stroke_width": 2, "stroke_fill": 0} if kind == "outlined" else {}
    draw.text((30, 262), "50 nm", font=font, fill=value, **outline)
    draw.rectangle([24, 296, 104, 301], fill=value)
    return np.asarray(pad)


def compressed(image, quality):
    if quality is None:
        return image
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


@pytest.mark.parametrize("quality", [None, 95, 75, 50])
@pytest.mark.parametrize("kind", ["white", "black", "outlined", "panel", "footer"])
@pytest.mark.parametrize("contrast", [1.0, -1.0])
def test_what_is_drawn_is_left_out_and_no_particle_with_it(kind, quality, contrast):
    frame = compressed(drawn_on(picture(contrast), kind), quality)
    notes = []
    found = ClassicalEngine().find(frame, on_note=notes.append)
    shown = [one.box for one in found if one.confidence >= 0.25]
    true = [(x - d / 2, y - d / 2, d, d) for x, y, d in DISCS]
    result = score(match(box_iou(true, shown), 0.5))
    assert result.recall == 1
    assert result.precision >= len(DISCS) / (len(DISCS) + 1)
    assert notes == [LEFT_OUT]


def test_writing_that_had_a_color_is_grey_and_found():
    image = picture()
    pad = Image.fromarray(image)
    ImageDraw.Draw(pad).text((30, 262), "50 nm", font=ImageFont.load_default(size=24), fill=226)
    boxes, _ = burned_in(cleaned(np.asarray(pad)))
    assert boxes


@pytest.mark.parametrize("contrast", [1.0, -1.0])
@pytest.mark.parametrize("blur_px", [0.7, 1.5])
@pytest.mark.parametrize("gain", [60, 300, 2000])
def test_overexposed_particles_side_by_side_are_no_writing(contrast, blur_px, gain):
    """Discs, touching pairs and squares on one line, clipped, and rods not quite upright."""
    frame = np.zeros((SIDE, SIDE))
    for x in range(30, 300, 24):
        frame = np.maximum(frame, phantoms.disc(SIDE, (x, 60), 14))
    for x in range(30, 300, 50):
        frame = np.maximum(frame, phantoms.disc(SIDE, (x, 120), 16))
        frame = np.maximum(frame, phantoms.disc(SIDE, (x + 13, 122), 14))
        frame[150:166, x : x + 16] = 1
    for x in range(30, 300, 60):
        y, across = np.mgrid[:SIDE, :SIDE]
        along = (across - x) + 0.1 * (y - 220)
        frame = np.maximum(frame, (np.abs(along) < 4) & (np.abs(y - 220) < 22))
    noise = 0.05 * np.random.default_rng(3).standard_normal(frame.shape)
    frame = 100 + gain * contrast * (ndimage.gaussian_filter(frame, blur_px) + noise)
    notes = []
    ClassicalEngine().find(np.clip(frame, 0, 255).astype(np.uint8), on_note=notes.append)
    assert notes == []


def test_a_frame_without_anything_drawn_has_no_note():
    notes = []
    ClassicalEngine().find(picture(), on_note=notes.append)
    assert notes == []


def test_what_lies_behind_is_painted_over_from_beside_it():
    image = np.full((20, 20), 0.5, dtype=np.float32)
    drawn = np.zeros((20, 20), dtype=bool)
    image[8:12, 5:15], drawn[8:12, 5:15] = 1, True
    assert (without(image, drawn) == 0.5).all()


@pytest.mark.parametrize(
    ("box", "is_covered"), [((12, 12, 8, 8), True), ((0, 0, 40, 40), False), ((30, 30, 5, 5), False)]
)
def test_only_what_lies_mostly_in_a_word_s_box_is_covered(box, is_covered):
    x, y, width, height = box
    outline = np.array([[x, y], [x + width, y], [x + width, y + height], [x, y + height]], dtype=float)
    assert covers([(slice(10, 22), slice(10, 24))], outline) is is_covered


@pytest.mark.parametrize("quality", [95, 60])
def test_a_lossy_footer_is_cut_off_where_it_begins(quality):
    frame = cleaned(compressed(drawn_on(picture(), "footer"), quality))
    assert picture_rows(frame).stop == pytest.approx(276, abs=4)


def test_a_dark_lower_edge_of_a_jpeg_is_no_footer():
    image = picture()
    image[250:] = 8 + (np.arange(SIDE) % 3 == 0)
    image = ndimage.gaussian_filter(image.astype(float), 3).astype(np.uint8)
    assert picture_rows(cleaned(compressed(image, 80))) == slice(0, SIDE)
