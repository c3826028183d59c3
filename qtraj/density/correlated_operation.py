r"""Exact averages of a correlated operation, from dense joint density matrices.

Mapping: :math:`\rho_{SE} = \rho_S\otimes\rho_E + \chi`, :math:`\rho'_{SE} = U\rho_{SE}U^\dagger`, mutual information
:math:`I = S(\rho_S) + S(\rho_E) - S(\rho_{SE})`. Every number comes from these matrices by partial traces and
eigenvalues; nothing is shared with outcomes, paths or canonical bases, and the joint start is put together anew.

Sources: :math:`\langle c\rangle - \Delta I = S(\rho'_E\|\rho_E) \ge 0` is the second law of [Micadei19] for one thermal
party; the theorems are proved in `qtraj.processes.correlated_operation`.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from qtraj.arrays import ComplexArray, frozen
from qtraj.density.joint import require_dense
from qtraj.density.matrix_entropy import matrix_entropy, pinched_matrix
from qtraj.density.plain import plain
from qtraj.density.record import Record
from qtraj.processes.correlated_operation import CorrelatedOperation
from qtraj.quantum.correlations import partial_traces
from qtraj.quantum.matrices import dagger

__all__ = ["CorrelatedOperationAverages", "JointMatrices", "correlated_operation_averages"]


@dataclass(frozen=True, kw_only=True, eq=False)
class JointMatrices:
    """Joint density matrices before and after, in the product of the energy eigenbases.

    Attributes:
        operation: The operation.
        start: Shape (d_S d_E, d_S d_E).
        end: Same shape.
    """

    operation: CorrelatedOperation
    start: ComplexArray
    end: ComplexArray

    @classmethod
    def of(cls, operation: CorrelatedOperation, *, pinched: bool = False) -> JointMatrices:
        """Put them together.

        Args:
            operation: The operation.
            pinched: Whether the local energies are measured first, which removes all coherence between them.

        Raises:
            TooLarge: If the joint dimension exceeds 1500.
        """
        require_dense(operation.unitary.dimension)
        system, environment = operation.system, operation.environment
        product = np.kron(system.energy_state.matrix, np.diag(np.exp(environment.log_populations)))
        start = product.astype(np.complex128) + _chi(operation)
        if pinched:
            # Indices of the pair of local levels of every product state.
            own, other = system.spectrum.level_of, environment.spectrum.level_of
            pair = (own[:, None] * environment.dimension + other[None, :]).ravel()
            start = pinched_matrix(start, pair)
        matrix = operation.unitary.matrix()
        return cls(operation=operation, start=start, end=matrix @ start @ dagger(matrix))

    def locals_of(self, joint: ComplexArray) -> tuple[ComplexArray, ComplexArray]:
        """The local states of system and environment."""
        return partial_traces(joint, self.operation.system.dimension, self.operation.environment.dimension)

    def mutual_information(self, joint: ComplexArray) -> float:
        """Mutual information of a joint state, nats."""
        own, other = self.locals_of(joint)
        return max(0.0, matrix_entropy(own) + matrix_entropy(other) - matrix_entropy(joint))

    @property
    def environment_relative_entropy(self) -> float:
        r"""Relative entropy :math:`S(\rho'_E\|\rho_E)` of the environment to its initial state, nats."""
        other = self.locals_of(self.end)[1]
        cross = float((np.diag(other).real * self.operation.environment.log_populations).sum())
        return max(0.0, -matrix_entropy(other) - cross)

    @property
    def environment_coherence(self) -> float:
        """Coherence of the environment's final state between single levels, nats: what its energies cannot show."""
        other = self.locals_of(self.end)[1]
        return max(0.0, matrix_entropy(np.diag(np.diag(other))) - matrix_entropy(other))

    @property
    def heat_into_environment(self) -> float:
        """Mean energy gained by the environment."""
        before, after = (np.diag(self.locals_of(joint)[1]).real for joint in (self.start, self.end))
        return float(((after - before) * self.operation.environment.spectrum.energies).sum())

    @property
    def clausius_entropy_production(self) -> float:
        r"""Entropy gained by the system plus the entropy flow into the environment; beta times heat, if thermal."""
        (before, first), (after, last) = self.locals_of(self.start), self.locals_of(self.end)
        flow = (np.diag(last - first).real * self.operation.environment.log_populations).sum()
        return matrix_entropy(after) - matrix_entropy(before) - float(flow)

    @property
    def energy_change(self) -> float:
        """Switching work: mean change of the total energy of both, 0 for an energy-conserving unitary."""
        return float((np.diag(self.end - self.start).real * self.operation.unitary.joint.energies).sum())


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CorrelatedOperationAverages(Record):
    r"""Averages of a correlated operation, in nats and in the units of the energies given.

    Attributes:
        entropy_production: Mean of sigma, :math:`I(\rho'_{SE}) + S(\rho'_E\|\rho_E) \ge 0`: the initial correlations
            count as used up, the final ones as given up.
        clausius_entropy_production: Mean of `clausius_sigma`, :math:`\Delta S(\rho_S) + \beta Q`, which knows nothing
            of correlations: `entropy_production` minus the initial mutual information, of either sign.
        population_entropy_production: Part of the Clausius form in the populations, of either sign here.
        coherence_entropy_production: Part in the coherence, :math:`C(\rho_S) - C(\rho'_S)`, of either sign here.
        initial_mutual_information: :math:`I(\rho_{SE})`.
        mutual_information: :math:`I(\rho'_{SE})`.
        mutual_information_change: The latter minus the former.
        environment_relative_entropy: :math:`S(\rho'_E\|\rho_E)`.
        environment_coherence: :math:`C(\rho'_E)` between single levels.
        initial_coherence: :math:`C(\rho_S)`.
        final_coherence: :math:`C(\rho'_S)`.
        heat_into_environment: Mean energy gained by the environment.
        heat_without_coherent_correlations: The same after a measurement of the local energies: what two-point
            measurements would find.
        heat_without_correlations: The same for the product of the local states.
        switching_work: Mean change of the total energy; 0 for an energy-conserving unitary.
        commutator_norm: Frobenius norm of :math:`[U, H_S+H_E]`.
        final_state: :math:`\rho'_S` in the basis the Hamiltonian was given in, shape (d, d).
        joint_system_state: The same in the energy eigenbasis.
        reasons: Why an entry is missing, by name.
    """

    entropy_production: float
    clausius_entropy_production: float
    population_entropy_production: float
    coherence_entropy_production: float
    initial_mutual_information: float
    mutual_information: float
    mutual_information_change: float
    environment_relative_entropy: float
    environment_coherence: float
    initial_coherence: float
    final_coherence: float
    heat_into_environment: float
    heat_without_coherent_correlations: float
    heat_without_correlations: float
    switching_work: float
    commutator_norm: float
    final_state: ComplexArray
    joint_system_state: ComplexArray
    reasons: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Plain numbers for JSON: matrices as {"real", "imag"}."""
        skipped = {"joint_system_state", "reasons"}
        return {field.name: plain(getattr(self, field.name)) for field in fields(self) if field.name not in skipped}


def correlated_operation_averages(operation: CorrelatedOperation) -> CorrelatedOperationAverages:
    """Compute every average of a correlated operation from its density matrices.

    Raises:
        TooLarge: If the joint dimension exceeds 1500.

    Example:
        Heat flows from the colder system into the hotter environment, paid for by correlations.

        >>> from qtraj.models import build_model
        >>> process = build_model(
        ...     "two-qubit-exchange", angle=0.5, beta_system=1.0, beta_environment=0.5, correlation=-0.15j
        ... )
        >>> values = correlated_operation_averages(process)
        >>> round(values.heat_into_environment, 4), round(values.clausius_entropy_production, 4)
        (0.1013, -0.0794)
        >>> values.clausius_entropy_production > values.mutual_information_change
        True
    """
    matrices = JointMatrices.of(operation)
    own, _ = matrices.locals_of(matrices.start)
    after, _ = matrices.locals_of(matrices.end)
    level_of = operation.system.spectrum.level_of
    coherences = [
        max(0.0, matrix_entropy(pinched_matrix(state, level_of)) - matrix_entropy(state)) for state in (own, after)
    ]
    before, final = (matrices.mutual_information(joint) for joint in (matrices.start, matrices.end))
    clausius = matrices.clausius_entropy_production
    matrix = operation.unitary.matrix()
    product = matrices.start - _chi(operation)
    without = JointMatrices(operation=operation, start=product, end=matrix @ product @ dagger(matrix))
    return CorrelatedOperationAverages(
        entropy_production=final + matrices.environment_relative_entropy,
        clausius_entropy_production=clausius,
        population_entropy_production=clausius - (coherences[0] - coherences[1]),
        coherence_entropy_production=coherences[0] - coherences[1],
        initial_mutual_information=before,
        mutual_information=final,
        mutual_information_change=final - before,
        environment_relative_entropy=matrices.environment_relative_entropy,
        environment_coherence=matrices.environment_coherence,
        initial_coherence=coherences[0],
        final_coherence=coherences[1],
        heat_into_environment=matrices.heat_into_environment,
        heat_without_coherent_correlations=JointMatrices.of(operation, pinched=True).heat_into_environment,
        heat_without_correlations=without.heat_into_environment,
        switching_work=0.0 if operation.unitary.conserving else matrices.energy_change,
        commutator_norm=operation.unitary.commutator_norm(),
        final_state=frozen(operation.system.in_given_basis(after)),
        joint_system_state=frozen(after),
        reasons={},
    )


def _chi(operation: CorrelatedOperation) -> ComplexArray:
    """The correlations in the product of the energy eigenbases."""
    lift: ComplexArray = np.kron(operation.system.basis, np.eye(operation.environment.dimension)).astype(np.complex128)
    chi: ComplexArray = dagger(lift) @ operation.correlations @ lift
    return chi
