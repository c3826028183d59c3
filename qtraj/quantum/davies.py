r"""Davies generators: what a thermal bath does to a system through a coupling operator, in the weak-coupling limit.

Mapping: a coupling operator A is split into its parts at the Bohr frequencies of the system's Hamiltonian,
:math:`A(\omega) = \sum_{E'-E=\omega}\Pi_E A \Pi_{E'}`, which take :math:`\omega` out of the system. A bath of
inverse temperature :math:`\beta` makes the jumps :math:`\sqrt{\gamma(\omega)}A(\omega)` downwards and, by detailed
balance, :math:`\sqrt{\gamma(\omega)e^{-\beta\omega}}A(\omega)^\dagger` upwards ([Santos19], "Davies maps"; the *global*
approach of [LK14]). Where several transitions share a frequency the jump is *collective*: it acts on all of them at
once and keeps their superpositions, and the classical chain of energy eigenstates no longer tells the whole story.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from qtraj.errors import InvalidInput
from qtraj.quantum.channels import Channel
from qtraj.quantum.matrices import as_matrix, dagger
from qtraj.quantum.parties import System
from qtraj.quantum.spectrum import energies_of
from qtraj.quantum.states import State, check_inverse_temperature

__all__ = ["coupled_channels"]

# Elements of a coupling operator between energy eigenstates that vanish by symmetry come out as some 1e-16.
ELEMENT_CUT = 1e-13

# A coupling typed to a few digits is still typed symmetrically.
HERMITIAN_TOLERANCE = 1e-10


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
