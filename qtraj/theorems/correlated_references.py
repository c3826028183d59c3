r"""The exact numbers that paths of a correlated operation are held against, from joint density matrices.

Mapping: informations :math:`i`, :math:`\Delta i`, Clausius form c and theorems as in
`qtraj.processes.correlated_operation`. The averages :math:`\langle e^{-x}\rangle` that are no theorem come from the
same sum over local labels as the paths', with joint density matrices instead of amplitudes:

.. math:: \langle f(\alpha,\mu)\,g(\beta,\nu)\rangle = \sum_\kappa P_\kappa
          \langle\Psi_\kappa|F|\Psi_\kappa\rangle\langle\Psi_\kappa|U^\dagger GU|\Psi_\kappa\rangle,

F and G being diagonal in the local bases.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray
from qtraj.density.correlated_operation import (
    CorrelatedOperationAverages,
    JointMatrices,
    correlated_operation_averages,
)
from qtraj.processes.correlated_operation import CorrelatedOperation
from qtraj.processes.seam import Endpoints, MeasurementProtocol
from qtraj.quantum.graded import AMPLITUDE_CUT
from qtraj.quantum.matrices import dagger
from qtraj.quantum.outcomes import Outcomes
from qtraj.theorems.checks import Check, identity
from qtraj.theorems.logarithms import exp_or_inf, log_sum
from qtraj.theorems.references import ENERGY_ERROR, IDENTITY_TOLERANCE, WORTH_TELLING, References, about_the_state

__all__ = ["correlated_references"]


def correlated_references(process: CorrelatedOperation, protocol: MeasurementProtocol) -> References:
    """Gather them for a correlated operation."""
    values = correlated_operation_averages(process)
    ends = process.endpoints(protocol)
    matrices = JointMatrices.of(process, pinched=protocol is MeasurementProtocol.ENERGY)
    information = [matrices.mutual_information(joint) for joint in (matrices.start, matrices.end)]
    means = {"sigma": information[1] + matrices.environment_relative_entropy}
    exponential = {"sigma": 1.0 - _support_loss(process, ends)}
    if protocol is not MeasurementProtocol.EIGENBASIS:
        change = information[1] - information[0] + matrices.environment_coherence
        clausius = matrices.clausius_entropy_production
        if protocol is MeasurementProtocol.ENERGY:
            # The system is measured in its energies, which do not show its coherence either.
            unseen = _unseen(process, matrices)
            change, clausius = change + unseen, clausius + unseen
            means["sigma"] += unseen
        means |= {
            "heat": matrices.heat_into_environment,
            "clausius_sigma": clausius,
            "initial_information": information[0],
            "information_change": change,
            "sigma_beyond_information": clausius - change,
        }
        exponential |= {name: _exponential(process, ends, name) for name in ("clausius_sigma", "initial_information")}
        exponential["sigma_beyond_information"] = _covered_populations(process, ends)
    final = _final_probabilities(ends, matrices)
    return References(
        averages=values,
        means=means,
        exponential=exponential,
        final_probabilities=final,
        energy_rounding={name: _energy_rounding(process, name) for name in means},
        identities=tuple(_identities(process, values)),
        remarks=tuple(_remarks(process, values)),
    )


def _support_loss(process: CorrelatedOperation, ends: Endpoints) -> float:
    """Weight of the backward process that ends outside the support of the joint start."""
    vectors = ends.initial.outcomes.vectors
    if vectors.shape[1] == vectors.shape[0]:
        return 0.0
    matrix = process.unitary.matrix()
    back = dagger(matrix) @ _weighted(ends.final.outcomes, np.exp(ends.final.outcomes.log_eigenvalues)) @ matrix
    missing = np.eye(vectors.shape[0]) - vectors @ dagger(vectors)
    return min(1.0, max(0.0, float(np.einsum("ij,ji->", missing, back).real)))


def _exponential(process: CorrelatedOperation, ends: Endpoints, name: str) -> float:
    """Exact <e^-x> of a quantity that both ends count separately, from operators that are diagonal at either end."""
    start, end = ends.initial, ends.final
    assert start.log_conditional is not None  # asked only where labels are
    labels = process.local_labels(ends.protocol)
    outcomes = start.outcomes
    # One amount a label; what it owes to kappa is the same for all labels of an outcome, and is taken out of the sum.
    own = start.amounts[name] - start.amounts[name][:1]
    of_outcome = own[:, 0]
    matrix = process.unitary.matrix()
    logs = []
    for index in range(outcomes.count):
        vectors = outcomes.vectors[:, outcomes.outcome_of == index]
        # In logarithms, because e^-x of a cold level is beyond double precision, and its weight below.
        begin = _log_average(labels, -start.amounts[name][0], vectors)
        finish = _log_average(end.outcomes, -np.diag(end.amounts[name]), matrix @ vectors)
        logs.append(outcomes.log_eigenvalues[index] - of_outcome[index] + begin + finish - np.log(vectors.shape[1]))
    return exp_or_inf(log_sum(np.array(logs)))


def _log_average(outcomes: Outcomes, exponents: FloatArray, vectors: ComplexArray) -> float:
    """Ln of the sum over vectors of the mean of e^x, x being an amount of every outcome."""
    amplitudes = np.abs(dagger(outcomes.vectors) @ vectors)
    with np.errstate(divide="ignore"):
        logs = 2 * np.log(np.where(amplitudes > AMPLITUDE_CUT, amplitudes, 0)) + exponents[outcomes.outcome_of][:, None]
    return log_sum(logs.ravel())


def _weighted(outcomes: Outcomes, weights: FloatArray) -> ComplexArray:
    """The operator with one weight an outcome."""
    matrix: ComplexArray = (outcomes.vectors * weights[outcomes.outcome_of]) @ dagger(outcomes.vectors)
    return matrix


def _covered_populations(process: CorrelatedOperation, ends: Endpoints) -> float:
    """Thermal weight of the environment's levels that can be found at the end.

    Which these are does not depend on how likely they are, only on where the support of the start is taken.
    """
    support = np.linalg.norm(process.unitary.matrix() @ ends.initial.outcomes.vectors, axis=1) ** 2
    found = support.reshape(-1, process.environment.dimension).sum(axis=0) > support.size * AMPLITUDE_CUT**2
    return float(np.exp(process.environment.log_populations)[found].sum())


def _unseen(process: CorrelatedOperation, matrices: JointMatrices) -> float:
    """Coherence of the system's final state between its levels."""
    final, level_of = matrices.locals_of(matrices.end)[0], process.system.spectrum.level_of
    pinched = np.where(level_of[:, None] == level_of[None, :], final, 0)
    entropies = []
    for state in (pinched, final):
        eigenvalues = np.linalg.eigvalsh(state)
        eigenvalues = eigenvalues[eigenvalues > 0]
        entropies.append(-float((eigenvalues * np.log(eigenvalues)).sum()))
    return max(0.0, entropies[0] - entropies[1])


