r"""The followed sampler: the protocol measurement by measurement, with collapse, knowing nothing of the law.

Draw the initial vector and mu; evolve :math:`|\psi_i,\mu\rangle` with the blocks of U; measure nu; collapse the
system to :math:`|\Phi\rangle \propto \langle\nu|U|\psi_i,\mu\rangle` ([Santos19] Eq. (32)); measure beta on it. The
energy labels n and m are drawn on copies: an energy measurement on the outcome alpha (resp. beta), independent of
everything else.

What this shares with the exact law is the pair of endpoints and U; what it does not share is every formula for a
probability, which is why comparing the two is the check of the physics.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import ComplexArray, FloatArray, IntArray
from qtraj.paths.blocks import Block, Stream, generator, row_blocks
from qtraj.paths.explicit import check_row_count
from qtraj.paths.law import PathLaw
from qtraj.paths.parallel import iterate_blocks
from qtraj.paths.progress import Progress
from qtraj.processes.seam import Endpoint, Endpoints
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.matrices import dagger
from qtraj.quantum.outcomes import Outcomes

__all__ = ["ClassFinder", "FollowedPaths", "draw_followed"]

# An evolved product state takes about a kilobyte; without a bound a hot ladder of 10^5 levels would keep them all.
MOST_EVOLVED_KEPT = 100_000


@dataclass(frozen=True, kw_only=True, eq=False)
class _AfterEvolution:
    """What can be measured once |psi_i, mu> has evolved."""

    nu: IntArray
    nu_cumulative: FloatArray
    final_cumulative: FloatArray


# By run, of which a process works on one at a time. Not part of any result: only saves computing it again.
_EVOLVED: dict[str, dict[tuple[int, int], _AfterEvolution]] = {}


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
    def _evolved(self) -> dict[tuple[int, int], _AfterEvolution]:
        """What was computed on the way, kept in each process for as long as it works on this run.

        A worker gets this object anew with every block; kept in the object, everything would be computed anew as well.
        """
        if self._run not in _EVOLVED:
            _EVOLVED.clear()
        return _EVOLVED.setdefault(self._run, {})

    def __call__(self, block: Block) -> dict[str, IntArray]:
        """Follow the paths of one block; columns alpha, mu, nu and, where measured, beta, n and m."""
        rng = generator(block, self.seed, Stream.FOLLOWED)
        start, end = self.endpoints.initial, self.endpoints.final
        weights = np.exp(start.outcomes.log_eigenvalues)[start.outcomes.outcome_of]
        vector = _draw(np.cumsum(weights), rng.random(block.size))
        mu = _draw(self._environment_cumulative, rng.random(block.size))
        nu, final_vector = self._evolve_and_measure(vector, mu, rng)
        rows = {"alpha": start.outcomes.outcome_of[vector], "mu": mu, "nu": nu}
        if end.measured:
            rows["beta"] = end.outcomes.outcome_of[final_vector]
        if start.energy_labels is not None:
            rows["n"] = self._energy_label(start, rows["alpha"], rng)
        if end.energy_labels is not None:
            rows["m"] = self._energy_label(end, rows["beta"], rng)
        return rows

    @cached_property
    def _environment_cumulative(self) -> FloatArray:
        cumulative: FloatArray = np.cumsum(np.exp(self.operation.environment.log_populations))
        return cumulative

    def _evolve_and_measure(
        self, vector: IntArray, mu: IntArray, rng: np.random.Generator
    ) -> tuple[IntArray, IntArray]:
        """Evolve every |psi_i, mu>, measure the environment, collapse, measure the system."""
        size = self.operation.environment.dimension
        pair = vector * size + mu
        order = np.argsort(pair, kind="stable")
        starts = np.flatnonzero(np.diff(pair[order], prepend=-1))
        first, second = rng.random(pair.size), rng.random(pair.size)
        nu, final = np.empty_like(pair), np.empty_like(pair)
        for own in np.split(order, starts[1:]):
            after = self._after(int(vector[own[0]]), int(mu[own[0]]))
            outcome = _draw(after.nu_cumulative, first[own])
            nu[own] = after.nu[outcome]
            final[own] = (second[own][:, None] >= after.final_cumulative[outcome][:, :-1]).sum(axis=1)
        return nu, final

    def _after(self, vector: int, mu: int) -> _AfterEvolution:
        """Evolve one product state and prepare both measurements; kept, since many paths share it."""
        evolved = self._evolved
        known = evolved.get((vector, mu))
        if known is not None:
            return known
        nu, unnormalised = self.collapse(self.endpoints.initial.outcomes.vectors[:, vector], mu)
        probability = (np.abs(unnormalised) ** 2).sum(axis=1)
        final = np.abs(unnormalised @ np.conj(self.endpoints.final.outcomes.vectors)) ** 2
        after = _AfterEvolution(
            nu=nu,
            nu_cumulative=np.cumsum(probability),
            final_cumulative=np.cumsum(final, axis=1) / final.sum(axis=1, keepdims=True),
        )
        if len(evolved) < MOST_EVOLVED_KEPT:
            evolved[vector, mu] = after
        return after

    def collapse(self, psi: ComplexArray, mu: int) -> tuple[IntArray, ComplexArray]:
        """Unnormalised system states <nu|U|psi, mu> for every nu that can be found.

        Args:
            psi: System vector in the energy eigenbasis, shape (d_S,).
            mu: Environment level.

        Returns:
            The possible nu, shape (k,), and one unnormalised state a row, shape (k, d_S).
        """
        size = self.operation.environment.dimension
        images = [self.operation.unitary.column(int(n) * size + mu) for n in np.flatnonzero(psi)]
        index = np.concatenate([image[0] for image in images])
        amplitude = np.concatenate([psi[n] * image[1] for n, image in zip(np.flatnonzero(psi), images, strict=True)])
        nu, position = np.unique(index % size, return_inverse=True)
        states = np.zeros((nu.size, psi.size), dtype=np.complex128)
        np.add.at(states, (position, index // size), amplitude)
        # An outcome of probability below 1e-26 is a rounding error of one that cannot occur.
        found = np.linalg.norm(states, axis=1) > 1e-13
        return nu[found], states[found]

    def _energy_label(self, end: Endpoint, outcome: IntArray, rng: np.random.Generator) -> IntArray:
        """Measure the energy on a copy of the outcome: a vector of its eigenspace, then the Born rule."""
        labels = end.energy_labels
        assert labels is not None
        table = np.cumsum(_born_table(end.outcomes, labels), axis=1)
        drawn: IntArray = (rng.random(outcome.size)[:, None] >= (table / table[:, -1:])[outcome][:, :-1]).sum(axis=1)
        return drawn


def _born_table(outcomes: Outcomes, labels: Outcomes) -> FloatArray:
    """Probability of each energy label for a vector drawn evenly from each outcome's eigenspace."""
    born = np.abs(dagger(labels.vectors) @ outcomes.vectors) ** 2
    table = np.zeros((outcomes.count, labels.count))
    np.add.at(table, (outcomes.outcome_of[None, :], labels.outcome_of[:, None]), born)
    return table / outcomes.ranks[:, None]


