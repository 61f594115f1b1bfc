"""When two readers agree on a pixel size, and what becomes of it where they do not."""

import pytest

from annotations.instruments import PixelSizeReading, agree
from annotations.instruments.axes import judge, same_for_all
from annotations.instruments.scale_bar import pixel_size_from_bar


def reading(x_nm, y_nm=None, **over):
    return PixelSizeReading(
        reader=over.pop("reader", "one"), x_nm=x_nm, y_nm=y_nm or x_nm, detail="tag", **over
    )


def test_no_reading_is_no_size_and_no_conflict():
    assert (agree([]).pixel_size_nm, agree([]).conflict) == (None, "")


def test_rounding_to_float32_is_no_disagreement():
    assert agree([reading(0.32889166474), reading(0.32889166)]).pixel_size_nm == (
        0.32889166474,
        0.32889166474,
    )


def test_a_number_of_few_digits_is_held_to_those():
    coarse = reading(2.61, rounding=0.005 / 2.61)
    assert agree([reading(2.6142), coarse]).pixel_size_nm == (2.6142, 2.6142)
    assert agree([reading(2.6142), reading(2.61)]).conflict


def test_the_same_pixels_told_twice_differently_are_a_conflict():
    found = agree([reading(2.02, reader="TIFF"), reading(1.5277, reader="DM3")])
    assert found.pixel_size_nm is None
    assert found.conflict.startswith("TIFF reads 2.02 nm/px (tag) but DM3 reads 1.5277 nm/px (tag)")


def test_swapped_axes_are_a_conflict():
    assert agree([reading(1.0, 2.0), reading(2.0, 1.0)]).conflict


def test_oblong_pixels_are_allowed_with_a_warning():
    found = agree([reading(1.0, 1.1)])
    assert found.pixel_size_nm == (1.0, 1.1)
    assert found.warning == "The pixels are not square: 1 nm wide and 1.1 nm high."


def test_axes_in_two_units_that_say_the_same_agree():
    readings = judge((1, "nm"), (10, "Å"), reader="r").readings
    assert agree(readings).pixel_size_nm == (1, 1)


def test_axes_in_two_units_that_differ_are_a_conflict_with_each_way_out():
    readings = judge((1, "nm"), (2, "Å"), reader="r").readings
    assert [(r.x_nm, r.y_nm) for r in readings] == [(1, 0.2), (1, 1), (0.2, 0.2)]
    assert agree(readings).conflict


def test_a_diffraction_pattern_is_never_sized():
    found = judge((0.01, "1/nm"), (0.01, "1/nm"), reader="r")
    assert found.readings == []
    assert "diffraction" in found.unsizeable_reason


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        ((1, "nm"), (1, ""), "one axis only"),
        ((1, "µnn"), (1, "nm"), "“µnn”"),
        ((1e9, "m"), (1, "nm"), "cannot be true"),
    ],
)
def test_a_calibration_that_cannot_be_used_is_told(x, y, words):
    found = judge(x, y, reader="r")
    assert (found.readings, words in found.note) == ([], True)


def test_a_flipped_axis_has_a_positive_size():
    assert judge((-2, "nm"), (2, "nm"), reader="r").readings[0].x_nm == 2


def test_frames_of_one_size_share_a_reading_and_frames_of_several_keep_theirs():
    same = [reading(1.0, frame_index=i) for i in range(3)]
    assert [r.frame_index for r in same_for_all(same, 3)] == [None]
    mixed = [reading(1.0 + i, frame_index=i) for i in range(3)]
    assert same_for_all(mixed, 3) == mixed
    assert same_for_all(same[:2], 3) == same[:2]


def test_a_scale_bar_of_known_ends():
    size_nm, u = pixel_size_from_bar(50, 200, end_half_width_px=1)
    # Each end: 1/sqrt(3) px; both: sqrt(2/3) px of 200.
    assert (size_nm, u) == (0.25, pytest.approx(0.00408248, rel=1e-5))
    assert pixel_size_from_bar(50, 200, 0, 0.01)[1] == 0.01
    for wrong in [(0, 10), (10, 0), (-1, 10), (float("nan"), 10)]:
        with pytest.raises(ValueError, match="above 0"):
            pixel_size_from_bar(*wrong)
