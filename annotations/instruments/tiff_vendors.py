"""What each vendor's own tags of a TIFF page say of the pixel size, read with tifffile alone."""

import re
import xml.etree.ElementTree as ElementTree

from annotations.instruments.units import PRINT_RESOLUTION_NM, length_nm, parse_number

FEI_SFEG, FEI_HELIOS, FEI_TITAN, ZEISS, TVIPS, SIS, SIS_INI = 34680, 34682, 34683, 34118, 37706, 33560, 33471
VENDORS = {
    FEI_SFEG: "fei", FEI_HELIOS: "fei", FEI_TITAN: "thermo", ZEISS: "zeiss", TVIPS: "tvips",
    SIS: "sis", SIS_INI: "sis",
}  # fmt: skip
DESCRIPTION, MAKE, X_RESOLUTION, Y_RESOLUTION = 270, 271, 282, 283
GATAN_UNITS, GATAN_SCALES = (65003, 65004), (65009, 65010)


def vendor_of(page):
    """Whose tags the page has: fei, thermo, zeiss, tvips, sis, jeol, or an empty text."""
    for code, vendor in VENDORS.items():
        if code in page.tags:
            return vendor
    return "jeol" if str(page.tags.valueof(MAKE, "")).startswith("JEOL") else ""


def pixel_sizes(page):
    """Yield (name, x, y, rounding) for each place that tells a pixel size; x and y are (scale, unit)."""
    for read in (_fei, _thermo, _zeiss, _tvips, _sis, _imagej, _gatan, _ome):
        try:
            found = read(page)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, ElementTree.ParseError):
            continue  # an odd tag of one vendor says nothing about the others
        if found:
            yield read.__name__.strip("_"), *found


def per_pixel(resolution):
    """Units per pixel from a TIFF rational of pixels per unit; None if it is none."""
    try:
        pixels, units = resolution
        return units / pixels if pixels > 0 and units > 0 else None
    except (TypeError, ValueError):
        return None


def digits_rounding(value):
    """Half a unit of the last written digit, relative: 2.614 is known to 0.0005 / 2.614."""
    text = f"{value:.15g}"
    if "e" in text or float(value) == 0:
        return 0.0
    decimals = len(text.partition(".")[2])
    return 0.5 * 10.0**-decimals / abs(float(value))


def _fei(page):
    for code in (FEI_HELIOS, FEI_SFEG):
        sections = page.tags.valueof(code)
        if isinstance(sections, dict):
            for section in ("Scan", "EScan", "IScan"):
                if "PixelWidth" in sections.get(section, {}):
                    scan = sections[section]
                    return (scan["PixelWidth"], "m"), (scan["PixelHeight"], "m"), 0.0
    return None


def _thermo(page):
    """XML of newer Thermo Fisher software: BinaryResult/PixelSize/X with its unit as an attribute."""
    if FEI_TITAN not in page.tags:
        return None
    text = page.tags.valueof(FEI_TITAN)
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else str(text)
    root = ElementTree.fromstring(re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", text.strip("\0").strip()))
    size = root.find(".//PixelSize")
    x, y = size.find("X"), size.find("Y")
    return (x.text, x.get("unit", "m")), (y.text, y.get("unit", "m")), 0.0


def _zeiss(page):
    tags = page.tags.valueof(ZEISS)
    if not isinstance(tags, dict):
        return None
    for key in ("ap_image_pixel_size", "ap_pixel_size"):
        if key in tags and len(tags[key]) == 3:
            _, value, unit = tags[key]
            return (value, unit), (value, unit), digits_rounding(parse_number(value))
    return None


def _tvips(page):
    tags = page.tags.valueof(TVIPS)
    if not isinstance(tags, dict) or not tags.get("PixelSizeX"):
        return None
    return (tags["PixelSizeX"], "nm"), (tags["PixelSizeY"], "nm"), 0.0


def _sis(page):
    tags = page.tags.valueof(SIS)
    if not isinstance(tags, dict) or not tags.get("pixelsizex"):
        return None
    return (tags["pixelsizex"], "m"), (tags["pixelsizey"], "m"), 0.0


def _imagej(page):
    """ImageJ writes its unit into the description and pixels per unit into the resolution."""
    text = page.description
    if not text.startswith("ImageJ="):
        return None
    unit = re.search(r"^unit=(.*)$", text, re.M)
    y_unit = re.search(r"^yunit=(.*)$", text, re.M)
    x, y = per_pixel(page.tags.valueof(X_RESOLUTION)), per_pixel(page.tags.valueof(Y_RESOLUTION))
    if not unit or x is None or y is None:
        return None
    unit = unit.group(1).strip()
    if unit.lower() in ("inch", "inches", "in", "cm") and (length_nm(x, unit) or 0) > PRINT_RESOLUTION_NM:
        return None
    return (x, unit), (y, y_unit.group(1).strip() if y_unit else unit), 0.0


def _gatan(page):
    x, y = (page.tags.valueof(code) for code in GATAN_SCALES)
    if x is None or y is None:
        return None
    units = [page.tags.valueof(code, "") for code in GATAN_UNITS]
    return (x, units[0]), (y, units[1]), 0.0


def _ome(page):
    if not page.is_ome:
        return None
    root = ElementTree.fromstring(page.description.strip("\0").strip())
    tag = next(item for item in root.iter() if item.tag.rsplit("}", 1)[-1] == "Pixels")
    x, y = tag.get("PhysicalSizeX"), tag.get("PhysicalSizeY")
    if x is None or y is None:
        return None
    # The schema's default is the micrometre.
    return (x, tag.get("PhysicalSizeXUnit", "µm")), (y, tag.get("PhysicalSizeYUnit", "µm")), 0.0
