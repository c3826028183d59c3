"""How a folder begins: nothing stays of what never began, and nothing is taken from anybody else."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtraj.errors import StorageError
from qtraj.storage.folders import MANIFEST, keep_file
from qtraj.storage.run_folder import RunFolder


class Stopped(Exception):
    """Whatever ends a run early."""


def stop_in(folder: Path, *files: str) -> None:
    with pytest.raises(Stopped), RunFolder.new(folder):
        for name in files:
            keep_file(folder, name, b"content")
        raise Stopped


@pytest.mark.parametrize("existed", [False, True])
def test_nothing_stays_of_a_run_that_never_began(existed: bool, tmp_path: Path) -> None:
    folder = tmp_path / "run"
    if existed:
        folder.mkdir()
    stop_in(folder, "tables/law.parquet")
    assert [path.name for path in tmp_path.iterdir()] == (["run"] if existed else [])
    assert not existed or not list(folder.iterdir())


def test_everything_stays_of_one_that_did(tmp_path: Path) -> None:
    """Negative control: the manifest is what makes a run."""
    stop_in(tmp_path / "run", "tables/law.parquet", MANIFEST)
    assert (tmp_path / "run" / "tables" / "law.parquet").read_bytes() == b"content"


def test_who_comes_second_takes_nothing_from_who_came_first(tmp_path: Path) -> None:
    """The first has written tables, and its manifest not yet."""
    folder = tmp_path / "run"
    with RunFolder.new(folder):
        keep_file(folder, "tables/law.parquet", b"content")
        with pytest.raises(StorageError, match="is being written by process"), RunFolder.new(folder):
            pass
        assert (folder / "tables" / "law.parquet").read_bytes() == b"content"
        keep_file(folder, MANIFEST, b"{}")
    assert sorted(path.name for path in folder.iterdir()) == [MANIFEST, "matrices", "paths", "tables", "unfinished"]
