r"""The two-node network of [LK14]: its parameters, rates and modes.

Mapping: nodes :math:`a` (at the hot bath) and :math:`b` (at the cold bath) of frequencies :math:`\omega_h, \omega_c`
with :math:`H = \omega_h a^\dagger a + \omega_c b^\dagger b + \epsilon(a^\dagger b + b^\dagger a)`. Every bath is a
phonon bath with the downward rate :math:`\gamma(\omega) = \kappa\omega^3/(1 - e^{-\beta\omega})`, Eq. (15), and the
upward rate :math:`e^{-\beta\omega}\gamma(\omega)`. Two-level nodes have :math:`\delta = +1`, oscillators
:math:`\delta = -1`, Eq. (3). What is printed as :math:`a b^\dagger` in Eq. (2) is :math:`b^\dagger a` here: with
fermions, which also obey Eq. (3), the printed operator is not Hermitian.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from qtraj.errors import InvalidInput, UnknownName
from qtraj.models.occupations import fermi
from qtraj.models.parameters import check_not_negative, check_positive

__all__ = ["Approach", "Bath", "Medium", "Modes", "TwoNodeNetwork"]

# Above this ratio of relaxation to splitting the rotating terms that the global equation drops matter: corrections
# grow as its square.
LARGEST_SECULAR_RATIO = 0.1


class _Choice(StrEnum):
    """What a parameter may be, by name."""

    @classmethod
    def parse(cls, name: str) -> Self:
        """The choice of that name.

        Raises:
            UnknownName: With the nearest known name.
        """
        try:
            return cls(name)
        except ValueError:
            raise UnknownName(cls.__name__.lower(), str(name), [member.value for member in cls]) from None


class Approach(_Choice):
    """Whose eigenstates the baths see: those of each node, or those of the coupled network."""

    LOCAL = "local"
    GLOBAL = "global"


class Medium(_Choice):
    """What the nodes are."""

    TWO_LEVEL = "two-level"
    OSCILLATOR = "oscillator"

    @property
    def delta(self) -> int:
        """The sign delta of Eq. (3): +1 for two-level nodes, -1 for oscillators."""
        return 1 if self is Medium.TWO_LEVEL else -1


class Bath(StrEnum):
    """The two baths."""

    HOT = "hot"
    COLD = "cold"


@dataclass(frozen=True, kw_only=True)
class Modes:
    r"""Normal modes :math:`d_+ = a\cos\theta + b\sin\theta`, :math:`d_- = b\cos\theta - a\sin\theta`, Eq. (10).

    Attributes:
        upper: :math:`\omega_+`.
        lower: :math:`\omega_-`.
        cosine: :math:`\cos\theta \ge 0`.
        sine: :math:`\sin\theta \ge 0`.
        splitting: :math:`\omega_+ - \omega_-`.
    """

    upper: float
    lower: float
    cosine: float
    sine: float
    splitting: float

    def weight(self, bath: Bath, *, upper: bool) -> float:
        r"""How much of a mode a bath sees: :math:`\cos^2\theta` or :math:`\sin^2\theta`, Eqs. (11), (12)."""
        return self.cosine**2 if (bath is Bath.HOT) == upper else self.sine**2


@dataclass(frozen=True, kw_only=True)
class TwoNodeNetwork:
    """Two coupled nodes, each at a bath of its own.

    Args:
        medium: "two-level" or "oscillator".
        frequency_hot: Frequency of the node at the hot bath, positive.
        frequency_cold: Frequency of the node at the cold bath, positive.
        temperature_hot: Temperature of the hot bath, positive. It may be the lower one: the name only labels.
        temperature_cold: Temperature of the cold bath, positive.
        coupling: epsilon, not negative.
        bath_strength: kappa of Eq. (15), positive.

    Raises:
        InvalidInput: If a number is out of range.
        UnknownName: If there is no such medium.

    Example:
        >>> network = TwoNodeNetwork(coupling=1.0)
        >>> round(network.modes.upper, 6), round(network.occupation(Bath.HOT, 10.0), 6)
        (10.192582, 0.768654)
    """

    medium: Medium | str = Medium.OSCILLATOR
    frequency_hot: float = 10.0
    frequency_cold: float = 5.0
    temperature_hot: float = 12.0
    temperature_cold: float = 10.0
    coupling: float = 1.0
    bath_strength: float = 1e-4

    def __post_init__(self) -> None:
        """Check every number."""
        object.__setattr__(self, "medium", Medium.parse(self.medium))
        positive = ("frequency_hot", "frequency_cold", "temperature_hot", "temperature_cold", "bath_strength")
        check_positive(**{name: getattr(self, name) for name in positive})
        check_not_negative(coupling=self.coupling)

    @property
    def delta(self) -> int:
        """The sign delta of Eq. (3)."""
        return Medium.parse(self.medium).delta

    def temperature(self, bath: Bath) -> float:
        """Temperature of a bath."""
        return self.temperature_hot if bath is Bath.HOT else self.temperature_cold

    def frequency(self, bath: Bath) -> float:
        """Frequency of the node at a bath."""
        return self.frequency_hot if bath is Bath.HOT else self.frequency_cold

    def downward_rate(self, bath: Bath, frequency: float) -> float:
        r""":math:`\gamma(\omega) = \kappa\omega^3/(1 - e^{-\beta\omega})`, Eq. (15): quanta given to the bath."""
        return self.bath_strength * frequency**3 / -math.expm1(-frequency / self.temperature(bath))

    def upward_rate(self, bath: Bath, frequency: float) -> float:
        r""":math:`e^{-\beta\omega}\gamma(\omega)`: quanta taken from the bath."""
        return self.downward_rate(bath, frequency) * math.exp(-frequency / self.temperature(bath))

    def damping(self, bath: Bath, frequency: float) -> float:
        r""":math:`G = \gamma(\omega)(1 + \delta e^{-\beta\omega})`, at which a node or mode forgets."""
        if self.delta < 0:
            return self.bath_strength * frequency**3
        return self.downward_rate(bath, frequency) + self.upward_rate(bath, frequency)

    def occupation(self, bath: Bath, frequency: float) -> float:
        r""":math:`n = 1/(e^{\beta\omega} + \delta)`."""
        x = frequency / self.temperature(bath)
        return fermi(x) if self.delta > 0 else math.exp(-x) / -math.expm1(-x)

    def occupation_difference(self, frequency_hot: float, frequency_cold: float) -> float:
        """n_h - n_c, without the cancellation that subtracting two nearly equal occupations would suffer."""
        hot, cold = frequency_hot / self.temperature_hot, frequency_cold / self.temperature_cold
        if hot < cold:
            return -math.expm1(hot - cold) * self.occupation(Bath.HOT, frequency_hot) / self._denominator(cold)
        return math.expm1(cold - hot) * self.occupation(Bath.COLD, frequency_cold) / self._denominator(hot)

    def _denominator(self, x: float) -> float:
        return 1 + math.exp(-x) if self.delta > 0 else -math.expm1(-x)

    @property
    def modes(self) -> Modes:
        """The normal modes of the coupled nodes.

        Raises:
            InvalidInput: If the modes are degenerate, or the lower frequency is not positive.
        """
        detuning, middle = self.frequency_hot - self.frequency_cold, (self.frequency_hot + self.frequency_cold) / 2
        splitting = math.hypot(detuning, 2 * self.coupling)
        if splitting == 0:
            raise InvalidInput(
                "`coupling` must not be 0 on resonance in the global approach, but is: the modes are then degenerate",
                measured=0.0,
            )
        largest = math.sqrt(self.frequency_hot * self.frequency_cold)
        upper = middle + splitting / 2
        # Through the determinant: middle - splitting / 2 would cancel near the border of validity.
        lower = (largest - self.coupling) * (largest + self.coupling) / upper
        if not lower > 0:
            raise InvalidInput(
                f"`coupling` must stay below sqrt(frequency_hot * frequency_cold) = {largest:.6g} in the global "
                f"approach, but is {self.coupling:.6g}; the lower mode would have the frequency {lower:.3g}",
                measured=self.coupling,
            )
        angle = math.atan2(2 * self.coupling, detuning) / 2
        # atan2 covers the half circle, so the angle is between 0 and pi/2. Cosines of pi/2 are not exactly 0.
        cosine = math.cos(angle) if self.coupling > 0 else float(detuning > 0)
        sine = math.sin(angle) if self.coupling > 0 else float(detuning < 0)
        return Modes(upper=upper, lower=lower, cosine=cosine, sine=sine, splitting=splitting)

    @property
    def secular_ratio(self) -> float:
        r"""Decay rate of the coherence between the modes over their splitting: the global equation needs it small.

        On resonance it is about :math:`\kappa\omega^3/(2\epsilon)`.
        """
        modes = self.modes
        total = 0.0
        for bath in Bath:
            for upper, frequency in ((True, modes.upper), (False, modes.lower)):
                total += modes.weight(bath, upper=upper) * self.damping(bath, frequency)
        return total / (2 * modes.splitting)

    def caveats(self, approach: Approach | str) -> tuple[str, ...]:
        """What a user of this approach should know about these parameters, with the numbers; often nothing.

        Example:
            >>> TwoNodeNetwork(frequency_hot=5.0, coupling=1e-3).caveats("global")[0][:73]
            'the global equation needs well separated modes, but their coherence decay'
        """
        notes = []
        approach = Approach.parse(approach)
        hot, cold = self.frequency_hot / self.temperature_hot, self.frequency_cold / self.temperature_cold
        if approach is Approach.GLOBAL and self.secular_ratio > LARGEST_SECULAR_RATIO:
            notes.append(
                "the global equation needs well separated modes, but their coherence decays at "
                f"{self.secular_ratio:.3g} times their splitting {self.modes.splitting:.3g} (should be below "
                f"{LARGEST_SECULAR_RATIO})"
            )
        if approach is Approach.LOCAL:
            largest = math.sqrt(self.frequency_hot * self.frequency_cold)
            if self.coupling >= largest:
                notes.append(
                    f"the coupling {self.coupling:.6g} is not below sqrt(frequency_hot * frequency_cold) = "
                    f"{largest:.6g}: the coupled network has a mode of negative frequency, unseen by local baths"
                )
            if self.coupling > 0 and (hot - cold) * (self.temperature_hot - self.temperature_cold) > 0:
                notes.append(
                    "in the local approach heat flows from cold to hot here: frequency / temperature is "
                    f"{hot:.6g} at the hot bath and {cold:.6g} at the cold one, against the order of the temperatures"
                )
        return tuple(notes)
