r"""Jump processes: a system under continuous watch of its baths, in continuous time.

Mapping: Hamiltonian H, jump operators :math:`L_k` (rates included) with entropies :math:`s_k` and heats :math:`q_k`
into their baths, density matrix :math:`\dot\rho = -i[H, \rho] + \sum_k(L_k\rho L_k^\dagger -
\tfrac12\{L_k^\dagger L_k, \rho\})`. A path is :math:`(\alpha, t_1 k_1, t_2 k_2, \ldots, \beta)` with
:math:`\sigma = \ln p_\alpha - \ln p'_\beta + \sum_i s_{k_i}`.

Every jump has its reverse among the jumps, with a rate smaller by :math:`e^{-s_k}`. The theorem :math:`\langle
e^{-\sigma}\rangle = 1` follows from that alone and holds whatever the Hamiltonian: it cannot see a wrong one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from qtraj.arrays import ComplexArray, FloatArray, IntArray, frozen
from qtraj.errors import InvalidInput, NoFiniteLaw, TooLarge
from qtraj.processes.between_states import BetweenStates
from qtraj.processes.energy_chain import EnergyChain
from qtraj.processes.seam import Stage
from qtraj.processes.summary import system_summary
from qtraj.quantum.channels import DETAILED_BALANCE_TOLERANCE, Channel, Jump
from qtraj.quantum.generators import computed_state, effective_hamiltonian, evolve
from qtraj.quantum.in_words import listed
from qtraj.quantum.matrices import dagger
from qtraj.quantum.outcomes import Outcomes
from qtraj.quantum.parties import System
from qtraj.quantum.scalars import instance_of, real_number
from qtraj.quantum.states import State

__all__ = ["JumpProcess"]

# An operator turned into the energy eigenbasis carries errors of some 1e-15 of its largest element; below 1e-13 of it
# nothing tells a small element from none.
ELEMENT_CUT = 1e-13

# A generator is good to 1e-16 of its largest rate or frequency, and its exponential to that times the duration.
LARGEST_EVENTS = 1e9
LARGEST_PERIODS = 1e7

# An operator moves the energy by one definite amount if [H, L] = -qL to this, relative to the energies.
LADDER_TOLERANCE = 1e-10


@dataclass(frozen=True, kw_only=True, eq=False)
class JumpProcess(BetweenStates):
    """A system with baths that act on it through jumps, for a given duration.

    Args:
        system: The system and its initial state.
        channels: What the baths do, both directions in one entry; operators in the basis of the Hamiltonian.
        duration: How long, positive.

    Raises:
        InvalidInput: If the duration is not positive, an operator does not fit the system, or a bath is given two
            temperatures.

    Example:
        A qubit that starts excited and cools down.

        >>> from qtraj.quantum.davies import davies_channels
        >>> qubit = System(energies=[0.0, 1.0], state=State.pure([0.0, 1.0]))
        >>> process = JumpProcess(system=qubit, channels=davies_channels([0.0, 1.0], 2.0, [[0, 1, 0.5]]), duration=1.0)
        >>> process.final_state.real.diagonal().round(6).tolist()
        [0.692552, 0.307448]
        >>> [jump.entropy for jump in process.jumps]
        [2.0, -2.0]
    """

    system: System
    channels: tuple[Channel, ...]
    duration: float

    def __post_init__(self) -> None:
        """Check that everything fits together."""
        instance_of(self.system, System, "system")
        if not isinstance(self.channels, Iterable):
            raise InvalidInput(f"`channels` must be a list of Channel objects, but is {self.channels!r:.80}")
        object.__setattr__(self, "channels", tuple(self.channels))
        duration = real_number(self.duration, "duration", finite=False)
        if not (np.isfinite(duration) and duration > 0):
            raise InvalidInput(f"`duration` must be positive and finite, but is {duration:.6g}", measured=duration)
        object.__setattr__(self, "duration", duration)
        temperatures: dict[str, float] = {}
        for position, channel in enumerate(self.channels):
            if not isinstance(channel, Channel):
                raise InvalidInput(f"`channels` must hold Channel objects, but entry {position} is {channel!r:.80}")
            if channel.dimension != self.system.dimension:
                raise InvalidInput(
                    f"`channels` must act on {self.system.dimension} levels, but the operator of entry {position} "
                    f"(bath {channel.bath!r}) has shape {channel.operator.shape}"
                )
            beta = channel.inverse_temperature
            if beta is not None and temperatures.setdefault(channel.bath, beta) != beta:
                raise InvalidInput(
                    f"a bath must have one temperature, but {channel.bath!r} has inverse temperatures "
                    f"{temperatures[channel.bath]:.9g} and {beta:.9g}",
                    measured=beta,
                )

        self._refuse_contradictions(temperatures)
        self._refuse_unresolved(duration)

    def _refuse_contradictions(self, temperatures: Mapping[str, float]) -> None:
        """Refuse jumps whose rates say another temperature than the one their bath has by another channel."""
        for jump in self.jumps:
            if jump.heat is None or jump.bath not in temperatures:
                continue
            beta = temperatures[jump.bath]
            defect = abs(jump.entropy - beta * jump.heat)
            if defect > DETAILED_BALANCE_TOLERANCE * max(1.0, abs(jump.entropy)):
                raise InvalidInput(
                    f"a bath must have one temperature, but {jump.bath!r} has inverse temperature {beta:.9g}, and a "
                    f"jump that gives it the energy {jump.heat:.6g} has ln(rate/reverse_rate) {jump.entropy:.9g} "
                    f"instead of {beta * jump.heat:.9g}",
                    measured=defect,
                )

    def _refuse_unresolved(self, duration: float) -> None:
        """Refuse durations over which rounding of rates or frequencies becomes an error of order one."""
        rates = [float(np.linalg.norm(jump.operator)) ** 2 for jump in self.jumps]
        events = max(rates, default=0.0) * duration
        if not self._telescopes and not events <= LARGEST_EVENTS:
            raise TooLarge(
                f"`duration` must be at most {LARGEST_EVENTS:.0e} times the fastest jump's mean waiting time, but is "
                f"{events:.3g} times as long; the steady state needs no duration",
                measured=events,
            )
        periods = float(np.ptp(self.system.spectrum.energies)) * duration
        if self.chain is None and not periods <= LARGEST_PERIODS:
            raise TooLarge(
                f"`duration` times the width of the spectrum must be at most {LARGEST_PERIODS:.0e} where jumps act on "
                f"superpositions, but is {periods:.3g}; use a rotating frame",
                measured=periods,
            )

    @property
    def kind(self) -> str:
        """What this process is called in files and reports."""
        return "jump-process"

    @property
    def summary(self) -> dict[str, str]:
        """What it consists of, in words."""
        baths = {f"bath {name}": self._bath_in_words(name) for name in self.baths}
        return {**system_summary(self.system), **baths, "duration": f"{self.duration:g}"}

    def _bath_in_words(self, name: str) -> str:
        own = [channel for channel in self.channels if channel.bath == name]
        beta = self.bath_temperature(name)
        words = f"{len(own)} channel{'s' if len(own) != 1 else ''}, rates {listed(channel.rate for channel in own)}"
        words += f", entropy per jump {listed(channel.entropy for channel in own)}"
        return words if beta is None else f"{words}, inverse temperature {beta:g}"

    def __repr__(self) -> str:
        """One line: how many levels, which baths, how long."""
        baths = ", ".join(self.baths) or "no bath"
        return f"<JumpProcess of {self.system.dimension} states with {baths}, duration {self.duration:g}>"

    @cached_property
    def hamiltonian(self) -> ComplexArray:
        """The Hamiltonian in its eigenbasis, shape (d, d): diagonal."""
        return frozen(np.diag(self.system.spectrum.energies).astype(np.complex128))

    @cached_property
    def jumps(self) -> tuple[Jump, ...]:
        """All jumps: forward, then reverse, channel by channel; channels of rate zero are left out."""
        jumps: list[Jump] = []
        for channel in self.channels:
            if channel.rate == 0:
                continue
            operator = dagger(self.system.basis) @ channel.operator @ self.system.basis
            operator = np.where(np.abs(operator) > ELEMENT_CUT * np.abs(operator).max(), operator, 0)
            heat = self._heat(channel, operator)
            position = len(jumps)
            forward = frozen(np.sqrt(channel.rate) * operator)
            partner = position if channel.is_hermitian else position + 1
            jumps.append(Jump(operator=forward, bath=channel.bath, entropy=channel.entropy, heat=heat, partner=partner))
            if channel.is_hermitian:
                continue
            backward = frozen(np.sqrt(channel.rate) * np.exp(-channel.entropy / 2) * dagger(operator))
            jumps.append(
                Jump(
                    operator=backward,
                    bath=channel.bath,
                    entropy=-channel.entropy,
                    heat=None if heat is None else -heat,
                    partner=position,
                )
            )
        return tuple(jumps)

    def _heat(self, channel: Channel, operator: ComplexArray) -> float | None:
        """Heat into the bath per forward jump: as given, or the energy that the operator takes from any state."""
        if channel.energy is not None:
            return channel.energy
        energies = self.system.spectrum.energies
        gains = energies[:, None] - energies[None, :]
        weights = np.abs(operator) ** 2
        mean = float((weights * gains).sum() / weights.sum())
        spread = float(np.sqrt((weights * (gains - mean) ** 2).sum() / weights.sum()))
        scale = LADDER_TOLERANCE * float(np.abs(energies).max(initial=0.0))
        if spread > scale:
            return None
        return -mean if abs(mean) > scale else 0.0

    @cached_property
    def baths(self) -> tuple[str, ...]:
        """Names of the baths, in order of first appearance (also of those whose rates are all zero)."""
        return tuple(dict.fromkeys(channel.bath for channel in self.channels))

    @cached_property
    def bath_of(self) -> IntArray:
        """Index into `baths` of every jump, shape (J,)."""
        return frozen(np.array([self.baths.index(jump.bath) for jump in self.jumps], dtype=np.int64))

    @cached_property
    def entropies(self) -> FloatArray:
        """Entropy into its bath of every jump, nats, shape (J,)."""
        return frozen(np.array([jump.entropy for jump in self.jumps], dtype=np.float64))

    @cached_property
    def heats(self) -> FloatArray:
        """Heat into its bath of every jump, shape (J,); NaN where a jump has no definite heat."""
        return frozen(np.array([np.nan if jump.heat is None else jump.heat for jump in self.jumps], dtype=np.float64))

    def bath_temperature(self, bath: str) -> float | None:
        """Inverse temperature of a bath, None if no channel gives one."""
        for channel in self.channels:
            if channel.bath == bath and channel.inverse_temperature is not None:
                return channel.inverse_temperature
        return None

    @property
    def jump_operators(self) -> list[ComplexArray]:
        """Operators of all jumps, rates included, in the energy eigenbasis."""
        return [jump.operator for jump in self.jumps]

    @cached_property
    def effective_hamiltonian(self) -> ComplexArray:
        r"""No-jump generator :math:`H - \tfrac{i}{2}\sum_k L_k^\dagger L_k` in the energy eigenbasis, shape (d, d)."""
        return frozen(effective_hamiltonian(self.hamiltonian, self.jump_operators))

    @cached_property
    def chain(self) -> EnergyChain | None:
        """The classical chain of the jumps, None if one of them is not between two single energy eigenstates."""
        try:
            return EnergyChain.of(self.system.spectrum.energies, self.jumps)
        except NoFiniteLaw:
            return None

    @property
    def _telescopes(self) -> bool:
        """Whether flows into baths are differences between the ends, however many jumps lie between."""
        try:
            return self.chain is not None and self.chain.potentials is not None
        except NoFiniteLaw:
            return False

    def stages(self) -> tuple[Stage, ...]:
        """One stage with the finite law, where there is one.

        Raises:
            NoFiniteLaw: If the paths do not fall into finitely many classes; the message says why.
        """
        return self._stages

    @cached_property
    def _stages(self) -> tuple[Stage, ...]:
        stage = EnergyChain.of(self.system.spectrum.energies, self.jumps).stage(self.duration)
        # Without any jump there still is a bath, into which nothing goes.
        return (replace(stage, reservoir=self.baths[0]) if stage.reservoir is None and self.baths else stage,)

    def output_of(self, start: Outcomes) -> State:
        """The final state for a start given by its outcomes (energy eigenbasis)."""
        state = start.state
        if self.chain is not None:
            return self.chain.image_of(state, self.duration)
        return computed_state(evolve(self.hamiltonian, self.jump_operators, state.matrix, self.duration))

    def lasting(self, duration: float) -> JumpProcess:
        """The same process for another duration."""
        return replace(self, duration=duration)

    def reversed(self) -> JumpProcess:
        """The backward process: it starts in the final state, under the opposite Hamiltonian and the same jumps.

        It is given in the energy eigenbasis. Jumps keep their heats: a channel that says none is given the one it has.
        """
        spectrum = self.system.spectrum
        final = System(energies=-spectrum.energies, state=self.final_energy_state, level_tolerance=spectrum.tolerance)
        return JumpProcess(system=final, channels=tuple(self._turned(self.channels)), duration=self.duration)

    def _turned(self, channels: Iterable[Channel]) -> Iterable[Channel]:
        """Channels in the energy eigenbasis with explicit heats."""
        basis = self.system.basis
        for channel in channels:
            operator = dagger(basis) @ channel.operator @ basis
            heat = channel.energy if channel.rate == 0 else self._heat(channel, operator)
            yield replace(channel, operator=operator, energy=heat)
