"""Run folders through the whole command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from qtraj.cli import main
from qtraj.cli.exits import Exit

MODEL = "two-qubit-exchange"


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def call(*words: object) -> tuple[int, str, str]:
        code = main([str(word) for word in words])
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


def test_from_sample_to_verdict(run: Any, tmp_path: Path) -> None:
    """The verdict on a stored run is that of the run that was not stored, number by number."""
    folder = tmp_path / "run"
    assert run("sample", MODEL, "--set", "angle=0.5", "--paths", "1e6", "--seed", 7, "--out", folder)[0] == 0
    assert run("resume", folder, "--paths", "2e6")[0] == 0
    stored = json.loads(run("verify", folder, "--json")[1])
    fresh = json.loads(run("verify", MODEL, "--set", "angle=0.5", "--paths", "2e6", "--seed", 7, "--json")[1])
    for document in (stored, fresh):
        for key in ("timings", "target", "settings"):
            del document[key]
    assert stored == fresh
    stored, fresh = (
        json.loads(run("histogram", *words, "--json")[1])
        for words in ([folder], [MODEL, "--set", "angle=0.5", "--paths", "2e6", "--seed", 7])
    )
    assert stored == fresh


def test_figures_of_stored_runs(run: Any, tmp_path: Path) -> None:
    run("sample", MODEL, "--out", tmp_path / "run", "--paths", 1000)
    for command in ("verify", "histogram"):
        run(command, tmp_path / "run", "--figure", tmp_path / f"{command}.png")
        assert (tmp_path / f"{command}.png").stat().st_size > 10_000


def test_pooling(run: Any, tmp_path: Path) -> None:
    for seed in (7, 8):
        run("sample", MODEL, "--out", tmp_path / str(seed), "--paths", "1e6", "--seed", seed)
    code, out, _ = run("merge", tmp_path / "8", tmp_path / "7", "--out", tmp_path / "both", "--json")
    assert (code, json.loads(out)["seeds"], json.loads(out)["paths"]) == (0, [7, 8], 2_000_000)
    code, out, _ = run("verify", tmp_path / "both", "--json")
    assert (code, json.loads(out)["paths"], json.loads(out)["seed"]) == (0, 2_000_000, None)


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["sample", MODEL], "`qtraj sample` needs `--out DIR`, a new folder"),
        (["sample", "--out", "x"], "needs an experiment file or the name of a model"),
        (["sample", MODEL, "--out", "x", "--blocks", "9"], "a range of blocks must be written first:end"),
        (["sample", MODEL, "--out", "x", "--records"], "`keep_records` needs followed trajectories"),
        (["sample", MODEL, "--out", "x", "--oot", "y"], "option '--oot' is not known; did you mean '--out'?"),
        (["resume"], "`qtraj resume` takes 1 run folder, but got none"),
        (["resume", "a", "b"], "`qtraj resume` takes 1 run folder, but got 2"),
        (["resume", "a", "--seed", "1"], "option '--seed' is not known"),
        (["merge", "a", "--out", "c"], "`qtraj merge` takes 2 run folders, but got 1"),
        (["merge", "a", "b", "c", "--out", "c"], "`qtraj merge` takes 2 run folders, but got 3"),
        (["merge", "a", "b"], "`qtraj merge` needs `--out DIR`"),
        (["resume", "a", "--backend", "dask"], "`--backend dask` must come with `--scheduler`"),
        (["verify", MODEL, "--scheduler", "x"], "`--scheduler` must come with `--backend dask`"),
        (["verify", MODEL, "--scheduler", "x", "--backend", "dask"], "must be an address such as tcp://node7:8786"),
    ],
)
def test_mistakes_are_one_sentence(
    words: list[str], complaint: str, run: Any, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, err = run(*words)
    assert (code, out, err.count("\n")) == (Exit.BAD_INPUT, "", 1)
    assert complaint in err
    assert list(tmp_path.iterdir()) == []


def test_folders_that_are_none(run: Any, tmp_path: Path) -> None:
    for words in (["resume", tmp_path], ["merge", tmp_path, tmp_path, "--out", tmp_path / "c"]):
        code, _, err = run(*words)
        assert code == Exit.STORAGE
        assert "must be a run folder, but has no manifest.json" in err
    code, _, err = run("verify", tmp_path)
    assert code == Exit.BAD_INPUT
    assert "must be a regular file, but is a folder" in err
