"""Every script of the gallery runs and ends in a figure, and `local_or_global` without arguments draws none."""

from __future__ import annotations

import ast
import runpy
import struct
import sys
from pathlib import Path

import pytest

from tests.plots.other_processes import EXAMPLES

# A program with options that `docs/local_and_global.md` explains; the gallery has `two_books.py` in its place.
PROGRAMS = {"local_or_global"}

SCRIPTS = sorted(path for path in EXAMPLES.glob("*.py") if path.stem not in PROGRAMS)


def png_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels, from the header."""
    header = path.read_bytes()[:24]
    assert header[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", header[16:24])
    return width, height


@pytest.fixture(autouse=True)
def as_from_a_shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`python examples/NAME.py` finds its neighbours, wherever it is started."""
    monkeypatch.syspath_prepend(str(EXAMPLES))
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda path: path.stem)
def test_a_script_draws_its_figure(script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "figure.png"
    monkeypatch.setattr(sys, "argv", [str(script), str(target)])
    runpy.run_path(str(script), run_name="__main__")
    width, height = png_size(target)
    assert width >= 600
    assert height >= 400
    assert target.stat().st_size > 10_000, "hardly anything is drawn"


def test_the_gallery_is_a_gallery() -> None:
    """At least 15 scripts; short, titled, with two sentences or more that say what there is to see."""
    assert len(SCRIPTS) >= 15
    for script in SCRIPTS:
        source = script.read_text(encoding="utf-8")
        title, rule, _, *text = (ast.get_docstring(ast.parse(source)) or "").splitlines()
        assert len(rule) == len(title) > 0, f"{script.name}: the title needs a line of its own length below"
        assert " ".join(text).count(". ") >= 1, f"{script.name}: say what there is to see"
        assert source.count("\n") <= 60, f"{script.name} is too long for a gallery"


def test_the_list_of_scripts_has_no_other_files() -> None:
    assert {path.suffix for path in EXAMPLES.iterdir() if path.is_file()} == {".py", ".rst", ".toml"}


def test_local_or_global_draws_only_when_asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "argv", ["local_or_global.py", "--paths", "200"])
    runpy.run_path(str(EXAMPLES / "local_or_global.py"), run_name="__main__")
    assert not list(tmp_path.iterdir())
