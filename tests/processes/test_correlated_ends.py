"""The amounts at the two ends of a correlated operation, against their definitions from density matrices."""

from __future__ import annotations

import numpy as np
import pytest

from qtraj.processes.correlated_ends import labelled_end, labelled_start, local_pairs
from qtraj.processes.correlated_operation import CorrelatedOperation
from qtraj.quantum.outcomes import Outcomes
from tests.processes.correlated_cases import Case

ROUNDING = 1e-12


@pytest.fixture(params=[1, 2, 3])
def operation(request: pytest.FixtureRequest) -> CorrelatedOperation:
    return Case.random(request.param, environment=(0.0, 1.0, 2.5)).operation


def test_pairs_are_products(operation: CorrelatedOperation) -> None:
    local, bath = operation.system.outcomes, operation.environment
    pairs = local_pairs(local, bath)
    product = np.kron(operation.system.energy_state.matrix, np.diag(np.exp(bath.log_populations)))
    assert np.abs(pairs.state.matrix - product).max() < ROUNDING
    for alpha in range(local.count):
        for mu in range(bath.dimension):
            own = pairs.vectors[:, pairs.outcome_of == alpha * bath.dimension + mu]
            level = np.eye(bath.dimension)[:, mu : mu + 1]
            assert np.array_equal(own, np.kron(local.vectors[:, local.outcome_of == alpha], level))


def test_amounts_are_what_they_are_called(operation: CorrelatedOperation) -> None:
    """On every path: sigma, c, i and their relations, from eigenvalues and populations of the density matrices."""
    joint, bath = operation.joint_outcomes, operation.environment
    end = operation.final_joint_state
    final = Outcomes.of(operation.final_energy_state, operation.system.spectrum)
    first = labelled_start(joint, operation.system.outcomes, bath)
    last = labelled_end(final, end, bath)

    size = bath.dimension
    cube = end.matrix.reshape(-1, size, operation.system.dimension, size)
    r = np.trace(cube, axis1=0, axis2=2).diagonal().real
    q, energies = np.exp(bath.log_populations), bath.spectrum.energies
    p, p_final = (outcomes.log_eigenvalues for outcomes in (operation.system.outcomes, final))
    for kappa, weight in enumerate(joint.log_eigenvalues):
        for n in range(p.size * size):
            for m in range(p_final.size * size):
                (alpha, mu), (beta, nu) = divmod(n, size), divmod(m, size)
                found = {name: first.amounts[name][kappa, n] + last.amounts[name][m, m] for name in first.amounts}
                clausius = p[alpha] - p_final[beta] + bath.inverse_temperature * (energies[nu] - energies[mu])
                before = weight - p[alpha] - np.log(q[mu])
                after = weight - p_final[beta] - np.log(r[nu])
                expected = {
                    "heat": energies[nu] - energies[mu],
                    "clausius_sigma": clausius,
                    "initial_information": before,
                    "information_change": after - before,
                    "sigma_beyond_information": clausius - (after - before),
                }
                assert found == pytest.approx(expected, abs=1e-10)


def test_labels_of_the_start_follow_the_born_rule(operation: CorrelatedOperation) -> None:
    joint = operation.joint_outcomes
    first = labelled_start(joint, operation.system.outcomes, operation.environment)
    assert first.log_conditional is not None
    assert np.abs(np.exp(first.log_conditional).sum(axis=1) - 1).max() < ROUNDING
    # Averaged over the joint outcomes either label has its local probability, and the pair that of the joint state.
    local, bath = operation.system.outcomes, operation.environment
    labels = (joint.probabilities @ np.exp(first.log_conditional)).reshape(local.count, bath.dimension)
    assert np.abs(labels.sum(axis=1) - local.probabilities).max() < ROUNDING
    assert np.abs(labels.sum(axis=0) - np.exp(bath.log_populations)).max() < ROUNDING
    assert np.abs(labels - local.probabilities[:, None] * np.exp(bath.log_populations)).max() > 1e-3
