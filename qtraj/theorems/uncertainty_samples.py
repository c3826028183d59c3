r"""Uncertainty relations on samples: both sides with the standard error of their difference.

Mapping: the margin :math:`D = V/m^2 - f(S)` of sampled mean m, variance V and entropy S is linearised; with
:math:`x` the current and s the entropy of a path,

.. math:: \varphi = \frac{(x-m)^2 - V}{m^2} - \frac{2V(x-m)}{m^3} - f'(S)(s-S),\qquad
          \mathrm{SE}^2 = \langle\varphi^2\rangle/N

(the delta method with moments of the sample). Whether a relation is a bound at all is decided exactly, by its premise,
and never by the sample.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from scipy import special

from qtraj.arrays import FloatArray, IntArray
from qtraj.blas import one_blas_thread
from qtraj.errors import NoFiniteLaw
from qtraj.paths.counts import draw_counts
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.follow_blocks import draw_rows_only
from qtraj.paths.followers import follower
from qtraj.theorems.backward_paths import BACKWARD_SEED
from qtraj.theorems.levels import FAMILY_LEVEL, split_level
from qtraj.theorems.uncertainty_bounds import (
    UncertaintyRelation,
    exchange_bound,
    hysteretic_bound,
    relative_variance,
    stationary_bound,
)
from qtraj.theorems.uncertainty_relations import backward_law, uncertainty_relations

__all__ = ["sampled_uncertainty_relations"]

# A mean known to fewer standard errors than this is not known to differ from zero by its sign, let alone its square.
RESOLVED = 6.0

# Followed backward paths where there is no law.
BACKWARD_PATHS = 100_000

# Relative step of the derivative of a bound.
STEP = 1e-4


@dataclass(frozen=True, kw_only=True, eq=False)
class _Sample:
    """Currents and entropies of paths, with how many have each."""

    current: FloatArray
    entropy: FloatArray
    counts: IntArray

    @property
    def paths(self) -> float:
        return float(self.counts.sum())

    def mean(self, values: FloatArray) -> float:
        return float((self.counts * values).sum() / self.paths)

    @property
    def moments(self) -> tuple[float, float]:
        mean = self.mean(self.current)
        return mean, self.mean((self.current - mean) ** 2)

    def error(self, mean: float, variance: float, slope: float) -> float:
        """Standard error of (variance of the whole) / mean^2 - slope * entropy, from this sample's share."""
        own, spread = self.moments
        centred = self.current - own
        influence = (centred**2 - spread) / mean**2 - 2 * variance * centred / mean**3
        influence = influence - slope * (self.entropy - self.mean(self.entropy))
        return math.sqrt(self.mean(influence**2) / self.paths)


def sampled_uncertainty_relations(
    ensemble: Ensemble,
    quantity: str = "heat",
    *,
    level: float = FAMILY_LEVEL,
    exact: tuple[UncertaintyRelation, UncertaintyRelation, UncertaintyRelation] | None = None,
) -> tuple[UncertaintyRelation, UncertaintyRelation, UncertaintyRelation]:
    """All three relations for one current, from sampled paths.

    The hysteretic one needs paths of the backward process; they are drawn here, as many as there are forward ones where
    there is a law, else up to 1e5.

    Args:
        ensemble: The sampled paths; rows are needed where there is no law.
        quantity: A current, see `uncertainty_relations`.
        level: False-alarm rate of all three together.
        exact: The exact relations for the same process, protocol and current, if you have them already.

    Returns:
        The stationary, the exchange and the hysteretic relation; their verdicts allow for the error of the sample.

    Raises:
        InvalidInput: If the quantity is no current, or `level` lies outside (0, 1).
        NotRecorded: If it is not recorded.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.sample import sample
        >>> ensemble = sample(build_model("two-qubit-exchange"), paths=1e8, protocol="energy-two-point")
        >>> print(sampled_uncertainty_relations(ensemble)[0])  # doctest: +ELLIPSIS
        stationary, heat: not a bound here. It is proved for classical jump processes ...
    """
    process, protocol = ensemble.process, ensemble.endpoints.protocol
    law = ensemble.finite_law or NoFiniteLaw("the paths of this process have no finite law")
    if exact is None:
        exact = uncertainty_relations(process, quantity, protocol=protocol, law=law)
    # One-sided: only a violation counts against a bound.
    z = float(-special.ndtri(split_level(level, len(exact))))
    current, counts = ensemble.values(quantity)
    sigma, _ = ensemble.values("sigma")
    relations = []
    for relation, formula in zip(exact[:2], (stationary_bound, exchange_bound), strict=True):
        scale = relation.entropy_production
        own = np.sum([factor * ensemble.values(name)[0] for name, factor in relation.entropy], axis=0)
        sample = _Sample(current=current, entropy=own, counts=counts)
        relations.append(_one_way(relation, sample, formula, z) if scale > 0 else replace(relation, z=z))
    backward = _backward_sample(ensemble, quantity)
    forward = _Sample(current=current, entropy=sigma, counts=counts)
    hysteretic = exact[2] if math.isinf(exact[2].entropy_production) else _two_way(exact[2], forward, backward, z)
    return relations[0], relations[1], hysteretic


