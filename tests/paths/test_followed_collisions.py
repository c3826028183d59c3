"""Followed collisions: path by path with collapse, against the law, against enumeration, and in bulk."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace
from unittest import mock

import numpy as np
import pytest

from qtraj.density.averages import averages
from qtraj.errors import NoFiniteLaw
from qtraj.models.li18 import coherent_collision
from qtraj.paths.blocks import ROW_BLOCK_PATHS, row_blocks
from qtraj.paths.class_finder import ClassFinder
from qtraj.paths.exact_law import exact_law
from qtraj.paths.followed_collisions import FollowedCollisions
from qtraj.paths.sample import sample
from qtraj.processes.collision_model import CollisionModel
from qtraj.processes.seam import MeasurementProtocol
from qtraj.quantum.composite import Reservoir
from qtraj.quantum.states import State
from tests.paths.collision_cases import CASES, case, collide, qubit_model
from tests.paths.collision_enumeration import enumerate_collisions
from tests.paths.enumeration import RATE, chi_square_p_value
from tests.theorems.wrong_collisions import FOLLOWERS

PATHS = 30_000

AUGMENTED = MeasurementProtocol.AUGMENTED


def p_value(model: CollisionModel, protocol: str, *, paths: int, seed: int) -> float:
    """Of the class counts of followed paths against the law; 0 if a path is in no class."""
    ensemble = sample(model, paths=paths, sampler="followed", seed=seed, protocol=protocol, keep_rows=False)
    return 0.0 if ensemble.outside else chi_square_p_value(ensemble.class_counts, ensemble.law.probabilities)


@pytest.mark.parametrize("name", [name for name in CASES if name != "three parts and work"])
def test_followed_paths_have_the_exact_law(name: str, root_seed: int) -> None:
    """Labels and flows together. One in a hundred paths in a wrong class is seen where classes hold ten percent."""
    assert p_value(case(name), "augmented", paths=PATHS, seed=root_seed) > RATE


@pytest.mark.parametrize("protocol", ["eigenbasis-two-point", "energy-two-point", "kraus"])
@pytest.mark.parametrize("name", ["two baths and work", "coherent units", "start of rank two"])
def test_in_every_protocol(name: str, protocol: str, root_seed: int) -> None:
    assert p_value(case(name), protocol, paths=PATHS, seed=root_seed) > RATE


@pytest.mark.parametrize("name", FOLLOWERS)
def test_wrong_followers_do_not(name: str, root_seed: int) -> None:
    """Negative controls of the tests above."""
    with mock.patch("qtraj.paths.followers.FollowedCollisions", FOLLOWERS[name]):
        assert p_value(case("coherent units"), "augmented", paths=PATHS, seed=root_seed) < RATE


def test_labels_of_every_collision(root_seed: int) -> None:
    """mu and nu of all collisions against enumerated label sequences, and flows against labels, path by path."""
    model = case("two baths")
    ends = model.endpoints(MeasurementProtocol.EIGENBASIS)
    rows = FollowedCollisions(model=model, endpoints=ends, seed=root_seed, keep_labels=True)(row_blocks(PATHS)[0])
    mu, nu = rows["mu"], rows["nu"]
    assert mu.shape == nu.shape == (PATHS, model.collisions)
    # Outcomes of a thermal unit by descending population: label 0 is the ground state.
    heats = (nu - mu).astype(float)
    for column, name in enumerate(("bath0", "bath1")):
        own = heats[:, column::2].sum(axis=1)
        np.testing.assert_allclose(rows[f"heat_into_{name}"], own, atol=1e-12)
        beta = model.reservoirs[name].inverse_temperature
        np.testing.assert_allclose(rows[f"entropy_into_{name}"], beta * own, atol=1e-12)
    # Units arrive fresh: labels mu are independent draws from their populations.
    for column, name in enumerate(("bath0", "bath1", "bath0", "bath1")):
        p = model.reservoirs[name].outcomes.probabilities
        assert chi_square_p_value(np.bincount(mu[:, column], minlength=2), p) > RATE
    both = np.ravel_multi_index(mu.T, (2,) * 4)
    p0, p1 = (model.reservoirs[name].outcomes.probabilities for name in ("bath0", "bath1"))
    joint = np.einsum("a,b,c,d->abcd", p0, p1, p0, p1).ravel()
    assert chi_square_p_value(np.bincount(both, minlength=16), joint) > RATE


def test_flows_against_enumerated_paths(root_seed: int) -> None:
    """Without the package's law: joint counts of both heats and beta against brute enumeration."""
    model = case("two baths and work")
    paths = enumerate_collisions(model, "eigenbasis-two-point")
    ensemble = sample(model, paths=PATHS, seed=root_seed, protocol="eigenbasis-two-point", law=NoFiniteLaw("test"))
    keys = [
        np.ravel_multi_index(tuple(np.rint(column).astype(int) for column in columns), (5, 5, 2, 2))
        for columns in (
            (*(paths.heats + 2).T, paths.labels[:, 0], paths.labels[:, 1]),
            (ensemble["heat_into_bath0"] + 2, ensemble["heat_into_bath1"] + 2, ensemble["alpha"], ensemble["beta"]),
        )
    ]
    expected = np.bincount(keys[0], weights=paths.probabilities, minlength=100)
    assert chi_square_p_value(np.bincount(keys[1], minlength=100), expected) > RATE


