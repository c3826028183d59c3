r"""The exact numbers a protocol's samples are held against, gathered from density matrices alone.

Mapping: Sigma, Sigma_d, Xi of [Santos19] Eqs. (22)-(25), switching work W. For a unitary that conserves energy only
approximately, :math:`\langle\sigma\rangle = \Sigma + \beta W`, all of the difference in sigma_d.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from qtraj.arrays import FloatArray
from qtraj.density.averages import averages
from qtraj.density.exponential import log_exponential_average, support_loss
from qtraj.density.thermal_operation import ThermalOperationAverages
from qtraj.processes.seam import MeasurementProtocol
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.outcomes import Outcomes, pinch

__all__ = ["References"]

# The joint matrix carries rounding errors of some 1e-16 in absolute terms. A final eigenvalue near that size could come
# out of it as zero, and one path among 10^15 that ends there would then look impossible.
RESOLVED = 1e-13


@dataclass(frozen=True, kw_only=True, eq=False)
class References:
    """Exact means, exponential averages and final probabilities under one protocol.

    Attributes:
        averages: All averages of the process.
        means: Exact means by quantity, for those the protocol defines.
        exponential: Exact <e^-s> by quantity; for sigma it is 1 - lambda from the backward process.
        final_probabilities: Probability of every final outcome, from the joint state where it can be formed and
            resolves it (above 1e-13), else the eigenvalue of the final state.
    """

    averages: ThermalOperationAverages
    means: dict[str, float]
    exponential: dict[str, float]
    final_probabilities: FloatArray | None

    @classmethod
    def of(cls, process: ThermalOperation, protocol: MeasurementProtocol) -> References:
        """Gather them for a process."""
        values = averages(process)
        work = process.inverse_temperature * values.switching_work
        means = {"heat": values.heat_into_environment}
        measured = values
        if protocol is MeasurementProtocol.ENERGY:
            # The first energy measurement removes the coherence; nothing else about the process changes.
            dephased = replace(
                process.system,
                energies=process.system.spectrum.energies,
                hamiltonian=None,
                state=pinch(process.system.energy_state, process.system.spectrum),
            )
            measured = values if process.unitary.conserving else averages(replace(process, system=dephased))
            work = process.inverse_temperature * measured.switching_work
            means["heat"] = measured.heat_into_environment
            means["sigma"] = means["sigma_d"] = measured.population_entropy_production + work
            means["xi"] = 0.0
        elif protocol is not MeasurementProtocol.KRAUS:
            means["sigma"] = values.entropy_production + work
            if protocol is MeasurementProtocol.AUGMENTED:
                means["sigma_d"] = values.population_entropy_production + work
                means["xi"] = values.coherence_entropy_production
        exponential = {}
        if "sigma" in means:
            exponential["sigma"] = 1.0 - support_loss(process, protocol)
        for name in ("sigma_d", "xi"):
            if name in means:
                with np.errstate(over="ignore"):
                    exponential[name] = float(np.exp(log_exponential_average(process, name, protocol=protocol)))
        final = None
        if protocol is not MeasurementProtocol.KRAUS:
            final = _final_probabilities(process.endpoints(protocol).final.outcomes, measured)
        return cls(averages=values, means=means, exponential=exponential, final_probabilities=final)


def _final_probabilities(outcomes: Outcomes, values: ThermalOperationAverages) -> FloatArray:
    if values.joint_system_state is None:
        return outcomes.probabilities
    diagonal = np.einsum("ij,ik,kj->j", np.conj(outcomes.vectors), values.joint_system_state, outcomes.vectors).real
    joint = np.bincount(outcomes.outcome_of, weights=diagonal, minlength=outcomes.count)
    return np.where(joint > RESOLVED, joint, outcomes.probabilities)
