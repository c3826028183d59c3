"""Engines that follow jump trajectories: from operators to tables once, from tables to trajectories as often as asked.

- *chain*: every jump leads from one energy level to another;
- *transitions*: every jump leads to one state, and the law of the next jump from each is prepared;
- *modes*: pure states, evolved by the eigenvectors of the effective Hamiltonian;
- *digits*: pure states, evolved by the binary digits of the time; for a defective effective Hamiltonian.

In the last two, states that many paths pass through (the initial vectors, and where jumps of rank one lead) have their
waiting-time laws prepared. The four are independent enough to be held against each other.

An engine knows operators and vectors but no thermodynamics, apart from whole numbers of quanta it is told to count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import ComplexArray, FloatArray, IntArray, frozen
from qtraj.blas import one_blas_thread
from qtraj.errors import InvalidInput
from qtraj.paths.interrupts import check_stopped
from qtraj.paths.jump_chain import is_chain, prepare_chain
from qtraj.paths.jump_operators import Frame, JumpOperators, sparse_jumps
from qtraj.paths.jump_records import JumpRecords
from qtraj.paths.jump_tables import Booking, Chain, Evolution, Nodes, Operators, Output, Transitions, workspace
from qtraj.paths.transitions import prepare_transitions
from qtraj.paths.waiting_times import prepare_evolution, prepare_nodes

__all__ = ["FIRST_RECORDS", "EngineKind", "Followed", "JumpEngine"]

# Paths handed to a kernel at once. Ctrl-C waits for them; setting a kernel to work costs as much as 100 simple paths.
PIECE = 4096

# Room for jumps to begin with; buffers grow by what is needed.
FIRST_RECORDS = 4 * PIECE

NO_TIMES = frozen(np.zeros(0))


class EngineKind(StrEnum):
    """How trajectories are followed."""

    CHAIN = "chain"
    TRANSITIONS = "transitions"
    MODES = "modes"
    DIGITS = "digits"


@dataclass(frozen=True, kw_only=True, eq=False)
class Followed:
    """Trajectories as an engine returns them.

    Attributes:
        end: Final vector found, shape (n,); 0 if nothing is measured.
        jumps: Number of jumps, shape (n,).
        booked: Sums of the booked quantities, shape (Q, n).
        records: Times and kinds of all jumps, if kept.
    """

    end: IntArray
    jumps: IntArray
    booked: FloatArray
    records: JumpRecords | None


@dataclass(frozen=True, kw_only=True, eq=False)
class JumpEngine:
    """Operators prepared for one way of following them.

    Attributes:
        kind: Which way.
        duration: Of a trajectory.
        basis: Energy eigenvectors as columns, in the kernel's basis, shape (d, d).
        tables: What the kernel reads.
        booking: What it adds up.
    """

    kind: EngineKind
    duration: float
    basis: ComplexArray
    tables: Chain | tuple[Evolution, Operators | Transitions, Nodes]
    booking: Booking

    @classmethod
    def prepare(
        cls,
        *,
        frames: Sequence[Frame],
        energies: FloatArray,
        jumps: Sequence[ComplexArray],
        starts: ComplexArray,
        ends: ComplexArray,
        duration: float,
        booking: Booking,
        kind: EngineKind | None = None,
    ) -> JumpEngine:
        """Prepare the tables.

        Args:
            frames: Bases to choose from.
            energies: Shape (d,).
            jumps: Jump operators in the energy eigenbasis, rates included, each of shape (d, d).
            starts: Initial vectors as columns, energy eigenbasis, shape (d, R).
            ends: Final vectors as columns, energy eigenbasis, shape (d, F); F = 0 if nothing is measured.
            duration: Of a trajectory.
            booking: What to add up.
            kind: Which engine; None for the fastest that is exact.

        Raises:
            InvalidInput: If the chain is asked for and a jump is not between two energy levels.
        """
        with one_blas_thread():
            chained = is_chain(jumps)
            if kind is EngineKind.CHAIN and not chained:
                raise InvalidInput("the chain engine must have jumps from one energy level to another, but one is not")
            if chained and kind in (None, EngineKind.CHAIN):
                chain = prepare_chain(energies, jumps, starts, ends, duration)
                basis = np.eye(energies.size, dtype=np.complex128)
                return cls(kind=EngineKind.CHAIN, duration=duration, basis=basis, tables=chain, booking=booking)
            operators = JumpOperators.of(frames, jumps)
            own_starts = operators.vectors(starts)
            own_ends = operators.vectors(ends) if ends.size else np.zeros((energies.size, 0), dtype=np.complex128)
            by_modes = None if kind is None else kind is not EngineKind.DIGITS
            evolution = prepare_evolution(operators, own_ends, duration, by_modes=by_modes)
            sparse, states = sparse_jumps(operators, starts.shape[1])
            nodes = prepare_nodes(evolution, operators, np.concatenate([own_starts, states], axis=1))
            transitions = None
            if kind in (None, EngineKind.TRANSITIONS):
                transitions = prepare_transitions(evolution, sparse, nodes)
        if transitions is not None:
            found = EngineKind.TRANSITIONS
        elif kind is EngineKind.TRANSITIONS:
            raise InvalidInput("the transitions engine must have few jumps, each to one state, but has not")
        else:
            found = EngineKind.MODES if evolution.by_modes else EngineKind.DIGITS
        return cls(
            kind=found,
            duration=duration,
            basis=operators.basis,
            tables=(evolution, sparse if transitions is None else transitions, nodes),
            booking=booking,
        )

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Tables come out of a pickle writable; the kernels would be compiled a second time for them."""
        for name, value in state.items():
            object.__setattr__(self, name, _frozen(value))

    def follow(
        self,
        key: NDArray[np.uint64],
        start: IntArray,
        *,
        first: int = 0,
        keep_records: bool = False,
        capacity: int = FIRST_RECORDS,
    ) -> Followed:
        """Follow one trajectory per entry of `start`, which numbers the initial vectors.

        Trajectory i is a pure function of the tables, `key` (four words) and i.

        Args:
            key: Where all random numbers come from.
            start: Initial vectors of the trajectories from number `first` on.
            first: Number of the first trajectory.
            keep_records: Whether times and kinds of all jumps are wanted.
            capacity: Room for so many jumps to begin with.
        """
        size = start.size
        whole = _output(size, self.booking.values.shape[1], keep=keep_records, capacity=max(1, capacity))
        times, which = whole.col_times, whole.col_which
        done, used = 0, 0
        while done < size:
            check_stopped()
            own = slice(done, min(done + PIECE, size))
            offsets = np.zeros(own.stop - done + 1, dtype=np.int64)
            piece = whole._replace(
                end=whole.end[own],
                jumps=whole.jumps[own],
                booked=whole.booked[own],
                col_times=times[used:],
                col_which=which[used:],
                offsets=offsets,
            )
            finished = self._run(key, first + done, start[own], NO_TIMES, piece)
            if keep_records:
                whole.offsets[done + 1 : done + finished + 1] = used + offsets[1 : finished + 1]
                used = int(whole.offsets[done + finished])
                if finished < own.stop - done:
                    # Room for what the paths so far would need in all, and a tenth.
                    room = max(2 * times.size, int(1.1 * used / max(1, done + finished) * size))
                    times, which = _enlarged(times, room), _enlarged(which, room)
            done += finished
        records = None
        if keep_records:
            records = JumpRecords(col_times=times[:used], col_which=which[:used], offsets=whole.offsets)
        return Followed(end=whole.end, jumps=whole.jumps, booked=whole.booked.T, records=records)

    def compile(self) -> None:
        """Compile the kernel, or find it in numba's cache: with workers, before there are any."""
        nobody = np.zeros(0, dtype=np.int64)
        self._run(np.zeros(4, dtype=np.uint64), 0, nobody, NO_TIMES, _output(0, self.booking.values.shape[1]))

    def states(self, key: NDArray[np.uint64], start: IntArray, times: FloatArray, *, first: int = 0) -> ComplexArray:
        """Normalised states, up to a phase, of the same trajectories at ascending times, energy eigenbasis.

        Args:
            key: As in `follow`.
            start: As in `follow`, for the trajectories from number `first` on.
            times: Between 0 and the duration, ascending.
            first: Number of the first trajectory.

        Returns:
            Shape (n, times, d).
        """
        output = _output(start.size, self.booking.values.shape[1], states=(times.size, self.basis.shape[0]))
        self._run(key, first, start, times, output)
        if self.kind is EngineKind.CHAIN:
            return output.states
        turned: ComplexArray = output.states @ self.basis.conj()
        return turned

    def _run(self, key: NDArray[np.uint64], first: int, start: IntArray, times: FloatArray, output: Output) -> int:
        # Read-only like all that is only read: for writable arrays everything would be compiled a second time.
        rest = (self.booking, frozen(key), first, frozen(start), times, output)
        # Imported here: loading numba takes a third of a second.
        if isinstance(self.tables, Chain):
            from qtraj.paths.chain_kernels import follow_chain

            return follow_chain(self.tables, *rest)
        evolution, law, nodes = self.tables
        if isinstance(law, Transitions):
            from qtraj.paths.transition_kernels import follow_transitions

            return follow_transitions(evolution, law, nodes, workspace(evolution), *rest)
        from qtraj.paths.state_kernels import follow_states

        return follow_states(evolution, law, nodes, workspace(evolution), *rest)


def _frozen(value: Any) -> Any:
    """The same tables, read-only."""
    if isinstance(value, np.ndarray):
        return frozen(value)
    if isinstance(value, tuple):
        parts = [_frozen(part) for part in value]
        return type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    return value


def _output(
    size: int, quantities: int, *, keep: bool = False, capacity: int = 0, states: tuple[int, int] = (0, 0)
) -> Output:
    return Output(
        end=np.zeros(size, dtype=np.int64),
        jumps=np.zeros(size, dtype=np.int64),
        booked=np.zeros((size, quantities)),
        states=np.zeros((size if states[0] else 0, *states), dtype=np.complex128),
        keep=keep,
        col_times=np.empty(capacity if keep else 0),
        col_which=np.empty(capacity if keep else 0, dtype=np.int32),
        offsets=np.zeros(size + 1, dtype=np.int64),
    )


def _enlarged(buffer: NDArray[Any], size: int) -> NDArray[Any]:
    larger = np.empty(size, dtype=buffer.dtype)
    larger[: buffer.size] = buffer
    return larger
