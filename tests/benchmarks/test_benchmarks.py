"""The benchmarks run, and their page can be written; what they measure is for a quiet machine to say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.benchmarks.page import IMAGE, write_page
from tests.benchmarks.report import ROOT, Growth, Line, growth_table, table


def test_a_table_says_what_was_met() -> None:
    met, not_met = (Line(what="speed", figure="2x", aim="at least 3x", met=met) for met in (True, False))
    assert table([met, not_met, Line(what="size", figure="7 MB")]).splitlines()[2:] == [
        "| speed | 2x | at least 3x | yes |",
        "| speed | 2x | at least 3x | **no** |",
        "| size | 7 MB |  |  |",
    ]


def test_a_curve_has_a_row_for_every_place() -> None:
    growth = Growth(of="N", what="paths", own=[(10.0, 0.1), (1e7, 0.25)], peers={"NumPy": [(10.0, 0.01), (100.0, 0.1)]})
    assert growth_table(growth).splitlines()[2:] == ["| 10 | 0.1 | 0.01 |", "| 100 |  | 0.1 |", "| 10^7 | 0.25 |  |"]


def test_page_and_figure_are_written(tmp_path: Path) -> None:
    growths = [
        Growth(of=of, what=f"the cost of {of}", own=[(1.0, 1.0), (2.0, 2.0)], peers={"peer": peer, "missing": []})
        for of, peer in (("N", [(1.0, 3.0), (2.0, 9.0)]), ("d", [(1.0, 0.5)]), ("K", []), ("workers", []))
    ]
    write_page([Line(what="speed", figure="2x")], growths, minutes=3.2, folder=tmp_path)
    page = (tmp_path / "benchmarks.md").read_text()
    assert page.startswith("# Benchmarks\n")
    assert "in one run of 3 minutes" in page
    assert page.count("| qtraj |") == 4
    assert f"]({IMAGE})" in page
    assert (tmp_path / IMAGE).read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_everything_runs() -> None:
    """Two minutes on a machine with nothing else to do; the figures mean little at these sizes."""
    command = [sys.executable, "-m", "tests.benchmarks", "--quick"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=1200)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("| what | figure | aim | met |")
    for curve in ("| N, paths |", "| d_E, environment |", "| d_S, system |", "| K, collisions |", "| duration |"):
        assert curve in done.stderr
