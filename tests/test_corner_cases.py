"""Corner cases of the theory: the right answer or a clear refusal, never NaN and never a silent 1.

The numbers in the names are those of docs/thermal_operations.md: 1 rank-deficient starts, 2 rank-deficient ends,
3 degenerate eigenvalues, 4 degenerate energies, 5 nothing resonant, 6 extreme temperatures, 7 imperfect conservation,
8 scope of the two signs.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.special import logsumexp

from qtraj.density.averages import averages
from qtraj.density.exponential import log_exponential_average, support_loss
from qtraj.errors import AmbiguousRank, EnergyNotConserved, InvalidUnitary, UnresolvedState
from qtraj.paths.exact_law import exact_law
from qtraj.paths.law import PathLaw
from qtraj.processes.seam import MeasurementProtocol
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.strategies import thermal_operations
from qtraj.strategies.bases import haar_basis

EXACT = 1e-12


def qubits(state: object, beta: float = 1.0, angle: float = np.pi / 3) -> ThermalOperation:
    system = System(energies=[0.0, 1.0], state=state)
    bath = Environment(energies=[0.0, 1.0], inverse_temperature=beta)
    unitary = EnergyConservingUnitary.partial_swap(system, bath, angle=angle)
    return ThermalOperation(system=system, environment=bath, unitary=unitary)


def haar(energies: list[float], state: object, bath: Environment, seed: int = 3) -> ThermalOperation:
    system = System(energies=energies, state=state)
    return ThermalOperation(
        system=system, environment=bath, unitary=EnergyConservingUnitary.haar(system, bath, seed=seed)
    )


LADDER = Environment.ladder(levels=4, spacing=1.0, inverse_temperature=0.6)


def assert_means_agree(operation: ThermalOperation, law: PathLaw | None = None) -> None:
    law = exact_law(operation) if law is None else law
    exact = averages(operation)
    scale = 1 + operation.inverse_temperature * np.ptp(operation.environment.spectrum.energies)
    assert law.normalisation == pytest.approx(1, abs=EXACT)
    for name, expected in (
        ("sigma", exact.entropy_production),
        ("sigma_d", exact.population_entropy_production),
        ("xi", exact.coherence_entropy_production),
    ):
        assert law.mean(name) == pytest.approx(expected, abs=EXACT * scale), name


# --- 1 ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rank", [1, 2])
def test_case_1_rank_deficient_start_gives_one_minus_lambda(rank: int) -> None:
    operation = haar([0.0, 1.0, 2.0], State.haar(3, rank=rank, seed=4), LADDER)
    law = exact_law(operation)
    lost = support_loss(operation)
    assert 0.01 < lost < 0.99
    assert law.exponential_average("sigma") == pytest.approx(1 - lost, abs=EXACT)
    assert law.absolute_irreversibility == pytest.approx(lost, abs=EXACT)
    assert_means_agree(operation)


def test_case_1_lambda_is_where_the_backward_process_leaves_the_support() -> None:
    operation = qubits(State.pure([0.6, 0.8]))
    psi = np.array([0.6, 0.8])
    image = operation.reversed().final_state
    assert support_loss(operation) == pytest.approx(1 - (psi @ image @ psi).real, abs=EXACT)


@pytest.mark.parametrize("epsilon", [1e-4, 1e-8, 1e-11])
def test_case_1_a_small_epsilon_would_return_a_spurious_one(epsilon: float) -> None:
    """Negative control: a start regularised to full rank has a theorem of its own, with 1; the mean hardly moves."""
    pure = np.outer([0.6, 0.8], [0.6, 0.8])
    regularised = qubits(State.from_matrix((1 - epsilon) * pure + epsilon * np.eye(2) / 2))
    exact = qubits(State.from_matrix(pure))
    assert exact_law(regularised).exponential_average("sigma") == pytest.approx(1, abs=1e-9)
    assert exact_law(exact).exponential_average("sigma") < 0.9
    assert exact_law(regularised).mean("sigma") == pytest.approx(
        exact_law(exact).mean("sigma"), abs=30 * epsilon + 1e-9
    )


# --- 2 ----------------------------------------------------------------------------------------------------------------


def test_case_2_rank_deficient_end_has_no_infinite_entropy() -> None:
    """A pure start beside one environment level stays pure: paths into the empty outcome do not exist."""
    operation = haar(
        [0.0, 1.0, 1.0], State.haar(3, rank=1, seed=2), Environment(energies=[0.0], inverse_temperature=1.0)
    )
    law = exact_law(operation)
    assert law.endpoints.final.outcomes.count == 1
    assert set(law.beta.tolist()) == {0}
    assert np.isfinite(law.cumulants("sigma")).all()
    assert law.exponential_average("sigma") == pytest.approx(1 - support_loss(operation), abs=EXACT)
    assert_means_agree(operation)


def test_case_2_a_rank_that_would_have_to_be_guessed_is_refused() -> None:
    rho = np.diag([1 - 1e-13, 1e-13])
    with pytest.raises(AmbiguousRank) as caught:
        qubits(rho)
    assert caught.value.measured == pytest.approx(1e-13)
    # <e^-sigma> jumps with the answer, so the answer must be the user's.
    zero = exact_law(qubits(State.from_matrix(rho, rank=1))).exponential_average("sigma")
    small = exact_law(qubits(State.from_matrix(rho, rank=2))).exponential_average("sigma")
    spectral = State(log_eigenvalues=np.log([1 - 1e-13, 1e-13]), vectors=np.eye(2))
    assert zero < 0.9
    assert small == pytest.approx(1, abs=1e-9)
    assert exact_law(qubits(spectral)).exponential_average("sigma") == pytest.approx(1, abs=1e-9)


def test_case_2_rounding_noise_is_no_eigenvalue() -> None:
    """Eigenvalues of +-1e-17 from diagonalising a matrix of rank 2 must not become entropies of 39 nats."""
    rho = State.haar(3, rank=2, seed=7).matrix
    operation = haar([0.0, 1.0, 2.0], rho, Environment(energies=[0.0], inverse_temperature=1.0))
    law = exact_law(operation)
    assert (law.endpoints.initial.outcomes.count, law.endpoints.final.outcomes.count) == (2, 2)
    assert np.abs(law.sigma).max() < 5
    assert_means_agree(operation)


# --- 3 ----------------------------------------------------------------------------------------------------------------


def degenerate_starts(eigenvalues: list[float], seed: int) -> tuple[State, State]:
    """One state with two bases of its first, doubly degenerate eigenspace."""
    vectors = haar_basis(len(eigenvalues), seed)
    turned = vectors.copy()
    turned[:, :2] = turned[:, :2] @ haar_basis(2, seed + 100)
    logs = np.log(eigenvalues)
    return State(log_eigenvalues=logs, vectors=vectors), State(log_eigenvalues=logs, vectors=turned)


@pytest.mark.parametrize("seed", range(5))
def test_case_3_degenerate_eigenvalues_have_one_canonical_law(seed: int) -> None:
    first, second = (haar([0.0, 1.0, 2.5], state, LADDER) for state in degenerate_starts([0.4, 0.4, 0.2], seed))
    one, other = exact_law(first), exact_law(second)
    assert one.classes == other.classes
    for name in ("sigma", "sigma_d", "xi"):
        a, b = one.distribution(name), other.distribution(name)
        assert np.abs(a.values - b.values).max() < 1e-9
        assert np.abs(a.probabilities - b.probabilities).max() < 1e-9
    assert_means_agree(first)


def test_case_3_another_basis_has_other_exponential_averages() -> None:
    """Negative control: without the canonical rule, <e^-sigma_d> depends on the basis; sigma's law does not."""
    operation = haar([0.0, 1.0, 2.5], degenerate_starts([0.4, 0.4, 0.2], 1)[0], LADDER)
    canonical = exact_law(operation)
    splitting = np.log([1 + 1e-9, 1 - 1e-9, 1.0])
    values = []
    for state in degenerate_starts([0.4, 0.4, 0.2], 1):
        logs = state.log_eigenvalues + splitting
        split = State(log_eigenvalues=logs - logsumexp(logs), vectors=state.vectors)
        law = exact_law(haar([0.0, 1.0, 2.5], split, LADDER))
        assert law.mean("sigma_d") == pytest.approx(canonical.mean("sigma_d"), abs=1e-7)
        assert law.exponential_average("sigma", 2.0) == pytest.approx(
            canonical.exponential_average("sigma", 2.0), abs=1e-6
        )
        values.append(law.exponential_average("sigma_d"))
    assert abs(values[0] - values[1]) > 1e-3


