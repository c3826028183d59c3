"""Estimates for correlated operations from their dimensions, against measured peaks; refusals before all that."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from qtraj.errors import NoFiniteLaw, TooLarge
from qtraj.memory import LIMIT_VARIABLE
from qtraj.paths.exact_law import exact_law, law_if_finite
from qtraj.paths.sample import sample
from qtraj.processes.correlated_memory import CorrelatedMemory
from qtraj.processes.correlated_operation import CorrelatedOperation
from qtraj.processes.seam import MeasurementProtocol
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from tests.processes.correlated_cases import without_traces


def parts(dimension: int, levels: int, kind: str) -> dict[str, object]:
    """A system beside a ladder or spins, weakly correlated in every direction."""
    system = System(energies=np.arange(float(dimension)), state=State.haar(dimension, seed=1))
    if kind == "spins":
        bath = Environment.spins(count=levels, splitting=1.0, inverse_temperature=0.05)
    else:
        bath = Environment.ladder(levels=levels, spacing=1.0, inverse_temperature=0.05)
    size, rng = dimension * bath.dimension, np.random.default_rng(1)
    noise = rng.normal(size=(size, size)) + 1j * rng.normal(size=(size, size))
    if kind == "working":
        turn = np.linalg.qr(noise)[0]
        unitary = EnergyConservingUnitary.from_matrix(system, bath, turn, allow_violation=True)
    else:
        unitary = EnergyConservingUnitary.haar(system, bath, seed=2)
    chi = without_traces(noise + noise.conj().T, dimension, bath.dimension)
    chi *= 1e-3 / size / np.abs(np.linalg.eigvalsh(chi)).max()
    return {"system": system, "environment": bath, "unitary": unitary, "correlations": chi}


MEASURE = """
import sys, tracemalloc
from tests.processes.test_correlated_memory import *
dimension, levels, kind = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3]
exact_law(CorrelatedOperation(**parts(2, 2, "ladder")))  # what is imported and kept for good is no part of it
given = parts(dimension, levels, kind)
given["unitary"].elements()
needed = CorrelatedMemory.of(given["unitary"])
tracemalloc.start()
process = CorrelatedOperation(**given)
process.endpoints(MeasurementProtocol.AUGMENTED)
peaks = [tracemalloc.get_traced_memory()[1] / needed.joint]
for estimate, protocol in ((needed.law, "eigenbasis-two-point"), (needed.labelled_law, "augmented")):
    tracemalloc.reset_peak()
    exact_law(process, protocol=protocol)
    peaks.append(tracemalloc.get_traced_memory()[1] / estimate)
tracemalloc.reset_peak()
process.pinched_state()
peaks.append(tracemalloc.get_traced_memory()[1] / needed.pinched)
tracemalloc.reset_peak()
sample(process, paths=70_000, sampler="followed", keep_rows=False, law=NoFiniteLaw("followed only"))
peaks.append(tracemalloc.get_traced_memory()[1] / needed.following)
print(*peaks)
"""


def measured(*arguments: object) -> list[float]:
    """Peaks over estimates of joint state, laws, local energies and followed paths, in a process of its own."""
    words = [sys.executable, "-c", MEASURE, *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=600, check=True)
    return [float(word) for word in done.stdout.split()]


@pytest.mark.parametrize(
    "arguments",
    [
        (2, 40, "ladder"),
        (2, 5, "spins"),
        (2, 12, "working"),
        pytest.param((3, 50, "ladder"), marks=pytest.mark.slow),
        pytest.param((2, 6, "spins"), marks=pytest.mark.slow),
        pytest.param((2, 25, "working"), marks=pytest.mark.slow),
    ],
)
def test_the_estimate_is_within_a_factor_of_two_of_the_measured_peak(arguments: tuple[object, ...]) -> None:
    for share in measured(*arguments):
        assert 0.5 < share < 2


def test_a_joint_state_that_does_not_fit_is_refused_before_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    system = System(energies=[0.0, 1.0], state=np.eye(2) / 2)
    bath = Environment.ladder(levels=2000, spacing=1.0, inverse_temperature=0.01)
    unitary = EnergyConservingUnitary.haar(system, bath)
    monkeypatch.setenv(LIMIT_VARIABLE, "1 GB")
    with pytest.raises(TooLarge, match=r"a correlated start of 4,000 joint levels needs about 3\.6 GB") as caught:
        CorrelatedOperation(system=system, environment=bath, unitary=unitary, correlations=None)
    assert caught.value.measured == CorrelatedMemory.of(unitary).joint


def test_a_law_that_does_not_fit_is_refused_and_its_paths_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    process = CorrelatedOperation(**parts(2, 40, "ladder"))
    monkeypatch.setenv(LIMIT_VARIABLE, "10 MB")
    with pytest.raises(TooLarge, match=r"between 80 joint levels, needs about 16\.6 MB .* follow") as caught:
        exact_law(process)
    assert caught.value.measured == process.memory_needed.law
    found = law_if_finite(process, protocol=MeasurementProtocol.EIGENBASIS)
    assert isinstance(found, NoFiniteLaw)
    assert sample(process, paths=100, protocol="eigenbasis-two-point", law=found).sampler == "followed"
    with pytest.raises(TooLarge, match=r"energy two-point protocol of 80 correlated joint levels needs about 3\d"):
        process.endpoints(MeasurementProtocol.ENERGY)


def test_estimates_read_as_sentences() -> None:
    needed = CorrelatedOperation(**parts(2, 3, "ladder")).memory_needed
    assert str(needed).startswith("6 joint levels; joint state ")
