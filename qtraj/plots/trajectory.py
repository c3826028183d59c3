r"""One trajectory in continuous time: where the state is, when a detector clicks, and what that adds up to.

Above, every level is a lane, and the thickness of the band in it is the population :math:`|\langle k|\psi(t)\rangle|^2`
of the state conditioned on the clicks so far. A line through the lanes is a jump, in the colour of its bath; the
triangle on it points down where energy leaves the system, and up where it comes in.

Below, the entropy that the jumps send into the baths, step by step. The two measurements at the ends complete it to
:math:`\sigma = \sum_i s_{k_i} + \ln p_\alpha - \ln p'_\beta`, the dot at the end ([Santos19] Eqs. (38)-(44)).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from qtraj.paths.ensemble import Ensemble
from qtraj.plots.followed_path import Followed, Lanes, followed_path
from qtraj.plots.labels import in_text
from qtraj.plots.numerals import exact_number
from qtraj.plots.style import (
    FAINT,
    INK,
    QUIET,
    SAMPLED_FILL,
    SERIES,
    LegendAbove,
    PaperFigure,
    columns_that_fit,
    figure_of,
    paper_style,
)

__all__ = ["trajectory"]

# Size of a new figure in inches.
WIDTH, HEIGHT = 5.0, 3.9

# Letters that fit side by side in a legend of that width.
LONGEST_LEGEND = 80

# Wide and pale, so that the baths' own lines are seen on it.
TOTAL = "#c4c4c4"

# More lanes than this leave no room for the bands in them, and the mean energy is drawn instead.
MOST_LANES = 16

# By the sign of the heat into the bath: down is out of the system. Mark, its size, and its name in the legend.
MARKS = {1: ("v", 4.0, "into bath"), -1: ("^", 4.0, "out of bath"), 0: ("D", 2.5, "no flow")}

# Part of a lane that a population of 1 fills.
FULL = 0.84

# With more jumps than this their lines would hide the bands.
MOST_LINES = 60


def trajectory(
    ensemble: Ensemble,
    path: int = 0,
    *,
    lanes: Lanes = "energy",
    window: tuple[float, float] | None = None,
    ax: Axes | None = None,
    entropy: Axes | None = None,
) -> Axes:
    r"""Draw one quantum-jump trajectory: populations and jumps above, entropy production below.

    Args:
        ensemble: Trajectories with the records of their jumps: `sample(process, keep_records=True)`.
        path: Which row.
        lanes: Levels of the Hamiltonian (`energy`), or the basis it was `given` in, such as the product basis of a
            network. For more than 16 levels the mean energy is drawn instead.
        window: First and last time; by default the whole duration.
        ax: Axes for the state; by default those of a new figure, 5 by 3.9 inches, in paper style.
        entropy: Axes below, for the entropy production. A new figure has them; to your own `ax` add your own.

    Returns:
        The axes with the state; `.figure` is the figure.

    Raises:
        InvalidInput: If the process is no jump process, there is no such row, or the window is none.
        NotRecorded: If the ensemble has no records or was pooled from several runs.
        UnknownName: If there are no such lanes.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.sample import sample
        >>> ensemble = sample(build_model("davies-qutrit"), paths=10, keep_records=True)
        >>> trajectory(ensemble, 3).get_figure().get_axes()[1].get_xlabel()
        'time (inverse energy)'
    """
    found = followed_path(ensemble, path, lanes=lanes, window=window)
    if ax is None:
        with paper_style():
            figure = PaperFigure.of_size(width=WIDTH, height=HEIGHT)
            ax, entropy = figure.subplots(2, 1, sharex=True, height_ratios=[3, 2])
            _draw(found, lanes, ax, entropy)
    else:
        _draw(found, lanes, ax, entropy)
    return ax


def _draw(found: Followed, lanes: Lanes, ax: Axes, entropy: Axes | None) -> None:
    handles: list[Any] = []
    names: list[str] = []
    if found.populations.shape[1] <= MOST_LANES:
        _draw_lanes(found, lanes, ax)
        handles.append(Patch(color=SAMPLED_FILL, linewidth=0))
        names.append("population")
    else:
        ax.plot(found.times, found.mean_energy, color=INK, linewidth=0.9, label="mean energy")
        ax.set_ylabel(r"mean energy $\langle H\rangle$")
    signs = _draw_jumps(found, ax)
    for place, bath in enumerate(found.process.baths):
        colour, dashes = SERIES[place % len(SERIES)]
        handles.append(Line2D([], [], color=colour, linestyle=dashes, linewidth=0.8))
        names.append(f"jump, {in_text(bath)}")
    for sign, (mark, size, name) in MARKS.items():
        if sign in signs:
            handles.append(Line2D([], [], linestyle="none", marker=mark, markersize=size, color=QUIET, mew=0))
            names.append(name)
    LegendAbove(ax, handles, names, columns=columns_that_fit(names, LONGEST_LEGEND), gap=9.0)
    ax.set_xlim(found.times[0], found.times[-1])
    last = ax
    if entropy is not None:
        _draw_entropy(found, entropy)
        entropy.set_xlim(found.times[0], found.times[-1])
        ax.tick_params(labelbottom=False)
        figure_of(ax).align_ylabels([ax, entropy])
        last = entropy
    last.set_xlabel("time (inverse energy)")


def _draw_lanes(found: Followed, lanes: Lanes, ax: Axes) -> None:
    """A lane for every level in order of energy, with a band as thick as its population."""
    energies, number = found.process.system.spectrum.energies, found.populations.shape[1]
    order = np.argsort(energies, kind="stable") if lanes == "energy" else np.arange(number)
    for lane, level in enumerate(order.tolist()):
        half = FULL / 2 * found.populations[:, level]
        ax.axhline(lane, color=FAINT, linewidth=0.4, zorder=1)
        ax.fill_between(
            found.times, lane - half, lane + half, color=SAMPLED_FILL, linewidth=0.3, edgecolor=INK, zorder=2
        )
    ax.set_ylim(-0.6, number - 0.4)
    if lanes == "energy":
        ax.set_yticks(range(number), [f"${exact_number(float(energies[level]), 4)}$" for level in order])
        ax.set_ylabel("level (energy)")
    else:
        ax.set_yticks(range(number), [rf"$|{level}\rangle$" for level in order])
        ax.set_ylabel("basis state")
    ax.tick_params(axis="y", length=0)


def _draw_jumps(found: Followed, ax: Axes) -> set[int]:
    """A line through all lanes in the colour of the bath, with a triangle that says where the energy goes.

    Returns:
        The signs of the heat into a bath that occur, for the legend.
    """
    process = found.process
    which = found.jump_which
    heats = np.where(np.isfinite(process.heats[which]), process.heats[which], process.entropies[which])
    for place in range(len(process.baths)):
        colour, dashes = SERIES[place % len(SERIES)]
        own = process.bath_of[which] == place
        if found.jump_times.size <= MOST_LINES:
            for time in found.jump_times[own]:
                ax.axvline(time, color=colour, linestyle=dashes, linewidth=0.7, zorder=3)
        for sign, (mark, size, _) in MARKS.items():
            times = found.jump_times[own & (np.sign(heats) == sign)]
            if times.size:  # an empty line that may leave its axes would still claim room, at the corner of the page
                ax.plot(
                    times,
                    np.full(times.size, 1.035),
                    linestyle="none",
                    marker=mark,
                    markersize=size,
                    color=colour,
                    markeredgewidth=0,
                    transform=ax.get_xaxis_transform(),
                    clip_on=False,
                    label=f"{process.baths[place]} {mark}",
                )
    return set(np.sign(heats).astype(int).tolist())


def _draw_entropy(found: Followed, axes: Axes) -> None:
    """Entropy into the baths step by step, and what the two measurements at the ends make of it."""
    entropy, baths = found.entropy, found.process.baths
    first, last = float(found.times[0]), float(found.times[-1])
    places = np.concatenate([[first], found.jump_times, [last]])
    axes.axhline(0.0, color=FAINT, linewidth=0.4, zorder=1)
    handles: list[Any] = []
    names: list[str] = []
    total = entropy.sum(axis=1)
    alone = len(baths) == 1
    handles += axes.step(
        places,
        np.append(total, total[-1]),
        where="post",
        color=INK if alone else TOTAL,
        linewidth=1.2 if alone else 2.6,
        zorder=2,
    )
    names.append(in_text(baths[0]) if alone else "all baths")
    for place, bath in enumerate(() if alone else baths):
        colour, dashes = SERIES[place % len(SERIES)]
        own = np.append(entropy[:, place], entropy[-1, place])
        handles += axes.step(places, own, where="post", color=colour, linestyle=dashes, linewidth=0.9, zorder=3)
        names.append(in_text(bath))
    sigma = found.row.get("sigma")
    if sigma is not None and last == found.process.duration:
        axes.plot([last, last], [total[-1], sigma], color=INK, linestyle=":", linewidth=0.9, clip_on=False)
        axes.plot([last], [sigma], "o", color=INK, markersize=4, clip_on=False, zorder=5, label="sigma")
        axes.annotate(
            rf"$\sigma = {exact_number(sigma, 3)}$",
            xy=(last, sigma),
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            annotation_clip=False,
        )
    axes.set_ylabel("entropy into baths (nats)")
    LegendAbove(axes, handles, names, columns=len(names), gap=3.0)
