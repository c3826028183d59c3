r"""The exchange theorem: the joint law of the heats and of the work against its mirror image.

Mapping: start in a Gibbs state of inverse temperature :math:`\beta_S`, energy measured at both ends, heats :math:`q_r`
into reservoirs of inverse temperature :math:`\beta_r`, work :math:`w` (heat into all reservoirs plus the energy gained
by the system). Every path and its reverse obey local detailed balance, so that

.. math:: P(q, w) = e^{\sum_r(\beta_r-\beta_S)q_r + \beta_S w}\,\tilde P(-q, -w),

with :math:`\tilde P` the law of the *reversed* process (inverse steps in opposite order) from the same Gibbs state
[JarzynskiWojcik04]. This always holds. The form that is quoted more often has the process itself on both sides; it
needs a process that is its own reverse, which a Haar-random unitary, for one, does not make.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray, frozen
from qtraj.errors import InvalidInput, NotRecorded
from qtraj.paths.distribution import VALUE_TOLERANCE, Distribution
from qtraj.paths.exact_law import exact_law
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.collision_steps import CollisionStep
from qtraj.processes.seam import MeasurementProtocol
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import System
from qtraj.quantum.spectrum import group_values
from qtraj.quantum.unitaries import EnergyConservingUnitary

__all__ = ["ExchangeTheorem", "exchange_theorem"]

# Logarithms of populations computed from energies are good to some 1e-15 of the largest.
GIBBS_TOLERANCE = 1e-9

# Elements of unitaries are products of a few factors good to 1e-16 each.
SYMMETRY_TOLERANCE = 1e-10


@dataclass(frozen=True, kw_only=True)
class ExchangeTheorem:
    r"""By how much a joint law differs from :math:`e^{c\cdot x}` times its mirror image.

    Attributes:
        quantities: Names of the quantities x of the joint law: a heat per reservoir, and `work` if steps do any.
        exponents: The coefficient c of each, in nats per unit of the quantity.
        distance_same: Total-variation distance between P(x) and :math:`e^{c\cdot x}P(-x)`, the form with one process.
        distance_reversed: The same with the law of the reversed process on the right: rounding, always.
        in_scope: Whether the form with one process is a theorem for this process.
        scope: Why or why not, in one sentence.
        values: The values of x that occur on either side, ascending, shape (K, quantities).
        log_ratios: :math:`\ln P(x)/P(-x)` of the same process for every one of them, shape (K,); infinite where only
            one of the two occurs. In scope it is :math:`c\cdot x`.
    """

    quantities: tuple[str, ...]
    exponents: FloatArray
    distance_same: float
    distance_reversed: float
    in_scope: bool
    scope: str
    values: FloatArray
    log_ratios: FloatArray

    def __post_init__(self) -> None:
        """Make the arrays read-only."""
        for name in ("exponents", "values", "log_ratios"):
            object.__setattr__(self, name, frozen(getattr(self, name)))


def exchange_theorem(process: ThermalOperation | CollisionModel) -> ExchangeTheorem:
    r"""Hold the exact joint law of heats and work against its mirror image, of the same and of the reversed process.

    Args:
        process: A thermal operation or a collision model, from a Gibbs state of the whole system, with thermal units.

    Returns:
        Both distances, and whether the form with one and the same process is in its scope.

    Raises:
        InvalidInput: If the start is no Gibbs state.
        NotRecorded: If units are not thermal: their entropy is not beta times a heat.
        NoFiniteLaw: If the paths have no finite law.

    Example:
        >>> from qtraj.models import build_model
        >>> swap = exchange_theorem(build_model("two-qubit-exchange"))
        >>> swap.quantities, swap.exponents.round(12).tolist()
        (('heat',), [0.35])
        >>> swap.in_scope, bool(swap.distance_same < 1e-12), bool(swap.distance_reversed < 1e-12)
        (True, True, True)
    """
    if not isinstance(process, ThermalOperation | CollisionModel):
        raise InvalidInput(f"`process` must be a thermal operation or a collision model, but is {process!r:.80}")
    beta = _gibbs_temperature(process.system)
    betas = _bath_temperatures(process)
    backward = _reversed_from_the_same_start(process)
    law, other = (exact_law(one, protocol=MeasurementProtocol.ENERGY) for one in (process, backward))
    names = ("heat",) if len(betas) == 1 else tuple(f"heat_into_{name}" for name in betas)
    exponents = [own - beta for own in betas.values()]
    if _works(law.quantity("work"), law.quantity("heat")):
        names, exponents = (*names, "work"), [*exponents, beta]
    slopes = np.array(exponents)
    forward, reverse = law.distribution(*names), other.distribution(*names)
    values, logs, mirrored = _matched(forward, forward)
    same = _distance(values, logs, mirrored, slopes)
    in_scope, scope = _scope(process)
    return ExchangeTheorem(
        quantities=names,
        exponents=slopes,
        distance_same=same,
        distance_reversed=_distance(*_matched(forward, reverse), slopes),
        in_scope=in_scope,
        scope=scope,
        values=values,
        log_ratios=logs - mirrored,
    )


def _gibbs_temperature(system: System) -> float:
    """Inverse temperature of the initial state; 0 where all energies coincide."""
    state, spectrum = system.energy_state, system.spectrum
    weights = np.abs(state.vectors) ** 2
    first = np.argmax(weights, axis=0)
    outside = weights[spectrum.level_of[:, None] != spectrum.level_of[first][None, :]]
    if state.rank == state.dimension and float(outside.max(initial=0.0)) <= GIBBS_TOLERANCE:
        gaps, logs = spectrum.energies[first], state.log_eigenvalues
        gaps, logs = gaps - gaps[0], logs - logs[0]
        width = float(gaps[-1])
        beta = -float(logs[-1]) / width if abs(width) > spectrum.tolerance else 0.0
        if float(np.abs(logs + beta * gaps).max()) <= GIBBS_TOLERANCE * max(1.0, beta * width):
            return beta
    raise InvalidInput("`process` must start in a Gibbs state for the exchange theorem, but does not")


def _bath_temperatures(process: ThermalOperation | CollisionModel) -> dict[str, float]:
    """Inverse temperature of every reservoir, in the order of the law."""
    if isinstance(process, ThermalOperation):
        return {"environment": process.inverse_temperature}
    found = {}
    for name in process.met_reservoirs:
        reservoir = process.reservoirs[name]
        if not reservoir.is_thermal or reservoir.inverse_temperature is None:
            raise NotRecorded(f"the exchange theorem of heats needs thermal units, but those of {name} are not")
        found[name] = reservoir.inverse_temperature
    return found


def _reversed_from_the_same_start(process: ThermalOperation | CollisionModel) -> ThermalOperation | CollisionModel:
    if isinstance(process, ThermalOperation):
        return replace(process.reversed(), system=process.system)
    return replace(process.reversed(), composite=process.composite)


def _works(work: FloatArray, heat: FloatArray) -> bool:
    """Whether work is more than the rounding of heats."""
    return float(np.abs(work).max()) > VALUE_TOLERANCE * max(float(np.abs(heat).max()), np.finfo(float).tiny)


def _matched(one: Distribution, other: Distribution) -> tuple[FloatArray, FloatArray, FloatArray]:
    """All values x of `one` and -x of `other`, with ln P_one(x) and ln P_other(-x), -inf where there is none."""
    everything = np.concatenate([one.values, -other.values])
    label = np.zeros(everything.shape[0], dtype=np.int64)
    for column in everything.T:
        own, count = group_values(column, 10 * VALUE_TOLERANCE * float(np.abs(column).max()))
        label = np.unique(label * count + own, return_inverse=True)[1].reshape(-1).astype(np.int64)
    values = np.zeros((int(label.max()) + 1, everything.shape[1]))
    values[label[::-1]] = everything[::-1]
    logs = np.full((2, values.shape[0]), -np.inf)
    split = one.values.shape[0]
    logs[0, label[:split]], logs[1, label[split:]] = one.log_probabilities, other.log_probabilities
    return values, logs[0], logs[1]


def _distance(values: FloatArray, logs: FloatArray, mirrored: FloatArray, slopes: FloatArray) -> float:
    """Half the sum of the differences between P(x) and e^{c x} times the mirrored law."""
    with np.errstate(over="ignore"):
        return 0.5 * float(np.abs(np.exp(logs) - np.exp(mirrored + values @ slopes)).sum())


_Letter = tuple[str, frozenset[str], tuple[str, ...], ComplexArray]


def _scope(process: ThermalOperation | CollisionModel) -> tuple[bool, str]:
    """Whether a process is its own reverse, and why."""
    if isinstance(process, ThermalOperation):
        return _scope_of_one(process.unitary)
    if process.repeat == 1 and len(process.steps) == 1:
        step = process.steps[0]
        assert isinstance(step, CollisionStep)  # a model has at least one
        return _scope_of_one(step.unitary)
    letters = [_letter(process, position) for position in range(len(process.steps))]
    skew = max(float(np.abs(matrix - matrix.T).max()) for *_, matrix in letters)
    only = "only the reversed process is sure to answer"
    if skew > SYMMETRY_TOLERANCE:
        return False, f"A unitary differs from its transpose by up to {skew:.2g}: {only}."
    if not _equivalent(letters, letters[::-1]):
        return False, f"Read backwards, a round is another sequence of steps: {only}."
    return True, "All unitaries are symmetric and a round reads the same backwards: the process is its own reverse."


def _scope_of_one(unitary: EnergyConservingUnitary) -> tuple[bool, str]:
    chances = (np.abs(stack) ** 2 for stack in unitary.matrices)
    skew = max(float(np.abs(block - np.swapaxes(block, 1, 2)).max()) for block in chances)
    if skew > SYMMETRY_TOLERANCE:
        return False, (
            f"Transition probabilities differ by up to {skew:.2g} from those of the opposite transition: only the "
            "reversed process answers."
        )
    return True, "Transition probabilities are symmetric: the collision is its own reverse."


def _letter(model: CollisionModel, position: int) -> _Letter:
    """A step as something that can be compared: reservoir, subsystems, their order, unitary in energy eigenbases."""
    step = model.steps[position]
    order = tuple(step.on)
    if isinstance(step, CollisionStep):
        return step.reservoir, frozenset(order), order, step.unitary.matrix()
    return "", frozenset(order), order, step.energy_matrix(model.composite)


def _equivalent(one: Sequence[_Letter], other: Sequence[_Letter]) -> bool:
    """Whether two sequences are equal but for the order of steps that have no subsystem in common."""
    left = list(other)
    for letter in one:
        for position, candidate in enumerate(left):
            if _equal(letter, candidate):
                del left[position]
                break
            if letter[1] & candidate[1]:
                return False
        else:
            return False
    return not left


def _equal(one: _Letter, other: _Letter) -> bool:
    return (
        one[0] == other[0]
        and one[2] == other[2]
        and one[3].shape == other[3].shape
        and float(np.abs(one[3] - other[3]).max()) <= SYMMETRY_TOLERANCE
    )