def test_case_3_leftover_degeneracy_keeps_the_projector() -> None:
    """Eigenvalue and energy both degenerate: one outcome of rank two, and nothing depends on a basis."""
    rho = np.diag([0.2, 0.4, 0.4])
    rotation = np.eye(3, dtype=complex)
    rotation[1:, 1:] = haar_basis(2, 9)
    laws = []
    for turn in (np.eye(3), rotation):
        system = System(
            energies=[0.0, 1.0, 1.0], state=State(log_eigenvalues=np.log([0.4, 0.4, 0.2]), vectors=turn[:, [1, 2, 0]])
        )
        unitary = EnergyConservingUnitary.haar(system, LADDER, seed=3)
        laws.append(exact_law(ThermalOperation(system=system, environment=LADDER, unitary=unitary)))
    assert laws[0].endpoints.initial.outcomes.ranks.tolist() == [2, 1]
    assert np.abs(laws[0].log_forward - laws[1].log_forward).max() < 1e-12
    assert np.abs(laws[0].xi).max() < 1e-12
    assert_means_agree(haar([0.0, 1.0, 1.0], rho, LADDER))


@settings(max_examples=25)
@given(thermal_operations(diagonal=True))
def test_case_3_diagonal_starts_are_always_harmless(operation: ThermalOperation) -> None:
    law = exact_law(operation)
    assert law.probabilities @ np.abs(law.xi) < 1e-14


