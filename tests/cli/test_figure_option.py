"""`--figure`: what is drawn, beside which output, and what is refused before any work is done."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from qtraj.cli.exits import Exit
from qtraj.errors import StorageError
from tests.cli.running import SWAP, Run, refused


def test_a_figure_beside_the_text(run: Run, tmp_path: Path) -> None:
    outcome = run("verify", SWAP, "--figure", tmp_path / "a.png")
    assert outcome.code == 0
    assert outcome.out.endswith(f"figure: {tmp_path / 'a.png'}\n")
    assert os.listdir(tmp_path) == ["a.png"]
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_figure_beside_json(run: Run, tmp_path: Path) -> None:
    outcome = run("histogram", SWAP, "--log", "--json", "--figure", tmp_path / "a.PDF")
    assert "quantities" in outcome.json
    assert (tmp_path / "a.PDF").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("name", ["verify", "histogram"])
def test_what_is_drawn(run: Run, tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[Any, dict[str, Any]]] = []
    monkeypatch.setattr("qtraj.plots.overview", lambda ensemble, **how: drawn.append((ensemble, how)))
    monkeypatch.setattr("qtraj.plots.save_figure", lambda figure, path: None)
    words = ("--figure", tmp_path / "a.svg", "--paths", 1000, "--quiet")
    assert run(name, SWAP, *words).out == ""
    [(ensemble, how)] = drawn
    assert ensemble.paths == 1000
    assert (how["title"], how["log"]) == ("qubit_partial_swap", False)
    assert (how["report"] is None) is (name == "histogram")


def test_the_place_is_looked_at_before_the_work(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qtraj.cli.task.load_experiment", lambda *_: pytest.fail("work was done"))
    (tmp_path / "folder.png").mkdir()
    figure = ("verify", SWAP, "--figure")
    refused(run(*figure, tmp_path / "a.bmp"), "`--figure` must end in .png, .svg, .pdf, but is ")
    refused(run(*figure, tmp_path / ".png"), "`--figure` must end in .png")
    refused(run(*figure, tmp_path / "none" / "a.png"), "none does not exist", Exit.STORAGE)
    refused(run(*figure, tmp_path / "folder.png"), "must be a file, but is a folder", Exit.STORAGE)


def test_a_full_disk_does_not_cost_the_verdict(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qtraj.plots.overview", lambda *_, **__: None)

    def full(*_: object) -> None:
        raise StorageError("`a.png` could not be written: no space left on device")

    monkeypatch.setattr("qtraj.plots.save_figure", full)
    outcome = run("verify", SWAP, "--figure", tmp_path / "a.png")
    assert outcome.code == Exit.STORAGE
    assert "\nPASS: " in outcome.out
    assert outcome.err == "qtraj: `a.png` could not be written: no space left on device\n"
