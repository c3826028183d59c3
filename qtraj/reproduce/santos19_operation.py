"""The thermal operations of [Santos19], Eqs. (20) to (44): a qubit under a partial swap, and a qutrit on a ladder."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from qtraj.density.maps import kraus_map
from qtraj.density.thermal_operation import thermal_operation_averages
from qtraj.paths.exact_law import exact_law
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.reproduce.entry import COLUMN_HEIGHT, NO_NUMBERS, Reproduction, Row
from qtraj.reproduce.setting import Setting

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ENTRY"]

QUBIT = (0.0, 1.0)
"""Energies of the qubit and of the one that it meets."""
BLOCH = (0.5, 0.2, -0.3)
ANGLE, BETA = math.pi / 3, 1.0
PURE = (math.cos(0.4), math.sin(0.4))
ANGLE_OF_PURE, COLD = 0.8, 12.0

QUTRIT = (0.0, 1.0, 2.0)
LADDER: dict[str, Any] = {"levels": 12, "spacing": 1.0, "inverse_temperature": 0.6}
SEED_OF_STATE, SEED_OF_UNITARY = 5, 8


def _swap(angle: float, *, state: State | None = None, beta: float = BETA) -> ThermalOperation:
    """A qubit with coherence that meets a resonant thermal one under a partial swap."""
    system = System(energies=QUBIT, state=State.bloch(*BLOCH) if state is None else state)
    bath = Environment(energies=QUBIT, inverse_temperature=beta)
    unitary = EnergyConservingUnitary.partial_swap(system, bath, angle=angle)
    return ThermalOperation(system=system, environment=bath, unitary=unitary)


def _on_a_ladder() -> ThermalOperation:
    """Equally spaced levels: two pairs with the same Bohr frequency."""
    system = System(energies=QUTRIT, state=State.haar(len(QUTRIT), seed=SEED_OF_STATE))
    bath = Environment.ladder(**LADDER)
    unitary = EnergyConservingUnitary.haar(system, bath, seed=SEED_OF_UNITARY)
    return ThermalOperation(system=system, environment=bath, unitary=unitary)


def _mixed_coherence(process: ThermalOperation, n: int, m: int) -> complex:
    """p'_nm as the sum over all pairs of levels with the Bohr frequency of n and m, which Eq. (20) leaves out."""
    state, energies = process.system.energy_state.matrix, process.system.spectrum.energies
    size = energies.size
    factors = kraus_map(process).reshape(size, size, size, size)[n, m]
    gaps = energies[:, None] - energies[None, :]
    shared = np.isclose(gaps, energies[n] - energies[m])
    return complex((factors * state)[shared].sum())


def _given(value: float | None) -> float:
    """A number that exists because the joint state is small."""
    assert value is not None
    return value


def _operation_rows() -> tuple[Row, ...]:
    process = _swap(ANGLE)
    exact, law = thermal_operation_averages(process), exact_law(process)
    ladder = _on_a_ladder()
    mixing = thermal_operation_averages(ladder).coherence_processing
    before, after = ladder.system.energy_state.matrix, ladder.final_energy_state.matrix
    correlated = _given(exact.correlated_coherence)
    cold = _swap(ANGLE_OF_PURE, state=State.pure(PURE), beta=COLD)
    return (
        Row(
            quantity="Sigma, Eq. (26): S(rho'_E || rho_E) + I",
            printed=_given(exact.environment_relative_entropy) + _given(exact.mutual_information),
            ours=law.mean("sigma"),
        ),
        Row(
            quantity="C(rho'_SE), Eq. (28): C(rho_S)",
            printed=exact.initial_coherence,
            ours=_given(exact.global_coherence),
        ),
        Row(
            quantity="Xi, Eq. (31): C(rho'_E) + C_cc",
            printed=_given(exact.environment_coherence) + correlated,
            ours=law.mean("xi"),
        ),
        Row(
            quantity="C_cc, Eq. (30)",
            printed=">= 0",
            corrected="of either sign",
            ours=correlated,
            note="defined by the coherence between total energies, which may be less than those of the parts",
        ),
        Row(
            quantity="C_cc of a pure qubit on a cold one, Eq. (30)",
            printed=">= 0",
            corrected="of either sign",
            ours=_given(thermal_operation_averages(cold).correlated_coherence),
        ),
        Row(
            quantity="|p'_01| on a ladder, Eq. (20)",
            printed=float(np.abs(mixing.factors[0, 1] * before[0, 1])),
            corrected=float(np.abs(_mixed_coherence(ladder, 0, 1))),
            ours=float(np.abs(after[0, 1])),
            note="Eq. (20) needs a unique Bohr frequency; on a ladder 0-1 and 1-2 mix, and both have to be summed",
        ),
        Row(
            quantity="|p'_02| on a ladder, Eq. (20)",
            printed=float(np.abs(mixing.factors[0, 2] * before[0, 2])),
            ours=float(np.abs(after[0, 2])),
            note="the only pair two quanta apart",
        ),
        Row(
            quantity="<e^-sigma>, Eq. (40)",
            printed=1.0,
            ours=law.exponential_average("sigma"),
        ),
        Row(
            quantity="<e^-sigma_d>",
            printed="not 1",
            ours=law.exponential_average("sigma_d"),
        ),
    )


