"""A record says what its path produced; the sampler that wrote it says the same, path by path."""

from __future__ import annotations

import numpy as np
import pytest

import qtraj
from qtraj.errors import InvalidInput
from qtraj.paths.jump_records import JumpRecords
from qtraj.paths.recorded import recorded_quantities
from qtraj.processes.jump_process import JumpProcess
from tests.paths.jump_cases import davies, driven_qubit, junction, oscillator


@pytest.mark.parametrize("process", [driven_qubit(), junction(), davies(), oscillator()])
@pytest.mark.parametrize("protocol", ["augmented", "eigenbasis-two-point", "energy-two-point", "kraus"])
def test_path_by_path(process: JumpProcess, protocol: str) -> None:
    own = qtraj.sample(process, paths=500, seed=5, protocol=protocol, keep_records=True)
    assert own.rows is not None
    assert own.records is not None
    beta = own.rows.get("beta")
    found = recorded_quantities(process, own.endpoints, own.records, alpha=own["alpha"], beta=beta)
    assert set(own.rows) - set(found) <= {"n", "m", "sigma_d", "xi", "work"}
    assert {"alpha", "jumps"} <= set(own.rows)
    for name, column in found.items():
        if name in own.rows:  # a finite law keeps the total heat only, where there is one bath
            assert np.allclose(column, own[name], atol=1e-11), name


def test_a_record_by_hand() -> None:
    process = driven_qubit()
    endpoints = process.endpoints(qtraj.sample(process, paths=1).endpoints.protocol)
    # Two emissions and one absorption: 1.2 nats and one quantum more went into the bath than came out.
    records = JumpRecords(col_times=[0.1, 0.5, 2.0], col_which=[0, 1, 0], offsets=[0, 3])
    found = recorded_quantities(process, endpoints, records, alpha=0, beta=1)
    start = np.linalg.eigvalsh(qtraj.State.bloch(0.3, -0.2, 0.4).matrix)
    end = np.linalg.eigvalsh(process.final_state)
    assert found["sigma"][0] == pytest.approx(np.log(start[1] / end[0]) + 1.2, abs=1e-12)
    assert found["heat_into_cold"][0] == pytest.approx(1.0)
    # Times and order play no part.
    shuffled = JumpRecords(col_times=[0.2, 0.3, 0.4], col_which=[0, 0, 1], offsets=[0, 3])
    assert recorded_quantities(process, endpoints, shuffled, alpha=0, beta=1)["sigma"] == found["sigma"]


def test_refusals() -> None:
    process = driven_qubit()
    endpoints = qtraj.sample(process, paths=1).endpoints
    records = JumpRecords(col_times=[0.1], col_which=[5], offsets=[0, 1])
    with pytest.raises(InvalidInput, match="one has number 5"):
        recorded_quantities(process, endpoints, records, alpha=0, beta=0)
    empty = JumpRecords(col_times=[], col_which=[], offsets=[0, 0])
    with pytest.raises(InvalidInput, match="`beta` must be given"):
        recorded_quantities(process, endpoints, empty, alpha=0)
    with pytest.raises(InvalidInput, match="`alpha` must be outcomes from 0 to 1"):
        recorded_quantities(process, endpoints, empty, alpha=2, beta=0)
    with pytest.raises(InvalidInput, match="whole numbers"):
        recorded_quantities(process, endpoints, empty, alpha=[0, 1], beta=0)
