r"""Rounds of a collision model on density matrices: join a fresh unit, evolve, trace out, and book what happened.

Mapping [Li18]: :math:`\tilde\eta = tr_S\rho'_{SE}` (Eq. (9)), heat :math:`\Delta Q = tr[H_E(\tilde\eta-\eta)]` into
the reservoir (Eq. (10)), entropy flow :math:`-tr[(\tilde\eta-\eta)\ln\eta]` into the reservoir (minus the terms of
Eqs. (22), (25)), entropy production :math:`D(\rho'_{SE}\|\rho'_S\otimes\eta)` (Eq. (20), additive over collisions).
The joint state is formed as a whole, and partial traces and eigenvalues are taken of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray
from qtraj.density.collision_unitaries import JointStep
from qtraj.quantum.matrices import dagger
from qtraj.quantum.spectrum import Spectrum

__all__ = ["CollisionRecord", "run"]

# Joint states are kept until their eigenvalues are computed together, which is far faster than one by one.
STORED_BYTES = 2**25


@dataclass(frozen=True, kw_only=True, eq=False)
class CollisionRecord:
    """What every collision of a run did.

    Attributes:
        names: Reservoir of every collision of one round, in order of time.
        heat: Energy gained by the unit, shape (rounds, collisions of a round).
        entropy_flow: Entropy that flows into the reservoir, nats, same shape.
        entropy_production: Nats, same shape.
        work: Switching work of all steps together.
        states: State before the first and after every round, shape (rounds + 1, d, d), if asked for.
        final_state: State after the last round, shape (d, d).
    """

    names: tuple[str, ...]
    heat: FloatArray
    entropy_flow: FloatArray
    entropy_production: FloatArray
    work: float
    states: ComplexArray | None
    final_state: ComplexArray

    def by_reservoir(self, values: FloatArray, reservoirs: Sequence[str]) -> dict[str, FloatArray]:
        """Values per collision as one series per reservoir, over that reservoir's collisions in order of time."""
        return {name: values[:, [own == name for own in self.names]].ravel() for name in reservoirs}


def run(
    steps: Sequence[JointStep], state: ComplexArray, *, rounds: int, spectrum: Spectrum, keep_states: bool = False
) -> CollisionRecord:
    """Let a state go through a number of rounds.

    Args:
        steps: The steps of one round.
        state: Density matrix in the energy eigenbasis, shape (d, d).
        rounds: Number of rounds.
        spectrum: The system's energies.
        keep_states: Whether to keep the state after every round.
    """
    collisions = [step for step in steps if step.reservoir is not None]
    per_round = 16 * sum(step.unitary.size for step in collisions)
    chunk = min(rounds, max(1, STORED_BYTES // max(1, per_round)))
    joints = [np.empty((chunk, *step.unitary.shape), dtype=np.complex128) for step in collisions]
    befores = [np.empty((chunk, spectrum.dimension, spectrum.dimension), dtype=np.complex128) for _ in collisions]
    shape = (rounds, len(collisions))
    heat, flow, production = np.empty(shape), np.empty(shape), np.empty(shape)
    states = np.empty((rounds + 1, *state.shape), dtype=np.complex128) if keep_states else None
    work = 0.0
    for start in range(0, rounds, chunk):
        filled = min(chunk, rounds - start)
        for k in range(filled):
            if states is not None:
                states[start + k] = state
            position = 0
            for step in steps:
                before = step.start(state)
                joint = step.evolve(before)
                if step.works:
                    work += float(((joint - before).diagonal().real * step.total_energies).sum())
                if step.reservoir is not None:
                    befores[position][k], joints[position][k] = state, joint
                    position += 1
                state = step.system_state(joint)
            # Rounding lets the trace drift by some 1e-16 a step, which a million rounds would add up.
            state = state / state.trace().real
        own = slice(start, start + filled)
        for position, step in enumerate(collisions):
            heat[own, position], flow[own, position], production[own, position] = _exchange(
                step, joints[position][:filled]
            )
    if states is not None:
        states[rounds] = state
    return CollisionRecord(
        names=tuple(str(step.reservoir) for step in collisions),
        heat=heat,
        entropy_flow=flow,
        entropy_production=production,
        work=work,
        states=states,
        final_state=state,
    )


def _exchange(step: JointStep, joints: ComplexArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Heat, entropy flow and entropy production of the same collision in many rounds, each of shape (rounds,)."""
    assert step.unit is not None
    d, e = step.dimension, step.unit_energies.size
    cubes = joints.reshape(-1, d, e, d, e)
    after = np.einsum("kaman->kmn", cubes)
    reduced = cubes.trace(axis1=2, axis2=4)
    # Measured from the lowest level, so that a constant in the energies cannot cost digits.
    energies = step.unit_energies - step.unit_energies.min()
    gain = np.einsum("kmm->km", after).real - step.unit_matrix.diagonal().real
    heat: FloatArray = gain @ energies
    vectors, logs = step.unit.vectors, step.unit.log_eigenvalues
    populations = np.einsum("mi,kmn,ni->ki", np.conj(vectors), after, vectors, optimize=True).real
    flow: FloatArray = (np.exp(logs) - populations) @ logs
    # D(rho'_SE || rho'_S x eta) = S(rho'_S) - S(rho'_SE) - tr[eta' ln eta], never negative.
    production = _entropies(reduced) - _entropies(joints) - populations @ logs
    return heat, flow, np.maximum(production, 0.0)


def _entropies(states: ComplexArray) -> FloatArray:
    """Von Neumann entropies of a stack of density matrices, shape (k,)."""
    values = np.linalg.eigvalsh((states + dagger(states)) / 2)
    positive = np.where(values > 0, values, 1.0)
    entropies: FloatArray = -(positive * np.log(positive)).sum(axis=1)
    return entropies
