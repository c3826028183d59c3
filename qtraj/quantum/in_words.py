"""Numbers and levels in a few words: for the `repr` of what has more of them than anyone reads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from qtraj.quantum.spectrum import Spectrum

__all__ = ["levels_in_words", "listed"]

MOST_LISTED = 6
"""More numbers than this are no longer read."""


def listed(values: Iterable[float]) -> str:
    """Numbers to four digits, the first of many.

    Example:
        >>> listed([0.0, 1 / 3, 1.0]), listed(range(100))
        ('0, 0.3333, 1', '0, 1, 2, 3, 4, ..., 99')
    """
    numbers = [f"{value:.4g}" for value in values]
    if len(numbers) > MOST_LISTED:
        numbers = [*numbers[: MOST_LISTED - 1], "...", numbers[-1]]
    return ", ".join(numbers)


def levels_in_words(spectrum: Spectrum) -> str:
    """How many states, and their energies; each once if there are many.

    Example:
        >>> from qtraj.quantum.spectrum import Spectrum
        >>> levels_in_words(Spectrum(energies=[0.0, 1.0, 1.0])), levels_in_words(Spectrum(energies=[0.0] * 8))
        ('3 states, energies 0, 1, 1', '8 states, energy 0')
    """
    number = spectrum.dimension
    energies = spectrum.energies if number <= MOST_LISTED else spectrum.levels
    words = "energies" if energies.size > 1 else "energy"
    return f"{number:,} state{'s' if number != 1 else ''}, {words} {listed(energies.tolist())}"
