"""Ctrl-C that leaves no half-started pool behind, and no tracebacks from its workers.

Ctrl-C goes to the whole process group. The parent alone should answer it, by ending its workers: a worker that raised
KeyboardInterrupt too, perhaps while still importing, would print a traceback of the pool's machinery. And in the parent
a KeyboardInterrupt in the middle of starting or ending a pool could be swallowed, or leave half of it behind.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["interrupts_held"]


@contextmanager
def interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back until the end of the `with`, and for good in the processes started inside it.

    Outside the main thread, which alone is ever interrupted, this does nothing.

    Example:
        >>> import signal
        >>> try:
        ...     with interrupts_held():
        ...         signal.raise_signal(signal.SIGINT)
        ...         print("undisturbed")
        ... except KeyboardInterrupt:
        ...     print("and then interrupted")
        undisturbed
        and then interrupted
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    held: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, frame: held.append(number))
    try:
        with _interrupts_blocked():
            yield
    finally:
        # None stands for a handler that was not set from Python and cannot be put back.
        signal.signal(signal.SIGINT, signal.default_int_handler if before is None else before)
        if held:
            signal.raise_signal(signal.SIGINT)


@contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Block SIGINT in this thread, so that processes started inside the `with` inherit the mask.

    This alone would not hold the signal back in the parent, where any other thread may take it.
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows; where workers have to ignore the signal themselves
        yield
        return
    # Before Python 3.13 this helper process, which loky needs too, unblocks the signal when it starts: so start it now.
    from multiprocessing import resource_tracker

    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
