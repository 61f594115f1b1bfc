"""The few things people search by, from whatever keys an instrument uses for them."""

import re
from datetime import datetime

from annotations.instruments.units import parse_number

FIELDS = (
    "acquired_at", "instrument", "detector", "voltage_kv", "magnification",
    "exposure_s", "gas", "pressure_pa", "temperature_c",
)  # fmt: skip
_PRESSURE_PA = {
    "pa": 1, "hpa": 100, "kpa": 1e3, "mpa": 1e6, "mbar": 100, "bar": 1e5, "torr": 101325 / 760,
    "mtorr": 101.325 / 760, "atm": 101325, "ubar": 0.1,
}  # fmt: skip
_NUMBER = r"[-+]?\d[\d.,]*(?:[eE][-+]?\d+)?"
_PRESSURE = re.compile(rf"({_NUMBER})\s*(hpa|kpa|mpa|pa|mbar|ubar|bar|mtorr|torr|atm)\b", re.I)
_TEMPERATURE = re.compile(rf"({_NUMBER})\s*(°?\s*[CKF]|deg\s*C|celsius|kelvin)\b", re.I)
_KEY_UNIT = re.compile(
    r"[\[(_ ]\s*(hpa|kpa|mpa|pa|mbar|ubar|bar|mtorr|torr|atm|°?c|k|celsius|kelvin)\s*[\])]?$", re.I
)
# The sample's surroundings only: a gun or a column has a pressure too, a camera a temperature.
_GAS_KEY = re.compile(r"^(gas|gas ?(name|type|species)|imaging ?gas|chamber ?gas)$", re.I)
_PRESSURE_KEY = re.compile(
    r"^((gas|cell|e-?cell|sample|specimen|chamber|etem|holder|nano-?reactor)[ ._]*pressure|chpressure)", re.I
)
_TEMPERATURE_KEY = re.compile(
    r"^((sample|specimen|stage|holder|heater|hot-?stage|cell|channel ?a|mems)[ ._]*temp(erature)?)", re.I
)

# FEI and Thermo Fisher write SI without saying so.
FEI_UNITS = {"ChPressure": "Pa", "Specimen Temperature": "K"}


def fields_of(signal):
    """The searchable fields of one of RosettaSciIO's signals.

    Its `metadata` are HyperSpy's names (kV, s); what these leave out is looked for in the original ones.
    """
    metadata = _mapped(signal)
    general = metadata.get("General", {})
    microscope = metadata.get("Acquisition_instrument", {})
    column = next((microscope[kind] for kind in ("TEM", "SEM", "FIB") if kind in microscope), {})
    camera = column.get("Detector", {}).get("Camera", {}) or microscope.get("Detector", {}).get("Camera", {})
    found = {
        "acquired_at": _moment(general.get("date"), general.get("time"), general.get("time_zone")),
        "instrument": _word(column.get("microscope")),
        "detector": _word(
            camera.get("name")
            or column.get("detector_type")
            or microscope.get("Detector", {}).get("detector_type")
        ),
        "voltage_kv": _positive(column.get("beam_energy")),
        "magnification": _positive(column.get("magnification")),
        "exposure_s": _positive(
            camera.get("exposure") or camera.get("exposure_time") or column.get("dwell_time")
        ),
    }
    return {**surroundings(signal.get("original_metadata", {})), **only_known(found)}


def only_known(fields):
    return {key: value for key, value in fields.items() if value not in (None, "")}


def surroundings(tree):
    """Gas, pressure (Pa) and temperature (degrees C) at the sample, from keys at any depth.

    A pressure or temperature counts only with its unit, in the value ("3.2 mbar") or the key
    ("Gas pressure (mbar)"), or where FEI_UNITS knows it. A value of 0 K or below is no temperature.
    """
    found = {}
    for path, value, siblings in _leaves(tree):
        key = _key(path)
        if _GAS_KEY.match(key) and "gas" not in found:
            found["gas"] = _word(value)
        elif _PRESSURE_KEY.match(key) and "pressure_pa" not in found:
            found["pressure_pa"] = pressure_pa(value, _unit_beside(key, siblings, FEI_UNITS.get(key)))
        elif _TEMPERATURE_KEY.match(key) and "temperature_c" not in found:
            found["temperature_c"] = temperature_c(value, _unit_beside(key, siblings, FEI_UNITS.get(key)))
    return only_known(found)


