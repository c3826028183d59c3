"""Ensembles of processes whose paths can only be followed: drawn by the thousand, forward and backward."""

from __future__ import annotations

import time

import numpy as np
from scipy import special

from qtraj.paths.sample import sample
from qtraj.processes.seam import MeasurementProtocol
from qtraj.theorems.backward_paths import backward_weights
from qtraj.theorems.checks import Check, Verdict
from qtraj.theorems.gather import gather_references
from qtraj.theorems.levels import split_level
from qtraj.theorems.statistics_without_law import ExactPartners, statistics_without_law
from qtraj.theorems.without_law import weights_support
from tests.calibration.processes import Case
from tests.calibration.tally import LEVELS, Tally

__all__ = ["calibrate"]

RESOLVED = 1e-6
"""Standard errors below are rounding: those of a few thousand paths are some 1e-2."""


def calibrate(case: Case, *, ensembles: int, seed: int) -> Tally:
    """Follow and judge so many ensembles of a process, each with backward paths of its own.

    Args:
        case: The process.
        ensembles: How many.
        seed: Seed of the first; the others follow.
    """
    start = time.perf_counter()
    process, protocol = case.build(), MeasurementProtocol.parse(case.protocol)
    references = gather_references(process, protocol)
    partners = ExactPartners(process=process, protocol=protocol)
    tally = Tally(paths=case.paths)
    for number in range(ensembles):
        own = (seed << 32) + number
        ensemble = sample(process, paths=case.paths, seed=own, protocol=protocol)
        backward = backward_weights(process, ensemble.endpoints, paths=case.paths, seed=own)
        planned = list(statistics_without_law(ensemble, references, partners, backward))
        tally.checks = len(planned)
        for level in LEVELS:
            checks = [plan(split_level(level, len(planned))) for plan in planned]
            failed = [check.name for check in checks if check.verdict is Verdict.FAIL]
            for name in failed:
                tally.reject(level, name, 1)
            tally.families[str(level)] += bool(failed)
            if level == LEVELS[0]:
                _measure(checks, tally)
                checks.append(weights_support(backward=backward, paths=case.paths))
                tally.unsettled.update(check.name for check in checks if check.verdict is Verdict.INCONCLUSIVE)
            plain = _plain_score(checks)
            tally.plain[str(level)] += bool(abs(plain) > -special.ndtri(level / 2))
        tally.ensembles += 1
    tally.seconds = time.perf_counter() - start
    return tally


def _measure(checks: list[Check], tally: Tally) -> None:
    for check in checks:
        # What does not fluctuate, such as the entropy into a bath of pure dephasing, has no error bar to test.
        if check.name.startswith("mean_") and check.z is not None and check.standard_error > RESOLVED:
            tally.score(check.name, check.z)
            tally.spread(check.name, special.ndtr(check.z))
        elif check.name == "final_marginal" and check.details["degrees_of_freedom"]:
            tally.spread(f"{check.name}, chi-square", check.details["p_value_chi_square"])


def _plain_score(checks: list[Check]) -> float:
    """Score of the plain mean of e^-sigma by its exact variance; 0 where that is not finite."""
    check = next(check for check in checks if check.name == "exp_minus_sigma")
    return (check.sampled - check.exact) / check.standard_error if np.isfinite(check.standard_error) else 0.0
