"""Whatever interrupts a run, resuming it gives the run that was never interrupted; a longer one equals a fresh one."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from qtraj import atomic
from qtraj.errors import InvalidInput, StorageError
from qtraj.experiment import load_experiment
from qtraj.paths.blocks import ROW_BLOCK_PATHS, row_blocks
from qtraj.paths.sample import sample
from qtraj.storage import RunFolder, environment, load_run, resume, resume_run, start_run
from qtraj.storage.drawing import drawer
from tests.storage.runs import COUNTS, ROWS, SEED, assert_same, block_files, rewrite_manifest, spoil

EXPLICIT = {"paths": ROWS, "sampler": "explicit"}


@pytest.mark.parametrize("lost", [[0], [3], [1, 2], [0, 1, 2, 3]])
def test_lost_blocks_come_back(lost: list[int], stored: Callable[..., Path]) -> None:
    folder = stored(**EXPLICIT)
    before = block_files(folder)
    for position in lost:
        (folder / "paths" / list(before)[position]).unlink()
    with pytest.raises(StorageError, match=rf"is not finished: {4 - len(lost)} of its 4 blocks are there"):
        load_run(folder)
    done = resume_run(folder)
    assert (done.kept, done.drawn, done.remade) == (4 - len(lost), len(lost), ())
    assert block_files(folder) == before
    assert resume_run(folder).drawn == 0


@pytest.mark.parametrize("how", [EXPLICIT, {"paths": COUNTS}])
def test_a_damaged_block_is_named_and_made_again(how: dict[str, Any], stored: Callable[..., Path]) -> None:
    folder = stored(**how)
    before = block_files(folder)
    name = list(before)[1]
    spoil(folder / "paths" / name)
    with pytest.raises(StorageError, match=rf"block 1 of seed 7 \(.*{name}\) is damaged: its checksum does not fit"):
        load_run(folder)
    done = resume_run(folder)
    assert (done.drawn, len(done.remade)) == (1, 1)
    assert "block 1 of seed 7" in done.remade[0]
    assert block_files(folder) == before


@pytest.mark.parametrize("how", [EXPLICIT, {"paths": COUNTS}])
@pytest.mark.parametrize("kind", ["law", "flows"])
@pytest.mark.parametrize("harm", [spoil, Path.unlink])
def test_a_damaged_table_is_named_and_made_again(
    how: dict[str, Any], kind: str, harm: Callable[[Path], None], stored: Callable[..., Path]
) -> None:
    folder = stored(**how)
    (table,) = (folder / "tables").glob(f"{kind}-*")
    before = table.read_bytes()
    harm(table)
    with pytest.raises(StorageError):
        load_run(folder)
    done = resume_run(folder)
    assert done.drawn == 0
    assert done.remade == (f"`{table}` was missing or damaged",)
    assert table.read_bytes() == before
    assert load_run(folder).paths == how["paths"]


def test_a_table_that_comes_out_otherwise_is_not_put_back(
    stored: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on another machine, whose linear algebra rounds in another way."""
    folder = stored(**EXPLICIT)
    (table,) = (folder / "tables").glob("law-*")
    spoil(table)
    spoilt = table.read_bytes()
    monkeypatch.setattr("qtraj.storage.mending.encode_tables", lambda *_: {"law": b"other digits"})
    with pytest.raises(StorageError, match=r"damaged, and this machine would compute other last digits; put"):
        resume_run(folder)
    assert table.read_bytes() == spoilt


