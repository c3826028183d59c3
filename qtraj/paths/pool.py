"""A joblib pool that is left as cleanly as it is entered, whether by the last result, an error or Ctrl-C."""

from __future__ import annotations

import itertools
import math
import multiprocessing
import os
import pickle
import signal
import threading
import time
import traceback
import warnings
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, TypeVar

from qtraj.blas import one_blas_thread
from qtraj.errors import InvalidInput
from qtraj.paths.cluster import is_cluster, shared
from qtraj.paths.interrupts import Stopped, check_stopped, interrupts_blocked, interrupts_held, stoppable
from qtraj.paths.orphans import end_with
from qtraj.paths.payload import Payload, written
from qtraj.paths.portions import Portion

if TYPE_CHECKING:
    import joblib

__all__ = ["Pool"]

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")

MOST_LOSSES: Final = 5
"""Times in a row that a cluster may lose a task before the run gives up. A worker that is switched off costs one or
two; a block that kills every worker it comes to would otherwise go on doing so for ever."""

FEEDER_PATIENCE_SECONDS: Final = 0.5
"""Feeders of a broken pool end within milliseconds; one that belongs to somebody else's queue would not end at all."""


@dataclass(frozen=True, kw_only=True)
class _Outcome:
    """What became of a task, which is a few blocks.

    Attributes:
        results: Of its blocks, up to the one that raised an error.
        error: Errors travel as values: an error raised in joblib would have it kill a healthy pool.
        seconds: That a block took.
        size: Bytes of a block's result, if it came from another process.
    """

    results: Sequence[Any] = ()
    error: Exception | None = None
    seconds: float = math.inf
    size: int = 0


