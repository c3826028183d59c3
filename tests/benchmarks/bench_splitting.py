"""What exact multinomial counts cost: flat in the number of paths, and a few milliseconds for a block of rows.

Times are those of this machine; what is promised are ratios of two times from one run: 10^12 paths over 30 000 atoms
cost at most 3 times as much as 10^6, and under 0.1 s.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from typing import Final

import numpy as np

from qtraj.arrays import FloatArray, IntArray
from qtraj.paths.blocks import Stream, count_blocks, generator
from qtraj.paths.splitting import SplittingForest, SplittingTree, expand
from tests.benchmarks.report import Line
from tests.benchmarks.timing import best

ATOMS: Final = 30_000
BLOCK_PATHS: Final = 2**16


def falling_law(atoms: int = ATOMS, *, decades: float = 15.0) -> FloatArray:
    """Probabilities that fall from the first to the last atom by so many powers of ten."""
    p: FloatArray = 10.0 ** (-decades * np.arange(atoms) / max(1, atoms - 1))
    return p


def counts_run(probabilities: FloatArray, paths: int) -> IntArray:
    """A whole run: build the tree, and draw every block."""
    tree = SplittingTree(probabilities)
    total = np.zeros(tree.leaves, dtype=np.int64)
    for block in count_blocks(paths):
        total += tree.counts(block.size, generator(block, 1, Stream.COUNTS))
    return total


def counts_times(probabilities: FloatArray) -> dict[int, float]:
    """Seconds for runs of so many paths over a law."""
    return {paths: best(partial(counts_run, probabilities, paths)) for paths in (10**6, 10**9, 10**12, 10**15)}


def forest_times(rows: int = 2000, *, smallest: int = 5, largest: int = 10_000) -> dict[str, float]:
    """Seconds to split one block over many trees, to lay it out as rows, and to draw as many uniform numbers."""
    rng = np.random.default_rng(2)
    sizes = np.exp(rng.uniform(np.log(smallest), np.log(largest), rows)).astype(np.int64)
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    probabilities = np.exp(-20 * rng.random(offsets[-1]))
    start = time.perf_counter()
    forest = SplittingForest(probabilities, offsets)
    built = time.perf_counter() - start
    totals = rng.multinomial(BLOCK_PATHS, rng.dirichlet(np.full(rows, 0.5)))
    roots = np.arange(rows)
    _, leaf, count = forest.counts(roots, totals, rng)
    return {
        "leaves": float(offsets[-1]),
        "build": built,
        "split": best(lambda: forest.counts(roots, totals, rng)),
        "expand": best(lambda: expand(leaf, count, rng, dtype=np.int32)),
        "uniform": best(lambda: rng.random(BLOCK_PATHS)),
    }


def lines(*, quick: bool = False) -> Iterator[Line]:
    """Runs over one law, and a block of rows over many small ones."""
    for name, p in (("falling over 15 decades", falling_law()), ("uniform", np.full(ATOMS, 1 / ATOMS))):
        runs = counts_times(p)
        yield Line(
            what=f"exact multinomial counts over {ATOMS:,} atoms, {name}: 10^12 paths against 10^6, and 10^15",
            figure=f"{runs[10**12] / runs[10**6]:.2f}x and {runs[10**15] / runs[10**6]:.2f}x",
            aim="at most 3x",
            met=runs[10**12] <= 3 * runs[10**6],
        )
    for largest in (1000,) if quick else (10, 1000, 100_000):
        times = forest_times(largest=largest)
        yield Line(
            what=f"a block of {BLOCK_PATHS:,} paths split over 2000 trees of 5 to {largest:,} leaves, and laid out as "
            "rows, against as many uniform doubles",
            figure=f"{times['split'] / times['uniform']:.1f}x and {times['expand'] / times['uniform']:.1f}x",
        )
