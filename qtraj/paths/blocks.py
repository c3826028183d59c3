"""A run is a pure function of (experiment, mode, seed, number of paths): the blocks that make it so.

A run of N paths is cut into blocks whose borders depend on N alone, never on the workers. Each block owns its random
numbers, keyed by what it is and not by who computes it:

- a full block k:           SeedSequence(entropy=seed, spawn_key=(stream, k))
- the unfinished tail k:    SeedSequence(entropy=seed, spawn_key=(stream, k, size))

Full blocks are therefore common to all runs of one seed and may be kept when a run is extended. The tail is keyed by
its size too, so a longer run draws it afresh: an extended run equals a fresh one of the same length, number by number,
but it is *not* a superset of the shorter run. Without the size in the key, a longer run would use the tail's numbers
for other counts, and runs of different lengths would be correlated where they look independent.

`Stream` tells the modes apart, so that counts, explicit and followed paths of one seed are independent samples, which
may be tested against each other.
"""

from __future__ import annotations

import enum
import math
import numbers
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, overload

import numpy as np

from qtraj.errors import InvalidInput

__all__ = [
    "COUNT_BLOCK_ENDS",
    "MOST_PATHS",
    "ROW_BLOCK_PATHS",
    "Block",
    "Stream",
    "check_paths",
    "check_seed",
    "count_blocks",
    "generator",
    "row_blocks",
]

MOST_PATHS: Final = 10**15
"""Most paths in one run: every count is then exact as a double (below 2^53 = 9.0e15), and far below 1e17, from where on
NumPy's binomial is not to be trusted."""

ROW_BLOCK_PATHS: Final = 2**16
"""Paths in a full block of rows: ten columns of it stay in a few megabytes, and drawing it takes some milliseconds."""

COUNT_BLOCK_ENDS: Final = (2**20, 2**40, 2**53)
"""Where the blocks of a counts run end. Counts cost the same for any number of paths, so few and uneven blocks are
best: 10^12 paths are two blocks, and a run extended past 2^20 or 2^40 keeps what was drawn before."""

_SEED_BITS: Final = 128
"""SeedSequence gives the seed four 32-bit words before it appends the spawn key. A longer seed would run into the key,
and two different pairs of seed and key could then share their random numbers."""

_EXACT_FLOATS: Final = 2**53
"""Above this not every whole number is a double, so a float no longer says which whole number was meant."""


