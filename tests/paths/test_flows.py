"""What many collisions send into each reservoir: sums, and which of them are the same."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.paths.flows import FlowAxis, Flows


def after_all(steps: list[list[tuple[float, float | None]]]) -> tuple[FlowAxis, dict[tuple[int, ...], int]]:
    """The axis after all steps, and the entry of every sequence of choices."""
    axis, where = FlowAxis.start(), {(): 0}
    for step in steps:
        axis, entries = axis.after([entropy for entropy, _ in step], [heat for _, heat in step])
        where = {(*path, k): int(entries[k, old]) for path, old in where.items() for k in range(len(step))}
    return axis, where


@given(
    counts=st.lists(st.integers(1, 3), min_size=1, max_size=4),
    scale=st.sampled_from([1e-25, 1e-3, 1.0, 1e6]),
    beta=st.floats(0.1, 3.0),
)
def test_entries_are_the_sums_of_all_sequences(counts: list[int], scale: float, beta: float) -> None:
    """Integer multiples of one quantum meet again, whatever the unit of energy."""
    steps: list[list[tuple[float, float | None]]] = [
        [(beta * k, scale * k) for k in range(-count, count + 1)] for count in counts
    ]
    axis, where = after_all(steps)
    assert axis.size == 2 * sum(counts) + 1
    assert (np.diff(axis.entropies) > 0).all()
    for path, entry in where.items():
        quanta = sum(k - count for k, count in zip(path, counts, strict=True))
        assert axis.entropies[entry] == pytest.approx(beta * quanta, abs=1e-13)
        assert axis.heats[entry] == pytest.approx(scale * quanta, abs=1e-13 * scale)
    assert axis.entropy_error < 1e-13
    assert axis.heat_error <= 1e-13 * scale


def test_incommensurate_flows_do_not_meet() -> None:
    steps: list[list[tuple[float, float | None]]] = [[(0.0, None), (1.0, None), (np.sqrt(2), None), (np.pi, None)]] * 3
    axis, where = after_all(steps)
    assert axis.size == len({tuple(sorted(path)) for path in where}) == 20
    assert np.isnan(axis.heats[-1])


def test_one_entropy_may_come_with_several_heats() -> None:
    """At infinite temperature no heat carries entropy, and heats still count."""
    steps: list[list[tuple[float, float | None]]] = [[(0.0, -1.0), (0.0, 0.0), (0.0, 1.0)]] * 2
    axis, _ = after_all(steps)
    assert axis.size == 5
    assert sorted(axis.heats) == [-2, -1, 0, 1, 2]


@pytest.mark.parametrize(("gap", "size"), [(1e-6, 10), (1e-9, 10), (1e-13, 4)])
def test_nearly_equal_flows(gap: float, size: int) -> None:
    """They stay apart as long as they can be told apart; where they cannot, the axis knows by how much it is off."""
    steps: list[list[tuple[float, float | None]]] = [[(0.0, 0.0), (1.0, 1.0), (1.0 + gap, 1.0 + gap)]] * 3
    axis, where = after_all(steps)
    assert axis.size == size
    for path, entry in where.items():
        exact = sum((0.0, 1.0, 1.0 + gap)[k] for k in path)
        assert abs(axis.entropies[entry] - exact) <= axis.entropy_error + 1e-15
        assert abs(axis.heats[entry] - exact) <= axis.heat_error + 1e-15
    assert axis.entropy_error <= 3 * gap


def table() -> Flows:
    pairs = np.array(list(itertools.product([-1.0, 0.0, 1.0], [0.0, 2.0])))
    return Flows(reservoirs=("hot", "cold"), entropies=pairs * [0.5, 2.0], heats=pairs)


def test_columns_by_name() -> None:
    flows = table()
    assert flows.count == 6
    np.testing.assert_array_equal(flows.column("heat"), flows.heats.sum(axis=1))
    np.testing.assert_array_equal(flows.column("heat_into_cold"), flows.heats[:, 1])
    np.testing.assert_array_equal(flows.column("entropy_into_hot"), flows.entropies[:, 0])
    np.testing.assert_array_equal(flows.total_entropy, flows.entropies.sum(axis=1))
    for name in ("heat_into_warm", "hot", "entropy", "heat_into_"):
        assert flows.column(name) is None
    assert flows.names == ("heat", "heat_into_hot", "heat_into_cold")


def test_without_heat_the_entropy_is_named() -> None:
    flows = table()
    heats = flows.heats.copy()
    heats[:, 0] = np.nan
    partly = Flows(reservoirs=("hot", "cold"), entropies=flows.entropies, heats=heats)
    assert partly.names == ("heat_into_cold", "entropy_into_hot")
    assert partly.column("heat") is None
    assert np.isnan(partly.total_heat).all()


def test_of_a_single_reservoir_the_total_is_enough() -> None:
    flows = Flows(reservoirs=("bath",), entropies=np.zeros((2, 1)), heats=np.array([[0.0], [1.0]]))
    assert flows.names == ("heat",)
    with pytest.raises(ValueError, match="read-only"):
        flows.heats[0] = 1.0
