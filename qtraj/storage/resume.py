"""Finish a run that was interrupted, and make a finished one longer.

A block is kept if its file is sound and holds what the run wants there; everything else is drawn, from the same tables
and random numbers as in a run that was never interrupted. A run that is made longer keeps its full blocks; its
unfinished last block has other random numbers in the longer run (`qtraj.paths.blocks`), and is drawn afresh.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from qtraj.errors import InvalidInput, StorageError
from qtraj.paths.blocks import Block, check_paths
from qtraj.paths.parallel import iterate_blocks
from qtraj.paths.progress import Progress, found, watch
from qtraj.paths.running_mean import RunningMean
from qtraj.storage.blocks_on_disk import (
    DamagedBlock,
    StaleBlock,
    read_block,
    remove_block,
    stored_blocks,
    write_block,
)
from qtraj.storage.drawing import Stamp, drawer
from qtraj.storage.environment import check_environment, environment
from qtraj.storage.lock import FolderLock, locked
from qtraj.storage.mending import mend_tables
from qtraj.storage.plan import Part, all_blocks
from qtraj.storage.run_folder import RunFolder
from qtraj.storage.sizes import in_units

__all__ = ["Completion", "complete", "resume_run"]


@dataclass(frozen=True, kw_only=True)
class Completion:
    """What was done to finish a run.

    Attributes:
        folder: The run, finished.
        kept: Number of blocks that were there.
        drawn: Number of blocks that were drawn now.
        remade: What was wrong with the damaged ones among those, a sentence each.
    """

    folder: RunFolder
    kept: int
    drawn: int
    remade: tuple[str, ...]


def resume_run(
    path: str | os.PathLike[str],
    *,
    paths: int | float | None = None,
    n_jobs: int = 1,
    backend: Any = None,
    progress: Progress | None = None,
) -> Completion:
    """Finish the run in a folder, whatever interrupted it.

    The result equals that of a run that was never interrupted, number by number. A damaged block is drawn again, a
    damaged table of the law made again.

    Args:
        path: The run folder.
        paths: Number of paths that the run shall have then, not less than now; as it was by default.
        n_jobs: Workers, as in `sample`; the result does not depend on them.
        backend: joblib backend, as in `sample`.
        progress: Told about blocks that are there or have been drawn.

    Raises:
        StorageError: If the folder is being written by somebody else, is no run folder or that of a newer version,
            cannot be written, or would be continued with other numbers than it was begun with.
        InvalidInput: If `paths` is too small, or the run is pooled or in pieces and cannot be made longer.

    Example:
        >>> import tempfile
        >>> from qtraj.experiment import load_experiment
        >>> from qtraj.storage.start import start_run
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = start_run(load_experiment("two-qubit-exchange"), folder, paths=1e6, seed=7)
        ...     done = resume_run(folder, paths=1e12)
        >>> done.drawn, done.folder.manifest.paths
        (2, 1000000000000)
    """
    folder = RunFolder.open(path)
    with locked(folder.path) as lock:
        folder = RunFolder.open(path)  # again, now that nobody can change it
        if paths is not None:
            folder = _extended(folder, check_paths(paths))
        return complete(folder, lock, n_jobs=n_jobs, backend=backend, progress=progress)


def complete(
    folder: RunFolder, lock: FolderLock, *, n_jobs: int = 1, backend: Any = None, progress: Progress | None = None
) -> Completion:
    """Draw all blocks of a run that are not there; the caller holds the lock.

    Raises:
        StorageError: If something cannot be read or written; what has been drawn stays.
    """
    folder.clear_unfinished()
    mended = mend_tables(folder)
    sound, remade = _sound_blocks(folder, progress)
    drawn, running = 0, RunningMean()
    watch(progress, running.estimate)  # of what is drawn now; the blocks that are there are not read for it
    for part in folder.manifest.parts:
        missing = part.size() - sum(1 for seed, _ in sound if seed == part.seed)
        if not missing:
            continue
        folder = _noted(folder, part)
        todo = _missing(folder, part, sound)
        # Counts are few blocks of a moment each, where workers would only cost.
        if folder.manifest.sampler == "counts":
            n_jobs, backend = 1, None
        blocks = iterate_blocks(drawer(folder, part), todo, n_jobs=n_jobs, backend=backend, progress=progress)
        with closing(blocks):
            for block, own in zip(_missing(folder, part, sound), blocks, strict=True):
                lock.check()
                write_block(folder, part.seed, block.index, own.data)
                running.join(own.mean)
                drawn, missing = drawn + 1, missing - 1
                if drawn == 1:
                    _check_room(folder, len(own.data) * missing)
    return Completion(folder=folder, kept=len(sound), drawn=drawn, remade=(*mended, *remade))


def _extended(folder: RunFolder, paths: int) -> RunFolder:
    manifest = folder.manifest
    if len(manifest.parts) > 1:
        raise InvalidInput(
            f"`paths` must be left out for a pooled run, but is {paths}; make the runs longer that `{folder.path}` was "
            "merged from"
        )
    (part,) = manifest.parts
    if paths < part.paths:
        raise InvalidInput(
            f"`paths` must be at least the {part.paths} that the run has, but is {paths}", measured=float(paths)
        )
    if paths == part.paths:
        return folder
    if not part.whole(manifest.sampler):
        raise InvalidInput(
            f"`paths` must be left out for a piece of a run, but is {paths}; `{folder.path}` has only some blocks"
        )
    check_environment(part.drawn_with[0], manifest.sampler, folder.path)
    blocks = [[0, len(all_blocks(manifest.sampler, paths))]]
    longer = part.model_copy(update={"paths": paths, "blocks": blocks})
    return folder.with_manifest(manifest.model_copy(update={"parts": [longer]}))


def _noted(folder: RunFolder, part: Part) -> RunFolder:
    """The folder, with a note in its manifest on which machine this part is drawn now, if it is another one."""
    manifest = folder.manifest
    check_environment(part.drawn_with[0], manifest.sampler, folder.path)
    now = environment(manifest.sampler)
    if now in part.drawn_with:
        return folder
    noted = part.model_copy(update={"drawn_with": [*part.drawn_with, now]})
    parts = [noted if one.seed == part.seed else one for one in manifest.parts]
    return folder.with_manifest(manifest.model_copy(update={"parts": parts}))


def _sound_blocks(folder: RunFolder, progress: Progress | None) -> tuple[set[tuple[int, int]], tuple[str, ...]]:
    """Which blocks are there, by seed and number; whatever else stands in their place is removed."""
    sound, remade = set[tuple[int, int]](), list[str]()
    for part, block, files in stored_blocks(folder):
        for file in files:
            try:
                if (part.seed, block.index) in sound:
                    raise StaleBlock("one is enough")
                read_block(folder.path, file, block, Stamp(run=folder.manifest.run, seed=part.seed), names=())
            except DamagedBlock as error:
                remove_block(folder.path, file)
                if not isinstance(error, StaleBlock):
                    remade.append(str(error))
            else:
                sound.add((part.seed, block.index))
                found(progress, block.size)
    return sound, tuple(remade)


def _missing(folder: RunFolder, part: Part, sound: set[tuple[int, int]]) -> Iterator[Block]:
    blocks = all_blocks(folder.manifest.sampler, part.paths)
    return (blocks[index] for index in part.indices() if (part.seed, index) not in sound)


def _check_room(folder: RunFolder, needed: int) -> None:
    """Stop at once, and not after hours, if the disk will not hold the blocks; they are all about as large."""
    try:
        free = shutil.disk_usage(folder.path).free
    except OSError:  # then the disk will say it itself when it is full
        return
    if needed > free:
        raise StorageError(
            f"`{folder.path}` needs about {in_units(needed)} more, but the disk has only {in_units(free)} left; "
            f"make room and go on with `qtraj resume {folder.path}`"
        )
