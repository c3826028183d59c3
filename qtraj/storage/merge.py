"""Put two runs together: disjoint blocks of one seed into the single run, different seeds into a pooled one."""

from __future__ import annotations

import os
from pathlib import Path

from qtraj.errors import InvalidInput, StorageError
from qtraj.storage.blocks_on_disk import DamagedBlock, read_block, stored_blocks
from qtraj.storage.document import MATRICES, difference
from qtraj.storage.drawing import Stamp
from qtraj.storage.files import read_whole
from qtraj.storage.folders import keep_file
from qtraj.storage.lock import lock_owner
from qtraj.storage.plan import Part, common_block, united
from qtraj.storage.run_folder import PATHS, RunFolder, table_name
from qtraj.storage.tables import same_law

__all__ = ["merge_runs"]


def merge_runs(first: str | os.PathLike[str], second: str | os.PathLike[str], out: str | os.PathLike[str]) -> RunFolder:
    """Put two runs of one experiment together in a new folder; they are copied, and stay as they are.

    Args:
        first: A run folder.
        second: Another one; which is which makes no difference.
        out: The new folder.

    Returns:
        The merged run. If one of the two was not finished it is not finished either, and `resume_run` finishes it.

    Raises:
        InvalidInput: If the runs are of different experiments, protocols or samplers, or have a block in common.
        StorageError: If one of them is being written or has a damaged block, or `out` cannot be written.

    Example:
        >>> import tempfile
        >>> from qtraj.experiment import load_experiment
        >>> from qtraj.storage.start import start_run
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     for seed in (7, 8):
        ...         _ = start_run(load_experiment("two-qubit-exchange"), f"{folder}/{seed}", paths=1e6, seed=seed)
        ...     merge_runs(f"{folder}/7", f"{folder}/8", f"{folder}/both").manifest.seeds
        (7, 8)
    """
    runs = sorted((RunFolder.open(first), RunFolder.open(second)), key=lambda run: run.manifest.seeds)
    parts = _merged_parts(*runs)
    for run in runs:
        owner = lock_owner(run.path)
        if owner is not None:
            raise StorageError(f"`{run.path}` must not change while it is merged, but is being written by {owner}")
    target = Path(out)
    with RunFolder.new(target):
        for run in runs:
            _copy_tables(run, target)
        merged = runs[0].manifest.model_copy(update={"parts": parts})
        folder = RunFolder(path=target, manifest=merged).with_manifest(merged)
        for run in runs:
            _copy_blocks(run, folder)
    return folder


def _merged_parts(one: RunFolder, other: RunFolder) -> list[Part]:
    names = (str(one.path), str(other.path))
    found = difference(one.manifest.described, other.manifest.described, names)
    if found is not None:
        raise InvalidInput(f"runs must be of one experiment to be merged, but {found.replace('`experiment.', '`')}")
    parts = {part.seed: part for part in one.manifest.parts}
    for part in other.manifest.parts:
        mine = parts.get(part.seed)
        if mine is None:
            parts[part.seed] = part
            continue
        if mine.paths != part.paths:
            raise InvalidInput(
                f"pieces of one run must be cut from the same number of paths, but seed {part.seed} has {mine.paths} "
                f"in {names[0]} and {part.paths} in {names[1]}; make the shorter run longer first"
            )
        block = common_block(mine, part)
        if block is not None:
            raise InvalidInput(
                f"runs must have no block in common to be merged, but both {names[0]} and {names[1]} have block "
                f"{block} of seed {part.seed}; those paths would count twice"
            )
        if mine.tables != part.tables:
            raise InvalidInput(
                f"pieces of one run must be drawn from the same tables, but those of seed {part.seed} differ between "
                f"{names[0]} and {names[1]}, probably in the last digits, by the machines they were computed on; draw "
                "the pieces with different seeds instead"
            )
        parts[part.seed] = united(mine, part)
    first, second = one.manifest.parts[0], other.manifest.parts[0]
    if first.tables != second.tables and not same_law(one.tables(first), other.tables(second)):
        raise InvalidInput(
            f"runs must have the same law to be merged, but the laws in {names[0]} and {names[1]} differ by more than "
            "rounding; they may come from different versions of qtraj"
        )
    return [parts[seed] for seed in sorted(parts)]


def _copy_tables(run: RunFolder, target: Path) -> None:
    for part in run.manifest.parts:
        for name, data in run.tables(part).items():
            keep_file(target, table_name(name, part.tables[name]), data)
    _ = run.experiment  # checks the matrices
    if (run.path / MATRICES).is_dir():
        for file in sorted((run.path / MATRICES).glob("*.npy")):
            keep_file(target, f"{MATRICES}/{file.name}", read_whole(file))


def _copy_blocks(run: RunFolder, target: RunFolder) -> None:
    for part, block, files in stored_blocks(run):
        try:
            read_block(run.path, files[0], block, Stamp(run=run.manifest.run, seed=part.seed))
        except DamagedBlock as error:
            raise StorageError(
                f"{error}; `qtraj resume {run.path}` draws it again, and `qtraj resume {target.path}` draws what has "
                "not been copied"
            ) from error
        name = f"{PATHS}/{files[0].name}"
        target.keep(name, read_whole(run.path / name))
