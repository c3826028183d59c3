r"""Generators of Markovian evolution as matrices on vectorised operators.

Mapping: Hamiltonian H, jump operators :math:`L_k` (rates included),
:math:`\mathcal{L}(X) = -i[H, X] + \sum_k (L_k X L_k^\dagger - \tfrac12\{L_k^\dagger L_k, X\})`. An operator X becomes
the vector of its rows, `X.ravel()`, so that :math:`A X B` is :math:`(A\otimes B^T)` times it. With weights
:math:`w_k` on the jump terms the generator is *tilted*; :math:`w_k = e^{-s_k}` with the entropy of every jump gives
the counting of entropy, and annihilates the identity.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse

from qtraj.arrays import ComplexArray, FloatArray, SparseMatrix
from qtraj.errors import TooLarge
from qtraj.quantum.exponentials import SMALL, exponential_action
from qtraj.quantum.matrices import dagger
from qtraj.quantum.states import State

__all__ = [
    "adjoint_superoperator",
    "apply_superoperator",
    "compact_liouvillian",
    "computed_state",
    "dissipator",
    "effective_hamiltonian",
    "evolve",
    "jump_superoperator",
    "liouvillian",
    "sandwich",
    "tilted_liouvillian",
]

# The exponential of a generator is accurate to some 1e-14; an eigenvalue below this is rounding, and an outcome of that
# probability contributes no more than it to any mean or exponential average.
RANK_CUT = 1e-13

# A dense generator of this dimension fills 270 MB; its exponential would need ten times as much.
LARGEST_LIOUVILLIAN_DIMENSION = 64


def effective_hamiltonian(hamiltonian: ComplexArray, jump_operators: Sequence[ComplexArray]) -> ComplexArray:
    r"""No-jump generator :math:`H_{eff} = H - \tfrac{i}{2}\sum_k L_k^\dagger L_k`, shape (d, d).

    Example:
        >>> effective_hamiltonian(np.zeros((2, 2)), [np.array([[0, 2.0], [0, 0]])]).tolist()
        [[0j, 0j], [0j, -2j]]
    """
    total: ComplexArray = np.array(hamiltonian, dtype=np.complex128)
    for jump in jump_operators:
        total = total - 0.5j * (dagger(jump) @ jump)
    return total


def sandwich(left: ComplexArray, right: ComplexArray) -> ComplexArray:
    """The superoperator X -> left X right, shape (d^2, d^2).

    Example:
        >>> apply_superoperator(sandwich(np.diag([1.0, 2.0]), np.eye(2)), np.ones((2, 2))).real.tolist()
        [[1.0, 1.0], [2.0, 2.0]]
    """
    return np.asarray(np.kron(left, right.T), dtype=np.complex128)


def liouvillian(hamiltonian: ComplexArray, jump_operators: Sequence[ComplexArray]) -> ComplexArray:
    r"""The generator :math:`\mathcal{L}` as a matrix, shape (d^2, d^2).

    Args:
        hamiltonian: H, shape (d, d).
        jump_operators: :math:`L_k` with rates included, shape (d, d) each.

    Raises:
        TooLarge: If d exceeds 64.

    Example:
        >>> decay = liouvillian(np.diag([0.0, 1.0]), [np.array([[0, 1.0], [0, 0]])])
        >>> apply_superoperator(decay, np.diag([0.0, 1.0])).real.tolist()
        [[1.0, 0.0], [0.0, -1.0]]
    """
    return tilted_liouvillian(hamiltonian, jump_operators, np.ones(len(jump_operators)))


def tilted_liouvillian(
    hamiltonian: ComplexArray, jump_operators: Sequence[ComplexArray], weights: FloatArray | ComplexArray
) -> ComplexArray:
    r"""The generator with every jump term :math:`L_k X L_k^\dagger` multiplied by its weight, shape (d^2, d^2).

    Args:
        hamiltonian: H, shape (d, d).
        jump_operators: :math:`L_k` with rates included.
        weights: :math:`w_k`, shape (J,), real or complex (characteristic functions).

    Raises:
        TooLarge: If d exceeds 64.

    Example:
        >>> silent = tilted_liouvillian(np.zeros((2, 2)), [np.array([[0, 1.0], [0, 0]])], np.array([0.0]))
        >>> apply_superoperator(silent, np.diag([0.0, 1.0])).real.tolist()  # what no jump leaves
        [[0.0, 0.0], [0.0, -1.0]]
    """
    d = hamiltonian.shape[0]
    if d > LARGEST_LIOUVILLIAN_DIMENSION:
        raise TooLarge(
            f"a dense generator needs dimension at most {LARGEST_LIOUVILLIAN_DIMENSION}, but the system has {d}",
            measured=float(d),
        )
    eye = np.eye(d, dtype=np.complex128)
    no_jump = -1j * effective_hamiltonian(hamiltonian, jump_operators)
    total = sandwich(no_jump, eye) + sandwich(eye, dagger(no_jump))
    for weight, jump in zip(weights, jump_operators, strict=True):
        total += weight * np.kron(jump, np.conj(jump))
    return total


def jump_superoperator(
    jump_operators: Sequence[ComplexArray], factors: FloatArray | ComplexArray, dimension: int
) -> SparseMatrix | ComplexArray:
    r"""The superoperator :math:`X \mapsto \sum_k f_kL_kXL_k^\dagger`: dense for d up to 10, sparse (CSR) above.

    Example:
        >>> lower = np.array([[0, 1.0], [0, 0]])
        >>> apply_superoperator(jump_superoperator([lower], np.array([2.0]), 2), np.diag([0.0, 1.0])).real.tolist()
        [[2.0, 0.0], [0.0, 0.0]]
    """
    size = dimension**2
    if size <= SMALL:
        dense = np.zeros((size, size), dtype=np.complex128)
        for factor, jump in zip(factors, jump_operators, strict=True):
            dense += factor * np.kron(jump, np.conj(jump))
        return dense
    total = scipy.sparse.csr_array((size, size), dtype=np.complex128)
    for factor, jump in zip(factors, jump_operators, strict=True):
        if factor:
            sparse = scipy.sparse.csr_array(jump)
            total = total + factor * scipy.sparse.kron(sparse, sparse.conj(), format="csr")
    return total


def compact_liouvillian(
    hamiltonian: ComplexArray,
    jump_operators: Sequence[ComplexArray],
    weights: FloatArray | ComplexArray | None = None,
) -> SparseMatrix | ComplexArray:
    """The generator, tilted by weights if there are any: dense for d up to 10, sparse (CSR) above.

    Example:
        >>> compact_liouvillian(np.diag(np.arange(11.0)), []).nnz  # coherences turn, populations stay
        110
    """
    d = hamiltonian.shape[0]
    factors = np.ones(len(jump_operators)) if weights is None else weights
    if d * d <= SMALL:
        return tilted_liouvillian(hamiltonian, jump_operators, factors)
    eye = scipy.sparse.eye_array(d, dtype=np.complex128, format="csr")
    no_jump = scipy.sparse.csr_array(-1j * effective_hamiltonian(hamiltonian, jump_operators))
    idle = scipy.sparse.kron(no_jump, eye, format="csr") + scipy.sparse.kron(eye, no_jump.conj(), format="csr")
    return scipy.sparse.csr_array(idle + jump_superoperator(jump_operators, factors, d))


def dissipator(jump_operators: Sequence[ComplexArray], dimension: int) -> ComplexArray:
    """The generator without any Hamiltonian, shape (d^2, d^2): what a set of channels does on its own.

    Example:
        >>> watched = dissipator([np.diag([1.0, 0.0])], 2)
        >>> apply_superoperator(watched, np.full((2, 2), 0.5)).real.tolist()
        [[0.0, -0.25], [-0.25, 0.0]]
    """
    return liouvillian(np.zeros((dimension, dimension), dtype=np.complex128), jump_operators)


def adjoint_superoperator(generator: ComplexArray) -> ComplexArray:
    r"""Adjoint in the Hilbert-Schmidt product: with rows-first vectors the plain conjugate transpose.

    Defined by :math:`tr[A^\dagger\mathcal{L}(B)] = tr[\mathcal{L}^\dagger(A)^\dagger B]`.

    Example:
        >>> decay = liouvillian(np.zeros((2, 2)), [np.array([[0, 1.0], [0, 0]])])
        >>> bool(apply_superoperator(adjoint_superoperator(decay), np.eye(2)).any())  # a generator keeps the trace
        False
    """
    return dagger(generator)


def apply_superoperator(generator: ComplexArray, operator: ComplexArray) -> ComplexArray:
    """Apply a superoperator to an operator of shape (d, d).

    Example:
        >>> apply_superoperator(np.eye(4), np.array([[1.0, 2.0], [3.0, 4.0]])).tolist()
        [[1.0, 2.0], [3.0, 4.0]]
    """
    image: ComplexArray = (generator @ np.asarray(operator).ravel()).reshape(np.shape(operator))
    return image


def evolve(
    hamiltonian: ComplexArray, jump_operators: Sequence[ComplexArray], state: ComplexArray, time: float
) -> ComplexArray:
    r"""The density matrix :math:`e^{\mathcal{L}t}(\rho)`, shape (d, d), Hermitian and of trace 1 exactly.

    Args:
        hamiltonian: H, shape (d, d).
        jump_operators: :math:`L_k` with rates included.
        state: Density matrix, shape (d, d).
        time: Duration, at least 0.

    Example:
        >>> cold = [np.array([[0, 1.0], [0, 0]])]
        >>> evolve(np.zeros((2, 2)), cold, np.diag([0.0, 1.0]), np.log(2)).real.round(12).diagonal().tolist()
        [0.5, 0.5]
    """
    d = hamiltonian.shape[0]
    vector = np.asarray(state, dtype=np.complex128).ravel()
    image, _ = exponential_action(compact_liouvillian(hamiltonian, jump_operators), vector, time)
    matrix = image.reshape(d, d)
    hermitian = (matrix + dagger(matrix)) / 2
    unit: ComplexArray = hermitian / np.trace(hermitian).real
    return unit


def computed_state(matrix: ComplexArray) -> State:
    """A state from a computed density matrix: eigenvalues below its rounding errors (1e-13) are zero.

    Unlike `State.from_matrix`, which takes what a user typed, it never asks about a rank: what it drops contributes
    less than 1e-13 to any probability.

    Example:
        >>> computed_state(np.diag([1.0, 1e-15])).rank
        1
    """
    values, vectors = np.linalg.eigh((matrix + dagger(matrix)) / 2)
    kept = values > RANK_CUT
    return State(log_eigenvalues=np.log(values[kept] / values[kept].sum()), vectors=vectors[:, kept])
