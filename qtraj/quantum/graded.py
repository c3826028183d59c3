r"""Eigenvalues of a sum of weighted projections, each to high relative accuracy.

A state met here is always a sum :math:`\rho = \sum_i e^{w_i} v_i v_i^\dagger` with weights known as logarithms.
Forming the matrix first would lose every eigenvalue below 1e-16 of the largest, and with it the entropy production
of rare paths (and, when it is rounded to zero, the difference between <e^-sigma> = 1 and 1 - lambda). Instead the
weighted vectors are compressed by row-sorted, column-pivoted QR and their singular values found by one-sided Jacobi
rotations; both steps keep small values relatively accurate when weights differ by hundreds of orders of magnitude
but the directions do not nearly coincide [Demmel92].

The rank is decided from the *unweighted* directions: a weight, however small, is not a reason to call an eigenvalue
zero, but two directions that agree to 1e-13 are one direction.
"""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import scipy.linalg
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.special import logsumexp

from qtraj.arrays import ComplexArray, FloatArray, IntArray
from qtraj.errors import UnresolvedState

__all__ = ["AMPLITUDE_CUT", "LOG_AMPLITUDE_FLOOR", "accurate_singular_system", "graded_eigensystem"]

# Amplitudes carry a rounding error of about d * 1e-16 after a few matrix products; below 1e-13 nothing tells a
# small amplitude from a structural zero. Probabilities dropped with it are below 1e-26.
AMPLITUDE_CUT = 1e-13

# Amplitudes are squared inside the rotations, and 1e-150 squared is still a normal double.
LOG_AMPLITUDE_FLOOR = -345.0

# Cold environments contribute very many terms of no weight at all: first try without those below e^-100.
_HEAVY_RANGE = 100.0
_NEGLIGIBLE = -40.0

_CHUNK_ROWS = 32768
_MAX_SWEEPS = 60


def graded_eigensystem(log_weights: FloatArray, vectors: ComplexArray) -> tuple[FloatArray, ComplexArray]:
    r"""Eigen-decompose :math:`\sum_i e^{w_i} v_i v_i^\dagger` with relatively accurate eigenvalues.

    Args:
        log_weights: Logarithms of the weights, shape (N,); -inf drops a term.
        vectors: One vector a row, shape (N, d), not necessarily normalised (norms at most of order 1).

    Returns:
        Logarithms of the non-zero eigenvalues, descending, shape (r,), and orthonormal eigenvectors as columns,
        shape (d, r).

    Raises:
        UnresolvedState: If a non-zero eigenvalue is too small, beside the coherent part it belongs to, to be
            resolved (below about 1e-300 of it).

    Example:
        >>> import numpy as np
        >>> w, v = graded_eigensystem(np.array([0.0, -600.0]), np.array([[1, 0], [1, 1]], dtype=complex))
        >>> w.round(6).tolist()
        [0.0, -600.0]
    """
    heavy = log_weights > log_weights.max() - _HEAVY_RANGE
    if not heavy.all():
        light = float(logsumexp(log_weights[~heavy]))
        # The heavy terms alone may well be unresolved or rank deficient; then all terms are needed.
        with suppress(UnresolvedState):
            values, basis = _decompose(log_weights[heavy], vectors[heavy])
            # What was left out moves no eigenvalue by more than its total weight (Weyl), so it may stay out if that
            # is nothing beside the smallest one; and full rank cannot grow.
            if values.size == vectors.shape[1] and light < values[-1] + _NEGLIGIBLE:
                return values, basis
    return _decompose(log_weights, vectors)


def _decompose(log_weights: FloatArray, vectors: ComplexArray) -> tuple[FloatArray, ComplexArray]:
    vectors = np.where(np.abs(vectors) > AMPLITUDE_CUT, vectors, 0)
    norms = np.linalg.norm(vectors, axis=1)
    keep = (norms > 0) & (log_weights > -np.inf)
    norms, log_weights, vectors = norms[keep], log_weights[keep], vectors[keep] / norms[keep, None]
    log_weights = log_weights + 2 * np.log(norms)
    dimension = vectors.shape[1]
    log_values: list[FloatArray] = []
    columns: list[ComplexArray] = []
    for members in _components(vectors):
        rows = np.flatnonzero(vectors[:, members[0]] if members.size == 1 else vectors[:, members].any(axis=1))
        if rows.size == 0:
            continue
        values, basis = _connected(log_weights[rows], vectors[np.ix_(rows, members)])
        log_values.append(values)
        column = np.zeros((dimension, values.size), dtype=np.complex128)
        column[members] = basis
        columns.append(column)
    if not log_values:
        return np.empty(0), np.empty((dimension, 0), dtype=np.complex128)
    flat = np.concatenate(log_values)
    order = np.argsort(-flat, kind="stable")
    return flat[order], np.concatenate(columns, axis=1)[:, order]


