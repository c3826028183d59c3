r"""Exact averages of a thermal operation [Santos19].

Mapping: Sigma, Sigma_d, Xi of Eqs. (22)-(25), conservation laws of Eqs. (26)-(31), free energy of Eq. (6).
Two of the paper's statements are misprinted: Eq. (30) asserts a non-negative correlated coherence, which is false
(it is computed here, and its sign never asserted), and Eqs. (20)-(21) hold only for unique Bohr frequencies.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray, frozen
from qtraj.density.joint import LARGEST_JOINT_STATE, JointFinalState
from qtraj.density.maps import CoherenceProcessing, coherence_processing, transition_matrix
from qtraj.density.plain import plain
from qtraj.density.record import Record
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.entropies import coherence, divergence_from_gibbs, free_energy, kullback_leibler, mean_energy
from qtraj.quantum.outcomes import energy_outcomes
from qtraj.quantum.spectrum import Spectrum
from qtraj.quantum.states import State, gibbs_log_populations

__all__ = ["ThermalOperationAverages", "thermal_operation_averages"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class ThermalOperationAverages(Record):
    r"""Averages of a thermal operation, in nats and in the units of the energies given.

    A value that does not exist or cannot be computed is None, and `reasons` says why.

    Attributes:
        entropy_production: :math:`\Sigma = S(\rho_S\|\rho^{eq}) - S(\rho'_S\|\rho^{eq})`, Eq. (22).
        population_entropy_production: :math:`\Sigma_d`, Eq. (24), in block-diagonal form for degenerate energies.
        coherence_entropy_production: :math:`\Xi = C(\rho_S) - C(\rho'_S)`, Eq. (25).
        initial_coherence: :math:`C(\rho_S)`.
        final_coherence: :math:`C(\rho'_S)`.
        environment_coherence: :math:`C(\rho'_E)`.
        global_coherence: :math:`C(\rho'_{SE})`, equal to the initial coherence by Eq. (28).
        correlated_coherence: :math:`C_{cc} = C(\rho'_{SE}) - C(\rho'_S) - C(\rho'_E)`, of either sign.
        mutual_information: :math:`I(\rho'_{SE})`.
        environment_relative_entropy: :math:`S(\rho'_E\|\rho_E)`.
        heat_into_environment: Mean energy gained by the environment.
        initial_free_energy: :math:`F(\rho_S)`, None at infinite temperature (and where S/beta exceeds 1e308).
        final_free_energy: :math:`F(\rho'_S)`, None at infinite temperature (likewise).
        switching_work: Mean change of the total energy; 0 for an energy-conserving unitary.
        commutator_norm: Frobenius norm of :math:`[U, H_S+H_E]`.
        final_state: :math:`\rho'_S` in the basis the Hamiltonian was given in, shape (d, d).
        initial_eigenvalues: Eigenvalues of the initial state, descending, shape (r,).
        final_eigenvalues: Eigenvalues of the final state, descending.
        initial_populations: Energy populations of the initial state, in the order of the energies, shape (d,).
        final_populations: Energy populations of the final state, shape (d,).
        transition_matrix: Q(m|n) of Eq. (19), shape (d, d).
        coherence_processing: Factors of Eq. (20) with their true scope and bounds.
        joint_system_state: :math:`\rho'_S` again, by partial trace of the joint state (energy eigenbasis), or None.
        reasons: Why an entry is None, by name.
    """

    entropy_production: float
    population_entropy_production: float
    coherence_entropy_production: float
    initial_coherence: float
    final_coherence: float
    environment_coherence: float | None
    global_coherence: float | None
    correlated_coherence: float | None
    mutual_information: float | None
    environment_relative_entropy: float | None
    heat_into_environment: float
    initial_free_energy: float | None
    final_free_energy: float | None
    switching_work: float
    commutator_norm: float
    final_state: ComplexArray
    initial_eigenvalues: FloatArray
    final_eigenvalues: FloatArray
    initial_populations: FloatArray
    final_populations: FloatArray
    transition_matrix: FloatArray
    coherence_processing: CoherenceProcessing
    joint_system_state: ComplexArray | None
    reasons: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Plain numbers for JSON: matrices as {"real", "imag"}, missing values as None."""
        skipped = {"coherence_processing", "joint_system_state", "reasons"}
        return {field.name: plain(getattr(self, field.name)) for field in fields(self) if field.name not in skipped}


