"""A stored run has the numbers of one that was not stored."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qtraj.errors import InvalidInput, NoFiniteLaw, NotRecorded, StorageError, UnknownName
from qtraj.experiment import load_experiment
from qtraj.models import MODELS
from qtraj.paths.blocks import ROW_BLOCK_PATHS
from qtraj.paths.sample import sample
from qtraj.storage import load_run, resume_run, start_run
from qtraj.theorems.verify import verify
from tests.storage.runs import COUNTS, ROWS, SEED, SMALL, assert_same, block_files

RUNS = [
    ("two-qubit-exchange", {"paths": COUNTS, "sampler": "counts"}),
    ("two-qubit-exchange", {"paths": ROWS, "sampler": "explicit"}),
    ("two-qubit-exchange", {"paths": ROWS, "sampler": "followed"}),
    ("two-qubit-exchange", {"paths": COUNTS, "sampler": "counts", "protocol": "kraus"}),
    ("davies-qutrit", {"paths": 70_000, "sampler": "followed", "keep_records": True}),
    ("davies-qutrit", {"paths": 70_000, "sampler": "explicit"}),
    ("dephasing-qubit", {"paths": 70_000, "keep_records": True}),
    ("coherent-collision", {"paths": SMALL, "sampler": "followed"}),
]


@pytest.mark.parametrize(
    ("model", "how"), RUNS, ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else value
)
def test_a_stored_run_is_the_one_that_sample_draws(
    model: str, how: dict[str, Any], stored: Callable[..., Path]
) -> None:
    expected = sample(load_experiment(model).process, seed=SEED, **how)
    folder = stored(model, **how)
    loaded = load_run(folder, rows=True)
    assert_same(loaded, expected)
    if expected.finite_law is not None:
        np.testing.assert_array_equal(loaded.law.probabilities, expected.law.probabilities)
        assert load_run(folder).rows is None
        np.testing.assert_array_equal(load_run(folder).class_counts, expected.class_counts)


@pytest.mark.parametrize("model", MODELS)
def test_every_model_can_be_stored_and_built_again(model: str, tmp_path: Path) -> None:
    """The manifest's document, with all defaults in it, describes the process that a bare name stands for."""
    experiment = load_experiment(model)
    start_run(experiment, tmp_path / "run", paths=SMALL, seed=SEED)
    loaded = load_run(tmp_path / "run", rows=True)
    assert_same(loaded, sample(experiment.process, paths=SMALL, seed=SEED, keep_rows=True))


def test_the_verdict_is_the_same_number_by_number(stored: Callable[..., Path]) -> None:
    folder = stored(paths=COUNTS)
    loaded = load_run(folder)
    mine = verify(loaded.process, ensemble=loaded).to_json()
    fresh = verify(load_experiment("two-qubit-exchange").process, paths=COUNTS, seed=SEED).to_json()
    assert set(mine.pop("timings")) <= set(fresh.pop("timings"))
    assert mine == fresh
    assert mine["verdict"] == "pass"


@pytest.mark.parametrize(
    ("backend", "model", "how"),
    [
        ("threading", "davies-qutrit", {"paths": 140_000, "sampler": "followed", "keep_records": True}),
        # New interpreters take seconds to start; test_cluster.py has processes that need not.
        pytest.param("loky", "two-qubit-exchange", {"paths": 140_000, "sampler": "explicit"}, marks=pytest.mark.slow),
    ],
)
def test_workers_change_nothing(
    backend: str, model: str, how: dict[str, Any], stored: Callable[..., Path], tmp_path: Path
) -> None:
    start_run(load_experiment(model), tmp_path / "run", seed=SEED, n_jobs=2, backend=backend, **how)
    assert block_files(tmp_path / "run") == block_files(stored(model, **how))


def test_a_run_has_the_usual_defaults(tmp_path: Path) -> None:
    assert start_run(load_experiment("two-qubit-exchange"), tmp_path / "a").folder.manifest.paths == 1_000_000
    done = start_run(load_experiment("dephasing-qubit"), tmp_path / "b")
    assert (done.folder.manifest.paths, done.folder.manifest.sampler) == (100_000, "followed")


def test_matrix_files_come_along(tmp_path: Path) -> None:
    """Nobody who changes the matrix afterwards changes the run."""
    np.save(tmp_path / "rho.npy", np.array([[0.6, 0.2], [0.2, 0.4]]))
    (tmp_path / "mine.toml").write_text(
        'kind = "thermal-operation"\n[system]\nenergies = [0.0, 1.0]\nstate = { kind = "matrix", file = "rho.npy" }\n'
        '[environment]\nenergies = [0.0, 1.0]\nbeta = 0.5\n[unitary]\nkind = "partial-swap"\nangle = 0.7\n'
    )
    experiment = load_experiment(tmp_path / "mine.toml", ["environment.beta=0.6"])
    start_run(experiment, tmp_path / "run", paths=SMALL, seed=SEED)
    np.save(tmp_path / "rho.npy", np.eye(2) / 2)
    (tmp_path / "mine.toml").unlink()
    assert_same(load_run(tmp_path / "run"), sample(experiment.process, paths=SMALL, seed=SEED))
    assert load_run(tmp_path / "run").process.environment.inverse_temperature == 0.6  # type: ignore[attr-defined]
    (matrix,) = (tmp_path / "run" / "matrices").iterdir()
    np.save(matrix, np.eye(2) / 2)
    with pytest.raises(StorageError, match=r"is damaged: its checksum does not fit its name$"):
        load_run(tmp_path / "run")


