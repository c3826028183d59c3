r"""The legend of a histogram, which is a small table of results: what was sampled beside what is exact.

Mean with standard error, which stands in parentheses, and, of entropy productions, :math:`\langle e^{-s}\rangle`.
Standard errors are those of the exact law, because a sample that has missed its rare paths does not know its own error.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from qtraj.paths.ensemble import Ensemble
from qtraj.paths.law import QUANTITIES
from qtraj.plots.atoms import ROUNDING, ExactAverages
from qtraj.plots.labels import exponential_average, is_entropy, symbol
from qtraj.plots.numerals import digits_beside, exact_number, number_with_error
from qtraj.plots.style import EXACT, SAMPLED, SAMPLED_FILL, LegendAbove

__all__ = ["write_averages"]

# Averages that are written with three digits as they are, so that 1.00 is not taken for an exact 1.
SMALL, LARGE = 1e-2, 1e2

# Points between axes and legend, room for the name of the line at the mean.
LEGEND_GAP = 12.0


def write_averages(axes: Axes, ensemble: Ensemble, quantity: str, exact: ExactAverages | None) -> None:
    """Write the legend of a histogram above its axes.

    Args:
        axes: The axes of the histogram.
        ensemble: The sampled paths.
        quantity: Which of theirs is drawn.
        exact: Its exact averages, where they are known; they get a line of their own.
    """
    columns = _averages(ensemble, quantity, exact)
    nothing = Line2D([], [], linestyle="none")
    patch = Patch(color=SAMPLED_FILL, linewidth=0)
    error = Line2D([], [], color=SAMPLED, linestyle="none", marker="|", markersize=5)
    names, handles = ["", "sampled"], list[Any]([nothing, (patch, error)])
    if exact is not None:
        line = Line2D([], [], color=EXACT, linewidth=1.0)
        if ensemble.finite_law is None:
            line.set_linestyle((0, (4, 3)))
        names.append("exact")
        handles.append(line)
    LegendAbove(
        axes,
        [*handles, *[nothing] * (len(names) * len(columns))],
        [*names, *(f"${cell}$" for column in columns for cell in column)],
        columns=1 + len(columns),
        gap=LEGEND_GAP,
        spacing=-0.8,  # the next column begins with the place of a mark, which is empty
    )


def _averages(ensemble: Ensemble, quantity: str, exact: ExactAverages | None) -> list[list[str]]:
    """Columns of the legend: the mean and, of entropy productions, the exponential average."""
    paths, mean = ensemble.paths, ensemble.mean(quantity)
    names = [rf"\langle {symbol(quantity)}\rangle", exponential_average(quantity)]
    values, _ = ensemble.values(quantity)
    # Entropies are differences of logarithms, good to rounding of a nat; heat can only be compared with itself.
    size = float(np.abs(values).max(initial=1.0 if is_entropy(quantity) else 0.0))
    weight = ensemble.exponential_average(quantity) if quantity in QUANTITIES else None
    if exact is None:
        columns = [[names[0], _with_error(mean, ensemble.variance(quantity), paths, size)]]
        if weight is not None:
            # Its sampled error would be taken for the truth, and is not: e^-s lives on paths that may be missing.
            columns.append(
                [names[1], rf"\approx {weight:#.3g}" if SMALL <= weight < LARGE else exact_number(weight, 3)]
            )
        return columns
    columns = [_column(names[0], mean, exact.mean, exact.variance, paths, size)]
    if weight is not None and exact.exponential_average is not None:
        average = exact.exponential_average
        columns.append(_column(names[1], weight, average, exact.exponential_variance, paths, average))
        if exact.loses_weight:
            columns[-1][-1] += r" = 1 - \lambda"
    return columns


def _with_error(value: float, variance: float, paths: int, size: float) -> str:
    """A sampled average with the error it seems to have."""
    if variance <= (ROUNDING * size) ** 2:
        return exact_number(0.0 if abs(value) <= ROUNDING * size else value)
    return number_with_error(value, math.sqrt(variance / paths))


def _column(name: str, sampled: float, exact: float, variance: float, paths: int, size: float) -> list[str]:
    """Name, sampled average with its standard error, and exact average; what is only rounding counts as zero."""
    if variance <= (ROUNDING * size) ** 2:
        return [name, *(exact_number(0.0 if abs(value) <= ROUNDING * size else value) for value in (sampled, exact))]
    error = math.sqrt(variance / paths)
    rounded = 0.0 if abs(exact) <= ROUNDING * size else exact
    return [name, number_with_error(sampled, error), exact_number(rounded, digits_beside(exact, error))]
