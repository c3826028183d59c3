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
from qtraj.errors import InvalidInput
from qtraj.paths.blocks import check_paths, check_seed
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.law import PathLaw, exact_law
from qtraj.paths.progress import Progress
from qtraj.paths.sample import DEFAULT_PATHS, DEFAULT_SEED, sample
from qtraj.processes.seam import MeasurementProtocol
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.theorems.backward import SigmaAtoms
from qtraj.theorems.checks import FAMILY_LEVEL, Check, identity, require_level, split_level
from qtraj.theorems.coverage import support_check
from qtraj.theorems.detailed import detailed_check, detailed_identity
from qtraj.theorems.estimates import mean_check, rounding_floor
from qtraj.theorems.goodness_of_fit import goodness_of_fit, marginal_check
from qtraj.theorems.references import References
from qtraj.theorems.report import Report
from qtraj.theorems.truncated_weight import truncated_weight_check

__all__ = ["FOLLOWED_PATHS", "verify"]

# Enough to see a misplaced probability of a percent in any class of a few percent, and a fraction of a second of work.
FOLLOWED_PATHS = 100_000

# Sums of some thousand terms, each a product of a dozen factors good to 1e-15; a factor of ten to spare.
IDENTITY_TOLERANCE = 1e-11

# sigma is a difference of logarithms with relative error 4e-16, which e^-sigma turns into an absolute one.
EXPONENT_ERROR = 1e-15

# Mean energies are sums of populations, good to 1e-16, times energies: where they cancel, as in equilibrium, what is
# left is rounding of the largest energy and not of the result. A factor of thirty to spare.
ENERGY_ERROR = 1e-14

# Rounding moves a state or a unitary by 1e-15; digits left out by the user, by 1e-5.
WORTH_TELLING = 1e-9

NOTES = (
    "No check here can see an error common to both routes: a wrong Hamiltonian or temperature in the input, or U "
    "replaced by a matrix with the same transition probabilities.",
)


def verify(
    process: ThermalOperation,
    *,
    ensemble: Ensemble | None = None,
    paths: int | float = DEFAULT_PATHS,
    seed: int = DEFAULT_SEED,
    protocol: str | MeasurementProtocol = MeasurementProtocol.AUGMENTED,
    sampler: str = "counts",
    n_jobs: int = 1,
    backend: Any = None,
    followed_paths: int = FOLLOWED_PATHS,
    level: float = FAMILY_LEVEL,
    progress: Progress | None = None,
) -> Report:
    """Sample a process and hold the sample, the exact law and the density matrices against each other.

    Args:
        process: A thermal operation.
        ensemble: An ensemble of this process already drawn; then paths, seed, protocol and sampler are its own.
        paths: Number of paths, 1 to 1e15.
        seed: Seed of the run.
        protocol: Measurement protocol.
        sampler: `counts`, `explicit` or `followed`.
        n_jobs: Workers (joblib); the verdict does not depend on it.
        backend: joblib backend.
        followed_paths: How many paths to follow for the check of the physics; 0 leaves it out.
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
        paths, seed = check_paths(paths), check_seed(seed)  # before the law is computed, which may take long
    clock = _Clock()
    chosen = MeasurementProtocol.parse(protocol if ensemble is None else ensemble.protocol)
    with clock("law"):
        law = exact_law(process, protocol=chosen, n_jobs=n_jobs) if ensemble is None else ensemble.law
    if ensemble is None:
        with clock("sampling"):
            ensemble = sample(
                process,
                paths=paths,
                seed=seed,
                protocol=chosen,
                sampler=sampler,
                keep_rows=False,
                n_jobs=n_jobs,
                backend=backend,
                progress=progress,
                law=law,
            )
    elif ensemble.process is not process:
        raise InvalidInput("`ensemble` must be drawn from `process`, but was drawn from another object")
    with clock("averages"):
        references = References.of(process, chosen)
        atoms = SigmaAtoms.of(process, law, n_jobs=n_jobs) if law.records("sigma") else None
    followed = None
    if followed_paths:
        with clock("followed"):
            followed = sample(
                process,
                paths=followed_paths,
                seed=ensemble.seed,
                protocol=chosen,
                sampler="followed",
                keep_rows=False,
                n_jobs=n_jobs,
                backend=backend,
                law=law,
            )
    with clock("checks"):
        checks = list(_identities(process, law, references, atoms))
        planned = [*_followed(law, followed, references), *_statistics(process, law, ensemble, references, atoms)]
        own_level = split_level(level, max(1, len(planned)))
        checks += [check(own_level) for check in planned]
        covered = None
        if atoms is not None:
            backward = atoms.log_forward - atoms.values
            target = references.exponential["sigma"]
            checks.append(
                support_check(
                    log_probabilities=atoms.log_forward, log_backward=backward, paths=ensemble.paths, target=target
                )
            )
            covered = checks[-1].sampled
    return Report(
        checks=tuple(checks),
        paths=ensemble.paths,
        seed=ensemble.seed if len(ensemble.seeds) == 1 else None,
        protocol=ensemble.protocol,
        sampler=ensemble.sampler,
        covered_weight=covered,
        timings=clock.seconds,
        process=process.kind,
        notes=(*_remarks(process, law), *NOTES),
    )


def _identities(
    process: ThermalOperation, law: PathLaw, references: References, atoms: SigmaAtoms | None
) -> Iterator[Check]:
    values = references.averages
    yield identity("normalisation", law.normalisation, 1.0, IDENTITY_TOLERANCE)
    for name, exact in references.means.items():
        slack = IDENTITY_TOLERANCE * _unit(law, name) + _energy_rounding(process, name)
        yield identity(f"law_mean_{name}", law.mean(name), exact, slack)
    for name, exact in references.exponential.items():
        slack = IDENTITY_TOLERANCE + EXPONENT_ERROR * float(np.abs(law.quantity(name)).max())
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
            tolerance=IDENTITY_TOLERANCE + EXPONENT_ERROR * float(np.abs(atoms.values).max()),
        )
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
    process: ThermalOperation, law: PathLaw, ensemble: Ensemble, references: References, atoms: SigmaAtoms | None
) -> Iterator[_Planned]:
    for name, exact in references.means.items():
        yield _mean(f"mean_{name}", name, ensemble, exact, _energy_rounding(process, name))
    for name, exact in references.exponential.items():
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


def _unit(law: PathLaw, name: str) -> float:
    """What counts as one: a nat for entropies, and for heat the largest heat where that is less (energies in joule)."""
    largest = float(np.abs(law.heats).max())
    return largest if name == "heat" and 0.0 < largest < 1.0 else 1.0


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


def _remarks(process: ThermalOperation, law: PathLaw) -> Iterator[str]:
    """What a reader should know about the process before believing the verdict."""
    system, unitary = process.system, process.unitary
    if system.adjustment > WORTH_TELLING:
        yield (
            f"The state given was no density matrix and was moved by {system.adjustment:.2g} to the nearest one, of "
            f"rank {system.energy_state.rank} of {system.dimension}; <e^-sigma> depends on the rank, so give `rank` or "
            "a pure state if that is not what was meant."
        )
    if unitary.adjustment > WORTH_TELLING:
        yield f"The unitary given was moved by {unitary.adjustment:.2g} to be unitary and to conserve energy."
    if system.dimension > 1 and law.heats.size == 1 and unitary.conserving:
        yield "No heat can flow: the unitary exchanges no energy, for want of a common gap or by its own choice."


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
