"""Jump processes on the command line: counted where their paths have a finite law, followed elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from qtraj.paths.sample import DEFAULT_FOLLOWED_PATHS, DEFAULT_PATHS, DEFAULT_SEED
from tests.cli.running import EXAMPLES, Run, refused

DRIVEN = str(EXAMPLES / "driven_qubit.toml")
DAVIES = str(EXAMPLES / "davies_qutrit.toml")


def test_the_sampler_is_chosen_by_the_process(run: Run) -> None:
    report = run("verify", DAVIES, "--json").json
    assert (report["verdict"], report["sampler"], report["paths"]) == ("pass", "counts", DEFAULT_PATHS)
    report = run("verify", DRIVEN, "--json").json
    assert (report["verdict"], report["sampler"], report["paths"]) == ("pass", "followed", DEFAULT_FOLLOWED_PATHS)
    assert report["seed"] == DEFAULT_SEED
    assert f" {DEFAULT_FOLLOWED_PATHS:,} paths, sampler followed" in run("verify", DRIVEN).out
    report = run("verify", DAVIES, "--sampler", "followed", "--json").json
    assert (report["sampler"], report["paths"]) == ("followed", DEFAULT_FOLLOWED_PATHS)


@pytest.mark.parametrize("sampler", ["counts", "explicit"])
@pytest.mark.parametrize("name", ["verify", "histogram"])
def test_samplers_that_need_a_law_say_why_there_is_none(run: Run, name: str, sampler: str) -> None:
    refused(run(name, DRIVEN, "--sampler", sampler), "needs a finite law")


def test_a_model_has_its_own_averages(run: Run) -> None:
    ours = run("exact", "resonant-pair", "--json").json
    assert {"heat_current_from_a", "heat_current_from_b", "noise_power"} <= set(ours["averages"])
    other = run("exact", "resonant-pair", "--set", "noise_strength=0", "--json").json
    assert other["averages"]["heat_current_from_a"] == 0.0


def test_a_file_of_a_model_has_them_too(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "pair.toml"
    path.write_text('model = "resonant-pair"\n[parameters]\nnoise_strength = 0.3\n', encoding="utf-8")
    named = run("exact", "resonant-pair", "--set", "noise_strength=0.3", "--json").json
    assert run("exact", path, "--json").json["averages"] == named["averages"]
    assert named["averages"]["noise_power"] is not None


def test_nested_averages_and_repeated_reasons_are_readable(run: Run) -> None:
    outcome = run("exact", DRIVEN)
    assert re.search(r"^at the end of the duration .*\n(  .*\n)*  entropy_flux_cold +-0\.118659174", outcome.out, re.M)
    assert len(re.findall(r"have no finite law because", outcome.out)) == 1
    assert re.search(r"^  classes +- \(for the same reason\)$", outcome.out, re.M)


def test_values_without_a_law_are_counted_in_bins(run: Run) -> None:
    outcome = run("histogram", DRIVEN, "--paths", 2000)
    assert re.search(r"^ +sigma from +to +sampled +paths$", outcome.out, re.M)
    rows = re.findall(r"^ +-?\d+\.\d{8} +-?\d+\.\d{6} +[\d.e-]+ +(\d+)(?: +(#+))?$", outcome.out, re.M)
    assert len(rows) == 30
    assert sum(int(count) for count, _ in rows) == 2000
    assert max(rows, key=lambda row: int(row[0]))[1] == max((bar for _, bar in rows), key=len)
    assert "exact mean" not in outcome.out
    logarithmic = run("histogram", DRIVEN, "--paths", 2000, "--log").out
    assert re.search(r" 1  #$", logarithmic, re.M)
    assert re.search(r"  0$", logarithmic, re.M)


def test_bins_in_json(run: Run) -> None:
    document = run("histogram", DRIVEN, "--paths", 2000, "--json").json
    assert document["sampler"] == "followed"
    assert {"sigma", "sigma_d", "xi", "heat", "heat_into_cold", "jumps"} <= set(document["quantities"])
    for table in document["quantities"].values():
        assert sum(table["counts"]) == 2000
        assert len(table["edges"]) == len(table["counts"]) + 1
        assert table["edges"][0] <= table["sampled_mean"] <= table["edges"][-1]
    kraus = run("histogram", DRIVEN, "--paths", 2000, "--json", "--protocol", "kraus").json
    assert kraus["quantities"]["sigma"] is None
    assert "kraus" in kraus["reasons"]["quantities.sigma"]


def test_several_heats_of_a_law_in_json(run: Run) -> None:
    document = run("histogram", EXAMPLES / "two_temperature_relaxation.toml", "--json").json
    into = [name for name in document["quantities"] if name.startswith("heat_into_")]
    assert len(into) >= 2
    for name in into:
        assert sum(document["quantities"][name]["probabilities"]) == pytest.approx(1, abs=1e-12)


def test_workers_change_nothing(run: Run) -> None:
    words = ("histogram", DRIVEN, "--paths", 70_000, "--json", "--backend", "threading")
    assert run(*words, "--n-jobs", 1).json == run(*words, "--n-jobs", 2).json
