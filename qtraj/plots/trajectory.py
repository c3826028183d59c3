r"""One trajectory in continuous time: where the state is, when a detector clicks, and what that adds up to.

Above, every level is a lane, and the thickness of the band in it is the population :math:`|\langle k|\psi(t)\rangle|^2`
of the state conditioned on the clicks so far. A line through the lanes is a jump, in the colour of its bath; the
triangle on it points down where energy leaves the system, and up where it comes in.

Below, the entropy that the jumps send into the baths, step by step. The two measurements at the ends complete it to
:math:`\sigma = \sum_i s_{k_i} + \ln p_\alpha - \ln p'_\beta`, the dot at the end ([Santos19] Eqs. (38)-(44)).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from numpy.typing import NDArray

from qtraj.arrays import FloatArray, frozen
from qtraj.errors import InvalidInput, NotRecorded, UnknownName
from qtraj.paths.blocks import ROW_BLOCK_PATHS, row_blocks
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.jump_trajectories import JumpTrajectories
from qtraj.plots.labels import exact_number, in_text
from qtraj.plots.style import (
    FAINT,
    INK,
    SAMPLED_FILL,
    SERIES,
    LegendAbove,
    PaperFigure,
    figure_of,
    paper_style,
)
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.matrices import dagger

__all__ = ["Followed", "Lanes", "followed_path", "trajectory"]

Lanes: TypeAlias = Literal["energy", "given"]

# Size of a new figure in inches.
WIDTH, HEIGHT = 5.0, 3.9

# Times at which the state is drawn, besides those of the jumps: a column has some 1000 pixels, and a beat between
# distant levels needs this many times a period to look like one.
TIMES, MOST_TIMES = 600, 20_000
TIMES_PER_PERIOD = 10

# Wide and pale, so that the baths' own lines are seen on it.
TOTAL = "#c4c4c4"

# More lanes than this leave no room for the bands in them, and the mean energy is drawn instead.
MOST_LANES = 16

# By the sign of the heat into the bath: down is out of the system.
MARKS = {1: "v", -1: "^", 0: "D"}

# Part of a lane that a population of 1 fills.
FULL = 0.84

# With more jumps than this their lines would hide the bands.
MOST_LINES = 60


@dataclass(frozen=True, kw_only=True, eq=False)
class Followed:
    """One trajectory, as far as it is drawn.

    Attributes:
        process: The process.
        times: From the beginning to the end of the window, just before and at every jump among them, shape (T,).
        populations: Of the lanes, shape (T, d).
        mean_energy: Expectation of the Hamiltonian, shape (T,).
        jump_times: Times of the jumps in the window, shape (J,).
        jump_which: Index of each into `process.jumps`, shape (J,).
        entropy_before: Entropy sent into each bath before the window begins, nats, shape (baths,).
        row: The columns of the ensemble at this path.
    """

    process: JumpProcess
    times: FloatArray
    populations: FloatArray
    mean_energy: FloatArray
    jump_times: FloatArray
    jump_which: NDArray[np.int64]
    entropy_before: FloatArray
    row: dict[str, float]

    @property
    def entropy(self) -> FloatArray:
        """Entropy sent into each bath up to each jump, the jump included, nats, shape (J + 1, baths)."""
        steps = np.zeros((self.jump_times.size, len(self.process.baths)))
        place = np.arange(self.jump_times.size)
        steps[place, self.process.bath_of[self.jump_which]] = self.process.entropies[self.jump_which]
        return np.vstack([self.entropy_before, self.entropy_before + np.cumsum(steps, axis=0)])


def followed_path(
    ensemble: Ensemble, path: int = 0, *, lanes: Lanes = "energy", window: tuple[float, float] | None = None
) -> Followed:
    """Follow one trajectory of an ensemble again, this time with its states.

    Args:
        ensemble: Trajectories with the records of their jumps: `sample(process, keep_records=True)`.
        path: Which row.
        lanes: Populations of the energy eigenstates (`energy`), or of the basis the Hamiltonian was `given` in, such
            as the product basis of a network.
        window: First and last time; by default the whole duration.

    Raises:
        InvalidInput: If the process is no jump process, there is no such row, or the window is none.
        NotRecorded: If the ensemble has no records or was pooled from several runs.
        UnknownName: If there are no such lanes.
    """
    process = ensemble.process
    if not isinstance(process, JumpProcess):
        kind = type(process).__name__
        raise InvalidInput(f"`ensemble` must have trajectories of a jump process, but has paths of {kind}")
    if lanes not in ("energy", "given"):
        raise UnknownName("lanes", lanes, ("energy", "given"))
    if ensemble.records is None or ensemble.rows is None or len(ensemble.seeds) > 1:
        raise NotRecorded("a trajectory needs the times of its jumps; draw them with `sample(..., keep_records=True)`")
    if isinstance(path, bool) or not isinstance(path, int | np.integer) or not 0 <= path < ensemble.paths:
        raise InvalidInput(f"`path` must be a whole number from 0 to {ensemble.paths - 1}, but is {path!r}")
    first, last = _checked_window(window, process.duration)
    jump_times, which = ensemble.records[int(path)]
    inside = (jump_times >= first) & (jump_times <= last)
    clicks = jump_times[inside]
    before = np.maximum(np.nextafter(clicks, -np.inf), first)
    periods = (last - first) * float(np.ptp(process.system.spectrum.energies)) / (2 * np.pi)
    number = int(np.clip(TIMES_PER_PERIOD * periods, TIMES, MOST_TIMES))
    times = np.sort(np.concatenate([np.linspace(first, last, number), before, clicks]))
    block, place = row_blocks(ensemble.paths)[int(path) // ROW_BLOCK_PATHS], int(path) % ROW_BLOCK_PATHS
    follow = JumpTrajectories(process=process, endpoints=ensemble.endpoints, seed=ensemble.seed)
    given = follow.states_at(block, times, slice(place, place + 1))[0]
    levels = given @ dagger(process.system.basis).T
    earlier = which[jump_times < first]
    return Followed(
        process=process,
        times=frozen(times),
        populations=frozen(np.abs(levels if lanes == "energy" else given) ** 2),
        mean_energy=frozen(np.abs(levels) ** 2 @ process.system.spectrum.energies),
        jump_times=frozen(clicks),
        jump_which=frozen(which[inside].astype(np.int64)),
        entropy_before=np.bincount(
            process.bath_of[earlier], weights=process.entropies[earlier], minlength=len(process.baths)
        ).astype(np.float64),
        row={name: column[path].item() for name, column in ensemble.rows.items()},
    )


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


def _checked_window(window: tuple[float, float] | None, duration: float) -> tuple[float, float]:
    first, last = (0.0, duration) if window is None else (float(window[0]), float(window[1]))
    if not 0 <= first < last <= duration:
        raise InvalidInput(
            f"`window` must be two ascending times from 0 to the duration {duration:.6g}, but is {window}"
        )
    return first, last


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
    _draw_jumps(found, ax)
    for place, bath in enumerate(found.process.baths):
        colour, dashes = SERIES[place % len(SERIES)]
        handles.append(Line2D([], [], color=colour, linestyle=dashes, linewidth=0.8, marker="v", markersize=4))
        names.append(f"jump, {in_text(bath)}")
    LegendAbove(ax, handles, names, columns=min(4, len(names)), gap=9.0)
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


def _draw_jumps(found: Followed, ax: Axes) -> None:
    """A line through all lanes in the colour of the bath, with a triangle that says where the energy goes."""
    process = found.process
    which = found.jump_which
    heats = np.where(np.isfinite(process.heats[which]), process.heats[which], process.entropies[which])
    for place in range(len(process.baths)):
        colour, dashes = SERIES[place % len(SERIES)]
        own = process.bath_of[which] == place
        if found.jump_times.size <= MOST_LINES:
            for time in found.jump_times[own]:
                ax.axvline(time, color=colour, linestyle=dashes, linewidth=0.7, zorder=3)
        for sign, mark in MARKS.items():
            times = found.jump_times[own & (np.sign(heats) == sign)]
            if times.size:  # an empty line that may leave its axes would still claim room, at the corner of the page
                ax.plot(
                    times,
                    np.full(times.size, 1.035),
                    linestyle="none",
                    marker=mark,
                    markersize=2.5 if sign == 0 else 4,
                    color=colour,
                    markeredgewidth=0,
                    transform=ax.get_xaxis_transform(),
                    clip_on=False,
                    label=f"{process.baths[place]} {mark}",
                )


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
