"""Cumulants from composed maps: against enumerated paths, against laws, and far beyond both."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtraj.density.averages import averages
from qtraj.density.exponential import log_exponential_average
from qtraj.density.stage_cumulants import stage_cumulants
from qtraj.errors import NotRecorded, UnknownName
from qtraj.models.li18 import coherent_collision
from qtraj.processes.seam import MeasurementProtocol
from qtraj.quantum.states import State
from tests.density.collision_cases import random_model
from tests.paths.cases import case as operation
from tests.paths.collision_cases import case, qubit_model
from tests.paths.collision_enumeration import enumerate_collisions

# Third cumulants are sums of cubes of entropies of order ten.
EXACT = 1e-11

# One of every kind: work, thermal units, a start without full rank, units that are measured in several ways.
SMALL = ("two baths and work", "units of three levels", "from the ground", "mixed reservoirs")

LABELLED = {"augmented", "energy-two-point"}


def cumulants(values: np.ndarray, weights: np.ndarray) -> tuple[float, float, float]:
    mean = weights @ values
    return float(mean), float(weights @ (values - mean) ** 2), float(weights @ (values - mean) ** 3)


@pytest.mark.parametrize("protocol", ["augmented", "energy-two-point"])
@pytest.mark.parametrize("name", SMALL)
def test_cumulants_of_enumerated_paths(name: str, protocol: str) -> None:
    model, chosen = case(name), MeasurementProtocol(protocol)
    paths = enumerate_collisions(model, protocol)
    p = paths.probabilities
    wanted = {"sigma": paths.sigma}
    if protocol in LABELLED:
        wanted |= {"sigma_d": paths.sigma_d, "xi": paths.sigma - paths.sigma_d}
    for column, reservoir in enumerate(paths.reservoirs):
        wanted[f"entropy_into_{reservoir}"] = paths.entropies[:, column]
        if not np.isnan(paths.heats[:, column]).any():
            wanted[f"heat_into_{reservoir}"] = paths.heats[:, column]
    if not np.isnan(paths.heats).any():
        wanted["heat"] = paths.heats.sum(axis=1)
        if protocol in LABELLED:
            wanted["work"] = paths.work
    for quantity, values in wanted.items():
        found = stage_cumulants(model, quantity, protocol=chosen)
        np.testing.assert_allclose(found, cumulants(values, p), atol=EXACT, err_msg=quantity)


@pytest.mark.parametrize("name", ["coherent qutrit", "pure start", "leftover degeneracy", "infinite temperature"])
def test_cumulants_of_thermal_operations(name: str) -> None:
    from qtraj.paths.exact_law import exact_law

    law = exact_law(operation(name))
    for quantity in ("sigma", "sigma_d", "xi", "heat", "work"):
        found = stage_cumulants(operation(name), quantity)
        np.testing.assert_allclose(found, law.cumulants(quantity), atol=EXACT, err_msg=quantity)


@settings(max_examples=5)
@given(seed=st.integers(0, 2**32 - 1))
def test_first_cumulants_are_averages(seed: int) -> None:
    model = random_model(seed, repeat=5)
    values = averages(model)
    assert stage_cumulants(model, "sigma")[0] == pytest.approx(values.entropy_production, abs=EXACT)
    assert stage_cumulants(model, "sigma_d")[0] == pytest.approx(values.population_entropy_production, abs=EXACT)
    assert stage_cumulants(model, "xi")[0] == pytest.approx(values.coherence_entropy_production, abs=EXACT)
    for name in model.reservoirs:
        flow = float(values.entropy_flow_into[name].sum())
        assert stage_cumulants(model, f"entropy_into_{name}")[0] == pytest.approx(flow, abs=EXACT)
    heat = float(values.heat_into["left"].sum())
    assert stage_cumulants(model, "heat_into_left")[0] == pytest.approx(heat, abs=EXACT)


@settings(max_examples=4)
@given(seed=st.integers(0, 2**32 - 1))
def test_cumulants_are_derivatives_of_the_exponential_average(seed: int) -> None:
    """Of ln <e^-u s> at u = 0, by central differences."""
    model, step = random_model(seed, coherent=False), 1e-3
    for name in ("sigma", "sigma_d", "xi"):
        logs = [log_exponential_average(model, name, k * step) for k in (-2, -1, 0, 1, 2)]
        found = stage_cumulants(model, name)
        assert found[0] == pytest.approx((logs[1] - logs[3]) / (2 * step), abs=1e-3)
        assert found[1] == pytest.approx((logs[1] + logs[3] - 2 * logs[2]) / step**2, rel=1e-2, abs=1e-3)
        assert found[2] == pytest.approx(
            -(logs[4] - 2 * logs[3] + 2 * logs[1] - logs[0]) / (2 * step**3), rel=0.1, abs=0.05
        )


def test_many_collisions() -> None:
    """In the steady state all cumulants grow with the number of rounds: no power of a large mean spoils the small."""
    few, more, most = (
        stage_cumulants(coherent_collision(collisions=rounds, interaction_angle=0.4), "sigma")
        for rounds in (600, 1200, 1800)
    )
    for k in range(3):
        growth = np.array([more[k] - few[k], most[k] - more[k]])
        assert growth[0] == pytest.approx(growth[1], rel=1e-8), k
    assert most[1] > 15


def test_a_large_mean_with_a_small_variance() -> None:
    """Cold units of a full swap: the mean is 600 times a probability, and the variance is relatively exact."""
    model = qubit_model([600.0], repeat=2, angle=np.pi / 2, state=State.gibbs([0.0, 1.0], 12.0))
    excited = 1 / (1 + np.exp(12.0))
    mean, variance, third = stage_cumulants(model, "heat")
    assert mean == pytest.approx(excited, rel=1e-12)
    assert variance == pytest.approx(excited * (1 - excited), rel=1e-9)
    assert third == pytest.approx(excited * (1 - excited) * (1 - 2 * excited), rel=1e-9)


def test_what_is_not_defined() -> None:
    with pytest.raises(UnknownName, match="did you mean 'heat_into_bath"):
        stage_cumulants(case("two baths"), "heat_into_bath")
    with pytest.raises(NotRecorded, match="units of hot have no energy"):
        stage_cumulants(case("coherent units"), "heat")
    with pytest.raises(NotRecorded, match="without a measurement at the end"):
        stage_cumulants(case("two baths"), "sigma", protocol=MeasurementProtocol.KRAUS)
    for name in ("sigma_d", "xi", "work"):
        with pytest.raises(NotRecorded, match="energy labels"):
            stage_cumulants(case("two baths"), name, protocol=MeasurementProtocol.EIGENBASIS)


def test_heat_needs_no_measurement_at_the_end() -> None:
    found = stage_cumulants(case("two baths"), "heat", protocol=MeasurementProtocol.KRAUS)
    other = stage_cumulants(case("two baths"), "heat", protocol=MeasurementProtocol.EIGENBASIS)
    np.testing.assert_allclose(found, other, atol=EXACT)
