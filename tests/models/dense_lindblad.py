"""Lindblad equations as dense matrices, written for the tests: nothing of the package's own generators is used."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.complex128]


def dissipate(jumps: Sequence[Matrix], rho: Matrix) -> Matrix:
    """sum L rho L^dag - {L^dag L, rho} / 2."""
    total = np.zeros_like(rho)
    for jump in jumps:
        weight = jump.conj().T @ jump
        total += jump @ rho @ jump.conj().T - (weight @ rho + rho @ weight) / 2
    return total


def generator(hamiltonian: Matrix, jumps: Sequence[Matrix], kept: NDArray[np.bool_] | None = None) -> Matrix:
    """The matrix of the master equation on the entries of rho that are `kept` (all by default), rows first."""
    size = hamiltonian.shape[0]
    kept = np.ones((size, size), dtype=bool) if kept is None else kept
    columns = []
    for row, column in zip(*np.nonzero(kept), strict=True):
        unit = np.zeros((size, size), dtype=np.complex128)
        unit[row, column] = 1
        change = -1j * (hamiltonian @ unit - unit @ hamiltonian) + dissipate(jumps, unit)
        assert not np.any(change[~kept]), "the entries kept are not closed under the master equation"
        columns.append(change[kept])
    return np.array(columns).T


def stationary(hamiltonian: Matrix, jumps: Sequence[Matrix], kept: NDArray[np.bool_] | None = None) -> Matrix:
    """The steady state, by replacing one equation by that of the trace."""
    size = hamiltonian.shape[0]
    kept = np.ones((size, size), dtype=bool) if kept is None else kept
    matrix = generator(hamiltonian, jumps, kept)
    matrix[0] = np.eye(size)[kept]  # the first equation follows from the others: the trace is conserved
    target = np.zeros(matrix.shape[0], dtype=np.complex128)
    target[0] = 1
    rho = np.zeros((size, size), dtype=np.complex128)
    rho[kept] = np.linalg.solve(matrix, target)
    return rho


def expectation(operator: Matrix, rho: Matrix) -> complex:
    return complex(np.trace(operator @ rho))
