"""Ranges of blocks are arithmetic: nothing goes through 1.5e10 blocks one by one."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.storage.plan import Part, all_blocks, common_block, united


def part(paths: int, blocks: list[list[int]], **how: Any) -> Part:
    return Part(seed=1, paths=paths, blocks=blocks, tables={}, **({"drawn_with": [{}]} | how))


@given(st.sets(st.integers(0, 15)), st.sets(st.integers(0, 15)))
def test_parts_behave_like_sets(one: set[int], other: set[int]) -> None:
    def ranges(numbers: set[int]) -> list[list[int]]:
        found: list[list[int]] = []
        for number in sorted(numbers):
            if found and found[-1][1] == number:
                found[-1][1] += 1
            else:
                found.append([number, number + 1])
        return found

    if not one or not other:
        return
    paths = 16 * 2**16 - 5
    first, second = part(paths, ranges(one)), part(paths, ranges(other), drawn_with=[{"numpy": "2"}])
    assert list(first.indices()) == sorted(one)
    assert first.size() == len(one)
    assert all(first.holds(number) == (number in one) for number in range(17))
    sizes = [block.size for block in all_blocks("explicit", paths)]
    assert first.own_paths("explicit") == sum(sizes[number] for number in one)
    assert common_block(first, second) == min(one & other, default=None)
    if not one & other:
        both = united(first, second)
        assert both.blocks == ranges(one | other)
        assert both.drawn_with == [{}, {"numpy": "2"}]
        assert both.whole("explicit") == (len(one | other) == 16)


def test_the_longest_run_takes_no_time() -> None:
    longest = part(10**15, [[0, 15258789063]])
    assert longest.whole("explicit")
    assert longest.own_paths("explicit") == 10**15
    assert part(10**15, [[0, 3]]).own_paths("counts") == 10**15


@pytest.mark.parametrize("blocks", [[[0, 0]], [[2, 1]], [[0, 2], [2, 3]], [[2, 3], [0, 1]], [[0, 2], [1, 3]]])
def test_ranges_ascend_and_are_apart(blocks: list[list[int]]) -> None:
    with pytest.raises(ValueError, match="must be ranges that ascend and do not touch"):
        part(10**9, blocks)