class Stream(enum.IntEnum):
    """The kinds of random numbers a run may need. The values are part of every stored run: add, never renumber.

    Example:
        >>> int(Stream.FOLLOWED)
        2
    """

    COUNTS = 0
    """Counts over the classes of the law."""
    EXPLICIT = 1
    """One row per path, drawn from the law."""
    FOLLOWED = 2
    """Paths followed measurement by measurement, knowing nothing of the law."""
    LABELS = 3
    """Refining the counts of classes to counts of labelled paths."""
    EXPAND = 4
    """The random order in which counts are laid out as rows."""
    BACKWARD = 5
    """Paths of the reversed process."""
    TILTED = 6
    """Paths followed under a tilt that favours rare ones."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """A consecutive piece of a run: paths `start` to `start + size - 1`.

    Attributes:
        index: Number of the block in its run, from 0.
        start: First path of the block, from 0.
        size: How many paths it holds, at least 1.
        full: Whether the block reaches its border. Only the last block of a run may be unfinished.
    """

    index: int
    start: int
    size: int
    full: bool


@dataclass(frozen=True)
class _RowBlocks(Sequence[Block]):
    """The row blocks of a run, made when asked for: a run of 10^15 paths has 1.5e10 of them."""

    paths: int

    def __len__(self) -> int:
        return -(-self.paths // ROW_BLOCK_PATHS)

    @overload
    def __getitem__(self, index: int) -> Block: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Block]: ...
    def __getitem__(self, index: int | slice) -> Block | Sequence[Block]:
        # range knows all about negative indices, slices and the error for an index out of range.
        number = range(len(self))[index]
        return self._block(number) if isinstance(number, int) else tuple(map(self._block, number))

    def __iter__(self) -> Iterator[Block]:
        return map(self._block, range(len(self)))

    def _block(self, index: int) -> Block:
        start = index * ROW_BLOCK_PATHS
        size = min(ROW_BLOCK_PATHS, self.paths - start)
        return Block(index=index, start=start, size=size, full=size == ROW_BLOCK_PATHS)


def row_blocks(paths: int) -> Sequence[Block]:
    """Return the blocks of a run with one row per path: 2^16 paths each, the last one possibly unfinished.

    Args:
        paths: Number of paths, from 1 to 10^15.

    Returns:
        A lazy sequence of blocks in order; it takes no memory of its own.

    Raises:
        InvalidInput: If `paths` is not a whole number in that range.

    Example:
        >>> [block.size for block in row_blocks(200_000)]
        [65536, 65536, 65536, 3392]
        >>> row_blocks(200_000)[-1].full
        False
        >>> len(row_blocks(10**15))
        15258789063
    """
    return _RowBlocks(check_paths(paths))


def count_blocks(paths: int) -> Sequence[Block]:
    """Return the blocks of a run that only counts: they end at 2^20, 2^40 and 2^53 paths.

    Args:
        paths: Number of paths, from 1 to 10^15.

    Returns:
        At most three blocks in order, the last one possibly unfinished.

    Raises:
        InvalidInput: If `paths` is not a whole number in that range.

    Example:
        >>> [(block.start, block.size, block.full) for block in count_blocks(10**12)]
        [(0, 1048576, True), (1048576, 999998951424, False)]
    """
    paths = check_paths(paths)
    blocks = []
    start = 0
    for index, end in enumerate(COUNT_BLOCK_ENDS):
        blocks.append(Block(index=index, start=start, size=min(end, paths) - start, full=paths >= end))
        if paths <= end:
            break
        start = end
    return tuple(blocks)


def generator(block: Block, seed: int, stream: Stream) -> np.random.Generator:
    """Return the random numbers that belong to a block.

    The bit generator is PCG64DXSM, which NumPy recommends for very many parallel streams: in its predecessor PCG64,
    still NumPy's default, streams whose states share their low bits are visibly correlated. A double costs 10 % more.

    Args:
        block: The block, whose index (and size, if unfinished) keys the numbers.
        seed: The seed of the run, from 0 to 2^128 - 1.
        stream: What the numbers are for; different streams share none.

    Returns:
        A fresh generator; equal arguments give equal numbers.

    Raises:
        InvalidInput: If `seed` is not a whole number in its range.

    Example:
        >>> block = row_blocks(10)[0]
        >>> first = generator(block, 7, Stream.EXPLICIT).random()
        >>> first == generator(block, 7, Stream.EXPLICIT).random()
        True
        >>> first == generator(block, 7, Stream.FOLLOWED).random()
        False
    """
    key = (int(stream), block.index) if block.full else (int(stream), block.index, block.size)
    return np.random.Generator(np.random.PCG64DXSM(np.random.SeedSequence(entropy=check_seed(seed), spawn_key=key)))


def check_paths(paths: object) -> int:
    """Return a number of paths as an integer, or say why it is none.

    Args:
        paths: A whole number from 1 to 10^15; floats that are whole, such as 1e12, will do.

    Returns:
        The same number as a Python integer.

    Raises:
        InvalidInput: For anything else, with the offending number as `measured` where there is one.

    Example:
        >>> check_paths(1e12)
        1000000000000
        >>> check_paths(-5)
        Traceback (most recent call last):
            ...
        qtraj.errors.InvalidInput: `paths` must be a whole number from 1 to 10^15, but it is -5
    """
    return _whole_number("paths", paths, 1, MOST_PATHS, "from 1 to 10^15")


def check_seed(seed: object) -> int:
    """Return a seed as an integer, or say why it is none.

    Args:
        seed: A whole number from 0 to 2^128 - 1; whole floats will do up to 2^53.

    Returns:
        The same number as a Python integer.

    Raises:
        InvalidInput: For anything else, with the offending number as `measured` where there is one.

    Example:
        >>> check_seed(7)
        7
        >>> check_seed(-1)
        Traceback (most recent call last):
            ...
        qtraj.errors.InvalidInput: `seed` must be a whole number from 0 to 2^128 - 1, but it is -1
    """
    return _whole_number("seed", seed, 0, 2**_SEED_BITS - 1, f"from 0 to 2^{_SEED_BITS} - 1")


def _whole_number(name: str, value: object, low: int, high: int, interval: str) -> int:
    must = f"`{name}` must be a whole number {interval}, but it is"
    # True is an int in Python, yet a run of True paths is a mistake and not a wish for one path.
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, numbers.Real):
        raise InvalidInput(f"{must} {value!r}, of type {type(value).__name__}")
    if isinstance(value, numbers.Integral):
        whole = int(value)
    else:
        measured = float(value)
        if not math.isfinite(measured):
            raise InvalidInput(f"{must} {measured}", measured=measured)
        if measured != math.floor(measured):
            raise InvalidInput(f"{must} {measured!r}", measured=measured)
        if abs(measured) > _EXACT_FLOATS:
            raise InvalidInput(f"{must} the float {measured!r}, too large to be exact", measured=measured)
        whole = int(measured)
    if not low <= whole <= high:
        shown = str(whole) if abs(whole) < 10**40 else f"{'-' if whole < 0 else ''}10^{math.log10(abs(whole)):.0f}"
        raise InvalidInput(f"{must} {shown}", measured=_as_float(whole))
    return whole


def _as_float(whole: int) -> float:
    try:
        return float(whole)
    except OverflowError:  # an integer of more than 308 digits
        return math.inf if whole > 0 else -math.inf
