"""Which qubit is the first: by hand for CNOT and SWAP, by permuting factors for everything else."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.errors import InvalidInput, UnknownName
from qtraj.interop.circuits import from_cirq, from_qiskit, reorder_qubits, to_cirq, to_qiskit
from qtraj.quantum.states import State
from qtraj.strategies import unitary_matrices

# |q0 q1> -> |q0, q0 xor q1>: control on qubit 0, target on qubit 1. Columns by hand.
# Big: index 2 q0 + q1, so 10 <-> 11, indices 2 and 3. Little: index q0 + 2 q1, so 1 <-> 3.
BIG_CNOT = np.eye(4)[[0, 1, 3, 2]]
LITTLE_CNOT = np.eye(4)[[0, 3, 2, 1]]
# Control on qubit 1, target on qubit 0.
REVERSED_CNOT = LITTLE_CNOT
SWAP = np.eye(4)[[0, 2, 1, 3]]


def test_cnot_by_hand() -> None:
    assert np.array_equal(from_qiskit(LITTLE_CNOT), BIG_CNOT)
    assert np.array_equal(from_cirq(BIG_CNOT), BIG_CNOT)
    assert np.array_equal(to_qiskit(BIG_CNOT), LITTLE_CNOT)
    assert np.array_equal(to_cirq(BIG_CNOT), BIG_CNOT)


def test_qubits_in_another_order() -> None:
    # The first factor is qubit 1 now: the control of the gate is on the second factor.
    assert np.array_equal(from_qiskit(LITTLE_CNOT, qubits=[1, 0]), REVERSED_CNOT)
    assert np.array_equal(from_cirq(BIG_CNOT, qubits=[1, 0]), REVERSED_CNOT)


def test_a_swap_is_the_same_from_both_ends() -> None:
    assert np.array_equal(from_qiskit(SWAP), SWAP)
    assert np.array_equal(from_cirq(SWAP), SWAP)


def test_a_gate_on_one_of_three_qubits() -> None:
    flip, one = np.array([[0, 1], [1, 0]]), np.eye(2)
    # Qiskit: the matrix of a gate on qubit 0 of three is 1 (x) 1 (x) X, the last factor being qubit 0.
    on_qubit_0 = np.kron(np.kron(one, one), flip)
    assert np.array_equal(from_qiskit(on_qubit_0), np.kron(np.kron(flip, one), one))
    assert np.array_equal(from_qiskit(on_qubit_0, qubits=[2, 0, 1]), np.kron(np.kron(one, flip), one))


@given(st.permutations(range(3)), unitary_matrices([0, 0], [0]), unitary_matrices([0, 0], [0]))
def test_factors_go_where_they_are_sent(order: list[int], first: Any, second: Any) -> None:
    factors = [np.asarray(first), np.asarray(second), np.diag([1.0, 1j])]

    def product(numbers: list[int]) -> Any:
        a, b, c = (factors[number] for number in numbers)
        return np.kron(np.kron(a, b), c)

    assert np.allclose(from_cirq(product([0, 1, 2]), qubits=order), product(order))
    assert np.allclose(from_qiskit(product([2, 1, 0]), qubits=order), product(order))


@given(unitary_matrices([0] * 4, [0, 0]))
def test_there_and_back(unitary: Any) -> None:
    assert np.array_equal(from_qiskit(to_qiskit(unitary)), np.asarray(unitary, dtype=complex))


def test_objects_of_circuit_packages_are_taken() -> None:
    for given_object in (
        SimpleNamespace(to_matrix=lambda: LITTLE_CNOT),
        SimpleNamespace(data=LITTLE_CNOT),
    ):
        assert np.array_equal(from_qiskit(given_object), BIG_CNOT)
    assert np.array_equal(from_cirq(SimpleNamespace(_unitary_=lambda: BIG_CNOT)), BIG_CNOT)


def test_the_wrong_order_is_another_process() -> None:
    """Why the order has to be named: a controlled gate then has its control on the other qubit."""
    start = np.kron(State.pure([0.6, 0.8]).matrix, State.pure([1.0, 0.0]).matrix)
    right, wrong = from_qiskit(LITTLE_CNOT), LITTLE_CNOT
    ends = [np.trace((u @ start @ u.conj().T).reshape(2, 2, 2, 2), axis1=0, axis2=2).real for u in (right, wrong)]
    assert np.allclose(np.diag(ends[0]), [0.36, 0.64])
    assert np.allclose(np.diag(ends[1]), [1.0, 0.0])


@pytest.mark.parametrize(
    ("call", "error", "complaint"),
    [
        (lambda: reorder_qubits(np.eye(4), order="middle"), UnknownName, "order of qubits 'middle'"),
        (lambda: from_qiskit(np.eye(3)), InvalidInput, "a power of 2, but has dimension 3"),
        (lambda: from_qiskit(np.eye(4), qubits=[0]), InvalidInput, "every qubit from 0 to 1 once"),
        (lambda: from_qiskit(np.eye(4), qubits=[0, 0]), InvalidInput, "every qubit from 0 to 1 once"),
        (lambda: from_qiskit(np.eye(4), qubits="ab"), InvalidInput, "whole numbers"),
        (lambda: from_qiskit(np.eye(4), qubits=[0.5, 1]), InvalidInput, "whole numbers"),  # type: ignore[list-item]
        (lambda: from_qiskit(np.eye(4), qubits=[True, False]), InvalidInput, "whole numbers"),
        (lambda: from_qiskit("circuit"), InvalidInput, "`matrix` must be an array of numbers"),
    ],
)
def test_refusals(call: Any, error: type[InvalidInput], complaint: str) -> None:
    with pytest.raises(error, match=complaint):
        call()


@pytest.mark.slow
def test_qiskit_agrees() -> None:
    qiskit = pytest.importorskip("qiskit")
    quantum_info = pytest.importorskip("qiskit.quantum_info")
    circuit = qiskit.QuantumCircuit(3)
    circuit.cx(0, 2)
    circuit.ry(0.3, 1)
    circuit.cx(1, 0)
    ours = from_qiskit(quantum_info.Operator(circuit))
    flip, one = np.array([[0, 1], [1, 0]]), np.eye(2)
    down, up = np.diag([1, 0]), np.diag([0, 1])
    turn = np.array([[np.cos(0.15), -np.sin(0.15)], [np.sin(0.15), np.cos(0.15)]])

    def joint(a: Any, b: Any, c: Any) -> Any:
        return np.kron(np.kron(a, b), c)

    first = joint(down, one, one) + joint(up, one, flip)
    last = joint(one, down, one) + joint(flip, up, one)
    assert np.allclose(ours, last @ joint(one, turn, one) @ first)
