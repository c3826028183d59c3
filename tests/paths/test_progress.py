"""Progress tells the truth, by a clock of our own, on terminals, in notebooks and in logs."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from qtraj.arrays import FloatArray
from qtraj.experiment import load_experiment
from qtraj.paths import screens
from qtraj.paths.blocks import ROW_BLOCK_PATHS
from qtraj.paths.extend import extended
from qtraj.paths.progress import Progress, RunProgress, begin, displayed, found, watch
from qtraj.paths.run_meter import WINDOW_BLOCKS, RunMeter
from qtraj.paths.running_mean import CurrentEstimate, RunningMean
from qtraj.paths.sample import sample
from qtraj.paths.screens import LogScreen, NotebookScreen, TerminalScreen, screen_for
from qtraj.processes.seam import Process
from qtraj.storage import load_run, resume_run, start_run
from tests.paths.cases import case
from tests.paths.jump_cases import driven_qubit


class Clock:
    """Time passes when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    monkeypatch.delenv("NO_COLOR", raising=False)


def run(
    clock: Clock, screen: Any, *, seconds: float, steps: int = 4, total: int | None = 400, estimate: bool = True
) -> None:
    """So many blocks of 100 paths, one after the other."""
    with RunProgress(total, screen=screen, clock=clock) as progress:
        if estimate:
            progress.watch(lambda: CurrentEstimate(name="<e^-sigma>", value=1.002, standard_error=0.0041))
        progress.begin()
        for _ in range(steps):
            clock.now += seconds
            progress.advance(100)


# --- Rate and remaining time ------------------------------------------------------------------------------------------


def test_the_rate_is_that_of_drawing_and_not_of_what_was_before(clock: Clock) -> None:
    meter = RunMeter(1000, clock=clock)
    assert (meter.rate, meter.remaining_seconds, str(meter)) == (None, None, "0 of 1,000 (0 %)")
    clock.now += 1000.0  # the exact law
    meter.begin()
    clock.now += 2.0
    meter.advance(100)
    assert meter.rate == 50.0
    assert meter.remaining_seconds == 18.0
    assert str(meter) == "100 of 1,000 (10 %), 50 paths/s, 0:18 left"


def test_stored_paths_count_as_done_but_not_for_the_rate(clock: Clock) -> None:
    meter = RunMeter(1000, clock=clock)
    for _ in range(6):
        clock.now += 0.5  # reading them takes time too
        meter.found(100)
    meter.begin()
    clock.now += 4.0
    meter.advance(100)
    assert (meter.done, meter.rate, meter.remaining_seconds) == (700, 25.0, 12.0)


def test_bursts_do_not_fool_it(clock: Clock) -> None:
    """Blocks that wait for a slow one come home at once: 8 every 8 seconds are one a second, whenever one looks."""
    meter = RunMeter(10**6, clock=clock)
    meter.begin()
    for burst in range(40):
        clock.now += 8.0
        for block in range(8):
            meter.advance(100)
            if burst >= WINDOW_BLOCKS // 8 and block == 7:
                assert meter.rate == pytest.approx(100.0, rel=1e-9)
            elif burst >= 8:
                assert 80.0 < meter.rate <= 112.5  # within a burst the last blocks are not there yet


def test_a_machine_that_becomes_busy_is_noticed(clock: Clock) -> None:
    meter = RunMeter(None, clock=clock)
    meter.begin()
    for seconds in (*[1.0] * 200, *[4.0] * 40):
        clock.now += seconds
        meter.advance(100)
    assert meter.rate == pytest.approx(25.0)
    assert meter.remaining_seconds is None  # nobody knows the end
    assert str(meter) == "24,000, 25 paths/s"


def test_long_times_and_high_rates_are_readable(clock: Clock) -> None:
    meter = RunMeter(10**12, clock=clock)
    meter.begin()
    clock.now += 1.0
    meter.advance(4_123_456)
    assert str(meter) == "4,123,456 of 1,000,000,000,000 (0 %), 4,120,000 paths/s, 67:21:55 left"
    meter = RunMeter(100, clock=clock)
    clock.now += 30.0
    meter.begin()
    clock.now += 30.0
    meter.advance(99)
    assert str(meter) == "99 of 100 (99 %), 3.3 paths/s, 0:01 left"
    meter.advance(1)
    assert "left" not in str(meter)


# --- Where it is shown ------------------------------------------------------------------------------------------------


def test_a_terminal_has_a_bar_with_rate_time_and_estimate_and_no_trace_is_left(clock: Clock) -> None:
    run(clock, TerminalScreen(terminal := Terminal(), "sampling paths"), seconds=1.0)
    shown = terminal.getvalue()
    for part in ("sampling paths", "25%", "75%", "100 paths/s, 0:03 left, <e^-sigma> = 1.0020 ± 0.0041", "0:01 left"):
        assert part in shown
    assert shown.rstrip().endswith("\x1b[2K")  # the line is erased at the end


