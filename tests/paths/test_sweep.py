"""The exact law of many collisions against brute enumeration of labelled paths, and where enumeration cannot reach."""

from __future__ import annotations

import itertools
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qtraj.density.averages import averages
from qtraj.density.exponential import log_exponential_average, support_loss
from qtraj.density.stage_cumulants import stage_cumulants
from qtraj.errors import NoFiniteLaw, NotRecorded, TooLarge
from qtraj.models.li18 import coherent_collision
from qtraj.paths import sweep
from qtraj.paths.exact_law import exact_law
from qtraj.paths.law import PathLaw
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.seam import MeasurementProtocol
from qtraj.quantum.composite import CompositeSystem, Reservoir
from qtraj.quantum.states import State
from tests.density.collision_cases import by_definition, random_model
from tests.paths.collision_cases import CASES, case, collide, qubit_model
from tests.paths.collision_enumeration import EXACT, CollisionPaths, enumerate_collisions, largest_difference

PROTOCOLS = ("augmented", "eigenbasis-two-point", "energy-two-point")

# Half a million rows in pure Python take seconds; the other protocols cover the case.
SLOW = {("three parts", "augmented"), ("three parts and work", "augmented")}
PAIRS = [
    pytest.param(name, protocol, marks=[pytest.mark.slow] if (name, protocol) in SLOW else [])
    for name, protocol in itertools.product(CASES, PROTOCOLS)
]

SEEDS = st.integers(min_value=0, max_value=2**32 - 1)


@cache
def enumerated(name: str, protocol: str) -> CollisionPaths:
    return enumerate_collisions(case(name), protocol)


@cache
def law_of(name: str, protocol: str) -> PathLaw:
    return exact_law(case(name), protocol=protocol)


@pytest.mark.parametrize(("name", "protocol"), PAIRS)
def test_law_is_that_of_all_labelled_paths(name: str, protocol: str) -> None:
    """Class by class: labels at both ends, and entropy and heat into every reservoir."""
    law, paths = law_of(name, protocol), enumerated(name, protocol)
    assert largest_difference(law, paths) < EXACT
    assert list(law.flows.reservoirs) == paths.reservoirs
    assert law.paths == paths.probabilities.size
    assert law.normalisation == pytest.approx(1.0, abs=EXACT)


@pytest.mark.parametrize(("name", "protocol"), PAIRS)
def test_theorem_and_moments_by_paths_and_by_classes(name: str, protocol: str) -> None:
    """<e^-sigma> = 1 - lambda, with lambda from dense matrices, of the enumeration and of the law alike."""
    law, paths = law_of(name, protocol), enumerated(name, protocol)
    exact = 1 - paths.support_loss
    assert (paths.probabilities * np.exp(-paths.sigma)).sum() == pytest.approx(exact, abs=1e-12)
    assert law.exponential_average("sigma") == pytest.approx(exact, abs=1e-12)
    assert support_loss(case(name), MeasurementProtocol(protocol)) == pytest.approx(paths.support_loss, abs=1e-12)
    for power in (1, 2, 3):
        moment = (law.probabilities * law.quantity("sigma") ** power).sum()
        assert moment == pytest.approx((paths.probabilities * paths.sigma**power).sum(), rel=1e-12, abs=1e-12)
    for u in (-0.5, 0.5, 2.0):
        exact = (paths.probabilities * np.exp(-u * paths.sigma)).sum()
        assert law.exponential_average("sigma", u) == pytest.approx(exact, rel=1e-11)
    if law.records("sigma_d"):
        moment = (paths.probabilities * paths.sigma_d).sum()
        assert law.mean("sigma_d") == pytest.approx(moment, abs=1e-12)
        exact = (paths.probabilities * np.exp(-paths.sigma_d)).sum()
        assert law.exponential_average("sigma_d") == pytest.approx(exact, rel=1e-11)


# Units measured in energy are another process, and four units of three levels are many dimensions.
SKIPPED = ("measured in energy", "mixed reservoirs", "units of three levels", "three parts and work")
WHOLE = [name for name in CASES if name not in SKIPPED]


