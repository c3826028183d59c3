"""Jump processes: their jumps, their final states, and the finite law of those that have one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtraj.density.exponential import log_exponential_average, support_loss
from qtraj.density.tilted_generator import jump_log_exponential_average, jump_support_loss
from qtraj.errors import InvalidInput, NoFiniteLaw
from qtraj.paths.exact_law import exact_law
from qtraj.paths.law import PathLaw
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol
from qtraj.quantum.channels import Channel, dephasing_channels
from qtraj.quantum.davies import davies_channels
from qtraj.quantum.generators import evolve
from qtraj.quantum.parties import System
from qtraj.quantum.states import State
from tests.processes.jump_cases import (
    QUTRIT_RATES,
    collective_ladder,
    driven_qubit,
    random_davies,
    random_process,
    seeds,
)

EXACT = 1e-12

davies = st.builds(random_davies, seeds, dimension=st.integers(2, 4), dephasing=st.booleans())


def by_generator(process: JumpProcess) -> np.ndarray:
    return evolve(process.hamiltonian, process.jump_operators, process.system.energy_state.matrix, process.duration)


# Jumps


@given(seeds, st.integers(2, 4))
def test_every_jump_has_its_reverse(seed: int, dimension: int) -> None:
    process = random_process(seed, dimension=dimension)
    for position, jump in enumerate(process.jumps):
        partner = process.jumps[jump.partner]
        assert partner.partner == position
        assert partner.bath == jump.bath
        assert partner.entropy == -jump.entropy
        assert np.allclose(
            partner.operator, np.exp(-jump.entropy / 2) * jump.operator.conj().T, rtol=1e-13, atol=0
        ) or (jump.partner == position)
        assert not jump.operator.flags.writeable


def test_jumps_come_forward_then_reverse_channel_by_channel() -> None:
    process = random_davies(1, dephasing=True)
    pairs, watched = len(process.channels) - 3, 3
    assert [jump.partner for jump in process.jumps] == [k ^ 1 for k in range(2 * pairs)] + [
        2 * pairs + k for k in range(watched)
    ]
    assert process.baths == ("bath", "dephasing")
    assert process.bath_of.tolist() == [0] * (2 * pairs) + [1] * watched


def test_channels_of_rate_zero_are_left_out() -> None:
    channels = davies_channels([0.0, 1.0, 2.5], 0.8, [[0, 1, 0.3], [1, 2, 0.0], [0, 2, 0.1]])
    system = System(energies=[0.0, 1.0, 2.5], state=State.haar(3))
    assert len(JumpProcess(system=system, channels=channels, duration=1.0).jumps) == 4
    idle = JumpProcess(system=system, channels=dephasing_channels(3, 0.0), duration=1.0)
    assert idle.jumps == ()
    assert idle.baths == ("dephasing",)
    assert np.abs(idle.final_energy_state.matrix - by_generator(idle)).max() < EXACT


@given(seeds)
def test_operators_are_turned_into_the_energy_eigenbasis(seed: int) -> None:
    own, turned = random_davies(seed), random_davies(seed, in_given_basis=True)
    assert np.allclose(np.sort(own.system.spectrum.energies), turned.system.spectrum.energies)
    assert turned.chain is not None
    order = np.argsort(own.system.spectrum.energies)
    assert np.allclose(own.chain.rate_matrix[np.ix_(order, order)], turned.chain.rate_matrix)
    assert np.abs(np.diag(turned.hamiltonian) - turned.system.spectrum.energies).max() == 0
    assert np.allclose(np.linalg.eigvalsh(own.final_state), np.linalg.eigvalsh(turned.final_state), atol=EXACT)


def test_heat_is_what_the_channel_says_or_what_the_operator_fixes() -> None:
    lowering, sigma_x = [[0, 1], [0, 0]], [[0, 1], [1, 0]]
    system = System(energies=[0.0, 1.5], state=State.haar(2))
    channels = (
        Channel(operator=lowering, bath="told", rate=1.0, energy=1.4, inverse_temperature=1.0),
        Channel(operator=lowering, bath="fixed", rate=1.0, reverse_rate=0.2),
        Channel(operator=sigma_x, bath="vague", rate=0.1),
        Channel(operator=[[1, 0], [0, -1]], bath="phase", rate=0.1),
    )
    process = JumpProcess(system=system, channels=channels, duration=1.0)
    assert [jump.heat for jump in process.jumps] == [1.4, -1.4, 1.5, -1.5, None, 0.0]
    assert np.isnan(process.heats).tolist() == [False] * 4 + [True, False]


def test_the_effective_hamiltonian_decays_by_half_the_exit_rates() -> None:
    process = random_davies(5)
    assert np.abs(process.effective_hamiltonian - np.diag(np.diag(process.effective_hamiltonian))).max() < EXACT
    assert np.allclose(np.diag(process.effective_hamiltonian).imag, -process.chain.exits / 2)


# Final states


@given(davies)
def test_the_chain_ends_in_the_state_of_the_generator(process: JumpProcess) -> None:
    assert process.chain is not None
    assert np.abs(process.final_energy_state.matrix - by_generator(process)).max() < EXACT


@given(seeds)
def test_general_processes_end_in_the_state_of_the_generator(seed: int) -> None:
    process = random_process(seed)
    assert process.chain is None
    basis = process.system.basis
    assert np.abs(process.final_state - basis @ by_generator(process) @ basis.conj().T).max() < EXACT


def test_several_baths_on_energy_transitions_still_use_the_chain() -> None:
    energies = [0.0, 1.0, 2.5]
    channels = davies_channels(energies, 0.5, QUTRIT_RATES, bath="hot")
    channels += davies_channels(energies, 2.0, QUTRIT_RATES, bath="cold")
    process = JumpProcess(system=System(energies=energies, state=State.haar(3)), channels=channels, duration=1.0)
    assert np.abs(process.final_energy_state.matrix - by_generator(process)).max() < EXACT


def test_small_eigenvalues_of_cold_states_are_relatively_accurate() -> None:
    """After a long time in a bath at beta = 200 the populations are e^-200 and e^-500, not rounding noise."""
    energies = [0.0, 1.0, 2.5]
    process = JumpProcess(
        system=System(energies=energies, state=State.haar(3)),
        channels=davies_channels(energies, 200.0, QUTRIT_RATES),
        duration=1e-40,
    )
    assert process.final_energy_state.rank == 3
    settled = process.lasting(1e8).final_energy_state
    assert settled.log_eigenvalues == pytest.approx([0.0, -200.0, -500.0], abs=1e-9)


def test_a_pure_state_without_jumps_stays_pure() -> None:
    system = System(hamiltonian=[[0.0, 0.7], [0.7, 1.0]], state=State.pure([1.0, 0.0]))
    process = JumpProcess(system=system, channels=(), duration=3.0)
    assert process.final_energy_state.rank == 1
    assert len(process.stages()[0].branches) == 1


# The finite law


def law_is_exact(process: JumpProcess, law: PathLaw, protocol: MeasurementProtocol) -> None:
    lost = jump_support_loss(process, protocol)
    assert law.normalisation == pytest.approx(1, abs=EXACT)
    assert law.exponential_average("sigma") == pytest.approx(1 - lost, abs=EXACT)
    assert support_loss(process, protocol) == pytest.approx(lost, abs=EXACT)
    for name in ("sigma", "sigma_d", "xi"):
        if not law.records(name):
            continue
        for u in (1.0, 0.4, 2.0):
            tilted = jump_log_exponential_average(process, name, u, protocol=protocol)
            assert law.log_exponential_average(name, u) == pytest.approx(tilted, abs=1e-10)
            assert log_exponential_average(process, name, u, protocol=protocol) == pytest.approx(tilted, abs=1e-10)


@settings(max_examples=25)
@given(davies, st.sampled_from([p for p in MeasurementProtocol if p is not MeasurementProtocol.KRAUS]))
def test_the_finite_law_agrees_with_the_tilted_generator(process: JumpProcess, protocol: MeasurementProtocol) -> None:
    law_is_exact(process, exact_law(process, protocol=protocol), protocol)


@settings(max_examples=20)
@given(seeds, st.integers(1, 2))
def test_pure_and_rank_deficient_starts_lose_their_weight(seed: int, rank: int) -> None:
    process = random_davies(seed, rank=rank)
    law = exact_law(process)
    law_is_exact(process, law, MeasurementProtocol.AUGMENTED)
    assert law.absolute_irreversibility == pytest.approx(jump_support_loss(process), abs=EXACT)
    assert law.absolute_irreversibility > 1e-6


@given(davies)
def test_the_detailed_theorem_holds_atom_by_atom(process: JumpProcess) -> None:
    """P_F(s) = e^s P_B(-s), the backward process running under the opposite Hamiltonian from the final state."""
    forward, backward = exact_law(process), exact_law_backward(process)
    one, two = forward.distribution("sigma"), backward
    assert one.atoms.size == two.atoms.size
    order = np.argsort(-two.atoms)
    assert np.abs(one.atoms + two.atoms[order]).max() < 1e-10
    theorem = one.log_probabilities - one.atoms - two.log_probabilities[order]
    # Nearly equal atoms may be merged differently on the two sides; where they are not, equality is exact.
    assert np.abs(np.exp(one.log_probabilities) * np.expm1(-theorem)).max() < 1e-10


def exact_law_backward(process: JumpProcess):
    """Law of the backward process between the swapped ends of the forward one."""
    from qtraj.paths.exact_law import law_between

    ends = process.endpoints(MeasurementProtocol.AUGMENTED).swapped()
    return law_between(process.reversed().stages(), ends).distribution("sigma")


@given(davies)
def test_the_backward_process_keeps_jumps_and_heats(process: JumpProcess) -> None:
    back = process.reversed()
    assert np.array_equal(back.entropies, process.entropies)
    assert np.allclose(back.heats, process.heats)
    assert np.abs(back.system.energy_state.matrix - process.final_energy_state.matrix).max() < EXACT
    assert np.array_equal(back.hamiltonian, -process.hamiltonian)
    for one, two in zip(back.jump_operators, process.jump_operators, strict=True):
        assert np.abs(one - two).max() < EXACT


def test_general_processes_can_be_reversed_twice() -> None:
    process = random_process(4)
    twice = process.reversed().reversed()
    assert np.abs(twice.effective_hamiltonian - process.effective_hamiltonian).max() < EXACT
    assert np.abs(twice.entropies - process.entropies).max() == 0


def test_the_branches_carry_first_and_last_level() -> None:
    process = random_davies(3)
    (stage,) = process.stages()
    assert stage.reservoir == "bath"
    energies, beta = process.system.spectrum.energies, process.channels[0].inverse_temperature
    seen = []
    for batch in stage.branches:
        for mu, nu in zip(batch.mu.tolist(), batch.nu.tolist(), strict=True):
            seen.append((mu, nu))
            heat = 0.0 if mu < 0 else energies[mu] - energies[nu]
            assert batch.heat == pytest.approx(heat, abs=1e-12)
            assert batch.entropy == pytest.approx(beta * heat, abs=1e-12)
    assert sorted(seen) == [(-1, -1)] + [(n, k) for n in range(3) for k in range(3)]
    assert [batch.entropy for batch in stage.branches] == sorted(batch.entropy for batch in stage.branches)


def test_davies_qutrit_reference() -> None:
    """Numbers computed independently of this package, to 1e-11."""
    amplitudes = np.sqrt([0.5, 0.3, 0.2])
    state = 0.6 * np.outer(amplitudes, amplitudes) + np.diag([0.25, 0.1, 0.05])
    energies = [0.0, 1.0, 2.5]
    process = JumpProcess(
        system=System(energies=energies, state=state),
        channels=davies_channels(energies, 0.8, QUTRIT_RATES),
        duration=2.0,
    )
    law = exact_law(process)
    mean, variance, third = law.cumulants("sigma")
    found = [mean, variance, third, law.mean("sigma_d"), law.mean("xi"), law.mean("heat")]
    expected = [0.300246947777345, 0.668518294051761, 0.402017369461728]
    expected += [0.0344889481361579, 0.265757999641187, 0.146102140633944]
    assert found == pytest.approx(expected, abs=1e-11, rel=0)
    averages = [law.exponential_average(*what) for what in (("sigma", 1), ("sigma", 2), ("sigma_d", 1), ("xi", 1))]
    assert averages == pytest.approx([1.0, 1.95553548352615, 1.3143816545311, 1.09962356421134], abs=1e-11, rel=0)


def test_the_theorem_survives_the_cold() -> None:
    """Uphill sequences of probability e^-735, which no double holds, carry part of <e^-sigma> = 1."""
    beta, energies = 350.0, np.array([0.0, 1.0, 2.1])
    rates = [[0, 1, 0.3 * np.exp(-beta / 2)], [1, 2, 0.2 * np.exp(-1.1 * beta / 2)]]
    process = JumpProcess(
        system=System(energies=energies, state=State.haar(3, seed=2)),
        channels=davies_channels(energies, beta, rates),
        duration=2.0,
    )
    law = exact_law(process)
    assert law.exponential_average("sigma") == pytest.approx(1, abs=1e-11)
    # Negative control: with probabilities as plain numbers the average would be visibly wrong.
    visible = law.probabilities > 0
    assert np.exp(law.log_backward[visible]).sum() < 1 - 1e-3


def test_the_first_level_is_not_the_augmented_label() -> None:
    """Negative control: n taken from the first jump keeps the mean of sigma_d, and spoils its exponential average.

    Drawn given alpha and n1 together, n1 is correlated with beta; the augmented n is not.
    """
    process = random_davies(11, dimension=3, duration=1.5)
    ends = process.endpoints(MeasurementProtocol.AUGMENTED)
    start, end = ends.initial, ends.final
    log_b = process.chain.log_arrivals(process.duration)
    phi = process.chain.potentials
    amplitude = np.abs(start.outcomes.vectors) ** 2  # |<n|psi_alpha>|^2, row n
    final = np.abs(end.outcomes.vectors) ** 2  # |<k|psi'_beta>|^2, row k
    p = start.outcomes.probabilities
    log_n, log_m = start.energy_labels.log_eigenvalues, end.energy_labels.log_eigenvalues
    m_given = np.exp(end.log_conditional)
    weights = np.einsum("a,na,kn,kb,bm->nkm", p, amplitude, np.exp(log_b), final, m_given)
    values = log_n[:, None, None] - log_m[None, None, :] + (phi[:, None] - phi[None, :])[:, :, None]
    # Without a jump the first level that would have jumped is as likely as its survival, and tells nothing of beta.
    log_idle, idle = process.chain.no_jump(process.duration)
    ending = np.abs(end.outcomes.vectors.conj().T @ (idle[:, None] * start.outcomes.vectors)) ** 2
    surviving = amplitude * np.exp(-process.chain.exits * process.duration)[:, None]
    assert ending.sum(axis=0) * np.exp(log_idle) == pytest.approx(surviving.sum(axis=0), abs=EXACT)
    still = np.einsum("a,na,ba,bm->nm", p, surviving, ending / ending.sum(axis=0), m_given)
    calm = log_n[:, None] - log_m[None, :]
    assert weights.sum() + still.sum() == pytest.approx(1, abs=EXACT)
    law = exact_law(process)
    assert (weights * values).sum() + (still * calm).sum() == pytest.approx(law.mean("sigma_d"), abs=EXACT)
    wrong = (weights * np.exp(-values)).sum() + (still * np.exp(-calm)).sum()
    assert abs(wrong - law.exponential_average("sigma_d")) > 1e-3


# Where there is no finite law


def test_collective_jumps_have_no_finite_law() -> None:
    with pytest.raises(NoFiniteLaw, match=r"several energy eigenstates at once \(2 elements\)"):
        collective_ladder().stages()
    with pytest.raises(NoFiniteLaw, match="bath 'cold'"):
        driven_qubit().stages()


def test_two_baths_have_no_finite_law() -> None:
    energies = [0.0, 1.0]
    channels = davies_channels(energies, 0.5, [[0, 1, 0.3]], bath="hot")
    channels += davies_channels(energies, 2.0, [[0, 1, 0.3]], bath="cold")
    process = JumpProcess(system=System(energies=energies, state=State.haar(2)), channels=channels, duration=1.0)
    with pytest.raises(NoFiniteLaw, match=r"several baths \(cold, hot\)"):
        process.stages()


def test_entropies_that_do_not_telescope_have_no_finite_law() -> None:
    def hop(i: int, j: int, reverse: float) -> Channel:
        operator = np.zeros((3, 3))
        operator[i, j] = 1.0
        return Channel(operator=operator, bath="b", rate=1.0, reverse_rate=reverse)

    channels = (hop(1, 0, 0.5), hop(2, 1, 0.5), hop(0, 2, 0.5))
    system = System(energies=[0.0, 0.0, 0.0], state=State.haar(3))
    with pytest.raises(NoFiniteLaw, match="around a loop"):
        JumpProcess(system=system, channels=channels, duration=1.0).stages()
    channels = (hop(1, 0, 0.5), hop(2, 1, 0.5), hop(0, 2, 4.0))
    law = exact_law(JumpProcess(system=system, channels=channels, duration=1.0))
    assert law.exponential_average("sigma") == pytest.approx(1, abs=EXACT)


# Bad input


@pytest.mark.parametrize("duration", [0.0, -1.0, float("nan"), float("inf")])
def test_durations_must_be_positive(duration: float) -> None:
    with pytest.raises(InvalidInput, match="`duration` must be positive and finite"):
        replace(random_davies(1), duration=duration)


def test_a_duration_must_be_a_number() -> None:
    with pytest.raises(InvalidInput, match="`duration` must be a real number, but is 'long'"):
        replace(random_davies(1), duration="long")


def test_operators_must_fit_the_system() -> None:
    channels = davies_channels([0.0, 1.0, 2.0], 1.0, [[0, 1, 1.0]])
    with pytest.raises(InvalidInput, match=r"act on 2 levels.*entry 0 \(bath 'bath'\) has shape \(3, 3\)"):
        JumpProcess(system=System(energies=[0.0, 1.0], state=State.haar(2)), channels=channels, duration=1.0)


def test_a_bath_has_one_temperature() -> None:
    channels = davies_channels([0.0, 1.0], 1.0, [[0, 1, 1.0]]) + davies_channels([0.0, 1.0], 2.0, [[0, 1, 1.0]])
    # Said by a rate instead of a number: ln 2 where the other channel of this bath says 1 * 1.
    told = Channel(operator=[[0, 1], [0, 0]], bath="bath", rate=1.0, energy=1.0, inverse_temperature=1.0)
    by_rate = Channel(operator=[[0, 1], [0, 0]], bath="bath", rate=1.0, reverse_rate=0.5)
    qubit = System(energies=[0.0, 1.0], state=np.eye(2) / 2)
    with pytest.raises(
        InvalidInput, match=r"one temperature, but 'bath' has inverse temperature 1, and a jump .* 0\.693"
    ):
        JumpProcess(system=qubit, channels=(told, by_rate), duration=1.0)
    JumpProcess(system=qubit, channels=(by_rate,), duration=1.0)  # a bath need not have a temperature
    with pytest.raises(InvalidInput, match="one temperature, but 'bath' has inverse temperatures 1 and 2"):
        JumpProcess(system=System(energies=[0.0, 1.0], state=State.haar(2)), channels=channels, duration=1.0)


def test_channels_must_be_channels() -> None:
    with pytest.raises(InvalidInput, match="`channels` must hold Channel objects, but entry 0"):
        JumpProcess(system=System(energies=[0.0, 1.0], state=State.haar(2)), channels=("decay",), duration=1.0)
