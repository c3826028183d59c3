"""Slopes and peaks of smooth functions, from their Chebyshev interpolants.

A peak looked for by comparing values is found to half the digits of the values, because they are flat there, and a
difference quotient loses as many. The slope of an interpolant loses two or three digits.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.polynomial import Chebyshev

__all__ = ["peak_between", "slope_at_start"]

DEGREE: Final = 30
"""Enough for fifteen digits of a function without poles near the interval."""

REAL: Final = 1e-9
"""Imaginary parts of roots below this are rounding."""

FLAT: Final = 1e-13
"""A peak that is higher than the ends by less than this part of the function's values is rounding."""


def peak_between(function: Callable[[float], float], low: float, high: float, *, degree: int = DEGREE) -> float | None:
    """Where a smooth function with at most one peak in an interval has it; None where there is none.

    Args:
        function: The function.
        low: Lower end of the interval.
        high: Its upper end.
        degree: Of the interpolant; the function is asked for one value more.

    Example:
        >>> abs(peak_between(lambda x: x / (1 + x) ** 3, 0.0, 2.0) - 0.5) < 1e-12
        True
        >>> peak_between(lambda x: 1 / (1 + x), 0.0, 2.0) is None
        True
    """
    curve = _interpolant(function, low, high, degree)
    slope = curve.deriv().trim()
    roots = np.asarray(slope.roots(), dtype=np.complex128)
    inside = roots.real[(np.abs(roots.imag) < REAL) & (roots.real > low) & (roots.real < high)]
    # The slope of a constant is rounding and has zeros as well; a peak is higher than both ends.
    level = max(float(curve(low)), float(curve(high)))
    heights = curve(inside) - level
    peaks = (slope.deriv()(inside) < 0) & (heights > FLAT * np.abs(curve.coef).max())
    return float(inside[peaks][np.argmax(heights[peaks])]) if peaks.any() else None


def slope_at_start(function: Callable[[float], float], low: float, high: float) -> float:
    """The derivative of a smooth function at the lower end of an interval.

    Example:
        >>> abs(slope_at_start(lambda x: float(np.exp(-2 * x)), 0.0, 1.0) + 2) < 1e-10
        True
    """
    return float(_interpolant(function, low, high, DEGREE).deriv()(low))


def _interpolant(function: Callable[[float], float], low: float, high: float, degree: int) -> Chebyshev:
    def values(places: np.ndarray) -> np.ndarray:
        return np.array([function(float(place)) for place in places])

    return Chebyshev.interpolate(values, degree, domain=[low, high])
