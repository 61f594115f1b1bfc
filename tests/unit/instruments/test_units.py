"""Units and numbers as instruments spell them."""

import math

import pytest

from annotations.instruments.fields import moment, pressure_pa, surroundings, temperature_c
from annotations.instruments.units import length_nm, parse_number, unit_of

LENGTHS = {
    "nm": 1, "n_m": 1, "NM": 1, " nm ": 1, "nanometer": 1, "Nanometers": 1, "nanometre": 1, "nm\0": 1,
    "µm": 1e3, "μm": 1e3, "um": 1e3, "u_m": 1e3, "micron": 1e3, "microns": 1e3, "micrometer": 1e3,
    "\\u00B5m": 1e3, "Âµm": 1e3, "Å": 0.1, "\u212b": 0.1, "A": 0.1, "angstrom": 0.1, "Ångström": 0.1,
    "Angstroms": 0.1, "pm": 1e-3, "fm": 1e-6, "m": 1e9, "meters": 1e9, "mm": 1e6, "cm": 1e7,
    "inch": 2.54e7, "in": 2.54e7, b"nm": 1, "µm".encode(): 1e3,
}  # fmt: skip


@pytest.mark.parametrize(("text", "nm"), LENGTHS.items())
def test_a_length_is_understood(text, nm):
    assert (unit_of(text).kind, unit_of(text).nm) == ("length", nm)


@pytest.mark.parametrize(
    "text", ["1/nm", "1 / nm", "1/Å", "nm^-1", "nm-1", "nm⁻¹", "1/m", "1/µm", "mrad", "rad", "Å^-1", "1/(nm)"]
)
def test_a_reciprocal_unit_is_a_diffraction_pattern(text):
    assert unit_of(text).kind == "reciprocal"


@pytest.mark.parametrize("text", ["", None, "px", "pixel", "Pixels", "  ", "<undefined>"])
def test_pixels_are_no_calibration(text):
    assert unit_of(text).kind == "pixels"


@pytest.mark.parametrize("text", ["µ", "µn", "µnn", "eV", "s", "counts", "1/eV", "six", "nmm", "°C"])
def test_what_is_no_length_is_not_guessed(text):
    assert unit_of(text).kind == "unknown"


@pytest.mark.parametrize(
    ("text", "number"),
    [("1,5277", 1.5277), ("1.5277", 1.5277), ("1.234,5", 1234.5), ("1,234.5", 1234.5), ("1,234,567", 1234567),
     ("3,2e-9", 3.2e-9), (" 7 ", 7), (2, 2), ("-0,5", -0.5), ("abc", None), ("", None), ("1e", None)],
)  # fmt: skip
def test_numbers_may_have_decimal_commas(text, number):
    assert parse_number(text) == number


def test_a_size_no_pixel_can_have_is_none():
    assert length_nm("1,5277", "nm") == 1.5277
    assert length_nm(5.302414837991601e-9, "m") == pytest.approx(5.302414837991601)
    for value in (0, -1, math.nan, math.inf, 1e-6, 1e7):
        assert length_nm(value, "nm") is None


def test_gas_pressure_and_temperature_need_their_units():
    told = surroundings(
        {"ETEM": {"Gas": "H2", "Gas Pressure": "3,2 mbar"}, "Holder": {"Sample Temperature (°C)": 650}}
    )
    assert told == {"gas": "H2", "pressure_pa": pytest.approx(320), "temperature_c": 650}
    assert surroundings({"Gas pressure": 5, "Column pressure": "1 Pa", "Camera temperature": "20 C"}) == {}


@pytest.mark.parametrize(
    ("value", "unit", "pa"),
    [("1 Torr", None, 101325 / 760), (2, "mbar", 200), ("3", None, None), (-1, "Pa", None)],
)
def test_pressures_are_in_pascal(value, unit, pa):
    assert pressure_pa(value, unit) == (pytest.approx(pa) if pa else None)


@pytest.mark.parametrize(
    ("value", "unit", "celsius"),
    [("1073 K", None, 799.85), ("800 °C", None, 800), (0, "K", None), (25, None, None)],
)
def test_temperatures_are_in_celsius(value, unit, celsius):
    assert temperature_c(value, unit) == (pytest.approx(celsius) if celsius else None)


def test_clocks_of_several_vendors():
    for text in ("2021:03:04 05:06:07", "03/04/2021 05:06:07", "04 Mar 2021 05:06:07", "2021-03-04T05:06:07"):
        assert moment(text) == "2021-03-04T05:06:07"
    assert moment("last Tuesday") is None
