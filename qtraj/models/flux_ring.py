r"""Three sites in a ring with a flux: the smallest junction without time-reversal symmetry.

Mapping: levels 0 (empty), 1, 2, 3 (the quantum sits on site j); :math:`H = \sum_j\omega_j|j\rangle\langle j| +
\sum_j(t e^{i\phi/3}|j+1\rangle\langle j| + h.c.)` around the ring. Every site has a bath of its own that takes the
quantum away, :math:`|0\rangle\langle j|`, and brings it back, with detailed balance in the site's local quantum.

A flux :math:`\phi` that is no multiple of :math:`\pi` cannot be gauged away. With baths at different temperatures the
Gallavotti-Cohen symmetry then holds against the opposite Hamiltonian (the opposite flux) only.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qtraj.errors import InvalidInput
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.channels import Channel
from qtraj.quantum.parties import System
from qtraj.quantum.states import State

__all__ = ["flux_ring"]


def flux_ring(
    *,
    flux: float = float(np.pi / 2),
    hopping: float = 0.6,
    frequencies: Sequence[float] = (1.0, 1.2, 0.8),
    betas: Sequence[float] = (0.3, 1.0, 2.0),
    rates: Sequence[float] = (1.0, 0.7, 1.3),
    duration: float = 3.0,
) -> JumpProcess:
    r"""A ring of three sites, each at a bath of its own (`site-1`, `site-2`, `site-3`), in the maximally mixed state.

    Args:
        flux: :math:`\phi` through the ring.
        hopping: t between neighbouring sites.
        frequencies: :math:`\omega_j` of the sites.
        betas: Inverse temperatures of their baths.
        rates: Rates at which the baths take the quantum away.
        duration: Time the process lasts, positive.

    Raises:
        InvalidInput: If not all three sites are given everything, or a number is out of range.

    Example:
        >>> from qtraj.density.gallavotti_cohen import gallavotti_cohen
        >>> found = gallavotti_cohen(flux_ring())
        >>> found.defect < 1e-12, found.naive_defect > 1e-3
        (True, True)
    """
    for name, values in (("frequencies", frequencies), ("betas", betas), ("rates", rates)):
        if len(values) != 3:
            raise InvalidInput(f"`{name}` must have 3 entries, but has {len(values)}", measured=float(len(values)))
    hamiltonian = np.diag([0.0, *frequencies]).astype(np.complex128)
    for site in range(3):
        here, there = site + 1, (site + 1) % 3 + 1
        hamiltonian[there, here] += hopping * np.exp(1j * flux / 3)
        hamiltonian[here, there] += hopping * np.exp(-1j * flux / 3)
    channels = []
    for site, (frequency, beta, rate) in enumerate(zip(frequencies, betas, rates, strict=True)):
        operator = np.zeros((4, 4))
        operator[0, site + 1] = 1.0
        channels.append(
            Channel(operator=operator, bath=f"site-{site + 1}", rate=rate, energy=frequency, inverse_temperature=beta)
        )
    start = State.gibbs(np.zeros(4), 0.0)
    return JumpProcess(system=System(hamiltonian=hamiltonian, state=start), channels=tuple(channels), duration=duration)
