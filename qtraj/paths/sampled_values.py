r"""Averages over sampled values: of paths that were counted, and of paths that were drawn under a tilt.

Mapping: values :math:`s_k`; of counted paths the numbers :math:`n_k` that have each, of tilted ones the weights
:math:`w_k` (how many plain paths each stands for); N paths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qtraj.arrays import FloatArray, IntArray
from qtraj.errors import InvalidInput

__all__ = ["CountedValues", "WeightedValues"]


@dataclass(frozen=True, kw_only=True, eq=False)
class CountedValues:
    """Values, and how many paths have each.

    Attributes:
        values: Shape (C,).
        counts: Shape (C,).
        paths: Number of paths drawn; more than there are in `counts` if some fell into no class of the law.

    Example:
        >>> sampled = CountedValues(values=np.array([0.0, 1.0]), counts=np.array([3, 1]), paths=4)
        >>> sampled.mean(), sampled.variance(), sampled.standard_error()
        (0.25, 0.1875, 0.25)
    """

    values: FloatArray
    counts: IntArray
    paths: int

    @property
    def weights(self) -> FloatArray:
        """The counts as floats."""
        return self.counts.astype(np.float64)

    @property
    def number(self) -> int:
        """Number of paths with a value; an average needs one.

        Raises:
            InvalidInput: If there is none.
        """
        number = int(self.counts.sum())
        if number == 0:
            raise InvalidInput("an average needs at least one path in a class of the law, but there is none")
        return number

    def mean(self) -> float:
        r""":math:`\sum_k n_k s_k / \sum_k n_k`."""
        return _average(self.weights * self.values, self.number)

    def variance(self) -> float:
        """Mean square of the distance from the mean."""
        return _average(self.weights * (self.values - self.mean()) ** 2, self.number)

    def standard_error(self) -> float:
        """Of the mean, from the sampled variance."""
        return float(np.sqrt(self.variance() / max(1, self.paths - 1)))

    def exponential_average(self, u: float) -> float:
        r""":math:`\sum_k n_k e^{-us_k} / \sum_k n_k`; infinite if it exceeds 1e308."""
        seen = self.counts > 0
        number, exponents = self.number, -u * self.values[seen]
        top = float(exponents.max())
        with np.errstate(over="ignore"):
            scaled = (self.counts[seen] * np.exp(exponents - top)).sum() / number
            return float(scaled * np.exp(top))


@dataclass(frozen=True, kw_only=True, eq=False)
class WeightedValues:
    """Values of single paths, and how many plain paths each stands for.

    Attributes:
        values: Shape (N,).
        log_weights: Logarithms of the weights, shape (N,).

    Example:
        >>> sampled = WeightedValues(values=np.array([0.0, 2.0]), log_weights=np.log([1.5, 0.5]))
        >>> round(sampled.mean(), 12), round(sampled.exponential_average(0.0), 12)
        (0.5, 1.0)
    """

    values: FloatArray
    log_weights: FloatArray

    @property
    def weights(self) -> FloatArray:
        """The weights; infinite where they exceed 1e308."""
        with np.errstate(over="ignore"):
            weights: FloatArray = np.exp(self.log_weights)
            return weights

    def mean(self) -> float:
        r""":math:`\sum_k w_k s_k / N`."""
        return _average(self.weights * self.values, self.values.size)

    def variance(self) -> float:
        """Weighted mean square of the distance from the mean."""
        return _average(self.weights * (self.values - self.mean()) ** 2, self.values.size)

    def standard_error(self) -> float:
        """Of the mean, from the spread of weight times value."""
        return float((self.weights * self.values).std() / np.sqrt(max(1, self.values.size - 1)))

    def exponential_average(self, u: float) -> float:
        r""":math:`\sum_k w_k e^{-us_k} / N`; infinite if it exceeds 1e308."""
        total = self.log_weights - u * self.values
        with np.errstate(over="ignore"):
            return float(np.exp(total - total.max()).mean() * np.exp(total.max()))


def _average(terms: FloatArray, number: int) -> float:
    return float(terms.sum() / number)
