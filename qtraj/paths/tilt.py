r"""Tilted ensembles: paths drawn with probability :math:`P\,e^{-sx}/Z` instead of P, and the weights that undo it.

Mapping: x a quantity of the path, s the strength of the tilt, :math:`Z = \langle e^{-sx}\rangle`. Every tilted path
carries the weight :math:`W = Z e^{sx}`, and :math:`\langle f\rangle = \langle W f\rangle_s` for whatever f. A negative
strength favours large x. What is tilted must be known at the ends: :math:`x = x_{start}(\alpha) + \sum_i c_i +
x_{end}(\beta)`, with :math:`\ln p_\alpha` and :math:`-\ln p'_\beta` for sigma and nothing for heat and entropy flows.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from qtraj.arrays import ComplexArray, FloatArray, frozen
from qtraj.errors import InvalidInput, NotRecorded
from qtraj.processes.seam import Endpoints

__all__ = ["Tilt", "TiltedEnds", "contiguous"]


def contiguous(values: ArrayLike) -> NDArray[Any]:
    """A read-only array whose elements follow each other: kernels are compiled once for each layout."""
    return frozen(np.ascontiguousarray(values))


@dataclass(frozen=True, kw_only=True)
class Tilt:
    """How the paths of an ensemble were favoured.

    Args:
        quantity: x, such as `sigma` or `heat_into_hot`.
        strength: s; negative favours large x.
        log_normalisation: ln Z.

    Example:
        >>> tilt = Tilt(quantity="sigma", strength=1.0, log_normalisation=0.0)
        >>> tilt.log_weights(np.array([0.0, 2.0])).tolist()
        [0.0, 2.0]
    """

    quantity: str
    strength: float
    log_normalisation: float

    def __post_init__(self) -> None:
        """Check that the numbers are numbers."""
        for name in ("strength", "log_normalisation"):
            if not math.isfinite(value := getattr(self, name)):
                raise InvalidInput(f"`{name}` must be finite, but is {value}", measured=value)

    def log_weights(self, values: FloatArray) -> FloatArray:
        """Ln W of paths from their values of the quantity, shape (N,)."""
        logs: FloatArray = self.log_normalisation + self.strength * values
        return logs


@dataclass(frozen=True, kw_only=True, eq=False)
class TiltedEnds:
    r"""What a tilt does at the two ends of a path.

    Attributes:
        log_start: Ln of :math:`p_\alpha e^{-sx_{start}}` of every initial vector, shape (R,).
        log_end: :math:`-sx_{end}` of every final vector, shape (F,).
        starts: Initial vectors as columns, energy eigenbasis, shape (d, R).
        ends: Final vectors as columns, shape (d, F).
    """

    log_start: FloatArray
    log_end: FloatArray
    starts: ComplexArray
    ends: ComplexArray

    @classmethod
    def of(cls, endpoints: Endpoints, quantity: str, strength: float) -> TiltedEnds:
        """The ends under a protocol.

        Raises:
            NotRecorded: If sigma is asked for and the end is not measured.
        """
        start, end = endpoints.initial.outcomes, endpoints.final.outcomes
        log_start = start.log_eigenvalues[start.outcome_of]
        log_end = np.zeros(end.outcome_of.size)
        if quantity == "sigma":
            if not (endpoints.initial.measured and endpoints.final.measured):
                raise NotRecorded("`sigma` is not defined without a measurement at the end")
            log_start = (1.0 - strength) * log_start
            log_end = strength * end.log_eigenvalues[end.outcome_of]
        return cls(log_start=log_start, log_end=log_end, starts=start.vectors, ends=end.vectors)

    def final_operator(self) -> tuple[ComplexArray, float]:
        r"""The operator :math:`\sum_\beta e^{-sx_{end}}|\beta\rangle\langle\beta|`, to be multiplied by exp(scale)."""
        scale = float(self.log_end.max())
        return (self.ends * np.exp(self.log_end - scale)) @ np.conj(self.ends.T), scale

    def start_weights(self, operator: ComplexArray, scale: float) -> tuple[FloatArray, float]:
        r"""Relative weights :math:`p_\alpha e^{-sx_{start}}\langle\alpha|l_0|\alpha\rangle` of the initial vectors.

        Args:
            operator: :math:`l_0`, to be multiplied by exp(scale), shape (d, d).
            scale: Its scale.

        Returns:
            The weights, shape (R,), adding up to 1, and ln Z, the logarithm of what they add up to.
        """
        values = np.einsum("ir,ij,jr->r", np.conj(self.starts), operator, self.starts).real
        with np.errstate(divide="ignore"):
            logs = self.log_start + np.log(np.maximum(values, 0.0))
        top = float(logs.max())
        weights = np.exp(logs - top)
        total = float(weights.sum())
        return weights / total, top + math.log(total) + scale
