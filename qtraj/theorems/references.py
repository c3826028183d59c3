r"""The exact numbers a protocol's samples are held against, gathered from density matrices alone.

Mapping: Sigma, Sigma_d, Xi of [Santos19] Eqs. (22)-(25), switching work W. For a unitary that conserves energy only
approximately, :math:`\langle\sigma\rangle = \Sigma + \beta W`, all of the difference in sigma_d.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray
from qtraj.density.averages import Averages, averages
from qtraj.density.exponential import log_exponential_average, support_loss
from qtraj.density.thermal_operation import ThermalOperationAverages
from qtraj.processes.seam import MeasurementProtocol
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.outcomes import Outcomes, pinch
from qtraj.quantum.parties import System
from qtraj.theorems.checks import Check, identity

__all__ = ["ENERGY_ERROR", "IDENTITY_TOLERANCE", "WORTH_TELLING", "References", "about_the_state", "probabilities_in"]

# The joint matrix carries rounding errors of some 1e-16 in absolute terms. A final eigenvalue near that size could come
# out of it as zero, and one path among 10^15 that ends there would then look impossible.
RESOLVED = 1e-13

# Sums of some thousand terms, each a product of a dozen factors good to 1e-15; a factor of ten to spare.
IDENTITY_TOLERANCE = 1e-11

# Mean energies are sums of populations, good to 1e-16, times energies: where they cancel, as in equilibrium, what is
# left is rounding of the largest energy and not of the result. A factor of thirty to spare.
ENERGY_ERROR = 1e-14

# Rounding moves a state or a unitary by 1e-15; digits left out by the user, by 1e-5.
WORTH_TELLING = 1e-9


@dataclass(frozen=True, kw_only=True, eq=False)
class References:
    """Exact means, exponential averages and final probabilities under one protocol.

    Attributes:
        averages: All averages of the process.
        means: Exact means by quantity, for those the protocol defines.
        exponential: Exact <e^-s> by quantity; for sigma it is 1 - lambda from the backward process.
        final_probabilities: Probability of every final outcome, from the joint state where it can be formed and
            resolves it (above 1e-13), else the eigenvalue of the final state.
        energy_rounding: Absolute error of a mean that comes from rounding energies, by quantity (0 if not named); of
            all exponential averages under `weights`.
        identities: What must hold between the averages themselves, whatever the paths.
        remarks: What a reader should know about the process before believing a verdict.
        events: Mean number of jumps on a path, if following a path takes that many steps.
    """

    averages: Averages
    means: dict[str, float]
    exponential: dict[str, float]
    final_probabilities: FloatArray | None
    energy_rounding: dict[str, float]
    identities: tuple[Check, ...] = ()
    remarks: tuple[str, ...] = ()
    events: float = 0.0

    @classmethod
    def of(cls, process: ThermalOperation, protocol: MeasurementProtocol) -> References:
        """Gather them for a thermal operation; `qtraj.theorems.gather` knows the other processes."""
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
            final = probabilities_in(process.endpoints(protocol).final.outcomes, measured.joint_system_state)
        rounding = {name: _energy_rounding(process, name) for name in means}
        return cls(
            averages=values,
            means=means,
            exponential=exponential,
            final_probabilities=final,
            energy_rounding=rounding,
            identities=tuple(_identities(process, values)),
            remarks=tuple(_remarks(process, values)),
        )


def probabilities_in(outcomes: Outcomes, state: ComplexArray | None) -> FloatArray:
    """Probabilities of the outcomes in a state (energy eigenbasis) found independently, where it resolves them."""
    if state is None:
        return outcomes.probabilities
    diagonal = np.einsum("ij,ik,kj->j", np.conj(outcomes.vectors), state, outcomes.vectors).real
    joint = np.bincount(outcomes.outcome_of, weights=diagonal, minlength=outcomes.count)
    return np.where(joint > RESOLVED, joint, outcomes.probabilities)


def _identities(process: ThermalOperation, values: ThermalOperationAverages) -> Iterator[Check]:
    if values.mutual_information is not None and values.environment_relative_entropy is not None:
        flow = process.inverse_temperature * values.switching_work
        yield identity(
            "entropy_conservation",
            values.mutual_information + values.environment_relative_entropy,
            values.entropy_production + flow,
            IDENTITY_TOLERANCE + _energy_rounding(process, "sigma"),
            note="[Santos19] Eq. (26), from the joint state.",
        )
    if values.global_coherence is not None and process.unitary.conserving:
        yield identity(
            "coherence_conservation",
            values.global_coherence,
            values.initial_coherence,
            IDENTITY_TOLERANCE,
            note="[Santos19] Eq. (28), from the joint state.",
        )
    if values.joint_system_state is not None:
        distance = float(np.abs(values.joint_system_state - process.final_energy_state.matrix).max())
        yield identity(
            "final_state",
            distance,
            0.0,
            IDENTITY_TOLERANCE,
            note="Largest difference between the Kraus map's final state and the partial trace of the joint state.",
        )


def about_the_state(system: System) -> Iterator[str]:
    """What a reader should know about a state that was typed to a few digits."""
    if system.adjustment > WORTH_TELLING:
        rank = system.energy_state.rank
        advice = "; <e^-sigma> depends on the rank, so give `rank` if another one was meant" if rank > 1 else ""
        yield (
            f"The state given was moved by {system.adjustment:.2g} to the nearest density matrix, of rank {rank} of "
            f"{system.dimension}{advice}."
        )


def _energy_rounding(process: ThermalOperation, name: str) -> float:
    """Absolute error of an exact mean of heat or entropy production that comes from rounding energies."""
    largest = float(np.abs(process.unitary.joint.energies).max())
    factor = {"heat": 1.0, "xi": 0.0}.get(name, process.inverse_temperature)
    return ENERGY_ERROR * factor * largest


def _remarks(process: ThermalOperation, values: ThermalOperationAverages) -> Iterator[str]:
    """What a reader should know about the process before believing the verdict."""
    system, unitary = process.system, process.unitary
    yield from about_the_state(system)
    if not unitary.conserving:
        flow = process.inverse_temperature * values.switching_work
        yield (
            f"The unitary does not conserve energy: [U, H] has norm {values.commutator_norm:.3g}, and switching the "
            f"interaction takes the work {values.switching_work:.6g}. So this is no thermal operation: sigma counts "
            f"beta times the work, its mean is Sigma = {values.entropy_production:.6g} plus {flow:.6g}, and nothing "
            "says that Sigma_d and Xi are not negative."
        )
    if unitary.adjustment > WORTH_TELLING:
        yield f"The unitary given was moved by {unitary.adjustment:.2g} to be unitary and to conserve energy."
    if system.dimension > 1 and len(process.stages()[0].branches) == 1 and unitary.conserving:
        yield "No heat can flow: the unitary exchanges no energy, for want of a common gap or by its own choice."
