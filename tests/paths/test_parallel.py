"""Workers change how long a run takes and nothing else; Ctrl-C and errors leave none of them behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import threadpoolctl

import qtraj
from qtraj.blas import one_blas_thread
from qtraj.errors import InvalidInput, StorageError
from qtraj.paths import portions
from qtraj.paths.blocks import ROW_BLOCK_PATHS, Block, Stream, generator, row_blocks
from qtraj.paths.interrupts import Stopped, check_stopped, interrupts_held
from qtraj.paths.parallel import check_jobs, fold_blocks, iterate_blocks, map_blocks
from qtraj.paths.payload import ALIGNMENT, written
from qtraj.paths.portions import Portion

BLOCKS = row_blocks(11 * ROW_BLOCK_PATHS + 77)
WORKERS = [(1, None), (2, "loky"), (4, "loky"), (2, "threading"), (4, "threading"), (-1, None)]

TABLE = np.arange(200_000.0)
"""Above a megabyte, so that joblib maps it into the workers' memory instead of sending it along."""


class Sampler:
    """Uses its random numbers, its table and linear algebra; a module-level class, as real samplers are."""

    def __init__(self, table: np.ndarray[Any, Any]) -> None:
        self.table = table

    def __call__(self, block: Block) -> tuple[int, int, float, float]:
        rng = generator(block, 3, Stream.FOLLOWED)
        matrix = rng.standard_normal((60, 60))
        return block.index, block.size, float(self.table[rng.integers(1000)]), float(np.linalg.svd(matrix)[1].sum())


def blas_threads(_: object) -> tuple[int, int]:
    libraries = threadpoolctl.threadpool_info()
    return max((one["num_threads"] for one in libraries if one["user_api"] == "blas"), default=1), os.getpid()


def fail_at_five(block: Block) -> int:
    if block.index == 5:
        raise InvalidInput("`block` must not be the fifth, but is", measured=5.0)
    return block.index


@pytest.mark.parametrize(("n_jobs", "backend"), WORKERS)
def test_results_do_not_depend_on_the_workers(n_jobs: int, backend: str | None) -> None:
    """Equal to the last bit, in block order."""
    sampler = Sampler(TABLE)
    with one_blas_thread():
        expected = [sampler(block) for block in BLOCKS]
    assert map_blocks(sampler, BLOCKS, n_jobs=n_jobs, backend=backend) == expected
    folded = fold_blocks(
        sampler, BLOCKS, lambda total, one: [*total, one], list[object](), n_jobs=n_jobs, backend=backend
    )
    assert folded == expected


def test_work_really_goes_to_other_processes_with_one_blas_thread_each() -> None:
    here = os.getpid()
    before = blas_threads(None)[0]
    seen = map_blocks(blas_threads, BLOCKS, n_jobs=2, backend="loky")
    assert here not in {pid for _, pid in seen}
    assert {threads for threads, _ in seen} == {1}
    seen = map_blocks(blas_threads, BLOCKS, n_jobs=2, backend="threading") + map_blocks(blas_threads, BLOCKS)
    assert set(seen) == {(1, here)}
    assert blas_threads(None)[0] == before


def test_one_blas_thread_nests_and_restores() -> None:
    before = blas_threads(None)[0]
    with one_blas_thread():
        with one_blas_thread():
            assert blas_threads(None)[0] == 1
        assert blas_threads(None)[0] == 1
    assert blas_threads(None)[0] == before


def test_one_worker_or_one_block_needs_no_joblib() -> None:
    code = (
        "import sys; from qtraj.paths.parallel import map_blocks; from qtraj.paths.blocks import row_blocks\n"
        "assert map_blocks(lambda b: b.size, row_blocks(10**6))[0] == 65536\n"
        "assert 'joblib' not in sys.modules and 'rich' not in sys.modules"
    )
    run_python(["-c", code])
    assert map_blocks(blas_threads, row_blocks(5), n_jobs=2)[0][1] == os.getpid()


