"""`qtraj verify`: verdicts, the JSON of the contract, samplers and protocols, and which setting wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from qtraj.cli.exits import Exit
from qtraj.models import MODELS
from qtraj.paths.sample import DEFAULT_PATHS, DEFAULT_SEED
from tests.cli.running import MODEL, SWAP, Outcome, Run


def test_a_pass(run: Run) -> None:
    outcome = run("verify", SWAP)
    assert outcome.code == 0
    assert outcome.err == ""
    assert "\nPASS: " in outcome.out
    assert f"{DEFAULT_PATHS:,} paths" in outcome.out
    assert f"seed {DEFAULT_SEED}" in outcome.out
    assert "\x1b" not in outcome.out


def test_json_has_the_keys_of_the_contract(run: Run) -> None:
    outcome = run("verify", SWAP, "--json", "--paths", "1e12", "--seed", 5)
    assert outcome.code == 0
    assert outcome.err == ""
    report = outcome.json
    assert {"verdict", "paths", "seed", "protocol", "sampler", "checks", "covered_weight", "timings"} <= set(report)
    assert (report["verdict"], report["paths"], report["seed"]) == ("pass", 10**12, 5)
    assert (report["protocol"], report["sampler"]) == ("augmented", "counts")
    keys = {"name", "kind", "sampled", "standard_error", "exact", "z", "tolerance", "verdict", "detectable"}
    for check in report["checks"]:
        assert keys <= set(check)
        assert check["kind"] in ("identity", "statistical", "support")
        assert check["z"] is None or check["kind"] != "identity"


def test_too_few_paths_are_inconclusive(run: Run) -> None:
    outcome = run("verify", SWAP, "--paths", 5)
    assert outcome.code == Exit.INCONCLUSIVE
    assert "\nINCONCLUSIVE: " in outcome.out


def test_a_wrong_number_fails(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative control: a law with swapped sign of sigma_d is found out, and the exit code says so."""
    from qtraj.paths.law import PathLaw

    right = PathLaw.mean
    monkeypatch.setattr(PathLaw, "mean", lambda law, name: right(law, name) * (-1 if name == "sigma_d" else 1))
    outcome = run("verify", SWAP)
    assert outcome.code == Exit.FAILS
    assert "\nFAIL: " in outcome.out


@pytest.mark.parametrize("sampler", ["counts", "explicit", "followed"])
@pytest.mark.parametrize("protocol", ["augmented", "eigenbasis-two-point", "energy-two-point", "tpm", "kraus"])
def test_samplers_and_protocols(run: Run, sampler: str, protocol: str) -> None:
    words = ("--sampler", sampler, "--protocol", protocol, "--paths", 20_000, "--json")
    outcome = run("verify", MODEL, *words)
    assert outcome.code in (Exit.HOLDS, Exit.INCONCLUSIVE)
    assert outcome.json["sampler"] == sampler
    assert outcome.json["protocol"] == {"tpm": "energy-two-point"}.get(protocol, protocol)


def test_quiet_leaves_the_exit_code(run: Run) -> None:
    assert run("verify", SWAP, "--quiet") == Outcome(0, "", "")
    assert run("verify", SWAP, "--quiet", "--paths", 5) == Outcome(3, "", "")
    assert run("verify", SWAP, "--quiet", "--json").json["verdict"] == "pass"


def test_workers_change_nothing(run: Run) -> None:
    words = ("histogram", MODEL, "--sampler", "explicit", "--paths", 140_000, "--json", "--backend", "threading")
    assert run(*words, "--n-jobs", 1).json == run(*words, "--n-jobs", 2).json


def test_flags_win_over_the_file_and_the_file_over_the_defaults(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    table = '[ensemble]\npaths = 2e4\nseed = 9\nprotocol = "tpm"\nsampler = "explicit"\n'
    path.write_text(f'model = "{MODEL}"\n{table}', encoding="utf-8")
    keys = ("paths", "seed", "protocol", "sampler")
    report = run("verify", path, "--json").json
    assert [report[key] for key in keys] == [20_000, 9, "energy-two-point", "explicit"]
    flags = ("--paths", "30_000", "--seed", 0, "--protocol", "augmented", "--sampler", "counts")
    report = run("verify", path, "--json", *flags).json
    assert [report[key] for key in keys] == [30_000, 0, "augmented", "counts"]
    report = run("verify", path, "--json", "--set", "ensemble.seed=4").json
    assert report["seed"] == 4


@pytest.mark.parametrize("name", MODELS)
def test_every_default_runs_to_a_verdict(run: Run, name: str) -> None:
    outcome = run("verify", name, "--paths", 2000, "--json")
    assert outcome.code in (Exit.HOLDS, Exit.INCONCLUSIVE), outcome
    assert outcome.json["verdict"] in ("pass", "inconclusive")
