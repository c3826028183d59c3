"""Followed jump trajectories that are wrong on purpose, one mistake each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import ComplexArray, IntArray
from qtraj.paths.blocks import Block, Stream, generator
from qtraj.paths.bookkeeping import book
from qtraj.paths.jump_engines import JumpEngine
from qtraj.paths.jump_operators import Frame, level_jump
from qtraj.paths.jump_records import JumpRecords
from qtraj.paths.jump_trajectories import JumpTrajectories, _booking, _frames

__all__ = ["COHERENT", "LEVELS", "TWO_BATHS"]

_Rows = dict[str, NDArray[Any]]


class _OtherEngine(JumpTrajectories):
    """Follows other dynamics, and books every jump as the right one."""

    def __post_init__(self) -> None:
        super().__post_init__()
        final = self.endpoints.final
        booking, _ = _booking(self.process)
        engine = JumpEngine.prepare(
            frames=self.frames(),
            energies=self.process.system.spectrum.energies,
            jumps=self.operators([jump.operator for jump in self.process.jumps]),
            starts=self.starts(self.endpoints.initial.outcomes.vectors),
            ends=final.outcomes.vectors,
            duration=self.duration(self.process.duration),
            booking=booking,
            kind=self.kind,
        )
        object.__setattr__(self, "engine", engine)

    def frames(self) -> list[Frame]:
        return _frames(self.process)

    def operators(self, jumps: Sequence[ComplexArray]) -> list[ComplexArray]:
        return list(jumps)

    def starts(self, vectors: ComplexArray) -> ComplexArray:
        return vectors

    def duration(self, right: float) -> float:
        return right


class _OtherRows(JumpTrajectories):
    """Follows the right dynamics, and writes something else down."""

    def __call__(self, block: Block) -> tuple[_Rows, JumpRecords | None]:
        rows, records = JumpTrajectories(
            process=self.process, endpoints=self.endpoints, seed=self.seed, keep_records=True
        )(block)
        assert records is not None
        changed = self.change(dict(rows), records, generator(block, self.seed + 1, Stream.FOLLOWED))
        return book(changed, self.endpoints), records if self.keep_records else None

    def change(self, rows: _Rows, records: JumpRecords, rng: np.random.Generator) -> _Rows:
        raise NotImplementedError


# --- dynamics ---------------------------------------------------------------------------------------------------------


class RatesFivePercentHigh(_OtherEngine):
    """draws waiting times with rates five percent too high"""

    def operators(self, jumps: Sequence[ComplexArray]) -> list[ComplexArray]:
        return [np.sqrt(1.05) * operator for operator in jumps]


class ReverseRatesSwapped(_OtherEngine):
    """gives every jump the rate of its reverse"""

    def operators(self, jumps: Sequence[ComplexArray]) -> list[ComplexArray]:
        entropies = self.process.entropies
        return [np.exp(-entropy / 2) * operator for entropy, operator in zip(entropies, jumps, strict=True)]


class StopsEarly(_OtherEngine):
    """stops after 95 percent of the duration"""

    def duration(self, right: float) -> float:
        return 0.95 * right


class HamiltonianReversed(_OtherEngine):
    """evolves with -H between jumps, U^dag instead of U"""

    def frames(self) -> list[Frame]:
        return [replace(frame, hamiltonian=-frame.hamiltonian) for frame in super().frames()]


class HamiltonianForgotten(_OtherEngine):
    """does not evolve between jumps but for the decay that they cause"""

    def frames(self) -> list[Frame]:
        return [replace(frame, hamiltonian=0 * frame.hamiltonian) for frame in super().frames()]


class StartPhasesDropped(_OtherEngine):
    """starts in |psi_alpha> without its phases"""

    def starts(self, vectors: ComplexArray) -> ComplexArray:
        return np.abs(vectors).astype(np.complex128)


class DephasingForgotten(_OtherEngine):
    """makes hardly any of the jumps that exchange nothing"""

    def operators(self, jumps: Sequence[ComplexArray]) -> list[ComplexArray]:
        entropies = self.process.entropies
        return [operator * (1.0 if entropy else 0.1) for entropy, operator in zip(entropies, jumps, strict=True)]


# --- what is written down ---------------------------------------------------------------------------------------------


class NoJumpBranchDropped(_OtherRows):
    """leaves out paths without a jump, and takes others for them"""

    def change(self, rows: _Rows, records: JumpRecords, rng: np.random.Generator) -> _Rows:
        silent = np.flatnonzero(rows["jumps"] == 0)
        chosen = np.arange(rows["jumps"].size)
        chosen[silent] = rng.choice(np.flatnonzero(rows["jumps"]), silent.size)
        return {name: column[chosen] for name, column in rows.items()}


class PartnerWrittenDown(_OtherRows):
    """takes every jump for its reverse"""

    def change(self, rows: _Rows, records: JumpRecords, rng: np.random.Generator) -> _Rows:
        return {name: -column if "_into_" in name else column for name, column in rows.items()}


class NoCollapse(_OtherRows):
    """draws beta with its overall probability, whatever happened before"""

    def change(self, rows: _Rows, records: JumpRecords, rng: np.random.Generator) -> _Rows:
        order = rng.permutation(rows["beta"].size)
        return {name: column[order] if name in ("beta", "m") else column for name, column in rows.items()}


class FirstJumpForgotten(_OtherRows):
    """does not book the first jump"""

    def change(self, rows: _Rows, records: JumpRecords, rng: np.random.Generator) -> _Rows:
        jumped = np.diff(records.offsets) > 0
        first = records.col_which[records.offsets[:-1][jumped]]
        for index, bath in enumerate(self.process.baths):
            own = self.process.bath_of[first] == index
            for name, amounts in (("entropy", self.process.entropies), ("heat", self.process.heats)):
                if (column := rows.get(f"{name}_into_{bath}")) is not None:
                    changed = column.copy()
                    changed[jumped] -= np.where(own, np.nan_to_num(amounts[first]), 0.0)
                    rows[f"{name}_into_{bath}"] = changed
        return rows


class NIsTheFirstJump(_OtherRows):
    """takes for n the level that the first jump leaves, instead of drawing it independently"""

    def change(self, rows: _Rows, records: JumpRecords, rng: np.random.Generator) -> _Rows:
        return self.relabel(rows, records, "n", first=True)

    def relabel(self, rows: _Rows, records: JumpRecords, label: str, *, first: bool) -> _Rows:
        jumped = np.diff(records.offsets) > 0
        place = records.offsets[:-1][jumped] if first else records.offsets[1:][jumped] - 1
        moves = [level_jump(jump.operator) for jump in self.process.jumps]
        level = np.array([move[0 if first else 1] for move in moves if move is not None])
        end = self.endpoints.initial if first else self.endpoints.final
        assert end.energy_labels is not None
        outcome: IntArray = np.argmax(np.abs(end.energy_labels.vectors), axis=1)
        changed = rows[label].copy()
        changed[jumped] = end.energy_labels.outcome_of[outcome[level[records.col_which[place]]]]
        return {**rows, label: changed}


class MIsTheLastJump(NIsTheFirstJump):
    """takes for m the level that the last jump reaches, instead of drawing it independently"""

    def change(self, rows: _Rows, records: JumpRecords, rng: np.random.Generator) -> _Rows:
        return self.relabel(rows, records, "m", first=False)


class BetaOfTheOtherBath(_OtherRows):
    """books the entropy into either bath with the inverse temperature of the other"""

    def change(self, rows: _Rows, records: JumpRecords, rng: np.random.Generator) -> _Rows:
        warm = [bath for bath in self.process.baths if self.process.bath_temperature(bath) is not None]
        for bath, other in zip(warm, reversed(warm), strict=True):
            beta = self.process.bath_temperature(other)
            assert beta is not None
            rows[f"entropy_into_{bath}"] = beta * rows[f"heat_into_{bath}"]
        return rows


def _named(*wrong: type[JumpTrajectories]) -> dict[str, type[JumpTrajectories]]:
    return {one.__name__: one for one in wrong}


LEVELS = _named(
    RatesFivePercentHigh,
    ReverseRatesSwapped,
    StopsEarly,
    NoJumpBranchDropped,
    PartnerWrittenDown,
    NoCollapse,
    FirstJumpForgotten,
    NIsTheFirstJump,
    MIsTheLastJump,
)
"""Mistakes in jumps between levels, which have a law."""

COHERENT = _named(
    RatesFivePercentHigh,
    ReverseRatesSwapped,
    StopsEarly,
    HamiltonianReversed,
    HamiltonianForgotten,
    StartPhasesDropped,
    NoJumpBranchDropped,
    PartnerWrittenDown,
    NoCollapse,
    FirstJumpForgotten,
)
"""Mistakes in jumps that keep superpositions alive, which have none."""

TWO_BATHS = _named(DephasingForgotten, BetaOfTheOtherBath)
"""Mistakes that need several baths."""
