"""The pictures of [Li18], Figs. 2 to 5, from the collision model's density matrices."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from qtraj.density.collision_model import collision_model_averages
from qtraj.density.thermal_conductance import thermal_conductance
from qtraj.models.li18 import coherent_collision
from qtraj.reproduce.entry import COLUMN_HEIGHT
from qtraj.reproduce.li18_steady import FULL, PI, QUARTER, WEAK, collisions_at, steady_heat

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["draw_conductance", "draw_heat_current", "draw_linear_response", "draw_phase"]

# Okabe and Ito, from dark to light.
COLOURS = ("#000000", "#0072B2", "#009E73", "#CC79A7", "#D55E00", "#E69F00")

PHASES = {
    r"$0$": 0.0,
    r"$\pi/4$": PI / 4,
    r"$\pi/2$": PI / 2,
    r"$\pi$": PI,
    r"$5\pi/4$": 1.25 * PI,
    r"$3\pi/2$": 1.5 * PI,
}

ROUNDS = 1000


def draw_heat_current(figure: Figure) -> None:
    """Fig. 2: J_h against the number of collisions; below, what the paper has in an inset."""
    from qtraj.plots.style import FAINT, INK, LegendAbove

    figure.set_size_inches(3.4, COLUMN_HEIGHT + 0.9)
    whole, magnified = figure.subplots(2, 1, sharex=True, height_ratios=(2, 1))
    numbers = np.arange(1, ROUNDS + 1)
    series = {label: _heat_into_hot(phase, 0.8) for label, phase in PHASES.items()}
    for axes in (whole, magnified):
        axes.axhline(0.0, color=FAINT, linewidth=0.4)
        for (label, heat), colour in zip(series.items(), COLOURS, strict=True):
            if axes is whole or PHASES[label] in (0.0, PI):
                axes.plot(numbers, heat, color=colour, label=label, linewidth=0.7)
        axes.plot(numbers, _heat_into_hot(0.0, 0.0), color=INK, linestyle="--", label="thermal")
    magnified.set_xlim(0, ROUNDS)
    magnified.set_ylim(-0.005, 0.005)
    magnified.set_xlabel("number of collisions $n$")
    whole.set_ylabel("heat into the hot units $J_h$")
    magnified.set_ylabel("$J_h$, magnified")
    handles, labels = whole.get_legend_handles_labels()
    LegendAbove(whole, handles, [rf"$\phi_h-\phi_c=$ {labels[0]}", *labels[1:]], columns=4)


def draw_phase(figure: Figure) -> None:
    """Fig. 3: steady J_h against the phase difference for four interaction angles."""
    from qtraj.plots.style import FAINT, PAGE_WIDTH, SAMPLED

    figure.set_size_inches(0.75 * PAGE_WIDTH, 3.6)
    panels = figure.subplots(2, 2, sharex=True).ravel()
    phases = np.linspace(0, 2 * PI, 73)
    for panel, (name, gamma) in zip(
        panels,
        ((r"\pi/2", FULL), (r"\pi/4", QUARTER), (r"\pi/12", PI / 12), (r"\pi/32", WEAK)),
        strict=True,
    ):
        panel.axhline(0.0, color=FAINT, linewidth=0.6)
        panel.plot(phases, [steady_heat(phase, gamma=gamma) for phase in phases], color=SAMPLED)
        panel.text(0.97, 0.05, rf"$\gamma={name}$", ha="right", transform=panel.transAxes)
        panel.set_xlim(0, 2 * PI)
        panel.set_xticks(np.arange(5) * PI / 2, ["0", r"$\pi/2$", r"$\pi$", r"$3\pi/2$", r"$2\pi$"])
    for panel in panels[2:]:
        panel.set_xlabel(r"phase difference $\phi_h-\phi_c$")
    for panel in panels[::2]:
        panel.set_ylabel(r"steady $J_h$")


def draw_conductance(figure: Figure) -> None:
    """Fig. 4: the conductance against temperature."""
    from qtraj.plots.style import EXACT, INK, SAMPLED

    axes = figure.add_subplot()
    temperatures = np.concatenate([np.linspace(0.05, 1.0, 39), np.linspace(1.05, 3.0, 27)])
    for label, phase, p, colour, style in (
        (r"$\phi_h-\phi_c=0$", 0.0, 0.8, SAMPLED, "-"),
        (r"$\phi_h-\phi_c=\pi$", PI, 0.8, EXACT, (0, (4, 2))),
        (r"$\rho_\beta$", 0.0, 0.0, INK, ":"),
    ):
        values = [thermal_conductance(collisions_at(phase, p=p), float(t)) for t in temperatures]
        axes.plot(temperatures, values, color=colour, linestyle=style, label=label)
    axes.set_xlim(0, 3)
    axes.set_ylim(0, None)
    axes.set_xlabel("temperature $T$")
    axes.set_ylabel(r"conductance $\kappa$")
    axes.legend(frameon=False)


def draw_linear_response(figure: Figure) -> None:
    """Fig. 5: steady J_h over temperature and temperature difference, at two phases."""
    from matplotlib.ticker import MaxNLocator

    from qtraj.plots.style import PAGE_WIDTH

    figure.set_size_inches(PAGE_WIDTH, 3.0)
    figure.set_layout_engine("none")
    temperatures, differences = np.linspace(0.05, 3.0, 31), np.linspace(0.0, 0.01, 5)
    for position, (name, phase) in enumerate(((r"\pi/4", PI / 4), (r"5\pi/4", 1.25 * PI))):
        heat = np.array(
            [
                [steady_heat(phase, hot=t + delta / 2, cold=t - delta / 2) for delta in differences]
                for t in temperatures.tolist()
            ]
        )
        # Not add_subplot: what the layout engine makes of three-dimensional axes cuts their labels off.
        axes: Any = figure.add_axes((0.5 * position - 0.01, 0.1, 0.48, 0.8), projection="3d")
        across, along = np.meshgrid(differences, temperatures)
        axes.plot_surface(
            along, across, 1e3 * heat, cmap="viridis", linewidth=0.2, edgecolor="#303030", rstride=1, cstride=1
        )
        axes.set_box_aspect((4, 4, 3), zoom=1.08)
        axes.set_title(rf"steady $10^3 J_h$ for $\phi_h-\phi_c={name}$", y=1.06)
        axes.set_xlabel("$T$", labelpad=-6)
        axes.set_ylabel(r"$\Delta T$", labelpad=-4)
        axes.set_xticks([0, 1, 2, 3])
        axes.set_yticks([0, 0.005, 0.01], ["0", "0.005", "0.01"])
        axes.zaxis.set_major_locator(MaxNLocator(4))
        axes.tick_params(labelsize=7, pad=-2)
        axes.tick_params(axis="z", pad=1)


@cache
def _heat_into_hot(phase: float, p: float) -> np.ndarray:
    """J_h of every collision from the ground state."""
    model = coherent_collision(phase_difference=phase, coherence=p, collisions=ROUNDS)
    return collision_model_averages(model).heat_into["hot"]
