"""What a process consists of in a few words: for its `repr`, for notebooks and for reports."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np

from qtraj.markup import facts
from qtraj.quantum.in_words import levels_in_words, listed
from qtraj.quantum.parties import System

__all__ = ["Summarised", "system_summary"]


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