def _draw(cumulative: FloatArray, uniform: FloatArray) -> IntArray:
    """Invert a cumulative distribution; scaled by its last entry, so that rounding cannot leave a gap at the end."""
    index: IntArray = np.searchsorted(cumulative, uniform * cumulative[-1], side="right")
    return np.minimum(index, cumulative.size - 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassFinder:
    """Finds the class of the law that a labelled path belongs to."""

    law: PathLaw
    heats_of: FloatArray

    @cached_property
    def lookup(self) -> tuple[IntArray, IntArray]:
        """Keys of the law's classes in ascending order, and the class of each."""
        law = self.law
        keys = self._key(law.alpha, law.branch, law.beta, law.n, law.m)
        order = np.argsort(keys)
        return keys[order], order

    def _key(self, alpha: IntArray, branch: IntArray, *labels: IntArray) -> IntArray:
        key = alpha * self.law.heats.size + branch
        for label, own in zip(labels, (self.law.beta, self.law.n, self.law.m), strict=True):
            key = key * (int(own.max()) + 2) + label + 1
        return key

    def __call__(self, rows: dict[str, IntArray]) -> IntArray:
        """Class index of every row, -1 for a row that no class of the law describes."""
        absent = np.full(rows["alpha"].size, -1)
        heat = self.heats_of[rows["nu"]] - self.heats_of[rows["mu"]]
        branch = np.searchsorted((self.law.heats[1:] + self.law.heats[:-1]) / 2, heat)
        key = self._key(rows["alpha"], branch, *(rows.get(name, absent) for name in ("beta", "n", "m")))
        keys, order = self.lookup
        position = np.minimum(np.searchsorted(keys, key), keys.size - 1)
        found = order[position]
        # The nearest heat of the law need not be the path's own: an amount of heat the law does not know is no class.
        spacing = 1e-9 * max(1.0, float(np.abs(self.heats_of).max()))
        known = (keys[position] == key) & (np.abs(self.law.heats[branch] - heat) <= spacing)
        # A label beyond the law's largest runs over into the next digit of the key, where it may hit another class.
        for name in ("beta", "n", "m"):
            if name in rows:
                known &= getattr(self.law, name)[found] == rows[name]
        return np.where(known, found, -1)


@dataclass(frozen=True, eq=False)
class _Tally:
    """Follow a block and count its classes; rows only if they are wanted."""

    follow: Callable[[Block], dict[str, IntArray]]
    find: ClassFinder
    keep_rows: bool

    def __call__(self, block: Block) -> tuple[IntArray, int, dict[str, NDArray[Any]]]:
        rows = self.follow(block)
        index = self.find(rows)
        inside = index[index >= 0]
        counts = np.bincount(inside, minlength=self.find.law.classes).astype(np.int64)
        if not self.keep_rows:
            return counts, block.size - inside.size, {}
        law = self.find.law
        columns: dict[str, NDArray[Any]] = {
            name: rows[name].astype(np.int32) for name in ("alpha", "mu", "beta", "nu", "n", "m") if name in rows
        }
        for name in ("sigma", "sigma_d", "xi", "heat"):
            if law.records(name):
                columns[name] = np.where(index >= 0, law.quantity(name)[index], np.nan)
        return counts, block.size - inside.size, columns


def draw_followed(
    follow: Callable[[Block], dict[str, IntArray]],
    finder: ClassFinder,
    paths: int,
    *,
    keep_rows: bool = True,
    n_jobs: int = 1,
    backend: Any = None,
    progress: Progress | None = None,
) -> tuple[IntArray, int, dict[str, NDArray[Any]] | None]:
    """Follow paths block by block.

    Args:
        follow: Gives the labels of one block's paths; `FollowedPaths`, or a deliberately wrong one in tests.
        finder: Assigns them to the classes of a law.
        paths: Number of paths.
        keep_rows: Whether the rows are wanted, or only how many fell into each class.
        n_jobs: Workers.
        backend: joblib backend.
        progress: Told about finished blocks.

    Returns:
        Class counts, number of paths in no class, and the columns or None.

    Raises:
        TooLarge: If more rows are to be kept than fit.
    """
    if keep_rows:
        check_row_count(paths)
    counts = np.zeros(finder.law.classes, dtype=np.int64)
    outside = 0
    columns: dict[str, NDArray[Any]] = {}
    _ = finder.lookup  # computed here once, and not by the workers with every block
    tally, blocks = _Tally(follow, finder, keep_rows), row_blocks(paths)
    drawn = iterate_blocks(tally, blocks, n_jobs=n_jobs, backend=backend, progress=progress)
    with closing(drawn):
        for block, (own, lost, rows) in zip(blocks, drawn, strict=True):
            counts += own
            outside += lost
            for name, column in rows.items():
                whole = columns.setdefault(name, np.empty(paths, dtype=column.dtype))
                whole[block.start : block.start + block.size] = column
    return counts, outside, columns if keep_rows else None
