"""Which numbers of a table are nothing but the rounding of others.

A number is worth showing if it stands out from the rounding of what it was made of. That is known in two ways: from
the largest number of its kind beside it, and from the process, whose energies and rates say what a heat or a current
of order one is. The second way is needed in equilibrium, where all heats and entropies are rounding.

Each kind has its own scale. In joule an energy is 1e-21 where entropies are 1, and between weakly coupled parts a rate
is 1e-7 where they are 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import Process

__all__ = ["Rounding", "Units"]

OF_THE_LARGEST: Final = 1e-12
"""What is smaller than this part of the largest number of its kind is its rounding: exact numbers are good to some
1e-14, and a person compares three or four digits."""

OF_THE_UNIT: Final = 1e-14
"""As above, of what the process makes a number of order one: a nat, its largest energy, its fastest jump."""

_ENERGIES: Final = (
    *("heat", "steady_heat", "energy", "work", "switching_work", "commutator_norm", "initial_free", "final_free"),
    *("jump_heat", "noise_power", "mean_heat", "mean_work", "variance_heat", "variance_work", "third_cumulant_heat"),
)
_RATES: Final = ("heat_current", "entropy_flux", "noise_power", "jump_heat_current", "particle_current")

# Probabilities and what is made of them are accurate relative to themselves, however small; counts are no measure of
# anything else: there are 1e25 paths where entropies are 1.
_EXACT_WHERE_SMALL: Final = ("probability_", "absolute_", "exp_minus", "normalisation")
_COUNTS: Final = ("paths", "classes", "mean_jumps", "steady_states")

_POWERS: Final = {"variance_": 2, "third_cumulant_": 3}
"""Of what unit a cumulant is."""


@dataclass(frozen=True, kw_only=True)
class Units:
    """What is of order one in a process; 0 where that is not known.

    Attributes:
        energy: The system's largest energy.
        rate: The rate of its fastest jump.
    """

    energy: float = 0.0
    rate: float = 0.0

    @classmethod
    def of(cls, process: Process) -> Units:
        """The units of a process.

        Example:
            >>> from qtraj.models import build_model
            >>> Units.of(build_model("two-qubit-exchange", frequency=2.0)).energy
            2.0
        """
        system = getattr(process, "system", None)
        jumps = process.jumps if isinstance(process, JumpProcess) else ()
        return cls(
            energy=0.0 if system is None else float(np.abs(system.spectrum.energies).max()),
            rate=max((float(np.linalg.norm(jump.operator)) ** 2 for jump in jumps), default=0.0),
        )


class Rounding:
    """What is rounding among some numbers that are shown together.

    Args:
        entries: The numbers by name; whatever is no float is passed over.
        units: What is of order one in the process.

    Example:
        >>> rounding = Rounding({"mean_sigma": 0.3, "mean_xi": 2e-17, "paths": 1e25})
        >>> rounding.is_all("mean_xi", 2e-17), rounding.is_all("mean_sigma", 0.3)
        (True, False)
    """

    def __init__(self, entries: Mapping[str, Any], units: Units | None = None) -> None:
        known = units or Units()
        self._units = {
            (energy, rate): (known.energy if energy else 1.0) * (known.rate if rate else 1.0)
            for energy in (False, True)
            for rate in (False, True)
        }
        self._largest = dict.fromkeys(self._units, 0.0)
        for key, value in entries.items():
            if isinstance(value, float) and not _plain(key).startswith(_COUNTS):
                kind = _kind(key)
                self._largest[kind] = max(self._largest[kind], abs(value) ** (1 / _power(key)))

    def is_all(self, key: str, value: float, *, terms: int = 1) -> bool:
        """Whether a number is nothing but rounding.

        Args:
            key: Its name, which says of what kind it is.
            value: The number.
            terms: Of how many numbers it is the sum.
        """
        if _plain(key).startswith((*_EXACT_WHERE_SMALL, *_COUNTS)):
            return False
        kind, power = _kind(key), _power(key)
        largest, unit = self._largest[kind] ** power, self._units[kind] ** power
        return abs(value) <= max(OF_THE_LARGEST * largest, OF_THE_UNIT * unit * terms)


def _plain(key: str) -> str:
    return key.removeprefix("at_duration.")


def _kind(key: str) -> tuple[bool, bool]:
    """Whether a number is an energy, and whether it is one per unit time."""
    name = _plain(key)
    return name.startswith(_ENERGIES), name.startswith(_RATES) or name.endswith("_rate")


def _power(key: str) -> int:
    return next((power for start, power in _POWERS.items() if key.startswith(start)), 1)
