r"""Kraus operators of a collision, gathered into batches that a detector cannot tell apart by heat and entropy.

Mapping: joint unitary U, unit populations :math:`q_\mu`, Kraus operators
:math:`M_{\mu\nu} = \sqrt{q_\mu}\langle\nu|U|\mu\rangle` ([Santos19] Eq. (18)), heat :math:`E_\nu - E_\mu`, entropy
:math:`\ln q_\mu - \ln q_\nu`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray, IntArray
from qtraj.processes.seam import Branches
from qtraj.quantum.graded import graded_eigensystem
from qtraj.quantum.parties import Environment
from qtraj.quantum.spectrum import Spectrum, group_values
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary

__all__ = ["JointElements", "by_heat", "image_of", "measured_branches", "thermal_branches"]

# Entropies of two pairs of outcomes that agree in theory differ by the rounding of four logarithms.
ENTROPY_TOLERANCE = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class JointElements:
    r"""Non-zero elements :math:`\langle m,\nu|U|n,\mu\rangle` of a joint unitary, one entry an element.

    Attributes:
        dimension: Dimension d of the system.
        size: Number of outcomes of the unit.
        m: Row of the system, shape (P,).
        nu: Outcome of the unit afterwards, shape (P,).
        n: Column of the system, shape (P,).
        mu: Outcome of the unit before, shape (P,).
        values: The elements, shape (P,).
    """

    dimension: int
    size: int
    m: IntArray
    nu: IntArray
    n: IntArray
    mu: IntArray
    values: ComplexArray

    @classmethod
    def of(cls, unitary: EnergyConservingUnitary) -> JointElements:
        """The elements between energy eigenstates of both parties."""
        size = unitary.joint.environment.dimension
        rows, columns, values = unitary.elements()
        (m, nu), (n, mu) = np.divmod(rows, size), np.divmod(columns, size)
        return cls(dimension=unitary.joint.system.dimension, size=size, m=m, nu=nu, n=n, mu=mu, values=values)

    def batch(self, own: IntArray, *, heat: float | None, entropy: float, log_populations: FloatArray) -> Branches:
        """The elements `own`, which share heat and entropy, as one batch."""
        pairs, position = np.unique(self.mu[own] * self.size + self.nu[own], return_inverse=True)
        kinds, kind = np.unique(self.m[own] * self.dimension + self.n[own], return_inverse=True)
        elements = np.zeros((pairs.size, kinds.size), dtype=np.complex128)
        elements[position, kind] = self.values[own]
        mu_of, nu_of = np.divmod(pairs, self.size)
        return Branches(
            dimension=self.dimension,
            heat=heat,
            entropy=entropy,
            log_weights=log_populations[mu_of],
            rows=kinds // self.dimension,
            columns=kinds % self.dimension,
            elements=elements,
            mu=mu_of,
            nu=nu_of,
        )


def thermal_branches(unitary: EnergyConservingUnitary, environment: Environment) -> tuple[Branches, ...]:
    """Batches of a collision with a thermal unit: one per amount of heat into it, ascending; entropy is beta heat.

    Example:
        >>> from qtraj.quantum.parties import System
        >>> qubit = System(energies=[0.0, 1.0], state=[[0.5, 0.0], [0.0, 0.5]])
        >>> bath = Environment(energies=[0.0, 1.0], inverse_temperature=1.0)
        >>> swap = EnergyConservingUnitary.partial_swap(qubit, bath, angle=np.pi / 2)
        >>> [(batch.heat, batch.mu.tolist(), batch.nu.tolist()) for batch in thermal_branches(swap, bath)]
        [(-1.0, [1], [0]), (0.0, [0, 1], [0, 1]), (1.0, [0], [1])]
    """
    elements = JointElements.of(unitary)
    energies, beta = environment.spectrum.energies, environment.inverse_temperature
    heats, rounding, groups = by_heat(energies[elements.mu], energies[elements.nu])
    batches = []
    for own in groups:
        heat = float(heats[own[0]]) if abs(heats[own[0]]) > rounding else 0.0
        batches.append(elements.batch(own, heat=heat, entropy=beta * heat, log_populations=environment.log_populations))
    return tuple(batches)


def measured_branches(
    elements: JointElements, *, log_populations: FloatArray, energies: FloatArray | None
) -> tuple[Branches, ...]:
    """Batches of a collision with a unit in any state, measured before and after.

    Args:
        elements: The unitary between the unit's outcomes.
        log_populations: Logarithm of the probability of every outcome of a fresh unit, shape (r,).
        energies: Energy of every outcome, shape (r,), None if the outcomes are no energy eigenstates.

    Returns:
        One batch per entropy and, where there are energies, heat; ascending in entropy, then heat.

    Example:
        >>> from qtraj.quantum.parties import System
        >>> qubit = System(energies=[0.0, 1.0], state=[[0.5, 0.0], [0.0, 0.5]])
        >>> unit = Environment(energies=[0.0, 1.0], inverse_temperature=1.0)
        >>> swap = EnergyConservingUnitary.partial_swap(qubit, unit, angle=np.pi / 2)
        >>> logs = np.log([0.9, 0.1])  # not in equilibrium
        >>> batches = measured_branches(JointElements.of(swap), log_populations=logs, energies=None)
        >>> [round(batch.entropy, 4) for batch in batches]
        [-2.1972, 0.0, 2.1972]
    """
    flows = log_populations[elements.mu] - log_populations[elements.nu]
    labels, _ = group_values(flows, ENTROPY_TOLERANCE * max(1.0, float(np.abs(flows).max())))
    heats, rounding = np.zeros(flows.size), 0.0
    if energies is not None:
        heats, rounding, groups = by_heat(energies[elements.mu], energies[elements.nu])
        of_heat = np.empty(flows.size, dtype=np.int64)
        for k, own in enumerate(groups):
            of_heat[own] = k
        labels = labels * len(groups) + of_heat
    batches = []
    _, numbers = np.unique(labels, return_counts=True)
    for members in np.split(np.argsort(labels, kind="stable"), np.cumsum(numbers)[:-1]):
        # The pair of equal outcomes sends exactly nothing, and has no rounding error.
        own = members[np.argsort(np.abs(flows[members]) + np.abs(heats[members]), kind="stable")]
        heat = float(heats[own[0]]) if abs(heats[own[0]]) > rounding else 0.0
        batches.append(
            elements.batch(
                own,
                heat=None if energies is None else heat,
                entropy=float(flows[own[0]]),
                log_populations=log_populations,
            )
        )
    return tuple(batches)


def image_of(branches: tuple[Branches, ...], state: State) -> State:
    r"""The state :math:`\Lambda(\rho)` that the branches make of a state (energy eigenbasis).

    Every eigenvalue is relatively accurate, however cold the environment, because the sum over Kraus operators and
    eigenvectors is never formed as a matrix.

    Example:
        >>> from qtraj.quantum.parties import System
        >>> qubit = System(energies=[0.0, 1.0], state=[[0.5, 0.0], [0.0, 0.5]])
        >>> bath = Environment(energies=[0.0, 1.0], inverse_temperature=1.0)
        >>> swap = EnergyConservingUnitary.partial_swap(qubit, bath, angle=np.pi / 2)
        >>> image_of(thermal_branches(swap, bath), qubit.energy_state).matrix.real.diagonal().round(4).tolist()
        [0.7311, 0.2689]
    """
    dimension = state.dimension
    logs, rows = [], []
    for batch in branches:
        images = batch.amplitudes(np.eye(dimension, dtype=np.complex128), state.vectors)
        rows.append(np.swapaxes(images, 1, 2).reshape(-1, dimension))
        logs.append((batch.log_weights[:, None] + state.log_eigenvalues[None, :]).ravel())
    values, vectors = graded_eigensystem(np.concatenate(logs), np.concatenate(rows))
    return State(log_eigenvalues=values, vectors=vectors)


def by_heat(before: FloatArray, after: FloatArray) -> tuple[FloatArray, float, list[IntArray]]:
    """Group transitions of the environment by the heat they take up.

    Args:
        before: Energy of the environment before each transition, shape (P,).
        after: Energy after it, shape (P,).

    Returns:
        The heats, what counts as zero among them, and the transitions of every distinct one, ascending; of each group
        the one with the smallest rounding error comes first.

    Example:
        >>> heats, _, groups = by_heat(np.array([0.0, 1.0, 2.0]), np.array([1.0, 0.0, 3.0]))
        >>> [heats[own].tolist() for own in groups]
        [[-1.0], [1.0, 1.0]]
    """
    heats = after - before
    # By rounding alone, whatever energies the user calls one level: within such a level heat is still heat.
    rounding = 4 * Spectrum(energies=np.concatenate([before, after])).tolerance
    labels, count = group_values(heats, rounding)
    # Differences of large energies carry the rounding error of those energies; the pair nearest to zero has least.
    magnitude = np.maximum(np.abs(after), np.abs(before))
    order = np.lexsort((magnitude, labels))
    bounds = np.cumsum(np.bincount(labels, minlength=count))[:-1]
    return heats, rounding, np.split(order, bounds)
