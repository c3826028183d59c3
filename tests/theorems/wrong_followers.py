"""Followed samplers that are wrong on purpose, one mistake each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from qtraj.paths.blocks import Block
from qtraj.paths.followed import FollowedPaths, _AfterEvolution
from qtraj.paths.measuring import draw
from qtraj.quantum.outcomes import Outcomes
from qtraj.quantum.unitaries import EnergyConservingUnitary


def transformed(unitary: EnergyConservingUnitary, change: Any) -> EnergyConservingUnitary:
    return replace(unitary, matrices=tuple(change(stack) for stack in unitary.matrices))


def permuted(outcomes: Outcomes, order: list[int]) -> Outcomes:
    """The same eigenvalues with other vectors."""
    return replace(outcomes, vectors=outcomes.vectors[:, order])


class _WrongUnitary(FollowedPaths):
    @staticmethod
    def change(stack: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    @cached_property
    def _misled(self) -> FollowedPaths:
        unitary = transformed(self.operation.unitary, self.change)
        return FollowedPaths(
            operation=replace(self.operation, unitary=unitary), endpoints=self.endpoints, seed=self.seed
        )

    def collapse(self, psi: np.ndarray, mu: int, columns: object = None) -> tuple[np.ndarray, np.ndarray]:
        return self._misled.collapse(psi, mu)


class InverseUnitary(_WrongUnitary):
    """evolves with U^dag instead of U"""

    @staticmethod
    def change(stack: np.ndarray) -> np.ndarray:
        return np.conj(np.swapaxes(stack, -1, -2))


class TransposedUnitary(_WrongUnitary):
    """evolves with the transpose of U"""

    @staticmethod
    def change(stack: np.ndarray) -> np.ndarray:
        return np.swapaxes(stack, -1, -2)


class ConjugatedUnitary(_WrongUnitary):
    """evolves with the complex conjugate of U"""

    @staticmethod
    def change(stack: np.ndarray) -> np.ndarray:
        return np.conj(stack)


class PhasesDropped(FollowedPaths):
    """starts in |psi_alpha| without its phases"""

    def collapse(self, psi: np.ndarray, mu: int, columns: object = None) -> tuple[np.ndarray, np.ndarray]:
        return super().collapse(np.abs(psi).astype(complex), mu)


class EnergyBasisStart(FollowedPaths):
    """prepares the energy eigenstate number alpha instead of the eigenvector of the state"""

    def _evolved_pairs(self, vector: np.ndarray, mu: np.ndarray) -> Iterator[_AfterEvolution]:
        vectors = np.eye(self.operation.system.dimension, dtype=complex)
        start = self.endpoints.initial
        endpoints = replace(self.endpoints, initial=replace(start, outcomes=replace(start.outcomes, vectors=vectors)))
        return FollowedPaths(operation=self.operation, endpoints=endpoints, seed=0)._evolved_pairs(vector, mu)


class _WrongFinalBasis(FollowedPaths):
    def final(self, outcomes: Outcomes) -> Outcomes:
        raise NotImplementedError

    @cached_property
    def _misled(self) -> FollowedPaths:
        end = self.endpoints.final
        endpoints = replace(self.endpoints, final=replace(end, outcomes=self.final(end.outcomes)))
        return FollowedPaths(operation=self.operation, endpoints=endpoints, seed=self.seed)

    def _measurable(self, nu: np.ndarray, unnormalised: np.ndarray) -> _AfterEvolution:
        return self._misled._measurable(nu, unnormalised)


class FinalVectorsSwapped(_WrongFinalBasis):
    """measures the final state in its eigenbasis with two vectors exchanged"""

    def final(self, outcomes: Outcomes) -> Outcomes:
        return permuted(outcomes, [1, 0, *range(2, outcomes.count)])


class FinalEnergyBasis(_WrongFinalBasis):
    """measures the final state in the energy basis"""

    def final(self, outcomes: Outcomes) -> Outcomes:
        return replace(outcomes, vectors=np.eye(outcomes.count, dtype=complex))


class NoCollapse(FollowedPaths):
    """draws beta with its overall probability, whatever nu was found"""

    def _evolve_and_measure(
        self, vector: np.ndarray, mu: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        nu, _ = super()._evolve_and_measure(vector, mu, rng)
        outcomes = self.endpoints.final.outcomes
        return nu, draw(np.cumsum(np.exp(outcomes.log_eigenvalues)), rng.random(nu.size))


class AmplitudesNotSquared(FollowedPaths):
    """takes |amplitude| for the probability of nu"""

    def _measurable(self, nu: np.ndarray, unnormalised: np.ndarray) -> _AfterEvolution:
        after = super()._measurable(nu, unnormalised)
        return replace(after, nu_cumulative=np.cumsum(np.sqrt(np.diff(after.nu_cumulative, prepend=0.0))))


class LabelsExchanged(FollowedPaths):
    """writes mu for nu and nu for mu"""

    def __call__(self, block: Block) -> dict[str, np.ndarray]:
        rows = super().__call__(block)
        return {**rows, "mu": rows["nu"], "nu": rows["mu"]}


class TwiceAsCold(FollowedPaths):
    """draws mu at twice the inverse temperature"""

    @cached_property
    def _environment_cumulative(self) -> np.ndarray:
        return np.cumsum(np.exp(2 * self.operation.environment.log_populations))


class AlphaOffByFivePercent(FollowedPaths):
    """draws alpha = 0 five percent too often"""

    weight = 1.05

    def __call__(self, block: Block) -> dict[str, np.ndarray]:
        start = self.endpoints.initial
        logs = start.outcomes.log_eigenvalues + np.log(self.weight) * (np.arange(start.outcomes.count) == 0)
        endpoints = replace(
            self.endpoints, initial=replace(start, outcomes=replace(start.outcomes, log_eigenvalues=logs))
        )
        return FollowedPaths(operation=self.operation, endpoints=endpoints, seed=self.seed)(block)


class MEqualsN(FollowedPaths):
    """writes n for m"""

    def __call__(self, block: Block) -> dict[str, np.ndarray]:
        rows = super().__call__(block)
        return {**rows, "m": rows["n"]}


class EnergyConservingPaths(FollowedPaths):
    """makes every path conserve energy: E_m = E_n - heat, where there is such a level"""

    def __call__(self, block: Block) -> dict[str, np.ndarray]:
        rows = super().__call__(block)
        own = self.operation.system.spectrum.energies
        bath = self.operation.environment.spectrum.energies
        wanted = own[rows["n"]] - (bath[rows["nu"]] - bath[rows["mu"]])
        nearest = np.abs(own[None, :] - wanted[:, None]).argmin(axis=1)
        return {**rows, "m": np.where(np.abs(own[nearest] - wanted) < 1e-9, nearest, rows["m"])}


class NMeasuredOnThePath(FollowedPaths):
    """measures n on the path itself, before the interaction, and so destroys the initial coherence"""

    def __call__(self, block: Block) -> dict[str, np.ndarray]:
        rows = super().__call__(block)
        rng = np.random.default_rng([self.seed, block.index, block.size])
        start, end = self.endpoints.initial, self.endpoints.final
        energy = replace(start, outcomes=replace(start.outcomes, vectors=start.energy_labels.vectors))
        misled = FollowedPaths(
            operation=self.operation, endpoints=replace(self.endpoints, initial=energy), seed=self.seed
        )
        nu, final = misled._evolve_and_measure(rows["n"], rows["mu"], rng)
        beta = end.outcomes.outcome_of[final]
        return {**rows, "nu": nu, "beta": beta, "m": self._energy_label(end, beta, rng)}


class MMeasuredOnThePath(FollowedPaths):
    """measures m on the collapsed state itself, before beta"""

    def __call__(self, block: Block) -> dict[str, np.ndarray]:
        rows = super().__call__(block)
        rng = np.random.default_rng([self.seed, block.index, block.size])
        end = self.endpoints.final
        energy = replace(end, outcomes=replace(end.outcomes, vectors=end.energy_labels.vectors))
        misled = FollowedPaths(
            operation=self.operation, endpoints=replace(self.endpoints, final=energy), seed=self.seed
        )
        nu, m = misled._evolve_and_measure(rows["alpha"], rows["mu"], rng)
        born = np.abs(end.outcomes.vectors.conj().T @ end.energy_labels.vectors) ** 2
        beta = (rng.random(m.size)[:, None] >= np.cumsum(born, axis=0).T[m][:, :-1]).sum(axis=1)
        return {**rows, "nu": nu, "beta": beta, "m": m}


class MWithoutBeta(FollowedPaths):
    """draws m with its overall probability, whatever beta was found"""

    def __call__(self, block: Block) -> dict[str, np.ndarray]:
        rows = super().__call__(block)
        rng = np.random.default_rng([self.seed, block.index, block.size])
        labels = self.endpoints.final.energy_labels
        return {**rows, "m": draw(np.cumsum(np.exp(labels.log_eigenvalues)), rng.random(block.size))}


class _OneUniform:
    """A generator that hands out the same numbers again and again."""

    def __init__(self, rng: np.random.Generator) -> None:
        self.rng = rng
        self.kept: np.ndarray | None = None

    def random(self, size: int) -> np.ndarray:
        if self.kept is None:
            self.kept = self.rng.random(size)
        return self.kept


class UniformUsedTwice(FollowedPaths):
    """draws nu and beta with the same random number"""

    def _evolve_and_measure(
        self, vector: np.ndarray, mu: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        return super()._evolve_and_measure(vector, mu, _OneUniform(rng))


class LabelsShareAUniform(FollowedPaths):
    """draws n and m with the same random number"""

    def __call__(self, block: Block) -> dict[str, np.ndarray]:
        rows = super().__call__(block)
        rng = _OneUniform(np.random.default_rng([self.seed, block.index, block.size]))
        n = self._energy_label(self.endpoints.initial, rows["alpha"], rng)
        return {**rows, "n": n, "m": self._energy_label(self.endpoints.final, rows["beta"], rng)}


class BlocksAlike(FollowedPaths):
    """uses the random numbers of the first block in every block"""

    def __call__(self, block: Block) -> dict[str, np.ndarray]:
        return super().__call__(replace(block, index=0))


class OtherLevelsSameHeat(FollowedPaths):
    """writes other environment levels with the same heat between them"""

    def __call__(self, block: Block) -> dict[str, np.ndarray]:
        rows = super().__call__(block)
        lower = np.minimum(rows["mu"], rows["nu"])
        return {**rows, "mu": rows["mu"] - lower, "nu": rows["nu"] - lower}


class Sorted(FollowedPaths):
    """lists the paths of a block in order"""

    def __call__(self, block: Block) -> dict[str, np.ndarray]:
        rows = super().__call__(block)
        order = np.lexsort(tuple(rows.values()))
        return {name: column[order] for name, column in rows.items()}
