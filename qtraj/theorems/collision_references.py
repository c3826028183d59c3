r"""The exact numbers that paths of a collision model are held against, from joint density matrices.

Mapping: :math:`\langle\sigma\rangle = \sum_k D(\rho'_{SE}\|\rho'_S\otimes\eta)` ([Li18] Eq. (20)),
:math:`\langle\sigma_d\rangle = S(\Delta\rho_K) - S(\Delta\rho_0) + \sum_k\langle s_k\rangle`, which for reservoirs of
several temperatures is no difference of relative entropies.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qtraj.arrays import ComplexArray
from qtraj.density.collision_model import CollisionModelAverages, collision_model_averages
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.collision_steps import CollisionStep, InternalStep
from qtraj.processes.seam import MeasurementProtocol
from qtraj.quantum.entropies import von_neumann_entropy
from qtraj.quantum.matrices import dagger
from qtraj.quantum.outcomes import pinch
from qtraj.theorems.checks import Check, identity
from qtraj.theorems.reference_parts import exact_weights, mean_productions, with_total_heat
from qtraj.theorems.references import (
    ENERGY_ERROR,
    IDENTITY_TOLERANCE,
    WORTH_TELLING,
    References,
    about_the_state,
    probabilities_in,
)

__all__ = ["collision_references"]


def collision_references(model: CollisionModel, protocol: MeasurementProtocol) -> References:
    """Gather them for a collision model."""
    values = collision_model_averages(model)
    own = values.measured or values
    followed = own
    if protocol is MeasurementProtocol.ENERGY:
        # The first energy measurement removes the coherence of the start; nothing else about the process changes.
        dephased = collision_model_averages(model, start=pinch(model.system.energy_state, model.system.spectrum))
        followed = dephased.measured or dephased
    means: dict[str, float] = {}
    for name in model.met_reservoirs:
        if model.reservoirs[name].outcome_energies is not None:
            means[f"heat_into_{name}"] = float(np.sum(followed.heat_into[name]))
        else:
            means[f"entropy_into_{name}"] = float(np.sum(followed.entropy_flow_into[name]))
    means = with_total_heat(means)
    if "heat" in means and protocol in (MeasurementProtocol.AUGMENTED, MeasurementProtocol.ENERGY) and _works(model):
        means["work"] = followed.switching_work
    means |= mean_productions(protocol, followed)
    final = None
    if "sigma" in means:
        final = probabilities_in(model.endpoints(protocol).final.outcomes, _in_energy_basis(model, followed))
    return References(
        averages=values,
        means=means,
        exponential=exact_weights(model, protocol, means),
        final_probabilities=final,
        energy_rounding={name: _energy_rounding(model, name) for name in means},
        identities=tuple(_identities(model, own)),
        remarks=tuple(_remarks(model, values)),
    )


def _in_energy_basis(model: CollisionModel, values: CollisionModelAverages) -> ComplexArray:
    """The final state of the joint evolution in the energy eigenbasis."""
    basis = model.system.basis
    return dagger(basis) @ values.final_state @ basis


def _works(model: CollisionModel) -> bool:
    """Whether a step can change the total energy."""
    for step in model.steps:
        energies = model.composite.part(step.on).spectrum.energies
        if isinstance(step, CollisionStep):
            if not step.unitary.conserving:
                return True
        else:
            gaps = np.abs(step.energy_matrix(model.composite) * (energies[:, None] - energies[None, :]))
            if gaps.max() > WORTH_TELLING * max(np.ptp(energies), np.finfo(float).tiny):
                return True
    return False


def _identities(model: CollisionModel, values: CollisionModelAverages) -> Iterator[Check]:
    start, end = model.system.energy_state, model.final_energy_state
    scale = IDENTITY_TOLERANCE + _energy_rounding(model, "sigma")
    yield identity(
        "entropy_balance",
        values.entropy_production,
        von_neumann_entropy(end) - von_neumann_entropy(start) + values.entropy_flow,
        scale,
        note="[Li18] Eq. (20): relative entropies of all collisions against entropy change plus flow.",
    )
    yield identity(
        "final_state",
        float(np.abs(_in_energy_basis(model, values) - end.matrix).max()),
        0.0,
        IDENTITY_TOLERANCE,
        note="Largest difference between the Kraus map's final state and that of the joint evolution.",
    )


def _energy_rounding(model: CollisionModel, name: str) -> float:
    """Absolute error of an exact mean of heat or entropy production that comes from rounding energies."""
    units = [float(np.abs(reservoir.unit.spectrum.energies).max()) for reservoir in model.reservoirs.values()]
    largest = float(np.abs(model.system.spectrum.energies).max()) + max(units)
    betas = [reservoir.inverse_temperature or 0.0 for reservoir in model.reservoirs.values()]
    factor = 0.0 if name == "xi" else 1.0 if name == "work" or name.startswith("heat") else max(betas)
    return ENERGY_ERROR * factor * largest * float(np.sqrt(model.collisions))


def _remarks(model: CollisionModel, values: CollisionModelAverages) -> Iterator[str]:
    """What a reader should know about the process before believing the verdict."""
    if values.measured is not None:
        names = [name for name, r in model.reservoirs.items() if r.measure == "energy" and not r.is_thermal]
        yield (
            f"Units of {', '.join(names)} are measured in the energy basis, which removes their coherence: the "
            f"paths are those of another process, with entropy production {values.measured.entropy_production:.6g} "
            f"instead of {values.entropy_production:.6g}, and its fluctuation theorem says nothing about coherent "
            "units."
        )
    missing = [name for name, r in model.reservoirs.items() if r.outcome_energies is None]
    if missing:
        yield (
            f"Units of {', '.join(missing)} are measured in the eigenbasis of their coherent state, whose "
            "outcomes have no energy: single paths have no heat there, only entropy. The mean heat is among the exact "
            "averages."
        )
    adjustments = [
        step.adjustment if isinstance(step, InternalStep) else step.unitary.adjustment for step in model.steps
    ]
    if max(adjustments) > WORTH_TELLING:
        yield f"The unitaries given were moved by up to {max(adjustments):.2g} to be unitary and to conserve energy."
    yield from about_the_state(model.system)
