"""How kernels are compiled: once a machine, not once a run.

Importing this module imports numba, which takes a third of a second; so only kernel modules do, and those are imported
by the functions that run them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar, cast

import numba

__all__ = ["inlined", "inlined_sum", "kernel"]

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
    return cast(_Function, compiled)


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