@pytest.mark.parametrize("name", WHOLE)
def test_mean_is_the_relative_entropy_of_everything(name: str) -> None:
    """<sigma> = D(rho_tot || rho' x eta x eta ...) with no unit ever traced out, up to four of them."""
    expected = by_definition(case(name))["entropy_production"]
    paths = enumerated(name, "eigenbasis-two-point")
    assert (paths.probabilities * paths.sigma).sum() == pytest.approx(expected, abs=1e-11)
    assert law_of(name, "eigenbasis-two-point").mean("sigma") == pytest.approx(expected, abs=1e-11)


@pytest.mark.parametrize("coherence", [0.0, 0.6, 0.99])
@pytest.mark.parametrize("initial", ["ground", "thermal", "full", "pure"])
def test_theorem_and_mean_of_coherent_collisions(coherence: float, initial: str) -> None:
    start = {"full": State.haar(4, seed=6), "pure": State.haar(4, rank=1, seed=6)}.get(initial, initial)
    model = coherent_collision(
        coherence=coherence, initial=start, collisions=2, interaction_angle=0.6, phase_difference=0.3, frequency=1.3
    )
    paths, law = enumerate_collisions(model, "eigenbasis-two-point"), exact_law(model, protocol="eigenbasis-two-point")
    assert (initial in ("ground", "pure")) == (paths.support_loss > 1e-3)
    for exponential in ((paths.probabilities * np.exp(-paths.sigma)).sum(), law.exponential_average("sigma")):
        assert exponential == pytest.approx(1 - paths.support_loss, abs=1e-12)
    exact = averages(model).entropy_production
    # Sixty-four eigenvalues of the state of everything, most of them zero but for rounding.
    assert exact == pytest.approx(by_definition(model)["entropy_production"], abs=1e-11)
    for mean in ((paths.probabilities * paths.sigma).sum(), law.mean("sigma")):
        assert mean == pytest.approx(exact, abs=1e-12)


def test_the_kraus_protocol_is_the_sum_over_final_outcomes() -> None:
    law, other = law_of("coherent units", "kraus"), law_of("coherent units", "eigenbasis-two-point")
    keys = [one.alpha * 10**6 + one.branch for one in (law, other)]
    np.testing.assert_allclose(law.flows.entropies, other.flows.entropies, atol=1e-14)
    sums = np.bincount(keys[1], weights=other.probabilities)
    np.testing.assert_allclose(law.probabilities, sums[keys[0]], atol=EXACT)
    assert law.sigma is None
    assert set(law.beta) == {-1}


# Heats and work


def test_joint_law_of_the_heats_into_all_reservoirs() -> None:
    law, paths = law_of("three parts", "eigenbasis-two-point"), enumerated("three parts", "eigenbasis-two-point")
    names = ("heat_into_hot", "heat_into_cold")
    joint = law.distribution(*names)
    for values, probability in zip(joint.values, joint.probabilities, strict=True):
        own = np.abs(paths.heats - values).max(axis=1) < 1e-9
        assert probability == pytest.approx(paths.probabilities[own].sum(), abs=EXACT)
    assert joint.probabilities.sum() == pytest.approx(1.0, abs=EXACT)
    for column, name in enumerate(names):
        assert joint.probabilities @ joint.values[:, column] == pytest.approx(law.mean(name), abs=EXACT)
    total = law.distribution("heat")
    assert total.probabilities @ total.atoms == pytest.approx(joint.probabilities @ joint.values.sum(axis=1), abs=EXACT)


@pytest.mark.parametrize("protocol", ["augmented", "energy-two-point"])
def test_work_of_internal_unitaries(protocol: str) -> None:
    """Per path: heat into all reservoirs plus the energy gained by the system. On average: the switching work."""
    model, law = case("two baths and work"), law_of("two baths and work", protocol)
    paths = enumerated("two baths and work", protocol)
    for power in (1, 2):
        found = (law.probabilities * law.quantity("work") ** power).sum()
        assert found == pytest.approx((paths.probabilities * paths.work**power).sum(), abs=EXACT)
    if protocol == "augmented":
        exact = averages(model).switching_work
        assert abs(exact) > 1e-3
        assert law.mean("work") == pytest.approx(exact, abs=EXACT)
    assert law_of("two baths", protocol).cumulants("work")[0] == pytest.approx(0.0, abs=EXACT)


