r"""What estimators see of an ensemble: values, how often each was drawn, and the weights of a tilt.

Mapping: N paths, value x of each, c how often it was drawn, weight W (1 without a tilt). An average <f> is estimated
by the mean of W f, whose variance for a single draw is that of W f.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np

from qtraj.arrays import FloatArray, IntArray
from qtraj.errors import InvalidInput
from qtraj.paths.ensemble import Ensemble
from qtraj.theorems.exact_moments import ExactMoments

__all__ = ["Draws", "tilted_sample_size"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Draws:
    """Draws of one quantity.

    Attributes:
        values: x, shape (K,).
        counts: c, shape (K,); only values that were drawn are listed.
        log_weights: ln W, shape (K,); zeros without a tilt.
        paths: N, the sum of the counts.
        tilted: Whether there is a tilt.
    """

    values: FloatArray
    counts: IntArray
    log_weights: FloatArray
    paths: int
    tilted: bool

    @classmethod
    def of(cls, ensemble: Ensemble, name: str) -> Draws:
        """The draws of a quantity.

        Raises:
            NotRecorded: If the ensemble does not record it.
            InvalidInput: If there is no path in any class of the law.
        """
        logs = ensemble.log_weights
        if logs is not None:
            values, _ = ensemble.weighted_values(name)
            return cls(
                values=values,
                counts=np.ones(values.size, dtype=np.int64),
                log_weights=logs,
                paths=ensemble.paths,
                tilted=True,
            )
        values, counts = ensemble.values(name)
        seen = counts > 0
        if not seen.any():
            raise InvalidInput("an estimate needs at least one path in a class of the law, but there is none")
        return cls(
            values=values[seen],
            counts=counts[seen],
            log_weights=np.zeros(int(seen.sum())),
            paths=int(counts.sum()),
            tilted=False,
        )

    def recounted(self, counts: IntArray) -> Draws:
        """The same values with other counts: a resampled ensemble."""
        return replace(self, counts=counts, paths=int(counts.sum()))

    def average(self, values: FloatArray) -> tuple[float, float]:
        """Mean of W f and its variance for a single draw, for f given per entry."""
        with np.errstate(over="ignore", invalid="ignore"):
            weighted = np.exp(self.log_weights) * values if self.tilted else values
        mean = math.fsum(weighted * self.counts) / self.paths
        return mean, math.fsum(self.counts * (weighted - mean) ** 2) / self.paths

    def log_average(self, logs: FloatArray) -> tuple[float, float]:
        """Ln of the mean of W e^g, and the relative variance of a single draw, for g given per entry."""
        total = self.log_weights + logs
        top = float(total.max())
        scaled = np.exp(total - top)
        mean = math.fsum(scaled * self.counts) / self.paths
        variance = math.fsum(self.counts * (scaled - mean) ** 2) / self.paths
        return top + math.log(mean), variance / mean**2

    def kish(self, logs: FloatArray) -> float:
        """(sum w)^2 / sum w^2 for w = W e^g, g given per entry."""
        total = self.log_weights + logs
        scaled = np.exp(total - float(total.max()))
        return math.fsum(scaled * self.counts) ** 2 / math.fsum(scaled**2 * self.counts)


def tilted_sample_size(ensemble: Ensemble) -> float | None:
    r"""How many plain paths the paths are worth for what is typical without a tilt, exactly: N / <W^2>_s.

    :math:`\langle W^2\rangle_s = Z\langle e^{sx}\rangle`. N without a tilt; None where density matrices do not know.
    """
    if ensemble.tilt is None:
        return float(ensemble.paths - ensemble.outside)
    exact = ExactMoments.of(ensemble, ensemble.tilt.quantity)
    other = exact.log_exponential_average(-ensemble.tilt.strength)
    return None if other is None else ensemble.paths * math.exp(-max(0.0, ensemble.tilt.log_normalisation + other))
