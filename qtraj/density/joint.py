r"""The joint final state of system and environment, through a factor :math:`\rho'_{SE} = AA^\dagger`.

Mapping: columns of A are :math:`\sqrt{p_\alpha q_\mu}\,U|\psi_\alpha,\mu\rangle`. This route knows nothing of Kraus
operators, paths or canonical bases, which is why it is the one to compare them with.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray
from qtraj.errors import TooLarge
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.entropies import factor_entropy, mutual_information

__all__ = ["LARGEST_JOINT_STATE", "JointFinalState", "require_dense"]

# Singular values of a matrix this large take some ten seconds on two cores.
LARGEST_JOINT_STATE = 1500


def require_dense(dimension: int) -> None:
    """Refuse a joint dimension that is too large for a dense joint state.

    Raises:
        TooLarge: If it exceeds 1500.

    Example:
        >>> require_dense(1500)
        >>> require_dense(1501)
        Traceback (most recent call last):
            ...
        qtraj.errors.TooLarge: the dense joint state must have dimension at most 1500, but has 1501
    """
    if dimension > LARGEST_JOINT_STATE:
        raise TooLarge(
            f"the dense joint state must have dimension at most {LARGEST_JOINT_STATE}, but has {dimension}",
            measured=dimension,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class JointFinalState:
    """The dense joint state after a thermal operation, as a factor.

    Args:
        operation: The thermal operation.
        factor: A, shape (d_S d_E, r d_E), r the rank of the initial state.
    """

    operation: ThermalOperation
    factor: ComplexArray

    @classmethod
    def of(cls, operation: ThermalOperation) -> JointFinalState:
        """Build the factor.

        Raises:
            TooLarge: If the joint dimension exceeds 1500.
        """
        require_dense(operation.unitary.dimension)
        state = operation.system.energy_state
        amplitudes = np.exp(operation.environment.log_populations / 2)
        start = np.kron(state.vectors * np.exp(state.log_eigenvalues / 2), np.diag(amplitudes))
        return cls(operation=operation, factor=operation.unitary.matrix() @ start)

    @property
    def _by_environment(self) -> ComplexArray:
        d_s, d_e = self.operation.system.dimension, self.operation.environment.dimension
        return self.factor.reshape(d_s, d_e, -1).transpose(1, 0, 2).reshape(d_e, -1)

    @property
    def populations(self) -> FloatArray:
        """Populations of the joint energy eigenstates, shape (d_S d_E,)."""
        populations: FloatArray = (np.abs(self.factor) ** 2).sum(axis=1)
        return populations

    @property
    def system_state(self) -> ComplexArray:
        """Final state of the system by partial trace, energy eigenbasis, shape (d_S, d_S)."""
        rows = self.factor.reshape(self.operation.system.dimension, -1)
        return rows @ np.conj(rows.T)

    @property
    def energy_change(self) -> float:
        r"""Switching work :math:`W = tr[(H_S+H_E)(\rho'_{SE}-\rho_{SE})]`, 0 for an energy-conserving unitary."""
        start = self.operation.system.energy_state
        before = (np.abs(start.vectors) ** 2) @ np.exp(start.log_eigenvalues)
        joint_before = np.outer(before, np.exp(self.operation.environment.log_populations)).ravel()
        return float(((self.populations - joint_before) * self.operation.unitary.joint.energies).sum())

    @property
    def environment_populations(self) -> FloatArray:
        """Final populations of the environment's energies, shape (d_E,)."""
        joint = self.populations.reshape(self.operation.system.dimension, -1)
        populations: FloatArray = joint.sum(axis=0)
        return populations

    @property
    def heat_into_environment(self) -> float:
        """Mean energy gained by the environment."""
        gain = self.environment_populations - np.exp(self.operation.environment.log_populations)
        return float((gain * self.operation.environment.spectrum.energies).sum())

    @property
    def mutual_information(self) -> float:
        """Mutual information between system and environment, nats."""
        return mutual_information(self.factor, self.operation.system.dimension, self.operation.environment.dimension)

    @property
    def environment_relative_entropy(self) -> float:
        r"""Relative entropy :math:`S(\rho'_E\|\rho_E)` of the environment to its initial state, nats."""
        cross = float((self.environment_populations * self.operation.environment.log_populations).sum())
        return max(0.0, -factor_entropy(self._by_environment) - cross)

    @property
    def environment_coherence(self) -> float:
        """Coherence of the environment's final state, nats."""
        spectrum = self.operation.environment.spectrum
        groups = [np.flatnonzero(spectrum.level_of == level) for level in range(spectrum.levels.size)]
        rows = self._by_environment
        return max(0.0, factor_entropy(rows, groups) - factor_entropy(rows))

    @property
    def global_coherence(self) -> float:
        """Coherence of the joint state between total-energy blocks, nats."""
        groups = [block for batch in self.operation.unitary.joint.blocks for block in batch]
        return max(0.0, factor_entropy(self.factor, groups) - factor_entropy(self.factor))
