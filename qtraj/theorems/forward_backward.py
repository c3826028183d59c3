r"""Forward against backward paths: is sigma the logarithm of their odds, and do backward paths leave the support?

Mapping: :math:`P_F(\sigma) = e^\sigma P_B(-\sigma)` makes the label "forward or backward" a logistic function of sigma
with slope 1 and intercept :math:`\ln(n_F/n_B)`; the fraction of backward paths that end outside the support of the
initial state estimates the absolutely irreversible weight lambda. Neither needs a law, nor any weight e^-sigma.

What this cannot see: whatever is wrong in the same way in both directions. A wrong Hamiltonian of a jump process, units
measured in another basis, a wrong unitary whose inverse is used backward: all obey their own detailed theorem. It sees
entropies in wrong units, a wrong final ensemble, a reversal that is none, and samplers that favour some paths.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import special

from qtraj.arrays import FloatArray
from qtraj.density.partners import exact_support_loss
from qtraj.errors import InvalidInput, NotRecorded, TooLarge
from qtraj.paths.blocks import check_paths
from qtraj.paths.counts import draw_counts
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.exact_law import law_between
from qtraj.paths.sample import DEFAULT_FOLLOWED_PATHS, DEFAULT_SEED, sample
from qtraj.processes.seam import MeasurementProtocol, Process
from qtraj.theorems.backward_paths import BACKWARD_SEED, backward_endpoints, backward_weights
from qtraj.theorems.binomial import binomial_p_value
from qtraj.theorems.checks import Check, Verdict
from qtraj.theorems.levels import FAMILY_LEVEL, require_level
from qtraj.theorems.logistic import Labelled, LogisticTest, logistic_test

__all__ = ["ForwardBackward", "forward_backward"]

# A slope known no better than this says little about units or ensembles.
LARGEST_SLOPE_ERROR = 0.1

# Works are handed out one a path.
MOST_WORKS = 10**8

# The exact lambda is 1 - tr of a product of matrices; where it is this small it is rounding.
LAMBDA_ROUNDING = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class ForwardBackward:
    """Forward and backward paths side by side.

    Attributes:
        forward: Forward paths.
        backward: Backward paths that end in the support, with the forward path's sigma.
        logistic: The fit and test of the labels.
        off_support: Backward paths that end outside the support of the initial state.
        absolute_irreversibility: Exact lambda, from density matrices.
        interval: Clopper-Pearson interval of lambda from the backward paths, at the level of the test.
        level: False-alarm rate of both tests together.
    """

    forward: Labelled
    backward: Labelled
    logistic: LogisticTest
    off_support: int
    absolute_irreversibility: float
    interval: tuple[float, float]
    level: float

    @property
    def checks(self) -> tuple[Check, Check]:
        """Both tests as lines of a report."""
        return self._odds(), self._support()

    def works(self, *, lost: float = math.inf) -> tuple[FloatArray, FloatArray]:
        """Forward and reverse work in pymbar's convention: w_F = sigma, w_R = -sigma, inf off the support.

        Args:
            lost: Work of backward paths off the support. pymbar 4 subtracts infinities from each other; 300 is as good.

        Raises:
            TooLarge: If there are more than 1e8 paths.
        """
        if max(self.forward.paths, self.backward.paths) > MOST_WORKS:
            raise TooLarge(
                f"works are listed for at most {MOST_WORKS:.0e} paths, but there are {self.forward.paths:,} and "
                f"{self.backward.paths:,}",
                measured=float(max(self.forward.paths, self.backward.paths)),
            )
        outside = np.full(self.off_support, lost)
        return (
            np.repeat(self.forward.values, self.forward.counts.astype(np.int64)),
            np.concatenate([-np.repeat(self.backward.values, self.backward.counts.astype(np.int64)), outside]),
        )

    def _odds(self) -> Check:
        test = self.logistic
        constant = test.degrees == 0
        known = math.isfinite(test.slope) and test.detectable_slope <= LARGEST_SLOPE_ERROR
        sharp = constant or (test.believable and known)
        failed = test.p_value < self.level / 2 and (test.believable or constant)
        note = "Labels forward/backward are a logistic function of sigma with slope 1 and the known intercept."
        if constant:
            note = "sigma has one value only: there is nothing that could tell the directions apart."
        elif not sharp and not failed:
            note = f"An error of the slope is noticed from {test.detectable_slope:.2g} on only"
            note += f": {test.overlap:.3g} paths lie where both directions occur."
            if not math.isfinite(test.slope):
                note = "Both directions have one common value of sigma only, which knows of no slope."
        return Check(
            name="forward_against_backward",
            kind="statistical",
            sampled=test.slope,
            standard_error=test.slope_error,
            exact=1.0,
            verdict=Verdict.FAIL if failed else Verdict.PASS if sharp else Verdict.INCONCLUSIVE,
            tolerance=test.detectable_slope,
            z=(test.slope - 1.0) / test.slope_error if test.slope_error > 0 else None,
            detectable=test.detectable_slope,
            note=note,
            p_value=test.p_value,
            details={
                "intercept": test.intercept,
                "expected_intercept": test.expected_intercept,
                "detectable_intercept": test.detectable_intercept,
                "score": test.statistic,
                "degrees": float(test.degrees),
                "overlap": test.overlap,
            },
        )

    def _support(self) -> Check:
        exact = self.absolute_irreversibility if self.absolute_irreversibility > LAMBDA_ROUNDING else 0.0
        paths = self.backward.paths
        p_value = binomial_p_value(self.off_support, paths, exact)
        error = math.sqrt(exact * (1.0 - exact) / paths)
        sampled = self.off_support / paths
        return Check(
            name="backward_off_support",
            kind="statistical",
            sampled=sampled,
            standard_error=error,
            exact=exact,
            verdict=Verdict.FAIL if p_value < self.level / 2 else Verdict.PASS,
            tolerance=max(self.interval[1] - sampled, sampled - self.interval[0]),
            z=(sampled - exact) / error if error > 0 else None,
            detectable=max(self.interval[1] - sampled, sampled - self.interval[0]),
            note="Backward paths that end outside the support of the initial state, against the exact lambda.",
            p_value=p_value,
        )


def forward_backward(
    process: Process,
    *,
    ensemble: Ensemble | None = None,
    paths: int | float = DEFAULT_FOLLOWED_PATHS,
    backward_paths: int | float | None = None,
    seed: int = DEFAULT_SEED,
    protocol: str | MeasurementProtocol = MeasurementProtocol.EIGENBASIS,
    sampler: str = "followed",
    level: float = FAMILY_LEVEL,
    n_jobs: int = 1,
    backend: Any = None,
) -> ForwardBackward:
    """Draw forward and backward paths and test whether sigma is the logarithm of their odds.

    Args:
        process: Any process, with or without a finite law.
        ensemble: Forward paths already drawn; then number, seed and protocol are its own.
        paths: Number of forward paths.
        backward_paths: Number of backward paths; by default as many.
        seed: Seed of the run; backward paths get another one.
        protocol: A protocol that measures both ends.
        sampler: `followed`, measurement by measurement in both directions, or `counts` from the two laws.
        level: False-alarm rate of both tests together.
        n_jobs: Workers.
        backend: joblib backend.

    Raises:
        InvalidInput: If an argument is out of range; `NotRecorded` if the protocol has no sigma; `NoFiniteLaw` if
            counts are asked for where there is no law.

    Example:
        >>> from qtraj.models import build_model
        >>> found = forward_backward(build_model("two-qubit-exchange"), paths=1e9, sampler="counts")
        >>> [str(check.verdict) for check in found.checks], found.off_support
        (['pass', 'pass'], 0)
    """
    require_level(level)
    if ensemble is None:
        ensemble = sample(
            process,
            paths=check_paths(paths),
            seed=seed,
            protocol=protocol,
            sampler=sampler,
            n_jobs=n_jobs,
            backend=backend,
            keep_rows=False,
        )
    elif ensemble.process is not process:
        raise InvalidInput("`ensemble` must be drawn from `process`, but was drawn from another object")
    if "sigma" not in ensemble.quantities:
        raise NotRecorded(f"`sigma` is not defined in the {ensemble.protocol} protocol")
    number = ensemble.paths if backward_paths is None else check_paths(backward_paths)
    values, counts = ensemble.values("sigma")
    forward = Labelled(values=values[counts > 0], counts=counts[counts > 0].astype(np.float64), paths=ensemble.paths)
    if sampler == "counts":
        backward = _from_law(process, ensemble, number)
    else:
        drawn = backward_weights(
            process, ensemble.endpoints, paths=number, seed=ensemble.seed, n_jobs=n_jobs, backend=backend
        )
        backward = Labelled(values=-drawn.logs, counts=np.ones(drawn.logs.size), paths=number)
    lost = number - int(backward.counts.sum())
    return ForwardBackward(
        forward=forward,
        backward=backward,
        logistic=logistic_test(forward, backward, level=level / 2),
        off_support=lost,
        absolute_irreversibility=exact_support_loss(process, MeasurementProtocol.parse(ensemble.protocol)),
        interval=_clopper_pearson(lost, number, level / 2),
        level=level,
    )


def _from_law(process: Process, ensemble: Ensemble, paths: int) -> Labelled:
    """Counts from the backward law, in which the outside of the support is an outcome of its own."""
    swapped, outside = backward_endpoints(ensemble.endpoints)
    law = law_between(process.reversed().stages(), swapped)
    counts = draw_counts(law, paths, ensemble.seed ^ BACKWARD_SEED)
    kept = counts > 0
    if outside is not None:
        kept &= law.beta != outside
    return Labelled(values=-law.quantity("sigma")[kept], counts=counts[kept].astype(np.float64), paths=paths)


def _clopper_pearson(count: int, paths: int, level: float) -> tuple[float, float]:
    low = 0.0 if count == 0 else float(special.betaincinv(count, paths - count + 1.0, level / 2))
    high = 1.0 if count == paths else float(special.betaincinv(count + 1.0, paths - count, 1.0 - level / 2))
    return low, high
