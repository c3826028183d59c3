"""Generators against the defining formula, sparse against dense, and what evolution must keep."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.errors import TooLarge
from qtraj.quantum.generators import (
    adjoint_superoperator,
    apply_superoperator,
    compact_liouvillian,
    computed_state,
    dissipator,
    effective_hamiltonian,
    evolve,
    liouvillian,
    tilted_liouvillian,
)
from qtraj.quantum.states import State

EXACT = 1e-12


def random_parts(seed: int, d: int) -> tuple[np.ndarray, list[np.ndarray], np.random.Generator]:
    rng = np.random.default_rng(seed)

    def matrix() -> np.ndarray:
        return rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d))

    hamiltonian = matrix()
    return hamiltonian + hamiltonian.conj().T, [matrix() for _ in range(3)], rng


seeds, dimensions = st.integers(0, 2**32 - 1), st.integers(1, 4)


def size_of(jumps: list[np.ndarray]) -> float:
    """Size of the terms that a generator is the sum of; for d = 1 they cancel."""
    return float(sum(np.linalg.norm(jump) ** 2 for jump in jumps))


@given(seeds, dimensions)
def test_the_generator_is_the_formula(seed: int, d: int) -> None:
    hamiltonian, jumps, rng = random_parts(seed, d)
    x = rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d))
    weights = rng.uniform(0, 2, size=3) * np.exp(1j * rng.uniform(0, 1, size=3))
    expected = -1j * (hamiltonian @ x - x @ hamiltonian)
    for weight, jump in zip(weights, jumps, strict=True):
        loss = jump.conj().T @ jump
        expected += weight * jump @ x @ jump.conj().T - (loss @ x + x @ loss) / 2
    tilted = tilted_liouvillian(hamiltonian, jumps, weights)
    scale = size_of(jumps)
    assert np.abs(apply_superoperator(tilted, x) - expected).max() < EXACT * scale
    whole = liouvillian(hamiltonian, jumps)
    assert np.abs(tilted_liouvillian(hamiltonian, jumps, np.ones(3)) - whole).max() == 0
    assert np.abs(dissipator(jumps, d) - liouvillian(np.zeros((d, d)), jumps)).max() == 0


@pytest.mark.parametrize("d", [3, 11])
def test_sparse_generators_are_the_dense_ones(d: int) -> None:
    hamiltonian, jumps, rng = random_parts(d, d)
    jumps[0] = np.where(rng.uniform(size=(d, d)) < 0.2, jumps[0], 0)
    weights = rng.uniform(0, 2, size=3) * np.exp(1j * rng.uniform(0, 1, size=3))
    for tilt, factors in ((weights, weights), (None, np.ones(3))):
        found = compact_liouvillian(hamiltonian, jumps, tilt)
        assert isinstance(found, np.ndarray) == (d == 3)
        dense = found if d == 3 else found.toarray()
        assert np.abs(dense - tilted_liouvillian(hamiltonian, jumps, factors)).max() < EXACT * size_of(jumps)


@given(seeds, dimensions)
def test_the_generator_keeps_trace_and_hermiticity(seed: int, d: int) -> None:
    hamiltonian, jumps, _ = random_parts(seed, d)
    generator = liouvillian(hamiltonian, jumps)
    scale = size_of(jumps)
    assert np.abs(np.eye(d).ravel() @ generator).max() < EXACT * scale
    assert np.abs(apply_superoperator(adjoint_superoperator(generator), np.eye(d))).max() < EXACT * scale
    state = State.haar(d, seed=seed % 1000).matrix
    change = apply_superoperator(generator, state)
    assert np.abs(change - change.conj().T).max() < EXACT * scale


@given(seeds, dimensions)
def test_the_adjoint_is_that_of_the_hilbert_schmidt_product(seed: int, d: int) -> None:
    hamiltonian, jumps, rng = random_parts(seed, d)
    generator = liouvillian(hamiltonian, jumps)
    a, b = (rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d)) for _ in range(2))
    left = np.vdot(a, apply_superoperator(generator, b))
    right = np.vdot(apply_superoperator(adjoint_superoperator(generator), a), b)
    assert left == pytest.approx(right, abs=EXACT * 100 * size_of(jumps))


@given(seeds, dimensions, st.floats(0, 2))
def test_evolution_gives_states_and_composes(seed: int, d: int, time: float) -> None:
    hamiltonian, jumps, _ = random_parts(seed, d)
    start = State.haar(d, seed=seed % 1000).matrix
    whole = evolve(hamiltonian, jumps, start, time)
    halves = evolve(hamiltonian, jumps, evolve(hamiltonian, jumps, start, time / 2), time / 2)
    assert np.abs(whole - halves).max() < EXACT
    assert np.linalg.eigvalsh(whole).min() > -EXACT


def test_large_systems_evolve_without_a_dense_exponential() -> None:
    """Independent qubits: the product of what each does alone."""
    count = 5
    lowering = np.array([[0, 1.0], [0, 0]])

    def lift(operator: np.ndarray, site: int) -> np.ndarray:
        return np.kron(np.kron(np.eye(2**site), operator), np.eye(2 ** (count - site - 1)))

    one = np.array([[0.2, 0.3], [0.3, 0.8]])
    hamiltonian = np.array([[0.0, 0.5], [0.5, 1.0]])
    single = evolve(hamiltonian, [lowering], one, 0.7)
    start, expected = np.ones((1, 1)), np.ones((1, 1))
    for _ in range(count):
        start, expected = np.kron(start, one), np.kron(expected, single)
    whole = sum(lift(hamiltonian, site) for site in range(count))
    found = evolve(whole, [lift(lowering, site) for site in range(count)], start, 0.7)
    assert np.abs(found - expected).max() < 1e-11


def test_the_no_jump_norm_falls_at_the_jump_rate() -> None:
    hamiltonian, jumps, _ = random_parts(3, 3)
    effective = effective_hamiltonian(hamiltonian, jumps)
    loss = sum(jump.conj().T @ jump for jump in jumps)
    assert np.abs(1j * (effective - effective.conj().T) - loss).max() < EXACT


def test_a_dense_generator_that_does_not_fit_is_refused() -> None:
    with pytest.raises(TooLarge, match="at most 64, but the system has 65"):
        liouvillian(np.eye(65), [])


def test_a_computed_state_drops_rounding_only() -> None:
    assert computed_state(np.diag([1.0 - 1e-12, 1e-12, 1e-15])).rank == 2
    assert computed_state(np.diag([0.5, 0.5 + 1e-16])).rank == 2
