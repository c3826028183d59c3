"""Numbers in figures are the numbers they stand for."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.plots.numerals import digits_beside, exact_number, number_from_log, number_with_error, whole_number


def read_back(text: str) -> tuple[float, float]:
    """Value and error as a reader understands them."""
    power = 0
    if found := re.search(r"\\times 10\^\{(-?\d+)\}$", text):
        power, text = int(found[1]), text[: found.start()].removeprefix("(").removesuffix(")" if r"\pm" in text else "")
    if r"\pm" in text:
        value, error = text.split(r" \pm ")
        return float(value) * 10.0**power, float(error) * 10.0**power
    if "(" in text:
        value, error = text.rstrip(")").split("(")
        decimals = 0 if "." in error else len(value.partition(".")[2])
        return float(value) * 10.0**power, float(error) * 10.0 ** (power - decimals)
    return float(text) * 10.0**power, 0.0


@given(
    value=st.floats(min_value=-1e12, max_value=1e12).filter(lambda x: abs(x) > 1e-12),
    relative=st.floats(min_value=1e-12, max_value=9.0),
)
def test_value_and_error_survive_being_written(value: float, relative: float) -> None:
    error = relative * abs(value)
    written, written_error = read_back(number_with_error(value, error))
    assert abs(written - value) <= 0.06 * error
    assert abs(written_error - error) <= 0.06 * error


@given(value=st.floats(min_value=-1e200, max_value=1e200).filter(lambda x: abs(x) > 1e-200))
def test_an_exact_number_survives_being_written(value: float) -> None:
    written, _ = read_back(exact_number(value, 5))
    assert written == pytest.approx(value, rel=6e-5)


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (1.0, 0.0, "1"),
        (0.2530412, 0.00102, "0.2530(10)"),
        (0.2530412, 0.000996, "0.2530(10)"),
        (0.071872, 0.000072, "0.071872(72)"),
        (-0.00004, 0.01, "0.000(10)"),  # a zero has no sign
        (0.86, 4361.0, r"0.86 \pm 4400"),
        (1.0, math.inf, r"1 \pm \infty"),
        (1234.0, 100.0, "1234(100)"),
        (12.34, 2.5, "12.3(2.5)"),
    ],
)
def test_numbers_with_errors(value: float, error: float, text: str) -> None:
    assert number_with_error(value, error) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (-0.5, "-0.5"),
        (math.inf, r"\infty"),
        (-math.inf, r"-\infty"),
        (math.nan, r"\mathrm{undefined}"),
        (123456.0, r"1.2346\times 10^{5}"),
        (99999.9, "100000"),
    ],
)
def test_exact_numbers(value: float, text: str) -> None:
    assert exact_number(value) == text


def test_a_probability_below_the_smallest_double_is_still_a_number() -> None:
    assert number_from_log(-2400.0) == "10^{-1042}"
    assert number_from_log(-math.inf) == "0"
    assert number_from_log(0.0) == "1"


def test_whole_numbers() -> None:
    assert [whole_number(n) for n in (1, 1000, 10_000, 10**15, 123_456)] == [
        "1",
        "1000",
        "10^{4}",
        "10^{15}",
        r"123\,456",
    ]


def test_an_exact_number_has_more_digits_than_the_sampled_one_beside_it() -> None:
    assert digits_beside(0.123456789, 1e-6) >= 7
    assert digits_beside(1.0, 0.0) == digits_beside(math.inf, 1.0) == 5
