"""Lines of constant sum say which sum it is, beside the marks and not on them."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text

from qtraj.arrays import FloatArray
from qtraj.plots import joint_map
from qtraj.plots.constant_sums import draw_constant_sums
from qtraj.plots.style import axes_to_draw_on, figure_of
from tests.plots.other_processes import ensemble_of


def drawn_on(positions: FloatArray) -> Axes:
    """Marks and lines of constant sum on axes of their own."""
    with axes_to_draw_on(None, height=2.9) as axes:
        axes.scatter(positions[:, 0], positions[:, 1], s=20.0)
        axes.margins(0.08)
        assert draw_constant_sums(axes, "Q", positions) == bool(values_of(axes))
    figure_of(axes).canvas.draw()
    return axes


def values_of(axes: Axes) -> list[Text]:
    return [text for text in axes.texts if text.get_text().startswith("$Q =")]


def lines_of(axes: Axes) -> list[float]:
    """The sums that lines are drawn for."""
    return [sum(line.get_xy1()) for line in axes.lines if hasattr(line, "get_slope")]


def on_marks(axes: Axes, texts: list[Text]) -> int:
    """How many values lie on the middle of a mark, or on each other."""
    marks = np.concatenate([axes.transData.transform(one.get_offsets()) for one in axes.collections])
    boxes = [text.get_window_extent() for text in texts]
    covered = sum(bool(box.contains(*mark)) for box in boxes for mark in marks)
    return covered + sum(one.overlaps(other) for one, other in combinations(boxes, 2))


@pytest.mark.parametrize("process", ["thermal", "network", "relaxation"])
def test_every_line_of_a_map_has_its_value(process: str) -> None:
    axes = joint_map(ensemble_of(process), "heat_into_hot", "heat_into_cold")
    figure_of(axes).canvas.draw()
    assert lines_of(axes) == pytest.approx([sum(text.xy) for text in values_of(axes)])  # type: ignore[attr-defined]
    assert lines_of(axes)
    assert on_marks(axes, values_of(axes)) == 0


@pytest.mark.parametrize("seed", range(20))
def test_values_lie_on_no_mark_wherever_those_are(seed: int) -> None:
    rng = np.random.default_rng(seed)
    axes = drawn_on(rng.normal(size=(int(rng.integers(2, 60)), 2)) * 10.0 ** rng.uniform(-2, 2, size=2))
    texts = values_of(axes)
    assert lines_of(axes) == pytest.approx([sum(text.xy) for text in texts])  # type: ignore[attr-defined]
    assert on_marks(axes, texts) == 0
    frame = axes.get_window_extent()
    for text, box in ((text, text.get_window_extent()) for text in texts):
        assert box.y0 >= frame.y1 or (frame.x0 <= box.x0 < box.x1 <= frame.x1 and frame.y0 <= box.y0), text


def test_a_value_on_a_mark_is_noticed() -> None:
    """Negative control of the tests above."""
    axes = drawn_on(np.array([[0.0, 0.0], [1.0, 1.0], [1.0, 0.0], [0.0, 1.0]]))
    text = axes.text(0.0, 0.0, "$Q = 0$", ha="center", va="center")
    assert on_marks(axes, [text]) == 1


def test_where_marks_leave_no_room_there_is_no_line() -> None:
    dense = np.stack(np.meshgrid(np.linspace(0, 1, 30), np.linspace(0, 1, 30)), axis=-1).reshape(-1, 2)
    sums = lines_of(drawn_on(dense))
    assert sums
    assert min(sums) > 0.9, "those that come in through the top alone"
    assert min(lines_of(drawn_on(dense[[0, 29, 870, 899]]))) < 0.9, "its corners leave room"
