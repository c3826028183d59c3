r"""Collapse operators of other packages as channels: each paired with its reverse.

Other packages give a bath as a bare list of collapse operators :math:`c_i`, rates included. A fluctuation theorem needs
more: which jump undoes which. Two operators of one bath are a pair if :math:`c_j\propto c_i^\dagger`; the entropy that
jump i gives its bath is then :math:`s = \ln(\|c_i\|^2/\|c_j\|^2)`. A Hermitian operator is its own reverse. An operator
without a partner is refused: with it the entropy production would be infinite.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from qtraj.arrays import ComplexArray, IntArray
from qtraj.errors import InvalidInput
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.channels import DETAILED_BALANCE_TOLERANCE, HERMITIAN_TOLERANCE, Channel
from qtraj.quantum.matrices import as_matrix, dagger
from qtraj.quantum.parties import System

__all__ = ["Baths", "channels_from_operators", "jump_positions", "jump_process_from_operators"]

# Operators that are computed, such as those of Davies baths, are off by some 1e-15 of their largest element; operators
# that are typed to a few digits have partners typed to the same digits.
PAIR_TOLERANCE = 1e-8

Baths = str | Sequence[str] | Mapping[str, Iterable[int]]
"""To which bath each operator belongs: one name for all, a name for each, or positions of operators by name."""


def channels_from_operators(
    operators: Sequence[Any], *, baths: Baths = "bath", inverse_temperatures: Mapping[str, float] | None = None
) -> tuple[Channel, ...]:
    r"""Channels of a list of collapse operators, every operator paired with its reverse within its bath.

    Args:
        operators: Collapse operators with rates included, shape (d, d) each: arrays, Qobjs, sparse matrices. Operators
            that are zero are left out.
        baths: One name for all operators, a name for each, or the positions of each bath's operators by name.
        inverse_temperatures: beta of baths by name, as far as they have one; the heat of a jump is then
            :math:`s/\beta`, and otherwise what the operator takes from the Hamiltonian, if that is definite.

    Returns:
        One channel per pair and per Hermitian operator, in order of first appearance.

    Raises:
        InvalidInput: If an operator has no partner, or `baths` does not name one bath for every operator.

    Example:
        >>> down, up = np.array([[0, 2.0], [0, 0]]), np.array([[0, 0], [1.0, 0]])
        >>> (channel,) = channels_from_operators([down, up], baths="cold")
        >>> channel.rate, channel.reverse_rate
        (4.0, 1.0)
    """
    matrices = [_dense(operator, position) for position, operator in enumerate(operators)]
    names = bath_names(baths, len(matrices))
    betas = dict(inverse_temperatures or {})
    for name in betas:
        if name not in names:
            raise InvalidInput(f"`inverse_temperatures` must name baths of `baths`, but {name!r} is none of them")
    channels: list[Channel] = []
    taken: set[int] = set()
    for position, (matrix, name) in enumerate(zip(matrices, names, strict=True)):
        if position in taken or not matrix.any():
            continue
        size = float(np.abs(matrix).max())
        shared: dict[str, Any] = {"operator": matrix / size, "bath": name, "rate": size**2}
        shared["inverse_temperature"] = betas.get(name)
        if _proportional(dagger(matrix), matrix, HERMITIAN_TOLERANCE) is not None:
            channels.append(Channel(**shared))
            continue
        partner, ratio = _partner(matrices, names, position, taken)
        taken.add(partner)
        channels.append(Channel(**shared, reverse_rate=size**2 * ratio))
    return tuple(channels)


def jump_process_from_operators(
    hamiltonian: Any,
    state: Any,
    operators: Sequence[Any],
    *,
    duration: float,
    baths: Baths = "bath",
    inverse_temperatures: Mapping[str, float] | None = None,
) -> JumpProcess:
    """The jump process of a Hamiltonian and a list of collapse operators: what QuTiP's `mcsolve` takes, and the baths.

    Args:
        hamiltonian: H, not depending on time.
        state: Initial state: a ket, a density matrix, or a `State`.
        operators: As in `channels_from_operators`, in the basis of the Hamiltonian; QuTiP calls them `c_ops`.
        duration: How long.
        baths: As in `channels_from_operators`.
        inverse_temperatures: As in `channels_from_operators`. Where a jump takes a definite energy from the
            Hamiltonian, the rates must agree with it; elsewhere (local master equations) it says the heat of a jump.

    Raises:
        InvalidInput: If an operator has no reverse, or its rates contradict the temperature of its bath.

    Example:
        >>> import qutip
        >>> c_ops = [qutip.sigmap(), 0.5 * qutip.sigmam()]  # |0> is the lower level of this Hamiltonian
        >>> process = jump_process_from_operators(-0.5 * qutip.sigmaz(), qutip.basis(2, 1), c_ops, duration=2.0)
        >>> [round(jump.entropy, 4) for jump in process.jumps]
        [1.3863, -1.3863]
    """
    system = System(hamiltonian=as_matrix(hamiltonian, "hamiltonian"), state=state)
    betas = dict(inverse_temperatures or {})
    # Without temperatures a heat comes from the Hamiltonian alone, or there is none.
    bare = JumpProcess(system=system, channels=channels_from_operators(operators, baths=baths), duration=duration)
    for jump in bare.jumps:
        if (beta := betas.get(jump.bath)) is None or jump.heat is None:
            continue
        defect = abs(jump.entropy - beta * jump.heat)
        if defect > DETAILED_BALANCE_TOLERANCE * max(1.0, abs(jump.entropy)):
            raise InvalidInput(
                f"`c_ops` must obey local detailed balance, but a jump of bath {jump.bath!r} that gives it the energy "
                f"{jump.heat:.6g} has ln(rate/reverse_rate) {jump.entropy:.6g} and not {beta * jump.heat:.6g}",
                measured=defect,
            )
    channels = channels_from_operators(operators, baths=baths, inverse_temperatures=betas)
    return JumpProcess(system=system, channels=channels, duration=duration)


def jump_positions(process: JumpProcess, operators: Sequence[Any], baths: Baths | None = None) -> IntArray:
    """Which jump of a process each of some collapse operators is.

    Args:
        process: The process.
        operators: Collapse operators with rates included, in the basis the Hamiltonian was given in.
        baths: Their baths, as in `channels_from_operators`; needed only where two baths have the same operator.

    Returns:
        Positions in `process.jumps`, shape (operators,); -1 for operators that are zero.

    Raises:
        InvalidInput: If an operator is no jump of the process, or one of two baths.
    """
    names = None if baths is None else bath_names(baths, len(operators))
    basis = process.system.basis
    found: list[int] = []
    for position, operator in enumerate(operators):
        matrix = dagger(basis) @ _dense(operator, position) @ basis
        if not matrix.any():
            found.append(-1)
            continue
        same = [kind for kind, jump in enumerate(process.jumps) if _equal_up_to_phase(jump.operator, matrix)]
        own = same if names is None else [kind for kind in same if process.jumps[kind].bath == names[position]]
        if not own:
            raise InvalidInput(f"`c_ops` must be the jumps of the process, but number {position} is none of them")
        if len({process.jumps[kind].bath for kind in own}) > 1:
            raise InvalidInput(
                f"`baths` must say to which bath `c_ops` number {position} belongs, but is missing, and "
                f"{' and '.join(repr(process.jumps[kind].bath) for kind in own)} both have this jump"
            )
        # Equal operators of one bath, if there are several, are counted off in their order.
        free = [kind for kind in own if kind not in found]
        if not free:
            raise InvalidInput(
                f"`c_ops` must hold every jump of the process once, but number {position} is there twice"
            )
        found.append(free[0])
    return np.array(found, dtype=np.int64)


def bath_names(baths: Baths, count: int) -> list[str]:
    """The bath of every operator.

    Example:
        >>> bath_names({"hot": [0, 2], "cold": [1]}, 3)
        ['hot', 'cold', 'hot']
    """
    if isinstance(baths, str):
        return [baths] * count
    if isinstance(baths, Mapping):
        names: list[str | None] = [None] * count
        for name, positions in baths.items():
            for position in positions:
                if not isinstance(position, int | np.integer) or not 0 <= position < count:
                    raise InvalidInput(
                        f"`baths` must hold positions in `c_ops`, 0 to {count - 1}, but {name!r} has {position!r}"
                    )
                if names[position] is not None:
                    raise InvalidInput(
                        f"`baths` must name every operator once, but number {position} belongs to {names[position]!r} "
                        f"and to {name!r}"
                    )
                names[position] = str(name)
        if None in names:
            raise InvalidInput(f"`baths` must name every operator, but not number {names.index(None)}")
        return [str(name) for name in names]
    if not isinstance(baths, Sequence) or not all(isinstance(name, str) for name in baths) or len(baths) != count:
        raise InvalidInput(f"`baths` must be one name, a name for each of {count} operators, or a table of positions")
    return list(baths)


def _dense(operator: Any, position: int) -> ComplexArray:
    dense = operator.toarray() if hasattr(operator, "toarray") else operator
    return as_matrix(dense, f"c_ops[{position}]")


def _proportional(matrix: ComplexArray, to: ComplexArray, tolerance: float) -> float | None:
    """The squared modulus of z where `matrix` = z `to`, or None."""
    if matrix.shape != to.shape:
        return None
    factor = np.vdot(to, matrix) / np.vdot(to, to)
    defect = float(np.abs(matrix - factor * to).max())
    if not defect <= tolerance * float(np.abs(matrix).max()):
        return None
    return float(np.abs(factor)) ** 2


def _equal_up_to_phase(matrix: ComplexArray, other: ComplexArray) -> bool:
    ratio = _proportional(other, matrix, PAIR_TOLERANCE)
    return ratio is not None and abs(ratio - 1) <= PAIR_TOLERANCE


def _partner(matrices: list[ComplexArray], names: list[str], position: int, taken: set[int]) -> tuple[int, float]:
    """Position of the reverse of an operator, and how much slower it is."""
    own, name = matrices[position], names[position]
    for other in range(position + 1, len(matrices)):
        if other in taken or names[other] != name or not matrices[other].any():
            continue
        ratio = _proportional(matrices[other], dagger(own), PAIR_TOLERANCE)
        if ratio is not None:
            return other, ratio
    raise InvalidInput(
        f"`c_ops` must come in pairs of a jump and its reverse, but number {position} (bath {name!r}) has no partner "
        "proportional to its adjoint; without one (a bath at zero temperature) the entropy production is infinite"
    )
