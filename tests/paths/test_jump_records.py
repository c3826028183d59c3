"""Ragged records of jumps."""

from __future__ import annotations

import pytest

from qtraj.errors import InvalidInput
from qtraj.paths.jump_records import JumpRecords


def records() -> JumpRecords:
    return JumpRecords(col_times=[0.5, 0.7, 0.1], col_which=[0, 1, 0], offsets=[0, 2, 2, 3])


def test_each_trajectory_has_its_own_slice() -> None:
    times, which = records()[0]
    assert (times.tolist(), which.tolist()) == ([0.5, 0.7], [0, 1])
    assert records()[1][0].size == 0
    assert records()[-1][0].tolist() == [0.1]
    with pytest.raises(IndexError):
        records()[3]


def test_counts_and_joins() -> None:
    assert records().counts(3).tolist() == [[1, 1, 0], [0, 0, 0], [1, 0, 0]]
    whole = JumpRecords.joined([records(), records()])
    assert len(whole) == 6
    assert whole.jumps.tolist() == [2, 0, 1, 2, 0, 1]
    assert whole[4][0].size == 0
    assert whole[5][1].tolist() == [0]
    assert len(JumpRecords.joined([])) == 0


def test_records_are_read_only() -> None:
    with pytest.raises(ValueError, match="read-only"):
        records().col_times[0] = 1.0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"col_which": [0, 1]}, "one entry a jump"),
        ({"offsets": [0, 2, 1, 3]}, "never fall"),
        ({"offsets": [1, 2, 3]}, "begin with 0"),
        ({"offsets": [0, 2]}, "number of jumps 3"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(change: dict[str, list[int]], message: str) -> None:
    given = {"col_times": [0.5, 0.7, 0.1], "col_which": [0, 1, 0], "offsets": [0, 2, 2, 3]} | change
    with pytest.raises(InvalidInput, match=message):
        JumpRecords(**given)
