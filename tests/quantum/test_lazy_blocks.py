"""Blocks made on demand: the same bits whenever, wherever and how often they are made, in bounded memory."""

from __future__ import annotations

import gc
import pickle
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from qtraj.errors import TooLarge
from qtraj.memory import LIMIT_VARIABLE
from qtraj.quantum import block_makers, lazy_blocks
from qtraj.quantum.block_makers import haar_matrix, shelved
from qtraj.quantum.lazy_blocks import BlockStore, LazyStacks
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.unitaries import EnergyConservingUnitary

QUBIT = System(energies=[0.0, 1.0], state=np.eye(2) / 2)
QUTRIT = System(energies=[0.0, 1.0, 2.0], state=np.eye(3) / 3)

UNITARIES: dict[str, Callable[[], EnergyConservingUnitary]] = {
    # Shelves of both kinds: a shared stream for the small blocks, reflections for the large.
    "spins": lambda: EnergyConservingUnitary.haar(QUBIT, spins(9), seed=5),
    "ladder": lambda: EnergyConservingUnitary.haar(QUTRIT, ladder(90_000), seed=5),
    "exchange": lambda: EnergyConservingUnitary.exchange(QUTRIT, spins(7), coupling=0.4, time=2.0),
    "swap": lambda: EnergyConservingUnitary.partial_swap(QUTRIT, ladder(3), angle=0.3),
}


def spins(count: int) -> Environment:
    return Environment.spins(count=count, splitting=1.0, inverse_temperature=0.6)


def ladder(levels: int) -> Environment:
    return Environment.ladder(levels=levels, spacing=1.0, inverse_temperature=0.6)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> BlockStore:
    """A store in place of the process's own."""
    own = BlockStore()
    monkeypatch.setattr(lazy_blocks, "STORE", own)
    return own


@pytest.mark.parametrize("name", UNITARIES)
def test_lazy_equals_eager_bit_for_bit(name: str, store: BlockStore) -> None:
    """In order, backwards, with nothing kept, in a copy: always the same blocks."""
    unitary = UNITARIES[name]()
    eager = list(unitary.matrices)
    store.limit = 0.0
    again = UNITARIES[name]().matrices
    copy = pickle.loads(pickle.dumps(unitary)).matrices
    for position in reversed(range(len(eager))):
        np.testing.assert_array_equal(again[position], eager[position])
        np.testing.assert_array_equal(copy[position], eager[position])


@pytest.mark.parametrize("name", UNITARIES)
def test_made_blocks_are_unitary(name: str) -> None:
    for stack in UNITARIES[name]().matrices:
        defect = np.conj(np.swapaxes(stack, 1, 2)) @ stack - np.eye(stack.shape[1])
        assert np.abs(defect).max() < 1e-13


def test_another_seed_is_another_unitary_and_shelves_differ_from_each_other() -> None:
    one, other = (EnergyConservingUnitary.haar(QUBIT, spins(10), seed=seed).matrices for seed in (1, 2))
    assert all(np.abs(a - b).max() > 0.01 for a, b in zip(one, other, strict=True) if a.shape[1] > 1)
    twins = [stack for stack in one if stack.shape[1] == 462]
    assert len(twins) == 2
    assert np.abs(twins[0] - twins[1]).max() > 0.01


def test_a_pickled_unitary_carries_no_blocks() -> None:
    unitary = EnergyConservingUnitary.haar(QUBIT, spins(10), seed=1)
    assert sum(stack.nbytes for stack in unitary.matrices) > 5_000_000
    assert len(pickle.dumps(unitary.matrices)) < 5000


def test_only_blocks_that_are_looked_at_are_made(store: BlockStore) -> None:
    unitary = EnergyConservingUnitary.haar(QUBIT, spins(10), seed=1)
    assert store.bytes == 0
    index, _ = unitary.column(0)  # the ground state: a block of its own
    assert index.tolist() == [0]
    assert 0 < store.bytes < 5000
    assert unitary.commutator_norm() == 0.0
    assert store.bytes < 5000


@pytest.mark.parametrize("name", UNITARIES)
def test_columns_together_are_the_columns_one_by_one(name: str) -> None:
    unitary = UNITARIES[name]()
    indices = np.random.default_rng(1).integers(unitary.dimension, size=20)
    columns = unitary.columns(indices)
    assert columns.keys() == set(indices.tolist())
    for index, (rows, amplitudes) in columns.items():
        for one, other in zip((rows, amplitudes), unitary.column(index), strict=True):
            np.testing.assert_array_equal(one, other)