def test_the_bar_does_not_flicker(clock: Clock) -> None:
    """However fast the blocks come, the line is drawn four times a second."""
    terminal = Terminal()
    run(clock, TerminalScreen(terminal, "sampling paths"), seconds=0.001, steps=3000, total=10**6)
    assert 8 <= terminal.getvalue().count("paths/s") <= 10


def test_a_short_run_is_silent(clock: Clock) -> None:
    run(clock, TerminalScreen(terminal := Terminal(), "sampling paths"), seconds=0.2)
    run(clock, LogScreen(log := io.StringIO(), "sampling paths"), seconds=2.0)
    assert terminal.getvalue() == log.getvalue() == ""


def test_a_run_of_one_block_is_over_before_a_bar_could_help(clock: Clock) -> None:
    run(clock, TerminalScreen(terminal := Terminal(), "sampling paths"), seconds=60.0, steps=1, total=100)
    assert terminal.getvalue() == ""


def test_an_error_leaves_the_terminal_clean(clock: Clock) -> None:
    screen = TerminalScreen(terminal := Terminal(), "sampling paths")
    with pytest.raises(KeyboardInterrupt), RunProgress(10, screen=screen, clock=clock) as progress:
        clock.now += 5.0
        progress.advance(5)
        raise KeyboardInterrupt
    assert "\x1b[?25h" in terminal.getvalue()  # the cursor is back


def test_a_run_whose_length_is_decided_on_the_way_has_a_bar_without_an_end(clock: Clock) -> None:
    run(clock, TerminalScreen(terminal := Terminal(), "sampling paths"), seconds=2.0, total=None)
    assert "50 paths/s" in terminal.getvalue()
    assert "100%" not in terminal.getvalue()
    assert "left" not in terminal.getvalue()


def test_a_log_has_a_line_every_half_minute_and_one_at_the_end(clock: Clock) -> None:
    run(clock, LogScreen(log := io.StringIO(), "sampling paths"), seconds=1.0, steps=100, total=10_000)
    estimate = "<e^-sigma> = 1.0020 ± 0.0041"
    assert log.getvalue().splitlines() == [
        f"qtraj: sampling paths: 1,000 of 10,000 (10 %), 100 paths/s, 1:30 left, {estimate}",
        f"qtraj: sampling paths: 4,000 of 10,000 (40 %), 100 paths/s, 1:00 left, {estimate}",
        f"qtraj: sampling paths: 7,000 of 10,000 (70 %), 100 paths/s, 0:30 left, {estimate}",
        f"qtraj: sampling paths: 10,000 of 10,000 (100 %), 100 paths/s, {estimate}",
    ]


def test_a_notebook_has_a_bar_in_plain_html(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs: list[list[str]] = []

    def display(content: str, *, display_id: bool) -> Any:
        assert display_id
        outputs.append([content])
        return SimpleNamespace(update=outputs[-1].append)

    fake = SimpleNamespace(HTML=str, display=display)
    monkeypatch.setitem(sys.modules, "IPython.display", fake)
    run(clock, NotebookScreen("sampling paths"), seconds=1.0)
    (cell,) = outputs  # one output, which is changed in its place
    assert cell[0].startswith('<progress max="1" value="0.2500"></progress> sampling paths: 100 of 400 (25 %)')
    assert "&lt;e^-sigma&gt; = 1.0020" in cell[0]
    assert cell[-1].startswith("sampling paths: 400 of 400 (100 %)")


def test_the_right_screen_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screens, "_in_notebook", lambda: False)
    for stream, kind in ((Terminal(), TerminalScreen), (io.StringIO(), LogScreen), (None, type(None))):
        monkeypatch.setattr(sys, "stderr", stream)
        assert type(screen_for("sampling paths")) is kind
    monkeypatch.undo()
    for shell, there in ((SimpleNamespace(kernel=1), True), (SimpleNamespace(), False), (None, False)):
        monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda shell=shell: shell))
        assert isinstance(screen_for("sampling paths"), NotebookScreen) is there


# --- What the samplers say --------------------------------------------------------------------------------------------


def test_any_object_that_advances_will_do() -> None:
    class Plain:
        def __init__(self) -> None:
            self.done = 0

        def advance(self, paths: int) -> None:
            self.done += paths

    plain = Plain()
    assert isinstance(plain, Progress)
    assert isinstance(RunProgress(1), Progress)
    assert not isinstance(object(), Progress)
    for tell in (begin, lambda progress: found(progress, 5), lambda progress: watch(progress, lambda: None)):
        tell(plain)
        tell(None)
    assert plain.done == 5


def test_true_is_a_display_and_false_is_silence() -> None:
    with displayed(True, 10) as display:
        assert isinstance(display, RunProgress)
    for nothing in (False, None):
        with displayed(nothing, 10) as display:
            assert display is None


