"""Linear algebra on one thread, so that neither the machine nor the number of workers changes its last bits."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from threadpoolctl import ThreadpoolController

__all__ = ["one_blas_thread"]


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Run linear algebra on one thread inside the `with`.

    Our matrices are small, so threads only cost; and a sum split over another number of threads rounds differently, so
    the last bits would depend on the machine and on what else runs on it. May be nested and used from several threads.

    Example:
        >>> import numpy as np
        >>> with one_blas_thread():
        ...     values = np.linalg.eigvalsh(np.eye(3))
        >>> values.tolist()
        [1.0, 1.0, 1.0]
    """
    _BLAS_LIMIT.enter()
    try:
        yield
    finally:
        _BLAS_LIMIT.leave()


class _BlasLimit:
    """Holds BLAS to one thread while anybody is inside.

    The setting belongs to the process and not to a thread: threads that each set and restored it would undo each other.
    So the first one in sets it and the last one out restores it, which also makes nesting cost next to nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._libraries: ThreadpoolController | None = None
        self._limit: Any = None

    def enter(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._limit = self._find_libraries().limit(limits=1, user_api="blas")
            self._inside += 1

    def leave(self) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._limit.restore_original_limits()

    def _find_libraries(self) -> ThreadpoolController:
        # The look-up takes milliseconds, a limit 30 microseconds. The libraries of NumPy and SciPy must be loaded
        # before the look-up, or they would be missed for good.
        if self._libraries is None:
            import numpy  # noqa: F401
            import scipy.linalg  # noqa: F401

            self._libraries = ThreadpoolController()
        return self._libraries


_BLAS_LIMIT: Final = _BlasLimit()
