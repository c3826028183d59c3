"""Run a sweep into a folder, finish one that was interrupted, and judge one from the paths it kept.

A point is a run like any other, started, resumed and mended by the same functions; it is finished when its report is
there too.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qtraj.errors import InvalidInput, StorageError
from qtraj.experiment.ensemble import EnsembleTable, check_protocol, check_sampler
from qtraj.experiment.sweeps import Sweep
from qtraj.paths.blocks import check_paths, check_seed
from qtraj.paths.parallel import check_jobs
from qtraj.paths.progress import Progress
from qtraj.paths.sample import DEFAULT_SEED
from qtraj.storage.checked_json import FORMAT_VERSION, SWEEP_FORMAT
from qtraj.storage.document import MATRICES, complete_document
from qtraj.storage.environment import environment
from qtraj.storage.files import read_whole
from qtraj.storage.folders import UNFINISHED, clear_folder, keep_file, new_folder
from qtraj.storage.lock import locked
from qtraj.storage.run_folder import RunFolder, is_run_folder
from qtraj.storage.sweep_folder import POINTS, SweepFolder
from qtraj.storage.sweep_manifest import AxisTable, SweepManifest
from qtraj.storage.sweep_points import Done, FinishPoint, JudgePoint, on_workers
from qtraj.storage.sweep_results import result_files, result_notes
from qtraj.theorems.report import Report

__all__ = ["SweepCompletion", "resume_sweep", "start_sweep", "verify_sweep"]


@dataclass(frozen=True, kw_only=True)
class SweepCompletion:
    """What was done to finish a sweep.

    Attributes:
        folder: The sweep, finished.
        kept: Number of points that were there.
        drawn: Number of points of which something was drawn or judged now.
        remade: What was damaged, a sentence each.
    """

    folder: SweepFolder
    kept: int
    drawn: int
    remade: tuple[str, ...]


def start_sweep(
    sweep: Sweep,
    path: str | os.PathLike[str],
    *,
    paths: int | float | None = None,
    seed: int | None = None,
    protocol: str | None = None,
    sampler: str | None = None,
    n_jobs: int = 1,
    backend: Any = None,
    progress: Progress | None = None,
) -> SweepCompletion:
    """Draw and judge every point of a sweep in a new folder.

    Whatever ends this early, `resume_sweep` goes on after the last finished point, and within it after the last block.

    Args:
        sweep: From `load_sweep_file`.
        path: The folder, new or empty.
        paths: Number of paths of every point; like the next three, by default what the file says, or else as in
            `sample`.
        seed: Seed of the sweep; those of the points are made of it and of the swept values.
        protocol: As in `sample`.
        sampler: As in `sample`.
        n_jobs: Workers, as in `sample`; the result does not depend on them.
        backend: joblib backend, as in `sample`.
        progress: Told about finished points.

    Returns:
        What was done; its `folder` has the results.

    Raises:
        InvalidInput: If an argument is out of range, or a point is no valid experiment; nothing is drawn then.
        StorageError: If the folder is not empty, or cannot be written.

    Example:
        >>> import tempfile
        >>> from qtraj.experiment import load_sweep_file
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     done = start_sweep(load_sweep_file("two-qubit-exchange", over=["angle=0.2:0.4:2"]), folder, seed=7)
        ...     curve = done.folder.curve("heat")
        >>> curve["angle"].tolist(), bool(abs(curve["mean"] - curve["exact"]).max() < 0.01)
        ([0.2, 0.4], True)
    """
    given: dict[str, Any] = {
        "paths": None if paths is None else check_paths(paths),
        "protocol": None if protocol is None else check_protocol(protocol),
        "sampler": None if sampler is None else check_sampler(sampler),
    }
    for axis in sweep.axes:
        if axis.parts[0] == "ensemble" and given.get(axis.parts[-1]) is not None:
            raise InvalidInput(f"`{axis.parts[-1]}` must be either given or swept, but is both")
    check_jobs(n_jobs)
    own = sweep.source.document.get("ensemble")
    if seed is None:
        seed = own.get("seed") if isinstance(own, dict) else None
    sampling = EnsembleTable(seed=check_seed(DEFAULT_SEED if seed is None else seed), **given)
    sweep.check()
    folder = Path(path)
    with new_folder(folder, content=POINTS, others=(MATRICES, UNFINISHED)):
        begun = _begin(sweep, folder, sampling)
        return _complete(begun, n_jobs=n_jobs, backend=backend, progress=progress)


def resume_sweep(
    path: str | os.PathLike[str],
    *,
    paths: int | float | None = None,
    n_jobs: int = 1,
    backend: Any = None,
    progress: Progress | None = None,
) -> SweepCompletion:
    """Finish the sweep in a folder, whatever interrupted it; the result equals that of one that never was.

    Damaged blocks are drawn again, damaged reports and tables made again.

    Args:
        path: The sweep folder.
        paths: Number of paths that every point shall have then, not less than now; as it was by default.
        n_jobs: Workers, as in `sample`; the result does not depend on them.
        backend: joblib backend, as in `sample`.
        progress: Told about finished points.

    Raises:
        StorageError: If the folder is being written by somebody else, is no sweep folder or that of a newer version,
            cannot be written, or would be continued with other numbers than it was begun with.
        InvalidInput: If `paths` is too small, or swept itself.

    Example:
        >>> import tempfile
        >>> from qtraj.experiment import load_sweep_file
        >>> sweep = load_sweep_file("two-qubit-exchange", over=["angle=0.2:0.4:2"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = start_sweep(sweep, folder, paths=1000, seed=7)
        ...     done = resume_sweep(folder, paths=1e6)
        ...     done.folder.curve("heat")["angle"].tolist()
        [0.2, 0.4]
    """
    SweepFolder.open(path)
    with locked(Path(path)):
        folder = SweepFolder.open(path)  # again, now that nobody can change it
        if paths is not None:
            folder = _extended(folder, check_paths(paths))
        return _complete(folder, n_jobs=n_jobs, backend=backend, progress=progress)


def verify_sweep(
    folder: SweepFolder, *, n_jobs: int = 1, backend: Any = None, progress: Progress | None = None
) -> list[Report]:
    """Judge every point again, from its stored paths.

    The points share one family-wise level, 0.001, equally: the chance that a sweep of whatever size fails although all
    is well is no larger than that of a single report.

    Args:
        folder: A sweep that is finished.
        n_jobs: Workers.
        backend: joblib backend.
        progress: Told about judged points.

    Returns:
        A report for each point.

    Raises:
        StorageError: If the sweep is not finished, or a block is damaged.

    Example:
        >>> import tempfile
        >>> from qtraj.experiment import load_sweep_file
        >>> sweep = load_sweep_file("two-qubit-exchange", over=["angle=0.2:0.4:2"])
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     done = start_sweep(sweep, folder, seed=7)
        ...     [str(report.verdict) for report in verify_sweep(done.folder)]
        ['pass', 'pass']
    """
    _ = folder.reports  # one sentence about the sweep, and not about the first of its runs that is not finished
    return on_workers(JudgePoint(folder=folder), folder, n_jobs=n_jobs, backend=backend, progress=progress)


def _begin(sweep: Sweep, folder: Path, sampling: EnsembleTable) -> SweepFolder:
    first = sweep.experiment(sweep.points[0])
    document = complete_document(first, lambda name, data: keep_file(folder, name, data))
    notes = result_notes(sweep.axes)
    manifest = SweepManifest(
        format=SWEEP_FORMAT,
        format_version=FORMAT_VERSION,
        name=sweep.name,
        experiment=document,
        mode=sweep.mode,
        axes=[AxisTable(key=list(axis.parts), values=list(axis.values)) for axis in sweep.axes],
        sampling=sampling,
        made_with=environment("counts"),
        columns={name: {"meaning": column.meaning, "unit": column.unit} for name, column in notes.items()},
    )
    return SweepFolder(path=folder, manifest=manifest).with_manifest(manifest)


def _extended(folder: SweepFolder, paths: int) -> SweepFolder:
    if any(axis.key == "ensemble.paths" for axis in folder.sweep.axes):
        raise InvalidInput(f"`paths` must be left out where it is swept, but is {paths}")
    for point in folder.points:
        if is_run_folder(point.path) and (there := RunFolder.open(point.path).manifest.paths) > paths:
            raise InvalidInput(
                f"`paths` must be at least the {there} that the points have, but is {paths}", measured=float(paths)
            )
    sampling = folder.manifest.sampling.model_copy(update={"paths": paths})
    return folder.with_manifest(folder.manifest.model_copy(update={"sampling": sampling}))


def _complete(folder: SweepFolder, *, n_jobs: int, backend: Any, progress: Progress | None) -> SweepCompletion:
    clear_folder(folder.path / UNFINISHED)
    done: Sequence[Done] = on_workers(
        FinishPoint(folder=folder), folder, n_jobs=n_jobs, backend=backend, progress=progress
    )
    remade = [sentence for one in done for sentence in one.remade]
    for name, data in result_files(folder.sweep.axes, folder.results).items():
        remade += _keep_table(folder, name, data, expected=all(one.kept for one in done))
    kept = sum(one.kept for one in done)
    return SweepCompletion(folder=folder, kept=kept, drawn=len(done) - kept, remade=tuple(remade))


def _keep_table(folder: SweepFolder, name: str, data: bytes, *, expected: bool) -> list[str]:
    """Write a table of results, unless it is there; a sentence if it should have been there and was another."""
    path = folder.path / name
    there = None
    if path.exists():
        try:
            there = read_whole(path)
        except StorageError:
            path.unlink(missing_ok=True)  # neither to be read nor trusted
    if there == data:
        return []
    keep_file(folder.path, name, data)
    return [f"{path} was missing or damaged"] if expected else []
