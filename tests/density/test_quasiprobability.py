"""Quasiprobabilities of the heat: where they are probabilities, where not, and what their marginals are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.density.averages import averages
from qtraj.density.quasiprobability import heat_quasiprobability, local_quasiprobability
from qtraj.errors import InvalidInput
from qtraj.models.registry import build_model
from qtraj.paths.exact_law import exact_law
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.unitaries import EnergyConservingUnitary
from tests.processes.correlated_cases import Case, random_density

EXACT = 1e-12


def brute_force(start: np.ndarray, unitary: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both tables with projectors, one trace an entry."""
    projectors = [np.diag((labels == k).astype(float)) for k in range(labels.max() + 1)]
    dagger = unitary.conj().T
    q = [[np.trace(dagger @ f @ unitary @ i @ start) for f in projectors] for i in projectors]
    p = [[np.trace(f @ unitary @ i @ start @ i @ dagger).real for f in projectors] for i in projectors]
    return np.array(q), np.array(p)


@given(seed=st.integers(0, 10**6), levels=st.integers(1, 6))
def test_tables_are_those_of_the_projectors(seed: int, levels: int) -> None:
    rng = np.random.default_rng(seed)
    start = random_density(rng, 6)
    unitary = np.linalg.qr(rng.normal(size=(6, 6)) + 1j * rng.normal(size=(6, 6)))[0]
    labels = np.append(rng.integers(levels, size=5), levels - 1)
    ours, expected = local_quasiprobability(start, unitary, labels), brute_force(start, unitary, labels)
    assert ours[0] == pytest.approx(expected[0], abs=EXACT)
    assert ours[1] == pytest.approx(expected[1], abs=EXACT)


@given(seed=st.integers(0, 10**6), strength=st.floats(0.0, 0.98), conserving=st.booleans())
def test_marginals_are_the_true_ones_and_the_mean_heat_is_the_true_one(
    seed: int, strength: float, conserving: bool
) -> None:
    case = Case.random(seed, environment=(0.0, 1.0, 2.0), strength=strength, conserving=conserving)
    table = heat_quasiprobability(case.operation)
    for axis, joint in ((1, case.start), (0, case.end)):
        true = np.diag(case.locals_of(joint)[1])
        assert table.kirkwood_dirac.sum(axis=axis) == pytest.approx(true, abs=EXACT)
    assert table.mean_heat == pytest.approx(averages(case.operation).heat_into_environment, abs=EXACT)
    assert table.two_point.sum() == pytest.approx(1, abs=EXACT)
    assert table.two_point.min() >= -EXACT
    assert table.negativity >= table.margenau_hill_negativity


@given(seed=st.integers(0, 10**6), beta=st.floats(0.0, 4.0), conserving=st.booleans())
def test_for_a_product_start_with_a_thermal_environment_all_three_coincide(
    seed: int, beta: float, conserving: bool
) -> None:
    """So the system's initial coherence does not change P(mu, nu): it is a probability, and the law's."""
    rng = np.random.default_rng(seed)
    system = System(energies=[0.0, 1.0, 2.0], state=random_density(rng, 3))
    environment = Environment(energies=[0.0, 1.0, 2.0], inverse_temperature=beta)
    if conserving:
        unitary = EnergyConservingUnitary.haar(system, environment, seed=rng)
    else:
        matrix = np.linalg.qr(rng.normal(size=(9, 9)) + 1j * rng.normal(size=(9, 9)))[0]
        unitary = EnergyConservingUnitary.from_matrix(system, environment, matrix, allow_violation=True)
    operation = ThermalOperation(system=system, environment=environment, unitary=unitary)
    table = heat_quasiprobability(operation)
    assert table.kirkwood_dirac == pytest.approx(table.two_point, abs=EXACT)
    assert table.negativity == pytest.approx(0, abs=EXACT)
    law = exact_law(operation, protocol="eigenbasis-two-point").distribution("heat")
    assert table.heats == pytest.approx(law.atoms, abs=1e-9)
    assert table.heat_two_point == pytest.approx(law.probabilities, abs=EXACT)


