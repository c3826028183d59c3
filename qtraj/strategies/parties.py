"""Strategies for systems and environments, the latter resonant with the former or not."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from qtraj.arrays import FloatArray
from qtraj.quantum.matrices import dagger
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.spectrum import Spectrum, energies_of
from qtraj.quantum.states import State
from qtraj.strategies.arguments import LARGEST_DIMENSION, RealRange, WholeRange, rank_range, real_range, whole_range
from qtraj.strategies.bases import bases
from qtraj.strategies.spectra import energies as energy_lists
from qtraj.strategies.states import states

__all__ = ["environments", "systems"]

# A bound only so that a typing error is noticed: times a gap of 10 this is a population of exp(-1e7).
LARGEST_INVERSE_TEMPERATURE = 1e6


def systems(
    dimensions: WholeRange = (1, 4),
    ranks: WholeRange | str | None = None,
    *,
    energies: ArrayLike | st.SearchStrategy[Any] | None = None,
    diagonal: bool = False,
    smallest: float = 1e-6,
) -> st.SearchStrategy[System]:
    """Systems: energies, or a Hamiltonian that is not diagonal, and a state of any rank.

    Args:
        dimensions: Number of levels, or a pair (smallest, largest). Must be left out where `energies` is given.
        ranks: Rank of the state, or a pair; "full", 1 for pure states, None for every rank.
        energies: One list of energies, or a strategy of them (with room for the smallest rank); by default
            `energies(dimensions)`.
        diagonal: True for states without coherence in the energy eigenbasis only.
        smallest: No non-zero eigenvalue of the state is below this.

    Returns:
        A strategy of systems.

    Raises:
        InvalidInput: If an argument is out of range.
        InvalidSpectrum: If `energies` is no list of energies.

    Example:
        >>> from hypothesis import given, settings
        >>> @settings(deadline=None, max_examples=25)
        ... @given(systems(ranks="full", energies=[0.0, 1.0, 2.0]))
        ... def test_a_qutrit(system):
        ...     assert system.dimension == system.outcomes.vectors.shape[1] == 3
        >>> test_a_qutrit()
    """
    if isinstance(energies, st.SearchStrategy):
        levels: st.SearchStrategy[Any] = energies
        allowed = (1, LARGEST_DIMENSION)
        real_range(smallest, "smallest", least=1e-300, most=1.0)
        states(allowed, ranks, diagonal=diagonal, smallest=1e-300)
    else:
        fixed = None if energies is None else energies_of(energies)
        allowed, _ = rank_range(ranks, whole_range(dimensions, "dimensions") if fixed is None else 2 * (fixed.size,))
        levels = energy_lists(allowed) if fixed is None else st.just(fixed)
        states(allowed, ranks, diagonal=diagonal, smallest=smallest)
    return _systems(levels, ranks, diagonal, smallest)


def environments(
    dimensions: WholeRange = (1, 4),
    *,
    inverse_temperatures: RealRange = (0.0, 10.0),
    resonant_with: ArrayLike | None = None,
) -> st.SearchStrategy[Environment]:
    r"""Thermal environments: ladders, spins and lists of energies.

    Args:
        dimensions: Number of levels, or a pair (smallest, largest).
        inverse_temperatures: Inverse temperature :math:`\beta`, or a pair (smallest, largest); at least 0.
        resonant_with: Energies of a system. Most environments then have gaps in common with it, so that something is
            exchanged; the others have not, so that nothing is.

    Returns:
        A strategy of environments.

    Raises:
        InvalidInput: If an argument is out of range.
        InvalidSpectrum: If `resonant_with` is no list of energies.

    Example:
        >>> from hypothesis import given, settings
        >>> @settings(deadline=None, max_examples=25)
        ... @given(environments(dimensions=(1, 8), inverse_temperatures=(0.0, 50.0)))
        ... def test_populations_are_normalised(environment):
        ...     assert abs(np.exp(environment.log_populations).sum() - 1) < 1e-12
        >>> test_populations_are_normalised()
    """
    sizes = whole_range(dimensions, "dimensions")
    betas = real_range(inverse_temperatures, "inverse_temperatures", least=0.0, most=LARGEST_INVERSE_TEMPERATURE)
    system = None if resonant_with is None else energies_of(resonant_with, "resonant_with")
    return _environments(sizes, betas, system)


@st.composite
def _systems(
    draw: st.DrawFn, levels: st.SearchStrategy[Any], ranks: WholeRange | str | None, diagonal: bool, smallest: float
) -> System:
    energies = energies_of(draw(levels))
    state = draw(states(energies.size, ranks, diagonal=diagonal, smallest=smallest))
    if not draw(st.booleans()):
        return System(energies=energies, state=state)
    basis = draw(bases(energies.size))
    hamiltonian = (basis * energies) @ dagger(basis)
    turned = State(log_eigenvalues=state.log_eigenvalues, vectors=basis @ state.vectors)
    return System(hamiltonian=(hamiltonian + dagger(hamiltonian)) / 2, state=turned)


@st.composite
def _environments(
    draw: st.DrawFn, sizes: tuple[int, int], betas: tuple[float, float], system: FloatArray | None
) -> Environment:
    gaps = _positive_gaps(system)
    beta = draw(_inverse_temperatures(*betas))
    kinds = ["ladder", "gaps", "list"]
    counts = [count for count in range(1, 7) if sizes[0] <= 2**count <= sizes[1]]
    if counts:
        kinds.insert(1, "spins")
    if system is not None and sizes[0] <= system.size <= sizes[1]:
        kinds.insert(0, "copy")
    kind = draw(st.sampled_from(kinds))
    if kind == "copy":
        return Environment(energies=np.asarray(system), inverse_temperature=beta)
    if kind == "spins":
        count, gap = draw(st.sampled_from(counts)), draw(st.sampled_from(gaps))
        return Environment.spins(count=count, splitting=gap, inverse_temperature=beta)
    if kind == "list":
        return Environment(energies=draw(energy_lists(sizes)), inverse_temperature=beta)
    size = draw(st.sampled_from(range(sizes[0], sizes[1] + 1)))
    if kind == "ladder":
        return Environment.ladder(levels=size, spacing=draw(st.sampled_from(gaps)), inverse_temperature=beta)
    steps = draw(st.lists(st.sampled_from([*gaps, 0.0]), min_size=size - 1, max_size=size - 1))
    return Environment(energies=np.concatenate([[0.0], np.cumsum(steps)]), inverse_temperature=beta)


def _positive_gaps(system: FloatArray | None) -> list[float]:
    """The system's gaps, each once; 1 if it has none."""
    if system is None:
        return [1.0, 2.0]
    frequencies, _ = Spectrum(energies=system).bohr_frequencies()
    return [float(frequency) for frequency in frequencies if frequency > 0] or [1.0]


def _inverse_temperatures(low: float, high: float) -> st.SearchStrategy[float]:
    simple = [beta for beta in (1.0, 0.5, 2.0, high, 0.0) if low <= beta <= high]
    free = st.floats(low, high)
    return st.sampled_from(simple) | free if simple else free
