"""Blocks on workers, with results that do not depend on how many there are.

Every block is a pure function of itself (`qtraj.paths.blocks`), each runs with one BLAS thread wherever it runs, and
results come back in block order. So the workers decide how long a run takes and nothing else.

The workers are joblib's: threads (the default), processes (loky), or any backend registered with joblib, such as Dask's
for more than one machine. NumPy and the compiled kernels let go of Python's lock nearly all the time, so two threads
are as good as two processes, and rows and records need not travel. Blocks are handed out several at a time, if they are
short. With one worker, or one block, joblib is not even imported.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing
from typing import Any, Final, TypeVar

from qtraj.blas import one_blas_thread
from qtraj.errors import InvalidInput
from qtraj.paths.blocks import Block
from qtraj.paths.pool import Pool
from qtraj.paths.progress import Progress, begin

__all__ = ["check_jobs", "fold_blocks", "iterate_blocks", "map_blocks"]

MOST_JOBS: Final = 4096
"""More threads than any machine has cores; joblib gives up, in words of its own, at some 10^6."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Total = TypeVar("_Total")


def map_blocks(
    function: Callable[[_Item], _Result],
    blocks: Iterable[_Item],
    *,
    n_jobs: int = 1,
    backend: Any = None,
    progress: Progress | None = None,
) -> list[_Result]:
    """Return the results of all blocks, in block order.

    The list holds every result at once; where that may be too much, use `fold_blocks` or `iterate_blocks`.

    Args:
        function: Pure function of one block. Processes get it once, and map its large arrays.
        blocks: The blocks, or whatever else `function` takes.
        n_jobs: Number of workers; -1 means all cores, -2 all but one.
        backend: Anything joblib takes: "threading", "loky" (processes), a registered name, or a backend object. None
            means what the caller configured with `joblib.parallel_config`, or else threads.
        progress: Told how many paths each finished block had (1 for items that are no blocks).

    Returns:
        One result per block.

    Raises:
        InvalidInput: If `n_jobs` or `backend` is none of these.

    Example:
        >>> from qtraj.paths.blocks import row_blocks
        >>> map_blocks(lambda block: block.size, row_blocks(100_000))
        [65536, 34464]
    """
    results = iterate_blocks(function, blocks, n_jobs=n_jobs, backend=backend, progress=progress)
    with one_blas_thread(), closing(results):
        return list(results)


def fold_blocks(
    function: Callable[[_Item], _Result],
    blocks: Iterable[_Item],
    combine: Callable[[_Total, _Result], _Total],
    initial: _Total,
    *,
    n_jobs: int = 1,
    backend: Any = None,
    progress: Progress | None = None,
) -> _Total:
    """Combine the results of all blocks, in block order, keeping only a bounded number of them.

    Args:
        function: Pure function of one block.
        blocks: The blocks, which may be a lazy sequence of any length.
        combine: Called in the parent as `combine(total, result)`; it may change `total` in place and return it.
        initial: The total before the first block.
        n_jobs: Number of workers, as in `map_blocks`.
        backend: As in `map_blocks`.
        progress: As in `map_blocks`.

    Returns:
        The total after the last block.

    Raises:
        InvalidInput: If `n_jobs` or `backend` is invalid.

    Example:
        >>> from qtraj.paths.blocks import row_blocks
        >>> fold_blocks(lambda block: block.size, row_blocks(100_000), lambda total, size: total + size, 0)
        100000
    """
    total = initial
    results = iterate_blocks(function, blocks, n_jobs=n_jobs, backend=backend, progress=progress)
    with one_blas_thread(), closing(results):
        for result in results:
            total = combine(total, result)
    return total


def iterate_blocks(
    function: Callable[[_Item], _Result],
    blocks: Iterable[_Item],
    *,
    n_jobs: int = 1,
    backend: Any = None,
    progress: Progress | None = None,
) -> Generator[_Result, None, None]:
    """Yield the results of all blocks, in block order, as they come; a bounded number of them wait to be taken.

    Close the generator if you leave it early (`contextlib.closing`): then its workers stop at once. An interrupt
    (Ctrl-C) stops them too and reaches the caller as `KeyboardInterrupt`.

    Args:
        function: Pure function of one block.
        blocks: The blocks, which may be a lazy sequence of any length.
        n_jobs: Number of workers, as in `map_blocks`.
        backend: As in `map_blocks`.
        progress: As in `map_blocks`.

    Returns:
        A generator over the results.

    Raises:
        InvalidInput: If `n_jobs` or `backend` is invalid; at once, not when the first result is asked for.

    Example:
        >>> from qtraj.paths.blocks import row_blocks
        >>> next(iterate_blocks(lambda block: block.index, row_blocks(10**15)))
        0
    """
    check_jobs(n_jobs)
    pool = None if n_jobs == 1 and backend is None else Pool.make(n_jobs, backend)
    one_block = isinstance(blocks, Sequence) and len(blocks) <= 1
    if pool is None or pool.workers == 1 or one_block:
        return _in_process(function, blocks, progress)
    return _in_pool(pool, function, blocks, progress)


def check_jobs(n_jobs: object) -> int:
    """Return the number of local workers that `n_jobs` means.

    Args:
        n_jobs: A positive whole number, or a negative one counted from the number of cores: -1 is all of them.

    Returns:
        The number of workers, at least 1. Cores are those this process may use (affinity, container limits).

    Raises:
        InvalidInput: If it is 0, above 4096 or no whole number.

    Example:
        >>> check_jobs(2)
        2
        >>> check_jobs(0)
        Traceback (most recent call last):
            ...
        qtraj.errors.InvalidInput: `n_jobs` must be a whole number other than 0 (-1 for all cores), but it is 0
    """
    if isinstance(n_jobs, bool) or not isinstance(n_jobs, numbers.Integral) or n_jobs == 0:
        raise InvalidInput(
            f"`n_jobs` must be a whole number other than 0 (-1 for all cores), but it is {n_jobs!r}",
            measured=float(n_jobs) if isinstance(n_jobs, numbers.Real) else None,
        )
    workers = int(n_jobs)
    if workers > MOST_JOBS:
        raise InvalidInput(f"`n_jobs` must be at most {MOST_JOBS}, but is {workers}", measured=float(workers))
    if workers > 0:
        return workers
    import joblib  # 50 ms that a run with one worker need not pay

    return max(1, int(joblib.cpu_count()) + 1 + workers)


def _in_process(
    function: Callable[[_Item], _Result], blocks: Iterable[_Item], progress: Progress | None
) -> Generator[_Result, None, None]:
    begin(progress)
    for block in blocks:
        # Not around the loop: between two blocks it is the caller's code that runs.
        with one_blas_thread():
            result = function(block)
        _advance(progress, block)
        yield result


def _in_pool(
    pool: Pool, function: Callable[[_Item], _Result], blocks: Iterable[_Item], progress: Progress | None
) -> Generator[_Result, None, None]:
    begin(progress)
    with closing(pool.results(function, blocks)) as results:
        for block, result in results:
            _advance(progress, block)
            yield result


def _advance(progress: Progress | None, block: object) -> None:
    if progress is not None:
        progress.advance(block.size if isinstance(block, Block) else 1)
