"""Blocks: the same paths whatever the workers, full blocks shared by all lengths, tails redrawn, streams apart."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.errors import InvalidInput
from qtraj.paths.blocks import (
    COUNT_BLOCK_ENDS,
    MOST_PATHS,
    ROW_BLOCK_PATHS,
    Block,
    Stream,
    check_paths,
    check_seed,
    count_blocks,
    generator,
    row_blocks,
)
from qtraj.paths.splitting import SplittingTree

row_numbers = st.integers(1, 20 * ROW_BLOCK_PATHS) | st.sampled_from(
    [ROW_BLOCK_PATHS - 1, ROW_BLOCK_PATHS, ROW_BLOCK_PATHS + 1]
)
count_numbers = st.integers(1, MOST_PATHS) | st.sampled_from(
    [2**20 - 1, 2**20, 2**20 + 1, 2**40, 2**40 + 1, MOST_PATHS]
)


def assert_tile(blocks: list[Block], paths: int) -> None:
    assert [block.index for block in blocks] == list(range(len(blocks)))
    assert blocks[0].start == 0
    for earlier, later in pairwise(blocks):
        assert later.start == earlier.start + earlier.size
    assert blocks[-1].start + blocks[-1].size == paths
    assert all(block.size >= 1 for block in blocks)
    assert all(block.full for block in blocks[:-1])


@given(paths=row_numbers)
def test_row_blocks_tile_the_run(paths: int) -> None:
    blocks = list(row_blocks(paths))
    assert_tile(blocks, paths)
    assert all(block.full == (block.size == ROW_BLOCK_PATHS) for block in blocks)


@given(paths=count_numbers)
def test_count_blocks_tile_the_run(paths: int) -> None:
    blocks = list(count_blocks(paths))
    assert_tile(blocks, paths)
    for block, end in zip(blocks, COUNT_BLOCK_ENDS, strict=False):
        assert block.full == (block.start + block.size == end)


def test_a_trillion_counted_paths_are_two_blocks() -> None:
    assert len(count_blocks(1e12)) == 2  # type: ignore[arg-type]


def test_row_blocks_are_lazy_but_otherwise_a_sequence() -> None:
    blocks = row_blocks(MOST_PATHS)
    assert len(blocks) == -(-MOST_PATHS // ROW_BLOCK_PATHS)
    assert blocks[-1] == blocks[len(blocks) - 1]
    assert not blocks[-1].full
    assert [block.index for block in blocks[5:8]] == [5, 6, 7]
    assert next(iter(blocks)) == blocks[0]
    with pytest.raises(IndexError):
        blocks[len(blocks)]


def numbers_of(block: Block, seed: int = 7, stream: Stream = Stream.EXPLICIT) -> tuple[float, ...]:
    return tuple(generator(block, seed, stream).random(4).tolist())


@given(paths=row_numbers, more=st.integers(1, 3 * ROW_BLOCK_PATHS))
def test_extending_keeps_full_blocks_and_redraws_the_tail(paths: int, more: int) -> None:
    short, long = list(row_blocks(paths)), list(row_blocks(paths + more))
    for before, after in zip(short, long, strict=False):
        if before.full:
            assert before == after
            assert numbers_of(before) == numbers_of(after)
        else:
            assert before != after
            assert numbers_of(before) != numbers_of(after)


def test_an_extended_counts_run_equals_a_fresh_one() -> None:
    """Keep what the short run drew in its full blocks, draw the others: the long run, number by number."""
    tree = SplittingTree([0.5, 0.3, 0.2])

    def draw(block: Block) -> list[int]:
        counts: list[int] = tree.counts(block.size, generator(block, 11, Stream.COUNTS)).tolist()
        return counts

    for short, long in ((2**20 + 5, 2**40 + 9), (2**20 - 1, 2**20 + 1), (3000, 4000)):
        kept = {block: draw(block) for block in count_blocks(short) if block.full}
        extended = [kept.get(block) or draw(block) for block in count_blocks(long)]
        assert extended == [draw(block) for block in count_blocks(long)]
        tail = count_blocks(short)[-1]
        assert tail.full or draw(tail) not in extended


def test_streams_seeds_and_blocks_share_no_numbers() -> None:
    blocks = [*row_blocks(3 * ROW_BLOCK_PATHS), Block(index=2, start=2 * ROW_BLOCK_PATHS, size=5, full=False)]
    seeds = (0, 1, 2**32, 2**64, 2**128 - 1)
    drawn = {numbers_of(block, seed, stream) for block in blocks for seed in seeds for stream in Stream}
    assert len(drawn) == len(blocks) * len(seeds) * len(Stream)


def test_stream_numbers_never_change() -> None:
    """They key the random numbers of stored runs."""
    assert {stream.name: stream.value for stream in Stream} == {
        "COUNTS": 0,
        "EXPLICIT": 1,
        "FOLLOWED": 2,
        "LABELS": 3,
        "EXPAND": 4,
        "BACKWARD": 5,
        "TILTED": 6,
    }


def test_the_key_of_a_block_is_the_documented_one() -> None:
    full, tail = row_blocks(ROW_BLOCK_PATHS + 3)
    for block, key in ((full, (1, 0)), (tail, (1, 1, 3))):
        sequence = np.random.SeedSequence(entropy=9, spawn_key=key)
        expected = np.random.Generator(np.random.PCG64DXSM(sequence)).random(4)
        assert numbers_of(block, 9) == tuple(expected.tolist())


@pytest.mark.parametrize("paths", [1, 10**15, 1e12, np.int64(5), np.float64(1e15), np.uint8(7), Fraction(6, 2)])
def test_whole_numbers_of_paths_are_taken(paths: Any) -> None:
    checked = check_paths(paths)
    assert type(checked) is int
    assert checked == paths


@pytest.mark.parametrize(
    ("paths", "measured"),
    [
        (0, 0.0),
        (-5, -5.0),
        (10**15 + 1, 1e15 + 1),
        (2e15, 2e15),
        (1e300, 1e300),
        (10**400, math.inf),
        (-(10**400), -math.inf),
        (math.inf, math.inf),
        (-math.inf, -math.inf),
        (float("1e400"), math.inf),
        (1.5, 1.5),
        (np.float64(0.1), 0.1),
    ],
    ids=lambda number: f"{number}"[:20],
)
def test_other_numbers_of_paths_are_refused_with_the_number(paths: Any, measured: float) -> None:
    with pytest.raises(InvalidInput, match=r"`paths` must be a whole number from 1 to 10\^15, but it is") as raised:
        check_paths(paths)
    assert raised.value.measured == measured
    assert len(str(raised.value)) < 120


@pytest.mark.parametrize("paths", [True, np.bool_(True), "1000", b"5", None, [5], 1 + 0j, np.array([3])])
def test_what_is_no_number_is_refused_as_paths(paths: Any) -> None:
    with pytest.raises(InvalidInput, match=f"of type {type(paths).__name__}") as raised:
        check_paths(paths)
    assert raised.value.measured is None


def test_nan_is_refused_as_paths() -> None:
    with pytest.raises(InvalidInput, match="but it is nan") as raised:
        check_paths(math.nan)
    assert raised.value.measured is not None
    assert math.isnan(raised.value.measured)


@pytest.mark.parametrize("seed", [0, 7, 2**128 - 1, 12.0, np.uint64(2**64 - 1)])
def test_seeds_are_taken(seed: Any) -> None:
    assert check_seed(seed) == seed


@pytest.mark.parametrize("seed", [-1, 2**128, 0.5, math.nan, math.inf, 1e30, True, "7", None])
def test_wrong_seeds_are_refused(seed: Any) -> None:
    with pytest.raises(InvalidInput, match="`seed` must be a whole number from 0"):
        check_seed(seed)
    with pytest.raises(InvalidInput, match="`seed` must be a whole number from 0"):
        generator(row_blocks(5)[0], seed, Stream.COUNTS)


@pytest.mark.parametrize("blocks", [row_blocks, count_blocks])
def test_blocks_check_the_number_of_paths(blocks: Any) -> None:
    with pytest.raises(InvalidInput, match="`paths` must"):
        blocks(0)
