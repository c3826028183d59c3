r"""Exact multinomial counts whose cost does not grow with the number of paths.

N paths fall on K leaves (classes, or labelled paths of one class) with given probabilities. Drawing the counts one
leaf after the other divides by the running remainder 1 - p_1 - ... - p_k, which cancels: with
`numpy.random.Generator.multinomial`, a last leaf of probability 1e-15 may come out ten times too rarely, or never. Here
the leaves are the ends of a binary tree, and every node splits its paths between two children:

    paths in the smaller child ~ Binomial(n, q),    q = weight of the smaller child / weight of the node <= 1/2.

Weights are sums of positive numbers only, so every q keeps its relative accuracy however small it is. The leaves are
sorted by falling probability before they are paired, which has two consequences: the right child of any node is never
the heavier one, and rare leaves share rare subtrees, which are skipped when no path gets there. At most
min(2 K, N depth) nodes are visited.

Layout: tree g occupies 2^(height of g) slots from `starts[g]` on, tallest trees first, so that `starts[g]` is a
multiple of that power of two. Then node i of level k has the children 2 i and 2 i + 1 of level k - 1 in all trees at
once, and a whole forest is split level by level, without any arithmetic per tree. The price is at most a factor two in
memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from qtraj.arrays import FloatArray, IntArray, frozen
from qtraj.errors import InvalidInput
from qtraj.paths.blocks import MOST_PATHS

__all__ = ["RARE", "SplittingForest", "SplittingTree", "expand"]

RARE: Final = 1e-8
"""Below this conditional probability q the smaller child gets a Poisson number with mean n q, clipped to n.

