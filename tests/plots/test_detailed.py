"""The detailed theorem as a picture: points on the line where the theorem holds, off it where it does not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from qtraj.errors import NotRecorded
from qtraj.paths.ensemble import Ensemble
from qtraj.plots import detailed_theorem
from qtraj.plots.detailed import FEW_PATHS, forward_and_backward
from qtraj.plots.style import LegendAbove, figure_of
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.theorems.backward import SigmaAtoms

Draw = Callable[..., Ensemble]


@pytest.mark.parametrize("protocol", ["augmented", "eigenbasis-two-point", "energy-two-point"])
@pytest.mark.parametrize("process", ["qubit", "qutrit", "pure", "degenerate", "ladder", "hot", "single"])
def test_without_scatter_all_points_lie_on_the_line(as_the_law: Draw, process: str, protocol: str) -> None:
    """Counts are N P rounded to whole paths, so ln k/N is off by at most 1/(2k), and bins by no more."""
    points = forward_and_backward(as_the_law(process, protocol=protocol))
    off = np.abs(points.log_ratio - points.sigma)
    # Bins of many atoms round once for each atom.
    assert (off < 1e-9 + 200 / points.counts).all()
    assert off[points.counts > 10**9].max() < 1e-6


def test_bins_at_their_centres_would_miss_the_line(as_the_law: Draw) -> None:
    """Negative control: sum P_F / sum P_B of a bin is not e^centre, so the place of a point has to be computed."""
    ensemble = as_the_law("ladder")
    points = forward_and_backward(ensemble)
    assert points.sigma.size < 91
    atoms = SigmaAtoms.of(ensemble.process, ensemble.law)
    counts = atoms.counts(ensemble.class_counts)
    seen = atoms.values[counts > 0]
    centres = np.linspace(seen[0], seen[-1], 181)[1::2]
    nearest = centres[np.abs(points.sigma[:, None] - centres[None, :]).argmin(axis=1)]
    assert np.abs(points.log_ratio - nearest).max() > 1e-3


class ForwardAgain:
    """A process that takes U for the inverse of U when it is reversed."""

    def __init__(self, inner: ThermalOperation) -> None:
        self.endpoints, self.branches, self.inner = inner.endpoints, inner.branches, inner

    def reversed(self) -> ThermalOperation:
        return replace(self.inner.reversed(), unitary=self.inner.unitary)


def test_the_line_is_no_tautology(as_the_law: Draw) -> None:
    """Negative control: with a wrong backward process the same paths leave the line."""
    ensemble = as_the_law("qutrit")
    assert isinstance(ensemble.process, ThermalOperation)
    for process, on_line in ((ensemble.process, True), (ForwardAgain(ensemble.process), False)):
        points = forward_and_backward(ensemble, SigmaAtoms.of(process, ensemble.law))
        many = points.counts > 10**10
        off = np.abs(points.log_ratio - points.sigma)[many].max()
        assert (off < 1e-6) if on_line else (off > 0.1)


def test_points_and_error_bars_are_drawn_where_they_are_computed(draw: Draw) -> None:
    ensemble = draw("qutrit", paths=3000)
    points = forward_and_backward(ensemble)
    assert points.few.any()
    assert (~points.few).any()
    main = detailed_theorem(ensemble)
    below = figure_of(main).axes[1]
    for axes, heights in ((main, points.log_ratio), (below, points.log_ratio - points.sigma)):
        many, few = axes.containers
        for container, chosen in ((many, ~points.few), (few, points.few)):
            marks, _, (bars,) = container.lines
            np.testing.assert_array_equal(marks.get_xdata(), points.sigma[chosen])
            np.testing.assert_array_equal(marks.get_ydata(), heights[chosen])
            down, up = (side[chosen] for side in points.errors)
            ends = np.array(bars.get_segments())[:, :, 1]
            np.testing.assert_allclose(ends, np.stack([heights[chosen] - down, heights[chosen] + up], axis=1))
        assert few.lines[0].get_alpha() < many.lines[0].get_alpha()
    line = main.lines[0]
    np.testing.assert_array_equal(line.get_xdata(), line.get_ydata())
    assert [text.get_text() for text in main.findobj(LegendAbove)[0].get_texts()] == [
        "slope 1",
        "sampled",
        f"under {FEW_PATHS} paths",
    ]


def test_points_beyond_the_lower_axes_are_marked_at_their_edge(draw: Draw) -> None:
    found = 0
    for seed in range(3):
        ensemble = draw("qutrit", paths=3000, seed=seed)
        points = forward_and_backward(ensemble)
        below = figure_of(detailed_theorem(ensemble)).axes[1]
        low, high = below.get_ylim()
        off = points.log_ratio - points.sigma
        for label, beyond in (("above", off > high), ("below", off < low)):
            (marks,) = [line for line in below.lines if line.get_label() == label]
            np.testing.assert_array_equal(marks.get_xdata(), points.sigma[beyond])
            assert all(low < y < high for y in marks.get_ydata())
            found += np.count_nonzero(beyond)
    assert found > 0


def test_error_bars_have_the_size_of_the_scatter(draw: Draw) -> None:
    """About 68 % of the points lie within their bars; the seed is fixed."""
    inside = []
    for seed in range(20):
        points = forward_and_backward(draw("qubit", seed=seed))
        off, (down, up) = points.log_ratio - points.sigma, points.errors
        inside.append((off <= down) & (-off <= up))
    assert 0.55 < np.concatenate(inside).mean() < 0.8


def test_every_process_can_be_drawn(draw: Draw, name: str) -> None:
    axes = detailed_theorem(draw(name, paths=2000))
    figure_of(axes).canvas.draw()
    low, high = figure_of(axes).axes[1].get_ylim()
    assert low == -high


def test_one_path_is_enough(draw: Draw) -> None:
    figure_of(detailed_theorem(draw("qutrit", paths=1))).canvas.draw()


def test_own_axes_get_no_second_ones(draw: Draw) -> None:
    axes = Figure().add_subplot()
    assert detailed_theorem(draw("qubit"), ax=axes) is axes
    assert figure_of(axes).axes == [axes]
    assert "sigma" in axes.get_xlabel()


def test_without_sigma_there_is_no_theorem(draw: Draw) -> None:
    with pytest.raises(NotRecorded, match="sigma"):
        detailed_theorem(draw("qubit", protocol="kraus"))
