"""What the tests of figures share: processes of every kind, and ensembles drawn without any of the samplers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pytest

from qtraj.arrays import IntArray
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.exact_law import exact_law
from qtraj.paths.law import PathLaw
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary

PROTOCOLS = ("augmented", "eigenbasis-two-point", "energy-two-point", "kraus")


def qubit() -> ThermalOperation:
    system = System(energies=[0.0, 1.0], state=State.bloch(0.5, 0.2, -0.3))
    bath = Environment(energies=[0.0, 1.0], inverse_temperature=0.6)
    unitary = EnergyConservingUnitary.partial_swap(system, bath, angle=0.7)
    return ThermalOperation(system=system, environment=bath, unitary=unitary)


def _haar(system: System, bath: Environment) -> ThermalOperation:
    return ThermalOperation(system=system, environment=bath, unitary=EnergyConservingUnitary.haar(system, bath, seed=3))


def qutrit() -> ThermalOperation:
    bath = Environment.ladder(levels=30, spacing=1.0, inverse_temperature=0.4)
    return _haar(System(energies=[0.0, 1.0, 3.0], state=State.haar(3, seed=2)), bath)


def pure() -> ThermalOperation:
    bath = Environment.ladder(levels=12, spacing=1.0, inverse_temperature=0.5)
    return _haar(System(energies=[0.0, 1.0, 2.0], state=State.pure([0.6, 0.48, 0.64])), bath)


def degenerate() -> ThermalOperation:
    bath = Environment.spins(count=5, splitting=1.0, inverse_temperature=0.7)
    return _haar(System(energies=[0.0, 1.0, 1.0], state=State.haar(3, seed=5)), bath)


def ladder() -> ThermalOperation:
    bath = Environment.ladder(levels=1000, spacing=0.5, inverse_temperature=0.02)
    return _haar(System(energies=[0.0, 1.0, 3.0, 7.0], state=State.haar(4, seed=8)), bath)


def single() -> ThermalOperation:
    """One class of paths, on which every quantity is zero."""
    bath = Environment.ladder(levels=3, spacing=1.0, inverse_temperature=0.5)
    return _haar(System(energies=[0.0], state=[[1.0]]), bath)


def hot() -> ThermalOperation:
    bath = Environment.ladder(levels=4, spacing=1.0, inverse_temperature=0.0)
    return _haar(System(energies=[0.0, 1.0], state=State.bloch(0.5, 0.2, -0.3)), bath)


def cold() -> ThermalOperation:
    """Probabilities down to e^-2400."""
    bath = Environment.ladder(levels=4, spacing=1.0, inverse_temperature=800.0)
    return _haar(System(energies=[0.0, 1.0], state=State.bloch(0.5, 0.2, -0.3)), bath)


PROCESSES: dict[str, Callable[[], ThermalOperation]] = {
    build.__name__: build for build in (qubit, qutrit, pure, degenerate, ladder, single, hot, cold)
}


@cache
def law_of(name: str, protocol: str) -> tuple[ThermalOperation, PathLaw]:
    process = PROCESSES[name]()
    return process, exact_law(process, protocol=protocol)


def ensemble_of(name: str, protocol: str, counts: IntArray) -> Ensemble:
    process, law = law_of(name, protocol)
    paths = int(counts.sum())
    return Ensemble(process=process, finite_law=law, sampler="counts", seeds=(0,), paths=paths, class_counts=counts)


@pytest.fixture(scope="session")
def draw() -> Callable[..., Ensemble]:
    """Draw an ensemble with NumPy alone: `draw("qubit", paths=1000, protocol="augmented", seed=0)`."""

    def function(name: str, *, paths: int = 10_000, protocol: str = "augmented", seed: int = 0) -> Ensemble:
        weights = law_of(name, protocol)[1].probabilities
        return ensemble_of(name, protocol, np.random.default_rng(seed).multinomial(paths, weights / weights.sum()))

    return function


@pytest.fixture(scope="session")
def as_the_law() -> Callable[..., Ensemble]:
    """An ensemble of 10^15 paths without any scatter: counts are probabilities rounded to whole paths."""

    def function(name: str, *, protocol: str = "augmented") -> Ensemble:
        probabilities = law_of(name, protocol)[1].probabilities
        return ensemble_of(name, protocol, np.rint(1e15 * probabilities).astype(np.int64))

    return function


@pytest.fixture(params=PROTOCOLS)
def protocol(request: pytest.FixtureRequest) -> str:
    return str(request.param)


# Those that differ most; drawing all of them every time would take longer than it tells.
EVERY_TIME = ("qubit", "pure", "ladder", "single")


@pytest.fixture(params=[n if n in EVERY_TIME else pytest.param(n, marks=pytest.mark.slow) for n in PROCESSES])
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)
