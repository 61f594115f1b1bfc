import csv
import io

import pytest

from annotations.exchange import table

ROW = dict.fromkeys(table.COLUMNS)


def read(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_the_header_carries_units_and_conventions():
    header = table.lines([], with_header=True).strip().split(",")
    assert header == list(table.COLUMNS)
    for name in ["ecd_nm", "ecd_px", "area_nm2", "aspect_ratio_major_minor", "aspect_ratio_feret", "sha256"]:
        assert name in header


@pytest.mark.parametrize("text", ["=1+2", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", '=HYPERLINK("http://x")'])
def test_no_text_is_taken_for_a_formula(text):
    (row,) = read(table.lines([{**ROW, "acquisition": text}], with_header=True))
    assert row["acquisition"] == f"'{text}"


def test_numbers_stay_numbers_and_come_back_as_they_were():
    (row,) = read(
        table.lines([{**ROW, "x_px": -0.1 - 0.2, "ecd_nm": 1 / 3, "touches_border": True}], with_header=True)
    )
    assert float(row["x_px"]) == -0.1 - 0.2
    assert float(row["ecd_nm"]) == 1 / 3
    assert (row["touches_border"], row["ecd_px"]) == ("1", "")


def test_commas_quotes_and_line_breaks_in_names_are_kept():
    name = 'a "b", c\nd.tif'
    assert read(table.lines([{**ROW, "acquisition": name}], with_header=True))[0]["acquisition"] == name
