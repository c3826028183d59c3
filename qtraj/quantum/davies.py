r"""Davies generators: what a thermal bath does to a system, in the weak-coupling limit.

Mapping ([Santos19] Eqs. (4), (5)): between two levels j and i a bath of inverse temperature :math:`\beta` makes jumps
at the rates :math:`W(i|j)` and :math:`W(j|i) = W(i|j)e^{\beta(E_i-E_j)}`. Which jumps there are follows from how the
system couples to it: a coupling operator A is split into its parts at the Bohr frequencies of the system's Hamiltonian,
:math:`A(\omega) = \sum_{E'-E=\omega}\Pi_E A \Pi_{E'}`, which take :math:`\omega` out of the system. The bath makes the
jumps :math:`\sqrt{\gamma(\omega)}A(\omega)` downwards and, by detailed balance,
:math:`\sqrt{\gamma(\omega)e^{-\beta\omega}}A(\omega)^\dagger` upwards (the *global* approach of [LK14]). Where several
transitions share a frequency the jump is *collective*: it acts on all of them at once and keeps their superpositions,
and the classical chain of energy eigenstates no longer tells the whole story.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qtraj.errors import InvalidInput
from qtraj.quantum.channels import LARGEST_JUMP_ENTROPY, Channel, checked_rate, is_level
from qtraj.quantum.matrices import as_matrix, dagger
from qtraj.quantum.parties import System
from qtraj.quantum.spectrum import Spectrum, energies_of
from qtraj.quantum.states import State, check_inverse_temperature

__all__ = ["coupled_channels", "davies_channels"]

# Elements of a coupling operator between energy eigenstates that vanish by symmetry come out as some 1e-16.
ELEMENT_CUT = 1e-13

# A coupling typed to a few digits is still typed symmetrically.
HERMITIAN_TOLERANCE = 1e-10


def davies_channels(
    energies: ArrayLike | Spectrum, inverse_temperature: float, rates: Iterable[Sequence[float]], *, bath: str = "bath"
) -> tuple[Channel, ...]:
    r"""Channels between pairs of energy eigenstates at one temperature.

    Every entry (i, j, g) gives jumps :math:`j\to i` at the rate :math:`W(i|j) = g\,e^{-\beta(E_i-E_j)/2}` and their
    reverse ([Santos19] Eq. (4); the prose after Eq. (3) there reverses the direction of W). The heat into the bath is
    :math:`E_j - E_i`. Each pair jumps on its own: where Bohr frequencies coincide, a bath that couples to all of them
    at once needs the collective jumps of `coupled_channels`.

    Args:
        energies: Energies of the system, shape (d,); the operators are in their eigenbasis, in this order.
        inverse_temperature: beta of the bath, at least 0.
        rates: Entries (i, j, g), indices from 0, i and j different, g not negative.
        bath: Name of the bath.

    Returns:
        One channel per entry.

    Raises:
        InvalidInput: If an entry is no such triple.

    Example:
        >>> (channel,) = davies_channels([0.0, 1.0], 2.0, [[0, 1, 0.5]])
        >>> round(channel.rate, 6), channel.energy, channel.entropy
        (1.359141, 1.0, 2.0)
    """
    named: set[frozenset[int]] = set()
    levels = (energies if isinstance(energies, Spectrum) else Spectrum(energies=energies)).energies  # type: ignore[arg-type]
    beta = check_inverse_temperature(inverse_temperature)
    size = levels.size
    channels = []
    if not isinstance(rates, Iterable):
        raise InvalidInput(f"`rates` must be a list of entries (i, j, g), but is {rates!r:.80}")
    for entry in rates:
        if not hasattr(entry, "__len__") or len(entry) != 3:
            raise InvalidInput(f"`rates` must hold entries (i, j, g), but one is {entry!r}")
        i, j, strength = entry
        if not all(is_level(k, size) for k in (i, j)) or i == j:
            raise InvalidInput(
                f"`rates` must name two different levels from 0 to {size - 1}, but one entry names {i!r} and {j!r}"
            )
        to, start = int(i), int(j)
        if frozenset((to, start)) in named:
            raise InvalidInput(
                f"`rates` must name every pair of levels once (an entry makes both directions), but names {to} and "
                f"{start} twice"
            )
        named.add(frozenset((to, start)))
        strength = checked_rate(strength, "rates")
        operator = np.zeros((size, size), dtype=np.complex128)
        operator[to, start] = 1.0
        heat = float(levels[start] - levels[to])
        if abs(beta * heat) > LARGEST_JUMP_ENTROPY:
            raise InvalidInput(
                f"`inverse_temperature` times an energy gap must stay below {LARGEST_JUMP_ENTROPY:g} nats, but levels "
                f"{to} and {start} give {abs(beta * heat):.6g}",
                measured=abs(beta * heat),
            )
        channels.append(
            Channel(
                operator=operator,
                bath=bath,
                rate=strength * float(np.exp(beta * heat / 2)),
                energy=heat,
                inverse_temperature=beta,
            )
        )
    return tuple(channels)


def coupled_channels(
    coupling: Any,
    *,
    energies: ArrayLike | None = None,
    hamiltonian: Any = None,
    inverse_temperature: float,
    rate: Callable[[float], float],
    dephasing_rate: float = 0.0,
    bath: str = "bath",
    level_tolerance: float | None = None,
) -> tuple[Channel, ...]:
    r"""Channels of the Davies generator of one coupling operator at one bath.

    Args:
        coupling: A, Hermitian, shape (d, d), in the basis the Hamiltonian is given in.
        energies: Energies of a Hamiltonian that is diagonal in the basis used, shape (d,).
        hamiltonian: Instead of energies, the Hamiltonian's matrix.
        inverse_temperature: beta of the bath, at least 0.
        rate: Downward rate :math:`\gamma(\omega)` of a Bohr frequency :math:`\omega > 0`.
        dephasing_rate: :math:`\gamma(0)`, rate of the part of A that commutes with H.
        bath: Name of the bath.
        level_tolerance: Gap up to which neighbouring energies are one level; Bohr frequencies are grouped accordingly.

    Returns:
        One channel per positive Bohr frequency at which A has a part, ascending, and one for frequency zero where
        `dephasing_rate` is positive.

    Raises:
        InvalidInput: If A is not Hermitian, or a rate is negative or not finite.

    Example:
        An equally spaced qutrit: both transitions share one collective jump.

        >>> position = [[0, 1, 0], [1, 0, 1], [0, 1, 0]]
        >>> channels = coupled_channels(
        ...     position, energies=[0.0, 1.0, 2.0], inverse_temperature=1.0, rate=lambda frequency: 0.1
        ... )
        >>> [(channel.energy, int(np.count_nonzero(channel.operator))) for channel in channels]
        [(1.0, 2)]
    """
    beta = check_inverse_temperature(inverse_temperature)
    if not callable(rate):
        raise InvalidInput(f"`rate` must be a function of the Bohr frequency, but is {rate!r:.80}")
    given = as_matrix(coupling, "coupling")
    size = given.shape[0]
    if energies is not None:
        size = energies_of(energies).size
    elif hamiltonian is not None:
        size = as_matrix(hamiltonian, "hamiltonian").shape[0]
    given = as_matrix(given, "coupling", (size, size))
    flat = State.gibbs(np.zeros(size), 0.0)
    system = System(energies=energies, hamiltonian=hamiltonian, state=flat, level_tolerance=level_tolerance)
    basis, spectrum = system.basis, system.spectrum
    skew = float(np.abs(given - dagger(given)).max())
    if skew > HERMITIAN_TOLERANCE * max(float(np.abs(given).max()), np.finfo(float).tiny):
        raise InvalidInput(f"`coupling` must be Hermitian, but differs from its adjoint by {skew:.3g}", measured=skew)
    own = dagger(basis) @ given @ basis
    own = np.where(np.abs(own) > ELEMENT_CUT * float(np.abs(own).max()), own, 0)
    # Row m, column n takes the energy E_n - E_m out of the system.
    frequencies, index = spectrum.bohr_frequencies()
    channels = []
    for k, frequency in enumerate(frequencies):
        part = np.where(k == index.T, own, 0)
        if frequency < 0 or not part.any():
            continue
        operator = basis @ part @ dagger(basis)
        if frequency == 0:
            if dephasing_rate:
                hermitian = (operator + dagger(operator)) / 2
                channels.append(
                    Channel(operator=hermitian, bath=bath, rate=dephasing_rate, energy=0.0, inverse_temperature=beta)
                )
            continue
        channels.append(
            Channel(
                operator=operator,
                bath=bath,
                rate=rate(float(frequency)),
                energy=float(frequency),
                inverse_temperature=beta,
            )
        )
    return tuple(channels)
