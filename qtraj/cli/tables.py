"""What a person reads: histograms and models as plain text."""

from __future__ import annotations

import json
import math
import shutil
import textwrap
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from qtraj.models import Model
from qtraj.paths.ensemble import Ensemble

__all__ = ["histogram_table", "model_table", "models_table", "plain_default"]

MOST_ROWS: Final = 40
"""Atoms shown of a histogram: one screen."""

QUANTITIES: Final = ("sigma", "sigma_d", "xi", "heat")
"""The usual quantities, in the order in which people look for them; others follow as they come."""

BINS: Final = 30
"""Bins of a quantity whose values are no atoms."""


def histogram_table(name: str, ensemble: Ensemble, *, log: bool) -> str:
    """The atoms of sigma (of the heat, where the protocol has no sigma): exact, sampled, and as bars.

    Where the paths have no finite law, there is nothing exact to show, and the sampled values are counted in bins.
    """
    recorded: list[str] = [key for key in QUANTITIES if key in ensemble.quantities]
    recorded += [key for key in ensemble.quantities if key not in QUANTITIES]
    shown = next((key for key in ("sigma", "heat") if key in recorded), recorded[0])
    lines = _atom_lines(ensemble, shown, log=log) if ensemble.finite_law else _bin_lines(ensemble, shown, log=log)
    return "\n".join([_heading(name, ensemble), "", *lines, "", *_mean_lines(ensemble, recorded)])


def _atom_lines(ensemble: Ensemble, quantity: str, *, log: bool) -> list[str]:
    law = ensemble.law
    distribution = law.distribution(quantity)
    counts = distribution.counts(ensemble.class_counts)
    probabilities = distribution.probabilities
    # The most probable atoms, in the order of their values.
    shown = np.sort(np.argsort(-distribution.log_probabilities, kind="stable")[:MOST_ROWS])
    bars = _bars(distribution.log_probabilities[shown], log=log)
    lines = [f"{quantity:>14}  {'exact':>12}  {'sampled':>12}  {'paths':>10}"]
    lines.append(f"{'-' * 14}  {'-' * 12}  {'-' * 12}  {'-' * 10}")
    for atom, bar in zip(shown, bars, strict=True):
        row = f"{distribution.atoms[atom]:>14.8f}  {probabilities[atom]:>12.6g}  {counts[atom] / ensemble.paths:>12.6g}"
        lines.append(f"{row}  {_count(int(counts[atom])):>10}  {bar}".rstrip())
    hidden = distribution.atoms.size - shown.size
    if hidden:
        rest = 1.0 - float(probabilities[shown].sum())
        lines.append(
            f"{hidden:,} less probable atoms, {max(0.0, rest):.3g} of the probability, are not shown; see --json"
        )
    return lines


def _bin_lines(ensemble: Ensemble, quantity: str, *, log: bool) -> list[str]:
    counts, edges = ensemble.histogram(quantity, BINS)
    lines = [f"{quantity + ' from':>14}  {'to':>12}  {'sampled':>12}  {'paths':>10}"]
    lines.append(f"{'-' * 14}  {'-' * 12}  {'-' * 12}  {'-' * 10}")
    with np.errstate(divide="ignore"):
        bars = _bars(np.log(counts / ensemble.paths), log=log)
    for low, high, count, bar in zip(edges, edges[1:], counts, bars, strict=False):
        row = f"{low:>14.8f}  {high:>12.6f}  {count / ensemble.paths:>12.6g}  {_count(int(count)):>10}  {bar}"
        lines.append(row.rstrip())
    return [*lines, "The paths have no finite law: values are counted in bins, and nothing exact stands beside them."]


def _mean_lines(ensemble: Ensemble, quantities: Sequence[str]) -> list[str]:
    law = ensemble.finite_law
    width = max(14, *(len(key) for key in quantities))
    exact = f"  {'exact mean':>12}" if law else ""
    lines = [f"{'':{width}}{exact}  {'sampled mean':>12}  {'std. error':>12}"]
    for key in quantities:
        exact = f"  {law.mean(key):>12.6g}" if law else ""
        row = f"{key:>{width}}{exact}  {ensemble.mean(key):>12.6g}  {ensemble.standard_error(key):>12.2g}"
        lines.append(row)
    return lines


def models_table(models: Sequence[Model]) -> str:
    """Name, source, summary and parameters of every model."""
    lines = []
    for model in models:
        lines.append(f"{model.name}  [{model.source}]")
        lines += textwrap.wrap(model.summary, 100, initial_indent="  ", subsequent_indent="  ")
        width = max(len(key) for key in model.parameters) + 2
        lines += [f"    {key:<{width}}{_written(value)}" for key, value in model.parameters.items()]
        lines.append("")
    lines.append("Run one with its defaults, `qtraj verify NAME`, or change a parameter, `--set PARAMETER=VALUE`.")
    lines.append("`qtraj models NAME` says what the parameters of one model mean.")
    return "\n".join(lines)


def model_table(model: Model) -> str:
    """Name, source and summary of one model, and every parameter with its default and its meaning."""
    lines = [f"{model.name}  [{model.source}]"]
    lines += textwrap.wrap(model.summary, 100, initial_indent="  ", subsequent_indent="  ")
    for key, value in model.parameters.items():
        lines += ["", f"  {key} = {_written(value)}"]
        lines += textwrap.wrap(model.meanings[key], 100, initial_indent="      ", subsequent_indent="      ")
    return "\n".join(lines)


def plain_default(value: Any) -> Any:
    """A parameter's default as JSON has it, and as `--set` takes it."""
    return {"real": value.real, "imag": value.imag} if isinstance(value, complex) else value


def _written(value: Any) -> str:
    return json.dumps(plain_default(value))


def _heading(name: str, ensemble: Ensemble) -> str:
    return (
        f"{name}: protocol {ensemble.protocol}, {ensemble.paths:,} paths, sampler {ensemble.sampler}, "
        f"seed {ensemble.seed}"
    )


def _bars(log_probabilities: Any, *, log: bool) -> list[str]:
    """One bar a row; on the logarithmic scale the least probable row has a bar of length one, an empty one none."""
    width = max(10, shutil.get_terminal_size((100, 24)).columns - 54)
    possible = log_probabilities[np.isfinite(log_probabilities)]
    top, bottom = float(possible.max()), float(possible.min())
    if log:
        span = top - bottom if top > bottom else 1.0
        parts = [1 + (float(value) - bottom) / span * (width - 1) for value in log_probabilities]
        return ["#" * round(part) if math.isfinite(part) else "" for part in parts]
    return ["#" * round(width * math.exp(float(value) - top)) for value in log_probabilities]


def _count(count: int) -> str:
    return str(count) if count < 10**10 else f"{count:.4e}"
