"""Which part of its axis a histogram shows: all that was sampled, but for rare paths that lie too far out.

What is left out is counted, so that the figure can say so in words.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qtraj.arrays import FloatArray, IntArray

__all__ = ["Window", "choose_window"]

SPARE = 0.15
"""Rare paths are shown up to so far from the others on either side, in units of the length that those take."""


@dataclass(frozen=True, kw_only=True)
class Window:
    """The part that is shown.

    Attributes:
        atoms: Which atoms.
        below: Paths left out on the left.
        above: Paths left out on the right.
    """

    atoms: slice
    below: int
    above: int


def choose_window(
    values: FloatArray, counts: IntArray, log_probabilities: FloatArray | None, *, paths: int, tail: float
) -> Window:
    """The atoms between the tails, and those that were seen not far beyond.

    Args:
        values: Of the atoms, ascending, shape (K,).
        counts: Paths that have each, shape (K,).
        log_probabilities: ln of their exact probabilities, shape (K,); None without a law.
        paths: Number of paths N.
        tail: All that the law and the sample agree to be rarer than this on either side is a tail.

    Example:
        >>> values, counts = np.array([-9.0, 0.0, 1.0, 2.0, 2.25]), np.array([1, 4000, 2000, 4000, 2])
        >>> choose_window(values, counts, None, paths=10003, tail=1e-3)
        Window(atoms=slice(1, 5, None), below=1, above=0)
    """
    visible = np.zeros(counts.size, dtype=bool)
    laws = [] if log_probabilities is None else [np.exp(log_probabilities)]
    for weights in (*laws, counts / paths):
        visible |= (np.cumsum(weights) > tail) & (np.cumsum(weights[::-1])[::-1] > tail)
    bulk, seen = values[visible], values[counts > 0]
    # A single value has no length that the distance of others could be held against.
    spare = SPARE * float(np.ptp(bulk)) or np.inf
    low = min(bulk[0], seen[seen >= bulk[0] - spare].min(initial=bulk[0]))
    high = max(bulk[-1], seen[seen <= bulk[-1] + spare].max(initial=bulk[-1]))
    first, last = np.searchsorted(values, [low, high]).tolist()
    return Window(atoms=slice(first, last + 1), below=int(counts[:first].sum()), above=int(counts[last + 1 :].sum()))