@dataclass(frozen=True, kw_only=True)
class Pool:
    """A joblib pool, and what is worth knowing about it.

    Attributes:
        parallel: joblib's own object.
        backend: Its backend.
        workers: How many workers there are.
        uses_loky: Whether they are loky's processes, which may be ended at once.
        uses_threads: Whether they are threads of this process.
        is_cluster: Whether they are on a Dask cluster, whose workers may come and go.
    """

    parallel: joblib.Parallel
    backend: joblib.parallel.ParallelBackendBase
    workers: int
    uses_loky: bool
    uses_threads: bool
    is_cluster: bool

    @classmethod
    def make(cls, n_jobs: int, backend: Any) -> Pool:
        """Prepare a pool; it starts when it is used.

        Args:
            n_jobs: As joblib takes it.
            backend: As joblib takes it; None is what the caller has configured there, or else threads.

        Raises:
            InvalidInput: If joblib knows no such backend, or cannot stream results from it.
        """
        try:
            with interrupts_held():
                import joblib

                # How many workers there are is not always for `n_jobs` to say: with Dask it is the cluster's size.
                with nullcontext() if backend is None else joblib.parallel_config(backend=backend):
                    active, _ = joblib.parallel.get_active_backend(prefer="threads")
                    workers = int(active.effective_n_jobs(n_jobs))
                return cls(
                    parallel=joblib.Parallel(n_jobs=n_jobs, backend=active, return_as="generator", batch_size=1),
                    backend=active,
                    workers=workers,
                    uses_loky=isinstance(active, joblib.parallel.LokyBackend),
                    uses_threads=bool(getattr(active, "uses_threads", False)),
                    is_cluster=is_cluster(active),
                )
        except (AttributeError, TypeError, ValueError) as error:
            raise InvalidInput(f"`backend` must be one that joblib can stream results from, but: {error}") from error

    def results(
        self, function: Callable[[_Item], _Result], items: Iterable[_Item]
    ) -> Generator[tuple[_Item, _Result], None, None]:
        """Yield each item with its result, in order. However this is left early, the workers end with it."""
        remaining, portion, losses = iter(items), Portion.trial(self.workers), 0
        stop = threading.Event() if self.uses_threads else None
        with ExitStack() as stack:
            with interrupts_held():
                # Entered once for all rounds: the workers, and the tables of `function` they have mapped, stay.
                stack.enter_context(self.parallel)
                sent = stack.enter_context(self._sent(function))
                if not self.uses_loky:
                    stack.enter_context(one_blas_thread())  # for threads, whose setting may be the whole process's
            while batch := deque(portion.cut(remaining)):
                outcomes: Generator[_Outcome, None, None] | None = None
                done: list[_Outcome] = []
                try:
                    with interrupts_held(), interrupts_blocked():
                        outcomes = self._start(sent, tuple(batch), stop)
                    while batch:
                        outcome = self._await_next(outcomes, losses)
                        if outcome is None:
                            break
                        yield from zip(batch.popleft(), outcome.results, strict=outcome.error is None)
                        if outcome.error is not None:
                            raise outcome.error
                        done.append(replace(outcome, results=()))
                        losses = 0
                    deque(outcomes, maxlen=0)  # there are none left, but joblib has to find that out
                    if batch:  # lost on the way, and handed out again: blocks are pure functions
                        losses += 1
                        remaining = itertools.chain(itertools.chain.from_iterable(tuple(batch)), remaining)
                    if done:
                        portion = self._next_portion(done)
                except BaseException:  # of whatever kind: an error, an interrupt, or the generator being closed
                    with interrupts_held():
                        if stop is not None:
                            stop.set()
                        if outcomes is not None:
                            self._abandon(outcomes)
                        stack.close()
                    raise

    @contextmanager
    def _sent(self, function: Callable[[_Item], _Result]) -> Iterator[Callable[[_Item], _Result] | Payload]:
        """What is handed to the workers in place of `function`."""
        if self.uses_loky:
            with written(function) as payload:
                yield payload
        else:
            with shared(self.backend, function):
                yield function

    def _start(
        self, sent: Callable[[_Item], _Result] | Payload, batch: Iterable[Sequence[_Item]], stop: threading.Event | None
    ) -> Generator[_Outcome, None, None]:
        import joblib

        call = joblib.delayed(_on_worker)
        outcomes: Generator[_Outcome, None, None] = self.parallel(call(os.getpid(), sent, task, stop) for task in batch)
        return outcomes

    def _next_portion(self, done: Sequence[_Outcome]) -> Portion:
        # The fastest block: the others may have waited for an import, or for other programs.
        seconds, size = min(one.seconds for one in done), max(one.size for one in done)
        return Portion.fitting(self.workers, seconds=seconds, size=size, threads=self.uses_threads)

    def _await_next(self, outcomes: Generator[_Outcome, None, None], losses: int) -> _Outcome | None:
        """The next outcome, or None if a cluster has lost it with the worker that had it."""
        # An interrupt ends the workers, and thereby the wait.
        with interrupts_held(_end_loky_workers) if self.uses_loky else nullcontext():
            if not self.is_cluster:
                return next(outcomes)
            try:
                return next(outcomes)
            except Exception as error:  # those of the blocks come as values, so this is the cluster's own
                if losses < MOST_LOSSES:
                    return None
                raise InvalidInput(
                    f"`backend` must be a cluster that gives results back, but it lost the same block "
                    f"{losses + 1} times ({type(error).__name__}: {' '.join(str(error).split())[:200]}); its workers "
                    "may need more memory"
                ) from error

    def _abandon(self, outcomes: Generator[_Outcome, None, None]) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # joblib's, that results went unused
            if self.uses_loky:
                _end_loky_workers()
                # That breaks the pool, and joblib clears up a broken pool well. If we left it to joblib to kill a
                # healthy one, loky's threads could stumble over the tasks just handed to them, and print tracebacks.
                with suppress(Exception):
                    deque(outcomes, maxlen=0)
                # In case all was done before the pool broke: else the next run might be given the broken one.
                self.backend.abort_everything(ensure_ready=False)
                _await_feeders()
            outcomes.close()


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


def _on_worker(
    parent: int, sent: Callable[[Any], Any] | Payload, task: Sequence[Any], stop: threading.Event | None
) -> _Outcome:
    remote = os.getpid() != parent
    if remote and threading.current_thread() is threading.main_thread():
        # For workers started without `interrupts_blocked`: joblib shares one pool among all its users in a program.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
    if remote:
        end_with(parent)
    results: list[Any] = []
    begun = time.perf_counter()
    try:
        function = sent.load() if isinstance(sent, Payload) else sent
        with one_blas_thread(), stoppable(stop):
            for block in task:
                check_stopped()
                results.append(function(block))
    except Stopped:
        return _Outcome()  # nobody is there to look at it
    except Exception as error:
        if remote:  # a traceback does not survive the journey
            error.add_note(f"Raised in a worker:\n{traceback.format_exc()}")
        return _Outcome(results=results, error=error)
    seconds = (time.perf_counter() - begun) / len(task)
    return _Outcome(results=results, seconds=seconds, size=_size(results) if remote else 0)


def _size(results: Sequence[Any]) -> int:
    """Bytes of one result on its way home, counted without copying its arrays."""
    import cloudpickle

    arrays: list[pickle.PickleBuffer] = []
    small = len(cloudpickle.dumps(results, protocol=5, buffer_callback=arrays.append))
    return (small + sum(array.raw().nbytes for array in arrays)) // len(results)
