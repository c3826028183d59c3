"""What the commands on run folders print, and what they need of the command table."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

import qtraj
from qtraj.cli import main
from qtraj.cli.exits import Exit
from qtraj.cli.storage_commands import load_stored, merge, resume, store
from qtraj.errors import InvalidInput, StorageError
from qtraj.experiment import load_experiment
from qtraj.paths.sample import sample
from qtraj.storage import load_run

MODEL = "two-qubit-exchange"

Capture = pytest.CaptureFixture[str]


def begin(folder: Path, **how: Any) -> Path:
    sampling = {"paths": 70_000, "seed": 7, "sampler": "explicit", "n_jobs": 1, "backend": None} | how
    assert store(load_experiment(MODEL), str(folder), sampling=sampling, quiet=True) is Exit.HOLDS
    return folder


def lose_first(folder: Path) -> None:
    sorted((folder / "paths").iterdir())[0].unlink()


def test_sample_says_what_it_did(tmp_path: Path, capsys: Capture) -> None:
    store(load_experiment(MODEL), str(tmp_path / "run"), sampling={"paths": 70_000, "seed": 7, "sampler": "explicit"})
    first, second = capsys.readouterr().out.splitlines()
    assert first == (f"{MODEL}: 70,000 paths in {tmp_path / 'run'}, protocol augmented, sampler explicit, seed 7")
    assert second.startswith("blocks: 2 drawn, 0 were there; ")
    assert second.endswith(f" kB in {tmp_path / 'run' / 'paths'}")


def test_json_is_one_object(tmp_path: Path, capsys: Capture) -> None:
    store(load_experiment(MODEL), str(tmp_path / "run"), sampling={"paths": 1e13, "seed": 7}, as_json=True)
    document = json.loads(capsys.readouterr().out)
    size = sum(file.stat().st_size for file in (tmp_path / "run" / "paths").iterdir())
    assert document == {
        "folder": str(tmp_path / "run"),
        "name": MODEL,
        "paths": 10**13,
        "seeds": [7],
        "protocol": "augmented",
        "sampler": "counts",
        "blocks": 3,
        "finished_blocks": 3,
        "bytes": size,
        "kept": 0,
        "drawn": 3,
        "remade": [],
    }


def test_quiet_is_silent(tmp_path: Path, capsys: Capture) -> None:
    one, other = begin(tmp_path / "a"), begin(tmp_path / "b", seed=8)
    resume(str(one), quiet=True)
    merge(str(one), str(other), str(tmp_path / "c"), quiet=True)
    assert capsys.readouterr() == ("", "")


def test_resume_names_what_it_draws_again(tmp_path: Path, capsys: Capture) -> None:
    folder = begin(tmp_path / "run")
    (file, _) = sorted((folder / "paths").iterdir())
    file.write_bytes(b"x")
    resume(str(folder), paths=140_000)
    _, again, last = capsys.readouterr().out.splitlines()
    assert again.startswith(f"drawn again: block 0 of seed 7 ({file}) is damaged")
    assert last.startswith("blocks: 3 drawn, 0 were there")
    assert load_run(folder).paths == 140_000


def test_merge_says_that_it_pools(tmp_path: Path, capsys: Capture) -> None:
    one, other = begin(tmp_path / "a"), begin(tmp_path / "b", seed=8)
    lose_first(one)
    merge(str(other), str(one), str(tmp_path / "c"))
    out = capsys.readouterr().out.splitlines()
    assert out[0].endswith("sampler explicit, pooled from seeds 7, 8, sorted by seed and block")
    assert out[1].startswith("blocks: 3 of 4; ")
    assert out[2] == f"not finished: `qtraj resume {tmp_path / 'c'}` draws the others"


def test_verify_and_histogram_get_the_stored_ensemble(tmp_path: Path, capsys: Capture) -> None:
    folder = begin(tmp_path / "run")
    found = load_stored(str(folder), {"--seed": None, "--set": ()})
    assert found is not None
    experiment, ensemble = found
    assert experiment.name == MODEL
    assert experiment.process is ensemble.process
    fresh = sample(experiment.process, paths=70_000, seed=7, sampler="explicit")
    assert (ensemble.class_counts == fresh.class_counts).all()
    assert capsys.readouterr().err == ""
    assert load_stored("two-qubit-exchange", {}) is None
    assert load_stored(str(tmp_path), {"--seed": 3}) is None


@pytest.mark.parametrize(
    ("given", "shown"), [({"--seed": 0}, "0"), ({"--set": ("angle=1", "frequency=2")}, "angle=1 frequency=2")]
)
def test_a_stored_run_has_decided_everything(given: dict[str, Any], shown: str, tmp_path: Path) -> None:
    folder = begin(tmp_path / "run")
    with pytest.raises(InvalidInput, match=f"must be left out for a stored run, which has its own, but is {shown}$"):
        load_stored(str(folder), given)


def test_an_unfinished_run_is_taken_only_if_asked_for(tmp_path: Path, capsys: Capture) -> None:
    folder = begin(tmp_path / "run")
    lose_first(folder)
    with pytest.raises(StorageError, match="is not finished: 1 of its 2 blocks are there"):
        load_stored(str(folder), {})
    found = load_stored(str(folder), {}, partial=True)
    assert found is not None
    assert found[1].paths == 70_000 - 2**16
    assert capsys.readouterr().err == f"qtraj: {folder} is not finished: 4,464 of 70,000 paths are there\n"


PROGRAM = """
import sys
from qtraj.cli import main

words = ["--paths", "1e9", "--sampler", "explicit", "--quiet"]
sys.exit(main(["sample", "two-qubit-exchange", "--out", sys.argv[1], *words]))
"""


def test_ctrl_c_says_how_to_go_on(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(folder)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(Path(qtraj.__file__).parent.parent)},
    )
    deadline = time.monotonic() + 60
    while not list(folder.glob("paths/*.parquet")):
        assert time.monotonic() < deadline
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out) == (130, "")
    assert err == f"qtraj: interrupted; `qtraj resume {folder}` goes on after the last finished block\n"
    assert not (folder / "lock").exists()
    assert os.listdir(folder / "unfinished") == []


def test_ctrl_c_before_the_first_block_says_that_there_is_nothing(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("qtraj.cli.storage_commands.start_run", interrupted)
    assert main(["sample", MODEL, "--out", str(tmp_path / "run")]) == Exit.INTERRUPTED
    assert capsys.readouterr() == ("", "qtraj: interrupted; nothing was kept\n")
    assert not (tmp_path / "run").exists()
