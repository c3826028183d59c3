"""How many equally weighted paths N paths are worth for the average <e^-s>.

Symbols: w = e^-s, N paths; exact N <w>^2 / <w^2> from the law, Kish's (sum w)^2 / sum w^2 from the sample.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qtraj.arrays import FloatArray, IntArray
from qtraj.errors import InvalidInput
from qtraj.theorems.estimates import number_of_paths
from qtraj.theorems.weight_ladder import exp_or_inf, log_or_minus_inf, log_sum, require_weights

__all__ = ["EffectiveSampleSize", "effective_sample_size"]


@dataclass(frozen=True, kw_only=True)
class EffectiveSampleSize:
    """How many equally weighted paths the N paths are worth for <e^-s>.

    Attributes:
        exact: N <e^-s>^2 / <e^-2s> from the law.
        kish: (sum w)^2 / sum w^2 from the sample; it only knows the weights that were drawn.
        warning: One sentence when the sample flatters itself, else None.
    """

    exact: float
    kish: float
    warning: str | None


def effective_sample_size(
    *, values: FloatArray, log_probabilities: FloatArray, counts: IntArray, target: float
) -> EffectiveSampleSize:
    """Return the exact effective sample size N (1 - lambda)^2 / <e^-2sigma> beside Kish's estimate of it.

    Args:
        values: Atoms of the exact law, strictly ascending, shape (K,).
        log_probabilities: ln P of each, shape (K,).
        counts: Paths on each, shape (K,).
        target: Exact <e^-s>: 1 - lambda for sigma.

    Raises:
        InvalidInput: As `truncated_weight_check`.

    Example:
        >>> size = effective_sample_size(
        ...     values=np.array([-np.log(1.5), np.log(2.0)]),
        ...     target=1.0,
        ...     log_probabilities=np.log([0.5, 0.5]),
        ...     counts=np.array([50, 50]),
        ... )
        >>> round(size.exact, 6), round(size.kish, 6), size.warning
        (80.0, 80.0, None)
    """
    require_weights(values, log_probabilities, target)
    if counts.shape != values.shape:
        raise InvalidInput(f"`values` and `counts` must have one shape, but have {values.shape} and {counts.shape}")
    paths = number_of_paths(counts)
    log_target = log_or_minus_inf(target) if math.isfinite(target) else log_sum(log_probabilities - values)
    exact = exp_or_inf(math.log(paths) + 2.0 * log_target - log_sum(log_probabilities - 2.0 * values))
    with np.errstate(divide="ignore"):
        log_counts = np.log(counts)
    kish = exp_or_inf(2.0 * log_sum(log_counts - values) - log_sum(log_counts - 2.0 * values))
    warning = None
    if kish >= 2.0 * exact:
        warning = (
            f"the sample believes itself worth {kish:.3g} independent paths, but the law says {exact:.3g}: "
            "the heaviest paths have not been drawn"
        )
    return EffectiveSampleSize(exact=exact, kish=kish, warning=warning)
