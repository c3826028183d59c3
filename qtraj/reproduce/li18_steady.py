"""What all reproductions of [Li18] ask for: the steady heat current, from the fixed point of one round."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

from qtraj.density.thermal_conductance import steady_heat_into
from qtraj.models.li18 import coherent_collision
from qtraj.processes.collision_model import CollisionModel
from qtraj.reproduce.setting import Setting

__all__ = ["FULL", "PI", "QUARTER", "WEAK", "collisions_at", "setting_without", "steady_heat"]

PI = math.pi
WEAK, QUARTER, FULL = PI / 32, PI / 4, PI / 2
"""Angles of the paper: its weak interaction, its exchange, and an interaction that swaps completely."""


@cache
def steady_heat(
    phase: float = 0.0, *, gamma: float = WEAK, p: float = 0.8, hot: float = 2.0, cold: float = 1.0
) -> float:
    """J_h in the steady state."""
    return steady_heat_into(collisions_at(phase, gamma=gamma, p=p)(hot, cold))["hot"]


def collisions_at(phase: float, *, gamma: float = WEAK, p: float = 0.8) -> Callable[[float, float], CollisionModel]:
    """From the hot and the cold temperature to one round of collisions."""

    def build(hot: float, cold: float) -> CollisionModel:
        return coherent_collision(
            phase_difference=phase,
            interaction_angle=gamma,
            coherence=p,
            temperature_hot=hot,
            temperature_cold=cold,
            collisions=1,
        )

    return build


def setting_without(*named: str) -> tuple[Setting, ...]:
    """The paper's own parameters, which are the model's defaults, but those that rows name."""
    steady = ("collisions", "initial", "initial_temperature", "measure")  # what steady currents do not depend on
    return (Setting.of_model("coherent-collision", without=(*named, *steady)),)
