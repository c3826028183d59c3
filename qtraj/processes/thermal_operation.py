r"""Thermal operations: a system meets a thermal environment under an energy-conserving unitary [Santos19].

Mapping: initial state :math:`\rho_S`, final state :math:`\rho'_S = tr_E[U(\rho_S\otimes\rho_E)U^\dagger]`
([Santos19] Eq. (18)), environment populations :math:`q_\mu`, Kraus operators
:math:`M_{\mu\nu} = \sqrt{q_\mu}\langle\nu|U|\mu\rangle`, joint index :math:`n d_E + \mu`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qtraj.arrays import ComplexArray
from qtraj.errors import InvalidInput, InvalidUnitary
from qtraj.processes.seam import Branches, Endpoint, Endpoints, MeasurementProtocol
from qtraj.quantum.graded import graded_eigensystem
from qtraj.quantum.outcomes import Outcomes, energy_outcomes
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.spectrum import Spectrum, group_values
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary

__all__ = ["ThermalOperation"]

# sigma carries a relative rounding error of 4e-16, which e^-sigma turns into an absolute one of 4e-4 here.
LARGEST_ENTROPY = 1e12


@dataclass(frozen=True, kw_only=True, eq=False)
class ThermalOperation:
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

    @cached_property
    def _branches(self) -> tuple[Branches, ...]:
        size = self.environment.dimension
        rows, columns, values = self.unitary.elements()
        (m, nu), (n, mu) = np.divmod(rows, size), np.divmod(columns, size)
        energies = self.environment.spectrum.energies
        heats = energies[nu] - energies[mu]
        # By rounding alone, whatever energies the user calls one level: within such a level heat is still heat.
        rounding = 4 * Spectrum(energies=energies).tolerance
        labels, count = group_values(heats, rounding)
        # Differences of large energies carry the rounding error of those energies; the pair nearest to zero has least.
        magnitude = np.maximum(np.abs(energies[nu]), np.abs(energies[mu]))
        order = np.lexsort((magnitude, labels))
        bounds = np.concatenate([[0], np.cumsum(np.bincount(labels, minlength=count))])
        batches = []
        for k in range(count):
            own = order[bounds[k] : bounds[k + 1]]
            heat = float(heats[own[0]]) if abs(heats[own[0]]) > rounding else 0.0
            pairs, position = np.unique(mu[own] * size + nu[own], return_inverse=True)
            kinds, kind = np.unique(m[own] * self.system.dimension + n[own], return_inverse=True)
            elements = np.zeros((pairs.size, kinds.size), dtype=np.complex128)
            elements[position, kind] = values[own]
            mu_of, nu_of = np.divmod(pairs, size)
            batches.append(
                Branches(
                    dimension=self.system.dimension,
                    heat=heat,
                    entropy=self.inverse_temperature * heat,
                    log_weights=self.environment.log_populations[mu_of],
                    rows=kinds // self.system.dimension,
                    columns=kinds % self.system.dimension,
                    elements=elements,
                    mu=mu_of,
                    nu=nu_of,
                )
            )
        return tuple(batches)

    def branches(self) -> tuple[Branches, ...]:
        """The Kraus operators, one batch per amount of heat into the environment, ascending."""
        return self._branches

    def output_of(self, start: Outcomes) -> State:
        r"""The state :math:`\Lambda(\rho)` for a start given by its outcomes (energy eigenbasis).

        Every eigenvalue is relatively accurate, however cold the environment, because the sum over Kraus operators
        and eigenvectors is never formed as a matrix.
        """
        logs, rows = [], []
        start_logs = start.log_eigenvalues[start.outcome_of]
        for batch in self._branches:
            images = batch.amplitudes(np.eye(self.system.dimension, dtype=np.complex128), start.vectors)
            rows.append(np.swapaxes(images, 1, 2).reshape(-1, self.system.dimension))
            logs.append((batch.log_weights[:, None] + start_logs[None, :]).ravel())
        values, vectors = graded_eigensystem(np.concatenate(logs), np.concatenate(rows))
        return State(log_eigenvalues=values, vectors=vectors)

    @cached_property
    def final_energy_state(self) -> State:
        """The final state of the system in its energy eigenbasis (canonical outcomes)."""
        return Outcomes.of(self.output_of(self.system.outcomes), self.system.spectrum).state

    @property
    def final_state(self) -> ComplexArray:
        """The final density matrix in the basis the Hamiltonian was given in, shape (d_S, d_S)."""
        return self.system.in_given_basis(self.final_energy_state.matrix)

    def endpoints(self, protocol: MeasurementProtocol) -> Endpoints:
        """What `protocol` measures on the initial and on the final state.

        The energy two-point protocol removes the initial coherence by measuring, so its final state is the image of
        the dephased start; for a covariant map that is the dephased final state.
        """
        spectrum = self.system.spectrum
        start = self.system.energy_state
        end = self.final_energy_state
        if protocol is MeasurementProtocol.ENERGY:
            end = self.output_of(energy_outcomes(start, spectrum))
        return Endpoints(
            protocol=protocol,
            initial=Endpoint.of(start, spectrum, protocol, final=False),
            final=Endpoint.of(end, spectrum, protocol, final=True),
        )

    def reversed(self) -> ThermalOperation:
        """The backward process: it starts in the final state and evolves with the inverse unitary."""
        final = System(
            energies=self.system.spectrum.energies,
            state=self.final_energy_state,
            level_tolerance=self.system.spectrum.tolerance,
        )
        return ThermalOperation(system=final, environment=self.environment, unitary=self.unitary.adjoint())
