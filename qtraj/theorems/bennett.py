r"""Bennett's acceptance ratio, to show what it cannot see.

Mapping: reduced works :math:`w_F = \sigma`, :math:`w_R = -\sigma`, infinite for backward paths off the support;
:math:`M = \ln(n_F/n_R)`. The estimate solves :math:`\sum_F [1+e^{M+w_F-\Delta F}]^{-1} = \sum_R
[1+e^{-M+w_R+\Delta F}]^{-1}`.

Since :math:`n_FP_F(1-f) = n_RP_Bf` holds atom by atom on the common support, the solution is 0 however much of the
backward process lies off it: Bennett's ratio is blind to absolute irreversibility. It belongs to driven systems.
"""

from __future__ import annotations

import math

import numpy as np
from scipy import optimize, special

from qtraj.theorems.logistic import Labelled

__all__ = ["bennett_free_energy"]


def bennett_free_energy(forward: Labelled, backward: Labelled) -> float:
    """Bennett's estimate of the free-energy difference (times beta); 0 for thermal operations, whatever lambda.

    Args:
        forward: Forward paths.
        backward: Backward paths with the forward path's sigma; those off the support count in `paths` only.

    Example:
        >>> one = Labelled(values=np.array([1.0]), counts=np.array([1.0]), paths=1)
        >>> other = Labelled(values=np.array([-1.0]), counts=np.array([1.0]), paths=1)
        >>> abs(bennett_free_energy(one, other)) < 1e-12
        True
    """
    ratio = math.log(forward.paths / backward.paths)

    def imbalance(free_energy: float) -> float:
        left = forward.counts * special.expit(-(ratio + forward.values - free_energy))
        right = backward.counts * special.expit(ratio + backward.values - free_energy)
        return math.fsum(left) - math.fsum(right)

    reach = 10.0 + max(float(np.abs(side.values).max(initial=0.0)) for side in (forward, backward)) + abs(ratio)
    return float(optimize.brentq(imbalance, -reach, reach, xtol=1e-12))
