r"""What all compiled kernels of jump trajectories share: their random numbers, and tables without reference counts.

What looks unusual in the kernels is on purpose:

- Helpers are inlined by force, have a single exit where they loop, and get their tables without reference counts
  (`bare`). Counting references otherwise takes longer than what most helpers do.
- Loops over vectors count with unsigned integers. A signed index might be negative, and mean the end of the array;
  asking that at every element keeps the compiler from using vector instructions.
- Real and imaginary parts are apart (first axis 0 and 1), which is what vector instructions want.
- Arrays that are only read are read-only in Python too: numba compiles a separate version for writable ones, and
  workers get theirs from read-only memory maps.
- The engines' loops unpack their tables first, and each has its own lines that record and count a jump: handed to an
  inlined function, tables and all, the same lines made whole engines slower by up to a fifth.

Every path owns its random numbers: xoshiro256++ whose 256 bits of state are hashed from the block's key and the number
of the path in the block. Paths may therefore be followed in any pieces and any order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numba
import numpy as np

from qtraj.arrays import FloatArray, IntArray
from qtraj.paths.compiling import inlined, kernel

__all__ = [
    "ONE",
    "bare",
    "draw_rows",
    "search",
    "seed",
    "settle",
    "uniform",
    "uniforms",
]

_Tables = TypeVar("_Tables")


if TYPE_CHECKING:

    def bare(tables: _Tables) -> _Tables:
        """Type of the function below."""

else:

    @numba.extending.intrinsic
    def bare(_context: Any, tables: Any) -> Any:
        """The same named tuple, its arrays without the reference counts that would go up and down with every use.

        Only for arguments of a kernel, which its caller holds for as long as it runs: what a kernel allocates itself
        is freed as soon as nobody counts it.
        """

        def generate(context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
            (value,) = arguments
            for place, kind in enumerate(tables.types):
                if isinstance(kind, numba.types.Array):
                    array = context.make_array(kind)(context, builder, builder.extract_value(value, place))
                    array.meminfo = array.meminfo.type(None)
                    array.parent = array.parent.type(None)
                    value = builder.insert_value(value, array._getvalue(), place)
            return value

        return tables(tables), generate


_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_U12, _U17, _U19, _U23, _U27, _U30, _U31, _U41, _U45 = (np.uint64(n) for n in (12, 17, 19, 23, 27, 30, 31, 41, 45))
ONE = np.uint64(1)
_HALF_STEP = 2.0**-53


@inlined
def _hashed(key: np.uint64, path: int) -> np.uint64:
    """SplitMix64's output number `path` when it starts at `key`."""
    z = key + (np.uint64(path) + ONE) * _GOLDEN
    z = (z ^ (z >> _U30)) * _MIX_1
    z = (z ^ (z >> _U27)) * _MIX_2
    return z ^ (z >> _U31)


@inlined
def _open_unit(bits: np.uint64) -> float:
    # 52 bits and a half: never 0 or 1, and 1 - u is as exact as u.
    return float(bits >> _U12) * (2.0 * _HALF_STEP) + _HALF_STEP


@inlined
def uniform(state: Any) -> float:
    """Next number of xoshiro256++, in (0, 1)."""
    s0, s1, s2, s3 = state[0], state[1], state[2], state[3]
    total = s0 + s3
    result = ((total << _U23) | (total >> _U41)) + s0
    shifted = s1 << _U17
    s2 ^= s0
    s3 ^= s1
    s1 ^= s2
    s0 ^= s3
    state[0], state[1], state[2], state[3] = s0, s1, s2 ^ shifted, (s3 << _U45) | (s3 >> _U19)
    return _open_unit(result)


@inlined
def seed(state: Any, key: Any, path: int) -> None:
    """Begin the random numbers of a path."""
    for word in range(4):
        state[word] = _hashed(key[word], path)


@kernel
def uniforms(key: Any, first: int, out: FloatArray) -> None:
    """The first number of every path's own stream; for tests, and to measure what random numbers cost."""
    state = np.empty(4, dtype=np.uint64)
    for path in range(out.size):
        seed(state, key, first + path)
        out[path] = uniform(state)


@inlined
def search(cumulative: FloatArray, row: int, low: int, end: int, value: float) -> int:
    """First of the places `low` to `end - 1` of a row whose cumulative weight exceeds `value`; else the last."""
    high = end - 1
    while high - low > 8:
        middle = (low + high) // 2
        if value >= cumulative[row, middle]:
            low = middle + 1
        else:
            high = middle
    found = low
    for place in range(low, high):  # the processor would guess half of the branches wrong
        found += value >= cumulative[row, place]
    return found


@kernel
def draw_rows(key: np.uint64, first: int, cumulative: FloatArray, row: IntArray, out: IntArray) -> None:
    """For every path one outcome with the cumulative weights of its row."""
    width = cumulative.shape[1]
    for path in range(out.size):
        value = _open_unit(_hashed(key, first + path)) * cumulative[row[path], width - 1]
        out[path] = search(cumulative, row[path], 0, width, value)


@inlined
def settle(values: FloatArray, net: IntArray, booked: FloatArray, path: int) -> None:
    """Write down what a path sent into the baths, and forget it."""
    # Whole numbers of quanta are added up first: paths with the same quanta then have the same entropy to the last bit.
    for quantity in range(booked.shape[1]):
        total = 0.0
        for kind in range(net.size):
            total += net[kind] * values[kind, quantity]
        booked[path, quantity] = total
    for kind in range(net.size):
        net[kind] = 0
