"""Numbers as a page shows them."""

import math

from django import template

from annotations.instruments.agreement import TOLERANCE, relative_difference

register = template.Library()


@register.filter
def significant(value, digits=5):
    """A number with so many significant digits and no more: 0.32889, 200, 1.2·10⁻⁷."""
    number = float(value)
    if not math.isfinite(number):
        return str(number)
    if number == int(number) and abs(number) < 1e15:
        return f"{number:,.0f}".replace(",", " ").replace("-", "−")
    text = f"{number:.{digits}g}"
    if "e" not in text:
        return text.replace("-", "−")
    mantissa, exponent = text.split("e")
    return f"{mantissa}·10{_superscript(int(exponent))}".replace("-", "−")


@register.simple_tag
def pixel_size(calibration):
    """The pixel size of a version with its unit; one number where the pixels are square."""
    if calibration.pixel_size_x_nm is None:
        return "withdrawn: pixels only"
    return f"{_axes(calibration)} nm/px"


@register.simple_tag
def pixel_size_range(smallest, largest):
    """The pixel sizes of a file whose frames may differ: “0.5 nm/px”, “0.5 to 0.8 nm/px”."""
    low, high = _axes(smallest), _axes(largest)
    return f"{low} nm/px" if low == high else f"{low} to {high} nm/px"


@register.simple_tag
def pixel_uncertainty(calibration):
    """The standard uncertainty, in nm and per cent."""
    u = calibration.relative_uncertainty
    return f"{significant(u * calibration.pixel_size_x_nm, 2)} nm ({significant(100 * u, 2)} %)"


def _axes(calibration):
    x, y = calibration.pixel_size_x_nm, calibration.pixel_size_y_nm
    if relative_difference(x, y) <= TOLERANCE:
        return significant(x)
    return f"{significant(x)} × {significant(y)}"


def _superscript(number):
    return str(number).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
