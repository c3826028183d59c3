"""Figures and tables of [Diosi14]: the pair coupled by noise, on resonance and off it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from qtraj.density.jump_process import jump_process_averages
from qtraj.models.diosi14 import resonant_pair
from qtraj.models.diosi14_closed_forms import (
    PairCurrents,
    pair_currents,
    printed_first_order_state,
    printed_pair_current,
)
from qtraj.reproduce.entry import AS_PRINTED, NO_NUMBERS, NOT_GIVEN, Reproduction, Row
from qtraj.reproduce.setting import Setting

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["REPRODUCTIONS"]

PAIR: dict[str, Any] = {
    "frequency_a": 1.0,
    "frequency_b": 1.0,
    "beta_a": 0.5,
    "beta_b": 1.5,
    "rate_a": 1.0,
    "rate_b": 1.0,
}
NOISE = 0.1

# Bath a is the colder one here, and its system may be the slower one.
DETUNED: dict[str, Any] = {
    "frequency_b": 1.0,
    "beta_a": 1.5,
    "beta_b": 0.5,
    "rate_a": 1.0,
    "rate_b": 1.0,
    "noise_strength": 0.5,
}


# Steady currents do not depend on the last one; the formulas hold for spins and for fermions.
NAMED = ("noise_strength", "duration")


def _ours(**parameters: Any) -> dict[str, float]:
    """Steady heat currents by bath, from the density matrix."""
    steady = jump_process_averages(resonant_pair(**parameters)).steady
    assert steady is not None
    return steady.heat_current_from


def _right(noise: float = NOISE, **other: float) -> PairCurrents:
    return pair_currents(**{**PAIR, "noise_strength": noise, **other})


def _printed(noise: float) -> float:
    return printed_pair_current(
        frequency=PAIR["frequency_a"], beta_a=PAIR["beta_a"], beta_b=PAIR["beta_b"], noise_strength=noise
    )


def _rows() -> tuple[Row, ...]:
    weak = 1e-3
    q_a = math.exp(-PAIR["beta_a"])
    ours = {noise: _ours(**PAIR, noise_strength=noise) for noise in (weak, NOISE, 10.0)}
    steady = np.diag(resonant_pair(**PAIR, noise_strength=weak, duration=200.0).final_state).real
    first_order = printed_first_order_state(
        frequency=1.0, beta_a=PAIR["beta_a"], beta_b=PAIR["beta_b"], rate=1.0, noise_strength=weak
    )
    rows = [
        Row(
            quantity=f"heat current J_A, noise strength {noise:g}",
            printed=_printed(noise),
            corrected=_right(noise).heat_current_from_a,
            ours=ours[noise]["a"],
            note=note,
        )
        for noise, note in (
            (weak, "section 5 has lost the normalisation 1/[(1+q_A)(1+q_B)]; its sign is right"),
            (NOISE, "exactly: eps w (n_A-n_B) / [1 + eps/(Gamma_A(1+q_A)) + eps/(Gamma_B(1+q_B))]"),
            (10.0, "the printed current grows without bound, the right one saturates"),
        )
    ]
    return (
        *rows,
        Row(
            quantity=f"J_A + J_B, noise strength {NOISE:g}",
            printed=0.0,
            ours=ours[NOISE]["a"] + ours[NOISE]["b"],
        ),
        Row(
            quantity=f"joint population of both excited, noise strength {weak:g}",
            printed=float(first_order[3, 3].real),
            ours=float(steady[3]),
            note="section 4's state is right to first order in the noise; ours holds to all orders",
        ),
        Row(
            quantity="current operator of section 1 in equilibrium, per Gamma omega",
            printed=(-q_a + math.exp(PAIR["beta_a"])) / (1 + q_a),
            corrected=(-q_a + q_a) / (1 + q_a),
            ours=_ours(**PAIR, noise_strength=0.0)["a"],
            note="e^(+beta omega) must be e^(-beta omega), or the current does not vanish",
        ),
        Row(
            quantity=f"J_A at omega = 2, noise strength {NOISE:g}",
            printed=_right(frequency_a=2.0, frequency_b=2.0).excitation_current,
            corrected=_right(frequency_a=2.0, frequency_b=2.0).heat_current_from_a,
            ours=_ours(**{**PAIR, "frequency_a": 2.0, "frequency_b": 2.0}, noise_strength=NOISE)["a"],
            note="section 5's current operators lack a factor omega: they count excitations, not heat",
        ),
    )


def _draw(figure: Figure) -> None:
    from qtraj.plots.style import EXACT, FAINT, SAMPLED, LegendAbove

    axes = figure.add_subplot()
    noise = np.geomspace(1e-3, 30.0, 200)
    marks = np.geomspace(1e-3, 30.0, 10)
    (printed,) = axes.loglog(noise, [_printed(e) for e in noise], color=EXACT, linestyle="--")
    slope = _right(1e-9).heat_current_from_a / 1e-9
    (first,) = axes.loglog(noise, slope * noise, color=FAINT, linestyle=":")
    (right,) = axes.loglog(noise, [_right(e).heat_current_from_a for e in noise], color=SAMPLED)
    ours = [_ours(**PAIR, noise_strength=float(e))["a"] for e in marks]
    (dots,) = axes.loglog(marks, ours, "o", color=SAMPLED, markersize=4, markerfacecolor="white")
    axes.set_ylim(1e-4, 1.0)
    axes.set_xlabel(r"noise strength $\varepsilon$ (units of $\Gamma$)")
    axes.set_ylabel(r"heat current $J_A$")
    LegendAbove(
        axes,
        [printed, first, right, dots],
        ["as printed", r"first order in $\varepsilon$", "exact formula", "density matrix"],
        columns=2,
    )


def _detuning_rows() -> tuple[Row, ...]:
    rows = []
    for frequency, note in (
        (1.0, "resonance: heat goes from hot (b) to cold (a)"),
        (0.5, "heat still goes from hot to cold, and part of it leaves as work on the noise: an engine"),
        (0.2, "the noise pumps heat out of the colder bath: a refrigerator"),
        (2.0, "the noise adds to the heat that the colder bath gets"),
    ):
        right = pair_currents(**DETUNED, frequency_a=frequency)
        ours = _ours(**DETUNED, frequency_a=frequency)
        rows += [
            Row(
                quantity=f"J_A at omega_A / omega_B = {frequency:g}",
                printed=NOT_GIVEN,
                corrected=right.heat_current_from_a,
                ours=ours["a"],
                note=note,
            ),
            Row(
                quantity=f"J_A + J_B at omega_A / omega_B = {frequency:g}",
                printed=0.0 if frequency == 1.0 else NOT_GIVEN,
                corrected=AS_PRINTED if frequency == 1.0 else -right.noise_power,
                ours=ours["a"] + ours["b"],
                note="" if frequency == 1.0 else "minus the power of the noise; the slides restrict to resonance",
            ),
        ]
    return tuple(rows)


def _draw_detuning(figure: Figure) -> None:
    from qtraj.plots.style import EXACT, FAINT, INK, SAMPLED, LegendAbove

    axes = figure.add_subplot()
    ratios = np.linspace(0.02, 2.0, 200)
    curves = [pair_currents(**DETUNED, frequency_a=r) for r in ratios]
    axes.axhline(0.0, color=FAINT, linewidth=0.6)
    styles = (("heat_current_from_a", SAMPLED, "-"), ("heat_current_from_b", EXACT, "--"), ("noise_power", INK, ":"))
    handles = []
    for name, colour, style in styles:
        handles += axes.plot(ratios, [getattr(c, name) for c in curves], color=colour, linestyle=style)
    marks = np.linspace(0.1, 1.9, 7)
    ours = [_ours(**DETUNED, frequency_a=float(r)) for r in marks]
    for bath, (_, colour, _) in zip(("a", "b", "noise"), styles, strict=True):
        axes.plot(marks, [values[bath] for values in ours], "o", color=colour, markersize=4, markerfacecolor="white")
    edge = DETUNED["beta_b"] / DETUNED["beta_a"]
    axes.axvspan(edge, 1.0, color=FAINT, alpha=0.2, linewidth=0)
    for middle, name in ((edge / 2, "cools a"), ((edge + 1) / 2, "engine"), (1.5, "heats a")):
        axes.text(middle, 0.02, name, ha="center", va="bottom", fontsize=8, transform=axes.get_xaxis_transform())
    axes.set_xlim(0.0, 2.0)
    axes.set_xlabel(r"detuning $\omega_A/\omega_B$ (bath a is colder)")
    axes.set_ylabel("power into the pair")
    labels = ["$J_A$, out of bath a", "$J_B$, out of bath b", "power of the noise", "density matrix"]
    (dot,) = axes.plot([], [], "o", color=INK, markersize=4, markerfacecolor="white")
    LegendAbove(axes, [*handles, dot], labels, columns=2)


REPRODUCTIONS: tuple[Reproduction, ...] = (
    Reproduction(
        name="diosi14-currents",
        source="Diosi14, sections 1, 4 and 5",
        what="Heat through two resonant two-level systems against the strength of the noise that couples them.",
        at=lambda: (Setting.of_model("resonant-pair", **PAIR, without=NAMED),),
        printed=NO_NUMBERS,
        rows=_rows,
        draw=_draw,
    ),
    Reproduction(
        name="diosi14-detuning",
        source="Diosi14, sections 3 and 6",
        what="Off resonance the noise does work, and the current may even cool the colder bath.",
        at=lambda: (Setting.of_model("resonant-pair", **DETUNED, without=("frequency_a", "duration")),),
        printed=NO_NUMBERS,
        rows=_detuning_rows,
        draw=_draw_detuning,
    ),
)
