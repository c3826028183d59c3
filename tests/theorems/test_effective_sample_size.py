from __future__ import annotations

import math

import numpy as np

from qtraj.theorems.effective_sample_size import EffectiveSampleSize, effective_sample_size


def size_of(law, paths: int) -> EffectiveSampleSize:  # type: ignore[no-untyped-def]
    counts = law.draw(np.random.default_rng(5), paths)
    return effective_sample_size(
        values=law.values, log_probabilities=law.log_probabilities, counts=counts, target=law.target
    )


def test_exact_size_of_a_normal_law(make_law) -> None:  # type: ignore[no-untyped-def]
    """<e^-2sigma> = e^variance, times (1 - lambda)^2 for a shifted law: the size does not see the shift."""
    for irreversible in (0.0, 0.7):
        size = size_of(make_law(2.0, irreversible=irreversible), 10**6)
        assert math.isclose(size.exact, 1e6 * math.exp(-2.0), rel_tol=1e-9)


def test_kish_agrees_when_the_sample_is_large_enough(light_law) -> None:  # type: ignore[no-untyped-def]
    size = size_of(light_law, 10**8)
    assert math.isclose(size.kish, size.exact, rel_tol=0.1)
    assert size.warning is None


def test_kish_is_warned_about_when_it_flatters(heavy_law) -> None:  # type: ignore[no-untyped-def]
    size = size_of(heavy_law, 10**4)
    assert size.kish > 100 * size.exact
    assert "heaviest paths have not been drawn" in size.warning


def test_weights_beyond_double_precision() -> None:
    size = effective_sample_size(
        values=np.array([-900.0, 1e5]),
        log_probabilities=np.log([0.5, 0.5]),
        counts=np.array([10, 10]),
        target=math.inf,
    )
    assert math.isclose(size.exact, 10.0, rel_tol=1e-12)
    assert math.isclose(size.kish, 10.0, rel_tol=1e-12)
