"""Averages of a thermal operation against dense matrices, and the conservation laws of [Santos19] Eqs. (22)-(31)."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings

from qtraj.density.averages import averages
from qtraj.density.thermal_operation import ThermalOperationAverages
from qtraj.errors import InvalidInput
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State, gibbs_log_populations
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.strategies import thermal_operations

EXACT = 1e-12


def entropy(rho: np.ndarray) -> float:
    values = np.linalg.eigvalsh(rho)
    values = values[values > 0]
    return float(-(values * np.log(values)).sum())


def pinched(rho: np.ndarray, labels: np.ndarray) -> np.ndarray:
    return np.where(labels[:, None] == labels[None, :], rho, 0)


def dense_reference(operation: ThermalOperation) -> dict[str, float | np.ndarray]:
    """Every average from the joint density matrix, by its definition, in plain NumPy."""
    d, e = operation.system.dimension, operation.environment.dimension
    energies, bath = operation.system.spectrum.energies, operation.environment.spectrum.energies
    beta = operation.inverse_temperature
    rho = operation.system.energy_state.matrix
    log_q = gibbs_log_populations(bath, beta)
    u = operation.unitary.matrix()
    start = np.kron(rho, np.diag(np.exp(log_q)))
    joint = u @ start @ u.conj().T
    cube = joint.reshape(d, e, d, e)
    after, bath_after = np.einsum("iaja->ij", cube), np.einsum("aiaj->ij", cube)
    log_gibbs = gibbs_log_populations(energies, beta)
    level = operation.system.spectrum.level_of
    bath_level, block = operation.environment.spectrum.level_of, operation.unitary.joint.block_of

    def divergence(state: np.ndarray, log_populations: np.ndarray) -> float:
        return -entropy(state) - float((np.diag(state).real * log_populations).sum())

    def coherence(state: np.ndarray, labels: np.ndarray) -> float:
        return entropy(pinched(state, labels)) - entropy(state)

    return {
        "entropy_production": divergence(rho, log_gibbs) - divergence(after, log_gibbs),
        "population_entropy_production": divergence(pinched(rho, level), log_gibbs)
        - divergence(pinched(after, level), log_gibbs),
        "coherence_entropy_production": coherence(rho, level) - coherence(after, level),
        "initial_coherence": coherence(rho, level),
        "final_coherence": coherence(after, level),
        "environment_coherence": coherence(bath_after, bath_level),
        "global_coherence": coherence(joint, block),
        "correlated_coherence": coherence(joint, block) - coherence(after, level) - coherence(bath_after, bath_level),
        "mutual_information": entropy(after) + entropy(bath_after) - entropy(joint),
        "environment_relative_entropy": divergence(bath_after, log_q),
        "heat_into_environment": float((np.diag(bath_after).real - np.exp(log_q)) @ bath),
        "final_state": operation.system.basis @ after @ operation.system.basis.conj().T,
        "initial_populations": np.diag(rho).real,
        "final_populations": np.diag(after).real,
        "joint_system_state": after,
        "switching_work": 0.0,
        "commutator_norm": 0.0,
    }


def scale_of(operation: ThermalOperation) -> float:
    """Rounding errors are relative to the largest term: energies, and energies times beta."""
    energies = np.abs(operation.unitary.joint.energies).max()
    return float(1 + energies * (1 + operation.inverse_temperature))


def agrees_with_dense_matrices(operation: ThermalOperation, found: ThermalOperationAverages, tolerance: float) -> None:
    for name, expected in dense_reference(operation).items():
        value = getattr(found, name)
        assert np.abs(value - expected).max() < tolerance, name


def obeys_the_conservation_laws(operation: ThermalOperation, a: ThermalOperationAverages, tolerance: float) -> None:
    beta = operation.inverse_temperature
    # Eq. (22): Sigma = -beta Delta F >= 0; Eq. (23): Sigma = Sigma_d + Xi; Eqs. (24), (25): both non-negative.
    assert a.entropy_production > -tolerance
    assert a.population_entropy_production > -tolerance
    assert a.coherence_entropy_production > -tolerance
    total = a.population_entropy_production + a.coherence_entropy_production
    assert abs(a.entropy_production - total) < tolerance
    if a.initial_free_energy is not None and a.final_free_energy is not None:
        assert abs(a.entropy_production - beta * (a.initial_free_energy - a.final_free_energy)) < tolerance
    # Eq. (26): Sigma = S(rho'_E||rho_E) + I, both non-negative.
    assert a.environment_relative_entropy >= 0
    assert a.mutual_information >= 0
    assert abs(a.entropy_production - a.environment_relative_entropy - a.mutual_information) < tolerance
    # Eqs. (27), (28): the global coherence is conserved.
    assert abs(a.global_coherence - a.initial_coherence) < tolerance
    # Eq. (29): Xi = C(rho'_SE) - C(rho'_S); Eq. (31): Xi = C(rho'_E) + C_cc, C_cc of either sign.
    assert abs(a.coherence_entropy_production - a.global_coherence + a.final_coherence) < tolerance
    assert abs(a.coherence_entropy_production - a.environment_coherence - a.correlated_coherence) < tolerance
    # Energy: what the system loses, the environment gains.
    released = operation.system.spectrum.energies @ (a.initial_populations - a.final_populations)
    assert abs(a.heat_into_environment - released) < tolerance


def check_averages(operation: ThermalOperation) -> None:
    found = averages(operation)
    tolerance = EXACT * scale_of(operation)
    agrees_with_dense_matrices(operation, found, tolerance)
    obeys_the_conservation_laws(operation, found, tolerance)


@given(thermal_operations())
def test_averages_and_conservation_laws(operation: ThermalOperation) -> None:
    check_averages(operation)


@pytest.mark.slow
@settings(max_examples=300)
@given(thermal_operations((1, 5), environment_dimensions=(1, 6), inverse_temperatures=(0.0, 50.0), smallest=1e-12))
def test_averages_and_conservation_laws_on_300_larger_operations(operation: ThermalOperation) -> None:
    check_averages(operation)


def example(unitary_seed: int = 3) -> ThermalOperation:
    system = System(energies=[0.0, 1.0, 3.0], state=State.haar(3, seed=1))
    bath = Environment.ladder(levels=4, spacing=1.0, inverse_temperature=0.6)
    return ThermalOperation(
        system=system, environment=bath, unitary=EnergyConservingUnitary.haar(system, bath, seed=unitary_seed)
    )


@pytest.mark.parametrize("mistake", ["doubled beta", "adjoint", "dephased start"])
def test_the_comparison_rejects_mistakes(mistake: str) -> None:
    """Negative controls: averages of a slightly different operation do not pass for this one's."""
    operation = example()
    system, bath, unitary = operation.system, operation.environment, operation.unitary
    if mistake == "doubled beta":
        bath = Environment.ladder(levels=4, spacing=1.0, inverse_temperature=1.2)
    if mistake == "adjoint":
        unitary = unitary.adjoint()
    if mistake == "dephased start":
        system = System(energies=[0.0, 1.0, 3.0], state=np.diag(np.diag(system.energy_state.matrix)))
    wrong = averages(ThermalOperation(system=system, environment=bath, unitary=unitary))
    with pytest.raises(AssertionError):
        agrees_with_dense_matrices(operation, wrong, 1e-3)


