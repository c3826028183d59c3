"""Which numbers of a table are nothing but rounding.

A number is hidden only where it is rounding for certain: far below all that it can be a difference of. What that is
follows from the process and never from the number's neighbours: beside an average of exp(-2 sigma) of 1e12 a mean of 7
is no rounding, and neither is a heat beside free energies of 1e12. A heat is a difference of mean energies, an entropy
production one of entropies, a current one of flows in both directions, each of the reservoir that it is about; in a
cold reservoir all of these are small, and so is what can be seen. When in doubt a number is shown: rounding that is
shown misleads nobody who reads its exponent, a number that is not there does.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from qtraj.arrays import FloatArray
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.correlated_operation import CorrelatedOperation
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import Process
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.composite import Reservoir
from qtraj.quantum.parties import Environment, System

__all__ = ["Rounding", "Units"]

ACCURACY: Final = 1e-14
"""What is smaller than this part of all that it is a difference of is rounding."""

_ENERGIES: Final = (
    *("heat", "steady_heat", "energy", "work", "switching_work", "commutator_norm", "initial_free", "final_free"),
    *("jump_heat", "noise_power", "mean_heat", "mean_work", "variance_heat", "variance_work", "third_cumulant_heat"),
)
_RATES: Final = ("heat_current", "entropy_flux", "noise_power", "jump_heat_current", "particle_current")

_NO_DIFFERENCES: Final = (
    *("probability_", "absolute_", "exp_minus", "normalisation", "second_eigenvalue_modulus", "initial_free"),
    *("final_free", "paths", "classes", "mean_jumps", "steady_states"),
)
"""Probabilities, averages of exponentials, free energies and counts are accurate relative to themselves."""

_POWERS: Final = {"variance_": 2, "third_cumulant_": 3}
"""Of what power of a unit a cumulant is."""


@dataclass(frozen=True, kw_only=True)
class Units:
    """What the numbers of a process are differences of; 0 where that is not known, and nothing is rounding.

    Attributes:
        energy: Mean energy at the start of all that takes part, counted from zero and without signs.
        entropy: Its entropy in the energy basis, nats.
        power: Energy that jumps carry per unit time in either direction: the slower one's rate, times an energy.
        rate: The rate of these jumps.
        parts: The same of the `system`, and of every reservoir by name.
    """

    energy: float = 0.0
    entropy: float = 1.0
    power: float = 0.0
    rate: float = 0.0
    parts: Mapping[str, Units] = field(default_factory=dict)

    @classmethod
    def of(cls, process: Process) -> Units:
        """The units of a process.

        Example:
            >>> from qtraj.models import build_model
            >>> units = Units.of(build_model("dephasing-qubit", rate=0.1))
            >>> round(units.rate, 12), sorted(units.parts)
            (0.2, ['dephasing', 'system'])
        """
        parts = dict(_parts(process))
        return cls(
            energy=sum(part.energy for part in parts.values()),
            entropy=sum(part.entropy for part in parts.values()) if parts else 1.0,
            power=max((part.power for part in parts.values()), default=0.0),
            rate=max((part.rate for part in parts.values()), default=0.0),
            parts=parts,
        )

    def about(self, key: str) -> Units:
        """Those of the one party that an entry is about, if its name ends with that of a reservoir."""
        if key == "initial_coherence":
            return self.parts.get("system", self)
        named = [name for name in self.parts if name != "system" and key.endswith((f"_{name}", f".{name}"))]
        return self.parts[max(named, key=len)] if named else self


def _parts(process: Process) -> Iterator[tuple[str, Units]]:
    """Units of the system and of every reservoir."""
    if isinstance(process, JumpProcess):
        yield from _baths(process)
        yield "system", _party(process.system)
    elif isinstance(process, CollisionModel):
        yield from ((name, _party(_unit(reservoir))) for name, reservoir in process.reservoirs.items())
        yield "system", _party(process.composite.system)
    elif isinstance(process, ThermalOperation | CorrelatedOperation):
        yield "environment", _party(process.environment)
        yield "system", _party(process.system)


def _unit(reservoir: Reservoir) -> System | Environment:
    return reservoir.environment if reservoir.is_thermal else reservoir.unit


def _party(party: System | Environment) -> Units:
    """Mean energy and entropy of the populations of levels that somebody starts with."""
    if isinstance(party, Environment):
        populations: FloatArray = np.exp(party.log_populations)
    else:
        populations = np.clip(party.energy_state.matrix.diagonal().real, 0.0, None)
    positive = populations[populations > 0.0]
    return Units(
        energy=float(populations @ np.abs(party.spectrum.energies)), entropy=float(abs(positive @ np.log(positive)))
    )


def _baths(process: JumpProcess) -> Iterator[tuple[str, Units]]:
    """Flows of energy and entropy cancel to the slower of a channel's two directions: a cold bath excites rarely."""
    largest = float(np.abs(process.system.spectrum.energies).max())
    squares = [float(np.linalg.norm(jump.operator)) ** 2 for jump in process.jumps]
    rates: dict[str, float] = {}
    for jump, square in zip(process.jumps, squares, strict=True):
        rates[jump.bath] = max(rates.get(jump.bath, 0.0), min(square, squares[jump.partner]))
    for bath, rate in rates.items():
        seen = min(1.0, rate * process.duration)
        yield bath, Units(energy=largest * seen, entropy=seen, power=largest * rate, rate=rate)


class Rounding:
    """What is rounding among some numbers that are shown together.

    Args:
        entries: The numbers by name: a third cumulant is measured by its variance.
        units: What the numbers of the process are differences of.

    Example:
        >>> rounding = Rounding({"mean_sigma": 1e-12, "exp_minus_2sigma": 1e12, "mean_xi": 2e-17})
        >>> rounding.is_all("mean_xi", 2e-17), rounding.is_all("mean_sigma", 1e-12)
        (True, False)
    """

    def __init__(self, entries: Mapping[str, Any], units: Units | None = None) -> None:
        self._entries = entries
        self._units = units or Units()

    def is_all(self, key: str, value: float, *, terms: int = 1) -> bool:
        """Whether a number is nothing but rounding.

        Args:
            key: Its name, which says of what kind it is.
            value: The number.
            terms: Of how many numbers it is the sum.
        """
        if value == 0.0:
            return True
        name = key.removeprefix("at_duration.")
        if name.startswith(_NO_DIFFERENCES):
            return False
        power = next((power for start, power in _POWERS.items() if name.startswith(start)), 1)
        if power == 3 and abs(value) <= ACCURACY * self._cube(name):
            return True
        # Errors of independent terms grow like the root of their number.
        unit = _unit_of(name, self._units.about(name)) * math.sqrt(terms)
        return abs(value) <= (ACCURACY * unit) ** power

    def _cube(self, name: str) -> float:
        """The least that the terms of a third central moment can add up to without their signs, var^(3/2)."""
        variance = self._entries.get(name.replace("third_cumulant_", "variance_"))
        return max(variance, 0.0) ** 1.5 if isinstance(variance, float) else 0.0


def _unit_of(name: str, units: Units) -> float:
    """An energy, an entropy, or one of them per unit time."""
    per_time = name.startswith(_RATES) or name.endswith("_rate")
    if name.startswith(_ENERGIES):
        return units.power if per_time else units.energy
    return units.rate if per_time else units.entropy
