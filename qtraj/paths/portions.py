"""How many blocks a worker is handed at once: enough that handing them out costs next to nothing, and no more."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Self, TypeVar

__all__ = ["Portion"]

_Item = TypeVar("_Item")

TASKS_PER_WORKER: Final = 32
"""Tasks handed out per worker before the run waits for the last of them. This bounds the results that can pile up when
the first task of a round is slow, or the parent slower than its workers: joblib hands out new tasks whether or not
anyone took the old results. The wait costs half a task in 32 on average, so two workers still reach 1.97 times one."""

TRIALS_PER_WORKER: Final = 2
"""Blocks per worker whose time is taken to begin with. The first one in a worker also pays for imports."""

PROCESS_TASK_SECONDS: Final = 0.05
"""A task sent to a process and back costs the parent and the worker about a millisecond together: 2 % of this."""

THREAD_TASK_SECONDS: Final = 0.005
"""A task handed to a thread costs some 0.1 ms, 2 % of this."""

MOST_BLOCKS: Final = 1024
"""In one task, however short they are."""

MOST_WAITING_BYTES: Final = 2**28
"""Of results from processes that may pile up because tasks hold several blocks: 256 MB. Single blocks may take more."""

FEWEST_TASKS_PER_WORKER: Final = 8
"""Where results are large, rounds are short; the wait at their end then costs half a task in 8."""


@dataclass(frozen=True, kw_only=True)
class Portion:
    """What is handed out in one round.

    Attributes:
        tasks: How many tasks.
        blocks: How many blocks each of them has.
    """

    tasks: int
    blocks: int = 1

    @classmethod
    def trial(cls, workers: int) -> Self:
        """The first round: single blocks, to see how long they take.

        Example:
            >>> Portion.trial(2)
            Portion(tasks=4, blocks=1)
        """
        return cls(tasks=TRIALS_PER_WORKER * workers)

    @classmethod
    def fitting(cls, workers: int, *, seconds: float, size: int, threads: bool) -> Self:
        """The next round, now that this is known.

        Args:
            workers: How many there are.
            seconds: That one block takes.
            size: Bytes of its result, 0 if it stays where it is.
            threads: Whether the workers are threads.

        Example:
            >>> Portion.fitting(2, seconds=0.014, size=5_000, threads=False)
            Portion(tasks=64, blocks=4)
            >>> Portion.fitting(2, seconds=0.014, size=3_000_000, threads=False)
            Portion(tasks=22, blocks=4)
            >>> Portion.fitting(2, seconds=2.0, size=10**9, threads=False)
            Portion(tasks=64, blocks=1)
        """
        wanted = THREAD_TASK_SECONDS if threads else PROCESS_TASK_SECONDS
        blocks = max(1, min(MOST_BLOCKS, round(wanted / max(seconds, wanted / MOST_BLOCKS))))
        most = MOST_WAITING_BYTES // max(1, size)
        blocks = max(1, min(blocks, most // (FEWEST_TASKS_PER_WORKER * workers)))
        tasks = TASKS_PER_WORKER * workers
        return cls(tasks=tasks if blocks == 1 else max(1, min(tasks, most // blocks)), blocks=blocks)

    def cut(self, items: Iterator[_Item]) -> Iterator[tuple[_Item, ...]]:
        """Take one round of tasks from the items.

        Example:
            >>> list(Portion(tasks=2, blocks=3).cut(iter(range(5))))
            [(0, 1, 2), (3, 4)]
        """
        for _ in range(self.tasks):
            task = tuple(itertools.islice(items, self.blocks))
            if not task:
                return
            yield task
