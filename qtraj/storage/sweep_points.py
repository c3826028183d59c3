"""What is done to the points of a sweep, here or on workers: finish their runs, and judge them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from qtraj.errors import InvalidInput, StorageError
from qtraj.experiment.load import Experiment
from qtraj.paths.cluster import is_cluster
from qtraj.paths.parallel import check_jobs, iterate_blocks
from qtraj.paths.progress import Progress
from qtraj.storage.document import complete_document, difference
from qtraj.storage.load import load_run
from qtraj.storage.resume import resume_run
from qtraj.storage.run_folder import RunFolder, is_run_folder
from qtraj.storage.start import start_run
from qtraj.storage.sweep_folder import SweepFolder, SweepPoint
from qtraj.storage.sweep_report import REPORT, identity_of, read_report, write_report
from qtraj.theorems.report import Report
from qtraj.theorems.verify import verify

__all__ = ["Done", "FinishPoint", "JudgePoint", "on_workers"]

# What overflows becomes null with a reason, or a refusal. Threads do not inherit this from who started them.
QUIET: Final[Any] = {"over": "ignore", "invalid": "ignore"}


@dataclass(frozen=True, kw_only=True)
class Done:
    """What was done to a point: nothing if it was kept; and what was damaged."""

    kept: bool
    remade: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class FinishPoint:
    """Draw what is missing of a point, and judge it if that is missing too."""

    folder: SweepFolder
    n_jobs: int = 1
    backend: Any = None

    def __call__(self, point: SweepPoint) -> Done:
        """Finish a point."""
        try:
            with np.errstate(**QUIET):
                return self._finish(point)
        except InvalidInput as error:
            error.args = (f"at point {point.index} of the sweep: {error}",)
            raise

    def _finish(self, point: SweepPoint) -> Done:
        workers: dict[str, Any] = {"n_jobs": self.n_jobs, "backend": self.backend}
        sampling = self.folder.manifest.sampling.given()
        experiment = self.folder.experiment(point)
        if is_run_folder(point.path):
            _check_place(point, experiment)
            done = resume_run(point.path, paths=sampling.get("paths"), **workers)
        else:
            own = experiment.ensemble | sampling | {"seed": point.seed}
            done = start_run(experiment, point.path, **own, **workers)
        remade = list(done.remade)
        try:
            if read_report(point.path).of == identity_of(done.folder, self.folder.level):
                return Done(kept=not done.drawn, remade=tuple(remade))
        except StorageError as error:
            if not done.drawn and (point.path / REPORT).exists():
                remade.append(str(error))
        report = _judged(done.folder, self.folder.level, **workers)
        write_report(done.folder, report, self.folder.level)
        return Done(kept=False, remade=tuple(remade))


def _check_place(point: SweepPoint, experiment: Experiment) -> None:
    """Refuse to go on with a run that was put in the place of a point's."""
    manifest = RunFolder.open(point.path).manifest
    wanted = complete_document(experiment, lambda name, data: None)
    names = ("the sweep", str(point.path))
    mine, theirs = ({**document, "ensemble": None} for document in (wanted, manifest.experiment))
    found = difference(mine, theirs, names)
    if found is None and manifest.seeds != (point.seed,):
        found = f"the seed is {point.seed} in the sweep, but is {manifest.seeds[0]} in {point.path}"
    if found is not None:
        raise StorageError(f"`{point.path}` must hold the run of its point, but {found}; remove it, and try again")


@dataclass(frozen=True, kw_only=True, eq=False)
class JudgePoint:
    """Judge a point from its stored paths."""

    folder: SweepFolder
    n_jobs: int = 1
    backend: Any = None

    def __call__(self, point: SweepPoint) -> Report:
        """Judge a point."""
        with np.errstate(**QUIET):
            return _judged(RunFolder.open(point.path), self.folder.level, n_jobs=self.n_jobs, backend=self.backend)


def _judged(folder: RunFolder, level: float, **workers: Any) -> Report:
    ensemble = load_run(folder)
    return verify(ensemble.process, ensemble=ensemble, level=level, **workers)


def on_workers(
    function: FinishPoint | JudgePoint, folder: SweepFolder, *, n_jobs: int, backend: Any, progress: Progress | None
) -> list[Any]:
    """Apply a function to all points.

    Points are given to the workers whole where there are enough of them. On a cluster, whose machines need not see the
    folder, they follow one another and their blocks are given to the workers. The results are the same.
    """
    points = folder.points
    if len(points) < check_jobs(n_jobs) or is_cluster(backend):
        own: Callable[[SweepPoint], Any] = type(function)(folder=folder, n_jobs=n_jobs, backend=backend)
        results = iterate_blocks(own, points, progress=progress)
    else:
        results = iterate_blocks(function, points, n_jobs=n_jobs, backend=backend, progress=progress)
    with closing(results):
        return list(results)
