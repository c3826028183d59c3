"""The trajectory drawn is the one that was recorded: its states jump when and as the records say."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import FillBetweenPolyCollection

from qtraj.errors import InvalidInput, NotRecorded, UnknownName
from qtraj.paths.sample import sample
from qtraj.plots import trajectory
from qtraj.plots.followed_path import followed_path
from qtraj.plots.style import LegendAbove, figure_of
from qtraj.plots.trajectory import MOST_LANES
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.davies import davies_channels
from qtraj.quantum.parties import System
from qtraj.quantum.states import State
from tests.plots.canvas import texts_cut_off
from tests.plots.other_processes import JUMPS, busiest, ensemble_of, trajectories_of


def below(axes: Axes) -> Axes:
    return figure_of(axes).axes[1]


@pytest.mark.parametrize("name", JUMPS)
def test_entropy_adds_up_to_what_the_row_says(name: str) -> None:
    ensemble, path = trajectories_of(name), busiest(name)
    found = followed_path(ensemble, path)
    endpoints = ensemble.endpoints
    start = endpoints.initial.outcomes.log_eigenvalues[int(found.row["alpha"])]
    end = endpoints.final.outcomes.log_eigenvalues[int(found.row["beta"])]
    assert found.entropy[-1].sum() + start - end == pytest.approx(found.row["sigma"], abs=1e-9)
    assert found.entropy[0].tolist() == [0.0] * len(found.process.baths)
    axes = trajectory(ensemble, path)
    (dot,) = [one for one in below(axes).lines if one.get_label() == "sigma"]
    assert np.asarray(dot.get_ydata()).tolist() == [found.row["sigma"]]


def test_bands_are_as_thick_as_populations() -> None:
    ensemble = trajectories_of("network")
    for lanes in ("energy", "given"):
        found = followed_path(ensemble, 5, lanes=lanes)  # type: ignore[arg-type]
        bands = trajectory(ensemble, 5, lanes=lanes).collections  # type: ignore[arg-type]
        assert len(bands) == 4
        order = np.argsort(found.process.system.spectrum.energies) if lanes == "energy" else range(4)
        for lane, level in enumerate(order):
            band = bands[lane]
            assert isinstance(band, FillBetweenPolyCollection)
            heights = band.get_paths()[0].vertices[:, 1]
            assert np.ptp(heights) == pytest.approx(0.84 * found.populations[:, level].max(), abs=1e-6)
            assert heights.max() + heights.min() == pytest.approx(2 * lane, abs=1e-6)


def test_a_window_shows_a_part() -> None:
    ensemble, path = trajectories_of("network"), busiest("network")
    whole = followed_path(ensemble, path)
    middle = 0.5 * (whole.jump_times[0] + whole.jump_times[1])
    part = followed_path(ensemble, path, window=(float(middle), 20.0))
    assert part.jump_times.size == whole.jump_times.size - 1
    np.testing.assert_allclose(part.entropy[0], whole.entropy[1], atol=1e-12)
    np.testing.assert_allclose(part.entropy[-1], whole.entropy[-1], atol=1e-12)
    axes = trajectory(ensemble, path, window=(0.0, float(middle)))
    assert axes.get_xlim() == (0.0, float(middle))
    assert not [one for one in below(axes).lines if one.get_label() == "sigma"]


@pytest.mark.parametrize("window", [(-1.0, 1.0), (0.0, 21.0), (3.0, 3.0), (4.0, 3.0), (0.0, float("nan"))])
def test_windows_that_are_none(window: tuple[float, float]) -> None:
    with pytest.raises(InvalidInput, match="`window` must be two ascending times"):
        followed_path(trajectories_of("network"), window=window)


def test_triangles_point_where_the_energy_goes() -> None:
    ensemble, path = trajectories_of("network"), busiest("network")
    found, axes = followed_path(ensemble, path), trajectory(ensemble, path)
    heats = found.process.heats[found.jump_which]
    for place, bath in enumerate(found.process.baths):
        own = found.process.bath_of[found.jump_which] == place
        for mark, chosen in (("v", own & (heats > 0)), ("^", own & (heats < 0))):
            drawn = [np.asarray(one.get_xdata()) for one in axes.lines if one.get_label() == f"{bath} {mark}"]
            np.testing.assert_array_equal(np.concatenate([*drawn, []]), found.jump_times[chosen])


def test_the_legend_explains_the_marks_that_occur() -> None:
    def names(name: str) -> list[str]:
        (legend,) = trajectory(trajectories_of(name), busiest(name)).findobj(LegendAbove)
        return [text.get_text() for text in legend.get_texts()]

    assert names("network")[-2:] == ["into bath", "out of bath"]
    assert names("dephasing")[-1] == "no flow"
    assert "into bath" not in names("dephasing"), "nothing flows there"
    for name in ("network", "junction", "dephasing"):
        assert texts_cut_off(figure_of(trajectory(trajectories_of(name), busiest(name)))) == []


def test_many_levels_are_drawn_as_their_mean_energy() -> None:
    energies = np.arange(MOST_LANES + 4) ** 1.1
    channels = davies_channels(energies, 0.5, [[k, k + 1, 0.5] for k in range(energies.size - 1)])
    process = JumpProcess(
        system=System(energies=energies, state=State.haar(energies.size, seed=1)), channels=channels, duration=3.0
    )
    ensemble = sample(process, paths=3, seed=1, protocol="eigenbasis-two-point", keep_records=True)
    axes = trajectory(ensemble)
    (line,) = [one for one in axes.lines if one.get_label() == "mean energy"]
    np.testing.assert_array_equal(line.get_ydata(), followed_path(ensemble).mean_energy)


@pytest.mark.parametrize("protocol", ["kraus", "energy-two-point"])
def test_every_protocol_can_be_drawn(protocol: str) -> None:
    axes = trajectory(trajectories_of("junction", 5, protocol))
    figure_of(axes).canvas.draw()
    dots = [one for one in below(axes).lines if one.get_label() == "sigma"]
    assert len(dots) == (protocol != "kraus")


@pytest.mark.parametrize("name", JUMPS)
def test_nothing_covers_anything_else(name: str) -> None:
    figure = figure_of(trajectory(trajectories_of(name), busiest(name)))
    figure.canvas.draw()
    boxes = [axes.get_window_extent() for axes in figure.axes]
    assert all(box.height > 150 for box in boxes)
    boxes += [legend.get_window_extent() for legend in figure.findobj(LegendAbove)]
    boxes += [axes.xaxis.label.get_window_extent() for axes in figure.axes if axes.get_xlabel()]
    for k, box in enumerate(boxes):
        assert figure.bbox.x0 <= box.x0
        assert box.x1 <= figure.bbox.x1 + 1
        assert figure.bbox.y0 <= box.y0
        assert box.y1 <= figure.bbox.y1 + 1
        assert not any(box.overlaps(other) for other in boxes[k + 1 :])


def test_axes_of_ones_own() -> None:
    from qtraj.plots.style import PaperFigure

    figure = PaperFigure.of_size(width=6.0, height=3.0)
    ax = figure.add_subplot()
    assert trajectory(trajectories_of("qutrit"), ax=ax) is ax
    assert ax.get_xlabel() == "time (inverse energy)"
    assert figure.axes == [ax]


def test_what_has_no_trajectory() -> None:
    with pytest.raises(NotRecorded, match="keep_records=True"):
        trajectory(ensemble_of("network"))
    with pytest.raises(NotRecorded, match="keep_records=True"):
        trajectory(ensemble_of("qutrit"))
    with pytest.raises(NotRecorded, match="keep_records=True"):
        trajectory(replace(trajectories_of("qutrit"), seeds=(1, 2)))
    with pytest.raises(InvalidInput, match="has paths of CollisionModel"):
        trajectory(ensemble_of("thermal"))
    for path in (-1, 200, True, 1.5):
        with pytest.raises(InvalidInput, match="`path` must be a whole number from 0 to 199"):
            trajectory(trajectories_of("qutrit"), path)  # type: ignore[arg-type]
    with pytest.raises(UnknownName, match="did you mean 'energy'"):
        trajectory(trajectories_of("qutrit"), lanes="energies")  # type: ignore[arg-type]
