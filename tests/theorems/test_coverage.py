from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import logsumexp

from qtraj.errors import InvalidInput
from qtraj.theorems.coverage import covered_weight, support_check

laws = st.lists(st.tuples(st.floats(-30, 0), st.floats(-30, 0)), min_size=1, max_size=6)


def test_covered_weight_of_two_values_by_hand() -> None:
    forward, backward = np.array([0.9, 0.1]), np.array([0.2, 0.6])
    for paths in (1, 3, 50):
        by_hand = backward @ (1 - (1 - forward) ** paths) / backward.sum()
        covered = covered_weight(log_probabilities=np.log(forward), log_backward=np.log(backward), paths=paths)
        assert math.isclose(covered, by_hand, rel_tol=1e-12)


def test_rare_values_and_many_paths_lose_no_digits() -> None:
    """1 - (1 - 1e-300)^N = N 1e-300, which plain arithmetic makes 0."""
    covered = covered_weight(log_probabilities=np.array([math.log(1e-300)]), log_backward=np.zeros(1), paths=10**15)
    assert math.isclose(covered, 1e-285, rel_tol=1e-9)


def test_absolutely_irreversible_weight_is_not_asked_for(make_law) -> None:  # type: ignore[no-untyped-def]
    """Judged against 1 - lambda = 0.3; against 1 it could never exceed 0.3."""
    law = make_law(2.0, irreversible=0.7)
    options = {"log_probabilities": law.log_probabilities, "log_backward": law.log_backward, "paths": 10**7}
    assert covered_weight(**options, target=0.3) > 0.999
    assert covered_weight(**options) > 0.999
    assert covered_weight(**options, target=1.0) < 0.31  # negative control


def test_nothing_has_a_reverse() -> None:
    check = support_check(log_probabilities=np.zeros(1), log_backward=np.array([-math.inf]), paths=1, target=0.0)
    assert check.verdict == "pass"


def test_an_average_of_rounding_size_is_judged_against_the_law() -> None:
    covered = covered_weight(log_probabilities=np.zeros(1), log_backward=np.array([-60.0]), paths=1, target=3e-17)
    assert covered == 1.0


def test_merged_values_not_labelled_paths() -> None:
    """A million paths of one value: covered at once by value, at 10 % only by label."""
    by_value = covered_weight(log_probabilities=np.zeros(1), log_backward=np.zeros(1), paths=10**5)
    label = np.full(10**6, -math.log(10**6))
    by_label = covered_weight(log_probabilities=label, log_backward=label, paths=10**5)
    assert by_value == 1.0
    assert by_label < 0.1


def test_the_line_of_the_report(heavy_law) -> None:  # type: ignore[no-untyped-def]
    check = support_check(
        log_probabilities=heavy_law.log_probabilities, log_backward=heavy_law.log_backward, paths=10**6, target=1.0
    )
    assert check.name == "support"
    assert check.kind == "support"
    assert check.verdict == "inconclusive"
    assert 0.7 < check.sampled < 0.8
    assert math.isclose(check.detectable, 1 - check.sampled, rel_tol=1e-12)
    assert check.z is None
    assert 10**9 < check.paths_needed < 10**11
    assert "paths would do" in check.note


@given(laws, st.integers(1, 10**6))
def test_the_number_of_paths_named_is_the_smallest(pairs: list[tuple[float, float]], paths: int) -> None:
    forward, backward = np.array(pairs).T
    options = {"log_probabilities": forward - logsumexp(forward), "log_backward": backward}
    check = support_check(**options, paths=paths)
    if check.verdict == "pass":
        assert check.paths_needed is None
        return
    needed = check.paths_needed
    assert needed is not None
    assert support_check(**options, paths=needed).verdict == "pass"
    before = math.floor((needed - 1) * (1 - 1e-12))
    if before >= 1:
        assert support_check(**options, paths=before).verdict == "inconclusive"


def test_no_number_of_paths_covers_what_the_law_does_not_hold() -> None:
    check = support_check(log_probabilities=np.zeros(1), log_backward=np.log([0.5]), paths=10, target=1.0)
    assert check.verdict == "inconclusive"
    assert check.paths_needed is None


def test_arguments_are_checked() -> None:
    with pytest.raises(InvalidInput, match="`paths` must be at least 1, but is 0"):
        support_check(log_probabilities=np.zeros(1), log_backward=np.zeros(1), paths=0)
    with pytest.raises(InvalidInput, match="one shape"):
        covered_weight(log_probabilities=np.zeros(1), log_backward=np.zeros(2), paths=1)
