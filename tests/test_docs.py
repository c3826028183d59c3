"""Every code block of README.md and of the pages in docs/ is executed, and what it shows is what it prints.

A document is one session: its blocks run in order, in a scratch folder that holds a copy of examples/.

| block | what happens |
|---|---|
| ```python | executed; blocks of one document share their names; `>>>` examples are compared with their output |
| ```console | `$ ` lines are run by bash, the lines below each are compared with what it printed |
| ```sh | every line is run by bash |
| ```toml | parsed; then saved for the blocks below, or else validated as an experiment file |
| ```json, ```bibtex, ```math, ```text | JSON is parsed; the others are for reading |
| ```{toctree}, ```{bibliography}, ```{include} | left to the build of the site, which fails where one leads nowhere |

An HTML comment on the line above a block says more:
`<!-- save: NAME -->` writes the block to NAME for the blocks below; `<!-- fragment -->` marks a part of an experiment
file, which is parsed only; `<!-- output -->` says that the block is what the python block before it printed;
`<!-- ci: NAME -->` marks the two install-and-run lines that `.ci/run` executes from a fresh clone (here only their last
command runs, or is checked to be pytest).

`...` in shown output stands for anything, and amounts of white space do not matter, as in doctest. A command must
exit with 0, unless the reader is shown its exit code by `$ echo $?` as the next command. Any other block language is
an error: nothing is skipped silently.
"""

from __future__ import annotations

import contextlib
import doctest
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path

import pytest

from qtraj.cli import main
from qtraj.models import MODELS

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PAGES = ROOT / "docs"
DOCUMENTS = [README, *sorted(PAGES.glob("*.md")), *sorted((PAGES / "tutorials").glob("*.md"))]

# Pages that show a file of the top folder, or a part of it.
SHOWN = {"changelog.md": "CHANGELOG.md", "contributing.md": "CONTRIBUTING.md", "files_and_commands.md": "README.md"}

COMPARISON = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
FOR_READING = frozenset({"text", "bibtex", "math"})
FOR_THE_SITE = frozenset({"{toctree}", "{bibliography}", "{include}"})
MARK = "@@exit-code@@"

# Nothing in a document may run longer; what is shown to a newcomer should take seconds, but a machine may be busy.
COMMAND_TIMEOUT = 300

