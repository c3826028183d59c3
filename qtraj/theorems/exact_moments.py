"""Exact moments of a quantity for standard errors: from the law, or from density matrices where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from qtraj.blas import one_blas_thread
from qtraj.density.partners import exact_cumulants, exact_log_exponential_average
from qtraj.errors import InvalidInput
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.law import PathLaw
from qtraj.paths.tilt import Tilt
from qtraj.processes.seam import MeasurementProtocol, Process

__all__ = ["WITH_EXPONENTIALS", "ExactMoments", "cumulants_at"]

WITH_EXPONENTIALS = ("sigma", "sigma_d", "xi")


# Five-point differences over this step: ln G is good to 1e-13, so that the third derivative is to 1e-7.
STEP = 1e-2


def cumulants_at(log_average: Callable[[float], float], u: float) -> tuple[float, float, float]:
    r"""Mean, variance and third cumulant under a tilt of strength u, from derivatives of ln <e^{-u x}>.

    Example:
        >>> normal = lambda u: -2.0 * u + 1.5 * u**2  # mean 2, variance 3
        >>> [round(value, 6) + 0.0 for value in cumulants_at(normal, 1.0)]
        [-1.0, 3.0, 0.0]
    """
    f = [log_average(u + k * STEP) for k in (-2, -1, 0, 1, 2)]
    first = (f[0] - 8 * f[1] + 8 * f[3] - f[4]) / (12 * STEP)
    second = (-f[0] + 16 * f[1] - 30 * f[2] + 16 * f[3] - f[4]) / (12 * STEP**2)
    third = (-f[0] + 2 * f[1] - 2 * f[3] + f[4]) / (2 * STEP**3)
    return -first, max(0.0, second), -third


@dataclass(frozen=True, kw_only=True, eq=False)
class ExactMoments:
    """Exact moments of one quantity of a process, each None where nobody knows it."""

    process: Process
    protocol: MeasurementProtocol
    law: PathLaw | None
    name: str

    @classmethod
    def of(cls, ensemble: Ensemble, name: str) -> ExactMoments:
        """Those of the process and protocol of an ensemble."""
        protocol = MeasurementProtocol.parse(ensemble.protocol)
        return cls(process=ensemble.process, protocol=protocol, law=ensemble.finite_law, name=name)

    @cached_property
    def cumulants(self) -> tuple[float, float, float] | None:
        """Mean, variance, third cumulant."""
        try:
            if self.law is not None:
                return self.law.cumulants(self.name)
            process: Any = self.process
            return _cumulants(process, self.name, self.protocol)
        except InvalidInput:  # too large, not recorded, or not a quantity that density matrices know
            return None

    @cached_property
    def central(self) -> tuple[float, ...] | None:
        """Central moments of order 0 to 6, from the law only."""
        if self.law is None:
            return None
        values, weights = self.law.quantity(self.name), self.law.probabilities
        centred = values - self.law.mean(self.name)
        return tuple(math.fsum(weights * centred**k) for k in range(7))

    def log_exponential_average(self, u: float) -> float | None:
        """Ln <e^{-u x}>."""
        try:
            if self.law is not None:
                return self.law.log_exponential_average(self.name, u)
            if self.name not in WITH_EXPONENTIALS:
                return None
            process: Any = self.process
            found = _log_exponential_average(process, self.name, u, self.protocol)
        except InvalidInput:
            return None
        return found if math.isfinite(found) else None

    def weighted_second_moment(self, tilt: Tilt) -> float | None:
        r"""<W^2 x^2> of paths drawn under a tilt of x itself: :math:`Z\langle e^{sx}x^2\rangle`."""
        if tilt.quantity != self.name or self.log_exponential_average(-tilt.strength) is None:
            return None

        def log_average(u: float) -> float:
            found = self.log_exponential_average(u)
            return math.inf if found is None else found

        mean, variance, _ = cumulants_at(log_average, -tilt.strength)
        with np.errstate(over="ignore"):
            scale = float(np.exp(tilt.log_normalisation + log_average(-tilt.strength)))
        found = scale * (variance + mean**2)
        return found if math.isfinite(found) else None

    def probability(self, low: float, high: float) -> float | None:
        """Probability of low < x < high, from the law only."""
        if self.law is None:
            return None
        values = self.law.quantity(self.name)
        return math.fsum(np.where((values > low) & (values < high), self.law.probabilities, 0.0))


# A process is itself and nothing else, and estimates of one are asked for again and again.
@lru_cache(maxsize=128)
def _cumulants(process: Any, name: str, protocol: MeasurementProtocol) -> tuple[float, float, float]:
    with one_blas_thread():
        return exact_cumulants(process, name, protocol=protocol)


@lru_cache(maxsize=512)
def _log_exponential_average(process: Any, name: str, u: float, protocol: MeasurementProtocol) -> float:
    with one_blas_thread():
        return exact_log_exponential_average(process, name, u, protocol=protocol)
