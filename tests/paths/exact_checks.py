"""What an exact law must satisfy, as one list of discrepancies, so that mistakes can be seen to be rejected by it.

Everything a law is compared with comes from elsewhere: dense matrices, averages from density matrices, and the law of
the backward process, computed for itself.
"""

from __future__ import annotations

import numpy as np

from qtraj.density.averages import averages
from qtraj.density.exponential import log_exponential_average, support_loss
from qtraj.density.joint import JointFinalState
from qtraj.paths.exact_law import exact_law, law_between
from qtraj.paths.law import PathLaw
from qtraj.processes.seam import Endpoint
from qtraj.processes.thermal_operation import ThermalOperation

__all__ = ["backward_law", "discrepancies", "scale_of"]


def scale_of(operation: ThermalOperation) -> float:
    """Rounding errors are relative to the largest energies, and to these in units of the temperature.

    Not to the largest gap: the eigenvalues of a Hamiltonian matrix carry the rounding errors of its largest one.
    """
    largest = float(np.abs(operation.unitary.joint.energies).max())
    return 1 + largest * (1 + operation.inverse_temperature)


def backward_law(operation: ThermalOperation, law: PathLaw) -> PathLaw:
    """The law of the reversed process between the ends of `law`, swapped."""
    return law_between(operation.reversed().stages(), law.endpoints.swapped())


def discrepancies(operation: ThermalOperation, law: PathLaw | None = None) -> dict[str, float]:
    """By how much a law in the augmented protocol breaks each condition; all are of rounding size for a right one."""
    law = exact_law(operation) if law is None else law
    exact = averages(operation)
    found = {
        "normalisation": abs(law.normalisation - 1),
        "theorem": abs(law.exponential_average("sigma") - (1 - support_loss(operation))),
        "irreversibility": abs(law.absolute_irreversibility - support_loss(operation)),
        "mean sigma": abs(law.mean("sigma") - exact.entropy_production),
        "mean sigma_d": abs(law.mean("sigma_d") - exact.population_entropy_production),
        "mean xi": abs(law.mean("xi") - exact.coherence_entropy_production),
        "mean heat": abs(law.mean("heat") - exact.heat_into_environment),
        "sum of the parts": float(np.abs(law.sigma - law.sigma_d - law.xi).max()),
        "detailed theorem": _detailed_theorem(operation, law),
        "initial marginal": _marginal(law, law.alpha, operation.system.energy_state.matrix, law.endpoints.initial),
        "final marginal": _marginal(law, law.beta, JointFinalState.of(operation).system_state, law.endpoints.final),
        "initial labels": _labels(law, law.n, operation.system.energy_state.matrix, operation, law.endpoints.initial),
        "final labels": _labels(law, law.m, JointFinalState.of(operation).system_state, operation, law.endpoints.final),
    }
    for name in ("sigma_d", "xi"):
        difference = law.log_exponential_average(name) - log_exponential_average(operation, name)
        found[f"exponential average of {name}"] = abs(difference)
    return found


def _detailed_theorem(operation: ThermalOperation, law: PathLaw) -> float:
    """Largest difference between e^-sigma P_F and the backward law, class by class, structural zeros included."""
    back = backward_law(operation, law)
    mirrored = law.heats.size - 1 - law.branch
    forward = zip(law.beta, mirrored, law.alpha, law.m, law.n, law.log_backward, strict=True)
    table = {tuple(map(int, key)): value for *key, value in forward}
    worst = 0.0
    for *key, value in zip(back.alpha, back.branch, back.beta, back.n, back.m, back.log_forward, strict=True):
        worst = max(worst, abs(np.exp(value) - np.exp(table.pop(tuple(map(int, key)), -np.inf))))
    return max([worst, *(float(np.exp(value)) for value in table.values())])


def _marginal(law: PathLaw, index: np.ndarray, state: np.ndarray, end: Endpoint) -> float:
    """Probability of every outcome, against the eigenvalues of the dense state and against <psi|state|psi>."""
    probabilities = np.bincount(index, weights=law.probabilities, minlength=end.outcomes.count)
    by_column = (probabilities / end.outcomes.ranks)[end.outcomes.outcome_of]
    eigenvalues = np.zeros(state.shape[0])
    eigenvalues[: by_column.size] = by_column
    own = np.einsum("ik,ij,jk->k", end.outcomes.vectors.conj(), state, end.outcomes.vectors).real
    return max(
        float(np.abs(np.sort(eigenvalues) - np.linalg.eigvalsh(state)).max()), float(np.abs(own - by_column).max())
    )


def _labels(law: PathLaw, index: np.ndarray, state: np.ndarray, operation: ThermalOperation, end: Endpoint) -> float:
    """Probability of every energy level, against the populations of the dense state."""
    spectrum = operation.system.spectrum
    labels = end.energy_labels
    assert labels is not None
    starts = np.searchsorted(labels.outcome_of, np.arange(labels.count))
    level = spectrum.level_of[np.argmax(np.abs(labels.vectors[:, starts]), axis=0)]
    found = np.bincount(level[index], weights=law.probabilities, minlength=spectrum.levels.size)
    expected = np.bincount(spectrum.level_of, weights=np.diag(state).real, minlength=spectrum.levels.size)
    return float(np.abs(found - expected).max())
