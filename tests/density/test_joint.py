"""The joint final state through its factor: marginals, energy and size limit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from qtraj.density.joint import JointFinalState
from qtraj.errors import TooLarge
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.strategies import thermal_operations


@settings(max_examples=25)
@given(thermal_operations())
def test_the_factor_is_the_evolved_product_state(operation: ThermalOperation) -> None:
    joint = JointFinalState.of(operation)
    d, e = operation.system.dimension, operation.environment.dimension
    u = operation.unitary.matrix()
    start = np.kron(operation.system.energy_state.matrix, np.diag(np.exp(operation.environment.log_populations)))
    dense = u @ start @ u.conj().T
    assert np.abs(joint.factor @ joint.factor.conj().T - dense).max() < 1e-14
    cube = dense.reshape(d, e, d, e)
    assert np.abs(joint.system_state - np.einsum("iaja->ij", cube)).max() < 1e-14
    assert np.abs(joint.environment_populations - np.einsum("aiai->i", cube).real).max() < 1e-14
    assert np.abs(joint.populations - np.diag(dense).real).max() < 1e-14
    assert abs(joint.energy_change) < 1e-12 * (1 + np.abs(operation.unitary.joint.energies).max())


def test_a_joint_state_that_is_too_large_is_refused() -> None:
    system = System(energies=[0.0, 1.0], state=np.eye(2) / 2)
    bath = Environment.ladder(levels=751, spacing=1.0, inverse_temperature=1.0)
    operation = ThermalOperation(system=system, environment=bath, unitary=EnergyConservingUnitary.haar(system, bath))
    with pytest.raises(TooLarge, match="at most 1500, but has 1502") as caught:
        JointFinalState.of(operation)
    assert caught.value.measured == 1502
