r"""Jump operators as the trajectories use them: sparse, in the basis that splits the no-jump evolution furthest.

Mapping: jump operators :math:`L_k` (rates included), :math:`\Gamma = \sum_k L_k^\dagger L_k`, effective Hamiltonian
:math:`H_{eff} = H - (i/2)\Gamma`.

Both the energy eigenbasis and the basis the Hamiltonian was written in are tried. A chain of spins that conserves
excitations, say, falls into small invariant blocks in the basis of the sites, while the eigenbasis of a degenerate
Hamiltonian may mix them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from qtraj.arrays import ComplexArray, FloatArray, IntArray
from qtraj.paths.jump_tables import Operators, integers, parts_apart
from qtraj.quantum.matrices import dagger

__all__ = ["Frame", "JumpOperators", "level_jump", "sparse_jumps"]

# Turning a matrix into another basis leaves rounding errors of about 1e-16 of its largest element where zeros belong.
STRUCTURAL_ZERO = 1e-14

# An operator this close to |x><y| (relative, Frobenius) is one; what is neglected is a change of the operator by that.
RANK_ONE_RESIDUAL = 1e-13

# Overlap below 1 by which two states are still one. An overlap is quadratic in the distance of the states.
SAME_STATE = 1e-15


@dataclass(frozen=True, kw_only=True, eq=False)
class Frame:
    """A basis for trajectories, and the Hamiltonian in it.

    Args:
        basis: Energy eigenvectors as columns, in this basis, shape (d, d).
        hamiltonian: Shape (d, d).
    """

    basis: ComplexArray
    hamiltonian: ComplexArray


@dataclass(frozen=True, kw_only=True, eq=False)
class JumpOperators:
    """The effective Hamiltonian and jump operators in a chosen basis, sorted by invariant block.

    Attributes:
        basis: Energy eigenvectors as columns, in this basis and order, shape (d, d).
        effective_hamiltonian: Shape (d, d), block diagonal.
        loss: Gamma, shape (d, d), block diagonal.
        blocks: Where each block begins, shape (B + 1,).
        jumps: Jump operators as sparse matrices.
    """

    basis: ComplexArray
    effective_hamiltonian: ComplexArray
    loss: ComplexArray
    blocks: IntArray
    jumps: tuple[csr_array, ...]

    @property
    def dimension(self) -> int:
        """Hilbert-space dimension d."""
        return int(self.basis.shape[0])

    @classmethod
    def of(cls, frames: Sequence[Frame], jumps: Sequence[ComplexArray]) -> JumpOperators:
        """The operators in the frame whose largest blocks are smallest.

        Args:
            frames: Bases to choose from.
            jumps: Jump operators in the energy eigenbasis, each of shape (d, d).
        """
        best = min((cls._in_frame(frame, jumps) for frame in frames), key=lambda own: own._work)
        sizes = np.diff(best.blocks)
        # A fixed order, large blocks first, whatever order the components were found in.
        order = np.argsort(-sizes, kind="stable")
        turned = np.concatenate([np.arange(best.blocks[b], best.blocks[b + 1]) for b in order])
        return best._permuted(turned, np.concatenate([[0], np.cumsum(sizes[order])]))

    @property
    def _work(self) -> float:
        # A survival probability costs the square of every block it touches, a jump the number of its elements.
        return float((np.diff(self.blocks) ** 2).sum() + sum(jump.nnz for jump in self.jumps))

    @classmethod
    def _in_frame(cls, frame: Frame, jumps: Sequence[ComplexArray]) -> JumpOperators:
        basis, adjoint = frame.basis, dagger(frame.basis)
        plain = not np.count_nonzero(basis - np.eye(basis.shape[0]))
        own = tuple(csr_array(jump if plain else _cleaned(basis @ jump @ adjoint)) for jump in jumps)
        dimension = basis.shape[0]
        loss = np.zeros((dimension, dimension), dtype=np.complex128)
        for jump in own:
            loss += (jump.conj().T @ jump).toarray()
        effective = frame.hamiltonian - 0.5j * loss
        labels = connected_components(csr_array(effective != 0), directed=False)[1]
        order = np.argsort(labels, kind="stable")
        ends = np.cumsum(np.bincount(labels))
        unsorted = cls(
            basis=basis,
            effective_hamiltonian=effective,
            loss=loss,
            blocks=np.concatenate([[0], ends]).astype(np.int64),
            jumps=own,
        )
        return unsorted._permuted(order, unsorted.blocks)

    def _permuted(self, order: IntArray, blocks: IntArray) -> JumpOperators:
        return JumpOperators(
            basis=self.basis[order],
            effective_hamiltonian=self.effective_hamiltonian[np.ix_(order, order)],
            loss=self.loss[np.ix_(order, order)],
            blocks=blocks.astype(np.int64),
            jumps=tuple(csr_array(jump[order][:, order]) for jump in self.jumps),
        )

    def vectors(self, columns: ComplexArray) -> ComplexArray:
        """Turn column vectors from the energy eigenbasis into this one."""
        return np.stack([_cleaned(self.basis @ column) for column in columns.T], axis=1)

    def block_slices(self) -> Iterator[slice]:
        """The invariant blocks as slices."""
        return (slice(int(low), int(high)) for low, high in zip(self.blocks[:-1], self.blocks[1:], strict=True))


def sparse_jumps(operators: JumpOperators, starts: int) -> tuple[Operators, ComplexArray]:
    """The jumps as tables, and the states that jumps of rank one lead to.

    Args:
        operators: The jumps.
        starts: Number of the first node after the initial vectors.

    Returns:
        The tables, and the new nodes' states as columns, shape (d, K).
    """
    nodes: list[ComplexArray] = []
    node_of, offsets = [], [0]
    rows: list[IntArray] = []
    columns: list[IntArray] = []
    values: list[ComplexArray] = []
    for jump in operators.jumps:
        pair = _rank_one(jump)
        if pair is None:
            sparse = jump.tocoo()
            node_of.append(-1)
        else:
            sparse = csr_array(pair[1][None, :]).tocoo()
            node_of.append(starts + _find_or_add(nodes, pair[0]))
        order = np.lexsort((sparse.col, sparse.row))
        rows.append(sparse.row[order].astype(np.int64))
        columns.append(sparse.col[order].astype(np.int64))
        values.append(sparse.data[order])
        offsets.append(offsets[-1] + order.size)
    empty = np.zeros(0, dtype=np.int64)
    places = np.stack([np.concatenate([empty, *rows]), np.concatenate([empty, *columns])], axis=1)
    tables = Operators(
        node=integers(node_of),
        offsets=integers(offsets),
        places=integers(places),
        values=parts_apart(np.concatenate([np.zeros(0, dtype=np.complex128), *values]), axis=1),
    )
    states = np.stack(nodes, axis=1) if nodes else np.zeros((operators.dimension, 0), dtype=np.complex128)
    return tables, states


def level_jump(jump: ComplexArray) -> tuple[int, int, float] | None:
    """Source, target and rate of a jump between two energy levels, or None if it is anything else."""
    rows, columns = np.nonzero(jump)
    if rows.size != 1:
        return None
    return int(columns[0]), int(rows[0]), float(np.abs(jump[rows[0], columns[0]]) ** 2)


def _cleaned(matrix: ComplexArray) -> ComplexArray:
    size: FloatArray = np.abs(matrix)
    return np.where(size > STRUCTURAL_ZERO * size.max(initial=0.0), matrix, 0.0)


def _rank_one(jump: csr_array) -> tuple[ComplexArray, ComplexArray] | None:
    """X and <y| of a jump |x><y|, x normalised; None if it is no such thing."""
    sums = np.asarray(abs(jump).power(2).sum(axis=0)).ravel()
    largest = int(np.argmax(sums))
    x = jump[:, [largest]].toarray().ravel() / np.sqrt(sums[largest])
    bra = np.asarray(jump.conj().T @ x).conj()
    # ||L - x<y|||^2 without the matrix x<y|, which would be dense; it cancels, so it only sorts out the clear cases.
    if abs(sums.sum() - float((np.abs(bra) ** 2).sum())) > 1e-12 * sums.sum():
        return None
    residual = jump.toarray() - np.outer(x, bra)
    if float(np.linalg.norm(residual)) > RANK_ONE_RESIDUAL * np.sqrt(sums.sum()):
        return None
    return _cleaned(x), _cleaned(bra)


def _find_or_add(nodes: list[ComplexArray], state: ComplexArray) -> int:
    for index, known in enumerate(nodes):
        # States are equal up to a phase; the support is compared too, as it decides which blocks are occupied.
        if 1.0 - abs(np.vdot(known, state)) <= SAME_STATE and np.array_equal(known != 0, state != 0):
            return index
    nodes.append(state)
    return len(nodes) - 1
