r"""Exact discrete distributions of path quantities: atoms and the logarithms of their probabilities."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.special import logsumexp

from qtraj.arrays import FloatArray, IntArray, frozen
from qtraj.paths.frames import as_data_frame
from qtraj.quantum.spectrum import group_values

__all__ = ["VALUE_TOLERANCE", "Distribution"]

# Equal values are sums of a few logarithms in different order: they differ by some 1e-15 of the largest term.
VALUE_TOLERANCE = 1e-11


@dataclass(frozen=True, kw_only=True, eq=False)
class Distribution:
    """A discrete distribution of one or several quantities.

    Attributes:
        names: Names of the quantities, length q.
        values: Distinct values, ascending (lexicographically for q > 1), shape (K, q).
        log_probabilities: ln of their probabilities, shape (K,).
        atom_of: Atom of every class it was merged from, shape (C,).
    """

    names: tuple[str, ...]
    values: FloatArray
    log_probabilities: FloatArray
    atom_of: IntArray

    @classmethod
    def merge(cls, names: tuple[str, ...], values: FloatArray, log_probabilities: FloatArray) -> Distribution:
        """Merge classes with equal values.

        Args:
            names: One name a column.
            values: Shape (C, q).
            log_probabilities: Shape (C,).

        Example:
            >>> import numpy as np
            >>> d = Distribution.merge(("x",), np.array([[1.0], [0.0], [1.0]]), np.log([0.25, 0.5, 0.25]))
            >>> d.atoms.tolist(), d.probabilities.tolist()
            ([0.0, 1.0], [0.5, 0.5])
        """
        labels = np.zeros(values.shape[0], dtype=np.int64)
        for column in range(values.shape[1]):
            # Entropies are compared with a nat; heat and work have units, and only their own size to be compared with.
            unit = 0.0 if names[column].startswith(("heat", "work")) else 1.0
            tolerance = VALUE_TOLERANCE * max(unit, float(np.abs(values[:, column]).max(initial=0.0)))
            own, count = group_values(values[:, column], tolerance)
            labels = labels * count + own
            labels = np.unique(labels, return_inverse=True)[1].reshape(-1).astype(np.int64)
        order = np.argsort(labels, kind="stable")
        starts = np.flatnonzero(np.diff(labels[order], prepend=-1))
        top = np.maximum.reduceat(log_probabilities[order], starts)
        weights = np.exp(log_probabilities[order] - np.repeat(top, np.diff(starts, append=order.size)))
        total = np.add.reduceat(weights, starts)
        logs = np.log(total) + top
        ordered = values[order]
        first = ordered[starts]
        # Merged values stand for their mean: any one of them would be off by up to the tolerance, and near equilibrium
        # that is all that sigma_d amounts to.
        shift = np.add.reduceat(weights[:, None] * (ordered - first[labels[order]]), starts) / total[:, None]
        return cls(
            names=tuple(names),
            values=frozen(first + shift),
            log_probabilities=frozen(logs),
            atom_of=frozen(labels),
        )

    def __repr__(self) -> str:
        """One line: what of, how many values, from where to where."""
        names, number = ", ".join(self.names), self.values.shape[0]
        lows, highs = self.values.min(axis=0), self.values.max(axis=0)
        ranges = " x ".join(f"[{low:.6g}, {high:.6g}]" for low, high in zip(lows, highs, strict=True))
        return f"<Distribution of {names}: {number:,} value{'s' if number != 1 else ''} in {ranges}>"

    @property
    def atoms(self) -> FloatArray:
        """The values of a single quantity, shape (K,)."""
        atoms: FloatArray = self.values[:, 0]
        return atoms

    @cached_property
    def probabilities(self) -> FloatArray:
        """Probabilities as plain numbers, shape (K,)."""
        return frozen(np.exp(self.log_probabilities))

    def to_pandas(self) -> Any:
        """One row an atom: the value of every quantity, `probability` and `log_probability`; units in `attrs`.

        Raises:
            MissingPackage: If pandas is not installed.
        """
        columns = {name: self.values[:, column] for column, name in enumerate(self.names)}
        columns |= {"probability": self.probabilities, "log_probability": self.log_probabilities}
        return as_data_frame(columns, entry="atom", attributes={})

    def counts(self, class_counts: IntArray) -> IntArray:
        """Add up counts given per class to counts per atom, shape (K,)."""
        out = np.zeros(self.values.shape[0], dtype=np.int64)
        np.add.at(out, self.atom_of, class_counts)
        return out

    def cumulative(self, value: float) -> float:
        """Probability of a single quantity being strictly below `value`."""
        below = self.atoms < value
        return float(np.exp(logsumexp(self.log_probabilities[below]))) if below.any() else 0.0