def test_without_energy_conservation_the_laws_fail() -> None:
    """Negative control: a unitary that does work breaks Sigma >= 0 or its sum rules, and the work is reported."""
    system = System(energies=[0.0, 1.0], state=State.gibbs([0.0, 1.0], 1.0))
    bath = Environment(energies=[0.0, 1.0], inverse_temperature=1.0)
    flip = np.kron([[0, 1], [1, 0]], np.eye(2))
    unitary = EnergyConservingUnitary.from_matrix(system, bath, flip, allow_violation=True)
    operation = ThermalOperation(system=system, environment=bath, unitary=unitary)
    found = averages(operation)
    assert found.switching_work == pytest.approx(np.tanh(0.5), rel=1e-12)
    assert found.commutator_norm == pytest.approx(2.0, rel=1e-12)
    assert found.entropy_production < -0.1
    with pytest.raises(AssertionError):
        obeys_the_conservation_laws(operation, found, 1e-3)


@pytest.mark.parametrize(("angle", "beta", "sign"), [(0.4, 12.0, -1), (0.4, 8.0, -1), (0.8, 1.0, 1)])
def test_correlated_coherence_has_either_sign(angle: float, beta: float, sign: int) -> None:
    """[Santos19] Eq. (30) asserts that it is not negative; for a pure qubit on a cold, resonant one it is."""
    system = System(energies=[0.0, 1.0], state=State.pure([np.cos(angle), np.sin(angle)]))
    bath = Environment(energies=[0.0, 1.0], inverse_temperature=beta)
    unitary = EnergyConservingUnitary.partial_swap(system, bath, angle=0.8)
    found = averages(ThermalOperation(system=system, environment=bath, unitary=unitary))
    assert sign * found.correlated_coherence > 0.03


