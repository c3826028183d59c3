"""More than one machine: Dask clusters as joblib backends.

A run on a cluster is the run it would be on one core: blocks own their random numbers, and results come home in block
order. Dask sees to the rest, such as giving the blocks of a worker that has died to another one.

Importing this module does not import Dask, which is optional (`pip install 'qtraj[dask]'`).
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from qtraj.errors import InvalidInput

__all__ = ["dask_backend", "is_cluster", "shared"]

PATIENCE: Final = "10 s"
"""For the scheduler to answer. One that runs answers at once; a wrong address shall not cost half a minute."""

WORKER_PATIENCE_SECONDS: Final = 60
"""For the first worker: they may be starting at this moment."""


@contextmanager
def dask_backend(scheduler: str) -> Iterator[Any]:
    """A Dask cluster as `backend` of `sample`, `verify` and everything else that takes one.

    Args:
        scheduler: Address of the scheduler, such as `tcp://node7:8786`, or the file that `dask scheduler` writes with
            its option `--scheduler-file`.

    Raises:
        InvalidInput: If Dask is not installed, or there is no scheduler.

    Example:
        >>> with dask_backend("cluster.json") as backend:
        ...     sample(process, sampler="followed", paths=1e8, backend=backend)
        Traceback (most recent call last):
            ...
        qtraj.errors.InvalidInput: `scheduler` must be an address such as tcp://node7:8786, or a file, but is ...
    """
    # Dask would wait for a scheduler file for ever.
    if ":" not in scheduler and not os.path.isfile(scheduler):
        raise InvalidInput(
            f"`scheduler` must be an address such as tcp://node7:8786, or a file, but is {scheduler!r:.80}"
        )
    try:
        import distributed
        from joblib._dask import DaskDistributedBackend
    except ImportError:
        raise InvalidInput(
            "`backend` dask needs the package `distributed`, but it is not installed; `pip install 'qtraj[dask]'`"
        ) from None
    where = {"scheduler_file": scheduler} if os.path.isfile(scheduler) else {"address": scheduler}
    connect: Any = distributed.Client
    logger = logging.getLogger("distributed")
    level = logger.level
    try:
        # What Dask logs about a scheduler that is not there says less than our sentence.
        logger.setLevel(logging.CRITICAL)
        client = connect(**where, timeout=PATIENCE, set_as_default=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        what = " ".join(str(error).split())[:200]
        raise InvalidInput(
            f"`scheduler` must be the address or file of a Dask scheduler that is running, but {scheduler[:80]!r} does "
            f"not answer: {what}"
        ) from error
    finally:
        logger.setLevel(level)
    try:
        try:
            client.wait_for_workers(1, timeout=WORKER_PATIENCE_SECONDS)
        except TimeoutError as error:
            raise InvalidInput(
                f"`scheduler` must have workers, but {scheduler[:80]!r} has had none for {WORKER_PATIENCE_SECONDS} "
                "seconds"
            ) from error
        yield DaskDistributedBackend(client=client)
    finally:
        client.close()


def is_cluster(backend: Any) -> bool:
    """Whether a joblib backend is a Dask cluster."""
    return hasattr(backend, "client") and hasattr(backend, "data_futures")


@contextmanager
def shared(backend: Any, function: Callable[..., Any]) -> Iterator[None]:
    """Inside the `with`, all workers of a Dask cluster have a copy of `function`; other backends need no such help.

    Otherwise its tables would travel with every block; or, as joblib does it with large arguments, to some worker only,
    whose death would then be the end of the run.
    """
    if not is_cluster(backend):
        yield
        return
    futures = backend.data_futures
    futures[id(function)] = backend.client.scatter(function, broadcast=True, hash=False)
    try:
        yield
    finally:
        futures.pop(id(function), None)
