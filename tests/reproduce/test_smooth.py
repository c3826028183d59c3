"""Peaks and slopes of smooth functions: as many digits as the values have, and None where there is no peak."""

from __future__ import annotations

import math

import pytest

from qtraj.reproduce.smooth import peak_between, slope_at_start


@pytest.mark.parametrize("best", [0.1, 1.206234798, 3.9])
def test_a_peak_has_the_digits_of_its_values(best: float) -> None:
    def bump(place: float) -> float:
        return 1 / (1 + (place - best) ** 2 / 4)

    found = peak_between(bump, 0.0, 4.0)
    assert found == pytest.approx(best, abs=1e-9)


def test_comparing_values_would_lose_half_of_them() -> None:
    """Negative control: next to a peak, values differ by less than their rounding."""
    assert math.cos(1e-9) == math.cos(0.0)


def test_valleys_and_slopes_are_no_peaks() -> None:
    assert peak_between(lambda place: (place - 1) ** 2, 0.0, 4.0) is None
    assert peak_between(math.exp, 0.0, 4.0) is None
    assert peak_between(lambda place: math.exp(-place), 0.0, 4.0) is None


@pytest.mark.parametrize("height", [0.0, 1.0, -3.7, 1e-300, 0.1])
def test_what_is_constant_but_for_rounding_has_no_peak(height: float) -> None:
    assert peak_between(lambda place: height, 0.0, 1.0) is None
    assert peak_between(lambda place: height * (1 + 2e-16 * math.sin(1e5 * place)), 0.0, 1.0) is None


def test_a_low_peak_is_one_all_the_same() -> None:
    """Negative control: what stands out from rounding by two digits is found, near an end as well."""
    assert peak_between(lambda place: 1 - 1e-10 * (place - 0.5) ** 2, 0.0, 1.0) == pytest.approx(0.5, abs=1e-3)
    assert peak_between(lambda place: -((place - 1e-4) ** 2), 0.0, 1.0) == pytest.approx(1e-4, rel=1e-6)


def test_the_slope_at_the_start() -> None:
    assert slope_at_start(math.sin, 0.0, 1.0) == pytest.approx(1.0, abs=1e-11)
    assert slope_at_start(math.log, 1.0, 1.5) == pytest.approx(1.0, abs=1e-11)
