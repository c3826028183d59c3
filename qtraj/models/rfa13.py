r"""The systems of [RFA13]: a three-level junction with a decohering bath, and a qubit that decoheres.

Mapping of the junction: levels 0, L, R in this order, :math:`E_0=0`, :math:`\langle L|H|R\rangle=V/2`. A bath x in
{L, R} with :math:`n_x=1/(e^{\beta_xE_x}-1)` has jumps :math:`\sqrt{2(1+n_x)}\,|0\rangle\langle x|` and
:math:`\sqrt{2n_x}\,|x\rangle\langle0|` (in print the two factors of the left bath are interchanged); dephasing has
jumps :math:`\sqrt{2\gamma}\,|j\rangle\langle j|`, j = L, R, which are their own partners and carry no entropy. The
jumps of a bath carry its local quantum :math:`E_x` and the entropy :math:`\beta_xE_x`; the heat current
:math:`tr[HL_b(\nu)]` contains the energy of the coherence that the bath destroys, too, so it is not :math:`E_x` times
the current of quanta.

Mapping of the qubit: basis :math:`|0\rangle,|1\rangle` of the decoherence,
:math:`\rho=\frac12(I+x\sigma_x+z\sigma_z)` with :math:`\sigma_z=|1\rangle\langle1|-|0\rangle\langle0|` and
:math:`\sigma_x=|1\rangle\langle0|+|0\rangle\langle1|` (misprinted with a minus sign);
:math:`H=E|E\rangle\langle E|`, :math:`|E\rangle=(|0\rangle+|1\rangle)/\sqrt2`.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from qtraj.errors import InvalidInput
from qtraj.models.parameters import check_finite, check_not_negative, check_positive
from qtraj.models.rfa13_closed_forms import decohering_qubit, junction_currents, transport_maximum
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.channels import Channel, dephasing_channels
from qtraj.quantum.parties import System
from qtraj.quantum.states import State

__all__ = ["dephased_junction", "dephased_junction_extras", "dephasing_qubit", "dephasing_qubit_extras"]

JUNCTION_BATHS = ("left", "right", "dephasing")

# Pure states are allowed, and x^2 + z^2 of one is 1 only up to a few roundings.
BLOCH_TOLERANCE = 1e-12


def dephased_junction(
    *,
    energy_left: float = 1.5,
    energy_right: float = 1.0,
    tunnelling: float = 0.2,
    beta_left: float = 0.5,
    beta_right: float = 2.0,
    dephasing: float = 0.2,
    duration: float = 20.0,
) -> JumpProcess:
    """A three-level junction between two baths, with dephasing as a third one ([RFA13] appendix E).

    Baths are called `left`, `right` and `dephasing`. The junction starts in the state that the two baths agree on
    without tunnelling, populations 1 : exp(-beta_L E_L) : exp(-beta_R E_R). The paper gives no numbers; the defaults
    have a current that dephasing can only lower.

    Args:
        energy_left: E_L, positive.
        energy_right: E_R, positive.
        tunnelling: V, twice the matrix element of the Hamiltonian between the two levels.
        beta_left: Inverse temperature of the left bath, positive.
        beta_right: Inverse temperature of the right bath, positive.
        dephasing: gamma, at least 0; the coherence decays at rate 2 gamma.
        duration: Time the process lasts, positive.

    Raises:
        InvalidInput: If a parameter is out of range.

    Example:
        >>> dephased_junction().baths
        ('left', 'right', 'dephasing')
    """
    check_positive(energy_left=energy_left, energy_right=energy_right, duration=duration)
    check_positive(beta_left=beta_left, beta_right=beta_right)
    check_finite(tunnelling=tunnelling)
    check_not_negative(dephasing=dephasing)
    hamiltonian = np.diag([0.0, energy_left, energy_right])
    hamiltonian[1, 2] = hamiltonian[2, 1] = tunnelling / 2
    weights = np.array([0.0, -beta_left * energy_left, -beta_right * energy_right])
    start = State(log_eigenvalues=weights - np.logaddexp.reduce(weights), vectors=np.eye(3, dtype=np.complex128))
    return JumpProcess(
        system=System(hamiltonian=hamiltonian, state=start),
        duration=duration,
        channels=(
            _relaxation("left", 1, energy_left, beta_left),
            _relaxation("right", 2, energy_right, beta_right),
            *dephasing_channels(3, dephasing, levels=(1, 2)),
        ),
    )


def dephasing_qubit(
    *, energy: float = 1.0, x: float = 0.6, z: float = 0.3, rate: float = 0.2, duration: float = 2.0
) -> JumpProcess:
    """A qubit that loses coherence in a basis that is not its energy basis, and heat with it ([RFA13] appendix C).

    The one bath is called `dephasing`. The paper gives no numbers.

    Args:
        energy: E, of the excited state; finite.
        x: Coherence at the start, between -1 and 1.
        z: Imbalance p_1 - p_0 of populations at the start, in the basis of the decoherence.
        rate: gamma, at least 0; the coherence decays at rate 2 gamma.
        duration: Time the process lasts, positive.

    Raises:
        InvalidInput: If a parameter is out of range, or the Bloch vector (x, z) is longer than 1.

    Example:
        >>> dephasing_qubit().system.state.matrix.real.round(12).tolist()
        [[0.35, 0.3], [0.3, 0.65]]
    """
    check_finite(energy=energy, x=x, z=z)
    check_not_negative(rate=rate)
    check_positive(duration=duration)
    length = math.hypot(x, z)
    if length > 1 + BLOCH_TOLERANCE:
        raise InvalidInput(f"`x` and `z` must have x^2 + z^2 <= 1, but have {length**2:.6g}", measured=length**2)
    scale = min(1.0, 1 / length) if length else 1.0
    x, z = x * scale, z * scale
    return JumpProcess(
        system=System(hamiltonian=np.full((2, 2), energy / 2), state=np.array([[1 - z, x], [x, 1 + z]]) / 2),
        duration=duration,
        channels=dephasing_channels(2, rate),
    )


def dephased_junction_extras(process: JumpProcess, **parameters: Any) -> dict[str, Any]:
    """The steady state's heat currents, entropy fluxes and entropy production by bath, from closed forms.

    Heat currents and entropy fluxes are positive *into the junction*; `entropy_production` and its three parts are
    rates, in nats per unit time. `best_dephasing` is where the current peaks, left out where it only falls.

    Args:
        process: What `dephased_junction` returned.
        parameters: All of its parameters.

    Example:
        >>> from qtraj.models.registry import find_model
        >>> own = find_model("dephased-junction").own_averages(dephased_junction())
        >>> round(own["entropy_production"], 9)
        0.001480966
    """
    values = {name: value for name, value in parameters.items() if name != "duration"}
    currents = junction_currents(**values)
    names = ("heat_current_from", "entropy_flux", "entropy_production")
    found = {f"{name}_{bath}": getattr(currents, f"{name}_{bath}") for name in names for bath in JUNCTION_BATHS}
    best = transport_maximum(**{name: values[name] for name in values if name not in ("tunnelling", "dephasing")})
    return {
        **found,
        "entropy_production": currents.entropy_production,
        "particle_current": currents.particle_current,
        **({} if best is None else {"best_dephasing": best}),
    }


def dephasing_qubit_extras(process: JumpProcess, **parameters: Any) -> dict[str, Any]:
    """Heat current, relative entropy to the decohered state, and its rate of decay, all at the start.

    `entropy_production_rate` is infinite for a pure start with coherence.

    Args:
        process: What `dephasing_qubit` returned.
        parameters: All of its parameters.

    Example:
        >>> from qtraj.models.registry import find_model
        >>> own = find_model("dephasing-qubit").own_averages(dephasing_qubit())
        >>> round(own["heat_current_from_dephasing"], 12)
        -0.12
    """
    values = {name: value for name, value in parameters.items() if name != "duration"}
    found = decohering_qubit(**values)
    return {
        "heat_current_from_dephasing": found.heat_current_from_dephasing,
        "relative_entropy": found.relative_entropy,
        "entropy_production_rate": found.entropy_production_rate,
    }


def _relaxation(bath: str, level: int, energy: float, beta: float) -> Channel:
    """Level -> 0 at rate 2 (1 + n), and back at 2 n."""
    operator = np.zeros((3, 3))
    operator[0, level] = 1.0
    # 1 + n = 1 / (1 - e^{-beta E}), without the overflow of n's own formula.
    rate = -2.0 / math.expm1(-beta * energy)
    return Channel(operator=operator, bath=bath, rate=rate, energy=energy, inverse_temperature=beta)
