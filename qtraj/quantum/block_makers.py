r"""How the blocks of a unitary are made, one shelf at a time: drawn, or from a formula.

Each maker is a small callable that takes the position of a shelf (see `lazy_blocks`) and gives its blocks. It holds
what the whole unitary is made of (a seed, an interaction as a sparse matrix, an angle) and no block. It also says what
making a block takes: how many blocks' worth of memory, the result included (`copies`), and how much time beside a drawn
one (`cost`).

Mapping: blocks of s joint levels, stacks of shape (k, s, s), interaction V, time t, angle :math:`\theta`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar

import numpy as np
from scipy.linalg import lapack
from scipy.sparse import coo_array, csr_array

from qtraj.arrays import ComplexArray, IntArray
from qtraj.quantum.matrices import dagger

__all__ = ["SHELF_ELEMENTS", "ExponentialBlocks", "HaarBlocks", "SwapBlocks", "haar_matrix", "shelved"]

# A shelf is made as a whole. Small blocks are made thousands at a time, in one array operation; from about 500 levels
# on each is a shelf of its own.
SHELF_ELEMENTS = 2**18

# Below, the QR of all blocks of a shelf in one call is faster; above, drawing the reflectors directly saves half the
# work and two thirds of the memory.
REFLECTED_SIZE = 48

# LAPACK's recommended work space: columns that are treated together.
PANEL = 64


def shelved(blocks: Sequence[IntArray]) -> tuple[IntArray, ...]:
    """Cut index arrays of blocks, (k, s) per block size s, into shelves of at most 2^18 matrix elements.

    Example:
        >>> [shelf.shape for shelf in shelved([np.zeros((3, 2), dtype=np.int64), np.zeros((2, 600), dtype=np.int64)])]
        [(3, 2), (1, 600), (1, 600)]
    """
    shelves = []
    for indices in blocks:
        rows = max(1, SHELF_ELEMENTS // indices.shape[1] ** 2)
        shelves += [indices[start : start + rows] for start in range(0, indices.shape[0], rows)]
    return tuple(shelves)


@dataclass(frozen=True, eq=False)
class HaarBlocks:
    """Haar-random blocks [Mezzadri07].

    Shelves at the front that together hold no more than one may share a random stream, so that a small unitary is drawn
    in one go; every other shelf has a stream of its own, keyed by its position.

    Args:
        root: Seed of the unitary.
        shapes: Shape (k, s, s) of every shelf.
    """

    root: int
    shapes: Sequence[tuple[int, int, int]]
    copies: ClassVar[float] = 1.0
    cost: ClassVar[float] = 1.0

    def __call__(self, position: int) -> ComplexArray:
        """Draw the blocks of one shelf."""
        count, size, _ = self.shapes[position]
        if position < self._sharing:
            rng = np.random.default_rng(self.root)
            drawn = [_ginibre(shape, rng) for shape in self.shapes[: position + 1]]
            return _haar_stack(drawn[-1])
        rng = np.random.default_rng(np.random.SeedSequence(self.root, spawn_key=(position,)))
        if size < REFLECTED_SIZE:
            return _haar_stack(_ginibre(self.shapes[position], rng))
        matrices = [haar_matrix(size, rng) for _ in range(count)]
        return matrices[0][None] if count == 1 else np.stack(matrices)

    @cached_property
    def _sharing(self) -> int:
        """Number of shelves at the front that share a stream."""
        elements = np.cumsum([float(np.prod(shape)) for shape in self.shapes])
        return int((elements <= SHELF_ELEMENTS).sum())


def _ginibre(shape: tuple[int, int, int], rng: np.random.Generator) -> ComplexArray:
    """Independent complex normal numbers."""
    return np.asarray(rng.normal(size=shape) + 1j * rng.normal(size=shape))


def _haar_stack(ginibre: ComplexArray) -> ComplexArray:
    """Haar-random matrices from matrices of independent normal numbers."""
    unitary, triangle = np.linalg.qr(ginibre)
    # QR alone is not Haar distributed: its phases are fixed by the algorithm, so they are divided out.
    phases = np.diagonal(triangle, axis1=-2, axis2=-1)
    return np.asarray(unitary * (phases / np.abs(phases))[:, None, :])


def haar_matrix(size: int, rng: np.random.Generator) -> ComplexArray:
    r"""A Haar-random unitary matrix as a product of random reflections, shape (size, size).

    The QR factorisation of a matrix of independent normal numbers reflects its first column onto the first axis, and
    what is left is again such a matrix, one column and one row smaller, and independent of the reflection. So there is
    nothing to factorise: the vectors x of all reflections are drawn, each from the normal distribution of its length,
    and only :math:`Q = H_1 H_2 \cdots` is formed, in place. The phases of R's diagonal, which make Q Haar distributed
    [Mezzadri07], are the signs of :math:`\beta = -\mathrm{sign}(\mathrm{Re}\,x_1)\|x\|`.

    Example:
        >>> unitary = haar_matrix(3, np.random.default_rng(1))
        >>> bool(np.abs(unitary.conj().T @ unitary - np.eye(3)).max() < 1e-14)
        True
    """
    # Column by column: an array of normal numbers beside the matrix would need the memory twice.
    reflectors = np.zeros((size, size), dtype=np.complex128, order="F")
    factors = np.empty(size, dtype=np.complex128)
    signs = np.empty(size)
    for k in range(size):
        x = rng.standard_normal(2 * (size - k)).view(np.complex128)
        length = float(np.linalg.norm(x))
        beta = -np.copysign(length, x[0].real)
        factors[k] = (beta - x[0]) / beta
        reflectors[k + 1 :, k] = x[1:] / (x[0] - beta)
        signs[k] = np.sign(beta)
    formed, _, info = lapack.zungqr(reflectors, factors, lwork=PANEL * size, overwrite_a=1)
    assert info == 0  # the only failures are arguments of the wrong shape
    formed *= signs
    unitary: ComplexArray = formed
    return unitary


@dataclass(frozen=True, eq=False)
class ExponentialBlocks:
    """Blocks of exp(-i V t), from the eigenvalues of each block of V.

    Args:
        blocks: Flat joint indices of every shelf, shape (k, s).
        interaction: V, sparse, Hermitian, without elements between blocks.
        time: t.
    """

    blocks: tuple[IntArray, ...]
    interaction: csr_array
    time: float
    copies: ClassVar[float] = 5.0
    cost: ClassVar[float] = 8.0

    def __call__(self, position: int) -> ComplexArray:
        """Diagonalise the blocks of one shelf."""
        indices = self.blocks[position]
        count, size = indices.shape
        entries = coo_array(self.interaction[indices.ravel()])
        rows, columns = entries.coords
        # A real interaction, such as an exchange, is diagonalised in real numbers, four times as fast.
        stack = np.zeros((count, size, size), dtype=self.interaction.dtype)
        stack[rows // size, rows % size, self._places[columns]] = entries.data
        energies, vectors = np.linalg.eigh(stack)
        turned = vectors * np.exp(-1j * self.time * energies)[:, None, :]
        return np.asarray(turned @ dagger(vectors))

    @cached_property
    def _places(self) -> IntArray:
        """Place of every joint index within its block."""
        places = np.empty(self.interaction.shape[0], dtype=np.int64)
        for indices in self.blocks:
            places[indices] = np.arange(indices.shape[1])
        return places


@dataclass(frozen=True, eq=False)
class SwapBlocks:
    r"""Blocks of :math:`\cos\theta\,1 - i\sin\theta\,SWAP`.

    Args:
        blocks: Flat joint indices of every shelf, shape (k, s).
        image: The joint index that SWAP takes every joint index to.
        angle: The angle.
    """

    blocks: tuple[IntArray, ...]
    image: IntArray
    angle: float
    copies: ClassVar[float] = 3.0
    cost: ClassVar[float] = 0.1

    def __call__(self, position: int) -> ComplexArray:
        """Write down the blocks of one shelf."""
        indices = self.blocks[position]
        swap = self.image[indices][:, None, :] == indices[:, :, None]
        return np.asarray(np.cos(self.angle) * np.eye(indices.shape[1]) - 1j * np.sin(self.angle) * swap)