# --- 4 ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("energies", [[0.0, 0.0], [0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0]])
def test_case_4_degenerate_energies_use_the_block_pinching(energies: list[float]) -> None:
    for seed in range(5):
        operation = haar(energies, State.haar(len(energies), seed=seed), LADDER, seed=seed)
        assert_means_agree(operation)
        exact = averages(operation)
        assert exact.population_entropy_production > -EXACT
        assert exact.coherence_entropy_production > -EXACT
        assert exact_law(operation).exponential_average("sigma") == pytest.approx(1, abs=EXACT)


def test_case_4_a_fixed_basis_would_make_the_population_part_negative() -> None:
    """Negative control: two equal levels and no environment; coherence turned into population looks unphysical."""
    operation = haar(
        [0.0, 0.0], State.bloch(0.8, 0.0, 0.0), Environment(energies=[0.0], inverse_temperature=1.0), seed=5
    )

    def fixed_basis(rho: np.ndarray) -> float:
        p = np.diag(rho).real
        return float((p * np.log(2 * p)).sum())

    start, end = operation.system.energy_state.matrix, operation.final_energy_state.matrix
    assert fixed_basis(start) - fixed_basis(end) < -0.01
    assert averages(operation).population_entropy_production == pytest.approx(0, abs=EXACT)


# --- 5 ----------------------------------------------------------------------------------------------------------------


def test_case_5_without_resonance_the_population_part_fluctuates_around_zero() -> None:
    bath = Environment(energies=[0.0, 0.3, 0.75], inverse_temperature=1.0)
    operation = haar([0.0, 1.0], State.bloch(0.6, 0.0, 0.4), bath)
    law = exact_law(operation)
    assert averages(operation).population_entropy_production == pytest.approx(0, abs=EXACT)
    assert law.mean("sigma_d") == pytest.approx(0, abs=EXACT)
    assert law.cumulants("sigma_d")[1] > 0.1
    assert law.heats.tolist() == [0.0]
    assert_means_agree(operation)


def test_case_5_a_diagonal_unitary_does_the_same() -> None:
    system = System(energies=[0.0, 1.0], state=State.bloch(0.6, 0.0, 0.4))
    bath = Environment(energies=[0.0, 1.0], inverse_temperature=1.0)
    phases = np.diag(np.exp(1j * np.array([0.0, 0.7, 1.9, 0.4])))
    unitary = EnergyConservingUnitary.from_matrix(system, bath, phases)
    law = exact_law(ThermalOperation(system=system, environment=bath, unitary=unitary))
    assert law.mean("sigma_d") == pytest.approx(0, abs=EXACT)
    assert law.cumulants("sigma_d")[1] > 0.1


# --- 6 and other extremes ---------------------------------------------------------------------------------------------

STATES = {
    "coherent": State.bloch(0.5, 0.2, -0.3),
    "diagonal": State.bloch(0.0, 0.0, -0.3),
    "pure": State.pure([0.6, 0.8]),
    "mixed": State.bloch(0.0, 0.0, 0.0),
}


@pytest.mark.parametrize("beta", [0.0, 1e-300, 1.0, 50.0, 800.0, 1e4])
@pytest.mark.parametrize("state", STATES)
def test_case_6_any_temperature(state: str, beta: float) -> None:
    operation = qubits(STATES[state], beta=beta)
    law = exact_law(operation)
    assert law.exponential_average("sigma") == pytest.approx(1 - support_loss(operation), abs=EXACT)
    if state != "pure":
        assert law.exponential_average("sigma") == pytest.approx(1, abs=EXACT)
    assert_means_agree(operation)
    for name in ("sigma", "sigma_d", "xi"):
        assert log_exponential_average(operation, name) == pytest.approx(
            law.log_exponential_average(name), abs=1e-11, rel=1e-12
        )


