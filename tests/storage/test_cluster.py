"""The same run on a Dask cluster of two workers on this machine, even if one of them is killed."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qtraj.errors import InvalidInput, StorageError
from qtraj.experiment import load_experiment, load_sweep_file
from qtraj.paths import cluster, pool
from qtraj.paths.blocks import ROW_BLOCK_PATHS, Block, row_blocks
from qtraj.paths.cluster import dask_backend, is_cluster
from qtraj.paths.parallel import map_blocks
from qtraj.paths.sample import sample
from qtraj.storage import resume_run, start_run, start_sweep
from tests.storage.runs import SEED, block_files

dask = pytest.importorskip("dask")
# Workers, also those that start again after a kill, are forked from one process that has imported everything.
dask.config.set({"distributed.worker.multiprocessing-method": "forkserver"})
distributed = pytest.importorskip("distributed")
PRELOADED = ("distributed", "qtraj.storage", "qtraj.paths.jump_trajectories", "qtraj.paths.follow_blocks", "numba")

FOLLOWED: dict[str, Any] = {"paths": 5 * ROW_BLOCK_PATHS, "sampler": "followed", "keep_records": True}


@pytest.fixture(scope="module")
def local() -> Iterator[Any]:
    # The first call gives Dask's own list of what to import, which this one replaces.
    distributed.utils.get_mp_context().set_forkserver_preload(list(PRELOADED))
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=":0", host="127.0.0.1"
    ) as started:
        yield started


@pytest.fixture
def backend(local: Any) -> Iterator[Any]:
    with dask_backend(local.scheduler_address) as found:
        yield found


def where(block: Block) -> int:
    return os.getpid()


def deadly(block: Block) -> int:
    if block.index == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return block.index


def failing(block: Block) -> int:
    raise InvalidInput("`block` must be another one, but is not", measured=float(block.index))


def test_blocks_go_to_the_workers(backend: Any) -> None:
    assert is_cluster(backend)
    seen = map_blocks(where, row_blocks(20 * ROW_BLOCK_PATHS), n_jobs=2, backend=backend)
    assert len(seen) == 20
    assert os.getpid() not in seen


def test_errors_of_blocks_arrive_as_they_were_raised(backend: Any) -> None:
    with pytest.raises(InvalidInput, match="`block` must be another one") as raised:
        map_blocks(failing, row_blocks(3 * ROW_BLOCK_PATHS), n_jobs=2, backend=backend)
    assert raised.value.measured == 0.0


@pytest.mark.parametrize(
    ("model", "how"),
    [("davies-qutrit", FOLLOWED), ("two-qubit-exchange", FOLLOWED | {"sampler": "explicit", "keep_records": False})],
)
def test_a_cluster_draws_the_same_run(
    model: str, how: dict[str, Any], backend: Any, stored: Callable[..., Path], tmp_path: Path
) -> None:
    start_run(load_experiment(model), tmp_path / "run", seed=SEED, n_jobs=2, backend=backend, **how)
    assert block_files(tmp_path / "run") == block_files(stored(model, **how))


def test_a_run_begun_here_is_finished_there(backend: Any, stored: Callable[..., Path]) -> None:
    folder = stored("davies-qutrit", **FOLLOWED)
    before = block_files(folder)
    for name in list(before)[1:]:
        (folder / "paths" / name).unlink()
    assert resume_run(folder, backend=backend, n_jobs=2).drawn == 4
    assert block_files(folder) == before


def test_what_is_not_stored_is_drawn_there_too(backend: Any) -> None:
    process = load_experiment("two-qubit-exchange").process
    here, there = (
        sample(process, paths=2 * ROW_BLOCK_PATHS, sampler="followed", n_jobs=2, backend=own) for own in (None, backend)
    )
    assert (here.class_counts == there.class_counts).all()


def test_a_cluster_draws_the_same_sweep(backend: Any, tmp_path: Path) -> None:
    """Its machines need not see the folder: points follow one another here, and their blocks are drawn there."""
    sweep = load_sweep_file("two-qubit-exchange", over=["angle=0.3,0.9"])
    how: dict[str, Any] = {"paths": ROW_BLOCK_PATHS + 100, "sampler": "explicit", "seed": SEED}
    here = start_sweep(sweep, tmp_path / "here", **how).folder
    there = start_sweep(sweep, tmp_path / "there", **how, n_jobs=2, backend=backend).folder
    for one, other in zip(here.points, there.points, strict=True):
        assert block_files(one.path) == block_files(other.path)
        assert (one.path / "report.json").read_bytes() == (other.path / "report.json").read_bytes()
    assert (here.path / "results.csv").read_bytes() == (there.path / "results.csv").read_bytes()


def test_a_scheduler_file_will_do(local: Any, tmp_path: Path) -> None:
    (tmp_path / "cluster.json").write_text(f'{{"address": "{local.scheduler_address}"}}')
    with dask_backend(str(tmp_path / "cluster.json")) as found:
        assert map_blocks(where, row_blocks(2 * ROW_BLOCK_PATHS), n_jobs=2, backend=found)


@pytest.mark.parametrize(
    ("scheduler", "complaint"),
    [
        ("cluster.json", "must be an address such as tcp://node7:8786, or a file, but is 'cluster.json'"),
        ("tcp://127.0.0.1:9", "'tcp://127.0.0.1:9' does not answer"),
        ("nonsense://x:1", "does not answer"),
    ],
)
def test_a_wrong_scheduler_is_a_sentence(scheduler: str, complaint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "PATIENCE", "1 s")
    with pytest.raises(InvalidInput, match=complaint), dask_backend(scheduler):
        pass


def test_a_cluster_without_workers_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "WORKER_PATIENCE_SECONDS", 0.5)
    with (
        distributed.LocalCluster(n_workers=0, processes=True, dashboard_address=":0", host="127.0.0.1") as empty,
        pytest.raises(InvalidInput, match=r"must have workers, but .* has had none for 0.5 seconds"),
        dask_backend(empty.scheduler_address),
    ):
        pass


def test_a_worker_with_other_versions_is_refused(backend: Any, stored: Callable[..., Path]) -> None:
    """The sentence comes from the worker, and names what is different there."""
    from qtraj.storage import RunFolder
    from qtraj.storage.drawing import drawer

    folder = RunFolder.open(stored("davies-qutrit", **FOLLOWED))
    draw = drawer(folder, folder.manifest.parts[0])
    object.__setattr__(draw, "here", draw.here.replace('"numba": "', '"numba": "9.'))  # type: ignore[attr-defined]
    with pytest.raises(StorageError, match="all workers must draw the same numbers, but numba is"):
        map_blocks(draw, row_blocks(2 * ROW_BLOCK_PATHS), n_jobs=2, backend=backend)


# Last, since a worker that was killed starts again, and imports everything again.


class Killer:
    """Kills a worker when the first block has come home."""

    def __init__(self, local: Any) -> None:
        self.local, self.killed = local, 0

    def advance(self, paths: int) -> None:
        if not self.killed:
            self.killed = next(worker.process.pid for worker in self.local.workers.values() if worker.process.pid)
            os.kill(self.killed, signal.SIGKILL)


def test_a_worker_that_is_killed_costs_nothing(
    local: Any, backend: Any, stored: Callable[..., Path], tmp_path: Path
) -> None:
    how = FOLLOWED | {"paths": 12 * ROW_BLOCK_PATHS}
    killer = Killer(local)
    start_run(
        load_experiment("davies-qutrit"), tmp_path / "run", seed=SEED, n_jobs=2, backend=backend, progress=killer, **how
    )
    assert killer.killed
    assert block_files(tmp_path / "run") == block_files(stored("davies-qutrit", **how))


def test_a_block_that_kills_every_worker_ends_the_run(backend: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool, "MOST_LOSSES", 0)
    with pytest.raises(InvalidInput, match=r"lost the same block 1 times \(\w+.*\); its workers may need more memory"):
        map_blocks(deadly, row_blocks(3 * ROW_BLOCK_PATHS), n_jobs=2, backend=backend)