Error budget: the mean is exact, the variance too large by the relative amount q < 1e-8. Above it NumPy's binomial works
with 1 - q, which shifts the mean by a relative 1.1e-16 / q < 1.2e-8 where n q < 30. Nearer to 1e-16 several versions of
NumPy return distorted numbers, or zeros only."""


@dataclass(frozen=True, init=False, eq=False)
class SplittingForest:
    """Many splitting trees, drawn from together.

    Args:
        probabilities: Probabilities of all leaves, tree after tree, shape (M,); each tree's need not sum to 1.
        offsets: Where each tree begins, and M at the end, shape (G + 1,).

    Attributes:
        offsets: Tree g owns the leaves `offsets[g]` to `offsets[g + 1] - 1`, shape (G + 1,).
        order: Leaf numbers of each tree by falling probability, shape (M,).
        starts: First slot of each tree, shape (G,).
        heights: Number of levels of each tree, shape (G,).
        levels: `levels[k - 1][i]` is the conditional probability q of the right child of node i on level k.

    All arrays are read-only.

    Raises:
        InvalidInput: If a probability is negative or not finite, a tree is empty or has no positive probability, or the
            offsets do not rise from 0 to M.

    Example:
        >>> SplittingForest([0.5, 0.5, 1.0, 0.2, 0.7, 0.1], [0, 2, 3, 6]).trees
        3
    """

    offsets: IntArray
    order: IntArray
    starts: IntArray
    heights: IntArray
    levels: tuple[FloatArray, ...]

    def __init__(self, probabilities: ArrayLike, offsets: ArrayLike) -> None:
        p, borders = _checked_probabilities(probabilities), _checked_offsets(offsets)
        if borders[-1] != p.size:
            raise InvalidInput(
                f"`offsets` must end at the number of probabilities, {p.size}, but ends at {borders[-1]}",
                measured=float(borders[-1]),
            )
        positive = np.add.reduceat(p > 0, borders[:-1], dtype=np.int64)
        if not positive.all():
            empty = int(np.argmin(positive))
            raise InvalidInput(
                f"`probabilities` must have a positive sum, but those of tree {empty} are all 0", measured=0
            )
        order = _falling_order(p, borders)
        heights = _ceil_log2(positive)
        tallest_first = np.argsort(-heights, kind="stable")
        slots = np.int64(1) << heights[tallest_first]
        starts = np.empty_like(heights)
        starts[tallest_first] = np.cumsum(slots) - slots

        # Leaves of probability zero get no slot: they are the last of their tree in `order`, past its positive ones.
        sizes = np.diff(borders)
        rank = np.arange(p.size) - np.repeat(borders[:-1], sizes)
        used = rank < np.repeat(positive, sizes)
        weight = np.zeros(int(slots.sum()))
        weight[(np.repeat(starts, sizes) + rank)[used]] = p[order[used]]

        for name, array in (("offsets", borders), ("order", order), ("starts", starts), ("heights", heights)):
            object.__setattr__(self, name, frozen(array))
        object.__setattr__(self, "levels", tuple(frozen(level) for level in _levels(weight, heights)))

    @property
    def trees(self) -> int:
        """Number of trees G."""
        return int(self.starts.size)

    def counts(
        self, roots: ArrayLike, totals: ArrayLike, rng: np.random.Generator
    ) -> tuple[IntArray, IntArray, IntArray]:
        """Split each row's paths over the leaves of its tree: independent exact multinomial counts.

        Args:
            roots: Which tree each row belongs to, shape (R,); trees may repeat.
            totals: Number of paths in each row, from 0 to 10^15, shape (R,).
            rng: Source of random numbers.

        Returns:
            Three arrays of one shape: row, leaf (numbered over the whole forest) and count. Only pairs with a count of
            at least 1 are there, each once, in no particular order.

        Raises:
            InvalidInput: If a root is no tree of the forest, or a total is outside its range.

        Example:
            >>> forest = SplittingForest([0.5, 0.5, 1.0], [0, 2, 3])
            >>> row, leaf, count = forest.counts([0, 1, 1], [1000, 7, 0], np.random.default_rng(1))
            >>> int(count.sum()), count[leaf == 2].tolist(), row[leaf == 2].tolist()
            (1007, [7], [1])
        """
        root, total = self._checked_rows(roots, totals)
        entering = _rows_by_height(self.heights[root], total, len(self.levels))
        none = np.empty(0, dtype=np.int64)
        # Paths alone in their node are most of the nodes in a large tree. They need one uniform number a level and no
        # book-keeping, so they are kept apart from the nodes that share several paths.
        node, row, count, lone_node, lone_row = none, none, none, none, none
        for level in range(len(self.levels), -1, -1):
            new = entering[level]
            if new.size:
                node = np.concatenate((node, self.starts[root[new]] >> level))
                row, count = np.concatenate((row, new)), np.concatenate((count, total[new]))
            alone = count == 1
            if alone.any():
                lone_node, lone_row = np.concatenate((lone_node, node[alone])), np.concatenate((lone_row, row[alone]))
                node, row, count = node[~alone], row[~alone], count[~alone]
            if level == 0:
                break
            q = self.levels[level - 1]
            if lone_node.size:
                lone_node = 2 * lone_node + (rng.random(lone_node.size) < q[lone_node])
            if node.size:
                node, row, count = _split(node, row, count, q[node], rng)
        row = np.concatenate((row, lone_row))
        slot = np.concatenate((node, lone_node))
        count = np.concatenate((count, np.ones(lone_node.size, dtype=np.int64)))
        first = (self.offsets[:-1] - self.starts)[root]
        return row, self.order[slot + first[row]], count

    def _checked_rows(self, roots: ArrayLike, totals: ArrayLike) -> tuple[IntArray, IntArray]:
        root, total = _integers("roots", roots), _integers("totals", totals)
        if root.shape != total.shape:
            raise InvalidInput(
                f"`roots` and `totals` must have one shape, but have {root.shape} and {total.shape}",
                measured=float(root.size),
            )
        _check_range("roots", root, 0, self.trees - 1)
        _check_range("totals", total, 0, MOST_PATHS)
        return root, total


@dataclass(frozen=True, init=False, eq=False)
class SplittingTree:
    """One tree: exact multinomial counts of up to 10^15 paths over K leaves.

    Args:
        probabilities: Probabilities of the leaves, shape (K,); they need not sum to 1.

    Attributes:
        forest: The forest of this one tree.

    Raises:
        InvalidInput: If there are no probabilities, one is negative or not finite, or all are zero.

    Example:
        >>> SplittingTree([0.2, 0.8, 0.0]).leaves
        3
    """

    forest: SplittingForest

    def __init__(self, probabilities: ArrayLike) -> None:
        p = _checked_probabilities(probabilities)
        object.__setattr__(self, "forest", SplittingForest(p, [0, p.size]))

    @property
    def leaves(self) -> int:
        """Number of leaves K."""
        return int(self.forest.order.size)

    def counts(self, total: int, rng: np.random.Generator) -> IntArray:
        """Draw how many of `total` paths fall on each leaf.

        Args:
            total: Number of paths, from 0 to 10^15.
            rng: Source of random numbers.

        Returns:
            Counts that sum to `total`, shape (K,).

        Raises:
            InvalidInput: If `total` is no whole number in its range.

        Example:
            >>> tree = SplittingTree([0.2, 0.8, 0.0, 1e-300])
            >>> counts = tree.counts(10**15, np.random.default_rng(1))
            >>> int(counts.sum()), counts[2:].tolist()
            (1000000000000000, [0, 0])
        """
        _, leaf, count = self.forest.counts([0], [total], rng)
        counts = np.zeros(self.leaves, dtype=np.int64)
        counts[leaf] = count
        return counts


def expand(
    leaves: ArrayLike, counts: ArrayLike, rng: np.random.Generator, dtype: DTypeLike = np.int64
) -> NDArray[np.signedinteger[Any]]:
    """Lay counts out as one leaf number per path, in random order.

    Args:
        leaves: Leaf numbers, shape (L,).
        counts: How often each occurs, shape (L,).
        rng: Source of random numbers.
        dtype: Integer type of the result; smaller ones save memory.

    Returns:
        Leaf numbers in uniformly random order, shape (sum of counts,).

    Raises:
        InvalidInput: If a count is negative, the shapes differ, or a leaf number does not fit `dtype`.

    Example:
        >>> sorted(expand([4, 9], [2, 1], np.random.default_rng(1), dtype=np.int32).tolist())
        [4, 4, 9]
    """
    leaf, count = _integers("leaves", leaves), _integers("counts", counts)
    if leaf.shape != count.shape:
        raise InvalidInput(
            f"`leaves` and `counts` must have one shape, but have {leaf.shape} and {count.shape}",
            measured=float(leaf.size),
        )
    limits = np.iinfo(dtype)
    _check_range("leaves", leaf, int(limits.min), int(limits.max))
    _check_range("counts", count, 0, MOST_PATHS)
    paths = np.repeat(leaf, count)
    # Shuffling 64-bit integers and narrowing them afterwards takes half the time of shuffling 32-bit ones: NumPy has a
    # special case for items of the size of a pointer. It also makes the order independent of `dtype`.
    rng.shuffle(paths)
    return paths.astype(dtype, copy=False)


def _split(
    node: IntArray, row: IntArray, count: IntArray, q: FloatArray, rng: np.random.Generator
) -> tuple[IntArray, IntArray, IntArray]:
    right = _in_smaller_child(count, q, rng)
    left_node = 2 * node
    node, row = np.concatenate((left_node, left_node + 1)), np.concatenate((row, row))
    count = np.concatenate((count - right, right))
    occupied = count > 0
    # With many paths all children are, and then the filter would be a third of the work.
    return (node, row, count) if occupied.all() else (node[occupied], row[occupied], count[occupied])


def _in_smaller_child(count: IntArray, q: FloatArray, rng: np.random.Generator) -> IntArray:
    rare = np.flatnonzero(q < RARE)
    if rare.size:
        q = q.copy()
        mean = count[rare] * q[rare]
        q[rare] = 0.0  # takes no random number
    number: IntArray = rng.binomial(count, q)
    if rare.size:
        number[rare] = np.minimum(rng.poisson(mean), count[rare])
    return number


def _levels(weight: FloatArray, heights: IntArray) -> tuple[FloatArray, ...]:
    levels = []
    for level in range(1, int(heights.max()) + 1):
        # Trees lower than this level have ended; being last, they are a tail that is cut off.
        nodes = int((np.int64(1) << (heights[heights >= level] - level)).sum())
        left, right = weight[0 : 2 * nodes : 2], weight[1 : 2 * nodes : 2]
        with np.errstate(over="ignore"):  # refused below, with a sentence
            weight = left + right
        # Below an empty node nobody ever comes; its q is 0 instead of 0 / 0.
        levels.append(np.divide(right, weight, out=np.zeros(nodes), where=weight > 0))
        if not np.isfinite(weight).all():
            raise InvalidInput("`probabilities` must have a finite sum, but it overflows", measured=float("inf"))
    return tuple(levels)


def _rows_by_height(height: IntArray, total: IntArray, tallest: int) -> list[IntArray]:
    active = np.flatnonzero(total)
    active = active[np.argsort(height[active], kind="stable")]
    ends = np.cumsum(np.bincount(height[active], minlength=tallest + 1))
    return np.split(active, ends[:-1])


def _falling_order(p: FloatArray, borders: IntArray) -> IntArray:
    """Leaf numbers by falling probability within each tree, equal ones in their given order.

    Trees of equal size are sorted together, as rows of a matrix: for a million small trees as for some large ones this
    is several times as fast as one `lexsort` over all leaves. The sort is stable because NumPy's unstable one orders
    equal probabilities differently on different processors, and then a seed would not give the same run everywhere.
    """
    order = np.empty(p.size, dtype=np.int64)
    sizes = np.diff(borders)
    for size in np.unique(sizes).tolist():
        first = borders[:-1][sizes == size]
        leaf = first[:, None] + np.arange(size)
        order[leaf] = first[:, None] + np.argsort(-p[leaf], axis=1, kind="stable")
    return order


def _ceil_log2(number: IntArray) -> IntArray:
    # frexp gives x = m 2^e with 1/2 <= m < 1: exact, where a rounded logarithm may miss at powers of two.
    mantissa, exponent = np.frexp(number.astype(np.float64))
    height: IntArray = exponent.astype(np.int64) - (mantissa == 0.5)
    return height


def _checked_probabilities(probabilities: ArrayLike) -> FloatArray:
    p = np.asarray(probabilities, dtype=np.float64)
    if p.ndim != 1 or p.size == 0:
        raise InvalidInput(
            f"`probabilities` must be a list of at least one number, but has shape {p.shape}", measured=float(p.size)
        )
    wrong = np.flatnonzero(~(np.isfinite(p) & (p >= 0)))
    if wrong.size:
        first = int(wrong[0])
        raise InvalidInput(
            f"`probabilities` must be finite and at least 0, but entry {first} is {p[first]}", measured=float(p[first])
        )
    return p


def _checked_offsets(offsets: ArrayLike) -> IntArray:
    borders = _integers("offsets", offsets)
    if borders.size < 2 or borders[0] != 0:
        raise InvalidInput(
            "`offsets` must begin with 0 and name the end of at least one tree", measured=float(borders.size)
        )
    sizes = np.diff(borders)
    if (sizes < 1).any():
        tree = int(np.argmax(sizes < 1))
        raise InvalidInput(
            f"`offsets` must rise, so that no tree is empty, but tree {tree} has {sizes[tree]} leaves",
            measured=float(sizes[tree]),
        )
    return borders


def _integers(name: str, values: ArrayLike) -> IntArray:
    array = np.asarray(values)
    if array.size == 0:
        array = array.astype(np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        raise InvalidInput(
            f"`{name}` must be a list of whole numbers, but has shape {array.shape} and type {array.dtype}",
            measured=float(array.ndim),
        )
    return array.astype(np.int64, copy=False)


def _check_range(name: str, values: IntArray, low: int, high: int) -> None:
    if values.size == 0:
        return
    for worst in (int(values.min()), int(values.max())):
        if not low <= worst <= high:
            raise InvalidInput(f"`{name}` must lie from {low} to {high}, but one is {worst}", measured=float(worst))
