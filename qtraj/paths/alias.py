r"""Walker's alias method: independent draws from a discrete law at constant cost each, without any tree or search.

Every cell of K equal columns holds its own share and is filled up with one other cell, its *alias*. A draw picks a
column and one of the two. The table is built from prefix sums in one sweep: cells below the mean are filled, in order,
from cells above it; a cell above the mean that has given more than it has is itself filled up by the next one.

A draw looks at a random column, so a table larger than the processor's cache pays for main memory with every draw.
Large tables are therefore cut in two: the first cells, which should be the likely ones, and one cell that stands for
the rest, drawn from a table of its own when it comes up.

This is the explicit sampler's own way of drawing. It shares nothing with the binomial trees of the counts sampler, so
that the two can be held against each other.
"""

from __future__ import annotations

import numpy as np

from qtraj.arrays import FloatArray, IntArray, frozen
from qtraj.errors import InvalidInput

__all__ = ["FRONT_CELLS", "AliasTable"]

# Threshold, cell and alias of so many cells, 24 bytes each, stay in a core's own cache.
FRONT_CELLS = 4096


class AliasTable:
    """A discrete law prepared for independent draws.

    Probabilities below about 1e-16 are drawn with an absolute error of that size, which no run that writes single rows
    can notice; counts of rare classes in very long runs are the business of `SplittingTree`.

    Args:
        probabilities: Shape (K,), not necessarily normalised; large tables are fastest with the likely cells first.
        divide: Whether a large table is cut in two.

    Raises:
        InvalidInput: If a probability is negative or not finite, or they add up to 0.

    Example:
        >>> table = AliasTable(np.array([0.0, 0.25, 0.75]))
        >>> np.bincount(table.draw(8000, np.random.default_rng(0)), minlength=3).round(-3).tolist()
        [0, 2000, 6000]
    """

    def __init__(self, probabilities: FloatArray, *, divide: bool = True) -> None:
        weights = np.asarray(probabilities, dtype=np.float64)
        if weights.ndim != 1 or not (np.isfinite(weights).all() and (weights >= 0).all() and weights.sum() > 0):
            raise InvalidInput("`probabilities` must be finite, not negative and not all zero, but are not")
        self._rest: AliasTable | None = None
        if divide and weights.size > 2 * FRONT_CELLS and weights[FRONT_CELLS:].sum() > 0:
            self._rest = AliasTable(weights[FRONT_CELLS:], divide=False)
            weights = np.append(weights[:FRONT_CELLS], weights[FRONT_CELLS:].sum())
        count = weights.size
        share = weights * (count / weights.sum())
        light, heavy = np.flatnonzero(share <= 1.0), np.flatnonzero(share > 1.0)
        threshold, alias = np.minimum(share, 1.0), np.arange(count)
        if heavy.size and light.size:
            needed = np.cumsum(1.0 - share[light])
            spare = np.cumsum(share[heavy] - 1.0)
            # Light cell i is filled by the heavy cell whose spare part covers the beginning of what i needs.
            begins = np.concatenate([[0.0], needed[:-1]])
            giver = np.minimum(np.searchsorted(spare, begins, side="right"), heavy.size - 1)
            alias[light] = heavy[giver]
            # The last cell filled by heavy cell j may need more than j can spare: j goes below the mean by that much.
            last = np.searchsorted(begins, spare, side="left") - 1
            overdrawn = np.where(last >= 0, np.maximum(needed[last] - spare, 0.0), 0.0)
            threshold[heavy] = 1.0 - overdrawn
            alias[heavy[:-1]] = heavy[1:]
            threshold[heavy[-1]] = 1.0
        self._threshold = frozen(threshold)
        # Cell and alias side by side: one look-up instead of a choice, which the processor would guess wrong half the
        # time.
        self._pairs = frozen(np.stack([np.arange(count), alias], axis=1).ravel().astype(np.int64))

    def draw(self, size: int, rng: np.random.Generator) -> IntArray:
        """Independent draws, shape (size,)."""
        position = rng.random(size)
        position *= self._threshold.size
        column = position.astype(np.int64)
        position -= column
        # Rounding can carry a position of 1 - 2^-53 up to K itself.
        np.minimum(column, self._threshold.size - 1, out=column)
        other = position >= self._threshold[column]
        column *= 2
        column += other
        drawn = self._pairs[column]
        if self._rest is not None:
            beyond = np.flatnonzero(drawn == FRONT_CELLS)
            drawn[beyond] += self._rest.draw(beyond.size, rng)
        return drawn
