"""QuTiP in and out: the same numbers in both packages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import qutip

import qtraj
from qtraj.errors import InvalidInput
from qtraj.interop.collapse_operators import bath_names, channels_from_operators, jump_positions
from qtraj.interop.qutip import (
    collapse_operators,
    hamiltonian_to_qobj,
    jump_process_from_qutip,
    state_from_qobj,
    state_to_qobj,
    unitary_to_qobj,
)
from qtraj.quantum.generators import liouvillian
from tests.interop.driven_qubit import BATHS, C_OPS, HAMILTONIAN, START, driven


class TestObjects:
    def test_states_go_out_and_come_back(self) -> None:
        state = qtraj.State.haar(3, seed=1)
        assert np.allclose(state_from_qobj(state_to_qobj(state)).matrix, state.matrix, atol=1e-14)
        pair = qtraj.CompositeSystem(subsystems={"A": [0, 1], "B": [0, 1, 2]}, state=qtraj.State.haar(6, seed=2))
        assert state_to_qobj(pair).dims == [[2, 3], [2, 3]]
        # The partial trace is QuTiP's: tensor order system by system, as named.
        product = np.kron(qtraj.State.bloch(0.1, 0.2, 0.3).matrix, qtraj.State.haar(3, seed=3).matrix)
        whole = replace(pair, state=product)
        assert np.allclose(state_to_qobj(whole).ptrace(0).full(), qtraj.State.bloch(0.1, 0.2, 0.3).matrix)

    @pytest.mark.parametrize("make", [qutip.Qobj, np.asarray])
    def test_kets_bras_and_density_matrices(self, make: Callable[[Any], Any]) -> None:
        vector = np.array([0.6, 0.8j])
        wanted = np.outer(vector, vector.conj())
        for given in (vector[:, None], vector.conj()[None, :], wanted):
            assert np.allclose(state_from_qobj(make(given)).matrix, wanted)

    def test_thermal_states(self) -> None:
        environment = qtraj.Environment(energies=[0.0, 1.0, 2.5], inverse_temperature=0.7)
        hamiltonian = hamiltonian_to_qobj(environment)
        gibbs = (-0.7 * hamiltonian).expm().unit()
        assert np.allclose(state_to_qobj(environment).full(), gibbs.full())
        reservoir = qtraj.Reservoir(energies=[0.0, 1.0, 2.5], inverse_temperature=0.7)
        assert np.allclose(state_to_qobj(reservoir).full(), gibbs.full())

    def test_hamiltonians_are_in_the_given_basis(self) -> None:
        system = qtraj.System(hamiltonian=HAMILTONIAN, state=START)
        assert np.allclose(hamiltonian_to_qobj(system).full(), HAMILTONIAN.full())
        assert np.allclose(state_to_qobj(system).full(), START.full())
        pair = qtraj.CompositeSystem(
            subsystems={"A": HAMILTONIAN, "B": [0.0, 2.0]}, state=qutip.tensor(START, qutip.fock_dm(2, 0))
        )
        wanted = qutip.tensor(HAMILTONIAN, qutip.qeye(2)) + qutip.tensor(qutip.qeye(2), qutip.qdiags([0.0, 2.0], 0))
        assert hamiltonian_to_qobj(pair).dims == wanted.dims
        assert np.allclose(hamiltonian_to_qobj(pair).full(), wanted.full())

    def test_a_unitary_makes_the_same_final_state_in_qutip(self) -> None:
        system = qtraj.System(hamiltonian=HAMILTONIAN, state=START)
        gap = float(np.ptp(system.spectrum.energies))
        bath = qtraj.Environment.ladder(levels=3, spacing=gap, inverse_temperature=0.6)
        unitary = qtraj.EnergyConservingUnitary.haar(system, bath, seed=3)
        process = qtraj.ThermalOperation(system=system, environment=bath, unitary=unitary)
        joint = unitary_to_qobj(unitary, system)
        assert joint.dims == [[2, 3], [2, 3]]
        final = joint @ qutip.tensor(START, state_to_qobj(bath)) @ joint.dag()
        assert np.allclose(final.ptrace(0).full(), process.final_state, atol=1e-12)
        # And back: a Qobj is as good as a matrix.
        again = qtraj.EnergyConservingUnitary.from_matrix(system, bath, joint)
        assert np.allclose(again.matrix(), unitary.matrix(), atol=1e-12)

    @pytest.mark.parametrize("function", [state_to_qobj, hamiltonian_to_qobj])
    def test_what_is_none_of_them_is_refused(self, function: Callable[[Any], Any]) -> None:
        with pytest.raises(InvalidInput, match="`party` must be"):
            function("qubit")


class TestQobjEverywhere:
    """Whatever takes a matrix takes a Qobj."""

    def test_parties_and_steps(self) -> None:
        swap = qutip.Qobj(np.eye(4)[[0, 2, 1, 3]], dims=[[2, 2], [2, 2]])
        ket = qutip.basis([2, 2], [0, 1])
        pair = qtraj.CompositeSystem(subsystems={"A": qutip.qdiags([0.0, 1.0], 0), "B": [0.0, 1.0]}, state=ket)
        assert pair.state.matrix.real.diagonal().tolist() == [0.0, 1.0, 0.0, 0.0]
        step = qtraj.InternalStep(on=["A", "B"], unitary=swap)
        assert np.allclose(step.matrix, swap.full())
        reservoir = qtraj.Reservoir(energies=[0.0, 1.0], state=START)
        assert np.allclose(reservoir.unit.state.matrix, START.full())
        system = qtraj.System(hamiltonian=HAMILTONIAN, state=qutip.basis(2, 1))
        assert system.state.rank == 1

    def test_unitaries_and_interactions(self) -> None:
        system = qtraj.System(energies=[0.0, 1.0], state=START)
        bath = qtraj.Environment(energies=[0.0, 1.0], inverse_temperature=1.0)
        coupling = qutip.tensor(qutip.sigmap(), qutip.sigmam())
        interaction = coupling + coupling.dag()
        made = qtraj.EnergyConservingUnitary.from_interaction(system, bath, interaction, time=0.4)
        assert np.allclose(made.matrix(), (-0.4j * interaction).expm().full())
        chi = qutip.Qobj(0.05j * (coupling - coupling.dag()).full())
        operation = qtraj.CorrelatedOperation(
            system=qtraj.System(energies=[0.0, 1.0], state=qtraj.State.gibbs([0.0, 1.0], 1.0)),
            environment=bath,
            unitary=made,
            correlations=chi,
        )
        assert np.allclose(operation.correlations, chi.full())

    def test_channels_and_couplings(self) -> None:
        channel = qtraj.Channel(operator=qutip.sigmap(), bath="b", rate=1.0, reverse_rate=0.5)
        assert np.allclose(channel.operator, qutip.sigmap().full())
        (made,) = qtraj.coupled_channels(
            qutip.sigmax(), hamiltonian=qutip.qdiags([0.0, 1.0], 0), inverse_temperature=1.0, rate=lambda _: 1.0
        )
        assert made.energy == 1.0


class TestCollapseOperators:
    def test_the_master_equation_is_qutips(self) -> None:
        process = driven()
        wanted = qutip.liouvillian(HAMILTONIAN, C_OPS).full()
        jumps = [process.system.in_given_basis(operator) for operator in process.jump_operators]
        # QuTiP stacks columns, qtraj rows: the superoperators are those of the transposed operators.
        transposed = liouvillian(HAMILTONIAN.full(), jumps).reshape(2, 2, 2, 2).transpose(1, 0, 3, 2).reshape(4, 4)
        assert np.abs(transposed - wanted).max() < 1e-12

    def test_a_process_gives_its_own_operators_back(self) -> None:
        process = driven()
        operators = collapse_operators(process)
        assert jump_positions(process, operators).tolist() == list(range(len(process.jumps)))
        assert jump_positions(process, C_OPS).tolist() == [0, 1, 2]
        again = jump_process_from_qutip(
            HAMILTONIAN, START, operators, baths=[jump.bath for jump in process.jumps], duration=3.0
        )
        assert again.baths == process.baths
        assert np.allclose(again.entropies, process.entropies)
        assert np.allclose(again.final_state, process.final_state, atol=1e-12)

    def test_entropies_are_logarithms_of_ratios(self) -> None:
        process = driven()
        assert process.jumps[1].bath == "cold"
        assert process.jumps[1].entropy == pytest.approx(-0.8, abs=1e-14)
        assert process.jumps[0].entropy == 0.0

    def test_a_bath_at_zero_temperature_is_refused(self) -> None:
        with pytest.raises(InvalidInput, match=r"number 0 .* has no partner proportional to its adjoint"):
            jump_process_from_qutip(HAMILTONIAN, START, [qutip.sigmam()], duration=1.0)

    def test_operators_that_are_zero_never_jump(self) -> None:
        operators = [0 * qutip.sigmam(), *C_OPS]
        process = jump_process_from_qutip(HAMILTONIAN, START, operators, duration=1.0)
        assert jump_positions(process, operators).tolist() == [-1, 0, 1, 2]

    def test_phases_do_not_matter(self) -> None:
        operators = [1j * C_OPS[0], -C_OPS[1], np.exp(0.3j) * C_OPS[2]]
        process = jump_process_from_qutip(HAMILTONIAN, START, operators, baths=BATHS, duration=1.0)
        assert np.allclose(process.final_state, driven(1.0).final_state, atol=1e-12)

    def test_equal_operators_of_two_baths_need_the_baths(self) -> None:
        operators = [qutip.sigmap(), qutip.sigmap(), 0.5 * qutip.sigmam(), 0.7 * qutip.sigmam()]
        baths = ["hot", "cold", "cold", "hot"]
        process = jump_process_from_qutip(HAMILTONIAN, START, operators, baths=baths, duration=1.0)
        positions = jump_positions(process, operators, baths)
        assert [process.jumps[position].bath for position in positions] == baths
        assert np.allclose([process.jumps[p].entropy for p in positions], 2 * np.log([1 / 0.7, 2, 0.5, 0.7]))
        with pytest.raises(InvalidInput, match="must say to which bath"):
            jump_positions(process, operators)

    def test_two_equal_jumps_of_one_bath_are_told_apart_by_their_order(self) -> None:
        operators = [qutip.sigmap(), 0.5 * qutip.sigmam(), qutip.sigmap(), 0.5 * qutip.sigmam()]
        process = jump_process_from_qutip(HAMILTONIAN, START, operators, duration=1.0)
        assert sorted(jump_positions(process, operators)) == [0, 1, 2, 3]
        with pytest.raises(InvalidInput, match="is there twice"):
            jump_positions(process, [*operators, qutip.sigmap()])

    def test_temperatures_must_fit_the_hamiltonian(self) -> None:
        diagonal = qutip.qdiags([0.0, 2.0], 0)
        how: dict[str, Any] = {"baths": BATHS, "duration": 1.0}
        process = jump_process_from_qutip(diagonal, START, C_OPS, inverse_temperatures={"cold": 0.4}, **how)
        assert process.jumps[1].heat == pytest.approx(-2.0)
        with pytest.raises(InvalidInput, match="local detailed balance"):
            jump_process_from_qutip(diagonal, START, C_OPS, inverse_temperatures={"cold": 0.5}, **how)
        with pytest.raises(InvalidInput, match="'warm' is none of them"):
            jump_process_from_qutip(diagonal, START, C_OPS, inverse_temperatures={"warm": 0.5}, **how)

    @pytest.mark.parametrize(
        ("baths", "complaint"),
        [
            (["a", "b"], "a name for each of 3 operators"),
            ({"a": [0, 1]}, "not number 2"),
            ({"a": [0, 1], "b": [1, 2]}, "belongs to 'a' and to 'b'"),
            ({"a": [0, 1, 3]}, "0 to 2"),
            (3, "a name for each"),
        ],
    )
    def test_baths_that_do_not_fit(self, baths: Any, complaint: str) -> None:
        with pytest.raises(InvalidInput, match=complaint):
            bath_names(baths, 3)

    def test_operators_must_be_those_of_the_process(self) -> None:
        with pytest.raises(InvalidInput, match="number 0 is none of them"):
            jump_positions(driven(), [qutip.sigmax()])

    def test_no_operator_is_used_twice(self) -> None:
        channels = channels_from_operators([qutip.sigmap(), qutip.sigmam(), qutip.sigmap(), 2 * qutip.sigmam()])
        assert [channel.rate for channel in channels] == [1.0, 1.0]
        assert [channel.reverse_rate for channel in channels] == pytest.approx([1.0, 4.0])
