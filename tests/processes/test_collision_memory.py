"""Estimates for collision models from the sizes of their parts, against measured peaks; refusals before all that."""

from __future__ import annotations

import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest

from qtraj.errors import NoFiniteLaw, TooLarge
from qtraj.memory import LIMIT_VARIABLE
from qtraj.models.li18 import coherent_collision
from qtraj.paths.exact_law import exact_law, law_if_finite
from qtraj.paths.sample import sample
from qtraj.processes.collision_memory import CollisionMemory, SweepMemory
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.collision_steps import CollisionStep, InternalStep
from qtraj.processes.seam import MeasurementProtocol
from qtraj.quantum.composite import CompositeSystem, Reservoir
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary


def parts(qubits: int, levels: int, unit: str) -> dict[str, object]:
    """A row of qubits, each rotated with the next, of which the first meets units of equally spaced levels."""
    names = [f"q{k}" for k in range(qubits)]
    row = CompositeSystem(subsystems={name: [0.0, 1.0] for name in names}, state=State.haar(2**qubits, seed=1))
    energies = np.arange(float(levels))
    bath = {
        "thermal": lambda: Reservoir(energies=energies, inverse_temperature=2.0 / levels),
        "coherent": lambda: Reservoir(energies=energies, state=State.haar(levels, seed=1)),
        "dephased": lambda: Reservoir(energies=energies, state=State.gibbs(energies, 2.0 / levels), measure="energy"),
    }[unit]()
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(4, 4)))[0]
    steps = [InternalStep(on=list(pair), unitary=turn) for pair in pairwise(names)]
    meeting = EnergyConservingUnitary.haar(row.part(names[:1]), bath.environment, seed=2)
    steps.append(CollisionStep(reservoir="bath", on=names[:1], unitary=meeting))
    return {"composite": row, "reservoirs": {"bath": bath}, "steps": steps}


MEASURE = """
import sys, tracemalloc
from tests.processes.test_collision_memory import *
kind, size, levels = sys.argv[1], *map(int, sys.argv[2:])
exact_law(coherent_collision(collisions=2), protocol="eigenbasis-two-point")  # what is kept for good is no part of it
if kind == "li18":
    model = coherent_collision(collisions=size)
elif kind == "row":
    model = CollisionModel(**parts(size, 2, "coherent"), repeat=levels)
else:
    given = parts(size, levels, kind)
if kind in ("li18", "row"):
    ends = model.endpoints(MeasurementProtocol.EIGENBASIS)
    tracemalloc.start()
    law = exact_law(model, protocol="eigenbasis-two-point")
    needed = SweepMemory.of(model.stages(), ends.initial.outcomes.count * ends.final.outcomes.count)
    print(tracemalloc.get_traced_memory()[1] / needed.law(law.flows.count, law.flows.count))
else:
    for step in given["steps"]:
        _ = step.unitary.elements() if isinstance(step, CollisionStep) else None
    _ = given["reservoirs"]["bath"].outcomes
    needed = CollisionMemory.of(**given)
    tracemalloc.start()
    model = CollisionModel(**given)
    print(tracemalloc.get_traced_memory()[1] / needed.making)
"""


def measured(*arguments: object) -> float:
    """Peak over estimate, in a process of its own."""
    words = [sys.executable, "-c", MEASURE, *map(str, arguments)]
    return float(subprocess.run(words, capture_output=True, text=True, timeout=600, check=True).stdout)


@pytest.mark.parametrize(
    "arguments",
    [
        ("li18", 40, 0),
        ("row", 4, 2),  # the maps of a cell, 256 x 256, rather than the cells
        ("coherent", 2, 50),
        ("dephased", 1, 200),
        ("thermal", 5, 500),
        pytest.param(("li18", 120, 0), marks=pytest.mark.slow),
        pytest.param(("row", 3, 20), marks=pytest.mark.slow),
        pytest.param(("row", 5, 1), marks=pytest.mark.slow),
        pytest.param(("coherent", 1, 150), marks=pytest.mark.slow),
        pytest.param(("dephased", 1, 400), marks=pytest.mark.slow),
    ],
)
def test_the_estimate_is_within_a_factor_of_two_of_the_measured_peak(arguments: tuple[object, ...]) -> None:
    assert 0.5 < measured(*arguments) < 2


def test_operators_that_do_not_fit_are_refused_before_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("no operator may be made here")

    given = parts(1, 200, "coherent")
    monkeypatch.setattr(CollisionStep, "stage", refuse)
    monkeypatch.setenv(LIMIT_VARIABLE, "80 MB")
    with pytest.raises(TooLarge, match=r"up to 400 joint levels, needs about 1\d\d MB .* fewer levels") as caught:
        CollisionModel(**given)
    assert caught.value.measured == CollisionMemory.of(**given).making
    # The same unit without coherence sends whole quanta, and there are few of them.
    with pytest.raises(AssertionError, match="no operator"):
        CollisionModel(**parts(1, 200, "thermal"))


def test_maps_that_do_not_fit_are_refused_before_they_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    model = CollisionModel(**parts(5, 2, "thermal"), repeat=1)
    ends = model.endpoints(MeasurementProtocol.EIGENBASIS)
    needed = SweepMemory.of(model.stages(), ends.initial.outcomes.count * ends.final.outcomes.count)
    monkeypatch.setattr("qtraj.paths.sweep._hermitian_basis", lambda _: pytest.fail("no map may be made here"))
    monkeypatch.setenv(LIMIT_VARIABLE, "100 MB")
    with pytest.raises(TooLarge, match=r"the exact law needs about 1\d\d MB .* or follow the paths") as caught:
        exact_law(model)
    assert caught.value.measured == needed.maps


def test_cells_that_will_not_fit_are_foreseen_and_their_paths_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, "80 MB")
    assert exact_law(coherent_collision(collisions=40)).classes
    model = coherent_collision(collisions=200)
    with pytest.raises(TooLarge, match=r"with 160,801 combinations of flows, needs about 1\d\d MB"):
        exact_law(model)
    found = law_if_finite(model, protocol=MeasurementProtocol.AUGMENTED)
    assert isinstance(found, NoFiniteLaw)
    assert sample(model, paths=100, law=found).sampler == "followed"


def test_estimates_read_as_sentences() -> None:
    needed = CollisionModel(**parts(1, 20, "coherent")).memory_needed
    assert str(needed).startswith("collisions of up to 40 joint levels; Kraus operators of a round ")
