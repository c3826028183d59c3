"""Ctrl-C that leaves no half-started pool behind, and no tracebacks from its workers.

Ctrl-C goes to the whole process group. The parent alone should answer it, by ending its workers: a worker that raised
KeyboardInterrupt too, perhaps while still importing, would print a traceback of the pool's machinery. And in the parent
a KeyboardInterrupt in the middle of that machinery could be swallowed, or leave half of it behind.

Threads cannot be ended from outside. So whatever runs for long in one asks now and then whether it should go on.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Stopped", "check_stopped", "interrupts_blocked", "interrupts_held", "stoppable"]

_this_thread = threading.local()


class Stopped(BaseException):
    """Nobody waits any longer for what this thread is doing. No `Exception`, which somebody might catch on the way."""


@contextmanager
def interrupts_held(then: Callable[[], object] = lambda: None) -> Iterator[None]:
    """Hold back the exception that Ctrl-C raises until the end of the `with`, and call `then` at once instead.

    Whatever goes wrong in the `with` after that is taken for a consequence, and dropped. Where Ctrl-C raises nothing
    (because it is ignored, or handled in some way of the caller's) nothing changes. Nor does anything outside the main
    thread, which alone is ever interrupted.

    Args:
        then: Should make the body of the `with` end soon.

    Example:
        >>> import signal
        >>> try:
        ...     with interrupts_held(lambda: print("hurry up")):
        ...         signal.raise_signal(signal.SIGINT)
        ...         print("undisturbed")
        ... except KeyboardInterrupt:
        ...     print("and then interrupted")
        hurry up
        undisturbed
        and then interrupted
    """
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield
        return
    held: list[BaseException] = []

    def hold(number: int, frame: FrameType | None) -> None:
        try:
            before(number, frame)
        except BaseException as error:
            held.append(error)
            then()

    signal.signal(signal.SIGINT, hold)
    try:
        yield
    except BaseException:
        if not held:
            raise
    finally:
        signal.signal(signal.SIGINT, before)
    if held:
        raise held[0]


@contextmanager
def interrupts_blocked() -> Iterator[None]:
    """Start processes inside the `with` that never hear of Ctrl-C: they inherit the signal mask of this thread.

    In the parent this alone would not hold the signal back, because any other thread may take it.

    Example:
        >>> with interrupts_blocked():
        ...     pass
    """
    if not hasattr(signal, "pthread_sigmask"):  # Windows, where workers have to ignore the signal themselves
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


@contextmanager
def stoppable(stop: threading.Event | None) -> Iterator[None]:
    """Inside the `with`, `check_stopped` raises `Stopped` in this thread once `stop` is set.

    Example:
        >>> stop = threading.Event()
        >>> with stoppable(stop):
        ...     check_stopped()
        ...     stop.set()
        ...     try:
        ...         check_stopped()
        ...     except Stopped:
        ...         print("stopped")
        stopped
    """
    before = getattr(_this_thread, "stop", None)
    _this_thread.stop = stop
    try:
        yield
    finally:
        _this_thread.stop = before


def check_stopped() -> None:
    """Raise `Stopped` if nobody waits for this thread any longer; to be called between two pieces of long work.

    Example:
        >>> check_stopped()  # outside a worker this never does anything
    """
    stop: threading.Event | None = getattr(_this_thread, "stop", None)
    if stop is not None and stop.is_set():
        raise Stopped
