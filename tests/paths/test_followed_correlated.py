"""Followed paths of correlated operations against brute force, and wrong followers that must be caught.

Every test uses 2e5 paths and fails with probability 1e-9 if all is well; the wrong ones miss cells by percents, which
chi-square sees with certainty at this size.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest

from qtraj.arrays import IntArray
from qtraj.paths.blocks import Block
from qtraj.paths.class_finder import ClassFinder
from qtraj.paths.exact_law import exact_law
from qtraj.paths.follow_blocks import draw_followed
from qtraj.paths.followed_correlated import FollowedCorrelatedPaths
from qtraj.paths.sample import sample
from qtraj.processes.correlated_operation import CorrelatedOperation
from tests.processes.correlated_cases import RATE, Case, enumerate_paths, p_value

PATHS = 200_000

CASES = {
    "qutrit and qubit": Case.random(2, system=(0.0, 1.0, 2.0), beta=1.3),
    "driven": Case.random(4, system=(0.0, 1.0, 2.0), environment=(0.0, 1.0, 2.0), conserving=False),
    "as much as there can be": Case.random(5, system=(0.0, 1.0, 2.0), strength=1.0),
}
PROTOCOLS = ("augmented", "eigenbasis-two-point", "energy-two-point")


def followed_p_value(operation: CorrelatedOperation, protocol: str, seed: int, wrong: type | None = None) -> float:
    law = exact_law(operation, protocol=protocol)
    kind = wrong or FollowedCorrelatedPaths
    follow = kind(operation=operation, endpoints=law.endpoints, seed=seed)
    counts, outside, _, _ = draw_followed(follow, ClassFinder(law=law), PATHS, keep_rows=False)
    return 0.0 if outside else p_value(counts, law.probabilities)


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", CASES)
def test_followed_paths_have_the_law(name: str, protocol: str, root_seed: int) -> None:
    assert followed_p_value(CASES[name].operation, protocol, root_seed) > RATE


@pytest.mark.parametrize("name", CASES)
def test_followed_heat_and_information_are_those_of_the_enumeration(name: str, root_seed: int) -> None:
    """Joint cells of sigma and heat, without the package's law."""
    case = CASES[name]
    paths = enumerate_paths(case)
    ensemble = sample(case.operation, paths=PATHS, seed=root_seed, sampler="followed")
    keys = np.stack([paths.values["sigma"], paths.values["heat"]], axis=1).round(7)
    cells, owner = np.unique(keys, axis=0, return_inverse=True)
    probabilities = np.bincount(owner.ravel(), weights=paths.probabilities)
    rows = np.stack([ensemble["sigma"], ensemble["heat"]], axis=1)
    nearest = np.array([np.argmin(np.abs(cells - row).sum(axis=1)) for row in np.unique(rows, axis=0)])
    _, kinds = np.unique(rows, axis=0, return_counts=True)
    counts = np.bincount(nearest, weights=kinds, minlength=len(cells))
    assert p_value(counts, probabilities) > RATE


@dataclass(frozen=True, kw_only=True, eq=False)
class LocalEnergiesFirst(FollowedCorrelatedPaths):
    """Starts in the product of the local states, as if both had been measured locally before."""

    def __call__(self, block: Block) -> dict[str, IntArray]:
        rng = np.random.default_rng(block.index + self.seed)
        labels = self.operation.local_labels(self.endpoints.protocol)
        weights = np.exp(labels.log_eigenvalues)[labels.outcome_of]
        vector = rng.choice(weights.size, size=block.size, p=weights / weights.sum())
        images = self.operation.unitary.matrix() @ labels.vectors
        rows = super().__call__(block)
        rows["beta"] = self._measure(self.endpoints.final.outcomes, images, vector, rng)
        return {**rows, "m": rows["beta"], "n": labels.outcome_of[vector]}


@dataclass(frozen=True, kw_only=True, eq=False)
class _Inverse(FollowedCorrelatedPaths):
    """Evolves with the inverse unitary."""

    @property
    def _evolved(self) -> np.ndarray:  # type: ignore[override]
        return self.operation.unitary.adjoint().matrix() @ self.endpoints.initial.outcomes.vectors


@dataclass(frozen=True, kw_only=True, eq=False)
class _LabelsOfTheEnd(FollowedCorrelatedPaths):
    """Draws the labels of the start after the evolution."""

    def _labels(self, outcome: IntArray, rng: np.random.Generator) -> IntArray:
        labels = self.operation.local_labels(self.endpoints.protocol)
        return self._measure(labels, self._evolved, outcome, rng)


@pytest.mark.parametrize("wrong", [LocalEnergiesFirst, _Inverse, _LabelsOfTheEnd])
def test_wrong_followers_are_caught(wrong: type, root_seed: int) -> None:
    assert followed_p_value(CASES["qutrit and qubit"].operation, "augmented", root_seed, wrong) < RATE


def test_backward_paths_end_in_the_joint_eigenbasis(root_seed: int) -> None:
    """Started in local pairs and measured jointly, they have e^-sigma times the forward probability."""
    operation = CASES["qutrit and qubit"].operation
    law = exact_law(operation, protocol="eigenbasis-two-point")
    follow = FollowedCorrelatedPaths(operation=operation.reversed(), endpoints=law.endpoints.swapped(), seed=root_seed)
    rows = follow(Block(index=0, start=0, size=PATHS, full=False))
    table = np.zeros((law.endpoints.initial.outcomes.count, law.endpoints.final.outcomes.count))
    table[law.alpha, law.beta] = np.exp(law.log_backward)
    counts = np.zeros_like(table)
    np.add.at(counts, (rows["beta"], rows["alpha"]), 1)
    assert p_value(counts.ravel(), table.ravel()) > RATE


@pytest.mark.parametrize("sampler", ["counts", "explicit", "followed"])
def test_all_samplers_carry_heat_and_information(sampler: str, root_seed: int) -> None:
    operation = CASES["driven"].operation
    ensemble = sample(operation, paths=20_000, seed=root_seed, sampler=sampler)
    for name in ("heat", "clausius_sigma", "initial_information", "information_change"):
        error = np.sqrt(ensemble.law.cumulants(name)[1] / 20_000)
        assert abs(ensemble.mean(name) - ensemble.law.mean(name)) < 6.2 * error
    if sampler != "counts":
        assert ensemble["sigma"] == pytest.approx(ensemble["clausius_sigma"] + ensemble["initial_information"])
