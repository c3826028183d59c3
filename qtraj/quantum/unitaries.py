r"""Energy-conserving unitaries, stored block by block.

A unitary with :math:`[U, H_S + H_E] = 0` is block diagonal in total energy, so only the blocks are kept, in stacks of
matrices of one size. A system of 4 levels beside a ladder of 10^5 levels is 10^5 blocks of size at most 4, not a matrix
of 1.6e11 entries. Where blocks are drawn or follow from a formula, each is made when it is first looked at
(`lazy_blocks`): a path through a spin bath touches a few of them.

Coordinates are the energy eigenbases of system and environment, flat index :math:`n d_E + \mu`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from scipy.sparse import coo_array, csr_array, kron

from qtraj.arrays import ComplexArray, IntArray, SparseMatrix, frozen
from qtraj.errors import EnergyNotConserved, InvalidInput, InvalidUnitary, TooLarge
from qtraj.quantum.block_makers import ExponentialBlocks, HaarBlocks, SwapBlocks, shelved
from qtraj.quantum.graded import AMPLITUDE_CUT
from qtraj.quantum.lazy_blocks import AdjointStacks, LazyStacks
from qtraj.quantum.matrices import as_matrix, dagger
from qtraj.quantum.parties import Environment, System, oscillator_lowering
from qtraj.quantum.scalars import instance_of, real_number, whole_number
from qtraj.quantum.spectrum import JointSpectrum

__all__ = ["EnergyConservingUnitary"]

# Matrices typed to four digits are off by 5e-5 an entry; what lies beyond 1e-3 was not meant to be unitary.
UNITARY_TOLERANCE = 1e-3

# An interaction in closed form commutes to rounding; typed to four digits, to 1e-4 of its largest element.
INTERACTION_TOLERANCE = 1e-3

LARGEST_DENSE_DIMENSION = 8192

# Sums of two energies differ by a few units in the last place from sums of two others that are equal to them.
ENERGY_ROUNDING = 1e-15


@dataclass(frozen=True, kw_only=True, eq=False)
class EnergyConservingUnitary:
    r"""A unitary on system (x) environment, block diagonal in total energy.

    Build one with `haar`, `from_matrix`, `partial_swap`, `from_interaction` or `exchange`.

    Args:
        joint: The joint spectrum it acts on.
        blocks: Flat joint indices, one array (k, s) per stack of k blocks of size s.
        matrices: The stacks, of shape (k, s, s) each, aligned with `blocks`; a tuple of arrays, or `LazyStacks`.
        adjustment: Frobenius distance between what was given and the unitary used.
        conserving: False only for a unitary accepted with `allow_violation=True`: then it is one single block.

    Raises:
        InvalidUnitary: If a block is not unitary to 1e-12. Blocks made on demand are unitary by construction.

    Example:
        >>> system = System(energies=[0.0, 1.0], state=[[0.5, 0.5], [0.5, 0.5]])
        >>> bath = Environment(energies=[0.0, 1.0], inverse_temperature=1.0)
        >>> swap = EnergyConservingUnitary.partial_swap(system, bath, angle=np.pi / 2)
        >>> np.abs(swap.matrix()).round(6).tolist()[1]
        [0.0, 0.0, 1.0, 0.0]
    """

    joint: JointSpectrum
    blocks: tuple[IntArray, ...]
    matrices: Sequence[ComplexArray]
    adjustment: float = 0.0
    conserving: bool = True

    def __post_init__(self) -> None:
        """Check shapes and unitarity of blocks that are there already."""
        if isinstance(self.matrices, LazyStacks | AdjointStacks):
            return
        for indices, stack in zip(self.blocks, self.matrices, strict=True):
            if stack.shape != (*indices.shape, indices.shape[1]):
                raise InvalidUnitary(
                    f"blocks must have shape {(*indices.shape, indices.shape[1])}, but have {stack.shape}"
                )
            defect = float(np.abs(dagger(stack) @ stack - np.eye(indices.shape[1])).max())
            if not defect < 1e-12 * max(10, indices.shape[1]):
                raise InvalidUnitary(f"blocks must be unitary, but are off by {defect:.3g}", measured=defect)
        object.__setattr__(self, "matrices", tuple(frozen(stack) for stack in self.matrices))

    @property
    def dimension(self) -> int:
        """Joint dimension d_S d_E."""
        return self.joint.dimension

    def __repr__(self) -> str:
        """One line: dimension and blocks."""
        number = sum(indices.shape[0] for indices in self.blocks)
        largest = max(indices.shape[1] for indices in self.blocks)
        blocks = f"{number:,} block{'s' if number != 1 else ''} of up to {largest:,} levels"
        return f"<EnergyConservingUnitary of dimension {self.dimension:,}, {blocks}>"

    def adjoint(self) -> EnergyConservingUnitary:
        """The inverse, U^dag."""
        return EnergyConservingUnitary(
            joint=self.joint,
            blocks=self.blocks,
            matrices=_adjoint(self.matrices),
            adjustment=self.adjustment,
            conserving=self.conserving,
        )

    def matrix(self) -> ComplexArray:
        """The dense matrix, shape (d_S d_E, d_S d_E), in the energy eigenbases.

        Raises:
            TooLarge: If the joint dimension exceeds 8192.
        """
        if self.dimension > LARGEST_DENSE_DIMENSION:
            raise TooLarge(
                f"a dense unitary must have dimension at most {LARGEST_DENSE_DIMENSION}, but has {self.dimension}; "
                "work with the blocks",
                measured=self.dimension,
            )
        dense = np.zeros((self.dimension, self.dimension), dtype=np.complex128)
        for indices, stack in zip(self.blocks, self.matrices, strict=True):
            dense[indices[:, :, None], indices[:, None, :]] = stack
        return dense

    @cached_property
    def _position(self) -> tuple[IntArray, IntArray, IntArray]:
        """For every flat index: which size group, which block in it, which column of that block."""
        group, block, column = (np.empty(self.dimension, dtype=np.int64) for _ in range(3))
        for g, indices in enumerate(self.blocks):
            count, size = indices.shape
            group[indices] = g
            block[indices] = np.arange(count)[:, None]
            column[indices] = np.arange(size)[None, :]
        return group, block, column

    def column(self, index: int) -> tuple[IntArray, ComplexArray]:
        """The image of one joint basis state: flat indices and amplitudes within its block."""
        group, block, column = (int(part[index]) for part in self._position)
        return self.blocks[group][block], self.matrices[group][block][:, column]

    def columns(self, indices: IntArray) -> dict[int, tuple[IntArray, ComplexArray]]:
        """The same of several joint basis states, by their index; each block is looked at once."""
        groups, blocks, columns = (part[indices] for part in self._position)
        found = {}
        for group in np.unique(groups):
            stack = self.matrices[group]
            for place in np.flatnonzero(groups == group):
                # Copied, since a view would keep the whole stack in memory.
                amplitudes = stack[blocks[place], :, columns[place]].copy()
                found[int(indices[place])] = self.blocks[group][blocks[place]], amplitudes
        return found

    def elements(self) -> tuple[IntArray, IntArray, ComplexArray]:
        """All elements above the amplitude cut: row indices, column indices, values."""
        rows, columns, values = [], [], []
        for indices, stack in zip(self.blocks, self.matrices, strict=True):
            kept = np.abs(stack) > AMPLITUDE_CUT
            k, i, j = np.nonzero(kept)
            rows.append(indices[k, i])
            columns.append(indices[k, j])
            values.append(stack[kept])
        return np.concatenate(rows), np.concatenate(columns), np.concatenate(values)

    def commutator_norm(self) -> float:
        r"""Frobenius norm of :math:`[U, H_S + H_E]`; 0 unless energies of one block differ by more than rounding."""
        energies = self.joint.energies
        rounding = ENERGY_ROUNDING * float(np.abs(energies).max())
        total = 0.0
        for position, indices in enumerate(self.blocks):
            # Blocks of exactly equal energies, all but those of a spectrum grouped by hand, need not be made for this.
            if np.ptp(energies[indices], axis=1).max() <= rounding:
                continue
            stack = self.matrices[position]
            for row in range(indices.shape[1]):
                gaps = energies[indices] - energies[indices[:, row : row + 1]]
                total += float((np.abs(stack[:, row] * gaps) ** 2).sum())
        return float(np.sqrt(total))

    @classmethod
    def haar(
        cls, system: System, environment: Environment, *, seed: int | np.random.Generator = 0
    ) -> EnergyConservingUnitary:
        """Haar-random within every total-energy block, independently [Mezzadri07].

        Blocks are drawn when they are first looked at, with random streams keyed by the seed and their position, so
        that neither the order in which nor how often they are drawn changes a bit.

        Args:
            system: Gives the system's energies.
            environment: Gives the environment's energies.
            seed: Whole number from 0 on, or a NumPy generator, which gives such a number.
        """
        if isinstance(seed, np.random.Generator):
            root = int.from_bytes(seed.bytes(16), "little")
        else:
            root = whole_number(seed, "seed", least=0)
        joint = _joint(system, environment)
        blocks = shelved(joint.blocks)
        return cls._on_demand(joint, blocks, HaarBlocks(root, _shapes(blocks)))

    @classmethod
    def from_matrix(
        cls, system: System, environment: Environment, matrix: Any, *, allow_violation: bool = False
    ) -> EnergyConservingUnitary:
        """From a dense matrix in (basis of the system's Hamiltonian) (x) (environment energy basis).

        Elements between different total energies and the distance from unitarity are removed (block by block polar
        projection) if they are below 1e-3; `adjustment` records how far that moved the matrix.

        Args:
            system: Gives the system's energies and basis.
            environment: Gives the environment's energies.
            matrix: Shape (d_S d_E, d_S d_E).
            allow_violation: Keep a unitary that does not conserve energy. The theorem <e^-sigma> = 1 still holds, but
                <sigma> exceeds the free-energy difference by beta times the switching work.

        Raises:
            InvalidUnitary: If it is not unitary, beyond 1e-3.
            EnergyNotConserved: If it does not commute with the total energy, beyond 1e-3.
        """
        joint = _joint(system, environment)
        size = joint.dimension
        given = as_matrix(matrix, "unitary", (size, size))
        dense = _in_energy_bases(given, system, environment)
        defect = float(np.abs(dagger(dense) @ dense - np.eye(size)).max())
        if defect > UNITARY_TOLERANCE:
            raise InvalidUnitary(
                f"`unitary` must be unitary, but U^dag U differs from 1 by {defect:.3g}", measured=defect
            )
        if allow_violation:
            blocks: tuple[IntArray, ...] = (frozen(np.arange(size, dtype=np.int64)[None, :]),)
        else:
            _refuse_violation(dense, joint, "unitary", UNITARY_TOLERANCE)
            blocks = joint.blocks
        stacks = []
        for indices in blocks:
            left, _, right = np.linalg.svd(dense[indices[:, :, None], indices[:, None, :]])
            stacks.append(left @ right)
        unitary = cls(joint=joint, blocks=blocks, matrices=tuple(stacks), conserving=not allow_violation)
        object.__setattr__(unitary, "adjustment", float(np.linalg.norm(unitary.matrix() - dense)))
        return unitary

    @classmethod
    def partial_swap(cls, system: System, environment: Environment, *, angle: float) -> EnergyConservingUnitary:
        r"""Partial swap :math:`\cos\theta\,1 - i\sin\theta\,SWAP` of two parties with equal level spacings.

        Level k of the system (by energy) is swapped with level k of the environment.

        Raises:
            EnergyNotConserved: If the two spectra differ by more than a constant.
        """
        joint = _joint(system, environment)
        own, other = joint.system, joint.environment
        if own.dimension != other.dimension:
            raise InvalidUnitary(
                f"a partial swap needs parties of equal dimension, but they have {own.dimension} and {other.dimension}"
            )
        real_number(angle, "angle")
        order_s, order_e = np.argsort(own.energies, kind="stable"), np.argsort(other.energies, kind="stable")
        misfit = np.diff(own.energies[order_s]) - np.diff(other.energies[order_e])
        if misfit.size and np.abs(misfit).max() > joint.tolerance:
            worst = float(np.abs(misfit).max())
            raise EnergyNotConserved(
                f"a partial swap needs equal level spacings, but they differ by up to {worst:.3g}", measured=worst
            )
        rank_s, rank_e = np.argsort(order_s), np.argsort(order_e)
        n, mu = np.divmod(np.arange(joint.dimension), other.dimension)
        image = order_s[rank_e[mu]] * other.dimension + order_e[rank_s[n]]
        blocks = shelved(joint.blocks)
        return cls._on_demand(joint, blocks, SwapBlocks(blocks, image, angle))

    @classmethod
    def from_interaction(
        cls, system: System, environment: Environment, interaction: Any, *, time: float
    ) -> EnergyConservingUnitary:
        r"""Evolution :math:`e^{-iVt}` under an interaction with :math:`[V, H_S + H_E] = 0` (interaction picture).

        Args:
            system: Gives the system's energies and basis.
            environment: Gives the environment's energies.
            interaction: Hermitian, shape (d_S d_E, d_S d_E), in the same basis as for `from_matrix`.
            time: Duration t.

        Raises:
            InvalidInput: If V is not Hermitian.
            EnergyNotConserved: If V does not commute with the total energy.
        """
        joint = _joint(system, environment)
        size = joint.dimension
        given = as_matrix(interaction, "interaction", (size, size))
        dense = _in_energy_bases(given, system, environment)
        scale = max(float(np.abs(dense).max()), np.finfo(float).tiny)
        skew = float(np.abs(dense - dagger(dense)).max())
        if skew > INTERACTION_TOLERANCE * scale:
            raise InvalidInput(
                f"`interaction` must be Hermitian, but differs from its adjoint by {skew:.3g}", measured=skew
            )
        _refuse_violation(dense, joint, "interaction", INTERACTION_TOLERANCE * scale)
        return cls._exponential(joint, csr_array((dense + dagger(dense)) / 2), time)

    @classmethod
    def exchange(
        cls, system: System, environment: Environment, *, coupling: float, time: float
    ) -> EnergyConservingUnitary:
        r"""Resonant exchange of quanta, :math:`V = g (a^\dagger b + a b^\dagger)` with its resonant elements only.

        Here a lowers the system (oscillator elements sqrt(k) between neighbouring levels, so :math:`\sigma_-` for a
        qubit) and b the environment (oscillator for a list or ladder, collective for spins). Elements that change the
        total energy are left out, as in the rotating-wave approximation.

        Raises:
            EnergyNotConserved: If no element is resonant, so that nothing would be exchanged.
        """
        joint = _joint(system, environment)
        real_number(coupling, "coupling")
        raising = csr_array(oscillator_lowering(joint.system.energies).T)
        product = coo_array(kron(raising, environment.lowering_operator))
        rows, columns = product.coords
        resonant = joint.block_of[rows] == joint.block_of[columns]
        if joint.dimension > 1 and not resonant.any():
            raise EnergyNotConserved(
                "a resonant exchange needs a system gap that equals an environment gap, but no pair of gaps agrees"
            )
        half = csr_array(
            (coupling * product.data[resonant], (rows[resonant], columns[resonant])), shape=2 * (joint.dimension,)
        )
        return cls._exponential(joint, half + half.T, time)

    @classmethod
    def _exponential(cls, joint: JointSpectrum, interaction: SparseMatrix, time: float) -> EnergyConservingUnitary:
        """exp(-i V t) block by block, from the eigenvalues of each block of V."""
        real_number(time, "time")
        blocks = shelved(joint.blocks)
        # What an interaction typed to a few digits has between blocks is no part of it.
        entries = coo_array(interaction)
        rows, columns = entries.coords
        inside = joint.block_of[rows] == joint.block_of[columns]
        within = csr_array((entries.data[inside], (rows[inside], columns[inside])), shape=entries.shape)
        return cls._on_demand(joint, blocks, ExponentialBlocks(blocks, within, time))

    @classmethod
    def _on_demand(
        cls, joint: JointSpectrum, blocks: tuple[IntArray, ...], make: Callable[[int], ComplexArray]
    ) -> EnergyConservingUnitary:
        """A unitary each of whose blocks is made when it is looked at."""
        return cls(joint=joint, blocks=blocks, matrices=LazyStacks(_shapes(blocks), make))


def _shapes(blocks: tuple[IntArray, ...]) -> tuple[tuple[int, int, int], ...]:
    return tuple((*indices.shape, indices.shape[1]) for indices in blocks)


def _adjoint(stacks: Sequence[ComplexArray]) -> Sequence[ComplexArray]:
    if isinstance(stacks, AdjointStacks):
        return stacks.stacks
    return AdjointStacks(stacks) if isinstance(stacks, LazyStacks) else tuple(dagger(stack) for stack in stacks)


def _joint(system: System, environment: Environment) -> JointSpectrum:
    instance_of(system, System, "system")
    instance_of(environment, Environment, "environment")
    return JointSpectrum(system=system.spectrum, environment=environment.spectrum)


def _in_energy_bases(matrix: ComplexArray, system: System, environment: Environment) -> ComplexArray:
    """A joint matrix turned from the basis the system's Hamiltonian was given in."""
    lift = np.kron(system.basis, np.eye(environment.dimension)).astype(np.complex128)
    turned: ComplexArray = dagger(lift) @ matrix @ lift
    return turned


def _refuse_violation(dense: ComplexArray, joint: JointSpectrum, argument: str, tolerance: float) -> None:
    """Refuse a matrix with elements between different total energies, naming the commutator and the worst one."""
    outside = np.where(joint.block_of[:, None] != joint.block_of[None, :], np.abs(dense), 0.0)
    worst = int(np.argmax(outside))
    row, column = divmod(worst, joint.dimension)
    if outside[row, column] <= tolerance:
        return
    gaps = joint.energies[:, None] - joint.energies[None, :]
    norm = float(np.linalg.norm(dense * gaps))
    names = [
        f"|{index // joint.environment.dimension},{index % joint.environment.dimension}>" for index in (row, column)
    ]
    raise EnergyNotConserved(
        f"`{argument}` must commute with the total energy, but the commutator has norm {norm:.3g}; the worst element "
        f"is {outside[row, column]:.3g} between {names[0]} (energy {joint.energies[row]:.6g}) and {names[1]} "
        f"(energy {joint.energies[column]:.6g}), row {row}, column {column}",
        measured=norm,
        worst_element=(row, column),
    )
