"""The junction of [RFA13], appendix E: currents against dephasing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qtraj.density.bath_relations import BathRelation, bath_relation
from qtraj.density.jump_process import stationary_set
from qtraj.models.rfa13 import dephased_junction
from qtraj.models.rfa13_closed_forms import JunctionCurrents, junction_currents, transport_maximum
from qtraj.reproduce.entry import AS_PRINTED, COLUMN_HEIGHT, NO_NUMBERS, NOT_GIVEN, Reproduction, Row
from qtraj.reproduce.setting import Setting
from qtraj.reproduce.smooth import peak_between

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["BATHS", "ENTRY", "JUNCTION", "exact_currents"]

JUNCTION: dict[str, Any] = {
    "energy_left": 1.5,
    "energy_right": 1.0,
    "tunnelling": 0.2,
    "beta_left": 0.5,
    "beta_right": 2.0,
}
# Far enough apart for dephasing to help, with the same occupation of the left bath's level.
FAR_APART: dict[str, Any] = {**JUNCTION, "energy_left": 6.0, "beta_left": 0.2}
BATHS = ("left", "right", "dephasing")


def exact_currents(parameters: dict[str, Any], dephasing: float) -> JunctionCurrents:
    """Currents by the closed form, which the paper does not have."""
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
        right, ours = exact_currents(JUNCTION, dephasing), _steady(JUNCTION, dephasing)
        # After Eq. (20): Q_r = -Q_l, which holds where nothing dephases.
        rows += [
            Row(
                quantity=f"heat current from {bath}, gamma = {dephasing:g}",
                printed=-right.heat_current_from_left if bath == "right" else NOT_GIVEN,
                corrected=AS_PRINTED
                if bath == "right" and dephasing == 0
                else getattr(right, f"heat_current_from_{bath}"),
                ours=ours[bath].heat_current,
                note="after Eq. (20): Q_r = -Q_l; dephasing takes its own share" if bath == "right" else "",
            )
            for bath in BATHS
        ]
    right, ours = exact_currents(JUNCTION, 0.2), _steady(JUNCTION, 0.2)
    fluxes = sum(ours[bath].entropy_flux for bath in BATHS)
    rows += [
        Row(
            quantity="entropy flux from left, gamma = 0.2",
            printed=NOT_GIVEN,
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
            corrected=_best(JUNCTION) or "none",
            ours=_found_maximum(JUNCTION),
            note="a maximum exists only where |E_L - E_R| > 2 + n_L + n_R",
        ),
        Row(
            quantity="dephasing of the largest current, E_L - E_R = 5",
            printed=NOT_GIVEN,
            corrected=_best(FAR_APART) or "none",
            ours=_found_maximum(FAR_APART),
            note="intermediate, as the paper says, which has no formula: (|E_L - E_R| - 2 - n_L - n_R) / 2",
        ),
    ]
    return tuple(rows)


def _best(parameters: dict[str, Any]) -> float | None:
    """The dephasing of the largest current by the formula, which knows nothing of V."""
    return transport_maximum(**{name: value for name, value in parameters.items() if name != "tunnelling"})


def _found_maximum(parameters: dict[str, Any]) -> float | str:
    """Where the current of the density matrix peaks; "none" if it falls from zero on."""
    peak = peak_between(lambda dephasing: _quanta(parameters, dephasing), 0.0, 10.0)
    return "none" if peak is None else peak


def _draw_junction(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    from qtraj.plots.style import EXACT, FAINT, INK, PAGE_WIDTH, SAMPLED, LegendAbove

    figure.set_size_inches(PAGE_WIDTH, COLUMN_HEIGHT)
    left, right = figure.subplots(1, 2)
    gammas = np.linspace(0.0, 6.0, 200)
    marks = np.linspace(0.0, 6.0, 9)
    steady = [_steady(JUNCTION, float(g)) for g in marks]
    curves = [exact_currents(JUNCTION, g) for g in gammas]
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
        start = exact_currents(parameters, 0.0).particle_current
        values = [exact_currents(parameters, g).particle_current / start for g in gammas]
        handles += right.plot(gammas, values, color=colour, linestyle=style)
        labels.append(f"$E_L - E_R = {energy - parameters['energy_right']:g}$")
        ours = [_quanta(parameters, float(g)) / start for g in marks]
        right.plot(marks, ours, "o", color=colour, markersize=4, markerfacecolor="white")
        best = _best(parameters)
        if best is not None:
            top = exact_currents(parameters, best).particle_current / start
            right.plot([best, best], [0.0, top], color=FAINT, linewidth=0.6)
            right.annotate(r"$\gamma^*$", (best, 0.0), xytext=(3, 3), textcoords="offset points", color=FAINT)
    right.set_ylim(bottom=0.0)
    right.set_xlabel(r"dephasing $\gamma$")
    right.set_ylabel(r"current of quanta $I(\gamma)/I(0)$")
    LegendAbove(right, [*handles, ring], [*labels, "density matrix"], columns=2)


def _settings() -> tuple[Setting, ...]:
    named = ("dephasing", "duration")
    return (
        Setting.of_model("dephased-junction", **JUNCTION, without=named),
        Setting.of_model("dephased-junction", **FAR_APART, without=named, rows="E_L - E_R = 5"),
    )


ENTRY = Reproduction(
    name="rfa13-junction",
    source="RFA13, appendix E",
    what="Heat through a junction against dephasing, which helps only levels that are far enough apart.",
    at=_settings,
    printed=NO_NUMBERS,
    rows=_junction_rows,
    draw=_draw_junction,
)
