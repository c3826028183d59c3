"""The exact numbers a protocol's samples are held against: what they are, and what is the same for every process.

They are gathered from density matrices alone, in one file a kind of process.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray
from qtraj.density.averages import Averages
from qtraj.quantum.outcomes import Outcomes
from qtraj.quantum.parties import System
from qtraj.theorems.checks import Check

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


def probabilities_in(outcomes: Outcomes, state: ComplexArray | None) -> FloatArray:
    """Probabilities of the outcomes in a state (energy eigenbasis) found independently, where it resolves them."""
    if state is None:
        return outcomes.probabilities
    diagonal = np.einsum("ij,ik,kj->j", np.conj(outcomes.vectors), state, outcomes.vectors).real
    joint = np.bincount(outcomes.outcome_of, weights=diagonal, minlength=outcomes.count)
    return np.where(joint > RESOLVED, joint, outcomes.probabilities)


def about_the_state(system: System) -> Iterator[str]:
    """What a reader should know about a state that was typed to a few digits."""
    if system.adjustment > WORTH_TELLING:
        rank = system.energy_state.rank
        advice = "; <e^-sigma> depends on the rank, so give `rank` if another one was meant" if rank > 1 else ""
        yield (
            f"The state given was moved by {system.adjustment:.2g} to the nearest density matrix, of rank {rank} of "
            f"{system.dimension}{advice}."
        )
