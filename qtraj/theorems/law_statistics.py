"""The statistical checks of ensembles that have an exact law: what is tested, each waiting for its share of the level.

Each check is prepared from the law, the number of paths and its level, and judges any number of ensembles after that.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from qtraj.arrays import FloatArray, IntArray
from qtraj.paths.distribution import Distribution
from qtraj.paths.law import PathLaw
from qtraj.theorems.backward import SigmaAtoms
from qtraj.theorems.detailed import DetailedCheck
from qtraj.theorems.fit_check import FitCheck
from qtraj.theorems.goodness_of_fit import marginal_fit
from qtraj.theorems.law_error import rounding_floor
from qtraj.theorems.law_identities import unit_of
from qtraj.theorems.mean_check import MeanCheck
from qtraj.theorems.prepared import Atoms, Plan
from qtraj.theorems.references import References
from qtraj.theorems.weight_check import WeightCheck
from qtraj.theorems.weight_parts import REQUIRED_COVERAGE

__all__ = ["followed_statistics", "law_statistics"]


def followed_statistics(law: PathLaw, references: References) -> tuple[Plan, ...]:
    """What paths followed measurement by measurement, knowing nothing of the law, are held against.

    Args:
        law: The exact law.
        references: Exact numbers from density matrices.
    """
    plans = [_classes("followed_paths", law)]
    if references.final_probabilities is not None:
        plans.append(_final("followed_final_marginal", law, references))
    return tuple(plans)


def law_statistics(law: PathLaw, references: References, atoms: SigmaAtoms | None) -> tuple[Plan, ...]:
    """What the ensemble that was asked for is held against.

    Args:
        law: The exact law.
        references: Exact numbers from density matrices.
        atoms: sigma's law forward and backward; None where the protocol has no sigma.
    """
    merged = cache(law.distribution)
    plans = [
        _mean(name, law, merged(name), exact, references.energy_rounding.get(name, 0.0))
        for name, exact in references.means.items()
    ]
    for name, exact in references.exponential.items():
        if "weights" in references.energy_rounding:
            own = law.exponential_average(name)
            # The identity has judged how far the two are apart; the sample need not pay for their rounding.
            exact = own if abs(exact - own) < exact else exact
        if name == "sigma" and atoms is not None:
            plans.append(_weight(name, exact, atoms.values, atoms.log_forward, atoms.atom_of, atoms.log_backward))
        else:
            found = merged(name)
            plans.append(_weight(name, exact, found.atoms, found.log_probabilities, found.atom_of))
    if atoms is not None:
        plans.append(_detailed(atoms))
    if references.final_probabilities is not None:
        plans.append(_final("final_marginal", law, references))
    if atoms is None:
        plans.append(_classes("classes", law))
    return tuple(plans)


def _mean(name: str, law: PathLaw, distribution: Distribution, exact: float, energy_rounding: float) -> Plan:
    table = (distribution.atoms, distribution.log_probabilities)
    return lambda paths, level: MeanCheck.prepare(
        f"mean_{name}",
        exact=exact,
        exact_variance=law.cumulants(name)[1],
        paths=paths,
        level=level,
        numerical_floor=rounding_floor(*table) * unit_of(law, name) + energy_rounding,
        law=table,
        values=law.quantity(name),
    )


def _weight(
    name: str,
    exact: float,
    values: FloatArray,
    log_probabilities: FloatArray,
    atom_of: IntArray,
    log_weighted: FloatArray | None = None,
) -> Plan:
    return lambda paths, level: WeightCheck.prepare(
        f"exp_minus_{name}",
        values=values,
        log_probabilities=log_probabilities,
        target=exact,
        paths=paths,
        level=level,
        log_weighted=log_weighted,
        atoms=Atoms.of(atom_of, values.size),
        immaterial=0.0 if name == "sigma" else 1.0 - REQUIRED_COVERAGE,
    )


def _detailed(atoms: SigmaAtoms) -> Plan:
    return lambda paths, level: DetailedCheck.prepare(
        values=atoms.values,
        log_probabilities=atoms.log_forward,
        log_backward=atoms.log_backward,
        paths=paths,
        level=level,
        atom_of=atoms.atom_of,
    )


def _final(label: str, law: PathLaw, references: References) -> Plan:
    probabilities = references.final_probabilities
    assert probabilities is not None
    return lambda paths, level: marginal_fit(
        label,
        probabilities=probabilities,
        paths=paths,
        level=level,
        atoms=Atoms.of(law.beta.astype(np.int64), probabilities.size),
    )


def _classes(label: str, law: PathLaw) -> Plan:
    return lambda paths, level: FitCheck.prepare(label, log_probabilities=law.log_forward, paths=paths, level=level)
