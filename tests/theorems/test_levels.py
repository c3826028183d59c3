from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.errors import InvalidInput
from qtraj.theorems.levels import FAMILY_LEVEL, look_level, split_level


@given(st.floats(1e-9, 0.5), st.integers(1, 1000))
def test_split_levels_add_up_to_the_level_and_are_below_sidaks(level: float, number: int) -> None:
    each = split_level(level, number)
    assert math.isclose(each * number, level, rel_tol=1e-12)
    sidak = -math.expm1(math.log1p(-level) / number)
    assert each <= sidak * (1 + 1e-12)
    assert sidak <= each * (1 + level)  # what Bonferroni costs


def test_looks_at_a_running_sample_add_up_to_the_level() -> None:
    assert math.isclose(sum(look_level(FAMILY_LEVEL, look) for look in range(10**5)), FAMILY_LEVEL, rel_tol=2e-5)


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0, math.nan])
def test_levels_are_between_zero_and_one(level: float) -> None:
    with pytest.raises(InvalidInput, match="`level` must") as caught:
        split_level(level, 3)
    assert caught.value.measured is level
    with pytest.raises(InvalidInput, match="`level` must"):
        look_level(level, 0)


def test_counts_of_checks_and_looks_are_sensible() -> None:
    with pytest.raises(InvalidInput, match="`number` must be at least 1, but it is 0"):
        split_level(1e-3, 0)
    with pytest.raises(InvalidInput, match="`look` must be at least 0, but it is -1"):
        look_level(1e-3, -1)
