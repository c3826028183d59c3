"""Completion, as the shells themselves do it. bash is on every machine that runs this; the others where they are."""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from qtraj.cli import main
from qtraj.cli.arguments import COMMANDS, parser_of
from qtraj.cli.completed import TARGETS, VALUES, options_of
from qtraj.cli.completion import script_for
from qtraj.errors import InvalidInput, UnknownName
from qtraj.models import MODELS
from qtraj.reproduce.registry import REPRODUCTIONS

BASH = shutil.which("bash")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells")

PROTOCOLS = ["augmented", "eigenbasis-two-point", "energy-two-point", "kraus", "tpm"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("completion")
    for name in ("qubit.toml", "qutrit.toml", "notes.txt", "with space.toml"):
        (path / name).touch()
    (path / "run").mkdir()
    (path / "qtraj.bash").write_text(script_for("bash"), encoding="utf-8")
    return path


def completed(lines: list[str], folder: Path) -> list[list[str]]:
    """What bash offers after each line: a single bash with the script, told where the cursor is."""
    script = "source qtraj.bash\n"
    for line in lines:
        # As readline splits words: at blanks, and at the sign of equality.
        words = [part for part in re.split(r"\s+|(=)", line) if part]
        words += [""] if line.endswith(" ") else []
        quoted = " ".join(shlex.quote(word) for word in words)
        script += f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _qtraj\n"
        script += "printf '%s\\n' \"${COMPREPLY[@]}\"; echo ---\n"
    assert BASH is not None
    result = subprocess.run(
        [BASH, "--norc", "-c", script], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )
    assert (result.returncode, result.stderr) == (0, "")
    return [[word for word in block.splitlines() if word] for block in result.stdout.split("---\n")[:-1]]


CASES: list[tuple[str, list[str]]] = [
    ("qtraj ", [*COMMANDS, "--help", "--version"]),
    ("qtraj ver", ["verify"]),
    ("qtraj verify two", ["two-qubit-exchange", "two-node-network"]),
    ("qtraj verify q", ["qubit.toml", "qutrit.toml"]),
    ("qtraj verify w", ["with space.toml"]),
    ("qtraj verify n", []),
    ("qtraj verify ", [*MODELS, "qubit.toml", "qutrit.toml", "with space.toml", "run"]),
    ("qtraj exact qubit.toml --protocol e", ["eigenbasis-two-point", "energy-two-point"]),
    ("qtraj exact qubit.toml --protocol ", PROTOCOLS),
    ("qtraj exact qubit.toml --protocol=", PROTOCOLS),
    ("qtraj exact qubit.toml --protocol=kr", ["kraus"]),
    ("qtraj sample qubit.toml --sampler ", ["counts", "explicit", "followed"]),
    ("qtraj verify qubit.toml --se", ["--set", "--seed"]),
    ("qtraj verify qubit.toml --figure n", ["notes.txt"]),
    ("qtraj verify qubit.toml --paths ", []),
    ("qtraj verify two-qubit-exchange --set a", ["angle="]),
    ("qtraj verify two-qubit-exchange --set angle=", []),
    ("qtraj verify two-qubit-exchange --set angle=0", []),
    ("qtraj verify dephasing-qubit --set ", [f"{key}=" for key in MODELS["dephasing-qubit"].parameters]),
    ("qtraj verify qubit.toml --set ", []),
    ("qtraj sample qubit.toml --out ", ["run"]),
    ("qtraj resume ", ["run"]),
    ("qtraj merge run r", ["run"]),
    ("qtraj models da", ["davies-qutrit"]),
    ("qtraj reproduce li18-p", ["li18-phase"]),
    ("qtraj reproduce ", list(REPRODUCTIONS)),
    ("qtraj completion ", ["bash", "zsh", "fish"]),
    ("qtraj nonsense ", []),
]


class TestBash:
    def test_everything_at_once(self, folder: Path) -> None:
        for (line, expected), found in zip(CASES, completed([line for line, _ in CASES], folder), strict=True):
            assert sorted(found) == sorted(expected), line

    def test_options_are_those_of_the_parser(self, folder: Path) -> None:
        lines = [f"qtraj {name} -" for name in COMMANDS]
        for name, found in zip(COMMANDS, completed(lines, folder), strict=True):
            assert sorted(found) == sorted(parser_of(name)[1])

    def test_the_tabulator_key(self, folder: Path) -> None:
        """An interactive bash on a terminal: the line is completed where a person sees it."""
        shown = typed("source qtraj.bash\nqtraj verify two-q\tXX --pro\tkr\t\n", folder)
        assert "qtraj verify two-qubit-exchange XX --protocol kraus" in shown

    def test_a_name_with_a_blank_is_quoted(self, folder: Path) -> None:
        assert "qtraj verify with\\ space.toml" in typed("source qtraj.bash\nqtraj verify wi\t\n", folder)


def typed(keys: str, folder: Path) -> str:
    """What a terminal shows while keys are typed into bash. No qtraj is there; only the line matters."""
    environment = {"PATH": os.environ["PATH"], "TERM": "dumb", "PS1": "$ ", "HOME": str(folder), "COLUMNS": "200"}
    ours, theirs = pty.openpty()
    assert BASH is not None
    with subprocess.Popen(
        [BASH, "--norc", "--noprofile", "-i"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        cwd=folder,
        env=environment,
        start_new_session=True,
    ) as shell:
        os.close(theirs)
        shown = ""
        for part in re.split(r"(?<=[\t\n])", f"{keys}exit 0\n"):
            os.write(ours, part.encode())
            shown += "".join(_read(ours, 0.3))
        shown += "".join(_read(ours, 5.0))
        shell.wait(timeout=60)
    os.close(ours)
    return shown


def _read(terminal: int, patience: float) -> Iterator[str]:
    """What appears until nothing does for so many seconds, or the other side has gone."""
    end = time.monotonic() + 30
    while time.monotonic() < end and select.select([terminal], [], [], patience)[0]:
        try:
            data = os.read(terminal, 4096)
        except OSError:
            return
        if not data:
            return
        yield data.decode(errors="replace")


class TestOtherShells:
    @pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
    def test_the_syntax_is_the_shells(self, shell: str, tmp_path: Path) -> None:
        program = shutil.which(shell)
        if program is None:
            pytest.skip(f"no {shell} here")
        script = tmp_path / "script"
        script.write_text(script_for(shell), encoding="utf-8")
        result = subprocess.run([program, "-n", str(script)], capture_output=True, text=True, timeout=60, check=False)
        assert (result.returncode, result.stdout, result.stderr) == (0, "", "")

    @pytest.mark.skipif(shutil.which("fish") is None, reason="no fish here")
    def test_fish(self, folder: Path) -> None:
        # `complete -C` prints what fish would offer after a line.
        for line, expected in CASES:
            if "=" in line or line.endswith(("nonsense ", "verify n")):
                continue
            code = f"source {shlex.quote(str(folder / 'qtraj.fish'))}; complete -C {shlex.quote(line)}"
            (folder / "qtraj.fish").write_text(script_for("fish"), encoding="utf-8")
            result = subprocess.run(
                ["fish", "--no-config", "-c", code], cwd=folder, capture_output=True, text=True, timeout=60, check=True
            )
            found = {row.partition("\t")[0].rstrip("/") for row in result.stdout.splitlines()}
            wanted = {word for word in expected if not word.startswith("-") or line.endswith("-")}
            assert wanted <= found, line

    def test_scripts_know_all_commands_and_options(self) -> None:
        for shell in ("zsh", "fish"):
            script = script_for(shell)
            for name in COMMANDS:
                assert re.search(rf"\b{name}\b", script)
                for option in options_of(name):
                    spelling = option.names[-1]
                    assert spelling in script or f"-l {spelling.removeprefix('--')}" in script


class TestFacts:
    def test_every_command_says_what_its_target_is(self) -> None:
        assert set(TARGETS) == set(COMMANDS)

    def test_every_value_is_that_of_an_option(self) -> None:
        known = {spelling for name in COMMANDS for option in options_of(name) for spelling in option.names}
        assert set(VALUES) <= known

    def test_one_option_takes_the_same_values_everywhere(self) -> None:
        """The script for bash looks at the option alone, and not at the command."""
        seen: dict[str, object] = {}
        for name in COMMANDS:
            for option in options_of(name):
                what = (option.takes_value, option.values)
                assert seen.setdefault(option.names[-1], what) == what

    def test_the_command(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["completion", "zsh"]) == 0
        assert capsys.readouterr().out.startswith("#compdef qtraj\n")
        assert main(["completion", "tcsh"]) == 2
        assert "shell 'tcsh' is not known" in capsys.readouterr().err
        assert main(["completion"]) == 2
        assert "needs a shell: bash, zsh, fish" in capsys.readouterr().err
        with pytest.raises(UnknownName):
            script_for("powershell")
        assert issubclass(UnknownName, InvalidInput)
