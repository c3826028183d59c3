"""Tables for pandas and xarray: the same numbers, the units beside them, and no mean that is not one of paths."""

from __future__ import annotations

import numpy as np
import pytest

import qtraj
from qtraj.errors import InvalidInput
from qtraj.models import build_model
from qtraj.paths.frames import units_of

MODEL = build_model("two-qubit-exchange")
JUMPS = build_model("davies-qutrit")


def test_counts_become_one_row_a_class() -> None:
    ensemble = qtraj.sample(MODEL, paths=1e9, seed=3)
    frame = ensemble.to_pandas()
    assert frame.index.name == frame.attrs["entry"] == "class"
    assert len(frame) == ensemble.law.classes
    assert frame["counts"].sum() == 1e9
    weighted = (frame["sigma"] * frame["counts"]).sum() / frame["counts"].sum()
    assert weighted == pytest.approx(ensemble.mean("sigma"), rel=1e-12)
    assert (frame["sigma"] * frame["probability"]).sum() == pytest.approx(ensemble.law.mean("sigma"), rel=1e-12)
    assert (frame.attrs["protocol"], frame.attrs["seeds"], frame.attrs["paths"]) == ("augmented", [3], 10**9)


@pytest.mark.parametrize("sampler", ["explicit", "followed"])
def test_paths_become_one_row_each(sampler: str) -> None:
    ensemble = qtraj.sample(MODEL, paths=500, seed=3, sampler=sampler)
    frame, data = ensemble.to_pandas(), ensemble.to_xarray()
    assert frame.index.name == "path"
    assert "counts" not in frame
    assert set(frame) == set(data) == set(ensemble.rows or {})
    for name in frame:
        assert np.array_equal(frame[name].to_numpy(), ensemble[name])
        assert np.array_equal(data[name].to_numpy(), ensemble[name])
        assert data[name].dims == ("path",)
        assert data[name].attrs["units"] == frame.attrs["units"][name] == units_of(name)
    assert data.attrs["protocol"] == "augmented"


def test_the_frame_is_ones_own() -> None:
    ensemble = qtraj.sample(MODEL, paths=50, seed=3, sampler="explicit")
    frame = ensemble.to_pandas()
    frame.loc[0, "sigma"] = 1e9
    assert ensemble["sigma"].max() < 1e9


def test_a_tilt_brings_its_weights() -> None:
    ensemble = qtraj.sample_tilted(JUMPS, strength=1.0, paths=200, seed=3)
    frame = ensemble.to_pandas()
    assert np.array_equal(frame["log_weights"].to_numpy(), ensemble.log_weights)
    assert frame.attrs["units"]["log_weights"] == "nats"


def test_laws_and_distributions() -> None:
    law = qtraj.exact_law(MODEL)
    frame = law.to_pandas()
    assert np.allclose(np.exp(frame["log_probability"]), frame["probability"])
    assert {"alpha", "beta", "n", "m", "sigma", "sigma_d", "xi", "heat"} <= set(frame)
    assert not {"n", "sigma"} & set(qtraj.exact_law(MODEL, protocol="kraus").to_pandas())
    joint = law.distribution("sigma", "heat").to_pandas()
    assert joint.attrs["units"] == {"sigma": "nats", "heat": "energy", "probability": "1", "log_probability": "nats"}
    assert joint["probability"].sum() == pytest.approx(1.0)


def test_reports() -> None:
    report = qtraj.verify(MODEL, paths=1000, seed=3, followed_paths=0)
    frame = report.to_pandas()
    assert list(frame.index) == [check.name for check in report.checks]
    assert frame.attrs["verdict"] == str(report.verdict)
    assert frame.loc["mean_sigma", "exact"] == pytest.approx(qtraj.exact_law(MODEL).mean("sigma"))


def test_records_become_one_row_a_jump() -> None:
    ensemble = qtraj.sample(JUMPS, paths=300, seed=3, keep_records=True)
    assert ensemble.records is not None
    frame = ensemble.records.to_pandas(JUMPS)
    assert len(frame) == ensemble.records.col_times.size
    assert np.array_equal(frame.groupby("path").size().reindex(range(300), fill_value=0), ensemble.records.jumps)
    heats = frame.groupby("path")["heat"].sum().reindex(range(300), fill_value=0.0)
    assert np.allclose(heats, ensemble["heat"], atol=1e-12)
    assert np.allclose(frame["entropy"], 0.8 * frame["heat"], atol=1e-12), "beta of this model is 0.8"
    assert set(frame["bath"]) == {"environment"}
    assert frame.attrs["units"] == {
        "path": "1",
        "time": "1/energy",
        "jump": "1",
        "bath": "1",
        "entropy": "nats",
        "heat": "energy",
    }
    assert list(ensemble.records.to_pandas()) == ["path", "time", "jump"]


def test_records_of_another_process() -> None:
    ensemble = qtraj.sample(JUMPS, paths=300, seed=3, keep_records=True)
    assert ensemble.records is not None
    with pytest.raises(InvalidInput, match="must have the jumps of the records"):
        ensemble.records.to_pandas(build_model("dephasing-qubit"))
