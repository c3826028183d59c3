r"""The detailed fluctuation theorem as a picture: ln of forward over backward against sigma is a line of slope 1.

The numerator is sampled; the denominator is the exact law of the backward process, computed from that process and not
from the forward law, so that the line is a result and not a definition.

Mapping: :math:`P_F(\sigma) = e^{\sigma} P_B(-\sigma)` ([Santos19] Eq. (41), for the atoms of the law). Where atoms are
too many to be told apart they are joined in bins. A bin holds the sums of both sides over its atoms, and its place on
the axis is :math:`\ln[\sum e^{\sigma} P_B(-\sigma) / \sum P_B(-\sigma)]`, for which the theorem is exact; the centre of
the bin would be wrong by up to half a bin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from qtraj.arrays import BoolArray, FloatArray, IntArray
from qtraj.paths.ensemble import Ensemble
from qtraj.plots.cells import DEFAULT_BINS, MOST_ATOMS, frequency_interval
from qtraj.plots.style import COLUMN_WIDTH, EXACT, SAMPLED, LegendAbove, PaperFigure, figure_of, paper_style
from qtraj.quantum.scalars import instance_of
from qtraj.theorems.backward import SigmaAtoms

__all__ = ["ForwardAndBackward", "detailed_theorem", "forward_and_backward"]

FEW_PATHS = 25
"""Atoms with fewer paths than this are drawn hollow and pale: their error bars are as wide as what they show."""

# Where triangles stand that mark points beyond the lower axes, in units of half its height.
BEYOND = 0.9


@dataclass(frozen=True, kw_only=True, eq=False)
class ForwardAndBackward:
    """Sampled forward and exact backward weight of atoms, or of bins of atoms, that were seen at least once.

    Attributes:
        sigma: Where they stand, ascending, shape (K,).
        counts: Paths seen, all positive, shape (K,).
        log_backward: ln of the backward weight P_B(-sigma), shape (K,).
        paths: Number of paths N.
    """

    sigma: FloatArray
    counts: IntArray
    log_backward: FloatArray
    paths: int

    @property
    def log_ratio(self) -> FloatArray:
        """Logarithm of sampled forward over exact backward, shape (K,)."""
        ratio: FloatArray = np.log(self.counts / self.paths) - self.log_backward
        return ratio

    @property
    def errors(self) -> tuple[FloatArray, FloatArray]:
        """How far the 68 % interval of `log_ratio` reaches down and up, two arrays of shape (K,)."""
        low, high = frequency_interval(self.counts, self.paths)
        frequencies = self.counts / self.paths
        return np.log(frequencies / low), np.log(high / frequencies)

    @property
    def few(self) -> BoolArray:
        """Where fewer than `FEW_PATHS` paths were seen, shape (K,)."""
        few: BoolArray = self.counts < FEW_PATHS
        return few


def forward_and_backward(ensemble: Ensemble, atoms: SigmaAtoms | None = None) -> ForwardAndBackward:
    """Sampled forward and exact backward weights, atom by atom for up to 80 seen atoms, else in 90 bins.

    Args:
        ensemble: The sampled paths.
        atoms: Forward and backward law of sigma, if you have them already.

    Raises:
        NotRecorded: If the protocol does not define sigma.
    """
    instance_of(ensemble, Ensemble, "ensemble")
    laws = SigmaAtoms.of(ensemble.process, ensemble.law) if atoms is None else instance_of(atoms, SigmaAtoms, "atoms")
    counts, values, log_backward = laws.counts(ensemble.class_counts), laws.values, laws.log_backward
    if np.count_nonzero(counts) > MOST_ATOMS:
        seen = np.flatnonzero(counts > 0)
        window = slice(int(seen[0]), int(seen[-1]) + 1)
        values, counts, log_backward = values[window], counts[window], log_backward[window]
        edges = np.linspace(values[0], values[-1], DEFAULT_BINS + 1)
        starts = np.unique(np.searchsorted(values, edges[:-1]))
        log_forward = np.logaddexp.reduceat(values + log_backward, starts)
        log_backward = np.logaddexp.reduceat(log_backward, starts)
        counts = np.add.reduceat(counts, starts)
        values = log_forward - log_backward
    drawn = counts > 0
    return ForwardAndBackward(
        sigma=values[drawn], counts=counts[drawn], log_backward=log_backward[drawn], paths=ensemble.paths
    )


def detailed_theorem(
    ensemble: Ensemble, *, atoms: SigmaAtoms | None = None, ax: Axes | None = None, residuals: Axes | None = None
) -> Axes:
    r"""Draw :math:`\ln[P_F(\sigma)/P_B(-\sigma)]` against sigma, with the line of slope 1 that the theorem demands.

    P_F is the sampled frequency, with its 68 % interval (Jeffreys), P_B the exact law of the backward process. Points
    of fewer than 25 paths are hollow and pale; atoms that were never seen are left out.

    Args:
        ensemble: The sampled paths.
        atoms: Forward and backward law of sigma, if you have them already; by default they are computed.
        ax: Axes to draw on; by default those of a new figure, one column wide, in paper style.
        residuals: Axes below, for the distance from the line, where error bars are large enough to be seen. They have
            room for the points of many paths; one of few that lies beyond is a triangle at the edge. A new figure has
            them; to your own `ax` add your own.

    Returns:
        The axes with the line; `.figure` is the figure.

    Raises:
        NotRecorded: If the protocol does not define sigma.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.sample import sample
        >>> ensemble = sample(build_model("two-qubit-exchange"), paths=1000)
        >>> detailed_theorem(ensemble).get_figure().get_axes()[1].get_xlabel()
        'entropy production $\\sigma$ (nats)'
    """
    points = forward_and_backward(ensemble, atoms)
    if ax is None:
        with paper_style():
            figure = PaperFigure.of_size(width=COLUMN_WIDTH, height=3.0)
            ax, residuals = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
            _draw(points, ax, residuals)
    else:
        _draw(points, instance_of(ax, Axes, "ax"), residuals)
    return ax


def _draw(points: ForwardAndBackward, ax: Axes, residuals: Axes | None) -> None:
    low, high = points.sigma.min(), points.sigma.max()
    margin = 0.05 * (high - low) or 1.0
    ends = np.array([low - margin, high + margin])
    ax.plot(ends, ends, color=EXACT, linestyle=(0, (4, 3)), zorder=2, label="slope 1")
    _draw_points(ax, points, points.log_ratio)
    ax.set_xlim(*ends)
    ax.set_ylabel(r"$\ln[P_{\mathrm{F}}(\sigma)\,/\,P_{\mathrm{B}}(-\sigma)]$")
    ax.yaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
    handles, labels = ax.get_legend_handles_labels()
    LegendAbove(ax, handles, labels, columns=3)
    if residuals is None:
        ax.set_xlabel(r"entropy production $\sigma$ (nats)")
        return
    ax.tick_params(labelbottom=False)
    residuals.axhline(0.0, color=EXACT, linestyle=(0, (4, 3)), zorder=2)
    differences, reach = points.log_ratio - points.sigma, _reach(points)
    _draw_points(residuals, points, differences)
    _mark_beyond(residuals, points.sigma, differences, reach)
    residuals.set_xlim(*ends)
    residuals.set_ylim(-reach, reach)
    # None at 0, where the line is: three would run into each other in an overview.
    residuals.set_yticks([-_round_below(reach), _round_below(reach)])
    residuals.set_ylabel("difference")
    residuals.set_xlabel(r"entropy production $\sigma$ (nats)")
    figure_of(ax).align_ylabels([ax, residuals])


def _draw_points(ax: Axes, points: ForwardAndBackward, heights: FloatArray) -> None:
    down, up = points.errors
    for chosen, label, alpha, face in (
        (~points.few, "sampled", 1.0, SAMPLED),
        (points.few, f"under {FEW_PATHS} paths", 0.4, "white"),
    ):
        if chosen.any():
            ax.errorbar(
                points.sigma[chosen],
                heights[chosen],
                yerr=(down[chosen], up[chosen]),
                fmt="o",
                color=SAMPLED,
                alpha=alpha,
                markerfacecolor=face,
                markersize=2.8,
                markeredgewidth=0.7,
                elinewidth=0.8,
                zorder=2 + alpha,
                label=label,
            )


def _mark_beyond(ax: Axes, sigma: FloatArray, differences: FloatArray, reach: float) -> None:
    """Triangles at the upper and lower edge, which point to what lies beyond it."""
    for edge, mark in ((reach, "^"), (-reach, "v")):
        beyond = np.sign(edge) * differences > reach
        ax.plot(
            sigma[beyond],
            np.full(np.count_nonzero(beyond), BEYOND * edge),
            linestyle="none",
            marker=mark,
            markersize=3.2,
            markerfacecolor="white",
            markeredgecolor=SAMPLED,
            markeredgewidth=0.7,
            zorder=4,
            label="above" if edge > 0 else "below",
        )


def _reach(points: ForwardAndBackward) -> float:
    """Half the height of the lower axes: room for the points of many paths; the others may lie beyond."""
    chosen = ~points.few if (~points.few).any() else points.few
    reach = np.abs(points.log_ratio - points.sigma) + np.maximum(*points.errors)
    return 1.25 * float(reach[chosen].max())


def _round_below(size: float) -> float:
    """The largest of ..., 0.1, 0.2, 0.5, 1, ... up to 0.9 of `size`."""
    power = 10.0 ** np.floor(np.log10(0.9 * size))
    return float(power * max(step for step in (1, 2, 5) if step * power <= 0.9 * size))
