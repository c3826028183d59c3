"""Files are whole or not there, and the same every time."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from qtraj.errors import InvalidInput, StorageError, UnknownName
from qtraj.plots import saving
from qtraj.plots.saving import check_figure_path, save_figure
from qtraj.plots.style import PaperFigure, paper_style

BEGINNINGS = {"png": b"\x89PNG\r\n", "svg": b"<?xml", "pdf": b"%PDF-"}


def a_figure() -> PaperFigure:
    figure = PaperFigure.of_size(width=1.5, height=1.0)
    with paper_style():
        axes = figure.add_subplot()
        axes.plot([0, 1], [0, 1], clip_on=True)
        axes.set_xlabel(r"$\sigma$")
    return figure


@pytest.mark.parametrize("kind", [*BEGINNINGS, "PNG", "Svg"])
def test_all_formats_are_written_and_alike_every_time(tmp_path: Path, kind: str) -> None:
    first, second = tmp_path / f"first.{kind}", tmp_path / f"second.{kind}"
    assert save_figure(a_figure(), first) == first
    save_figure(a_figure(), str(second))
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes().startswith(BEGINNINGS[kind.lower()])
    assert sorted(path.name for path in tmp_path.iterdir()) == [first.name, second.name]


def test_no_date_goes_into_a_file(tmp_path: Path) -> None:
    for kind in BEGINNINGS:
        content = save_figure(a_figure(), tmp_path / f"figure.{kind}").read_bytes()
        assert b"CreationDate" not in content
        assert b"dc:date" not in content


def test_a_figure_of_someone_else_can_be_saved(tmp_path: Path) -> None:
    figure = Figure()
    figure.add_subplot().plot([1, 2])
    assert save_figure(figure, tmp_path / "plain.svg").stat().st_size > 1000


def test_permissions_are_those_of_any_new_file(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.touch()
    written = save_figure(a_figure(), tmp_path / "figure.png")
    assert stat.S_IMODE(written.stat().st_mode) == stat.S_IMODE(plain.stat().st_mode)


@pytest.mark.parametrize("where", ["savefig", "fsync", "replace"])
def test_an_existing_file_survives_a_failure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    target = tmp_path / "figure.png"
    target.write_bytes(b"old")
    figure = a_figure()

    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(figure if where == "savefig" else saving.os, where, fail)
    with pytest.raises(StorageError, match=r"figure\.png.*could not be written: no space left"):
        save_figure(figure, target)
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_an_interruption_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = a_figure()

    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(figure, "savefig", interrupt)
    with pytest.raises(KeyboardInterrupt):
        save_figure(figure, tmp_path / "figure.png")
    assert not list(tmp_path.iterdir())


def test_a_reader_sees_the_old_file_until_the_new_one_is_complete(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "figure.svg"
    target.write_text("old")
    seen = []
    replace = os.replace

    def look_then_replace(source: Path, destination: Path) -> None:
        seen.append((target.read_text(), Path(source).read_text().rstrip().endswith("</svg>")))
        replace(source, destination)

    monkeypatch.setattr(saving.os, "replace", look_then_replace)
    save_figure(a_figure(), target)
    assert seen == [("old", True)]
    assert target.read_text().startswith("<?xml")


def test_the_nearest_format_is_suggested(tmp_path: Path) -> None:
    with pytest.raises(UnknownName, match="figure format 'pgn' is not known; did you mean 'png'") as caught:
        check_figure_path(tmp_path / "figure.pgn")
    assert caught.value.suggestion == "png"
    with pytest.raises(UnknownName, match="known: png, svg, pdf"):
        check_figure_path(tmp_path / "figure.jpeg")


@pytest.mark.parametrize("name", ["figure", "png", ".png", "figure."])
def test_a_name_needs_an_ending(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidInput, match=r"must end in \.png, \.svg or \.pdf"):
        check_figure_path(tmp_path / name)


def test_places_where_nothing_can_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(StorageError, match="does not exist"):
        check_figure_path(tmp_path / "nowhere" / "figure.png")
    (tmp_path / "file").touch()
    with pytest.raises(StorageError, match="does not exist"):
        check_figure_path(tmp_path / "file" / "figure.png")
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(StorageError, match="is a folder"):
        check_figure_path(tmp_path / "folder.png")
    monkeypatch.setattr(saving.os, "access", lambda *_: False)  # the superuser may write anywhere
    with pytest.raises(StorageError, match="is not writable"):
        check_figure_path(tmp_path / "figure.png")


def test_a_path_in_this_folder_needs_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert save_figure(a_figure(), "figure.png") == Path("figure.png")
    assert (tmp_path / "figure.png").exists()
