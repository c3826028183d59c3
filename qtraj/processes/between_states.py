"""What a process of a system offers once it says what it does to a state: its final state and its endpoints."""

from __future__ import annotations

from abc import abstractmethod
from functools import cached_property
from typing import TYPE_CHECKING

from qtraj.arrays import ComplexArray
from qtraj.processes.seam import Endpoints, MeasurementProtocol, endpoints_of
from qtraj.processes.summary import Summarised
from qtraj.quantum.outcomes import Outcomes
from qtraj.quantum.parties import System
from qtraj.quantum.states import State

__all__ = ["BetweenStates"]


class BetweenStates(Summarised):
    """Final state and endpoints of a process that has a `system` and an `output_of`."""

    if TYPE_CHECKING:  # at run time a field of the dataclass that derives from this, whose default it must not become

        @property
        def system(self) -> System:
            """The system and its initial state."""

    @abstractmethod
    def output_of(self, start: Outcomes) -> State:
        """The final state for a start given by its outcomes (energy eigenbasis)."""

    @cached_property
    def final_energy_state(self) -> State:
        """The final state of the system in its energy eigenbasis (canonical outcomes)."""
        return Outcomes.of(self.output_of(self.system.outcomes), self.system.spectrum).state

    @property
    def final_state(self) -> ComplexArray:
        """The final density matrix in the basis the Hamiltonian was given in, shape (d, d).

        Of a composite system that is the product of the bases its parts were given in.
        """
        return self.system.in_given_basis(self.final_energy_state.matrix)

    def endpoints(self, protocol: MeasurementProtocol) -> Endpoints:
        """What `protocol` measures on the initial and on the final state."""
        return endpoints_of(
            protocol,
            self.system.spectrum,
            start=self.system.energy_state,
            end=self.final_energy_state,
            output_of=self.output_of,
        )
