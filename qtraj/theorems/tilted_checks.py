r"""Checks of a tilted ensemble against density matrices: what is rare without the tilt is tested where it is typical.

Mapping: :math:`G(u) = \langle e^{-ux}\rangle` from the density wing, s the strength of the tilt. Under the tilt x has
the cumulant generating function :math:`\ln G(s + v) - \ln G(s)` and moments of all orders that matter, so that plain
statistics of the rows are light-tailed; and :math:`\langle e^{-\sigma}\rangle = Z\langle e^{-(1-s)\sigma}\rangle_s`
puts the theorem to the test with weights that are as even as the tilt makes them.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from qtraj.blas import one_blas_thread
from qtraj.density.partners import exact_log_exponential_average, exact_support_loss
from qtraj.errors import InvalidInput, NotRecorded
from qtraj.paths.ensemble import Ensemble
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol
from qtraj.theorems.checks import Check, identity
from qtraj.theorems.exact_moments import WITH_EXPONENTIALS, cumulants_at
from qtraj.theorems.levels import FAMILY_LEVEL, split_level
from qtraj.theorems.without_law import cautious_mean_check

__all__ = ["tilted_checks"]

# Both routes multiply hundreds of matrices; each is good to some 1e-13.
NORMALISATION_TOLERANCE = 1e-9

# Truncation of the differences, relative to the standard deviation: h^4 times a fifth cumulant of order one, and more.
DERIVATIVE_ERROR = 1e-5


def tilted_checks(ensemble: Ensemble, *, level: float = FAMILY_LEVEL) -> tuple[Check, ...]:
    """Check normalisation, mean under the tilt, and the theorem.

    Args:
        ensemble: An ensemble drawn with a tilt.
        level: False-alarm rate of all checks together.

    Raises:
        InvalidInput: If the ensemble has no tilt.
        NotRecorded: If density matrices do not know the tilted quantity.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.tilted import sample_tilted
        >>> ensemble = sample_tilted(build_model("davies-qutrit"), strength=-1.0, paths=5000, seed=7)
        >>> [str(check.verdict) for check in tilted_checks(ensemble)]
        ['pass', 'pass', 'pass']
    """
    tilt, process = ensemble.tilt, ensemble.process
    if tilt is None:
        raise InvalidInput("`ensemble` must have a tilt, but has none; see `verify`")
    if not isinstance(process, JumpProcess) and tilt.quantity not in WITH_EXPONENTIALS:
        raise NotRecorded(f"averages of e^(-u x) for `{tilt.quantity}` are not known from density matrices")
    protocol = MeasurementProtocol.parse(ensemble.protocol)

    def log_average(u: float) -> float:
        with one_blas_thread():
            return exact_log_exponential_average(process, tilt.quantity, u, protocol=protocol)

    own = split_level(level, 2)
    checks = [
        identity(
            "tilted_normalisation",
            tilt.log_normalisation,
            log_average(tilt.strength),
            NORMALISATION_TOLERANCE,
            note="ln <e^(-s x)>: carried back along the paths' futures, against density matrices.",
        )
    ]
    cumulants = cumulants_at(log_average, tilt.strength)
    checks.append(
        cautious_mean_check(
            f"tilted_mean_{tilt.quantity}",
            sampled=float(ensemble[tilt.quantity].mean()),
            cumulants=cumulants,
            exact=cumulants[0],
            paths=ensemble.paths,
            level=own,
            numerical_floor=DERIVATIVE_ERROR * math.sqrt(cumulants[1]) + NORMALISATION_TOLERANCE,
        )
    )
    if tilt.quantity == "sigma":
        checks.append(_theorem(ensemble, log_average, exact_support_loss(process, protocol), own))
    return tuple(checks)


def _theorem(ensemble: Ensemble, log_average: Callable[[float], float], loss: float, level: float) -> Check:
    tilt = ensemble.tilt
    assert tilt is not None
    s = tilt.strength
    base = log_average(s)
    with np.errstate(over="ignore"):
        one, two, three = (float(np.exp(log_average(s + k * (1.0 - s)) + (k - 1) * base)) for k in (1, 2, 3))
        sampled = float(np.exp(tilt.log_normalisation - (1.0 - s) * ensemble["sigma"]).mean())
    cumulants = (one, two - one**2, three - 3 * one * two + 2 * one**3)
    if not all(map(math.isfinite, cumulants)):
        cumulants = (one, math.inf, math.inf)
    return cautious_mean_check(
        "tilted_exp_minus_sigma",
        sampled=sampled,
        cumulants=cumulants,
        exact=1.0 - loss,
        paths=ensemble.paths,
        level=level,
        numerical_floor=NORMALISATION_TOLERANCE,
    )
