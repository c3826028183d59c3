from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from qtraj.atomic import atomic_file, atomic_path, check_writable
from qtraj.errors import StorageError


def test_the_file_appears_whole_and_alone(tmp_path: Path) -> None:
    with atomic_file(tmp_path / "a.bin") as file:
        file.write(b"one")
        assert not (tmp_path / "a.bin").exists()
    assert os.listdir(tmp_path) == ["a.bin"]
    assert (tmp_path / "a.bin").read_bytes() == b"one"


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_failure_leaves_the_old_file_and_no_litter(tmp_path: Path, error: type[BaseException]) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(b"old")
    with pytest.raises(error), atomic_file(path) as file:
        file.write(b"half of the n")
        raise error
    assert os.listdir(tmp_path) == ["a.bin"]
    assert path.read_bytes() == b"old"


def test_a_full_disk_is_a_storage_error(tmp_path: Path) -> None:
    with (
        pytest.raises(StorageError, match=r"could not be written: no space left on device$"),
        atomic_path(tmp_path / "a"),
    ):
        raise OSError(28, "No space left on device")
    assert os.listdir(tmp_path) == []


def test_the_umask_decides_who_may_read(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with atomic_file(tmp_path / "a"):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_a_symbolic_link_is_followed(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tmp_path / "real")
    with atomic_file(tmp_path / "link") as file:
        file.write(b"x")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"x"


def test_the_temporary_name_keeps_the_suffix_and_fits(tmp_path: Path) -> None:
    with atomic_path(tmp_path / f"{'x' * 245}.png") as temporary:
        assert temporary.suffix == ".png"
        assert temporary.parent == tmp_path


def test_what_cannot_be_written_is_known_beforehand(tmp_path: Path) -> None:
    check_writable(tmp_path / "new.png")
    assert os.listdir(tmp_path) == []
    for path, complaint in (
        (tmp_path, "must be a file, but is a folder"),
        (tmp_path / "none" / "a.png", "none does not exist"),
    ):
        with pytest.raises(StorageError, match=complaint):
            check_writable(path)
    with pytest.raises(StorageError, match="could not be written: no such file"), atomic_path(tmp_path / "none" / "a"):
        pass


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_not_be_written(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(StorageError, match="is not writable"):
        check_writable(tmp_path / "a.png")
