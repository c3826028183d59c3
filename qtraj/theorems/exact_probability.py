r"""Exact probabilities of intervals, far into the tails: from the law, or from the characteristic function.

Mapping: :math:`x = x_\alpha + j\delta + x_\beta` with a whole number j of quanta counted by the jumps. The joint
probability of (alpha, j, beta) is a Fourier integral of :math:`tr[P_\beta e^{\mathcal{L}_{s,\phi}T}(p_\alpha
P_\alpha)]`, the generator having jump weights :math:`e^{-sj_k\delta+i\phi j_k}`. Along the real line (s = 0) rounding
drowns what is rarer than 1e-14; on a contour shifted by s the distribution is the tilted one, in which the tail is not
rare, and :math:`P = e^{sj\delta}P_s` keeps its relative accuracy.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.linalg
import scipy.sparse

from qtraj.arrays import ComplexArray, FloatArray, SparseMatrix
from qtraj.blas import one_blas_thread
from qtraj.density.counted_distribution import quantum_of
from qtraj.density.counting import Counted, EndCount, counted
from qtraj.errors import InvalidInput, TooLarge
from qtraj.paths.exact_law import law_if_finite
from qtraj.paths.law import PathLaw
from qtraj.paths.tilted import find_tilt
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol, Process
from qtraj.quantum.exponentials import exponential_action
from qtraj.quantum.generators import compact_liouvillian, jump_superoperator
from qtraj.quantum.scalars import real_number

__all__ = ["exact_probability"]

# Relative to the sum of the tilted distribution: rounding of the exponential, 1e-16 times its norm, which is some
# thousands for strong tilts; with a factor of a hundred to spare.
ENDS_EMPTY = 1e-10

SMALLEST_SIZE = 64
LARGEST_SIZE = 16384


def exact_probability(
    process: Process,
    name: str = "sigma",
    *,
    above: float = -math.inf,
    below: float = math.inf,
    protocol: str | MeasurementProtocol = MeasurementProtocol.AUGMENTED,
    law: PathLaw | None = None,
) -> float:
    """The probability that a quantity lies strictly between two values, without sampling.

    Args:
        process: A process with a finite law, or a jump process whose jumps count multiples of one quantum.
        name: The quantity.
        above: It must be above this.
        below: It must be below this.
        protocol: Measurement protocol.
        law: The law, if you have it.

    Raises:
        NoFiniteLaw: If the process has neither.
        InvalidInput: If there is nothing between the two values.
        TooLarge: If the quanta counted need more than 16384 values.

    Example:
        >>> from qtraj.models import build_model
        >>> round(exact_probability(build_model("davies-qutrit"), "sigma", above=3.0), 6)
        0.005315
    """
    for argument, bound in (("above", above), ("below", below)):
        real_number(bound, argument, finite=False)
    if not above < below:
        raise InvalidInput(f"`above` must be less than `below`, but they are {above:g} and {below:g}")
    chosen = MeasurementProtocol.parse(protocol)
    found = law_if_finite(process, protocol=chosen) if law is None else law
    if isinstance(found, PathLaw):
        values = found.quantity(name)
        return math.fsum(found.probabilities[(values > above) & (values < below)])
    if not isinstance(process, JumpProcess):
        raise found
    with one_blas_thread():
        return _from_characteristic_function(process, counted(process, name, chosen), above, below)


def _from_characteristic_function(process: JumpProcess, quantity: Counted, above: float, below: float) -> float:
    quantum, multiples = quantum_of(quantity.amounts)
    strength = _contour(process, quantity.name, above, below)
    starts = [_projector(quantity.start, k) * math.exp(log) for k, log in enumerate(quantity.start.log_weights)]
    ends = [_projector(quantity.end, k) for k in range(quantity.end.outcomes.count)]
    size = SMALLEST_SIZE
    while size <= LARGEST_SIZE:
        joint, scale = _tilted(process, multiples, strength * quantum, starts, ends, size)
        margin = size // 8
        edges = np.abs(np.concatenate([joint[..., :margin], joint[..., -margin:]], axis=-1)).max()
        if edges < ENDS_EMPTY * joint.sum():
            numbers: FloatArray = np.arange(-(size // 2), size - size // 2) * np.float64(quantum)
            return _summed(quantity, joint, numbers, strength, scale, above, below)
        size *= 2
    raise TooLarge(
        f"the distribution of `{quantity.name}` must fit into {LARGEST_SIZE} quanta, but does not; shorten `duration`",
        measured=float(LARGEST_SIZE),
    )


def _contour(process: JumpProcess, name: str, above: float, below: float) -> float:
    """The tilt that makes the interval's edge typical; any other would do, with less relative accuracy."""
    strengths = []
    for edge in (above, below):
        if math.isfinite(edge):
            try:
                strengths.append(find_tilt(process, mean=edge, quantity=name))
            except InvalidInput:  # beyond reach, or a quantity that is not tilted
                strengths.append(0.0)
    # An interval that holds the typical values needs no tilt.
    if len(strengths) == 2 and strengths[0] * strengths[1] <= 0:
        return 0.0
    nearest = min(strengths, key=abs, default=0.0)
    upper_tail, lower_tail = math.isfinite(above) and nearest < 0, math.isfinite(below) and nearest > 0
    return nearest if upper_tail or lower_tail else 0.0


