r"""Compiled: what tilted jumps and tilted stages share, vectors and choices by weight.

Mapping: matrices M, vectors :math:`\psi`, and the future's weight of a vector, :math:`\langle\psi|l|\psi\rangle`.
"""

from __future__ import annotations

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray
from qtraj.paths.compiling import inlined

__all__ = ["apply", "choose", "form", "measured"]


@inlined
def apply(matrix: ComplexArray, vector: ComplexArray, out: ComplexArray) -> None:
    """Out = matrix @ vector."""
    for i in range(vector.size):
        total = 0j
        for j in range(vector.size):
            total += matrix[i, j] * vector[j]
        out[i] = total


@inlined
def form(matrix: ComplexArray, vector: ComplexArray) -> float:
    """<vector|matrix|vector> of a Hermitian matrix."""
    total = 0.0
    for i in range(vector.size):
        row = 0j
        for j in range(vector.size):
            row += matrix[i, j] * vector[j]
        total += vector[i].real * row.real + vector[i].imag * row.imag
    return total


@inlined
def choose(weights: FloatArray, number: int, part: float) -> int:
    """The place at which the weights add up to more than a part of their sum; -1 if all are zero."""
    total, chosen, target = 0.0, -1, 0.0
    for k in range(number):
        target += weights[k]
    target *= part
    for k in range(number):
        if weights[k] > 0.0 and (chosen < 0 or total <= target):
            chosen = k
        total += max(weights[k], 0.0)
    return chosen


@inlined
def measured(ends: ComplexArray, end_weights: FloatArray, psi: ComplexArray, weights: FloatArray, part: float) -> int:
    """Which final vector is found, by the Born rule times the tilt."""
    for b in range(end_weights.size):
        overlap = 0j
        for i in range(psi.size):
            overlap += np.conj(ends[b, i]) * psi[i]
        weights[b] = end_weights[b] * (overlap.real**2 + overlap.imag**2)
    return max(choose(weights, end_weights.size, part), 0)
