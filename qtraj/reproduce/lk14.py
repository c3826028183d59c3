"""Figures and tables of [LK14]: the local and the global master equation of two coupled nodes."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np

from qtraj.arrays import FloatArray
from qtraj.models.lk14_closed_forms import (
    SteadyState,
    appendix_local_current,
    global_current_of_equation_13,
    steady_state,
)
from qtraj.models.lk14_moments import MomentEquations, correlation_functions
from qtraj.models.lk14_network import Bath, TwoNodeNetwork
from qtraj.reproduce.entry import COLUMN_HEIGHT, PLOTTED, Reproduction, Row
from qtraj.reproduce.setting import Setting

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["REPRODUCTIONS"]

MISPRINT = "in the first fraction of Eq. (13), e^(beta_c w+) must be e^(beta_c w-)"
UPHILL = "heat flows from cold to hot: the local approach breaks the second law"
OURS = "Ours solves the moment equations"
PRINTED = "the paper's formula at parameters of its figure, which has curves and no numbers"
DIFFERENCE = f"{OURS}; a current is a small difference of populations there, and keeps"


def _sign_map_network(frequency: float, temperature: float) -> TwoNodeNetwork:
    return TwoNodeNetwork(frequency_hot=frequency, temperature_hot=temperature, coupling=1e-4, bath_strength=1e-7)


def _coupling_network(coupling: float) -> TwoNodeNetwork:
    return TwoNodeNetwork(coupling=coupling)


def _frequency_network(frequency: float) -> TwoNodeNetwork:
    return TwoNodeNetwork(frequency_hot=frequency, coupling=1e-3, bath_strength=1e-7)


def _setting(network: TwoNodeNetwork, *named: str) -> tuple[Setting, ...]:
    steady = ("duration", "initial", "quanta")  # what steady states do not depend on
    return (Setting.of_model("two-node-network", **asdict(network), without=("approach", *named, *steady)),)


def _ours(network: TwoNodeNetwork, approach: str) -> tuple[float, float]:
    """Heat current from the hot bath, and population of the hot node, from the moment equations."""
    equations = MomentEquations.of(network, approach)
    moments = equations.steady_state()
    return equations.heat_current_from(Bath.HOT, moments), float(moments[0, 0].real)


def _bias(network: TwoNodeNetwork) -> float:
    return 1 / network.temperature_cold - 1 / network.temperature_hot


def _sign_map_rows() -> tuple[Row, ...]:
    rows = []
    for frequency, temperature in ((4.0, 12.0), (5.0, 15.0), (7.0, 12.0), (10.0, 12.0), (10.0, 30.0)):
        network = _sign_map_network(frequency, temperature)
        printed = appendix_local_current(network) * _bias(network)
        rows.append(
            Row(
                quantity=f"entropy production rate, omega_h = {frequency:g}, T_h = {temperature:g}",
                printed=printed,
                ours=_ours(network, "local")[0] * _bias(network),
                note=UPHILL if printed < 0 else "",
            )
        )
    return tuple(rows)


def _comparison_rows(points: Iterable[tuple[str, TwoNodeNetwork]]) -> tuple[Row, ...]:
    rows = []
    for where, network in points:
        printed = appendix_local_current(network)
        ours = {approach: _ours(network, approach) for approach in ("local", "global")}
        rows += [
            Row(
                quantity=f"J_h, local, {where}",
                printed=printed,
                ours=ours["local"][0],
                note=UPHILL if printed < 0 else "",
            ),
            Row(
                quantity=f"J_h, global, {where}",
                printed=global_current_of_equation_13(network, printed=True),
                corrected=global_current_of_equation_13(network, printed=False),
                ours=ours["global"][0],
                note="; ".join([MISPRINT, *network.caveats("global")]),
            ),
        ]
        rows += [
            Row(
                quantity=f"<a^dag a>, {approach}, {where}",
                printed=PLOTTED,
                corrected=steady_state(network, approach).population_hot,
                ours=ours[approach][1],
                note=f"corrected: the steady state of {equations}, solved",
            )
            for approach, equations in (("local", "Eq. (8)"), ("global", "Eqs. (11), (12)"))
        ]
    return tuple(rows)


def _coupling_rows() -> tuple[Row, ...]:
    return _comparison_rows((f"epsilon = {value:g}", _coupling_network(value)) for value in (0.1, 1.0, 2.5))


def _frequency_rows() -> tuple[Row, ...]:
    return _comparison_rows((f"omega_h = {value:g}", _frequency_network(value)) for value in (3.57, 5.0, 5.5, 10.0))


def _correlation_rows() -> tuple[Row, ...]:
    """Appendix C: covariances from Eq. (17) with the closed forms, ours from the moment equations."""
    rows = []
    for coupling in (0.1, 1.0):
        network = _coupling_network(coupling)
        for approach in ("local", "global"):
            steady = steady_state(network, approach)
            spread = ((steady.population_hot + 0.5) * (steady.population_cold + 0.5)) ** 0.5
            ours = correlation_functions(MomentEquations.of(network, approach).steady_state())
            for name, printed in (("xx", steady.correlation_x), ("xp", -steady.correlation_y)):
                rows.append(
                    Row(
                        quantity=f"cor({name[0]}_A, {name[1]}_B), {approach}, epsilon = {coupling:g}",
                        printed=printed / 2 / spread + 0.0,  # no negative zeros
                        ours=ours[name],
                        note="only the local approach keeps the nodes correlated in this way"
                        if (name, approach) == ("xp", "local")
                        else "",
                    )
                )
    return tuple(rows)


def _draw_sign_map(figure: Figure) -> None:
    from matplotlib.colors import SymLogNorm

    from qtraj.plots.style import INK

    frequencies, temperatures = np.linspace(0.5, 20.0, 157), np.linspace(10.0, 40.0, 121)
    rates = np.array(
        [[steady_state(_sign_map_network(w, t), "local").clausius_rate for w in frequencies] for t in temperatures]
    )
    axes = figure.subplots()
    # The peak on resonance is ten orders of magnitude higher; the scale is that of the rest, where the sign changes.
    mesh = axes.pcolormesh(
        frequencies,
        temperatures,
        rates,
        cmap="RdBu_r",
        norm=SymLogNorm(linthresh=1e-16, vmin=-1e-13, vmax=1e-13),
        shading="nearest",
        rasterized=True,
    )
    axes.plot(frequencies, 2 * frequencies, color=INK, linestyle="--")
    axes.set_ylim(10.0, 40.0)
    axes.text(10.9, 25.4, r"$\omega_h/T_h = \omega_c/T_c$", rotation=47, ha="center", va="center", fontsize="small")
    axes.text(14.8, 15.0, "heat flows from\ncold to hot", ha="center", va="center", fontsize="small")
    axes.set_xlabel(r"frequency of the hot node $\omega_h$")
    axes.set_ylabel(r"temperature of the hot bath $T_h$")
    bar = figure.colorbar(mesh, ax=axes, label=r"entropy production rate $-J_h/T_h - J_c/T_c$", extend="max")
    ticks = [-1e-13, -1e-14, -1e-15, -1e-16, 0.0, 1e-16, 1e-15, 1e-14, 1e-13]
    bar.set_ticks(ticks, labels=[_power_of_ten(value) for value in ticks])
    bar.ax.minorticks_off()


def _power_of_ten(value: float) -> str:
    if value == 0:
        return "0"
    return rf"${'-' if value < 0 else ''}10^{{{round(np.log10(abs(value)))}}}$"


def _draw_comparison(axes: Axes, values: FloatArray, states: dict[str, list[SteadyState]], *, unit: int = 0) -> None:
    """Current (left axis, solid, in units of a power of ten) and population (right axis, dashed) of both approaches."""
    from qtraj.plots.style import EXACT, INK, SAMPLED

    right = axes.twinx()
    right.spines["right"].set_visible(True)
    for approach, colour in (("local", SAMPLED), ("global", EXACT)):
        currents = [state.heat_current_from_hot / 10.0**unit for state in states[approach]]
        axes.plot(values, currents, color=colour, label=f"$J_h$, {approach}")
        # The populations nearly coincide: one is dashed, the other dotted on top of it.
        dashes = (0, (4, 2)) if approach == "local" else (0, (1, 1.3))
        right.plot(values, [state.population_hot for state in states[approach]], color=colour, linestyle=dashes)
        axes.plot([], [], color=colour, linestyle=dashes, label=rf"$\langle a^{{\dagger}} a\rangle$, {approach}")
    axes.axhline(0.0, color=INK, linewidth=0.4)
    axes.set_ylabel("heat current from the hot bath $J_h$" + (rf" $[10^{{{unit}}}]$" if unit else ""))
    right.set_ylabel(r"population of the hot node $\langle a^{\dagger} a\rangle$")


def _draw_coupling(figure: Figure) -> None:
    from qtraj.plots.style import LegendAbove

    couplings = np.linspace(0.0, 2.5, 126)
    states = {
        approach: [steady_state(_coupling_network(value), approach) for value in couplings]
        for approach in ("local", "global")
    }
    axes = figure.subplots()
    _draw_comparison(axes, couplings, states)
    axes.set_xlabel(r"coupling of the nodes $\epsilon$")
    LegendAbove(axes, *axes.get_legend_handles_labels(), columns=2)


def _draw_frequency(figure: Figure) -> None:
    from qtraj.plots.style import COLUMN_WIDTH, EXACT, INK, SAMPLED, LegendAbove

    figure.set_size_inches(COLUMN_WIDTH, COLUMN_HEIGHT + 0.2)
    frequencies = np.unique(np.concatenate([np.linspace(1.0, 15.0, 281), np.linspace(4.9, 5.1, 201)]))
    near = np.linspace(4.99, 5.01, 201)
    states = {a: [steady_state(_frequency_network(value), a) for value in frequencies] for a in ("local", "global")}
    axes = figure.subplots()
    _draw_comparison(axes, frequencies, states, unit=-10)
    axes.set_xlabel(r"frequency of the hot node $\omega_h$")
    axes.set_xticks([1, 5, 10, 15])  # the cold node has frequency 5
    axes.set_yticks([0.0, 0.5, 1.0, 1.5])
    # On resonance the current is a hundred thousand times what it is elsewhere; the inset has that peak.
    axes.set_ylim(-0.4, 1.8)
    inset = axes.inset_axes((0.56, 0.54, 0.36, 0.36))
    for approach, colour, style in (("local", SAMPLED, "-"), ("global", EXACT, (0, (4, 2)))):
        peak = [steady_state(_frequency_network(value), approach).heat_current_from_hot for value in near]
        inset.plot(near - 5.0, np.array(peak) * 1e5, color=colour, linestyle=style)
    inset.axhline(0.0, color=INK, linewidth=0.4)
    inset.tick_params(labelsize=6)
    inset.set_xlabel(r"$\omega_h - \omega_c$", fontsize="x-small", labelpad=1)
    inset.set_title(r"$J_h$ on resonance $[10^{-5}]$", fontsize="x-small", pad=2)
    LegendAbove(axes, *axes.get_legend_handles_labels(), columns=2)


REPRODUCTIONS: tuple[Reproduction, ...] = (
    Reproduction(
        name="lk14-sign-map",
        source="LK14, Fig. 2",
        what="Sign of the entropy production in the local approach against frequency and temperature of the hot side.",
        at=lambda: _setting(_sign_map_network(1.0, 1.0), "frequency_hot", "temperature_hot"),
        printed=PRINTED,
        rows=_sign_map_rows,
        remark=f"{DIFFERENCE} six digits.",
        draw=_draw_sign_map,
    ),
    Reproduction(
        name="lk14-coupling",
        source="LK14, Fig. 3 and Eq. (13)",
        what="Heat current and population against the coupling of the nodes, local and global.",
        at=lambda: _setting(_coupling_network(1.0), "coupling"),
        printed=PRINTED,
        rows=_coupling_rows,
        remark=f"{OURS}.",
        draw=_draw_coupling,
    ),
    Reproduction(
        name="lk14-frequency",
        source="LK14, Fig. 4 and Eq. (13)",
        what="Heat current and population against the frequency of the hot node, local and global.",
        at=lambda: _setting(_frequency_network(1.0), "frequency_hot"),
        printed=PRINTED,
        rows=_frequency_rows,
        remark=f"{DIFFERENCE} seven digits far from resonance.",
        draw=_draw_frequency,
    ),
    Reproduction(
        name="lk14-correlations",
        source="LK14, appendix C and Eq. (17)",
        what="Correlations between positions and momenta of the two nodes, local and global.",
        at=lambda: _setting(_coupling_network(1.0), "coupling"),
        printed="the paper's formula at parameters of its figures",
        rows=_correlation_rows,
        remark=f"{OURS}.",
    ),
)
