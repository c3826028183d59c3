"""Names for array types, and the one way arrays become read-only."""

from __future__ import annotations

from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["BoolArray", "ComplexArray", "FloatArray", "IntArray", "SparseMatrix", "frozen"]

FloatArray: TypeAlias = NDArray[np.float64]
ComplexArray: TypeAlias = NDArray[np.complex128]
IntArray: TypeAlias = NDArray[np.int64]
BoolArray: TypeAlias = NDArray[np.bool_]

# SciPy's sparse classes are generic only in their type stubs, which are no run-time dependency.
SparseMatrix: TypeAlias = Any

_Array = TypeVar("_Array", bound=NDArray[Any])


def frozen(array: _Array) -> _Array:
    """Return `array` as a read-only view of its own, so that frozen objects stay frozen."""
    view = array.view()
    view.flags.writeable = False
    return view
