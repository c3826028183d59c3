"""How accurate averages over an exact law are, and so by how much a right one may be off.

Symbols: s the values, P their probabilities.
"""

from __future__ import annotations

import math

import numpy as np

from qtraj.arrays import FloatArray

__all__ = ["LAW_ERROR", "rounding_floor"]

LAW_ERROR = 1e-12
"""Relative error of a mean over an exact law: atoms are products of a dozen factors, each good to about 1e-15, and
squared matrix elements, good to about 1e-16 over their size; a factor of ten to spare."""


def rounding_floor(values: FloatArray, log_probabilities: FloatArray) -> float:
    """Return the numerical error to allow in a mean over the law: 1e-12 max(1, <|s|>).

    Args:
        values: Atoms, shape (K,).
        log_probabilities: ln P of each, shape (K,).
    """
    return LAW_ERROR * max(1.0, math.fsum(np.abs(values) * np.exp(log_probabilities)))
