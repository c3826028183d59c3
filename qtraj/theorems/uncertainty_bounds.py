r"""Uncertainty relations as formulas: how precise a current can be at a given entropy production.

Mapping: current Q (odd under time reversal), its relative variance :math:`Var(Q)/\langle Q\rangle^2`, entropy
production :math:`\Sigma = \langle\sigma\rangle`. Three bounds from below, each with its own premise:

- *stationary*: :math:`2/\Sigma`, for classical jump processes that are homogeneous in time and start in their
  stationary state [Barato15; Horowitz17, for any duration];
- *exchange*: :math:`\mathrm{csch}^2[g(\Sigma/2)]`, g the inverse of :math:`x\tanh x`, if one and the same law obeys
  :math:`P(\sigma, Q) = e^\sigma P(-\sigma, -Q)` [Timpanaro19];
- *hysteretic*: :math:`(V_F+V_B)/(\langle Q\rangle_F+\langle Q\rangle_B)^2 \ge 1/[e^{(\Sigma_F+\Sigma_B)/2}-1]`
  for forward and backward process together, if :math:`P_F(\sigma, Q) = e^\sigma P_B(-\sigma, -Q)` [Potts19;
  Proesmans19].
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from scipy.optimize import brentq

from qtraj.errors import InvalidInput
from qtraj.theorems.checks import Verdict

__all__ = ["UncertaintyRelation", "exchange_bound", "hysteretic_bound", "relative_variance", "stationary_bound"]

# Variances and means are good to 1e-12 of themselves, their ratio to a few times that.
RELATIVE_ROUNDING = 1e-10

# Means are sums of terms of either sign, good to 1e-16 of their spread a term.
MEAN_ROUNDING = 1e-13

# Four units in the last place, the least that SciPy accepts.
BRENT_PRECISION = 4 * 2.220446049250313e-16

# Above this sinh overflows, and the bound is 4 exp(-entropy) to all digits long before.
LARGEST_ARGUMENT = 300.0


def stationary_bound(entropy_production: float) -> float:
    r""":math:`2/\Sigma`, infinite at 0.

    Raises:
        InvalidInput: If the entropy production is negative.

    Example:
        >>> stationary_bound(0.5)
        4.0
    """
    entropy = _checked(entropy_production)
    return math.inf if entropy == 0 else 2.0 / entropy


def exchange_bound(entropy_production: float) -> float:
    r""":math:`\mathrm{csch}^2[g(\Sigma/2)]` with g the inverse of :math:`x\tanh x`, infinite at 0.

    Near equilibrium it is :math:`2/\Sigma - 2/3`, far from it :math:`4e^{-\Sigma}`; always below :math:`2/\Sigma`.

    Raises:
        InvalidInput: If the entropy production is negative.

    Example:
        >>> round(exchange_bound(0.01), 3), round(exchange_bound(30.0) * math.exp(30.0), 9)
        (199.334, 4.0)
    """
    half = _checked(entropy_production) / 2
    if half == 0:
        return math.inf
    if half > LARGEST_ARGUMENT:
        return 4.0 * math.exp(-2 * half)
    # x^2/(1+x) <= x tanh x <= min(x, x^2) brackets the root.
    low, high = max(half, math.sqrt(half)), (half + math.sqrt(half * half + 4 * half)) / 2
    if high - low <= BRENT_PRECISION * high:
        return 1.0 / math.sinh(low) ** 2
    root = brentq(lambda x: x * math.tanh(x) - half, low, high, xtol=BRENT_PRECISION * low, rtol=BRENT_PRECISION)
    return 1.0 / math.sinh(root) ** 2


def hysteretic_bound(forward: float, backward: float) -> float:
    r""":math:`1/[e^{(\Sigma_F+\Sigma_B)/2}-1]`, infinite at 0 and 0 where one of them is infinite.

    Args:
        forward: :math:`\Sigma_F = D(P_F\|P_B)`.
        backward: :math:`\Sigma_B = D(P_B\|P_F)`, infinite if backward paths leave the forward ones' support.

    Raises:
        InvalidInput: If one of them is negative.

    Example:
        >>> round(hysteretic_bound(math.log(2), math.log(2)), 12), hysteretic_bound(1.0, math.inf)
        (1.0, 0.0)
    """
    mean = (_checked(forward) + _checked(backward)) / 2
    if mean == 0:
        return math.inf
    return math.exp(-mean) if mean > LARGEST_ARGUMENT else 1.0 / math.expm1(mean)


def _checked(entropy: float) -> float:
    """The entropy production, with rounding below zero taken for zero."""
    if math.isnan(entropy) or entropy < -RELATIVE_ROUNDING:
        raise InvalidInput(f"an entropy production must not be negative, but is {entropy:.6g}", measured=entropy)
    return max(0.0, entropy)


def relative_variance(mean: float, variance: float) -> float:
    """Variance over the square of the mean; infinite where the mean is nothing but rounding."""
    return math.inf if abs(mean) <= MEAN_ROUNDING * math.sqrt(max(0.0, variance)) else variance / mean**2


@dataclass(frozen=True, kw_only=True)
class UncertaintyRelation:
    """One uncertainty relation for one current: both sides, and whether it is a bound here at all.

    Attributes:
        name: `stationary`, `exchange` or `hysteretic`.
        quantity: The current.
        relative_variance: Its left-hand side; infinite where no current flows.
        bound: Its right-hand side, by formula, also where it bounds nothing.
        entropy_production: Sigma that enters it (hysteretic: the mean of forward and backward).
        applies: Whether its premise holds here.
        reason: Why it does or does not, one plain sentence.
        entropy: Names of the path quantities that add up to the entropy of a path, each with its factor; empty for the
            hysteretic relation, which takes sigma of both directions.
        margin_error: Standard error of `margin` for samples, None for exact numbers.
        z: How many of them a violation must exceed.
        resolved: Whether the mean current of a sample is known well enough for its square to mean anything.
    """

    name: str
    quantity: str
    relative_variance: float
    bound: float
    entropy_production: float
    applies: bool
    reason: str
    entropy: tuple[tuple[str, float], ...] = (("sigma", 1.0),)
    margin_error: float | None = None
    z: float = 0.0
    resolved: bool = True

    @property
    def margin(self) -> float:
        """Left-hand side minus bound; infinite where no current flows."""
        return math.inf if math.isinf(self.relative_variance) else self.relative_variance - self.bound

    @property
    def verdict(self) -> Verdict | None:
        """Whether the bound holds; None where it is not a bound. Samples may leave it open."""
        if not self.applies:
            return None
        if not self.resolved:
            return Verdict.INCONCLUSIVE
        if math.isinf(self.margin):
            return Verdict.PASS
        slack = RELATIVE_ROUNDING * max(1.0, self.relative_variance)
        if self.margin_error is None:
            return Verdict.PASS if self.margin >= -slack else Verdict.FAIL
        reach = self.z * self.margin_error + slack
        if self.margin < -reach:
            return Verdict.FAIL
        return Verdict.PASS if self.margin >= reach - 2 * slack else Verdict.INCONCLUSIVE

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; `bound` is None where it is not a bound, `reason` says why."""

        def finite(value: float | None) -> float | None:
            return value if value is not None and math.isfinite(value) else None

        return {
            "name": self.name,
            "quantity": self.quantity,
            "relative_variance": finite(self.relative_variance),
            "bound": finite(self.bound) if self.applies else None,
            "formula": finite(self.bound),
            "entropy_production": finite(self.entropy_production),
            "applies": self.applies,
            "margin_error": finite(self.margin_error),
            "verdict": None if self.verdict is None else str(self.verdict),
            "reason": self.reason,
        }

    def __str__(self) -> str:
        if not self.applies:
            return f"{self.name}, {self.quantity}: not a bound here. {self.reason}"
        error = "" if self.margin_error is None else f" (margin {self.margin:.3g} +- {self.margin_error:.2g})"
        text = f"{self.relative_variance:.6g} >= {self.bound:.6g}{error}, {self.verdict}"
        return f"{self.name}, {self.quantity}: {text}. {self.reason}"