def test_case_6_zero_temperature_is_another_law_and_not_the_limit() -> None:
    """With linear populations, e^-800 = 0 turns the cold law into that of an environment with one level."""
    cold = exact_law(qubits(STATES["coherent"], beta=800.0))
    assert cold.exponential_average("sigma") == pytest.approx(1, abs=EXACT)
    # Negative control: without the paths that linear populations lose, the sum is well below 1.
    kept = np.exp(cold.log_backward[cold.probabilities > 1e-300]).sum()
    assert kept < 0.9


def test_case_6_what_doubles_cannot_resolve_is_refused() -> None:
    """A pure start, three equal levels, a cold environment: rank 2 of 3, and an eigenvalue of e^-200 beside 1."""
    system = System(energies=np.zeros(3), state=State.haar(3, rank=1, seed=1))
    for beta, refused in ((30.0, False), (200.0, True)):
        bath = Environment(energies=[0.0, 1.0], inverse_temperature=beta)
        unitary = EnergyConservingUnitary.haar(system, bath, seed=2)
        operation = ThermalOperation(system=system, environment=bath, unitary=unitary)
        if refused:
            with pytest.raises(UnresolvedState, match="lower the inverse temperature or remove the coherence"):
                exact_law(operation)
        else:
            assert exact_law(operation).exponential_average("sigma") == pytest.approx(
                1 - support_loss(operation), abs=EXACT
            )


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_units_of_energy_do_not_matter(unit: float) -> None:
    levels = unit * np.array([0.0, 1.0, 2.0])
    bath = Environment(energies=unit * np.arange(4.0), inverse_temperature=0.6 / unit)
    operation = haar(levels.tolist(), State.haar(3, seed=1), bath)
    plain = haar([0.0, 1.0, 2.0], State.haar(3, seed=1), LADDER)
    assert exact_law(operation).classes == exact_law(plain).classes
    assert exact_law(operation).mean("sigma") == pytest.approx(exact_law(plain).mean("sigma"), abs=1e-11)
    assert_means_agree(operation)


def test_energies_spread_over_six_decades() -> None:
    """Gaps 1 and 1e6 in one system: neither is mistaken for the other or for zero."""
    bath = Environment(energies=[0.0, 1.0, 1e6, 1e6 + 1.0], inverse_temperature=1e-6)
    operation = haar([0.0, 1.0, 1e6], State.haar(3, seed=1), bath)
    law = exact_law(operation)
    assert {1.0, 1e6, 1e6 - 1} <= set(np.abs(law.heats))
    assert law.exponential_average("sigma") == pytest.approx(1, abs=EXACT)
    assert_means_agree(operation)
    cold = haar([0.0, 1.0, 1e6], State.haar(3, seed=1), Environment(energies=[0.0, 1.0, 1e6], inverse_temperature=1.0))
    # At beta = 1 a population of e^-1e6 meets a coherent system: kept or refused, never NaN.
    law = exact_law(cold)
    assert law.exponential_average("sigma") == pytest.approx(1, abs=1e-9)
    assert np.isfinite(law.sigma).all()


def test_the_zero_of_energy_does_not_matter() -> None:
    shifted = Environment(energies=np.arange(4.0) - 1e3, inverse_temperature=0.6)
    operation = haar([1e3, 1e3 + 1, 1e3 + 2], State.haar(3, seed=1), shifted)
    plain = haar([0.0, 1.0, 2.0], State.haar(3, seed=1), LADDER)
    for name in ("sigma", "sigma_d", "xi", "heat"):
        assert exact_law(operation).mean(name) == pytest.approx(exact_law(plain).mean(name), abs=1e-10)


@pytest.mark.parametrize("protocol", list(MeasurementProtocol))
@pytest.mark.parametrize(
    ("own", "other"),
    [([0.0], [0.0, 1.0, 1.0]), ([0.0, 1.0, 1.0], [0.0]), ([2.0], [5.0])],
    ids=["d_S=1", "d_E=1", "both"],
)
@pytest.mark.parametrize("rank", [1, None])
def test_single_levels(own: list[float], other: list[float], rank: int | None, protocol: MeasurementProtocol) -> None:
    bath = Environment(energies=other, inverse_temperature=2.0)
    operation = haar(own, State.haar(len(own), rank=rank, seed=1), bath)
    law = exact_law(operation, protocol=protocol)
    assert law.normalisation == pytest.approx(1, abs=EXACT)
    assert np.abs(law.heat).max() == 0.0 or len(own) == 1
    if protocol is MeasurementProtocol.AUGMENTED:
        assert_means_agree(operation)
    if law.records("sigma"):
        expected = 1 - support_loss(operation, protocol)
        assert law.exponential_average("sigma") == pytest.approx(expected, abs=EXACT)


