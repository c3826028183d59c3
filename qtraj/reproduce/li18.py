"""Figures and tables of [Li18]: heat between two streams of coherent units.

Everything under "ours" comes from density matrices: the collision model's joint states, and the fixed point of one
round. Closed forms stand under "printed", or under "corrected" where print has only words.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, partial

from scipy.optimize import brentq, minimize_scalar

from qtraj.density.collision_model import collision_model_averages
from qtraj.density.thermal_conductance import steady_heat_into, thermal_conductance
from qtraj.models.li18 import coherent_collision
from qtraj.models.li18_closed_forms import (
    critical_coherence_full_swap,
    high_temperature_conductance,
    linear_response_full_swap,
    steady_heat_full_swap,
    steady_heat_thermal,
    thermal_conductance_thermal,
)
from qtraj.processes.collision_model import CollisionModel
from qtraj.reproduce.entry import Reproduction, Row
from qtraj.reproduce.li18_figures import draw_conductance, draw_heat_current, draw_linear_response, draw_phase

__all__ = ["REPRODUCTIONS"]

PI = math.pi
WEAK, QUARTER = PI / 32, PI / 4
DOWNHILL = "the paper: negative for phases in [0, pi]; the zeros lie beyond"


@cache
def _steady(phase: float = 0.0, *, gamma: float = WEAK, p: float = 0.8, hot: float = 2.0, cold: float = 1.0) -> float:
    """Steady heat current J_h, from the fixed point of one round."""
    model = coherent_collision(
        phase_difference=phase,
        interaction_angle=gamma,
        coherence=p,
        temperature_hot=hot,
        temperature_cold=cold,
        collisions=1,
    )
    return steady_heat_into(model)["hot"]


def _builder(phase: float, p: float = 0.8, gamma: float = WEAK) -> Callable[[float, float], CollisionModel]:
    def build(hot: float, cold: float) -> CollisionModel:
        return coherent_collision(
            phase_difference=phase,
            coherence=p,
            interaction_angle=gamma,
            temperature_hot=hot,
            temperature_cold=cold,
            collisions=1,
        )

    return build


def _critical_coherence(phase: float, gamma: float = WEAK) -> float:
    """Coherence at which the steady current changes its sign."""
    return float(brentq(lambda p: _steady(phase, gamma=gamma, p=p), 0.01, 0.99, xtol=1e-13))


def _heat_current_rows() -> tuple[Row, ...]:
    """Fig. 2 and the text around it."""
    values = collision_model_averages(coherent_collision(collisions=1000))
    late, final = values.heat_into["hot"][-1], _steady()
    rows = [
        Row(
            quantity=f"steady J_h, phase difference {name}",
            printed=sign,
            corrected=None,
            ours=_steady(phase),
            note="as the paper says, heat flows from cold to hot" if sign == "positive" else "",
        )
        for name, phase, sign in (
            ("0", 0.0, "negative"),
            ("pi/4", PI / 4, "negative"),
            ("pi/2", PI / 2, "negative"),
            ("pi", PI, "negative"),
            ("5 pi/4", 1.25 * PI, "positive"),
            ("3 pi/2", 1.5 * PI, "positive"),
        )
    ]
    thermal = {"interaction_angle": WEAK, "exchange_angle": QUARTER, "temperature_hot": 2.0, "temperature_cold": 1.0}
    rows.append(
        Row(
            quantity="steady J_h, thermal units",
            printed="negative",
            corrected=steady_heat_thermal(**thermal),
            ours=_steady(p=0.0),
            note="|J_h| grows from phase 0 to pi to thermal units, as the inset shows; closed form not in the paper",
        )
    )
    return (
        *rows,
        Row(
            quantity="J_h at collision 1000 over its steady value, phase 0",
            printed="stationary",
            corrected=None,
            ours=float(late) / final,
            note="the second eigenvalue of a round is 0.9937: solve for the fixed point instead of iterating",
        ),
        Row(
            quantity="critical coherence p_c, phase 3 pi/2",
            printed=0.155,
            corrected=0.1563,
            ours=_critical_coherence(1.5 * PI),
            note="the paper names no phase, but p_c depends on it; it is smallest near here",
        ),
        Row(
            quantity="critical coherence p_c, phase 5 pi/4",
            printed=0.155,
            corrected=0.1848,
            ours=_critical_coherence(1.25 * PI),
            note="the same number is printed for all phases",
        ),
    )


def _phase_rows() -> tuple[Row, ...]:
    """Fig. 3 with Eqs. (14), (15)."""
    rows = []
    for name, gamma in (("pi/2", PI / 2), ("pi/4", PI / 4), ("pi/12", PI / 12), ("pi/32", WEAK)):
        for printed, low, high in ((0.0, -0.5 * PI, 0.5 * PI), (PI, 0.5 * PI, 1.4 * PI)):
            corrected = None
            if gamma == PI / 2:
                # sin(phase) = (J at phase 0) / (amplitude of the sine), Eq. (14)
                offset, amplitude = _full_swap(0.0), _full_swap(1.5 * PI) - _full_swap(0.0)
                shift = math.asin(offset / amplitude)
                corrected = shift if printed == 0 else PI - shift
            rows.append(
                Row(
                    quantity=f"phase at which J_h vanishes near {'0' if printed == 0 else 'pi'}, gamma = {name}",
                    printed=printed,
                    corrected=corrected,
                    ours=float(brentq(partial(_steady, gamma=gamma), low, high, xtol=1e-12)),
                    note=DOWNHILL if gamma == PI / 2 else "",
                )
            )
    for name, phase in (("0", 0.0), ("3 pi/2", 1.5 * PI)):
        rows.append(
            Row(
                quantity=f"steady J_h, gamma = pi/2, phase difference {name}",
                printed=_full_swap(phase),
                corrected=None,
                ours=_steady(phase, gamma=PI / 2),
                note="Eq. (14) is right",
            )
        )
    rows.append(
        Row(
            quantity="critical coherence p_c, gamma = pi/2, phase 3 pi/2",
            printed=critical_coherence_full_swap(
                exchange_angle=QUARTER, phase_difference=1.5 * PI, temperature_hot=2.0, temperature_cold=1.0
            ),
            corrected=None,
            ours=_critical_coherence(1.5 * PI, gamma=PI / 2),
            note="Eq. (15) is right",
        )
    )
    return tuple(rows)


def _full_swap(phase: float) -> float:
    return steady_heat_full_swap(
        exchange_angle=QUARTER, coherence=0.8, phase_difference=phase, temperature_hot=2.0, temperature_cold=1.0
    )


def _conductance_rows() -> tuple[Row, ...]:
    """Fig. 4 with Eqs. (31), (B1), (B2)."""
    angles = {"interaction_angle": WEAK, "exchange_angle": QUARTER}

    def peak(conductance: Callable[[float], float]) -> float:
        def negative(temperature: float) -> float:
            return -conductance(temperature)

        found = minimize_scalar(negative, bounds=(0.3, 0.6), method="bounded", options={"xatol": 1e-7})
        return float(found.x)

    exact_peak = peak(lambda temperature: thermal_conductance_thermal(temperature=temperature, **angles))
    rows = [
        Row(
            quantity=f"temperature at which the conductance peaks, {name}",
            printed=0.45,
            corrected=corrected,
            ours=peak(partial(thermal_conductance, _builder(phase, p))),
            note=note,
        )
        for name, phase, p, corrected, note in (
            ("thermal units", 0.0, 0.0, exact_peak, "the maximum of the paper's own Eq. (B1)"),
            ("phase 0", 0.0, 0.8, None, "not where that of thermal units is"),
            ("phase pi", PI, 0.8, None, ""),
        )
    ]
    return (
        *rows,
        Row(
            quantity="conductance at T = 1, thermal units",
            printed=thermal_conductance_thermal(temperature=1.0, **angles),
            corrected=None,
            ours=thermal_conductance(_builder(0.0, 0.0), 1.0),
            note="Eq. (B1) is right",
        ),
        Row(
            quantity="conductance at T = 50, thermal units",
            printed=high_temperature_conductance(temperature=50.0, **angles),
            corrected=thermal_conductance_thermal(temperature=50.0, **angles),
            ours=thermal_conductance(_builder(0.0, 0.0), 50.0),
            note="Eq. (B2) is the limit of Eq. (B1), here within 1e-4",
        ),
        Row(
            quantity="conductance at T = 1, phase 0",
            printed=6.1063e-4,
            corrected=6.1062e-4,
            ours=thermal_conductance(_builder(0.0), 1.0),
            note="Eq. (31); the last digit is that of a one-sided difference",
        ),
        Row(
            quantity="conductance at T = 1, phase pi",
            printed=7.3643e-4,
            corrected=None,
            ours=thermal_conductance(_builder(PI), 1.0),
            note="Eq. (31)",
        ),
    )


def _linear_response_rows() -> tuple[Row, ...]:
    """Fig. 5 with Eqs. (32), (33), (35)."""
    rows = []
    for name, phase, slope, offset in (
        ("pi/4", PI / 4, 6.3147e-4, -8.8067e-3),
        ("5 pi/4", 1.25 * PI, 7.3239e-4, 1.1089e-2),
    ):
        current = [_steady(phase, hot=1 + delta / 2, cold=1 - delta / 2) for delta in (-0.01, 0.0, 0.01)]
        rows += [
            Row(
                quantity=f"lambda in J_h = -lambda DT + c, T = 1, phase {name}",
                printed=slope,
                corrected=None,
                ours=thermal_conductance(_builder(phase), 1.0),
                note="Eq. (32), by central differences",
            ),
            Row(
                quantity=f"c, T = 1, phase {name}",
                printed=offset,
                corrected=None,
                ours=current[1],
                note="Eq. (32)",
            ),
            Row(
                quantity=f"coefficient of DT^2, T = 1, phase {name}",
                printed=0.0,
                corrected=None,
                ours=(current[0] + current[2] - 2 * current[1]) / 2e-4,
                note="left out in Eqs. (30), (32), (33); it vanishes only for phases 0 and pi",
            ),
            Row(
                quantity=f"[J_h(0) - J_h(DT)]/DT at DT = 0.01, T = 1, phase {name}",
                printed=slope,
                corrected=None,
                ours=(current[1] - current[2]) / 0.01,
                note="off by 2 % for the term in DT^2: take central differences",
            ),
        ]
    swap = linear_response_full_swap(exchange_angle=QUARTER, coherence=0.8, phase_difference=PI / 4, temperature=1.0)
    rows += [
        Row(
            quantity="lambda_1 for gamma = pi/2, T = 1, phase pi/4",
            printed=swap[0],
            corrected=None,
            ours=thermal_conductance(_builder(PI / 4, gamma=PI / 2), 1.0),
            note="Eq. (33) is right",
        ),
        Row(
            quantity="c_1 for gamma = pi/2, T = 1, phase pi/4",
            printed=swap[1],
            corrected=None,
            ours=_steady(PI / 4, gamma=PI / 2, hot=1.0, cold=1.0),
            note="Eq. (33) is right",
        ),
        Row(
            quantity="J_h at T = 100, DT = 0, gamma = pi/2, phase pi/4",
            printed=-0.25 * 0.8**2 * math.sin(2 * QUARTER) * math.sin(PI / 4),
            corrected=None,
            ours=_steady(PI / 4, gamma=PI / 2, hot=100.0, cold=100.0),
            note="xi of Eq. (35), the limit of high temperature",
        ),
    ]
    return tuple(rows)


REPRODUCTIONS: tuple[Reproduction, ...] = (
    Reproduction(
        name="li18-heat-current",
        source="Li18, Fig. 2",
        what="Heat into the hot reservoir, collision by collision, for several phase differences.",
        rows=_heat_current_rows,
        draw=draw_heat_current,
    ),
    Reproduction(
        name="li18-phase",
        source="Li18, Fig. 3 and Eqs. (14), (15)",
        what="Steady heat current against the phase difference, for weak to complete swaps.",
        rows=_phase_rows,
        draw=draw_phase,
    ),
    Reproduction(
        name="li18-conductance",
        source="Li18, Fig. 4 and Eqs. (31), (B1), (B2)",
        what="Thermal conductance against temperature, with and without coherence.",
        rows=_conductance_rows,
        draw=draw_conductance,
    ),
    Reproduction(
        name="li18-linear-response",
        source="Li18, Fig. 5 and Eqs. (32), (33), (35)",
        what="Steady heat current against temperature and a small temperature difference.",
        rows=_linear_response_rows,
        draw=draw_linear_response,
    ),
)
