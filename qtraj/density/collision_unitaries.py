r"""The steps of a collision model as dense unitaries on the whole system and one fresh unit.

Mapping [Li18]: :math:`\rho'_{SE} = U(\rho_S\otimes\eta)U^\dagger` (Eq. (8)), joint index: subsystems in their order,
the unit last.

This route knows nothing of Kraus operators, of detectors, or of how paths embed a step into the whole system, which is
why it is the one to compare them with.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray
from qtraj.density.joint import LARGEST_JOINT_STATE
from qtraj.errors import TooLarge
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.collision_steps import CollisionStep, InternalStep
from qtraj.quantum.matrices import dagger
from qtraj.quantum.states import State

__all__ = ["JointStep", "joint_steps", "unit_states"]

# An internal unitary computed in closed form commutes with the Hamiltonian to a few units in the last place; what it
# would book as work is then nothing but rounding. A unitary that is meant to do work is far above this.
COMMUTES = 1e-13


@dataclass(frozen=True, kw_only=True, eq=False)
class JointStep:
    """One step of a round as a dense unitary on the whole system (x) the fresh unit.

    Args:
        reservoir: Name of the reservoir, None for an internal unitary.
        unitary: Shape (d d_E, d d_E); d_E = 1 for an internal unitary.
        unit: State of a fresh unit in its energy eigenbasis, None for an internal unitary.
        unit_energies: Energies of a unit, shape (d_E,).
        energies: Energies of the whole system, shape (d,).
        works: Whether the step changes the total energy.
    """

    reservoir: str | None
    unitary: ComplexArray
    unit: State | None
    unit_energies: FloatArray
    energies: FloatArray
    works: bool

    @property
    def dimension(self) -> int:
        """Dimension d of the whole system."""
        return int(self.energies.size)

    @cached_property
    def unit_matrix(self) -> ComplexArray:
        """Density matrix of a fresh unit, shape (d_E, d_E)."""
        return np.ones((1, 1), dtype=np.complex128) if self.unit is None else self.unit.matrix

    @cached_property
    def _inverse(self) -> ComplexArray:
        return np.ascontiguousarray(dagger(self.unitary))

    @cached_property
    def total_energies(self) -> FloatArray:
        """Energies of system and unit together, shape (d d_E,)."""
        energies: FloatArray = (self.energies[:, None] + self.unit_energies[None, :]).ravel()
        return energies

    def start(self, state: ComplexArray) -> ComplexArray:
        """The joint state before, shape (d d_E, d d_E)."""
        size = self.unitary.shape[0]
        return (state[:, None, :, None] * self.unit_matrix[None, :, None, :]).reshape(size, size)

    def evolve(self, start: ComplexArray) -> ComplexArray:
        """The joint state after, shape (d d_E, d d_E)."""
        return self.unitary @ start @ self._inverse

    def system_state(self, joint: ComplexArray) -> ComplexArray:
        """The partial trace over the unit, shape (d, d)."""
        d, e = self.dimension, self.unit_energies.size
        state: ComplexArray = joint.reshape(d, e, d, e).trace(axis1=1, axis2=3)
        return state

    def map_matrix(self) -> ComplexArray:
        r"""The map :math:`tr_E[U(\cdot\otimes\eta)U^\dagger]` on matrices flattened row by row, shape (d^2, d^2)."""
        d, e = self.dimension, self.unit_energies.size
        cube = self.unitary.reshape(d, e, d, e)
        # sum over nu, mu, mu' of U[a nu, b mu] eta[mu, mu'] conj(U[a' nu, b' mu']), axes a, b, a', b'
        left = np.tensordot(cube, self.unit_matrix, axes=(3, 0))
        full = np.tensordot(left, np.conj(cube), axes=((1, 3), (1, 3)))
        return full.transpose(0, 2, 1, 3).reshape(d * d, d * d)


def unit_states(model: CollisionModel, *, measured: bool = False) -> dict[str, State]:
    """The state of a fresh unit of every reservoir, in its energy eigenbasis.

    Args:
        model: The collision model.
        measured: Whether to take units as the first measurement leaves them on average: dephased where they are
            measured in the energy basis.

    Example:
        >>> from qtraj.models.li18 import coherent_collision
        >>> sorted(unit_states(coherent_collision()))
        ['cold', 'hot']
    """
    return {
        name: reservoir.measured_state if measured else reservoir.unit.energy_state
        for name, reservoir in model.reservoirs.items()
    }


def joint_steps(model: CollisionModel, units: Mapping[str, State]) -> tuple[JointStep, ...]:
    """The steps of one round, each distinct step built once.

    Raises:
        TooLarge: If system and unit together have more than 1500 dimensions.

    Example:
        >>> from qtraj.models.li18 import coherent_collision
        >>> model = coherent_collision()
        >>> [(step.reservoir, step.unitary.shape) for step in joint_steps(model, unit_states(model))]
        [(None, (4, 4)), ('hot', (8, 8)), ('cold', (8, 8))]
    """
    return tuple(_joint_step(model, step, units) for step in model.steps)


def _joint_step(model: CollisionModel, step: InternalStep | CollisionStep, units: Mapping[str, State]) -> JointStep:
    energies = model.system.spectrum.energies
    if isinstance(step, InternalStep):
        unitary = _on_the_whole(model, step.on, step.energy_matrix(model.composite), unit_size=1)
        change = np.abs(unitary * (energies[:, None] - energies[None, :])).max()
        return JointStep(
            reservoir=None,
            unitary=unitary,
            unit=None,
            unit_energies=np.zeros(1),
            energies=energies,
            works=bool(change > COMMUTES * max(float(np.ptp(energies)), np.finfo(float).tiny)),
        )
    unit_energies = model.reservoirs[step.reservoir].unit.spectrum.energies
    size = energies.size * unit_energies.size
    if size > LARGEST_JOINT_STATE:
        raise TooLarge(
            f"system and one unit of {step.reservoir} must have at most {LARGEST_JOINT_STATE} dimensions together for "
            f"exact averages, but have {size}",
            measured=size,
        )
    return JointStep(
        reservoir=step.reservoir,
        unitary=_on_the_whole(model, step.on, step.unitary.matrix(), unit_size=unit_energies.size),
        unit=units[step.reservoir],
        unit_energies=unit_energies,
        energies=energies,
        works=not step.unitary.conserving,
    )


def _on_the_whole(model: CollisionModel, on: Sequence[str], matrix: ComplexArray, *, unit_size: int) -> ComplexArray:
    """A unitary on some subsystems (x) unit as a unitary on the whole system (x) unit, by reordering tensor axes."""
    names = list(model.composite.energies)
    sizes = {name: model.composite.energies[name].size for name in names}
    rest = [name for name in names if name not in on]
    order = [*on, None, *rest]  # None is the unit
    dims = [unit_size if name is None else sizes[name] for name in order]
    lifted = np.kron(matrix, np.eye(int(np.prod([sizes[name] for name in rest], dtype=np.int64))))
    axes = [order.index(name) for name in [*names, None]]
    tensor = lifted.reshape(*dims, *dims).transpose(*axes, *(len(dims) + axis for axis in axes))
    size = int(np.prod(dims))
    return np.ascontiguousarray(tensor.reshape(size, size))
