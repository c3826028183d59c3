"""What a person reads: exact numbers, histograms and models as plain text."""

from __future__ import annotations

import math
import shutil
import textwrap
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np

from qtraj.models import Model
from qtraj.paths.ensemble import Ensemble

__all__ = ["exact_table", "histogram_table", "models_table"]

MOST_ROWS: Final = 40
"""Atoms shown of a histogram: one screen."""

MOST_ENTRIES: Final = 8
"""Rows and columns shown of a matrix."""


def exact_table(name: str, document: Mapping[str, Any]) -> str:
    """The numbers of `exact`, one a line, twelve digits; why one is missing stands beside it."""
    reasons = document["reasons"]
    lines = [f"{name}: {document['process']}"]
    titles = {
        "averages": "averages, from density matrices",
        "path_law": "path law, from the probabilities of all paths",
    }
    for section, title in titles.items():
        width = max(len(key) for key in document[section]) + 2
        lines += ["", f"{title} (nats, hbar = k_B = 1)"]
        for key, value in document[section].items():
            shown = _value(value)
            if value is None:
                shown = f"- ({reasons.get(f'{section}.{key}', 'not defined')})"
            first, *rest = shown.splitlines()
            lines.append(f"  {key:<{width}}{first}")
            lines += [f"  {'':<{width}}{row}" for row in rest]
    return "\n".join(lines)


def histogram_table(name: str, ensemble: Ensemble, *, log: bool) -> str:
    """The atoms of sigma (of the heat, where the protocol has no sigma): exact, sampled, and as bars."""
    law = ensemble.law
    quantity = next(key for key in ("sigma", "heat") if law.records(key))
    distribution = law.distribution(quantity)
    counts = distribution.counts(ensemble.class_counts)
    probabilities = distribution.probabilities
    # The most probable atoms, in the order of their values.
    shown = np.sort(np.argsort(-distribution.log_probabilities, kind="stable")[:MOST_ROWS])
    bars = _bars(distribution.log_probabilities[shown], shutil.get_terminal_size((100, 24)).columns - 54, log=log)
    lines = [_heading(name, ensemble), "", f"{quantity:>14}  {'exact':>12}  {'sampled':>12}  {'paths':>10}"]
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
    lines += ["", f"{'':14}  {'exact mean':>12}  {'sampled mean':>12}  {'std. error':>12}"]
    for key in ("sigma", "sigma_d", "xi", "heat"):
        if law.records(key):
            lines.append(
                f"{key:>14}  {law.mean(key):>12.6g}  {ensemble.mean(key):>12.6g}  {ensemble.standard_error(key):>12.2g}"
            )
    return "\n".join(lines)


def models_table(models: Sequence[Model]) -> str:
    """Name, source, summary and parameters of every model."""
    lines = []
    for model in models:
        lines.append(f"{model.name}  [{model.source}]")
        lines += textwrap.wrap(model.summary, 100, initial_indent="  ", subsequent_indent="  ")
        width = max(len(key) for key in model.parameters) + 2
        lines += [f"    {key:<{width}}{value!r}" for key, value in model.parameters.items()]
        lines.append("")
    lines.append("Run one with its defaults, `qtraj verify NAME`, or change a parameter, `--set PARAMETER=VALUE`.")
    return "\n".join(lines)


def _heading(name: str, ensemble: Ensemble) -> str:
    return (
        f"{name}: protocol {ensemble.protocol}, {ensemble.paths:,} paths, sampler {ensemble.sampler}, "
        f"seed {ensemble.seed}"
    )


def _bars(log_probabilities: Any, width: int, *, log: bool) -> list[str]:
    """One bar a row; on the logarithmic scale the least probable row has a bar of length one."""
    width = max(10, width)
    top, bottom = float(log_probabilities.max()), float(log_probabilities.min())
    if log:
        parts = (log_probabilities - bottom) / (top - bottom) if top > bottom else np.ones(log_probabilities.size)
        return ["#" * round(1 + float(part) * (width - 1)) for part in parts]
    return ["#" * round(width * math.exp(float(value) - top)) for value in log_probabilities]


def _count(count: int) -> str:
    return str(count) if count < 10**10 else f"{count:.4e}"


def _value(value: Any) -> str:
    match value:
        case {"real": real, "imag": imag}:
            return _array(np.asarray(real) + 1j * np.asarray(imag))
        case list():
            return _array(np.asarray(value))
        case float():
            return f"{value:.12g}"
        case _:
            return f"{value:,}" if isinstance(value, int) else str(value)


def _array(array: Any) -> str:
    """A vector on one line, a matrix on one line a row."""
    if max(array.shape) > MOST_ENTRIES:
        return f"{' x '.join(map(str, array.shape))} numbers, see --json"
    rows = np.atleast_2d(array)
    return "\n".join("  ".join(_number(entry) for entry in row) for row in rows)


def _number(entry: Any) -> str:
    # Adding zero turns the -0.0 of rounding into 0.0.
    real, imaginary = (round(float(part), 6) + 0.0 for part in (entry.real, entry.imag))
    return f"{real: .6f}{imaginary:+.6f}i" if isinstance(entry, complex) else f"{real: .6f}"
