"""Figures and tables of [RFA13]: currents against dephasing, the heat of decoherence, reciprocal relations."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from qtraj.density.bath_relations import BathRelation, bath_relation, relative_entropy_to_bath
from qtraj.density.jump_process import jump_process_averages, stationary_set
from qtraj.density.jump_rates import rates_at
from qtraj.density.onsager import onsager_comparison, onsager_superoperator
from qtraj.models.rfa13 import dephased_junction, dephasing_qubit
from qtraj.models.rfa13_closed_forms import (
    DecoheringQubit,
    JunctionCurrents,
    decohering_qubit,
    junction_currents,
    printed_qubit_heat_rate,
    transport_maximum,
)
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.generators import apply_superoperator
from qtraj.reproduce.entry import COLUMN_HEIGHT, Reproduction, Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["REPRODUCTIONS"]

JUNCTION: dict[str, Any] = {
    "energy_left": 1.5,
    "energy_right": 1.0,
    "tunnelling": 0.2,
    "beta_left": 0.5,
    "beta_right": 2.0,
}
# Far enough apart for dephasing to help, with the same occupation of the left bath's level.
FAR_APART: dict[str, Any] = {**JUNCTION, "energy_left": 6.0, "beta_left": 0.2}
QUBIT: dict[str, Any] = {"energy": 1.0, "x": 0.6, "z": 0.3, "rate": 0.2}
BATHS = ("left", "right", "dephasing")


def _right(parameters: dict[str, Any], dephasing: float) -> JunctionCurrents:
    return junction_currents(**parameters, dephasing=dephasing)


def _steady(parameters: dict[str, Any], dephasing: float) -> dict[str, BathRelation]:
    """What each bath does to the steady state, from the density matrix."""
    process = dephased_junction(**parameters, dephasing=dephasing)
    state = stationary_set(process).reached_from(process.system.energy_state.matrix)
    return {bath: bath_relation(process, bath, state) for bath in process.baths}


def _quanta(parameters: dict[str, Any], dephasing: float) -> float:
    """Net jumps from the left bath per unit time: its entropy flux in units of the entropy of one jump."""
    flux = _steady(parameters, dephasing)["left"].entropy_flux
    return flux / float(parameters["beta_left"] * parameters["energy_left"])


def _junction_rows() -> tuple[Row, ...]:
    rows = []
    for dephasing in (0.0, 0.2):
        right, ours = _right(JUNCTION, dephasing), _steady(JUNCTION, dephasing)
        rows += [
            Row(
                quantity=f"heat current from {bath}, gamma = {dephasing:g}",
                printed=-right.heat_current_from_left if bath == "right" else "not given",
                corrected=getattr(right, f"heat_current_from_{bath}"),
                ours=ours[bath].heat_current,
                note="after Eq. (20): Q_r = -Q_l; dephasing takes its own share" if bath == "right" else "",
            )
            for bath in BATHS
        ]
    right, ours = _right(JUNCTION, 0.2), _steady(JUNCTION, 0.2)
    fluxes = sum(ours[bath].entropy_flux for bath in BATHS)
    rows += [
        Row(
            quantity="entropy flux from left, gamma = 0.2",
            printed="not given",
            corrected=right.entropy_flux_left,
            ours=ours["left"].entropy_flux,
            note="beta_L E_L I; the classical beta_L Q_l is smaller by beta_L (1+n_L) V Re nu_LR",
        ),
        Row(
            quantity="entropy production P from the fluxes, gamma = 0.2",
            printed=fluxes,
            corrected=right.entropy_production,
            ours=sum(ours[bath].entropy_production for bath in BATHS),
            note="in print dS/dt = -Phi + P; with Phi_b = -tr[L_b log B_b] it is dS/dt = Phi + P, so P = -sum Phi_b",
        ),
        Row(
            quantity="dephasing of the largest current, E_L - E_R = 0.5",
            printed="intermediate",
            corrected="none",
            ours=_found_maximum(JUNCTION),
            note="a maximum exists only where |E_L - E_R| > 2 + n_L + n_R",
        ),
        Row(
            quantity="dephasing of the largest current, E_L - E_R = 5",
            printed="intermediate",
            corrected=_best(FAR_APART),
            ours=_found_maximum(FAR_APART),
        ),
    ]
    return tuple(rows)


def _best(parameters: dict[str, Any]) -> float:
    best = transport_maximum(**{name: value for name, value in parameters.items() if name != "tunnelling"})
    assert best is not None
    return best


def _found_maximum(parameters: dict[str, Any]) -> float | str:
    """Where the current of the density matrix peaks, by golden section; "none" if it falls from zero on."""

    def current(dephasing: float) -> float:
        return _quanta(parameters, dephasing)

    if current(1e-3) < current(0.0):
        return "none"
    ratio, low, high = (math.sqrt(5) - 1) / 2, 0.0, 10.0
    while high - low > 1e-7:
        first, second = high - ratio * (high - low), low + ratio * (high - low)
        low, high = (low, second) if current(first) > current(second) else (first, high)
    return (low + high) / 2


def _draw_junction(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    from qtraj.plots.style import EXACT, FAINT, INK, PAGE_WIDTH, SAMPLED, LegendAbove

    figure.set_size_inches(PAGE_WIDTH, COLUMN_HEIGHT)
    left, right = figure.subplots(1, 2)
    gammas = np.linspace(0.0, 6.0, 200)
    marks = np.linspace(0.0, 6.0, 9)
    steady = [_steady(JUNCTION, float(g)) for g in marks]
    curves = [_right(JUNCTION, g) for g in gammas]
    handles = []
    styles = (("left", 1, SAMPLED, "-"), ("right", -1, EXACT, "--"), ("dephasing", -1, INK, ":"))
    for bath, sign, colour, style in styles:
        values = [1e3 * sign * getattr(curve, f"heat_current_from_{bath}") for curve in curves]
        handles += left.plot(gammas, values, color=colour, linestyle=style)
        ours = [1e3 * sign * each[bath].heat_current for each in steady]
        left.plot(marks, ours, "o", color=colour, markersize=4, markerfacecolor="white")
    ring = Line2D([], [], linestyle="none", marker="o", color=INK, markersize=4, markerfacecolor="white")
    left.set_ylim(bottom=0.0)
    left.set_xlabel(r"dephasing $\gamma$")
    left.set_ylabel("heat current ($10^{-3}$)")
    labels = ["out of the left bath", "into the right bath", "into the dephasing", "density matrix"]
    LegendAbove(left, [*handles, ring], labels, columns=2)

    handles, labels = [], []
    for energy, colour, style in ((6.0, SAMPLED, "-"), (4.5, EXACT, "--"), (1.5, INK, ":")):
        # The product of energy and inverse temperature is kept, so that only the detuning differs.
        parameters = {**FAR_APART, "energy_left": energy, "beta_left": 1.2 / energy}
        start = _right(parameters, 0.0).particle_current
        values = [_right(parameters, g).particle_current / start for g in gammas]
        handles += right.plot(gammas, values, color=colour, linestyle=style)
        labels.append(f"$E_L - E_R = {energy - parameters['energy_right']:g}$")
        ours = [_quanta(parameters, float(g)) / start for g in marks]
        right.plot(marks, ours, "o", color=colour, markersize=4, markerfacecolor="white")
        best = transport_maximum(**{name: value for name, value in parameters.items() if name != "tunnelling"})
        if best is not None:
            top = _right(parameters, best).particle_current / start
            right.plot([best, best], [0.0, top], color=FAINT, linewidth=0.6)
            right.annotate(r"$\gamma^*$", (best, 0.0), xytext=(3, 3), textcoords="offset points", color=FAINT)
    right.set_ylim(bottom=0.0)
    right.set_xlabel(r"dephasing $\gamma$")
    right.set_ylabel(r"current of quanta $I(\gamma)/I(0)$")
    LegendAbove(right, [*handles, ring], [*labels, "density matrix"], columns=2)


def _qubit_at(time: float) -> DecoheringQubit:
    decay = math.exp(-2 * QUBIT["rate"] * time)
    return decohering_qubit(**{**QUBIT, "x": QUBIT["x"] * decay})


def _qubit_rows() -> tuple[Row, ...]:
    process = dephasing_qubit(**QUBIT, duration=2.0)
    right, ours = decohering_qubit(**QUBIT), jump_process_averages(process)
    rates = rates_at(process, 0.0)
    # Without a Hamiltonian the process is the decoherence alone, in its own basis.
    alone = dephasing_qubit(**{**QUBIT, "energy": 0.0}, duration=1e-4)
    before, *later = (_distance(alone, k * 1e-4) for k in (0, 1, 2))
    slope = (3 * before - 4 * later[0] + later[1]) / 2e-4
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
            printed="not given",
            corrected=QUBIT["energy"] * QUBIT["x"] / 2 * math.expm1(-4 * QUBIT["rate"]),
            ours=ours.heat_from["dephasing"],
            note="E x (e^(-2 gamma t) - 1) / 2, the Hamiltonian acting meanwhile",
        ),
        Row(
            quantity="relative entropy R[rho || B_d]",
            printed="not given",
            corrected=right.relative_entropy,
            ours=before,
        ),
        Row(
            quantity="entropy production rate P",
            printed="not given",
            corrected=right.entropy_production_rate,
            ours=slope,
            note="2 gamma x^2 artanh(r) / r; ours is -dR/dt of the evolved states, by a difference quotient",
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


def _reciprocity_rows() -> tuple[Row, ...]:
    dephasing = 0.2
    process = dephased_junction(**JUNCTION, dephasing=dephasing)
    turn = process.system.basis
    n_left = 1 / math.expm1(JUNCTION["beta_left"] * JUNCTION["energy_left"])
    # M_dl^dag = M_ld, by the reciprocity.
    reciprocal = onsager_superoperator(process, "left", "dephasing")
    moved = turn @ apply_superoperator(reciprocal, process.hamiltonian) @ turn.conj().T
    comparison = onsager_comparison(process)
    relation = comparison.relations["dephasing"]
    # log nu = log B_d - X_d, and log B_d is diagonal.
    logarithm = -turn @ relation.force @ turn.conj().T
    exact = _right(JUNCTION, dephasing).state
    weights, basis = np.linalg.eigh(exact)
    exact_logarithm = (basis * np.log(weights)) @ basis.conj().T
    return (
        Row(
            quantity="<R| M_dl^dag(H) |L> / C, gamma = 0.2",
            printed=dephasing * n_left,
            corrected=dephasing * (1 + n_left) * JUNCTION["tunnelling"],
            ours=float(moved[2, 1].real),
            note="L_l(L_d^dag(H)) is gamma (1 + n_l) V, not gamma n_l",
        ),
        Row(
            quantity="force parameter x_d, gamma = 0.2",
            printed=2 * math.log(abs(exact[1, 2])),
            corrected=2 * float(exact_logarithm[2, 1].real),
            ours=2 * float(logarithm[2, 1].real),
            note="<R| log nu |L> + c.c., not the logarithm of the coherence, which is complex and diverges without one",
        ),
        Row(
            quantity="<L| H |R>",
            printed=JUNCTION["tunnelling"],
            corrected=JUNCTION["tunnelling"] / 2,
            ours=float((turn @ process.hamiltonian @ turn.conj().T)[1, 2].real),
            note="the Hamiltonian has V/2; after Eq. (20) the coherence is called V",
        ),
        *_linear_law("gamma = 0.2", JUNCTION),
        *_linear_law("a bias of 0.001 nats", {**JUNCTION, "beta_left": 1.0, "beta_right": 1.501}),
        Row(
            quantity="predicted heat currents together, gamma = 0.2",
            printed=0.0,
            corrected=None,
            ours=sum(comparison.predicted.values()),
            note="the linear law does not conserve energy",
        ),
    )


def _linear_law(where: str, parameters: dict[str, Any]) -> list[Row]:
    comparison = onsager_comparison(dephased_junction(**parameters, dephasing=0.2))
    note = f"C = {comparison.constant:.3g} fits all flows best; the error does not vanish near equilibrium"
    return [
        Row(
            quantity=f"heat current from {bath}, {where}",
            printed=comparison.predicted[bath],
            corrected=getattr(_right(parameters, 0.2), f"heat_current_from_{bath}"),
            ours=comparison.actual[bath],
            note=f"printed: the linear law (17); {note}" if bath == "left" else "",
        )
        for bath in BATHS
    ]


REPRODUCTIONS: tuple[Reproduction, ...] = (
    Reproduction(
        name="rfa13-junction",
        source="RFA13, appendix E",
        what="Heat through a junction against dephasing, which helps only levels that are far enough apart.",
        rows=_junction_rows,
        draw=_draw_junction,
    ),
    Reproduction(
        name="rfa13-qubit",
        source="RFA13, appendix C",
        what="Heat, relative entropy and entropy production of a qubit that decoheres off its energy basis.",
        rows=_qubit_rows,
        draw=_draw_qubit,
    ),
    Reproduction(
        name="rfa13-reciprocity",
        source="RFA13, appendices D and E",
        what="The reciprocal superoperators, the force of coherence, and the linear law beside the actual currents.",
        rows=_reciprocity_rows,
    ),
)
