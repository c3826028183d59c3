"""Standard errors by resampling, at a cost that does not grow with the number of paths of a counts ensemble."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qtraj.arrays import IntArray
from qtraj.theorems.draws import Draws

__all__ = ["bootstrap_error"]

REPLICAS = 200
"""The standard error is then itself known to 1/sqrt(2 * 200) = 5 %."""

BLOCKS = 1000
"""Rows are resampled in so many blocks: paths are independent, so blocks only make it cheap."""


def bootstrap_error(draws: Draws, statistic: Callable[[Draws], float], *, seed: int = 0) -> float:
    """Standard deviation of a statistic over resampled ensembles.

    Draws that stand for many paths each are resampled by a multinomial draw of their counts, which is the ordinary
    bootstrap; single rows in blocks.

    Args:
        draws: The ensemble.
        statistic: Function of draws.
        seed: Seed of the resampling; the same ensemble gives the same error.

    Example:
        >>> x = np.random.default_rng(1).normal(size=10_000)
        >>> draws = Draws(
        ...     values=x,
        ...     counts=np.ones(10_000, dtype=np.int64),
        ...     log_weights=np.zeros(10_000),
        ...     paths=10_000,
        ...     tilted=False,
        ... )
        >>> bool(abs(bootstrap_error(draws, lambda d: d.average(d.values)[0]) - 0.01) < 0.002)
        True
    """
    rng = np.random.default_rng([seed, draws.paths])
    return float(np.std([statistic(draws.recounted(_resampled(draws, rng))) for _ in range(REPLICAS)], ddof=1))


def _resampled(draws: Draws, rng: np.random.Generator) -> IntArray:
    counts = draws.counts
    if counts.size < draws.paths:
        return rng.multinomial(draws.paths, counts / draws.paths).astype(np.int64)
    blocks = min(BLOCKS, counts.size)
    chosen = np.bincount(rng.integers(blocks, size=blocks), minlength=blocks)
    owner = np.arange(counts.size) * blocks // counts.size
    return chosen[owner].astype(np.int64)
