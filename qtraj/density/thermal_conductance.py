r"""Thermal conductance: how the steady heat current answers to a small temperature difference.

Mapping [Li18]: :math:`T_h = T + \Delta T/2`, :math:`T_c = T - \Delta T/2`,
:math:`\kappa = -\partial J_h/\partial\Delta T` at :math:`\Delta T = 0` (Eqs. (28)-(30)).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qtraj.density.collision_fixed_point import fixed_point
from qtraj.density.collision_rounds import run
from qtraj.density.collision_unitaries import joint_steps, unit_states
from qtraj.errors import InvalidInput, UnknownName
from qtraj.processes.collision_model import CollisionModel

__all__ = ["steady_heat_into", "thermal_conductance"]


def steady_heat_into(model: CollisionModel) -> dict[str, float]:
    """Per reservoir, the energy its units gain in one round from the fixed point, and nothing else.

    Raises:
        InvalidInput: If one round has no unique fixed point.

    Example:
        >>> from qtraj.models import build_model
        >>> heat = steady_heat_into(build_model("coherent-collision"))
        >>> abs(heat["hot"] + heat["cold"]) < 1e-12
        True
    """
    steps = joint_steps(model, unit_states(model))
    fixed = fixed_point(steps)
    if fixed.state is None:
        raise InvalidInput(f"a steady current needs one round to have a unique fixed point, but {fixed.reason}")
    record = run(steps, fixed.state, rounds=1, spectrum=model.system.spectrum)
    heat = record.by_reservoir(record.heat, list(model.reservoirs))
    return {name: float(values.sum()) for name, values in heat.items()}


def thermal_conductance(
    build: Callable[[float, float], CollisionModel],
    temperature: float,
    *,
    step: float | None = None,
    reservoir: str = "hot",
) -> float:
    r"""Thermal conductance :math:`\kappa = -\partial J_h/\partial\Delta T` by central differences.

    Where :math:`J_h` does not vanish at :math:`\Delta T = 0`, as with coherent units at most phases, it has a term in
    :math:`\Delta T^2` too, so that :math:`-J_h/\Delta T` or a one-sided difference would be off in first order. Two
    central differences, of `step` and half of it, are combined so that the error is of fourth order in `step`.

    Args:
        build: From the hot and the cold temperature to the process.
        temperature: T, positive.
        step: Temperature difference, positive and below 2 T; 1 % of T by default, which leaves an error of about 1e-9
            of the conductance.
        reservoir: Name of the hot reservoir.

    Raises:
        InvalidInput: If temperature or step are out of range, or there is no unique steady state.
        UnknownName: If there is no such reservoir.

    Example:
        >>> from qtraj.models.li18 import coherent_collision
        >>> def build(hot: float, cold: float) -> CollisionModel:
        ...     return coherent_collision(temperature_hot=hot, temperature_cold=cold)
        >>> round(thermal_conductance(build, 1.0), 9)  # [Li18] Eq. (31) has 6.1063e-4
        0.000610623
    """
    if not (np.isfinite(temperature) and temperature > 0):
        raise InvalidInput(f"`temperature` must be positive, but is {temperature}", measured=float(temperature))
    difference = 0.01 * temperature if step is None else float(step)
    if not 0 < difference < 2 * temperature:
        raise InvalidInput(
            f"`step` must be positive and below twice the temperature, {2 * temperature:.6g}, but is {difference:.6g}",
            measured=difference,
        )

    def current(delta: float) -> float:
        heat = steady_heat_into(build(temperature + delta / 2, temperature - delta / 2))
        if reservoir not in heat:
            raise UnknownName("reservoir", reservoir, heat)
        return heat[reservoir]

    whole, half = (-(current(delta) - current(-delta)) / (2 * delta) for delta in (difference, difference / 2))
    return (4 * half - whole) / 3
