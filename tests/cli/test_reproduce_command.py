"""`qtraj reproduce` with the real entries; `test_reproduce.py` has the details, with small ones."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qtraj.reproduce.registry import REPRODUCTIONS
from tests.cli.running import Outcome, Run


def test_the_list(run: Run) -> None:
    outcome = run("reproduce")
    assert outcome.code == 0
    for entry in REPRODUCTIONS.values():
        assert f"{entry.name}  [{entry.source}]" in outcome.out


def test_one_as_a_table_and_as_json(run: Run) -> None:
    outcome = run("reproduce", "rfa13-qubit")
    assert re.search(r"^quantity +printed +corrected +ours$", outcome.out, re.M)
    document = run("reproduce", "rfa13-qubit", "--json").json
    assert document["rows"][0]["printed"] == -document["rows"][0]["corrected"]
    assert run("reproduce", "rfa13-qubit", "--quiet") == Outcome(0, "", "")


def test_a_figure(run: Run, tmp_path: Path) -> None:
    outcome = run("reproduce", "rfa13-qubit", "--figure", tmp_path / "a.svg")
    assert outcome.out.endswith(f"figure: {tmp_path / 'a.svg'}\n")
    assert (tmp_path / "a.svg").stat().st_size > 1000


def test_all_figures_into_a_folder(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    monkeypatch.setattr("qtraj.cli.reproduce._save", lambda entry, path: drawn.append(path))
    assert run("reproduce", "--figure", tmp_path / "figures", "--quiet") == Outcome(0, "", "")
    assert str(tmp_path / "figures" / "rfa13-qubit.png") in drawn
