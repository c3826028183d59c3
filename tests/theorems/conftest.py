"""Laws of sigma that obey the fluctuation theorem exactly, atom by atom, without any physics behind them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.special import logsumexp

from qtraj.arrays import FloatArray, IntArray


@dataclass(frozen=True, kw_only=True)
class Law:
    values: FloatArray
    log_probabilities: FloatArray

    @property
    def p(self) -> FloatArray:
        p = np.exp(self.log_probabilities)
        return p / p.sum()

    @property
    def log_backward(self) -> FloatArray:
        return self.log_probabilities - self.values

    @property
    def target(self) -> float:
        """1 - lambda."""
        return float(np.exp(logsumexp(self.log_backward)))

    @property
    def mean(self) -> float:
        return float(self.p @ self.values)

    @property
    def variance(self) -> float:
        return float(self.p @ (self.values - self.mean) ** 2)

    @property
    def pair(self) -> tuple[FloatArray, FloatArray]:
        return self.values, self.log_probabilities

    def draw(self, rng: np.random.Generator, paths: int) -> IntArray:
        return rng.multinomial(paths, self.p).astype(np.int64)


def gaussian_law(variance: float, *, irreversible: float = 0.0, step: float = 0.5) -> Law:
    """A lattice normal law of mean variance/2, for which <e^-sigma> = 1 and <e^-2sigma> = e^variance.

    P(s) = e^{s/2} g(|s|) obeys P(s) = e^s P(-s) for any g. Shifting s by -ln(1 - lambda) then scales <e^-sigma>
    to 1 - lambda.
    """
    half = int(np.ceil((variance / 2 + 9.0 * np.sqrt(variance) + 1.0) / step))
    s = step * np.arange(-half, half + 1)
    logs = s / 2 - s * s / (2 * variance)
    return Law(values=s - np.log1p(-irreversible), log_probabilities=logs - logsumexp(logs))


@pytest.fixture(scope="session")
def make_law() -> Callable[..., Law]:
    return gaussian_law


@pytest.fixture(scope="session")
def light_law() -> Law:
    """<e^-2sigma> = 7.4: ten thousand paths are plenty."""
    return gaussian_law(2.0)


@pytest.fixture(scope="session")
def heavy_law() -> Law:
    """<e^-2sigma> = 1e7."""
    return gaussian_law(float(np.log(1e7)))
