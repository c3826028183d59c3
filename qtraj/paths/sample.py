"""Draw ensembles of paths: one entry point for the three samplers."""

from __future__ import annotations

from typing import Any

import numpy as np

from qtraj.blas import one_blas_thread
from qtraj.errors import NoFiniteLaw, NotRecorded, UnknownName
from qtraj.paths.blocks import check_paths, check_seed
from qtraj.paths.class_finder import ClassFinder
from qtraj.paths.counts import draw_counts
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.exact_law import law_if_finite
from qtraj.paths.explicit import check_row_count, draw_rows
from qtraj.paths.follow_blocks import draw_followed, draw_rows_only
from qtraj.paths.followers import follower, heats_of
from qtraj.paths.labels import LabelTable
from qtraj.paths.law import PathLaw
from qtraj.paths.progress import Progress, displayed
from qtraj.paths.running_mean import RunningMean
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol, Process

__all__ = ["DEFAULT_FOLLOWED_PATHS", "DEFAULT_PATHS", "DEFAULT_SEED", "SAMPLERS", "default_paths", "sample"]

DEFAULT_PATHS = 1_000_000
DEFAULT_FOLLOWED_PATHS = 100_000
DEFAULT_SEED = 20170824

SAMPLERS = ("counts", "explicit", "followed")


def sample(
    process: Process,
    *,
    paths: int | float | None = None,
    seed: int = DEFAULT_SEED,
    protocol: str | MeasurementProtocol = MeasurementProtocol.AUGMENTED,
    sampler: str | None = None,
    keep_rows: bool = True,
    keep_records: bool = False,
    n_jobs: int = 1,
    backend: Any = None,
    progress: Progress | bool | None = None,
    law: PathLaw | NoFiniteLaw | None = None,
) -> Ensemble:
    """Draw an ensemble of paths.

    The result is a function of process, protocol, sampler, seed and number of paths; workers do not change it.

    Args:
        process: A thermal operation, a collision model, a jump process, or anything with the same methods.
        paths: How many, 1 to 1e15; by default 1e6, followed ones 1e5.
        seed: Whole number from 0 to 2^128 - 1.
        protocol: `augmented`, `eigenbasis-two-point`, `energy-two-point` (alias `tpm`) or `kraus`.
        sampler: `counts` (how many paths in each class; cost flat in `paths`), `explicit` (one row a path, from the
            law) or `followed` (one row a path, measurement by measurement, knowing nothing of the law). By default
            counts, and followed where the paths have no finite law.
        keep_rows: For the last two: keep the rows. Without them memory does not grow with `paths`, if there is a law.
        keep_records: Keep the times and channels of all jumps of followed trajectories (`Ensemble.records`).
        n_jobs: Workers (joblib); -1 for all cores. Counts need none.
        backend: joblib backend: `threading` (default), `loky` for processes, ...
        progress: True to show rate, remaining time and the current estimate; or an object that is told about finished
            blocks (`qtraj.paths.progress`).
        law: The exact law, if you have it already (same process and protocol), or the exception that says why there
            is none.

    Returns:
        The ensemble.

    Raises:
        InvalidInput: If an argument is out of range; `UnknownName` for an unknown protocol or sampler; `TooLarge` if
            the rows or the law do not fit.
        NoFiniteLaw: If counts or explicit paths are asked for and the paths have no finite law.

    Example:
        >>> from qtraj.models import build_model
        >>> ensemble = sample(build_model("two-qubit-exchange"), paths=1e12, seed=7)
        >>> bool(abs(ensemble.exponential_average("sigma") - 1) < 1e-5)
        True
    """
    start, chosen = check_seed(seed), MeasurementProtocol.parse(protocol)
    if sampler is not None and sampler not in SAMPLERS:
        raise UnknownName("sampler", sampler, SAMPLERS)
    if paths is not None and check_paths(paths) and keep_rows and sampler not in (None, "counts"):
        check_row_count(check_paths(paths))  # before the law is computed, which may take long
    if keep_records and not (isinstance(process, JumpProcess) and sampler in (None, "followed")):
        raise NotRecorded("`keep_records` needs followed trajectories of a jump process")
    if law is None or (isinstance(law, PathLaw) and law.protocol is not chosen):
        law = law_if_finite(process, protocol=chosen, n_jobs=n_jobs)
    if sampler is None:
        sampler = "followed" if keep_records or isinstance(law, NoFiniteLaw) else "counts"
    number = default_paths(sampler) if paths is None else check_paths(paths)
    shared: dict[str, Any] = {"process": process, "sampler": sampler, "seeds": (start,), "paths": number}
    with displayed(progress, number) as display:
        how: dict[str, Any] = {"n_jobs": n_jobs, "backend": backend, "progress": display}
        if isinstance(law, NoFiniteLaw):
            if sampler != "followed":
                message = f"the {sampler} sampler needs a finite law, but {law}"
                raise NoFiniteLaw(message, measured=law.measured) from law
            ends = process.endpoints(chosen)
            with one_blas_thread():
                follow = follower(process, ends, start, keep_records=keep_records)
            rows, records = draw_rows_only(follow, ends, number, running=RunningMean(), **how)
            empty = np.zeros(0, dtype=np.int64)
            return Ensemble(finite_law=None, class_counts=empty, rows=rows, measured=ends, records=records, **shared)
        drawn, outside, found = None, 0, None
        if sampler == "counts":
            counts = draw_counts(law, number, start, progress=display)
        elif sampler == "explicit":
            counts, drawn = draw_rows(law, LabelTable.of(process, law), number, start, keep_rows=keep_rows, **how)
        else:
            with one_blas_thread():
                follow = follower(process, law.endpoints, start, keep_records=keep_records)
            finder = ClassFinder(law=law, heats_of=heats_of(process))
            counts, outside, drawn, found = draw_followed(follow, finder, number, keep_rows=keep_rows, **how)
    return Ensemble(finite_law=law, class_counts=counts, rows=drawn, outside=outside, records=found, **shared)


def default_paths(sampler: str) -> int:
    """How many paths a sampler draws when nobody says: followed ones cost a thousand times as much as counts."""
    return DEFAULT_FOLLOWED_PATHS if sampler == "followed" else DEFAULT_PATHS
