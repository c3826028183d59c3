"""How far a run has come: the little that the samplers ask of a progress display, and one for terminals."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

__all__ = ["PATIENCE_SECONDS", "Progress", "TerminalProgress"]

PATIENCE_SECONDS: Final = 1.0
"""A bar that flashes up and is gone says less than nothing."""


@runtime_checkable
class Progress(Protocol):
    """What the samplers tell: how many more paths are done. Any object with this method will do.

    Example:
        >>> class Printer:
        ...     def advance(self, paths: int) -> None:
        ...         print(paths, "paths done")
        >>> isinstance(Printer(), Progress)
        True
    """

    def advance(self, paths: int) -> None:
        """Note that `paths` more paths are done. Called in the parent, once a block, in block order."""


class TerminalProgress:
    """A bar on standard error, shown if that is a terminal and the run lasts longer than a second; else silent.

    Use it as a context manager, so that an error or an interrupt leaves the terminal clean.

    Args:
        total: Number of paths in all; None if that is decided on the way.
        description: What is going on, in a word or two.

    Example:
        >>> with TerminalProgress(1000, description="sampling") as progress:
        ...     progress.advance(1000)
    """

    def __init__(self, total: int | None, *, description: str = "paths") -> None:
        self._total = total
        self._description = description
        self._done = 0
        self._shown_from = 0.0
        self._bar: RichProgress | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._shown_from = time.monotonic() + PATIENCE_SECONDS
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def advance(self, paths: int) -> None:
        """Note that `paths` more paths are done."""
        self._done += paths
        if self._bar is None and self._wanted():
            self._bar, self._task = self._start()
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, completed=self._done)

    def _wanted(self) -> bool:
        # The last block ends the run: a bar now would only show 100 % and go. Windowed programs may have no stderr.
        on_terminal = sys.stderr is not None and sys.stderr.isatty()
        unfinished = self._total is None or self._done < self._total
        return on_terminal and time.monotonic() >= self._shown_from and unfinished

    def _start(self) -> tuple[RichProgress, TaskID]:
        from rich.console import Console  # rich takes 40 ms to import: nobody pays for a bar that never shows
        from rich.progress import Progress as RichProgress

        bar = RichProgress(console=Console(stderr=True), transient=True)
        bar.start()
        return bar, bar.add_task(self._description, total=self._total)
