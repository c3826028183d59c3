"""Processes whose path law is wrong on purpose, one mistake each, while their density matrices stay right.

Every class is a thermal operation that misinforms the path side about its branches or its endpoints.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from scipy.special import logsumexp

from qtraj.processes.seam import Branches, Endpoint, Endpoints, MeasurementProtocol
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.outcomes import Outcomes, pinch
from tests.theorems.wrong_followers import permuted, transformed


def as_wrong(wrong: type[ThermalOperation], operation: ThermalOperation) -> ThermalOperation:
    return wrong(system=operation.system, environment=operation.environment, unitary=operation.unitary)


class _WrongBranches(ThermalOperation):
    def change(self, batch: Branches) -> Branches:
        raise NotImplementedError

    def branches(self) -> tuple[Branches, ...]:
        return tuple(sorted(map(self.change, super().branches()), key=lambda batch: batch.heat))


class _WrongEndpoints(ThermalOperation):
    def initial(self, end: Endpoint) -> Endpoint:
        return end

    def final(self, end: Endpoint) -> Endpoint:
        return end

    def endpoints(self, protocol: MeasurementProtocol) -> Endpoints:
        ends = super().endpoints(protocol)
        return replace(ends, initial=self.initial(ends.initial), final=self.final(ends.final))


class InverseForward(ThermalOperation):
    """computes the law with U^dag, and the backward law with U^dag too"""

    def branches(self) -> tuple[Branches, ...]:
        return replace(_plain(self), unitary=self.unitary.adjoint()).branches()


class InverseBothWays(InverseForward):
    """computes the law with U^dag and the backward law with U: a consistent theorem of another process"""

    def reversed(self) -> ThermalOperation:
        return as_wrong(InverseForward, _plain(self).reversed())


class TransposedForward(ThermalOperation):
    """computes the law with the transpose of U"""

    def branches(self) -> tuple[Branches, ...]:
        unitary = transformed(self.unitary, lambda stack: np.swapaxes(stack, -1, -2))
        return replace(_plain(self), unitary=unitary).branches()


class HeatOutOfTheEnvironment(_WrongBranches):
    """counts heat with the wrong sign"""

    def change(self, batch: Branches) -> Branches:
        return replace(batch, heat=-batch.heat, entropy=-batch.entropy)


class TwiceTheEntropy(_WrongBranches):
    """uses 2 beta in sigma, and beta everywhere else"""

    def change(self, batch: Branches) -> Branches:
        return replace(batch, entropy=2 * batch.entropy)


class TwiceAsColdLaw(_WrongBranches):
    """uses 2 beta for the populations q, and beta everywhere else"""

    def change(self, batch: Branches) -> Branches:
        logs = self.environment.log_populations
        return replace(batch, log_weights=2 * batch.log_weights - logsumexp(2 * logs))


class PopulationsToNineDigits(_WrongBranches):
    """knows every q to a relative 1e-9 only"""

    def change(self, batch: Branches) -> Branches:
        return replace(batch, log_weights=batch.log_weights + 1e-9 * (-1.0) ** batch.mu)


class SinglePrecision(_WrongBranches):
    """keeps U in single precision"""

    def change(self, batch: Branches) -> Branches:
        return replace(batch, elements=batch.elements.astype(np.complex64).astype(complex))


class RowsAndColumns(_WrongBranches):
    """takes <mu|U|nu> for <nu|U|mu>"""

    def change(self, batch: Branches) -> Branches:
        energies, logs = self.environment.spectrum.energies, self.environment.log_populations
        heat = float((energies[batch.mu] - energies[batch.nu])[0])
        return replace(
            batch,
            mu=batch.nu,
            nu=batch.mu,
            log_weights=logs[batch.nu],
            heat=heat,
            entropy=self.inverse_temperature * heat,
        )


class FinalStateDephased(_WrongEndpoints):
    """measures rho'_S in the energy basis: beta is an outcome of the dephased final state"""

    def final(self, end: Endpoint) -> Endpoint:
        return self.dephased(end)

    def dephased(self, end: Endpoint) -> Endpoint:
        spectrum = self.system.spectrum
        outcomes = Outcomes.of(pinch(end.outcomes.state, spectrum), spectrum)
        if end.energy_labels is None:
            return replace(end, outcomes=outcomes)
        return replace(end, outcomes=outcomes, log_conditional=outcomes.log_conditional(end.energy_labels))


class InitialStateDephased(FinalStateDephased):
    """measures rho_S in the energy basis, without calling it an energy measurement"""

    def initial(self, end: Endpoint) -> Endpoint:
        return self.dephased(end)

    def final(self, end: Endpoint) -> Endpoint:
        return end


class FinalEigenvaluesSwapped(_WrongEndpoints):
    """gives the two largest eigenvalues of rho'_S to each other's eigenvectors"""

    def final(self, end: Endpoint) -> Endpoint:
        outcomes = permuted(end.outcomes, [1, 0, *range(2, end.outcomes.count)])
        labels = end.energy_labels
        conditional = None if labels is None else outcomes.log_conditional(labels)
        return replace(end, outcomes=outcomes, log_conditional=conditional)


class InitialEigenvaluesSwapped(FinalEigenvaluesSwapped):
    """gives the two largest eigenvalues of rho_S to each other's eigenvectors"""

    def initial(self, end: Endpoint) -> Endpoint:
        return FinalEigenvaluesSwapped.final(self, end)

    def final(self, end: Endpoint) -> Endpoint:
        return end


class ConditionalTransposed(_WrongEndpoints):
    """takes p(alpha|n) for p(n|alpha)"""

    def initial(self, end: Endpoint) -> Endpoint:
        return replace(end, log_conditional=end.log_conditional.T)


class OldPopulations(_WrongEndpoints):
    """takes the populations p'_m from rho_S instead of rho'_S"""

    def final(self, end: Endpoint) -> Endpoint:
        before = super(_WrongEndpoints, self).endpoints(MeasurementProtocol.AUGMENTED).initial.energy_labels
        labels = replace(end.energy_labels, log_eigenvalues=before.log_eigenvalues)
        return replace(end, energy_labels=labels)


class FixedEnergyBasis(_WrongEndpoints):
    """takes n and m in a fixed basis of a degenerate level, instead of the pinched state's own"""

    def fixed(self, end: Endpoint) -> Endpoint:
        size = self.system.dimension
        populations = np.diag(end.outcomes.state.matrix).real
        labels = Outcomes(
            log_eigenvalues=np.log(populations), vectors=np.eye(size, dtype=complex), outcome_of=np.arange(size)
        )
        return replace(end, energy_labels=labels, log_conditional=end.outcomes.log_conditional(labels))

    def initial(self, end: Endpoint) -> Endpoint:
        return self.fixed(end)

    def final(self, end: Endpoint) -> Endpoint:
        return self.fixed(end)


def _plain(operation: ThermalOperation) -> ThermalOperation:
    return ThermalOperation(system=operation.system, environment=operation.environment, unitary=operation.unitary)
