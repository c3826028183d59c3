r"""A system under a Davies map, the continuous-time half of [Santos19].

Mapping: energies :math:`E_n`, one bath at :math:`\beta`, transition rates
:math:`W(m|n)=g_{mn}e^{-\beta(E_m-E_n)/2}` from n to m with symmetric :math:`g_{mn}`, so that detailed balance, Eq. (4),
holds. Populations follow the Pauli master equation (3); each coherence decays by itself where Bohr frequencies are not
degenerate. (In print Eq. (5) makes it grow: the sign of its second term is wrong.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from qtraj.arrays import FloatArray
from qtraj.errors import InvalidInput
from qtraj.models.parameters import check_not_negative, check_positive
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.davies import davies_channels
from qtraj.quantum.entropies import coherence
from qtraj.quantum.parties import System
from qtraj.quantum.spectrum import energies_of
from qtraj.quantum.states import State

__all__ = ["StartingState", "davies_qutrit", "davies_qutrit_extras"]

StartingState: TypeAlias = State | ArrayLike | Callable[[System], State]
"""A state, its density matrix, or a rule that makes one for a system whose own state is of no account."""


def davies_qutrit(
    *,
    energies: Sequence[float] = (0.0, 1.0, 2.5),
    beta: float = 0.8,
    rates: Sequence[Sequence[float]] = ((0, 1, 0.3), (1, 2, 0.2), (0, 2, 0.1)),
    duration: float = 2.0,
    state: StartingState | None = None,
) -> JumpProcess:
    r"""A system with unequal level distances that relaxes in one bath and loses its coherence ([Santos19]).

    The bath is called `environment`. Any number of levels will do; three are the default, because two have no
    competing transitions. The paper gives no numbers.

    Args:
        energies: Of the levels, in any order, no two transitions with the same Bohr frequency.
        beta: Inverse temperature, at least 0.
        rates: Triples (m, n, g): g > 0 is the rate of both directions at beta = 0, indices from 0.
        duration: Time the process lasts, positive.
        state: The start; by default 0.6 |phi><phi| + diag(.25, .1, .05) with
            phi = (sqrt .5, sqrt .3, sqrt .2), which needs three levels.

    Raises:
        InvalidInput: If a parameter is out of range.

    Example:
        >>> process = davies_qutrit(duration=0.5)
        >>> process.baths, len(process.jumps)
        (('environment',), 6)
    """
    check_positive(duration=duration)
    check_not_negative(beta=beta)
    levels = energies_of(energies)
    bare = System(energies=levels, state=State.gibbs(levels, beta))
    if state is None:
        if levels.size != 3:
            raise InvalidInput(
                f"`state` must be given unless there are 3 levels, but there are {levels.size}", measured=levels.size
            )
        state = default_start()
    given = state(bare) if callable(state) else state
    return JumpProcess(
        system=System(energies=levels, state=given),
        channels=davies_channels(levels, beta, rates, bath="environment"),
        duration=duration,
    )


def default_start() -> FloatArray:
    """The default start, 0.6 |phi><phi| + diag(.25, .1, .05): full rank, with coherence between all three levels."""
    phi = np.sqrt([0.5, 0.3, 0.2])
    return 0.6 * np.outer(phi, phi) + np.diag([0.25, 0.1, 0.05])


def davies_qutrit_extras(process: JumpProcess, **_: Any) -> dict[str, Any]:
    """Coherences at both ends and the probability that there is no jump at all.

    Args:
        process: What `davies_qutrit` returned.

    Example:
        >>> from qtraj.models.registry import find_model
        >>> sorted(find_model("davies-qutrit").own_averages(davies_qutrit()))
        ['final_coherence', 'initial_coherence', 'probability_no_jump']
    """
    spectrum = process.system.spectrum
    before, after = process.system.energy_state, process.final_energy_state
    populations = np.diag(before.matrix).real
    exits = np.zeros(spectrum.dimension)
    for jump in process.jumps:
        exits += np.sum(np.abs(jump.operator) ** 2, axis=0)
    return {
        "initial_coherence": coherence(before, spectrum),
        "final_coherence": coherence(after, spectrum),
        "probability_no_jump": float(populations @ np.exp(-exits * process.duration)),
    }
