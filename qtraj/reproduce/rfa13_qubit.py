"""The qubit of [RFA13], appendix C, that decoheres off its energy basis."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from qtraj.density.bath_relations import relative_entropy_to_bath
from qtraj.density.jump_process import jump_process_averages
from qtraj.density.jump_rates import rates_at
from qtraj.models.rfa13 import dephasing_qubit
from qtraj.models.rfa13_closed_forms import DecoheringQubit, decohering_qubit, printed_qubit_heat_rate
from qtraj.processes.jump_process import JumpProcess
from qtraj.reproduce.entry import COLUMN_HEIGHT, NO_NUMBERS, NOT_GIVEN, Reproduction, Row
from qtraj.reproduce.setting import Setting
from qtraj.reproduce.smooth import slope_at_start

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ENTRY"]

QUBIT: dict[str, Any] = {"energy": 1.0, "x": 0.6, "z": 0.3, "rate": 0.2}


def _qubit_at(time: float) -> DecoheringQubit:
    decay = math.exp(-2 * QUBIT["rate"] * time)
    return decohering_qubit(**{**QUBIT, "x": QUBIT["x"] * decay})


def _qubit_rows() -> tuple[Row, ...]:
    process = dephasing_qubit(**QUBIT, duration=2.0)
    right, ours = decohering_qubit(**QUBIT), jump_process_averages(process)
    rates = rates_at(process, 0.0)
    # Without a Hamiltonian the process is the decoherence alone, in its own basis.
    alone = dephasing_qubit(**{**QUBIT, "energy": 0.0})
    return (
        Row(
            quantity="heat current from the decoherence",
            printed=printed_qubit_heat_rate(energy=QUBIT["energy"], x=QUBIT["x"], rate=QUBIT["rate"]),
            corrected=right.heat_current_from_dephasing,
            ours=rates.heat_current_from["dephasing"],
            note="Eq. (11) has the wrong sign; and sigma_x is |1><0| + |0><1|, not the difference",
        ),
        Row(
            quantity="heat into the qubit until t = 2",
            printed=NOT_GIVEN,
            corrected=QUBIT["energy"] * QUBIT["x"] / 2 * math.expm1(-4 * QUBIT["rate"]),
            ours=ours.heat_from["dephasing"],
            note="E x (e^(-2 gamma t) - 1) / 2, the Hamiltonian acting meanwhile",
        ),
        Row(
            quantity="relative entropy R[rho || B_d]",
            printed=NOT_GIVEN,
            corrected=right.relative_entropy,
            ours=_distance(alone, 0.0),
        ),
        Row(
            quantity="entropy production rate P",
            printed=NOT_GIVEN,
            corrected=right.entropy_production_rate,
            ours=-slope_at_start(lambda time: _distance(alone, time), 0.0, 1.0),
            note="2 gamma x^2 artanh(r) / r; ours is -dR/dt of the evolved states",
        ),
    )


def _distance(process: JumpProcess, time: float) -> float:
    """R[rho(t) || B_d]."""
    state = process.lasting(time).final_energy_state if time else process.system.energy_state
    return relative_entropy_to_bath(process, "dephasing", state.matrix)


def _draw_qubit(figure: Figure) -> None:
    from qtraj.plots.style import EXACT, FAINT, INK, PAGE_WIDTH, SAMPLED, LegendAbove

    figure.set_size_inches(PAGE_WIDTH, COLUMN_HEIGHT)
    left, right = figure.subplots(1, 2)
    xs, marks = np.linspace(-0.9, 0.9, 2), np.linspace(-0.9, 0.9, 7)
    e, rate = QUBIT["energy"], QUBIT["rate"]
    printed = left.plot(
        xs, [printed_qubit_heat_rate(energy=e, x=x, rate=rate) for x in xs], color=EXACT, linestyle="--"
    )
    exact = left.plot(
        xs,
        [decohering_qubit(energy=e, x=x, z=0.3, rate=rate).heat_current_from_dephasing for x in xs],
        color=SAMPLED,
    )
    ours = []
    for x in marks:
        rates = rates_at(dephasing_qubit(energy=e, x=float(x), z=0.3, rate=rate), 0.0)
        ours.append(rates.heat_current_from["dephasing"])
    dots = left.plot(marks, ours, "o", color=SAMPLED, markersize=4, markerfacecolor="white")
    left.axhline(0.0, color=FAINT, linewidth=0.6)
    left.set_xlabel("coherence $x$")
    left.set_ylabel("heat current into the qubit")
    labels = [r"as printed, $+\gamma E x$", r"exact, $-\gamma E x$", "density matrix"]
    LegendAbove(left, [*printed, *exact, *dots], labels, columns=2)

    times, moments = np.linspace(0.0, 8.0, 200), np.linspace(0.5, 8.0, 8)
    at = [_qubit_at(t) for t in times]
    produced = right.plot(times, [each.entropy_production_rate for each in at], color=INK, linestyle=":")
    distance = right.plot(times, [each.relative_entropy for each in at], color=SAMPLED)
    alone = dephasing_qubit(**{**QUBIT, "energy": 0.0})
    found = [_distance(alone, float(t)) for t in moments]
    dots = right.plot(moments, found, "o", color=SAMPLED, markersize=4, markerfacecolor="white")
    right.set_ylim(bottom=0.0)
    right.set_xlabel("time")
    right.set_ylabel("nats, nats per time")
    labels = [r"$R[\rho\,\|\,B_d]$", "$P = -dR/dt$", "density matrix"]
    LegendAbove(right, [*distance, *produced, *dots], labels, columns=3)


ENTRY = Reproduction(
    name="rfa13-qubit",
    source="RFA13, appendix C",
    what="Heat, relative entropy and entropy production of a qubit that decoheres off its energy basis.",
    at=lambda: (Setting.of_model("dephasing-qubit", **QUBIT, without=["duration"]),),
    printed=NO_NUMBERS,
    rows=_qubit_rows,
    draw=_draw_qubit,
)
