r"""Paths of a correlated operation, followed measurement by measurement, knowing nothing of the law.

Draw a joint vector :math:`|\Psi_\kappa\rangle` and evolve it with U; measure the environment's level, collapse the
system, measure it. The local labels of the start are drawn on a copy that does not evolve: the environment's level, the
collapse, the system's outcome. Backward paths start in such a pair and end with a measurement of the joint eigenbasis.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray, IntArray
from qtraj.paths.blocks import Block, Stream, generator
from qtraj.paths.measuring import draw_each, initial_vector
from qtraj.processes.correlated_operation import CorrelatedOperation
from qtraj.processes.seam import Endpoints
from qtraj.quantum.outcomes import Outcomes

__all__ = ["FollowedCorrelatedPaths"]


@dataclass(frozen=True, kw_only=True, eq=False)
class FollowedCorrelatedPaths:
    """A correlated operation ready to be followed; call it with a block to get that block's paths.

    Args:
        operation: The process.
        endpoints: What is measured at both ends.
        seed: Seed of the run.
    """

    operation: CorrelatedOperation
    endpoints: Endpoints
    seed: int

    def __call__(self, block: Block) -> dict[str, IntArray]:
        """Follow the paths of one block; columns alpha, beta and, where there are labels, n and m."""
        rng = generator(block, self.seed, Stream.FOLLOWED)
        start, end = self.endpoints.initial, self.endpoints.final
        vector = initial_vector(start, rng.random(block.size))
        rows = {"alpha": start.outcomes.outcome_of[vector]}
        rows["beta"] = self._measure(end.outcomes, self._evolved, vector, rng)
        if start.log_conditional is not None:
            rows["n"] = self._labels(rows["alpha"], rng)
            rows["m"] = rows["beta"]
        return rows

    @cached_property
    def _evolved(self) -> ComplexArray:
        """Every vector of the initial outcomes after the unitary, column by column from its blocks."""
        unitary, vectors = self.operation.unitary, self.endpoints.initial.outcomes.vectors
        images = np.zeros_like(vectors)
        for index in np.flatnonzero(np.abs(vectors).any(axis=1)):
            place, amplitudes = unitary.column(int(index))
            images[place] += amplitudes[:, None] * vectors[index][None, :]
        return images

    def _measure(
        self, outcomes: Outcomes, states: ComplexArray, chosen: IntArray, rng: np.random.Generator
    ) -> IntArray:
        """Measure the chosen columns of `states`: one party after the other if the outcomes are local ones."""
        local = self._local(outcomes)
        if local is None:
            born = np.abs(states.T @ np.conj(outcomes.vectors)) ** 2
            joint: IntArray = outcomes.outcome_of[draw_each(born[chosen], rng.random(chosen.size))]
            return joint
        size = self.operation.environment.dimension
        cube = states.T.reshape(states.shape[1], -1, size)
        level = draw_each((np.abs(cube) ** 2).sum(axis=1)[chosen], rng.random(chosen.size))
        vectors, owner = local
        amplitudes = cube[chosen, :, level] @ np.conj(vectors)
        found: IntArray = owner[draw_each(np.abs(amplitudes) ** 2, rng.random(chosen.size))] * size + level
        return found

    def _local(self, outcomes: Outcomes) -> tuple[ComplexArray, IntArray] | None:
        """The system's vectors and their outcomes behind a table of pairs; None if it is no such table."""
        size = self.operation.environment.dimension
        ground = np.flatnonzero(outcomes.outcome_of % size == 0)
        vectors = outcomes.vectors.reshape(-1, size, outcomes.outcome_of.size)[:, 0, ground]
        owner = outcomes.outcome_of[ground] // size
        pair = (owner[:, None] * size + np.arange(size)[None, :]).ravel()
        order = np.argsort(pair, kind="stable")
        table = np.kron(vectors, np.eye(size))
        if table.shape != outcomes.vectors.shape or not np.array_equal(table[:, order], outcomes.vectors):
            return None
        return vectors, owner

    def _labels(self, outcome: IntArray, rng: np.random.Generator) -> IntArray:
        """Draw the local labels on a copy: a vector of the outcome's eigenspace, then both local measurements."""
        outcomes: Outcomes = self.endpoints.initial.outcomes
        first = np.searchsorted(outcomes.outcome_of, np.arange(outcomes.count))
        ranks: FloatArray = outcomes.ranks.astype(np.float64)
        copy = first[outcome] + (rng.random(outcome.size) * ranks[outcome]).astype(np.int64)
        return self._measure(self.operation.local_labels(self.endpoints.protocol), outcomes.vectors, copy, rng)
