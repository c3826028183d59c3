r"""Exact averages of a jump process from its density matrices, without trajectories.

Mapping: over the duration, entropy production :math:`\Sigma = S(\rho') - S(\rho) + \sum_b\Delta S_b` with the entropy
:math:`\Delta S_b = \int\sum_{k\in b}s_kr_k\,dt` into every bath; its parts :math:`\Xi = C(\rho) - C(\rho')` and
:math:`\Sigma_d = \Sigma - \Xi` ([Santos19] Eqs. (22)-(25), which are the case of one thermal bath). Integrals come from
the exact integral of the state, never from integrating rates: those of pure states diverge. In the steady state
:math:`\nu`, heat currents :math:`tr[H\mathcal{L}_b(\nu)]` and entropy fluxes out of the baths.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import scipy.linalg
import scipy.sparse

from qtraj.arrays import ComplexArray, FloatArray, frozen
from qtraj.density.jump_rates import JumpRates, rates_in
from qtraj.density.plain import plain
from qtraj.density.record import Record
from qtraj.errors import InvalidInput, NoFiniteLaw, QtrajError
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.entropies import coherence, von_neumann_entropy
from qtraj.quantum.exponentials import connected_parts, exponential_action
from qtraj.quantum.generators import compact_liouvillian, liouvillian
from qtraj.quantum.matrices import dagger
from qtraj.quantum.stationary import StationarySet

__all__ = ["JumpProcessAverages", "integrated_state", "jump_process_averages", "stationary_set"]

_SCALARS = (
    "entropy_production",
    "population_entropy_production",
    "coherence_entropy_production",
    "initial_coherence",
    "final_coherence",
    "energy_change",
    "heat_into_environment",
    "mean_jumps",
    "probability_no_jump",
)


# Singular values of a generator are good to some 1e-16 of the largest.
SLOWEST_RESOLVED = 1e-12

NO_HEAT = "a jump of this bath has no definite heat"


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class JumpProcessAverages(Record):
    r"""Averages of a jump process, in nats and in the units of the energies given.

    Attributes:
        entropy_production: :math:`\Sigma` over the duration.
        population_entropy_production: :math:`\Sigma_d` over the duration.
        coherence_entropy_production: :math:`\Xi = C(\rho) - C(\rho')`.
        initial_coherence: :math:`C(\rho)`.
        final_coherence: :math:`C(\rho')`.
        energy_change: :math:`tr[H(\rho'-\rho)]`.
        entropy_into: Entropy into every bath over the duration, by name.
        heat_into: Heat into every bath over the duration as the jumps book it, None where a jump has no definite heat.
        heat_from: Energy out of every bath into the system over the duration, :math:`\int tr[H\mathcal{L}_b]\,dt`.
        mean_jumps: Mean number of jumps.
        probability_no_jump: Probability that no jump happens at all.
        initial_populations: Energy populations at the start, shape (d,).
        final_populations: Energy populations at the end, shape (d,).
        final_state: :math:`\rho'` in the basis the Hamiltonian was given in, shape (d, d).
        at_duration: Rates at the end.
        steady: Rates in the steady state reached from this start (its average over time if coherences keep
            oscillating), or None.
        steady_state: That state in the basis the Hamiltonian was given in, or None.
        steady_states: Dimension of the stationary set, 1 if the steady state is unique, or None.
        reasons: Why an entry is None, by name.
    """

    entropy_production: float
    population_entropy_production: float
    coherence_entropy_production: float
    initial_coherence: float
    final_coherence: float
    energy_change: float
    entropy_into: dict[str, float]
    heat_into: dict[str, float | None]
    heat_from: dict[str, float]
    mean_jumps: float
    probability_no_jump: float
    initial_populations: FloatArray
    final_populations: FloatArray
    final_state: ComplexArray
    at_duration: JumpRates
    steady: JumpRates | None
    steady_state: ComplexArray | None
    steady_states: int | None
    reasons: dict[str, str]

    @property
    def heat_into_environment(self) -> float | None:
        """Heat into all baths together over the duration."""
        heats = [heat for heat in self.heat_into.values() if heat is not None]
        return sum(heats) if len(heats) == len(self.heat_into) else None

    def to_json(self) -> dict[str, Any]:
        """Plain numbers for JSON: bath by bath under flat names, matrices as {"real", "imag"}, missing values None.

        Currents, fluxes, `populations` and `entropy_production_rate` are those of the steady state; under
        `at_duration` those at the end. `jump_heat_current_into_X` is heat as the jumps book it, per unit time.
        """
        out: dict[str, Any] = {name: getattr(self, name) for name in _SCALARS}
        for name, values in (
            ("heat_into", self.heat_into),
            ("heat_from", self.heat_from),
            ("entropy_into", self.entropy_into),
        ):
            # A bath called "environment" gives its name to its own flow; the total has a name of its own.
            out.update({f"{name}_{bath}": value for bath, value in values.items()})
        out["heat_into_all_baths"] = self.heat_into_environment
        out["initial_populations"] = plain(self.initial_populations)
        out["final_populations"] = plain(self.final_populations)
        out["final_state"] = plain(self.final_state)
        out.update(_flat(self.steady, list(self.heat_from)))
        out["steady_state"] = plain(self.steady_state)
        out["steady_states"] = self.steady_states
        out["at_duration"] = _flat(self.at_duration, list(self.heat_from))
        return out


def jump_process_averages(process: JumpProcess) -> JumpProcessAverages:
    """Compute every average of a jump process from its density matrices.

    Example:
        >>> from qtraj.models.santos19_davies import davies_qutrit
        >>> values = jump_process_averages(davies_qutrit())
        >>> round(values.entropy_production, 9), round(values.heat_into["environment"], 9)
        (0.300246948, 0.146102141)
    """
    spectrum = process.system.spectrum
    before, after = process.system.energy_state, process.final_energy_state
    start_coherence, end_coherence = coherence(before, spectrum), coherence(after, spectrum)
    flows = _telescoped(process, rates_in(process, integrated_state(process)))
    entropy_change = von_neumann_entropy(after) - von_neumann_entropy(before)
    produced = entropy_change + sum(flows.entropy_into.values())
    initial, final = np.diag(before.matrix).real.copy(), np.diag(after.matrix).real.copy()
    reasons = {f"heat_into_{bath}": NO_HEAT for bath, heat in flows.heat_into.items() if heat is None}
    if reasons:
        booked = [f"jump_{name.replace('heat_', 'heat_current_', 1)}" for name in reasons]
        reasons.update({f"{where}{name}": NO_HEAT for name in booked for where in ("", "at_duration.")})
        reasons["heat_into_all_baths"] = "a jump has no definite heat"
        reasons.setdefault("heat_into_environment", "a jump has no definite heat")

    at_duration = rates_in(process, after.matrix)
    if not np.isfinite(at_duration.entropy_production):
        reasons["at_duration.entropy_production_rate"] = "infinite: the final state is not of full rank yet"
    steady, state, count = None, None, None
    try:
        found = _resolved_stationary_set(process)
    except QtrajError as error:
        missing = ["steady_state", "steady_states", "populations", "entropy_production_rate"]
        flowing = ("heat_current_from", "entropy_flux", "jump_heat_current_into")
        missing += [f"{name}_{bath}" for name in flowing for bath in process.baths]
        reasons.update(dict.fromkeys(missing, str(error)))
    else:
        reached = found.reached_from(before.matrix)
        steady, state, count = rates_in(process, reached), process.system.in_given_basis(reached), found.count
    return JumpProcessAverages(
        entropy_production=produced,
        population_entropy_production=produced - (start_coherence - end_coherence),
        coherence_entropy_production=start_coherence - end_coherence,
        initial_coherence=start_coherence,
        final_coherence=end_coherence,
        energy_change=float(((final - initial) * spectrum.energies).sum()),
        entropy_into=flows.entropy_into,
        heat_into=flows.heat_into,
        heat_from=flows.heat_current_from,
        mean_jumps=float(flows.jump_rates.sum()),
        probability_no_jump=_probability_no_jump(process),
        initial_populations=frozen(initial),
        final_populations=frozen(final),
        final_state=frozen(process.final_state),
        at_duration=at_duration,
        steady=steady,
        steady_state=None if state is None else frozen(state),
        steady_states=count,
        reasons=reasons,
    )


def stationary_set(process: JumpProcess, bath: str | None = None) -> StationarySet:
    """Stationary states of the whole process, or of one bath on its own (without the Hamiltonian); energy eigenbasis.

    Raises:
        TooLarge: If the dimension exceeds 32.

    Example:
        >>> from qtraj.models.santos19_davies import davies_qutrit
        >>> stationary_set(davies_qutrit()).count
        1
    """
    own = [jump.operator for jump in process.jumps if bath in (None, jump.bath)]
    hamiltonian = process.hamiltonian if bath is None else np.zeros_like(process.hamiltonian)
    scale = max((float(np.linalg.norm(operator)) ** 2 for operator in own), default=0.0)
    return StationarySet.of(liouvillian(hamiltonian, own), scale=scale)


def _telescoped(process: JumpProcess, flows: JumpRates) -> JumpRates:
    """Flows into the bath of a finite law as differences between the ends: sums of many jumps lose digits."""
    try:
        chain = process.chain
        if chain is None or not process.jumps:
            return flows
        phi, chi, (stage,) = chain.potentials, chain.heat_potentials, process.stages()
    except NoFiniteLaw:
        return flows
    initial, final = (np.diag(state.matrix).real for state in (process.system.energy_state, process.final_energy_state))
    bath = str(stage.reservoir)
    entropy = {**flows.entropy_into, bath: float(((initial - final) * phi).sum())}
    heat = dict(flows.heat_into)
    if chi is not None:
        heat[bath] = float(((initial - final) * chi).sum())
    return replace(flows, entropy_into=entropy, heat_into=heat)


def _resolved_stationary_set(process: JumpProcess) -> StationarySet:
    """The stationary set, unless a jump is so slow that its effect drowns in the rounding of the generator.

    Raises:
        TooLarge: If the dimension exceeds 32.
        InvalidInput: If the rates span too many orders of magnitude.
    """
    found = stationary_set(process)
    rates = [float(np.linalg.norm(jump.operator)) ** 2 for jump in process.jumps]
    if rates and not found.is_unique:
        largest = max(*rates, float(np.ptp(process.system.spectrum.energies)))
        slowest = min(rates) / largest
        if slowest < SLOWEST_RESOLVED:
            raise InvalidInput(
                f"the slowest jump has {slowest:.3g} of the largest rate or frequency, and below "
                f"{SLOWEST_RESOLVED:.0e} its effect on the steady state is lost in rounding",
                measured=slowest,
            )
    return found


def integrated_state(process: JumpProcess) -> ComplexArray:
    r"""The exact :math:`\int_0^T\rho(t)\,dt` in the energy eigenbasis, shape (d, d), of trace T.

    Example:
        >>> from qtraj.models.santos19_davies import davies_qutrit
        >>> float(np.trace(integrated_state(davies_qutrit(duration=3.0))).real.round(12))
        3.0
    """
    d = process.system.dimension
    vector = process.system.energy_state.matrix.ravel()
    generator = scipy.sparse.csr_array(compact_liouvillian(process.hamiltonian, process.jump_operators))
    total = np.zeros_like(vector)
    # Part by part of what the generator connects: coherences turn fast, and must not blur populations that do not.
    for own in connected_parts(generator, vector):
        size = own.size
        # The exponential of [[L, v], [0, 0]] holds the integral of exp(L t) v in its last column.
        corner = scipy.sparse.csr_array((1, 1), dtype=np.complex128)
        border = scipy.sparse.csr_array(vector[own][:, None])
        bordered = scipy.sparse.block_array([[generator[own][:, own], border], [None, corner]], format="csr")
        unit = np.append(np.zeros(size, dtype=np.complex128), 1.0)
        column, scale = exponential_action(bordered, unit, process.duration)
        total[own] = np.exp(scale) * column[:-1]
    matrix = total.reshape(d, d)
    hermitian: ComplexArray = (matrix + dagger(matrix)) / 2
    return hermitian


def _probability_no_jump(process: JumpProcess) -> float:
    r""":math:`tr[G\rho G^\dagger]` with the no-jump operator :math:`G = e^{-iH_{eff}T}`."""
    state = process.system.energy_state
    amplitudes = scipy.linalg.expm(-1j * process.duration * process.effective_hamiltonian) @ state.vectors
    return float(((np.abs(amplitudes) ** 2) @ np.exp(state.log_eigenvalues)).sum())


def _flat(rates: JumpRates | None, baths: list[str]) -> dict[str, Any]:
    """Rates under flat names; all None without them."""
    out: dict[str, Any] = {
        "populations": None if rates is None else rates.populations.tolist(),
        "entropy_production_rate": None if rates is None else _finite(rates.entropy_production),
    }
    for bath in baths:
        out[f"heat_current_from_{bath}"] = None if rates is None else rates.heat_current_from[bath]
        out[f"entropy_flux_{bath}"] = None if rates is None else rates.entropy_flux[bath]
        out[f"jump_heat_current_into_{bath}"] = None if rates is None else rates.heat_into[bath]
    return out


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
