"""What people may ask the simulator for: a tier, how many frames, and narrower ranges than the tier's own."""

from dataclasses import replace

from mlcore.simulation.tiers import EMPTY, SUPPORTED, TIERS, TRAINING
from mlcore.simulation.tiers import tier as tier_named

TITLES = {
    TRAINING.name: "Training: everything between the easiest and the hardest",
    SUPPORTED.name: "Supported catalysts: small bright particles on clutter",
    EMPTY.name: "Empty: film, support and dirt, and nothing to find",
    "T1": "T1: easy, well lit, apart",
    "T2": "T2: as in papers",
    "T3": "T3: crowded and touching",
    "T4": "T4: few electrons, far from focus",
    "T5": "T5: supports, liquid, contamination",
    "T6": "T6: another microscope and material",
}
MAX_COUNT = 10_000
SIDE_PX = (64, 1024)  # a frame is made in one piece, and cancelling waits for it
# name -> (field of the tier, lowest, highest, is whole, words)
RANGES = {
    "ecd_nm": ("ecd_nm", 1.0, 100.0, False, "The diameter in nm"),
    "dose_e_px": ("dose_e_px", 1.0, 10_000.0, False, "The dose in electrons a pixel"),
    "particles": ("count", 0, 500, True, "The number of particles a frame"),
}
DEFAULTS = {"tier": TRAINING.name, "count": 100, "size_px": 512}
assert set(TITLES) == {*TIERS, TRAINING.name, SUPPORTED.name, EMPTY.name}


def checked(config):
    """A whole configuration from what somebody asked for.

    Parameters
    ----------
    config : dict
        `tier`, `count`, `size_px`, and by name of RANGES pairs [lowest, highest]; what is missing, or None,
        is the tier's own.

    Raises
    ------
    ValueError
        In one sentence, at the first thing that makes no sense.
    """
    unknown = sorted(config.keys() - DEFAULTS.keys() - RANGES.keys())
    if unknown:
        known = ", ".join([*DEFAULTS, *RANGES])
        raise ValueError(f"There is no setting “{unknown[0]}”; there are: {known}.")
    asked = DEFAULTS | {name: value for name, value in config.items() if value is not None}
    tier_named(asked["tier"])
    made = {
        "tier": asked["tier"],
        "count": _whole(asked["count"], 1, MAX_COUNT, "The number of frames"),
        "size_px": _whole(asked["size_px"], *SIDE_PX, "The side of a frame in pixels"),
    }
    for name, (_, low, high, is_whole, words) in RANGES.items():
        if name in asked:
            made[name] = _range(asked[name], low, high, is_whole, words)
    return made


def tier_of(config):
    """The tier of a checked configuration, with its ranges. The tier's name, and so its seeds, stay."""
    over = {field: tuple(config[name]) for name, (field, *_) in RANGES.items() if name in config}
    return replace(tier_named(config["tier"]), **over)


def _whole(value, low, high, words):
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise ValueError(f"{words} must be a whole number from {low} to {high}, got {value}.")
    return value


def _range(pair, low, high, is_whole, words):
    try:
        first, last = (float(value) for value in pair)
    except (TypeError, ValueError):
        raise ValueError(f"{words} is a range of two numbers, lowest and highest.") from None
    if not low <= first <= last <= high:
        raise ValueError(
            f"{words} must lie from {low:g} to {high:g}, the lowest first; got {first:g} to {last:g}."
        )
    if is_whole and not (first.is_integer() and last.is_integer()):
        raise ValueError(f"{words} must be whole numbers, got {first:g} to {last:g}.")
    return [int(first), int(last)] if is_whole else [first, last]
