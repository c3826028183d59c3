"""Figures and tables of [Li18]: heat between two streams of coherent units.

Everything under "ours" comes from density matrices: the collision model's joint states, and the fixed point of one
round.
"""

from __future__ import annotations

import math
from functools import partial

from scipy.optimize import brentq

from qtraj.density.collision_model import collision_model_averages
from qtraj.density.thermal_conductance import thermal_conductance
from qtraj.models.li18 import coherent_collision
from qtraj.models.li18_closed_forms import (
    critical_coherence_full_swap,
    high_temperature_conductance,
    linear_response_full_swap,
    steady_heat_full_swap,
    steady_heat_thermal,
    thermal_conductance_thermal,
)
from qtraj.reproduce.entry import AS_PRINTED, NOT_GIVEN, ONLY_OURS, Reproduction, Row
from qtraj.reproduce.li18_figures import draw_conductance, draw_heat_current, draw_linear_response, draw_phase
from qtraj.reproduce.li18_steady import FULL, PI, QUARTER, WEAK, collisions_at, setting_without, steady_heat
from qtraj.reproduce.smooth import peak_between

__all__ = ["REPRODUCTIONS"]

ANGLES = {"interaction_angle": WEAK, "exchange_angle": QUARTER}
THERMAL = "Thermal units have coherence 0."
TEMPERATURES = {"temperature_hot": 2.0, "temperature_cold": 1.0}


def _critical_coherence(phase: float, gamma: float = WEAK) -> float:
    """Coherence at which the steady current changes its sign."""
    return float(brentq(lambda p: steady_heat(phase, gamma=gamma, p=p), 0.01, 0.99, xtol=1e-13))


