"""Draw ensembles of paths: one entry point for the three samplers."""

from __future__ import annotations

from typing import Any

from qtraj.blas import one_blas_thread
from qtraj.errors import UnknownName
from qtraj.paths.blocks import check_paths, check_seed
from qtraj.paths.counts import draw_counts
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.explicit import check_row_count, draw_rows
from qtraj.paths.followed import ClassFinder, FollowedPaths, draw_followed
from qtraj.paths.labels import LabelTable
from qtraj.paths.law import PathLaw, exact_law
from qtraj.paths.progress import Progress
from qtraj.processes.seam import MeasurementProtocol
from qtraj.processes.thermal_operation import ThermalOperation

__all__ = ["DEFAULT_PATHS", "DEFAULT_SEED", "SAMPLERS", "sample"]

DEFAULT_PATHS = 1_000_000
DEFAULT_SEED = 20170824

SAMPLERS = ("counts", "explicit", "followed")


def sample(
    process: ThermalOperation,
    *,
    paths: int | float = DEFAULT_PATHS,
    seed: int = DEFAULT_SEED,
    protocol: str | MeasurementProtocol = MeasurementProtocol.AUGMENTED,
    sampler: str = "counts",
    keep_rows: bool = True,
    n_jobs: int = 1,
    backend: Any = None,
    progress: Progress | None = None,
    law: PathLaw | None = None,
) -> Ensemble:
    """Draw an ensemble of paths.

    The result is a function of process, protocol, sampler, seed and number of paths; workers do not change it.

    Args:
        process: A thermal operation.
        paths: How many, 1 to 1e15.
        seed: Whole number from 0 to 2^128 - 1.
        protocol: `augmented`, `eigenbasis-two-point`, `energy-two-point` (alias `tpm`) or `kraus`.
        sampler: `counts` (how many paths in each class; cost flat in `paths`), `explicit` (one row a path, from the
            law) or `followed` (one row a path, measurement by measurement, knowing nothing of the law).
        keep_rows: For the last two: keep the rows. Without them memory does not grow with `paths`.
        n_jobs: Workers (joblib); -1 for all cores. Counts need none.
        backend: joblib backend: `loky` (default), `threading`, ...
        progress: Told about finished blocks; see `qtraj.paths.progress`.
        law: The exact law, if you have it already (same process and protocol).

    Returns:
        The ensemble.

    Raises:
        InvalidInput: If an argument is out of range; `UnknownName` for an unknown protocol or sampler; `TooLarge` if
            the rows or the law do not fit.

    Example:
        >>> from qtraj.models import build_model
        >>> ensemble = sample(build_model("two-qubit-exchange"), paths=1e12, seed=7)
        >>> bool(abs(ensemble.exponential_average("sigma") - 1) < 1e-5)
        True
    """
    number, start = check_paths(paths), check_seed(seed)
    chosen = MeasurementProtocol.parse(protocol)
    if sampler not in SAMPLERS:
        raise UnknownName("sampler", sampler, SAMPLERS)
    if keep_rows and sampler != "counts":
        check_row_count(number)  # before the law is computed, which may take long
    if law is None or law.protocol is not chosen:
        law = exact_law(process, protocol=chosen, n_jobs=n_jobs)
    rows, outside = None, 0
    if sampler == "counts":
        counts = draw_counts(law, number, start, progress=progress)
    elif sampler == "explicit":
        counts, rows = draw_rows(
            law,
            LabelTable.of(process, law),
            number,
            start,
            keep_rows=keep_rows,
            n_jobs=n_jobs,
            backend=backend,
            progress=progress,
        )
    else:
        with one_blas_thread():
            follow = FollowedPaths(operation=process, endpoints=law.endpoints, seed=start)
        finder = ClassFinder(law=law, heats_of=process.environment.spectrum.energies)
        counts, outside, rows = draw_followed(
            follow, finder, number, keep_rows=keep_rows, n_jobs=n_jobs, backend=backend, progress=progress
        )
    return Ensemble(
        law=law,
        process=process,
        sampler=sampler,
        seeds=(start,),
        paths=number,
        class_counts=counts,
        rows=rows,
        outside=outside,
    )
