"""Correlated operations against brute-force enumeration: laws, both theorems, and the limit of a product start."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.errors import AmbiguousRank, InvalidInput, InvalidState, InvalidUnitary, NotRecorded
from qtraj.paths.exact_law import exact_law
from qtraj.processes.correlated_operation import CorrelatedOperation
from qtraj.processes.seam import MeasurementProtocol
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from tests.processes.correlated_cases import NAMES, Case, backward_weight, enumerate_paths

CASES = {
    "two qubits": Case.random(1),
    "qutrit and qubit": Case.random(2, system=(0.0, 1.0, 2.0), beta=1.3),
    "qubit and ladder": Case.random(3, environment=(0.0, 1.0, 2.0), beta=0.4),
    "driven": Case.random(4, system=(0.0, 1.0, 2.0), environment=(0.0, 1.0, 2.0), conserving=False),
    "as much as there can be": Case.random(5, system=(0.0, 1.0, 2.0), strength=1.0),
    "pure block, driven": Case.random(6, strength=1.0, conserving=False),
}

# Sums over a few hundred paths, each a product of a dozen factors.
EXACT = 1e-12


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
@pytest.mark.parametrize("name", NAMES)
def test_the_law_is_that_of_the_enumeration(case: Case, name: str) -> None:
    paths, law = enumerate_paths(case), exact_law(case.operation)
    assert law.normalisation == pytest.approx(1, abs=EXACT)
    for power in (1, 2, 3):
        moment = float(law.probabilities @ law.quantity(name) ** power)
        assert moment == pytest.approx(float(paths.probabilities @ paths.values[name] ** power), abs=1e-10)
    assert law.exponential_average(name, 0.5) == pytest.approx(
        float(paths.probabilities @ np.exp(-0.5 * paths.values[name])), abs=1e-11
    )


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_joint_moments_of_heat_information_and_sigma(case: Case) -> None:
    """What single laws cannot see: whether the labels of one path belong together."""
    paths, law = enumerate_paths(case), exact_law(case.operation)
    for one in NAMES:
        for other in NAMES:
            ours = float(law.probabilities @ (law.quantity(one) * law.quantity(other)))
            assert ours == pytest.approx(
                float(paths.probabilities @ (paths.values[one] * paths.values[other])), abs=1e-10
            )


@given(
    seed=st.integers(0, 10**6),
    sizes=st.sampled_from([(2, 2), (3, 2), (2, 3), (3, 3)]),
    beta=st.floats(0.0, 3.0),
    strength=st.floats(0.0, 0.95),
    conserving=st.booleans(),
)
def test_the_theorems_hold_for_any_start_and_any_unitary(
    seed: int, sizes: tuple[int, int], beta: float, strength: float, conserving: bool
) -> None:
    system, environment = (tuple(float(k) for k in range(size)) for size in sizes)
    case = Case.random(
        seed, system=system, environment=environment, beta=beta, strength=strength, conserving=conserving
    )
    law = exact_law(case.operation)
    assert law.exponential_average("sigma") == pytest.approx(1, abs=1e-10)
    assert law.exponential_average("sigma_beyond_information") == pytest.approx(1, abs=1e-10)
    # Path by path: sigma = c + i, and c - di is what is beyond information.
    assert law.quantity("sigma") == pytest.approx(
        law.quantity("clausius_sigma") + law.quantity("initial_information"), abs=1e-9
    )
    assert law.quantity("sigma_beyond_information") == pytest.approx(
        law.quantity("clausius_sigma") - law.quantity("information_change"), abs=1e-9
    )
    before, after = case.information(case.start), case.information(case.end)
    other = case.locals_of(case.end)[1]
    unseen = float(-(np.diag(other).real @ np.log(np.diag(other).real))) - float(
        -(np.linalg.eigvalsh(other) @ np.log(np.linalg.eigvalsh(other)))
    )
    assert law.mean("initial_information") == pytest.approx(before, abs=1e-10)
    assert law.mean("information_change") == pytest.approx(after - before + unseen, abs=1e-10)
    assert law.mean("clausius_sigma") >= law.mean("information_change") - 1e-12
    assert law.mean("sigma") >= -1e-12


def test_the_two_theorems_are_those_of_the_enumeration_too() -> None:
    """The statement itself, without the package; and neither factor alone averages to 1."""
    case = CASES["driven"]
    paths = enumerate_paths(case)
    assert paths.exponential("sigma") == pytest.approx(1, abs=EXACT)
    assert paths.exponential("sigma_beyond_information") == pytest.approx(1, abs=EXACT)
    assert abs(paths.exponential("clausius_sigma") - 1) > 0.02
    assert abs(float(paths.probabilities @ np.exp(paths.values["information_change"])) - 1) > 0.02


@pytest.mark.parametrize("name", ["as much as there can be", "pure block, driven"])
def test_a_rank_deficient_start_gives_one_minus_lambda(name: str) -> None:
    case = CASES[name]
    law, kept = exact_law(case.operation), backward_weight(case)
    assert kept < 0.99
    assert law.exponential_average("sigma") == pytest.approx(kept, abs=EXACT)
    assert law.absolute_irreversibility == pytest.approx(1 - kept, abs=EXACT)
    # Bookkeeping does not mind.
    assert law.exponential_average("sigma_beyond_information") == pytest.approx(1, abs=EXACT)


@pytest.mark.parametrize("protocol", ["augmented", "eigenbasis-two-point", "energy-two-point"])
@pytest.mark.parametrize("name", ["qutrit and qubit", "qubit and ladder", "driven"])
def test_without_correlations_sigma_and_heat_have_the_law_of_a_thermal_operation(name: str, protocol: str) -> None:
    case = CASES[name]
    operation = case.operation
    product = CorrelatedOperation(
        system=operation.system,
        environment=operation.environment,
        unitary=operation.unitary,
        correlations=np.zeros_like(case.chi),
    )
    ours, theirs = (exact_law(process, protocol=protocol) for process in (product, operation.uncorrelated))
    names = ["sigma"] if protocol.startswith("eigen") else ["sigma", "heat"]
    one, other = (law.distribution(*names) for law in (ours, theirs))
    assert one.values == pytest.approx(other.values, abs=1e-11)
    assert one.probabilities == pytest.approx(other.probabilities, abs=EXACT)
    assert product.final_state == pytest.approx(operation.uncorrelated.final_state, abs=EXACT)


def test_measuring_local_energies_first_destroys_coherent_correlations() -> None:
    """With local states diagonal in energy and correlations in coherences only, nothing of them is left."""
    chi = np.zeros((4, 4), dtype=complex)
    chi[1, 2], chi[2, 1] = 0.1j, -0.1j
    system = System(energies=[0.0, 1.0], state=State.gibbs([0.0, 1.0], 1.0))
    environment = Environment(energies=[0.0, 1.0], inverse_temperature=0.5)
    unitary = EnergyConservingUnitary.exchange(system, environment, coupling=1.0, time=0.6)
    correlated = CorrelatedOperation(system=system, environment=environment, unitary=unitary, correlations=chi)
    one, other = (
        exact_law(process, protocol="energy-two-point").distribution("heat")
        for process in (correlated, correlated.uncorrelated)
    )
    assert one.probabilities == pytest.approx(other.probabilities, abs=EXACT)
    assert abs(exact_law(correlated).mean("heat") - exact_law(correlated.uncorrelated).mean("heat")) > 0.05


def test_degenerate_levels_of_both_parties_keep_the_theorems() -> None:
    case = Case.random(11, system=(0.0, 1.0, 1.0), environment=(0.0, 1.0, 1.0), beta=0.9)
    for protocol in ("augmented", "eigenbasis-two-point", "energy-two-point"):
        law = exact_law(case.operation, protocol=protocol)
        assert law.normalisation == pytest.approx(1, abs=EXACT)
        assert law.exponential_average("sigma") == pytest.approx(1, abs=1e-11)


def test_cold_environments_keep_their_rare_levels() -> None:
    """Populations of e^-800 next to a correlated pair: linear arithmetic would drop them, and with them the 1."""
    system = System(energies=[0.0, 1.0, 801.0], state=State.gibbs([0.0, 1.0, 801.0], 1.0))
    environment = Environment(energies=[0.0, 1.0, 801.0], inverse_temperature=1.0)
    unitary = EnergyConservingUnitary.partial_swap(system, environment, angle=0.7)
    chi = np.zeros((9, 9), dtype=complex)
    chi[1, 3], chi[3, 1] = 0.1j, -0.1j
    law = exact_law(CorrelatedOperation(system=system, environment=environment, unitary=unitary, correlations=chi))
    assert law.exponential_average("sigma") == pytest.approx(1, abs=1e-10)
    assert law.log_forward.min() < -700


def test_the_backward_process_undoes_the_forward_one() -> None:
    case = CASES["qutrit and qubit"]
    back = case.operation.reversed()
    product = np.kron(case.locals_of(case.end)[0], np.diag(np.exp(case.operation.environment.log_populations)))
    assert back.joint_state.matrix == pytest.approx(product, abs=EXACT)
    assert back.unitary.matrix() == pytest.approx(case.unitary.conj().T, abs=EXACT)
    ends = case.operation.endpoints(MeasurementProtocol.AUGMENTED).swapped()
    assert ends.swapped().initial.amounts["heat"] == pytest.approx(ends.final.amounts["heat"] * -1)


class TestRefusals:
    system = System(energies=[0.0, 1.0], state=State.gibbs([0.0, 1.0], 1.0))
    environment = Environment(energies=[0.0, 1.0], inverse_temperature=0.5)
    unitary = EnergyConservingUnitary.partial_swap(system, environment, angle=0.5)

    def build(self, chi: np.ndarray, **changes: object) -> CorrelatedOperation:
        parts: dict[str, object] = {"system": self.system, "environment": self.environment, "unitary": self.unitary}
        return CorrelatedOperation(**{**parts, **changes}, correlations=chi)  # type: ignore[arg-type]

    def coherence(self, size: complex) -> np.ndarray:
        chi = np.zeros((4, 4), dtype=complex)
        chi[1, 2], chi[2, 1] = size, np.conj(size)
        return chi

    def test_too_strong_says_by_which_factor(self) -> None:
        p = np.exp(-1) / (1 + np.exp(-1)) ** 2 * np.exp(-0.5) / (1 + np.exp(-0.5)) ** 2
        with pytest.raises(InvalidState, match=r"they may be at most 0\.7\d+ times as strong") as caught:
            self.build(self.coherence(0.3j))
        assert caught.value.measured == pytest.approx(np.sqrt(p) / 0.3, rel=1e-12)

    def test_at_the_bound_one_state_is_empty(self) -> None:
        p = np.exp(-1) / (1 + np.exp(-1)) ** 2 * np.exp(-0.5) / (1 + np.exp(-0.5)) ** 2
        assert self.build(self.coherence(np.sqrt(p))).joint_state.rank == 3
        with pytest.raises(AmbiguousRank):
            self.build(self.coherence(np.sqrt(p) * (1 - 1e-13)))

    def test_local_states_must_stay(self) -> None:
        with pytest.raises(InvalidInput, match=r"change that of the system by 0\.1"):
            self.build(np.diag([0.05, 0.05, -0.05, -0.05]))
        with pytest.raises(InvalidInput, match=r"change that of the environment by 0\.1"):
            self.build(np.diag([0.05, -0.05, 0.05, -0.05]))

    def test_hermitian_and_of_the_right_shape(self) -> None:
        with pytest.raises(InvalidInput, match="must be Hermitian"):
            self.build(self.coherence(0.1j) @ np.diag([1, 1, 0, 1]))
        with pytest.raises(InvalidInput, match="shape"):
            self.build(np.zeros((3, 3)))

    def test_a_pure_system_has_no_correlations(self) -> None:
        pure = System(energies=[0.0, 1.0], state=State.pure([1.0, 0.0]))
        with pytest.raises(InvalidState, match="outside its support"):
            self.build(self.coherence(0.01), system=pure)

    def test_a_unitary_for_other_energies(self) -> None:
        other = Environment(energies=[0.0, 2.0], inverse_temperature=0.5)
        with pytest.raises(InvalidUnitary):
            self.build(self.coherence(0.1), environment=other)

    def test_there_are_no_kraus_operators(self) -> None:
        with pytest.raises(NotRecorded, match="no Kraus operators"):
            exact_law(self.build(self.coherence(0.1)), protocol="kraus")

    def test_quantities_that_need_labels_or_a_split(self) -> None:
        operation = self.build(self.coherence(0.1))
        with pytest.raises(NotRecorded, match="`heat` is not defined in the eigenbasis-two-point protocol"):
            exact_law(operation, protocol="eigenbasis-two-point").mean("heat")
        with pytest.raises(NotRecorded, match="`xi` is not defined where system and environment are followed together"):
            exact_law(operation).mean("xi")
