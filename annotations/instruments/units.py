"""Units and numbers as instruments spell them."""

import re
from dataclasses import dataclass

PRINT_RESOLUTION_NM = 1000.0  # a pixel above 1 um (25,400 dpi) is a printer's or a scanner's
PLAUSIBLE_NM = (1e-4, 1e6)  # 0.1 pm to 1 mm: outside, the tag cannot be a pixel at the specimen

_LENGTHS_NM = {
    "km": 1e12, "m": 1e9, "cm": 1e7, "mm": 1e6, "um": 1e3, "nm": 1.0, "pm": 1e-3, "fm": 1e-6,
    "a": 0.1, "inch": 2.54e7,
}  # fmt: skip
_NAMES = {
    "meter": "m", "metre": "m", "centimeter": "cm", "centimetre": "cm", "millimeter": "mm",
    "millimetre": "mm", "micrometer": "um", "micrometre": "um", "micron": "um", "nanometer": "nm",
    "nanometre": "nm", "picometer": "pm", "picometre": "pm", "angstrom": "a", "ångström": "a",
    "ångstrom": "a", "å": "a", "ang": "a", "in": "inch", '"': "inch", "mu": "um", "mum": "um",
    "n_m": "nm", "u_m": "um",
    "p_m": "pm", "m_m": "mm", "mu_m": "um",
}  # fmt: skip
_ANGLES = {"rad", "mrad", "urad", "deg", "degree", "degrees", "°"}
_PIXELS = {"", "px", "pixel", "pixels", "pix", "none", "null", "n/a", "1", "<undefined>", "unknown"}


@dataclass(frozen=True)
class Unit:
    """`kind` is length, reciprocal (a diffraction pattern), pixels (no calibration) or unknown."""

    kind: str
    nm: float | None = None  # of a length


def unit_of(text) -> Unit:
    """Understand a unit: nm, n_m, µm, um, Å, A, angstrom, pm, m, inch, 1/nm, nm^-1, mrad, px ...

    Parameters
    ----------
    text : str, bytes or None
        As the file has it.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    word = _plain(text)
    if word in _PIXELS:
        return Unit("pixels")
    if word in _ANGLES:
        return Unit("reciprocal")
    inverse = re.fullmatch(r"1/\(?(.+?)\)?|\(?(.+?)\)?(?:\^|\*\*)?\(?-1\)?", word)
    if inverse:
        is_known = _length_nm(inverse.group(1) or inverse.group(2)) is not None
        return Unit("reciprocal" if is_known else "unknown")
    length_nm = _length_nm(word)
    return Unit("length", length_nm) if length_nm is not None else Unit("unknown")


def _plain(text):
    word = str(text or "").strip().strip("\0").strip()
    word = word.replace("\\u00B5", "u").replace("\\u00b5", "u").replace("Â", "")
    word = word.replace("µ", "u").replace("μ", "u").replace("\u212b", "Å").replace("⁻¹", "^-1")
    word = re.sub(r"\s+", "", word)
    # Case only matters where it tells milli from mega, and no pixel is a megametre.
    return word.lower()


def _length_nm(word):
    singular = word[:-1] if word.endswith("s") and len(word) > 3 else word
    for candidate in (word, singular):
        name = _NAMES.get(candidate, candidate)
        if name in _LENGTHS_NM:
            return _LENGTHS_NM[name]
    return None


def parse_number(text):
    """A number as people and instruments write it, decimal commas included; None if it is none.

    "1,5277" is 1.5277; where both signs occur the last is the decimal one; several equal ones group digits.
    """
    if isinstance(text, int | float):
        return float(text)
    word = re.sub(r"[\s_']", "", str(text))
    if "," in word and "." in word:
        thousands = "," if word.rfind(".") > word.rfind(",") else "."
        word = word.replace(thousands, "").replace(",", ".")
    elif word.count(",") > 1:
        word = word.replace(",", "")
    else:
        word = word.replace(",", ".")
    try:
        return float(word)
    except ValueError:
        return None


def length_nm(number, unit):
    """`number` of `unit` in nm where that can be a pixel at the specimen, else None.

    Parameters
    ----------
    number : float or str
        Decimal commas are understood.
    unit : str
        Any spelling of a length.
    """
    value, kind = parse_number(number), unit_of(unit)
    if value is None or kind.nm is None:
        return None
    return plausible_nm(value * kind.nm)


def plausible_nm(value_nm):
    """The value as it is if it can be the side of a pixel, else None (NaN, infinite, 0 or out of range)."""
    return float(value_nm) if PLAUSIBLE_NM[0] <= value_nm <= PLAUSIBLE_NM[1] else None