def test_energy_is_conserved_path_by_path_only_when_energy_is_measured() -> None:
    assert law_of("two baths", "energy-two-point").cumulants("work")[1] == pytest.approx(0.0, abs=EXACT)
    assert law_of("two baths", "augmented").cumulants("work")[1] > 0.01


def test_units_without_an_energy_have_no_heat() -> None:
    law = law_of("mixed reservoirs", "augmented")
    heats = {"heat_into_diagonal", "heat_into_dephased"}
    assert set(law.quantities) == {"sigma", "sigma_d", "xi", "entropy_into_coherent", *heats}
    for name in ("heat", "work", "heat_into_coherent"):
        with pytest.raises(NotRecorded, match="eigenbasis of a coherent state"):
            law.quantity(name)
    with pytest.raises(NotRecorded, match="there are coherent, diagonal, dephased"):
        law.quantity("heat_into_nobody")


# Where enumeration cannot reach


def identities(model: CollisionModel, law: PathLaw, *, tolerance: float = 1e-11) -> None:
    """The law against density matrices: normalisation, theorem, mean, variance, an exponential average."""
    scale = max(1.0, float(np.abs(law.quantity("sigma")).max()))
    assert law.normalisation == pytest.approx(1.0, abs=tolerance)
    assert law.exponential_average("sigma") == pytest.approx(1 - support_loss(model, law.protocol), abs=tolerance)
    mean, variance, third = stage_cumulants(model, "sigma", protocol=law.protocol)
    assert law.mean("sigma") == pytest.approx(mean, abs=tolerance, rel=1e-13)
    assert law.mean("sigma") == pytest.approx(averages(model).entropy_production, abs=tolerance, rel=1e-13)
    assert law.cumulants("sigma")[1] == pytest.approx(variance, abs=tolerance * scale, rel=1e-12)
    assert law.cumulants("sigma")[2] == pytest.approx(third, abs=tolerance * scale**2, rel=1e-10)
    half = log_exponential_average(model, "sigma", 0.5, protocol=law.protocol)
    assert law.log_exponential_average("sigma", 0.5) == pytest.approx(half, abs=tolerance)


@pytest.mark.parametrize(
    "parameters",
    [
        {"coherence": 0.8},
        {"coherence": 0.99, "initial": "thermal", "interaction_angle": 0.5},
        {"coherence": 0.0, "temperature_hot": 0.01, "temperature_cold": 1 / 800, "initial": "thermal"},
    ],
    ids=["default", "nearly pure", "cold"],
)
@pytest.mark.parametrize("rounds", [30, pytest.param(100, marks=pytest.mark.slow)])
def test_many_rounds(parameters: dict[str, object], rounds: int) -> None:
    """Up to two hundred collisions: label sequences have probabilities below 1e-300, cells never underflow."""
    model = coherent_collision(collisions=rounds, **parameters)  # type: ignore[arg-type]
    law = exact_law(model, protocol="eigenbasis-two-point")
    identities(model, law)
    assert np.isfinite(law.log_forward).all()
    assert law.log_forward.min() < -2 * rounds


def test_many_collisions_with_one_reservoir() -> None:
    """From an energy eigenstate all heat is energy of the qubit: two classes, whatever the number of collisions."""
    model = qubit_model([0.8], repeat=700, angle=0.05, state=State.pure([1, 0]))
    law = exact_law(model, protocol="eigenbasis-two-point")
    identities(model, law)
    assert law.classes == 2
    assert law.paths > 10**300  # a whole number: no double holds it


