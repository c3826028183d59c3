r"""Exact multinomial counts by splitting a total down a binary tree.

The probabilities of a tree are sorted, largest first, and added up in neighbouring pairs, again and again, until one
sum is left. A total is then split at every node by one binomial draw. Three choices keep every cell unbiased, however
rare:

- sums of positive numbers only. The textbook method draws each cell from what the cells before it left over, with the
  probability divided by a running remainder; the rounding error of that remainder ends up in the last cells, and a
  probability of 1e-15 in the last place comes out wrong by a factor;
- the binomial is drawn for the smaller child, which is always the right one in a sorted tree, and never as one minus a
  number close to one;
- below a share of 1e-8 the draw is Poisson, clipped to the total: NumPy's binomial is distorted or zero for
  probabilities near 1e-16, and here the two laws differ by less than 1e-8 relatively.

Only nodes with something to split are visited, so the cost grows with the smaller of total and number of cells.
"""

from __future__ import annotations

import numpy as np

from qtraj.arrays import FloatArray, IntArray, frozen
from qtraj.errors import InvalidInput

__all__ = ["SplittingForest", "SplittingTree", "expand"]

# Total-variation distance of Binomial(n, p) and Poisson(np) is below p for every n.
POISSON_BELOW = 1e-8


class SplittingForest:
    """Many probability vectors, each prepared as a tree for exact multinomial splitting.

    Args:
        probabilities: The vectors one after the other, shape (M,), not necessarily normalised.
        offsets: Where each begins, and the end of the last, shape (G + 1,).

    Raises:
        InvalidInput: If a probability is negative or not finite, or a vector is empty or adds up to 0.

    Example:
        >>> forest = SplittingForest(np.array([0.5, 0.5, 1.0]), np.array([0, 2, 3]))
        >>> row, leaf, count = forest.counts(np.array([1, 0]), np.array([7, 10]), np.random.default_rng(0))
        >>> leaf[row == 0].tolist(), count[row == 0].tolist(), int(count[row == 1].sum())
        ([2], [7], 10)
    """

    def __init__(self, probabilities: FloatArray, offsets: IntArray) -> None:
        weights = np.asarray(probabilities, dtype=np.float64)
        bounds = np.asarray(offsets, dtype=np.int64)
        sizes = np.diff(bounds)
        if weights.ndim != 1 or bounds.size < 2 or bounds[0] != 0 or bounds[-1] != weights.size or (sizes < 1).any():
            raise InvalidInput("`offsets` must cut `probabilities` into non-empty pieces, but does not")
        if not (np.isfinite(weights).all() and (weights >= 0).all()):
            worst = float(weights[~(weights >= 0) | ~np.isfinite(weights)][0])
            raise InvalidInput(f"`probabilities` must be finite and not negative, but one is {worst}", measured=worst)
        tree = np.repeat(np.arange(sizes.size), sizes)
        order = np.lexsort((-weights, tree))
        self._leaf = frozen(order.astype(np.int64))
        self._leaf_start = frozen(bounds[:-1].copy())
        shares: list[FloatArray] = []
        starts: list[IntArray] = []
        sums, counts = weights[order], sizes
        while True:
            starts.append(frozen(np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)))
            if counts.max() == 1:
                break
            sums, share, counts = _add_pairs(sums, counts)
            shares.append(frozen(share))
        if not (sums > 0).all():
            raise InvalidInput(
                "`probabilities` must add up to more than 0, but a vector of them adds up to 0", measured=0
            )
        self._shares, self._starts = tuple(shares), tuple(starts)

    @property
    def trees(self) -> int:
        """Number of trees G."""
        return int(self._leaf_start.size)

    def counts(
        self, roots: IntArray, totals: IntArray, rng: np.random.Generator
    ) -> tuple[IntArray, IntArray, IntArray]:
        """Split totals over the leaves of their trees.

        Args:
            roots: Tree of every row, shape (R,); a tree may serve several rows, independently.
            totals: Paths to split in every row, shape (R,), 0 to 1e15 each.
            rng: Random numbers.

        Returns:
            Row, leaf (index into the probabilities given) and count of every occupied cell, rows ascending.
        """
        row = np.flatnonzero(totals)
        tree, count = np.asarray(roots, dtype=np.int64)[row], np.asarray(totals, dtype=np.int64)[row]
        node = np.zeros(row.size, dtype=np.int64)
        for level in range(len(self._shares) - 1, -1, -1):
            right = _split(count, self._shares[level][self._starts[level + 1][tree] + node], rng)
            both = np.stack([count - right, right], axis=1).ravel()
            occupied = np.flatnonzero(both)
            parent = occupied >> 1
            node = 2 * node[parent] + (occupied & 1)
            count, tree, row = both[occupied], tree[parent], row[parent]
        return row, self._leaf[self._leaf_start[tree] + node], count


