"""Uncertainty relations on samples: error bars that cover, and samples that are too precise to be true.

Statistical assertions fail with probability 1e-9 if all is well.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

from qtraj.models.registry import build_model
from qtraj.paths.exact_law import exact_law
from qtraj.paths.sample import sample
from qtraj.theorems.checks import Verdict
from qtraj.theorems.uncertainty_relations import uncertainty_relations
from qtraj.theorems.uncertainty_samples import sampled_uncertainty_relations
from tests.theorems.test_uncertainty_relations import TPM, swap, three_levels

RUNS = 150


def test_error_bars_cover(root_seed: int) -> None:
    """Standardised margins of 150 runs have variance 1: chi-square; error bars 40 % too small would be seen."""
    process = swap(0.1, 1.5, 0.9)
    law, exact = exact_law(process, protocol=TPM), uncertainty_relations(process, protocol=TPM)
    scores: dict[str, list[float]] = {"exchange": [], "hysteretic": []}
    for run in range(RUNS):
        ensemble = sample(process, paths=200_000, seed=root_seed + run, protocol=TPM, law=law)
        for known, found in zip(exact, sampled_uncertainty_relations(ensemble, exact=exact), strict=True):
            if found.name in scores:
                assert found.margin_error is not None
                scores[found.name].append((found.margin - known.margin) / found.margin_error)
    for values in scores.values():
        total = float(np.sum(np.square(values)))
        assert 1e-9 < stats.chi2.cdf(total, RUNS) < 1 - 1e-9
        assert abs(np.mean(values)) < 6.2 / np.sqrt(RUNS)


def test_enough_paths_settle_it(root_seed: int) -> None:
    process = swap(0.1, 1.5, 0.9)
    few, many = (sample(process, paths=paths, seed=root_seed, protocol=TPM) for paths in (30, 10**9))
    assert sampled_uncertainty_relations(few)[1].verdict is Verdict.INCONCLUSIVE
    assert [relation.verdict for relation in sampled_uncertainty_relations(many)] == [
        None,
        Verdict.PASS,
        Verdict.PASS,
    ]


def test_one_direction_may_carry_no_current(root_seed: int) -> None:
    """After a full swap the backward process starts between equal temperatures."""
    process = build_model("two-qubit-exchange", angle=np.pi / 2, beta_system=0.0, beta_environment=3.0)
    exact = uncertainty_relations(process)[2]
    found = sampled_uncertainty_relations(sample(process, paths=10**8, seed=root_seed, protocol=TPM))[2]
    assert found.verdict is Verdict.PASS
    assert found.margin_error is not None
    assert abs(found.margin - exact.margin) < 6.2 * found.margin_error


def test_a_sample_that_is_too_precise_fails(root_seed: int) -> None:
    """Negative control: paths that all carry the typical heat."""
    process = swap(0.1, 1.5, 0.9)
    ensemble = sample(process, paths=10**6, seed=root_seed, protocol=TPM)
    heat = ensemble.law.quantity("heat")
    # Every path whose heat goes the wrong way is replaced by one without heat, and those into the bath are multiplied.
    counts = np.where(heat < 0, 1, np.where(heat > 0, 20, 1)) * ensemble.class_counts
    counts = np.where(heat < 0, 0, counts)
    wrong = replace(ensemble, class_counts=counts, paths=int(counts.sum()))
    assert sampled_uncertainty_relations(wrong)[1].verdict is Verdict.FAIL


@pytest.mark.parametrize("quantity", ["heat_into_hot", "heat_into_cold"])
def test_followed_paths_without_a_law(quantity: str, root_seed: int) -> None:
    process = three_levels(duration=3.0)
    ensemble = sample(process, paths=20_000, seed=root_seed, sampler="followed", protocol=TPM)
    exact = uncertainty_relations(process, quantity, protocol=TPM)
    for known, found in zip(exact, sampled_uncertainty_relations(ensemble, quantity), strict=True):
        assert found.verdict is Verdict.PASS
        assert found.margin_error is not None
        assert abs(found.margin - known.margin) < 6.5 * found.margin_error


def test_correlated_starts(root_seed: int) -> None:
    process = build_model("two-qubit-exchange", correlation=-0.15j)
    relations = sampled_uncertainty_relations(sample(process, paths=10**7, seed=root_seed))
    assert [relation.verdict for relation in relations] == [None, None, Verdict.PASS]
