"""Where the numbers come from, and how anybody gets the same ones: experiment, commands, seed, versions."""

from __future__ import annotations

import copy
import json
import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np

from qtraj.errors import QtrajError
from qtraj.experiment.files import read_matrix
from qtraj.experiment.load import Experiment
from qtraj.markup import Markup, facts, joined, tag
from qtraj.report.elements import Section, code_block
from qtraj.report.subject import Subject
from qtraj.report.toml_text import toml_text
from qtraj.storage.manifest import Manifest

__all__ = ["experiment_section", "reproduce_section", "self_contained"]

MOST_ENTRIES: Final = 4096
"""Matrices of a file up to this size (64 x 64) are written into the report, which then needs no other file."""

NAMES: Final[Mapping[str, str]] = {
    "qtraj": "qtraj",
    "python": "Python",
    "numpy": "NumPy",
    "scipy": "SciPy",
    "numba": "Numba",
    "machine": "machine",
    "processor": "processor features",
    "compiled_for": "kernels compiled for",
    "random_numbers": "fingerprint of the random numbers",
}
"""What `qtraj.storage.environment` knows, in words."""


def experiment_section(subject: Subject) -> Section:
    """What happened: the process in words."""
    report = subject.report
    seeds = [report.seed] if subject.ensemble is None else list(subject.ensemble.seeds)
    run = {
        "process": report.process or "a process",
        "protocol": report.protocol,
        "sampler": report.sampler,
        "paths": f"{report.paths:,}",
        "seed": ", ".join(str(seed) for seed in seeds if seed is not None) or _without_seed(subject),
    }
    process = None if subject.ensemble is None else subject.ensemble.process
    summary = getattr(process, "summary", {})
    return Section(
        name="experiment",
        heading="Experiment",
        content=joined([facts(run, caption="The run"), *([facts(summary, caption="The process")] if summary else [])]),
    )


def reproduce_section(subject: Subject) -> Section:
    """How to get the same numbers."""
    return Section(name="reproduce", heading="How to reproduce", content=joined(_reproduce(subject)))


def _reproduce(subject: Subject) -> Iterator[Markup]:
    experiment = subject.experiment
    if experiment is None or not experiment.document:
        yield tag(
            "p",
            "The process was built in Python and not from a file, so that this report cannot hold all of it. With the "
            "process at hand:",
        )
        yield code_block(_in_python(subject), "Python program")
    else:
        file = _file_name(experiment)
        yield tag("p", "Save this as ", tag("code", file), ". It is the whole experiment, with all settings in it:")
        yield code_block(toml_text(self_contained(experiment)), "Experiment file")
        for path in _left_out(experiment):
            yield tag("p", "It needs the matrix file ", tag("code", path), ", which is too large for a report.")
        yield tag("p", "Then run:")
        yield code_block(_commands(subject, file), "Commands")
        yield tag("p", "Or in Python:")
        yield code_block(_in_python(subject, file), "Python program")
    yield tag(
        "p",
        "The numbers do not depend on how many workers draw them. They are the same to the last digit wherever NumPy "
        "draws the same random numbers, which the fingerprint tells; followed paths also ask for the same versions and "
        "processor.",
    )
    yield facts(versions(subject.machine), caption="Checked with")
    if subject.manifest is not None:
        machines = [machine for part in subject.manifest.parts for machine in part.drawn_with]
        for machine in (one for place, one in enumerate(machines) if one not in machines[:place]):
            if machine != subject.machine:
                yield facts(versions(machine), caption="Drawn with")


def versions(machine: Mapping[str, Any]) -> dict[str, str]:
    """What an environment holds, in words and in a fixed order."""
    named = {words: machine[key] for key, words in NAMES.items() if key in machine}
    return {
        words: " ".join(map(str, value)) if isinstance(value, list) else str(value) for words, value in named.items()
    }


