"""Accept what users call a matrix: nested lists, NumPy arrays, QuTiP objects."""

from __future__ import annotations

from typing import Any

import numpy as np

from qtraj.arrays import ComplexArray
from qtraj.errors import InvalidInput

__all__ = ["as_array", "as_matrix", "as_vector", "dagger", "largest_entry"]


def as_array(value: Any, argument: str) -> ComplexArray:
    """Return `value` as a finite complex array of any shape.

    Raises:
        InvalidInput: If it is not numeric or not finite.

    Example:
        >>> as_array([1, float("nan")], "state")
        Traceback (most recent call last):
            ...
        qtraj.errors.InvalidInput: `state` must be finite, but 1 entry is not
    """
    # QuTiP's Qobj offers `full()`; asking for the method keeps QuTiP an optional dependency.
    raw = value.full() if hasattr(value, "full") else value
    try:
        array = np.array(raw, dtype=np.complex128)
    except (TypeError, ValueError) as error:
        raise InvalidInput(f"`{argument}` must be an array of numbers, but is {value!r:.80}") from error
    if not np.isfinite(array).all():
        number = int((~np.isfinite(array)).sum())
        which = "1 entry is" if number == 1 else f"{number} entries are"
        raise InvalidInput(f"`{argument}` must be finite, but {which} not")
    return array


def as_matrix(value: Any, argument: str, shape: tuple[int, int] | None = None) -> ComplexArray:
    """Return `value` as a finite complex square matrix.

    Args:
        value: Nested lists, an array, or an object with a `full()` method such as QuTiP's Qobj.
        argument: Name used in messages.
        shape: Required shape, if any.

    Raises:
        InvalidInput: If it is not numeric, not finite, or not of the required shape.

    Example:
        >>> as_matrix([[1, 0]], "unitary")
        Traceback (most recent call last):
            ...
        qtraj.errors.InvalidInput: `unitary` must be a square matrix, but has shape (1, 2)
    """
    array = as_array(value, argument)
    if array.ndim != 2 or (shape is None and array.shape[0] != array.shape[1]):
        raise InvalidInput(f"`{argument}` must be a square matrix, but has shape {array.shape}")
    if shape is not None and array.shape != shape:
        raise InvalidInput(f"`{argument}` must have shape {shape}, but has shape {array.shape}")
    if array.size == 0:
        raise InvalidInput(f"`{argument}` must not be empty")
    return array


def as_vector(value: Any, argument: str) -> ComplexArray:
    """Return `value` as a finite complex vector; a single column or row counts as one.

    Raises:
        InvalidInput: If it is not numeric, not finite, or not a vector.

    Example:
        >>> as_vector([[1], [0]], "state").shape
        (2,)
    """
    array = as_array(value, argument)
    if array.ndim == 2 and 1 in array.shape:
        array = array.ravel()
    if array.ndim != 1 or array.size == 0:
        raise InvalidInput(f"`{argument}` must be a vector, but has shape {array.shape}")
    return array


def dagger(matrix: ComplexArray) -> ComplexArray:
    """Conjugate transpose of a matrix or of a stack of matrices.

    Example:
        >>> dagger(np.array([[1, 2j]])).shape
        (2, 1)
    """
    return np.conj(np.swapaxes(matrix, -1, -2))


def largest_entry(matrix: ComplexArray) -> tuple[float, tuple[int, int]]:
    """Modulus and (row, column) of the largest entry of a matrix.

    Example:
        >>> largest_entry(np.diag([1, -2j]))
        (2.0, (1, 1))
    """
    flat = int(np.argmax(np.abs(matrix)))
    row, column = divmod(flat, matrix.shape[1])
    return float(np.abs(matrix[row, column])), (row, column)
