r"""Stationary states of a generator: one, a whole set, or none that is reached.

Mapping ([RFA13] Eq. (1) and before): :math:`B(\rho) = \lim_{t\to\infty}e^{\mathcal{L}t}(\rho)` is the stationary state
that a state evolves to. With matrices R and L of right and left kernel vectors of the generator it is the projection
:math:`R(L^\dagger R)^{-1}L^\dagger`. Where undamped coherences keep oscillating the limit does not exist; the
projection then gives the average over time (Cesàro mean).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qtraj.arrays import ComplexArray, frozen
from qtraj.errors import InvalidInput, TooLarge
from qtraj.quantum.matrices import dagger

__all__ = ["LARGEST_STATIONARY_DIMENSION", "StationarySet", "stationary_state"]

# Singular vectors of the d^2 x d^2 generator: about five seconds at 32.
LARGEST_STATIONARY_DIMENSION = 32

# Singular values and eigenvalues that vanish in theory come out at a few eps times the largest. A process whose slowest
# rate is below 1e-13 of its fastest one cannot be told from one with a conserved quantity.
KERNEL_TOLERANCE = 1e-13

# Eigenvalues are less accurate than singular values where the generator is far from normal.
OSCILLATION_TOLERANCE = 1e-11


@dataclass(frozen=True, kw_only=True, eq=False)
class StationarySet:
    """The kernel of a generator.

    Attributes:
        generator: The generator, shape (d^2, d^2).
        right: Orthonormal right kernel vectors as columns, shape (d^2, k).
        left: Orthonormal left kernel vectors as columns, shape (d^2, k).
    """

    generator: ComplexArray
    right: ComplexArray
    left: ComplexArray

    @classmethod
    def of(cls, generator: ComplexArray, *, scale: float = 0.0) -> StationarySet:
        """The stationary set of a generator.

        Args:
            generator: Shape (d^2, d^2).
            scale: Size of the operators it was made of, if that may exceed its own: what they cancel to is no rate.

        Raises:
            TooLarge: If d exceeds 32.

        Example:
            Dephasing leaves all populations alone: a set of dimension d.

            >>> from qtraj.quantum.generators import dissipator
            >>> watched = [np.diag([1.0, 0.0]), np.diag([0.0, 1.0])]
            >>> found = StationarySet.of(dissipator(watched, 2))
            >>> found.count, found.reached_from(np.full((2, 2), 0.5)).real.round(12).tolist()
            (2, [[0.5, 0.0], [0.0, 0.5]])
        """
        size = round(np.sqrt(generator.shape[0]))
        if size > LARGEST_STATIONARY_DIMENSION:
            raise TooLarge(
                f"stationary states are found up to dimension {LARGEST_STATIONARY_DIMENSION}, but this is {size}",
                measured=float(size),
            )
        left, singular, right = np.linalg.svd(generator)
        # A generator keeps the trace, so its smallest singular value is zero whatever its rounding.
        kept = singular <= max(KERNEL_TOLERANCE * max(singular[0], scale), singular[-1])
        return cls(generator=generator, right=frozen(dagger(right)[:, kept]), left=frozen(left[:, kept]))

    @property
    def count(self) -> int:
        """Dimension of the stationary set; 1 for a unique stationary state."""
        return int(self.right.shape[1])

    @property
    def is_unique(self) -> bool:
        """Whether there is one stationary state only."""
        return self.count == 1

    def only(self, occasion: str) -> ComplexArray:
        """The one stationary state, shape (d, d).

        Args:
            occasion: Where only one will do, such as `here`, for the message.

        Raises:
            InvalidInput: If there are several: which one is reached then depends on the start.
        """
        if not self.is_unique:
            raise InvalidInput(
                f"the stationary state must be unique {occasion}, but there are {self.count} independent ones; which "
                "one is reached depends on the initial state",
                measured=float(self.count),
            )
        size = round(np.sqrt(self.generator.shape[0]))
        return self.reached_from(np.eye(size) / size)

    @cached_property
    def oscillates(self) -> bool:
        """Whether some coherences oscillate for ever, so that not every state has a limit."""
        values = np.linalg.eigvals(self.generator)
        scale = OSCILLATION_TOLERANCE * float(np.abs(values).max(initial=0.0))
        return bool((np.abs(values.real) <= scale)[np.abs(values.imag) > scale].any())

    @cached_property
    def projection(self) -> ComplexArray:
        r"""The superoperator :math:`R(L^\dagger R)^{-1}L^\dagger`, shape (d^2, d^2)."""
        overlap = dagger(self.left) @ self.right
        return frozen(self.right @ np.linalg.solve(overlap, dagger(self.left)))

    def reached_from(self, state: ComplexArray) -> ComplexArray:
        """The stationary state that `state` evolves to, or its average over time if it keeps oscillating.

        Args:
            state: Density matrix, shape (d, d).

        Returns:
            Density matrix, shape (d, d), Hermitian and of trace 1.
        """
        matrix = (self.projection @ np.asarray(state, dtype=np.complex128).ravel()).reshape(np.shape(state))
        hermitian = (matrix + dagger(matrix)) / 2
        unit: ComplexArray = hermitian / np.trace(hermitian).real
        return unit


def stationary_state(generator: ComplexArray) -> ComplexArray:
    """The one stationary state of a generator, shape (d, d).

    Raises:
        InvalidInput: If the stationary state is not unique: then it depends on the start (see `StationarySet`).
        TooLarge: If d exceeds 32.

    Example:
        >>> from qtraj.quantum.generators import dissipator
        >>> down, up = np.array([[0, 1.0], [0, 0]]), np.array([[0, 0], [0.5, 0]])
        >>> stationary_state(dissipator([down, up], 2)).real.diagonal().round(12).tolist()
        [0.8, 0.2]
    """
    return StationarySet.of(generator).only("here")
