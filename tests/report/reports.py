"""Reports of every kind, written once for all tests: file, ensemble and text."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from qtraj.experiment.load import Experiment, build_experiment, load_experiment
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.sample import sample
from qtraj.report.document import html_document
from qtraj.report.subject import Subject
from qtraj.theorems.report import Report
from qtraj.theorems.verify import verify

EXAMPLES = Path(__file__).parents[2] / "examples"

VERDICTS = {
    "thermal operation": "pass",
    "jump process": "inconclusive",
    "nasty names": "pass",
    "pure start": "pass",
    "collision model": "inconclusive",
    "named model": "pass",
}
"""What there is a report of, and what it says."""

# Those that differ most; drawing the figures of all of them every time would take longer than it tells.
EVERY_TIME = ("thermal operation", "jump process", "nasty names")
KINDS = [kind if kind in EVERY_TIME else pytest.param(kind, marks=pytest.mark.slow) for kind in VERDICTS]

# Everything that has ever broken an HTML file: tags, quotes, comments, CDATA, template syntax, end tags of the elements
# that the report itself has, Arabic and Hebrew, an override of the writing direction, control characters, formulas.
NASTY = (
    "<script>alert(1)</script>\"&' ]]> --> </style></title> ${x} {{y}} \u05d0\u0628\u202eabc\u202c\x07\x85 $\\sigma^2$ "
    "U^dag <e^-sigma> 1e5"
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Written:
    """A report with what it is about."""

    report: Report
    ensemble: Ensemble
    experiment: Experiment
    text: str


def nasty_experiment() -> Experiment:
    """A small collision model whose every name is nasty."""
    document: dict[str, Any] = {
        "kind": "collision-model",
        "subsystems": [{"name": f"A {NASTY}", "energies": [0.0, 1.0]}],
        "system": {"state": {"kind": "bloch", "x": 0.3, "y": 0.1, "z": 0.2}},
        "reservoirs": {
            f"hot {NASTY}": {"energies": [0.0, 1.0], "beta": 0.5},
            f"cold {NASTY}": {"energies": [0.0, 1.0], "beta": 0.8},
        },
        "steps": [
            {"reservoir": f"{name} {NASTY}", "on": [f"A {NASTY}"], "unitary": {"kind": "partial-swap", "angle": 0.4}}
            for name in ("hot", "cold")
        ],
    }
    return build_experiment(f"name {NASTY}", document, Path())


def experiment_of(kind: str) -> Experiment:
    match kind:
        case "thermal operation":
            return load_experiment(str(EXAMPLES / "qubit_partial_swap.toml"))
        case "pure start":
            return load_experiment(str(EXAMPLES / "pure_start.toml"))
        case "collision model":
            return load_experiment(str(EXAMPLES / "three_reservoirs.toml"), ["repeat=1"])
        case "jump process":
            return load_experiment(str(EXAMPLES / "driven_qubit.toml"))
        case "named model":
            return load_experiment("two-qubit-exchange", ["angle=0.3"])
        case _:
            return nasty_experiment()


# Few paths where two reports are to be inconclusive, and to save time where paths are followed one by one.
PATHS = {"collision model": 300, "jump process": 3000}
PROTOCOLS = {"nasty names": "eigenbasis-two-point"}


def subject_of(kind: str) -> Subject:
    experiment = experiment_of(kind)
    protocol = PROTOCOLS.get(kind, "augmented")
    ensemble = sample(experiment.process, paths=PATHS.get(kind, 10**6), seed=7, protocol=protocol)
    report = verify(experiment.process, ensemble=ensemble, followed_paths=2000)
    return Subject(report=report, ensemble=ensemble, experiment=experiment, title=experiment.name)


@cache
def written(kind: str) -> Written:
    """The report of a kind."""
    subject = subject_of(kind)
    assert subject.ensemble is not None
    assert subject.experiment is not None
    return Written(
        report=subject.report,
        ensemble=subject.ensemble,
        experiment=subject.experiment,
        text=html_document(subject),
    )
