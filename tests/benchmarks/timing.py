"""How time and memory are measured: the best of several runs, since whatever else the machine does can only add."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from importlib import import_module
from typing import Any


def best(function: Callable[[], Any], repeats: int = 5) -> float:
    """Seconds of the fastest of some calls."""
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def peak_bytes(function: Callable[[], Any]) -> int:
    """Most memory that one call has at a time."""
    tracemalloc.start()
    kept = function()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    del kept
    return peak


def peer(name: str) -> Any:
    """Another package, or None: nobody has to install what we compare with."""
    try:
        return import_module(name)
    except ImportError:
        return None


def peak_memory() -> float:
    """Largest size that this program has had, in GB; on Linux.

    Not `ru_maxrss`, which begins with the largest size of the program that started this one.
    """
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) * 1024 / 1e9
