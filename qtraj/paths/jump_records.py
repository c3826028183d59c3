"""When and which: the jumps of many trajectories as ragged arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import FloatArray, IntArray, frozen
from qtraj.errors import InvalidInput
from qtraj.paths.fresh_memory import fresh

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
        owner = np.repeat(np.arange(len(self)), self.jumps)
        table = np.bincount(owner * kinds + self.col_which, minlength=len(self) * kinds)
        return table.reshape(len(self), kinds).astype(np.int64)

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
