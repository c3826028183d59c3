"""Pooling ensembles: nothing is lost, nothing counts twice, and the order makes no difference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from qtraj.errors import InvalidInput
from qtraj.models import build_model
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.extend import extended
from qtraj.paths.pooling import in_words
from qtraj.paths.sample import sample
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from qtraj.theorems.verify import verify
from tests.paths.cases import case


def ensemble(seed: int = 1, *, paths: int | float = 10_000, **options: object) -> Ensemble:
    return sample(case("coherent qutrit"), paths=paths, seed=seed, **options)


def test_merging_adds_counts_and_leaves_both_alone() -> None:
    one, two = ensemble(1), ensemble(2, paths=500)
    before = np.array(one.class_counts), np.array(two.class_counts)
    both = one + two
    assert both.paths == len(both) == 10_500
    assert both.seeds == (1, 2)
    assert both.seed == 1
    np.testing.assert_array_equal(both.class_counts, before[0] + before[1])
    np.testing.assert_array_equal(one.class_counts, before[0])
    np.testing.assert_array_equal(two.class_counts, before[1])
    assert one.seeds == (1,)
    assert both.mean("sigma") == pytest.approx((one.mean("sigma") * 10_000 + two.mean("sigma") * 500) / 10_500)


def test_paths_outside_the_law_are_merged_too() -> None:
    one, two = (replace(ensemble(seed), paths=10_000 + seed, outside=seed) for seed in (3, 4))
    assert ((one + two).outside, (one + two).paths) == (7, 20_007)


def test_merging_is_the_same_either_way_and_in_any_order() -> None:
    one, two, three = (ensemble(seed, sampler="explicit", paths=100 * seed) for seed in (3, 1, 2))
    left, right = one + two, two.merge(one)
    np.testing.assert_array_equal(left["sigma"], right["sigma"])
    np.testing.assert_array_equal(left["sigma"], np.concatenate([two["sigma"], one["sigma"]]))
    assert left.seeds == right.seeds == (1, 3)
    for order in ((one + two) + three, one + (two + three), three + one + two):
        assert order.seeds == (1, 2, 3)
        assert order.paths == 600
        np.testing.assert_array_equal(order.class_counts, ((one + two) + three).class_counts)


def test_a_merged_ensemble_keeps_rows_only_if_both_have_them() -> None:
    assert (ensemble(1, sampler="explicit") + ensemble(2)).rows is None
    mixed = ensemble(1, sampler="explicit") + ensemble(2, sampler="followed")
    assert mixed["sigma"].shape == (20_000,)
    assert mixed.sampler == "explicit+followed"


def test_paths_that_would_count_twice_are_refused() -> None:
    one, two, three = ensemble(1), ensemble(2), ensemble(3)
    with pytest.raises(InvalidInput, match="must have different seeds to be merged, but both have 1"):
        one + ensemble(1, paths=5)
    with pytest.raises(InvalidInput, match="both have 2"):
        (one + two) + (two + three)


def test_ensembles_of_different_processes_are_refused() -> None:
    one = ensemble(1)
    for other in (
        ensemble(2, protocol="tpm"),
        ensemble(2, protocol="eigenbasis-two-point"),
        sample(case("spins"), paths=10, seed=2),
    ):
        with pytest.raises(InvalidInput, match="their laws differ"):
            one + other


def test_equal_probabilities_do_not_make_equal_processes() -> None:
    """Twice the energies at half the inverse temperature: the same probabilities and entropies, twice the heat."""

    def operation(scale: float) -> ThermalOperation:
        system = System(energies=scale * np.array([0.0, 1.0]), state=State.bloch(0.5, 0.2, -0.3))
        environment = Environment.ladder(levels=3, spacing=scale, inverse_temperature=1.0 / scale)
        unitary = EnergyConservingUnitary.haar(system, environment, seed=1)
        return ThermalOperation(system=system, environment=environment, unitary=unitary)

    one, two = (sample(operation(scale), paths=100, seed=seed) for seed, scale in ((1, 1.0), (2, 2.0)))
    np.testing.assert_array_equal(one.law.log_forward, two.law.log_forward)
    with pytest.raises(InvalidInput, match="their laws differ"):
        one + two
    # The same process built twice is the same process.
    again = sample(operation(1.0), paths=100, seed=3)
    assert (one + again).paths == 200


def test_only_ensembles_can_be_added() -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        ensemble() + 3


def test_pooling_many_seeds() -> None:
    pooled = ensemble(0, paths=10)
    for seed in range(1, 20):
        pooled = pooled + ensemble(seed, paths=10)
    assert pooled.paths == 200
    assert pooled.seeds == tuple(range(20))


# --- ensembles that qtraj did not draw --------------------------------------------------------------------------------


def foreign(seed: int) -> Ensemble:
    """As if another package had drawn it."""
    return replace(ensemble(seed, sampler="explicit", paths=300), sampler="elsewhere", seeds=())


def test_seeds_in_words() -> None:
    assert in_words((7,)) == "seed 7"
    assert in_words((1, 2)) == "seeds 1, 2"
    assert in_words(tuple(range(1, 7))) == "seeds 1, 2, 3, 4 and 2 more"


def test_without_seeds_nothing_speaks_of_one() -> None:
    one = foreign(1)
    assert "seed" not in repr(one)
    assert one.to_pandas().attrs["seeds"] == []
    assert one.seed == 0  # for whatever is drawn in addition


def test_ensembles_without_seeds_are_pooled_if_their_paths_differ() -> None:
    both = foreign(1) + foreign(2)
    assert (both.paths, both.seeds, both.sampler) == (600, (), "elsewhere")
    np.testing.assert_array_equal(both["sigma"], np.concatenate([foreign(1)["sigma"], foreign(2)["sigma"]]))
    with pytest.raises(InvalidInput, match="must have different paths to be merged, but have the same ones"):
        foreign(1) + foreign(1)


def test_paths_without_seeds_count_once_however_they_are_pooled() -> None:
    a, b, c, d = (foreign(seed) for seed in (1, 2, 3, 4))
    for one, other in ((a + b, a), (a, b + a), (a + b, b + a), ((a + b) + c, d + (c + b))):
        with pytest.raises(InvalidInput, match="must have different paths to be merged, but have the same ones"):
            one + other
    # Negative control: what is really different is pooled, in any order.
    both_ways = (a + b) + (c + d), d + (a + (c + b))
    assert [one.paths for one in both_ways] == [1200, 1200]
    assert both_ways[0].origins == both_ways[1].origins
    assert (ensemble(1) + ensemble(2)).origins == ()


def test_counts_without_seeds_are_known_by_their_counts() -> None:
    one, same, other = (replace(ensemble(seed), seeds=()) for seed in (1, 1, 2))
    assert (one + other).paths == 20_000
    with pytest.raises(InvalidInput, match="but have the same ones"):
        (one + other) + same


def test_one_run_of_jumps_is_one_run_whatever_was_measured_at_its_ends() -> None:
    """As one result of QuTiP that is read twice, with two seeds for the final measurements."""
    process = build_model("resonant-pair")

    def jumps(seed: int) -> Ensemble:
        return sample(process, paths=50, seed=seed, keep_records=True)

    one, two, three = (replace(jumps(seed), sampler="elsewhere", seeds=()) for seed in (1, 2, 3))
    two_ends = replace(two, records=one.records)
    for pair in ((one, two_ends), (one + three, two_ends)):
        with pytest.raises(InvalidInput, match="but have the same ones"):
            pair[0] + pair[1]
    assert (one + two).paths == 100


def test_with_and_without_a_seed_is_refused_either_way() -> None:
    one, other = foreign(1), ensemble(2, sampler="explicit")
    for first, second in ((one, other), (other, one)):
        with pytest.raises(InvalidInput, match="must both have seeds to be merged, or both have none"):
            first + second


def test_without_a_seed_nothing_can_be_extended() -> None:
    with pytest.raises(InvalidInput, match="must be a run of one seed to be extended, but has 0"):
        extended(foreign(1), 400)


def test_a_verdict_on_paths_from_elsewhere_names_no_seed() -> None:
    one = foreign(1)
    assert verify(one.process, ensemble=one, followed_paths=0).seed is None
