"""The bar shows on a terminal, after a second, and nowhere else."""

from __future__ import annotations

import io
import sys

import pytest

from qtraj.paths import progress
from qtraj.paths.progress import Progress, TerminalProgress


class Screen(io.StringIO):
    """A standard error that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def run(stream: io.StringIO | None, patience: float, monkeypatch: pytest.MonkeyPatch, steps: int = 4) -> str:
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", patience)
    monkeypatch.setattr(sys, "stderr", stream)
    monkeypatch.setenv("TERM", "xterm")
    with TerminalProgress(100 * steps, description="sampling") as bar:
        for _ in range(steps):
            bar.advance(100)
    return stream.getvalue() if stream is not None else ""


def test_a_long_run_on_a_terminal_shows_a_bar_and_leaves_no_trace(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = run(Screen(), 0.0, monkeypatch)
    assert "sampling" in shown
    assert "%" in shown
    assert shown.rstrip().endswith("\x1b[2K")  # the line is erased at the end


@pytest.mark.parametrize("patience", [0.0, 60.0])
def test_without_a_terminal_it_is_silent(patience: float, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(io.StringIO(), patience, monkeypatch) == ""
    assert run(None, patience, monkeypatch) == ""


def test_a_short_run_is_silent_too(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(Screen(), 60.0, monkeypatch) == ""


def test_a_run_of_one_block_is_over_before_a_bar_could_help(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(Screen(), 0.0, monkeypatch, steps=1) == ""


def test_an_error_leaves_the_terminal_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(sys, "stderr", screen := Screen())
    monkeypatch.setenv("TERM", "xterm")
    with pytest.raises(KeyboardInterrupt), TerminalProgress(10) as bar:
        bar.advance(5)
        raise KeyboardInterrupt
    assert "\x1b[?25h" in screen.getvalue()  # the cursor is back


def test_it_is_what_the_samplers_take() -> None:
    assert isinstance(TerminalProgress(1), Progress)
    assert not isinstance(object(), Progress)


def test_a_run_whose_length_is_decided_on_the_way_has_a_bar_without_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(sys, "stderr", screen := Screen())
    monkeypatch.setenv("TERM", "xterm")
    with TerminalProgress(None, description="sampling") as bar:
        bar.advance(100)
    assert "sampling" in screen.getvalue()
    assert "100%" not in screen.getvalue()
