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

# Names that are right in TOML, but could not be typed after `--set` as they stand.
ODD = """
[x."y z"]
left = 1
[a . "b"]
in = 1
['literal']
left = 1
["quoted"]
e = { x.y = 1, x."k" = 2, z = 'u = 3', w = { p = { q = 1 } }, "left" = 2 }
[[ "l" ]]
in = 1
[x."]"]
left = 1
"""

# Commands, quotes, globs and line ends in keys, in tables and behind bytes that no encoding has.
HOSTILE = (
    rb"""abc = \xff $(touch TRACE) `touch TRACE2`
foo.bar = { real = \xfe, $(touch TRACE3) = 3, `touch TRACE4` = 4 }
a\xff$(touch TRACE5) = 1
\xfe = $(touch TRACE6)
*
* = 1
a*=1
$(touch TRACE7)"'; touch TRACE8; = 2
[t\xff$(touch TRACE9)]
key = 1
[[`touch TRACE10`]]
key = 1
["a\n$(touch TRACE11)"]
key = 1
[x."$(touch TRACE12)"]
key = { $(touch TRACE13) = 1 }
""".replace(b"\\xff", b"\xff")
    .replace(b"\\xfe", b"\xfe")
    .replace(b"\\n", b"\r")
)

# awks differ in what they make of bytes that are invalid in a locale, so each that is here is asked in two locales. One
# that is not here is not vouched for.
AWKS = [name for name in ("awk", "gawk", "mawk", "original-awk") if shutil.which(name)]
LOCALES = ["C", "C.UTF-8"]

QUANTITIES = [
    *("sigma", "sigma_d", "xi", "heat", "exp_minus_sigma", "exp_minus_sigma_d", "exp_minus_xi"),
    *("clausius_sigma", "initial_information", "information_change", "sigma_beyond_information"),
    *("exp_minus_clausius_sigma", "exp_minus_initial_information", "exp_minus_sigma_beyond_information"),
]


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
    ("qtraj verify run --quantity exp", [name for name in QUANTITIES if name.startswith("exp")]),
    ("qtraj sweep qubit.toml --quantity clau", ["clausius_sigma"]),
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

    @pytest.mark.parametrize("awk", AWKS)
    @pytest.mark.parametrize("file", sorted(EXAMPLES.glob("*.toml")), ids=lambda path: path.stem)
    def test_what_is_offered_is_in_the_file(self, file: Path, awk: str) -> None:
        """Every key that awk finds is one of the file, as TOML has it; and every plain value of the file is offered."""
        offered = {line.removesuffix("=") for line in keys_by(awk, file)}
        document = tomllib.loads(file.read_text(encoding="utf-8"))
        document.pop("sweep", None)
        there = dict(keys_of(document))
        assert offered <= set(there)
        assert {key for key, is_plain in there.items() if is_plain} <= offered

    @pytest.mark.parametrize("awk", AWKS)
    def test_names_with_anything_but_letters_are_left_out(self, awk: str, tmp_path: Path) -> None:
        file = tmp_path / "odd.toml"
        file.write_text(ODD, encoding="utf-8")
        tomllib.loads(ODD)
        assert keys_by(awk, file) == ["a.b.in=", "quoted.e=", "quoted.e.x.y=", "quoted.e.z=", "quoted.e.w=", "l.0.in="]

    @pytest.mark.parametrize("awk", AWKS)
    @pytest.mark.parametrize("encoding", LOCALES)
    def test_nothing_is_printed_that_means_something_to_a_shell(self, awk: str, encoding: str, tmp_path: Path) -> None:
        file = tmp_path / "hostile.toml"
        file.write_bytes(HOSTILE)
        printed = keys_by(awk, file, encoding)
        assert {"abc=", "foo.bar="} <= set(printed), "what stands before the hostile part is found"
        assert all(re.fullmatch(r"[A-Za-z0-9_.-]+=", key) for key in printed), printed


def keys_by(awk: str, file: Path, encoding: str = "C") -> list[str]:
    """What one awk prints of a file, in one locale."""
    environment = {**os.environ, "LC_ALL": encoding}
    result = subprocess.run([awk, PROGRAM, str(file)], capture_output=True, timeout=60, check=True, env=environment)
    return result.stdout.decode(errors="replace").splitlines()


class TestHostileFiles:
    """Completing after a file runs nothing that stands in it, whatever awk makes of it."""

    @pytest.mark.parametrize("awk", AWKS)
    @pytest.mark.parametrize("encoding", LOCALES)
    def test_with_every_awk(self, awk: str, encoding: str, tmp_path: Path) -> None:
        (tmp_path / "bin").mkdir()
        program = shutil.which(awk)
        assert program is not None
        (tmp_path / "bin" / "awk").symlink_to(program)
        assert {"abc=", "foo.bar="} <= set(self.offered(tmp_path, encoding))
        assert self.traces(tmp_path) == []

    def test_even_if_awk_let_everything_through(self, tmp_path: Path) -> None:
        """The second of two walls: an awk that prints the file as it is."""
        (tmp_path / "bin").mkdir()
        (tmp_path / "bin" / "awk").write_text("#!/bin/sh\nexec cat\n", encoding="utf-8")
        (tmp_path / "bin" / "awk").chmod(0o755)
        offered = self.offered(tmp_path, "C")
        assert "*" in offered, "a star is a star, and no list of files"
        assert r"abc = \xff $(touch TRACE) `touch TRACE2`" in offered
        assert self.traces(tmp_path) == []

    def test_the_files_would_leave_traces(self, tmp_path: Path) -> None:
        """Negative control: as words for bash's own `compgen -W` the same bytes are commands."""
        (tmp_path / "hostile.toml").write_bytes(HOSTILE)
        script = 'compgen -W "$(grep -a touch hostile.toml)"'
        assert BASH is not None
        subprocess.run([BASH, "--norc", "-c", script], cwd=tmp_path, capture_output=True, timeout=60, check=False)
        assert "TRACE" in self.traces(tmp_path)

    def offered(self, folder: Path, encoding: str) -> list[str]:
        (folder / "hostile.toml").write_bytes(HOSTILE)
        (folder / "qtraj.bash").write_text(script_for("bash"), encoding="utf-8")
        script = "source qtraj.bash\nCOMP_WORDS=(qtraj verify hostile.toml --set ''); COMP_CWORD=4; _qtraj\n"
        script += "printf '%s\\n' \"${COMPREPLY[@]}\"\n"
        environment = {**os.environ, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}", "LC_ALL": encoding}
        assert BASH is not None
        result = subprocess.run(
            [BASH, "--norc", "-c", script], cwd=folder, capture_output=True, timeout=60, check=True, env=environment
        )
        return result.stdout.decode(errors="backslashreplace").splitlines()

    def traces(self, folder: Path) -> list[str]:
        return sorted(path.name for path in folder.iterdir() if path.name not in ("bin", "hostile.toml", "qtraj.bash"))


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
