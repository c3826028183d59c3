r"""Mean occupations that several papers ask for, without overflow."""

from __future__ import annotations

import math

__all__ = ["fermi"]


def fermi(x: float) -> float:
    r"""Excited population of a two-level system, :math:`1/(e^x + 1)` at :math:`x = \beta\omega \ge 0`.

    Example:
        >>> fermi(0.0), fermi(1000.0)
        (0.5, 0.0)
    """
    return math.exp(-x) / (1 + math.exp(-x))
