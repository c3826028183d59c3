"""Energy-conserving unitaries: every constructor against its definition, and refusals with the measured defect."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from qtraj.errors import EnergyNotConserved, InvalidInput, InvalidUnitary, TooLarge
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.strategies import environments, systems, thermal_operations, unitaries
from qtraj.strategies.bases import haar_basis

QUBIT = System(energies=[0.0, 1.0], state=np.eye(2) / 2)
BATH = Environment(energies=[0.0, 1.0], inverse_temperature=1.0)
QUTRIT = System(energies=[0.0, 1.0, 2.0], state=np.eye(3) / 3)
LADDER = Environment.ladder(levels=4, spacing=1.0, inverse_temperature=0.6)
SWAP = np.eye(4)[[0, 2, 1, 3]]


def total_energy(system: System, environment: Environment) -> np.ndarray:
    """H_S + H_E in the energy eigenbases."""
    return np.diag(np.add.outer(system.spectrum.energies, environment.spectrum.energies).ravel())


def in_given_basis(matrix: np.ndarray, system: System, environment: Environment) -> np.ndarray:
    lift = np.kron(system.basis, np.eye(environment.dimension))
    return lift @ matrix @ lift.conj().T


@given(thermal_operations())
def test_every_constructor_gives_a_unitary_that_conserves_energy(operation: ThermalOperation) -> None:
    unitary = operation.unitary
    u = unitary.matrix()
    h = total_energy(operation.system, operation.environment)
    assert np.abs(u.conj().T @ u - np.eye(unitary.dimension)).max() < 1e-13
    commutator = u @ h - h @ u
    assert np.linalg.norm(commutator) < 1e-11
    assert unitary.commutator_norm() == pytest.approx(np.linalg.norm(commutator), abs=1e-11)
    assert np.abs(unitary.adjoint().matrix() - u.conj().T).max() == 0.0


@settings(max_examples=25)
@given(thermal_operations())
def test_blocks_columns_and_elements_are_the_matrix(operation: ThermalOperation) -> None:
    unitary = operation.unitary
    u = unitary.matrix()
    rows, columns, values = unitary.elements()
    rebuilt = np.zeros_like(u)
    rebuilt[rows, columns] = values
    assert np.abs(rebuilt - u).max() <= 1e-13
    for index in range(unitary.dimension):
        own, amplitudes = unitary.column(index)
        column = np.zeros(unitary.dimension, dtype=complex)
        column[own] = amplitudes
        assert np.array_equal(column, u[:, index])


@settings(max_examples=25)
@given(st.data(), systems((1, 3)))
def test_from_matrix_reads_the_given_basis(data: st.DataObject, system: System) -> None:
    environment = data.draw(environments((1, 3), resonant_with=system.spectrum.energies))
    unitary = data.draw(unitaries(system, environment))
    again = EnergyConservingUnitary.from_matrix(
        system, environment, in_given_basis(unitary.matrix(), system, environment)
    )
    assert np.abs(again.matrix() - unitary.matrix()).max() < 1e-13
    assert again.adjustment < 1e-13


def test_partial_swap_is_cos_minus_i_sin_swap() -> None:
    angle = 0.7
    expected = np.cos(angle) * np.eye(4) - 1j * np.sin(angle) * SWAP
    assert np.abs(EnergyConservingUnitary.partial_swap(QUBIT, BATH, angle=angle).matrix() - expected).max() < 1e-16


def test_partial_swap_pairs_levels_by_energy_and_ignores_the_zero() -> None:
    system = System(energies=[5.0, 3.0, 4.0], state=np.eye(3) / 3)
    bath = Environment(energies=[0.0, 1.0, 2.0], inverse_temperature=1.0)
    u = EnergyConservingUnitary.partial_swap(system, bath, angle=np.pi / 2).matrix()
    image = np.argmax(np.abs(u), axis=0).reshape(3, 3)
    for n, own in enumerate([2, 0, 1]):  # the system's levels by energy
        for mu in range(3):
            m, nu = divmod(int(image[n, mu]), 3)
            assert ([2, 0, 1][m], nu) == (mu, own)


@given(st.data(), st.floats(-10, 10))
def test_from_interaction_is_the_matrix_exponential(data: st.DataObject, time: float) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    h = np.diag(total_energy(QUTRIT, LADDER))
    random = rng.normal(size=(12, 12)) + 1j * rng.normal(size=(12, 12))
    v = np.where(np.equal.outer(h, h), random + random.conj().T, 0)
    u = EnergyConservingUnitary.from_interaction(QUTRIT, LADDER, v, time=time).matrix()
    assert np.abs(u - scipy.linalg.expm(-1j * time * v)).max() < 1e-11


def exponential_of_exchange(
    lower_system: np.ndarray, lower_environment: np.ndarray, g: float, time: float
) -> np.ndarray:
    half = np.kron(lower_system.T, lower_environment)
    return scipy.linalg.expm(-1j * g * time * (half + half.T))


def test_exchange_of_quanta() -> None:
    def oscillator(levels: int) -> np.ndarray:
        return np.diag(np.sqrt(np.arange(1, levels)), 1)

    found = EnergyConservingUnitary.exchange(QUTRIT, LADDER, coupling=0.8, time=1.3).matrix()
    assert np.abs(found - exponential_of_exchange(oscillator(3), oscillator(4), 0.8, 1.3)).max() < 1e-13

    spins = Environment.spins(count=3, splitting=1.0, inverse_temperature=1.0)
    flip, one = np.array([[0.0, 1.0], [0.0, 0.0]]), np.eye(2)
    collective = sum(np.kron(np.kron(a, b), c) for a, b, c in [(flip, one, one), (one, flip, one), (one, one, flip)])
    found = EnergyConservingUnitary.exchange(QUBIT, spins, coupling=0.5, time=2.0).matrix()
    assert np.abs(found - exponential_of_exchange(flip, collective, 0.5, 2.0)).max() < 1e-13


def test_exchange_leaves_non_resonant_elements_out() -> None:
    """Gaps 1 and 2.5 beside a bath of gap 1: only the first is exchanged."""
    system = System(energies=[0.0, 1.0, 3.5], state=np.eye(3) / 3)
    u = EnergyConservingUnitary.exchange(system, BATH, coupling=1.0, time=np.pi / 2).matrix()
    expected = np.eye(6, dtype=complex)
    expected[1:3, 1:3] = [[0, -1j], [-1j, 0]]
    assert np.abs(u - expected).max() < 1e-15


def test_from_matrix_projects_onto_the_nearest_unitary_block_by_block() -> None:
    exact = EnergyConservingUnitary.haar(QUTRIT, LADDER, seed=4).matrix()
    typed = np.round(exact, 4)
    unitary = EnergyConservingUnitary.from_matrix(QUTRIT, LADDER, typed)
    for indices in (block for batch in unitary.joint.blocks for block in batch):
        cell = np.ix_(indices, indices)
        polar, _ = scipy.linalg.polar(typed[cell])
        assert np.abs(unitary.matrix()[cell] - polar).max() < 1e-14
    assert 1e-5 < unitary.adjustment < 1e-3
    assert unitary.adjustment == pytest.approx(float(np.linalg.norm(unitary.matrix() - typed)), rel=1e-12)


def test_a_violation_is_kept_only_when_asked_for() -> None:
    hadamard = np.kron(np.array([[1, 1], [1, -1]]) / np.sqrt(2), np.eye(2))
    with pytest.raises(EnergyNotConserved):
        EnergyConservingUnitary.from_matrix(QUBIT, BATH, hadamard)
    kept = EnergyConservingUnitary.from_matrix(QUBIT, BATH, hadamard, allow_violation=True)
    assert np.abs(kept.matrix() - hadamard).max() < 1e-15
    assert not kept.conserving
    assert not kept.adjoint().conserving
    assert kept.commutator_norm() == pytest.approx(np.sqrt(2))


def test_a_violation_is_refused_with_its_worst_element() -> None:
    angle = 0.01
    rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    u = np.kron(rotation, np.eye(2))
    h = total_energy(QUBIT, BATH)
    with pytest.raises(EnergyNotConserved, match=r"worst element is 0\.01 between \|0,0> \(energy 0\)") as caught:
        EnergyConservingUnitary.from_matrix(QUBIT, BATH, u)
    assert caught.value.measured == pytest.approx(float(np.linalg.norm(u @ h - h @ u)), rel=1e-12)
    assert caught.value.worst_element == (0, 2)
    with pytest.raises(EnergyNotConserved, match="`interaction`") as caught:
        EnergyConservingUnitary.from_interaction(QUBIT, BATH, np.kron([[0, 1], [1, 0]], np.eye(2)), time=1.0)
    assert caught.value.worst_element == (0, 2)


MESSY = np.eye(4) + 0.0
MESSY[0, 1] = 0.1


@pytest.mark.parametrize(
    ("build", "error", "text", "measured"),
    [
        (lambda: EnergyConservingUnitary.from_matrix(QUBIT, BATH, 0.99 * np.eye(4)), InvalidUnitary, "0.0199", 0.0199),
        (lambda: EnergyConservingUnitary.from_matrix(QUBIT, BATH, np.eye(3)), InvalidInput, r"\(4, 4\)", None),
        (
            lambda: EnergyConservingUnitary.from_matrix(QUBIT, BATH, np.full((4, 4), np.nan)),
            InvalidInput,
            "finite",
            None,
        ),
        (
            lambda: EnergyConservingUnitary.from_interaction(QUBIT, BATH, MESSY, time=1.0),
            InvalidInput,
            "Hermitian.*0.1",
            0.1,
        ),
        (
            lambda: EnergyConservingUnitary.from_interaction(QUBIT, BATH, SWAP, time=np.inf),
            InvalidInput,
            "`time`.*inf",
            np.inf,
        ),
        (
            lambda: EnergyConservingUnitary.partial_swap(QUTRIT, BATH, angle=0.1),
            InvalidUnitary,
            "3 and 2",
            None,
        ),
        (
            lambda: EnergyConservingUnitary.partial_swap(
                QUBIT, Environment(energies=[0.0, 1.25], inverse_temperature=1.0), angle=0.1
            ),
            EnergyNotConserved,
            "up to 0.25",
            0.25,
        ),
        (lambda: EnergyConservingUnitary.partial_swap(QUBIT, BATH, angle=np.nan), InvalidInput, "`angle`", np.nan),
        (
            lambda: EnergyConservingUnitary.exchange(
                QUBIT, Environment(energies=[0.0, 0.3], inverse_temperature=1.0), coupling=1.0, time=1.0
            ),
            EnergyNotConserved,
            "no pair of gaps agrees",
            None,
        ),
        (
            lambda: EnergyConservingUnitary.exchange(QUBIT, BATH, coupling=np.inf, time=1.0),
            InvalidInput,
            "`coupling`",
            np.inf,
        ),
    ],
)
def test_refusals_name_the_measured_number(
    build: Callable[[], object], error: type[InvalidInput], text: str, measured: float | None
) -> None:
    with pytest.raises(error, match=text) as caught:
        build()
    assert caught.value.measured == pytest.approx(measured, nan_ok=True)


def test_a_block_that_is_not_unitary_is_refused() -> None:
    joint = EnergyConservingUnitary.haar(QUBIT, BATH).joint
    halves = tuple(np.ones((*indices.shape, indices.shape[1])) / 2 for indices in joint.blocks)
    with pytest.raises(InvalidUnitary, match="unitary"):
        EnergyConservingUnitary(joint=joint, blocks=joint.blocks, matrices=halves)
    with pytest.raises(InvalidUnitary, match="shape"):
        EnergyConservingUnitary(joint=joint, blocks=joint.blocks, matrices=(np.ones((1, 1)), np.ones((1, 1))))


def test_a_dense_matrix_beyond_8192_is_refused() -> None:
    wide = Environment.ladder(levels=5000, spacing=1.0, inverse_temperature=1.0)
    unitary = EnergyConservingUnitary.haar(QUBIT, wide)
    with pytest.raises(TooLarge, match="10000") as caught:
        unitary.matrix()
    assert caught.value.measured == 10000


# --- Haar measure -----------------------------------------------------------------------------------------------------
# 999 independent blocks of size 3 of one ladder, eight times. Moments of the Haar measure on U(3): E U = 0,
# E|U_ij|^2 = 1/3, E|U_ij|^4 = 1/6, E|tr U|^2 = 1, E|tr U|^4 = 2. Each |z| < 7 against the sample's own standard error:
# 47 comparisons of false-failure rate 2.6e-12, below 1e-9 in all. A shift of E Re U_ij by 0.05 is 11 standard errors.


def haar_blocks(seed: int) -> np.ndarray:
    wide = Environment.ladder(levels=1001, spacing=1.0, inverse_temperature=1.0)
    stacks = [
        EnergyConservingUnitary.haar(QUTRIT, wide, seed=np.random.default_rng([seed, k])).matrices for k in range(8)
    ]
    return np.concatenate([stack[-1] for stack in stacks])


def largest_z(blocks: np.ndarray) -> float:
    """Largest deviation of a moment from its Haar value, in standard errors."""
    size = blocks.shape[1]
    flat = blocks.reshape(len(blocks), -1)
    trace = np.abs(np.trace(blocks, axis1=1, axis2=2)) ** 2
    samples = [
        (flat.real, 0.0),
        (flat.imag, 0.0),
        (np.abs(flat) ** 2, 1 / size),
        (np.abs(flat) ** 4, 2 / (size * (size + 1))),
        (trace[:, None], 1.0),
        (trace[:, None] ** 2, 2.0),
        ((flat[1:] * flat[:-1].conj()).real, 0.0),  # neighbouring blocks are independent
    ]
    z = [np.abs(x.mean(axis=0) - exact) / (x.std(axis=0) / np.sqrt(len(x)) + 1e-300) for x, exact in samples]
    return float(max(own.max() for own in z))


def test_haar_blocks_have_the_moments_of_the_haar_measure(root_seed: int) -> None:
    blocks = haar_blocks(root_seed)
    assert blocks.shape == (7992, 3, 3)
    assert largest_z(blocks) < 7


def test_the_haar_check_rejects_qr_without_the_phases(root_seed: int) -> None:
    """Negative control: the Q of a QR decomposition alone has a real part of one sign on its diagonal."""
    rng = np.random.default_rng(root_seed)
    ginibre = rng.normal(size=(7992, 3, 3)) + 1j * rng.normal(size=(7992, 3, 3))
    assert largest_z(np.linalg.qr(ginibre)[0]) > 7


def test_the_haar_check_rejects_equal_blocks(root_seed: int) -> None:
    """Negative control: one Haar block used twice in a row passes every moment but independence."""
    blocks = haar_blocks(root_seed)
    blocks[1::2] = blocks[::2]
    assert largest_z(blocks) > 7


def test_haar_is_reproducible() -> None:
    first, second, other = (EnergyConservingUnitary.haar(QUTRIT, LADDER, seed=seed).matrix() for seed in (1, 1, 2))
    assert np.array_equal(first, second)
    assert not np.allclose(first, other)


def test_the_basis_generator_of_the_strategies_is_haar_too(root_seed: int) -> None:
    seeds = np.random.SeedSequence(root_seed).generate_state(3000)
    assert largest_z(np.array([haar_basis(3, int(seed)) for seed in seeds])) < 7