def pressure_pa(value, unit=None):
    """A pressure in Pa from "3,2 mbar" or a number and its unit; None without a unit."""
    match = _PRESSURE.search(str(value))
    number, unit = match.groups() if match else (value, unit)
    number, factor = parse_number(number), _PRESSURE_PA.get(str(unit or "").lower())
    return number * factor if number is not None and factor and number >= 0 else None


def temperature_c(value, unit=None):
    """A temperature in degrees C from "800 °C", "1073 K" or a number and its unit; None without a unit."""
    match = _TEMPERATURE.search(str(value))
    number, unit = match.groups() if match else (value, unit)
    number, letter = (
        parse_number(number),
        re.sub(r"[^cfk]", "", str(unit or "").lower().replace("celsius", "c")),
    )
    if number is None or not letter:
        return None
    degrees = {"c": number, "k": number - 273.15, "f": (number - 32) / 1.8}.get(letter[-1])
    return degrees if degrees is not None and degrees > -273.15 else None


def moment(text):
    """A time as instruments write it, in ISO form, or None."""
    if isinstance(text, datetime):
        return text.isoformat()
    words = str(text or "").strip().strip("\0").strip()
    for form in ("%Y:%m:%d %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S",
                 "%d %b %Y %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M"):  # fmt: skip
        try:
            return datetime.strptime(words, form).isoformat()
        except ValueError:
            continue
    try:
        return datetime.fromisoformat(words).isoformat()
    except ValueError:
        return None


def _moment(date, time, zone=None):
    if not date:
        return None
    words = f"{date}T{time}" if time else str(date)
    offset = str(zone or "")
    return moment(words + offset) if re.fullmatch(r"[+-]\d\d:?\d\d", offset) else moment(words)


def _leaves(tree, parent="", depth=12):
    """((parent, key), value, its mapping) of every plain value, breadth of lists bounded."""
    if depth and hasattr(tree, "items"):
        for key, value in tree.items():
            if hasattr(value, "items") or isinstance(value, list | tuple):
                yield from _leaves(value, str(key), depth - 1)
                if isinstance(value, tuple) and len(value) in (2, 3):  # Zeiss: (name, value[, unit])
                    yield ("", str(value[0])), " ".join(map(str, value[1:])), {}
            else:
                yield (parent, str(key)), value, tree
    elif depth and isinstance(tree, list | tuple):
        for item in tree[:100]:
            yield from _leaves(item, parent, depth - 1)


def _key(path):
    """The key, with its parent where it says nothing alone: Specimen/Temperature is the specimen's."""
    parent, key = path
    return f"{parent} {key}" if re.match(r"(pressure|temp(erature)?)\b", key, re.I) else key


def _unit_beside(key, siblings, known=None):
    in_key = _KEY_UNIT.search(key)
    beside = siblings.get(f"{key} unit") or siblings.get(f"{key}Unit") or siblings.get("unit")
    return in_key.group(1) if in_key else beside or known


def _mapped(signal):
    """RosettaSciIO leaves part of the metadata to be copied by name: `mapping` says from where to where."""
    metadata = _plain(signal.get("metadata", {}))
    original = signal.get("original_metadata", {})
    for source, (place, convert) in (signal.get("mapping") or {}).items():
        value = original
        for key in source.split("."):
            value = value.get(key) if hasattr(value, "get") else None
        try:
            value = convert(value) if convert and value is not None else value
        except Exception:
            continue  # a vendor's odd value costs us one field, not the file
        if value is not None:
            *path, last = place.split(".")
            target = metadata
            for key in path:
                target = target.setdefault(key, {})
            target.setdefault(last, value)
    return metadata


def _plain(tree):
    return {key: _plain(value) if hasattr(value, "items") else value for key, value in tree.items()}


def _word(value):
    words = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value or "")
    clean = words.replace("\0", "").strip()
    return "" if clean.lower() in {"none", "unknown", "n/a", "null"} else clean


def _positive(value):
    number = parse_number(value) if value is not None else None
    return number if number is not None and 0 < number < 1e15 else None