class SplittingTree:
    """One probability vector, prepared for exact multinomial counts.

    Args:
        probabilities: Shape (K,), not necessarily normalised.

    Raises:
        InvalidInput: If a probability is negative or not finite, or they add up to 0.

    Example:
        >>> tree = SplittingTree(np.array([0.5, 0.5 - 1e-15, 1e-15]))
        >>> int(tree.counts(10**15, np.random.default_rng(0)).sum()) == 10**15
        True
    """

    def __init__(self, probabilities: FloatArray) -> None:
        self._size = int(np.size(probabilities))
        self._forest = SplittingForest(np.asarray(probabilities, dtype=np.float64), np.array([0, self._size]))

    def counts(self, total: int, rng: np.random.Generator) -> IntArray:
        """Multinomial counts of `total` paths, shape (K,)."""
        _, leaf, count = self._forest.counts(np.zeros(1, dtype=np.int64), np.array([total], dtype=np.int64), rng)
        out = np.zeros(self._size, dtype=np.int64)
        out[leaf] = count
        return out


def expand(values: IntArray, counts: IntArray, rng: np.random.Generator) -> IntArray:
    """Repeat each value by its count and put the result in random order.

    Args:
        values: Shape (K,).
        counts: Shape (K,).
        rng: Random numbers.

    Returns:
        Shape (sum of counts,). Eight-byte integers on purpose: NumPy shuffles shorter ones at half the speed.

    Example:
        >>> sorted(expand(np.array([3, 5]), np.array([2, 1]), np.random.default_rng(0)).tolist())
        [3, 3, 5]
    """
    out = np.repeat(values.astype(np.int64), counts)
    rng.shuffle(out)
    return out


def _add_pairs(sums: FloatArray, counts: IntArray) -> tuple[FloatArray, FloatArray, IntArray]:
    """One level up: sums of neighbouring pairs within each tree, share of the right child, nodes per tree."""
    parents = (counts + 1) // 2
    first = np.cumsum(counts) - counts
    parent_first = np.cumsum(parents) - parents
    tree = np.repeat(np.arange(counts.size), parents)
    position = np.arange(tree.size) - parent_first[tree]
    left = first[tree] + 2 * position
    paired = 2 * position + 1 < counts[tree]
    right = np.where(paired, sums[np.minimum(left + 1, sums.size - 1)], 0.0)
    total = sums[left] + right
    share = np.divide(right, total, out=np.zeros_like(total), where=total > 0)
    return total, share, parents


def _split(count: IntArray, share: FloatArray, rng: np.random.Generator) -> IntArray:
    """How many of each count go to the right child."""
    right = np.zeros_like(count)
    rare = (share > 0) & (share < POISSON_BELOW)
    usual = share >= POISSON_BELOW
    right[usual] = rng.binomial(count[usual], share[usual])
    right[rare] = np.minimum(rng.poisson(count[rare] * share[rare]), count[rare])
    return right
