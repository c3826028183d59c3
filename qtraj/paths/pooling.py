"""Pooling ensembles: paths of one process that were drawn independently, counted together."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from qtraj.errors import InvalidInput

if TYPE_CHECKING:
    from qtraj.paths.ensemble import Ensemble  # whose method calls what is here

__all__ = ["in_words", "pooled"]

MOST_SEEDS = 4
"""So many seeds are named; a longer list says how many more there are."""


def pooled(one: Ensemble, other: Ensemble) -> Ensemble:
    """Both ensembles as one, sorted by their seeds; records of jumps are not kept.

    Raises:
        InvalidInput: If they do not belong together, or paths would count twice.
    """
    if not _same_law(one, other):
        raise InvalidInput("ensembles must have the same process and protocol to be merged, but their laws differ")
    if one.tilt != other.tilt:
        raise InvalidInput(f"ensembles must have one tilt to be merged, but have {one.tilt} and {other.tilt}")
    _check_independent(one, other)
    first, second = sorted((one, other), key=lambda ensemble: ensemble.seeds)
    rows = None
    if first.rows is not None and second.rows is not None:
        rows = {name: np.concatenate([first.rows[name], second.rows[name]]) for name in first.rows}
    return replace(
        one,
        sampler=one.sampler if one.sampler == other.sampler else f"{first.sampler}+{second.sampler}",
        seeds=tuple(sorted((*one.seeds, *other.seeds))),
        paths=one.paths + other.paths,
        class_counts=one.class_counts + other.class_counts,
        rows=rows,
        outside=one.outside + other.outside,
        records=None,
        origins=() if one.seeds else tuple(sorted((*_origins(one), *_origins(other)))),
    )


def _same_law(one: Ensemble, other: Ensemble) -> bool:
    """Whether two ensembles have equal laws; without laws they must be of one and the same process object."""
    if one.finite_law is None or other.finite_law is None:
        return one.finite_law is other.finite_law and one.process is other.process and one.protocol == other.protocol
    return one.finite_law.equals(other.finite_law)


def _check_independent(one: Ensemble, other: Ensemble) -> None:
    """Refuse paths that would count twice: by their seeds, and where there are none, by the paths themselves."""
    if common := set(one.seeds) & set(other.seeds):
        raise InvalidInput(f"ensembles must have different seeds to be merged, but both have {sorted(common)[0]}")
    if bool(one.seeds) != bool(other.seeds):
        raise InvalidInput(
            "ensembles must both have seeds to be merged, or both have none, but only one has: what is pooled from the "
            "two could not be told from more paths of that seed"
        )
    if not one.seeds and set(_origins(one)) & set(_origins(other)):
        raise InvalidInput("ensembles without seeds must have different paths to be merged, but have the same ones")


def _origins(ensemble: Ensemble) -> tuple[str, ...]:
    """What stands for the seeds of paths that have none: digests, one for each ensemble that was pooled.

    Times of jumps belong to one run, whatever was measured at its ends afterwards. Paths without a record of jumps are
    known by their rows, and those without rows by their counts.
    """
    if ensemble.origins:
        return ensemble.origins
    if ensemble.records is not None:
        columns = {"offsets": ensemble.records.offsets, "times": ensemble.records.col_times}
    else:
        columns = dict(ensemble.rows) if ensemble.rows is not None else {"counts": ensemble.class_counts}
    digest = hashlib.sha256()
    for name, column in sorted(columns.items()):
        digest.update(f"{name} {column.dtype} {column.shape}".encode())
        digest.update(np.ascontiguousarray(column).tobytes())
    return (digest.hexdigest(),)


def in_words(seeds: Sequence[int]) -> str:
    """The seeds of an ensemble, in words.

    Example:
        >>> in_words([7]), in_words([1, 2]), in_words(range(1, 7))
        ('seed 7', 'seeds 1, 2', 'seeds 1, 2, 3, 4 and 2 more')
    """
    named = ", ".join(str(seed) for seed in seeds[:MOST_SEEDS])
    more = f" and {len(seeds) - MOST_SEEDS} more" if len(seeds) > MOST_SEEDS else ""
    return f"seed{'s' if len(seeds) != 1 else ''} {named}{more}"