def test_columns_add_up() -> None:
    model = case("two baths and work")
    law = exact_law(model)
    ensemble = sample(model, paths=2000, sampler="followed", law=law)
    free = sample(model, paths=2000, law=NoFiniteLaw("test"))
    for name in ("alpha", "beta", "n", "m", "sigma", "sigma_d", "xi", "heat", "heat_into_bath0", "heat_into_bath1"):
        np.testing.assert_allclose(ensemble[name], free[name], atol=1e-12, err_msg=name)
    np.testing.assert_allclose(free["sigma"], free["sigma_d"] + free["xi"], atol=1e-12)
    np.testing.assert_allclose(free["heat"], free["heat_into_bath0"] + free["heat_into_bath1"], atol=1e-12)
    gain = law.endpoints.final.label_energies[free["m"]] - law.endpoints.initial.label_energies[free["n"]]
    np.testing.assert_allclose(free["work"], free["heat"] + gain, atol=1e-12)


def test_workers_change_nothing() -> None:
    """More than one block, the last one unfinished. (With a law: in the tests of `verify`.)"""
    model, paths = case("two baths"), ROW_BLOCK_PATHS + 1000
    one, two = (sample(model, paths=paths, law=NoFiniteLaw("test"), n_jobs=jobs) for jobs in (1, 2))
    assert set(one.rows) == set(two.rows)
    for name in one.rows:
        np.testing.assert_array_equal(one[name], two[name], err_msg=name)


