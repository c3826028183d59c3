r"""The followed sampler: the protocol measurement by measurement, with collapse, knowing nothing of the law.

Draw the initial vector and mu; evolve :math:`|\psi_i,\mu\rangle` with the blocks of U; measure nu; collapse the
system to :math:`|\Phi\rangle \propto \langle\nu|U|\psi_i,\mu\rangle` ([Santos19] Eq. (32)); measure beta on it. The
energy labels n and m are drawn on copies: an energy measurement on the outcome alpha (resp. beta), independent of
everything else.

What this shares with the exact law is the pair of endpoints and U; what it does not share is every formula for a
probability, which is why comparing the two is the check of the physics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import ComplexArray, FloatArray, IntArray
from qtraj.paths.blocks import Block, Stream, generator
from qtraj.paths.measuring import draw, energy_label, initial_vector
from qtraj.processes.memory_needed import MOST_EVOLVED_BYTES
from qtraj.processes.seam import Endpoint, Endpoints
from qtraj.processes.thermal_operation import ThermalOperation

__all__ = ["FollowedPaths"]

# Marking in a table of all levels is faster than sorting, unless nearly all of the table stays empty.
SPARSE_TABLE = 16

# Columns of the unitary that are read together: 300 pairs (vector, mu) beside 14 spins, all of them beside a ladder.
COLUMN_BYTES = 2**26

# By flat joint index: where the image of a joint basis state has its amplitudes, and what they are.
Columns: TypeAlias = Mapping[int, tuple[IntArray, ComplexArray]]


@dataclass(frozen=True, kw_only=True, eq=False)
class _AfterEvolution:
    """What can be measured once |psi_i, mu> has evolved."""

    nu: IntArray
    nu_cumulative: FloatArray
    final_cumulative: FloatArray

    @property
    def bytes(self) -> int:
        """How much memory it takes."""
        return self.nu.nbytes + self.nu_cumulative.nbytes + self.final_cumulative.nbytes


class _Evolved(dict[tuple[int, int], _AfterEvolution]):
    """What has evolved so far, by (vector, mu), up to a number of bytes."""

    bytes = 0

    def keep(self, vector: int, mu: int, after: _AfterEvolution) -> None:
        """Keep one more, if there is room."""
        if self.bytes + after.bytes <= MOST_EVOLVED_BYTES:
            self[vector, mu] = after
            self.bytes += after.bytes


# By run, of which a process works on one at a time. Not part of any result: only saves computing it again.
_EVOLVED: dict[str, _Evolved] = {}


@dataclass(frozen=True, kw_only=True, eq=False)
class FollowedPaths:
    """A thermal operation ready to be followed; call it with a block to get that block's paths.

    Args:
        operation: The process.
        endpoints: What is measured at both ends.
        seed: Seed of the run.
    """

    operation: ThermalOperation
    endpoints: Endpoints
    seed: int
    _run: str = field(default_factory=lambda: uuid4().hex, repr=False)

    @property
    def _evolved(self) -> _Evolved:
        """What was computed on the way, kept in each process for as long as it works on this run.

        A worker gets this object anew with every block; kept in the object, everything would be computed anew as well.
        """
        if self._run not in _EVOLVED:
            _EVOLVED.clear()
        return _EVOLVED.setdefault(self._run, _Evolved())

    def __call__(self, block: Block) -> dict[str, NDArray[Any]]:
        """Follow the paths of one block; columns alpha, mu, nu, flows and, where measured, beta, n and m."""
        rng = generator(block, self.seed, Stream.FOLLOWED)
        start, end = self.endpoints.initial, self.endpoints.final
        vector = initial_vector(start, rng.random(block.size))
        mu = draw(self._environment_cumulative, rng.random(block.size))
        nu, final_vector = self._evolve_and_measure(vector, mu, rng)
        rows = {"alpha": start.outcomes.outcome_of[vector], "mu": mu, "nu": nu}
        if end.measured:
            rows["beta"] = end.outcomes.outcome_of[final_vector]
        if start.energy_labels is not None:
            rows["n"] = self._energy_label(start, rows["alpha"], rng)
        if end.energy_labels is not None:
            rows["m"] = self._energy_label(end, rows["beta"], rng)
        return {**rows, **self._flows(mu, nu)}

    @cached_property
    def _environment_cumulative(self) -> FloatArray:
        cumulative: FloatArray = np.cumsum(np.exp(self.operation.environment.log_populations))
        return cumulative

    @cached_property
    def _energy_rank(self) -> IntArray:
        """Position of every level of the environment in order of energy."""
        rank = np.empty(self.operation.environment.dimension, dtype=np.int64)
        rank[np.argsort(self.operation.environment.spectrum.energies, kind="stable")] = np.arange(rank.size)
        return rank

    def _evolve_and_measure(
        self, vector: IntArray, mu: IntArray, rng: np.random.Generator
    ) -> tuple[IntArray, IntArray]:
        """Evolve every |psi_i, mu>, measure the environment, collapse, measure the system."""
        # By the energy of mu first, so that paths that need the same blocks of the unitary come one after the other.
        pair = self._energy_rank[mu] * self.endpoints.initial.outcomes.vectors.shape[1] + vector
        order = np.argsort(pair, kind="stable")
        starts = np.flatnonzero(np.diff(pair[order], prepend=-1))
        first, second = rng.random(pair.size), rng.random(pair.size)
        nu, final = np.empty_like(pair), np.empty_like(pair)
        paths = np.split(order, starts[1:])
        one_of_each = order[starts]
        for own, after in zip(paths, self._evolved_pairs(vector[one_of_each], mu[one_of_each]), strict=True):
            outcome = draw(after.nu_cumulative, first[own])
            nu[own] = after.nu[outcome]
            final[own] = (second[own][:, None] >= after.final_cumulative[outcome][:, :-1]).sum(axis=1)
        return nu, final

    def _evolved_pairs(self, vector: IntArray, mu: IntArray) -> Iterator[_AfterEvolution]:
        """Evolve product states, and prepare both measurements on each; kept, since many paths share them."""
        evolved = self._evolved
        known = [evolved.get(pair) for pair in zip(vector.tolist(), mu.tolist(), strict=True)]
        new = np.array([after is None for after in known], dtype=np.bool_)
        collapsed = self.collapses(self.endpoints.initial.outcomes.vectors[:, vector[new]], mu[new])
        for place, after in enumerate(known):
            if after is None:
                after = self._measurable(*next(collapsed))
                evolved.keep(int(vector[place]), int(mu[place]), after)
            yield after

    def _measurable(self, nu: IntArray, unnormalised: ComplexArray) -> _AfterEvolution:
        """Prepare the measurements of nu and, after it, of the system."""
        probability = (np.abs(unnormalised) ** 2).sum(axis=1)
        final = np.abs(unnormalised @ np.conj(self.endpoints.final.outcomes.vectors)) ** 2
        return _AfterEvolution(
            nu=nu,
            nu_cumulative=np.cumsum(probability),
            final_cumulative=np.cumsum(final, axis=1) / final.sum(axis=1, keepdims=True),
        )

    def collapses(self, psi: ComplexArray, mu: IntArray) -> Iterator[tuple[IntArray, ComplexArray]]:
        """Every `collapse` of some product states, which should come by the energy of mu.

        The unitary is read block by block, for many states at once, so that each block is made about once however few
        of them the memory can keep.

        Args:
            psi: System vectors in the energy eigenbasis as columns, shape (d_S, k).
            mu: Environment levels, shape (k,).
        """
        largest = max(indices.shape[1] for indices in self.operation.unitary.blocks)
        together = max(1, COLUMN_BYTES // (psi.itemsize * psi.shape[0] * largest))
        for first in range(0, mu.size, together):
            own = slice(first, first + together)
            columns = self._columns(psi[:, own], mu[own])
            for state, level in zip(psi[:, own].T, mu[own].tolist(), strict=True):
                yield self.collapse(state, level, columns)

    def _columns(self, psi: ComplexArray, mu: IntArray) -> Columns:
        """Columns of the unitary that some product states need."""
        n, state = np.nonzero(psi)
        return self.operation.unitary.columns(np.unique(n * self.operation.environment.dimension + mu[state]))

    def collapse(self, psi: ComplexArray, mu: int, columns: Columns | None = None) -> tuple[IntArray, ComplexArray]:
        """Unnormalised system states <nu|U|psi, mu> for every nu that can be found.

        Args:
            psi: System vector in the energy eigenbasis, shape (d_S,).
            mu: Environment level.
            columns: Columns of the unitary that were read before; by default they are read now.

        Returns:
            The possible nu, shape (k,), and one unnormalised state a row, shape (k, d_S).
        """
        size = self.operation.environment.dimension
        if columns is None:
            columns = self._columns(psi[:, None], np.array([mu]))
        images = [columns[int(n) * size + mu] for n in np.flatnonzero(psi)]
        index = np.concatenate([image[0] for image in images])
        amplitude = np.concatenate([psi[n] * image[1] for n, image in zip(np.flatnonzero(psi), images, strict=True)])
        nu, position = _distinct(index % size, size)
        states = np.zeros((nu.size, psi.size), dtype=np.complex128)
        np.add.at(states, (position, index // size), amplitude)
        # An outcome of probability below 1e-26 is a rounding error of one that cannot occur.
        found = np.linalg.norm(states, axis=1) > 1e-13
        return nu[found], states[found]

    def _flows(self, mu: IntArray, nu: IntArray) -> dict[str, FloatArray]:
        """Heat and entropy into the environment, for paths that no law tells."""
        energies, beta = self.operation.environment.spectrum.energies, self.operation.inverse_temperature
        heat = energies[nu] - energies[mu]
        return {"heat_into_environment": heat, "entropy_into_environment": beta * heat}

    def _energy_label(self, end: Endpoint, outcome: IntArray, rng: np.random.Generator) -> IntArray:
        return energy_label(end, outcome, rng.random(outcome.size))


def _distinct(values: IntArray, size: int) -> tuple[IntArray, IntArray]:
    """The distinct values below `size`, ascending, and the position of each entry among them."""
    if size > SPARSE_TABLE * values.size:
        distinct, position = np.unique(values, return_inverse=True)
        return distinct, position
    place = np.zeros(size, dtype=np.int64)
    place[values] = 1
    distinct = np.flatnonzero(place)
    place[distinct] = np.arange(distinct.size)
    return distinct, place[values]
