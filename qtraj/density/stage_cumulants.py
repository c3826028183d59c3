r"""Cumulants of processes made of stages, exactly and for any number of stages, without a single path.

Mapping: with :math:`\Lambda_v(X) = \sum e^{v c} K X K^\dagger` for branches that count c each, the moments of a
quantity are the Taylor coefficients in v of :math:`tr[B_v \Lambda_v^{(K)} \ldots \Lambda_v^{(1)}(A_v)]`.
Coefficients of maps compose like polynomials, so three of them are carried from stage to stage.
"""

from __future__ import annotations

from math import factorial

import numpy as np

from qtraj.arrays import ComplexArray
from qtraj.density.counting import end_count
from qtraj.errors import NotRecorded, UnknownName
from qtraj.processes.seam import Branches, MeasurementProtocol, Process, Stage

__all__ = ["stage_cumulants"]

_ENTROPIES = ("sigma", "sigma_d")


def stage_cumulants(
    process: Process, name: str, *, protocol: MeasurementProtocol = MeasurementProtocol.AUGMENTED
) -> tuple[float, float, float]:
    """Mean, variance and third cumulant of a quantity.

    Args:
        process: Anything with stages.
        name: `sigma`, `sigma_d`, `xi`, `heat`, `work`, `heat_into_NAME` or `entropy_into_NAME`.
        protocol: Measurement protocol.

    Raises:
        UnknownName: If there is no such quantity.
        NotRecorded: If the protocol or the reservoirs do not define it.
        NoFiniteLaw: If the process has no stages.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.exact_law import exact_law
        >>> operation = build_model("two-qubit-exchange")
        >>> np.allclose(stage_cumulants(operation, "sigma"), exact_law(operation).cumulants("sigma"))
        True
    """
    ends = process.endpoints(protocol)
    stages = process.stages()
    _check(name, stages)
    start = end_count(ends.initial, name, 1.0)
    end = end_count(ends.final, name, -1.0)

    def moments(order: int, offset: float) -> list[float]:
        # The offset is taken off in equal parts, stage by stage, so that no power of a large mean is ever formed.
        images = _through(stages, start.derivatives(order), name, offset / len(stages))
        last = end.derivatives(order)
        return [
            factorial(k) * sum(float(np.vdot(last[j], images[k - j]).real) for j in range(k + 1))
            for k in range(order + 1)
        ]

    mean = moments(1, 0.0)[1]
    _, shift, second, third = moments(3, mean)
    return mean + shift, second - shift**2, third - 3 * shift * second + 2 * shift**3


def _through(
    stages: tuple[Stage, ...], coefficients: list[ComplexArray], name: str, offset: float
) -> list[ComplexArray]:
    """Taylor coefficients after all stages."""
    count, shape = len(coefficients), coefficients[0].shape
    known: dict[int, list[ComplexArray]] = {}
    current = [part.ravel() for part in coefficients]
    for stage in stages:
        if id(stage) not in known:
            known[id(stage)] = _stage_coefficients(stage, name, offset, count)
        maps = known[id(stage)]
        nothing = np.zeros_like(current[0])
        current = [sum((maps[j] @ current[k - j] for j in range(k + 1)), nothing) for k in range(count)]
    return [part.reshape(shape) for part in current]


def _stage_coefficients(stage: Stage, name: str, offset: float, count: int) -> list[ComplexArray]:
    """Taylor coefficients of one stage's tilted map."""
    size = stage.branches[0].dimension ** 2
    total = [np.zeros((size, size), dtype=np.complex128) for _ in range(count)]
    for batch in stage.branches:
        matrix, scale = batch.superoperator()
        amount = _amount(batch, stage.reservoir, name) - offset
        for k in range(count):
            total[k] += matrix * (np.exp(scale) * amount**k / factorial(k))
    return total


def _amount(batch: Branches, reservoir: str | None, name: str) -> float:
    """What a branch adds to a quantity."""
    if name in _ENTROPIES:
        return batch.entropy
    if name == "xi" or reservoir is None:
        return 0.0
    if name in ("heat", "work", f"heat_into_{reservoir}"):
        if batch.heat is None:
            raise NotRecorded(f"`{name}` is not defined: units of {reservoir} have no energy before and after")
        return batch.heat
    return batch.entropy if name == f"entropy_into_{reservoir}" else 0.0


def _check(name: str, stages: tuple[Stage, ...]) -> None:
    reservoirs = list(dict.fromkeys(stage.reservoir for stage in stages if stage.reservoir is not None))
    known = ["sigma", "sigma_d", "xi", "heat", "work"]
    known += [f"{kind}_into_{reservoir}" for kind in ("heat", "entropy") for reservoir in reservoirs]
    if name not in known:
        raise UnknownName("quantity", name, known)
