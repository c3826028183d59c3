"""The counts sampler: how many of N paths fall into each class. Its cost does not grow with N."""

from __future__ import annotations

import numpy as np

from qtraj.arrays import IntArray
from qtraj.paths.blocks import Stream, count_blocks, generator
from qtraj.paths.law import PathLaw
from qtraj.paths.progress import Progress
from qtraj.paths.splitting import SplittingTree

__all__ = ["draw_counts"]


def draw_counts(law: PathLaw, paths: int, seed: int, *, progress: Progress | None = None) -> IntArray:
    """Multinomial counts of `paths` paths over the classes of a law, shape (C,).

    At most three blocks (see `count_blocks`), so this is never handed to workers.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.exact_law import exact_law
        >>> int(draw_counts(exact_law(build_model("two-qubit-exchange")), 10**12, seed=1).sum())
        1000000000000
    """
    tree = SplittingTree(law.probabilities)
    total = np.zeros(law.classes, dtype=np.int64)
    for block in count_blocks(paths):
        total += tree.counts(block.size, generator(block, seed, Stream.COUNTS))
        if progress is not None:
            progress.advance(block.size)
    return total
