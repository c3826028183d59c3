"""What an ensemble has to draw: distinct values with their counts, and their exact probabilities where there is a law.

Without a law nothing is put in its place: there are the counts, and exact averages if someone has computed them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qtraj.arrays import FloatArray, IntArray
from qtraj.density.partners import exact_cumulants, exact_log_exponential_average
from qtraj.errors import NoFiniteLaw, NotRecorded, TooLarge, UnknownName
from qtraj.paths.distribution import Distribution
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.law import QUANTITIES, PathLaw
from qtraj.plots.labels import check_quantity
from qtraj.quantum.scalars import instance_of
from qtraj.theorems.report import Report

__all__ = ["ROUNDING", "Atoms", "ExactAverages", "atoms_of", "lattice_step", "reservoirs_of"]

# A mean of 1e-17 is the rounding error of a zero.
ROUNDING = 1e-13

# What tilted evolutions, products of hundreds of matrices, leave of an exact 1.
PARTNER_ROUNDING = 1e-9

# Below this part of the square of a mean, a variance from the difference of squares has less than ten digits.
CANCELLED = 1e-6

# States of a system whose exact averages without a law take no longer than drawing a figure: matrices of 64 by 64.
SMALL_SYSTEM = 8

# Sums of whole quanta differ from multiples of one quantum by their rounding.
LATTICE_TOLERANCE = 1e-6


@dataclass(frozen=True, kw_only=True, eq=False)
class Atoms:
    """Distinct values of one or several quantities.

    Attributes:
        values: Shape (K, q), ascending (lexicographically for q > 1).
        counts: Paths that have each, shape (K,).
        log_probabilities: ln of the exact probability of each, shape (K,); None without a law.
        paths: Number of paths N of the ensemble.
    """

    values: FloatArray
    counts: IntArray
    log_probabilities: FloatArray | None
    paths: int


def atoms_of(ensemble: Ensemble, *quantities: str) -> Atoms:
    """All values of the law, or all values that were seen if there is no law.

    Raises:
        UnknownName: If there is no such quantity.
        NotRecorded: If it is not recorded.
    """
    instance_of(ensemble, Ensemble, "ensemble")
    for quantity in quantities:
        check_quantity(quantity, ensemble.quantities)
    if ensemble.finite_law is not None:
        merged = ensemble.finite_law.distribution(*quantities)
        counts, logs = merged.counts(ensemble.class_counts), merged.log_probabilities
        return Atoms(values=merged.values, counts=counts, log_probabilities=logs, paths=ensemble.paths)
    columns = np.stack([ensemble.values(quantity)[0] for quantity in quantities], axis=1).astype(np.float64)
    merged = Distribution.merge(quantities, columns, np.zeros(columns.shape[0]))
    counts = merged.counts(np.ones(columns.shape[0], dtype=np.int64))
    return Atoms(values=merged.values, counts=counts, log_probabilities=None, paths=ensemble.paths)


def reservoirs_of(ensemble: Ensemble) -> tuple[str, ...]:
    """Names of the reservoirs that paths send heat and entropy into; none where that is not known."""
    if ensemble.finite_law is not None:
        return tuple(ensemble.finite_law.flows.reservoirs)
    return tuple(getattr(ensemble.process, "baths", ()))


def lattice_step(values: FloatArray) -> float | None:
    """The distance between neighbours if all values are multiples of it away from each other, else None.

    Args:
        values: Distinct, ascending.

    Example:
        >>> lattice_step(np.array([-1.0, 0.5, 1.0])), lattice_step(np.array([0.0, 1.0, 1.7]))
        (0.5, None)
    """
    if values.size < 2:
        return None
    step = float(np.diff(values).min())
    places = (values - values[0]) / step
    return step if np.abs(places - np.rint(places)).max() < LATTICE_TOLERANCE else None


@dataclass(frozen=True, kw_only=True)
class ExactAverages:
    r"""Exact numbers that a sampled quantity s can be held against.

    Attributes:
        mean: :math:`\langle s\rangle`.
        variance: Of s.
        exponential_average: :math:`\langle e^{-s}\rangle`, for sigma, sigma_d and xi.
        exponential_variance: Of e^-s; inf if it exceeds a double.
        loses_weight: Whether the exponential average of sigma is 1 - lambda with lambda > 0.
    """

    mean: float
    variance: float
    exponential_average: float | None = None
    exponential_variance: float = math.inf
    loses_weight: bool = False

    @classmethod
    def of_law(cls, law: PathLaw, quantity: str) -> ExactAverages:
        """From the exact law of the paths."""
        mean, variance, _ = law.cumulants(quantity)
        if quantity not in QUANTITIES:
            return cls(mean=mean, variance=variance)
        average = law.exponential_average(quantity)
        return cls(
            mean=mean,
            variance=variance,
            exponential_average=average,
            exponential_variance=_weight_variance(law, quantity, average),
            loses_weight=quantity == "sigma" and law.absolute_irreversibility > ROUNDING,
        )

    @classmethod
    def of(cls, ensemble: Ensemble, quantity: str) -> ExactAverages:
        """From the law; without one, from density matrices, which for large systems may take long.

        Raises:
            NotRecorded: If the quantity is not recorded.
            TooLarge: If the density matrices are too large.

        Example:
            >>> from qtraj.models import build_model
            >>> from qtraj.paths.sample import sample
            >>> ensemble = sample(build_model("two-node-network", duration=2.0), paths=100)
            >>> round(ExactAverages.of(ensemble, "sigma").exponential_average, 6)
            1.0
        """
        check_quantity(quantity, ensemble.quantities)
        if ensemble.finite_law is not None:
            return cls.of_law(ensemble.finite_law, quantity)
        if quantity not in ensemble.quantities:
            raise NotRecorded(f"`{quantity}` is not recorded; there are {', '.join(ensemble.quantities)}")
        process, protocol = ensemble.process, ensemble.endpoints.protocol
        mean, variance, _ = exact_cumulants(process, quantity, protocol=protocol)
        if quantity not in QUANTITIES:
            return cls(mean=mean, variance=max(0.0, variance))
        with np.errstate(over="ignore", invalid="ignore"):
            one, two = (
                float(np.exp(exact_log_exponential_average(process, quantity, u, protocol=protocol)))
                for u in (1.0, 2.0)
            )
        return cls(
            mean=mean,
            variance=max(0.0, variance),
            exponential_average=one,
            exponential_variance=max(0.0, two - one**2) if math.isfinite(two) else math.inf,
            loses_weight=quantity == "sigma" and one < 1 - PARTNER_ROUNDING,
        )

    @classmethod
    def at_hand(cls, ensemble: Ensemble, quantity: str) -> ExactAverages | None:
        """Those that cost nothing: of the law, or of density matrices of a small system; None where there are none."""
        if ensemble.finite_law is not None:
            return cls.of_law(ensemble.finite_law, quantity)
        system = getattr(ensemble.process, "system", None)
        if system is None or system.dimension > SMALL_SYSTEM or quantity not in ensemble.quantities:
            return None
        try:
            return cls.of(ensemble, quantity)
        except (NotRecorded, NoFiniteLaw, TooLarge, UnknownName):  # there is no counted work, for one
            return None

    @classmethod
    def from_report(cls, report: Report, quantity: str) -> ExactAverages | None:
        """What `verify` compared the sample with; None if it compared nothing."""
        checks = {check.name: check for check in report.checks}
        mean, weight = checks.get(f"mean_{quantity}"), checks.get(f"exp_minus_{quantity}")
        if mean is None:
            return None
        average = None if weight is None else weight.exact
        return cls(
            mean=mean.exact,
            variance=report.paths * mean.standard_error**2,
            exponential_average=average,
            exponential_variance=math.inf if weight is None else report.paths * weight.standard_error**2,
            loses_weight=quantity == "sigma" and average is not None and average < 1 - PARTNER_ROUNDING,
        )


def _weight_variance(law: PathLaw, quantity: str, average: float) -> float:
    """Variance of e^-s; inf if it exceeds a double."""
    with np.errstate(over="ignore", invalid="ignore"):
        variance = float(np.exp(law.log_exponential_average(quantity, 2.0)) - np.square(average))
    if variance < CANCELLED * average**2:
        # All weights are nearly the same: the difference of squares is rounding, squares of differences are not.
        return float(law.probabilities @ (np.exp(-law.quantity(quantity)) - average) ** 2)
    return variance if not math.isnan(variance) else math.inf
