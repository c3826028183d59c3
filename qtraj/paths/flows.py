"""What a path sends into each reservoir: the table of all possible combinations of entropies and heats.

A process of many collisions sends the sum of what its collisions send. Along each reservoir the possible sums form an
*axis*, in which equal sums are one entry; a combination is one entry of every axis.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qtraj.arrays import FloatArray, IntArray, frozen
from qtraj.quantum.spectrum import group_values

__all__ = ["FlowAxis", "Flows"]

# Sums of up to thousands of terms in different order differ by 1e-16 of the largest a term.
SUM_TOLERANCE = 1e-11


@dataclass(frozen=True, kw_only=True, eq=False)
class FlowAxis:
    """All entropies and heats that can have gone into one reservoir.

    Attributes:
        entropies: Ascending, shape (n,).
        heats: Heat that belongs to each, shape (n,); NaN where single paths have no heat.
        entropy_error: By how much the entropy of a path may differ from that of its entry: rounding, unless energies
            all but coincide.
        heat_error: The same of heat.
    """

    entropies: FloatArray
    heats: FloatArray
    entropy_error: float = 0.0
    heat_error: float = 0.0

    @classmethod
    def start(cls) -> FlowAxis:
        """Nothing has gone anywhere yet."""
        return cls(entropies=np.zeros(1), heats=np.zeros(1))

    @property
    def size(self) -> int:
        """Number of entries n."""
        return int(self.entropies.size)

    def after(self, entropies: Sequence[float], heats: Sequence[float | None]) -> tuple[FlowAxis, IntArray]:
        """The axis after one more collision that sends one of the given flows.

        Args:
            entropies: Entropy of every flow, length B.
            heats: Its heat, or None.

        Returns:
            The new axis, and for every flow and old entry the new entry, shape (B, n).
        """
        steps = np.array([np.nan if heat is None else heat for heat in heats])
        entropy = (np.asarray(entropies)[:, None] + self.entropies[None, :]).ravel()
        heat = (steps[:, None] + self.heats[None, :]).ravel()
        keys, _ = group_values(entropy, SUM_TOLERANCE * max(1.0, float(np.abs(entropy).max())))
        if not np.isnan(heat).any():
            # Heat has units: its own size is all it can be compared with.
            labels, number = group_values(heat, SUM_TOLERANCE * float(np.abs(heat).max()))
            keys = keys * number + labels
        _, first, entry = np.unique(keys, return_index=True, return_inverse=True)
        axis = FlowAxis(
            entropies=entropy[first],
            heats=heat[first],
            entropy_error=self.entropy_error + float(np.abs(entropy - entropy[first][entry]).max()),
            heat_error=self.heat_error + float(np.nan_to_num(np.abs(heat - heat[first][entry])).max()),
        )
        return axis, entry.reshape(len(entropies), self.size)


@dataclass(frozen=True, kw_only=True, eq=False)
class Flows:
    """Combinations of what went into each reservoir.

    Attributes:
        reservoirs: Names of the reservoirs, length R.
        entropies: Entropy into each, nats, shape (F, R).
        heats: Heat into each, shape (F, R); NaN where single paths have none.
        entropy_error: By how much the entropy of a path may differ from that of its combination; see `FlowAxis`.
        heat_error: The same of heat.
    """

    reservoirs: tuple[str, ...]
    entropies: FloatArray
    heats: FloatArray
    entropy_error: float = 0.0
    heat_error: float = 0.0

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        object.__setattr__(self, "entropies", frozen(self.entropies))
        object.__setattr__(self, "heats", frozen(self.heats))

    @property
    def count(self) -> int:
        """Number of combinations F."""
        return int(self.entropies.shape[0])

    @cached_property
    def total_entropy(self) -> FloatArray:
        """Entropy into all reservoirs together, shape (F,)."""
        total: FloatArray = self.entropies.sum(axis=1)
        return frozen(total)

    @cached_property
    def total_heat(self) -> FloatArray:
        """Heat into all reservoirs together, shape (F,); NaN where one of them has none."""
        total: FloatArray = self.heats.sum(axis=1)
        return frozen(total)

    def column(self, name: str) -> FloatArray | None:
        """Values of `heat`, `heat_into_NAME` or `entropy_into_NAME`, shape (F,); None if there is no such thing."""
        found: FloatArray | None = None
        if name == "heat" and self.reservoirs:
            found = self.total_heat
        for prefix, table in (("heat_into_", self.heats), ("entropy_into_", self.entropies)):
            reservoir = name.removeprefix(prefix)
            if name.startswith(prefix) and reservoir in self.reservoirs:
                found = table[:, self.reservoirs.index(reservoir)]
        return None if found is None or np.isnan(found).any() else found

    @property
    def names(self) -> tuple[str, ...]:
        """Names of all columns there are; with a single reservoir those of the reservoir only repeat the total."""
        names = ["heat"]
        if len(self.reservoirs) > 1:
            names += [f"heat_into_{reservoir}" for reservoir in self.reservoirs]
        names += [
            f"entropy_into_{reservoir}"
            for position, reservoir in enumerate(self.reservoirs)
            if np.isnan(self.heats[:, position]).any()
        ]
        return tuple(name for name in names if self.column(name) is not None)
