"""Whatever happens to the bytes of a run folder: a typed error, or the right numbers; no hang, nothing executed.

No statistics here: every mutation must be answered. Both kinds of mutation matter: accidents, which the checksums
answer, and mutations with a checksum that fits, which test what stands behind it.
"""

from __future__ import annotations

import json
import pickle
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qtraj.errors import InvalidInput, StorageError
from qtraj.storage import RunFolder, load_run
from qtraj.storage.blocks_on_disk import BlockFile, read_block
from qtraj.storage.checksum import SHORT, checksum
from qtraj.storage.drawing import Stamp
from qtraj.storage.parquet import decode
from qtraj.storage.plan import all_blocks
from tests.storage.runs import SMALL, rewrite_manifest

PATIENCE = 20.0
"""Seconds for a single mutated file; typical ones take a millisecond."""

STRANGE: list[Any] = [
    None, True, False, 0, 1, -1, 2, 10**15, 10**16, 2**64, 10**30, 0.5, 1e308, -1e-300, "", "x", "0", "\0", "../../x",
    "counts", "explicit", "followed", "kraus", "a" * 1000, [], {}, [[]], [[0, 1]], [[0, 10**10]], [0], {"file": "x"},
    {"file": "/etc/passwd"}, {"kind": "haar"}, {"real": [[1.0]], "imag": [[0.0]]},
]  # fmt: skip


def mutated(data: bytes, rng: random.Random) -> bytes:
    """A few bits flipped, bytes overwritten, lost or made up, or the end cut off."""
    spoiled = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 5))):
        place = rng.randrange(len(spoiled)) if spoiled else 0
        match rng.randrange(5):
            case 0 if spoiled:
                spoiled[place] ^= 1 << rng.randrange(8)
            case 1 if spoiled:
                spoiled[place] = rng.choice((0, 255, 48, 57, 34, 92, 123))
            case 2:
                del spoiled[place : place + rng.randrange(1, 40)]
            case 3:
                spoiled[place:place] = rng.randbytes(rng.randrange(1, 9))
            case _:
                del spoiled[place:]
    return bytes(spoiled)


def change_something(document: Any, rng: random.Random) -> None:
    """Replace, remove or repeat one entry somewhere in a document."""
    place = document
    while True:
        keys: list[Any] = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            return
        key = rng.choice(keys)
        value = place[key]
        if isinstance(value, dict | list) and value and rng.random() < 0.8:
            place = value
            continue
        match rng.randrange(5):
            case 0:
                del place[key]
            case 1 if isinstance(value, int | float) and not isinstance(value, bool):
                place[key] = value * rng.choice((-1, 2, 0.5, 1e9)) + rng.choice((0, 1, -1))
            case 2 if isinstance(place, dict):
                place[str(key) + "x"] = value
            case 3 if isinstance(place, list):
                place.append(value)
            case _:
                place[key] = rng.choice(STRANGE)
        return


def answered(attempt: Callable[[], object]) -> bool:
    """Whether it was refused, in one of the two ways there are, and in time."""
    begin, refused = time.monotonic(), False
    try:
        attempt()
    except (StorageError, InvalidInput):
        refused = True
    assert time.monotonic() - begin < PATIENCE
    return refused


def spoil_manifests(folder: Path, times: int, seed: int) -> tuple[int, int]:
    """Mutate the bytes of a manifest; how many were refused, and how many were read as if nothing had happened."""
    rng, path = random.Random(seed), folder / "manifest.json"
    original, manifest = path.read_bytes(), RunFolder.open(folder).manifest
    refused = 0
    for _ in range(times):
        path.write_bytes(mutated(original, rng))
        if answered(lambda: RunFolder.open(folder)):
            refused += 1
        else:
            assert RunFolder.open(folder).manifest == manifest  # only white space
    path.write_bytes(original)
    return refused, times - refused


def forge_manifests(folder: Path, times: int, seed: int) -> tuple[int, int]:
    """Change something and let the checksum fit; whatever is read must be the run that is there."""
    rng, path = random.Random(seed), folder / "manifest.json"
    original, expected = path.read_bytes(), load_run(folder)
    refused = 0
    for _ in range(times):
        path.write_bytes(original)
        rewrite_manifest(folder, lambda document: change_something(document, rng))
        if answered(lambda: load_run(folder)):
            refused += 1
        else:
            np.testing.assert_array_equal(load_run(folder).class_counts, expected.class_counts)
    path.write_bytes(original)
    return refused, times - refused