def _projector(end: EndCount, outcome: int) -> ComplexArray:
    vectors = end.outcomes.vectors[:, end.outcomes.outcome_of == outcome]
    return vectors @ np.conj(vectors.T)


def _tilted(
    process: JumpProcess,
    multiples: FloatArray,
    exponent: float,
    starts: list[ComplexArray],
    ends: list[ComplexArray],
    size: int,
) -> tuple[FloatArray, float]:
    """Weights e^{-s j delta} P(alpha, beta, j), j from -size/2 on, shape (alpha, beta, size), and ln of their unit."""
    operators, dimension = process.jump_operators, process.system.dimension
    idle = compact_liouvillian(process.hamiltonian, operators, np.zeros(len(operators)))
    kinds = np.unique(multiples)
    parts = [jump_superoperator(operators, 1.0 * (multiples == kind), dimension) for kind in kinds]
    columns = np.stack([operator.ravel() for operator in starts], axis=1)
    rows = np.stack([np.conj(projector.ravel()) for projector in ends])

    def generator(k: int) -> SparseMatrix | ComplexArray:
        phases = [np.exp((-exponent + 2j * np.pi * k / size) * kind) for kind in kinds]
        return sum((phase * part for phase, part in zip(phases, parts, strict=True)), start=idle)

    # The tilted weights grow or shrink at this rate; without it none can overflow.
    _, scale = exponential_action(generator(0), columns.sum(axis=1), process.duration)
    growth = scale / process.duration
    half = np.empty((len(starts), len(ends), size // 2 + 1), dtype=np.complex128)
    for k in range(size // 2 + 1):
        shifted = generator(k) - growth * _unit(idle)
        if isinstance(shifted, np.ndarray):
            images = scipy.linalg.expm(shifted * process.duration) @ columns
        else:
            acted = [exponential_action(shifted, column, process.duration) for column in columns.T]
            images = np.stack([image * np.exp(own) for image, own in acted], axis=1)
        half[:, :, k] = (rows @ images).T
    # The weights are real: half of the points determine them.
    return np.fft.fftshift(np.fft.irfft(np.conj(half), n=size, axis=-1), axes=-1), scale


def _unit(like: SparseMatrix | ComplexArray) -> SparseMatrix | ComplexArray:
    size = like.shape[0]
    if isinstance(like, np.ndarray):
        return np.eye(size, dtype=np.complex128)
    return scipy.sparse.eye_array(size, dtype=np.complex128, format="csr")


def _summed(
    quantity: Counted,
    joint: FloatArray,
    numbers: FloatArray,
    strength: float,
    scale: float,
    above: float,
    below: float,
) -> float:
    """Add up the probabilities of what lies in between, energy labels included."""
    start, end = quantity.start, quantity.end
    rounding = ENDS_EMPTY * float(joint.sum())
    total = []
    for a in range(joint.shape[0]):
        for b in range(joint.shape[1]):
            kept = joint[a, b] > rounding
            weights = np.exp(np.log(joint[a, b, kept]) + strength * numbers[kept] + scale)
            for own, p in zip(start.values[a], np.exp(start.log_conditional[a]), strict=True):
                for other, q in zip(end.values[b], np.exp(end.log_conditional[b]), strict=True):
                    if p * q > 0:
                        values = own + numbers[kept] + other
                        total.append(p * q * math.fsum(weights[(values > above) & (values < below)]))
    return math.fsum(total)
