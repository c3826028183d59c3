"""Which numbers are shown as 0: by the largest of their kind, and by what the process makes a number of order one."""

from __future__ import annotations

import pytest

from qtraj.cli.rounding import Rounding, Units
from qtraj.models import build_model

# A weak process in units of its own: energies of 1e-21, rates of 1e-7.
UNITS = Units(energy=1e-21, rate=1e-7)


@pytest.mark.parametrize(
    ("key", "rounding", "number"),
    [
        ("mutual_information", 5e-15, 5e-14),
        ("heat_into_environment", 5e-36, 5e-35),
        ("variance_heat", 5e-57, 5e-56),
        ("entropy_production_rate", 5e-22, 5e-21),
        ("at_duration.heat_current_from_hot", 5e-43, 5e-42),
        ("third_cumulant_sigma", 5e-15, 5e-14),
    ],
)
def test_each_kind_has_its_unit(key: str, rounding: float, number: float) -> None:
    judge = Rounding({}, UNITS)
    assert judge.is_all(key, rounding)
    assert judge.is_all(key, -rounding)
    assert not judge.is_all(key, number)


@pytest.mark.parametrize(
    ("key", "rounding", "number"),
    [
        ("mean_xi", 1e-12, 1e-11),
        ("variance_xi", 5e-12, 1e-10),
        ("heat_into_cold", 1e-10, 1e-9),
        ("entropy_flux_cold", 1e-16, 1e-15),
    ],
)
def test_the_largest_of_a_kind_says_what_its_rounding_is(key: str, rounding: float, number: float) -> None:
    judge = Rounding({"mean_sigma": 3.0, "heat_into_hot": -200.0, "entropy_flux_hot": 3e-4, "paths": 1e25})
    assert judge.is_all(key, rounding)
    assert not judge.is_all(key, number)


@pytest.mark.parametrize("key", ["probability_no_jump", "absolute_irreversibility", "exp_minus_sigma", "mean_jumps"])
def test_what_is_accurate_however_small_is_shown(key: str) -> None:
    assert not Rounding({"mean_sigma": 1.0}, Units(energy=1.0, rate=1.0)).is_all(key, 1e-300)


def test_a_sum_has_the_rounding_of_all_its_terms() -> None:
    judge = Rounding({})
    assert not judge.is_all("entropy_flow_into.hot", 5e-14)
    assert judge.is_all("entropy_flow_into.hot", 5e-14, terms=10)


def test_nothing_is_known_without_units() -> None:
    judge = Rounding({})
    assert not judge.is_all("heat_into_environment", 1e-200)
    assert judge.is_all("heat_into_environment", -0.0), "a sign that means nothing"


def test_units_are_those_of_the_process() -> None:
    assert Units.of(build_model("two-qubit-exchange", frequency=3.0)) == Units(energy=3.0, rate=0.0)
    slow, fast = (Units.of(build_model("dephasing-qubit", rate=rate)).rate for rate in (0.1, 0.2))
    assert fast == pytest.approx(2 * slow)
