from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp

from qtraj.theorems.logarithms import log_or_minus_inf
from qtraj.theorems.weight_ladder import WeightLadder

laws = st.lists(
    st.tuples(st.floats(-50, 50), st.floats(-30, 0)), min_size=1, max_size=6, unique_by=lambda atom: round(atom[0], 2)
)


@given(laws, st.integers(1, 10**18), st.floats(0.0, 1.0))
def test_the_smallest_number_of_paths_is_the_smallest(
    pairs: list[tuple[float, float]], paths: int, share: float
) -> None:
    values, logs = np.array(sorted(pairs)).T
    ladder = WeightLadder.of(values, logs - logsumexp(logs), None)
    required = log_or_minus_inf(share) + float(ladder.log_below[-1]) - 1e-9

    def enough(number: int) -> bool:
        cut = ladder.cut(number)
        return cut >= 0 and float(ladder.log_below[cut]) >= required

    needed = ladder.paths_needed(required)
    assert needed is not None
    assert enough(needed)
    assert enough(max(needed, paths))
    below = min(paths, needed - 1, math.floor(needed * (1 - 1e-9)))
    if below >= 1:
        assert not enough(below)


def test_the_ladder_ascends_in_weight_and_adds_up(light_law) -> None:  # type: ignore[no-untyped-def]
    ladder = WeightLadder.of(light_law.values, light_law.log_probabilities, light_law.log_backward)
    assert (np.diff(ladder.log_weights) > 0).all()
    assert math.isclose(math.exp(ladder.log_below[-1]), 1.0, rel_tol=1e-12)
    second = light_law.p @ np.exp(-2 * light_law.values)
    assert math.isclose(math.exp(ladder.log_variance), second - 1.0, rel_tol=1e-9)


def test_the_heaviest_weight_may_be_too_rare_for_a_double() -> None:
    logs = np.array([-1500.0, 0.0])
    ladder = WeightLadder.of(np.array([-900.0, 0.0]), logs, None)
    assert math.isclose(ladder.log_variance, 300.0, rel_tol=1e-12)
    # It carries e^-600 of the average; what is left below the cut is one weight, for which any path will do.
    assert ladder.paths_needed(math.log(0.99)) == 1


def test_an_average_that_hangs_on_the_rarest_weight_is_out_of_reach() -> None:
    ladder = WeightLadder.of(np.array([-1500.0, 0.0]), np.array([-1500.0, 0.0]), None)
    assert ladder.paths_needed(math.log(2 * 0.99)) is None  # half of the average hangs on e^-1500


def test_a_cut_above_one_single_weight_needs_one_path() -> None:
    # A cold start in equilibrium: the other atom is as heavy as it is unlikely to matter.
    ladder = WeightLadder.of(np.array([-3.0, 0.0]), np.array([-700.0, 0.0]), None)
    assert ladder.paths_needed(math.log(0.99)) == 1
    # Not so when the second atom matters.
    assert (WeightLadder.of(np.array([-3.0, 0.0]), np.log([1e-6, 1 - 1e-6]), None).paths_needed(-1e-9) or 0) > 1000
