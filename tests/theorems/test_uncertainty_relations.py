"""Uncertainty relations of processes: two routes to both sides, and the scope of each."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.errors import InvalidInput, NoFiniteLaw
from qtraj.models.registry import build_model
from qtraj.paths.exact_law import exact_law
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.collision_steps import CollisionStep
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol, Process
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.channels import Channel
from qtraj.quantum.composite import CompositeSystem, Reservoir
from qtraj.quantum.generators import liouvillian
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.stationary import stationary_state
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.theorems.checks import Verdict
from qtraj.theorems.uncertainty_bounds import UncertaintyRelation
from qtraj.theorems.uncertainty_relations import uncertainty_relations
from tests.processes.correlated_cases import Case

TPM = "energy-two-point"
ENERGIES = [0.0, 1.0, 2.5]


def by_name(process: Process, quantity: str = "heat", protocol: str = TPM) -> dict[str, UncertaintyRelation]:
    return {relation.name: relation for relation in uncertainty_relations(process, quantity, protocol=protocol)}


def swap(beta_system: float, beta_environment: float, angle: float) -> ThermalOperation:
    """Two qutrits that are swapped in part: U = U^T."""
    system = System(energies=ENERGIES, state=State.gibbs(ENERGIES, beta_system))
    environment = Environment(energies=ENERGIES, inverse_temperature=beta_environment)
    unitary = EnergyConservingUnitary.partial_swap(system, environment, angle=angle)
    return ThermalOperation(system=system, environment=environment, unitary=unitary)


def three_levels(populations: list[float] | None = None, *, duration: float = 5.0) -> JumpProcess:
    """A three-level engine between two baths; from its stationary state by default."""
    channels = []
    for bath, beta, low, high in (("hot", 0.3, 0, 2), ("cold", 2.0, 0, 1), ("cold", 2.0, 1, 2)):
        operator = np.zeros((3, 3))
        operator[low, high] = 1.0
        energy = ENERGIES[high] - ENERGIES[low]
        channels.append(Channel(bath=bath, operator=operator, rate=1.0, energy=energy, inverse_temperature=beta))
    start = np.array(populations or [0.5, 0.3, 0.2])
    system = System(energies=ENERGIES, state=State(log_eigenvalues=np.log(start), vectors=np.eye(3)))
    process = JumpProcess(system=system, channels=tuple(channels), duration=duration)
    if populations is not None:
        return process
    steady = np.diag(stationary_state(liouvillian(process.hamiltonian, process.jump_operators))).real
    return three_levels(steady.tolist(), duration=duration)


class TestExchange:
    @given(beta_system=st.floats(0.0, 2.0), beta_environment=st.floats(0.0, 2.0), angle=st.floats(0.2, 1.4))
    def test_symmetric_unitaries_and_gibbs_starts(
        self, beta_system: float, beta_environment: float, angle: float
    ) -> None:
        difference = beta_environment - beta_system
        if abs(difference) < 1e-2:  # no current to speak of
            return
        process = swap(beta_system, beta_environment, angle)
        relation = by_name(process)["exchange"]
        assert relation.applies
        heat = exact_law(process, protocol=TPM).mean("heat")
        assert relation.entropy_production == pytest.approx(difference * heat, rel=1e-9)
        assert relation.verdict is Verdict.PASS

    def test_a_random_unitary_is_another_process_backwards(self) -> None:
        process = swap(0.2, 1.2, 0.7)
        energies = [0.0, 1.0, 2.0]
        system = System(energies=energies, state=State.gibbs(energies, 0.2))
        environment = Environment(energies=energies, inverse_temperature=1.2)
        random = EnergyConservingUnitary.haar(system, environment, seed=1)
        process = ThermalOperation(system=system, environment=environment, unitary=random)
        relation = by_name(process)["exchange"]
        assert not relation.applies
        assert relation.verdict is None
        assert "its backward process is another one" in relation.reason

    def test_correlations_break_it_and_their_measurement_does_not_restore_it_in_general(self) -> None:
        assert not by_name(build_model("two-qubit-exchange", correlation=0.1j), protocol="augmented")[
            "exchange"
        ].applies
        driven = Case.random(4, system=(0.0, 1.0, 2.0), conserving=False).operation
        assert not by_name(driven)["exchange"].applies

    @pytest.mark.parametrize(("order", "applies"), [("h", True), ("hch", True), ("hc", False)])
    def test_collision_models_that_read_the_same_backwards(self, order: str, applies: bool) -> None:
        """Currents into each of two baths, with the entropy of all heats together."""
        qubit = CompositeSystem(subsystems={"S": [0.0, 1.0]}, state=State.gibbs([0.0, 1.0], 0.8))
        baths = {
            "h": Reservoir(energies=[0.0, 1.0], inverse_temperature=0.2),
            "c": Reservoir(energies=[0.0, 1.0], inverse_temperature=2.0),
        }
        swaps = {
            name: EnergyConservingUnitary.partial_swap(qubit.part(["S"]), bath.environment, angle=0.9)
            for name, bath in baths.items()
        }
        model = CollisionModel(
            composite=qubit,
            reservoirs={name: baths[name] for name in set(order)},
            steps=[CollisionStep(reservoir=name, on=["S"], unitary=swaps[name]) for name in order],
        )
        relation = by_name(model, "heat_into_h")["exchange"]
        assert relation.applies == applies
        if applies:
            law = exact_law(model, protocol=TPM)
            betas = {"h": 0.2 - 0.8, "c": 2.0 - 0.8}
            total = sum(betas[name] * law.mean(f"heat_into_{name}") for name in set(order))
            assert relation.entropy_production == pytest.approx(total, rel=1e-9)
            assert relation.verdict is Verdict.PASS

    def test_a_full_swap_beats_the_stationary_bound_which_is_none_here(self) -> None:
        """beta_S = 0, beta_E = 3: two opposite heats and none, Var/<Q>^2 = 1.441 < 2/Sigma = 1.473."""
        relations = by_name(build_model("two-qubit-exchange", angle=np.pi / 2, beta_system=0.0, beta_environment=3.0))
        found, half = relations["exchange"], 0.5
        n = 1 / (np.exp(3.0) + 1)
        expected = (half * (1 - n) + half * n) / (half - n) ** 2 - 1
        assert found.relative_variance == pytest.approx(expected, rel=1e-12)
        assert found.relative_variance < 2 / found.entropy_production
        assert found.verdict is Verdict.PASS
        assert not relations["stationary"].applies
        assert relations["stationary"].verdict is None


class TestStationary:
    @pytest.mark.parametrize("quantity", ["heat_into_hot", "heat_into_cold", "entropy_into_cold"])
    @pytest.mark.parametrize("duration", [0.1, 5.0, 200.0])
    def test_classical_engines_from_their_stationary_state(self, quantity: str, duration: float) -> None:
        relations = by_name(three_levels(duration=duration), quantity)
        assert relations["stationary"].applies
        assert relations["exchange"].applies  # a stationary chain is its own backward process
        assert all(relation.verdict is Verdict.PASS for relation in relations.values())
        one = relations["hysteretic"].relative_variance
        assert one == pytest.approx(relations["stationary"].relative_variance / 2, rel=1e-8)

    def test_other_starts_are_out_of_scope(self) -> None:
        relation = by_name(three_levels([0.6, 0.3, 0.1]), "heat_into_hot")["stationary"]
        assert not relation.applies
        assert "not stationary: populations change at a rate of up to" in relation.reason

    def test_coherent_starts_and_coherent_jumps_are_out_of_scope(self) -> None:
        process = three_levels()
        tilted = State.from_matrix(process.system.energy_state.matrix + 0.01 * (np.eye(3)[::-1] - np.diag([0, 1, 0])))
        coherent = replace(process, system=System(energies=ENERGIES, state=tilted))
        assert "coherence" in by_name(coherent, "heat_into_hot")["stationary"].reason
        junction = build_model("dephased-junction", duration=2.0)
        reason = by_name(junction, "heat_into_left", "augmented")["stationary"].reason
        assert "superpositions" in reason


class TestHysteretic:
    @pytest.mark.parametrize("protocol", ["augmented", TPM])
    @pytest.mark.parametrize("seed", [1, 2])
    def test_reversed_process_and_reweighted_law_agree(self, seed: int, protocol: str) -> None:
        """P_B is the law of U^dag between swapped ends, and it is e^-sigma P_F."""
        case = Case.random(seed, system=(0.0, 1.0, 2.0), environment=(0.0, 1.0, 2.0))
        for process in (case.operation.uncorrelated, case.operation):
            law = exact_law(process, protocol=protocol)
            weight, sigma, heat = np.exp(law.log_backward), law.quantity("sigma"), law.quantity("heat")
            back = -float(weight @ heat)
            spread = float(weight @ heat**2) - back**2
            mean, variance, _ = law.cumulants("heat")
            relation = by_name(process, "heat", protocol)["hysteretic"]
            assert relation.relative_variance == pytest.approx((variance + spread) / (mean + back) ** 2, rel=1e-9)
            entropy = (law.mean("sigma") - float(weight @ sigma)) / 2
            assert relation.entropy_production == pytest.approx(entropy, rel=1e-9)
            assert relation.verdict is Verdict.PASS

    def test_with_and_without_a_law_agree(self) -> None:
        process = build_model("davies-qutrit")
        with_law = by_name(process, "heat", "augmented")["hysteretic"]
        missing = NoFiniteLaw("pretended")
        (*_, without) = uncertainty_relations(process, "heat", protocol="augmented", law=missing)
        assert without.relative_variance == pytest.approx(with_law.relative_variance, rel=1e-9)
        assert without.entropy_production == pytest.approx(with_law.entropy_production, rel=1e-8)

    def test_lost_support_makes_it_say_nothing(self) -> None:
        system = System(energies=[0.0, 1.0], state=State.pure([np.cos(0.5), np.sin(0.5)]))
        environment = Environment(energies=[0.0, 1.0], inverse_temperature=1.0)
        unitary = EnergyConservingUnitary.partial_swap(system, environment, angle=1.0)
        process = ThermalOperation(system=system, environment=environment, unitary=unitary)
        relation = by_name(process, protocol="augmented")["hysteretic"]
        assert relation.bound == 0
        assert math.isinf(relation.entropy_production)
        assert "says nothing" in relation.reason


def test_only_currents_have_relations() -> None:
    process = build_model("davies-qutrit")
    with pytest.raises(InvalidInput, match="must change sign when paths are reversed"):
        uncertainty_relations(process, "jumps")
    with pytest.raises(InvalidInput, match="must be counted by jumps alone"):
        uncertainty_relations(process, "sigma_d", protocol="augmented", law=NoFiniteLaw("pretended"))


def test_no_current_needs_no_precision() -> None:
    process = swap(0.7, 0.7, 0.5)
    relation = by_name(process)["exchange"]
    assert relation.verdict is Verdict.PASS
    assert relation.relative_variance == math.inf
    assert relation.bound > 1e9  # infinite but for rounding
    assert MeasurementProtocol.parse(TPM) is MeasurementProtocol.ENERGY
