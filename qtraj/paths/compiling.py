"""How kernels are compiled: once a machine, not once a run.

Importing this module imports numba, which takes half a second; so only kernel modules do, and those are imported by the
functions that run them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import njit

__all__ = ["compiled"]

_Function = TypeVar("_Function", bound=Callable[..., Any])


def compiled(function: _Function) -> _Function:
    """Compile a function for numbers and arrays with numba.

    What was compiled is kept on disk beside the package, or in the user's cache where that cannot be written. Where
    neither can, it is compiled anew in every process. Threads may run it side by side. Sums are done in the order
    written, so that results do not depend on how wide the processor's vectors are.
    """
    compiler: Any = njit
    try:
        kernel: _Function = compiler(cache=True, nogil=True)(function)
    except RuntimeError:  # numba found no folder it may write to
        kernel = compiler(nogil=True)(function)
    return kernel
