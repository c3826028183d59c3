r"""Exact averages of a collision model from its density matrices.

Mapping: entropy production :math:`\Sigma = \sum_k D(\rho'_{SE,k}\|\rho'_{S,k}\otimes\eta_k)` ([Li18] Eq. (20)), its
coherence part :math:`\Xi = C(\rho_0) - C(\rho_K)` and its population part
:math:`\Sigma_d = S(\Delta\rho_K) - S(\Delta\rho_0) + \sum_k\Phi_k` with the entropy flows :math:`\Phi_k` into the
reservoirs. With baths at several temperatures Sigma_d is no difference of distances to one equilibrium.

[Li18] Eqs. (18), (19), (23), (26), the Clausius forms of the entropy flow, hold for thermal units only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from qtraj.arrays import ComplexArray, FloatArray, frozen
from qtraj.density.collision_fixed_point import FixedPoint, fixed_point
from qtraj.density.collision_rounds import CollisionRecord, run
from qtraj.density.collision_unitaries import JointStep, joint_steps, unit_states
from qtraj.density.matrix_entropy import matrix_entropy, pinched_matrix
from qtraj.density.plain import plain
from qtraj.density.record import Record
from qtraj.errors import InvalidState
from qtraj.processes.collision_model import CollisionModel
from qtraj.quantum.spectrum import Spectrum
from qtraj.quantum.states import State

__all__ = ["CollisionModelAverages", "collision_model_averages", "states_after_rounds"]


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class CollisionModelAverages(Record):
    r"""Averages of a collision model, in nats and in the units of the energies given.

    A value that does not exist or cannot be computed is None, and `reasons` says why.

    Attributes:
        entropy_production: :math:`\Sigma`, the sum over all collisions.
        population_entropy_production: :math:`\Sigma_d`, in block-diagonal form for degenerate energies. Of either sign
            if internal unitaries do work or units are coherent.
        coherence_entropy_production: :math:`\Xi = C(\rho_0) - C(\rho_K)`, of either sign likewise.
        entropy_production_of_collisions: :math:`D(\rho'_{SE}\|\rho'_S\otimes\eta)` of every collision in order of time,
            shape (collisions,).
        heat_into: Per reservoir, the mean energy its units gain, over its collisions in order of time.
        entropy_flow_into: Per reservoir, the entropy :math:`-tr[(\tilde\eta-\eta)\ln\eta]` that flows into it, over its
            collisions; beta times the heat if it is thermal. Minus the terms of [Li18] Eqs. (22), (25). A unit's own
            entropy grows by less, by :math:`D(\tilde\eta\|\eta)`.
        entropy_flow: Sum of all entropy flows; :math:`\Sigma = S(\rho_K) - S(\rho_0)` + this.
        clausius_entropy_flow: Sum of beta times heat, with the effective temperature of coherent units.
        entropy_flow_beyond_clausius: The entropy flow minus its Clausius form: 0 for thermal units.
        switching_work: Work done by internal unitaries that do not commute with the Hamiltonian and by collisions that
            do not conserve energy.
        initial_coherence: :math:`C(\rho_0)`.
        final_coherence: :math:`C(\rho_K)`.
        final_state: :math:`\rho_K` in the product of the bases the subsystems are given in, shape
            (d, d).
        fixed_point: The state that one round leaves as it is, shape (d, d).
        steady_heat_into: Per reservoir, the energy its units gain in one round from the fixed point.
        steady_entropy_production: Entropy production of one round from the fixed point.
        second_eigenvalue_modulus: Factor by which a round brings states closer to the fixed point, in the long run.
        measured: These averages for units as the first measurement leaves them, if a reservoir with units in a given
            state is measured in the energy basis. That measurement simulates a process with dephased units, and it is
            that process which paths follow; the other entries describe units as they are.
        reasons: Why an entry is None, by name.
    """

    entropy_production: float
    population_entropy_production: float
    coherence_entropy_production: float
    entropy_production_of_collisions: FloatArray
    heat_into: Mapping[str, FloatArray]
    entropy_flow_into: Mapping[str, FloatArray]
    entropy_flow: float
    clausius_entropy_flow: float | None
    entropy_flow_beyond_clausius: float | None
    switching_work: float
    initial_coherence: float
    final_coherence: float
    final_state: ComplexArray
    fixed_point: ComplexArray | None
    steady_heat_into: Mapping[str, float] | None
    steady_entropy_production: float | None
    second_eigenvalue_modulus: float | None
    measured: CollisionModelAverages | None
    reasons: dict[str, str]

    def to_json(self) -> dict[str, Any]:
        """Plain numbers for JSON: matrices as {"real", "imag"}; missing values as None, except for `measured`."""
        out: dict[str, Any] = {}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "reasons" or (field.name == "measured" and value is None):
                continue
            out[field.name] = plain(value)
        return out


def collision_model_averages(model: CollisionModel, *, start: State | None = None) -> CollisionModelAverages:
    """Compute every average of a collision model from dense joint states of the system and one unit after the other.

    Args:
        model: The collision model.
        start: Another initial state, in the product of the subsystems' energy bases, such as the dephased one that the
            energy two-point protocol begins with; the model's own by default.

    Raises:
        TooLarge: If system and unit together have more than 1500 dimensions.
        InvalidState: If `start` has another dimension than the system.

    Example:
        >>> from qtraj.models import build_model
        >>> values = collision_model_averages(build_model("coherent-collision", collisions=3))
        >>> [round(heat, 6) for heat in values.heat_into["hot"].tolist()]
        [-0.003627, -0.006325, -0.008876]
        >>> round(values.steady_heat_into["hot"], 9)
        -0.000337812
    """
    begin = _start_matrix(model, start)
    own = _averages(model, unit_states(model), begin, None)
    if not any(r.measure == "energy" and not r.is_thermal for r in model.reservoirs.values()):
        return own
    return _averages(model, unit_states(model), begin, _averages(model, unit_states(model, measured=True), begin, None))


def states_after_rounds(model: CollisionModel, *, start: State | None = None) -> ComplexArray:
    """The density matrix at the start and after every round, shape (rounds + 1, d, d), by the joint route.

    Args:
        model: The collision model.
        start: See `collision_model_averages`.

    Example:
        >>> from qtraj.models import build_model
        >>> states_after_rounds(build_model("coherent-collision", collisions=3)).shape
        (4, 4, 4)
    """
    steps, spectrum = joint_steps(model, unit_states(model)), model.system.spectrum
    record = run(steps, _start_matrix(model, start), rounds=int(model.repeat), spectrum=spectrum, keep_states=True)
    assert record.states is not None
    return record.states


def _averages(
    model: CollisionModel, units: Mapping[str, State], begin: ComplexArray, measured: CollisionModelAverages | None
) -> CollisionModelAverages:
    spectrum, names = model.system.spectrum, list(model.reservoirs)
    steps = joint_steps(model, units)
    record = run(steps, begin, rounds=int(model.repeat), spectrum=spectrum)
    heat = record.by_reservoir(record.heat, names)
    flow = float(record.entropy_flow.sum())
    entropy = [
        (matrix_entropy(state), matrix_entropy(pinched_matrix(state, spectrum.level_of)))
        for state in (begin, record.final_state)
    ]
    coherences = [max(0.0, pinched - whole) for whole, pinched in entropy]
    reasons: dict[str, str] = {}
    clausius = _clausius(model, heat, reasons)
    steady, fixed = _steady(steps, spectrum, reasons)
    return CollisionModelAverages(
        entropy_production=float(record.entropy_production.sum()),
        population_entropy_production=entropy[1][1] - entropy[0][1] + flow,
        coherence_entropy_production=coherences[0] - coherences[1],
        entropy_production_of_collisions=frozen(record.entropy_production.ravel()),
        heat_into=_frozen(heat),
        entropy_flow_into=_frozen(record.by_reservoir(record.entropy_flow, names)),
        entropy_flow=flow,
        clausius_entropy_flow=clausius,
        entropy_flow_beyond_clausius=None if clausius is None else flow - clausius,
        switching_work=record.work,
        initial_coherence=coherences[0],
        final_coherence=coherences[1],
        final_state=frozen(model.system.in_given_basis(record.final_state)),
        fixed_point=None if fixed.state is None else frozen(model.system.in_given_basis(fixed.state)),
        steady_heat_into=None
        if steady is None
        else {name: float(values.sum()) for name, values in steady.by_reservoir(steady.heat, names).items()},
        steady_entropy_production=None if steady is None else float(steady.entropy_production.sum()),
        second_eigenvalue_modulus=fixed.second_eigenvalue_modulus,
        measured=measured,
        reasons=reasons,
    )


def _start_matrix(model: CollisionModel, start: State | None) -> ComplexArray:
    if start is None:
        return model.system.energy_state.matrix
    if start.dimension != model.system.dimension:
        raise InvalidState(
            f"`start` must have dimension {model.system.dimension} like the system, but has {start.dimension}",
            measured=start.dimension,
        )
    return start.matrix


def _clausius(model: CollisionModel, heat: Mapping[str, FloatArray], reasons: dict[str, str]) -> float | None:
    """The sum of beta times heat, or None with a reason if a reservoir has no temperature."""
    total = 0.0
    for name, reservoir in model.reservoirs.items():
        if reservoir.inverse_temperature is None:
            text = f"needs a temperature of every reservoir, but {name} has units in a given state and none"
            reasons.update(dict.fromkeys(("clausius_entropy_flow", "entropy_flow_beyond_clausius"), text))
            return None
        total += reservoir.inverse_temperature * float(heat[name].sum())
    return total


def _steady(
    steps: tuple[JointStep, ...], spectrum: Spectrum, reasons: dict[str, str]
) -> tuple[CollisionRecord | None, FixedPoint]:
    """The fixed point and what one round does to it."""
    fixed = fixed_point(steps)
    if fixed.second_eigenvalue_modulus is None:
        reasons["second_eigenvalue_modulus"] = str(fixed.reason)
    if fixed.state is None:
        reasons.update(
            dict.fromkeys(("fixed_point", "steady_heat_into", "steady_entropy_production"), str(fixed.reason))
        )
        return None, fixed
    return run(steps, fixed.state, rounds=1, spectrum=spectrum), fixed


def _frozen(series: Mapping[str, FloatArray]) -> Mapping[str, FloatArray]:
    return {name: frozen(values) for name, values in series.items()}
