r"""Eigenvalues of weights that are correlated, :math:`M = diag(w) + \chi`, each relatively accurate, and its rank.

The weights may differ by many orders of magnitude, so nothing is judged beside the largest of them. A Cholesky
factorisation, the likeliest direction first, takes one direction after the other out of M, and shows what is left of a
rare one in units of its own population. Eigenvalues are the squared singular values of the factor, of which small ones
are as accurate as large ones [Demmel92].

**What counts as zero.** The elements of :math:`\chi` are known up to some error. What is left of a direction within its
error is zero, if that error is so small beside its population that nothing honest would lie there by accident. If it is
not, or if what is left is barely beyond it, nobody can tell, and <e^-sigma> depends on it: the state is refused.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray
from qtraj.errors import AmbiguousRank, InvalidState, UnresolvedState
from qtraj.quantum.graded import LOG_AMPLITUDE_FLOOR, accurate_singular_system
from qtraj.quantum.states import AMBIGUOUS_EIGENVALUE

__all__ = ["EPS", "correlated_eigensystem"]

EPS = float(np.finfo(float).eps)

# Less than this part of a population is left by accident in one case out of a thousand; from its error to a hundred
# times that, it could be a zero with a few more rounding errors.
ACCIDENT = 1e-3
CLEAR = 100.0

# Singular values within a factor of a thousand come out of LAPACK with twelve digits and more.
EVEN = 1e-3


def correlated_eigensystem(
    logs: FloatArray, correlations: ComplexArray, doubt: FloatArray
) -> tuple[FloatArray, ComplexArray]:
    """Logarithms of the non-zero eigenvalues and the eigenvectors of weights plus correlations between them.

    Args:
        logs: Logarithms of the weights, shape (k,).
        correlations: Hermitian, shape (k, k).
        doubt: Absolute errors of its elements, shape (k, k).

    Returns:
        Logarithms, shape (r,), and eigenvectors as columns, shape (k, r).

    Raises:
        InvalidState: If there is a negative eigenvalue; `measured` is the factor by which correlations may be stronger.
        AmbiguousRank: If an eigenvalue is neither clearly zero nor clearly positive.
        UnresolvedState: If the weights differ by more than 300 orders of magnitude.

    Example:
        Weights 1/2 and 1e-26, and a coherence of half of what they admit:

        >>> chi = np.array([[0.0, 2.5e-14], [2.5e-14, 0.0]], dtype=complex)
        >>> found, _ = correlated_eigensystem(np.log([0.5, 5e-27]), chi, np.zeros((2, 2)))
        >>> (np.exp(found) / [0.5, 5e-27]).round(9).tolist()
        [1.0, 0.75]
    """
    if not correlations.any():
        return logs, np.eye(logs.size, dtype=np.complex128)
    top = float(logs.max())
    # In logarithms: a factor e^-top alone may be beyond double precision.
    chi, error = (_in_units(matrix, top) for matrix in (correlations, doubt))
    weights = np.exp(logs - top)
    try:
        rows = _factor(weights, chi, error + 4 * EPS * (np.diag(weights) + np.abs(chi)))
    except _Negative:
        raise _too_strong(logs, chi, top) from None
    singular, basis = _singular_system(rows)
    return top + 2 * np.log(singular), basis


class _Negative(ValueError):
    """M has a negative eigenvalue."""


def _factor(weights: FloatArray, chi: ComplexArray, error: FloatArray) -> ComplexArray:
    r"""Rows that :math:`M = \sum_i v_iv_i^\dagger` is made of, as many as its rank: Cholesky, the largest pivot first.

    What is left after each step is known up to an error that grows with it, element by element. A diagonal element
    within its error is zero, and leaving it out moves M by no more than that.
    """
    rest: ComplexArray = np.diag(weights) + chi
    error = error.copy()
    # How likely a direction is, with and without correlations: beside this an error is large or small.
    reference = np.maximum(weights, np.diag(rest).real)
    left, rows = np.ones(weights.size, dtype=bool), list[ComplexArray]()
    while left.any():
        diagonal, own = np.diag(rest).real, np.diag(error)
        if (diagonal < -own)[left].any():
            raise _Negative
        pivot = int(np.argmax(np.where(left, diagonal, -np.inf)))
        size = float(diagonal[pivot])
        if size <= own[pivot] or (diagonal <= own)[left].all():
            break
        if size < max(CLEAR * float(own[pivot]), AMBIGUOUS_EIGENVALUE * float(reference[pivot])):
            raise _ambiguous(size / float(reference[pivot]))
        # Divided before they are multiplied: products of rare elements are beyond double precision.
        row, doubt = (matrix[:, pivot] * left / np.sqrt(size) for matrix in (rest, error))
        rows.append(row)
        moduli = np.abs(row)
        error += np.outer(moduli, doubt) + np.outer(doubt, moduli)
        error += np.outer(moduli, moduli) * (float(own[pivot]) / size + 4 * EPS)
        rest = rest - np.outer(row, np.conj(row))
        left[pivot] = False
    _check_emptied(rest[np.ix_(left, left)], error[np.ix_(left, left)], reference[left])
    return np.array(rows, dtype=np.complex128).reshape(-1, weights.size)


def _check_emptied(rest: ComplexArray, error: FloatArray, reference: FloatArray) -> None:
    """Refuse directions that are not empty beyond doubt, or whose coherence makes an eigenvalue negative."""
    own = np.diag(error).copy()
    beyond = np.abs(rest) > error + np.sqrt(np.outer(own, own))
    if (beyond & ~np.eye(own.size, dtype=bool)).any():
        raise _Negative
    doubtful = own > ACCIDENT * reference
    if doubtful.any():
        raise _ambiguous(float(np.max(np.abs(np.diag(rest)[doubtful]) / reference[doubtful])))


def _singular_system(rows: ComplexArray) -> tuple[FloatArray, ComplexArray]:
    """Roots of the eigenvalues and the eigenvectors of a sum of projections, by the quickest way that is accurate."""
    if rows.size == 0:
        return np.empty(0), np.empty((rows.shape[1], 0), dtype=np.complex128)
    _, singular, adjoint = np.linalg.svd(rows, full_matrices=False)
    if singular[-1] > EVEN * singular[0]:
        return singular, adjoint.T
    lengths = np.linalg.norm(rows, axis=1)
    if np.log(lengths.min() / lengths.max()) < LOG_AMPLITUDE_FLOOR:
        raise UnresolvedState(
            "`correlations` must be between populations within 300 orders of magnitude, but the least is "
            f"{(lengths.min() / lengths.max()) ** 2:.3g} of the largest that it is correlated with"
        )
    return accurate_singular_system(rows)


def _in_units(matrix: ComplexArray | FloatArray, top: float) -> Any:
    """A matrix divided by e^top."""
    moduli = np.abs(matrix)
    with np.errstate(divide="ignore", over="ignore"):
        scaled = np.exp(np.log(moduli) - top)
    return np.where(moduli > 0, matrix / np.where(moduli > 0, moduli, 1.0), 0) * scaled


def _too_strong(logs: FloatArray, chi: ComplexArray, top: float) -> InvalidState:
    """The weakest link, in units of the local weights, where strengths of correlations can be compared."""
    unit = np.exp(np.minimum((top - logs) / 2, 300.0))
    weakest = float(np.linalg.eigvalsh(unit[:, None] * chi * unit[None, :])[0])
    least = float(np.linalg.eigvalsh(np.diag(np.exp(logs - top)) + chi)[0]) * np.exp(top)
    return InvalidState(
        "`correlations` must leave the joint state without negative eigenvalues, but one is "
        f"{least:.6g}; they may be at most {-1 / weakest:.6g} times as strong",
        measured=-1 / weakest,
    )


def _ambiguous(eigenvalue: float) -> AmbiguousRank:
    return AmbiguousRank(
        "`correlations` must leave eigenvalues of the joint state that are clearly zero or clearly positive, but one "
        f"is {eigenvalue:.3g} of the populations it belongs to, within or barely beyond the error of the elements; "
        "give them more accurately, and `accuracy=0` if they are exact",
        measured=eigenvalue,
    )
