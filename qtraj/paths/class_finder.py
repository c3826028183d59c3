"""Which class of a law each followed path belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.arrays import FloatArray, IntArray
from qtraj.paths.law import PathLaw
from qtraj.quantum.spectrum import group_values

__all__ = ["ClassFinder"]

# Sums of up to some thousand flows, each good to 1e-16 of the largest.
FLOW_TOLERANCE = 1e-9

# Values that a law tells apart are further from each other than 4e-12 of the largest; equal ones that stand in several
# places of its table differ by rounding.
EQUAL_TOLERANCE = 3e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class ClassFinder:
    """Finds the class of the law that each row of labels and flows belongs to.

    Args:
        law: The law.
        heats_of: Of a thermal operation, the environment's energies: its rows have labels mu and nu instead of flows.
    """

    law: PathLaw
    heats_of: FloatArray | None = None

    @cached_property
    def lookup(self) -> tuple[IntArray, IntArray]:
        """Keys of the law's classes in ascending order, and the class of each."""
        law = self.law
        keys = self._key(law.alpha, law.branch, law.beta, law.n, law.m)
        order = np.argsort(keys)
        return keys[order], order

    def _key(self, alpha: IntArray, branch: IntArray, *labels: IntArray) -> IntArray:
        key = alpha * self.law.flows.count + branch
        for label, own in zip(labels, (self.law.beta, self.law.n, self.law.m), strict=True):
            key = key * (int(own.max()) + 2) + label + 1
        return key

    def __call__(self, rows: dict[str, NDArray[Any]]) -> IntArray:
        """Class index of every row, -1 for a row that no class of the law describes."""
        absent = np.full(rows["alpha"].size, -1)
        branch, known = self._branch(rows)
        key = self._key(rows["alpha"], branch, *(rows.get(name, absent) for name in ("beta", "n", "m")))
        keys, order = self.lookup
        position = np.minimum(np.searchsorted(keys, key), keys.size - 1)
        found = order[position]
        known &= keys[position] == key
        # A label beyond the law's largest runs over into the next digit of the key, where it may hit another class.
        for name in ("beta", "n", "m"):
            if name in rows:
                known &= getattr(self.law, name)[found] == rows[name]
        return np.where(known, found, -1)

    @cached_property
    def _axes(self) -> tuple[tuple[tuple[str, FloatArray], ...], IntArray, IntArray]:
        """Names and distinct values of the flows that tell branches apart; keys of branches, ascending; branches."""
        columns, key = [], np.zeros(self.law.flows.count, dtype=np.int64)
        for name in _telling_flows(self.law):
            values = self.law.flows.column(name)
            assert values is not None  # it is one of the law's own
            labels, count = group_values(values, EQUAL_TOLERANCE * float(np.abs(values).max()))
            centres = np.zeros(count)
            centres[labels[::-1]] = values[::-1]
            columns.append((name, centres))
            key = key * count + labels
        order = np.argsort(key)
        return tuple(columns), key[order], order

    def _branch(self, rows: dict[str, NDArray[Any]]) -> tuple[IntArray, NDArray[np.bool_]]:
        """The nearest combination of flows of every row, and whether it is the row's own."""
        columns, keys, order = self._axes
        size = rows["alpha"].size
        key, known = np.zeros(size, dtype=np.int64), np.ones(size, dtype=np.bool_)
        for name, centres in columns:
            if self.heats_of is not None:
                own = self.heats_of[rows["nu"]] - self.heats_of[rows["mu"]]
                tolerance = FLOW_TOLERANCE * max(1.0, float(np.abs(self.heats_of).max()))
            else:
                own, tolerance = rows[name], max(_spacing(centres), _spacing(rows[name]))
            nearest = np.searchsorted((centres[1:] + centres[:-1]) / 2, own)
            # The nearest flow of the law need not be the path's own: a flow the law does not know is no class.
            known &= np.abs(centres[nearest] - own) <= tolerance
            key = key * centres.size + nearest
        position = np.minimum(np.searchsorted(keys, key), keys.size - 1)
        known &= keys[position] == key
        return order[position], known


def _telling_flows(law: PathLaw) -> tuple[str, ...]:
    """One column of flows a reservoir, its heat where there is one; its entropy as well where heat does not fix it."""
    names = []
    for position, reservoir in enumerate(law.flows.reservoirs):
        heats, entropies = law.flows.heats[:, position], law.flows.entropies[:, position]
        if np.isnan(heats).any():
            names.append(f"entropy_into_{reservoir}")
            continue
        names.append(f"heat_into_{reservoir}")
        labels, count = group_values(heats, EQUAL_TOLERANCE * float(np.abs(heats).max()))
        low, high = np.full(count, np.inf), np.full(count, -np.inf)
        np.minimum.at(low, labels, entropies)
        np.maximum.at(high, labels, entropies)
        if (high - low).max() > EQUAL_TOLERANCE * max(1.0, float(np.abs(entropies).max())):
            names.append(f"entropy_into_{reservoir}")
    return tuple(names)


def _spacing(values: FloatArray) -> float:
    return FLOW_TOLERANCE * float(np.abs(values).max(initial=0.0))
