"""What a statistical check is made of: everything that depends on the law is prepared once, counts are judged after.

Critical values, cuts, pools and detectable errors depend on the exact law, the number of paths and the level, and on
no sample. So a check is prepared from these, and then judges the counts of one ensemble, or of a hundred thousand.

Shapes: C classes of the law, K atoms (cells) to which a check adds them up, `...` any number of ensembles.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np

from qtraj.arrays import BoolArray, IntArray
from qtraj.theorems.checks import Check

__all__ = ["Atoms", "Plan", "PreparedCheck"]

SIXTEEN_BITS = 2**16


class PreparedCheck(Protocol):
    """A check that has everything but the sample."""

    @property
    def name(self) -> str:
        """What is compared."""

    @property
    def level(self) -> float:
        """False-alarm rate."""

    @property
    def settled(self) -> bool:
        """Whether a sample that is not rejected passes; otherwise it is inconclusive, whatever the sample."""

    def judge(self, counts: IntArray, outside: int = 0) -> Check:
        """Judge the class counts (C,) of one ensemble, of which `outside` more paths fell on no class."""

    def rejects(self, counts: IntArray) -> BoolArray:
        """Whether ensembles with class counts (..., C) are rejected, shape (...): as `judge`, and nothing else."""


Plan: TypeAlias = Callable[[int, float], PreparedCheck]
"""A check that waits for the number of paths and for its share of the false-alarm level."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Atoms:
    """Which atom every class of a law belongs to.

    Attributes:
        order: Classes sorted by atom, shape (C,); None if every class is an atom of its own.
        starts: Where in `order` each occupied atom begins.
        occupied: Which atoms have a class at all.
        size: Number of atoms K.

    Example:
        >>> Atoms.of(np.array([1, 0, 1]), 3).counts(np.array([[5, 2, 1], [0, 0, 9]])).tolist()
        [[2, 6, 0], [0, 9, 0]]
    """

    order: IntArray | None
    starts: IntArray
    occupied: IntArray
    size: int

    @classmethod
    def of(cls, atom_of: IntArray, size: int) -> Atoms:
        """Prepare the sums over classes with atom `atom_of[c]`, shape (C,), for `size` atoms."""
        if atom_of.size == size and bool((np.diff(atom_of, prepend=-1) == 1).all()):
            return cls.identity(size)
        # NumPy sorts integers of 16 bits by their digits, several times as fast as wider ones by comparing them.
        order = np.argsort(atom_of.astype(np.uint16) if size <= SIXTEEN_BITS else atom_of, kind="stable")
        ascending = atom_of[order]
        starts = np.flatnonzero(np.diff(ascending, prepend=-1))
        return cls(order=order, starts=starts, occupied=ascending[starts], size=size)

    @classmethod
    def identity(cls, size: int) -> Atoms:
        """Every class is an atom."""
        return cls(order=None, starts=np.zeros(0, np.int64), occupied=np.arange(size), size=size)

    def counts(self, counts: IntArray) -> IntArray:
        """Counts (..., K) of the atoms from counts (..., C) of the classes."""
        if self.order is None:
            return counts
        sums = np.add.reduceat(np.take(counts, self.order, axis=-1), self.starts, axis=-1)
        if self.occupied.size == self.size:
            return sums
        totals = np.zeros((*counts.shape[:-1], self.size), dtype=np.int64)
        totals[..., self.occupied] = sums
        return totals
