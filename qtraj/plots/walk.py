r"""The walk of a single path as a picture: what was measured before and after the unitary, and what it adds up to.

Two lanes as in a circuit, the system above and the environment below, with the joint unitary between. In the system's
lane the bars are p(n|alpha) before and p(m|beta) after, that is, how the measured state is spread over the levels; in
the environment's lane they are the Gibbs populations. Dots are the levels that were found, and a ring
is where the environment was before.

In the augmented protocol n and m are drawn from the bars and do not disturb the path: no wire starts or ends at them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from matplotlib.axes import Axes
from matplotlib.patches import FancyBboxPatch

from qtraj.arrays import FloatArray
from qtraj.errors import InvalidInput, NotRecorded
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.kraus import conditional_states
from qtraj.plots.labels import symbol
from qtraj.plots.ladders import choose_levels, draw_ladder
from qtraj.plots.numerals import exact_number, number_from_log
from qtraj.plots.style import FAINT, INK, QUIET, axes_to_draw_on
from qtraj.processes.jump_process import JumpProcess
from qtraj.processes.seam import Endpoint, MeasurementProtocol
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.matrices import dagger
from qtraj.quantum.scalars import instance_of
from qtraj.quantum.spectrum import Spectrum

__all__ = ["SystemEnd", "walk"]

FORMULAS: Mapping[str, str] = MappingProxyType(
    {
        "sigma": r"\ln p_\alpha q_\mu - \ln p_\beta^\prime q_\nu",
        "sigma_d": r"\ln p_n q_\mu - \ln p_m^\prime q_\nu",
        "xi": r"\sigma - \sigma_{\mathrm{d}}",
        "heat": r"E_\nu - E_\mu",
    }
)

# The picture in inches, which are the data coordinates of its axes.
WIDTH, HEIGHT = 5.4, 3.3
LEFT, RIGHT, BLOCK = 0.85, 3.75, 1.0
SYSTEM_LANE, ENVIRONMENT_LANE = (2.25, 0.75), (0.95, 0.75)  # bottom, height
HEADING_GAP = 0.2
UNITARY = (2.6, 0.85, 0.5, 2.25)  # left, bottom, width, height


@dataclass(frozen=True, kw_only=True)
class SystemEnd:
    """The system at one end of a path.

    Attributes:
        heading: What was measured, with its probability.
        weights: How the state is spread over the energy levels, shape (L,).
        energy: Energy of the level n or m that was drawn, None where there is none.
        name: Its name.
    """

    heading: str
    weights: FloatArray
    energy: float | None
    name: str


def walk(ensemble: Ensemble, *, index: int = 0, ax: Axes | None = None) -> Axes:
    r"""Draw one sampled path: levels and measured numbers before and after, and its entropy production and heat.

    Args:
        ensemble: Labelled paths of a thermal operation, from the explicit or followed sampler or from `expand()`.
        index: Which row.
        ax: Axes to draw on; by default those of a new figure, 5.4 by 3.3 inches, in paper style. Your own
            should be no smaller, since text does not shrink; the picture hides their frame.

    Returns:
        The axes; `.figure` is the figure.

    Raises:
        NotRecorded: If the ensemble has no rows.
        InvalidInput: If there is no row `index`, or the process is no thermal operation.

    Example:
        >>> from qtraj.models import build_model
        >>> from qtraj.paths.sample import sample
        >>> axes = walk(sample(build_model("two-qubit-exchange"), paths=1, sampler="followed"))
        >>> [text.get_text() for text in axes.texts][-1]
        '$E_\\nu - E_\\mu$'
    """
    process = instance_of(ensemble, Ensemble, "ensemble").process
    if not isinstance(process, ThermalOperation):
        kind = type(process).__name__
        other = "; see `trajectory`" if isinstance(process, JumpProcess) else ""
        raise InvalidInput(f"`ensemble` must have paths of a thermal operation, but has those of {kind}{other}")
    row = _row(ensemble, index)
    with axes_to_draw_on(ax, width=WIDTH, height=HEIGHT) as axes:
        axes.set_axis_off()
        axes.set_xlim(0, WIDTH)
        axes.set_ylim(0, HEIGHT)
        _draw_wires(axes)
        _draw_system(axes, process.system.spectrum, *_system_ends(ensemble, process, row))
        _draw_environment(axes, process, int(row["mu"]), int(row["nu"]))
        _write_numbers(axes, ensemble.law.protocol, row)
    return axes


def _row(ensemble: Ensemble, index: int) -> dict[str, float]:
    if ensemble.rows is None:
        raise NotRecorded("a walk needs labelled paths, but this ensemble has only counts; call `expand()`")
    if not 0 <= index < ensemble.paths:
        raise InvalidInput(f"`index` must be from 0 to {ensemble.paths - 1}, but is {index}", measured=float(index))
    return {name: column[index].item() for name, column in ensemble.rows.items()}


def _system_ends(
    ensemble: Ensemble, process: ThermalOperation, row: Mapping[str, float]
) -> tuple[SystemEnd, SystemEnd]:
    spectrum, ends = process.system.spectrum, ensemble.law.endpoints
    two_point = ends.protocol is MeasurementProtocol.ENERGY
    first, last = ("n", "m") if two_point else (r"\alpha", r"\beta")
    before = _measured_end(ends.initial, spectrum, int(row["alpha"]), row.get("n"), first, "", "n")
    if ends.final.measured:
        return before, _measured_end(ends.final, spectrum, int(row["beta"]), row.get("m"), last, r"^\prime", "m")
    labels = (np.array([int(row[name])]) for name in ("alpha", "mu", "nu"))
    state = dagger(process.system.basis) @ conditional_states(process, *labels)[0]
    weights = _per_level(spectrum, np.abs(state) ** 2)
    return before, SystemEnd(heading=r"not measured: $|\Phi\rangle$", weights=weights, energy=None, name="")


def _measured_end(
    end: Endpoint, spectrum: Spectrum, outcome: int, label: float | None, index: str, prime: str, energy: str
) -> SystemEnd:
    """The outcome of a measurement in the eigenbasis, and the energy label that was drawn for it."""
    own = end.outcomes.vectors[:, end.outcomes.outcome_of == outcome]
    weights = _per_level(spectrum, (np.abs(own) ** 2).mean(axis=1))
    probability = number_from_log(float(end.outcomes.log_eigenvalues[outcome]))
    found = None
    if end.energy_labels is not None and label is not None:
        vectors = end.energy_labels.vectors[:, end.energy_labels.outcome_of == int(label)]
        found = float(spectrum.levels[spectrum.level_of[np.argmax(np.abs(vectors[:, 0]))]])
    return SystemEnd(
        heading=rf"${index} = {outcome},\ \ p_{index}{prime} = {probability}$",
        weights=weights,
        energy=found,
        name="" if label is None else rf"${energy} = {int(label)}$",
    )


def _per_level(spectrum: Spectrum, weights: FloatArray) -> FloatArray:
    """Add up the weights of the energy eigenstates of each level."""
    return np.bincount(spectrum.level_of, weights=weights).astype(np.float64)


def _draw_wires(axes: Axes) -> None:
    left, bottom, width, height = UNITARY
    for low, tall in (SYSTEM_LANE, ENVIRONMENT_LANE):
        for start, stop in ((LEFT + BLOCK + 0.45, left), (left + width, RIGHT - 0.45)):
            axes.annotate(
                "",
                xy=(stop, low + tall / 2),
                xytext=(start, low + tall / 2),
                arrowprops={"arrowstyle": "-|>", "linewidth": 0.8, "color": INK, "shrinkA": 0, "shrinkB": 0},
            )
    axes.add_patch(
        FancyBboxPatch(
            (left, bottom), width, height, boxstyle="round,pad=0,rounding_size=0.08", facecolor="#f2f2f2", edgecolor=INK
        )
    )
    axes.text(left + width / 2, bottom + height / 2, "$U$", ha="center", va="center", fontsize="x-large")
    for (low, tall), name in ((SYSTEM_LANE, "system"), (ENVIRONMENT_LANE, "environment")):
        axes.text(0.2, low + tall / 2, name, rotation=90, ha="left", va="center", color=QUIET)


def _draw_system(axes: Axes, spectrum: Spectrum, before: SystemEnd, after: SystemEnd) -> None:
    ends = (before, after)
    # Where nothing was drawn, the likeliest level must be in the picture; one choice of levels serves both sides.
    shown = [float(spectrum.levels[end.weights.argmax()]) if end.energy is None else end.energy for end in ends]
    bottom, height = SYSTEM_LANE
    for x, end in zip((LEFT, RIGHT), ends, strict=True):
        draw_ladder(
            axes,
            choose_levels(spectrum.levels, end.weights, shown),
            corner=(x, bottom),
            size=(BLOCK, height),
            full=1.0,
            dot=end.energy,
            name=end.name,
        )
        axes.text(x, bottom + height + HEADING_GAP, end.heading)


def _draw_environment(axes: Axes, process: ThermalOperation, mu: int, nu: int) -> None:
    spectrum, logs = process.environment.spectrum, process.environment.log_populations
    populations = np.exp(logs[np.unique(spectrum.level_of, return_index=True)[1]])
    energies = [float(spectrum.levels[spectrum.level_of[label]]) for label in (mu, nu)]
    ladder = choose_levels(spectrum.levels, populations, energies)
    bottom, height = ENVIRONMENT_LANE
    for x, name, label, energy, ghost in (
        (LEFT, r"\mu", mu, energies[0], None),
        (RIGHT, r"\nu", nu, energies[1], energies[0]),
    ):
        draw_ladder(
            axes,
            ladder,
            corner=(x, bottom),
            size=(BLOCK, height),
            full=float(ladder.weights.max()),
            dot=energy,
            name=rf"${name} = {label}$",
            ghost=ghost,
        )
        population = number_from_log(float(logs[label]))
        axes.text(x, bottom + height + HEADING_GAP, rf"${name} = {label},\ \ q_{name} = {population}$")


def _write_numbers(axes: Axes, protocol: MeasurementProtocol, row: Mapping[str, float]) -> None:
    """The sums of the path in a row below the picture: symbol, value, formula."""
    formulas = dict(FORMULAS)
    if protocol is MeasurementProtocol.ENERGY:
        formulas["sigma"] = formulas["sigma_d"]
    names = [name for name in formulas if name in row]
    step = (WIDTH - LEFT) / len(FORMULAS)
    axes.plot([LEFT, WIDTH - 0.1], [0.66, 0.66], color=FAINT, linewidth=0.5)
    for place, name in enumerate(names):
        x = LEFT + place * step
        axes.text(x, 0.38, rf"${symbol(name)} = {exact_number(row[name], 4)}$", fontsize="large")
        axes.text(x, 0.14, f"${formulas[name]}$", color=QUIET, fontsize="small")
