"""What a person and a program read of a histogram: exact atoms beside sampled counts, or counts in bins."""

from __future__ import annotations

import math
import shutil
from collections.abc import Sequence
from typing import Any, Final

import numpy as np

from qtraj.cli.output import plain
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.pooling import in_words as seeds_in_words

__all__ = ["histogram_document", "histogram_table"]

MOST_ROWS: Final = 40
"""Atoms shown of a histogram: one screen."""

QUANTITIES: Final = ("sigma", "sigma_d", "xi", "heat")
"""The usual quantities, in the order in which people look for them; others follow as they come."""

BINS: Final = 30
"""Bins of a quantity whose values are no atoms."""

JSON_BINS: Final = 200
"""Bins of the same for programs: fine enough to be put together to any coarser ones a figure may want."""


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


def _heading(name: str, ensemble: Ensemble) -> str:
    return (
        f"{name}: protocol {ensemble.protocol}, {ensemble.paths:,} paths, sampler {ensemble.sampler}, "
        f"{seeds_in_words(ensemble.seeds)}"
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


def histogram_document(kind: str, ensemble: Ensemble) -> dict[str, Any]:
    """Exact atoms and counts, or counts in bins, of every quantity that is recorded; for the usual others, a reason.

    Args:
        kind: Kind of the process.
        ensemble: Its paths.
    """
    quantities, reasons = dict[str, Any](), dict[str, str]()
    for name in dict.fromkeys((*QUANTITIES, *ensemble.quantities)):
        if name not in ensemble.quantities:
            quantities[name] = None
            reasons[f"quantities.{name}"] = f"`{name}` is not defined in the {ensemble.protocol} protocol"
            continue
        place = f"quantities.{name}"
        quantities[name] = {
            **(_bins(ensemble, name) if ensemble.finite_law is None else _atoms(ensemble, name, place, reasons)),
            "sampled_mean": plain(ensemble.mean(name), f"{place}.sampled_mean", reasons),
            "standard_error": plain(ensemble.standard_error(name), f"{place}.standard_error", reasons),
        }
    return {
        "process": kind,
        "paths": ensemble.paths,
        "seed": ensemble.seed,
        "protocol": ensemble.protocol,
        "sampler": ensemble.sampler,
        "outside": ensemble.outside,
        "quantities": quantities,
        "reasons": reasons,
    }


def _atoms(ensemble: Ensemble, name: str, place: str, reasons: dict[str, str]) -> dict[str, Any]:
    distribution = ensemble.law.distribution(name)
    return {
        "atoms": distribution.atoms.tolist(),
        "probabilities": distribution.probabilities.tolist(),
        "log_probabilities": distribution.log_probabilities.tolist(),
        "counts": distribution.counts(ensemble.class_counts).tolist(),
        "exact_mean": plain(ensemble.law.mean(name), f"{place}.exact_mean", reasons),
    }


def _bins(ensemble: Ensemble, name: str) -> dict[str, Any]:
    counts, edges = ensemble.histogram(name, JSON_BINS)
    return {"edges": edges.tolist(), "counts": counts.tolist()}
