r"""The verdict: do single paths and density matrices tell the same story?

Three kinds of evidence, kept apart in the report:

- *identities*: the exact law of the paths against averages from density matrices, to rounding;
- *followed against law*: paths followed measurement by measurement, knowing nothing of the law, against the law; this
  is the check of the physics;
- *the ensemble against averages*: the statistics of the ensemble the user asked for, with its support.

Mapping: entropy production sigma with parts sigma_d and xi, absolutely irreversible weight lambda, so that
:math:`\langle e^{-\sigma}\rangle = 1 - \lambda` ([Santos19] Eq. (40) is the case lambda = 0).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from qtraj.arrays import IntArray
from qtraj.errors import InvalidInput, NoFiniteLaw, TooLarge
from qtraj.paths.blocks import check_paths, check_seed
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.law import PathLaw, law_if_finite
from qtraj.paths.progress import Progress
from qtraj.paths.sample import DEFAULT_SEED, default_paths, sample
from qtraj.processes.seam import MeasurementProtocol, Process
from qtraj.theorems.backward import SigmaAtoms
from qtraj.theorems.backward_paths import backward_weights
from qtraj.theorems.checks import FAMILY_LEVEL, Check, identity, require_level, split_level
from qtraj.theorems.coverage import support_check
from qtraj.theorems.detailed import detailed_check, detailed_identity
from qtraj.theorems.estimates import mean_check, rounding_floor
from qtraj.theorems.gather import gather_references
from qtraj.theorems.goodness_of_fit import goodness_of_fit, marginal_check
from qtraj.theorems.references import IDENTITY_TOLERANCE, References
from qtraj.theorems.report import Report
from qtraj.theorems.statistics_without_law import ExactPartners, partner_identities, statistics_without_law
from qtraj.theorems.truncated_weight import truncated_weight_check
from qtraj.theorems.without_law import weights_support

__all__ = ["FOLLOWED_PATHS", "verify"]

# Enough to see a misplaced probability of a percent in any class of a few percent, and a fraction of a second of work.
FOLLOWED_PATHS = 100_000

# Some ten seconds of following jumps, and the fewest paths worth it.
FOLLOWED_EVENTS = 5e8
LEAST_FOLLOWED = 1000

# Some hours of following jumps.
MOST_EVENTS = 1e12

# Paths of the backward process where there is no law: enough for the hundredth of the weight that decides.
BACKWARD_PATHS = 100_000

# sigma is a difference of logarithms with relative error 4e-16, which e^-sigma turns into an absolute one.
EXPONENT_ERROR = 1e-15

NOTES = (
    "No check here can see an error common to both routes: a wrong Hamiltonian or temperature in the input, or U "
    "replaced by a matrix with the same transition probabilities.",
)


def verify(
    process: Process,
    *,
    ensemble: Ensemble | None = None,
    paths: int | float | None = None,
    seed: int = DEFAULT_SEED,
    protocol: str | MeasurementProtocol = MeasurementProtocol.AUGMENTED,
    sampler: str | None = None,
    n_jobs: int = 1,
    backend: Any = None,
    followed_paths: int = FOLLOWED_PATHS,
    level: float = FAMILY_LEVEL,
    progress: Progress | None = None,
) -> Report:
    """Sample a process and hold the sample, the exact law and the density matrices against each other.

    Args:
        process: A thermal operation, a collision model or a jump process.
        ensemble: An ensemble of this process already drawn; then paths, seed, protocol and sampler are its own.
        paths: Number of paths, 1 to 1e15; by default 1e6, followed ones 1e5.
        seed: Seed of the run.
        protocol: Measurement protocol.
        sampler: `counts`, `explicit` or `followed`; by default counts, and followed where the paths have no finite law.
        n_jobs: Workers (joblib); the verdict does not depend on it.
        backend: joblib backend.
        followed_paths: Where there is a law, how many paths to follow for the check of the physics; 0 leaves it out.
        level: Family-wise false-alarm level, shared by all statistical checks.
        progress: Told about finished blocks.

    Returns:
        The report, with verdict pass, fail or inconclusive.

    Raises:
        InvalidInput: If an argument is out of range.

    Example:
        >>> from qtraj.models import build_model
        >>> str(verify(build_model("two-qubit-exchange"), paths=1e9, seed=7).verdict)
        'pass'
    """
    require_level(level)
    if ensemble is None:
        # Before the law is computed, which may take long.
        paths, seed = None if paths is None else check_paths(paths), check_seed(seed)
    clock = _Clock()
    chosen = MeasurementProtocol.parse(protocol if ensemble is None else ensemble.protocol)
    workers: dict[str, Any] = {"n_jobs": n_jobs, "backend": backend}
    with clock("law"):
        law: PathLaw | NoFiniteLaw | None = None if ensemble is None else ensemble.finite_law
        if law is None:
            law = law_if_finite(process, protocol=chosen, n_jobs=n_jobs)
    with clock("averages"):
        references = gather_references(process, chosen)
    if ensemble is None:
        if isinstance(law, NoFiniteLaw):
            _refuse_endless(references, paths)
        with clock("sampling"):
            ensemble = sample(
                process,
                paths=paths,
                seed=seed,
                protocol=chosen,
                sampler=sampler,
                keep_rows=False,
                progress=progress,
                law=law,
                **workers,
            )
    elif ensemble.process is not process:
        raise InvalidInput("`ensemble` must be drawn from `process`, but was drawn from another object")
    if isinstance(law, NoFiniteLaw):
        with clock("backward"):
            backward = None
            if "sigma" in references.means:
                number = min(ensemble.paths, BACKWARD_PATHS)
                backward = backward_weights(process, ensemble.endpoints, paths=number, seed=ensemble.seed, **workers)
        with clock("checks"):
            checks, planned = [*references.identities], []
            partners = ExactPartners(process=process, protocol=chosen)
            checks += partner_identities(references, partners)
            planned = list(statistics_without_law(ensemble, references, partners, backward))
            own_level = split_level(level, max(1, len(planned)))
            checks += [check(own_level) for check in planned]
            if backward is not None:
                checks.append(weights_support(backward=backward, paths=ensemble.paths))
        note = f"There is no exact law to compare with ({law}); samples are held against density matrices."
    else:
        note = ""
        with clock("averages"):
            atoms = SigmaAtoms.of(process, law, n_jobs=n_jobs) if law.records("sigma") else None
        followed = None
        affordable = int(min(followed_paths, FOLLOWED_EVENTS / max(references.events, 1e-9)))
        if affordable < min(followed_paths, LEAST_FOLLOWED):
            note = f"No paths were followed to check the law: each makes some {references.events:.3g} jumps."
        elif followed_paths:
            with clock("followed"):
                followed = sample(
                    process,
                    paths=affordable,
                    seed=ensemble.seed,
                    protocol=chosen,
                    sampler="followed",
                    keep_rows=False,
                    law=law,
                    **workers,
                )
        with clock("checks"):
            checks = list(_identities(law, references, atoms))
            planned = [*_followed(law, followed, references), *_statistics(law, ensemble, references, atoms)]
            own_level = split_level(level, max(1, len(planned)))
            checks += [check(own_level) for check in planned]
            if atoms is not None:
                weights = atoms.log_forward - atoms.values
                target = references.exponential["sigma"]
                checks.append(
                    support_check(
                        log_probabilities=atoms.log_forward, log_backward=weights, paths=ensemble.paths, target=target
                    )
                )
    covered = next((check.sampled for check in checks if check.kind == "support"), None)
    return Report(
        checks=tuple(checks),
        paths=ensemble.paths,
        seed=ensemble.seed if len(ensemble.seeds) == 1 else None,
        protocol=ensemble.protocol,
        sampler=ensemble.sampler,
        covered_weight=covered,
        timings=clock.seconds,
        process=process.kind,
        notes=tuple(text for text in (note, *references.remarks, *NOTES) if text),
    )


def _refuse_endless(references: References, paths: int | float | None) -> None:
    """Refuse to follow paths that make so many jumps that nobody would wait for them."""
    total = references.events * (default_paths("followed") if paths is None else paths)
    if total > MOST_EVENTS:
        raise TooLarge(
            f"`paths` times the mean number of jumps on each must be at most {MOST_EVENTS:.0e}, but is {total:.3g}; "
            "use fewer paths or a shorter duration",
            measured=total,
        )


def _identities(law: PathLaw, references: References, atoms: SigmaAtoms | None) -> Iterator[Check]:
    yield identity("normalisation", law.normalisation, 1.0, IDENTITY_TOLERANCE)
    for name, exact in references.means.items():
        slack = IDENTITY_TOLERANCE * _unit(law, name) + references.energy_rounding.get(name, 0.0)
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


_Planned = Callable[[float], Check]


def _followed(law: PathLaw, followed: Ensemble | None, references: References) -> Iterator[_Planned]:
    if followed is None:
        return
    yield lambda level: goodness_of_fit(
        "followed_paths",
        counts=followed.class_counts,
        log_probabilities=law.log_forward,
        level=level,
        outside=followed.outside,
    )
    if references.final_probabilities is not None:
        yield _final_marginal("followed_final_marginal", followed, references)


def _statistics(
    law: PathLaw, ensemble: Ensemble, references: References, atoms: SigmaAtoms | None
) -> Iterator[_Planned]:
    for name, exact in references.means.items():
        yield _mean(f"mean_{name}", name, ensemble, exact, references.energy_rounding.get(name, 0.0))
    for name, exact in references.exponential.items():
        if "weights" in references.energy_rounding and abs(exact - law.exponential_average(name)) < exact:
            # The identity above has judged how far the two are apart; the sample need not pay for their rounding.
            exact = law.exponential_average(name)
        yield _exponential(f"exp_minus_{name}", name, ensemble, exact, atoms)
    if atoms is not None:
        counts = atoms.counts(ensemble.class_counts)
        yield lambda level: detailed_check(
            values=atoms.values,
            log_probabilities=atoms.log_forward,
            log_backward=atoms.log_backward,
            counts=counts,
            level=level,
        )
    if references.final_probabilities is not None:
        yield _final_marginal("final_marginal", ensemble, references)
    if atoms is None:
        yield lambda level: goodness_of_fit(
            "classes",
            counts=ensemble.class_counts,
            log_probabilities=law.log_forward,
            level=level,
            outside=ensemble.outside,
        )


def _merging_error(law: PathLaw, name: str) -> float:
    """By how much values that the law holds for equal may differ; more than rounding if energies all but coincide."""
    if name == "xi":
        return 0.0
    return law.flows.heat_error if name.startswith(("heat", "work")) else law.flows.entropy_error


def _unit(law: PathLaw, name: str) -> float:
    """What counts as one: a nat for entropies, and for heat the largest heat where that is less (energies in joule)."""
    if not name.startswith(("heat", "work")):
        return 1.0
    largest = float(np.abs(law.quantity(name)).max())
    return largest if 0.0 < largest < 1.0 else 1.0


def _mean(label: str, name: str, ensemble: Ensemble, exact: float, energy_rounding: float) -> _Planned:
    law = ensemble.law
    distribution = law.distribution(name)
    table = (distribution.atoms, distribution.log_probabilities)
    return lambda level: mean_check(
        label,
        sampled=ensemble.mean(name),
        exact=exact,
        exact_variance=law.cumulants(name)[1],
        paths=ensemble.paths,
        level=level,
        numerical_floor=rounding_floor(*table) * _unit(law, name) + energy_rounding,
        law=table,
    )


def _exponential(label: str, name: str, ensemble: Ensemble, exact: float, atoms: SigmaAtoms | None) -> _Planned:
    if name == "sigma" and atoms is not None:
        values, logs, counts = atoms.values, atoms.log_forward, atoms.counts(ensemble.class_counts)
        weighted = atoms.log_backward
    else:
        distribution = ensemble.law.distribution(name)
        values, logs = distribution.atoms, distribution.log_probabilities
        counts, weighted = distribution.counts(ensemble.class_counts), None
    return lambda level: truncated_weight_check(
        label, values=values, log_probabilities=logs, counts=counts, target=exact, level=level, log_weighted=weighted
    )


def _final_marginal(label: str, ensemble: Ensemble, references: References) -> _Planned:
    probabilities = references.final_probabilities
    assert probabilities is not None
    counts: IntArray = np.zeros(probabilities.size, dtype=np.int64)
    np.add.at(counts, ensemble.law.beta, ensemble.class_counts)
    return lambda level: marginal_check(
        label, counts=counts, probabilities=probabilities, level=level, outside=ensemble.outside
    )


class _Clock:
    """Seconds spent in each stage, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def __call__(self, stage: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[stage] = time.perf_counter() - start
