r"""The two parties of a thermal operation: a system in any state, an environment in its Gibbs state.

Mapping: system energies :math:`E_n`, its state :math:`\rho_S`; environment energies :math:`E_\mu`, inverse temperature
:math:`\beta`, populations :math:`q_\mu = e^{-\beta E_\mu}/Z`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_array, diags_array, eye_array, kron

from qtraj.arrays import ComplexArray, FloatArray, frozen
from qtraj.errors import InvalidInput, InvalidSpectrum, InvalidState, TooLarge
from qtraj.quantum.in_words import levels_in_words
from qtraj.quantum.matrices import as_matrix, dagger, largest_entry
from qtraj.quantum.outcomes import Outcomes
from qtraj.quantum.scalars import real_number, whole_number
from qtraj.quantum.spectrum import Spectrum, energies_of
from qtraj.quantum.states import State, check_inverse_temperature, gibbs_log_populations

__all__ = ["Environment", "System"]

LARGEST_SPIN_COUNT = 20

# A Hamiltonian typed to a few digits is still typed symmetrically; one computed is off by 1e-15.
HERMITIAN_TOLERANCE = 1e-6

# Eigenvectors are computed, never typed; so are energies that come with the Hamiltonian they belong to.
ORTHONORMAL_TOLERANCE = 1e-9
EIGENVALUE_TOLERANCE = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class System:
    """A system: its Hamiltonian and its initial state.

    However it is given, `energies` holds the energies :math:`E_n` afterwards, in the order that everything else uses:
    as listed, along the diagonal of a diagonal matrix, and otherwise ascending. The columns of `basis` belong to them.

    `dataclasses.replace` hands these energies on, so that whoever gives it another Hamiltonian leaves them out:
    `replace(system, hamiltonian=..., energies=None)`. Never take the Hamiltonian alone away. What remains are energies,
    which say nothing of a basis: the Hamiltonian is then taken as diagonal, and the state as one in that other basis.

    Args:
        energies: Energies of a Hamiltonian that is diagonal in the basis used, in that order, shape (d,).
        hamiltonian: Instead of energies, the Hamiltonian's matrix, shape (d, d), which is kept as it was given; None
            where energies were.
        state: A `State`, a density matrix or a state vector (nested lists, array, QuTiP Qobj), in the basis of the
            Hamiltonian.
        level_tolerance: Gap up to which neighbouring energies are one level; 1e-12 of the width by default.
        eigenvectors: With energies, the eigenvectors that belong to them as columns, shape (d, d), where the basis used
            is not that of the eigenvectors.

    Raises:
        InvalidInput: If neither `energies` nor `hamiltonian` is given, or both and they disagree, or one is invalid.
        InvalidState: If the state is invalid or has another dimension.

    Example:
        >>> system = System(energies=[0.0, 1.0], state=[[0.35, 0.25 - 0.1j], [0.25 + 0.1j, 0.65]])
        >>> system.outcomes.probabilities.round(4).tolist()
        [0.8082, 0.1918]
        >>> System(hamiltonian=[[0.0, 1.0], [1.0, 0.0]], state=[1.0, 0.0]).energies.round(12).tolist()
        [-1.0, 1.0]
    """

    energies: Any = None
    hamiltonian: Any = None
    state: Any
    level_tolerance: float | None = None
    eigenvectors: Any = None

    def __post_init__(self) -> None:
        """Settle energies, basis and state."""
        if self.energies is None and self.hamiltonian is None:
            raise InvalidInput("a system must have exactly one of `energies` and `hamiltonian`, but has neither")
        # Own copies, checked and read-only: what the user does to the originals afterwards must not reach the system.
        if self.hamiltonian is not None:
            object.__setattr__(self, "hamiltonian", frozen(as_matrix(self.hamiltonian, "hamiltonian")))
            if self.eigenvectors is not None:
                raise InvalidInput("`eigenvectors` must come with `energies`, but come with `hamiltonian`")
        energies, _ = self._diagonal_form
        if self.hamiltonian is not None and self.energies is not None:
            self._check_agreement(energies)
        object.__setattr__(self, "energies", frozen(energies))
        object.__setattr__(self, "state", State.of(self.state))
        _ = self.outcomes

    def _check_agreement(self, eigenvalues: FloatArray) -> None:
        """Refuse energies that are not those of the Hamiltonian; `dataclasses.replace` passes both on."""
        given = energies_of(self.energies)
        if given.size != eigenvalues.size:
            raise InvalidInput(
                f"`energies` must be left out beside `hamiltonian`, or be its {eigenvalues.size} eigenvalues, but are "
                f"{given.size} numbers"
            )
        misfit = float(np.abs(given - eigenvalues).max())
        if misfit > EIGENVALUE_TOLERANCE * float(np.abs(eigenvalues).max()):
            raise InvalidInput(
                f"`energies` must be left out beside `hamiltonian`, or be its eigenvalues, but differ by {misfit:.3g}",
                measured=misfit,
            )

    @cached_property
    def _diagonal_form(self) -> tuple[FloatArray, ComplexArray]:
        """Energies, and eigenvectors as columns."""
        if self.hamiltonian is None:
            energies = energies_of(self.energies)
            if self.eigenvectors is None:
                return energies, np.eye(energies.size, dtype=np.complex128)
            vectors = as_matrix(self.eigenvectors, "eigenvectors", (energies.size, energies.size))
            skew = float(np.abs(dagger(vectors) @ vectors - np.eye(energies.size)).max())
            if skew > ORTHONORMAL_TOLERANCE:
                raise InvalidInput(f"`eigenvectors` must be orthonormal, but are off by {skew:.3g}", measured=skew)
            return energies, vectors
        matrix = as_matrix(self.hamiltonian, "hamiltonian")
        skew = float(np.abs(matrix - dagger(matrix)).max())
        # Relative to the Hamiltonian itself, whatever its units.
        if skew > HERMITIAN_TOLERANCE * largest_entry(matrix)[0]:
            raise InvalidInput(
                f"`hamiltonian` must be Hermitian, but differs from its adjoint by {skew:.3g}", measured=skew
            )
        hermitian = (matrix + dagger(matrix)) / 2
        # A diagonal Hamiltonian keeps the user's order of levels; diagonalising it would sort them.
        if not np.count_nonzero(hermitian - np.diag(np.diag(hermitian))):
            return np.diag(hermitian).real.copy(), np.eye(matrix.shape[0], dtype=np.complex128)
        energies, vectors = np.linalg.eigh(hermitian)
        return energies, vectors.astype(np.complex128)

    @cached_property
    def spectrum(self) -> Spectrum:
        """The energies, grouped into levels."""
        return Spectrum(energies=self.energies, level_tolerance=self.level_tolerance)

    @property
    def dimension(self) -> int:
        """Hilbert-space dimension d_S."""
        return self.spectrum.dimension

    @cached_property
    def basis(self) -> ComplexArray:
        """Energy eigenvectors as columns, in the basis the Hamiltonian was given in, shape (d, d)."""
        return frozen(self._diagonal_form[1])

    @cached_property
    def outcomes(self) -> Outcomes:
        """Canonical outcomes of measuring the initial state in its eigenbasis (coordinates: energy eigenbasis)."""
        spectrum = self.spectrum
        given: State = self.state
        if given.dimension != spectrum.dimension:
            raise InvalidState(
                f"`state` must have dimension {spectrum.dimension} like the energies, but has {given.dimension}",
                measured=given.dimension,
            )
        return Outcomes.of(given.in_basis(self.basis), spectrum)

    @property
    def adjustment(self) -> float:
        """Frobenius distance between the state that was given and the density matrix made of it."""
        adjustment: float = self.state.adjustment
        return adjustment

    def __repr__(self) -> str:
        """One line: its levels and its state."""
        state: State = self.state
        return f"<System of {levels_in_words(self.spectrum)}; state of rank {state.rank}>"

    @property
    def energy_state(self) -> State:
        """The initial state in the energy eigenbasis."""
        return self.outcomes.state

    def in_given_basis(self, matrix: ComplexArray) -> ComplexArray:
        """Turn a matrix from the energy eigenbasis into the basis the Hamiltonian was given in."""
        return self.basis @ matrix @ dagger(self.basis)


@dataclass(frozen=True, kw_only=True, eq=False)
class Environment:
    """A thermal environment, given by its energy eigenvalues and its inverse temperature.

    Args:
        energies: Energy eigenvalues, in any order, shape (d_E,).
        inverse_temperature: beta >= 0, finite, in inverse units of energy.
        level_tolerance: Gap up to which neighbouring energies are one level; 1e-12 of the width by default.
        lowering: Sparse lowering operator, shape (d_E, d_E), used by the resonant exchange; by default that of an
            oscillator cut at d_E levels, in the order of the energies.

    Raises:
        InvalidInput: If an energy or the temperature is invalid.

    Example:
        >>> Environment.ladder(levels=3, spacing=1.0, inverse_temperature=0.5).spectrum.energies.tolist()
        [0.0, 1.0, 2.0]
    """

    energies: ArrayLike
    inverse_temperature: float
    level_tolerance: float | None = None
    lowering: csr_array | None = None

    def __post_init__(self) -> None:
        """Check energies and temperature."""
        object.__setattr__(self, "inverse_temperature", check_inverse_temperature(self.inverse_temperature))
        object.__setattr__(self, "energies", self.spectrum.energies)

    @cached_property
    def spectrum(self) -> Spectrum:
        """The energies, grouped into levels."""
        return Spectrum(energies=self.energies, level_tolerance=self.level_tolerance)  # type: ignore[arg-type]

    @property
    def dimension(self) -> int:
        """Hilbert-space dimension d_E."""
        return self.spectrum.dimension

    def __repr__(self) -> str:
        """One line: its levels and its temperature."""
        return f"<Environment of {levels_in_words(self.spectrum)}; inverse temperature {self.inverse_temperature:g}>"

    @cached_property
    def log_populations(self) -> FloatArray:
        """Logarithms of the Gibbs populations, shape (d_E,)."""
        return frozen(gibbs_log_populations(self.spectrum.energies, self.inverse_temperature))

    @cached_property
    def lowering_operator(self) -> csr_array:
        """The operator that takes one quantum out of the environment, sparse, shape (d_E, d_E)."""
        return oscillator_lowering(self.spectrum.energies) if self.lowering is None else self.lowering

    @classmethod
    def ladder(cls, *, levels: int, spacing: float, inverse_temperature: float) -> Environment:
        """Equally spaced levels 0, spacing, 2 spacing, ...

        Raises:
            InvalidInput: If `levels` is not a positive whole number or the spacing is not finite.
        """
        _positive_count(levels, "levels", 50_000_000)
        return cls(
            energies=real_number(spacing, "spacing", InvalidSpectrum) * np.arange(levels),
            inverse_temperature=inverse_temperature,
        )

    @classmethod
    def spins(cls, *, count: int, splitting: float, inverse_temperature: float) -> Environment:
        """`count` equal two-level systems: 2^count states, level k with binomial degeneracy; state index in binary.

        Raises:
            InvalidInput: If `count` is not a positive whole number or exceeds 20.
        """
        _positive_count(count, "count", LARGEST_SPIN_COUNT)
        states = np.arange(2**count)
        excited = sum((states >> bit) & 1 for bit in range(count))
        flip = csr_array(np.array([[0.0, 1.0], [0.0, 0.0]]))
        lowering = csr_array((2**count, 2**count))
        for bit in range(count):
            lowering = lowering + kron(eye_array(2 ** (count - bit - 1)), kron(flip, eye_array(2**bit)), format="csr")
        return cls(
            energies=real_number(splitting, "splitting", InvalidSpectrum) * np.asarray(excited, dtype=float),
            inverse_temperature=inverse_temperature,
            lowering=csr_array(lowering),
        )


def oscillator_lowering(energies: FloatArray) -> csr_array:
    """Lowering operator sqrt(k) |k-1><k| over the energies in ascending order, sparse."""
    order = np.argsort(energies, kind="stable")
    size = energies.size
    ladder = diags_array(np.sqrt(np.arange(1.0, size)), offsets=1, shape=(size, size), format="csr")
    permute = csr_array((np.ones(size), (order, np.arange(size))), shape=(size, size))
    return csr_array(permute @ ladder @ permute.T)


def _positive_count(value: int, argument: str, largest: int) -> None:
    if whole_number(value, argument) < 1:
        raise InvalidInput(f"`{argument}` must be a positive whole number, but is {value}")
    if value > largest:
        raise TooLarge(f"`{argument}` must be at most {largest}, but is {value}", measured=float(value))
