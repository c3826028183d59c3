"""Blocks on workers, with results that do not depend on how many there are.

Every block is a pure function of itself (`qtraj.paths.blocks`), each runs with one BLAS thread wherever it runs, and
results come back in block order. So the workers decide how long a run takes and nothing else.

The workers are joblib's: processes (loky, the default), threads, or any backend registered with joblib, such as Dask's
for more than one machine. With one worker, or one block, joblib is not even imported.
"""

from __future__ import annotations

import itertools
import multiprocessing
import numbers
import os
import signal
import threading
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import ExitStack, closing, nullcontext, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from qtraj.blas import one_blas_thread
from qtraj.errors import InvalidInput
from qtraj.paths.blocks import Block
from qtraj.paths.interrupts import interrupts_blocked, interrupts_held
from qtraj.paths.progress import Progress

if TYPE_CHECKING:
    import joblib

__all__ = ["check_jobs", "fold_blocks", "iterate_blocks", "map_blocks", "one_blas_thread"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Total = TypeVar("_Total")

ROUND_PER_WORKER: Final = 32
"""Blocks handed out per worker before the run waits for the last of them. This bounds the results that can pile up when
the first block of a round is slow, or the parent slower than its workers: joblib hands out new blocks whether or not
anyone took the old results. The wait costs half a block in 32 on average, so two workers still reach 1.97 times one."""

FEEDER_PATIENCE_SECONDS: Final = 0.5
"""Feeders of a broken pool end within milliseconds; one that belongs to somebody else's queue would not end at all."""


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
        function: Pure function of one block. Processes get it pickled; its large arrays are memory-mapped, not copied.
        blocks: The blocks, or whatever else `function` takes.
        n_jobs: Number of workers; -1 means all cores, -2 all but one.
        backend: Anything joblib takes: "loky" (processes), "threading", a registered name, or a backend object. None
            means joblib's current default, which is loky unless the caller configured another.
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
    """Yield the results of all blocks, in block order, as they come; at most 32 per worker wait to be taken.

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
    pool = None if n_jobs == 1 and backend is None else _Pool.make(n_jobs, backend)
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
        InvalidInput: If it is 0 or no whole number.

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
    if workers > 0:
        return workers
    import joblib  # 50 ms that a run with one worker need not pay

    return max(1, int(joblib.cpu_count()) + 1 + workers)


def _in_process(
    function: Callable[[_Item], _Result], blocks: Iterable[_Item], progress: Progress | None
) -> Generator[_Result, None, None]:
    for block in blocks:
        # Not around the loop: between two blocks it is the caller's code that runs.
        with one_blas_thread():
            result = function(block)
        _advance(progress, block)
        yield result


@dataclass(frozen=True, kw_only=True)
class _Pool:
    """A joblib pool, and what is worth knowing about it."""

    parallel: joblib.Parallel
    backend: joblib.parallel.ParallelBackendBase
    workers: int
    uses_loky: bool

    @classmethod
    def make(cls, n_jobs: int, backend: Any) -> _Pool:
        try:
            with interrupts_held():
                import joblib

                # How many workers there are is not always for `n_jobs` to say: with Dask it is the cluster's size.
                with nullcontext() if backend is None else joblib.parallel_config(backend=backend):
                    active, _ = joblib.parallel.get_active_backend()
                    workers = int(joblib.effective_n_jobs(n_jobs))
                return cls(
                    parallel=joblib.Parallel(n_jobs=n_jobs, backend=active, return_as="generator"),
                    backend=active,
                    workers=workers,
                    uses_loky=isinstance(active, joblib.parallel.LokyBackend),
                )
        except (AttributeError, TypeError, ValueError) as error:
            raise InvalidInput(f"`backend` must be one that joblib can stream results from, but: {error}") from error

    def start(self, function: Callable[[_Item], _Result], batch: Iterable[_Item]) -> Generator[_Outcome, None, None]:
        """Start the work on a batch of blocks."""
        import joblib

        call = joblib.delayed(_on_worker)
        outcomes: Generator[_Outcome, None, None] = self.parallel(call(os.getpid(), function, block) for block in batch)
        return outcomes

    def await_next(self, outcomes: Generator[_Outcome, None, None]) -> _Outcome:
        """Wait for the next outcome. An interrupt ends the workers, and then the wait."""
        with interrupts_held(_end_loky_workers) if self.uses_loky else nullcontext():
            return next(outcomes)

    def abandon(self, outcomes: Generator[_Outcome, None, None]) -> None:
        """End the workers, dropping what they were doing."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # joblib's, that results went unused
            if self.uses_loky:
                _end_loky_workers()
                # That breaks the pool, and joblib clears up a broken pool well. If we left it to joblib to kill a
                # healthy one, loky's threads could stumble over the tasks just handed to them, and print tracebacks.
                with suppress(Exception):
                    deque(outcomes, maxlen=0)
                # Once more, should all have been done before the pool broke: else the next run might get the broken one.
                self.backend.abort_everything(ensure_ready=False)
                _await_feeders()
            outcomes.close()


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """What became of a block. Errors travel as values: an error raised in joblib would have it kill a healthy pool."""

    result: Any = None
    error: Exception | None = None


def _in_pool(
    pool: _Pool, function: Callable[[_Item], _Result], blocks: Iterable[_Item], progress: Progress | None
) -> Generator[_Result, None, None]:
    remaining = iter(blocks)
    # The pool is entered once for all rounds: its workers, and the tables of `function` they have mapped, stay.
    with ExitStack() as stack:
        with interrupts_held():
            stack.enter_context(pool.parallel)
            if not pool.uses_loky:
                stack.enter_context(one_blas_thread())  # for threads, whose setting may be that of the whole process
        while batch := list(itertools.islice(remaining, ROUND_PER_WORKER * pool.workers)):
            outcomes: Generator[_Outcome, None, None] | None = None
            try:
                with interrupts_held(), interrupts_blocked():
                    outcomes = pool.start(function, batch)
                for block in batch:
                    outcome = pool.await_next(outcomes)
                    if outcome.error is not None:
                        raise outcome.error
                    _advance(progress, block)
                    yield outcome.result
                deque(outcomes, maxlen=0)  # there are none left, but joblib has to find that out
            except BaseException:  # of whatever kind: an error, an interrupt, or the caller closing the generator
                with interrupts_held():
                    if outcomes is not None:
                        pool.abandon(outcomes)
                    stack.close()
                raise


def _end_loky_workers() -> None:
    for process in multiprocessing.active_children():
        if process.name.startswith("LokyProcess"):
            process.terminate()


def _await_feeders() -> None:
    # Nobody waits for the thread that fed the tasks of a broken pool to its workers. If the program ends first, the
    # thread may die between deleting a semaphore and saying so, and a helper process then warns of a leak that is none.
    for thread in threading.enumerate():
        if thread.name == "QueueFeederThread":
            thread.join(FEEDER_PATIENCE_SECONDS)


def _on_worker(parent: int, function: Callable[[_Item], _Result], block: _Item) -> _Outcome:
    remote = os.getpid() != parent
    if remote and threading.current_thread() is threading.main_thread():
        # For workers started without `interrupts_blocked`: joblib shares one pool among all its users in a program.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with one_blas_thread():
            return _Outcome(result=function(block))
    except Exception as error:
        if remote:  # a traceback does not survive the journey
            error.add_note(f"Raised in a worker:\n{traceback.format_exc()}")
        return _Outcome(error=error)


def _advance(progress: Progress | None, block: object) -> None:
    if progress is not None:
        progress.advance(block.size if isinstance(block, Block) else 1)
