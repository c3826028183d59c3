"""Times between jumps: recorded ones against their exact distribution."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.special import ndtri

import qtraj
from qtraj.density.waiting_times import waiting_time_survival
from qtraj.errors import InvalidInput
from qtraj.paths.jump_records import JumpRecords
from qtraj.processes.jump_process import JumpProcess
from tests.paths.jump_cases import davies, driven_qubit, junction

PATHS = 20_000


def resonance(decay: float, drive: float) -> JumpProcess:
    """A driven atom that emits into a cold bath, warm enough (e^-40) to have a reverse jump."""
    channel = qtraj.Channel(operator=[[0, 1], [0, 0]], bath="light", rate=decay, energy=1.0, inverse_temperature=40.0)
    system = qtraj.System(hamiltonian=[[0.0, drive / 2], [drive / 2, 0.0]], state=[1.0, 0.0])
    return JumpProcess(system=system, channels=(channel,), duration=10.0)


def test_resonance_fluorescence() -> None:
    """Closed form of photon counting (strong driving): after an emission the atom is in its ground state."""
    decay, drive = 1.0, 2.0
    times = np.linspace(0.0, 6.0, 13)
    found = waiting_time_survival(resonance(decay, drive), times, after=[0], until=[0])
    # |ground> under H_eff, by hand: the norm of exp(-i H_eff t)|0> of a 2 x 2 matrix.
    frequency = np.sqrt(drive**2 - decay**2 / 4)
    sine, cosine = np.sin(frequency * times / 2), np.cos(frequency * times / 2)
    ground = cosine + decay / (2 * frequency) * sine
    excited = drive / frequency * sine
    assert np.allclose(found, np.exp(-decay * times / 2) * (ground**2 + excited**2), atol=1e-10)


@pytest.mark.parametrize(
    ("process", "after", "until"),
    [
        (driven_qubit(), [0], [0]),
        (driven_qubit(), [0, 1], None),
        (junction(), [0], [2, 3]),
        (davies(duration=3.0), None, [0, 2]),
    ],
    ids=["emission to emission", "any to any", "left to right", "chain"],
)
def test_recorded_times_have_the_exact_distribution(process: JumpProcess, after: Any, until: Any) -> None:
    """At each of 5 times the share that waited longer; false-failure rate 1e-9 for all of them together.

    Clocks of one path are not independent: the error is that of a ratio of sums over paths.
    """
    window = 0.5 * process.duration
    times = np.linspace(0.1, 1.0, 5) * (process.duration - window)
    exact = waiting_time_survival(process, times, after=after, until=until, last_start=window)
    records = qtraj.sample(process, paths=PATHS, seed=17, keep_records=True).records
    assert records is not None
    assert disagreement(records, times, exact, after, until, window) < 1.0
    # Negative control: the distribution of the wrong jumps.
    wrong = waiting_time_survival(process, times, after=after, until=[1], last_start=window)
    assert disagreement(records, times, wrong, after, until, window) > 1.0


def disagreement(records: JumpRecords, times: Any, exact: Any, after: Any, until: Any, window: float) -> float:
    """The largest difference in units of what chance allows once in 1e9."""
    waited = records.waiting_times(after=after, until=until, last_start=window)
    kinds = records.col_which if after is None else None
    started = (records.col_times <= window) & (
        np.ones(records.col_times.size, bool) if kinds is not None else np.isin(records.col_which, after)
    )
    owner = np.repeat(np.arange(len(records)), records.jumps)[started]
    clocks = np.bincount(owner, minlength=len(records))
    allowed = -ndtri(0.5e-9 / times.size)
    worst = 0.0
    for time, probability in zip(times, exact, strict=True):
        longer = np.bincount(owner, weights=waited > time, minlength=len(records))
        residual = longer - probability * clocks
        worst = max(worst, abs(residual.mean()) / (allowed * residual.std() / np.sqrt(len(records))))
    return float(worst)


def test_the_stationary_state_is_reached() -> None:
    """From a start long after the beginning nothing depends on it any more."""
    process = driven_qubit(duration=400.0)
    times = np.linspace(0.0, 3.0, 4)
    steady = waiting_time_survival(process, times, after=[0], until=[0])
    late = waiting_time_survival(process, times, after=[0], until=[0], last_start=400.0)
    assert np.abs(steady - late).max() < 5e-3
    assert steady[0] == pytest.approx(1.0)
    assert (np.diff(steady) < 0).all()


@pytest.mark.parametrize(
    ("how", "complaint"),
    [
        ({"times": [-1.0]}, "ascend from 0"),
        ({"times": [2.0, 1.0]}, "ascend from 0"),
        ({"after": [7]}, "0 to 1, but has 7"),
        ({"until": ["a"]}, "but has 'a'"),
        ({"after": []}, "must happen"),
    ],
)
def test_refusals(how: dict[str, Any], complaint: str) -> None:
    with pytest.raises(InvalidInput, match=complaint):
        waiting_time_survival(driven_qubit(), **{"times": [1.0], **how})


def test_a_stationary_state_that_is_not_unique() -> None:
    watched = qtraj.dephasing_channels(2, 0.5)
    process = JumpProcess(
        system=qtraj.System(energies=[0.0, 1.0], state=[[0.5, 0], [0, 0.5]]), channels=watched, duration=1.0
    )
    with pytest.raises(InvalidInput, match="must be unique without `last_start`"):
        waiting_time_survival(process, [1.0])
    # Each level is watched at the rate 1, whatever happens: an exponential law.
    assert waiting_time_survival(process, [1.0], last_start=1.0)[0] == pytest.approx(np.exp(-1.0))
