"""Where swept values stand: places, scales, and borders of cells; figures with them are tested in `test_sweep.py`."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from qtraj.plots.swept_axes import cell_edges, is_geometric, places_of, shortened


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


def test_long_names_and_signs_of_mathematics() -> None:
    assert shortened("a$b", 10) == r"a\$b"
    assert shortened("abcdef", 4) == "abc\N{HORIZONTAL ELLIPSIS}"
    assert shortened("a\nb", 4) == "a?b"
