"""From a report to a file.

This is part of the public face, which loads neither matplotlib nor the schemas of files: the function that writes
imports what it needs.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from qtraj.atomic import atomic_file, check_writable, file_name
from qtraj.blas import one_blas_thread
from qtraj.errors import InvalidInput
from qtraj.paths.ensemble import Ensemble
from qtraj.quantum.scalars import instance_of
from qtraj.theorems.report import Report

if TYPE_CHECKING:
    from qtraj.experiment.load import Experiment
    from qtraj.storage.manifest import Manifest

__all__ = ["ENDINGS", "check_report_path", "write_report"]

ENDINGS = (".html", ".htm")


def check_report_path(path: str | os.PathLike[str]) -> Path:
    """Check where a report is to go, before the long computation it is about.

    Raises:
        InvalidInput: If it is no file name, or does not end in .html or .htm.
        StorageError: If the folder does not exist or cannot be written to, or the path is a folder itself.

    Example:
        >>> check_report_path("report.pdf")
        Traceback (most recent call last):
        ...
        qtraj.errors.InvalidInput: `path` must end in .html or .htm, but is 'report.pdf'
    """
    target = file_name(path)
    if target.suffix.lower() not in ENDINGS:
        raise InvalidInput(f"`path` must end in {' or '.join(ENDINGS)}, but is {str(target)!r:.80}")
    check_writable(target)
    return target


def write_report(
    path: str | os.PathLike[str],
    report: Report,
    *,
    ensemble: Ensemble | None = None,
    experiment: Experiment | None = None,
    manifest: Manifest | None = None,
    title: str | None = None,
    date: str | None = None,
) -> Path:
    """Write what `verify` found as one HTML file that needs nothing else: no network, no scripts, no other files.

    Verdict in words, all checks, figures, exact numbers beside sampled ones, diagnostics, and how to reproduce them;
    for screens of every size, by day and night, and for paper. The same run gives the same bytes.

    Args:
        path: A file name ending in .html. An existing file is replaced at once when the new one is complete.
        report: What `verify` found.
        ensemble: The paths it looked at; without them there are no figures and no sampled averages.
        experiment: What `load_experiment` returned, if the process comes from a file or a model's name; the report
            then holds the whole experiment.
        manifest: What the run folder says, if the paths are stored in one.
        title: What stands above it; by default the name of the experiment, or the kind of process.
        date: When it was made, in any words; by default left out.

    Returns:
        The path.

    Raises:
        InvalidInput: If the name has another ending, the ensemble is another one, or an argument is of another class.
        StorageError: If the file cannot be written.

    Example:
        >>> import tempfile
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.sample import sample
        >>> from qtraj.theorems.verify import verify
        >>> process = build_model("two-qubit-exchange")
        >>> ensemble = sample(process, paths=1e6)
        >>> report = verify(process, ensemble=ensemble)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = write_report(Path(folder) / "exchange.html", report, ensemble=ensemble)
        ...     file.read_text(encoding="utf-8").splitlines()[0]
        '<!DOCTYPE html>'
    """
    from qtraj.experiment.load import Experiment
    from qtraj.report.document import html_document
    from qtraj.report.subject import Subject
    from qtraj.storage.manifest import Manifest

    target = check_report_path(path)
    instance_of(report, Report, "report")
    optional = {
        "ensemble": (ensemble, Ensemble),
        "experiment": (experiment, Experiment),
        "manifest": (manifest, Manifest),
        "title": (title, str),
        "date": (date, str),
    }
    for argument, (value, wanted) in optional.items():
        if value is not None:
            instance_of(value, wanted, argument)
    name = experiment.name if experiment is not None else report.process
    subject = Subject(
        report=report,
        ensemble=ensemble,
        experiment=experiment,
        manifest=manifest,
        title=title or name or "qtraj report",
        date=date,
    )
    # Figures of dense laws take linear algebra, whose last digits depend on the number of threads.
    with one_blas_thread():
        content = html_document(subject).encode()
    with atomic_file(target) as file:
        file.write(content)
    return target