def _components(vectors: ComplexArray) -> list[IntArray]:
    """Split the coordinates into sets that no vector connects: populations without coherence stand alone."""
    present = (vectors != 0).astype(np.float64)
    count, labels = connected_components(coo_array(present.T @ present), directed=False)
    return [np.flatnonzero(labels == k).astype(np.int64) for k in range(count)]


def _connected(log_weights: FloatArray, directions: ComplexArray) -> tuple[FloatArray, ComplexArray]:
    if directions.shape[1] == 1:
        return np.array([logsumexp(log_weights)]), np.ones((1, 1), dtype=np.complex128)
    singular = np.linalg.svd(_compress(directions), compute_uv=False)
    rank = int((singular > AMPLITUDE_CUT * singular[0]).sum())
    top = float(log_weights.max())
    amplitudes = (log_weights - top) / 2
    resolved = amplitudes > LOG_AMPLITUDE_FLOOR
    rows = np.exp(amplitudes[resolved])[:, None] * directions[resolved]
    norms, basis = accurate_singular_system(rows)
    full = rank == directions.shape[1]
    # With full rank there is no empty direction whose rounding noise could pose as an eigenvalue; without it, the
    # smallest kept value must stand clear of that noise.
    floor = 0.0 if full else AMPLITUDE_CUT * norms[0]
    if norms.size < rank or norms[rank - 1] <= floor:
        raise UnresolvedState(
            f"the state must have its {rank} non-zero eigenvalues within reach of double precision, but one lies below "
            f"{'1e-300' if full else '1e-26'} of the largest it is coherent with; "
            "lower the inverse temperature or remove the coherence"
        )
    return top + 2 * np.log(norms[:rank]), basis[:, :rank]


def accurate_singular_system(rows: ComplexArray) -> tuple[FloatArray, ComplexArray]:
    r"""Diagonalise :math:`\sum_i v_iv_i^\dagger`, where the lengths of vectors or coordinates differ by many orders.

    Args:
        rows: The :math:`v_i`, shape (N, d): a well-conditioned matrix whose rows, or columns, have been scaled.

    Returns:
        Roots of the eigenvalues, descending and relatively accurate, and eigenvectors as columns, shape (d, min(N, d)).

    Example:
        >>> values, _ = accurate_singular_system(np.array([[1.0, 1e-120], [1.0, -1e-120]], dtype=complex))
        >>> (values / np.sqrt(2)).tolist()
        [1.0, 1e-120]
    """
    return _jacobi(np.conj(_compress(np.conj(rows))).T)


def _compress(rows: ComplexArray) -> ComplexArray:
    """Return at most d rows R with R^dag R = rows^dag rows, keeping small rows relatively accurate."""
    rows = rows[np.argsort(-np.linalg.norm(rows, axis=1), kind="stable")]
    if rows.shape[0] > _CHUNK_ROWS:
        chunks = range(0, rows.shape[0], _CHUNK_ROWS)
        return _compress(np.concatenate([_compress(rows[start : start + _CHUNK_ROWS]) for start in chunks]))
    triangle, pivots = scipy.linalg.qr(rows, mode="r", pivoting=True, check_finite=False)
    out = np.empty((min(rows.shape), rows.shape[1]), dtype=np.complex128)
    out[:, pivots] = triangle[: out.shape[0]]
    return out


def _jacobi(columns: ComplexArray) -> tuple[FloatArray, ComplexArray]:
    """Rotate columns until orthogonal; return their norms, descending, and the normalised columns."""
    work = columns.copy()
    count = work.shape[1]
    precision = 4 * np.finfo(float).eps
    for _ in range(_MAX_SWEEPS):
        rotated = False
        for i in range(count - 1):
            for j in range(i + 1, count):
                first, second = np.linalg.norm(work[:, i]), np.linalg.norm(work[:, j])
                if first == 0 or second == 0:
                    continue
                overlap = np.vdot(work[:, i] / first, work[:, j] / second)
                size = abs(overlap)
                if size <= precision:
                    continue
                rotated = True
                ratio = (second / first - first / second) / (2 * size)
                tangent = (1.0 if ratio >= 0 else -1.0) / (abs(ratio) + np.hypot(1.0, ratio))
                cosine = 1.0 / np.hypot(1.0, tangent)
                aligned = work[:, j] * np.conj(overlap / size)
                work[:, j] = cosine * (tangent * work[:, i] + aligned)
                work[:, i] = cosine * (work[:, i] - tangent * aligned)
        if not rotated:
            break
    norms = np.linalg.norm(work, axis=0)
    order = np.argsort(-norms, kind="stable")
    norms = norms[order]
    positive = norms > 0
    return norms[positive], (work[:, order] / np.where(positive, norms, 1.0))[:, positive]
