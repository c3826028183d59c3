"""Linear algebra on one thread, so that neither the machine nor the number of workers changes its last bits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from threadpoolctl import ThreadpoolController

__all__ = ["one_blas_thread"]

_NESTING = threading.local()


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Run linear algebra on one thread inside the `with`.

    Our matrices are small, so threads only cost; and a sum split over another number of threads rounds differently, so
    the last bits would depend on the machine and on what else runs on it. Nesting costs nothing.

    With some BLAS libraries the setting belongs to the thread that calls this, with others to the whole process. So if
    threads do linear algebra, each should be inside, and the one that started them too, for as long as they run.

    Example:
        >>> import numpy as np
        >>> with one_blas_thread():
        ...     values = np.linalg.eigvalsh(np.eye(3))
        >>> values.tolist()
        [1.0, 1.0, 1.0]
    """
    if getattr(_NESTING, "inside", False):
        yield
        return
    _NESTING.inside = True
    try:
        with _libraries().limit(limits=1, user_api="blas"):
            yield
    finally:
        _NESTING.inside = False


@cache
def _libraries() -> ThreadpoolController:
    # The look-up takes milliseconds, a limit 30 microseconds. The libraries of NumPy and SciPy must be loaded before
    # the look-up, or they would be missed for good.
    import numpy  # noqa: F401
    import scipy.linalg  # noqa: F401

    return ThreadpoolController()
