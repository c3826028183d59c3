"""What [Santos19] says of Davies maps and thermal operations, with numbers: the paper itself has no figures."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from qtraj.arrays import FloatArray
from qtraj.density.jump_process import jump_process_averages
from qtraj.density.jump_rates import rates_at
from qtraj.density.thermal_operation import thermal_operation_averages
from qtraj.models.santos19_davies import davies_qutrit
from qtraj.paths.exact_law import exact_law
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.reproduce.entry import COLUMN_HEIGHT, Reproduction, Row

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["REPRODUCTIONS"]


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
    diagonal = davies_qutrit(state=np.diag([0.2, 0.3, 0.5]))
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
                corrected=None,
                ours=law.mean(quantity),
                note="printed: the formula, from density matrices; ours: the mean over all paths"
                if quantity == "sigma"
                else "",
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
            corrected=None,
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
                quantity=f"<e^-{symbol}>",
                printed=printed,
                corrected=None,
                ours=law.exponential_average(quantity),
                note=note,
            )
            for symbol, quantity, printed, note in (
                ("sigma", "sigma", 1.0, "Eq. (40)"),
                ("sigma_d", "sigma_d", "not 1", "after Eq. (44): 'is not satisfied'; here its exact value"),
                ("xi", "xi", "not given", ""),
            )
        ),
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


def _swap(angle: float, *, state: State | None = None, beta: float = 1.0) -> ThermalOperation:
    """A qubit with coherence that meets a resonant thermal one under a partial swap."""
    system = System(energies=[0.0, 1.0], state=State.bloch(0.5, 0.2, -0.3) if state is None else state)
    bath = Environment(energies=[0.0, 1.0], inverse_temperature=beta)
    unitary = EnergyConservingUnitary.partial_swap(system, bath, angle=angle)
    return ThermalOperation(system=system, environment=bath, unitary=unitary)


def _on_a_ladder() -> ThermalOperation:
    """Equally spaced levels: two pairs with the same Bohr frequency."""
    system = System(energies=[0.0, 1.0, 2.0], state=State.haar(3, seed=5))
    bath = Environment.ladder(levels=12, spacing=1.0, inverse_temperature=0.6)
    unitary = EnergyConservingUnitary.haar(system, bath, seed=8)
    return ThermalOperation(system=system, environment=bath, unitary=unitary)


def _given(value: float | None) -> float:
    """A number that exists because the joint state is small."""
    assert value is not None
    return value


def _operation_rows() -> tuple[Row, ...]:
    process = _swap(math.pi / 3)
    exact, law = thermal_operation_averages(process), exact_law(process)
    ladder = _on_a_ladder()
    mixing = thermal_operation_averages(ladder).coherence_processing
    before, after = ladder.system.energy_state.matrix, ladder.final_energy_state.matrix
    correlated = _given(exact.correlated_coherence)
    cold = _swap(0.8, state=State.pure([math.cos(0.4), math.sin(0.4)]), beta=12.0)
    return (
        Row(
            quantity="Sigma, Eq. (26): S(rho'_E || rho_E) + I",
            printed=_given(exact.environment_relative_entropy) + _given(exact.mutual_information),
            corrected=None,
            ours=law.mean("sigma"),
            note="printed: the formula, from the joint state; ours: the mean over all paths",
        ),
        Row(
            quantity="C(rho'_SE), Eq. (28): C(rho_S)",
            printed=exact.initial_coherence,
            corrected=None,
            ours=_given(exact.global_coherence),
        ),
        Row(
            quantity="Xi, Eq. (31): C(rho'_E) + C_cc",
            printed=_given(exact.environment_coherence) + correlated,
            corrected=None,
            ours=law.mean("xi"),
        ),
        Row(
            quantity="C_cc, Eq. (30)",
            printed=">= 0",
            corrected=None,
            ours=correlated,
        ),
        Row(
            quantity="C_cc of a pure qubit on a cold one, Eq. (30)",
            printed=">= 0",
            corrected=None,
            ours=_given(thermal_operation_averages(cold).correlated_coherence),
            note="of either sign when the joint coherence is that between total energies, as it is defined",
        ),
        Row(
            quantity="|p'_01| on a ladder, Eq. (20)",
            printed=float(np.abs(mixing.factors[0, 1] * before[0, 1])),
            corrected=None,
            ours=float(np.abs(after[0, 1])),
            note="Eq. (20) needs a unique Bohr frequency; on a ladder 0-1 and 1-2 mix",
        ),
        Row(
            quantity="|p'_02| on a ladder, Eq. (20)",
            printed=float(np.abs(mixing.factors[0, 2] * before[0, 2])),
            corrected=None,
            ours=float(np.abs(after[0, 2])),
            note="the only pair two quanta apart",
        ),
        Row(
            quantity="<e^-sigma>, Eq. (40)",
            printed=1.0,
            corrected=None,
            ours=law.exponential_average("sigma"),
        ),
        Row(
            quantity="<e^-sigma_d>",
            printed="not 1",
            corrected=None,
            ours=law.exponential_average("sigma_d"),
        ),
    )


def _draw_operation(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    from qtraj.plots.style import EXACT, FAINT, INK, PAGE_WIDTH, SAMPLED, LegendAbove

    figure.set_size_inches(PAGE_WIDTH, COLUMN_HEIGHT)
    left, right = figure.subplots(1, 2)
    angles, marks = np.linspace(0.0, math.pi / 2, 61), np.linspace(0.0, math.pi / 2, 9)
    values = [thermal_operation_averages(_swap(float(angle))) for angle in angles]
    laws = [exact_law(_swap(float(angle))) for angle in marks]
    handles = []
    for name, quantity, colour, style in (
        ("entropy_production", "sigma", INK, "-"),
        ("population_entropy_production", "sigma_d", EXACT, "--"),
        ("coherence_entropy_production", "xi", SAMPLED, ":"),
    ):
        handles += left.plot(angles, [getattr(each, name) for each in values], color=colour, linestyle=style)
        means = [law.mean(quantity) for law in laws]
        left.plot(marks, means, "o", color=colour, markersize=4, markerfacecolor="white", clip_on=False)
    handles.append(Line2D([], [], linestyle="none", marker="o", color=INK, markersize=4, markerfacecolor="white"))
    left.set_ylim(bottom=0.0)
    left.set_xlabel("swap angle")
    left.set_ylabel("entropy production (nats)")
    LegendAbove(left, handles, [r"$\Sigma$", r"$\Sigma_{\mathrm{d}}$", r"$\Xi$", "means over all paths"], columns=4)

    handles = []
    for name, colour, style in (
        ("environment_coherence", EXACT, "--"),
        ("correlated_coherence", SAMPLED, ":"),
        ("final_coherence", FAINT, "-."),
        ("global_coherence", INK, "-"),
    ):
        handles += right.plot(angles, [getattr(each, name) for each in values], color=colour, linestyle=style)
    right.axhline(0.0, color=FAINT, linewidth=0.6)
    right.set_xlabel("swap angle")
    right.set_ylabel("coherence (nats)")
    labels = ["environment", "$C_{cc}$, between them", "system", "all of it, Eq. (28)"]
    LegendAbove(right, handles, labels, columns=2)


REPRODUCTIONS: tuple[Reproduction, ...] = (
    Reproduction(
        name="santos19-davies",
        source="Santos19, Eqs. (3)-(15)",
        what="A qutrit under a Davies map: what populations and coherences contribute to the entropy production.",
        rows=_davies_rows,
        draw=_draw_davies,
    ),
    Reproduction(
        name="santos19-thermal-operation",
        source="Santos19, Eqs. (20)-(44)",
        what="A qubit under a partial swap: the entropic conservation laws, and where coherence goes.",
        rows=_operation_rows,
        draw=_draw_operation,
    ),
)
