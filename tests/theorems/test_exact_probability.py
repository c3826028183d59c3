"""Exact tails from characteristic functions against finite laws and a direct sum, down to 1e-30."""

from __future__ import annotations

import numpy as np
import pytest

from qtraj.density.counted_distribution import counted_distribution
from qtraj.density.counting import counted
from qtraj.errors import InvalidInput, NoFiniteLaw
from qtraj.paths.exact_law import exact_law
from qtraj.processes.jump_process import JumpProcess
from qtraj.quantum.channels import Channel
from qtraj.quantum.davies import davies_channels
from qtraj.quantum.parties import System
from qtraj.quantum.states import State
from qtraj.theorems import exact_probability as module
from qtraj.theorems.exact_probability import exact_probability
from tests.paths.cases import case
from tests.paths.jump_cases import LOWERING, driven_qubit

INF = np.inf


def ladder_process(*, duration: float = 2.0) -> JumpProcess:
    """A Davies process with energies in whole quanta, so that both routes exist."""
    energies = [0.0, 1.0, 3.0]
    return JumpProcess(
        system=System(energies=energies, state=State.haar(3, seed=2)),
        channels=davies_channels(energies, 0.8, [[0, 1, 0.5], [1, 2, 0.4], [0, 2, 0.3]], bath="bath"),
        duration=duration,
    )


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("sigma", 3.0, INF),
        ("sigma", -INF, 0.0),
        ("sigma", 0.0, 1.0),
        ("sigma_d", 2.0, INF),
        ("xi", 0.5, INF),
        ("sigma", 5.5, INF),
        ("sigma", -INF, -2.5),
    ],
)
def test_both_routes_agree(name: str, low: float, high: float) -> None:
    process = ladder_process()
    expected = exact_probability(process, name, above=low, below=high)
    found = module._from_characteristic_function(process, counted(process, name, "augmented"), low, high)
    assert found == pytest.approx(expected, rel=1e-8, abs=1e-15)


def test_against_the_unshifted_contour_and_beyond_it() -> None:
    """The plain characteristic function is right to 1e-14; the shifted one to relative 1e-9 wherever it is."""
    process = driven_qubit(duration=6.0)
    plain = counted_distribution(process, "heat_into_cold")
    for edge in (0.5, 3.5, 5.5):
        direct = plain.probabilities[plain.values > edge].sum()
        assert exact_probability(process, "heat_into_cold", above=edge) == pytest.approx(direct, abs=1e-9)
    far = [exact_probability(process, "heat_into_cold", above=edge) for edge in (11.5, 15.5, 19.5)]
    assert far[0] < 1e-14
    assert far[0] > 1e6 * far[1] > 1e12 * far[2] > 0


def test_a_pure_birth_process_to_thirty_digits() -> None:
    """Poisson: a dephasing-like operator jumps at rate 2 whatever the state, so the tail is known in closed form."""
    from scipy.stats import poisson

    flip = np.array([[0.0, 1.0], [1.0, 0.0]])
    process = JumpProcess(
        system=System(energies=[0.0, 0.0], state=np.diag([0.6, 0.4])),
        channels=(Channel(operator=flip, bath="noise", rate=2.0),),
        duration=1.5,
    )
    for least in (3, 25):
        found = exact_probability(process, "jumps", above=least - 0.5, protocol="eigenbasis-two-point")
        assert found == pytest.approx(poisson.sf(least - 1, 3.0), rel=1e-9)


def test_laws_answer_where_there_is_one() -> None:
    operation = case("coherent qutrit")
    law = exact_law(operation)
    expected = law.probabilities[law.quantity("sigma") > 1.0].sum()
    assert exact_probability(operation, "sigma", above=1.0) == pytest.approx(expected, rel=1e-12)
    assert exact_probability(operation, "sigma", above=1.0, law=law) == pytest.approx(expected, rel=1e-12)


def test_refusals() -> None:
    with pytest.raises(InvalidInput, match="less than"):
        exact_probability(case("coherent qutrit"), above=1.0, below=1.0)
    incommensurate = JumpProcess(
        system=System(hamiltonian=[[0.0, 0.3], [0.3, 1.0]], state=State.bloch(0.1, 0.0, 0.2)),
        channels=(
            Channel(operator=LOWERING, bath="a", rate=1.0, reverse_rate=0.5),
            Channel(operator=LOWERING, bath="b", rate=1.0, reverse_rate=0.1),
        ),
        duration=1.0,
    )
    with pytest.raises(NoFiniteLaw, match="one quantum"):
        exact_probability(incommensurate, "sigma", above=1.0)
