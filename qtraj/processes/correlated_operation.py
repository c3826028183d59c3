r"""Correlated operations: system and environment are correlated before they meet [Micadei19].

Mapping: local states :math:`\rho_S` with eigenvalues :math:`p_\alpha` and :math:`\rho_E` (Gibbs) with populations
:math:`q_\mu`; joint start :math:`\rho_{SE} = \rho_S\otimes\rho_E + \chi = \sum_\kappa P_\kappa|\Psi_\kappa\rangle
\langle\Psi_\kappa|`; joint end :math:`\rho'_{SE} = U\rho_{SE}U^\dagger` with local states :math:`\rho'_S` (eigenvalues
:math:`p'_\beta`) and :math:`\rho'_E` (energy populations :math:`r_\nu`); mutual information
:math:`I = S(\rho_S) + S(\rho_E) - S(\rho_{SE})`.

**What a path is.** Measuring local energies at the start would destroy the coherent part of the correlations. Measuring
the *joint* eigenbasis leaves the state as it is, so a path measures :math:`\kappa` first, evolves, and then measures
:math:`\nu` on the environment and :math:`\beta` on the system. The local labels :math:`(\alpha,\mu)` of the start are,
after [Micadei20], drawn on a copy, as n and m are in a thermal operation: :math:`p(\alpha,\mu|\kappa) =
|\langle\alpha,\mu|\Psi_\kappa\rangle|^2`, independent of everything that follows. With the pointwise informations

.. math:: i = \ln\frac{P_\kappa}{p_\alpha q_\mu},\qquad i' = \ln\frac{P_\kappa}{p'_\beta r_\nu},\qquad
          \Delta i = i' - i = \ln\frac{p_\alpha q_\mu}{p'_\beta r_\nu}

(:math:`P_\kappa` drops out, because U keeps the joint entropy) every path carries

.. math:: \sigma = \ln\frac{P_\kappa}{p'_\beta q_\nu} = c + i,\qquad
          c = \ln\frac{p_\alpha q_\mu}{p'_\beta q_\nu} = \ln\frac{p_\alpha}{p'_\beta} + \beta(E_\nu-E_\mu),

where c, `clausius_sigma`, is what a thermal operation would book. It is of either sign, and so is its mean: heat can
flow from cold to hot.

**Two theorems, exact for any unitary and any correlations.**

1. :math:`\langle e^{-\sigma}\rangle = \langle e^{-(c+i)}\rangle = 1-\lambda`, and atom by atom
   :math:`P_F(s) = e^sP_B(-s)`. *Proof*: :math:`P_F(\kappa,\beta,\nu) =
   P_\kappa|\langle\beta,\nu|U|\Psi_\kappa\rangle|^2`; the backward process starts in
   :math:`\rho'_S\otimes\rho_E`, evolves with :math:`U^\dagger` and measures :math:`\kappa`, so :math:`P_B =
   p'_\beta q_\nu|\langle\Psi_\kappa|U^\dagger|\beta,\nu\rangle|^2 = e^{-\sigma}P_F`. The sum of :math:`P_B` over paths
   of :math:`P_F` is 1 but for the weight :math:`\lambda = 1 - tr[\Pi_{supp}U^\dagger(\rho'_S\otimes\rho_E)U]` that
   ends outside the support of :math:`\rho_{SE}`.
2. :math:`\langle e^{-c+\Delta i}\rangle = \sum_{\nu:r_\nu>0}q_\nu = 1`. *Proof*: :math:`c-\Delta i =
   \ln(r_\nu/q_\nu)`, and :math:`r_\nu` is the probability of :math:`\nu`. It is bookkeeping: no dynamics is in it.
   Neither factor alone averages to 1: :math:`\langle e^{-c}\rangle` is on either side.

**Means.** :math:`\langle i\rangle = I(\rho_{SE})`; :math:`\langle i'\rangle = I(\rho'_{SE}) + C(\rho'_E)`, the
environment's own coherence C being what its energies cannot show (0 whenever U conserves energy and :math:`\rho_{SE}`
has no coherence between total energies, as in [Micadei19]); so :math:`\langle\sigma\rangle = I(\rho'_{SE}) +
S(\rho'_E\|\rho_E) \ge 0` and :math:`\langle c\rangle = \langle\Delta i\rangle + S(\Delta\rho'_E\|\rho_E) \ge
\langle\Delta i\rangle`, with :math:`\Delta\rho'_E` the environment's energies alone: the second law of [Micadei19].
Without correlations :math:`\sigma` has the law it has in a thermal operation.

The energy two-point protocol measures the local energies (n, mu) first: :math:`\chi` is pinched in them, the same
theorems hold with the pinched state, and its mean heat is that of the pinched state, not the true one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from qtraj.arrays import ComplexArray, frozen
from qtraj.errors import InvalidInput, NotRecorded
from qtraj.processes.correlated_ends import labelled_end, labelled_start, local_pairs
from qtraj.processes.correlated_memory import CorrelatedMemory
from qtraj.processes.seam import Branches, Endpoint, Endpoints, MeasurementProtocol, Stage
from qtraj.processes.summary import Summarised
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.correlated_sets import EPS
from qtraj.quantum.correlations import as_correlations, correlated_state, local_state, rotated_doubt
from qtraj.quantum.graded import graded_eigensystem
from qtraj.quantum.matrices import dagger
from qtraj.quantum.outcomes import Outcomes, energy_outcomes, pinch
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.scalars import real_number
from qtraj.quantum.spectrum import Spectrum
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary

__all__ = ["CorrelatedOperation"]

LARGEST_ERROR = 1e-12
"""Negative eigenvalues beyond this are none of rounding."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CorrelatedOperation(Summarised):
    r"""One interaction of a system with an environment that it is correlated with from the start.

    Args:
        system: The system and its local state.
        environment: The environment, locally in its Gibbs state.
        unitary: The joint unitary, built for these two; one that does not conserve energy is taken as well.
        correlations: :math:`\chi = \rho_{SE} - \rho_S\otimes\rho_E`, shape (d_S d_E, d_S d_E), in (basis of the
            system's Hamiltonian) (x) (environment energy basis); Hermitian and without partial traces.
        accuracy: Absolute error of their elements, up to which an eigenvalue of the joint state may be a zero: 0 for
            elements that are exact, and by default 2e-16, as that of a difference of density matrices.

    Raises:
        InvalidUnitary: If the unitary was built for other energies.
        InvalidInput: If the correlations are not Hermitian or change a local state.
        InvalidState: If they are too strong for a state; the message says by which factor.
        TooLarge: If the joint state would not fit into memory.

    Example:
        Two qubits whose coherence |01><10| makes heat flow into the hotter one, the environment.

        >>> cold = System(energies=[0.0, 1.0], state=State.gibbs([0.0, 1.0], 1.0))
        >>> hot = Environment(energies=[0.0, 1.0], inverse_temperature=0.5)
        >>> exchange = EnergyConservingUnitary.exchange(cold, hot, coupling=1.0, time=np.pi / 6)
        >>> chi = np.zeros((4, 4), dtype=complex)
        >>> chi[1, 2], chi[2, 1] = -0.15j, 0.15j
        >>> operation = CorrelatedOperation(system=cold, environment=hot, unitary=exchange, correlations=chi)
        >>> operation.final_state.round(4).diagonal().real.tolist()  # it was [0.7311, 0.2689]
        [0.8338, 0.1662]
    """

    system: System
    environment: Environment
    unitary: EnergyConservingUnitary
    correlations: Any
    accuracy: float | None = None

    def __post_init__(self) -> None:
        """Check that everything fits together."""
        _ = self.uncorrelated
        self.memory_needed.require_joint()
        size = self.environment.dimension
        correlations, moved = as_correlations(self.correlations, self.system.dimension, size)
        object.__setattr__(self, "correlations", frozen(correlations))
        accuracy = EPS if self.accuracy is None else real_number(self.accuracy, "accuracy")
        if accuracy < 0:
            raise InvalidInput(f"`accuracy` must not be negative, but is {accuracy:g}", measured=accuracy)
        # What had to be removed is as large as the errors; beyond this, two routes to an average would differ by them.
        object.__setattr__(self, "accuracy", max(accuracy, min(moved, LARGEST_ERROR)))
        _ = self.joint_outcomes

    @property
    def kind(self) -> str:
        """What this process is called in files and reports."""
        return "correlated-operation"

    @property
    def inverse_temperature(self) -> float:
        """Inverse temperature of the environment."""
        return self.environment.inverse_temperature

    @property
    def summary(self) -> dict[str, str]:
        """What it consists of, in words."""
        strength = float(np.linalg.norm(self.correlations))
        return {**self.uncorrelated.summary, "correlations": f"of Frobenius norm {strength:.4g}"}

    def __repr__(self) -> str:
        """One line: who meets whom."""
        return (
            f"<CorrelatedOperation of {self.system.dimension} system and {self.environment.dimension:,} environment "
            f"states, inverse temperature {self.inverse_temperature:g}>"
        )

    @cached_property
    def uncorrelated(self) -> ThermalOperation:
        """The thermal operation with the same local states and no correlations."""
        return ThermalOperation(system=self.system, environment=self.environment, unitary=self.unitary)

    @cached_property
    def memory_needed(self) -> CorrelatedMemory:
        """What its joint state, its law and its followed paths will take, estimated before anything is computed."""
        return CorrelatedMemory.of(self.unitary)

    @cached_property
    def _matrix(self) -> ComplexArray:
        return frozen(self.unitary.matrix())

    @cached_property
    def joint_state(self) -> State:
        """The joint initial state in the product of the energy eigenbases."""
        lift: ComplexArray = np.kron(self.system.basis, np.eye(self.environment.dimension)).astype(np.complex128)
        chi = dagger(lift) @ self.correlations @ lift
        errors = rotated_doubt(self.correlations, np.full(chi.shape, self.accuracy), lift)
        return correlated_state(self.system.outcomes, self.environment.log_populations, chi, errors)

    @cached_property
    def joint_outcomes(self) -> Outcomes:
        """Canonical outcomes of measuring the joint initial state in its eigenbasis."""
        return Outcomes.of(self.joint_state, Spectrum(energies=self.unitary.joint.energies))

    @property
    def final_joint_state(self) -> State:
        """The joint final state in the product of the energy eigenbases."""
        return self.evolved(self.joint_outcomes.state)

    def evolved(self, joint: State) -> State:
        """A joint state after the unitary."""
        return State(log_eigenvalues=joint.log_eigenvalues, vectors=self._matrix @ joint.vectors)

    @cached_property
    def final_energy_state(self) -> State:
        """The final state of the system in its energy eigenbasis (canonical outcomes)."""
        return Outcomes.of(self._reduced(self.final_joint_state), self.system.spectrum).state

    @property
    def final_state(self) -> ComplexArray:
        """The final density matrix in the basis the Hamiltonian was given in, shape (d_S, d_S)."""
        return self.system.in_given_basis(self.final_energy_state.matrix)

    def pinched_state(self) -> State:
        """The joint state that a measurement of the local energies leaves behind on average.

        Raises:
            TooLarge: If it would not fit into memory on its way.
        """
        self.memory_needed.require_pinched()
        system, environment = self.system.spectrum, self.environment.spectrum
        # One level of this spectrum for every pair of local levels.
        pair = system.level_of[:, None] * environment.levels.size + environment.level_of[None, :]
        return pinch(self.joint_state, Spectrum(energies=pair.ravel().astype(np.float64)))

    def stages(self) -> tuple[Stage, ...]:
        """The one stage, in which system and environment evolve together and nothing is detected.

        Raises:
            TooLarge: If what is made of it, an amplitude for every two joint outcomes, would not fit into memory.
        """
        self.memory_needed.require_law()
        return (Stage(reservoir=None, branches=(self._evolution,)),)

    @cached_property
    def _evolution(self) -> Branches:
        rows, columns, values = self.unitary.elements()
        nothing = np.zeros(1, dtype=np.int64)
        return Branches(
            dimension=self.unitary.dimension,
            heat=0.0,
            entropy=0.0,
            log_weights=np.zeros(1),
            rows=rows,
            columns=columns,
            elements=values[None],
            mu=nothing,
            nu=nothing,
        )

    def endpoints(self, protocol: MeasurementProtocol) -> Endpoints:
        r"""What `protocol` measures on system and environment together.

        Outcomes and labels are joint ones: alpha counts the outcomes :math:`\kappa`, beta the pairs
        :math:`(\beta,\nu)`, n the pairs :math:`(\alpha,\mu)` and m repeats beta; a pair has the index (outcome of the
        system) times d_E plus (level of the environment).

        Raises:
            NotRecorded: For the Kraus protocol: what happens to a system that starts correlated is no map of its
                state.
        """
        if protocol is MeasurementProtocol.KRAUS:
            raise NotRecorded(
                "the kraus protocol is not defined for a correlated start: what happens to the system is no map of its "
                "state, so it has no Kraus operators"
            )
        start, end, local = self.joint_outcomes, self.final_joint_state, self.system.outcomes
        if protocol is MeasurementProtocol.ENERGY:
            pinched = self.pinched_state()
            start = Outcomes.of(pinched, Spectrum(energies=self.unitary.joint.energies))
            end, local = self.evolved(pinched), energy_outcomes(self._reduced(pinched), self.system.spectrum)
        outcomes_of = energy_outcomes if protocol is MeasurementProtocol.ENERGY else Outcomes.of
        final = outcomes_of(self._reduced(end), self.system.spectrum)
        first, last = Endpoint(outcomes=start), Endpoint(outcomes=local_pairs(final, self.environment))
        if protocol is not MeasurementProtocol.EIGENBASIS:
            first = labelled_start(start, local, self.environment)
            last = labelled_end(final, end, self.environment)
        return Endpoints(protocol=protocol, initial=first, final=last)

    def local_labels(self, protocol: MeasurementProtocol) -> Outcomes:
        r"""The local outcomes :math:`(\alpha,\mu)` that label n of `protocol` counts."""
        local = self.system.outcomes
        if protocol is MeasurementProtocol.ENERGY:
            local = energy_outcomes(self._reduced(self.pinched_state()), self.system.spectrum)
        return local_pairs(local, self.environment)

    def reversed(self) -> CorrelatedOperation:
        """The backward process: it starts in the product of final system and fresh environment, and evolves back."""
        final = System(
            energies=self.system.spectrum.energies,
            state=self.final_energy_state,
            level_tolerance=self.system.spectrum.tolerance,
        )
        return CorrelatedOperation(
            system=final,
            environment=self.environment,
            unitary=self.unitary.adjoint(),
            correlations=np.zeros((self.unitary.dimension, self.unitary.dimension)),
        )

    def _reduced(self, joint: State) -> State:
        """The system's part of a joint state, every eigenvalue relatively accurate."""
        values, vectors = graded_eigensystem(*local_state(joint, self.environment.dimension))
        return State(log_eigenvalues=values, vectors=vectors)