@pytest.mark.parametrize("angle", [np.pi / 2, 0.4])
@pytest.mark.parametrize("betas", [(800.0,), (800.0, 0.5), (800.0, 750.0)])
@pytest.mark.parametrize("state", ["coherent", "excited"])
def test_cold_reservoirs(betas: tuple[float, ...], angle: float, state: str) -> None:
    """Populations of 1e-348: neither rounded to zero nor regularised."""
    start = State.bloch(0.5, 0.2, -0.3) if state == "coherent" else State.gibbs([0.0, 1.0], -np.log(0.3 / 0.7) / 1)
    model = qubit_model(betas, repeat=5, angle=angle, state=start)
    identities(model, exact_law(model))


def test_a_linear_population_would_be_lost() -> None:
    """Negative control of the cold cases: with linear populations the exact 1 becomes the T = 0 value."""
    model = qubit_model([800.0], repeat=1, angle=0.4)
    law = exact_law(model)
    linear = np.exp(law.log_forward) > 0
    assert not linear.all()
    assert np.exp(-law.sigma[linear] + law.log_forward[linear]).sum() < 0.95


@settings(max_examples=10)
@given(seed=SEEDS, rank=st.sampled_from([1, 4, 6]), repeat=st.integers(1, 3), protocol=st.sampled_from(PROTOCOLS[1:]))
def test_identities_of_random_models(seed: int, rank: int, repeat: int, protocol: str) -> None:
    """A qubit and a qutrit between three reservoirs, two of them coherent, with internal unitaries."""
    model = random_model(seed, rank=rank, repeat=repeat)
    law = exact_law(model, protocol=protocol)
    assert law.normalisation == pytest.approx(1.0, abs=1e-12)
    loss = support_loss(model, MeasurementProtocol(protocol))
    assert law.exponential_average("sigma") == pytest.approx(1 - loss, abs=1e-11)
    mean, variance, _ = stage_cumulants(model, "sigma", protocol=MeasurementProtocol(protocol))
    assert law.mean("sigma") == pytest.approx(mean, abs=1e-11)
    assert law.cumulants("sigma")[1] == pytest.approx(variance, rel=1e-10)


def test_cumulants_of_every_quantity() -> None:
    for name in ("two baths and work", "mixed reservoirs"):
        law, model = law_of(name, "augmented"), case(name)
        wanted = [*law.quantities] + [f"entropy_into_{reservoir}" for reservoir in law.flows.reservoirs]
        for quantity in wanted:
            np.testing.assert_allclose(
                stage_cumulants(model, quantity), law.cumulants(quantity), atol=1e-12, err_msg=quantity
            )


def test_energies_may_be_in_any_unit() -> None:
    """In joule everything is as in natural units, also the number of distinct heats."""
    plain, joule = (qubit_model([0.5, 1.5], work=0.3, scale=scale) for scale in (1.0, 1e-23))
    ours, theirs = exact_law(plain), exact_law(joule)
    np.testing.assert_allclose(theirs.log_forward, ours.log_forward, rtol=1e-12, atol=1e-12)
    for name in ("heat", "heat_into_bath0", "heat_into_bath1", "work", "sigma"):
        scale = 1.0 if name == "sigma" else 1e-23
        first, second = ours.distribution(name), theirs.distribution(name)
        np.testing.assert_allclose(second.values, first.values * scale, rtol=1e-12, atol=1e-12 * scale)


def nearly_degenerate(gap: float, repeat: int) -> CollisionModel:
    """Two qubits whose splittings differ by `gap`, and units that are resonant with both."""
    composite = CompositeSystem(subsystems={"A": [0.0, 1.0], "B": [0.0, 1.0 + gap]}, state=State.haar(4, seed=1))
    bath = {"bath": Reservoir(energies=[0.0, 1.0, 1.0 + gap], inverse_temperature=1.0)}
    steps = [collide(composite, bath, "bath", [name], seed=3) for name in "AB"]
    return CollisionModel(composite=composite, reservoirs=bath, steps=steps, repeat=repeat)


