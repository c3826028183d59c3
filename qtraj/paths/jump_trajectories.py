r"""Quantum-jump trajectories in continuous time, with the entropy and heat that every jump sends into its bath.

A path is :math:`(\alpha, t_1 k_1, t_2 k_2, \ldots, \beta)`: the initial state measured in its eigenbasis, jumps
:math:`k_i` at times :math:`t_i`, the final state measured in its eigenbasis. Energy labels n and m are drawn on copies.

Mapping: :math:`\sigma = \ln p_\alpha - \ln p'_\beta + \sum_i s_{k_i}`, :math:`s_k` the entropy jump k gives its bath;
:math:`\sigma_d = \ln p_n - \ln p'_m + \sum_i s_{k_i}`, :math:`\xi = \sigma - \sigma_d` ([Santos19] Eqs. (38)-(44), with
the entropy of the detector's quanta in place of that of the environment's levels).

Like every followed sampler this knows nothing of the law: it shares the endpoints and the jump operators with it, and
no formula for a probability.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import ComplexArray, FloatArray, IntArray
from qtraj.errors import InvalidInput
from qtraj.paths.blocks import Block, Stream, generator
from qtraj.paths.bookkeeping import book, jump_flows
from qtraj.paths.fresh_memory import fresh
from qtraj.paths.jump_engines import FIRST_RECORDS, EngineKind, JumpEngine
from qtraj.paths.jump_operators import Frame
from qtraj.paths.jump_records import JumpRecords
from qtraj.paths.jump_tables import Booking, floats, integers
from qtraj.paths.measuring import born_table
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import Endpoint, Endpoints
from qtraj.quantum.matrices import dagger

__all__ = ["JumpTrajectories", "checked_times"]

# Paths whose columns are made at once.
ROWS_PIECE = 8192

# States of so many paths are in memory at once while they are averaged.
STATES_PIECE = 512


@dataclass(frozen=True, kw_only=True, eq=False)
class JumpTrajectories:
    """A jump process ready to be followed; call it with a block to get that block's trajectories.

    Args:
        process: The process.
        endpoints: What is measured at both ends.
        seed: Seed of the run.
        keep_records: Whether times and kinds of all jumps are wanted.
        kind: Engine (`qtraj.paths.jump_engines`); None for the fastest that is exact.

    Raises:
        InvalidInput: If the chain engine is asked for and a jump is not between two energy levels.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.blocks import row_blocks
        >>> from qtraj.processes.seam import MeasurementProtocol
        >>> process = build_model("davies-qutrit")
        >>> endpoints = process.endpoints(MeasurementProtocol.AUGMENTED)
        >>> follow = JumpTrajectories(process=process, endpoints=endpoints, seed=7, keep_records=True)
        >>> rows, records = follow(row_blocks(1000)[0])
        >>> bool((rows["jumps"] == records.jumps).all())
        True
    """

    process: JumpProcess
    endpoints: Endpoints
    seed: int
    keep_records: bool = False
    kind: EngineKind | None = None
    engine: JumpEngine = field(init=False, repr=False)
    quantities: tuple[str, ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Prepare the tables once, here: workers receive them."""
        spectrum = self.process.system.spectrum
        booking, quantities = _booking(self.process)
        final = self.endpoints.final
        engine = JumpEngine.prepare(
            frames=_frames(self.process),
            energies=spectrum.energies,
            jumps=[jump.operator for jump in self.process.jumps],
            starts=self.endpoints.initial.outcomes.vectors,
            ends=final.outcomes.vectors if final.measured else np.zeros((spectrum.dimension, 0), dtype=np.complex128),
            duration=self.process.duration,
            booking=booking,
            kind=self.kind,
        )
        object.__setattr__(self, "engine", engine)
        object.__setattr__(self, "quantities", quantities)
        engine.compile()  # before there are workers, or each of them would

    def __call__(self, block: Block) -> tuple[dict[str, NDArray[Any]], JumpRecords | None]:
        """Follow the trajectories of one block.

        Returns:
            Columns, and the records if they are kept. Columns are `jumps` (how many), `alpha` and, where the protocol
            records them, `beta`, `n`, `m`; `entropy_into_NAME` and, where every jump of the bath has a definite heat,
            `heat_into_NAME` per bath; and what `qtraj.paths.bookkeeping` makes of them.
        """
        keys = self._keys(block)
        columns: dict[str, NDArray[Any]] = {}
        parts: list[JumpRecords] = []
        capacity = FIRST_RECORDS
        # In pieces, whose many short-lived columns stay in the processor's cache.
        for first in range(0, block.size, ROWS_PIECE):
            own = slice(first, min(first + ROWS_PIECE, block.size))
            rows, records = self._piece(keys, own, capacity)
            if not columns:
                # All columns have items of eight bytes.
                table = fresh((len(rows), block.size), np.float64)
                columns = {name: table[k].view(rows[name].dtype) for k, name in enumerate(rows)}
            for name, column in rows.items():
                columns[name][own] = column
            if records is not None:
                parts.append(records)
                capacity = max(FIRST_RECORDS, int(1.1 * records.col_times.size))
        return columns, JumpRecords.joined(parts) if self.keep_records else None

    def _piece(
        self, keys: NDArray[np.uint64], own: slice, capacity: int
    ) -> tuple[dict[str, NDArray[Any]], JumpRecords | None]:
        from qtraj.paths.jump_kernels import draw_rows

        start, end = self.endpoints.initial, self.endpoints.final
        vector = self._start(keys, own)
        found = self.engine.follow(keys[:4], vector, first=own.start, keep_records=self.keep_records, capacity=capacity)
        rows: dict[str, NDArray[Any]] = {"alpha": start.outcomes.outcome_of[vector]}
        if end.measured:
            rows["beta"] = end.outcomes.outcome_of[found.end]
        for name, outcome, key, cumulative in zip(("n", "m"), ("alpha", "beta"), keys[5:7], self._labels, strict=True):
            if cumulative is not None:
                rows[name] = np.empty(vector.size, dtype=np.int64)
                draw_rows(key, own.start, cumulative, rows[outcome], rows[name])
        rows["jumps"] = found.jumps
        rows |= dict(zip(self.quantities, found.booked, strict=True))
        return book(rows, self.endpoints), found.records

    @cached_property
    def _labels(self) -> tuple[FloatArray | None, FloatArray | None]:
        return _label_table(self.endpoints.initial), _label_table(self.endpoints.final)

    @cached_property
    def _start_weights(self) -> FloatArray:
        outcomes = self.endpoints.initial.outcomes
        return floats(np.cumsum(np.exp(outcomes.log_eigenvalues)[outcomes.outcome_of])[None, :])

    def states_at(self, block: Block, times: FloatArray, paths: slice = slice(None)) -> ComplexArray:
        """Pure states of a block's trajectories at given times, whatever they do there.

        Args:
            block: The block.
            times: From 0 to the duration, ascending, shape (T,). A jump at such a time has happened.
            paths: Which of the block's paths, without a step.

        Returns:
            Normalised, up to a phase, in the basis the Hamiltonian was given in, shape (paths, T, d).

        Raises:
            InvalidInput: If the times do not ascend within the duration.
        """
        times = checked_times(times, self.process.duration)
        first, stop, _ = paths.indices(block.size)
        keys = self._keys(block)
        states = self.engine.states(keys[:4], self._start(keys, slice(first, stop)), times, first=first)
        given: ComplexArray = states @ self.process.system.basis.T
        return given

    def summed_states(self, block: Block, times: FloatArray) -> ComplexArray:
        """Sum of the projectors on the states of all trajectories of a block at given times, shape (T, d, d)."""
        dimension = self.process.system.dimension
        total = np.zeros((np.size(times), dimension, dimension), dtype=np.complex128)
        for first in range(0, block.size, STATES_PIECE):
            states = self.states_at(block, times, slice(first, first + STATES_PIECE))
            total += np.einsum("pti,ptj->tij", states, states.conj(), optimize=True)
        return total

    def _keys(self, block: Block) -> NDArray[np.uint64]:
        """Seven words that all random numbers of a block come from."""
        raw = generator(block, self.seed, Stream.FOLLOWED).bit_generator.random_raw(7)
        keys: NDArray[np.uint64] = np.asarray(raw, dtype=np.uint64)
        keys.flags.writeable = False
        return keys

    def _start(self, keys: NDArray[np.uint64], own: slice) -> IntArray:
        """Initial vectors of some paths, drawn with their eigenvalues."""
        from qtraj.paths.jump_kernels import draw_rows

        vector = np.empty(own.stop - own.start, dtype=np.int64)
        draw_rows(keys[4], own.start, self._start_weights, np.zeros_like(vector), vector)
        return vector


