"""What objects show in notebooks and in a console: short, escaped, and true."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from qtraj.density.averages import averages
from qtraj.markup import prose
from qtraj.models import build_model
from qtraj.paths.exact_law import exact_law
from qtraj.paths.sample import sample
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.collision_steps import CollisionStep, InternalStep
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import Process
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.channels import Channel
from qtraj.quantum.composite import CompositeSystem, Reservoir
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.spectrum import Spectrum
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.theorems.estimate import estimate
from qtraj.theorems.verify import verify
from tests.report.structure import Page

NAME = '<b>hot</b> & "cold" \u202e'


def thermal() -> ThermalOperation:
    system = System(energies=[0.0, 1.0], state=State.bloch(0.5, 0.2, -0.3))
    bath = Environment.ladder(levels=40, spacing=1.0, inverse_temperature=0.6)
    return ThermalOperation(system=system, environment=bath, unitary=EnergyConservingUnitary.haar(system, bath, seed=3))


def collisions() -> CollisionModel:
    qubit = CompositeSystem(subsystems={NAME: [0.0, 1.0]}, state=State.pure([1.0, 0.0]))
    bath = Reservoir(energies=[0.0, 1.0], inverse_temperature=0.5)
    coherent = Reservoir(energies=[0.0, 1.0], state=State.bloch(0.5, 0.0, 0.1))
    swap = EnergyConservingUnitary.partial_swap(qubit.part([NAME]), bath.environment, angle=0.4)
    steps = [CollisionStep(reservoir=name, on=[NAME], unitary=swap) for name in (NAME, "coherent")]
    return CollisionModel(composite=qubit, reservoirs={NAME: bath, "coherent": coherent}, steps=steps, repeat=3)


def jumps() -> JumpProcess:
    qubit = System(hamiltonian=[[0.5, 0.3], [0.3, -0.5]], state=[[0.5, 0.2], [0.2, 0.5]])
    decay = Channel(operator=[[0, 0], [1, 0]], bath=NAME, rate=0.8, energy=1.0, inverse_temperature=0.5)
    return JumpProcess(system=qubit, channels=[decay], duration=4.0)  # type: ignore[arg-type]


PROCESSES: dict[str, Any] = {
    "<ThermalOperation of 2 system and 40 environment states, inverse temperature 0.6>": thermal,
    f"<CollisionModel of {NAME} with {NAME}, coherent: 6 collisions>": collisions,
    f"<JumpProcess of 2 states with {NAME}, duration 4>": jumps,
    "<CorrelatedOperation of 2 system and 2 environment states, inverse temperature 1.25>": lambda: build_model(
        "two-qubit-exchange", correlation=0.1j
    ),
}


def check_fragment(html: str) -> Page:
    """A fragment that a notebook can show: closed, escaped, with scopes, no style that would fight the theme."""
    page = Page(html)
    assert page.wrong == []
    assert {name for name, _ in page.tags} <= {
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "div",
        "p",
        "strong",
        "sub",
        "sup",
    }
    assert all(attributes.get("scope") in ("row", "col") for attributes in page.all("th"))
    assert not any({"style", "bgcolor", "color"} & set(attributes) for _, attributes in page.tags)
    assert page.all("caption")
    return page


@pytest.mark.parametrize("shown", PROCESSES)
def test_processes(shown: str) -> None:
    process = PROCESSES[shown]()
    assert repr(process) == shown
    html = process._repr_html_()
    page = check_fragment(html)
    assert page.texts["caption"] == [process.kind]
    assert len(page.texts["th"]) == len(process.summary)
    assert len(html) < 3000


def test_the_summary_of_a_collision_model_tells_its_round() -> None:
    summary = collisions().summary
    assert summary["one round"] == f"{NAME} meets {NAME}; {NAME} meets coherent"
    assert summary["rounds"] == "3"
    assert summary[f"reservoir {NAME}"] == "thermal units of 2 states, energies 0, 1, inverse temperature 0.5"
    assert "measured in its eigenbasis" in summary["reservoir coherent"]


def test_the_summary_of_a_jump_process_tells_its_baths() -> None:
    assert jumps().summary[f"bath {NAME}"] == "1 channel, rates 0.8, entropy per jump 0.5, inverse temperature 0.5"


def test_laws_distributions_and_ensembles_take_one_line() -> None:
    law = exact_law(thermal())
    distribution = law.distribution("sigma", "heat")
    ensemble = sample(thermal(), paths=1000, seed=1)
    for thing in (law, distribution, ensemble):
        assert "\n" not in repr(thing)
        assert len(repr(thing)) < 160
    assert repr(law).startswith(f"<PathLaw of {law.classes:,} classes, {law.paths:,} paths, augmented protocol: sigma,")
    low, high = law.quantity("heat").min(), law.quantity("heat").max()
    assert repr(distribution).endswith(f" x [{low:.6g}, {high:.6g}]>")
    assert f"{distribution.values.shape[0]} values" in repr(distribution)
    assert "too many paths to count" in repr(replace(law, paths=None))


@pytest.mark.parametrize(
    ("thing", "shown"),
    [
        (thermal().system, "<System of 2 states, energies 0, 1; state of rank 2>"),
        (thermal().environment, "<Environment of 40 states, energies 0, 1, 2, 3, 4, ..., 39; inverse temperature 0.6>"),
        (thermal().unitary, "<EnergyConservingUnitary of dimension 80, 41 blocks of up to 2 levels>"),
        (State.gibbs([0.0, 1.0], 1.0), "<State of dimension 2, rank 2, eigenvalues 0.7311, 0.2689>"),
        (Spectrum(energies=[0.0, 0.0]), "<Spectrum of 2 states, energies 0, 0>"),
        (collisions().composite, f"<CompositeSystem of {NAME}: 2 states; state of rank 1>"),
        (collisions().reservoirs[NAME], "<Reservoir with units of 2 states, energies 0, 1; inverse temperature 0.5>"),
        (collisions().reservoirs["coherent"], "<Reservoir with units of 2 states, energies 0, 1; in a state given>"),
        (collisions().steps[0], f"<CollisionStep: {NAME} meets {NAME}>"),
        (InternalStep(on=["A", "B"], unitary=np.eye(4)), "<InternalStep: unitary of A and B>"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else "",
)
def test_what_holds_arrays_says_in_one_line_what_it_is(thing: object, shown: str) -> None:
    assert repr(thing) == shown


def test_a_report_takes_one_line_and_its_table_is_what_is_printed() -> None:
    report = verify(thermal(), paths=1_000_000, seed=7, followed_paths=0)
    assert repr(report) == "<Report: pass, 23 checks, 1,000,000 paths of thermal-operation, seed 7>"
    assert "law_mean_sigma" in str(report)
    assert "seed" not in repr(replace(report, seed=None, seeds=(), process=""))


@pytest.mark.parametrize("make", PROCESSES.values(), ids=["thermal", "collisions", "jumps", "correlated"])
def test_averages_take_one_line_an_entry(make: Any) -> None:
    found = averages(make())
    heading, *entries = repr(found).splitlines()
    assert heading == type(found).__name__
    assert [entry.split()[0] for entry in entries] == [field.name for field in fields(found)]  # type: ignore[arg-type]
    assert f"{found.entropy_production:.10g}" in repr(found)
    assert max(map(len, entries)) < 160
    page = check_fragment(found._repr_html_())
    assert page.texts["caption"] == [heading]
    assert len(page.texts["th"]) == len(entries)


def test_the_table_of_a_law_has_its_cumulants() -> None:
    law = exact_law(thermal())
    page = check_fragment(law._repr_html_())
    assert page.texts["th"][5:] == list(law.quantities)
    assert page.texts["td"][0] == f"{law.mean('sigma'):.6g}"
    assert page.texts["td"][3] == "1"


@pytest.mark.parametrize("process", [thermal(), jumps()], ids=["with a law", "without"])
def test_the_table_of_an_ensemble_has_means_beside_exact_ones(process: Process) -> None:
    ensemble = sample(process, paths=100, seed=1)
    page = check_fragment(ensemble._repr_html_())
    assert page.texts["td"][0] == f"{ensemble.mean(ensemble.quantities[0]):.6g}"
    assert ("exact mean" in page.texts["th"]) == (ensemble.finite_law is not None)


def test_the_table_of_an_estimate_says_how_good_it_is() -> None:
    found = estimate(sample(thermal(), paths=1000, seed=1), "exp_minus_sigma")
    page = check_fragment(found._repr_html_())
    assert page.texts["caption"] == ["exp_minus_sigma"]
    assert "exact variance" in page.texts["td"]
    assert "effective sample size" in page.texts["th"]
    unknown = replace(found, exact=None, effective_sample_size=None, detectable=np.nan, note="<u>")
    page = check_fragment(unknown._repr_html_())
    assert "unknown" in page.texts["td"]
    assert "<u>" in page.texts["td"]


def test_the_table_of_a_report_has_every_check() -> None:
    report = verify(thermal(), paths=1000, followed_paths=0)
    page = check_fragment(report._repr_html_())
    assert page.texts["th"][7:] == [check.name for check in report.checks]
    assert page.texts["strong"] == Page(f"<strong>{prose(report.sentence)}</strong>").texts["strong"]
