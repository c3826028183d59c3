from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from qtraj.errors import InvalidExperiment, InvalidInput, StorageError, TooLarge
from qtraj.experiment.files import LARGEST_EXPERIMENT, LARGEST_MATRIX, parse_toml, read_experiment, read_matrix


def test_a_mark_at_the_start_and_foreign_line_ends_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "windows.toml"
    path.write_bytes(b"\xef\xbb\xbfbeta = 1.0\r\nname = '\xce\xb2'\r\n")
    assert read_experiment(path) == {"beta": 1.0, "name": "β"}


@pytest.mark.parametrize(
    "text", ["beta = ", "a = 1\na = 2", "[a", "x = 01", "= 3", "x = 1" + "0" * 5000, "x = " + "[" * 5000, "\0", "a.b.c"]
)
def test_what_is_no_toml_is_said_to_be_none(text: str) -> None:
    with pytest.raises(InvalidExperiment, match=r"^`f.toml` must be TOML, but"):
        parse_toml(text, "`f.toml`")


def test_toml_mistakes_come_with_their_line() -> None:
    with pytest.raises(InvalidExperiment, match="line 2"):
        parse_toml("a = 1\nb = ?", "this")


def test_a_folder_is_no_experiment(tmp_path: Path) -> None:
    with pytest.raises(InvalidExperiment, match="must be a regular file, but is a folder"):
        read_experiment(tmp_path)


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(InvalidExperiment, match="must be a regular file, but is a pipe"):
        read_experiment(pipe)


def test_other_encodings_are_refused_at_their_first_byte(tmp_path: Path) -> None:
    path = tmp_path / "latin.toml"
    path.write_bytes("name = 'Schrödinger'".encode("latin-1"))
    with pytest.raises(InvalidExperiment, match="UTF-8, but byte 12 is not"):
        read_experiment(path)


def test_huge_files_are_refused_by_their_size(tmp_path: Path) -> None:
    path = tmp_path / "huge.toml"
    with path.open("wb") as file:
        file.truncate(LARGEST_EXPERIMENT + 1)
    with pytest.raises(TooLarge, match="at most 16 MiB") as caught:
        read_experiment(path)
    assert caught.value.measured == LARGEST_EXPERIMENT + 1


def test_a_missing_file_is_the_callers_business(tmp_path: Path) -> None:
    for name in ("none.toml", "x" * 5000, "a\0b", "none/none"):
        with pytest.raises(FileNotFoundError):
            read_experiment(tmp_path / name)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    path = tmp_path / "secret.toml"
    path.touch(mode=0)
    with pytest.raises(StorageError, match="could not be read: permission denied"):
        read_experiment(path)


def test_a_read_error_is_a_storage_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "bad.toml"
    path.touch()

    def broken(*_: object, **__: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(Path, "open", broken)
    with pytest.raises(StorageError, match="could not be read: input/output error"):
        read_experiment(path)


@pytest.mark.parametrize("dtype", ["f4", "f8", "c8", "c16", "i8", "u1"])
def test_matrices_of_numbers_are_read(tmp_path: Path, dtype: str) -> None:
    np.save(tmp_path / "u.npy", np.eye(3).astype(dtype))
    assert np.array_equal(read_matrix("u.npy", tmp_path), np.eye(3))
    assert np.array_equal(read_matrix(str(tmp_path / "u.npy"), Path("elsewhere")), np.eye(3))


def test_a_read_matrix_does_not_hold_on_to_its_file(tmp_path: Path) -> None:
    np.save(tmp_path / "u.npy", np.eye(2))
    matrix = read_matrix("u.npy", tmp_path)
    np.save(tmp_path / "u.npy", np.zeros((2, 2)))
    assert np.array_equal(matrix, np.eye(2))


class Bomb:
    """Goes off when unpickled."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch exploded",)


@pytest.mark.parametrize("how", ["pickle", "object array"])
def test_pickles_are_never_loaded(tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    if how == "pickle":
        (tmp_path / "u.npy").write_bytes(pickle.dumps(Bomb()))
    else:
        np.save(tmp_path / "u.npy", np.array([[Bomb()]], dtype=object), allow_pickle=True)
    with pytest.raises(InvalidExperiment, match="pickled Python objects, which are never loaded"):
        read_matrix("u.npy", tmp_path)
    assert not (tmp_path / "exploded").exists()


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "something else"),
        (b"\x93NUMPY", "its header is damaged"),
        (b"\x93NUMPY\x01\x00\xff\xff{", "its header is damaged"),
        (b"\x93NUMPY\x09\x00\x10\x00" + b" " * 16, "its header is damaged"),
        (b"PK\x03\x04", "an .npz archive"),
        (b"1 0\n0 1\n", "something else"),
    ],
)
def test_damaged_matrices_are_refused(tmp_path: Path, content: bytes, complaint: str) -> None:
    (tmp_path / "u.npy").write_bytes(content)
    with pytest.raises(InvalidExperiment, match=complaint):
        read_matrix("u.npy", tmp_path)


def test_a_header_cannot_ask_for_memory_that_the_file_does_not_back(tmp_path: Path) -> None:
    np.save(tmp_path / "u.npy", np.eye(20))
    content = (tmp_path / "u.npy").read_bytes()
    for shape in (b"(900000, 900000), }", b"(20, 21), }", b"(9000000000000000000, 9), }", b"(-1, -400), }"):
        header = content[:128].replace(b"(20, 20), }" + b" " * (len(shape) - 11), shape)
        assert shape in header
        (tmp_path / "u.npy").write_bytes(header + content[128:])
        with pytest.raises(InvalidExperiment, match=r"must hold an array of shape \(.*, but its length does not fit"):
            read_matrix("u.npy", tmp_path)


def test_matrices_of_text_are_refused(tmp_path: Path) -> None:
    np.save(tmp_path / "u.npy", np.array([["1", "0"]]))
    with pytest.raises(InvalidExperiment, match="of real or complex numbers, but holds the type <U1"):
        read_matrix("u.npy", tmp_path)


def test_huge_matrices_are_refused_by_their_size(tmp_path: Path) -> None:
    with (tmp_path / "u.npy").open("wb") as file:
        file.truncate(LARGEST_MATRIX + 1)
    with pytest.raises(TooLarge, match="at most 1024 MiB"):
        read_matrix("u.npy", tmp_path)


@pytest.mark.parametrize("name", ["none.npy", ".", "a\0b", "/dev/zero", ""])
def test_what_is_no_matrix_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput):
        read_matrix(name, tmp_path)
