"""`qtraj exact`: JSON to the last digit, and a reason for whatever is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.running import MODEL, SWAP, Outcome, Run


def test_json_is_exact_to_the_last_digit(run: Run) -> None:
    document = run("exact", SWAP, "--json").json
    assert {"process", "averages", "path_law", "reasons"} <= set(document)
    reference = {
        "entropy_production": 0.437468192444333,
        "coherence_entropy_production": 0.143321010279016,
        "mutual_information": 0.166110975293225,
        "heat_into_environment": 0.285793933972504,
    }
    for name, value in reference.items():
        assert document["averages"][name] == pytest.approx(value, abs=1e-11)
    assert document["path_law"]["exp_minus_2sigma"] == pytest.approx(2.36958744037352, abs=1e-11)
    assert document["averages"]["final_state"]["real"][0][0] == pytest.approx(0.635793933972504, abs=1e-11)


def test_what_is_missing_is_null_with_a_reason(run: Run) -> None:
    document = run("exact", SWAP, "--set", "environment.beta=0", "--json").json
    assert document["averages"]["initial_free_energy"] is None
    assert "infinite" in document["reasons"]["averages.initial_free_energy"]
    assert run("exact", SWAP, "--protocol", "kraus", "--json").json["path_law"]["mean_sigma"] is None


def test_the_table_shows_twelve_digits_and_the_reasons(run: Run) -> None:
    outcome = run("exact", SWAP, "--set", "environment.beta=0")
    assert re.search(r"initial_coherence +0\.15865393263", outcome.out)
    assert re.search(r"initial_free_energy +- \(the free energy is infinite", outcome.out)


def test_large_matrices_do_not_flood_the_table(run: Run, tmp_path: Path) -> None:
    (tmp_path / "large.toml").write_text(
        f'kind = "thermal-operation"\n[system]\nenergies = {list(range(12))}\n'
        'state = { kind = "gibbs", beta = 1 }\n[environment]\nenergies = [0, 1]\nbeta = 1\n'
        '[unitary]\nkind = "haar"\n'
    )
    outcome = run("exact", tmp_path / "large.toml", "--protocol", "tpm")
    assert "12 x 12 numbers, see --json" in outcome.out


def test_options_of_verify_are_accepted(run: Run) -> None:
    assert run("exact", MODEL, "--paths", "1e3", "--seed", 1, "--sampler", "counts", "--quiet").code == 0


def test_a_cluster_is_not_asked_for_what_needs_none(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qtraj.paths.cluster.dask_backend", lambda _: pytest.fail("it was"))
    assert run("exact", MODEL, "--backend", "dask", "--scheduler", "tcp://nowhere:1", "--quiet") == Outcome(0, "", "")
    assert run("exact", MODEL, "--backend", "none", "--quiet").code == 0
