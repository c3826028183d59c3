r"""Channels of jump processes: what one bath can do to a system, always in both directions.

Mapping (source for dephasing: [RFA13] Eq. (9); thermal baths are in `davies`): a channel is an operator L with the rate
:math:`\Gamma` of its forward jumps :math:`\sqrt{\Gamma}L` and the rate :math:`\tilde\Gamma` of its reverse jumps
:math:`\sqrt{\tilde\Gamma}L^\dagger`. A forward jump gives its bath the entropy :math:`s = \ln(\Gamma/\tilde\Gamma)`,
which is :math:`\beta q` for a heat quantum q into a bath of inverse temperature :math:`\beta` (local detailed balance);
a reverse jump takes it back. An operator that equals its own adjoint (up to a phase) is its own reverse and carries no
entropy: dephasing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from qtraj.arrays import ComplexArray, frozen
from qtraj.errors import InvalidInput
from qtraj.quantum.matrices import as_matrix, dagger
from qtraj.quantum.scalars import real_number, whole_number
from qtraj.quantum.states import check_inverse_temperature

__all__ = ["LARGEST_JUMP_ENTROPY", "Channel", "Jump", "checked_rate", "dephasing_channels", "is_level"]

# Rates are typed to a few digits; entropies in nats that agree to this are meant to be equal.
DETAILED_BALANCE_TOLERANCE = 1e-6

# Operators that are their own adjoint come out of products of matrices with an error of some 1e-15.
HERMITIAN_TOLERANCE = 1e-10

# e^700 = 1e304: beyond it the slower of the two rates is no normal double beside the faster one.
LARGEST_JUMP_ENTROPY = 700.0

# Squares and fourth powers of operators still are normal doubles.
LARGEST_ELEMENT = 1e50


@dataclass(frozen=True, kw_only=True, eq=False)
class Channel:
    r"""One way in which a bath acts on a system, with its reverse.

    Give either `reverse_rate`, or `energy` and `inverse_temperature` (then the reverse rate follows from local
    detailed balance), or all three if they agree. A Hermitian operator is its own reverse and takes neither.

    Args:
        operator: L, shape (d, d), in the basis the Hamiltonian is given in: nested lists, an array, a QuTiP Qobj or a
            SciPy sparse matrix.
        bath: Name of the bath; channels of one name share a bath.
        rate: :math:`\Gamma \ge 0`, rate of the forward jumps; 0 switches the channel off in both directions.
        reverse_rate: :math:`\tilde\Gamma`, rate of the reverse jumps :math:`L^\dagger`.
        energy: Heat *into the bath* per forward jump.
        inverse_temperature: beta of the bath, at least 0.

    Raises:
        InvalidInput: If the operator is not square or zero, a rate is negative or not finite, the reverse direction is
            missing (the fluctuation theorem is then undefined), or the rates violate local detailed balance.

    Example:
        >>> decay = Channel(operator=[[0, 1], [0, 0]], bath="cold", rate=1.0, energy=1.0, inverse_temperature=2.0)
        >>> round(decay.reverse_rate, 6), decay.entropy
        (0.135335, 2.0)
    """

    operator: Any
    bath: str
    rate: float
    reverse_rate: float | None = None
    energy: float | None = None
    inverse_temperature: float | None = None

    def __post_init__(self) -> None:
        """Check operator and rates, and complete what follows from the rest."""
        # SciPy's sparse matrices know `toarray`; NumPy arrays and QuTiP objects do not.
        dense = self.operator.toarray() if hasattr(self.operator, "toarray") else self.operator
        matrix = as_matrix(dense, "operator")
        if not matrix.any():
            raise InvalidInput("`operator` must not be zero, but every entry is")
        largest = float(np.abs(matrix).max())
        if not 1 / LARGEST_ELEMENT <= largest <= LARGEST_ELEMENT:
            raise InvalidInput(
                f"`operator` must have a largest element from {1 / LARGEST_ELEMENT:.0e} to {LARGEST_ELEMENT:.0e} "
                f"(sizes belong into the rate), but has {largest:.3g}",
                measured=largest,
            )
        object.__setattr__(self, "operator", frozen(matrix))
        if not isinstance(self.bath, str) or not self.bath:
            raise InvalidInput(f"`bath` must be a name, but is {self.bath!r}")
        object.__setattr__(self, "rate", checked_rate(self.rate, "rate"))
        if self.reverse_rate is not None:
            object.__setattr__(self, "reverse_rate", checked_rate(self.reverse_rate, "reverse_rate"))
        if self.energy is not None:
            object.__setattr__(self, "energy", real_number(self.energy, "energy"))
        if self.inverse_temperature is not None:
            object.__setattr__(self, "inverse_temperature", check_inverse_temperature(self.inverse_temperature))
        if self.is_hermitian:
            self._check_hermitian()
        elif self.rate > 0 or self.reverse_rate:
            self._complete_pair()
        if abs(self.entropy) > LARGEST_JUMP_ENTROPY:
            raise InvalidInput(
                f"the two rates of a channel must not differ by more than a factor e^{LARGEST_JUMP_ENTROPY:g}, but a "
                f"jump of bath {self.bath!r} carries {self.entropy:.6g} nats",
                measured=abs(self.entropy),
            )

    @cached_property
    def is_hermitian(self) -> bool:
        """Whether the operator equals its adjoint up to a phase, so that it is its own reverse."""
        matrix: ComplexArray = self.operator
        phase = np.vdot(dagger(matrix), matrix) / np.vdot(matrix, matrix)
        defect = float(np.abs(dagger(matrix) - np.conj(phase) * matrix).max())
        return defect <= HERMITIAN_TOLERANCE * float(np.abs(matrix).max())

    @property
    def entropy(self) -> float:
        r"""Entropy into the bath per forward jump, :math:`s = \ln(\Gamma/\tilde\Gamma)`, in nats."""
        if self.is_hermitian or self.rate == 0:
            return 0.0
        if self.energy is not None and self.inverse_temperature is not None:
            return self.inverse_temperature * self.energy
        assert self.reverse_rate is not None
        return float(np.log(self.rate) - np.log(self.reverse_rate))

    @property
    def dimension(self) -> int:
        """Dimension d of the system."""
        return int(self.operator.shape[0])

    def _check_hermitian(self) -> None:
        """A Hermitian operator is its own reverse: anything that says otherwise is a mistake."""
        if self.reverse_rate is not None:
            raise InvalidInput(
                f"a Hermitian `operator` is its own reverse and must have no `reverse_rate`, but bath {self.bath!r} "
                f"has {self.reverse_rate:.6g}",
                measured=self.reverse_rate,
            )
        if self.energy:
            raise InvalidInput(
                f"a Hermitian `operator` is its own reverse and must have `energy` 0, but bath {self.bath!r} has "
                f"{self.energy:.6g}",
                measured=self.energy,
            )

    def _complete_pair(self) -> None:
        """Both rates, the energy if it follows, and local detailed balance."""
        energy, beta, reverse = self.energy, self.inverse_temperature, self.reverse_rate
        if reverse is None and (energy is None or beta is None):
            raise InvalidInput(
                "a channel with a non-Hermitian `operator` must have a reverse: give `reverse_rate`, or `energy` and "
                f"`inverse_temperature`; but bath {self.bath!r} (rate {self.rate:.6g}) has none, and without it the "
                "fluctuation theorem is undefined"
            )
        if reverse is not None and (reverse == 0) != (self.rate == 0):
            raise InvalidInput(
                f"`rate` and `reverse_rate` must both be positive or both 0, but bath {self.bath!r} has "
                f"{self.rate:.6g} and {reverse:.6g}; with one of them 0 the fluctuation theorem is undefined",
                measured=min(self.rate, reverse),
            )
        if reverse is not None:
            ratio = float(np.log(self.rate) - np.log(reverse))
            if energy is not None and beta is not None:
                defect = abs(ratio - beta * energy)
                if defect > DETAILED_BALANCE_TOLERANCE * max(1.0, abs(ratio)):
                    raise InvalidInput(
                        "`rate` and `reverse_rate` must obey local detailed balance ln(rate/reverse_rate) = "
                        f"inverse_temperature * energy, but bath {self.bath!r} has {ratio:.9g} and "
                        f"{beta * energy:.9g}, off by {defect:.3g}",
                        measured=defect,
                    )
            elif energy is None and beta:
                object.__setattr__(self, "energy", ratio / beta)
        if self.energy is not None and beta is not None:
            # The given rates may be rounded; the pair that is used obeys detailed balance exactly.
            with np.errstate(over="ignore", under="ignore"):
                object.__setattr__(self, "reverse_rate", float(self.rate * np.exp(-beta * self.energy)))


@dataclass(frozen=True, kw_only=True, eq=False)
class Jump:
    r"""One direction of a channel, ready for use.

    Attributes:
        operator: :math:`\sqrt{\Gamma}L` in the energy eigenbasis, shape (d, d), read-only.
        bath: Name of its bath.
        entropy: Entropy into the bath, nats.
        heat: Heat into the bath; None where neither the channel says it nor the operator fixes it.
        partner: Index of the reverse jump among the process's jumps (its own for a Hermitian operator).
    """

    operator: ComplexArray
    bath: str
    entropy: float
    heat: float | None
    partner: int


def dephasing_channels(
    dimension: int, rate: float, *, levels: Iterable[int] | None = None, bath: str = "dephasing"
) -> tuple[Channel, ...]:
    r"""Dephasing in the basis the Hamiltonian is given in: jumps :math:`\sqrt{2\gamma}|j\rangle\langle j|`.

    Source: [RFA13] Eq. (9), :math:`L_d(\rho) = \gamma\sum_j(2|j\rangle\langle j|\rho|j\rangle\langle j| -
    |j\rangle\langle j|\rho - \rho|j\rangle\langle j|)`. The jumps carry no entropy; heat they exchange only where they
    do not commute with the Hamiltonian, and no single jump has a definite heat then.

    Args:
        dimension: d.
        rate: gamma, not negative.
        levels: Which basis states are watched; all by default.
        bath: Name of the dephasing bath.

    Returns:
        One Hermitian channel per watched state.

    Raises:
        InvalidInput: If the rate is negative or a level does not exist.

    Example:
        >>> [channel.entropy for channel in dephasing_channels(2, 0.1)]
        [0.0, 0.0]
    """
    strength = 2 * checked_rate(rate, "rate")
    dimension = whole_number(dimension, "dimension", least=1)
    if levels is not None and not isinstance(levels, Iterable):
        raise InvalidInput(f"`levels` must be a list of levels, but is {levels!r:.80}")
    channels = []
    for level in range(dimension) if levels is None else levels:
        if not is_level(level, dimension):
            raise InvalidInput(f"`levels` must be from 0 to {dimension - 1}, but one is {level!r}")
        operator = np.zeros((dimension, dimension), dtype=np.complex128)
        operator[int(level), int(level)] = 1.0
        channels.append(Channel(operator=operator, bath=bath, rate=strength))
    return tuple(channels)


def checked_rate(value: float, argument: str) -> float:
    """Return `value` as a rate, or raise InvalidInput with the number.

    Example:
        >>> checked_rate(-0.1, "rate")
        Traceback (most recent call last):
            ...
        qtraj.errors.InvalidInput: `rate` must be finite and not negative, but is -0.1
    """
    rate = real_number(value, argument)
    if rate < 0:
        raise InvalidInput(f"`{argument}` must be finite and not negative, but is {rate:.6g}", measured=rate)
    return rate


def is_level(value: object, size: int) -> bool:
    """Whether a value is the index of a level.

    Example:
        >>> is_level(1.0, 2), is_level(0.5, 2), is_level(2, 2)
        (True, False, False)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    return bool(np.isfinite(value) and value == int(value) and 0 <= value < size)
