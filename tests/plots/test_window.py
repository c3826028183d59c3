"""The window of a histogram: every path is in it or counted, and rare ones never crush the others."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from qtraj.arrays import FloatArray, IntArray
from qtraj.plots.window import SPARE, Window, choose_window

TAIL = 5e-4

# The bulk, from 0 to 4.
VALUES = np.arange(5.0)
COUNTS = np.array([1000, 2000, 4000, 2000, 1000])


def with_rare(place: float, paths: int = 1) -> tuple[FloatArray, IntArray]:
    """The bulk, and a rare value somewhere else."""
    values, counts = np.append(VALUES, place), np.append(COUNTS, paths)
    order = np.argsort(values)
    return values[order], counts[order]


def window(values: FloatArray, counts: IntArray) -> Window:
    return choose_window(values, counts, None, paths=int(counts.sum()), tail=TAIL)


def test_a_rare_path_nearby_is_in_view() -> None:
    for place in (-4.0 * SPARE, 4.0 + 4.0 * SPARE):
        assert window(*with_rare(place)) == Window(atoms=slice(0, 6), below=0, above=0)


def test_a_rare_path_far_away_is_counted() -> None:
    assert window(*with_rare(-1.0, 3)) == Window(atoms=slice(1, 6), below=3, above=0)
    assert window(*with_rare(5.0, 2)) == Window(atoms=slice(0, 5), below=0, above=2)


def test_what_is_near_is_shown_although_more_is_far() -> None:
    values, counts = with_rare(-0.5)
    found = window(np.concatenate([[-80.0], values, [4.5, 90.0]]), np.concatenate([[2], counts, [1, 3]]))
    assert found == Window(atoms=slice(1, 8), below=2, above=3)


def test_what_is_not_rare_is_never_left_out() -> None:
    """However far away it is."""
    assert window(*with_rare(1000.0, 6)) == Window(atoms=slice(0, 6), below=0, above=0)


def test_beside_a_single_value_everything_is_in_view() -> None:
    values, counts = np.array([-3.0, 0.0, 7.0]), np.array([1, 10**6, 2])
    assert window(values, counts) == Window(atoms=slice(0, 3), below=0, above=0)


def test_what_the_law_allows_but_nobody_saw_makes_no_axis_longer() -> None:
    values, counts = with_rare(4.5, 0)
    with np.errstate(divide="ignore"):
        logs = np.log(np.where(counts > 0, counts, 1e-3) / 10**4)
    assert choose_window(values, counts, logs, paths=10**4, tail=TAIL).atoms == slice(0, 5)
    counts[-1] = 1
    assert choose_window(values, counts, logs, paths=10**4, tail=TAIL).atoms == slice(0, 6)


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 10**6)), min_size=1, max_size=30), st.floats(0, 0.01))
def test_every_path_is_in_view_or_counted(atoms: list[tuple[int, int]], tail: float) -> None:
    seen = dict(atoms) | {99: 1}
    values = np.array(sorted(seen), dtype=np.float64)
    counts = np.array([seen[int(value)] for value in values])
    found = choose_window(values, counts, None, paths=int(counts.sum()), tail=tail)
    assert counts[found.atoms].sum() + found.below + found.above == counts.sum()
    assert max(found.below, found.above) <= max(tail * counts.sum(), 0)
    assert values[found.atoms].size
