r"""Exact distributions of heat and of entropy into baths, where they are discrete.

Mapping: a quantity that jumps count in whole multiples :math:`c_k = j_k\delta` of one quantum has the distribution
:math:`P(j) = \tfrac{1}{2\pi}\int\chi(\phi)e^{-ij\phi}d\phi` with the characteristic function
:math:`\chi(\phi) = tr[e^{\mathcal{L}_\phi T}(\rho)]` of the generator with weights :math:`e^{ij_k\phi}`. The integral
over a period is exact as a sum over M points once the distribution fits into M values; M is doubled until its ends are
empty.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray, frozen
from qtraj.density.counting import counted
from qtraj.errors import NoFiniteLaw, TooLarge
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol
from qtraj.quantum.exponentials import exponential_action
from qtraj.quantum.generators import compact_liouvillian, jump_superoperator

__all__ = ["CountedDistribution", "counted_distribution", "quantum_of"]

# Amounts are given numbers and their sums; multiples of one quantum are so to many digits, others never by accident.
QUANTUM_TOLERANCE = 1e-9
LARGEST_MULTIPLE = 1000

# The exponential is accurate to some 1e-15 a point: probabilities below this are rounding.
PROBABILITY_FLOOR = 1e-14
SMALLEST_SIZE = 64
LARGEST_SIZE = 65536


@dataclass(frozen=True, kw_only=True, eq=False)
class CountedDistribution:
    """A discrete distribution.

    Attributes:
        name: The quantity.
        values: Its values, ascending, equally spaced, shape (k,).
        probabilities: Their probabilities, absolutely accurate to about 1e-14, shape (k,).
    """

    name: str
    values: FloatArray
    probabilities: FloatArray


def counted_distribution(
    process: JumpProcess, name: str, *, protocol: str | MeasurementProtocol = MeasurementProtocol.EIGENBASIS
) -> CountedDistribution:
    """The distribution of a quantity that only jumps count, over the whole duration.

    Args:
        process: The process.
        name: `heat`, `heat_into_<bath>`, `entropy_into_<bath>` or `jumps`.
        protocol: Measurement protocol; an energy measurement at the start removes coherence.

    Raises:
        NoFiniteLaw: If the amounts are no multiples of one quantum.
        NotRecorded: If a jump that counts has no definite heat.
        TooLarge: If more than 65536 values are possible.

    Example:
        >>> from qtraj.models.lk14 import two_node_network
        >>> process = two_node_network(approach="local", medium="two-level", duration=10)
        >>> found = counted_distribution(process, "heat_into_hot")
        >>> float(np.diff(found.values).min().round(9)), float(found.probabilities.sum().round(9))
        (10.0, 1.0)
    """
    quantity = counted(process, name, protocol)
    if quantity.start.values.any() or quantity.end.values.any():
        raise NoFiniteLaw(
            f"`{name}` has boundary terms and is not counted in quanta; ask for a heat or an entropy flow"
        )
    quantum, multiples = quantum_of(quantity.amounts)
    scale, start = quantity.start.operator(0.0)
    evaluate = _characteristic_function(process, multiples, np.exp(scale) * start.ravel())
    size = SMALLEST_SIZE
    while size <= LARGEST_SIZE:
        half = np.array([evaluate(2 * np.pi * k / size) for k in range(size // 2 + 1)])
        # chi(phi) = sum_j P(j) e^{ij phi}, and P is real: half the points determine it.
        probabilities = np.fft.irfft(np.conj(half), n=size)
        centred = np.fft.fftshift(probabilities)
        margin = size // 8
        if np.abs(np.concatenate([centred[:margin], centred[-margin:]])).max() < PROBABILITY_FLOOR:
            numbers = np.arange(-(size // 2), size - size // 2)
            present = np.flatnonzero(centred > PROBABILITY_FLOOR)
            kept = slice(int(present[0]), int(present[-1]) + 1)
            return CountedDistribution(
                name=name,
                values=frozen(np.asarray(numbers[kept] * quantum, dtype=np.float64)),
                probabilities=frozen(np.asarray(np.maximum(centred[kept], 0.0), dtype=np.float64)),
            )
        size *= 2
    raise TooLarge(
        f"the distribution of `{name}` must fit into {LARGEST_SIZE} quanta, but does not; shorten `duration`",
        measured=float(LARGEST_SIZE),
    )


def quantum_of(amounts: FloatArray) -> tuple[float, FloatArray]:
    """The largest quantum of which all amounts are whole multiples (to 1e-9), and the multiples.

    Raises:
        NoFiniteLaw: If there is none with multiples up to 1000.

    Example:
        >>> quantum_of(np.array([1.5, -1.0, 0.0]))
        (0.5, array([ 3., -2.,  0.]))
    """
    sizes = np.abs(amounts[amounts != 0])
    if sizes.size == 0:
        return 1.0, np.zeros(amounts.size)
    smallest = float(sizes.min())
    for divisor in range(1, LARGEST_MULTIPLE + 1):
        multiples = amounts * (divisor / smallest)
        whole = np.rint(multiples)
        if np.abs(whole).max() > LARGEST_MULTIPLE:
            break
        if np.abs(multiples - whole).max() <= QUANTUM_TOLERANCE * max(1.0, float(np.abs(whole).max())):
            return smallest / divisor, whole + 0.0
    raise NoFiniteLaw(
        f"the amounts counted must be multiples of one quantum, but {sorted(set(sizes.tolist()))[:6]} are not (up to "
        f"{LARGEST_MULTIPLE})"
    )


def _characteristic_function(
    process: JumpProcess, multiples: FloatArray, vector: ComplexArray
) -> Callable[[float], complex]:
    """The characteristic function of the multiples, built once and evaluated at many phases."""
    operators, hamiltonian, time = process.jump_operators, process.hamiltonian, process.duration
    idle = compact_liouvillian(hamiltonian, operators, np.zeros(len(operators)))
    kinds = np.unique(multiples)
    parts = [jump_superoperator(operators, 1.0 * (multiples == kind), hamiltonian.shape[0]) for kind in kinds]

    def evaluate(phase: float) -> complex:
        generator = sum((np.exp(1j * phase * kind) * part for kind, part in zip(kinds, parts, strict=True)), start=idle)
        image, scale = exponential_action(generator, vector, time)
        return complex(np.exp(scale) * np.trace(image.reshape(hamiltonian.shape)))

    return evaluate
