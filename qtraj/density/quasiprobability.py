r"""Quasiprobabilities of the heat: what two-point measurements of local energies would find, without the disturbance.

Mapping: projectors :math:`\Pi_i` on local energies before, :math:`\Pi_f` after, joint unitary U, joint start
:math:`\rho_{SE}`:

.. math:: q_{if} = tr[U^\dagger\Pi_fU\,\Pi_i\rho_{SE}],\qquad
          p_{if} = tr[\Pi_fU\,\Pi_i\rho_{SE}\Pi_i\,U^\dagger].

q is the Kirkwood-Dirac quasiprobability, Re q the Margenau-Hill one, p the two-point distribution. Both marginals of q
are the true ones, :math:`tr[\Pi_i\rho_{SE}]` and :math:`tr[\Pi_fU\rho_{SE}U^\dagger]`, so its mean heat is the true
mean; those of p are true before and in general not after. The price is values that are no probabilities; how much so,
says the negativity :math:`\sum|q_{if}| - 1 \ge 0` [LevyLostaglio20].

**Where they coincide.** If :math:`\Pi_i` commutes with :math:`\rho_{SE}`, then q = p. Of a product start with a thermal
environment that is so for the environment's energies: initial coherence of the system changes nothing in the law of
(mu, nu). Coherent correlations break it (q = p again at U = 1), and so do coherent units of a collision model; there,
with an incoherent system and a conserving unitary, q = p still holds for the first collision, because elements of
:math:`\rho_{SE}` between different total energies drop out of both, and fails from the second one on.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray, IntArray, frozen
from qtraj.density.collision_rounds import run
from qtraj.density.collision_unitaries import joint_steps, unit_states
from qtraj.density.correlated_operation import JointMatrices
from qtraj.density.joint import require_dense
from qtraj.errors import InvalidInput
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.correlated_operation import CorrelatedOperation
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.matrices import dagger
from qtraj.quantum.spectrum import Spectrum, group_values

__all__ = ["HeatQuasiprobability", "heat_quasiprobability", "local_quasiprobability"]

# Heats are differences of two levels, good to a few units in the last place of the larger one.
HEAT_TOLERANCE = 1e-12


@dataclass(frozen=True, kw_only=True, eq=False)
class HeatQuasiprobability:
    """Two-time tables of local energies.

    Attributes:
        energies: Environment energy of every label, shape (L,); labels are those of the environment's levels, or of
            pairs (level of the system, level of the environment).
        kirkwood_dirac: q, row i (before), column f (after), shape (L, L).
        two_point: p, same shape.
    """

    energies: FloatArray
    kirkwood_dirac: ComplexArray
    two_point: FloatArray

    @property
    def margenau_hill(self) -> FloatArray:
        """Real part of q, shape (L, L)."""
        real: FloatArray = self.kirkwood_dirac.real
        return real

    @property
    def negativity(self) -> float:
        """Sum of the moduli of q, minus 1; 0 if and only if q is a probability."""
        return max(0.0, float(np.abs(self.kirkwood_dirac).sum()) - 1.0)

    @property
    def margenau_hill_negativity(self) -> float:
        """The same of the real part: twice the sum of its negative values."""
        return max(0.0, float(np.abs(self.margenau_hill).sum()) - 1.0)

    @property
    def mean_heat(self) -> float:
        """Mean energy gained by the environment: the true one."""
        return float((self.margenau_hill * self._heat).sum())

    @property
    def two_point_mean_heat(self) -> float:
        """Mean that two-point measurements find."""
        return float((self.two_point * self._heat).sum())

    @property
    def _heat(self) -> FloatArray:
        return self.energies[None, :] - self.energies[:, None]

    @cached_property
    def _values(self) -> tuple[FloatArray, IntArray]:
        """Distinct heats, ascending, and which of them each entry has."""
        heat = self._heat.ravel()
        labels, count = group_values(heat, HEAT_TOLERANCE * float(np.abs(self.energies).max(initial=0.0)))
        means = np.bincount(labels, weights=heat, minlength=count) / np.bincount(labels, minlength=count)
        return means.astype(np.float64), labels

    @property
    def heats(self) -> FloatArray:
        """Distinct amounts of heat, ascending, shape (K,)."""
        return self._values[0]

    @property
    def heat_margenau_hill(self) -> FloatArray:
        """Margenau-Hill quasiprobability of every amount of heat, shape (K,)."""
        return self._summed(self.margenau_hill)

    @property
    def heat_imaginary(self) -> FloatArray:
        """Imaginary part of the Kirkwood-Dirac quasiprobability of every amount of heat, shape (K,); its sum is 0."""
        return self._summed(self.kirkwood_dirac.imag)

    @property
    def heat_two_point(self) -> FloatArray:
        """Two-point probability of every amount of heat, shape (K,)."""
        return self._summed(self.two_point)

    def _summed(self, table: FloatArray) -> FloatArray:
        values, labels = self._values
        return np.bincount(labels, weights=table.ravel(), minlength=values.size).astype(np.float64)


def local_quasiprobability(
    start: ComplexArray, unitary: ComplexArray, labels: IntArray
) -> tuple[ComplexArray, FloatArray]:
    """Kirkwood-Dirac and two-point tables of a quantity that is diagonal in the basis used, before and after.

    Args:
        start: Density matrix, shape (d, d).
        unitary: Shape (d, d).
        labels: Value of the quantity for every basis state, as a number from 0 on, shape (d,).

    Returns:
        q and p, rows before, columns after, each of shape (L, L).

    Example:
        A qubit in |+>, asked for its population before and after a rotation: what q says is negative.

        >>> plus, turn = np.full((2, 2), 0.5), np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
        >>> q, p = local_quasiprobability(plus, turn, np.array([0, 1]))
        >>> q.real.round(3).tolist()
        [[-0.081, 0.581], [0.127, 0.373]]
        >>> p.round(3).tolist()
        [[0.146, 0.354], [0.354, 0.146]]
    """
    count = int(labels.max()) + 1
    same = labels[:, None] == labels[None, :]
    member = (labels[:, None] == np.arange(count)[None, :]).astype(np.float64)
    # tr[Pi_f U Pi_i X U^dag] adds up U_ba (X U^dag)_ab over a in i and b in f.
    tables = [
        member.T @ (unitary.T * (state @ dagger(unitary))) @ member for state in (start, np.where(same, start, 0))
    ]
    return frozen(tables[0].astype(np.complex128)), frozen(tables[1].real.copy())


def heat_quasiprobability(
    process: ThermalOperation | CorrelatedOperation | CollisionModel,
    *,
    collision: int = 1,
    of: Literal["environment", "both"] = "environment",
) -> HeatQuasiprobability:
    """The quasiprobability of the heat into the environment, beside its two-point distribution.

    Args:
        process: A thermal operation, a correlated operation or a collision model.
        collision: Which collision of a collision model, counted from 1; the system arrives in the state it then has.
        of: Whether the energies of the `environment` (of the unit) alone are asked for, or those of `both` parties,
            which the system's own coherence shows in.

    Raises:
        InvalidInput: If there is no such collision, or no such process.
        TooLarge: If the joint dimension exceeds 1500.

    Example:
        >>> from qtraj.models import build_model
        >>> process = build_model(
        ...     "two-qubit-exchange", angle=np.pi / 6, beta_system=0.5, beta_environment=1.0, correlation=-0.172j
        ... )
        >>> table = heat_quasiprobability(process)
        >>> round(table.negativity, 3), round(table.mean_heat, 4), round(table.two_point_mean_heat, 4)
        (0.065, 0.1761, 0.0271)
    """
    if of not in ("environment", "both"):
        raise InvalidInput(f"`of` must be 'environment' or 'both', but is {of!r}")
    if isinstance(process, CollisionModel):
        return _of_collision(process, collision, of)
    if not isinstance(process, ThermalOperation | CorrelatedOperation):
        raise InvalidInput(
            "`process` must be a thermal operation, a correlated operation or a collision model, but is "
            f"{type(process).__name__}"
        )
    if collision != 1:
        raise InvalidInput(f"`collision` must be 1 for a {process.kind}, but is {collision}")
    system, environment = process.system.spectrum, process.environment.spectrum
    require_dense(system.dimension * environment.dimension)
    if isinstance(process, CorrelatedOperation):
        start = JointMatrices.of(process).start
    else:
        populations = np.diag(np.exp(process.environment.log_populations))
        start = np.kron(process.system.energy_state.matrix, populations).astype(np.complex128)
    return _tables(start, process.unitary.matrix(), system, environment, of)


def _of_collision(model: CollisionModel, collision: int, of: str) -> HeatQuasiprobability:
    if isinstance(collision, bool) or collision != int(collision) or not 1 <= collision <= model.collisions:
        raise InvalidInput(
            f"`collision` must be a whole number from 1 to {model.collisions}, but is {collision}",
            measured=float(collision),
        )
    steps, spectrum = joint_steps(model, unit_states(model)), model.system.spectrum
    places = [place for place, step in enumerate(steps) if step.reservoir is not None]
    rounds, own = divmod(int(collision) - 1, len(places))
    state = model.system.energy_state.matrix
    if rounds:
        state = run(steps, state, rounds=rounds, spectrum=spectrum).final_state
    for step in steps[: places[own]]:
        state = step.system_state(step.evolve(step.start(state)))
    step = steps[places[own]]
    return _tables(step.start(state), step.unitary, spectrum, Spectrum(energies=step.unit_energies), of)


def _tables(
    start: ComplexArray, unitary: ComplexArray, system: Spectrum, environment: Spectrum, of: str
) -> HeatQuasiprobability:
    own = system.level_of if of == "both" else np.zeros(system.dimension, dtype=np.int64)
    count = environment.levels.size
    labels: IntArray = (own[:, None] * count + environment.level_of[None, :]).ravel()
    q, p = local_quasiprobability(start, unitary, labels)
    return HeatQuasiprobability(
        energies=frozen(np.tile(environment.levels, int(own.max()) + 1)), kirkwood_dirac=q, two_point=p
    )