def spoil_blocks(folder: Path, times: int, seed: int, *, forge: bool) -> tuple[int, int]:
    """Mutate the bytes of a block, with or without a name that fits."""
    rng, run = random.Random(seed), RunFolder.open(folder)
    (path,) = run.paths.iterdir()
    original = path.read_bytes()
    path.unlink()
    (part,) = run.manifest.parts
    block, stamp = all_blocks(run.manifest.sampler, part.paths)[0], Stamp(run=run.manifest.run, seed=part.seed)
    refused = 0
    for _ in range(times):
        data = mutated(original, rng)
        digest = checksum(data if forge else original)[:SHORT]
        file = BlockFile(seed=part.seed, index=0, digest=digest)
        (run.paths / file.name).write_bytes(data)
        if answered(lambda file=file: read_block(folder, file, block, stamp)):  # type: ignore[misc]
            refused += 1
        else:
            assert forge or data == original
        (run.paths / file.name).unlink()
    path.write_bytes(original)
    return refused, times - refused


RECORDS = {"model": "davies-qutrit", "paths": SMALL, "keep_records": True}


def test_mutated_manifests(stored: Callable[..., Path], root_seed: int) -> None:
    refused, read = spoil_manifests(stored(paths=SMALL), 400, root_seed)
    assert refused > 10 * read


def test_manifests_changed_under_a_checksum_that_fits(stored: Callable[..., Path], root_seed: int) -> None:
    refused, _ = forge_manifests(stored(paths=SMALL), 120, root_seed)
    assert refused > 30


@pytest.mark.parametrize("forge", [False, True])
def test_mutated_blocks(forge: bool, stored: Callable[..., Path], root_seed: int) -> None:
    refused, read = spoil_blocks(stored(**RECORDS), 400, root_seed, forge=forge)
    assert refused > 300
    assert forge or read < 5


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_a_hundred_thousand_mutations(stored: Callable[..., Path], root_seed: int, part: int) -> None:
    seed = root_seed + 1000 * (part + 1)
    spoil_manifests(stored(paths=SMALL), 10_000, seed)
    forge_manifests(stored(paths=SMALL), 2_500, seed)
    forge_manifests(stored(**RECORDS), 500, seed)
    spoil_blocks(stored(**RECORDS), 8_000, seed, forge=False)
    spoil_blocks(stored(**RECORDS), 4_000, seed, forge=True)


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return (pytest.fail, ("something in a file was executed",))


def test_nothing_in_a_folder_is_unpickled(stored: Callable[..., Path]) -> None:
    bomb = pickle.dumps(Bomb())
    for name in ("manifest.json", "tables", "paths"):
        folder = stored(paths=SMALL, sampler="explicit")
        targets = [folder / name] if name.endswith(".json") else list((folder / name).iterdir())
        for target in targets:
            target.write_bytes(bomb)
        assert answered(lambda folder=folder: load_run(folder))  # type: ignore[misc]
    with pytest.raises(StorageError):
        decode(bomb)


def test_names_of_files_that_are_no_blocks(stored: Callable[..., Path]) -> None:
    folder = stored(paths=SMALL)
    for name in (
        "x.parquet",
        "seed--1-block-00000000000-0123456789abcdef.parquet",
        "seed-7-block-1-0.parquet",
        "a\n.parquet",
    ):
        (folder / "paths" / name).touch()
        with pytest.raises(StorageError, match="must hold blocks of the run only, but holds"):
            load_run(folder)
        (folder / "paths" / name).unlink()
    for name in (".DS_Store", "_metadata"):
        (folder / "paths" / name).touch()
    assert load_run(folder).paths == SMALL


def test_the_fuzzer_would_notice(stored: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: without checksums, damage goes unnoticed or surfaces as something else."""
    from qtraj.storage import checked_json

    monkeypatch.setattr(checked_json, "document_checksum", lambda document: json.loads(folder_text)["checksum"])
    folder = stored(paths=SMALL)
    folder_text = (folder / "manifest.json").read_text()
    with pytest.raises(AssertionError):
        spoil_manifests(folder, 400, 1)
