"""Workers that end with the process that started them, whatever ended it.

A process that is killed (`kill -9`, or for want of memory) cannot end its workers. Those of loky would finish the
blocks they have and then wait a minute for more, with their memory and cores.
"""

from __future__ import annotations

import os
import threading
import time
from functools import cache
from typing import Final

__all__ = ["end_with"]

GLANCE_SECONDS: Final = 1.0
"""Between two looks at the parent: a look costs a microsecond, a worker that outlives it by a second costs nothing."""


@cache
def end_with(parent: int) -> None:
    """From now on, end this process at most a second after its parent has ended.

    A process whose parent is another one, such as a worker of a cluster, is left alone; so is one on Windows, where
    nobody learns that its parent has ended.

    Args:
        parent: Number of the process that gives it work.
    """
    if os.name == "posix" and os.getppid() == parent:
        threading.Thread(target=_watch, args=(parent,), daemon=True, name="qtraj-orphan").start()


def _watch(parent: int) -> None:
    while os.getppid() == parent:  # an orphan is given to another process
        time.sleep(GLANCE_SECONDS)
    # Nobody is there for its results. Files that are being written have no name yet.
    os._exit(1)
