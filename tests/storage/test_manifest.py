"""The manifest says everything a run is a function of, and nothing that it does not understand gets past it."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy

import qtraj
from qtraj.errors import InvalidInput, StorageError
from qtraj.experiment import load_experiment
from qtraj.paths.blocks import COUNT_BLOCK_ENDS, ROW_BLOCK_PATHS
from qtraj.storage import RunFolder, is_run_folder, load_run, resume_run, start_run
from qtraj.storage.manifest import Manifest, read_manifest, write_manifest
from tests.storage.runs import SEED, SMALL, rewrite_manifest


def test_it_says_everything(stored: Callable[..., Path]) -> None:
    folder = stored("davies-qutrit", paths=SMALL, keep_records=True)
    document = json.loads((folder / "manifest.json").read_text())
    assert document["format_version"] == 1
    assert document["experiment"]["model"] == "davies-qutrit"
    assert document["experiment"]["parameters"]["energies"] == [0.0, 1.0, 2.5]  # a default
    assert document["experiment"]["parameters"]["state"] is None
    assert (document["protocol"], document["sampler"], document["records"]) == ("augmented", "followed", True)
    assert document["block_plan"] == {"paths": ROW_BLOCK_PATHS}
    (part,) = document["parts"]
    assert (part["seed"], part["paths"], part["blocks"]) == (SEED, SMALL, [[0, 1]])
    assert set(part["tables"]) == {"law", "flows"}
    (machine,) = part["drawn_with"]
    assert (machine["qtraj"], machine["numpy"], machine["scipy"]) == (
        qtraj.__version__,
        np.__version__,
        scipy.__version__,
    )
    assert {"numba", "compiled_for", "machine", "processor", "random_numbers"} <= set(machine)
    assert document["columns"]["sigma"] == {"meaning": "entropy production", "unit": "nat"}
    assert document["columns"]["col_times"]["unit"] == "time"


def test_settings_are_in_it(tmp_path: Path) -> None:
    experiment = load_experiment("two-qubit-exchange", ["angle=0.3", "correlation={real=0.01, imag=0.02}"])
    start_run(experiment, tmp_path / "run", paths=SMALL)
    manifest = RunFolder.open(tmp_path / "run").manifest
    assert manifest.experiment["parameters"] == {
        "angle": 0.3,
        "frequency": 1.0,
        "beta_system": 0.9,
        "beta_environment": 1.25,
        "correlation": {"real": 0.01, "imag": 0.02},
    }
    assert manifest.block_plan == {"ends": list(COUNT_BLOCK_ENDS)}
    assert "numba" not in manifest.parts[0].drawn_with[0]  # no kernel is needed for counts


def test_what_is_written_is_read(stored: Callable[..., Path], tmp_path: Path) -> None:
    manifest = RunFolder.open(stored(paths=SMALL)).manifest
    write_manifest(tmp_path / "again.json", manifest)
    assert read_manifest(tmp_path / "again.json") == manifest


def test_columns_of_every_table_are_described(stored: Callable[..., Path]) -> None:
    import pyarrow.dataset

    for model, how in (
        ("two-qubit-exchange", {"sampler": "counts"}),
        ("two-qubit-exchange", {"sampler": "explicit"}),
        ("coherent-collision", {"sampler": "followed"}),
        ("dephasing-qubit", {"keep_records": True}),
    ):
        folder = stored(model, paths=SMALL, **how)
        for place in ("paths", "tables"):
            for file in (folder / place).iterdir():
                schema = pyarrow.dataset.dataset(file).schema
                for field in schema:
                    assert field.metadata[b"meaning"], f"{model}: column {field.name} of {place} has no meaning"
                    assert field.metadata[b"unit"]


def newer(document: dict[str, Any]) -> None:
    document["format_version"] = 2
    document["of_the_future"] = True


@pytest.mark.parametrize("attempt", [load_run, resume_run])
def test_a_newer_folder_is_refused_and_left_alone(attempt: Callable[..., Any], stored: Callable[..., Path]) -> None:
    folder = stored(paths=SMALL)
    rewrite_manifest(folder, newer)
    before = sorted(str(path) for path in folder.rglob("*"))
    with pytest.raises(StorageError, match="has format version 2, which is newer than the 1 that this qtraj knows"):
        attempt(folder)
    assert sorted(str(path) for path in folder.rglob("*")) == before


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "must be JSON, but is damaged"),
        ("{", "must be JSON, but is damaged"),
        ("\x00\xff", "must be JSON, but is damaged"),
        ("[" * 100_000, "must be JSON, but is damaged"),
        ('{"a": ' * 2_000 + "1" + "}" * 2_000, "must be|damaged"),
        ("[]", "must be the manifest of a run folder, but is something else"),
        ('{"format": "another"}', "but is something else"),
        ('{"format": "qtraj run folder"}', "`format_version` from 1 on, but it is nothing"),
        ('{"format": "qtraj run folder", "format_version": true}', "but it is true"),
        ('{"format": "qtraj run folder", "format_version": 0}', "but it is 0"),
        ('{"format": "qtraj run folder", "format_version": 1}', "was changed or damaged"),
        ('{"format": "qtraj run folder", "format_version": 1, "x": NaN}', "was changed or damaged"),
        ('{"format": "qtraj run folder", "format_version": ' + "9" * 5000 + "}", "must be JSON, but is damaged"),
    ],
)
def test_what_is_no_manifest(text: str, complaint: str, tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(StorageError, match=complaint):
        RunFolder.open(tmp_path)


def change(*keys: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    def apply(document: dict[str, Any]) -> None:
        place: Any = document
        for key in keys[:-1]:
            place = place[key]
        place[keys[-1]] = to

    return apply


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (change("smapler", to=1), "has no key 'smapler'; did you mean 'sampler'"),
        (change("sampler", to="count"), "did you mean 'counts'"),
        (change("protocol", to=3), "protocol"),
        (change("records", to=0), "`records` must be true or false, but is 0"),
        (change("parts", to=[]), "`parts` must have at least one entry"),
        (change("parts", 0, "seed", to=-1), "`parts.0.seed` must be a whole number from 0"),
        (change("parts", 0, "paths", to=0), "`parts.0.paths` must be a whole number from 1"),
        (change("parts", 0, "paths", to=1.5), "`parts.0.paths` must be a whole number from 1"),
        (change("parts", 0, "blocks", to=[[0, 2]]), "`parts` must have blocks below 1, but have one up to 2"),
        (change("parts", 0, "blocks", to=[[1, 1]]), "`parts.0.blocks` must be ranges that ascend"),
        (change("parts", 0, "blocks", to=[[-1, 1]]), "at least 0"),
        (change("parts", 0, "blocks", to=[[0]]), "at least"),
        (change("parts", 0, "blocks", to=[]), "at least one entry"),
        (change("parts", 0, "tables", to={"law": "../../etc/passwd"}), "`parts.0.tables.law` must be valid"),
        (change("parts", 0, "drawn_with", to=[]), "at least one entry"),
        (change("block_plan", to={"ends": [1]}), "`block_plan` must be that of this version"),
        (change("experiment", to=[]), "`experiment` must be a table, but is empty"),
        (change("experiment", "model", to="no-such"), "no-such"),
        (change("experiment", "parameters", "angle", to="x"), "`parameters.angle` must be a real number"),
    ],
)
def test_a_wrong_key_is_named_even_if_the_checksum_fits(
    spoil: Callable[[dict[str, Any]], None], complaint: str, stored: Callable[..., Path]
) -> None:
    folder = stored(paths=SMALL)
    rewrite_manifest(folder, spoil)
    with pytest.raises(InvalidInput, match=complaint):
        load_run(folder)


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (change("parts", 0, "tables", "law", to="0" * 64), "could not be read: no such file"),
        (change("experiment", "parameters", "angle", to=0.3), "belongs to another run"),
        (change("parts", 0, "seed", to=8), "is no block of this run"),
        (change("parts", 0, "paths", to=SMALL + 1), "holds 300 paths, but in this run the block has 301"),
        (change("parts", 0, "paths", to=10**15), "holds 300 paths, but in this run the block has 1048576"),
        (change("records", to=True), "belongs to another run"),
    ],
)
def test_a_manifest_of_another_run_does_not_fit_the_blocks(
    spoil: Callable[[dict[str, Any]], None], complaint: str, stored: Callable[..., Path]
) -> None:
    folder = stored(paths=SMALL)
    rewrite_manifest(folder, spoil)
    with pytest.raises(StorageError, match=complaint):
        load_run(folder)


def test_a_matrix_never_comes_from_outside_the_folder(stored: Callable[..., Path], tmp_path: Path) -> None:
    np.save(tmp_path / "secret.npy", np.eye(2) / 2)
    folder = stored(paths=SMALL)
    for name in ("../secret.npy", str(tmp_path / "secret.npy"), "matrices/../../secret.npy", "matrices/.."):
        rewrite_manifest(folder, change("experiment", "parameters", "angle", to={"file": name}))
        with pytest.raises(
            StorageError,
            match=r"matrix files must be in matrices/, but one is|could not be read|must be a regular file",
        ):
            load_run(folder)


def test_pipes_are_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "manifest.json")
    assert is_run_folder(tmp_path)
    with pytest.raises(StorageError, match="must be a regular file, but is none"):
        RunFolder.open(tmp_path)


@pytest.mark.parametrize("name", ["", "none", "no\0thing", "x" * 300])
def test_what_is_no_folder(name: str, tmp_path: Path) -> None:
    assert not is_run_folder(str(tmp_path / name) if name != "no\0thing" else name)
    with pytest.raises(StorageError, match=r"must be a run folder, but"):
        RunFolder.open(str(tmp_path / name) if "\0" not in name else name)


def test_equal_numbers_are_equal_experiments(stored: Callable[..., Path]) -> None:
    manifest = RunFolder.open(stored(paths=SMALL)).manifest
    document = manifest.model_dump()
    document["experiment"]["parameters"] |= {"frequency": 1, "correlation": -0.0}
    assert Manifest.model_validate(document).run == manifest.run
    document["experiment"]["parameters"]["frequency"] = 1.0000000000000002
    assert Manifest.model_validate(document).run != manifest.run
