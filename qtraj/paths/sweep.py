r"""Transition probabilities of processes of many stages, swept forward over what went into each reservoir.

A *cell* is one combination of flows (entropy and heat into each reservoir so far); it carries the unnormalised operator
:math:`X = \sum K \ldots |\psi_\alpha\rangle\langle\psi_\alpha| \ldots K^\dagger` over all label sequences with these
flows. One stage moves every cell by the flow of each of its batches. The number of cells grows like a polynomial in the
number of collisions, that of label sequences exponentially.

Operators are Hermitian, so a cell is d^2 real numbers, and each has a scale of its own as a logarithm: neither cold
reservoirs nor long sequences underflow. Its entries are accurate relative to the largest one, not each to itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qtraj.arrays import BoolArray, ComplexArray, FloatArray, IntArray
from qtraj.errors import NoFiniteLaw
from qtraj.paths.flows import FlowAxis, Flows
from qtraj.paths.parallel import check_jobs, map_blocks
from qtraj.processes.collision_memory import SweepMemory
from qtraj.processes.seam import Branches, Endpoint, Stage
from qtraj.quantum.matrices import dagger
from qtraj.quantum.outcomes import Outcomes

__all__ = ["swept_transitions"]

# A gigabyte of cells.
LARGEST_SWEEP = 100_000_000

# The table of all combinations of axis entries, most of them empty, takes five bytes an entry.
LARGEST_GRID = 200_000_000

# Where every stage takes every entry of its axis, eight bytes an entry.
LARGEST_TABLES = 50_000_000

# Numbers moved in all steps together, some thirty million a second. Whether that will do is foreseen from the first
# tenth of the steps.
LARGEST_WORK = 2e9
FORESIGHT = 0.1

# Entries carry errors of 1e-16 of the largest of their cell; what is below this is such an error. Losing it costs at
# most 1e-15 d in the sum of all forward and in that of all backward probabilities, since the map tilted by the entropy
# is unital.
CELL_ERROR = 1e-15


@dataclass(frozen=True, kw_only=True, eq=False)
class _Move:
    """A stage as the sweep sees it: one real matrix per batch, and where it takes every entry of its axis."""

    axis: int
    matrices: tuple[FloatArray, ...]
    scales: tuple[float, ...]
    entries: IntArray
    shape: tuple[int, ...]

    @cached_property
    def one_to_one(self) -> bool:
        """Whether every batch takes different entries to different ones."""
        return all(np.unique(row).size == row.size for row in self.entries)


def swept_transitions(
    stages: tuple[Stage, ...], start: Endpoint, end: Endpoint, *, n_jobs: int = 1
) -> tuple[IntArray, IntArray, IntArray, FloatArray, Flows]:
    """Logarithms of the probability to end in each outcome with each flow, from each initial outcome.

    Args:
        stages: At least one of them a collision.
        start: What is measured at the start.
        end: What is measured at the end.
        n_jobs: Workers over the initial outcomes.

    Returns:
        alpha, branch, beta and ln of the transition probability of everything possible, shape (T,) each, and the flows
        that `branch` indexes. Probabilities are summed over the vectors of alpha (whose eigenvalue belongs to each).

    Raises:
        NoFiniteLaw: If there are too many combinations of flows to keep.
        TooLarge: If they would not fit into memory.
    """
    transitions = start.outcomes.count * end.outcomes.count
    memory = SweepMemory.of(stages, transitions, workers=min(check_jobs(n_jobs), start.outcomes.count))
    memory.require_law()
    basis = _hermitian_basis(start.outcomes.vectors.shape[0])
    moves, axes = _moves(stages, basis)
    jobs = [
        _Sweep(moves, _coordinates(start.outcomes, [alpha], basis), _coordinates(end.outcomes, None, basis), memory)
        for alpha in range(start.outcomes.count)
    ]
    tables = map_blocks(_Sweep.run, jobs, n_jobs=n_jobs)
    used = np.unique(np.concatenate([cells for cells, _ in tables]))
    alphas, branches, betas, logs = [], [], [], []
    for alpha, (cells, table) in enumerate(tables):
        row, beta = np.nonzero(np.isfinite(table))
        alphas.append(np.full(row.size, alpha))
        branches.append(np.searchsorted(used, cells[row]))
        betas.append(beta)
        logs.append(table[row, beta])
    entries = np.unravel_index(used, moves[-1].shape)
    flows = Flows(
        reservoirs=tuple(axes),
        entropies=np.stack([axis.entropies[e] for axis, e in zip(axes.values(), entries, strict=True)], axis=1),
        heats=np.stack([axis.heats[e] for axis, e in zip(axes.values(), entries, strict=True)], axis=1),
        entropy_error=sum(axis.entropy_error for axis in axes.values()),
        heat_error=sum(axis.heat_error for axis in axes.values()),
    )
    return np.concatenate(alphas), np.concatenate(branches), np.concatenate(betas), np.concatenate(logs), flows


def _moves(stages: tuple[Stage, ...], basis: ComplexArray) -> tuple[list[_Move], dict[str, FlowAxis]]:
    """All moves in order, with the axes after the last one."""
    names = list(dict.fromkeys(stage.reservoir for stage in stages if stage.reservoir is not None))
    axes = {name: FlowAxis.start() for name in names}
    known: dict[tuple[int, ...], tuple[tuple[FloatArray, ...], tuple[float, ...]]] = {}
    moves: list[_Move] = []
    entries_so_far = 0
    for group in _with_collision(stages):
        key = tuple(map(id, group))
        if key not in known:
            known[key] = _real_matrices(group, basis)
        matrices, scales = known[key]
        collision = next(stage for stage in group if stage.reservoir is not None)
        name = str(collision.reservoir)
        axes[name], entries = axes[name].after(
            [batch.entropy for batch in collision.branches], [batch.heat for batch in collision.branches]
        )
        entries_so_far += entries.size
        if entries_so_far > LARGEST_TABLES:
            raise NoFiniteLaw(
                f"the exact law must have at most {LARGEST_TABLES:.0e} ways from flows to flows in all collisions "
                f"together, but has more from collision {len(moves) + 1} on; its paths can only be followed",
                measured=float(entries_so_far),
            )
        shape = tuple(axis.size for axis in axes.values())
        if np.prod(np.array(shape, dtype=float)) > LARGEST_GRID:
            raise _too_many(float(np.prod(np.array(shape, dtype=float))), LARGEST_GRID)
        moves.append(_Move(axis=names.index(name), matrices=matrices, scales=scales, entries=entries, shape=shape))
    return moves, axes


def _with_collision(stages: tuple[Stage, ...]) -> list[tuple[Stage, ...]]:
    """Split into groups of one collision each, with the internal unitaries before it (after it, in the last group)."""
    groups: list[tuple[Stage, ...]] = []
    waiting: tuple[Stage, ...] = ()
    for stage in stages:
        waiting = (*waiting, stage)
        if stage.reservoir is not None:
            groups.append(waiting)
            waiting = ()
    return [*groups[:-1], groups[-1] + waiting]


@dataclass(frozen=True, eq=False)
class _Sweep:
    """The sweep from one initial outcome."""

    moves: list[_Move]
    start: FloatArray
    ends: FloatArray
    memory: SweepMemory

    def run(self) -> tuple[IntArray, FloatArray]:
        """Flat index of every live cell at the end, shape (M,), and ln of the probability of every outcome, (M, B)."""
        cells, values, logs = np.zeros(1, dtype=np.int64), self.start.copy(), np.zeros(1)
        shape: tuple[int, ...] = (1,) * len(self.moves[-1].shape)
        grids = np.cumsum([np.prod(move.shape, dtype=float) for move in self.moves])
        foreseen = int(np.ceil(FORESIGHT * len(self.moves)))
        for number, move in enumerate(self.moves, start=1):
            cells, values, logs = _step(move, shape, cells, values, logs)
            shape = move.shape
            if number % foreseen == 0:
                # The share of the grid that is alive does not grow.
                alive = cells.size / np.prod(shape, dtype=float)
                combinations = np.prod(self.moves[-1].shape, dtype=float)
                self.memory.require_law(alive * combinations, combinations)
                work = float(alive * (grids[-1] - grids[number - 1]) * values.shape[1])
                if work > LARGEST_WORK:
                    raise NoFiniteLaw(
                        f"the exact law must take at most {LARGEST_WORK:.0e} operations, but would take {work:.3g}; "
                        "its paths can only be followed",
                        measured=work,
                    )
        probabilities = values @ self.ends.T
        # Every cell has trace of the order of its largest entry, which is 1 here.
        probabilities[probabilities <= CELL_ERROR * values.shape[1]] = 0.0
        with np.errstate(divide="ignore"):
            return cells, np.log(probabilities) + logs[:, None]


def _step(
    move: _Move, shape: tuple[int, ...], cells: IntArray, values: FloatArray, logs: FloatArray
) -> tuple[IntArray, FloatArray, FloatArray]:
    """Apply one move to all cells: each goes to one new cell per batch, and what meets there is added up."""
    old = np.unravel_index(cells, shape)
    parts = []
    for entries, matrix, scale in zip(move.entries, move.matrices, move.scales, strict=True):
        image = values @ matrix.T
        alive = np.abs(image).max(axis=1) > CELL_ERROR
        index = [entries[own] if axis == move.axis else own for axis, own in enumerate(old)]
        target = np.ravel_multi_index(tuple(own[alive] for own in index), move.shape)
        parts.append((target, image if alive.all() else image[alive], logs[alive] + scale))
    marks: BoolArray = np.zeros(int(np.prod(move.shape)), dtype=np.bool_)
    for target, _, _ in parts:
        marks[target] = True
    new_cells = np.flatnonzero(marks)
    if new_cells.size * values.shape[1] > LARGEST_SWEEP:
        raise _too_many(float(new_cells.size), LARGEST_SWEEP // values.shape[1])
    row_of = np.zeros(marks.size, dtype=np.int32)
    row_of[new_cells] = np.arange(new_cells.size)
    top = np.full(new_cells.size, -np.inf)
    for target, _, scale in parts:
        np.maximum.at(top, row_of[target], scale)
    total = np.zeros((new_cells.size, values.shape[1]))
    for target, image, scale in parts:
        row = row_of[target]
        image = image * np.exp(scale - top[row])[:, None]
        if move.one_to_one:
            total[row] += image  # no two cells meet, so that indexed assignment loses nothing and is much faster
        else:
            np.add.at(total, row, image)
    size = np.abs(total).max(axis=1)
    return new_cells, total / size[:, None], top + np.log(size)


def _hermitian_basis(dimension: int) -> ComplexArray:
    """An orthonormal basis of Hermitian matrices as columns, shape (d^2, d^2), rows flattened row by row."""
    vectors = np.zeros((dimension, dimension, dimension, dimension), dtype=np.complex128)
    for j in range(dimension):
        vectors[j, j, j, j] = 1
        for k in range(j):
            vectors[j, k, j, k] = vectors[k, j, j, k] = np.sqrt(0.5)
            vectors[j, k, k, j], vectors[k, j, k, j] = 1j * np.sqrt(0.5), -1j * np.sqrt(0.5)
    return vectors.reshape(dimension**2, dimension**2)


def _real_matrices(group: tuple[Stage, ...], basis: ComplexArray) -> tuple[tuple[FloatArray, ...], tuple[float, ...]]:
    """A group's batches on coordinates of Hermitian matrices, each with largest entry 1, and their log-scales."""
    before = after = np.eye(basis.shape[0], dtype=np.complex128)
    batches: tuple[Branches, ...] = ()
    for stage in group:
        if stage.reservoir is not None:
            batches = stage.branches
        elif batches:
            after = stage.branches[0].superoperator()[0] @ after
        else:
            before = stage.branches[0].superoperator()[0] @ before
    matrices, scales = [], []
    for batch in batches:
        full, scale = batch.superoperator()
        real = np.ascontiguousarray((dagger(basis) @ after @ full @ before @ basis).real)
        size = float(np.abs(real).max())
        matrices.append(real / size)
        scales.append(scale + float(np.log(size)))
    return tuple(matrices), tuple(scales)


def _coordinates(outcomes: Outcomes, only: list[int] | None, basis: ComplexArray) -> FloatArray:
    """Coordinates of the projectors of the outcomes, one a row, shape (outcomes, d^2)."""
    rows = []
    for k in range(outcomes.count) if only is None else only:
        own = outcomes.vectors[:, outcomes.outcome_of == k]
        rows.append((np.conj(basis.T) @ (own @ dagger(own)).ravel()).real)
    return np.stack(rows)


def _too_many(measured: float, limit: int) -> NoFiniteLaw:
    return NoFiniteLaw(
        f"the exact law must have at most {limit:.0e} combinations of flows into the reservoirs, but has "
        f"{measured:.3g}; its paths can only be followed",
        measured=measured,
    )
