"""Bad input: exit code 2, and one plain sentence."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

from qtraj.experiment import KINDS
from tests.cli.running import EXAMPLES, MODEL, SWAP, Run, refused


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["verfy"], "command 'verfy' is not known; did you mean 'verify'?"),
        (["frobnicate"], "command 'frobnicate' is not known; known: verify, exact, histogram, models"),
        (["--frob"], "option '--frob' is not known"),
        (["--quiet", "verify"], "the command must come first"),
        (["verify"], "needs an experiment file or the name of a model"),
        (["verify", "--pahts", "5", SWAP], "option '--pahts' is not known; did you mean '--paths'?"),
        (["verify", "--pahts=5", SWAP], "option '--pahts' is not known; did you mean '--paths'?"),
        (["verify", SWAP, "-x"], "option '-x' is not known"),
        (["verify", SWAP, "--path", "5"], "option '--path' is not known; did you mean '--paths'?"),
        (["exact", SWAP, "--report", "r.html"], "option '--report' is not known"),
        (["exact", SWAP, "--figure", "a.png"], "option '--figure' is not known"),
        (["models", "davies", "--json"], "model 'davies' is not known; did you mean 'davies-qutrit'?"),
        (["models", "--quiet"], "option '--quiet' is not known"),
        (["models", MODEL, "extra"], "takes one target, but got 'extra' as well"),
        (["reproduce", "rfa13-qbit"], "reproduction 'rfa13-qbit' is not known; did you mean 'rfa13-qubit'?"),
        (["reproduce", "rfa13-qubit", "--figure", "a.bmp"], "`--figure` must end in .png, .svg, .pdf"),
        (["reproduce", "rfa13-qubit", "--paths", "5"], "option '--paths' is not known"),
        (["reproduce", "rfa13-reciprocity", "--figure", "a.png"], "is a table and has no figure"),
        (["verify", SWAP, SWAP], "takes one target, but got"),
        (
            ["verify", SWAP, "--paths"],
            "`--paths` must be followed by a value, but is not; see `qtraj verify --help`",
        ),
        (["verify", SWAP, "--json=yes"], "--json: ignored explicit argument 'yes'"),
        (["verify", SWAP, "--paths", "0"], "`--paths` must be a whole number from 1 to 10^15, but is '0'"),
        (["verify", SWAP, "--paths", "-5"], "but is '-5'"),
        (["verify", SWAP, "--paths", "1e400"], "but is '1e400'"),
        (["verify", SWAP, "--paths", "1e999999999999"], "but is '1e999999999999'"),
        (["verify", SWAP, "--paths", "1e15001"], "but is '1e15001'"),
        (["verify", SWAP, "--paths", "1000000000000001"], "but is '1000000000000001'"),
        (["verify", SWAP, "--paths", "1.5"], "but is '1.5'"),
        (["verify", SWAP, "--paths", "nan"], "but is 'nan'"),
        (["verify", SWAP, "--paths=-inf"], "but is '-inf'"),
        (["verify", SWAP, "--paths", "many"], "but is 'many'"),
        (["verify", SWAP, "--paths", ""], "but is ''"),
        (["verify", SWAP, "--seed", "-1"], "`--seed` must be a whole number from 0 to 2^128 - 1, but is '-1'"),
        (["verify", SWAP, "--seed", "9" * 5000], "`--seed` must be a whole number"),
        (["verify", SWAP, "--n-jobs", "0"], "`--n-jobs` must be a whole number other than 0"),
        (["verify", SWAP, "--n-jobs", "two"], "`--n-jobs` must be a whole number up to 4096, other than 0"),
        (["verify", SWAP, "--protocol", "augmnted"], "protocol 'augmnted' is not known; did you mean 'augmented'?"),
        (["verify", SWAP, "--sampler", "count"], "sampler 'count' is not known; did you mean 'counts'?"),
        (
            ["verify", MODEL, "--sampler", "explicit", "--n-jobs", "2", "--backend", "none", "--paths", "1e6"],
            "`backend` must be one",
        ),
        (["verify", "none.toml"], "but 'none.toml' is neither"),
        (["verify", "two-qubit-exhange"], "did you mean 'two-qubit-exchange'?"),
        (["verify", ""], "but is empty"),
        (["verify", "."], "must be a regular file, but is a folder"),
        (["verify", "/dev/null"], "must be a regular file, but is a pipe or device"),
        (["verify", SWAP, "--set"], "`--set` must be followed by a value"),
        (["verify", SWAP, "--set", "beta"], "must be followed by key=value"),
        (["verify", SWAP, "--set", "environment.bta=1"], "did you mean 'beta'?"),
        (["verify", SWAP, "--set", "environment.beta=-1"], "`environment.beta` must be at least 0, but is -1"),
        (["verify", SWAP, "--set", "system.energies=[0,-1,nan]"], "`system.energies.2` must be finite"),
        (["verify", SWAP, "--set", "system.energies=[]"], "`system.energies` must have at least one entry"),
        (["verify", MODEL, "--set", "agle=1"], "has no parameter 'agle'; did you mean 'angle'?"),
    ],
)
def test_words(run: Run, words: list[str], complaint: str) -> None:
    refused(run(*words), complaint)


def test_the_sentence_says_which_file_it_is_about(run: Run) -> None:
    refused(run("exact", SWAP, "--set", "environment.beta=-1"), f"qtraj: {SWAP}: `environment.beta` must be")


def test_files(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "bad.toml"
    for content, complaint in (
        (b"kind = ", "must be TOML, but is not: invalid value (at"),
        (b"\xff\xfe", "must be a text file in UTF-8, but byte 0 is not"),
        (b"", f"`kind` must be one of {', '.join(KINDS)} (or `model` the name of a model), but is missing"),
        (b"x = " + b"[" * 3000 + b"]" * 3000, "nests tables or lists too deeply"),
    ):
        path.write_bytes(content)
        refused(run("verify", path), complaint)
    with path.open("wb") as file:
        file.truncate(20 * 2**20)
    refused(run("verify", path), "must have at most 16 MiB, but has 20.0 MiB")


def test_a_pickle_is_no_matrix(run: Run, tmp_path: Path) -> None:
    (tmp_path / "u.npy").write_bytes(pickle.dumps(np.eye(4)))
    text = (EXAMPLES / "qubit_partial_swap.toml").read_text(encoding="utf-8")
    path = tmp_path / "mine.toml"
    path.write_text(text[: text.index("[unitary]")] + '[unitary]\nkind = "matrix"\nfile = "u.npy"\n', encoding="utf-8")
    refused(run("verify", path), "`u.npy` must be a .npy file of numbers, but holds pickled Python objects")


def test_sampling_more_rows_than_memory_is_no_bug(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr("qtraj.cli.commands.verify", full)
    refused(run("verify", SWAP), "there is not enough memory for this; use fewer levels")
