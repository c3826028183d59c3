"""Extend an ensemble: an extended run equals a fresh one of the same length, number by number."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qtraj.blas import one_blas_thread
from qtraj.errors import InvalidInput
from qtraj.paths.blocks import ROW_BLOCK_PATHS, check_paths, row_blocks
from qtraj.paths.class_finder import ClassFinder
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.explicit import check_row_count
from qtraj.paths.follow_blocks import Book, Tally
from qtraj.paths.followers import follower, heats_of
from qtraj.paths.jump_records import JumpRecords
from qtraj.paths.parallel import iterate_blocks
from qtraj.paths.progress import Progress, watch
from qtraj.paths.running_mean import RunningMean, counted_estimate
from qtraj.paths.sample import sample
from qtraj.paths.tilted import tilted_follower
from qtraj.quantum.scalars import instance_of

__all__ = ["extended"]


def extended(
    ensemble: Ensemble,
    paths: int | float,
    *,
    n_jobs: int = 1,
    backend: Any = None,
    progress: Progress | None = None,
) -> Ensemble:
    """The ensemble that the same run would have been with more paths.

    Full blocks of followed paths are kept and only the rest is followed; counts cost the same for any number, and
    explicit paths little, so that they are drawn anew. The result does not depend on how a run was extended. The
    unfinished last block is redrawn, so that a run that does not end with a block is no part of a longer one.

    Args:
        ensemble: A run of one seed.
        paths: How many paths it should have, no fewer than it has.
        n_jobs: Workers.
        backend: joblib backend.
        progress: Told about finished blocks.

    Raises:
        InvalidInput: If there are more paths already, or the ensemble is pooled from several runs.

    Example:
        >>> from qtraj.models import build_model
        >>> short = sample(build_model("two-qubit-exchange"), paths=100_000, seed=3)
        >>> longer = sample(build_model("two-qubit-exchange"), paths=1e12, seed=3)
        >>> bool((extended(short, 1e12).class_counts == longer.class_counts).all())
        True
    """
    instance_of(ensemble, Ensemble, "ensemble")
    number = check_paths(paths)
    if len(ensemble.seeds) != 1:
        raise InvalidInput(f"`ensemble` must be a run of one seed to be extended, but has {len(ensemble.seeds)}")
    if number < ensemble.paths:
        raise InvalidInput(f"`paths` must be at least {ensemble.paths}, but is {number}", measured=number)
    if number == ensemble.paths:
        return ensemble
    how: dict[str, Any] = {"n_jobs": n_jobs, "backend": backend, "progress": progress}
    if ensemble.sampler not in ("followed", "tilted"):
        return sample(
            ensemble.process,
            paths=number,
            seed=ensemble.seed,
            protocol=ensemble.protocol,
            sampler=ensemble.sampler,
            keep_rows=ensemble.rows is not None,
            law=ensemble.finite_law,
            **how,
        )
    if ensemble.rows is not None:
        check_row_count(number)
    return _followed_further(ensemble, number, how)


def _followed_further(ensemble: Ensemble, number: int, how: dict[str, Any]) -> Ensemble:
    law, keep_records = ensemble.finite_law, ensemble.records is not None
    kept = ensemble.paths // ROW_BLOCK_PATHS * ROW_BLOCK_PATHS
    if law is not None and kept != ensemble.paths:
        kept = 0  # the classes of the unfinished block's paths cannot be taken back
    with one_blas_thread():
        if ensemble.tilt is not None:
            follow: Any = tilted_follower(
                ensemble.process, ensemble.endpoints, ensemble.seed, ensemble.tilt, keep_records=keep_records
            )
        else:
            follow = follower(ensemble.process, ensemble.endpoints, ensemble.seed, keep_records=keep_records)
    work: Any = Book(follow, ensemble.endpoints)
    if law is not None:
        finder = ClassFinder(law=law, heats_of=heats_of(ensemble.process))
        _ = finder.lookup  # computed here once, and not by the workers with every block
        work = Tally(follow, finder, ensemble.rows is not None)
    blocks = row_blocks(number)[kept // ROW_BLOCK_PATHS :]
    counts = np.array(ensemble.class_counts) if kept else np.zeros_like(ensemble.class_counts)
    outside = ensemble.outside if kept else 0
    parts: list[dict[str, NDArray[Any]]] = []
    records: list[JumpRecords] = []
    if ensemble.rows is not None:
        parts.append({name: column[:kept] for name, column in ensemble.rows.items()})
    if ensemble.records is not None:
        records.append(_first(ensemble.records, kept))
    running = RunningMean()
    if law is not None:
        watch(how["progress"], lambda: counted_estimate(law, counts))
    elif ensemble.tilt is None:  # the mean of tilted rows as they are means nothing
        running.add(parts[0])
        watch(how["progress"], running.estimate)
    drawn = iterate_blocks(work, blocks, **how)
    with closing(drawn):
        for found in drawn:
            if law is not None:
                counts += found[0]
                outside += found[1]
            else:
                running.add(found[-2])
            rows, record = found[-2:]
            parts += [rows] if ensemble.rows is not None else []
            records += [] if record is None else [record]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in parts[-1]} if parts else None
    return replace(
        ensemble,
        paths=number,
        class_counts=counts,
        outside=outside,
        rows=joined,
        records=JumpRecords.joined(records) if records else None,
    )


def _first(records: JumpRecords, paths: int) -> JumpRecords:
    """The records of the first trajectories."""
    end = int(records.offsets[paths])
    return JumpRecords(
        col_times=records.col_times[:end], col_which=records.col_which[:end], offsets=records.offsets[: paths + 1]
    )