def test_without_resonance_populations_stay_and_only_coherence_is_lost() -> None:
    system = System(energies=[0.0, 1.0], state=State.bloch(0.6, 0.0, 0.3))
    bath = Environment(energies=[0.0, 0.3, 0.75], inverse_temperature=1.0)
    unitary = EnergyConservingUnitary.haar(system, bath, seed=8)
    found = averages(ThermalOperation(system=system, environment=bath, unitary=unitary))
    assert abs(found.population_entropy_production) < 1e-15
    assert abs(found.heat_into_environment) < 1e-15
    assert found.coherence_entropy_production > 0.01


@pytest.mark.parametrize("beta", [0.0, 5e-324, 1e-310])
def test_free_energies_that_are_infinite_are_none_with_a_reason(beta: float) -> None:
    system = System(energies=[0.0, 1.0], state=State.bloch(0.5, 0.0, 0.0))
    bath = Environment(energies=[0.0, 1.0], inverse_temperature=beta)
    unitary = EnergyConservingUnitary.partial_swap(system, bath, angle=1.0)
    found = averages(ThermalOperation(system=system, environment=bath, unitary=unitary))
    assert found.initial_free_energy is None
    assert found.final_free_energy is None
    assert set(found.reasons) == {"initial_free_energy", "final_free_energy"}
    assert found.entropy_production > 0


@settings(max_examples=20)
@given(thermal_operations())
def test_json_has_no_surprises(operation: ThermalOperation) -> None:
    found = averages(operation)
    values = found.to_json()
    text = json.dumps(values, allow_nan=False)
    assert json.loads(text) == values
    assert set(found.reasons) == {name for name, value in values.items() if value is None}
    assert set(values["final_state"]) == {"real", "imag"}


def test_beyond_the_dense_joint_state_what_needs_it_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    operation = example()
    full = averages(operation)
    monkeypatch.setattr("qtraj.density.thermal_operation.LARGEST_JOINT_STATE", 11)
    found = averages(example())
    missing = ["environment_coherence", "global_coherence", "correlated_coherence", "mutual_information"]
    for name in [*missing, "environment_relative_entropy"]:
        assert getattr(found, name) is None
        assert "12 exceeds" in found.reasons[name]
    assert found.joint_system_state is None
    for name in ("entropy_production", "coherence_entropy_production", "heat_into_environment"):
        assert getattr(found, name) == pytest.approx(getattr(full, name), abs=1e-13)


def test_averages_of_something_else_are_refused() -> None:
    with pytest.raises(InvalidInput, match=r"ThermalOperation.*but is System"):
        averages(System(energies=[0.0], state=[[1.0]]))  # type: ignore[arg-type]
