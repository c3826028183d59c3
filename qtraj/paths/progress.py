"""How far a run has come: the little that the samplers tell, and a display that makes the most of it.

The samplers tell any object with a method `advance` how many more paths are done. A `RunProgress` is told more: when
drawing begins, which paths were there before, and where to look for the current estimate. So its rate is that of
drawing alone, and its remaining time is right for a run that is resumed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Protocol, Self, TypeAlias, runtime_checkable

from qtraj.paths.run_meter import RunMeter
from qtraj.paths.running_mean import CurrentEstimate
from qtraj.paths.screens import Screen, screen_for

__all__ = ["Progress", "RunProgress", "begin", "displayed", "found", "watch"]

Estimator: TypeAlias = Callable[[], CurrentEstimate | None]


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


class RunProgress:
    """Rate, remaining time and current estimate of a run, on a terminal, in a notebook or in a log.

    On a terminal and in a notebook there is a bar after a second, in a log a line every half minute. Use it as a
    context manager, so that an error or an interrupt leaves the terminal clean.

    Args:
        total: Number of paths in all; None if that is decided on the way.
        description: What is going on, in a word or two.
        unit: What is counted, if it is something else.
        screen: Where to show it; None for wherever the user looks.
        clock: Seconds from any origin.

    Example:
        >>> with RunProgress(1000, description="sampling") as progress:
        ...     progress.advance(1000)
    """

    def __init__(
        self,
        total: int | None,
        *,
        description: str = "sampling paths",
        unit: str = "paths",
        screen: Screen | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._meter = RunMeter(total, clock=clock, unit=unit)
        self._clock = clock
        self._description = description
        self._screen = screen
        self._due = 0.0
        self._shown = False
        self._estimator: Estimator | None = None

    def __enter__(self) -> Self:
        self._screen = self._screen or screen_for(self._description)
        if self._screen is not None:
            self._due = self._clock() + self._screen.patience
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown and self._screen is not None:
            self._screen.close(self._meter, self._estimate())
            self._shown = False

    def begin(self) -> None:
        """Note that paths are being drawn from now on."""
        self._meter.begin()

    def found(self, paths: int) -> None:
        """Note that `paths` more paths were there before this run was resumed."""
        self._meter.found(paths)

    def advance(self, paths: int) -> None:
        """Note that `paths` more paths have been drawn."""
        self._meter.advance(paths)
        # The last block ends the run: a bar now would only show 100 % and go.
        if self._screen is None or self._meter.finished or self._clock() < self._due:
            return
        self._screen.show(self._meter, self._estimate())
        self._shown = True
        self._due = self._clock() + self._screen.interval

    def watch(self, estimator: Estimator | None) -> None:
        """Ask `estimator` for the current estimate whenever there is something to show."""
        self._estimator = estimator

    def __str__(self) -> str:
        return str(self._meter)

    def _estimate(self) -> str:
        current = None if self._estimator is None else self._estimator()
        return "" if current is None else str(current)


@contextmanager
def displayed(progress: Progress | bool | None, total: int | None) -> Iterator[Progress | None]:
    """What `progress` stands for, inside the `with`: True is a `RunProgress`, False and None are nothing.

    Args:
        progress: As the samplers take it.
        total: Number of paths in all; None if that is decided on the way.

    Example:
        >>> with displayed(False, 1000) as progress:
        ...     print(progress)
        None
    """
    if progress is True:
        with RunProgress(total) as own:
            yield own
    else:
        yield None if progress is False else progress


def begin(progress: Progress | None) -> None:
    """Tell it, if it wants to know, that paths are being drawn from now on."""
    if isinstance(progress, RunProgress):
        progress.begin()


def found(progress: Progress | None, paths: int) -> None:
    """Tell it that paths were there before; as paths that are done, if it knows no difference."""
    if isinstance(progress, RunProgress):
        progress.found(paths)
    elif progress is not None:
        progress.advance(paths)


def watch(progress: Progress | None, estimator: Estimator | None) -> None:
    """Tell it, if it wants to know, where the current estimate is."""
    if isinstance(progress, RunProgress):
        progress.watch(estimator)
