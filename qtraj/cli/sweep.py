"""The commands on sweeps: run one, go on with one, judge one; all three show the same table and end the same way."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Final

from qtraj.atomic import check_writable
from qtraj.cli.arguments import Request
from qtraj.cli.exits import Exit, naming
from qtraj.cli.output import colour_verdicts, emit, emit_json
from qtraj.cli.storage_commands import refuse_decided, resumable
from qtraj.cli.sweep_tables import overall_verdict, sweep_document, sweep_table, usual_quantity
from qtraj.cli.task import decided_by_folder
from qtraj.errors import InvalidInput, UnknownName
from qtraj.experiment import Sweep, load_sweep_file
from qtraj.models import MODELS
from qtraj.paths.progress import RunProgress
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.jump_process import JumpProcess
from qtraj.storage.sweep_folder import SweepFolder, load_sweep
from qtraj.storage.sweep_report import PointReport
from qtraj.storage.sweep_run import SweepCompletion, resume_sweep, start_sweep, verify_sweep

__all__ = ["resume_folder", "sweep", "verify_folder"]

MOST_KEYS: Final = 2
"""Keys that a figure can show."""


def sweep(request: Request) -> Exit:
    """`qtraj sweep TARGET --out DIR`: draw and judge every point in a new folder.

    Raises:
        InvalidInput: As `load_sweep_file` and `start_sweep`.
        StorageError: As `start_sweep`.
    """
    if request.figure is not None:
        check_writable(request.figure)
    assert request.out is not None
    with nullcontext() if request.target in MODELS else naming(request.target):
        wanted = load_sweep_file(request.target, request.settings, over=request.over, zipped=request.zipped)
        _check_figure(request, wanted)
        with resumable(request.out), _progress(request, len(wanted)) as progress:
            done = start_sweep(
                wanted,
                request.out,
                paths=request.paths,
                seed=request.seed,
                protocol=request.protocol,
                sampler=request.sampler,
                n_jobs=request.n_jobs,
                backend=request.backend,
                progress=progress,
            )
    return _tell(request, done.folder, done.folder.reports, done)


def resume_folder(request: Request) -> Exit:
    """`qtraj resume DIR` on a sweep folder: finish it, or make all its points longer.

    Raises:
        InvalidInput: As `resume_sweep`.
        StorageError: As `resume_sweep`.
    """
    points = len(SweepFolder.open(request.target).points)
    with resumable(request.target), _progress(request, points) as progress:
        done = resume_sweep(
            request.target, paths=request.paths, n_jobs=request.n_jobs, backend=request.backend, progress=progress
        )
    return _tell(request, done.folder, done.folder.reports, done)


def verify_folder(request: Request) -> Exit:
    """`qtraj verify DIR` on a sweep folder: judge every point again from its paths.

    Raises:
        InvalidInput: If an option is given that the sweep has decided.
        StorageError: As `verify_sweep`.
    """
    own = {**decided_by_folder(request), "--report": request.report, "--partial": request.partial or None}
    refuse_decided(own, "a sweep")
    if request.figure is not None:
        check_writable(request.figure)
    folder = load_sweep(request.target)
    _check_figure(request, folder.sweep)
    with _progress(request, len(folder.points)) as progress:
        reports = verify_sweep(folder, n_jobs=request.n_jobs, backend=request.backend, progress=progress)
    return _tell(request, folder, [PointReport.from_json(report.to_json()) for report in reports], None)


def _progress(request: Request, points: int) -> AbstractContextManager[RunProgress | None]:
    return nullcontext() if request.quiet else RunProgress(points, description="sweeping", unit="points")


def _check_figure(request: Request, wanted: Sweep) -> None:
    """Refuse a figure that cannot be drawn before hours are spent on its numbers."""
    if request.figure is not None and wanted.mode == "grid" and len(wanted.axes) > MOST_KEYS:
        raise InvalidInput(
            f"`--figure` must be left out of a grid over more than {MOST_KEYS} keys, but there are {len(wanted.axes)}: "
            f"{', '.join(axis.name for axis in wanted.axes)}; results.csv has all numbers",
            measured=float(len(wanted.axes)),
        )


def _tell(request: Request, folder: SweepFolder, reports: Sequence[PointReport], done: SweepCompletion | None) -> Exit:
    verdict = overall_verdict(reports)
    known = dict.fromkeys(number.quantity for report in reports for number in report.numbers)
    quantity = usual_quantity(reports) if request.quantity is None else _known(folder, request.quantity, known)
    if request.as_json:
        emit_json(sweep_document(folder, reports, verdict, done))
    elif not request.quiet:
        emit(colour_verdicts("\n".join(sweep_table(folder, reports, verdict, done, quantity))))
    if request.figure is not None:
        _draw(request, folder, quantity)
    return Exit.of(verdict)


def _known(folder: SweepFolder, name: str, known: Collection[str]) -> str:
    """The sampled number of that name; the heat into the only bath, as `exact` calls it, is sampled as `heat`."""
    if name in known:
        return name
    process = folder.experiment(folder.points[0]).process
    match process:
        case JumpProcess():
            baths = process.baths
        case CollisionModel():
            baths = tuple(process.reservoirs)
        case _:
            baths = ("environment",)
    if "heat" in known and len(baths) == 1 and name == f"heat_into_{baths[0]}":
        return "heat"
    raise UnknownName("quantity", name, known)


def _draw(request: Request, folder: SweepFolder, quantity: str) -> None:
    from qtraj.plots import save_figure, sweep  # matplotlib takes half a second, which only figures are worth
    from qtraj.plots.style import figure_of

    assert request.figure is not None
    over = [axis.name for axis in folder.sweep.axes]
    axes = sweep(folder.curve(quantity), over, quantity=quantity, zipped=folder.manifest.mode == "zip")
    save_figure(figure_of(axes), request.figure)
    if not request.quiet and not request.as_json:
        emit(f"figure: {request.figure}")
