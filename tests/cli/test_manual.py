"""Help pages: every part is there, what they point to exists, and no option stands outside the groups."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qtraj.cli import main
from qtraj.cli.exits import Exit
from qtraj.cli.manual import COMMANDS, GROUPS, SYNOPSES, closing
from qtraj.cli.options import options_without_effect, parser_of

ROOT = Path(__file__).resolve().parent.parent.parent


@pytest.mark.parametrize("name", COMMANDS)
def test_a_page_has_all_its_parts(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    page = capsys.readouterr().out
    assert page.startswith(f"usage: qtraj {name} {SYNOPSES[name]}\n")
    headings = re.findall(r"^([a-z ]+):$", page, re.M)
    assert headings[0] == "target"
    assert headings[-3:] == ["examples", "exit codes", "see also"]
    assert headings[1:-3] == [title for title in GROUPS if title in headings], "groups come in their order"
    assert max(map(len, page.splitlines())) <= 110


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_in_a_group(name: str) -> None:
    grouped = {option for options in GROUPS.values() for option in options}
    assert {option for option in parser_of(name)[1] if option.startswith("--")} <= grouped


def test_every_grouped_option_exists() -> None:
    known = {option for name in COMMANDS for option in parser_of(name)[1]}
    assert {option for options in GROUPS.values() for option in options} <= known


@pytest.mark.parametrize("name", COMMANDS)
def test_options_without_effect_are_taken_and_not_offered(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([name, "--help"]) == 0
    page = capsys.readouterr().out
    offered = set(re.findall(r"^  (?:-h, )?(--[a-z-]+)", page, re.M))
    assert offered == {word for word in parser_of(name)[1] if word.startswith("--")} - set(options_without_effect(name))


def test_exact_says_what_it_takes_and_ignores(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["exact", "--help"]) == 0
    page = " ".join(capsys.readouterr().out.split())
    assert "--paths, --seed, --sampler and --backend, which other commands have, are taken and change nothing" in page


@pytest.mark.parametrize("name", COMMANDS)
def test_exit_codes_are_those_there_are(name: str) -> None:
    codes = {int(code) for code in re.findall(r"^  (\d+) ", closing(name), re.M)}
    assert codes <= {int(code) for code in Exit}
    has_verdict = name in ("verify", "sweep", "resume")
    assert ({Exit.FAILS, Exit.INCONCLUSIVE} <= codes) == has_verdict


@pytest.mark.parametrize("name", COMMANDS)
def test_what_to_see_as_well_exists(name: str) -> None:
    text = closing(name).partition("see also:")[2]
    pages = re.findall(r"docs/[\w./]+", text)
    assert all((ROOT / page.rstrip(".")).exists() for page in pages)
    assert name not in re.findall(r"[a-z]+", text.partition("docs/")[0])[:1], "a page does not point to itself"
