r"""Waiting times between jumps, exact: the no-jump evolution prepared so that its norm can be inverted.

The survival probability :math:`S(t) = \|e^{-iH_{eff}t}\psi\|^2` of a state falls from 1 with rate
:math:`w(t) = \langle\psi(t)|\Gamma|\psi(t)\rangle`. The waiting time is where it meets a random number, found inside a
bracket to about 1e-11 of itself; nothing is ever stepped through.

The evolution has two forms. *By modes*: the eigenvectors of :math:`H_{eff}`, block by block, as long as they are well
conditioned. *By digits*: :math:`e^{-iH_{eff}T/2^k}` for all binary digits k of the time; needs no eigenvectors, so a
defective :math:`H_{eff}` (a critically damped qubit) is a case like any other.

Rates of very different size: eigenvalues come with an error of 1e-16 of the *largest* one, in which a small decay rate
drowns. So the decay rates are taken from the eigenvectors instead, :math:`\gamma = \langle r|\Gamma|r\rangle`, a sum of
positive terms; and a small loss 1 - S is summed up from such terms too.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import expm

from qtraj.arrays import ComplexArray, FloatArray
from qtraj.errors import InvalidInput
from qtraj.paths.jump_operators import JumpOperators
from qtraj.paths.jump_tables import COEFFICIENTS, Evolution, Nodes, floats, integers, parts_apart, workspace
from qtraj.quantum.matrices import dagger

__all__ = ["LARGEST_CONDITION", "prepare_evolution", "prepare_nodes"]

# A state put together from eigenvectors has a relative error of 1e-16 times their condition number: here up to 1e-12.
LARGEST_CONDITION = 1e4

# After the last digit the time left times |H_eff| is below 2^-10, where four terms of the exponential leave 1e-17.
DIGITS_BEYOND_NORM = 10
TAYLOR_ORDER = 4
MOST_DIGITS = 1000

# Between so many quantiles the waiting time is smooth enough that one exact evaluation corrects the cubic through them.
MOST_QUANTILES = 256
MOST_TABLE_ENTRIES = 2**18


def prepare_evolution(
    operators: JumpOperators, ends: ComplexArray, duration: float, *, by_modes: bool | None = None
) -> Evolution:
    """Tables for the evolution between jumps.

    Args:
        operators: Effective Hamiltonian and Gamma, block by block.
        ends: Final vectors as columns, shape (d, F), in the operators' basis.
        duration: Of the process.
        by_modes: Which form; None for modes if they are well conditioned.

    Raises:
        InvalidInput: If modes are asked for and are not well conditioned.
    """
    dimension = operators.dimension
    # A global phase: measured from the mean energy, fewer digits go into angles.
    shift = np.trace(operators.effective_hamiltonian).real / dimension
    generator = -1j * (operators.effective_hamiltonian - shift * np.eye(dimension))
    exponents = np.zeros(dimension, dtype=np.complex128)
    if by_modes is not False:
        modes, condition = _modes(operators, generator)
        if by_modes and condition > LARGEST_CONDITION:
            raise InvalidInput(
                "the modes engine must have well-conditioned eigenvectors of the effective Hamiltonian, up to "
                f"{LARGEST_CONDITION:.0e}, but their condition number is {condition:.3g}; the digits engine needs none",
                measured=condition,
            )
        by_modes = condition <= LARGEST_CONDITION
    if by_modes:
        steps = np.zeros(0)
        mode_losses = _mode_losses(operators, modes)
        energies = np.einsum("in,ij,jn->n", modes.conj(), 1j * generator, modes, optimize=True).real
        exponents = -1j * energies - mode_losses.diagonal().real / 2
        inverse = np.zeros_like(modes)
        for block in operators.block_slices():
            inverse[block, block] = np.linalg.inv(modes[block, block])
        matrices = [modes, inverse, mode_losses]
    else:
        steps = _steps(generator, duration)
        propagators = [_propagator(operators, generator * step) for step in steps]
        matrices = [generator, *propagators, *_losses(operators, generator, steps, propagators)]
    loss = operators.loss
    rows, columns = np.nonzero(np.triu(loss))
    block_of = np.repeat(np.arange(operators.blocks.size - 1), np.diff(operators.blocks))
    return Evolution(
        duration=float(duration),
        by_modes=bool(by_modes),
        blocks=integers(operators.blocks),
        exponents=parts_apart(exponents),
        matrices=parts_apart(np.stack(matrices), axis=1),
        steps=floats(steps),
        taylor_order=TAYLOR_ORDER,
        loss_offsets=integers(np.searchsorted(block_of[rows], np.arange(operators.blocks.size))),
        loss_places=integers(np.stack([rows, columns], axis=1)),
        loss_values=parts_apart(np.where(rows == columns, 1, 2) * loss[rows, columns], axis=1),
        ends=parts_apart(ends.T),
    )


def _losses(
    operators: JumpOperators, generator: ComplexArray, steps: FloatArray, propagators: list[ComplexArray]
) -> list[ComplexArray]:
    r"""What is lost over each step, :math:`\int_0^h e^{iH_{eff}^\dagger s}\Gamma e^{-iH_{eff}s} ds`, a positive sum."""
    points, weights = np.polynomial.legendre.leggauss(8)
    total = np.zeros_like(operators.loss)
    for point, weight in zip(points, weights, strict=True):
        evolved = _propagator(operators, generator * (steps[-1] * (point + 1) / 2))
        total += weight / 2 * steps[-1] * dagger(evolved) @ operators.loss @ evolved
    losses = [total]
    for propagator in propagators[:0:-1]:
        losses.append(losses[-1] + dagger(propagator) @ losses[-1] @ propagator)
    return losses[::-1]


def _propagator(operators: JumpOperators, exponent: ComplexArray) -> ComplexArray:
    result = np.zeros_like(exponent)
    for block in operators.block_slices():
        result[block, block] = expm(exponent[block, block])
    return result


def prepare_nodes(evolution: Evolution, operators: JumpOperators, states: ComplexArray) -> Nodes:
    """Tables for the states that many paths pass through.

    Args:
        evolution: The evolution between jumps.
        operators: The operators it was made of.
        states: Normalised, as columns, shape (d, N), in the operators' basis.
    """
    from qtraj.paths.state_kernels import fill_nodes

    coefficients = states
    if evolution.by_modes:
        real, imag = evolution.matrices[COEFFICIENTS]
        coefficients = (real + 1j * imag) @ states
    occupied = np.stack([(states[block] != 0).any(axis=0) for block in operators.block_slices()], axis=1)
    count = states.shape[1]
    intervals = min(MOST_QUANTILES, MOST_TABLE_ENTRIES // max(1, count)) if evolution.by_modes else 0
    losses, quantiles = np.zeros(count), np.zeros((count, intervals + 1, 2))
    nodes = Nodes(
        coefficients=floats(np.stack([coefficients.T.real, coefficients.T.imag], axis=1)),
        rates=floats(np.einsum("in,ij,jn->n", states.conj(), operators.loss, states, optimize=True).real),
        block_offsets=integers(np.concatenate([[0], np.cumsum(occupied.sum(axis=1))])),
        blocks=integers(np.nonzero(occupied)[1]),
        total_loss=floats(losses),
        quantiles=floats(quantiles),
    )
    if not intervals:
        return nodes
    fill_nodes(evolution, nodes, workspace(evolution), losses, quantiles)
    return nodes._replace(total_loss=floats(losses), quantiles=floats(quantiles))


def _modes(operators: JumpOperators, generator: ComplexArray) -> tuple[ComplexArray, float]:
    """Normalised eigenvectors of -i H_eff, block by block, and the condition number of the worst block."""
    modes, condition = np.zeros_like(generator), 0.0
    for block in operators.block_slices():
        if np.count_nonzero(operators.loss[block, block]):
            _, vectors = np.linalg.eig(generator[block, block])
        else:
            _, vectors = np.linalg.eigh(1j * generator[block, block])
        modes[block, block] = vectors / np.linalg.norm(vectors, axis=0)
        condition = max(condition, float(np.linalg.cond(modes[block, block])))
    return modes, condition


def _mode_losses(operators: JumpOperators, modes: ComplexArray) -> ComplexArray:
    """Gamma between the eigenvectors of each block: from the image of every eigenvector, so that none of it cancels."""
    total, within = np.zeros_like(modes), np.zeros_like(modes)
    for jump in operators.jumps:
        images = np.asarray(jump @ modes)
        total += dagger(images) @ images
    for block in operators.block_slices():
        within[block, block] = total[block, block]
    return within


def _steps(generator: ComplexArray, duration: float) -> FloatArray:
    norm = max(float(np.linalg.norm(generator, 2)) * duration, 1e-300)
    digits = int(np.clip(np.ceil(np.log2(norm)) + DIGITS_BEYOND_NORM, 1, MOST_DIGITS))
    steps: FloatArray = duration * np.exp2(-np.arange(digits + 1.0))
    return steps
