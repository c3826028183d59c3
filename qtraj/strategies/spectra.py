"""Strategies for energies: ladders, degeneracies, resonances, any order, any zero."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from qtraj.arrays import FloatArray
from qtraj.errors import InvalidInput
from qtraj.quantum.spectrum import Spectrum
from qtraj.strategies.arguments import WholeRange, flag, real_range, whole_range

__all__ = ["energies", "spectra"]

# Gaps people would type, the simplest first: what `sampled_from` shrinks to.
SIMPLE_GAPS = (1.0, 2.0, 0.5, 3.0)

# Where the lowest energy lies; nothing physical depends on it, so code that does is wrong.
ZEROS = (0.0, -1.0, 2.5)


def energies(
    dimensions: WholeRange = (1, 4),
    *,
    degenerate: bool | None = None,
    resonances: bool | None = None,
    largest_gap: float = 10.0,
) -> st.SearchStrategy[FloatArray]:
    r"""Energy eigenvalues of a small system, as an array of shape (d,).

    Levels come in any order and with any zero of energy. They shrink towards 0, 1, 2, ... in ascending order.

    Args:
        dimensions: Number of energies d, or a pair (smallest, largest).
        degenerate: Whether some energy occurs twice; None for either.
        resonances: Whether two pairs of levels share a Bohr frequency :math:`\omega_{nm} = E_n - E_m`, as all
            neighbours of an equally spaced ladder do; None for either. Degenerate energies count as a resonance.
        largest_gap: Largest distance between neighbouring energies.

    Returns:
        A strategy of arrays.

    Raises:
        InvalidInput: If an argument is out of range, or the wishes contradict each other.

    Example:
        >>> from hypothesis import given, settings
        >>> @settings(deadline=None, max_examples=25)
        ... @given(energies(dimensions=(1, 4), degenerate=False))
        ... def test_levels_differ(levels):
        ...     assert np.diff(np.sort(levels)).min(initial=1.0) > 0
        >>> test_levels_differ()
    """
    low, high = whole_range(dimensions, "dimensions")
    gap, _ = real_range(largest_gap, "largest_gap", least=1e-9, most=1e9)
    if flag(degenerate, "degenerate") and flag(resonances, "resonances") is False:
        raise InvalidInput(
            "`resonances` must not be False where `degenerate` is True, because equal levels share every gap"
        )
    needed = 2 if degenerate else 3 if flag(resonances, "resonances") else 1
    if high < needed:
        wish = "`degenerate` energies need" if degenerate else "`resonances` need"
        raise InvalidInput(f"{wish} at least {needed} levels, but `dimensions` allows {high}", measured=float(high))
    return _energies(max(low, needed), high, degenerate, resonances, gap)


def spectra(
    dimensions: WholeRange = (1, 4),
    *,
    degenerate: bool | None = None,
    resonances: bool | None = None,
    largest_gap: float = 10.0,
) -> st.SearchStrategy[Spectrum]:
    """The same as `energies`, grouped into levels: a `Spectrum`.

    Args:
        dimensions: Number of energies d, or a pair (smallest, largest).
        degenerate: Whether some energy occurs twice; None for either.
        resonances: Whether two pairs of levels share a Bohr frequency; None for either.
        largest_gap: Largest distance between neighbouring energies.

    Returns:
        A strategy of spectra.

    Raises:
        InvalidInput: If an argument is out of range, or the wishes contradict each other.

    Example:
        >>> from hypothesis import given, settings
        >>> @settings(deadline=None, max_examples=25)
        ... @given(spectra(dimensions=(2, 4), degenerate=True))
        ... def test_levels_are_grouped(spectrum):
        ...     assert spectrum.is_degenerate and spectrum.degeneracies.sum() == spectrum.dimension
        >>> test_levels_are_grouped()
    """
    lists = energies(dimensions, degenerate=degenerate, resonances=resonances, largest_gap=largest_gap)
    return lists.map(lambda levels: Spectrum(energies=levels))


@st.composite
def _energies(
    draw: st.DrawFn, low: int, high: int, degenerate: bool | None, resonances: bool | None, largest_gap: float
) -> FloatArray:
    dimension = draw(st.sampled_from(range(low, high + 1)))
    if resonances is False:
        ruler = _golomb_ruler(dimension)
        unit = min(1.0, largest_gap / max(1.0, float(np.diff(ruler, prepend=0.0).max(initial=0.0))))
        levels = ruler * draw(st.just(unit) | st.floats(unit / 16, unit))
    else:
        gaps = draw(_gaps(dimension - 1, largest_gap))
        if degenerate is None and dimension > 1:
            degenerate = draw(st.sampled_from([False, False, True]))
        if degenerate:
            for closed in draw(st.lists(st.integers(0, dimension - 2), min_size=1, max_size=2)):
                gaps[closed] = 0.0
        elif resonances:
            gaps[1] = gaps[0]
        levels = np.concatenate([[0.0], np.cumsum(gaps)])
    if draw(st.booleans()):
        levels = levels[np.array(draw(st.permutations(range(dimension))))]
    return levels + draw(st.sampled_from(ZEROS))


def _gaps(count: int, largest_gap: float) -> st.SearchStrategy[list[float]]:
    """Gaps that people type (equal ones among them), or any floats."""
    simple = [gap for gap in SIMPLE_GAPS if gap <= largest_gap] or [largest_gap]
    typed = st.sampled_from(simple)
    ladder = st.sampled_from(simple).map(lambda gap: [gap] * count)
    free = st.floats(largest_gap / 1024, largest_gap)
    return ladder | st.lists(typed, min_size=count, max_size=count) | st.lists(free, min_size=count, max_size=count)


def _golomb_ruler(marks: int) -> FloatArray:
    """0, 1, 3, 7, 12, 20, ...: the smallest increasing whole numbers whose differences are all different."""
    ruler, differences = [0], set[int]()
    while len(ruler) < marks:
        candidate = ruler[-1] + 1
        while differences & {candidate - mark for mark in ruler}:
            candidate += 1
        differences |= {candidate - mark for mark in ruler}
        ruler.append(candidate)
    return np.array(ruler, dtype=np.float64)