def _settings() -> tuple[Setting, ...]:
    swap = "a qubit under a partial swap with a resonant one,"
    return (
        Setting(system=swap, parameters={"energies": QUBIT, "bloch": BLOCH, "beta": BETA, "angle": ANGLE}),
        Setting(
            system=swap,
            parameters={"energies": QUBIT, "pure": PURE, "beta": COLD, "angle": ANGLE_OF_PURE},
            rows="of a pure qubit on a cold one",
        ),
        Setting(
            system="a qutrit in a random state under a random unitary,",
            parameters={"energies": QUTRIT, **LADDER, "seed of state": SEED_OF_STATE, "of unitary": SEED_OF_UNITARY},
            rows="on a ladder",
        ),
    )


def _draw_operation(figure: Figure) -> None:
    from matplotlib.lines import Line2D

    from qtraj.plots.style import EXACT, FAINT, INK, PAGE_WIDTH, SAMPLED, LegendAbove

    figure.set_size_inches(PAGE_WIDTH, COLUMN_HEIGHT)
    left, right = figure.subplots(1, 2)
    angles, marks = np.linspace(0.0, math.pi / 2, 61), np.linspace(0.0, math.pi / 2, 9)
    values = [thermal_operation_averages(_swap(float(angle))) for angle in angles]
    laws = [exact_law(_swap(float(angle))) for angle in marks]
    handles = []
    for name, quantity, colour, style in (
        ("entropy_production", "sigma", INK, "-"),
        ("population_entropy_production", "sigma_d", EXACT, "--"),
        ("coherence_entropy_production", "xi", SAMPLED, ":"),
    ):
        handles += left.plot(angles, [getattr(each, name) for each in values], color=colour, linestyle=style)
        means = [law.mean(quantity) for law in laws]
        left.plot(marks, means, "o", color=colour, markersize=4, markerfacecolor="white", clip_on=False)
    handles.append(Line2D([], [], linestyle="none", marker="o", color=INK, markersize=4, markerfacecolor="white"))
    left.set_ylim(bottom=0.0)
    left.set_xlabel("swap angle")
    left.set_ylabel("entropy production (nats)")
    LegendAbove(left, handles, [r"$\Sigma$", r"$\Sigma_{\mathrm{d}}$", r"$\Xi$", "means over all paths"], columns=4)

    handles = []
    for name, colour, style in (
        ("environment_coherence", EXACT, "--"),
        ("correlated_coherence", SAMPLED, ":"),
        ("final_coherence", FAINT, "-."),
        ("global_coherence", INK, "-"),
    ):
        handles += right.plot(angles, [getattr(each, name) for each in values], color=colour, linestyle=style)
    right.axhline(0.0, color=FAINT, linewidth=0.6)
    right.set_xlabel("swap angle")
    right.set_ylabel("coherence (nats)")
    labels = ["environment", "$C_{cc}$, between them", "system", "all of it, Eq. (28)"]
    LegendAbove(right, handles, labels, columns=2)


ENTRY = Reproduction(
    name="santos19-thermal-operation",
    source="Santos19, Eqs. (20)-(44)",
    what="A qubit under a partial swap: the entropic conservation laws, and where coherence goes.",
    at=_settings,
    printed=NO_NUMBERS,
    rows=_operation_rows,
    remark="Of Sigma and Xi, printed is the formula, from the joint state, and ours the mean over all paths.",
    draw=_draw_operation,
)
