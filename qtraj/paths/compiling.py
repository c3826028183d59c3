"""How kernels are compiled: once a machine, not once a run.

Importing this module imports numba, which takes a third of a second; so only kernel modules do, and those are imported
by the functions that run them.

Programs that start at the same time, such as the workers of a test suite, would all compile the same kernels. So the
first one compiles, and the others wait for it and read what it has left.
"""

from __future__ import annotations

import hashlib
import importlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba
from numba.core.compiler_lock import global_compiler_lock

fcntl: Any = None
with suppress(ImportError):  # on Windows every program compiles for itself
    fcntl = importlib.import_module("fcntl")

__all__ = ["inlined", "inlined_sum", "kernel"]

PATIENCE_SECONDS: Final = 180.0
"""For another program that compiles: many times what the largest kernel takes. Then we do it ourselves."""

PAUSE_SECONDS: Final = 0.05
"""Between two looks whether it has finished, a hundredth of what a kernel takes."""

_Function = TypeVar("_Function", bound=Callable[..., Any])


def _stamp_of_sources() -> str:
    sources = sorted(Path(__file__).parent.glob("*_kernels.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()


_STAMP = _stamp_of_sources()


def _decorated(function: _Function, *, inline: bool, liberties: frozenset[str]) -> _Function:
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": set(liberties), "forceinline": inline}
    try:
        compiled = numba.njit(cache=not inline, **options)(function)
    except RuntimeError:  # neither the package nor any cache folder can be written to: compile in every process
        compiled = numba.njit(**options)(function)
    # Numba's cache on disk notices a changed file only for what is defined in it: after a change in a helper's file,
    # kernels in other files would go on running the helper's old code. So their entries carry a stamp of all files.
    cache_file = getattr(getattr(compiled, "_cache", None), "_cache_file", None)
    if cache_file is not None and hasattr(cache_file, "_source_stamp"):
        cache_file._source_stamp = _STAMP
        compiled.compile = _alone(compiled.compile, Path(compiled._cache.cache_path) / f"{function.__name__}.lock")
    return cast(_Function, compiled)


def _alone(compile_: Callable[..., Any], lock: Path) -> Callable[..., Any]:
    """Compile while no other program compiles the same; whoever comes later finds it in the cache."""

    @wraps(compile_)
    def alone(signature: Any) -> Any:
        # Numba's own lock first: threads that took the two in different orders would wait for each other.
        with global_compiler_lock, _held(lock):
            return compile_(signature)

    return alone


@contextmanager
def _held(lock: Path) -> Iterator[None]:
    try:
        lock.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
    except OSError:  # a folder that cannot be written to keeps no kernels either
        yield
        return
    try:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while fcntl is not None and time.monotonic() < deadline:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                time.sleep(PAUSE_SECONDS)
            except OSError:  # a file system without locks
                break
        yield
    finally:
        os.close(descriptor)  # and with it the lock


def kernel(function: _Function) -> _Function:
    """Compile a function that Python calls, and keep it in numba's cache."""
    # Contraction to fused multiply-adds is the same on every run of one processor, and the only liberty taken.
    return _decorated(function, inline=False, liberties=frozenset({"contract"}))


def inlined(function: _Function) -> _Function:
    """Compile a helper into whatever calls it."""
    return _decorated(function, inline=True, liberties=frozenset({"contract"}))


def inlined_sum(function: _Function) -> _Function:
    """Compile a helper that adds up many numbers into whatever calls it."""
    # Only with leave to add in another order (a fixed one, for one processor) are sums done by vector instructions.
    return _decorated(function, inline=True, liberties=frozenset({"contract", "reassoc"}))
