r"""Heat through two coupled nodes, by the local or the global master equation [LK14].

Mapping: see `qtraj.models.lk14_network` for the network, rates and modes, `qtraj.models.lk14_closed_forms` for the
steady state in closed form and the misprint of Eq. (13), `qtraj.models.lk14_moments` for Eq. (8) and the covariance
matrix. Jumps of the local approach are quanta :math:`\omega_h` of the node at the hot bath and :math:`\omega_c` of the
other, Eqs. (6), (7); those of the global approach are quanta :math:`\omega_\pm` of the modes, Eqs. (11), (12).

A detector books the heat of a jump as that quantum. Entropy production booked in this way obeys the fluctuation theorem
and is positive on average in *both* approaches. What the local approach breaks is the second law for the heat of
Eq. (5), the change of the whole energy that a bath causes; docs/local_and_global.md shows how the two differ on a path.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray
from qtraj.errors import InvalidInput, UnknownName
from qtraj.models.lk14_closed_forms import steady_state
from qtraj.models.lk14_moments import MomentEquations, correlation_functions, thermal_moments
from qtraj.models.lk14_network import Approach, Bath, Medium, TwoNodeNetwork
from qtraj.models.lk14_oscillators import population_lost, smallest_cut
from qtraj.models.lk14_states import Nodes, gaussian_state, thermal_state
from qtraj.models.parameters import check_positive
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.channels import Channel
from qtraj.quantum.parties import System

__all__ = ["two_node_network", "two_node_network_extras"]

STARTS = ("thermal", "steady")


def two_node_network(
    *,
    approach: str = "local",
    medium: str = "two-level",
    frequency_hot: float = 10.0,
    frequency_cold: float = 5.0,
    temperature_hot: float = 12.0,
    temperature_cold: float = 10.0,
    coupling: float = 1.0,
    bath_strength: float = 1e-4,
    duration: float = 100.0,
    initial: str = "thermal",
    quanta: int | None = None,
) -> JumpProcess:
    r"""Heat from a hot to a cold bath through two coupled nodes ([LK14]).

    The numbers are those of Fig. 3; the relaxation times there are 10 (hot node) and 80 (cold node). Two-level nodes
    are commuting spins, whose law is that of fermions. Basis: quanta of the nodes, hot node first, by shells of equal
    total for oscillators. Baths are called `hot` and `cold`.

    Args:
        approach: "local" (jumps of each node) or "global" (jumps between eigenstates of the whole Hamiltonian).
        medium: "two-level" or "oscillator".
        frequency_hot: Frequency of the node at the hot bath, positive.
        frequency_cold: Frequency of the node at the cold bath, positive.
        temperature_hot: Temperature of the hot bath, positive.
        temperature_cold: Temperature of the cold bath, positive.
        coupling: epsilon, not negative; in the global approach below the geometric mean of the frequencies, and not 0
            on resonance.
        bath_strength: kappa of Eq. (15), positive.
        duration: Time the process lasts, positive.
        initial: "thermal" (each node in equilibrium with its bath, uncoupled) or "steady" (the steady state: in the
            global approach a mixture of energy eigenstates).
        quanta: Oscillators only: the largest total number of quanta; by default the smallest that loses at most 1 % of
            the population of start and steady state.

    Raises:
        InvalidInput: If a parameter is out of range, or the cut loses more than 1 % of the population.
        UnknownName: If there is no such approach, medium or start.

    Example:
        >>> process = two_node_network(coupling=0.1)
        >>> process.baths, round(process.channels[0].entropy, 4)
        (('hot', 'cold'), 0.8333)
    """
    network = TwoNodeNetwork(
        medium=medium,
        frequency_hot=frequency_hot,
        frequency_cold=frequency_cold,
        temperature_hot=temperature_hot,
        temperature_cold=temperature_cold,
        coupling=coupling,
        bath_strength=bath_strength,
    )
    check_positive(duration=duration)
    if initial not in STARTS:
        raise UnknownName("initial", str(initial), STARTS)
    nodes = _nodes(network, Approach.parse(approach), quanta)
    if initial == "steady":
        state = gaussian_state(network, MomentEquations.of(network, approach).steady_state(), nodes)
    else:
        state = thermal_state(network, nodes)
    channels = _local(network, nodes) if Approach.parse(approach) is Approach.LOCAL else _global(network, nodes)
    return JumpProcess(
        system=System(hamiltonian=nodes.hamiltonian(network), state=state), channels=channels, duration=duration
    )


def two_node_network_extras(process: JumpProcess, **parameters: Any) -> dict[str, Any]:
    """What only this model has to say, from closed forms: the steady state of the uncut network.

    `heat_current_from_hot` and `heat_current_from_cold` are those of Eq. (5), `clausius_rate` is Eq. (1) with them.
    `jump_heat_current_from_...` and `jump_entropy_rate` book the quanta that the detectors see instead. `caveats` says
    where the chosen master equation is out of its depth, with the numbers.

    Args:
        process: What `two_node_network` returned.
        parameters: All of its parameters.

    Example:
        >>> from qtraj.models.registry import find_model
        >>> own = find_model("two-node-network").own_averages(two_node_network())
        >>> round(own["heat_current_from_hot"] + own["heat_current_from_cold"], 12)
        0.0
    """
    approach, duration, quanta = parameters["approach"], parameters["duration"], parameters["quanta"]
    names = set(parameters) - {"approach", "duration", "quanta", "initial"}
    network = TwoNodeNetwork(**{name: parameters[name] for name in names})
    steady = steady_state(network, approach)
    values: dict[str, Any] = {
        "heat_current_from_hot": steady.heat_current_from_hot,
        "heat_current_from_cold": steady.heat_current_from_cold,
        "population_hot": steady.population_hot,
        "population_cold": steady.population_cold,
        "correlation_x": steady.correlation_x,
        "correlation_y": steady.correlation_y,
        "clausius_rate": steady.clausius_rate,
        "jump_entropy_rate": steady.jump_entropy_rate,
        "jump_heat_current_from_hot": steady.jump_heat_current_from_hot,
        "jump_heat_current_from_cold": steady.jump_heat_current_from_cold,
        "caveats": list(network.caveats(approach)),
    }
    if network.delta < 0:
        equations = MomentEquations.of(network, approach)
        states = _states_to_hold(network, equations, duration)
        kept = smallest_cut(states[:2], quanta)
        values["quadrature_correlations"] = correlation_functions(equations.steady_state())
        values["quanta"] = kept
        values["population_lost"] = max(population_lost(each, kept) for each in states)
    return values


def _states_to_hold(
    network: TwoNodeNetwork, equations: MomentEquations, duration: float
) -> list[ComplexArray | FloatArray]:
    start = thermal_moments(network)
    return [start, equations.steady_state(), equations.at(duration, start)]


def _nodes(network: TwoNodeNetwork, approach: Approach, quanta: int | None) -> Nodes:
    if network.medium is Medium.TWO_LEVEL:
        if quanta is not None:
            raise InvalidInput(f"`quanta` must be left out for two-level nodes, but is {quanta}")
        return Nodes.two_level("spin")
    equations = MomentEquations.of(network, approach)
    return Nodes.oscillators(smallest_cut([thermal_moments(network), equations.steady_state()], quanta))


def _local(network: TwoNodeNetwork, nodes: Nodes) -> tuple[Channel, ...]:
    return tuple(
        _channel(network, bath, operator, network.frequency(bath), weight=1.0)
        for bath, operator in ((Bath.HOT, nodes.hot), (Bath.COLD, nodes.cold))
    )


def _global(network: TwoNodeNetwork, nodes: Nodes) -> tuple[Channel, ...]:
    modes = network.modes
    return tuple(
        _channel(
            network,
            bath,
            nodes.mode_operator(network, bath, upper=upper),
            modes.upper if upper else modes.lower,
            weight=modes.weight(bath, upper=upper),
        )
        for bath in Bath
        for upper in (True, False)
    )


def _channel(network: TwoNodeNetwork, bath: Bath, operator: FloatArray, frequency: float, *, weight: float) -> Channel:
    return Channel(
        operator=operator.astype(np.complex128),
        bath=bath.value,
        rate=weight * network.downward_rate(bath, frequency),
        energy=frequency,
        inverse_temperature=1 / network.temperature(bath),
    )
