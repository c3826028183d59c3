r"""Energies, grouped into levels once and for all.

Two energies belong to one level when a chain of gaps no larger than `tolerance` joins them. Everything that asks
"are these energies equal?" (degeneracies, Bohr frequencies, total-energy blocks) asks the `Spectrum`, so the
question is answered in one place and never by comparing floats.

Mapping: energies :math:`E_n`, Bohr frequencies :math:`\omega_{nm} = E_n - E_m`, environment energies :math:`E_\mu`,
flat joint index :math:`n d_E + \mu`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import ArrayLike

from qtraj.arrays import FloatArray, IntArray, frozen
from qtraj.errors import InvalidSpectrum, TooLarge
from qtraj.quantum.in_words import levels_in_words
from qtraj.quantum.scalars import real_number

__all__ = ["JointSpectrum", "Spectrum", "energies_of", "group_values"]

# Sums such as E_n + E_mu of exactly resonant levels differ by a few units in the last place, 1e-15 relative for
# ladders of 1e5 levels; level spacings that people mean to be different are far above 1e-12 of the width of a spectrum.
RELATIVE_LEVEL_TOLERANCE = 1e-12

# A law on d_S = 4 levels beside a ladder takes about 2 kB per joint level at its peak: 8 GB here.
LARGEST_JOINT_DIMENSION = 4_000_000


def group_values(values: FloatArray, tolerance: float) -> tuple[IntArray, int]:
    """Label `values` so that equal labels mean equal values, transitively, up to `tolerance`.

    Args:
        values: Shape (k,), any order.
        tolerance: Largest gap between neighbours of one group.

    Returns:
        Labels of shape (k,), counting from 0 in ascending order of value, and the number of groups.

    Example:
        >>> import numpy as np
        >>> labels, count = group_values(np.array([1.0, 0.0, 1.0 + 1e-14]), 1e-12)
        >>> labels.tolist(), count
        ([1, 0, 1], 2)
    """
    order = np.argsort(values, kind="stable")
    labels = np.empty(values.size, dtype=np.int64)
    steps = np.diff(values[order]) > tolerance
    labels[order] = np.concatenate([[0], np.cumsum(steps)])[: values.size]
    return labels, int(steps.sum()) + 1 if values.size else 0


def energies_of(energies: ArrayLike, argument: str = "energies") -> FloatArray:
    """Return `energies` as a checked read-only array.

    Raises:
        InvalidSpectrum: If it is empty, not a plain list, not real or not finite.

    Example:
        >>> energies_of([3, 1]).tolist()
        [3.0, 1.0]
    """
    try:
        array = np.array(energies, dtype=np.complex128)
    except (TypeError, ValueError) as error:
        raise InvalidSpectrum(f"`{argument}` must be a list of real numbers, but is {energies!r:.80}") from error
    if array.ndim != 1:
        raise InvalidSpectrum(f"`{argument}` must be a flat list, but has {array.ndim} dimensions")
    if array.size == 0:
        raise InvalidSpectrum(f"`{argument}` must hold at least one energy, but is empty")
    if not np.isfinite(array).all():
        raise InvalidSpectrum(f"`{argument}` must be finite, but entry {int(np.argmin(np.isfinite(array)))} is not")
    if np.abs(array.imag).max() > 0:
        raise InvalidSpectrum(
            f"`{argument}` must be real, but has an imaginary part of {np.abs(array.imag).max():.3g}",
            measured=float(np.abs(array.imag).max()),
        )
    largest = float(np.abs(array.real).max())
    if largest > 1e150:
        raise InvalidSpectrum(f"`{argument}` must stay below 1e150, but reaches {largest:.3g}", measured=largest)
    return frozen(array.real.copy())


@dataclass(frozen=True, kw_only=True, eq=False)
class Spectrum:
    r"""Energy eigenvalues in the order given, grouped into levels.

    Args:
        energies: Shape (d,), in any order, any unit (the inverse temperature takes its inverse).
        level_tolerance: Gap up to which neighbouring energies are one level. By default 1e-12 of the
            spectrum's width, plus the rounding of its largest energy.

    Raises:
        InvalidSpectrum: If the energies are empty or not finite, or the tolerance is negative.

    Example:
        >>> spectrum = Spectrum(energies=[0.0, 1.0, 1.0, 3.0])
        >>> spectrum.levels.tolist(), spectrum.degeneracies.tolist()
        ([0.0, 1.0, 3.0], [1, 2, 1])
    """

    energies: FloatArray
    level_tolerance: float | None = None

    def __post_init__(self) -> None:
        """Check energies and tolerance."""
        energies = energies_of(self.energies)
        object.__setattr__(self, "energies", energies)
        given = (
            None
            if self.level_tolerance is None
            else real_number(self.level_tolerance, "level_tolerance", InvalidSpectrum)
        )
        if given is not None and given < 0:
            raise InvalidSpectrum(f"`level_tolerance` must be finite and not negative, but is {given}", measured=given)

    @property
    def tolerance(self) -> float:
        """Gap up to which neighbouring energies are one level."""
        if self.level_tolerance is not None:
            return float(self.level_tolerance)
        rounding = 16 * float(np.finfo(float).eps * np.abs(self.energies).max())
        return RELATIVE_LEVEL_TOLERANCE * float(np.ptp(self.energies)) + rounding

    @property
    def dimension(self) -> int:
        """Number of energy eigenstates d."""
        return int(self.energies.size)

    @cached_property
    def level_of(self) -> IntArray:
        """Level index of every eigenstate, shape (d,), levels counted upwards in energy."""
        return frozen(group_values(self.energies, self.tolerance)[0])

    @cached_property
    def degeneracies(self) -> IntArray:
        """Number of eigenstates in every level, shape (L,)."""
        return frozen(np.bincount(self.level_of).astype(np.int64))

    @cached_property
    def levels(self) -> FloatArray:
        """Energy of every level (its lowest member), ascending, shape (L,)."""
        order = np.argsort(self.energies, kind="stable")
        starts = np.concatenate([[0], np.cumsum(self.degeneracies)[:-1]])
        return frozen(self.energies[order][starts])

    def __repr__(self) -> str:
        """One line: how many states, and their energies."""
        return f"<Spectrum of {levels_in_words(self)}>"

    @property
    def is_degenerate(self) -> bool:
        """Whether any level holds more than one eigenstate."""
        return self.degeneracies.size < self.dimension

    def bohr_frequencies(self) -> tuple[FloatArray, IntArray]:
        r"""Group the differences :math:`\omega_{nm} = E_n - E_m` of all pairs.

        Returns:
            The distinct values, ascending, shape (F,), and the index of every pair into them, shape (d, d),
            row n, column m. Meant for systems, not for environments: it holds d x d entries.

        Example:
            >>> values, index = Spectrum(energies=[0.0, 1.0, 2.0]).bohr_frequencies()
            >>> values.tolist(), int(index[2, 1])
            ([-2.0, -1.0, 0.0, 1.0, 2.0], 3)
        """
        level = self.levels[self.level_of]
        gaps = (level[:, None] - level[None, :]).ravel()
        labels, count = group_values(gaps, 4 * self.tolerance)
        values = np.bincount(labels, weights=gaps, minlength=count) / np.bincount(labels, minlength=count)
        values[np.abs(values) <= 4 * self.tolerance] = 0.0
        return frozen(values), frozen(labels.reshape(self.dimension, self.dimension))


@dataclass(frozen=True, kw_only=True, eq=False)
class JointSpectrum:
    r"""System (x) environment energies, grouped into total-energy blocks.

    Blocks of one size are kept together as one index array, so that work on 10^5 small blocks is a handful of
    stacked array operations.

    Args:
        system: Spectrum of the system, d_S energies.
        environment: Spectrum of the environment, d_E energies.

    Example:
        >>> joint = JointSpectrum(system=Spectrum(energies=[0, 1]), environment=Spectrum(energies=[0, 1]))
        >>> [batch.tolist() for batch in joint.blocks]
        [[[0], [3]], [[1, 2]]]
    """

    system: Spectrum
    environment: Spectrum

    def __post_init__(self) -> None:
        """Refuse dimensions whose index arrays alone would not fit."""
        if self.dimension > LARGEST_JOINT_DIMENSION:
            raise TooLarge(
                f"system and environment must have at most {LARGEST_JOINT_DIMENSION:.0e} joint levels, but have "
                f"{self.system.dimension} x {self.environment.dimension} = {self.dimension:.3g}; use fewer levels",
                measured=self.dimension,
            )

    @property
    def dimension(self) -> int:
        """Joint dimension d_S d_E."""
        return self.system.dimension * self.environment.dimension

    @property
    def tolerance(self) -> float:
        """Gap up to which total energies are equal: the larger of the two spectra's own."""
        return max(self.system.tolerance, self.environment.tolerance)

    @cached_property
    def energies(self) -> FloatArray:
        """Total energy at every flat index n * d_E + mu, shape (d_S d_E,)."""
        return frozen((self.system.energies[:, None] + self.environment.energies[None, :]).ravel())

    @cached_property
    def block_of(self) -> IntArray:
        """Total-energy block of every flat index, blocks counted upwards in energy, shape (d_S d_E,)."""
        return frozen(group_values(self.energies, self.tolerance)[0])

    @cached_property
    def blocks(self) -> tuple[IntArray, ...]:
        """Flat indices of the blocks, one array (number of blocks, size) per block size, sizes ascending."""
        order = np.argsort(self.block_of, kind="stable")
        sizes = np.bincount(self.block_of)
        starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
        return tuple(
            frozen(order[starts[sizes == size][:, None] + np.arange(size)[None, :]].astype(np.int64))
            for size in np.unique(sizes)
        )
