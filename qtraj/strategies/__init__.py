r"""Hypothesis strategies for quantum thermodynamics, in the manner of `hypothesis.extra.numpy`.

They are made to test *your* code: a simulator, a formula, another library. Plain arrays come from `energies`,
`density_matrices` and `unitary_matrices`; qtraj's own objects from `spectra`, `states`, `systems`, `environments`,
`unitaries` and `thermal_operations`. What they draw on purpose, because it is where mistakes hide:

- pure states, every rank in between, degenerate and nearly degenerate eigenvalues, a single level (d = 1);
- degenerate energies, equally spaced ladders (shared Bohr frequencies), energies in any order and from any zero;
- environments that resonate with the system and ones that do not, infinite and low temperature;
- the identity, swaps, partial swaps, exchanges, random interactions and Haar-random blocks, always with [U, H] = 0.

A failing example shrinks towards few levels, energies 0, 1, 2, ..., diagonal states and the identity. Arguments are
checked when a strategy is built, not when it is first drawn from; the message names the argument. Sizes are given as
one whole number or as a pair (smallest, largest), both included.

Needs Hypothesis: `pip install "qtraj[strategies]"`. Units: hbar = k_B = 1, any unit of energy, nats.

Example:
    The claim that the exponential average of the *population part* is 1 is false for coherent starts. Hypothesis finds
    a counterexample, and a small one:

    >>> from hypothesis import Phase, find, settings
    >>> from qtraj.paths.exact_law import exact_law
    >>> def claim_fails(operation):
    ...     return abs(exact_law(operation).exponential_average("sigma_d") - 1) > 1e-6
    >>> quick = settings(deadline=None, phases=[Phase.generate, Phase.shrink])
    >>> operation = find(thermal_operations(dimensions=2, ranks="full"), claim_fails, settings=quick)
    >>> operation.environment.dimension
    2
"""

from __future__ import annotations

try:
    import hypothesis as _hypothesis  # noqa: F401
except ImportError as error:
    raise ImportError(
        'qtraj.strategies needs Hypothesis, which is not installed; install it with `pip install "qtraj[strategies]"`'
    ) from error

from qtraj.strategies.operations import thermal_operations
from qtraj.strategies.parties import environments, systems
from qtraj.strategies.spectra import energies, spectra
from qtraj.strategies.states import density_matrices, states
from qtraj.strategies.unitaries import unitaries, unitary_matrices

__all__ = [
    "density_matrices",
    "energies",
    "environments",
    "spectra",
    "states",
    "systems",
    "thermal_operations",
    "unitaries",
    "unitary_matrices",
]
