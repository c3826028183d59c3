r"""The exact partner of every sampled number, from density matrices alone, whatever the process.

Processes that a detector sees in stages have theirs from tilted maps, jump processes from the tilted generator.
"""

from __future__ import annotations

from qtraj.density.exponential import log_exponential_average, support_loss
from qtraj.density.jump_cumulants import jump_cumulants
from qtraj.density.stage_cumulants import stage_cumulants
from qtraj.density.tilted_generator import jump_log_exponential_average, jump_support_loss
from qtraj.errors import TooLarge
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol, Process

__all__ = ["exact_cumulants", "exact_log_exponential_average", "exact_support_loss"]

# Three cumulants of a larger jump process, whose superoperators have a million columns, take minutes a quantity.
# `qtraj.density.jump_cumulants` computes them for those who wait.
LARGEST_TILTED = 32


def exact_cumulants(process: Process, name: str, *, protocol: MeasurementProtocol) -> tuple[float, float, float]:
    """Mean, variance and third cumulant of a path quantity.

    Raises:
        UnknownName: If there is no such quantity.
        NotRecorded: If the protocol or the reservoirs do not define it.
        TooLarge: If the process is a jump process of dimension above 32.

    Example:
        >>> from qtraj.models import build_model
        >>> found = exact_cumulants(build_model("davies-qutrit"), "sigma", protocol=MeasurementProtocol.AUGMENTED)
        >>> [round(value, 6) for value in found]
        [0.300247, 0.668518, 0.402017]
    """
    if isinstance(process, JumpProcess):
        size = process.system.dimension
        if size > LARGEST_TILTED:
            raise TooLarge(
                f"exact cumulants are computed up to dimension {LARGEST_TILTED}, but the system has {size}",
                measured=size,
            )
        return jump_cumulants(process, name, protocol=protocol)
    return stage_cumulants(process, name, protocol=protocol)


def exact_log_exponential_average(process: Process, name: str, u: float, *, protocol: MeasurementProtocol) -> float:
    r"""Ln of :math:`\langle e^{-u s}\rangle` for s one of sigma, sigma_d, xi.

    Raises:
        NotRecorded: If the protocol does not define the quantity.

    Example:
        >>> from qtraj.models import build_model
        >>> process = build_model("davies-qutrit")
        >>> abs(exact_log_exponential_average(process, "sigma", 1.0, protocol=MeasurementProtocol.AUGMENTED)) < 1e-12
        True
    """
    if isinstance(process, JumpProcess):
        return jump_log_exponential_average(process, name, u, protocol=protocol)
    return log_exponential_average(process, name, u, protocol=protocol)


def exact_support_loss(process: Process, protocol: MeasurementProtocol) -> float:
    """Absolutely irreversible weight lambda, from the backward process alone.

    Example:
        >>> from qtraj.models import build_model
        >>> exact_support_loss(build_model("davies-qutrit"), MeasurementProtocol.EIGENBASIS)  # of full rank
        0.0
    """
    if isinstance(process, JumpProcess):
        return jump_support_loss(process, protocol)
    return support_loss(process, protocol)
