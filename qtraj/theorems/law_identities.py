"""The identities of a report: the exact law of the paths against averages from density matrices, to rounding."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qtraj.paths.law import PathLaw
from qtraj.theorems.backward import SigmaAtoms
from qtraj.theorems.checks import Check, identity
from qtraj.theorems.detailed import detailed_identity
from qtraj.theorems.references import IDENTITY_TOLERANCE, References

__all__ = ["law_identities", "unit_of"]

# sigma is a difference of logarithms with relative error 4e-16, which e^-sigma turns into an absolute one.
EXPONENT_ERROR = 1e-15


def law_identities(law: PathLaw, references: References, atoms: SigmaAtoms | None) -> Iterator[Check]:
    """Hold the law against the references.

    Args:
        law: The exact law.
        references: Exact numbers from density matrices.
        atoms: sigma's law forward and backward; None where the protocol has no sigma.
    """
    yield identity("normalisation", law.normalisation, 1.0, IDENTITY_TOLERANCE)
    for name, exact in references.means.items():
        slack = IDENTITY_TOLERANCE * unit_of(law, name) + references.energy_rounding.get(name, 0.0)
        slack += _merging_error(law, name)
        yield identity(f"law_mean_{name}", law.mean(name), exact, slack)
    for name, exact in references.exponential.items():
        slack = IDENTITY_TOLERANCE + EXPONENT_ERROR * float(np.abs(law.quantity(name)).max())
        slack += references.energy_rounding.get("weights", 0.0) * max(1.0, min(abs(exact), 1e300))
        slack += _merging_error(law, name)
        yield identity(f"law_exp_minus_{name}", law.exponential_average(name), exact, slack)
    if references.final_probabilities is not None:
        marginal = np.bincount(law.beta, weights=law.probabilities, minlength=references.final_probabilities.size)
        distance = float(np.abs(marginal - references.final_probabilities).max())
        yield identity(
            "law_final_marginal",
            distance,
            0.0,
            IDENTITY_TOLERANCE,
            note="Largest difference between the final index's probabilities and the eigenvalues of the final state.",
        )
    if atoms is not None:
        yield detailed_identity(
            name="law_detailed_theorem",
            values=atoms.values,
            log_probabilities=atoms.log_forward,
            log_backward=atoms.log_backward,
            tolerance=IDENTITY_TOLERANCE
            + EXPONENT_ERROR * float(np.abs(atoms.values).max())
            + 2 * law.flows.entropy_error,
        )
    yield from references.identities


def _merging_error(law: PathLaw, name: str) -> float:
    """By how much values that the law holds for equal may differ; more than rounding if energies all but coincide."""
    if name == "xi":
        return 0.0
    return law.flows.heat_error if name.startswith(("heat", "work")) else law.flows.entropy_error


def unit_of(law: PathLaw, name: str) -> float:
    """What counts as one: a nat for entropies, and for heat the largest heat where that is less (energies in joule)."""
    if not name.startswith(("heat", "work")):
        return 1.0
    largest = float(np.abs(law.quantity(name)).max())
    return largest if 0.0 < largest < 1.0 else 1.0