@pytest.mark.parametrize(
    ("value", "error", "text"),
    [
        (1.0, 0.0, "x = 1"),
        (123.456, 7.0, "x = 123.5 ± 7.0"),
        (123456.0, 789.0, "x = 123456 ± 789"),
        (1.5e-9, 2e-10, "x = 0.00000000150 ± 0.00000000020"),
        (1.5e-30, 2e-31, "x = 1.5e-30 ± 2e-31"),
        (1.0, float("inf"), "x = 1"),
    ],
)
def test_an_estimate_has_as_many_digits_as_it_deserves(value: float, error: float, text: str) -> None:
    assert str(CurrentEstimate(name="x", value=value, standard_error=error)) == text


@contextmanager
def every_line(total: int = 150_000) -> Iterator[tuple[RunProgress, io.StringIO]]:
    """A display that writes at every block."""
    screen = LogScreen(log := io.StringIO(), "sampling paths")
    screen.patience = screen.interval = 0.0
    with RunProgress(total, screen=screen) as progress:
        yield progress, log


def estimate_of(sigma: FloatArray) -> str:
    weights = np.exp(-sigma)
    error = float(weights.std() / weights.size**0.5)
    return str(CurrentEstimate(name="<e^-sigma>", value=float(weights.mean()), standard_error=error))


@pytest.mark.parametrize(
    ("process", "sampler"),
    [(case("spins"), "followed"), (driven_qubit(), "followed"), (case("spins"), "explicit")],
    ids=["with a law", "without", "explicit"],
)
def test_the_estimate_shown_last_is_that_of_the_ensemble(process: Process, sampler: str) -> None:
    """With a law from the counts of its classes, without one from the rows."""
    with every_line() as (progress, log):
        ensemble = sample(process, paths=150_000, seed=1, sampler=sampler, progress=progress)
    assert log.getvalue().splitlines()[-1].endswith(estimate_of(ensemble["sigma"]))


@pytest.mark.parametrize(
    ("process", "before", "drawn"),
    [(case("spins"), 70_000, 150_000), (driven_qubit(), 1000, 150_000), (driven_qubit(), 70_000, 84_464)],
    ids=["with a law", "without", "a block kept"],
)
def test_the_estimate_of_a_run_made_longer_is_that_of_the_whole(process: Process, before: int, drawn: int) -> None:
    short = sample(process, paths=before, seed=1, sampler="followed")
    with every_line(drawn) as (progress, log):
        longer = extended(short, 150_000, progress=progress)
    assert log.getvalue().splitlines()[-1].endswith(estimate_of(longer["sigma"]))


@pytest.mark.parametrize("sampler", ["explicit", "followed"])
def test_a_run_that_is_stored_shows_its_estimate_too(sampler: str, tmp_path: Path) -> None:
    """Of what is drawn now: after an interruption, of the blocks that were missing."""
    run = tmp_path / "run"
    with every_line() as (progress, log):
        start_run(load_experiment("davies-qutrit"), run, sampler=sampler, paths=150_000, seed=1, progress=progress)
    sigma = load_run(run, rows=True)["sigma"]
    assert log.getvalue().splitlines()[-1].endswith(estimate_of(sigma))
    first, *others = sorted((run / "paths").iterdir())
    for file in others:
        file.unlink()
    with every_line() as (progress, log):
        resume_run(run, progress=progress)
    assert first.exists()
    assert log.getvalue().splitlines()[-1].endswith(estimate_of(sigma[ROW_BLOCK_PATHS:]))


def test_means_of_blocks_are_joined_as_if_there_were_one(root_seed: int) -> None:
    sigma = np.random.default_rng(root_seed).normal(size=1000)
    whole, joined = RunningMean(), RunningMean()
    whole.add({"sigma": sigma})
    for part in np.split(sigma, [300, 300, 301]):
        own = RunningMean()
        own.add({"sigma": part})
        joined.join(own)
    one, other = whole.estimate(), joined.estimate()
    assert one is not None
    assert other is not None
    assert one.value == pytest.approx(other.value, rel=1e-14)
    assert one.standard_error == pytest.approx(other.standard_error, rel=1e-13)


def test_a_resumed_run_begins_with_what_is_there(tmp_path: Path) -> None:
    """Two of three blocks are kept: they are done from the start, and the rate is that of the third alone."""
    run = tmp_path / "run"
    start_run(load_experiment("davies-qutrit"), run, sampler="followed", paths=3 * ROW_BLOCK_PATHS, seed=1)
    sorted((run / "paths").iterdir())[-1].unlink()
    times = iter([0.0, 50.0, 51.0, 51.0, 51.0, 51.0, 51.0])  # reading takes 50 seconds, drawing one
    progress = RunProgress(3 * ROW_BLOCK_PATHS, screen=LogScreen(io.StringIO(), ""), clock=lambda: next(times))
    with progress:
        assert resume_run(run, progress=progress).kept == 2
    assert str(progress) == "196,608 of 196,608 (100 %), 65,500 paths/s"