@pytest.mark.parametrize("gap", [1e-6, 1e-9, 1e-10, 3e-11, 1e-12])
@pytest.mark.parametrize("repeat", [1, 9])
def test_merged_flows_say_by_how_much_they_differ(gap: float, repeat: int) -> None:
    """Heats that are almost the same are one value from some number of rounds on; the law knows what that costs."""
    model = nearly_degenerate(gap, repeat)
    law = exact_law(model, protocol="eigenbasis-two-point")
    exact = float(averages(model).heat_into["bath"].sum())
    # Within one collision, heats that differ by rounding of the energies are one value from the start.
    assert abs(law.mean("heat") - exact) <= 1e-12 + law.flows.heat_error
    assert law.flows.heat_error <= 1e-11 * 2 * repeat * 2 * repeat
    if gap > 1e-8:
        assert law.flows.heat_error < 1e-14 * repeat**2


# Limits


def incommensurate(repeat: int) -> CollisionModel:
    """Three gaps without a common multiple in every reservoir: flows hardly ever meet."""
    roots = np.sqrt([2.0, 3.0, 5.0])
    composite = CompositeSystem(subsystems={"S": [0.0, 1.0]}, state=State.haar(2, seed=1))
    baths = {
        name: Reservoir(energies=[0.0, 1.0, *roots * k], state=State.haar(5, seed=k))
        for k, name in enumerate(("left", "right"), start=1)
    }
    steps = [collide(composite, baths, name, ["S"], seed=4) for name in baths]
    return CollisionModel(composite=composite, reservoirs=baths, steps=steps, repeat=repeat)


def test_flows_that_do_not_merge_have_no_law() -> None:
    few = exact_law(incommensurate(1), protocol="eigenbasis-two-point")
    assert few.normalisation == pytest.approx(1.0, abs=1e-12)
    with pytest.raises(NoFiniteLaw, match="can only be followed") as caught:
        exact_law(incommensurate(40))
    assert caught.value.measured > 1e8


def test_work_is_foreseen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "LARGEST_WORK", 1e4)
    with pytest.raises(NoFiniteLaw, match="operations"):
        exact_law(coherent_collision(collisions=50))


def test_cells_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sweep, "LARGEST_SWEEP", 1000)
    with pytest.raises(NoFiniteLaw, match="combinations of flows"):
        exact_law(coherent_collision(collisions=20))


def test_tables_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A qubit and one reservoir have two classes however many collisions there are, but tables that grow with them."""
    monkeypatch.setattr(sweep, "LARGEST_TABLES", 1000)
    assert exact_law(qubit_model([0.5], repeat=10)).normalisation == pytest.approx(1.0)
    with pytest.raises(NoFiniteLaw, match="ways from flows to flows"):
        exact_law(qubit_model([0.5], repeat=30))


def test_too_many_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qtraj.paths.exact_law.LARGEST_LAW", 1000)
    with pytest.raises(NoFiniteLaw, match="eigenbasis-two-point protocol"):
        exact_law(case("coherent units"))
    single = case("one collision")
    monkeypatch.setattr("qtraj.paths.exact_law.LARGEST_LAW", 10)
    with pytest.raises(TooLarge):
        exact_law(single)


# Negative controls: what these comparisons reject


def test_the_comparison_rejects_wrong_models() -> None:
    model = case("coherent units")
    exchange, hot, cold = model.steps
    wrong = {
        "order of the steps": replace(model, steps=[hot, cold, exchange]),
        "inverse unitary": replace(model, steps=[exchange.adjoint(), hot.adjoint(), cold.adjoint()]),
        "one temperature": replace(model, reservoirs={"hot": model.reservoirs["hot"], "cold": model.reservoirs["hot"]}),
        "energy basis": replace(
            model, reservoirs={name: replace(r, measure="energy") for name, r in model.reservoirs.items()}
        ),
        "one round less": replace(model, repeat=1),
    }
    paths = enumerated("coherent units", "eigenbasis-two-point")
    for what, other in wrong.items():
        assert largest_difference(exact_law(other, protocol="eigenbasis-two-point"), paths) > 1e-3, what
