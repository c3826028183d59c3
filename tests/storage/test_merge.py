"""Pieces of one run merge into that run; different seeds are pooled; everything else is refused, saying why."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qtraj.errors import InvalidInput, StorageError
from qtraj.experiment import load_experiment
from qtraj.paths.sample import sample
from qtraj.storage import RunFolder, load_run, merge_runs, resume_run, start_run
from qtraj.storage.checksum import checksum
from qtraj.storage.lock import locked
from qtraj.storage.parquet import StoredTable, decode, encode
from qtraj.theorems.verify import verify
from tests.storage.runs import COUNTS, ROWS, SMALL, assert_same, block_files, rewrite_manifest, spoil

EXPLICIT = {"paths": ROWS, "sampler": "explicit"}


@pytest.mark.parametrize(
    ("model", "how", "cuts"),
    [
        ("two-qubit-exchange", EXPLICIT, ["0:2", "2:4"]),
        ("two-qubit-exchange", EXPLICIT, ["3:4", "0:1", "1:3"]),
        ("two-qubit-exchange", {"paths": COUNTS}, ["1:2", "0:1"]),
        ("davies-qutrit", {"paths": 70_000, "sampler": "followed", "keep_records": True}, ["0:1", "1:2"]),
    ],
)
def test_pieces_of_one_run_merge_into_it(
    model: str, how: dict[str, Any], cuts: list[str], stored: Callable[..., Path], tmp_path: Path
) -> None:
    whole = stored(model, **how)
    merged = stored(model, **how, blocks=cuts[0])
    for number, cut in enumerate(cuts[1:]):
        piece, out = stored(model, **how, blocks=cut), tmp_path / f"merged-{number}"
        assert load_run(piece).paths < how["paths"]
        merge_runs(merged, piece, out)
        merged = out
    assert block_files(merged) == block_files(whole)
    assert RunFolder.open(merged).manifest.model_dump() == RunFolder.open(whole).manifest.model_dump()
    assert_same(load_run(merged, rows=True), load_run(whole, rows=True))
    if how["paths"] == ROWS:
        assert resume_run(merged, paths=ROWS + 1).folder.manifest.paths == ROWS + 1


def test_pieces_with_a_hole_are_an_unfinished_run(stored: Callable[..., Path], tmp_path: Path) -> None:
    folder = merge_runs(stored(**EXPLICIT, blocks="3:4"), stored(**EXPLICIT, blocks="0:1"), tmp_path / "out").path
    assert RunFolder.open(folder).manifest.parts[0].blocks == [[0, 1], [3, 4]]
    whole = block_files(stored(**EXPLICIT))
    assert block_files(folder) == {name: whole[name] for position, name in enumerate(whole) if position in (0, 3)}
    assert load_run(folder).paths == ROWS - 2 * 2**16


@pytest.mark.parametrize("how", [EXPLICIT, {"paths": COUNTS}, {"paths": SMALL, "sampler": "followed"}])
def test_different_seeds_make_a_pooled_run(how: dict[str, Any], stored: Callable[..., Path], tmp_path: Path) -> None:
    """Sorted by seed as numbers, whichever comes first on the command line, and equal to pooling in memory."""
    seeds = (100, 20, 3)
    runs = [stored(seed=seed, **how) for seed in seeds]
    merge_runs(runs[0], runs[1], tmp_path / "two")
    folder = merge_runs(tmp_path / "two", runs[2], tmp_path / "three").path
    merge_runs(runs[2], runs[1], tmp_path / "other-two")
    again = merge_runs(tmp_path / "other-two", runs[0], tmp_path / "other-three").path
    assert block_files(folder) == block_files(again)
    loaded = load_run(folder, rows=True)
    assert_same(loaded, load_run(again, rows=True))
    assert loaded.seeds == (3, 20, 100)
    assert loaded.paths == 3 * how["paths"]
    process = load_experiment("two-qubit-exchange").process
    parts = [sample(process, seed=seed, **how) for seed in sorted(seeds)]
    assert_same(loaded, parts[0] + parts[1] + parts[2])
    report = verify(loaded.process, ensemble=loaded)
    assert report.seed is None
    assert "seeds 3, 20, 100" in str(report)
    assert report.paths == 3 * how["paths"]
    assert resume_run(folder).drawn == 0


def test_a_pooled_run_is_mended_but_not_made_longer(stored: Callable[..., Path], tmp_path: Path) -> None:
    folder = merge_runs(stored(**EXPLICIT), stored(**EXPLICIT, seed=8), tmp_path / "out").path
    before = block_files(folder)
    spoil(folder / "paths" / list(before)[5])
    (folder / "paths" / list(before)[2]).unlink()
    assert resume_run(folder).drawn == 2
    assert block_files(folder) == before
    with pytest.raises(InvalidInput, match="`paths` must be left out for a pooled run"):
        resume_run(folder, paths=10**6)


def test_followed_runs_without_a_law_are_pooled(stored: Callable[..., Path], tmp_path: Path) -> None:
    runs = [stored("dephasing-qubit", paths=SMALL, seed=seed, keep_records=True) for seed in (1, 2)]
    loaded = load_run(merge_runs(*runs, tmp_path / "out").path)
    assert loaded.rows is not None
    first, second = (load_run(run) for run in runs)
    assert first.rows is not None
    assert second.rows is not None
    for name, column in loaded.rows.items():
        np.testing.assert_array_equal(column, np.concatenate([first.rows[name], second.rows[name]]))
    assert loaded.records is not None
    assert len(loaded.records) == 2 * SMALL


@pytest.mark.parametrize(
    ("one", "other", "complaint"),
    [
        ({}, {}, r"no block in common to be merged, but both \S+ and \S+ have block 0 of seed 7"),
        ({"blocks": "0:3"}, {"blocks": "2:4"}, "have block 2 of seed 7; those paths would count twice"),
        ({"blocks": "0:1"}, {"blocks": "1:2", "paths": 2 * ROWS}, rf"but seed 7 has {ROWS} in \S+ and {2 * ROWS} in"),
        ({}, {"seed": 8, "protocol": "kraus"}, r"`protocol` is 'augmented' in \S+, but is 'kraus' in"),
        ({}, {"seed": 8, "sampler": "followed"}, "`sampler` is 'explicit' in"),
    ],
)
def test_what_does_not_belong_together_is_refused(
    one: dict[str, Any], other: dict[str, Any], complaint: str, stored: Callable[..., Path], tmp_path: Path
) -> None:
    runs = [stored(**(EXPLICIT | how)) for how in (one, other)]
    with pytest.raises(InvalidInput, match=complaint):
        merge_runs(*runs, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_experiments_that_differ_are_refused_with_the_key(stored: Callable[..., Path], tmp_path: Path) -> None:
    mine = stored(paths=SMALL)
    start_run(load_experiment("two-qubit-exchange", ["angle=0.3"]), tmp_path / "other", paths=SMALL, seed=8)
    with pytest.raises(InvalidInput, match=r"`parameters.angle` is 0.785\d* in \S+, but is 0.3 in \S+other$"):
        merge_runs(mine, tmp_path / "other", tmp_path / "out")


def test_a_default_that_is_written_out_is_the_same_experiment(stored: Callable[..., Path], tmp_path: Path) -> None:
    """1 and 1.0 too: blocks carry a checksum of the experiment, which must not see the difference."""
    start_run(load_experiment("two-qubit-exchange", ["frequency=1"]), tmp_path / "other", paths=SMALL, seed=8)
    assert load_run(merge_runs(stored(paths=SMALL), tmp_path / "other", tmp_path / "out")).paths == 2 * SMALL


def other_tables(folder: Path, shift: float) -> None:
    """Give a run tables with other probabilities, as another machine might have computed them."""

    def change(document: dict[str, Any]) -> None:
        (part,) = document["parts"]
        old = folder / "tables" / f"law-{part['tables']['law'][:16]}.parquet"
        table = decode(old.read_bytes())
        columns = dict(table.columns) | {"log_forward": table.columns["log_forward"] + shift}
        data = encode(StoredTable(columns=columns, note=table.note))
        part["tables"]["law"] = checksum(data)
        (folder / "tables" / f"law-{checksum(data)[:16]}.parquet").write_bytes(data)

    rewrite_manifest(folder, change)


def test_seeds_drawn_from_tables_that_differ_by_rounding_are_pooled(
    stored: Callable[..., Path], tmp_path: Path
) -> None:
    one, other = stored(paths=SMALL), stored(paths=SMALL, seed=8)
    other_tables(other, 1e-14)
    folder = merge_runs(one, other, tmp_path / "out").path
    assert len(list((folder / "tables").glob("law-*"))) == 2
    before = block_files(folder)
    (folder / "paths" / list(before)[1]).unlink()
    resume_run(folder)  # from its own tables
    assert block_files(folder) == before


def test_tables_that_differ_by_more_are_refused(stored: Callable[..., Path], tmp_path: Path) -> None:
    one, other = stored(paths=SMALL), stored(paths=SMALL, seed=8)
    other_tables(other, 1e-6)
    with pytest.raises(InvalidInput, match="differ by more than rounding"):
        merge_runs(one, other, tmp_path / "out")


def test_pieces_of_one_run_need_the_very_same_tables(stored: Callable[..., Path], tmp_path: Path) -> None:
    one, other = stored(**EXPLICIT, blocks="0:1"), stored(**EXPLICIT, blocks="1:2")
    other_tables(other, 1e-14)
    with pytest.raises(InvalidInput, match="must be drawn from the same tables, but those of seed 7 differ"):
        merge_runs(one, other, tmp_path / "out")


def test_damage_is_not_copied(stored: Callable[..., Path], tmp_path: Path) -> None:
    one, other = stored(**EXPLICIT), stored(**EXPLICIT, seed=8)
    spoil(next(other.glob("paths/*-00000000002-*")))
    with pytest.raises(StorageError, match=r"block 2 of seed 8 .* is damaged: .* `qtraj resume \S+` draws it again"):
        merge_runs(one, other, tmp_path / "out")
    resume_run(tmp_path / "out")  # what was copied is a run, if an unfinished one
    assert load_run(tmp_path / "out").seeds == (7, 8)


def test_a_run_that_is_being_written_is_not_merged(stored: Callable[..., Path], tmp_path: Path) -> None:
    one, other = stored(paths=SMALL), stored(paths=SMALL, seed=8)
    with (
        locked(other),
        pytest.raises(StorageError, match=rf"must not change while it is merged.*process {os.getpid()}"),
    ):
        merge_runs(one, other, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_the_target_must_be_new(stored: Callable[..., Path]) -> None:
    one, other = stored(paths=SMALL), stored(paths=SMALL, seed=8)
    before = json.loads((one / "manifest.json").read_text())
    with pytest.raises(StorageError, match="holds a run already"):
        merge_runs(one, other, one)
    assert json.loads((one / "manifest.json").read_text()) == before
