r"""The exact numbers that paths of a thermal operation are held against, from density matrices.

Mapping: Sigma, Sigma_d, Xi of [Santos19] Eqs. (22)-(25), switching work W. For a unitary that conserves energy only
approximately, :math:`\langle\sigma\rangle = \Sigma + \beta W`, all of the difference in sigma_d.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from qtraj.density.averages import averages
from qtraj.density.exponential import log_exponential_average, support_loss
from qtraj.density.thermal_operation import ThermalOperationAverages
from qtraj.processes.seam import MeasurementProtocol
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.outcomes import pinch
from qtraj.theorems.checks import Check, identity
from qtraj.theorems.references import (
    ENERGY_ERROR,
    IDENTITY_TOLERANCE,
    WORTH_TELLING,
    References,
    about_the_state,
    probabilities_in,
)

__all__ = ["thermal_references"]


def thermal_references(process: ThermalOperation, protocol: MeasurementProtocol) -> References:
    """Gather them for a thermal operation."""
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
    return References(
        averages=values,
        means=means,
        exponential=exponential,
        final_probabilities=final,
        energy_rounding=rounding,
        identities=tuple(_identities(process, values)),
        remarks=tuple(_remarks(process, values)),
    )


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
