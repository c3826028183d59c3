"""What a command is to work on: an experiment from a file or a model, or what is in a run folder."""

from __future__ import annotations

import os
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Final

from qtraj.atomic import check_writable
from qtraj.cli.arguments import Request
from qtraj.cli.exits import naming
from qtraj.errors import InvalidExperiment
from qtraj.experiment import Experiment, load_experiment
from qtraj.experiment.ensemble import check_protocol, check_sampler
from qtraj.models import MODELS
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.sample import sample

__all__ = ["Task", "decided_by_folder", "is_sweep", "sampled", "task_of"]

READING_RUNS: Final = ("verify", "histogram")
"""Commands whose target may be a run folder."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """An experiment and how to sample it.

    Attributes:
        experiment: What the target stands for.
        sampling: What was asked for, the command line before the file, as arguments of `sample` and `verify`. Whatever
            nobody asked for is left to their defaults, which depend on the process.
        stored: The ensemble, if the target is a run folder.
    """

    experiment: Experiment
    sampling: dict[str, Any]
    stored: Ensemble | None = None


def task_of(request: Request) -> Task:
    """What the request's target stands for, and how to sample it.

    Raises:
        InvalidInput: If the target, or an option that says how to sample it, is wrong.
        StorageError: If a file cannot be read, or one to be written cannot be.
    """
    # What can be refused without reading or computing anything is refused first.
    for file in (request.figure, request.report):
        if file is not None:
            check_writable(file)
    stored = _stored(request)
    if stored is not None:
        return stored
    flags = {
        "paths": request.paths,
        "seed": request.seed,
        "protocol": None if request.protocol is None else check_protocol(request.protocol),
        "sampler": None if request.sampler is None else check_sampler(request.sampler),
    }
    experiment = _load(request)
    given = {key: value for key, value in flags.items() if value is not None}
    sampling = {**experiment.ensemble, **given, "n_jobs": request.n_jobs, "backend": request.backend}
    return Task(experiment=experiment, sampling=sampling)


def _stored(request: Request) -> Task | None:
    """What is in a run folder; None if the target is none."""
    # A model's name wins over a folder; `exact` draws nothing, and `sample` draws a run of its own.
    if request.command not in READING_RUNS or request.target in MODELS:
        return None
    if not os.path.isdir(request.target):  # pyarrow and the rest of the storage need not be loaded
        return None
    from qtraj.cli.storage_commands import load_stored

    found = load_stored(request.target, decided_by_folder(request), partial=request.partial)
    if found is None:
        return None
    experiment, ensemble = found
    workers = {"n_jobs": request.n_jobs, "backend": request.backend}
    return Task(experiment=experiment, sampling=workers, stored=ensemble)


def decided_by_folder(request: Request) -> dict[str, Any]:
    """The options that only a run of one's own can have, by their names on the command line."""
    return {
        "--set": request.settings,
        "--paths": request.paths,
        "--seed": request.seed,
        "--protocol": request.protocol,
        "--sampler": request.sampler,
    }


def _load(request: Request) -> Experiment:
    with nullcontext() if request.target in MODELS else naming(request.target):
        try:
            return load_experiment(request.target, request.settings)
        except InvalidExperiment as error:
            # Who mistyped the name of a folder is not helped by the names of models.
            if request.command in READING_RUNS and request.target and not os.path.lexists(request.target):
                error.args = (f"{error}; nor is there a run folder of that name",)
            raise


def is_sweep(target: str) -> bool:
    """Whether the target is the folder of a sweep."""
    if target in MODELS or not os.path.isdir(target):
        return False
    from qtraj.storage.sweep_folder import is_sweep_folder

    return is_sweep_folder(target)


def sampled(request: Request, task: Task) -> Ensemble:
    """The stored ensemble, or one that is drawn now."""
    if task.stored is not None:
        return task.stored
    return sample(task.experiment.process, **task.sampling, keep_rows=False, progress=not request.quiet)
