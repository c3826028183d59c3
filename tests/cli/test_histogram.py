"""`qtraj histogram`: atoms and counts where there is a law, bins where there is none."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.cli.running import EXAMPLES, SWAP, Run


def test_json_has_atoms_and_counts_of_every_quantity(run: Run) -> None:
    document = run("histogram", SWAP, "--json", "--paths", 10_000).json
    assert set(document["quantities"]) == {"sigma", "sigma_d", "xi", "heat"}
    for table in document["quantities"].values():
        assert sum(table["counts"]) == 10_000
        assert sum(table["probabilities"]) == pytest.approx(1, abs=1e-12)
        assert table["atoms"] == sorted(table["atoms"])
        assert np.exp(table["log_probabilities"]) == pytest.approx(table["probabilities"], rel=1e-12)
    assert document["quantities"]["sigma"]["exact_mean"] == pytest.approx(0.437468192444333, abs=1e-11)


def test_a_protocol_without_sigma_shows_the_heat(run: Run) -> None:
    document = run("histogram", SWAP, "--protocol", "kraus", "--json").json
    assert document["quantities"]["sigma"] is None
    assert "kraus" in document["reasons"]["quantities.sigma"]
    assert document["quantities"]["heat"]["atoms"] == [-1.0, 0.0, 1.0]
    assert re.search(r"^ +heat +exact +sampled +paths$", run("histogram", SWAP, "--protocol", "kraus").out, re.M)


def test_the_table(run: Run) -> None:
    outcome = run("histogram", SWAP)
    assert len(re.findall(r"^ +-?\d\.\d{8} +[\d.e-]+ +[\d.e-]+ +\d+( +#+)?$", outcome.out, re.M)) == 12
    assert re.search(r"^ +sigma +0\.437468 ", outcome.out, re.M)


def test_long_tables_keep_the_most_probable_atoms(run: Run) -> None:
    outcome = run("histogram", EXAMPLES / "qutrit_ladder.toml", "--log")
    assert len(re.findall(r" #+$", outcome.out, re.M)) == 40
    assert re.search(r"^\d+ less probable atoms, .* are not shown; see --json$", outcome.out, re.M)
