"""Where progress is shown: a bar on a terminal, a bar in a notebook, or now and then a plain line in a log."""

from __future__ import annotations

import html
import sys
from typing import TYPE_CHECKING, Any, Final, Protocol, TextIO

from qtraj.paths.run_meter import RunMeter

if TYPE_CHECKING:
    from rich.progress import Progress as RichProgress

__all__ = ["LogScreen", "NotebookScreen", "Screen", "TerminalScreen", "screen_for"]

BAR_WIDTH: Final = 16
"""Characters; rate, remaining time and estimate shall fit beside it into 100."""


class Screen(Protocol):
    """Shows how far a run has come.

    Attributes:
        patience: Seconds before it shows anything: what flashes up and is gone says less than nothing.
        interval: Seconds between two changes.
    """

    patience: float
    interval: float

    def show(self, meter: RunMeter, estimate: str) -> None:
        """Show this state."""

    def close(self, meter: RunMeter, estimate: str) -> None:
        """The run has ended, in whatever way; called only if something was shown."""


class TerminalScreen:
    """A bar that is gone when the run is.

    Args:
        stream: The terminal.
        description: What is going on, in a word or two.
    """

    patience = 1.0
    interval = 0.25

    def __init__(self, stream: TextIO, description: str) -> None:
        self._stream = stream
        self._description = description
        self._bar: RichProgress | None = None

    def show(self, meter: RunMeter, estimate: str) -> None:
        """Draw the bar, or move it."""
        if self._bar is None:
            self._bar = self._start()
        state = ", ".join(part for part in (meter.pace(), estimate) if part)
        # Nothing but this changes the bar, so rich need not draw it again in between.
        self._bar.update(self._bar.task_ids[0], total=meter.total, completed=meter.done, state=state, refresh=True)

    def close(self, meter: RunMeter, estimate: str) -> None:
        """Wipe it away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _start(self) -> RichProgress:
        # rich takes 40 ms to import: nobody pays for a bar that never shows.
        from rich.console import Console
        from rich.progress import BarColumn, TaskProgressColumn, TextColumn
        from rich.progress import Progress as RichProgress
        from rich.table import Column

        state = TextColumn("{task.fields[state]}", markup=False, table_column=Column(no_wrap=True, overflow="ellipsis"))
        columns = (TextColumn("{task.description}"), BarColumn(BAR_WIDTH), TaskProgressColumn(), state)
        console = Console(file=self._stream)
        bar = RichProgress(*columns, console=console, transient=True, auto_refresh=False)
        bar.start()
        bar.add_task(self._description, total=None, state="")
        return bar


class NotebookScreen:
    """A bar in the output of a notebook's cell, in plain HTML: no widgets, which not every notebook has.

    Args:
        description: What is going on.
    """

    patience = 1.0
    interval = 0.5

    def __init__(self, description: str) -> None:
        self._description = description
        self._handle: Any = None

    def show(self, meter: RunMeter, estimate: str) -> None:
        """Draw the bar, or change it in its place."""
        notebook: Any = sys.modules["IPython.display"]  # in a notebook it is there
        value = "" if meter.fraction is None else f' value="{meter.fraction:.4f}"'
        content = notebook.HTML(
            f'<progress max="1"{value}></progress> {html.escape(_line(self._description, meter, estimate))}'
        )
        if self._handle is None:
            self._handle = notebook.display(content, display_id=True)
        else:
            self._handle.update(content)

    def close(self, meter: RunMeter, estimate: str) -> None:
        """Leave the last state there, without a bar that seems to wait for more."""
        notebook: Any = sys.modules["IPython.display"]  # in a notebook it is there
        self._handle.update(notebook.HTML(html.escape(_line(self._description, meter, estimate))))


class LogScreen:
    """A line now and then: what is written to a file or a pipe cannot be changed any more.

    Args:
        stream: Where to.
        description: What is going on.
    """

    patience = 10.0
    interval = 30.0

    def __init__(self, stream: TextIO, description: str) -> None:
        self._stream = stream
        self._description = description

    def show(self, meter: RunMeter, estimate: str) -> None:
        """Write a line."""
        print(f"qtraj: {_line(self._description, meter, estimate)}", file=self._stream, flush=True)

    def close(self, meter: RunMeter, estimate: str) -> None:
        """Write the last line, if there is more to tell than in the one before."""
        if meter.finished:
            self.show(meter, estimate)


def screen_for(description: str) -> Screen | None:
    """Where this program's user looks; None if nowhere, as in windowed programs without a standard error.

    Args:
        description: What is going on, in a word or two.
    """
    if _in_notebook():
        return NotebookScreen(description)
    stream = sys.stderr
    if stream is None:
        return None
    return TerminalScreen(stream, description) if stream.isatty() else LogScreen(stream, description)


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return shell is not None and hasattr(shell, "kernel")  # which the shell in a terminal has not


def _line(description: str, meter: RunMeter, estimate: str) -> str:
    return f"{description}: {', '.join(part for part in (str(meter), estimate) if part)}"
