"""The measurement protocols by name, and what each of them measures at the two ends."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.errors import TooLarge, UnknownName
from qtraj.memory import LIMIT_VARIABLE
from qtraj.processes.seam import Branches, Endpoint, MeasurementProtocol
from qtraj.strategies import spectra, states


def test_protocols_by_name() -> None:
    for protocol in MeasurementProtocol:
        assert MeasurementProtocol.parse(protocol.value) is protocol
        assert MeasurementProtocol.parse(protocol) is protocol
    assert MeasurementProtocol.parse("tpm") is MeasurementProtocol.ENERGY


def test_an_unknown_protocol_suggests_the_nearest() -> None:
    with pytest.raises(UnknownName, match="did you mean 'augmented'") as caught:
        MeasurementProtocol.parse("augmentd")
    assert caught.value.suggestion == "augmented"
    assert "tpm" in caught.value.known


@given(st.data(), spectra((1, 4)), st.booleans())
def test_what_each_protocol_measures(data: st.DataObject, spectrum: object, final: bool) -> None:
    state = data.draw(states(spectrum.dimension))
    ends = {protocol: Endpoint.of(state, spectrum, protocol, final=final) for protocol in MeasurementProtocol}

    augmented = ends[MeasurementProtocol.AUGMENTED]
    assert augmented.log_conditional.shape == (augmented.outcomes.count, augmented.energy_labels.count)
    assert np.abs(np.exp(augmented.log_conditional).sum(axis=1) - 1).max() < 1e-12

    eigenbasis = ends[MeasurementProtocol.EIGENBASIS]
    assert eigenbasis.energy_labels is None
    assert np.array_equal(eigenbasis.outcomes.log_eigenvalues, augmented.outcomes.log_eigenvalues)

    energy = ends[MeasurementProtocol.ENERGY]
    assert energy.energy_labels is energy.outcomes  # the label is what was measured
    assert np.array_equal(np.exp(energy.log_conditional), np.eye(energy.outcomes.count))

    kraus = ends[MeasurementProtocol.KRAUS]
    assert kraus.measured == (not final)
    if final:
        assert kraus.outcomes.ranks.tolist() == [spectrum.dimension]
    else:
        assert kraus.outcomes.ranks.tolist() == [1] * state.rank


def branches(dimension: int) -> Branches:
    """The identity on so many levels, as a batch of one."""
    nothing = np.zeros(1, dtype=np.int64)
    return Branches.from_operators(
        np.eye(dimension, dtype=complex)[None], heat=0.0, entropy=0.0, log_weights=np.zeros(1), mu=nothing, nu=nothing
    )


def test_what_a_step_gives_is_refused_where_it_does_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(LIMIT_VARIABLE, "70 MB")
    many = np.ones((2, 1300), dtype=complex)
    with pytest.raises(TooLarge, match="1,690,000 pairs of states give in one step needs about 81"):
        branches(2).amplitudes(many, many)
    with pytest.raises(TooLarge, match="the map of a step on 50 dimensions needs about 100 MB"):
        branches(50).superoperator()
    # Half of it fits.
    assert branches(2).amplitudes(many, many[:, :650]).shape == (1, 1300, 650)
