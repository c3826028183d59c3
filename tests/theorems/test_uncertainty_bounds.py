"""The three bounds as formulas: 40-digit arithmetic, limits, saturation, and random laws that obey their premises."""

from __future__ import annotations

import json
import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.errors import InvalidInput
from qtraj.theorems.checks import Verdict
from qtraj.theorems.uncertainty_bounds import (
    UncertaintyRelation,
    exchange_bound,
    hysteretic_bound,
    stationary_bound,
)
from qtraj.theorems.uncertainty_scopes import exchange_defect


@pytest.mark.parametrize("entropy", [1e-12, 1e-6, 1e-3, 0.1, 1.0, 5.0, 40.0, 300.0, 650.0])
def test_the_exchange_bound_to_twelve_digits(entropy: float) -> None:
    with mpmath.workdps(40):
        half = mpmath.mpf(entropy) / 2
        root = mpmath.findroot(lambda x: x * mpmath.tanh(x) - half, half + mpmath.sqrt(half) / (1 + half))
        expected = mpmath.csch(root) ** 2
        assert exchange_bound(entropy) == pytest.approx(float(expected), rel=1e-12)


@given(entropy=st.floats(1e-9, 1e4))
def test_the_order_of_the_bounds(entropy: float) -> None:
    """Each needs less than the one before, and says less."""
    weaker = hysteretic_bound(entropy, entropy) * 2
    assert weaker <= exchange_bound(entropy) * (1 + 1e-12)
    assert exchange_bound(entropy) <= stationary_bound(entropy) * (1 + 1e-12)


def test_limits() -> None:
    assert stationary_bound(0) == exchange_bound(0) == hysteretic_bound(0, 0) == math.inf
    assert exchange_bound(1e-8) == pytest.approx(2e8 - 2 / 3, rel=1e-12)
    assert exchange_bound(2000.0) == hysteretic_bound(1e4, 1.0) == hysteretic_bound(1.0, math.inf) == 0
    assert stationary_bound(-1e-14) == math.inf  # rounding of zero
    for bound in (stationary_bound, exchange_bound):
        with pytest.raises(InvalidInput, match=r"must not be negative, but is -0\.1"):
            bound(-0.1)


@given(affinity=st.floats(0.01, 12.0))
def test_two_opposite_values_saturate_the_exchange_bound(affinity: float) -> None:
    mean = math.tanh(affinity / 2)
    assert (1 - mean**2) / mean**2 == pytest.approx(exchange_bound(affinity * mean), rel=1e-9)


@given(seed=st.integers(0, 10**6), pairs=st.integers(1, 6), spread=st.floats(0.1, 6.0))
def test_every_law_that_is_its_own_mirror_image_obeys_the_exchange_bound(seed: int, pairs: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    entropy, current = spread * rng.normal(size=pairs), rng.normal(size=pairs)
    weight = rng.exponential(size=pairs)
    entropy, current = np.append(entropy, -entropy), np.append(current, -current)
    p = np.append(weight, weight) * np.exp(entropy / 2)
    p /= p.sum()
    assert exchange_defect(entropy, current, np.log(p)) < 1e-13
    mean = float(p @ current)
    relative = float(p @ (current - mean) ** 2) / mean**2
    assert relative >= exchange_bound(float(p @ entropy)) * (1 - 1e-9)


@given(seed=st.integers(0, 10**6), size=st.integers(2, 8), spread=st.floats(0.1, 5.0))
def test_every_pair_of_laws_obeys_the_hysteretic_bound(seed: int, size: int, spread: float) -> None:
    rng = np.random.default_rng(seed)
    forward = rng.dirichlet(np.ones(size))
    backward = forward * np.exp(-spread * rng.normal(size=size))
    backward /= backward.sum()
    current = rng.normal(size=size) + 1
    # The current of a reversed path has the opposite sign.
    means = float(forward @ current), -float(backward @ current)
    variances = float(forward @ current**2) - means[0] ** 2, float(backward @ current**2) - means[1] ** 2
    entropies = float(forward @ np.log(forward / backward)), float(backward @ np.log(backward / forward))
    left = sum(variances) / sum(means) ** 2
    assert left >= hysteretic_bound(*entropies) * (1 - 1e-9)


class TestRelation:
    def relation(self, **changes: object) -> UncertaintyRelation:
        entries: dict[str, object] = {
            "name": "exchange",
            "quantity": "heat",
            "relative_variance": 3.0,
            "bound": 2.0,
            "entropy_production": 1.0,
            "applies": True,
            "reason": "Because.",
        }
        return UncertaintyRelation(**{**entries, **changes})  # type: ignore[arg-type]

    def test_exact_numbers_hold_or_fail(self) -> None:
        assert self.relation().verdict is Verdict.PASS
        assert self.relation(bound=3.0 + 1e-12).verdict is Verdict.PASS
        assert self.relation(bound=3.001).verdict is Verdict.FAIL
        assert self.relation(relative_variance=math.inf, bound=math.inf).verdict is Verdict.PASS

    def test_samples_may_leave_it_open(self) -> None:
        assert self.relation(margin_error=0.1, z=3.0).verdict is Verdict.PASS
        assert self.relation(margin_error=0.5, z=3.0).verdict is Verdict.INCONCLUSIVE
        assert self.relation(bound=4.0, margin_error=0.1, z=3.0).verdict is Verdict.FAIL
        assert self.relation(bound=9.0, margin_error=0.1, z=3.0, resolved=False).verdict is Verdict.INCONCLUSIVE

    def test_outside_its_scope_it_is_not_a_bound(self) -> None:
        outside = self.relation(applies=False, bound=9.0)
        assert outside.verdict is None
        assert str(outside) == "exchange, heat: not a bound here. Because."
        document = outside.to_json()
        assert (document["bound"], document["formula"], document["applies"]) == (None, 9.0, False)

    def test_it_can_be_read_and_written(self) -> None:
        assert str(self.relation()) == "exchange, heat: 3 >= 2, pass. Because."
        assert "margin 1 +- 0.1" in str(self.relation(margin_error=0.1, z=3.0))
        assert json.loads(json.dumps(self.relation(relative_variance=math.inf).to_json()))["relative_variance"] is None
