"""The histogram shows the numbers it is given: frequencies, exact law, means, and nothing over them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

from qtraj.arrays import IntArray
from qtraj.errors import NotRecorded, UnknownName
from qtraj.paths.ensemble import Ensemble
from qtraj.plots import ExactAverages, histogram
from qtraj.plots.atoms import reservoirs_of
from qtraj.plots.cells import axis_floor, frequency_interval, make_cells
from qtraj.plots.labels import axis_label
from qtraj.plots.numerals import exact_number, number_with_error
from qtraj.plots.style import figure_of
from tests.plots.other_processes import COLLISIONS, JUMPS, WITHOUT_LAW, ensemble_of
from tests.plots.reading import legend_of, legend_texts

# Of the other processes; drawing all of them every time would take longer than it tells.
EVERY_TIME = ("coherent", "junction")

Draw = Callable[..., Ensemble]


def collection(axes: Axes, label: str) -> LineCollection:
    (found,) = [one for one in axes.collections if one.get_label() == label]
    assert isinstance(found, LineCollection)
    return found


def position(axes: Axes, label: str) -> float:
    (line,) = [line for line in axes.lines if line.get_label() == label]
    return float(np.asarray(line.get_xdata())[0])


@pytest.mark.parametrize("log", [False, True])
def test_bars_dashes_and_lines_are_where_they_must_be(draw: Draw, log: bool) -> None:
    ensemble = draw("qubit")
    law = ensemble.law.distribution("sigma")
    frequencies = law.counts(ensemble.class_counts) / ensemble.paths
    axes = histogram(ensemble, "sigma", log=log)
    bars = sorted(axes.containers[0], key=lambda bar: bar.get_x())
    np.testing.assert_array_equal([bar.get_height() for bar in bars], frequencies)
    np.testing.assert_allclose([bar.get_x() + bar.get_width() / 2 for bar in bars], law.atoms, atol=1e-12)
    dashes = np.array(collection(axes, "exact").get_segments())
    np.testing.assert_allclose(dashes[:, 0, 1], law.probabilities, rtol=1e-12)
    np.testing.assert_allclose(dashes[:, :, 0].mean(axis=1), law.atoms, atol=1e-12)
    assert position(axes, "sampled mean") == ensemble.mean("sigma")
    assert position(axes, "exact mean") == ensemble.law.mean("sigma")
    assert axes.get_yscale() == ("log" if log else "linear")


def test_error_bars_are_intervals_of_the_frequencies(draw: Draw) -> None:
    ensemble = draw("qutrit", paths=1000)
    cells = make_cells(ensemble, "sigma", log=True)
    seen = cells.counts > 0
    assert not seen.all()
    bars = np.array(collection(histogram(ensemble, "sigma", log=True), "68 % interval").get_segments())
    low, high = frequency_interval(cells.counts[seen], ensemble.paths)
    np.testing.assert_array_equal(bars[:, 0, 1], low)
    np.testing.assert_array_equal(bars[:, 1, 1], high)
    assert (low > 0).all()


def remarks(axes: Axes) -> list[str]:
    """The lines in small grey letters below the axis."""
    below = [text.get_text() for text in axes.texts if "not shown" in text.get_text() or "join" in text.get_text()]
    return [line for text in below for line in text.split("\n")]


def missing(axes: Axes) -> list[str]:
    """What is said about paths that are not in the picture."""
    return [line for line in remarks(axes) if "not shown" in line]


def with_counts(ensemble: Ensemble, counts: IntArray, *, outside: int = 0) -> Ensemble:
    paths = int(counts.sum()) + outside
    return replace(ensemble, class_counts=counts, paths=paths, outside=outside)


def test_paths_that_are_not_shown_are_counted(draw: Draw) -> None:
    """On a linear axis; a logarithmic one shows every path."""
    ensemble = draw("qutrit", paths=10**6)
    cells = make_cells(ensemble, "xi")
    assert cells.below > 0 == cells.above
    axes = histogram(ensemble, "xi")
    assert missing(axes) == [f"paths not shown: ${cells.below}$ below"]
    values, counts = ensemble.values("xi")
    assert counts[values < axes.get_xlim()[0]].sum() == cells.below
    assert missing(histogram(ensemble, "xi", log=True)) == []


def test_nothing_is_said_where_nothing_is_missing(draw: Draw) -> None:
    assert remarks(histogram(draw("qubit"), "sigma")) == []


def test_values_that_share_a_bar_are_spoken_of(draw: Draw) -> None:
    """The bar is the sum of their probabilities, which a reader would take for that of one value."""
    ensemble = draw("qutrit")
    cells = make_cells(ensemble, "sigma")
    assert cells.are_atoms
    assert cells.spread > 0
    assert remarks(histogram(ensemble, "sigma")) == [
        f"some bars join values up to ${exact_number(cells.spread, 2)}$ apart"
    ]
    # Negative controls: every value has a bar of its own, or there are bins, which say so on the other axis.
    assert remarks(histogram(ensemble, "sigma", bins="atoms")) == []
    assert remarks(histogram(draw("ladder"), "sigma_d")) == []


def test_paths_outside_of_the_law_are_counted(draw: Draw) -> None:
    ensemble = draw("qubit")
    axes = histogram(with_counts(ensemble, ensemble.class_counts, outside=7), "sigma")
    assert missing(axes) == ["paths not shown: $7$ in no class of the law"]


def test_what_is_said_stands_below_the_axis_and_inside_the_page(draw: Draw) -> None:
    axes = histogram(draw("cold", paths=10**9), "xi")
    figure = figure_of(axes)
    figure.canvas.draw()
    (note,) = [text for text in axes.texts if "not shown" in text.get_text()]
    box = note.get_window_extent()
    assert box.y1 <= axes.xaxis.label.get_window_extent().y0 + 1
    assert box.y0 >= 0
    assert 0 <= box.x0 < box.x1 <= figure.bbox.x1
    assert r"\times 10^{5}$ above" in note.get_text()


@pytest.mark.parametrize("process", WITHOUT_LAW)
def test_without_a_law_no_bar_is_too_low_to_be_seen(process: str) -> None:
    """Every value that was seen has a dash, however rare it is."""
    ensemble = ensemble_of(process)
    cells = make_cells(ensemble, "xi")
    axes = histogram(ensemble, "xi")
    if cells.are_atoms:
        dashes = np.array(collection(axes, "frequency").get_segments())
        np.testing.assert_array_equal(dashes[:, 0, 1], cells.frequencies)
        np.testing.assert_allclose(dashes[:, :, 0].mean(axis=1), cells.centres, atol=1e-12)
        assert (np.diff(dashes[:, :, 0], axis=1) > 0).all()
    else:
        _, outline = (patch for patch in axes.patches if isinstance(patch, StepPatch))
        np.testing.assert_array_equal(outline.get_data().values, cells.frequencies)


def test_many_atoms_are_binned_like_the_law(draw: Draw) -> None:
    ensemble = draw("ladder")
    cells = make_cells(ensemble, "sigma_d")
    axes = histogram(ensemble, "sigma_d")
    sampled, exact = (patch for patch in axes.patches if isinstance(patch, StepPatch))
    np.testing.assert_array_equal(sampled.get_data().values, cells.frequencies)
    np.testing.assert_array_equal(exact.get_data().values, cells.probabilities)
    np.testing.assert_array_equal(sampled.get_data().edges, exact.get_data().edges)
    assert axes.get_ylabel() == "probability per bin"


def test_a_wrong_law_is_seen(draw: Draw) -> None:
    """Negative control: bars follow the sample and dashes the law, also where the two disagree."""
    right = draw("qubit")
    wrong = Ensemble(
        process=right.process,
        finite_law=right.law,
        sampler="counts",
        seeds=(0,),
        paths=right.paths,
        class_counts=np.random.default_rng(1).permutation(right.class_counts),
    )
    axes = histogram(wrong, "sigma")
    heights = np.array([bar.get_height() for bar in sorted(axes.containers[0], key=lambda bar: bar.get_x())])
    dashes = np.array(collection(axes, "exact").get_segments())[:, 0, 1]
    assert np.abs(heights - dashes).max() > 0.05


def test_a_logarithmic_axis_ends_where_nothing_can_be_seen(draw: Draw) -> None:
    ensemble = draw("qutrit", paths=1000)
    axes = histogram(ensemble, "sigma", log=True)
    bottom, top = axes.get_ylim()
    assert bottom == axis_floor(1000)
    assert 0.5 < top <= 2
    (one_path,) = [line for line in axes.lines if line.get_label() == "one path"]
    assert list(one_path.get_ydata()) == [1e-3, 1e-3]
    stems = np.array(collection(axes, "exact, not seen").get_segments())
    cells = make_cells(ensemble, "sigma", log=True)
    np.testing.assert_array_equal(stems[:, 0, 0], cells.centres[cells.counts == 0])


@pytest.mark.parametrize("paths", [1, 10**6, 10**12])
def test_probabilities_far_below_any_axis(draw: Draw, paths: int) -> None:
    """At beta = 800 atoms reach e^-2400; the axis stops at what the sample could show."""
    ensemble = draw("cold", paths=paths)
    assert ensemble.law.log_forward.min() < -700
    axes = histogram(ensemble, "sigma", log=True)
    assert axes.get_ylim()[0] >= axis_floor(paths)
    figure_of(axes).canvas.draw()


def test_every_process_can_be_drawn_on_small_axes_of_any_style(draw: Draw, name: str) -> None:
    figure = Figure(figsize=(6.4, 4.8), layout="constrained")
    FigureCanvasAgg(figure)
    ensemble = draw(name)
    for axes, (quantity, log) in zip(
        figure.subplots(2, 2).flat, [(q, log) for q in ("sigma", "xi") for log in (False, True)], strict=True
    ):
        assert histogram(ensemble, quantity, log=log, ax=axes) is axes
    figure.canvas.draw()
    assert all(axes.get_window_extent().width > 100 for axes in figure.axes)


def test_every_protocol_can_be_drawn(draw: Draw, protocol: str) -> None:
    ensemble = draw("qutrit", protocol=protocol)
    for quantity in ("sigma", "sigma_d", "xi", "heat"):
        if ensemble.law.records(quantity):
            figure_of(histogram(ensemble, quantity)).canvas.draw()
        else:
            with pytest.raises(NotRecorded, match=quantity):
                histogram(ensemble, quantity)


def test_the_legend_covers_no_data(draw: Draw, name: str) -> None:
    axes = histogram(draw(name), "sigma", log=True)
    figure_of(axes).canvas.draw()
    frame, page = axes.get_window_extent(), figure_of(axes).bbox
    box = legend_of(axes).get_window_extent()
    assert box.y0 >= frame.y1
    assert page.x0 <= box.x0
    assert box.x1 <= page.x1 + 1
    assert box.y1 <= page.y1 + 1
    (mean,) = [text for text in axes.texts if text.get_text().startswith(r"$\langle")]
    assert mean.get_window_extent().y1 <= box.y0 + 1


def test_an_unknown_quantity_is_named(draw: Draw) -> None:
    with pytest.raises(UnknownName, match="did you mean 'sigma'"):
        histogram(draw("qubit", paths=10), "sigmma")
    # Only what this ensemble has is suggested.
    with pytest.raises(UnknownName, match=r"known: sigma, sigma_d, xi, heat$"):
        histogram(draw("qubit", paths=10), "foo")


@pytest.mark.parametrize(
    "process", [n if n in EVERY_TIME else pytest.param(n, marks=pytest.mark.slow) for n in (*COLLISIONS, *JUMPS)]
)
def test_every_quantity_of_every_process_can_be_drawn(process: str) -> None:
    ensemble = ensemble_of(process)
    figure = Figure(figsize=(9, 9), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(4, 3).ravel()
    for place, quantity in enumerate(ensemble.quantities):
        axes = histogram(ensemble, quantity, log=bool(place % 2), ax=panels[place])
        assert axes.get_xlabel() == axis_label(quantity, reservoirs_of(ensemble))
        assert ("e^" in "".join(legend_texts(axes))) == (quantity in ("sigma", "sigma_d", "xi"))
    figure.canvas.draw()


def test_work_can_be_drawn_where_there_is_some() -> None:
    axes = histogram(ensemble_of("thermal"), "work")
    assert axes.get_xlabel() == "energy change plus heat $W$ (energy)"
    assert position(axes, "exact mean") == pytest.approx(ensemble_of("thermal").law.mean("work"))


@pytest.mark.parametrize("process", WITHOUT_LAW)
def test_without_a_law_exact_averages_come_from_density_matrices(process: str) -> None:
    axes = histogram(ensemble_of(process), "sigma")
    drawn = [str(one.get_label()) for one in (*axes.collections, *axes.lines, *axes.patches)]
    assert [label for label in drawn if "exact" in label] == ["exact mean"]
    exact = ExactAverages.of(ensemble_of(process), "sigma")
    assert position(axes, "exact mean") == exact.mean
    assert legend_texts(axes)[2] == "exact"


def test_the_heat_goes_into_the_bath_by_its_name() -> None:
    assert histogram(ensemble_of("driven"), "heat").get_xlabel() == "heat into cold $Q$ (energy)"
    assert histogram(ensemble_of("network"), "heat").get_xlabel() == "heat into all reservoirs $Q$ (energy)"


@pytest.mark.parametrize(("process", "log"), [*((name, True) for name in WITHOUT_LAW), ("driven", False)])
def test_of_a_large_system_without_a_law_nothing_exact_is_drawn(
    process: str, log: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("qtraj.plots.atoms.SMALL_SYSTEM", 1)
    ensemble = ensemble_of(process)
    axes = histogram(ensemble, "sigma", log=log)
    drawn = [one.get_label() for one in (*axes.collections, *axes.lines, *axes.patches)]
    assert not [label for label in drawn if "exact" in str(label)]
    assert axes.get_ylabel().startswith("frequency")
    assert legend_texts(axes)[:2] == ["", "sampled"]
    assert "exact" not in legend_texts(axes)
    mean = number_with_error(ensemble.mean("sigma"), (ensemble.variance("sigma") / ensemble.paths) ** 0.5)
    assert legend_texts(axes)[3] == f"${mean}$"
    # e^-sigma lives on rare paths: its sampled error is not to be shown as if it were known.
    assert r"\pm" not in legend_texts(axes)[5]
    assert legend_texts(axes)[5].startswith(r"$\approx")


def test_exact_averages_can_be_passed() -> None:
    ensemble = ensemble_of("driven")
    exact = ExactAverages.of(ensemble, "sigma")
    axes = histogram(ensemble, "sigma", exact=exact)
    assert position(axes, "exact mean") == exact.mean
    assert position(axes, "sampled mean") == ensemble.mean("sigma")
    assert legend_texts(axes)[2] == "exact"
    assert legend_texts(axes)[-1] == "$1$"
    assert not [one for one in axes.collections if "exact" in str(one.get_label())]
    only_mean = histogram(ensemble, "sigma", exact=ExactAverages(mean=exact.mean, variance=exact.variance))
    assert len(legend_texts(only_mean)) == 6
