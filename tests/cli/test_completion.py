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
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from qtraj.cli import main
from qtraj.cli.completed import TARGETS, VALUES, options_of
from qtraj.cli.completion import script_for
from qtraj.cli.file_keys import PROGRAM
from qtraj.cli.manual import COMMANDS
from qtraj.cli.options import options_without_effect, parser_of
from qtraj.errors import InvalidInput, UnknownName
from qtraj.models import MODELS
from qtraj.reproduce.registry import REPRODUCTIONS

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
BASH = shutil.which("bash")
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="POSIX shells")

PROTOCOLS = ["augmented", "eigenbasis-two-point", "energy-two-point", "kraus", "tpm"]


# With everything that stands on lines of its own in experiment files, and with what must not be taken for a key.
QUBIT = """
kind = "thermal-operation"  # a comment = no key
[system]
energies = [0.0, 1.0]
state = { kind = "bloch", x = 0.5, inner = { y = 1 }, z = -0.3 }
[reservoirs.hot] # hot
"beta" = 0.5
[[steps]]
on = ["A", "b = c"]
unitary = { kind = "matrix", real = [
  [0, 1],
  [1, 0],
] }
[[ steps ]]
  reservoir="hot"
[evil$(touch evil)]
key = 1
[sweep]
mode = "grid"
"""
KEYS = [
    "kind=",
    *(f"system.{key}=" for key in ("energies", "state", "state.kind", "state.x", "state.inner", "state.z")),
    *(f"steps.0.{key}=" for key in ("on", "unitary", "unitary.kind", "unitary.real")),
    "steps.1.reservoir=",
]
QUANTITIES = ["sigma", "sigma_d", "xi", "heat", "exp_minus_sigma", "exp_minus_sigma_d", "exp_minus_xi"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("completion")
    for name in ("qubit.toml", "qutrit.toml", "notes.txt", "with space.toml"):
        (path / name).touch()
    (path / "qubit.toml").write_text(QUBIT, encoding="utf-8")
    (path / "with space.toml").write_text(QUBIT, encoding="utf-8")
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
    ("qtraj verify qubit.toml --set ", KEYS),
    ("qtraj verify ./qubit.toml --set system.state.", [key for key in KEYS if key.startswith("system.state.")]),
    ("qtraj sweep qubit.toml --out new --over steps.1", ["steps.1.reservoir="]),
    ("qtraj verify qutrit.toml --set ", []),
    ("qtraj verify none.toml --set ", []),
    ("qtraj sweep qubit.toml --quantity ", QUANTITIES),
    ("qtraj verify run --quantity exp", QUANTITIES[4:]),
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
            assert sorted(found) == sorted(set(parser_of(name)[1]) - set(options_without_effect(name)))

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
            # A part of a word may be found anywhere in what fish offers, so only what must be there is looked for.
            code = f"source {shlex.quote(str(folder / 'qtraj.fish'))}; complete -C {shlex.quote(line)}"
            (folder / "qtraj.fish").write_text(script_for("fish"), encoding="utf-8")
            result = subprocess.run(
                ["fish", "--no-config", "-c", code], cwd=folder, capture_output=True, text=True, timeout=60, check=True
            )
            found = {row.partition("\t")[0].rstrip("/") for row in result.stdout.splitlines()}
            wanted = {word for word in expected if not word.startswith("-") or line.endswith("-")}
            assert wanted <= found, line

    @pytest.mark.skipif(shutil.which("zsh") is None, reason="no zsh here")
    def test_zsh_finds_the_keys_of_the_target(self, folder: Path) -> None:
        """The function behind `--set`, told what the words are; what it adds is printed instead."""
        (folder / "qtraj.zsh").write_text(script_for("zsh"), encoding="utf-8")
        code = "compdef() {}; compadd() { print -rl -- ${@:4} }; source ./qtraj.zsh; words=(verify $1); _qtraj_settings"
        for target, expected in (("qubit.toml", KEYS), ("with\\ space.toml", KEYS), ("qutrit.toml", [])):
            result = subprocess.run(
                ["zsh", "-f", "-c", code, "zsh", target], cwd=folder, capture_output=True, text=True, check=True
            )
            assert sorted(result.stdout.split()) == sorted(expected), target

    def test_scripts_know_all_commands_and_options(self) -> None:
        for shell in ("zsh", "fish"):
            script = script_for(shell)
            for name in COMMANDS:
                assert re.search(rf"\b{name}\b", script)
                for option in options_of(name):
                    spelling = option.names[-1]
                    assert spelling in script or f"-l {spelling.removeprefix('--')}" in script


class TestKeysOfFiles:
    def test_all_shells_can_quote_the_program(self) -> None:
        assert "'" not in PROGRAM

    @pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
    def test_what_is_offered_is_in_the_file(self, file: Path) -> None:
        """Every key that awk finds is one of the file, as TOML has it; and every plain value of the file is offered."""
        result = subprocess.run(["awk", PROGRAM, str(file)], capture_output=True, text=True, timeout=60, check=True)
        offered = {line.removesuffix("=") for line in result.stdout.splitlines()}
        document = tomllib.loads(file.read_text(encoding="utf-8"))
        document.pop("sweep", None)
        there = dict(keys_of(document))
        assert offered <= set(there)
        assert {key for key, is_plain in there.items() if is_plain} <= offered


def keys_of(value: object, prefix: str = "") -> Iterator[tuple[str, bool]]:
    """All dotted keys of a document, with positions in lists of tables, and whether there is no table under them."""
    entries: list[tuple[str, object]] = []
    if isinstance(value, dict):
        entries = list(value.items())
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        entries = [(str(position), entry) for position, entry in enumerate(value)]
    for key, entry in entries:
        if isinstance(value, dict):
            yield f"{prefix}{key}", next(keys_of(entry), None) is None
        yield from keys_of(entry, f"{prefix}{key}.")


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
