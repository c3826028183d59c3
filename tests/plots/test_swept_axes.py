"""Where swept values stand: places, scales, and borders of cells; figures with them are tested in `test_sweep.py`."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text
from numpy.typing import NDArray

from qtraj.plots.style import axes_to_draw_on, figure_of
from qtraj.plots.swept_axes import cell_edges, is_geometric, name_ticks, places_of, set_scale, shortened


def array(*values: Any) -> NDArray[Any]:
    return np.asarray(values, dtype=float)


def test_numbers_stand_where_they_are_and_names_in_the_order_they_come() -> None:
    places, names = places_of(np.asarray([3, 1.5], dtype=object))
    assert (places.tolist(), names) == ([3.0, 1.5], None)
    places, names = places_of(np.asarray(["local", "global", "local"], dtype=object))
    assert (places.tolist(), names) == ([0.0, 1.0, 0.0], ["local", "global"])
    assert places_of(np.asarray([True, False], dtype=object))[1] == ["True", "False"], "truth values are no numbers"


@pytest.mark.parametrize(
    ("values", "geometric"),
    [((1, 10, 100), True), ((1, 3, 9), True), ((1, 2, 4), False), ((0, 1, 10), False), ((1, 10), False)],
)
def test_equal_ratios_over_nearly_a_decade(values: tuple[float, ...], geometric: bool) -> None:
    assert is_geometric(array(*values)) is geometric


@pytest.mark.parametrize("log", [False, True])
def test_every_value_is_in_its_cell(log: bool) -> None:
    for values in (array(0.2, 1.0), array(1e-3, 1.0, 2.0), array(5.0), array(7.0, 7.1, 90.0)):
        edges = cell_edges(values, log=log)
        assert edges.size == values.size + 1
        assert (edges[:-1] < values).all()
        assert (values < edges[1:]).all()
        assert edges[0] >= 0


def ticks_across(draw: Callable[[Axes], None]) -> list[Text]:
    """Labels below the axis of a map one column wide, whose other axis takes room too."""
    with axes_to_draw_on(None, height=2.9) as axes:
        draw(axes)
        figure_of(axes).colorbar(axes.pcolormesh([[0.0, 1e-6]]), label="what is shown")
    figure_of(axes).canvas.draw()
    low, high = axes.get_xlim()
    return [tick.label1 for tick in axes.xaxis.get_major_ticks() if low <= tick.get_loc() <= high]


def apart(labels: list[Text]) -> bool:
    boxes = sorted((label.get_window_extent() for label in labels), key=lambda box: box.x0)
    return all(one.x1 < other.x0 for one, other in pairwise(boxes))


@pytest.mark.parametrize("ends", [(-1.0, 1.0), (0.0, 1.0), (-3e-4, 0.0), (10.0, 70.0), (1e-5, 7e-5)])
@pytest.mark.parametrize("number", [3, 5, 7])
def test_labels_of_ticks_do_not_run_into_each_other(ends: tuple[float, float], number: int) -> None:
    values = np.linspace(*ends, number)

    def draw(axes: Axes) -> None:
        set_scale(axes, "x", values)
        edges = cell_edges(values, log=False)
        axes.set_xlim(edges[0], edges[-1])

    assert apart(ticks_across(draw))


def test_seven_thirds_would_run_into_each_other_if_all_were_written() -> None:
    """Negative control of the test above."""
    values = np.linspace(-1.0, 1.0, 7)

    def draw(axes: Axes) -> None:
        axes.set_xticks(values, [f"{value:.4g}" for value in values])
        axes.set_xlim(-1.2, 1.2)  # the borders of the cells

    assert not apart(ticks_across(draw))


def test_a_minus_is_no_hyphen() -> None:
    def draw(axes: Axes) -> None:
        set_scale(axes, "x", array(-0.5, 0.5))
        axes.set_xlim(-1.0, 1.0)

    assert [label.get_text() for label in ticks_across(draw)] == ["\N{MINUS SIGN}0.5", "0.5"]


@pytest.mark.parametrize(("names", "slanting"), [(["local", "global"], False), (["a rather long name"] * 5, True)])
def test_names_slant_where_they_need_to(names: list[str], slanting: bool) -> None:
    labels = ticks_across(lambda axes: name_ticks(axes, "x", np.arange(float(len(names))), names))
    assert {label.get_rotation() > 0 for label in labels} == {slanting}


def test_long_names_and_signs_of_mathematics() -> None:
    assert shortened("a$b", 10) == r"a\$b"
    assert shortened("abcdef", 4) == "abc\N{HORIZONTAL ELLIPSIS}"
    assert shortened("a\nb", 4) == "a?b"