# How a log says how far a run has come.
PROGRESS = re.compile(r"^qtraj: .*: [\d,]+ of [\d,]+ \(\d+ %\).*\n", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class Block:
    language: str
    text: str
    line: int
    """Line number of the first line of `text`, from 1."""
    comment: str
    """The HTML comment on the line above, without its delimiters, or an empty string."""

    def argument(self, key: str) -> str | None:
        """What follows `key:` in the comment."""
        name, colon, rest = self.comment.partition(":")
        return rest.strip() if colon and name.strip() == key else None


def blocks_of(text: str) -> list[Block]:
    """The fenced code blocks of a Markdown text, in order."""
    blocks: list[Block] = []
    comment = ""
    fence: str | None = None
    language, start, body = "", 0, [""]
    for number, line in enumerate(text.splitlines(), start=1):
        if fence is None:
            # A directive of the site, `{include} FILE`, may be followed by what it is about.
            opening = re.fullmatch(r"(```+|~~~+)\s*(?:(\{\w+\}).*|(\S*)\s*)", line)
            if opening:
                fence, language, start, body = opening[1], opening[2] or opening[3], number + 1, []
            elif line.strip():
                remark = re.fullmatch(r"<!--\s*(.*?)\s*-->", line)
                comment = remark[1] if remark else ""
        elif line.strip() == fence:
            blocks.append(
                Block(language=language, text="".join(f"{row}\n" for row in body), line=start, comment=comment)
            )
            fence, comment = None, ""
        else:
            body.append(line)
    assert fence is None, f"the code block opened on line {start - 1} is never closed"
    return blocks


@dataclass(frozen=True, kw_only=True)
class Command:
    source: str
    shown: str
    """The output under the command, possibly empty."""
    line: int
    compared: bool


def commands_of(block: Block) -> list[Command]:
    """The commands of a console or sh block, a backslash at the end of a line continuing it."""
    prompt = "$ " if block.language == "console" else ""
    commands: list[tuple[int, list[str], list[str]]] = []
    continued = False
    for number, row in enumerate(block.text.splitlines(), start=block.line):
        if continued:
            commands[-1][1].append(row.removeprefix("> "))
        elif row.startswith(prompt):
            commands.append((number, [row.removeprefix(prompt)], []))
        else:
            assert commands, f"line {number}: a console block starts with a command after `$ `"
            commands[-1][2].append(row)
        continued = row.endswith("\\") and not commands[-1][2]
    return [
        Command(source="\n".join(source), shown="\n".join(shown), line=number, compared=bool(shown))
        for number, source, shown in commands
    ]


def outputs_match(shown: str, printed: str) -> bool:
    return doctest.OutputChecker().check_output(_comparable(shown), _comparable(printed), COMPARISON)


def _comparable(text: str) -> str:
    return "".join(f"{line.rstrip()}\n" for line in text.strip().splitlines())


class Session:
    """Runs the blocks of one document in order."""

    def __init__(self, document: Path, folder: Path) -> None:
        self.document = document
        self.folder = folder
        self.names: dict[str, object] = {"__name__": "__main__"}
        self.printed: str | None = None
        shutil.copytree(ROOT / "examples", folder / "examples")
        programs = folder / ".programs"
        programs.mkdir()
        # The package may be on the path without being installed, so the command `qtraj` may not exist.
        for name, target in {"qtraj": f'"{sys.executable}" -m qtraj', "python": f'"{sys.executable}"'}.items():
            program = programs / name
            program.write_text(f'#!/bin/sh\nexec {target} "$@"\n', encoding="utf-8")
            program.chmod(0o755)
        self.environment = os.environ | {
            "PATH": os.pathsep.join([str(programs), os.environ["PATH"]]),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
            "COLUMNS": "100",
            "NO_COLOR": "1",
        }

    def where(self, line: int) -> str:
        return f"{self.document.name}:{line}"

    def run(self, block: Block) -> None:
        printed, self.printed = self.printed, None
        if block.argument("ci"):
            self.run_ci_line(block)
        elif block.comment == "output":
            assert printed is not None, f"{self.where(block.line)}: no python block stands before this output"
            assert outputs_match(block.text, printed), f"{self.where(block.line)}: shown output, but got\n{printed}"
        elif block.language == "python":
            self.printed = self.run_python(block)
        elif block.language in {"console", "sh", "bash"}:
            self.run_shell(block)
        elif block.language == "toml":
            self.check_toml(block)
        elif block.language == "json":
            json.loads(block.text)
        else:
            assert block.language in FOR_READING | FOR_THE_SITE, (
                f"{self.where(block.line)}: a block in {block.language!r} is neither run nor known to be for reading"
            )
        name = block.argument("save")
        if name:
            (self.folder / name).write_text(block.text, encoding="utf-8")

    def run_python(self, block: Block) -> str:
        if block.text.lstrip().startswith(">>>"):
            test = doctest.DocTestParser().get_doctest(
                block.text, self.names, self.document.name, str(self.document), block.line - 1
            )
            report = io.StringIO()
            runner = doctest.DocTestRunner(verbose=False, optionflags=COMPARISON)
            runner.run(test, out=report.write, clear_globs=False)
            self.names.update(test.globs)
            assert runner.failures == 0, report.getvalue()
            return ""
        output = io.StringIO()
        # Empty lines in front make tracebacks point to the line of the document.
        code = compile("\n" * (block.line - 1) + block.text, str(self.document), "exec")
        with contextlib.redirect_stdout(output):
            exec(code, self.names)
        return output.getvalue()

    def run_shell(self, block: Block) -> None:
        commands = commands_of(block)
        # One bash for the whole block, so that `cd` and `$?` mean what the reader expects. The code is printed after
        # each command and handed back to the next.
        script = "".join(
            f"{command.source}\n__code=$?; printf '\\n{MARK} %d\\n' $__code; (exit $__code)\n" for command in commands
        )
        result = self.bash(script)
        pieces = re.split(rf"\n{MARK} (\d+)\n", result.stdout)
        # A slow machine reports progress, on the screen of a reader a bar that is gone afterwards: here a line.
        printed = [re.sub(PROGRESS, "", piece) for piece in pieces[0:-1:2]]
        codes = [int(code) for code in pieces[1::2]]
        assert len(codes) == len(commands), f"{self.where(block.line)}: the session ended early\n{result.stdout}"
        for position, (command, got, code) in enumerate(zip(commands, printed, codes, strict=True)):
            here = f"{self.where(command.line)}: {command.source.strip()}"
            told = position + 1 < len(commands) and commands[position + 1].source.strip() == "echo $?"
            assert code == 0 or told, f"{here}: exit code {code}, which the text does not show\n{got}"
            if command.compared:
                assert outputs_match(command.shown, got), (
                    f"{here}: printed\n{got}\ninstead of the shown\n{command.shown}"
                )

    def bash(self, script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-c", script],
            cwd=self.folder,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=COMMAND_TIMEOUT,
            check=False,
        )

    def run_ci_line(self, block: Block) -> None:
        """Run the last command of an install-and-run line; the tests' own line is only looked at, or it would recur."""
        setup, _, last = block.text.strip().rpartition(" && ")
        assert setup.startswith("python3 -m venv .venv && .venv/bin/pip install"), self.where(block.line)
        if block.argument("ci") == "tests":
            assert last.startswith(".venv/bin/python -m pytest"), self.where(block.line)
            return
        assert last.startswith(".venv/bin/qtraj "), self.where(block.line)
        result = self.bash(last.removeprefix(".venv/bin/"))
        assert result.returncode == 0, f"{self.where(block.line)}: {last}\n{result.stdout}"

    def check_toml(self, block: Block) -> None:
        tomllib.loads(block.text)
        if block.argument("save") is None and block.comment != "fragment":
            (self.folder / "shown.toml").write_text(block.text, encoding="utf-8")
            result = self.bash("qtraj exact shown.toml --json")
            assert result.returncode == 0, f"{self.where(block.line)}: no valid experiment file\n{result.stdout}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_document(document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    session = Session(document, tmp_path)
    for block in blocks_of(document.read_text(encoding="utf-8")):
        session.run(block)


def test_links_and_pictures_lead_somewhere() -> None:
    for document in [*DOCUMENTS, ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md"]:
        for target in re.findall(r"(?:\]\(|src=\")([^)\"\s]+)", document.read_text(encoding="utf-8")):
            if "://" not in target:
                path = document.parent / target.partition("#")[0]
                assert path.exists(), f"{document.name} links to {target}, which does not exist"


def links_of(page: Path) -> set[Path]:
    """The files that a page links to."""
    targets = re.findall(r"(?:\]\(|src=\")([^)\"\s]+)", page.read_text(encoding="utf-8"))
    return {(page.parent / target.partition("#")[0]).resolve() for target in targets if "://" not in target}


def test_every_page_and_tutorial_is_two_clicks_from_the_readme() -> None:
    first = links_of(README)
    second = first.union(*(links_of(page) for page in first if page.suffix == ".md" and page.is_file()))
    # These show files of the top folder in the site, where the README leads to the files themselves.
    shown = {PAGES / name: ROOT / original for name, original in SHOWN.items()}
    far = [page.name for page in DOCUMENTS[1:] if page not in second and shown.get(page) not in second]
    assert not far
    assert ROOT / "examples" / "README.rst" in first
    notebooks = set((PAGES / "notebooks").glob("*.ipynb"))
    top = {ROOT / name for name in ("CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md")}
    assert notebooks | top | {PAGES / "images" / "import_graph.svg"} <= second


def test_the_map_of_the_code_names_every_file() -> None:
    text = (PAGES / "design.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(?:[a-z_]+/)*([a-z0-9_*]+\.py)`", text)) | set(
        re.findall(r"^  (\w+\.py) ", text, re.MULTILINE)
    )
    files = {path.name for path in (ROOT / "qtraj").rglob("*.py")} - {"__init__.py", "__main__.py"}
    unnamed = sorted(name for name in files if not any(fnmatch(name, pattern) for pattern in named))
    assert not unnamed, f"docs/design.md says nothing of {unnamed}"
    files |= {path.name for path in (ROOT / "tests").rglob("*.py")}
    gone = sorted(pattern for pattern in named if not any(fnmatch(name, pattern) for name in files))
    assert not gone, f"docs/design.md names {gone}, which do not exist"


def test_the_gallery_names_every_script_and_experiment() -> None:
    text = (ROOT / "examples" / "README.rst").read_text(encoding="utf-8")
    named = set(re.findall(r"``([a-z_]+\.(?:py|toml))``", text))
    assert named == {path.name for path in (ROOT / "examples").iterdir() if path.suffix in {".py", ".toml"}}


FACES = ("qtraj", "qtraj.plots", "qtraj.experiment", "qtraj.models", "qtraj.storage", "qtraj.strategies")


def test_the_reference_has_every_public_name() -> None:
    words = set(re.findall(r"`(?:plots\.|strategies\.)?(\w+)`", (PAGES / "reference.md").read_text(encoding="utf-8")))
    public = {name for face in FACES for name in import_module(face).__all__} - {"__version__", "models"}
    assert not public - words
    assert "made_up_name" not in words


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("p′_β q", [("plain", "p′"), ("low", "β"), ("plain", " q")]),
        ("e^(−β(E_m − E_n))", [("plain", "e"), ("high", "−β(E_m − E_n)")]),
        ("⟨e^−σ_d⟩", [("plain", "⟨e"), ("high", "−σ_d"), ("plain", "⟩")]),
        ("p_β^s", [("plain", "p"), ("low", "β"), ("high", "s")]),
        ("Ṡ_b ω_±", [("plain", "Ṡ"), ("low", "b"), ("plain", " ω"), ("low", "±")]),
        ("L_k†L_k", [("plain", "L"), ("low", "k"), ("plain", "†L"), ("low", "k")]),
        ("10^15", [("plain", "10"), ("high", "15")]),
        ("U^dag", [("plain", "U"), ("high", "†")]),
        ("spin_bath.toml, two_or_three", [("plain", "spin_bath.toml, two_or_three")]),
        ("a ^ b, _emphasis_", [("plain", "a ^ b, _emphasis_")]),
    ],
)
def test_formulas_in_prose_have_scripts(
    text: str, pieces: list[tuple[str, str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(PAGES / "_ext")
    assert import_module("script_pattern").split(text) == pieces


def test_every_cited_key_is_in_the_bibliography() -> None:
    known = set(
        re.findall(r"^@\w+\{(\w+),", (ROOT / "docs" / "references.bib").read_text(encoding="utf-8"), re.MULTILINE)
    )
    assert {"Santos19", "RFA13", "Diosi14", "LK14", "Li18"} <= known
    for path in [*DOCUMENTS, *sorted((ROOT / "qtraj").rglob("*.py"))]:
        cited = set(re.findall(r"\[([A-Z][A-Za-z]+\d\d[a-z]?)[\],]", path.read_text(encoding="utf-8")))
        assert cited <= known, f"{path.relative_to(ROOT)} cites {sorted(cited - known)}, not in docs/references.bib"


def test_readme_has_the_two_lines_that_ci_runs() -> None:
    lines = {block.argument("ci"): block.text for block in blocks_of(README.read_text(encoding="utf-8"))}
    lines.pop(None, None)
    assert set(lines) == {"main", "tests"}
    for line in lines.values():
        assert line.count("\n") == 1


def test_contributing_lists_what_ci_runs() -> None:
    """CONTRIBUTING is not executed (it would start this suite again), so its commands are compared with `.ci/run`."""
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    for command in ("pip install -e '.[dev]'", "ruff check .", "ruff format .", "mypy"):
        assert f".venv/bin/{command}\n" in text
    for command in ("install --quiet -e '.[dev]'", 'ruff" check .', 'ruff" format --check .', 'mypy"'):
        assert command in ci


TARGETS = (
    *MODELS,
    *(str(ROOT / "examples" / name) for name in ("qubit_partial_swap.toml", "three_reservoirs.toml")),
)


def explained(text: str) -> tuple[set[str], list[re.Pattern[str]]]:
    """The names in backticks of a page, and patterns for those with NAME or X in them."""
    names = set(re.findall(r"`([a-z_0-9A-Z]+)`", text))
    patterns = [re.sub("NAME$|X$", "[a-z_0-9]+", name) for name in names if name.endswith(("_NAME", "_X"))]
    return names, [re.compile(pattern) for pattern in patterns]


def is_explained(name: str, names: set[str], patterns: list[re.Pattern[str]]) -> bool:
    return name in names or any(pattern.fullmatch(name) for pattern in patterns)


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: Path(target).stem)
def test_every_entry_that_exact_prints_is_explained(target: str, capsys: pytest.CaptureFixture[str]) -> None:
    names, patterns = explained((ROOT / "docs" / "python_results.md").read_text(encoding="utf-8"))
    assert main(["exact", target, "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    entries = {*printed, *printed["averages"], *printed["path_law"]}
    assert len(entries) > 20
    assert not [name for name in sorted(entries) if not is_explained(name, names, patterns)]
    assert not is_explained("made_up_entry", names, patterns)


# Negative controls: the machinery above must notice a document that lies.


def run_text(text: str, folder: Path) -> None:
    session = Session(README, folder)
    for block in blocks_of(text):
        session.run(block)


@pytest.mark.parametrize(
    "text",
    [
        "```python\nprint(1)\n```\n\n<!-- output -->\n```text\n1\n```\n",
        "```python\nx = 2\n```\n```python\n>>> x + 1\n3\n```\n",
        "```console\n$ echo one\none\n$ false\n$ echo $?\n1\n```\n",
        "```console\n$ printf 'a 1.25\\nb 2\\n'\na ...\nb 2\n```\n",
        "```console\n$ echo one \\\n>   two\none two\n```\n",
        "<!-- save: note.txt -->\n```text\nhello\n```\n```console\n$ cat note.txt\nhello\n```\n",
        "```sh\ncd examples\ntest -d .\n```\n",
    ],
)
def test_an_honest_document_passes(text: str, tmp_path: Path) -> None:
    run_text(text, tmp_path)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("```python\nprint(1)\n```\n<!-- output -->\n```text\n2\n```\n", "shown output"),
        ("<!-- output -->\n```text\n2\n```\n", "no python block"),
        ("```python\n>>> 1 + 1\n3\n```\n", "Expected"),
        ("```console\n$ echo one\ntwo\n```\n", "instead of the shown"),
        ("```console\n$ false\n```\n", "exit code 1"),
        ("```console\n$ exit 0\n$ echo two\n```\n", "ended early"),
        ("```sh\nfalse\ntrue\n```\n", "exit code 1"),
        ("```console\necho one\n```\n", "starts with a command"),
        ("```fortran\nprint *, 1\n```\n", "fortran"),
        ("```\nwhat am I\n```\n", "neither run nor known"),
        ("```python\nprint(1)\n", "never closed"),
    ],
)
def test_a_lying_document_fails(text: str, complaint: str, tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match=re.escape(complaint)):
        run_text(text, tmp_path)


def test_a_python_block_that_raises_points_to_the_document(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        run_text("# Title\n\n```python\nx = 1\nx / 0\n```\n", tmp_path)
    assert caught.traceback[-1].lineno + 1 == 5
