r"""Paths of a correlated operation, followed measurement by measurement, knowing nothing of the law.

Draw a joint vector :math:`|\Psi_\kappa\rangle` and evolve it with U; measure the environment's level, collapse the
system, measure it. The local labels of the start are drawn on a copy that does not evolve: the environment's level, the
collapse, the system's outcome.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray, IntArray
from qtraj.paths.blocks import Block, Stream, generator
from qtraj.paths.measuring import draw_each, initial_vector
from qtraj.processes.correlated_operation import CorrelatedOperation
from qtraj.processes.seam import Endpoints, MeasurementProtocol

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
        level, states = self._measured_level(self._evolved, vector, rng.random(block.size))
        rows = {"alpha": start.outcomes.outcome_of[vector]}
        rows["beta"] = self._pair(end.outcomes.vectors, end.outcomes.outcome_of, states, level, rng)
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

    def _measured_level(
        self, vectors: ComplexArray, chosen: IntArray, uniform: FloatArray
    ) -> tuple[IntArray, ComplexArray]:
        """Measure the environment on the chosen columns: its level, and the unnormalised state of the system."""
        size = self.operation.environment.dimension
        cube = vectors.T.reshape(vectors.shape[1], -1, size)
        level = draw_each((np.abs(cube) ** 2).sum(axis=1)[chosen], uniform)
        states: ComplexArray = cube[chosen, :, level]
        return level, states

    def _pair(
        self, vectors: ComplexArray, owner: IntArray, states: ComplexArray, level: IntArray, rng: np.random.Generator
    ) -> IntArray:
        """Measure the system in the local outcomes behind a table of pairs; index of the pair found."""
        size = self.operation.environment.dimension
        # The pairs with level 0 hold the system's vectors; pairs follow each other by outcome, then by level.
        cube = vectors.reshape(-1, size, vectors.shape[1])
        own = np.flatnonzero(np.abs(cube[:, 0]).any(axis=0))
        found = draw_each(np.abs(states @ np.conj(cube[:, 0, own])) ** 2, rng.random(level.size))
        pair: IntArray = owner[own][found] + level
        return pair

    def _labels(self, outcome: IntArray, rng: np.random.Generator) -> IntArray:
        """Draw the local labels on a copy: a vector of the outcome's eigenspace, then both local measurements."""
        outcomes = self.endpoints.initial.outcomes
        labels = self.operation.local_labels(MeasurementProtocol(self.endpoints.protocol))
        first = np.searchsorted(outcomes.outcome_of, np.arange(outcomes.count))
        copy = first[outcome] + (rng.random(outcome.size) * outcomes.ranks[outcome]).astype(np.int64)
        level, states = self._measured_level(outcomes.vectors, copy, rng.random(outcome.size))
        return self._pair(labels.vectors, labels.outcome_of, states, level, rng)
