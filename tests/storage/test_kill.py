"""Kill -9 at any moment: no block is lost or doubled, and resuming gives the run that was never interrupted."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest

from qtraj.experiment import load_experiment
from qtraj.paths.blocks import ROW_BLOCK_PATHS
from qtraj.storage import RunFolder, is_run_folder, resume_run, start_run
from qtraj.storage.blocks_on_disk import list_blocks
from qtraj.storage.checksum import checksum
from tests.storage.runs import SEED, Obey, Stored, block_files

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork and kill -9")

FIRST = 6 * ROW_BLOCK_PATHS + 100

LONGEST_WAIT = 0.4
"""Seconds; a run of six blocks takes about half of it, so that most kills find something to interrupt."""


def assert_nothing_half_or_double(folder: Path) -> None:
    """What a reader of `paths/` finds after a kill: whole blocks, each at most once."""
    if (folder / "paths").is_dir():
        files = list_blocks(folder)
        assert len({(file.seed, file.index) for file in files}) == len(files)
        for file in files:
            assert checksum((folder / "paths" / file.name).read_bytes()).startswith(file.digest)


def assert_as_if_never_killed(folder: Path, paths: int, stored: Stored, *, sampler: str) -> None:
    if is_run_folder(folder):
        resume_run(folder, paths=paths)
    else:
        start_run(load_experiment("two-qubit-exchange"), folder, paths=paths, seed=SEED, sampler=sampler)
    fresh = stored(paths=paths, sampler=sampler)
    assert block_files(folder) == block_files(fresh)
    assert RunFolder.open(folder).manifest.model_dump() == RunFolder.open(fresh).manifest.model_dump()
    assert sorted(os.listdir(folder)) == sorted(os.listdir(fresh))
    assert os.listdir(folder / "unfinished") == []


def kill_often(obey: Obey, stored: Stored, folder: Path, kills: int, seed: int, *, sampler: str) -> None:
    """Kill one run so many times at random moments; whenever it gets finished, it shall become longer."""
    rng, paths, done = random.Random(seed), FIRST, 0
    while done < kills:
        answer = obey(folder, paths=paths, after=rng.uniform(0.0, LONGEST_WAIT), sampler=sampler)
        assert answer["killed"] or answer["finished"]
        assert_nothing_half_or_double(folder)
        done += answer["killed"]
        if answer["finished"]:
            paths += rng.randrange(1, 6 * ROW_BLOCK_PATHS)
    assert_as_if_never_killed(folder, paths, stored, sampler=sampler)


def test_five_kills_at_random_moments(obey: Obey, stored: Stored, tmp_path: Path, root_seed: int) -> None:
    kill_often(obey, stored, tmp_path / "run", 5, root_seed, sampler="explicit")


@pytest.mark.slow
@pytest.mark.parametrize("sampler", ["explicit", "followed"])
@pytest.mark.parametrize("part", range(5))
def test_a_hundred_kills_at_random_moments(
    obey: Obey, stored: Stored, tmp_path: Path, root_seed: int, part: int, sampler: str
) -> None:
    kill_often(obey, stored, tmp_path / "run", 10, root_seed + part, sampler=sampler)


def kill_at(obey: Obey, stored: Stored, folder: Path, event: int, *, sampler: str, start: int, end: int) -> bool:
    """Kill a run of `start` paths, or its extension to `end`, before one file operation; whether there was one."""
    if start and not is_run_folder(folder):
        start_run(load_experiment("two-qubit-exchange"), folder, paths=start, seed=SEED, sampler=sampler)
    answer = obey(folder, paths=end, event=event, sampler=sampler)
    assert answer["killed"] or answer["finished"]
    assert_nothing_half_or_double(folder)
    assert_as_if_never_killed(folder, end, stored, sampler=sampler)
    return bool(answer["killed"])


@pytest.mark.parametrize("event", [3, 11, 22, 34, 38, 43])
def test_a_kill_at_a_chosen_file_operation(obey: Obey, stored: Stored, tmp_path: Path, event: int) -> None:
    """While the folder is made, in tables, the manifest and blocks; the slow suite tries them all."""
    assert kill_at(obey, stored, tmp_path / "run", event, sampler="counts", start=0, end=2**20 + 1)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("sampler", "start", "end"),
    [
        ("counts", 0, 2**20 + 1),
        ("counts", 100, 2**20 + 1),
        ("explicit", 0, ROW_BLOCK_PATHS + 1),
        ("explicit", 100, ROW_BLOCK_PATHS + 1),
    ],
)
def test_a_kill_at_every_file_operation(
    obey: Obey, stored: Stored, tmp_path: Path, sampler: str, start: int, end: int
) -> None:
    event = 0
    while kill_at(obey, stored, tmp_path / f"killed-{event}", event, sampler=sampler, start=start, end=end):
        event += 1
    assert event > 40


def test_a_write_that_the_system_refuses(obey: Obey, stored: Stored, tmp_path: Path) -> None:
    """No simulation: the block does not fit, what was there stays, and the run is finished when there is room."""
    answer = obey(tmp_path / "run", paths=FIRST, largest=50_000)
    assert not answer["killed"]
    assert not answer["finished"]
    assert answer["error"].startswith(f"`{tmp_path / 'run' / 'paths' / 'seed-7-block-00000000000-'}")
    assert answer["error"].endswith("could not be written: file too large")
    assert_nothing_half_or_double(tmp_path / "run")
    assert os.listdir(tmp_path / "run" / "unfinished") == []
    assert_as_if_never_killed(tmp_path / "run", FIRST, stored, sampler="explicit")


def test_the_kills_would_be_noticed(obey: Obey, stored: Stored, tmp_path: Path) -> None:
    """Negative control: a run that takes whatever stands in a block's place is not the one that was never killed."""
    folder = tmp_path / "run"
    obey(folder, paths=FIRST)
    name, data = next(iter(block_files(folder).items()))
    (folder / "paths" / name).write_bytes(data[:100])
    with pytest.raises(AssertionError):
        assert_nothing_half_or_double(folder)
    assert_as_if_never_killed(folder, FIRST, stored, sampler="explicit")