def test_a_single_class() -> None:
    law = exact_law(haar([2.0], [[1.0]], Environment(energies=[5.0], inverse_temperature=2.0)))
    assert (law.classes, law.paths) == (1, 1)
    assert law.probabilities == pytest.approx([1.0], abs=1e-15)  # |U|^2 of a random phase
    assert law.sigma.tolist() == law.xi.tolist() == [0.0]
    assert law.cumulants("sigma") == (0.0, 0.0, 0.0)
    assert law.distribution("sigma", "xi").values.tolist() == [[0.0, 0.0]]


# --- 7 ----------------------------------------------------------------------------------------------------------------


def violating(seed: int, state: State | None = None) -> ThermalOperation:
    """A dense Haar unitary on both parties: it does work."""
    system = System(energies=[0.0, 1.0], state=State.bloch(0.5, 0.2, -0.3) if state is None else state)
    bath = Environment(energies=[0.0, 1.0], inverse_temperature=1.3)
    unitary = EnergyConservingUnitary.from_matrix(system, bath, haar_basis(4, seed), allow_violation=True)
    return ThermalOperation(system=system, environment=bath, unitary=unitary)


@pytest.mark.parametrize("seed", range(5))
def test_case_7_the_theorem_holds_for_any_unitary_and_the_work_is_in_the_population_part(seed: int) -> None:
    operation = violating(seed)
    law, exact = exact_law(operation), averages(operation)
    assert law.normalisation == pytest.approx(1, abs=EXACT)
    assert law.exponential_average("sigma") == pytest.approx(1, abs=EXACT)
    total = exact.mutual_information + exact.environment_relative_entropy
    assert law.mean("sigma") == pytest.approx(total, abs=EXACT)
    work = operation.inverse_temperature * exact.switching_work
    assert abs(work) > 1e-3
    assert law.mean("sigma") - exact.entropy_production == pytest.approx(work, abs=EXACT)
    assert law.mean("sigma_d") - exact.population_entropy_production == pytest.approx(work, abs=EXACT)
    assert law.mean("xi") == pytest.approx(exact.coherence_entropy_production, abs=EXACT)


def test_case_7_defects_are_reported_and_refused_beyond_the_tolerance() -> None:
    system = System(energies=[0.0, 1.0], state=State.bloch(0.5, 0.2, -0.3))
    bath = Environment(energies=[0.0, 1.0], inverse_temperature=1.0)
    swap = EnergyConservingUnitary.partial_swap(system, bath, angle=0.9).matrix()
    for defect, refused in ((1e-5, False), (1e-2, True)):
        bent = swap @ np.kron(
            np.array([[np.cos(defect), -np.sin(defect)], [np.sin(defect), np.cos(defect)]]), np.eye(2)
        )
        if refused:
            with pytest.raises(EnergyNotConserved) as caught:
                EnergyConservingUnitary.from_matrix(system, bath, bent)
            assert caught.value.measured > 1e-3
        else:
            unitary = EnergyConservingUnitary.from_matrix(system, bath, bent)
            assert 1e-6 < unitary.adjustment < 1e-4
            operation = ThermalOperation(system=system, environment=bath, unitary=unitary)
            assert exact_law(operation).exponential_average("sigma") == pytest.approx(1, abs=EXACT)
            assert_means_agree(operation)
    with pytest.raises(InvalidUnitary) as broken:
        EnergyConservingUnitary.from_matrix(system, bath, 1.01 * swap, allow_violation=True)
    assert broken.value.measured == pytest.approx(0.0201)


# --- 8 ----------------------------------------------------------------------------------------------------------------


def test_case_8_the_two_signs_hold_for_covariant_maps_only() -> None:
    """Random unitaries that do not conserve energy break either sign; energy-conserving ones break neither."""
    diagonal = State.bloch(0.0, 0.0, 0.4)
    populations, coherences = [], []
    for seed in range(20):
        exact = averages(violating(seed, diagonal))
        populations.append(exact.population_entropy_production)
        coherences.append(exact.coherence_entropy_production)
    assert min(populations) < -0.01
    assert min(coherences) < -0.01
    for seed in range(20):
        exact = averages(haar([0.0, 1.0], diagonal, LADDER, seed=seed))
        assert exact.population_entropy_production > -EXACT
        assert exact.coherence_entropy_production > -EXACT
