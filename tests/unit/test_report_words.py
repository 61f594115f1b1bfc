import pytest

from analysis.reports import words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (9.624, "9.62"),
        (9.996, "10.0"),
        (10, "10.0"),
        (99.96, "100"),
        (1230.4, "1230"),
        (0.0041701, "0.00417"),
    ],
)
def test_a_number_has_its_significant_digits_after_rounding(value, text):
    assert words.number(value) == text


@pytest.mark.parametrize(
    ("mean", "deviation", "text"),
    [
        (9.66, 0.968, "9.66 ± 0.97"),
        (9.996, 1.25, "10.0 ± 1.2"),
        (123.4, 17.6, "123 ± 18"),
        (1234, 0.5, "1234 ± 0.5"),
        (5, 0, "5.00 ± 0.00"),
        (5, float("nan"), "5.00 ± nan"),
    ],
)
def test_a_deviation_ends_where_its_mean_does(mean, deviation, text):
    assert words.with_deviation(mean, deviation) == text