@pytest.mark.parametrize(
    ("how", "error", "complaint"),
    [
        ({"paths": 0}, InvalidInput, "`paths` must be a whole number from 1"),
        ({"seed": -1}, InvalidInput, "`seed` must be a whole number from 0"),
        ({"protocol": "augmentd"}, UnknownName, "did you mean 'augmented'"),
        ({"sampler": "count"}, UnknownName, "did you mean 'counts'"),
        ({"keep_records": True}, NotRecorded, "`keep_records` needs followed trajectories"),
        ({"blocks": "1"}, InvalidInput, "must be written first:end, from 0:1, but is '1'"),
        ({"blocks": "1:2"}, InvalidInput, "must lie within 0:1 and not be empty, but is 1:2"),
        ({"blocks": "0:0"}, InvalidInput, "not be empty"),
        ({"n_jobs": 0}, InvalidInput, "`n_jobs` must be"),
    ],
)
def test_what_is_refused_leaves_nothing_behind(
    how: dict[str, Any], error: type[Exception], complaint: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=complaint):
        start_run(load_experiment("two-qubit-exchange"), tmp_path / "deep" / "run", **({"paths": 100} | how))
    assert "manifest.json" not in [file for _, _, files in os.walk(tmp_path) for file in files]
    assert not (tmp_path / "deep" / "run").exists()


def test_counts_need_a_law(tmp_path: Path) -> None:
    with pytest.raises(NoFiniteLaw, match="the counts sampler needs a finite law, but"):
        start_run(load_experiment("dephasing-qubit"), tmp_path / "run", sampler="counts")
    assert os.listdir(tmp_path) == []


def test_a_folder_that_is_not_empty_is_left_alone(stored: Callable[..., Path], tmp_path: Path) -> None:
    experiment = load_experiment("two-qubit-exchange")
    folder = stored(paths=SMALL)
    before = block_files(folder)
    with pytest.raises(StorageError, match="holds a run already; go on with it by `qtraj resume"):
        start_run(experiment, folder, paths=100)
    assert block_files(folder) == before
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").touch()
    with pytest.raises(StorageError, match=r"must be a new or empty folder, but holds thesis\.tex"):
        start_run(experiment, tmp_path / "mine", paths=100)
    assert os.listdir(tmp_path / "mine") == ["thesis.tex"]
    with pytest.raises(StorageError, match="could not be made: file exists"):
        start_run(experiment, tmp_path / "mine" / "thesis.tex", paths=100)
    (folder / "manifest.json").unlink()
    with pytest.raises(StorageError, match=r"must be a new or empty folder, but holds paths/seed-7-block-0"):
        start_run(experiment, folder, paths=100)
    assert block_files(folder) == before


def test_what_an_early_kill_left_is_no_obstacle(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    for name in ("tables", "unfinished", "paths"):
        (folder / name).mkdir(parents=True)
    (folder / "unfinished" / ".law-0123.parquet").write_bytes(b"half")
    (folder / "lock").write_bytes(b"")
    with pytest.raises(StorageError, match=r"has no manifest.json; if a run was interrupted before it began"):
        resume_run(folder)
    start_run(load_experiment("two-qubit-exchange"), folder, paths=SMALL)
    assert load_run(folder).paths == SMALL
    assert os.listdir(folder / "unfinished") == []
    assert not (folder / "lock").exists()


def test_correlated_operations_can_be_stored(tmp_path: Path) -> None:
    """They have no reservoir, and quantities of their own."""
    experiment = load_experiment("two-qubit-exchange", ["correlation={real=0.01, imag=0.02}"])
    for sampler in ("counts", "explicit", "followed"):
        start_run(experiment, tmp_path / sampler, paths=SMALL, seed=SEED, sampler=sampler)
        expected = sample(experiment.process, paths=SMALL, seed=SEED, sampler=sampler)
        assert_same(load_run(tmp_path / sampler, rows=True), expected)


def test_memory_does_not_grow_with_the_number_of_paths(tmp_path: Path) -> None:
    experiment, peaks = load_experiment("two-qubit-exchange"), []
    for blocks in (2, 2, 16):  # the first one warms up
        tracemalloc.start()
        start_run(experiment, tmp_path / f"{blocks}-{len(peaks)}", paths=blocks * ROW_BLOCK_PATHS, sampler="explicit")
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[2] < 1.1 * peaks[1]