def _one_way(
    exact: UncertaintyRelation, sample: _Sample, formula: Callable[[float], float], z: float
) -> UncertaintyRelation:
    mean, variance = sample.moments
    entropy = sample.mean(sample.entropy)
    error: float | None = None
    if abs(mean) > RESOLVED * math.sqrt(variance / sample.paths) and entropy > 0:
        error = sample.error(mean, variance, _slope(formula, entropy))
    return replace(
        exact,
        relative_variance=relative_variance(mean, variance),
        bound=formula(max(0.0, entropy)),
        entropy_production=entropy,
        margin_error=error,
        z=z,
        resolved=error is not None,
    )


def _two_way(exact: UncertaintyRelation, forward: _Sample, backward: _Sample, z: float) -> UncertaintyRelation:
    means, variances = zip(forward.moments, backward.moments, strict=True)
    mean, variance = sum(means), sum(variances)
    entropies = [sample.mean(sample.entropy) for sample in (forward, backward)]
    entropy = sum(entropies) / 2
    error: float | None = None
    spread = math.hypot(*(math.sqrt(sample.moments[1] / sample.paths) for sample in (forward, backward)))
    # One direction alone may carry no current; what is squared is the sum.
    if abs(mean) > RESOLVED * spread and entropy > 0:
        slope = _slope(lambda value: hysteretic_bound(value, value), entropy) / 2
        error = math.hypot(*(sample.error(mean, variance, slope) for sample in (forward, backward)))
    return replace(
        exact,
        relative_variance=relative_variance(mean, variance),
        bound=hysteretic_bound(*(max(0.0, value) for value in entropies)),
        entropy_production=entropy,
        margin_error=error,
        z=z,
        resolved=error is not None,
    )


def _slope(formula: Callable[[float], float], entropy: float) -> float:
    step = STEP * entropy
    return (formula(entropy + step) - formula(entropy - step)) / (2 * step)


def _backward_sample(ensemble: Ensemble, quantity: str) -> _Sample:
    """Paths of the backward process with their own currents and entropies."""
    process, seed = ensemble.process, ensemble.seed ^ BACKWARD_SEED
    if ensemble.finite_law is not None:
        law = backward_law(process, ensemble.finite_law)
        counts = draw_counts(law, ensemble.paths, seed)
        return _Sample(current=law.quantity(quantity), entropy=law.quantity("sigma"), counts=counts)
    ends = ensemble.endpoints.swapped()
    with one_blas_thread():
        follow = follower(process.reversed(), ends, seed)
    paths = min(ensemble.paths, BACKWARD_PATHS)
    rows, _ = draw_rows_only(follow, ends, paths)
    return _Sample(current=rows[quantity], entropy=rows["sigma"], counts=np.ones(paths, dtype=np.int64))
