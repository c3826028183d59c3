"""The commands: each turns a `Request` into output and an exit code."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from qtraj import __version__
from qtraj.atomic import check_writable
from qtraj.blas import one_blas_thread
from qtraj.cli.arguments import Request
from qtraj.cli.exact_table import exact_table
from qtraj.cli.exits import Exit, naming
from qtraj.cli.output import colour_verdicts, emit, emit_json, plain
from qtraj.cli.tables import QUANTITIES, histogram_table, model_table, models_table, plain_default
from qtraj.errors import InvalidInput
from qtraj.experiment import Experiment, load_experiment
from qtraj.experiment.ensemble import check_protocol, check_sampler
from qtraj.models import MODELS, find_model
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.sample import sample
from qtraj.theorems.exact import exact_report
from qtraj.theorems.report import Report
from qtraj.theorems.verify import verify

__all__ = ["run"]

JSON_BINS: Final = 200
"""Bins of values that have no atoms: fine enough to be put together to any coarser ones a figure may want."""

_EXITS: Final = {"pass": Exit.HOLDS, "fail": Exit.FAILS, "inconclusive": Exit.INCONCLUSIVE}


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


@dataclass(frozen=True, kw_only=True)
class _Task:
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


def _task(request: Request) -> _Task:
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
    return _Task(experiment=experiment, sampling=sampling)


def _stored(request: Request) -> _Task | None:
    """What is in a run folder; None if the target is none."""
    # A model's name wins over a folder; `exact` draws nothing, and `sample` draws a run of its own.
    if request.command not in ("verify", "histogram") or request.target in MODELS:
        return None
    if not os.path.isdir(request.target):  # pyarrow and the rest of the storage need not be loaded
        return None
    from qtraj.cli.storage_commands import load_stored

    own = {
        "--set": request.settings,
        "--paths": request.paths,
        "--seed": request.seed,
        "--protocol": request.protocol,
        "--sampler": request.sampler,
    }
    found = load_stored(request.target, own, partial=request.partial)
    if found is None:
        return None
    experiment, ensemble = found
    workers = {"n_jobs": request.n_jobs, "backend": request.backend}
    return _Task(experiment=experiment, sampling=workers, stored=ensemble)


def _load(request: Request) -> Experiment:
    with nullcontext() if request.target in MODELS else naming(request.target):
        return load_experiment(request.target, request.settings)


def _is_sweep(target: str) -> bool:
    """Whether the target is the folder of a sweep."""
    if target in MODELS or not os.path.isdir(target):
        return False
    from qtraj.storage.sweep_folder import is_sweep_folder

    return is_sweep_folder(target)


def _sampled(request: Request, task: _Task) -> Ensemble:
    if task.stored is not None:
        return task.stored
    return sample(task.experiment.process, **task.sampling, keep_rows=False, progress=not request.quiet)


def _verify(request: Request) -> Exit:
    if _is_sweep(request.target):
        from qtraj.cli.sweep import verify_folder

        return verify_folder(request)
    if request.quantity is not None:
        raise InvalidInput(
            f"`--quantity` must be left out for a single run, whose figure shows all, but is {request.quantity!r}"
        )
    task = _task(request)
    ensemble = task.stored
    if request.figure is not None or request.report is not None:
        ensemble = _sampled(request, task)
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
    return _EXITS[str(report.verdict)]


def _exact(request: Request) -> Exit:
    task = _task(request)
    experiment = task.experiment
    protocol = {key: value for key, value in task.sampling.items() if key == "protocol"}
    document = exact_report(experiment.process, **protocol, n_jobs=request.n_jobs, own_averages=experiment.own_averages)
    if request.as_json:
        emit_json({**document, **_provenance(request)})
    elif not request.quiet:
        title = find_model(experiment.model).own_title if experiment.model else ""
        emit(exact_table(experiment.name, document, own=set(experiment.own_averages), own_title=title))
    return Exit.HOLDS


def _provenance(request: Request) -> dict[str, Any]:
    """What a reader of the JSON needs to make it again."""
    return {"target": request.target, "settings": list(request.settings), "qtraj_version": __version__}


def _histogram(request: Request) -> Exit:
    task = _task(request)
    ensemble = _sampled(request, task)
    if request.as_json:
        emit_json(_histogram_document(task, ensemble))
    elif not request.quiet:
        emit(histogram_table(task.experiment.name, ensemble, log=request.log))
    if request.figure is not None:
        _draw(request, task, ensemble)
    return Exit.HOLDS


def _histogram_document(task: _Task, ensemble: Ensemble) -> dict[str, Any]:
    """Exact atoms and counts, or counts in bins, of every quantity that is recorded; for the usual others, a reason."""
    quantities, reasons = dict[str, Any](), dict[str, str]()
    for name in dict.fromkeys((*QUANTITIES, *ensemble.quantities)):
        if name not in ensemble.quantities:
            quantities[name] = None
            reasons[f"quantities.{name}"] = f"`{name}` is not defined in the {ensemble.protocol} protocol"
            continue
        place = f"quantities.{name}"
        quantities[name] = {
            **(_bins(ensemble, name) if ensemble.finite_law is None else _atoms(ensemble, name, place, reasons)),
            "sampled_mean": plain(ensemble.mean(name), f"{place}.sampled_mean", reasons),
            "standard_error": plain(ensemble.standard_error(name), f"{place}.standard_error", reasons),
        }
    return {
        "process": task.experiment.process.kind,
        "paths": ensemble.paths,
        "seed": ensemble.seed,
        "protocol": ensemble.protocol,
        "sampler": ensemble.sampler,
        "outside": ensemble.outside,
        "quantities": quantities,
        "reasons": reasons,
    }


def _atoms(ensemble: Ensemble, name: str, place: str, reasons: dict[str, str]) -> dict[str, Any]:
    distribution = ensemble.law.distribution(name)
    return {
        "atoms": distribution.atoms.tolist(),
        "probabilities": distribution.probabilities.tolist(),
        "log_probabilities": distribution.log_probabilities.tolist(),
        "counts": distribution.counts(ensemble.class_counts).tolist(),
        "exact_mean": plain(ensemble.law.mean(name), f"{place}.exact_mean", reasons),
    }


def _bins(ensemble: Ensemble, name: str) -> dict[str, Any]:
    counts, edges = ensemble.histogram(name, JSON_BINS)
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def _models(request: Request) -> Exit:
    models = [find_model(request.target)] if request.target else list(MODELS.values())
    if request.as_json:
        emit_json(
            {
                "models": [
                    {
                        "name": model.name,
                        "source": model.source,
                        "summary": model.summary,
                        "parameters": {key: plain_default(value) for key, value in model.parameters.items()},
                        "meanings": model.meanings,
                    }
                    for model in models
                ]
            }
        )
    else:
        emit(model_table(models[0]) if request.target else models_table(models))
    return Exit.HOLDS


def _reproduce(request: Request) -> Exit:
    from qtraj.cli.reproduce import reproduce  # the models of all papers with their figures, which others need not load

    return reproduce(request.target, figure=request.figure, as_json=request.as_json, quiet=request.quiet)


def _sample(request: Request) -> Exit:
    from qtraj.cli.storage_commands import store  # with Parquet, which others need not load

    task = _task(request)
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
    if _is_sweep(request.target):
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


def _draw(request: Request, task: _Task, ensemble: Ensemble, report: Report | None = None) -> None:
    from qtraj.plots import overview, save_figure  # matplotlib takes half a second, which only figures are worth

    assert request.figure is not None
    save_figure(overview(ensemble, report=report, log=request.log, title=task.experiment.name), request.figure)
    if not request.quiet and not request.as_json:
        emit(f"figure: {request.figure}")


def _write_report(request: Request, task: _Task, ensemble: Ensemble | None, report: Report) -> None:
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
