"""Which blocks a stored run consists of: one part a seed, and of each part the blocks that are this folder's to draw.

Most runs have one part with all its blocks. A pooled run has several parts; a run drawn piece by piece (on machines
that know nothing of each other, to be merged later) has some of the blocks.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, Field, model_validator

from qtraj.errors import InvalidInput
from qtraj.experiment.schema import Table, refusal
from qtraj.paths.blocks import (
    COUNT_BLOCK_ENDS,
    ROW_BLOCK_PATHS,
    Block,
    check_paths,
    check_seed,
    count_blocks,
    row_blocks,
)

__all__ = ["Part", "all_blocks", "block_plan", "check_range", "common_block", "united"]

Whole: TypeAlias = Annotated[int, Field(ge=0)]
Checksum: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


def all_blocks(sampler: str, paths: int) -> Sequence[Block]:
    """The blocks of a whole run; a lazy sequence."""
    return count_blocks(paths) if sampler == "counts" else row_blocks(paths)


def block_plan(sampler: str) -> dict[str, Any]:
    """How runs are cut into blocks, for the manifest: another version of qtraj might do it in another way."""
    return {"ends": list(COUNT_BLOCK_ENDS)} if sampler == "counts" else {"paths": ROW_BLOCK_PATHS}


class Part(Table):
    """The blocks of one seed.

    Keys:
        seed: The seed.
        paths: Number of paths of the whole run of that seed, which decides where its blocks end.
        blocks: Ranges of blocks that belong to this folder, first and end each, ascending and apart.
        tables: Checksums of the probability tables that its blocks are drawn from, by name.
        drawn_with: Versions and processors that its blocks were drawn with, the first one first.
    """

    seed: Annotated[int, BeforeValidator(check_seed)]
    paths: Annotated[int, BeforeValidator(check_paths)]
    blocks: Annotated[list[Annotated[list[Whole], Field(min_length=2, max_length=2)]], Field(min_length=1)]
    tables: dict[str, Checksum]
    drawn_with: Annotated[list[dict[str, Any]], Field(min_length=1)]

    @model_validator(mode="after")
    def _ranges_ascend(self) -> Part:
        borders = [border for own in self.blocks for border in own]
        # Ranges that touch are one range, so that equal runs have equal manifests.
        if any(low >= high for low, high in pairwise(borders)):
            raise refusal("`{path}.blocks` must be ranges that ascend and do not touch, but are not")
        return self

    def size(self) -> int:
        """Number of blocks."""
        return sum(end - first for first, end in self.blocks)

    def holds(self, index: int) -> bool:
        """Whether a block belongs to this part."""
        return any(first <= index < end for first, end in self.blocks)

    def indices(self) -> Iterator[int]:
        """Numbers of its blocks, ascending."""
        for first, end in self.blocks:
            yield from range(first, end)

    def whole(self, sampler: str) -> bool:
        """Whether it has all blocks of its run."""
        return self.blocks == [[0, len(all_blocks(sampler, self.paths))]]

    def own_paths(self, sampler: str) -> int:
        """Number of paths in its blocks, without going through all of them."""
        blocks = all_blocks(sampler, self.paths)
        return sum(blocks[end - 1].start + blocks[end - 1].size - blocks[first].start for first, end in self.blocks)


def check_range(text: str, sampler: str, paths: int) -> list[list[int]]:
    """Read a range of blocks, `first:end`, of a run of so many paths.

    Raises:
        InvalidInput: If it is no range, or goes beyond the run.

    Example:
        >>> check_range("0:2", "explicit", 10**6)
        [[0, 2]]
    """
    number = len(all_blocks(sampler, paths))
    parts = text.split(":")
    if len(parts) != 2 or not all(part.isdecimal() and len(part) < 20 for part in parts):
        raise InvalidInput(f"a range of blocks must be written first:end, from 0:{number}, but is {text[:40]!r}")
    first, end = map(int, parts)
    if not first < end <= number:
        raise InvalidInput(f"a range of blocks must lie within 0:{number} and not be empty, but is {text}")
    return [[first, end]]


def common_block(one: Part, other: Part) -> int | None:
    """The first block that two parts both have, or None."""
    common = [
        max(first, begin)
        for first, end in one.blocks
        for begin, stop in other.blocks
        if max(first, begin) < min(end, stop)
    ]
    return min(common, default=None)


def united(one: Part, other: Part) -> Part:
    """The blocks of two parts of one run that have none in common."""
    drawn_with = [*one.drawn_with, *(machine for machine in other.drawn_with if machine not in one.drawn_with)]
    ranges: list[list[int]] = []
    for first, end in sorted([*one.blocks, *other.blocks]):
        if ranges and ranges[-1][1] == first:
            ranges[-1] = [ranges[-1][0], end]
        else:
            ranges.append([first, end])
    return one.model_copy(update={"blocks": ranges, "drawn_with": drawn_with})
