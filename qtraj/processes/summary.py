"""What a process consists of in a few words: for its `repr`, for notebooks and for reports."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable

import numpy as np

from qtraj.markup import facts
from qtraj.quantum.parties import System
from qtraj.quantum.spectrum import Spectrum

__all__ = ["Summarised", "levels_in_words", "listed", "system_summary"]

MOST_LISTED = 6
"""More numbers than this are no longer read."""


class Summarised:
    """What says of itself what it is called and what it consists of, and so is a table in a notebook."""

    @property
    @abstractmethod
    def kind(self) -> str:
        """What this process is called in files and reports."""

    @property
    @abstractmethod
    def summary(self) -> dict[str, str]:
        """What it consists of, in words."""

    def _repr_html_(self) -> str:
        """The summary as a table, for notebooks."""
        return facts(self.summary, caption=self.kind)


def listed(values: Iterable[float]) -> str:
    """Numbers to four digits, the first of many.

    Example:
        >>> listed([0.0, 1 / 3, 1.0]), listed(range(100))
        ('0, 0.3333, 1', '0, 1, 2, 3, 4, ..., 99')
    """
    numbers = [f"{value:.4g}" for value in values]
    if len(numbers) > MOST_LISTED:
        numbers = [*numbers[: MOST_LISTED - 1], "...", numbers[-1]]
    return ", ".join(numbers)


def levels_in_words(spectrum: Spectrum) -> str:
    """How many states, and their energies; each once if there are many.

    Example:
        >>> levels_in_words(Spectrum(energies=[0.0, 1.0, 1.0])), levels_in_words(Spectrum(energies=[0.0] * 8))
        ('3 states, energies 0, 1, 1', '8 states, energy 0')
    """
    number = spectrum.dimension
    energies = spectrum.energies if number <= MOST_LISTED else spectrum.levels
    words = "energies" if energies.size > 1 else "energy"
    return f"{number:,} state{'s' if number != 1 else ''}, {words} {listed(energies.tolist())}"


def system_summary(system: System) -> dict[str, str]:
    """Levels and initial state of a system.

    Example:
        >>> system_summary(System(energies=[0.0, 1.0], state=[[0.5, 0.5], [0.5, 0.5]]))["initial state"]
        'rank 1 of 2, eigenvalues 1'
    """
    state = system.energy_state
    probabilities = np.sort(np.exp(state.log_eigenvalues))[::-1].tolist()
    return {
        "system": levels_in_words(system.spectrum),
        "initial state": f"rank {state.rank} of {state.dimension}, eigenvalues {listed(probabilities)}",
    }