def _heat_current_rows() -> tuple[Row, ...]:
    """Fig. 2 and the text around it."""
    late = collision_model_averages(coherent_collision(collisions=1000)).heat_into["hot"][-1]
    return (
        *(
            Row(
                quantity=f"steady J_h, phase difference {name}",
                printed=sign,
                ours=steady_heat(phase),
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
        ),
        Row(
            quantity="steady J_h, thermal units",
            printed=NOT_GIVEN,
            corrected=steady_heat_thermal(**ANGLES, **TEMPERATURES),
            ours=steady_heat(p=0.0),
            note="|J_h| grows from phase 0 to pi to thermal units, as the inset shows",
        ),
        Row(
            quantity="J_h at collision 1000 over its steady value, phase 0",
            printed=1.0,
            corrected=ONLY_OURS,
            ours=float(late) / steady_heat(),
            note="in print collision 1000 is stationary; the second eigenvalue of a round is 0.9937, so solve for the "
            "fixed point instead of iterating",
        ),
        *(
            Row(
                quantity=f"critical coherence p_c, phase {name}",
                printed=0.155,
                corrected=ONLY_OURS,
                ours=_critical_coherence(phase),
                note=note,
            )
            for name, phase, note in (
                ("3 pi/2", 1.5 * PI, "the paper names no phase, but p_c depends on it; it is smallest near here"),
                ("5 pi/4", 1.25 * PI, "the same number is printed for all phases"),
            )
        ),
    )


def _phase_rows() -> tuple[Row, ...]:
    """Fig. 3 with Eqs. (14), (15)."""
    return (
        *(
            Row(
                quantity=f"phase at which J_h vanishes near {place}, gamma = {name}",
                printed=printed,
                corrected=_zero_full_swap(place) if gamma == FULL else ONLY_OURS,
                ours=float(brentq(partial(steady_heat, gamma=gamma), low * PI, high * PI, xtol=1e-12)),
                note="the paper: negative for phases in [0, pi]; the zeros lie beyond, here by Eq. (14)"
                if gamma == FULL
                else "",
            )
            for name, gamma in (("pi/2", FULL), ("pi/4", QUARTER), ("pi/12", PI / 12), ("pi/32", WEAK))
            for place, printed, low, high in (("0", 0.0, -0.5, 0.5), ("pi", PI, 0.5, 1.4))
        ),
        *(
            Row(
                quantity=f"steady J_h, gamma = pi/2, phase difference {name}",
                printed=_full_swap(phase),
                ours=steady_heat(phase, gamma=FULL),
                note="Eq. (14)",
            )
            for name, phase in (("0", 0.0), ("3 pi/2", 1.5 * PI))
        ),
        Row(
            quantity="critical coherence p_c, gamma = pi/2, phase 3 pi/2",
            printed=critical_coherence_full_swap(exchange_angle=QUARTER, phase_difference=1.5 * PI, **TEMPERATURES),
            ours=_critical_coherence(1.5 * PI, gamma=FULL),
            note="Eq. (15)",
        ),
    )


def _full_swap(phase: float) -> float:
    """Eq. (14)."""
    return steady_heat_full_swap(exchange_angle=QUARTER, coherence=0.8, phase_difference=phase, **TEMPERATURES)


def _zero_full_swap(place: str) -> float:
    """Where Eq. (14) vanishes: at sin(phase) = (J_h at phase 0) / (amplitude of the sine)."""
    shift = math.asin(_full_swap(0.0) / (_full_swap(1.5 * PI) - _full_swap(0.0)))
    return shift if place == "0" else PI - shift


def _peak_of_conductance(phase: float, p: float) -> float:
    peak = peak_between(partial(thermal_conductance, collisions_at(phase, p=p)), 0.3, 0.6, degree=14)
    assert peak is not None
    return peak


def _conductance_rows() -> tuple[Row, ...]:
    """Fig. 4 with Eqs. (31), (B1), (B2)."""
    exact_peak = peak_between(
        lambda temperature: thermal_conductance_thermal(temperature=temperature, **ANGLES), 0.3, 0.6
    )
    assert exact_peak is not None
    thermal = collisions_at(0.0, p=0.0)
    return (
        *(
            Row(
                quantity=f"temperature at which the conductance peaks, {name}",
                printed=0.45,
                corrected=corrected,
                ours=_peak_of_conductance(phase, p),
                note=note,
            )
            for name, phase, p, corrected, note in (
                ("thermal units", 0.0, 0.0, exact_peak, "the maximum of the paper's own Eq. (B1)"),
                ("phase 0", 0.0, 0.8, ONLY_OURS, "not where that of thermal units is"),
                ("phase pi", PI, 0.8, ONLY_OURS, ""),
            )
        ),
        Row(
            quantity="conductance at T = 1, thermal units",
            printed=thermal_conductance_thermal(temperature=1.0, **ANGLES),
            ours=thermal_conductance(thermal, 1.0),
            note="Eq. (B1)",
        ),
        Row(
            quantity="conductance at T = 50, thermal units",
            printed=high_temperature_conductance(temperature=50.0, **ANGLES),
            corrected=thermal_conductance_thermal(temperature=50.0, **ANGLES),
            ours=thermal_conductance(thermal, 50.0),
            note="Eq. (B2) is the limit of Eq. (B1), here within 1e-4; ours, by differences, has nine digits",
        ),
        *(
            Row(
                quantity=f"conductance at T = 1, phase {name}",
                printed=printed,
                corrected=corrected,
                ours=thermal_conductance(collisions_at(phase), 1.0),
                note=note,
            )
            for name, phase, printed, corrected, note in (
                ("0", 0.0, 6.1063e-4, ONLY_OURS, "Eq. (31); the last digit is that of a one-sided difference"),
                ("pi", PI, 7.3643e-4, AS_PRINTED, "Eq. (31)"),
            )
        ),
    )


def _linear_response_rows() -> tuple[Row, ...]:
    """Fig. 5 with Eqs. (32), (33), (35)."""
    slope, offset = linear_response_full_swap(
        exchange_angle=QUARTER, coherence=0.8, phase_difference=PI / 4, temperature=1.0
    )
    hot = {"temperature_hot": 100.0, "temperature_cold": 100.0}
    return (
        *_linear_response_at("pi/4", PI / 4, slope=6.3147e-4, offset=-8.8067e-3),
        *_linear_response_at("5 pi/4", 1.25 * PI, slope=7.3239e-4, offset=1.1089e-2),
        Row(
            quantity="lambda_1 for gamma = pi/2, T = 1, phase pi/4",
            printed=slope,
            ours=thermal_conductance(collisions_at(PI / 4, gamma=FULL), 1.0),
            note="Eq. (33)",
        ),
        Row(
            quantity="c_1 for gamma = pi/2, T = 1, phase pi/4",
            printed=offset,
            ours=steady_heat(PI / 4, gamma=FULL, hot=1.0, cold=1.0),
            note="Eq. (33)",
        ),
        Row(
            quantity="J_h at T = 100, DT = 0, gamma = pi/2, phase pi/4",
            printed=-0.25 * 0.8**2 * math.sin(2 * QUARTER) * math.sin(PI / 4),
            corrected=steady_heat_full_swap(exchange_angle=QUARTER, coherence=0.8, phase_difference=PI / 4, **hot),
            ours=steady_heat(PI / 4, gamma=FULL, hot=100.0, cold=100.0),
            note="xi of Eq. (35) is the limit of Eq. (14) at high temperature, here within 1e-4",
        ),
    )


def _linear_response_at(name: str, phase: float, *, slope: float, offset: float) -> tuple[Row, ...]:
    """Eq. (32) with its printed slope and offset, and what it leaves out."""
    current = [steady_heat(phase, hot=1 + delta / 2, cold=1 - delta / 2) for delta in (-0.01, 0.0, 0.01)]
    one_sided = (current[1] - current[2]) / 0.01
    conductance = thermal_conductance(collisions_at(phase), 1.0)
    percent = 100 * abs(one_sided / conductance - 1)
    return (
        Row(
            quantity=f"lambda in J_h = -lambda DT + c, T = 1, phase {name}",
            printed=slope,
            ours=conductance,
            note="Eq. (32), by central differences",
        ),
        Row(
            quantity=f"c, T = 1, phase {name}",
            printed=offset,
            ours=current[1],
            note="Eq. (32)",
        ),
        Row(
            quantity=f"coefficient of DT^2, T = 1, phase {name}",
            printed=0.0,
            corrected=ONLY_OURS,
            ours=(current[0] + current[2] - 2 * current[1]) / 2e-4,
            note="left out in Eqs. (30), (32), (33); it vanishes only for phases 0 and pi",
        ),
        Row(
            quantity=f"[J_h(0) - J_h(DT)]/DT at DT = 0.01, T = 1, phase {name}",
            printed=NOT_GIVEN,
            corrected=ONLY_OURS,
            ours=one_sided,
            note=f"the term in DT^2 puts it {percent:.1f} % off lambda: take central differences",
        ),
    )


REPRODUCTIONS: tuple[Reproduction, ...] = (
    Reproduction(
        name="li18-heat-current",
        source="Li18, Fig. 2",
        what="Heat into the hot reservoir, collision by collision, for several phase differences.",
        at=lambda: setting_without("phase_difference"),
        printed="a sign, a number or a statement of the paper, for which it has no formula",
        remark=THERMAL,
        rows=_heat_current_rows,
        draw=draw_heat_current,
    ),
    Reproduction(
        name="li18-phase",
        source="Li18, Fig. 3 and Eqs. (14), (15)",
        what="Steady heat current against the phase difference, for weak to complete swaps.",
        at=lambda: setting_without("interaction_angle", "phase_difference"),
        printed="where J_h vanishes, the end of the paper's interval; else its formula at its own parameters",
        rows=_phase_rows,
        draw=draw_phase,
    ),
    Reproduction(
        name="li18-conductance",
        source="Li18, Fig. 4 and Eqs. (31), (B1), (B2)",
        what="Thermal conductance against temperature, with and without coherence.",
        at=lambda: setting_without("phase_difference", "temperature_hot", "temperature_cold"),
        printed="of the peak and by Eq. (31), a number of the paper; by Eqs. (B1) and (B2), its formula at its own "
        "parameters",
        remark=THERMAL,
        rows=_conductance_rows,
        draw=draw_conductance,
    ),
    Reproduction(
        name="li18-linear-response",
        source="Li18, Fig. 5 and Eqs. (32), (33), (35)",
        what="Steady heat current against temperature and a small temperature difference.",
        at=lambda: setting_without("phase_difference", "temperature_hot", "temperature_cold"),
        printed="by Eq. (32), a number of the paper; by Eqs. (33) and (35), its formula at its own parameters",
        rows=_linear_response_rows,
        draw=draw_linear_response,
    ),
)
