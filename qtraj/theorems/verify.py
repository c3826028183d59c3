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
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from qtraj.errors import InvalidInput, NoFiniteLaw, TooLarge
from qtraj.paths.blocks import check_paths, check_seed
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.exact_law import law_if_finite
from qtraj.paths.law import PathLaw
from qtraj.paths.progress import Progress
from qtraj.paths.sample import DEFAULT_SEED, default_paths, sample
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol, Process
from qtraj.quantum.scalars import instance_of, whole_number
from qtraj.theorems.backward import SigmaAtoms
from qtraj.theorems.backward_paths import backward_weights
from qtraj.theorems.checks import Check
from qtraj.theorems.coverage import support_check
from qtraj.theorems.gather import gather_references
from qtraj.theorems.law_identities import law_identities
from qtraj.theorems.law_statistics import followed_statistics, law_statistics
from qtraj.theorems.levels import FAMILY_LEVEL, require_level, split_level
from qtraj.theorems.references import References
from qtraj.theorems.report import Report
from qtraj.theorems.statistics_without_law import ExactPartners, partner_identities, statistics_without_law
from qtraj.theorems.tilted_checks import tilted_checks
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

BLIND_SPOT = "No check here can see an error common to both routes: "


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
    progress: Progress | bool | None = None,
) -> Report:
    """Sample a process and hold the sample, the exact law and the density matrices against each other.

    Args:
        process: A thermal or correlated operation, a collision model or a jump process.
        ensemble: An ensemble of this process already drawn; then paths, seed, protocol and sampler are its own. One
            drawn with a tilt is judged by `tilted_checks`.
        paths: Number of paths, 1 to 1e15; by default 1e6, followed ones 1e5.
        seed: Seed of the run.
        protocol: Measurement protocol.
        sampler: `counts`, `explicit` or `followed`; by default counts, and followed where the paths have no finite law.
        n_jobs: Workers (joblib); the verdict does not depend on it.
        backend: joblib backend.
        followed_paths: Where there is a law, how many paths to follow for the check of the physics; 0 leaves it out.
        level: Family-wise false-alarm level, shared by all statistical checks.
        progress: As in `sample`.

    Returns:
        The report, with verdict pass, fail or inconclusive.

    Raises:
        InvalidInput: If an argument is out of range.
        NotRecorded: If the ensemble was drawn with a tilt of something that density matrices do not know.

    Example:
        >>> from qtraj.models import build_model
        >>> str(verify(build_model("two-qubit-exchange"), paths=1e9, seed=7).verdict)
        'pass'
    """
    require_level(level)
    whole_number(followed_paths, "followed_paths", least=0)
    if ensemble is None:
        # Before the law is computed, which may take long.
        paths, seed = None if paths is None else check_paths(paths), check_seed(seed)
    elif instance_of(ensemble, Ensemble, "ensemble").process is not process:
        raise InvalidInput("`ensemble` must be drawn from `process`, but was drawn from another object")
    clock = _Clock()
    if ensemble is not None and ensemble.tilt is not None:
        return _tilted_report(ensemble, level, clock)
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
    if isinstance(law, NoFiniteLaw):
        checks = _without_law(ensemble, references, level, clock, workers)
        note = f"There is no exact law to compare with ({law}); samples are held against density matrices."
    else:
        followed, note = _followed(ensemble, law, references, followed_paths, clock, workers)
        checks = _by_law(ensemble, followed, law, references, level, clock, n_jobs)
    return _report(ensemble, checks, (note, *references.remarks), clock)


def _without_law(
    ensemble: Ensemble, references: References, level: float, clock: _Clock, workers: dict[str, Any]
) -> list[Check]:
    """Every check of paths that have no finite law."""
    process = ensemble.process
    backward = None
    with clock("backward"):
        if "sigma" in references.means:
            number = min(ensemble.paths, BACKWARD_PATHS)
            backward = backward_weights(process, ensemble.endpoints, paths=number, seed=ensemble.seed, **workers)
    with clock("checks"):
        partners = ExactPartners(process=process, protocol=ensemble.endpoints.protocol)
        checks = [*references.identities, *partner_identities(references, partners)]
        planned = list(statistics_without_law(ensemble, references, partners, backward))
        own_level = split_level(level, max(1, len(planned)))
        checks += [check(own_level) for check in planned]
        if backward is not None:
            checks.append(weights_support(backward=backward, paths=ensemble.paths))
    return checks


