"""Blocks of a unitary that are made when somebody looks at them, kept for a while, and made again if need be.

A spin bath of 14 spins beside a qubit has blocks of up to 6435 levels, 2.5 GB in all; a path touches a few of them, and
an exact sum over all of them needs a few at a time. So a unitary holds *stacks* (blocks of one size, one array) as a
sequence whose entries are made on demand. What was made stays in one store for the whole process, up to a limit in
bytes; the entry looked at longest ago goes first.

Making the same stack twice gives the same bits: how it is made depends on nothing but the unitary and the position. A
pickled sequence carries no blocks, only how to make them; copies in one process share what is kept.
"""

from __future__ import annotations

import threading
import weakref
from abc import abstractmethod
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from typing import overload
from uuid import uuid4

import numpy as np

from qtraj.arrays import ComplexArray, frozen
from qtraj.blas import one_blas_thread
from qtraj.memory import memory_limit, require_memory
from qtraj.quantum.matrices import dagger

__all__ = ["STORE", "WORTH_ASKING", "AdjointStacks", "BlockStore", "LazyStacks"]

# What is kept may take this share of the memory limit; the rest is for those who use it.
KEPT_SHARE = 0.4

WORTH_ASKING = 2**26
"""Bytes below which asking the machine for its free memory would take longer than using it."""


class BlockStore:
    """Arrays kept by (owner, position), up to a number of bytes; the least recently used one goes first.

    Args:
        limit: Number of bytes; by default a share of the memory limit.
    """

    def __init__(self, limit: float | None = None) -> None:
        self.limit = limit
        self._kept: OrderedDict[tuple[str, int], ComplexArray] = OrderedDict()
        self._lock = threading.RLock()

    def get(self, owner: str, position: int, make: Callable[[int], ComplexArray]) -> ComplexArray:
        """The array, made now if it is not kept."""
        # One at a time: two threads that made the same block of gigabytes at once would need the memory twice.
        with self._lock:
            key = (owner, position)
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            made = frozen(make(position))
            capacity = self.capacity
            if made.nbytes <= capacity:
                while self._kept and self.bytes + made.nbytes > capacity:
                    self._kept.popitem(last=False)
                self._kept[key] = made
            return made

    @property
    def capacity(self) -> float:
        """How many bytes may be kept."""
        return KEPT_SHARE * memory_limit() if self.limit is None else self.limit

    @property
    def bytes(self) -> int:
        """How much is kept."""
        return sum(array.nbytes for array in self._kept.values())

    def forget(self, owner: str) -> None:
        """Let go of everything of one owner."""
        with self._lock:
            for key in [key for key in self._kept if key[0] == owner]:
                del self._kept[key]


STORE = BlockStore()


class _Stacks(Sequence[ComplexArray]):
    """A sequence of stacks that says how the one at a position is found."""

    @abstractmethod
    def _at(self, position: int) -> ComplexArray:
        """The stack at a position from 0 on."""

    @overload
    def __getitem__(self, position: int) -> ComplexArray: ...

    @overload
    def __getitem__(self, position: slice) -> Sequence[ComplexArray]: ...

    def __getitem__(self, position: int | slice) -> ComplexArray | Sequence[ComplexArray]:
        """The stack at a position, or those of a slice."""
        if isinstance(position, slice):
            return tuple(self[k] for k in range(*position.indices(len(self))))
        if not -len(self) <= position < len(self):
            raise IndexError(position)
        return self._at(int(position) % len(self))

    def __iter__(self) -> Iterator[ComplexArray]:
        """One stack after the other; the iterator of `Sequence` would take an IndexError of a maker for the end."""
        return (self[position] for position in range(len(self)))


class LazyStacks(_Stacks):
    """Stacks of blocks, made on demand.

    Args:
        shapes: Shape (k, s, s) of every stack.
        make: Gives the stack at a position, always the same bits; can be pickled.

    Raises:
        TooLarge: When a stack is looked at that would not fit into memory.

    Example:
        >>> stacks = LazyStacks([(2, 1, 1), (1, 3, 3)], lambda position: np.ones([(2, 1, 1), (1, 3, 3)][position]) + 0j)
        >>> len(stacks), stacks[1].shape
        (2, (1, 3, 3))
    """

    def __init__(self, shapes: Sequence[tuple[int, int, int]], make: Callable[[int], ComplexArray]) -> None:
        self.shapes = tuple(shapes)
        # What making takes, if the maker says so: memory in blocks, time beside that of drawing.
        self.copies: float = getattr(make, "copies", 1.0)
        self.cost: float = getattr(make, "cost", 1.0)
        self._make = make
        self._owner = uuid4().hex  # names what is kept; no part of any result
        # Copies in workers, which come and go with every task, do not clear away what the next one will need.
        weakref.finalize(self, STORE.forget, self._owner).atexit = False

    def __len__(self) -> int:
        """Number of stacks."""
        return len(self.shapes)

    def _at(self, position: int) -> ComplexArray:
        """Kept or made."""
        return STORE.get(self._owner, position, self._made)

    def _made(self, position: int) -> ComplexArray:
        shape = self.shapes[position]
        size = self.copies * 16.0 * np.prod(shape, dtype=float)
        if size > WORTH_ASKING:
            require_memory(
                size,
                what=f"a block of {shape[1]} levels",
                suggestion="use fewer spins or levels, so that fewer states share one total energy",
            )
        with one_blas_thread():  # the last bits must not depend on who asks
            return self._make(position)


class AdjointStacks(_Stacks):
    """The adjoint of every block; nothing is kept twice."""

    def __init__(self, stacks: LazyStacks) -> None:
        self.stacks = stacks
        self.copies = stacks.copies + 1.0
        self.cost = stacks.cost

    def __len__(self) -> int:
        """Number of stacks."""
        return len(self.stacks)

    def _at(self, position: int) -> ComplexArray:
        return frozen(dagger(self.stacks[position]))
