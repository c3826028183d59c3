r"""The tilted generator: exact exponential averages of a jump process without a single trajectory.

Mapping: :math:`\mathcal{L}_w(X) = -i[H, X] + \sum_k(w_kL_kXL_k^\dagger - \tfrac12\{L_k^\dagger L_k, X\})` with
:math:`w_k = e^{-uc_k}` for jumps that count :math:`c_k` each. For entropies, :math:`w_k = e^{-s_k}` turns every jump
term into that of the reverse jump, :math:`e^{-s_k}L_kXL_k^\dagger = L_{\bar k}^\dagger X L_{\bar k}`, so that the
tilted generator annihilates the identity. Hence :math:`\langle e^{-\sigma}\rangle = tr[\rho'\,e^{\mathcal{L}_wT}(1)]
= 1` for a start of full rank, at any time, whatever the Hamiltonian.
"""

from __future__ import annotations

import numpy as np
import scipy.linalg

from qtraj.arrays import ComplexArray, FloatArray
from qtraj.density.counting import counted
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol
from qtraj.quantum.exponentials import exponential_action
from qtraj.quantum.generators import compact_liouvillian, tilted_liouvillian

__all__ = [
    "apply_tilted",
    "identity_defect",
    "jump_log_exponential_average",
    "jump_support_loss",
    "tilted_generator",
    "tilted_propagator",
]


def tilted_generator(process: JumpProcess, weights: FloatArray | ComplexArray) -> ComplexArray:
    """The generator with jump k weighted by `weights[k]`, shape (d^2, d^2), energy eigenbasis, rows-first vectors.

    Raises:
        TooLarge: If the dimension exceeds 64.

    Example:
        >>> from qtraj.models.santos19_davies import davies_qutrit
        >>> process = davies_qutrit()
        >>> image = tilted_generator(process, np.exp(-process.entropies)) @ np.eye(3).ravel()
        >>> bool(np.abs(image).max() < 1e-15)
        True
    """
    return tilted_liouvillian(process.hamiltonian, process.jump_operators, weights)


def tilted_propagator(
    process: JumpProcess, weights: FloatArray | ComplexArray, time: float | None = None
) -> ComplexArray:
    """The exponential of the tilted generator over a time (by default the process's duration), shape (d^2, d^2).

    Raises:
        TooLarge: If the dimension exceeds 64.

    Example:
        >>> from qtraj.models.santos19_davies import davies_qutrit
        >>> process = davies_qutrit()
        >>> image = tilted_propagator(process, np.exp(-process.entropies)) @ np.eye(3).ravel()
        >>> np.abs(image - np.eye(3).ravel()).max() < 1e-12
        np.True_
    """
    span = process.duration if time is None else time
    propagator: ComplexArray = scipy.linalg.expm(tilted_generator(process, weights) * span)
    return propagator


def apply_tilted(
    process: JumpProcess, weights: FloatArray | ComplexArray, operator: ComplexArray, time: float | None = None
) -> tuple[ComplexArray, float]:
    """Apply the tilted propagator to an operator of shape (d, d).

    Returns:
        The image, to be multiplied by exp(scale), and the scale.

    Example:
        >>> from qtraj.models.santos19_davies import davies_qutrit
        >>> process = davies_qutrit()
        >>> image, scale = apply_tilted(process, np.ones(len(process.jumps)), process.system.energy_state.matrix)
        >>> bool(np.allclose(np.exp(scale) * image, process.final_energy_state.matrix))
        True
    """
    span = process.duration if time is None else time
    vector = np.asarray(operator, dtype=np.complex128).ravel()
    generator = compact_liouvillian(process.hamiltonian, process.jump_operators, weights)
    image, scale = exponential_action(generator, vector, span)
    return image.reshape(operator.shape), scale


def identity_defect(process: JumpProcess) -> float:
    """Largest element of the image of the identity under the generator tilted by e^-s, relative to the fastest rate.

    It vanishes for every jump process whose channels have their reverse; the Hamiltonian does not enter.

    Example:
        >>> from qtraj.models.santos19_davies import davies_qutrit
        >>> identity_defect(davies_qutrit()) < 1e-15
        True
    """
    operators, weights = process.jump_operators, np.exp(-process.entropies)
    if not operators:
        return 0.0
    stack = np.stack(operators)
    adjoints = np.conj(np.swapaxes(stack, 1, 2))
    gain = np.einsum("k,kij->ij", weights, stack @ adjoints)
    loss = (adjoints @ stack).sum(axis=0)
    return float(np.abs(gain - loss).max() / np.abs(loss).max())


def jump_log_exponential_average(
    process: JumpProcess,
    name: str = "sigma",
    u: float = 1.0,
    *,
    protocol: str | MeasurementProtocol = MeasurementProtocol.AUGMENTED,
) -> float:
    r"""Ln of :math:`\langle e^{-ux}\rangle` over the whole duration, boundary terms included.

    Args:
        process: The process.
        name: `sigma`, `sigma_d`, `xi`, `heat`, `heat_into_<bath>`, `entropy_into_<bath>` or `jumps`.
        u: Counting parameter.
        protocol: Measurement protocol.

    Returns:
        The logarithm; inf where a weight exceeds what a double can hold.

    Raises:
        UnknownName: If there is no such quantity.
        NotRecorded: If the protocol does not define it.

    Example:
        >>> from qtraj.models.santos19_davies import davies_qutrit
        >>> abs(jump_log_exponential_average(davies_qutrit(), "sigma")) < 1e-12
        True
    """
    quantity = counted(process, name, protocol)
    with np.errstate(over="ignore"):
        weights = np.exp(-u * quantity.amounts)
    if not np.isfinite(weights).all():
        return float("inf")
    start_scale, start = quantity.start.operator(u)
    end_scale, end = quantity.end.operator(u)
    image, scale = apply_tilted(process, weights, start)
    value = float(np.vdot(end, image).real)
    return (float(np.log(value)) if value > 0 else -np.inf) + scale + start_scale + end_scale


def jump_support_loss(
    process: JumpProcess, protocol: str | MeasurementProtocol = MeasurementProtocol.EIGENBASIS
) -> float:
    r"""Absolutely irreversible weight :math:`\lambda = 1 - \langle e^{-\sigma}\rangle`, 0 for a start of full rank.

    It is the weight with which the backward process (opposite Hamiltonian, same jumps) ends outside the support of the
    initial state, found from that process alone.

    Example:
        >>> from qtraj.models.santos19_davies import davies_qutrit
        >>> from qtraj.quantum.states import State
        >>> round(jump_support_loss(davies_qutrit(state=State.pure([1, 0, 0]))), 6)
        0.339322
    """
    ends = process.endpoints(MeasurementProtocol.parse(protocol))
    vectors = ends.initial.outcomes.vectors
    d = vectors.shape[0]
    if vectors.shape[1] == d:
        return 0.0
    missing = np.eye(d) - vectors @ np.conj(vectors.T)
    image, scale = apply_tilted(process.reversed(), np.ones(len(process.jumps)), ends.final.outcomes.state.matrix)
    lost = float(np.vdot(missing, image).real) * float(np.exp(scale))
    return min(1.0, max(0.0, lost))
