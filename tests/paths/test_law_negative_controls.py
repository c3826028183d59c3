"""Deliberately wrong laws, each of which the exact checks must reject, and the check that sees it.

What no check here can see: an error common to the density matrices, the paths and the backward process, such as another
Hamiltonian, or a transposed U with symmetric moduli.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from qtraj.paths.exact_law import exact_law, law_between
from qtraj.paths.law import PathLaw
from qtraj.processes.seam import Endpoint, MeasurementProtocol, Stage
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.outcomes import Outcomes, pinch
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from tests.paths.exact_checks import discrepancies

AUGMENTED = MeasurementProtocol.AUGMENTED

# A wrong law is off by percents, a right one by 1e-14.
SEEN = 1e-3
UNSEEN = 1e-12


@pytest.fixture(scope="module")
def operation() -> ThermalOperation:
    system = System(energies=[0.0, 1.0, 2.0], state=State.haar(3, seed=1))
    bath = Environment.ladder(levels=4, spacing=1.0, inverse_temperature=0.6)
    return ThermalOperation(system=system, environment=bath, unitary=EnergyConservingUnitary.haar(system, bath, seed=3))


def adjoint_unitary(operation: ThermalOperation) -> PathLaw:
    """U^dag for U, between the right ends."""
    wrong = ThermalOperation(
        system=operation.system, environment=operation.environment, unitary=operation.unitary.adjoint()
    )
    return law_between(wrong.stages(), operation.endpoints(AUGMENTED))


def swapped_eigenbasis(operation: ThermalOperation) -> PathLaw:
    """The two most likely eigenvectors of the start exchanged, their probabilities not."""
    ends = operation.endpoints(AUGMENTED)
    outcomes, labels = ends.initial.outcomes, ends.initial.energy_labels
    swapped = Outcomes.from_parts(
        outcomes.log_eigenvalues.tolist(), np.split(outcomes.vectors[:, [1, 0, 2]], 3, axis=1)
    )
    start = replace(ends.initial, outcomes=swapped, log_conditional=swapped.log_conditional(labels))
    return law_between(operation.stages(), replace(ends, initial=start))


def exchanged_mu_and_nu(operation: ThermalOperation) -> PathLaw:
    """The environment's outcomes before and after exchanged in the books: the heat has the wrong sign."""
    branches = tuple(replace(batch, heat=-batch.heat, entropy=-batch.entropy) for batch in operation.branches())
    return law_between((Stage(reservoir="environment", branches=branches),), operation.endpoints(AUGMENTED))


def weighted_by_nu(operation: ThermalOperation) -> PathLaw:
    """The environment drawn from q_nu instead of q_mu."""
    branches = tuple(
        replace(batch, log_weights=operation.environment.log_populations[batch.nu]) for batch in operation.branches()
    )
    return law_between((Stage(reservoir="environment", branches=branches),), operation.endpoints(AUGMENTED))


def doubled_beta(operation: ThermalOperation) -> PathLaw:
    """Twice the inverse temperature in the entropy production."""
    branches = tuple(replace(batch, entropy=2 * batch.entropy) for batch in operation.branches())
    return law_between((Stage(reservoir="environment", branches=branches),), operation.endpoints(AUGMENTED))


def dephased_final_state(operation: ThermalOperation) -> PathLaw:
    """The final state without its coherences."""
    ends = operation.endpoints(AUGMENTED)
    spectrum = operation.system.spectrum
    end = Endpoint.of(pinch(operation.final_energy_state, spectrum), spectrum, AUGMENTED, final=True)
    return law_between(operation.stages(), replace(ends, final=end))


def correlated_labels(operation: ThermalOperation) -> PathLaw:
    """n and m drawn with one random number: both small or both large, each with its own right distribution."""
    law = exact_law(operation)
    ends = law.endpoints
    p_n = np.exp(ends.initial.log_conditional[law.alpha])
    p_m = np.exp(ends.final.log_conditional[law.beta])
    rows = np.arange(law.classes)
    upper = np.minimum(np.cumsum(p_n, axis=1)[rows, law.n], np.cumsum(p_m, axis=1)[rows, law.m])
    lower = np.maximum(
        np.cumsum(p_n, axis=1)[rows, law.n] - p_n[rows, law.n], np.cumsum(p_m, axis=1)[rows, law.m] - p_m[rows, law.m]
    )
    joint = np.maximum(upper - lower, 1e-300)
    return replace(law, log_forward=law.log_forward - np.log(p_n[rows, law.n] * p_m[rows, law.m]) + np.log(joint))


def test_the_right_law_passes(operation: ThermalOperation) -> None:
    assert max(discrepancies(operation).values()) < UNSEEN


@pytest.mark.parametrize(
    ("mistake", "seen_by", "unseen_by"),
    [
        # The theorem itself is blind to U^dag: only the final index, the means and the reverse process tell.
        (adjoint_unitary, {"final marginal", "mean sigma", "detailed theorem"}, {"normalisation", "theorem"}),
        (swapped_eigenbasis, {"initial marginal", "final marginal", "initial labels"}, {"normalisation"}),
        (exchanged_mu_and_nu, {"theorem", "mean heat", "mean sigma"}, {"normalisation", "final marginal"}),
        (weighted_by_nu, {"normalisation", "final marginal"}, {"sum of the parts"}),
        (doubled_beta, {"theorem", "mean sigma", "mean sigma_d"}, {"normalisation", "final marginal", "mean xi"}),
        (dephased_final_state, {"final marginal", "mean xi"}, {"normalisation", "theorem", "final labels"}),
        # Means and marginals do not see a correlation between n and m; only joint averages do.
        (
            correlated_labels,
            {"exponential average of sigma_d", "exponential average of xi"},
            {"normalisation", "theorem", "mean sigma", "mean sigma_d", "mean xi", "initial labels", "final labels"},
        ),
    ],
)
def test_a_wrong_law_is_rejected(
    operation: ThermalOperation,
    mistake: Callable[[ThermalOperation], PathLaw],
    seen_by: set[str],
    unseen_by: set[str],
) -> None:
    found = discrepancies(operation, mistake(operation))
    blind = {name for name in seen_by if not found[name] > SEEN}
    assert not blind
    seeing = {name: found[name] for name in unseen_by if not found[name] < UNSEEN}
    assert not seeing  # what the documentation says a check cannot see
