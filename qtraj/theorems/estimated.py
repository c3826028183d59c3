"""What an estimate is: a number with everything that is needed to believe it, or not to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from scipy import special

from qtraj.markup import facts
from qtraj.theorems.levels import FAMILY_LEVEL, require_level
from qtraj.theorems.tail_bound import POWER

__all__ = ["FLATTERY", "Estimate", "Method", "detectable_error"]

# Kish's effective sample size flatters itself when the heaviest paths have not been drawn.
FLATTERY = 2.0


class Method(StrEnum):
    """Where a standard error comes from."""

    EXACT = "exact variance"
    """The variance of a single path, from the law or from the tilted evolution of the density matrix."""
    DELTA_EXACT = "delta method, exact moments"
    """Linearised, with moments from the law or the tilted evolution."""
    DELTA = "delta method, sample moments"
    """Linearised, with moments of the sample; blind to paths that were not drawn."""
    BOOTSTRAP = "block bootstrap"
    """Resampled: classes of a law by a multinomial draw, rows by blocks; blind in the same way."""


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """A number estimated from an ensemble.

    Attributes:
        name: What is estimated, such as `mean_sigma` or `log_exp_minus_sigma`.
        value: The estimate.
        standard_error: Its standard error.
        method: Where the standard error comes from.
        paths: Number of paths N.
        exact: The exact value, from the law or the density matrix; None where there is none.
        effective_sample_size: Number of equally weighted paths that N are worth, N <w>^2/<w^2> with exact averages; N
            for unweighted averages; None where unknown.
        kish: The same from the sample, (sum w)^2 / sum w^2; it knows only the weights that were drawn.
        bias: Leading bias, -Var(w)/(2 N <w>^2) for ln <w>, 0 where there is none; it is not taken off `value`.
        uncovered: Part of the average that lies on values the paths cannot be expected to have shown.
        detectable: Smallest discrepancy that would be noticed with probability 0.99 at level 1e-3.
        note: One plain sentence if there is something to know.

    Example:
        >>> found = Estimate(
        ...     name="mean_sigma", value=0.31, standard_error=0.02, method=Method.DELTA, paths=100, exact=0.3
        ... )
        >>> round(found.z, 6)
        0.5
    """

    name: str
    value: float
    standard_error: float
    method: Method
    paths: int
    exact: float | None = None
    effective_sample_size: float | None = None
    kish: float = math.nan
    bias: float = 0.0
    uncovered: float = 0.0
    detectable: float = math.nan
    note: str = ""

    @property
    def z(self) -> float | None:
        """Standard score of the difference from the exact value; None without one."""
        if self.exact is None:
            return None
        difference = self.value - self.exact
        if self.standard_error > 0.0:
            return difference / self.standard_error
        return math.copysign(math.inf, difference) if difference else 0.0

    @property
    def flattering(self) -> bool:
        """Whether Kish's sample size is twice the exact one or more: then the heaviest paths have not been drawn."""
        return self.effective_sample_size is not None and self.kish >= FLATTERY * self.effective_sample_size

    def half_width(self, level: float) -> float:
        """Half the width of the interval around `value` that misses the truth with probability `level` at most.

        Normal quantile times the standard error, plus bias and uncovered part.
        """
        require_level(level)
        return -float(special.ndtri(level / 2)) * self.standard_error + abs(self.bias) + self.uncovered

    def to_json(self) -> dict[str, Any]:
        """The estimate as plain JSON values; what is not finite is None."""
        plain = {
            key: value if not isinstance(value, float) or math.isfinite(value) else None
            for key, value in vars(self).items()
        }
        return {**plain, "method": str(self.method)}

    def _repr_html_(self) -> str:
        """What is worth knowing about it as a table, for notebooks."""
        entries = {
            "value": f"{self.value:.6g} ± {self.standard_error:.2g}",
            "standard error": str(self.method),
            "exact": "unknown" if self.exact is None else f"{self.exact:.6g}",
            "z": "" if self.z is None else f"{self.z:+.2f}",
            "paths": f"{self.paths:,}",
            "effective sample size": "" if self.effective_sample_size is None else f"{self.effective_sample_size:.3g}",
            "detectable": f"{self.detectable:.2g}",
            "note": self.note,
        }
        return facts({name: text for name, text in entries.items() if text}, caption=self.name)

    def __str__(self) -> str:
        """One line for people."""
        exact = "" if self.exact is None else f"; exact {self.exact:.6g}"
        note = f"; {self.note}" if self.note else ""
        return f"{self.name} = {self.value:.6g} +- {self.standard_error:.2g} ({self.method}{exact}{note})"


def detectable_error(standard_error: float, uncovered: float = 0.0, level: float = FAMILY_LEVEL) -> float:
    """Smallest discrepancy noticed with probability 0.99, (z_{1-level/2} + z_0.99) SE plus what cannot be seen.

    Example:
        >>> round(detectable_error(1.0), 3)
        5.617
    """
    require_level(level)
    return float(special.ndtri(POWER) - special.ndtri(level / 2)) * standard_error + uncovered