def thermal_operation_averages(operation: ThermalOperation) -> ThermalOperationAverages:
    """Compute every average of a thermal operation from its density matrices.

    The joint state is formed only up to joint dimension 1500; above it, what needs the joint state is None, and heat
    and work follow from the energy conservation that the unitary's blocks guarantee.

    Example:
        >>> from qtraj.models import build_model
        >>> values = thermal_operation_averages(build_model("two-qubit-exchange"))
        >>> abs(values.entropy_production - values.mutual_information - values.environment_relative_entropy) < 1e-12
        True
    """
    spectrum, beta = operation.system.spectrum, operation.inverse_temperature
    before, after = operation.system.energy_state, operation.final_energy_state
    start_coherence, end_coherence = coherence(before, spectrum), coherence(after, spectrum)
    reasons: dict[str, str] = {}

    joint: JointFinalState | None = None
    if operation.unitary.dimension <= LARGEST_JOINT_STATE:
        joint = JointFinalState.of(operation)
    else:
        text = (
            f"needs the dense joint state, whose dimension {operation.unitary.dimension} exceeds {LARGEST_JOINT_STATE}"
        )
        names = ("environment_coherence", "global_coherence", "correlated_coherence", "mutual_information")
        reasons.update(dict.fromkeys((*names, "environment_relative_entropy"), text))

    energy_released = mean_energy(before, spectrum) - mean_energy(after, spectrum)
    local_coherence = joint.environment_coherence if joint else None
    global_coherence = joint.global_coherence if joint else None
    return ThermalOperationAverages(
        entropy_production=divergence_from_gibbs(before, spectrum, beta) - divergence_from_gibbs(after, spectrum, beta),
        population_entropy_production=_population_distance(before, spectrum, beta)
        - _population_distance(after, spectrum, beta),
        coherence_entropy_production=start_coherence - end_coherence,
        initial_coherence=start_coherence,
        final_coherence=end_coherence,
        environment_coherence=local_coherence,
        global_coherence=global_coherence,
        correlated_coherence=None
        if global_coherence is None or local_coherence is None
        else global_coherence - end_coherence - local_coherence,
        mutual_information=joint.mutual_information if joint else None,
        environment_relative_entropy=joint.environment_relative_entropy if joint else None,
        heat_into_environment=joint.heat_into_environment if joint else energy_released,
        initial_free_energy=_free_energy(before, spectrum, beta, "initial_free_energy", reasons),
        final_free_energy=_free_energy(after, spectrum, beta, "final_free_energy", reasons),
        switching_work=joint.energy_change if joint else 0.0,
        commutator_norm=operation.unitary.commutator_norm(),
        final_state=frozen(operation.final_state),
        initial_eigenvalues=frozen(np.exp(before.log_eigenvalues)),
        final_eigenvalues=frozen(np.exp(after.log_eigenvalues)),
        initial_populations=frozen(_populations(before)),
        final_populations=frozen(_populations(after)),
        transition_matrix=frozen(transition_matrix(operation)),
        coherence_processing=coherence_processing(operation, spectrum, before.matrix),
        joint_system_state=frozen(joint.system_state) if joint else None,
        reasons=reasons,
    )


def _free_energy(state: State, spectrum: Spectrum, beta: float, name: str, reasons: dict[str, str]) -> float | None:
    """The free energy, or None with a reason where S/beta is no finite double."""
    if beta == 0:
        reasons[name] = "the free energy is infinite at inverse temperature 0"
        return None
    value = free_energy(state, spectrum, beta)
    if not np.isfinite(value):
        reasons[name] = f"the free energy is larger than a double can be at inverse temperature {beta:.3g}"
        return None
    return value


def _populations(state: State) -> FloatArray:
    populations: FloatArray = (np.abs(state.vectors) ** 2) @ np.exp(state.log_eigenvalues)
    return populations


def _population_distance(state: State, spectrum: Spectrum, beta: float) -> float:
    """S(Delta(rho) || rho_eq): the eigenvalues of the pinched state against the Gibbs weights of their levels."""
    labels = energy_outcomes(state, spectrum)
    position = np.argmax(np.abs(labels.vectors), axis=0)
    equilibrium = gibbs_log_populations(spectrum.energies, beta)[position]
    return kullback_leibler(labels.log_eigenvalues[labels.outcome_of], equilibrium)