@pytest.mark.parametrize(
    ("sampler", "short", "long"),
    [
        ("counts", 1000, 2000),
        ("counts", 1000, COUNTS),
        ("counts", COUNTS, 10**12),
        ("explicit", 1000, ROWS),
        ("explicit", ROW_BLOCK_PATHS, ROWS),
        ("explicit", 2 * ROW_BLOCK_PATHS + 1, ROWS),
        ("followed", 2 * ROW_BLOCK_PATHS + 1, ROWS),
    ],
)
def test_a_run_made_longer_equals_a_fresh_one(sampler: str, short: int, long: int, stored: Callable[..., Path]) -> None:
    """Full blocks stay, and the unfinished one at the end is drawn afresh."""
    folder, fresh = stored(sampler=sampler, paths=short), stored(sampler=sampler, paths=long)
    before = block_files(folder)
    done = resume_run(folder, paths=long)
    assert done.folder.manifest.model_dump() == RunFolder.open(fresh).manifest.model_dump()
    assert done.remade == ()
    assert block_files(folder) == block_files(fresh)
    full = [name for name in before if name in block_files(folder)]
    assert len(full) == done.kept == (short // ROW_BLOCK_PATHS if sampler != "counts" else int(short >= 2**20))
    process = load_experiment("two-qubit-exchange").process
    assert_same(load_run(folder, rows=True), sample(process, sampler=sampler, paths=long, seed=SEED))


def test_jump_records_are_made_longer_too(stored: Callable[..., Path]) -> None:
    how: dict[str, Any] = {"sampler": "followed", "keep_records": True}
    folder = stored("davies-qutrit", paths=1000, **how)
    resume_run(folder, paths=70_000)
    assert block_files(folder) == block_files(stored("davies-qutrit", paths=70_000, **how))


def test_what_stays_unfinished_is_not_what_it_was(stored: Callable[..., Path]) -> None:
    """The unfinished end of a run is redrawn in a longer one, not continued: its numbers differ."""
    folder = stored(sampler="counts", paths=1000)
    before = load_run(folder).class_counts
    resume_run(folder, paths=1001)
    assert abs(load_run(folder).class_counts - before).sum() > 1


def test_an_extension_interrupted_before_its_first_block(
    stored: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The manifest knows the new length, and the old end is still there: it is no block of the longer run."""
    folder = stored(sampler="explicit", paths=1000)

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(resume, "_sound_blocks", stop)
        with pytest.raises(KeyboardInterrupt):
            resume_run(folder, paths=ROWS)
    with pytest.raises(StorageError, match="is not finished: 1 of its 4 blocks"):
        load_run(folder)
    with pytest.raises(StorageError, match="holds 1000 paths, but in this run the block has 65536"):
        load_run(folder, partial=True)
    done = resume_run(folder)
    assert (done.drawn, done.remade) == (4, ())
    assert block_files(folder) == block_files(stored(**EXPLICIT))


@pytest.mark.parametrize(
    ("paths", "complaint"),
    [
        (ROWS - 1, f"`paths` must be at least the {ROWS} that the run has, but is {ROWS - 1}"),
        (0, "from 1"),
        (1.5, "1.5"),
    ],
)
def test_a_run_is_not_made_shorter(paths: float, complaint: str, stored: Callable[..., Path]) -> None:
    folder = stored(**EXPLICIT)
    before = block_files(folder)
    with pytest.raises(InvalidInput, match=complaint):
        resume_run(folder, paths=paths)
    assert block_files(folder) == before


def test_a_piece_of_a_run_is_not_made_longer(stored: Callable[..., Path]) -> None:
    with pytest.raises(InvalidInput, match="`paths` must be left out for a piece of a run"):
        resume_run(stored(**EXPLICIT, blocks="0:2"), paths=2 * ROWS)


def test_a_block_that_is_there_twice_is_there_once_again(stored: Callable[..., Path]) -> None:
    folder = stored(**EXPLICIT)
    before = block_files(folder)
    name = next(iter(before))
    (folder / "paths" / name.replace(name[-24:-8], "0" * 16)).write_bytes(before[name])
    with pytest.raises(StorageError, match="block 0 of seed 7 is there 2 times"):
        load_run(folder)
    assert resume_run(folder).drawn == 0
    assert block_files(folder) == before


@pytest.mark.parametrize("where", ["seed-8-block-00000000000", "seed-7-block-00000000004"])
def test_blocks_of_nobody_are_not_touched(where: str, stored: Callable[..., Path]) -> None:
    folder = stored(**EXPLICIT)
    name, data = next(iter(block_files(folder).items()))
    stranger = folder / "paths" / name.replace(name[:24], where)
    stranger.write_bytes(data)
    for attempt in (load_run, resume_run):
        with pytest.raises(StorageError, match=f"{stranger.name}` is no block of this run; remove it"):
            attempt(folder)
    assert stranger.exists()


def test_a_sound_block_of_another_run_is_not_taken_for_ours(stored: Callable[..., Path]) -> None:
    folder, other = stored(**EXPLICIT), stored(**EXPLICIT, protocol="kraus")
    mine, theirs = (next(iter((run / "paths").iterdir()), None) for run in (folder, other))
    assert mine is not None
    assert theirs is not None
    index = theirs.name[13:24]
    for file in (folder / "paths").glob(f"*-{index}-*"):
        file.unlink()
    (folder / "paths" / theirs.name).write_bytes(theirs.read_bytes())
    for attempt in (load_run, resume_run):
        with pytest.raises(StorageError, match=rf"block {int(index)} of seed 7 \(.*\) belongs to another run"):
            attempt(folder)


# --- disks ------------------------------------------------------------------------------------------------------------


def full_after(files: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk with room for so many more files."""
    written = 0
    to_disk = atomic._to_disk

    def fill(path: Path) -> None:
        nonlocal written
        written += 1
        if written > files:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        to_disk(path)

    monkeypatch.setattr(atomic, "_to_disk", fill)


@pytest.mark.parametrize("files", range(6))
def test_a_full_disk_costs_nothing_that_was_there(
    files: int, stored: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Three tables, a manifest, then blocks: wherever it gets full, the run can be finished later."""
    folder = tmp_path / "run"
    experiment = load_experiment("two-qubit-exchange")
    with monkeypatch.context() as patch:
        full_after(files, patch)
        with pytest.raises(StorageError, match="could not be written: no space left on device"):
            start_run(experiment, folder, seed=SEED, **EXPLICIT)
    assert not (folder / "lock").exists()
    if files < 4:
        assert not folder.exists()
        start_run(experiment, folder, seed=SEED, **EXPLICIT)
    else:
        assert os.listdir(folder / "unfinished") == []
        assert resume_run(folder).kept == files - 4
    assert block_files(folder) == block_files(stored(**EXPLICIT))


def test_a_disk_that_will_be_full_is_noticed_after_one_block(
    monkeypatch: pytest.MonkeyPatch, stored: Callable[..., Path], tmp_path: Path
) -> None:
    class Usage:
        free = 200_000

    with monkeypatch.context() as patch:
        patch.setattr(resume.shutil, "disk_usage", lambda path: Usage)
        with pytest.raises(StorageError, match=r"needs about \d+ kB more, but the disk has only 200 kB left"):
            start_run(load_experiment("two-qubit-exchange"), tmp_path / "run", seed=SEED, **EXPLICIT)
    assert resume_run(tmp_path / "run").kept == 1
    assert block_files(tmp_path / "run") == block_files(stored(**EXPLICIT))


def test_a_read_only_folder_is_read_and_not_written(
    stored: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stored(**EXPLICIT)
    before = load_run(folder).class_counts
    original = os.open

    def refuse(path: Any, flags: int, *rest: Any, **more: Any) -> int:
        if flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT) and str(path).startswith(str(folder)):
            raise OSError(errno.EROFS, os.strerror(errno.EROFS))
        return original(path, flags, *rest, **more)

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(StorageError, match="could not be locked for writing: read-only file system"):
        resume_run(folder)
    assert (load_run(folder).class_counts == before).all()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_of_somebody_else(stored: Callable[..., Path]) -> None:
    folder = stored(**EXPLICIT)
    folder.chmod(0o500)
    try:
        with pytest.raises(StorageError, match="could not be locked for writing: permission denied"):
            resume_run(folder)
        assert load_run(folder).paths == ROWS
    finally:
        folder.chmod(0o700)


# --- machines ---------------------------------------------------------------------------------------------------------


def lose_last(folder: Path) -> None:
    sorted((folder / "paths").iterdir())[-1].unlink()


def test_counts_may_go_on_with_other_versions(stored: Callable[..., Path]) -> None:
    """As long as the random numbers are the same; the manifest says what else was used."""
    folder = stored(**EXPLICIT)
    before = block_files(folder)

    def age(document: dict[str, Any]) -> None:
        document["parts"][0]["drawn_with"][0] |= {"numpy": "2.0.1", "processor": ["OLD"]}

    rewrite_manifest(folder, age)
    lose_last(folder)
    done = resume_run(folder)
    assert block_files(folder) == before
    old, new = done.folder.manifest.parts[0].drawn_with
    assert old["numpy"] == "2.0.1"
    assert new == environment.environment("explicit")


@pytest.mark.parametrize("how", [EXPLICIT, {"paths": ROWS, "sampler": "followed"}])
def test_other_random_numbers_are_refused(
    how: dict[str, Any], stored: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stored(**how)
    monkeypatch.setattr(environment, "random_fingerprint", lambda: "0123456789abcdef")
    assert resume_run(folder).drawn == 0  # there is nothing to draw
    lose_last(folder)
    for paths in (None, 2 * ROWS):
        with pytest.raises(
            StorageError,
            match=r"NumPy draws other numbers from the same seed\); go on there, or start another seed and merge",
        ):
            resume_run(folder, paths=paths)
    assert RunFolder.open(folder).manifest.paths == ROWS


@pytest.mark.parametrize("name", ["numba", "compiled_for", "numpy", "processor", "qtraj"])
def test_followed_paths_need_the_same_machine(name: str, stored: Callable[..., Path]) -> None:
    folder = stored("dephasing-qubit", paths=1000)

    def move(document: dict[str, Any]) -> None:
        document["parts"][0]["drawn_with"][0][name] = "another"

    rewrite_manifest(folder, move)
    lose_last(folder)
    with pytest.raises(StorageError, match=rf"was drawn with {name} another, and here it is"):
        resume_run(folder)


def test_the_fingerprint_is_of_what_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np

    assert environment.random_fingerprint() == environment.random_fingerprint()
    before = environment.random_fingerprint()
    monkeypatch.setattr(np.random, "PCG64DXSM", np.random.PCG64)
    assert environment.random_fingerprint() != before


@pytest.mark.parametrize("how", [EXPLICIT, {"paths": ROWS, "sampler": "followed"}])
def test_a_worker_that_draws_other_numbers_is_found_out(how: dict[str, Any], stored: Callable[..., Path]) -> None:
    """It would say so itself: a machine of a cluster may have another version installed."""
    here = environment.environment(how["sampler"]) | {"random_numbers": "0123456789abcdef"}
    with pytest.raises(StorageError, match=r"all workers must draw the same numbers, but random_numbers is \w+ on"):
        environment.check_worker(json.dumps(here), how["sampler"])
    folder = RunFolder.open(stored(**how))
    draw = drawer(folder, folder.manifest.parts[0])
    object.__setattr__(draw, "here", json.dumps(here))
    with pytest.raises(StorageError, match="all workers must draw the same numbers"):
        draw(row_blocks(ROWS)[0])
