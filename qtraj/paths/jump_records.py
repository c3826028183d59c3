"""When and which: the jumps of many trajectories as ragged arrays."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import BoolArray, FloatArray, IntArray, frozen
from qtraj.errors import InvalidInput
from qtraj.paths.frames import as_data_frame
from qtraj.paths.fresh_memory import fresh
from qtraj.processes.jump_process import JumpProcess

__all__ = ["JumpRecords"]


@dataclass(frozen=True, kw_only=True, eq=False)
class JumpRecords:
    """The jumps of N trajectories, one trajectory after the other.

    Named as in the field, but ragged instead of padded: trajectory i has the entries `offsets[i]` to
    `offsets[i + 1] - 1`, and `records[i]` gives them.

    Args:
        col_times: Time of every jump, ascending within a trajectory, shape (jumps in all,).
        col_which: Index of every jump into `process.jumps`, 32-bit integers of the same shape.
        offsets: Where each trajectory begins, shape (N + 1,).

    Raises:
        InvalidInput: If the shapes do not fit together.

    Example:
        >>> records = JumpRecords(
        ...     col_times=np.array([0.5, 0.7, 0.1]), col_which=np.array([0, 1, 0]), offsets=np.array([0, 2, 2, 3])
        ... )
        >>> len(records), records.jumps.tolist()
        (3, [2, 0, 1])
        >>> times, which = records[0]
        >>> times.tolist(), which.tolist()
        ([0.5, 0.7], [0, 1])
    """

    col_times: FloatArray
    col_which: NDArray[np.int32]
    offsets: IntArray

    def __post_init__(self) -> None:
        """Check the shapes and make the arrays read-only."""
        times = np.asarray(self.col_times, dtype=np.float64)
        which = np.asarray(self.col_which, dtype=np.int32)
        offsets = np.asarray(self.offsets, dtype=np.int64)
        if times.ndim != 1 or times.shape != which.shape:
            raise InvalidInput(
                f"`col_times` and `col_which` must have one entry a jump, but have shapes {times.shape}, {which.shape}"
            )
        if offsets.ndim != 1 or offsets.size < 1 or offsets[0] != 0 or (offsets[1:] < offsets[:-1]).any():
            raise InvalidInput("`offsets` must begin with 0 and never fall, but do not")
        if offsets[-1] != times.size:
            raise InvalidInput(
                f"`offsets` must end with the number of jumps {times.size}, but end with {offsets[-1]}",
                measured=float(offsets[-1]),
            )
        for name, array in (("col_times", times), ("col_which", which), ("offsets", offsets)):
            object.__setattr__(self, name, frozen(array))

    def __len__(self) -> int:
        return int(self.offsets.size - 1)

    def __getitem__(self, path: int) -> tuple[FloatArray, NDArray[np.int32]]:
        """Times and kinds of the jumps of one trajectory."""
        number = range(len(self))[path]
        own = slice(int(self.offsets[number]), int(self.offsets[number + 1]))
        return self.col_times[own], self.col_which[own]

    @property
    def jumps(self) -> IntArray:
        """Number of jumps of every trajectory, shape (N,)."""
        number: IntArray = np.diff(self.offsets)
        return number

    def counts(self, kinds: int) -> IntArray:
        """How often each trajectory made each kind of jump, shape (N, kinds).

        Example:
            >>> JumpRecords(col_times=[0.5, 0.7], col_which=[1, 1], offsets=[0, 0, 2]).counts(2).tolist()
            [[0, 0], [0, 2]]
        """
        table = np.bincount(self._owners * kinds + self.col_which, minlength=len(self) * kinds)
        return table.reshape(len(self), kinds).astype(np.int64)

    def to_pandas(self, process: JumpProcess | None = None) -> Any:
        """The jumps in long form: one row a jump, with its `path`, its `time` and which `jump` of the process it was.

        Args:
            process: The process, for further columns: the `bath` of every jump and the `entropy` and `heat` it sent
                there (NaN where a jump has no definite heat).

        Raises:
            MissingPackage: If pandas is not installed.
            InvalidInput: If the process has fewer jumps than the records speak of.

        Example:
            >>> records = JumpRecords(col_times=[0.5, 0.7, 0.1], col_which=[0, 1, 0], offsets=[0, 2, 3])
            >>> records.to_pandas()["path"].tolist()
            [0, 0, 1]
        """
        columns: dict[str, NDArray[Any]] = {
            "path": self._owners,
            "time": self.col_times,
            "jump": self.col_which,
        }
        if process is not None:
            largest = int(self.col_which.max(initial=-1))
            if largest >= len(process.jumps):
                raise InvalidInput(
                    f"`process` must have the jumps of the records, up to number {largest}, but has "
                    f"{len(process.jumps)}",
                    measured=float(len(process.jumps)),
                )
            baths = np.array([*process.baths, ""], dtype=object)
            columns["bath"] = baths[process.bath_of[self.col_which]]
            columns["entropy"] = process.entropies[self.col_which]
            columns["heat"] = process.heats[self.col_which]
        return as_data_frame(columns, entry="event", attributes={"paths": len(self)})

    def waiting_times(
        self, *, after: Iterable[int] | None = None, until: Iterable[int] | None = None, last_start: float = np.inf
    ) -> FloatArray:
        """Times from each jump of some kinds to the next jump of the same or other kinds, whatever happens in between.

        A record ends at the duration T, and whoever leaves out the times that it cuts off prefers short ones. With
        `last_start` = T - h every time up to h is seen in full; longer ones may be `inf`, and an average over the times
        below h is then unbiased. `qtraj.density.waiting_times.waiting_time_survival` has their exact distribution.

        Args:
            after: Kinds of the jumps that start the clock (positions in `process.jumps`); all by default.
            until: Kinds of the jumps that stop it; all by default.
            last_start: Jumps later than this start no clock.

        Returns:
            One entry for each jump that starts a clock, in the order of the records; `inf` where the record ends first.

        Example:
            >>> records = JumpRecords(col_times=[0.5, 0.7, 0.9, 0.1], col_which=[0, 1, 0, 1], offsets=[0, 3, 4])
            >>> records.waiting_times(after=[0], until=[1]).round(6).tolist()
            [0.2, inf]
        """
        starts, stops = self._are_of(after), self._are_of(until)
        # For every jump the position of the next one that stops a clock, itself excluded.
        position = np.where(stops, np.arange(stops.size), stops.size)
        following = np.append(np.minimum.accumulate(position[::-1])[::-1], stops.size)[1:]
        begin = np.flatnonzero(starts & (self.col_times <= last_start))
        end = following[begin]
        path_ends = self.offsets[1:][self._owners[begin]]
        seen = end < path_ends
        waited = np.full(begin.size, np.inf)
        waited[seen] = self.col_times[end[seen]] - self.col_times[begin[seen]]
        return waited

    def _are_of(self, kinds: Iterable[int] | None) -> BoolArray:
        """Whether every jump is of one of some kinds."""
        if kinds is None:
            return np.ones(self.col_which.size, dtype=np.bool_)
        return np.isin(self.col_which, np.array(list(kinds), dtype=np.int64))

    @property
    def _owners(self) -> IntArray:
        """To which trajectory every jump belongs, shape (jumps in all,)."""
        return np.repeat(np.arange(len(self)), self.jumps)

    @classmethod
    def joined(cls, parts: Sequence[JumpRecords]) -> JumpRecords:
        """The trajectories of several records, in order.

        Example:
            >>> one = JumpRecords(col_times=[0.5], col_which=[0], offsets=[0, 1])
            >>> JumpRecords.joined([one, one]).offsets.tolist()
            [0, 1, 2]
        """
        if not parts:
            return cls(
                col_times=np.zeros(0), col_which=np.zeros(0, dtype=np.int32), offsets=np.zeros(1, dtype=np.int64)
            )
        begins = np.concatenate([[0], np.cumsum([part.col_times.size for part in parts])])
        times, which = fresh(int(begins[-1]), np.float64), fresh(int(begins[-1]), np.int32)
        shifted = [part.offsets[1:] + begin for part, begin in zip(parts, begins[:-1], strict=True)]
        return cls(
            col_times=np.concatenate([part.col_times for part in parts], out=times),
            col_which=np.concatenate([part.col_which for part in parts], out=which),
            offsets=np.concatenate([np.zeros(1, dtype=np.int64), *shifted]),
        )