def test_the_store_keeps_what_was_used_last_and_forgets_with_its_owner(store: BlockStore) -> None:
    store.limit = 3 * 16.0
    made: list[int] = []

    def make(position: int) -> np.ndarray:
        made.append(position)
        return np.full((1, 1, 1), position, dtype=complex)

    stacks = LazyStacks([(1, 1, 1)] * 5, make)
    for position in (0, 1, 2, 0, 3, 0, 2, 1):
        assert stacks[position][0, 0, 0] == position
    assert made == [0, 1, 2, 3, 1]  # 1 went when 3 came
    assert store.bytes == 48
    assert stacks[-1][0, 0, 0] == 4
    with pytest.raises(IndexError):
        stacks[5]
    with pytest.raises(ValueError, match="read-only"):
        stacks[0][0, 0, 0] = 7
    assert [stack[0, 0, 0] for stack in stacks[1:3]] == [1, 2]


def test_what_nobody_owns_any_more_is_let_go() -> None:
    gc.collect()
    before = lazy_blocks.STORE.bytes
    unitary = EnergyConservingUnitary.haar(QUBIT, spins(9), seed=1)
    list(unitary.matrices)
    assert lazy_blocks.STORE.bytes > before
    del unitary
    gc.collect()
    assert lazy_blocks.STORE.bytes <= before


def test_a_block_that_would_not_fit_is_refused_before_it_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    unitary = EnergyConservingUnitary.haar(QUBIT, spins(14), seed=1)
    monkeypatch.setenv(LIMIT_VARIABLE, "100 MB")
    largest = max(range(len(unitary.blocks)), key=lambda k: unitary.blocks[k].shape[1])
    with pytest.raises(TooLarge, match="a block of 6435 levels needs about 663 MB of memory, but QTRAJ_MEMORY_LIMIT"):
        unitary.matrices[largest]


def test_the_adjoint_is_lazy_too_and_its_adjoint_is_the_unitary() -> None:
    unitary = EnergyConservingUnitary.haar(QUBIT, spins(7), seed=1)
    back = unitary.adjoint()
    for one, other in zip(back.matrices, unitary.matrices, strict=True):
        np.testing.assert_array_equal(one, np.conj(np.swapaxes(other, 1, 2)))
    assert back.adjoint().matrices is unitary.matrices
    assert len(back.matrices[1:3]) == 2


def test_shelves_hold_every_block_once() -> None:
    blocks = [np.arange(10).reshape(10, 1), np.arange(10, 10 + 3 * 700).reshape(3, 700)]
    shelves = shelved(blocks)
    np.testing.assert_array_equal(np.concatenate([shelf.ravel() for shelf in shelves]), np.arange(2110))
    assert max(shelf.size * shelf.shape[1] for shelf in shelves) == 700**2  # a block is never cut


def spectral_form(matrices: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """|tr U|^2, of mean 1 and exponential law for large Haar matrices, and the phase of a corner element."""
    traces = np.array([np.abs(np.trace(matrix)) ** 2 for matrix in matrices])
    return traces, np.array([np.angle(matrix[-1, 0]) for matrix in matrices])


@pytest.mark.parametrize("size", [1, 2, 6])
def test_reflections_give_the_haar_measure(size: int, root_seed: int) -> None:
    r"""Moments <|tr U|^{2k}> = k! for k <= size, |U_11|^2 of its beta law, uniform phases. Rate 1e-9 each."""
    rng = np.random.default_rng(root_seed)
    matrices = [haar_matrix(size, rng) for _ in range(4000)]
    traces, phases = spectral_form(matrices)
    assert stats.kstest(phases, stats.uniform(-np.pi, 2 * np.pi).cdf).pvalue > 1e-9
    if size > 1:
        corner = [abs(matrix[0, 0]) ** 2 for matrix in matrices]
        assert stats.kstest(corner, stats.beta(1, size - 1).cdf).pvalue > 1e-9
        # Var |tr U|^2 = 2! - 1 for size >= 2.
        assert abs(traces.mean() - 1) < 6.2 * np.sqrt(1 / traces.size)


def test_negative_control_without_the_signs_it_is_not_the_haar_measure(
    monkeypatch: pytest.MonkeyPatch, root_seed: int
) -> None:
    monkeypatch.setattr(block_makers.np, "sign", lambda _: 1.0)
    rng = np.random.default_rng(root_seed)
    traces, _ = spectral_form([haar_matrix(2, rng) for _ in range(4000)])
    assert abs(traces.mean() - 1) > 6.2 * np.sqrt(1 / traces.size)