def test_blocks_may_be_endless() -> None:
    """Taken as they come: nothing counts, lists or hands out all of 1.5e10 blocks."""
    blocks = row_blocks(10**15)
    for n_jobs in (1, 2):
        results = iterate_blocks(lambda block: block.index, blocks, n_jobs=n_jobs, backend="threading")
        assert [next(results) for _ in range(100)] == list(range(100))
        results.close()


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_results_do_not_pile_up(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A slow parent: the blocks begun never run ahead of the results taken by more than a round."""
    monkeypatch.setattr(portions, "TASKS_PER_WORKER", 3)
    monkeypatch.setattr(portions, "MOST_BLOCKS", 1)
    begun = 0

    def blocks() -> Iterator[int]:
        nonlocal begun
        for number in range(30):
            begun += 1
            yield number

    for taken, _ in enumerate(iterate_blocks(abs, blocks(), n_jobs=2, backend=backend)):
        time.sleep(0.002)
        assert begun - taken <= 6
    assert begun == 30


@pytest.mark.parametrize(("n_jobs", "backend"), [(1, None), (2, "loky"), (2, "threading")])
def test_errors_arrive_as_they_were_raised(n_jobs: int, backend: str | None) -> None:
    with pytest.raises(InvalidInput, match="must not be the fifth") as raised:
        map_blocks(fail_at_five, BLOCKS, n_jobs=n_jobs, backend=backend)
    assert raised.value.measured == 5.0
    assert map_blocks(blas_threads, BLOCKS, n_jobs=n_jobs, backend=backend)  # the next run works


@pytest.mark.parametrize("backend", ["loky", "threading"])
def test_leaving_early_is_quiet(backend: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        results = iterate_blocks(Sampler(TABLE), BLOCKS, n_jobs=2, backend=backend)
        assert next(results)[0] == 0
        results.close()


class Recorder:
    def __init__(self) -> None:
        self.seen: list[int] = []

    def advance(self, paths: int) -> None:
        self.seen.append(paths)


@pytest.mark.parametrize(("n_jobs", "backend"), [(1, None), (2, "threading")])
def test_progress_is_told_in_block_order(n_jobs: int, backend: str | None) -> None:
    recorder = Recorder()
    map_blocks(abs, [-1, -2, -3], n_jobs=n_jobs, backend=backend, progress=recorder)
    map_blocks(blas_threads, BLOCKS, n_jobs=n_jobs, backend=backend, progress=recorder)
    assert recorder.seen == [1, 1, 1, *(block.size for block in BLOCKS)]


@pytest.mark.parametrize("n_jobs", [0, "2", "all", 1.5, 2.0, True, None, [2]])
def test_wrong_numbers_of_workers_are_refused(n_jobs: Any) -> None:
    with pytest.raises(InvalidInput, match="`n_jobs` must be a whole number other than 0"):
        check_jobs(n_jobs)
    with pytest.raises(InvalidInput, match="`n_jobs` must be"):
        iterate_blocks(abs, [1, 2], n_jobs=n_jobs)  # at once, not at the first result


def test_more_workers_than_any_machine_has_are_refused() -> None:
    assert check_jobs(4096) == 4096
    with pytest.raises(InvalidInput, match="`n_jobs` must be at most 4096, but is 1000000000"):
        check_jobs(10**9)


def test_negative_numbers_of_workers_count_from_the_cores() -> None:
    assert check_jobs(3) == check_jobs(np.int64(3)) == 3
    assert check_jobs(-1) >= 1
    assert check_jobs(-2) == max(1, check_jobs(-1) - 1)
    assert check_jobs(-(10**6)) == 1


@pytest.mark.parametrize("backend", ["nonsense", "multiprocessing", 3])
def test_wrong_backends_are_refused(backend: Any) -> None:
    """Python's own process pools cannot give results back one by one, so joblib does not stream from them."""
    for n_jobs in (1, 2):
        with pytest.raises(InvalidInput, match="`backend` must be one that joblib can stream results from"):
            iterate_blocks(abs, [1, 2], n_jobs=n_jobs, backend=backend)


def test_a_backend_object_will_do() -> None:
    from joblib.parallel import ThreadingBackend

    assert map_blocks(abs, [-1, -2], n_jobs=2, backend=ThreadingBackend()) == [1, 2]


def test_held_interrupts_come_later_and_only_once() -> None:
    steps = []
    with pytest.raises(KeyboardInterrupt):
        with interrupts_held():
            signal.raise_signal(signal.SIGINT)
            steps.append("undisturbed")
        steps.append("not reached")
    assert steps == ["undisturbed"]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_interrupts_cannot_be_held_outside_the_main_thread() -> None:
    seen = []

    def hold() -> None:
        with interrupts_held():
            seen.append(signal.getsignal(signal.SIGINT))

    thread = threading.Thread(target=hold)
    thread.start()
    thread.join()
    assert seen == [signal.getsignal(signal.SIGINT)]


class Waiter:
    """Works in pieces, as the followers do, and remembers what became of them."""

    def __init__(self) -> None:
        self.stopped = threading.Event()

    def __call__(self, number: int) -> int:
        if number == 0:
            return 0
        try:
            for _ in range(2000):
                check_stopped()
                time.sleep(0.005)
        except Stopped:
            self.stopped.set()
            raise
        return number


def test_threads_stop_when_nobody_waits_for_them() -> None:
    """They cannot be ended from outside, and would otherwise work on behind the back of a notebook."""
    waiter = Waiter()
    results = iterate_blocks(waiter, range(4), n_jobs=2, backend="threading")
    assert next(results) == 0
    results.close()
    assert waiter.stopped.wait(5.0)


def test_threads_are_what_one_gets_without_asking() -> None:
    """Unless joblib has been told otherwise."""
    import joblib

    here = os.getpid()
    assert {pid for _, pid in map_blocks(blas_threads, BLOCKS, n_jobs=2)} == {here}
    with joblib.parallel_config(backend="loky"):
        assert here not in {pid for _, pid in map_blocks(blas_threads, BLOCKS, n_jobs=2)}


def test_processes_read_what_they_need_once(tmp_path: Path) -> None:
    """Large arrays are mapped, read-only and aligned; small ones and what has holes are read."""
    function = Sampler(TABLE)
    function.small, function.turned = np.arange(3.0), np.arange(200_000.0).reshape(400, 500)[:, ::2]  # type: ignore[attr-defined]
    with written(function) as sent:
        first: Any = sent.load()
        assert sent.load() is first
        assert first.table.tolist() == TABLE.tolist()
        assert not first.table.flags.writeable
        assert not first.table.flags.owndata
        assert first.table.ctypes.data % ALIGNMENT == 0
        assert first.small.flags.writeable
        assert (first.turned == function.turned).all()  # type: ignore[attr-defined]
        assert first(BLOCKS[0]) == function(BLOCKS[0])
    assert not Path(sent.folder).exists()
    with written(abs) as other:
        assert other.load()(-1) == 1


def test_what_cannot_be_written_is_said_in_words(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def full(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with (
        pytest.raises(StorageError, match=r"tables of a run cannot be written for its workers.*No space"),
        written(abs),
    ):
        pass


def test_short_blocks_are_handed_out_together() -> None:
    """Enough of them to make up for the way there and back; fewer if their results are large."""
    short = Portion.fitting(2, seconds=1e-4, size=100, threads=False)
    assert short.blocks == 500
    assert Portion.fitting(2, seconds=0.0, size=0, threads=True).blocks == 1024
    assert Portion.fitting(2, seconds=1.0, size=100, threads=False) == Portion(tasks=64, blocks=1)
    for size in (10**5, 10**6, 10**7, 10**8):
        large = Portion.fitting(2, seconds=1e-3, size=size, threads=False)
        assert large.blocks == 1 or large.tasks * large.blocks * size <= 2**28
        assert large.tasks >= 16


# --- Ctrl-C, in a program of its own ----------------------------------------------------------------------------------

INTERRUPTED_PROGRAM = """
import sys, time
import numpy as np
from qtraj.paths.blocks import row_blocks
from qtraj.paths.parallel import fold_blocks

table = np.zeros(200_000)

def slow(block):
    time.sleep(0.02)
    return float(table[0]) + block.size

class Progress:
    done = 0
    def advance(self, paths):
        self.done += paths
        if self.done == 6 * 65536:
            print("running", flush=True)

if __name__ == "__main__":
    try:
        fold_blocks(slow, row_blocks(10**15), lambda total, one: total + one, 0.0, n_jobs=2, backend=sys.argv[1],
                    progress=Progress())
    except KeyboardInterrupt:
        print("interrupted", flush=True)
        sys.exit(130)
"""


def environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(Path(qtraj.__file__).parent.parent)}


def run_python(arguments: list[str]) -> None:
    subprocess.run([sys.executable, *arguments], check=True, env=environment(), timeout=60)


def living_members(group: int) -> list[str]:
    """Command names of the processes in a group, those that have ended and wait to be collected left out."""
    alive = []
    for entry in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = entry.read_text().partition("(")[2].rpartition(")")
        except OSError:  # ended while we looked
            continue
        state, _, process_group = rest.split()[:3]
        if int(process_group) == group and state != "Z":
            alive.append(name)
    return alive


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for left-over processes in /proc")
@pytest.mark.parametrize("backend", ["loky", "threading"])
@pytest.mark.parametrize("whole_group", [True, False], ids=["terminal", "kill"])
def test_an_interrupt_leaves_cleanly(backend: str, whole_group: bool, tmp_path: Path) -> None:
    """As a terminal does it, to parent and workers together, and as `kill -INT` does it, to the parent alone."""
    program = tmp_path / "interrupted.py"
    program.write_text(INTERRUPTED_PROGRAM)
    process = subprocess.Popen(
        [sys.executable, str(program), backend],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(),
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "running\n"
        if backend == "loky":
            assert len(living_members(process.pid)) >= 3  # that there are workers to leave behind
        (os.killpg if whole_group else os.kill)(process.pid, signal.SIGINT)
        out, err = process.communicate(timeout=30)
        assert (process.returncode, out, err) == (130, "interrupted\n", "")
        deadline = time.monotonic() + 5
        while (left := living_members(process.pid)) and time.monotonic() < deadline:
            time.sleep(0.02)  # joblib's helper process notices the end of its parent a moment later
        assert left == []
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(timeout=10)
