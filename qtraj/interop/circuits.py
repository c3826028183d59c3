r"""Unitaries of quantum circuits: which qubit is the first.

In qtraj, as in textbooks and in Cirq, the first tensor factor is the slowest one: the matrix of :math:`A\otimes B` has
the row index :math:`2a + b`. Qiskit counts from the other end: qubit 0 is the *last* factor, the row index is
:math:`a + 2b`. A matrix does not say which it is, and a controlled gate read in the wrong order is another gate with
its control on the other qubit. So the order has to be named.

No circuit package is needed: what is taken is a matrix, or an object that gives one (`to_matrix()` or `data`, as
Qiskit's operators and gates have; `_unitary_()`, as Cirq's gates and circuits have).
"""

from __future__ import annotations

import numbers
from collections.abc import Sequence
from typing import Any

import numpy as np

from qtraj.arrays import ComplexArray
from qtraj.errors import InvalidInput, UnknownName
from qtraj.quantum.matrices import as_matrix

__all__ = ["from_cirq", "from_qiskit", "reorder_qubits", "to_cirq", "to_qiskit"]

ORDERS = ("big", "little")


def reorder_qubits(matrix: Any, *, order: str, qubits: Sequence[int] | None = None) -> ComplexArray:
    r"""The matrix of a circuit with the tensor factors in a named order, slowest first.

    Args:
        matrix: Shape (2^n, 2^n).
        order: Whose first qubit is which: `big`, qubit 0 is the first and slowest tensor factor (Cirq, textbooks), or
            `little`, qubit 0 is the last and fastest one (Qiskit).
        qubits: Numbers of the circuit's qubits in the order in which the tensor factors are wanted, all of them;
            0, 1, ... by default.

    Returns:
        Shape (2^n, 2^n); its first factor is the first of `qubits`.

    Raises:
        InvalidInput: If the dimension is no power of 2, or `qubits` does not hold every qubit once.
        UnknownName: If the order is unknown.

    Example:
        The gate with control on qubit 0 and target on qubit 1, as Qiskit has it:

        >>> cnot = [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0]]
        >>> reorder_qubits(cnot, order="little").real.astype(int).tolist()
        [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]]
    """
    if order not in ORDERS:
        raise UnknownName("order of qubits", str(order), ORDERS)
    given = as_matrix(_matrix_of(matrix), "matrix")
    count = given.shape[0].bit_length() - 1
    if given.shape[0] != 2**count:
        raise InvalidInput(
            f"`matrix` must act on qubits, with a dimension that is a power of 2, but has dimension {given.shape[0]}",
            measured=float(given.shape[0]),
        )
    wanted = _wanted(qubits, count)
    # Axis k of the tensor is factor k; in the little order factor k is qubit n - 1 - k.
    axes = [position if order == "big" else count - 1 - position for position in wanted]
    tensor = given.reshape((2,) * (2 * count)).transpose([*axes, *(count + axis for axis in axes)])
    return np.ascontiguousarray(tensor).reshape(given.shape)


def from_qiskit(matrix: Any, qubits: Sequence[int] | None = None) -> ComplexArray:
    """The matrix of a Qiskit circuit or operator with its qubits as tensor factors 0, 1, ..., or in a given order.

    Args:
        matrix: Of a circuit of n qubits: a matrix, or an object with `to_matrix()` or `data`, such as
            `qiskit.quantum_info.Operator(circuit)`.
        qubits: Numbers of Qiskit's qubits in the order of the wanted tensor factors.

    Example:
        Control on qubit 0, target on qubit 1: the control is the first factor here.

        >>> cnot = [[1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0], [0, 1, 0, 0]]
        >>> from_qiskit(cnot)[2:, 2:].real.tolist()
        [[0.0, 1.0], [1.0, 0.0]]
    """
    return reorder_qubits(matrix, order="little", qubits=qubits)


def to_qiskit(matrix: Any) -> ComplexArray:
    """A matrix on tensor factors 0, 1, ... as Qiskit has it, factor k on qubit k: the inverse of `from_qiskit`."""
    return reorder_qubits(matrix, order="little")


def from_cirq(matrix: Any, qubits: Sequence[int] | None = None) -> ComplexArray:
    """The matrix of a Cirq gate or circuit, its qubits in their own or in a given order.

    Args:
        matrix: A matrix such as `cirq.unitary(circuit)`, or an object with `_unitary_()`.
        qubits: Positions of Cirq's qubits (in Cirq's order) in the order of the wanted tensor factors.
    """
    return reorder_qubits(matrix, order="big", qubits=qubits)


def to_cirq(matrix: Any) -> ComplexArray:
    """A matrix on tensor factors 0, 1, ... as Cirq has it: the same, checked to be one on qubits."""
    return reorder_qubits(matrix, order="big")


def _matrix_of(given: Any) -> Any:
    """What the circuit packages hand over, as something that is an array."""
    for method in ("to_matrix", "_unitary_"):
        if callable(getattr(given, method, None)):
            return getattr(given, method)()
    # NumPy arrays have `data` too: their memory.
    if not isinstance(given, np.ndarray) and isinstance(getattr(given, "data", None), np.ndarray):
        return given.data
    return given


def _wanted(qubits: Sequence[int] | None, count: int) -> list[int]:
    if qubits is None:
        return list(range(count))
    try:
        given: list[Any] = list(qubits)
    except TypeError as error:
        raise InvalidInput(f"`qubits` must be a list of whole numbers, but is {qubits!r:.80}") from error
    if not all(isinstance(qubit, numbers.Integral) and not isinstance(qubit, bool) for qubit in given):
        raise InvalidInput(f"`qubits` must be a list of whole numbers, but is {qubits!r:.80}")
    wanted = [int(qubit) for qubit in given]
    if sorted(wanted) != list(range(count)):
        raise InvalidInput(f"`qubits` must hold every qubit from 0 to {count - 1} once, but is {wanted}")
    return wanted
