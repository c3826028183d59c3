"""How much memory there is, by whose account, and refusals that say the number."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtraj import memory
from qtraj.errors import InvalidInput, TooLarge


@pytest.mark.parametrize(
    ("text", "size"),
    [("8 GB", 8e9), ("1.5gb", 1.5e9), ("200 MB", 2e8), ("3 kB", 3e3), ("1024", 1024), ("2e9", 2e9), ("1e-3 GB", 1e6)],
)
def test_sizes_as_people_write_them(text: str, size: float) -> None:
    assert memory.in_bytes(text) == size


@pytest.mark.parametrize("text", ["", "much", "-1 GB", "0", "8 GiBs", "1,5 GB", "1e400 GB", "inf"])
def test_what_is_no_size_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(memory.LIMIT_VARIABLE, text)
    with pytest.raises(InvalidInput, match="QTRAJ_MEMORY_LIMIT: a size must be a positive number of bytes"):
        memory.memory_limit()


def test_sizes_in_words() -> None:
    assert [memory.in_words(size) for size in (12, 3.21e3, 4.5e7, 1.94e9, 2.8e11)] == [
        "12 bytes",
        "3.2 kB",
        "45 MB",
        "1.9 GB",
        "280 GB",
    ]


def test_the_limit_is_a_share_of_what_is_free_or_what_the_user_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(memory.LIMIT_VARIABLE, raising=False)
    monkeypatch.setattr(memory, "available_memory", lambda: 1e10)
    assert memory.memory_limit() == 8e9
    monkeypatch.setenv(memory.LIMIT_VARIABLE, "2 GB")
    assert memory.memory_limit() == 2e9


def test_a_refusal_has_the_estimate_the_limit_and_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(memory.LIMIT_VARIABLE, "2 GB")
    memory.require_memory(2e9, what="a law", suggestion="use less")
    with pytest.raises(TooLarge) as caught:
        memory.require_memory(2.1e9, what="a law", suggestion="use less")
    assert str(caught.value) == ("a law needs about 2.1 GB of memory, but QTRAJ_MEMORY_LIMIT allows 2.0 GB; use less")
    assert caught.value.measured == 2.1e9
    monkeypatch.delenv(memory.LIMIT_VARIABLE)
    monkeypatch.setattr(memory, "available_memory", lambda: 1e9)
    with pytest.raises(TooLarge, match=r"about 2.1 GB of memory, but 80% of what is free are 800 MB; use less"):
        memory.require_memory(2.1e9, what="a law", suggestion="use less")


def group(folder: Path, **files: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


def test_control_groups_of_either_version(tmp_path: Path) -> None:
    """A limit on a group binds the groups inside it; cached files can be given up and count as free."""
    own = tmp_path / "own"
    group(tmp_path / "outer", memory__max="1000", memory__current="600", memory__stat="anon 1\ninactive_file 100\n")
    group(tmp_path / "outer" / "inner", memory__max="max", memory__current="5", memory__stat="inactive_file 0\n")
    own.write_text("0::/outer/inner\n")
    assert memory._of_the_groups(tmp_path, own) == [500.0]
    first = tmp_path / "memory" / "job"
    group(first, memory__limit_in_bytes="900", memory__usage_in_bytes="950", memory__stat="total_inactive_file 80\n")
    group(
        tmp_path / "memory",
        memory__limit_in_bytes=str(2**63 - 4096),
        memory__usage_in_bytes="1",
        memory__stat="total_inactive_file 0\n",
    )
    own.write_text("7:cpu:/job\n9:memory:/job\nno such line\n")
    assert memory._of_the_groups(tmp_path, own) == [30.0]
    assert memory._of_the_groups(tmp_path, tmp_path / "missing") == []


def test_there_is_some_memory_here() -> None:
    assert 1e7 < memory.available_memory() < 1e14
