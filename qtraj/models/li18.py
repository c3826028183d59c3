r"""The collision model of [Li18]: two qubits between two streams of coherent units.

Mapping: :math:`H = \omega\sigma_z/2` for each of the four qubits, with :math:`|0\rangle` *excited* and
:math:`|1\rangle` the ground state, as in the paper; :math:`V = \cos\delta + i\sin\delta\,SWAP` between the two system
qubits A and B (Eq. (5)), then :math:`U = \cos\gamma + i\sin\gamma\,SWAP` between A and a hot unit and between B and a
cold one (Eq. (3)). Units are in the state :math:`\rho_\beta + p(|\psi\rangle\langle\psi| - diag)` with
:math:`|\psi\rangle = (e^{-\beta\omega/4}|0\rangle + e^{i\phi}e^{\beta\omega/4}|1\rangle)/\sqrt Z` (Eqs. (12), (13)).

Eq. (3) as derived from Eq. (1) would have minus signs; both signs plus reproduce the paper's numbers. Turning both
around is the same as :math:`\phi\to-\phi`, turning one around is another model.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from qtraj.density.collision_model import collision_model_averages
from qtraj.errors import InvalidInput, TooLarge
from qtraj.models.li18_units import check_coherence, check_temperature, coherent_unit
from qtraj.models.parameters import check_finite, check_positive
from qtraj.processes.collision_model import LARGEST_REPEAT, CollisionModel
from qtraj.processes.collision_steps import CollisionStep, InternalStep
from qtraj.quantum.composite import CompositeSystem, Reservoir
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary

__all__ = ["coherent_collision", "coherent_collision_extras"]

SWAP = np.eye(4)[[0, 2, 1, 3]]


def coherent_collision(
    *,
    interaction_angle: float = math.pi / 32,
    exchange_angle: float = math.pi / 4,
    coherence: float = 0.8,
    phase_difference: float = 0.0,
    temperature_hot: float = 2.0,
    temperature_cold: float = 1.0,
    frequency: float = 1.0,
    collisions: int = 20,
    initial: Any = "ground",
    initial_temperature: float = 1.0,
    measure: str = "eigenbasis",
) -> CollisionModel:
    """Heat between two reservoirs whose units carry coherence ([Li18]).

    Subsystems are called `A` and `B`, reservoirs `hot` and `cold`. The defaults are those of the paper's Fig. 2, which
    shows more collisions. In the steady state only the difference of the two phases counts; from a start that is not
    symmetric under rotations about z, transients depend on both, and this model puts the whole difference on the hot
    side.

    Args:
        interaction_angle: gamma, of the collisions with units.
        exchange_angle: delta, of the collision between A and B.
        coherence: p in [0, 1), for both reservoirs; 0 for thermal units.
        phase_difference: phi_hot - phi_cold.
        temperature_hot: (Effective) temperature of the hot reservoir, positive.
        temperature_cold: (Effective) temperature of the cold reservoir, positive.
        frequency: Level splitting omega of all qubits, positive.
        collisions: Number K of rounds, each with one hot and one cold unit, 1 to 10^6.
        initial: `ground`, `thermal`, or a density matrix in the basis |00>, |01>, |10>, |11> with 0 excited; in files a
            table with `real` and `imag`.
        initial_temperature: Temperature of the `thermal` start, positive.
        measure: `eigenbasis` or `energy`: in which basis units are measured. In the energy basis their coherence is
            gone, which makes another process of it, with another mean.

    Raises:
        InvalidInput: If a parameter is out of range.
        UnknownName: If there is no such measurement.

    Example:
        >>> process = coherent_collision(collisions=3)
        >>> process.final_state.real.diagonal().round(4).tolist()
        [0.0003, 0.0168, 0.0166, 0.9663]
    """
    check_finite(interaction_angle=interaction_angle, exchange_angle=exchange_angle, phase_difference=phase_difference)
    check_positive(frequency=frequency)
    check_coherence(coherence)
    _check_collisions(collisions)
    temperatures = {"hot": temperature_hot, "cold": temperature_cold}
    for name, temperature in temperatures.items():
        check_temperature(f"temperature_{name}", temperature, frequency)

    levels = np.array([frequency / 2, -frequency / 2])
    composite = CompositeSystem(
        subsystems={"A": levels, "B": levels}, state=_initial(initial, initial_temperature, frequency)
    )
    reservoirs = {
        name: Reservoir(
            energies=levels,
            inverse_temperature=1 / temperatures[name],
            state=None
            if coherence == 0
            else coherent_unit(frequency=frequency, temperature=temperatures[name], coherence=coherence, phase=phase),
            measure=measure,
        )
        for name, phase in (("hot", phase_difference), ("cold", 0.0))
    }
    exchange = InternalStep(
        on=["A", "B"], unitary=math.cos(exchange_angle) * np.eye(4) + 1j * math.sin(exchange_angle) * SWAP
    )
    # `partial_swap` is cos - i sin SWAP, so the paper's sign takes a negative angle.
    collide = [
        CollisionStep(
            reservoir=name,
            on=[part],
            unitary=EnergyConservingUnitary.partial_swap(
                composite.part([part]), reservoirs[name].environment, angle=-interaction_angle
            ),
        )
        for part, name in (("A", "hot"), ("B", "cold"))
    ]
    return CollisionModel(
        composite=composite, reservoirs=reservoirs, steps=[exchange, *collide], repeat=int(collisions)
    )


def coherent_collision_extras(process: CollisionModel, **parameters: Any) -> dict[str, Any]:
    """Heat into either reservoir, collision by collision and in the steady state, under the paper's names.

    Heat is positive into the reservoir: the paper's J_h is negative while heat leaves the hot one.

    Args:
        process: What `coherent_collision` returned.
        parameters: All of its parameters.

    Example:
        >>> from qtraj.models.registry import find_model
        >>> model = find_model("coherent-collision")
        >>> sorted(model.own_averages(model.build(collisions=2)))
        ['heat_into_cold', 'heat_into_hot', 'steady_heat_into_cold', 'steady_heat_into_hot']
    """
    values = collision_model_averages(process)
    steady = values.steady_heat_into or {}
    return {
        **{f"heat_into_{name}": heat.tolist() for name, heat in values.heat_into.items()},
        **{f"steady_heat_into_{name}": steady.get(name) for name in values.heat_into},
    }


def _initial(initial: Any, temperature: float, frequency: float) -> State:
    """The joint state of A and B at the start."""
    if isinstance(initial, State):
        state = initial
    elif not isinstance(initial, str):
        state = State.from_matrix(_matrix(initial))
    elif initial == "ground":
        state = State.pure([0, 0, 0, 1])
    elif initial == "thermal":
        check_temperature("initial_temperature", temperature, frequency)
        state = State.gibbs([frequency, 0.0, 0.0, -frequency], 1 / temperature)
    else:
        raise InvalidInput(f"`initial` must be 'ground', 'thermal' or a density matrix, but is {initial!r:.40}")
    if state.dimension != 4:
        raise InvalidInput(
            f"`initial` must be a state of two qubits, of dimension 4, but has dimension {state.dimension}",
            measured=state.dimension,
        )
    return state


def _matrix(initial: Any) -> Any:
    """A matrix as it stands in a file, {"real", "imag"}, as an array; anything else as it is."""
    if not isinstance(initial, dict):
        return initial
    known = {"kind", "real", "imag"}
    if initial.get("kind", "matrix") != "matrix" or "real" not in initial or not set(initial) <= known:
        raise InvalidInput(
            "`initial` must be a matrix as { real = [[..]], imag = [[..]] }, but is a table of "
            f"{', '.join(str(key) for key in initial) or 'nothing'}"
        )
    try:
        real = np.array(initial["real"], dtype=np.float64)
        return real + 1j * np.array(initial.get("imag", np.zeros_like(real)), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInput("`initial` must have `real` and `imag` of one shape, all numbers, but has not") from error


def _check_collisions(collisions: int) -> None:
    if isinstance(collisions, bool) or not isinstance(collisions, int | np.integer) or collisions < 1:
        raise InvalidInput(f"`collisions` must be a whole number from 1 on, but is {collisions!r}")
    if collisions > LARGEST_REPEAT:
        raise TooLarge(
            f"`collisions` must be at most {LARGEST_REPEAT:,}, but is {collisions:,}", measured=float(collisions)
        )