def test_seeds_and_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A seed is a run; how many random numbers are made at a time changes neither paths nor their order."""
    model = case("coherent units")
    first, again, other = (sample(model, paths=500, seed=seed, law=NoFiniteLaw("test")) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first["sigma"], again["sigma"])
    assert not np.array_equal(first["sigma"], other["sigma"])
    monkeypatch.setattr("qtraj.paths.followed_collisions.CHUNK_NUMBERS", 2 * model.collisions * 7)
    chunked = sample(model, paths=500, seed=1, law=NoFiniteLaw("test"))
    np.testing.assert_array_equal(first["sigma"], chunked["sigma"])


def test_memory_does_not_grow_with_the_number_of_collisions() -> None:
    """A thousand rounds: the amplitudes of all paths at all times would be 512 MB."""
    model = coherent_collision(collisions=1000)
    sample(model, paths=10, law=NoFiniteLaw("test"))  # compile
    ends = model.endpoints(AUGMENTED)
    follow = FollowedCollisions(model=model, endpoints=ends, seed=1)
    _ = follow.elements
    tracemalloc.start()
    rows = follow(row_blocks(4000)[0])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert rows["alpha"].size == 4000
    assert peak < 30e6


def test_cold_reservoirs(root_seed: int) -> None:
    """Outcomes that are never drawn and vanishing weights: no path is lost, nothing is divided by zero."""
    model = qubit_model([800.0, 0.5], repeat=10, angle=np.pi / 2)
    ensemble = sample(model, paths=5000, seed=root_seed, law=NoFiniteLaw("test"))
    assert np.isfinite(ensemble["sigma"]).all()
    mean, exact = ensemble.mean("heat_into_bath0"), averages(model).heat_into["bath0"].sum()
    assert abs(mean - exact) < 7 * ensemble.standard_error("heat_into_bath0")


def test_units_of_very_different_sizes() -> None:
    """Reservoirs with units of two and of five levels in one model: padding is never drawn."""
    composite = qubit_model([0.5]).composite
    baths = {
        "small": Reservoir(energies=[0.0, 1.0], inverse_temperature=0.5),
        "large": Reservoir(energies=[0.0, 1.0, 2.0, 3.0, 4.0], inverse_temperature=0.1),
        "none": Reservoir(energies=[0.0], inverse_temperature=1.0),
    }
    steps = [collide(composite, baths, name, ["S"], seed=2) for name in baths]
    model = CollisionModel(composite=composite, reservoirs=baths, steps=steps, repeat=2)
    assert p_value(model, "augmented", paths=PATHS, seed=3) > RATE
    follow = FollowedCollisions(model=model, endpoints=model.endpoints(AUGMENTED), seed=1, keep_labels=True)
    rows = follow(row_blocks(5000)[0])
    assert rows["mu"].max(axis=0).tolist() == [1, 4, 0, 1, 4, 0]
    assert rows["nu"].max(axis=0).tolist() == [1, 4, 0, 1, 4, 0]
    assert follow.elements.cumulative[:, -1].tolist() == [1.0, 1.0, 1.0]


def test_a_pure_start_and_the_kraus_protocol() -> None:
    rows = FollowedCollisions(
        model=case("pure qubit"), endpoints=case("pure qubit").endpoints(MeasurementProtocol.KRAUS), seed=1
    )(row_blocks(100)[0])
    assert set(rows["alpha"]) == {0}
    assert "beta" not in rows


def test_a_reservoir_that_nobody_meets_has_no_column() -> None:
    model = qubit_model([0.5, 1.5])
    spare = replace(
        model, reservoirs={"spare": Reservoir(energies=[0.0, 2.0], inverse_temperature=1.0), **model.reservoirs}
    )
    rows = FollowedCollisions(model=spare, endpoints=spare.endpoints(AUGMENTED), seed=1)(row_blocks(10)[0])
    assert "heat_into_spare" not in rows
    assert {"heat_into_bath0", "heat_into_bath1"} <= set(rows)


# Which class a path belongs to


def test_every_followed_path_finds_its_class() -> None:
    """Values of the class are those of the path."""
    for name in ("coherent units", "mixed reservoirs", "three parts"):
        law = exact_law(case(name))
        free = sample(case(name), paths=3000, seed=5, law=NoFiniteLaw("test"))
        index = ClassFinder(law=law)(dict(free.rows))
        assert (index >= 0).all()
        for quantity in ("sigma", "sigma_d", "xi"):
            np.testing.assert_allclose(law.quantity(quantity)[index], free[quantity], atol=1e-11)
        for label in ("alpha", "beta", "n", "m"):
            np.testing.assert_array_equal(getattr(law, label)[index], free[label])


def test_flows_and_labels_that_no_class_has_are_outside() -> None:
    law = exact_law(case("two baths"))
    right = sample(case("two baths"), paths=200, seed=5, law=NoFiniteLaw("test"))
    find = ClassFinder(law=law)
    for name, change in (("heat_into_bath0", 0.3), ("heat_into_bath1", 10.0), ("beta", 2), ("m", 7), ("alpha", 5)):
        rows = {**right.rows, name: right[name] + change}
        assert (find(rows) == -1).all(), name


def test_equal_heat_with_different_entropy_is_another_class() -> None:
    """Outcomes of one energy and different populations: heat alone does not tell the branch."""
    composite = qubit_model([0.5], state=State.bloch(0.4, 0.0, 0.2)).composite
    unit = {"unit": Reservoir(energies=[0.0, 1.0, 1.0], state=np.diag([0.5, 0.3, 0.2]))}
    model = CollisionModel(
        composite=composite, reservoirs=unit, steps=[collide(composite, unit, "unit", ["S"], seed=1)], repeat=2
    )
    law = exact_law(model)
    free = sample(model, paths=3000, seed=5, law=NoFiniteLaw("test"))
    index = ClassFinder(law=law)(dict(free.rows))
    assert (index >= 0).all()
    np.testing.assert_allclose(law.sigma[index], free["sigma"], atol=1e-11)
    np.testing.assert_allclose(law.heat[index], free["heat"], atol=1e-11)