def test_asking_for_the_system_too_shows_its_coherence() -> None:
    """Negative control of the test above: with both energies asked for, coherence does change the answer."""
    rng = np.random.default_rng(3)
    system = System(energies=[0.0, 1.0], state=[[0.5, 0.45], [0.45, 0.5]])
    environment = Environment(energies=[0.0, 1.0], inverse_temperature=1.0)
    matrix = np.linalg.qr(rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4)))[0]
    unitary = EnergyConservingUnitary.from_matrix(system, environment, matrix, allow_violation=True)
    operation = ThermalOperation(system=system, environment=environment, unitary=unitary)
    assert heat_quasiprobability(operation, of="both").negativity > 0.1
    assert heat_quasiprobability(operation).negativity < EXACT


def test_the_negativity_of_two_correlated_qubits() -> None:
    """0.065 at theta = pi/6, beta_S = 1/2, beta_E = 1 and 0.8 of the largest possible -i correlation."""
    bound = np.sqrt(np.prod([1 / (2 + 2 * np.cosh(beta)) for beta in (0.5, 1.0)]))
    process = build_model(
        "two-qubit-exchange", angle=np.pi / 6, beta_system=0.5, beta_environment=1.0, correlation=-0.8j * bound
    )
    table = heat_quasiprobability(process)
    assert table.negativity == pytest.approx(0.065221, abs=1e-6)
    # Closed form: the only negative entry is that of 1 -> 0, q_1 p_0 sin^2 theta - |chi| sin(2 theta) / 2.
    p, q = (1 / (np.exp(beta) + 1) for beta in (0.5, 1.0))
    negative = q * (1 - p) * np.sin(np.pi / 6) ** 2 - 0.8 * bound * np.sin(np.pi / 3) / 2
    assert table.margenau_hill.min() == pytest.approx(negative, abs=EXACT)
    assert table.negativity == pytest.approx(-2 * negative, abs=EXACT)
    assert table.mean_heat == pytest.approx(averages(process).heat_into_environment, abs=EXACT)
    law = exact_law(process, protocol="energy-two-point")
    assert table.two_point_mean_heat == pytest.approx(law.mean("heat"), abs=EXACT)
    assert table.mean_heat > 5 * table.two_point_mean_heat


def test_coherent_collisions_are_informative_from_the_second_on() -> None:
    """The first hot and the first cold unit meet an incoherent system, the second ones no longer."""
    model = build_model("coherent-collision", collisions=3)
    tables = [heat_quasiprobability(model, collision=k) for k in range(1, 7)]
    heat = averages(model).heat_into
    true = [heat["hot"][0], heat["cold"][0], heat["hot"][1], heat["cold"][1], heat["hot"][2], heat["cold"][2]]
    assert [table.mean_heat for table in tables] == pytest.approx(true, abs=EXACT)
    for table in tables[:2]:
        assert table.kirkwood_dirac == pytest.approx(table.two_point, abs=EXACT)
    for table in tables[2:]:
        assert table.negativity > 1e-3
        assert abs(table.mean_heat - table.two_point_mean_heat) > 1e-3


def test_thermal_units_never_are() -> None:
    model = build_model("coherent-collision", collisions=3, coherence=0.0)
    for k in range(1, 7):
        table = heat_quasiprobability(model, collision=k)
        assert table.kirkwood_dirac == pytest.approx(table.two_point, abs=EXACT)


def test_heats_that_agree_are_one() -> None:
    """Levels 0, 1, 2: nine transitions, five amounts of heat."""
    case = Case.random(5, environment=(0.0, 1.0, 2.0))
    table = heat_quasiprobability(case.operation)
    assert table.heats == pytest.approx([-2, -1, 0, 1, 2])
    assert table.heat_margenau_hill.sum() == pytest.approx(1, abs=EXACT)
    assert table.heat_imaginary.sum() == pytest.approx(0, abs=EXACT)
    assert table.heats @ table.heat_margenau_hill == pytest.approx(table.mean_heat, abs=EXACT)
    assert table.heats @ table.heat_two_point == pytest.approx(table.two_point_mean_heat, abs=EXACT)


def test_refusals() -> None:
    process = build_model("two-qubit-exchange")
    with pytest.raises(InvalidInput, match="`collision` must be 1 for a thermal-operation, but is 2"):
        heat_quasiprobability(process, collision=2)
    with pytest.raises(InvalidInput, match="'environment' or 'both', but is 'system'"):
        heat_quasiprobability(process, of="system")  # type: ignore[arg-type]
    with pytest.raises(InvalidInput, match="from 1 to 6, but is 7"):
        heat_quasiprobability(build_model("coherent-collision", collisions=3), collision=7)
    with pytest.raises(InvalidInput, match="but is JumpProcess"):
        heat_quasiprobability(build_model("davies-qutrit"))
