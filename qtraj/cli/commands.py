"""The commands: each turns a `Request` into output and an exit code."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import numpy as np

from qtraj import __version__
from qtraj.blas import one_blas_thread
from qtraj.cli.arguments import Request
from qtraj.cli.exact_table import exact_table
from qtraj.cli.exits import Exit
from qtraj.cli.histogram import histogram_document, histogram_table
from qtraj.cli.model_tables import model_table, models_document, models_table
from qtraj.cli.output import colour_verdicts, emit, emit_json
from qtraj.cli.remarks import remarks
from qtraj.cli.rounding import Units
from qtraj.cli.task import Task, is_sweep, sampled, task_of
from qtraj.errors import InvalidInput
from qtraj.models import MODELS, find_model
from qtraj.paths.ensemble import Ensemble
from qtraj.theorems.exact import exact_report
from qtraj.theorems.report import Report
from qtraj.theorems.verify import verify

__all__ = ["run"]


def run(request: Request) -> Exit:
    """Do what is wanted.

    Raises:
        InvalidInput: If something in the request, or in the file it names, is wrong.
        StorageError: If a file cannot be read or written.
    """
    # What overflows becomes null with a reason, or a refusal; NumPy's warnings on the way there would add nothing.
    with one_blas_thread(), np.errstate(over="ignore", invalid="ignore"), _on_cluster(request) as wanted:
        return _COMMANDS[wanted.command](wanted)


@contextmanager
def _on_cluster(request: Request) -> Iterator[Request]:
    """The request with its cluster, if it has one, as backend."""
    if request.scheduler is None:
        yield request
        return
    from qtraj.paths.cluster import dask_backend

    with dask_backend(request.scheduler) as backend:
        yield replace(request, backend=backend)


def _verify(request: Request) -> Exit:
    if is_sweep(request.target):
        from qtraj.cli.sweep import verify_folder

        return verify_folder(request)
    if request.quantity is not None:
        raise InvalidInput(
            f"`--quantity` must be left out for a single run, whose figure shows all, but is {request.quantity!r}"
        )
    task = task_of(request)
    ensemble = task.stored
    if request.figure is not None or request.report is not None:
        ensemble = sampled(request, task)
    report = verify(task.experiment.process, ensemble=ensemble, **task.sampling, progress=not request.quiet)
    if request.as_json:
        emit_json({**report.to_json(), **_provenance(request)})
    elif not request.quiet:
        emit(colour_verdicts(f"{task.experiment.name}: {report}"))
    # After the verdict, which a full disk shall not cost.
    if ensemble is not None and request.figure is not None:
        _draw(request, task, ensemble, report)
    if request.report is not None:
        _write_report(request, task, ensemble, report)
    return Exit.of(report.verdict)


def _exact(request: Request) -> Exit:
    task = task_of(request)
    experiment = task.experiment
    protocol = {key: value for key, value in task.sampling.items() if key == "protocol"}
    process = experiment.process
    document = exact_report(process, **protocol, n_jobs=request.n_jobs, own_averages=experiment.own_averages)
    document["notes"] = remarks(process, document["averages"])
    if request.as_json:
        emit_json({**document, **_provenance(request)})
    elif not request.quiet:
        title = find_model(experiment.model).own_title if experiment.model else ""
        own = set(experiment.own_averages)
        emit(exact_table(experiment.name, document, units=Units.of(process), own=own, own_title=title))
    return Exit.HOLDS


def _provenance(request: Request) -> dict[str, Any]:
    """What a reader of the JSON needs to make it again."""
    return {"target": request.target, "settings": list(request.settings), "qtraj_version": __version__}


def _histogram(request: Request) -> Exit:
    task = task_of(request)
    ensemble = sampled(request, task)
    if request.as_json:
        emit_json(histogram_document(task.experiment.process.kind, ensemble))
    elif not request.quiet:
        emit(histogram_table(task.experiment.name, ensemble, log=request.log))
    if request.figure is not None:
        _draw(request, task, ensemble)
    return Exit.HOLDS


def _models(request: Request) -> Exit:
    models = [find_model(request.target)] if request.target else list(MODELS.values())
    if request.as_json:
        emit_json(models_document(models))
    else:
        emit(model_table(models[0]) if request.target else models_table(models))
    return Exit.HOLDS


def _reproduce(request: Request) -> Exit:
    from qtraj.cli.reproduce import reproduce  # the models of all papers with their figures, which others need not load

    return reproduce(request.target, figure=request.figure, as_json=request.as_json, quiet=request.quiet)


def _sample(request: Request) -> Exit:
    from qtraj.cli.storage_commands import store  # with Parquet, which others need not load

    task = task_of(request)
    assert request.out is not None
    return store(
        task.experiment,
        request.out,
        sampling=task.sampling,
        records=request.records,
        blocks=request.blocks,
        as_json=request.as_json,
        quiet=request.quiet,
    )


def _resume(request: Request) -> Exit:
    if is_sweep(request.target):
        from qtraj.cli.sweep import resume_folder

        return resume_folder(request)
    from qtraj.cli.storage_commands import resume

    return resume(
        request.target,
        paths=request.paths,
        n_jobs=request.n_jobs,
        backend=request.backend,
        as_json=request.as_json,
        quiet=request.quiet,
    )


def _merge(request: Request) -> Exit:
    from qtraj.cli.storage_commands import merge

    assert request.out is not None
    return merge(request.target, request.others[0], request.out, as_json=request.as_json, quiet=request.quiet)


def _sweep(request: Request) -> Exit:
    from qtraj.cli.sweep import sweep  # with Parquet, which others need not load

    return sweep(request)


def _completion(request: Request) -> Exit:
    from qtraj.cli.completion import completion  # with the models of all papers, which others need not load

    return completion(request.target)


def _draw(request: Request, task: Task, ensemble: Ensemble, report: Report | None = None) -> None:
    from qtraj.plots import overview, save_figure  # matplotlib takes half a second, which only figures are worth

    assert request.figure is not None
    save_figure(overview(ensemble, report=report, log=request.log, title=task.experiment.name), request.figure)
    if not request.quiet and not request.as_json:
        emit(f"figure: {request.figure}")


def _write_report(request: Request, task: Task, ensemble: Ensemble | None, report: Report) -> None:
    from qtraj.report import write_report  # with matplotlib and the storage
    from qtraj.storage.run_folder import RunFolder

    assert request.report is not None
    manifest = None if task.stored is None else RunFolder.open(request.target).manifest
    write_report(request.report, report, ensemble=ensemble, experiment=task.experiment, manifest=manifest)
    if not request.quiet and not request.as_json:
        emit(f"report: {request.report}")


_COMMANDS: Final[dict[str, Callable[[Request], Exit]]] = {
    "verify": _verify,
    "exact": _exact,
    "histogram": _histogram,
    "models": _models,
    "reproduce": _reproduce,
    "sample": _sample,
    "resume": _resume,
    "merge": _merge,
    "completion": _completion,
    "sweep": _sweep,
}