def _final_probabilities(ends: Endpoints, matrices: JointMatrices) -> FloatArray:
    """Probability of every pair of final outcomes in the joint final state."""
    outcomes = ends.final.outcomes
    diagonal = np.einsum("ij,ik,kj->j", np.conj(outcomes.vectors), matrices.end, outcomes.vectors).real
    found = np.bincount(outcomes.outcome_of, weights=np.maximum(diagonal, 0.0), minlength=outcomes.count)
    return found.astype(np.float64)


def _identities(process: CorrelatedOperation, values: CorrelatedOperationAverages) -> Iterator[Check]:
    scale = IDENTITY_TOLERANCE + _energy_rounding(process, "sigma")
    yield identity(
        "second_law_with_information",
        values.clausius_entropy_production - values.mutual_information_change,
        values.environment_relative_entropy,
        scale,
        note="[Micadei19]: the Clausius form exceeds the change of mutual information by S(rho'_E || rho_E).",
    )
    yield identity(
        "clausius_form",
        values.clausius_entropy_production + values.initial_mutual_information,
        values.entropy_production,
        scale,
        note="Entropy production is the Clausius form plus the information there was at the start.",
    )
    yield identity(
        "final_state",
        float(np.abs(values.joint_system_state - process.final_energy_state.matrix).max()),
        0.0,
        IDENTITY_TOLERANCE,
        note="Largest difference between the final state the paths end in and the partial trace of the joint state.",
    )


def _energy_rounding(process: CorrelatedOperation, name: str) -> float:
    """Absolute error of an exact mean that comes from rounding energies."""
    largest = float(np.abs(process.unitary.joint.energies).max())
    return ENERGY_ERROR * largest * (1.0 if name == "heat" else process.inverse_temperature)


def _remarks(process: CorrelatedOperation, values: CorrelatedOperationAverages) -> Iterator[str]:
    """What a reader should know about the process before believing the verdict."""
    yield from about_the_state(process.system)
    yield (
        "System and environment start with mutual information "
        f"{values.initial_mutual_information:.6g}, and sigma counts it: sigma = clausius_sigma + initial_information. "
        "clausius_sigma alone obeys no theorem, and its mean may be negative."
    )
    if values.environment_coherence > WORTH_TELLING:
        yield (
            "The environment ends with coherence between its levels, which its energies do not show: the mean of "
            f"information_change exceeds the change of mutual information by {values.environment_coherence:.6g}."
        )
    if process.unitary.adjustment > WORTH_TELLING:
        yield f"The unitary given was moved by {process.unitary.adjustment:.2g} to be unitary."
