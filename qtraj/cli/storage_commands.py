"""The commands that write run folders, and how the others read them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

from qtraj.cli.exits import Exit
from qtraj.cli.output import complain, emit, emit_json
from qtraj.errors import InvalidInput
from qtraj.experiment import Experiment
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.progress import RunProgress
from qtraj.storage.blocks_on_disk import list_blocks
from qtraj.storage.load import load_run
from qtraj.storage.merge import merge_runs
from qtraj.storage.resume import Completion, resume_run
from qtraj.storage.run_folder import RunFolder, is_run_folder
from qtraj.storage.sizes import in_units
from qtraj.storage.start import start_run
from qtraj.storage.sweep_folder import is_sweep_folder

__all__ = ["load_stored", "merge", "refuse_decided", "resumable", "resume", "store"]


def store(
    experiment: Experiment,
    out: str,
    *,
    sampling: Mapping[str, Any],
    records: bool = False,
    blocks: str | None = None,
    as_json: bool = False,
    quiet: bool = False,
) -> Exit:
    """`qtraj sample TARGET --out DIR`: draw a run into a new folder.

    Args:
        experiment: What TARGET stands for.
        out: The folder.
        sampling: Arguments of `sample` that were asked for, among `paths`, `seed`, `protocol`, `sampler`, `n_jobs` and
            `backend`.
        records: Keep times and kinds of all jumps.
        blocks: Draw these blocks only, `first:end`.
        as_json: One JSON object instead of a text.
        quiet: No text and no progress.

    Raises:
        InvalidInput: As `start_run`.
        StorageError: As `start_run`.
    """
    with resumable(out), _progress(sampling.get("paths") if blocks is None else None, quiet=quiet) as progress:
        done = start_run(experiment, out, **sampling, keep_records=records, blocks=blocks, progress=progress)
    _tell(done, as_json=as_json, quiet=quiet)
    return Exit.HOLDS


def resume(
    path: str,
    *,
    paths: int | None = None,
    n_jobs: int = 1,
    backend: Any = None,
    as_json: bool = False,
    quiet: bool = False,
) -> Exit:
    """`qtraj resume DIR [--paths N]`: finish a run, or make it longer.

    Args:
        path: The run folder.
        paths: Number of paths it shall have; as before if None.
        n_jobs: Workers.
        backend: joblib backend.
        as_json: One JSON object instead of a text.
        quiet: No text and no progress.

    Raises:
        InvalidInput: As `resume_run`.
        StorageError: As `resume_run`.
    """
    total = RunFolder.open(path).manifest.paths if paths is None else paths
    with resumable(path), _progress(total, quiet=quiet) as progress:
        done = resume_run(path, paths=paths, n_jobs=n_jobs, backend=backend, progress=progress)
    _tell(done, as_json=as_json, quiet=quiet)
    return Exit.HOLDS


def merge(first: str, second: str, out: str, *, as_json: bool = False, quiet: bool = False) -> Exit:
    """`qtraj merge A B --out C`: put two runs of one experiment together.

    Raises:
        InvalidInput: As `merge_runs`.
        StorageError: As `merge_runs`.
    """
    _tell(merge_runs(first, second, out), as_json=as_json, quiet=quiet)
    return Exit.HOLDS


def load_stored(target: str, given: Mapping[str, Any], *, partial: bool = False) -> tuple[Experiment, Ensemble] | None:
    """What `verify` and `histogram` need of a run folder; None if the target is none.

    Args:
        target: The word on the command line.
        given: Options that a stored run has decided already, by their names there, with None or an empty value for
            those that were not given.
        partial: Take the finished blocks of a run that is not finished.

    Raises:
        InvalidInput: If one of those options is given, or as `load_run`.
        StorageError: As `load_run`.
    """
    if not is_run_folder(target):
        return None
    if is_sweep_folder(target):
        raise InvalidInput(f"`{target}` must be a single run, but is a sweep; its runs are in `{target}/points`")
    folder = RunFolder.open(target)
    refuse_decided(given, "a stored run")
    ensemble = load_run(folder, partial=partial)
    if ensemble.paths < folder.manifest.paths:
        complain(
            f"qtraj: {folder.path} is not finished: {ensemble.paths:,} of {folder.manifest.paths:,} paths are there"
        )
    return folder.experiment, ensemble


def refuse_decided(given: Mapping[str, Any], what: str) -> None:
    """Refuse options that a folder has decided already.

    Args:
        given: Their values by their names, None or empty for those that were not given.
        what: What the folder holds.

    Raises:
        InvalidInput: If one of them is given.
    """
    for option, value in given.items():
        if value not in (None, "", ()):
            raise InvalidInput(f"`{option}` must be left out for {what}, which has its own, but is {_shown(value)}")


def _shown(value: Any) -> str:
    return " ".join(value) if isinstance(value, tuple) else str(value)


def _progress(total: int | None, *, quiet: bool) -> AbstractContextManager[RunProgress | None]:
    return nullcontext() if quiet else RunProgress(total)


@contextmanager
def resumable(path: str) -> Iterator[None]:
    """Let Ctrl-C carry the words that say how to go on."""
    try:
        yield
    except KeyboardInterrupt as interrupt:
        kept = is_run_folder(path)
        words = f"`qtraj resume {path}` goes on after the last finished block" if kept else "nothing was kept"
        raise KeyboardInterrupt(words) from interrupt


def _tell(done: Completion | RunFolder, *, as_json: bool, quiet: bool) -> None:
    folder = done.folder if isinstance(done, Completion) else done
    manifest = folder.manifest
    files = list_blocks(folder.path)
    size = sum((folder.paths / file.name).stat().st_size for file in files)
    if as_json:
        document: dict[str, Any] = {
            "folder": str(folder.path),
            "name": manifest.name,
            "paths": manifest.paths,
            "seeds": list(manifest.seeds),
            "protocol": manifest.protocol,
            "sampler": manifest.sampler,
            "blocks": manifest.blocks,
            "finished_blocks": len(files),
            "bytes": size,
        }
        if isinstance(done, Completion):
            document |= {"kept": done.kept, "drawn": done.drawn, "remade": list(done.remade)}
        emit_json(document)
    elif not quiet:
        emit("\n".join(_lines(done, folder, len(files), size)))


def _lines(done: Completion | RunFolder, folder: RunFolder, finished: int, size: int) -> Iterator[str]:
    manifest = folder.manifest
    seeds = f"seed {manifest.seeds[0]}"
    if len(manifest.seeds) > 1:
        seeds = f"pooled from seeds {', '.join(map(str, manifest.seeds))}, sorted by seed and block"
    yield (
        f"{manifest.name}: {manifest.paths:,} paths in {folder.path}, protocol {manifest.protocol}, "
        f"sampler {manifest.sampler}, {seeds}"
    )
    if isinstance(done, Completion):
        yield from (f"drawn again: {sentence}" for sentence in done.remade)
        yield f"blocks: {done.drawn:,} drawn, {done.kept:,} were there; {in_units(size)} in {folder.paths}"
    else:
        yield f"blocks: {finished:,} of {manifest.blocks:,}; {in_units(size)} in {folder.paths}"
        if finished < manifest.blocks:
            yield f"not finished: `qtraj resume {folder.path}` draws the others"
