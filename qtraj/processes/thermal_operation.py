r"""Thermal operations: a system meets a thermal environment under an energy-conserving unitary [Santos19].

Mapping: initial state :math:`\rho_S`, final state :math:`\rho'_S = tr_E[U(\rho_S\otimes\rho_E)U^\dagger]`
([Santos19] Eq. (18)), environment populations :math:`q_\mu`, Kraus operators
:math:`M_{\mu\nu} = \sqrt{q_\mu}\langle\nu|U|\mu\rangle`, joint index :math:`n d_E + \mu`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qtraj.errors import InvalidInput, InvalidUnitary
from qtraj.processes.between_states import BetweenStates
from qtraj.processes.kraus import image_of, thermal_branches
from qtraj.processes.level_pairs import condensed_branches, is_condensed
from qtraj.processes.memory_needed import MemoryNeeded
from qtraj.processes.seam import Branches, Endpoints, MeasurementProtocol, Stage, endpoints_of
from qtraj.processes.summary import system_summary
from qtraj.quantum.composite import LARGEST_ENTROPY
from qtraj.quantum.in_words import levels_in_words
from qtraj.quantum.outcomes import Outcomes
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.scalars import instance_of
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary

__all__ = ["ThermalOperation"]


@dataclass(frozen=True, kw_only=True, eq=False)
class ThermalOperation(BetweenStates):
    r"""One interaction of a system with a thermal environment under a unitary with :math:`[U, H_S + H_E] = 0`.

    Args:
        system: The system and its initial state.
        environment: The environment, in its Gibbs state.
        unitary: The energy-conserving unitary, built for these two.

    Raises:
        InvalidUnitary: If the unitary was built for other energies.
        InvalidInput: If a heat times the inverse temperature exceeds 1e12 nats.

    Example:
        >>> system = System(energies=[0.0, 1.0], state=State.bloch(0.5, 0.2, -0.3))
        >>> bath = Environment(energies=[0.0, 1.0], inverse_temperature=1.0)
        >>> swap = EnergyConservingUnitary.partial_swap(system, bath, angle=np.pi / 3)
        >>> operation = ThermalOperation(system=system, environment=bath, unitary=swap)
        >>> operation.final_state.round(4).diagonal().real.tolist()
        [0.6358, 0.3642]
    """

    system: System
    environment: Environment
    unitary: EnergyConservingUnitary

    def __post_init__(self) -> None:
        """Check that the three belong together."""
        instance_of(self.system, System, "system")
        instance_of(self.environment, Environment, "environment")
        instance_of(self.unitary, EnergyConservingUnitary, "unitary", InvalidUnitary)
        joint = self.unitary.joint
        for name, own, used in (
            ("system", self.system.spectrum, joint.system),
            ("environment", self.environment.spectrum, joint.environment),
        ):
            if not np.array_equal(own.energies, used.energies):
                raise InvalidUnitary(
                    f"`unitary` must be built for the energies of `{name}` ({own.dimension} levels), "
                    f"but was built for others ({used.dimension} levels)"
                )

        party = self.system if self.unitary.conserving else self.environment
        largest = self.inverse_temperature * float(np.ptp(party.spectrum.energies))
        if largest > LARGEST_ENTROPY:
            raise InvalidInput(
                f"`inverse_temperature` times the largest heat must stay below {LARGEST_ENTROPY:.0e} nats, but reaches "
                f"{largest:.3g}; e^-sigma would be lost in the rounding of sigma",
                measured=largest,
            )

    @property
    def kind(self) -> str:
        """What this process is called in files and reports."""
        return "thermal-operation"

    @property
    def inverse_temperature(self) -> float:
        """Inverse temperature of the environment."""
        return self.environment.inverse_temperature

    @property
    def summary(self) -> dict[str, str]:
        """What it consists of, in words."""
        conserving = f"conserves energy, [U, H] = {self.unitary.commutator_norm():.1g}"
        return {
            **system_summary(self.system),
            "environment": levels_in_words(self.environment.spectrum),
            "inverse temperature": f"{self.inverse_temperature:g}",
            "unitary": conserving if self.unitary.conserving else "accepted although it does not conserve energy",
        }

    def __repr__(self) -> str:
        """One line: who meets whom."""
        return (
            f"<ThermalOperation of {self.system.dimension} system and {self.environment.dimension:,} environment "
            f"states, inverse temperature {self.inverse_temperature:g}>"
        )

    @cached_property
    def memory_needed(self) -> MemoryNeeded:
        """What its law, its labels and its followed paths will take, estimated before anything is computed."""
        return MemoryNeeded.of(self.unitary, self.system.energy_state.rank)

    @cached_property
    def _branches(self) -> tuple[Branches, ...]:
        self.memory_needed.require_labels()
        return thermal_branches(self.unitary, self.environment)

    def branches(self) -> tuple[Branches, ...]:
        """The Kraus operators of all pairs (mu, nu), one batch per amount of heat into the environment, ascending."""
        return self._branches

    @cached_property
    def _condensed(self) -> tuple[Branches, ...] | None:
        self.memory_needed.require_law()
        return condensed_branches(self.unitary, self.environment) if is_condensed(self.unitary) else None

    def stages(self) -> tuple[Stage, ...]:
        """The one stage of a thermal operation.

        Beside a large degenerate environment its batches hold mixtures of the operators of `branches`, one for many
        pairs (mu, nu) of equal energies; see `qtraj.processes.level_pairs`.
        """
        return (Stage(reservoir="environment", branches=self._condensed or self.branches()),)

    def output_of(self, start: Outcomes) -> State:
        r"""The state :math:`\Lambda(\rho)` for a start given by its outcomes (energy eigenbasis)."""
        return image_of(self._condensed or self._branches, start.state)

    def endpoints(self, protocol: MeasurementProtocol) -> Endpoints:
        """What `protocol` measures on the initial and on the final state."""
        if protocol is not MeasurementProtocol.KRAUS:
            return super().endpoints(protocol)
        # Nothing is measured at the end, so the final state, which takes every block of the unitary, is not needed.
        return endpoints_of(
            protocol,
            self.system.spectrum,
            start=self.system.energy_state,
            end=self.system.energy_state,
            output_of=self.output_of,
        )

    def reversed(self) -> ThermalOperation:
        """The backward process: it starts in the final state and evolves with the inverse unitary."""
        final = System(
            energies=self.system.spectrum.energies,
            state=self.final_energy_state,
            level_tolerance=self.system.spectrum.tolerance,
        )
        return ThermalOperation(system=final, environment=self.environment, unitary=self.unitary.adjoint())
