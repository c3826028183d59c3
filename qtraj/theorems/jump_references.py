r"""The exact numbers that trajectories of a jump process are held against, from the master equation.

Mapping: :math:`\langle\sigma\rangle = S(\rho_T) - S(\rho_0) + \sum_b\langle s_b\rangle`, with the entropy
:math:`s_b` that jumps send into bath b, integrated from the state at all times.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from qtraj.density.jump_process import jump_process_averages
from qtraj.density.tilted_generator import identity_defect
from qtraj.errors import NoFiniteLaw
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol
from qtraj.quantum.outcomes import pinch
from qtraj.theorems.checks import Check, identity
from qtraj.theorems.reference_parts import exact_weights, mean_productions, with_total_heat
from qtraj.theorems.references import (
    ENERGY_ERROR,
    IDENTITY_TOLERANCE,
    References,
    about_the_state,
    probabilities_in,
)

__all__ = ["jump_references"]

# Relative error of the exponential of a generator, per period or event of its evolution.
GENERATOR_ERROR = 1e-15


def jump_references(process: JumpProcess, protocol: MeasurementProtocol) -> References:
    """Gather them for a jump process."""
    values = followed = jump_process_averages(process)
    if protocol is MeasurementProtocol.ENERGY:
        # The first energy measurement removes the coherence; nothing else about the process changes.
        followed = jump_process_averages(_dephased(process))
    means: dict[str, float] = {}
    for bath in _exchanging(process):
        heat = followed.heat_into[bath]
        if heat is not None:
            means[f"heat_into_{bath}"] = heat
        else:
            means[f"entropy_into_{bath}"] = followed.entropy_into[bath]
    means = with_total_heat(means) | mean_productions(protocol, followed)
    final = None
    if "sigma" in means:
        basis = process.system.basis
        state = np.conj(basis.T) @ followed.final_state @ basis
        final = probabilities_in(process.endpoints(protocol).final.outcomes, state)
    return References(
        averages=values,
        means=means,
        exponential=exact_weights(process, protocol, means),
        final_probabilities=final,
        energy_rounding={name: _rounding(process, name, mean) for name, mean in {**means, "weights": 1.0}.items()},
        identities=tuple(_identities(process)),
        remarks=tuple(_remarks(process)),
        events=values.mean_jumps,
    )


def _rounding(process: JumpProcess, name: str, mean: float) -> float:
    """Absolute error of an exact mean: of rounding energies, and of the exponential of a long evolution."""
    energies = process.system.spectrum.energies
    width = 0.0 if process.chain is not None else float(np.ptp(energies))
    rates = sum(float(np.linalg.norm(jump.operator)) ** 2 for jump in process.jumps)
    # What goes into a bath is the difference of what goes in and out, so a jump's own amount is the scale.
    amounts = np.abs(process.heats if name.startswith("heat") else process.entropies)
    scale = max(abs(mean), float(np.nanmax(amounts, initial=0.0)), 1e-3)
    evolution = GENERATOR_ERROR * (width + rates) * process.duration * scale
    return evolution + (ENERGY_ERROR * float(np.abs(energies).max()) if name.startswith("heat") else 0.0)


def _exchanging(process: JumpProcess) -> tuple[str, ...]:
    """The baths whose flows are worth a check: of a finite law the one that exchanges anything, otherwise all."""
    try:
        return tuple(str(stage.reservoir) for stage in process.stages() if stage.reservoir is not None)
    except NoFiniteLaw:
        return process.baths


def _dephased(process: JumpProcess) -> JumpProcess:
    system = process.system
    start = pinch(system.energy_state, system.spectrum).in_basis(np.conj(system.basis.T))
    return replace(process, system=replace(system, state=start))


def _identities(process: JumpProcess) -> Iterator[Check]:
    yield identity(
        "local_detailed_balance",
        identity_defect(process),
        0.0,
        IDENTITY_TOLERANCE,
        note="The generator tilted by e^-s annihilates the identity: every jump has its reverse at the right rate.",
    )


def _shared_gap(process: JumpProcess) -> float | None:
    """An energy that several jumps of one bath of a chain give away, between different pairs of levels."""
    chain = process.chain
    if chain is None:
        return None
    spectrum = process.system.spectrum
    levels = spectrum.levels[spectrum.level_of]
    _, frequency = spectrum.bohr_frequencies()
    seen: dict[tuple[str, int], frozenset[int]] = {}
    for jump, source, target in zip(chain.jumps, chain.sources, chain.targets, strict=True):
        pair = frozenset((int(spectrum.level_of[source]), int(spectrum.level_of[target])))
        key = (jump.bath, int(frequency[source, target]))
        if len(pair) == 2 and seen.setdefault(key, pair) != pair:
            return float(abs(levels[source] - levels[target]))
    return None


def _remarks(process: JumpProcess) -> Iterator[str]:
    """What a reader should know about the process before believing the verdict."""
    yield from about_the_state(process.system)
    if (gap := _shared_gap(process)) is not None:
        yield (
            f"Several jumps of one bath change the energy by {gap:.6g}. A weakly coupled bath cannot tell them apart "
            "and makes one collective jump of them (`qtraj.coupled_channels`); as separate channels they are another "
            "process."
        )
    yield (
        "The theorem holds for any Hamiltonian, a wrong one included; what is sensitive to it are the means, the heats "
        "and the final state."
    )
