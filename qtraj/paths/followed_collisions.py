r"""The followed sampler of collision models: collision after collision with collapse, knowing nothing of the law.

Each path keeps one conditional pure state :math:`|\psi\rangle` ([Li18] with units measured before and after every
collision), so memory does not grow with the number of collisions. What this shares with the exact law are the two
endpoints, the unitaries and the units' outcomes; not the Kraus batches, the flows, or any formula for a probability.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import ComplexArray, FloatArray, IntArray
from qtraj.paths.blocks import Block, Stream, generator
from qtraj.paths.interrupts import check_stopped
from qtraj.paths.measuring import energy_labels, final_outcome, initial_vector
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.collision_steps import InternalStep
from qtraj.processes.seam import Endpoints

__all__ = ["FollowedCollisions"]

# Random numbers made at a time, 8 MB of them: a block of long paths would need gigabytes at once.
CHUNK_NUMBERS = 2**20


@dataclass(frozen=True, kw_only=True, eq=False)
class _Elements:
    """All steps of a round as flat arrays for the compiled loop; see `collision_kernels.follow`."""

    reservoir_of: IntArray
    cumulative: FloatArray
    starts: IntArray
    outcome: IntArray
    row: IntArray
    column: IntArray
    value: ComplexArray
    entropies: FloatArray
    heats: FloatArray


@dataclass(frozen=True, kw_only=True, eq=False)
class FollowedCollisions:
    """A collision model ready to be followed; call it with a block to get that block's paths.

    Args:
        model: The process.
        endpoints: What is measured at both ends.
        seed: Seed of the run.
        keep_labels: Whether rows contain every mu and nu, shape (paths, collisions).
    """

    model: CollisionModel
    endpoints: Endpoints
    seed: int
    keep_labels: bool = False

    def __call__(self, block: Block) -> dict[str, NDArray[Any]]:
        """Follow the paths of one block.

        Returns:
            Columns alpha and, where measured, beta, n and m; `entropy_into_NAME` and, where paths have heat,
            `heat_into_NAME` of every reservoir; `mu` and `nu` if labels are kept.
        """
        from qtraj.paths.collision_kernels import follow  # compiles, or loads what was compiled before

        rng = generator(block, self.seed, Stream.FOLLOWED)
        start, end = self.endpoints.initial, self.endpoints.final
        vector = initial_vector(start, rng.random(block.size))
        states = np.ascontiguousarray(start.outcomes.vectors.T[vector])
        names, size, collisions = self.model.met_reservoirs, block.size, self.model.collisions
        entropy, heat = np.zeros((size, len(names))), np.zeros((size, len(names)))
        label_shape = (size, collisions) if self.keep_labels else (0, 0)
        mu, nu = np.zeros(label_shape, dtype=np.int32), np.zeros(label_shape, dtype=np.int32)
        e = self.elements
        chunk = max(1, CHUNK_NUMBERS // (2 * collisions))
        for first in range(0, size, chunk):
            check_stopped()
            own = slice(first, min(first + chunk, size))
            follow(
                states[own],
                rng.random((own.stop - own.start, 2 * collisions)),
                int(self.model.repeat),
                e.reservoir_of,
                e.cumulative,
                e.starts,
                e.outcome,
                e.row,
                e.column,
                e.value,
                e.entropies,
                e.heats,
                entropy[own],
                heat[own],
                mu[own],
                nu[own],
            )
        rows: dict[str, NDArray[Any]] = {"alpha": start.outcomes.outcome_of[vector]}
        if end.measured:
            rows["beta"] = final_outcome(end, states, rng.random(size))
        rows |= energy_labels(self.endpoints, rows, rng)
        for position, name in enumerate(names):
            rows[f"entropy_into_{name}"] = entropy[:, position].copy()
            if self.model.reservoirs[name].outcome_energies is not None:
                rows[f"heat_into_{name}"] = heat[:, position].copy()
        if self.keep_labels:
            rows["mu"], rows["nu"] = mu, nu
        return rows

    @cached_property
    def elements(self) -> _Elements:
        """The round's steps as flat arrays."""
        model = self.model
        names = model.met_reservoirs
        sizes = [
            1 if isinstance(s, InternalStep) else model.reservoirs[s.reservoir].unit.dimension for s in model.steps
        ]
        most, count = max(sizes), len(model.steps)
        reservoir_of = np.full(count, -1)
        cumulative = np.ones((count, most))
        entropies, heats = np.zeros((count, most, most)), np.zeros((count, most, most))
        parts: list[tuple[IntArray, IntArray, IntArray, IntArray, ComplexArray]] = []
        for k, step in enumerate(model.steps):
            if isinstance(step, InternalStep):
                matrix = step.energy_matrix(model.composite)
                m, n = np.nonzero(matrix)
                before = after = np.zeros(m.size, dtype=np.int64)
                values = matrix[m, n]
            else:
                reservoir = model.reservoirs[step.reservoir]
                reservoir_of[k] = names.index(step.reservoir)
                logs, own = reservoir.outcomes.log_eigenvalues, slice(0, sizes[k])
                cumulative[k, own] = np.cumsum(np.exp(logs)) / np.exp(logs).sum()
                cumulative[k, sizes[k] - 1] = 1.0  # which rounding may miss, and a draw then fall through the gap
                entropies[k, own, own] = logs[:, None] - logs[None, :]
                if reservoir.outcome_energies is not None:
                    energies = reservoir.outcome_energies
                    heats[k, own, own] = energies[None, :] - energies[:, None]
                found = step.elements(reservoir)
                m, n, before, after, values = found.m, found.n, found.mu, found.nu, found.values
            rows, columns = model.composite.embed(step.on, m, n)
            rest = rows.shape[1]
            parts.append(
                (k * most + np.repeat(before, rest), np.repeat(after, rest), rows.ravel(), columns.ravel(), values)
            )
            parts[-1] = (*parts[-1][:4], np.repeat(values, rest))
        where, outcome, row, column, value = (np.concatenate(column) for column in zip(*parts, strict=True))
        order = np.argsort(where, kind="stable")
        return _Elements(
            reservoir_of=reservoir_of,
            cumulative=cumulative,
            starts=np.searchsorted(where[order], np.arange(count * most + 1)),
            outcome=outcome[order],
            row=row[order],
            column=column[order],
            value=np.ascontiguousarray(value[order]),
            entropies=entropies,
            heats=heats,
        )
