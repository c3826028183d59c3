"""Distributions by inverting the characteristic function, against the finite law and the cumulants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtraj.density.counted_distribution import counted_distribution, quantum_of
from qtraj.density.jump_cumulants import jump_cumulants
from qtraj.errors import NoFiniteLaw, NotRecorded
from qtraj.paths.exact_law import exact_law
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.davies import davies_channels
from qtraj.quantum.parties import System
from qtraj.quantum.states import State
from tests.processes.jump_cases import collective_ladder, driven_qubit, random_process


@settings(max_examples=10)
@given(st.integers(0, 1000), st.floats(0.1, 5))
def test_finite_laws_have_the_same_heat_distribution(seed: int, duration: float) -> None:
    energies = [0.0, 1.0, 2.5]
    process = JumpProcess(
        system=System(energies=energies, state=State.haar(3, seed=seed)),
        channels=davies_channels(energies, 0.8, [[0, 1, 0.3], [1, 2, 0.2]]),
        duration=duration,
    )
    found, law = counted_distribution(process, "heat"), exact_law(process).distribution("heat")
    own = np.interp(law.atoms, found.values, found.probabilities)
    assert np.abs(own - law.probabilities).max() < 1e-13
    assert found.probabilities.sum() == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(
    ("process", "name"),
    [
        (driven_qubit(duration=30.0), "heat_into_cold"),
        (collective_ladder(levels=4), "heat"),
        (driven_qubit(duration=80.0), "jumps"),
    ],
)
def test_cumulants_are_those_of_the_tilted_generator(process: JumpProcess, name: str) -> None:
    found = counted_distribution(process, name)
    mean = float(found.probabilities @ found.values)
    centred = found.values - mean
    moments = [mean, float(found.probabilities @ centred**2), float(found.probabilities @ centred**3)]
    assert moments == pytest.approx(jump_cumulants(process, name), rel=1e-8, abs=1e-8)
    assert np.diff(found.values) == pytest.approx(np.diff(found.values)[0], abs=1e-9)


def test_quanta() -> None:
    assert quantum_of(np.array([0.3, -0.3, 0.0]))[0] == pytest.approx(0.3)
    assert quantum_of(np.array([0.75, 1.0, -0.5]))[1].tolist() == [3.0, 4.0, -2.0]
    assert quantum_of(np.zeros(2))[1].tolist() == [0.0, 0.0]
    with pytest.raises(NoFiniteLaw, match="multiples of one quantum"):
        quantum_of(np.array([1.0, np.sqrt(2)]))


def test_what_is_not_discrete_is_refused() -> None:
    with pytest.raises(NoFiniteLaw, match="multiples of one quantum"):
        counted_distribution(random_process(1), "heat_into_bath0")
    with pytest.raises(NotRecorded, match="no definite heat"):
        counted_distribution(random_process(1), "heat")
    with pytest.raises(NoFiniteLaw, match="`sigma` has boundary terms"):
        counted_distribution(driven_qubit(), "sigma")
