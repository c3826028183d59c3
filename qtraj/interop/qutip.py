"""QuTiP's objects in and out: states, Hamiltonians, unitaries and collapse operators.

Whatever qtraj takes as a matrix may be a `Qobj`; these functions are for the other direction, and for what a bare
matrix does not say. Tensor dimensions are system (x) environment, or the subsystems in their order; everything is in
the basis the Hamiltonian was given in. QuTiP is imported by the functions that make its objects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qtraj.arrays import ComplexArray
from qtraj.errors import InvalidInput

# The models of QuTiP are lists of collapse operators like any other, for a Qobj will do wherever a matrix will.
from qtraj.interop.collapse_operators import jump_process_from_operators as jump_process_from_qutip
from qtraj.optional import import_optional
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.composite import CompositeSystem, Reservoir
from qtraj.quantum.matrices import dagger
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary

__all__ = [
    "collapse_operators",
    "hamiltonian_to_qobj",
    "jump_process_from_qutip",
    "state_from_qobj",
    "state_to_qobj",
    "unitary_to_qobj",
]


def state_to_qobj(party: State | System | CompositeSystem | Environment | Reservoir) -> Any:
    """The state of something as a density matrix.

    Args:
        party: A state, a system, a composite system (tensor dimensions those of its subsystems), an environment or one
            unit of a reservoir.

    Raises:
        MissingPackage: If QuTiP is not installed.

    Example:
        >>> state_to_qobj(State.gibbs([0.0, 1.0], 1.0)).isherm
        True
    """
    match party:
        case State():
            return _operator(party.matrix)
        case System():
            return _operator(party.state.matrix)
        case CompositeSystem():
            return _operator(party.state.matrix, _dimensions(party))
        case Environment():
            return _operator(np.diag(np.exp(party.log_populations)))
        case Reservoir():
            return _operator(party.unit.state.matrix)
        case _:
            raise InvalidInput(f"`party` must be a state, a system or an environment, but is {party!r:.80}")


def state_from_qobj(qobj: Any, *, rank: int | None = None) -> State:
    """A state from a ket, a bra or a density matrix.

    Args:
        qobj: A `Qobj`; its tensor dimensions are dropped.
        rank: Number of non-zero eigenvalues of a density matrix, if you know it (`State.from_matrix`).

    Raises:
        InvalidState: If it is none.

    Example:
        >>> import qutip
        >>> state_from_qobj(qutip.basis(2, 1)).matrix.real.tolist()
        [[0.0, 0.0], [0.0, 1.0]]
    """
    array = np.asarray(qobj.full() if hasattr(qobj, "full") else qobj)
    if array.ndim == 2 and array.shape[0] == 1 < array.shape[1]:
        return State.pure(array.conj())
    if array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1 < array.shape[0]):
        return State.pure(array)
    return State.from_matrix(array, rank=rank)


def hamiltonian_to_qobj(party: System | CompositeSystem | Environment) -> Any:
    """The Hamiltonian of a system, of a composite system (with its tensor dimensions) or of an environment.

    Raises:
        MissingPackage: If QuTiP is not installed.

    Example:
        >>> hamiltonian_to_qobj(Environment(energies=[0.0, 1.0], inverse_temperature=1.0)).diag().tolist()
        [0.0, 1.0]
    """
    match party:
        case System():
            return _operator(party.in_given_basis(np.diag(party.spectrum.energies)))
        case CompositeSystem():
            return _operator(party.system.in_given_basis(np.diag(party.system.spectrum.energies)), _dimensions(party))
        case Environment():
            return _operator(np.diag(party.spectrum.energies))
        case _:
            raise InvalidInput(f"`party` must be a system or an environment, but is {party!r:.80}")


def unitary_to_qobj(unitary: EnergyConservingUnitary, system: System | None = None) -> Any:
    """A joint unitary with the tensor dimensions system (x) environment.

    Args:
        unitary: The unitary.
        system: The system it was built for; needed if the system's Hamiltonian is not diagonal, for its basis.

    Raises:
        MissingPackage: If QuTiP is not installed.
        TooLarge: If the joint dimension exceeds 8192.

    Example:
        >>> system = System(energies=[0.0, 1.0], state=State.gibbs([0.0, 1.0], 1.0))
        >>> ladder = Environment.ladder(levels=3, spacing=1.0, inverse_temperature=1.0)
        >>> unitary_to_qobj(EnergyConservingUnitary.haar(system, ladder, seed=1)).dims
        [[2, 3], [2, 3]]
    """
    sizes = [unitary.joint.system.dimension, unitary.joint.environment.dimension]
    matrix = unitary.matrix()
    if system is not None:
        lift: ComplexArray = np.kron(system.basis, np.eye(sizes[1])).astype(np.complex128)
        matrix = lift @ matrix @ dagger(lift)
    return _operator(matrix, sizes)


def collapse_operators(process: JumpProcess) -> list[Any]:
    """All jumps of a process as collapse operators, rates included, in the order of `process.jumps`.

    So `col_which` of an `mcsolve` with them counts jumps as qtraj does.

    Raises:
        MissingPackage: If QuTiP is not installed.

    Example:
        >>> from qtraj.models import build_model
        >>> process = build_model("davies-qutrit")
        >>> len(collapse_operators(process)) == len(process.jumps)
        True
    """
    return [_operator(process.system.in_given_basis(jump.operator)) for jump in process.jumps]


def _operator(matrix: ComplexArray, sizes: Sequence[int] | None = None) -> Any:
    qutip = import_optional("qutip", "a Qobj")
    own = [matrix.shape[0]] if sizes is None else list(sizes)
    return qutip.Qobj(np.array(matrix), dims=[own, own])


def _dimensions(composite: CompositeSystem) -> list[int]:
    return [values.size for values in composite.energies.values()]
