"""Strategies for whole thermal operations."""

from __future__ import annotations

from typing import Any

from hypothesis import reject
from hypothesis import strategies as st
from numpy.typing import ArrayLike

from qtraj.errors import UnresolvedState
from qtraj.processes.seam import MeasurementProtocol
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import System
from qtraj.strategies.arguments import RealRange, WholeRange, kinds_of, real_range, whole_range
from qtraj.strategies.parties import LARGEST_INVERSE_TEMPERATURE, environments, systems
from qtraj.strategies.unitaries import UNITARY_KINDS, fitting_unitaries

__all__ = ["thermal_operations"]


def thermal_operations(
    dimensions: WholeRange = (1, 4),
    ranks: WholeRange | str | None = None,
    *,
    environment_dimensions: WholeRange = (1, 4),
    inverse_temperatures: RealRange = (0.0, 10.0),
    energies: ArrayLike | st.SearchStrategy[Any] | None = None,
    diagonal: bool = False,
    smallest: float = 1e-6,
    kinds: tuple[str, ...] | str | None = None,
) -> st.SearchStrategy[ThermalOperation]:
    r"""Thermal operations: a system in any state, an environment mostly resonant with it, a unitary with [U, H] = 0.

    Their final states are always resolved: the few operations with an eigenvalue that double precision cannot hold
    (`UnresolvedState`; they need a very cold environment or a tiny `smallest`, and a low rank) are left out.

    Args:
        dimensions: Number of levels of the system, or a pair (smallest, largest). Must be left out where `energies`
            is given.
        ranks: Rank of the initial state, or a pair; "full", 1 for pure states, None for every rank.
        environment_dimensions: Number of levels of the environment, or a pair.
        inverse_temperatures: Inverse temperature of the environment, or a pair; at least 0.
        energies: Energies of the system, or a strategy of them, instead of `dimensions`.
        diagonal: True for initial states without coherence only.
        smallest: No non-zero eigenvalue of the initial state is below this.
        kinds: Kinds of unitaries, as for `unitaries`; operations whose energies fit none of them are left out.

    Returns:
        A strategy of thermal operations.

    Raises:
        InvalidInput: If an argument is out of range.

    Example:
        >>> from hypothesis import given, settings
        >>> from qtraj.density.averages import averages
        >>> @settings(deadline=None, max_examples=25)
        ... @given(thermal_operations(dimensions=(1, 3)))
        ... def test_second_law(operation):
        ...     assert averages(operation).entropy_production > -1e-12
        >>> test_second_law()
    """
    sizes = whole_range(environment_dimensions, "environment_dimensions")
    betas = real_range(inverse_temperatures, "inverse_temperatures", least=0.0, most=LARGEST_INVERSE_TEMPERATURE)
    chosen = kinds_of(kinds, UNITARY_KINDS, "kinds")
    parties = systems(dimensions, ranks, energies=energies, diagonal=diagonal, smallest=smallest)
    return _thermal_operations(parties, sizes, betas, chosen)


@st.composite
def _thermal_operations(
    draw: st.DrawFn,
    parties: st.SearchStrategy[System],
    sizes: tuple[int, int],
    betas: tuple[float, float],
    kinds: tuple[str, ...],
) -> ThermalOperation:
    system = draw(parties)
    environment = draw(environments(sizes, inverse_temperatures=betas, resonant_with=system.spectrum.energies))
    unitary = draw(fitting_unitaries(system, environment, kinds))
    operation = ThermalOperation(system=system, environment=environment, unitary=unitary)
    try:
        # Every state that a path law or an average needs: the final one, and both with and without coherence.
        for protocol in (MeasurementProtocol.AUGMENTED, MeasurementProtocol.ENERGY):
            operation.endpoints(protocol)
    except UnresolvedState:
        reject()
    return operation