def _frames(process: JumpProcess) -> list[Frame]:
    system, dimension = process.system, process.system.dimension
    energies = np.diag(system.spectrum.energies).astype(np.complex128)
    frames = [Frame(basis=np.eye(dimension, dtype=np.complex128), hamiltonian=energies)]
    if system.hamiltonian is not None:
        given = (system.hamiltonian + dagger(system.hamiltonian)) / 2
        frames.append(Frame(basis=system.basis, hamiltonian=given))
    return frames


def _booking(process: JumpProcess) -> tuple[Booking, tuple[str, ...]]:
    """What every jump adds to each booked quantity, in whole quanta; a jump and its reverse share a kind."""
    columns = jump_flows(process)
    amounts = np.stack(list(columns.values()), axis=1) if columns else np.zeros((len(process.jumps), 0))
    kinds: dict[tuple[float, ...], int] = {}
    kind, sign = np.full(len(process.jumps), -1), np.ones(len(process.jumps))
    for jump, own in enumerate(amounts):
        booked = own[own != 0]
        if booked.size:
            sign[jump] = np.sign(booked[0])
            kind[jump] = kinds.setdefault(tuple(sign[jump] * own), len(kinds))
    values = np.array(list(kinds)).reshape(len(kinds), amounts.shape[1])
    booking = Booking(kind=integers(kind), sign=integers(sign), values=floats(values))
    return booking, tuple(columns)


def _label_table(end: Endpoint) -> FloatArray | None:
    """Cumulative probabilities of the energy labels for every outcome: the Born rule on a copy."""
    labels, outcomes = end.energy_labels, end.outcomes
    if labels is None:
        return None
    return floats(np.cumsum(born_table(outcomes, labels), axis=1))


def checked_times(times: FloatArray, duration: float) -> FloatArray:
    """Times as a read-only array of their own.

    Raises:
        InvalidInput: If they do not ascend within the duration.
    """
    checked = np.atleast_1d(np.array(times, dtype=np.float64))
    if checked.ndim != 1 or not np.isfinite(checked).all() or (np.diff(checked) < 0).any():
        raise InvalidInput("`times` must be a list of ascending numbers, but is not")
    if checked.size and not (checked[0] >= 0 and checked[-1] <= duration):
        worst = checked[0] if checked[0] < 0 else checked[-1]
        raise InvalidInput(
            f"`times` must lie from 0 to the duration {duration:.6g}, but one is {worst:.6g}", measured=float(worst)
        )
    checked.flags.writeable = False
    return checked