def self_contained(experiment: Experiment) -> dict[str, Any]:
    """The experiment's document with its matrix files written out, as far as they are small enough."""
    document: dict[str, Any] = copy.deepcopy(experiment.document)
    for table in _tables_with_files(document):
        try:
            matrix = read_matrix(table["file"], experiment.folder)
        except (QtrajError, OSError):
            continue  # it was there when the process was built; the report then names it
        if matrix.size <= MOST_ENTRIES and matrix.dtype.kind in "ifc":
            del table["file"]
            table["real"] = np.real(matrix).tolist()
            if matrix.dtype.kind == "c":
                table["imag"] = np.imag(matrix).tolist()
    return document


def _left_out(experiment: Experiment) -> list[str]:
    return [table["file"] for table in _tables_with_files(self_contained(experiment))]


def _tables_with_files(document: Any) -> Iterator[dict[str, Any]]:
    if isinstance(document, dict):
        if isinstance(document.get("file"), str):
            yield document
        for value in list(document.values()):
            yield from _tables_with_files(value)
    elif isinstance(document, list):
        for value in document:
            yield from _tables_with_files(value)


def _without_seed(subject: Subject) -> str:
    """Why a report has no seed."""
    foreign = subject.ensemble is not None and not subject.ensemble.seeds
    return "none: not drawn by qtraj" if foreign else "pooled from several"


def _file_name(experiment: Experiment) -> str:
    """A name that can be typed and is no option."""
    plain = re.sub(r"[^\w.-]+", "_", Path(experiment.name).name).strip("_.-")
    return f"{plain or 'experiment'}.toml"


def _commands(subject: Subject, file: str) -> str:
    """Command lines that give the same report."""
    report = subject.report
    if report.seed is not None:
        options = _options(report.paths, report.seed, report.protocol, report.sampler)
        return shlex.join(["qtraj", "verify", file, *options])
    if subject.manifest is None:
        seeds = () if subject.ensemble is None else subject.ensemble.seeds
        if not seeds and subject.ensemble is not None:
            return "# the paths were not drawn by qtraj: `qtraj verify` draws its own"
        return (
            f"# pooled from the seeds {', '.join(map(str, seeds))}: draw each with `qtraj sample`, then `qtraj merge`"
        )
    return "\n".join(_merging(subject.manifest, file))


def _options(paths: int, seed: int, protocol: str, sampler: str) -> list[str]:
    return ["--paths", str(paths), "--seed", str(seed), "--protocol", protocol, "--sampler", sampler]


def _merging(manifest: Manifest, file: str) -> Iterator[str]:
    """Draw the runs of all seeds, and put them together one after the other."""
    folders = [f"run-{part.seed}" for part in manifest.parts]
    for part, folder in zip(manifest.parts, folders, strict=True):
        options = _options(part.paths, part.seed, manifest.protocol, manifest.sampler)
        yield shlex.join(["qtraj", "sample", file, "--out", folder, *options])
    pooled = folders[0]
    for place, folder in enumerate(folders[1:], start=1):
        yield shlex.join(["qtraj", "merge", pooled, folder, "--out", f"pooled-{place}"])
        pooled = f"pooled-{place}"
    yield shlex.join(["qtraj", "verify", pooled])


def _in_python(subject: Subject, file: str | None = None) -> str:
    report = subject.report
    arguments = f"paths={report.paths}, seed={report.seed}, protocol={report.protocol!r}, sampler={report.sampler!r}"
    lines = ["import qtraj"]
    if file is not None:
        name = json.dumps(file, ensure_ascii=False)
        lines += ["from qtraj.experiment import load_experiment", "", f"process = load_experiment({name}).process"]
    lines += [f"ensemble = qtraj.sample(process, {arguments})", "report = qtraj.verify(process, ensemble=ensemble)"]
    if report.seed is None:
        foreign = subject.ensemble is not None and not subject.ensemble.seeds
        lines[-2] = "ensemble = ...  # " + ("not drawn by qtraj" if foreign else "drawn from several seeds and merged")
    return "\n".join([*lines, "print(report)"])
