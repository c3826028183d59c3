"""Deliberately wrong samplers, each rejected, with the number of paths it took.

All checks run at level 1e-4. At the number of paths beside each control the planted error exceeds the critical value
by at least seven standard deviations of the statistic, so that it escapes with a probability below 1e-10; with thirty
to a hundred times fewer paths some samples do escape.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from qtraj.arrays import FloatArray, IntArray
from qtraj.theorems.checks import Check
from qtraj.theorems.detailed import detailed_check
from qtraj.theorems.estimates import mean_check, rounding_floor, weighted_mean
from qtraj.theorems.goodness_of_fit import goodness_of_fit
from qtraj.theorems.truncated_weight import truncated_weight_check

LEVEL = 1e-4


def mean_of(law, counts: IntArray) -> Check:  # type: ignore[no-untyped-def]
    return mean_check(
        "mean_sigma",
        sampled=weighted_mean(law.values, counts),
        exact=law.mean,
        exact_variance=law.variance,
        paths=int(counts.sum()),
        level=LEVEL,
        numerical_floor=rounding_floor(*law.pair),
        law=law.pair,
    )


def exponential(law, counts: IntArray, *, target: float | None = None) -> Check:  # type: ignore[no-untyped-def]
    return truncated_weight_check(
        "exp_minus_sigma",
        values=law.values,
        log_probabilities=law.log_probabilities,
        counts=counts,
        target=law.target if target is None else target,
        level=LEVEL,
    )


def classes(law, counts: IntArray) -> Check:  # type: ignore[no-untyped-def]
    return goodness_of_fit("classes", counts=counts, log_probabilities=law.log_probabilities, level=LEVEL)


def detailed(law, counts: IntArray) -> Check:  # type: ignore[no-untyped-def]
    return detailed_check(
        values=law.values,
        log_probabilities=law.log_probabilities,
        log_backward=law.log_backward,
        counts=counts,
        level=LEVEL,
    )


def lambda_ignored(law, counts: IntArray) -> Check:  # type: ignore[no-untyped-def]
    return exponential(law, counts, target=1.0)


def honest(law, rng: np.random.Generator, paths: int) -> IntArray:  # type: ignore[no-untyped-def]
    counts: IntArray = law.draw(rng, paths)
    return counts


def one_probability_shifted(law, rng: np.random.Generator, paths: int) -> IntArray:  # type: ignore[no-untyped-def]
    """The likeliest value is 0.01 too likely."""
    p = 0.99 * law.p
    p[law.p.argmax()] += 0.01
    return rng.multinomial(paths, p).astype(np.int64)


def sigma_flipped(law, rng: np.random.Generator, paths: int) -> IntArray:  # type: ignore[no-untyped-def]
    return law.draw(rng, paths)[::-1].copy()


def values_swapped(law, rng: np.random.Generator, paths: int) -> IntArray:  # type: ignore[no-untyped-def]
    counts, top = law.draw(rng, paths), int(law.p.argmax())
    counts[[top, top + 2]] = counts[[top + 2, top]]
    return counts


def biased_splitter(law, rng: np.random.Generator, paths: int) -> IntArray:  # type: ignore[no-untyped-def]
    """A multinomial by pairwise splitting that rounds its probabilities to half precision (1e-3 relative)."""

    def split(p: FloatArray, number: int) -> list[int]:
        if p.size == 1:
            return [number]
        half = p.size // 2
        left = rng.binomial(number, min(1.0, float(np.float16(p[:half].sum() / p.sum()))))
        return split(p[:half], left) + split(p[half:], number - left)

    return np.array(split(law.p, paths), dtype=np.int64)


CONTROLS = [
    (sigma_flipped, mean_of, 100),
    (sigma_flipped, classes, 1_000),
    (sigma_flipped, detailed, 1_000),
    (sigma_flipped, exponential, 10_000),
    (honest, lambda_ignored, 10_000),
    (values_swapped, classes, 30_000),
    (values_swapped, detailed, 30_000),
    (values_swapped, mean_of, 300_000),
    (values_swapped, exponential, 100_000_000),
    (one_probability_shifted, classes, 1_000_000),
    (one_probability_shifted, detailed, 1_000_000),
    (one_probability_shifted, exponential, 100_000_000),
    (biased_splitter, classes, 300_000_000),
    (biased_splitter, mean_of, 10_000_000_000),
]


@pytest.mark.parametrize(("sampler", "check", "paths"), CONTROLS)
def test_wrong_samplers_are_rejected(
    sampler: Callable[..., IntArray],
    check: Callable[..., Check],
    paths: int,
    make_law: Callable[..., object],
    root_seed: int,
) -> None:
    law = make_law(2.0, irreversible=0.3 if check is lambda_ignored else 0.0)
    rng = np.random.default_rng([root_seed, 51, paths])
    assert all(check(law, sampler(law, rng, paths)).verdict == "fail" for _ in range(5))


@pytest.mark.parametrize("paths", [100, 1_000, 30_000, 10_000_000, 10**12])
def test_the_right_sampler_is_not(light_law, root_seed: int, paths: int) -> None:  # type: ignore[no-untyped-def]
    """No p-value below 1e-11 among four checks at five numbers of paths: false failure 2e-10."""
    counts = honest(light_law, np.random.default_rng([root_seed, 52, paths]), paths)
    assert min(check(light_law, counts).p_value for check in (mean_of, exponential, classes, detailed)) > 1e-11


def test_what_a_check_cannot_see(light_law, root_seed: int) -> None:  # type: ignore[no-untyped-def]
    """The mean is blind to the shift of a probability at the mean itself, and says how large an error it could see."""
    counts = one_probability_shifted(light_law, np.random.default_rng([root_seed, 53]), 10**6)
    check = mean_of(light_law, counts)
    assert check.p_value > 1e-9  # false failure 1e-9
    assert check.detectable > 0.005
