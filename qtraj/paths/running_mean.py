"""The current estimate that a progress display shows: a mean with its standard error, from what is there so far."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from qtraj.arrays import FloatArray, IntArray

if TYPE_CHECKING:
    from qtraj.paths.law import PathLaw  # which, computed on workers, imports what imports this

__all__ = ["CurrentEstimate", "RunningMean", "counted_estimate"]

ERROR_DIGITS: Final = 2
"""Digits of a standard error worth showing; those of the value end where they do."""


@dataclass(frozen=True, kw_only=True)
class CurrentEstimate:
    """A mean as far as it is known.

    Attributes:
        name: What it is the mean of.
        value: The mean so far.
        standard_error: Of that.

    Example:
        >>> print(CurrentEstimate(name="<e^-sigma>", value=1.00213, standard_error=0.0041))
        <e^-sigma> = 1.0021 ± 0.0041
    """

    name: str
    value: float
    standard_error: float

    def __str__(self) -> str:
        if not 0.0 < self.standard_error < math.inf:
            return f"{self.name} = {self.value:.6g}"
        digits = max(0, ERROR_DIGITS - 1 - math.floor(math.log10(self.standard_error)))
        if digits > 12 or abs(self.value) >= 1e12:
            return f"{self.name} = {self.value:.6g} ± {self.standard_error:.{ERROR_DIGITS}g}"
        return f"{self.name} = {self.value:.{digits}f} ± {self.standard_error:.{digits}f}"


class RunningMean:
    r"""The mean of :math:`e^{-\sigma}` over rows that come block by block; of the heat where there is no sigma.

    It is for the eye only: what a run returns is computed from its rows.

    Example:
        >>> running = RunningMean()
        >>> running.add({"sigma": np.array([0.0, 0.0])})
        >>> print(running.estimate())
        <e^-sigma> = 1
    """

    def __init__(self) -> None:
        self._name = ""
        self._count, self._mean, self._squares = 0, 0.0, 0.0

    def add(self, rows: Mapping[str, Any]) -> None:
        """Take a block's rows into account."""
        own, values = RunningMean(), _shown(rows.get)
        if values is not None and values[1].size:
            own._name, column = values
            own._count, own._mean = column.size, float(column.mean())
            own._squares = float(((column - own._mean) ** 2).sum())
            self.join(own)

    def join(self, other: RunningMean) -> None:
        """Take into account what another one has seen, perhaps on another machine."""
        if other._count:
            # Chan's update, which keeps the digits that a sum of squares would lose.
            total, apart = self._count + other._count, other._mean - self._mean
            self._squares += other._squares + apart**2 * self._count * other._count / total
            self._mean += apart * other._count / total
            self._count, self._name = total, other._name

    def estimate(self) -> CurrentEstimate | None:
        """The mean so far; None if there is nothing yet."""
        if self._count < 2:
            return None
        error = math.sqrt(self._squares / (self._count - 1) / self._count)
        return CurrentEstimate(name=self._name, value=self._mean, standard_error=error)


def counted_estimate(law: PathLaw, counts: IntArray) -> CurrentEstimate | None:
    """The same of paths that were counted by the classes of a law.

    Args:
        law: The law.
        counts: Paths in every class so far, shape (C,).

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.exact_law import exact_law
        >>> law = exact_law(build_model("two-qubit-exchange"))
        >>> print(counted_estimate(law, np.arange(law.classes)).name)
        <e^-sigma>
    """
    seen = np.flatnonzero(counts)
    values = _shown(lambda name: law.quantity(name) if name in law.quantities else None)
    number = int(counts[seen].sum())
    if values is None or number < 2:
        return None
    name, column = values[0], values[1][seen]
    weights = counts[seen] / number
    mean = float(weights @ column)
    variance = float(weights @ (column - mean) ** 2)
    return CurrentEstimate(name=name, value=mean, standard_error=math.sqrt(variance / number))


def _shown(quantity: Callable[[str], FloatArray | None]) -> tuple[str, FloatArray] | None:
    sigma, heat = quantity("sigma"), quantity("heat")
    if sigma is not None:
        with np.errstate(over="ignore"):  # infinite is then what the estimate is
            return "<e^-sigma>", np.exp(-sigma)
    return None if heat is None else ("<heat>", heat)