def _followed(
    ensemble: Ensemble,
    law: PathLaw,
    references: References,
    wanted: int,
    clock: _Clock,
    workers: dict[str, Any],
) -> tuple[Ensemble | None, str]:
    """Paths followed for the check of the physics, or none, with a sentence that says why if they were wanted."""
    affordable = int(min(wanted, FOLLOWED_EVENTS / max(references.events, 1e-9)))
    if affordable < min(wanted, LEAST_FOLLOWED):
        return None, f"No paths were followed to check the law: each makes some {references.events:.3g} jumps."
    if not wanted:
        return None, ""
    with clock("followed"):
        followed = sample(
            ensemble.process,
            paths=affordable,
            seed=ensemble.seed,
            protocol=ensemble.endpoints.protocol,
            sampler="followed",
            keep_rows=False,
            law=law,
            **workers,
        )
    return followed, ""


def _by_law(
    ensemble: Ensemble,
    followed: Ensemble | None,
    law: PathLaw,
    references: References,
    level: float,
    clock: _Clock,
    n_jobs: int,
) -> list[Check]:
    """Every check of paths that have an exact law."""
    with clock("averages"):
        atoms = SigmaAtoms.of(ensemble.process, law, n_jobs=n_jobs) if law.records("sigma") else None
    with clock("checks"):
        checks = list(law_identities(law, references, atoms))
        plans = [(plan, ensemble) for plan in law_statistics(law, references, atoms)]
        if followed is not None:
            plans = [*((plan, followed) for plan in followed_statistics(law, references)), *plans]
        own_level = split_level(level, max(1, len(plans)))
        checks += [plan(drawn.paths, own_level).judge(drawn.class_counts, drawn.outside) for plan, drawn in plans]
        if atoms is not None:
            checks.append(
                support_check(
                    log_probabilities=atoms.log_forward,
                    log_backward=atoms.log_forward - atoms.values,
                    paths=ensemble.paths,
                    target=references.exponential["sigma"],
                )
            )
    return checks


def _tilted_report(ensemble: Ensemble, level: float, clock: _Clock) -> Report:
    """The report on paths drawn with a tilt, whose counts mean nothing by themselves."""
    tilt = ensemble.tilt
    assert tilt is not None
    with clock("averages"):
        references = gather_references(ensemble.process, MeasurementProtocol.parse(ensemble.protocol))
    with clock("checks"):
        checks = (*references.identities, *tilted_checks(ensemble, level=level))
    note = (
        f"The paths were drawn with a tilt of {tilt.quantity} (strength {tilt.strength:.6g}): what is rare without it "
        "is judged, and what is typical is not."
    )
    return _report(ensemble, checks, (note, *references.remarks), clock)


def _report(ensemble: Ensemble, checks: Sequence[Check], notes: Sequence[str], clock: _Clock) -> Report:
    return Report(
        checks=tuple(checks),
        paths=ensemble.paths,
        seed=ensemble.seed if len(ensemble.seeds) == 1 else None,
        seeds=ensemble.seeds,
        protocol=ensemble.protocol,
        sampler=ensemble.sampler,
        covered_weight=next((check.sampled for check in checks if check.kind == "support"), None),
        timings=clock.seconds,
        process=ensemble.process.kind,
        notes=tuple(text for text in (*notes, BLIND_SPOT + _common_errors(ensemble.process)) if text),
    )


def _common_errors(process: Process) -> str:
    """What both routes take from the input, so that neither shows it wrong."""
    if isinstance(process, JumpProcess):
        return "a wrong Hamiltonian, rate or temperature in the input."
    return (
        "a wrong Hamiltonian or temperature in the input, or U replaced by a matrix with the same transition "
        "probabilities."
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
            self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - start
