"""What only a process of its own shows: start-up, pipes, full disks, signals, terminals."""

from __future__ import annotations

import os
import pty
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import qtraj
from qtraj.cli.exits import Exit
from tests.cli.running import MODEL, ROOT, SWAP, command, process


def test_help_is_light_and_the_door_leads_to_the_command_line() -> None:
    code = "import sys\nfrom qtraj.cli import main\nmain(['verify', '--help'])\nprint(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    )
    loaded = {name.partition(".")[0] for name in result.stdout.splitlines()[-1].split()}
    assert not loaded & {"numpy", "scipy", "matplotlib", "pydantic", "rich", "joblib"}


def test_exit_codes_reach_the_shell() -> None:
    assert process("--version").stdout == f"qtraj {qtraj.__version__}\n"
    result = process("verfy")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr == "qtraj: command 'verfy' is not known; did you mean 'verify'?\n"


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX pipes")
def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        result = subprocess.run(
            command("exact", SWAP, "--json"),
            stdout=writing,
            stderr=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            timeout=60,
            check=False,
        )
    finally:
        os.close(writing)
    assert (result.returncode, result.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device that is always full")
def test_a_full_disk_is_a_storage_error() -> None:
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            command("models"),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            timeout=60,
            check=False,
        )
    assert result.returncode == Exit.STORAGE
    assert result.stderr == "qtraj: standard output could not be written: no space left on device\n"


def test_a_terminal_without_unicode_gets_replacements(tmp_path: Path) -> None:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    result = process("exact", "schrödinger.toml", env=environment)
    assert result.returncode == 2
    assert "schr\\xf6dinger.toml" in result.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")
def test_ctrl_c_ends_with_a_word() -> None:
    words = ["verify", SWAP, "--sampler", "followed", "--paths", "1e12"]
    # Whoever runs the tests in the background has Ctrl-C switched off, and its children inherit that.
    code = (
        "import signal, sys, qtraj.cli.commands\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        f"print('ready', flush=True)\nsys.exit(qtraj.cli.main({words}))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
    ) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"ready\n"
        time.sleep(0.5)
        running.send_signal(signal.SIGINT)
        try:
            out, err = running.communicate(timeout=60)
        finally:
            running.kill()
    assert (running.returncode, out, err) == (Exit.INTERRUPTED, b"", b"qtraj: interrupted\n")


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX terminals")
@pytest.mark.parametrize("no_colour", [False, True])
def test_colours_only_on_terminals_that_want_them(no_colour: bool) -> None:
    environment = {key: value for key, value in os.environ.items() if key not in ("NO_COLOR", "TERM")}
    environment |= {"PYTHONPATH": str(ROOT), "TERM": "xterm"} | ({"NO_COLOR": "1"} if no_colour else {})
    ours, theirs = pty.openpty()
    with subprocess.Popen(command("verify", MODEL), stdout=theirs, stderr=theirs, env=environment) as running:
        os.close(theirs)
        shown = b""
        while select.select([ours], [], [], 60)[0]:
            try:
                part = os.read(ours, 65536)
            except OSError:  # Linux says so when the other end is closed
                break
            if not part:
                break
            shown += part
    os.close(ours)
    assert running.returncode == 0
    assert (b"\x1b[1;32mPASS\x1b[0m:" in shown) is not no_colour
    assert (b"\r\nPASS:" in shown) is no_colour
