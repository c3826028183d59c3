"""The qutrit of [Santos19] under a Davies map, whose generator is Eqs. (3) to (5)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from qtraj.arrays import FloatArray
from qtraj.density.jump_process import jump_process_averages
from qtraj.density.jump_rates import rates_at
from qtraj.models.santos19_davies import davies_qutrit
from qtraj.paths.exact_law import exact_law
from qtraj.processes.jump_process import JumpProcess
from qtraj.reproduce.entry import AS_PRINTED, COLUMN_HEIGHT, NO_NUMBERS, NOT_GIVEN, ONLY_OURS, Reproduction, Row
from qtraj.reproduce.setting import Setting

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ENTRY"]

DIAGONAL = (0.2, 0.3, 0.5)


def _rate_matrix(process: JumpProcess) -> FloatArray:
    """W(m|n) of Eq. (3), from n to m."""
    total = np.zeros((process.system.dimension,) * 2)
    for jump in process.jumps:
        total += np.abs(jump.operator) ** 2
    return total


def _coherence_after(process: JumpProcess, time: float, *, printed: bool) -> float:
    """Modulus of rho_01 by Eq. (5), with its decay as printed (a growth) or corrected."""
    exits = _rate_matrix(process).sum(axis=0)
    decay = float(exits[0] + exits[1]) / 2
    start = float(np.abs(process.system.energy_state.matrix[0, 1]))
    return start * math.exp((decay if printed else -decay) * time)


def _population_rate(process: JumpProcess, populations: FloatArray) -> float:
    """Pi_d by the double sum of Eq. (13)."""
    flows = _rate_matrix(process) * populations[None, :]
    up, down = np.triu_indices(populations.size, 1)
    forward, back = flows[up, down], flows[down, up]
    return float(((forward - back) * np.log(forward / back)).sum())


def _davies_rows() -> tuple[Row, ...]:
    process = davies_qutrit()
    time = process.duration
    exact, law = jump_process_averages(process), exact_law(process)
    diagonal = davies_qutrit(state=np.diag(DIAGONAL))
    at_start, of_diagonal = rates_at(process, 0.0), rates_at(diagonal, 0.0)
    parts = (
        ("Sigma, Eq. (22)", exact.entropy_production, "sigma"),
        ("Sigma_d, Eq. (24)", exact.population_entropy_production, "sigma_d"),
        ("Xi, Eq. (25)", exact.coherence_entropy_production, "xi"),
    )
    return (
        *(
            Row(
                quantity=f"{name}, over t = {time:g}",
                printed=value,
                ours=law.mean(quantity),
            )
            for name, value, quantity in parts
        ),
        Row(
            quantity=f"|rho_01| at t = {time:g}, Eq. (5)",
            printed=_coherence_after(process, time, printed=True),
            corrected=_coherence_after(process, time, printed=False),
            ours=float(np.abs(process.final_energy_state.matrix[0, 1])),
            note="the sign of the second term of Eq. (5) is wrong: coherences would grow",
        ),
        Row(
            quantity="Pi_d at the start, Eq. (13)",
            printed=_population_rate(process, at_start.populations),
            ours=at_start.population_entropy_production,
            note="ours: minus the derivative of the relative entropy along the master equation",
        ),
        Row(
            quantity="Upsilon of a diagonal state out of equilibrium",
            printed="> 0",
            corrected=0.0,
            ours=of_diagonal.coherence_entropy_production,
            note=f"after Eq. (14) both parts are null at equilibrium only; Pi_d is "
            f"{of_diagonal.population_entropy_production:.4g} here",
        ),
        *(
            Row(
                quantity=f"<e^-{quantity}>",
                printed=printed,
                corrected=corrected,
                ours=law.exponential_average(quantity),
                note=note,
            )
            for quantity, printed, corrected, note in (
                ("sigma", 1.0, AS_PRINTED, "Eq. (40)"),
                ("sigma_d", "not 1", AS_PRINTED, "after Eq. (44): 'is not satisfied'; here its exact value"),
                ("xi", NOT_GIVEN, ONLY_OURS, ""),
            )
        ),
    )


def _settings() -> tuple[Setting, ...]:
    start = davies_qutrit().system.energy_state.matrix
    return (
        Setting.of_model("davies-qutrit", state=start.real.round(12).tolist()),
        Setting.of_model("davies-qutrit", state=np.diag(DIAGONAL).tolist(), rows="of a diagonal state"),
    )


def _draw_davies(figure: Figure) -> None:
    from qtraj.plots.style import EXACT, INK, PAGE_WIDTH, SAMPLED, LegendAbove

    figure.set_size_inches(PAGE_WIDTH, COLUMN_HEIGHT)
    left, right = figure.subplots(1, 2)
    process = davies_qutrit()
    times = np.linspace(0.0, 8.0, 60)
    rates = [rates_at(process, float(t)) for t in times]
    styles = (
        ("entropy_production", r"$\Pi$", INK, "-"),
        ("population_entropy_production", r"$\Pi_{\mathrm{d}}$", EXACT, "--"),
        ("coherence_entropy_production", r"$\Upsilon$", SAMPLED, ":"),
    )
    handles = []
    for name, _, colour, style in styles:
        handles += left.plot(times, [getattr(each, name) for each in rates], color=colour, linestyle=style)
    marks = rates[::6]
    by_sum = [_population_rate(process, each.populations) for each in marks]
    handles += left.plot(times[::6], by_sum, "o", color=EXACT, markersize=4, markerfacecolor="white")
    left.set_ylim(bottom=0.0)
    left.set_xlabel("time")
    left.set_ylabel("entropy production rate (nats)")
    LegendAbove(left, handles, [*(label for _, label, _, _ in styles), "Eq. (13)"], columns=4)

    handles = right.plot(
        times, [_coherence_after(process, t, printed=True) for t in times], color=EXACT, linestyle="--"
    )
    handles += right.plot(times, [_coherence_after(process, t, printed=False) for t in times], color=SAMPLED)
    moments = times[4::8]
    found = [float(np.abs(process.lasting(float(t)).final_energy_state.matrix[0, 1])) for t in moments]
    handles += right.plot(moments, found, "o", color=SAMPLED, markersize=4, markerfacecolor="white")
    right.set_ylim(0.0, 0.7)
    right.set_xlabel("time")
    right.set_ylabel(r"coherence $|\rho_{01}|$")
    LegendAbove(right, handles, ["Eq. (5) as printed", "corrected", "density matrix"], columns=3)


ENTRY = Reproduction(
    name="santos19-davies",
    source="Santos19, Eqs. (3)-(15)",
    what="A qutrit under a Davies map: what populations and coherences contribute to the entropy production.",
    at=_settings,
    printed=NO_NUMBERS,
    rows=_davies_rows,
    remark="Of Sigma, Sigma_d and Xi, printed is the formula from density matrices, and ours the mean over all paths.",
    draw=_draw_davies,
)
