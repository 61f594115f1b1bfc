"""What a chart of sizes says of itself: without these sentences its numbers mean nothing."""

from analysis.metrology.distributions import INTERVAL_GROUPS_MIN
from analysis.metrology.summary import PERCENTS, VOLUME_PARTICLES_MIN
from analysis.reports.words import count, grouped, listed, number

BORDER_RULES = {
    "exclude": "particles touching the border left out",
    "weight": "particles touching the border left out and the rest weighted for it (Miles–Lantuéjoul)",
    "include": "particles touching the border counted as they are",
}
ECD = "ECD = 2√(A/π), the diameter of the disc with the outline’s area"
ASPECT_RATIO = "Aspect ratio = major/minor axis of the ellipse with the outline’s second moments, ≥ 1"
ROUNDNESS = "Roundness = 4A/(π · Feret_max²), 1 for a disc"
CALIBRATIONS_NAMED = 3


def size_caption(summary, calibrations, **rules):
    """The caption of the size distribution.

    Parameters
    ----------
    summary : Summary
    calibrations : list of (name of the acquisition, nm per px, source, version)
    **rules
        As for `rules_sentence`.
    """
    selection = summary.selection
    weighting = "number-weighted (q₀, Q₀)" if summary.weighting == "number" else "volume-weighted (q₃, Q₃)"
    axis = "ln d" if summary.histogram.is_log else "d"
    return " ".join(
        [
            f"{basis(selection)}; {weighting}.",
            rules_sentence(selection, **rules),
            f"{len(summary.histogram.count)} bins of equal width in {axis}, as a density; "
            "D values are interpolated from the particles, not read off the bins.",
            f"{ECD}.",
            scale(selection, calibrations),
        ]
    )


def shape_caption(selection, formulas, *, drawn=None, **rules):
    n = f" {grouped(drawn)} of them drawn." if drawn and drawn < selection.n else ""
    return f"{basis(selection)}.{n} {rules_sentence(selection, **rules)} {formulas}."


def basis(selection):
    frames = count(selection.n_frames, "image")
    if selection.n_recordings != selection.n_frames:
        frames += f" of {count(selection.n_recordings, 'file')}"
    return f"{count(selection.n, 'particle')} on {frames}"


def rules_sentence(selection, *, border, feret_min_px, confidence_min=0.0, noun="particle"):
    """What counts: `noun` is what the particles are called as long as they may be none."""
    cut = f"min Feret below {feret_min_px:g} px cut off" if feret_min_px > 0 else "no size cut"
    sentence = f"{BORDER_RULES[border]}; {cut}."
    if confidence_min > 0:
        n = selection.n_below_confidence
        doubtful = f"{count(n, noun)} under" if n else f"no {noun} under"
        sentence = f"{doubtful} a confidence of {confidence_min:g} left out; {sentence}"
    return sentence[0].upper() + sentence[1:]


def scale(selection, calibrations):
    if selection.unit == "px":
        return "No calibration: sizes are in pixels, and images of different magnification do not compare."
    if len(calibrations) <= CALIBRATIONS_NAMED:
        named = [
            f"{number(size, 5)} nm/px ({source}, v{version}, {name})"
            for name, size, source, version in calibrations
        ]
        return f"Calibration: {'; '.join(named)}."
    sizes = [size for _, size, _, _ in calibrations]
    if min(sizes) == max(sizes):
        return f"{count(len(sizes), 'calibration')}, all of {number(sizes[0], 5)} nm/px."
    return f"{count(len(sizes), 'calibration')}, {number(min(sizes), 4)} to {number(max(sizes), 4)} nm/px."


def left_out(selection, *, feret_min_px, confidence_min):
    """What does not count and why, as (n, sentence); only what there is."""
    reasons = [
        (selection.n_below_confidence, f"under a confidence of {confidence_min:g}"),
        (selection.n_without_outline, "without an outline: a box is not a diameter"),
        (selection.n_at_border, "touching the border"),
        (selection.n_below_cut, f"below the size cut of {feret_min_px:g} px (min Feret)"),
        (selection.n_too_wide, "wider than half of the image: no edge correction exists"),
        (selection.n_uncalibrated if selection.unit == "nm" else 0, "without calibration: no nm"),
    ]
    return [(n, reason) for n, reason in reasons if n]


def intervals_note(summary):
    """How the intervals of the D values came about, or why there are none."""
    n = summary.selection.n_recordings
    if summary.intervals is None:
        return (
            f"No 95 % intervals: they come from the spread between files, and {count(n, 'file')} "
            f"{'is' if n == 1 else 'are'} too few ({INTERVAL_GROUPS_MIN} at least)."
        )
    return (
        f"95 % intervals by resampling the {grouped(n)} files (bootstrap, 1,000 times): particles of one "
        "image resemble each other, so the number of images decides."
    )


def volume_warning(summary):
    if not summary.is_volume_shaky:
        return ""
    return (
        f"Volume weighting of {count(summary.selection.n, 'particle')}: the few largest decide, and below "
        f"{grouped(VOLUME_PARTICLES_MIN)} particles these values do not repeat. "
        "Do not compare them with number-weighted ones."
    )


def takeaway(summary):
    """One sentence in place of the chart, for those who do not see it."""
    unit, values = summary.selection.unit, [number(value) for value in summary.d_values]
    named = listed([f"D{percent} {value} {unit}" for percent, value in zip(PERCENTS, values, strict=True)])
    return f"Distribution of the equivalent circular diameter of {basis(summary.selection)}: {named}."
