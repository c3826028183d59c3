r"""Sample until it is good enough, without fooling oneself by looking.

Mapping: looks only at :math:`N_j = N_0 2^j` paths; the intervals of look j miss with probability
:math:`a_j = a/((j+1)(j+2))` at most, shared by all estimates, and all looks together with :math:`\sum_j a_j = a`. A run
stops at the first look at which every half-width is within :math:`atol + rtol\,|value|`, so that with probability 1 - a
all intervals it ends with hold the truth, wherever it stopped.

Half-widths come from exact variances where there are any; of exponential averages they contain the part that so many
paths cannot be expected to show, so that a run does not stop because the heaviest paths have not been drawn yet.

Without a finite law the exact variances come from the tilted evolution of the density matrix, so that rare paths widen
an interval whether they have been drawn or not. But nobody adds what the paths cannot show, and where no exact variance
is known (variances, probabilities) the error is the sample's own, blind to what was not drawn. A run says which it was.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeAlias

from qtraj.errors import InvalidInput
from qtraj.paths.blocks import ROW_BLOCK_PATHS, check_paths
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.exact_law import law_if_finite
from qtraj.paths.extend import extended
from qtraj.paths.progress import Progress, displayed
from qtraj.paths.sample import DEFAULT_SEED, sample
from qtraj.processes.seam import MeasurementProtocol, Process
from qtraj.quantum.scalars import real_number
from qtraj.theorems.estimate import estimate
from qtraj.theorems.estimated import Estimate
from qtraj.theorems.levels import FAMILY_LEVEL, look_level, require_level

__all__ = ["Look", "StopReason", "StoppedRun", "sample_until"]

MOST_COUNTED = 10**12
"""Counts cost the same for any number of paths; beyond this a mean is known to six digits and more."""

MOST_ROWS = 2**22
"""Rows of that many paths fill half a gigabyte."""

FIRST_COUNTED = 2**20

WITHOUT_LAW = (
    "without a law nothing was added for paths too rare to be drawn: `verify` tells whether exponential averages can "
    "be believed"
)
"""What a run without a finite law relies on."""

Tolerance: TypeAlias = float | tuple[float, float] | Sequence[tuple[float, float]]


class StopReason(StrEnum):
    """Why a run ended."""

    TOLERANCE = "tolerance"
    """Every estimate was good enough."""
    PATHS = "paths"
    """The next look would have needed more paths than allowed."""
    TIMEOUT = "timeout"
    """The next look would have taken longer than allowed."""


@dataclass(frozen=True, kw_only=True)
class Look:
    """One look at a run.

    Attributes:
        paths: How many paths there were.
        level: Probability with which any of its intervals misses.
        half_widths: Half-widths of the intervals, one an estimate.
        targets: What they had to be.
    """

    paths: int
    level: float
    half_widths: tuple[float, ...]
    targets: tuple[float, ...]

    @property
    def good_enough(self) -> bool:
        """Whether every half-width was within its target."""
        return all(width <= target for width, target in zip(self.half_widths, self.targets, strict=True))


@dataclass(frozen=True, kw_only=True, eq=False)
class StoppedRun:
    """A run that ended by itself.

    Attributes:
        ensemble: Its paths: the same as those of a fresh run of `ensemble.paths` paths.
        estimates: The estimates at the last look.
        looks: All looks.
        reason: Why it ended.
        seconds: How long it took.
    """

    ensemble: Ensemble
    estimates: tuple[Estimate, ...]
    looks: tuple[Look, ...]
    reason: StopReason
    seconds: float

    @property
    def level(self) -> float:
        """Level of the last look: what `verify(process, ensemble=run.ensemble, level=run.level)` may use."""
        return self.looks[-1].level

    def __str__(self) -> str:
        """Why it ended, and every estimate with its half-width."""
        lines = [f"stopped by {self.reason} after {self.ensemble.paths:,} paths and {len(self.looks)} looks"]
        last = self.looks[-1]
        for found, width, target in zip(self.estimates, last.half_widths, last.targets, strict=True):
            lines.append(
                f"  {found.name} = {found.value:.8g} +- {width:.2g} (asked for {target:.2g}; by {found.method})"
            )
        if self.ensemble.finite_law is None:
            lines.append(f"  {WITHOUT_LAW}")
        return "\n".join(lines)


def sample_until(
    process: Process,
    *,
    target_tol: Tolerance,
    estimates: Sequence[str] = ("mean_sigma",),
    paths: int | float | None = None,
    first_paths: int | None = None,
    timeout: float | None = None,
    level: float = FAMILY_LEVEL,
    seed: int = DEFAULT_SEED,
    protocol: str | MeasurementProtocol = MeasurementProtocol.AUGMENTED,
    sampler: str | None = None,
    n_jobs: int = 1,
    backend: Any = None,
    progress: Progress | bool | None = None,
) -> StoppedRun:
    """Draw paths until every estimate is known well enough.

    All but a timeout is a function of the arguments: workers do not matter, and a run that went on for longer has the
    same looks at the same paths.

    Args:
        process: The process.
        target_tol: How well: `atol`, `(atol, rtol)`, or one such pair for each estimate. Half-widths of intervals have
            to be at most atol + rtol |value|.
        estimates: Names, as in `estimate`.
        paths: At most so many paths; by default 1e12, followed and explicit ones 2^22.
        first_paths: N_0; by default 2^20, followed and explicit ones 2^16.
        timeout: Seconds after which no look is begun that would end later, judging by the time so far.
        level: Probability with which any interval of any look misses.
        seed: Seed of the run.
        protocol: Measurement protocol.
        sampler: As in `sample`.
        n_jobs: Workers.
        backend: joblib backend.
        progress: As in `sample`.

    Raises:
        InvalidInput: If an argument is out of range; `UnknownName` and `NotRecorded` as `estimate`.

    Example:
        >>> from qtraj.models import build_model
        >>> run = sample_until(build_model("two-qubit-exchange"), target_tol=1e-6, estimates=["mean_sigma"])
        >>> str(run.reason), len(run.looks), run.ensemble.paths == 2**20 * 2**19
        ('tolerance', 20, True)
    """
    require_level(level)
    if not isinstance(estimates, Sequence):
        raise InvalidInput(f"`estimates` must be a list of names, but is {estimates!r:.80}")
    names = [estimates] if isinstance(estimates, str) else list(estimates)
    pairs = _tolerances(target_tol, len(names))
    if timeout is not None and not real_number(timeout, "timeout") > 0:
        raise InvalidInput(f"`timeout` must be positive, but is {timeout:g}", measured=timeout)
    begun = time.monotonic()
    chosen = MeasurementProtocol.parse(protocol)
    law = law_if_finite(process, protocol=chosen, n_jobs=n_jobs)
    counted = sampler == "counts" or (sampler is None and not isinstance(law, Exception))
    most = check_paths((MOST_COUNTED if counted else MOST_ROWS) if paths is None else paths)
    first = check_paths((FIRST_COUNTED if counted else ROW_BLOCK_PATHS) if first_paths is None else first_paths)
    number = min(first, most)
    with displayed(progress, None) as display:
        how: dict[str, Any] = {"n_jobs": n_jobs, "backend": backend, "progress": display}
        ensemble = sample(process, paths=number, seed=seed, protocol=chosen, sampler=sampler, law=law, **how)
        looks: list[Look] = []
        while True:
            found = tuple(estimate(ensemble, name) for name in names)
            own = look_level(level, len(looks))
            widths = tuple(one.half_width(own / len(names)) for one in found)
            targets = tuple(atol + rtol * abs(one.value) for one, (atol, rtol) in zip(found, pairs, strict=True))
            looks.append(Look(paths=ensemble.paths, level=own, half_widths=widths, targets=targets))
            spent = time.monotonic() - begun
            # Twice the paths take as long again as all so far; counts take next to nothing.
            expected = spent * (1.0 + 1.0 / len(looks)) if counted else 2.0 * spent
            reason = None
            if looks[-1].good_enough:
                reason = StopReason.TOLERANCE
            elif 2 * ensemble.paths > most:
                reason = StopReason.PATHS
            elif timeout is not None and expected > timeout:
                reason = StopReason.TIMEOUT
            if reason is not None:
                return StoppedRun(ensemble=ensemble, estimates=found, looks=tuple(looks), reason=reason, seconds=spent)
            ensemble = extended(ensemble, 2 * ensemble.paths, **how)


def _pair(entry: object) -> tuple[float, float]:
    if isinstance(entry, str) or not isinstance(entry, Sequence) or len(entry) != 2:
        raise InvalidInput(f"`target_tol` must hold pairs (atol, rtol), but one entry is {entry!r:.80}")
    return real_number(entry[0], "target_tol"), real_number(entry[1], "target_tol")


def _tolerances(target_tol: Tolerance, number: int) -> list[tuple[float, float]]:
    """One pair (atol, rtol) for each estimate."""
    if number < 1:
        raise InvalidInput("`estimates` must name at least one estimate, but is empty")
    if not isinstance(target_tol, Sequence):
        pairs = [(real_number(target_tol, "target_tol"), 0.0)] * number
    elif len(target_tol) == 2 and all(isinstance(part, int | float) for part in target_tol):
        atol, rtol = target_tol
        pairs = [(float(atol), float(rtol))] * number  # type: ignore[arg-type]
    else:
        pairs = [_pair(entry) for entry in target_tol]
    if len(pairs) != number:
        raise InvalidInput(
            f"`target_tol` must have one pair for each of {number} estimates, but has {len(pairs)}",
            measured=float(len(pairs)),
        )
    for pair in pairs:
        if not all(0.0 <= part < math.inf for part in pair) or not any(pair):
            raise InvalidInput(f"`target_tol` must be positive and finite, but is {pair}", measured=min(pair))
    return pairs
