"""How far a run has come, how fast it goes and how long it will take, in numbers and in words."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from typing import Final

__all__ = ["RunMeter"]

WINDOW_SECONDS: Final = 60.0
"""The rate is that of the last minute: long enough to be steady, short enough to notice that the machine is busy."""

WINDOW_BLOCKS: Final = 32
"""But it is that of so many blocks at least. They come home in bursts, since each waits for those before it."""

RATE_DIGITS: Final = 3
"""More digits of a rate would change all the time."""


class RunMeter:
    """Counts paths and takes the time.

    Args:
        total: Number of paths in all; None if that is decided on the way.
        clock: Seconds from any origin.
        unit: What is counted, if it is something else.

    Example:
        >>> now = 0.0
        >>> meter = RunMeter(1000, clock=lambda: now)
        >>> meter.found(500)
        >>> meter.begin()
        >>> now = 5.0
        >>> meter.advance(100)
        >>> meter.rate, meter.remaining_seconds
        (20.0, 20.0)
        >>> print(meter)
        600 of 1,000 (60 %), 20 paths/s, 0:20 left
    """

    def __init__(self, total: int | None, *, clock: Callable[[], float], unit: str = "paths") -> None:
        self.total = total
        self._unit = unit
        self._clock = clock
        self._found = 0
        self._drawn = 0
        self._marks: deque[tuple[float, int]] = deque()

    @property
    def done(self) -> int:
        """Paths that are there, whoever drew them."""
        return self._found + self._drawn

    @property
    def finished(self) -> bool:
        """Whether all of them are."""
        return self.total is not None and self.done >= self.total

    def begin(self) -> None:
        """Paths are being drawn from now on; what was before, such as the exact law, tells nothing about their rate."""
        if not self._marks:
            self._marks.append((self._clock(), 0))

    def found(self, paths: int) -> None:
        """So many paths were there before, and took no time."""
        self._found += paths

    def advance(self, paths: int) -> None:
        """So many more paths have been drawn."""
        self.begin()
        self._drawn += paths
        now = self._clock()
        self._marks.append((now, self._drawn))
        while len(self._marks) > WINDOW_BLOCKS and self._marks[1][0] <= now - WINDOW_SECONDS:
            self._marks.popleft()

    @property
    def rate(self) -> float | None:
        """Paths drawn a second; None before there is any."""
        if len(self._marks) < 2:
            return None
        (before, fewer), (now, more) = self._marks[0], self._marks[-1]
        return (more - fewer) / (now - before) if now > before else None

    @property
    def remaining_seconds(self) -> float | None:
        """Until all paths are there; None as long as nobody can know."""
        rate = self.rate
        return None if rate is None or self.total is None else max(0, self.total - self.done) / rate

    @property
    def fraction(self) -> float | None:
        """Of the run that is done, from 0 to 1."""
        return None if not self.total else min(1.0, self.done / self.total)

    def pace(self) -> str:
        """Rate and remaining time, as far as they are known."""
        parts = []
        if self.rate is not None:
            parts.append(f"{_rounded(self.rate)} {self._unit}/s")
        if self.remaining_seconds is not None and not self.finished:
            parts.append(f"{_clock_face(self.remaining_seconds)} left")
        return ", ".join(parts)

    def __str__(self) -> str:
        done = f"{self.done:,}"
        if self.total is not None and self.fraction is not None:
            # Not 100 % before it is.
            done += f" of {self.total:,} ({math.floor(100 * self.fraction)} %)"
        return ", ".join(part for part in (done, self.pace()) if part)


def _rounded(rate: float) -> str:
    digits = max(0, math.floor(math.log10(rate)) + 1 - RATE_DIGITS)
    return f"{round(rate, -digits):,.0f}" if rate >= 10 else f"{rate:.2g}"


def _clock_face(seconds: float) -> str:
    whole = math.ceil(seconds)
    minutes, hours = whole // 60 % 60, whole // 3600
    return f"{hours}:{minutes:02d}:{whole % 60:02d}" if hours else f"{minutes}:{whole % 60:02d}"
