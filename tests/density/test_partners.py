"""Whatever the process, the exact partner of a sampled number comes from the right place."""

from __future__ import annotations

import numpy as np
import pytest

from qtraj.density.exponential import log_exponential_average, support_loss
from qtraj.density.jump_cumulants import jump_cumulants
from qtraj.density.partners import exact_cumulants, exact_log_exponential_average, exact_support_loss
from qtraj.density.stage_cumulants import stage_cumulants
from qtraj.density.tilted_generator import jump_log_exponential_average, jump_support_loss
from qtraj.errors import NotRecorded
from qtraj.models import build_model
from qtraj.processes.seam import MeasurementProtocol
from tests.paths.cases import case as operation
from tests.paths.collision_cases import case
from tests.paths.collision_enumeration import enumerate_collisions

SMALL = ("two baths and work", "pure qubit", "from the ground", "mixed reservoirs")

AUGMENTED, EIGENBASIS = MeasurementProtocol.AUGMENTED, MeasurementProtocol.EIGENBASIS


@pytest.mark.parametrize("process", [operation("coherent qutrit"), case("coherent units"), case("from the ground")])
def test_processes_of_stages(process: object) -> None:
    assert exact_cumulants(process, "sigma", protocol=AUGMENTED) == stage_cumulants(process, "sigma")
    for name in ("sigma", "sigma_d", "xi"):
        ours = exact_log_exponential_average(process, name, 1.5, protocol=AUGMENTED)
        assert ours == log_exponential_average(process, name, 1.5)
    assert exact_support_loss(process, EIGENBASIS) == support_loss(process)


def test_jump_processes() -> None:
    process = build_model("davies-qutrit")
    assert exact_cumulants(process, "sigma", protocol=AUGMENTED) == jump_cumulants(process, "sigma")
    ours = exact_log_exponential_average(process, "sigma", 1.5, protocol=AUGMENTED)
    assert ours == jump_log_exponential_average(process, "sigma", 1.5, protocol=AUGMENTED)
    assert exact_support_loss(process, EIGENBASIS) == jump_support_loss(process, EIGENBASIS)


@pytest.mark.parametrize("protocol", ["augmented", "energy-two-point"])
@pytest.mark.parametrize("name", SMALL)
def test_exponential_averages_of_enumerated_paths(name: str, protocol: str) -> None:
    model, chosen = case(name), MeasurementProtocol(protocol)
    paths = enumerate_collisions(model, protocol)
    wanted = {"sigma": paths.sigma, "sigma_d": paths.sigma_d, "xi": paths.sigma - paths.sigma_d}
    for quantity, values in wanted.items():
        for u in (-0.5, 0.5, 1.0, 2.0):
            exact = np.log((paths.probabilities * np.exp(-u * values)).sum())
            found = exact_log_exponential_average(model, quantity, u, protocol=chosen)
            assert found == pytest.approx(exact, abs=1e-11), (quantity, u)
    assert exact_support_loss(model, chosen) == pytest.approx(paths.support_loss, abs=1e-12)


@pytest.mark.parametrize("rounds", [1, 10, 300])
def test_the_theorem_for_any_number_of_rounds(rounds: int) -> None:
    """ln <e^-sigma> by composing maps, without a path: no enumeration reaches 600 collisions."""
    for parameters in ({"coherence": 0.9}, {"temperature_cold": 0.01, "temperature_hot": 0.02, "initial": "thermal"}):
        model = build_model("coherent-collision", collisions=rounds, **parameters)
        exact = np.log1p(-exact_support_loss(model, EIGENBASIS))
        assert exact_log_exponential_average(model, "sigma", 1.0, protocol=EIGENBASIS) == pytest.approx(
            exact, abs=1e-11
        )


def test_what_a_protocol_does_not_define() -> None:
    with pytest.raises(NotRecorded):
        exact_log_exponential_average(case("two baths"), "xi", 1.0, protocol=EIGENBASIS)
    with pytest.raises(NotRecorded):
        exact_log_exponential_average(case("two baths"), "sigma", 1.0, protocol=MeasurementProtocol.KRAUS)
