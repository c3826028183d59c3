r"""The premises of the uncertainty relations: which of them is a bound for a process, and why.

They are not assumed but looked at: whether jumps lead between single energy eigenstates and the start is stationary;
whether the joint law of entropy and current is its own mirror image, class by class; whether backward paths stay on
the support.

For parties that start in their own Gibbs states the entropy of the exchange relation is
:math:`\sum_r(\beta_r-\beta_S) Q_r + \beta_SW` (`qtraj.theorems.exchange`); that needs a process that is its own
reverse, as one with U = U^T is and one with a random U is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from qtraj.arrays import FloatArray
from qtraj.density.partners import exact_support_loss
from qtraj.errors import InvalidInput, NoFiniteLaw, NotRecorded
from qtraj.paths.law import PathLaw
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import MeasurementProtocol, Process
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.spectrum import group_values
from qtraj.theorems.exchange import exchange_theorem

__all__ = ["Scope", "exchange_defect", "scopes_of", "support_loss"]

# Probabilities of equal transitions are equal to rounding; a random U misses by a percent and more.
SYMMETRY_TOLERANCE = 1e-10

# Values of path quantities that are opposite in theory are so to a few units in the last place of the largest term.
VALUE_TOLERANCE = 1e-9

# Rates at which populations change, relative to the fastest exit; stationary states are computed to 1e-13.
STATIONARY_TOLERANCE = 1e-9

# A backward process that leaves the support with less weight than rounding does not leave it.
SUPPORT_TOLERANCE = 1e-12


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Whether a relation is a bound for a process, and why.

    Attributes:
        applies: Whether its premise holds.
        reason: One plain sentence.
        entropy: Path quantities that add up to the entropy that enters it, with their factors; none for the hysteretic
            one.
    """

    applies: bool
    reason: str
    entropy: tuple[tuple[str, float], ...] = (("sigma", 1.0),)


def scopes_of(
    process: Process, quantity: str, law: PathLaw | NoFiniteLaw, protocol: MeasurementProtocol
) -> dict[str, Scope]:
    """Which relations are bounds for this process, current and protocol, by name."""
    chain = _chain_objection(process)
    stationary = Scope(applies=not chain, reason=chain or "A classical jump process from its stationary state.")
    exchange = stationary
    if chain:
        exchange = _exchange_scope(process, quantity, law)
    lost = support_loss(process, law, protocol)
    reason = "The detailed theorem relates forward and backward process, whatever the dynamics."
    if lost > 0:
        reason += f" Backward paths leave the support with weight {lost:.3g}, so that the bound is 0 and says nothing."
    hysteretic = Scope(applies=True, reason=reason, entropy=())
    return {"stationary": stationary, "exchange": exchange, "hysteretic": hysteretic}


def exchange_defect(entropy: FloatArray, current: FloatArray, log_probabilities: FloatArray) -> float:
    r"""Largest :math:`|P(s, Q) - e^sP(-s, -Q)|` over all values: 0 for a law that is its own mirror image.

    Args:
        entropy: s of every class, shape (C,).
        current: Q of every class, shape (C,).
        log_probabilities: ln P of every class, shape (C,).

    Example:
        >>> values, logs = np.array([1.0, -1.0]), np.log([np.e / (1 + np.e), 1 / (1 + np.e)])
        >>> exchange_defect(values, values, logs) < 1e-15, exchange_defect(2 * values, values, logs) > 0.1
        (True, True)
    """
    both = []
    for values in (entropy, current):
        labels, count = group_values(
            np.concatenate([values, -values]), VALUE_TOLERANCE * float(np.abs(values).max(initial=0.0))
        )
        both.append((labels, count))
    joint = both[0][0] * both[1][1] + both[1][0]
    size = both[0][1] * both[1][1]
    own, mirrored = joint[: entropy.size], joint[entropy.size :]
    # The weight e^s of a value s is e^{-s'} of the class with s' = -s that it comes from.
    forward = np.bincount(own, weights=np.exp(log_probabilities), minlength=size)
    backward = np.bincount(mirrored, weights=np.exp(log_probabilities - entropy), minlength=size)
    return float(np.abs(forward - backward).max())


def _chain_objection(process: Process) -> str:
    """Why 2/Sigma is no bound here; empty if it is one."""
    if not isinstance(process, JumpProcess):
        return (
            "It is proved for classical jump processes that are homogeneous in time, and a "
            f"{process.kind} is none: it can be violated."
        )
    chain = process.chain
    if chain is None:
        return "Jumps lead into superpositions of energy eigenstates, so the process is not classical."
    state = process.system.energy_state.matrix
    coherence = float(np.abs(state - np.diag(np.diag(state))).max())
    if coherence > STATIONARY_TOLERANCE:
        return f"The start has coherence ({coherence:.3g}), so the process is not classical."
    populations = np.diag(state).real
    change = float(np.abs(chain.rate_matrix @ populations - chain.exits * populations).max())
    if change > STATIONARY_TOLERANCE * float(chain.exits.max(initial=0.0)):
        return f"The start is not stationary: populations change at a rate of up to {change:.3g}."
    return ""


def _exchange_scope(process: Process, quantity: str, law: PathLaw | NoFiniteLaw) -> Scope:
    """Whether the joint law of an entropy and the current is its own mirror image."""
    if isinstance(law, NoFiniteLaw):
        return Scope(
            applies=False,
            reason="Without an exact law nobody can see whether one and the same law obeys the exchange theorem.",
        )
    defects = {}
    for entropy in _candidates(process):
        with suppress(NotRecorded):
            values = np.sum([factor * law.quantity(name) for name, factor in entropy], axis=0)
            defects[entropy] = exchange_defect(values, law.quantity(quantity), law.log_forward)
    best = min(defects, key=lambda key: defects[key])
    if defects[best] <= SYMMETRY_TOLERANCE:
        words = " + ".join(name if factor == 1 else f"{factor:.6g} {name}" for name, factor in best)
        return Scope(
            applies=True, reason=f"One and the same law obeys the exchange theorem, with s = {words}.", entropy=best
        )
    return Scope(
        applies=False,
        reason=f"P(s, Q) differs from e^s P(-s, -Q) by up to {defects[best]:.3g} within this process: its backward "
        "process is another one.",
    )


def _candidates(process: Process) -> Iterator[tuple[tuple[str, float], ...]]:
    """Entropies that the exchange theorem may hold with."""
    yield (("sigma", 1.0),)
    if isinstance(process, ThermalOperation | CollisionModel):
        with suppress(InvalidInput):  # no Gibbs start, no thermal units, or no law: then there is no such entropy
            theorem = exchange_theorem(process)
            yield tuple(zip(theorem.quantities, theorem.exponents.tolist(), strict=True))


def support_loss(process: Process, law: PathLaw | NoFiniteLaw, protocol: MeasurementProtocol) -> float:
    """Weight of the backward paths that end outside the support of the forward ones; 0 where it is rounding."""
    lost = law.absolute_irreversibility if isinstance(law, PathLaw) else exact_support_loss(process, protocol)
    return lost if lost > SUPPORT_TOLERANCE else 0.0
