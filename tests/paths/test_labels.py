"""The refinement of classes to labels mu and nu, against the brute-force enumeration of all labelled paths."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from qtraj.errors import TooLarge
from qtraj.paths import labels as labels_module
from qtraj.paths.exact_law import exact_law
from qtraj.paths.labels import LabelTable
from qtraj.paths.law import PathLaw
from qtraj.quantum.parties import Environment
from qtraj.quantum.states import State
from tests.paths.cases import CASES, PROTOCOLS, case, haar_operation
from tests.paths.enumeration import Enumeration, enumerate_paths

# A split of 10^15 paths shows every share p to a relative accuracy of 1 / sqrt(p 10^15).
MANY = 10**15

# Of 8 standard errors the normal tail is 1e-15; some thousand shares are compared.
STANDARD_ERRORS = 8.0


def conditional_shares(law: PathLaw, table: LabelTable, seed: int) -> dict[tuple[int, ...], float]:
    """Share of every (mu, nu) in its class, from splitting very many paths: (alpha, mu, beta, nu, n, m) -> share."""
    roots = table.tree_of_class
    row, leaf, count = table.forest.counts(roots, np.full(law.classes, MANY), np.random.default_rng(seed))
    keys = zip(law.alpha[row], table.mu[leaf], law.beta[row], table.nu[leaf], law.n[row], law.m[row], strict=True)
    return {tuple(map(int, key)): int(c) / MANY for key, c in zip(keys, count, strict=True)}


def expected_shares(law: PathLaw, paths: Enumeration) -> dict[tuple[int, ...], float]:
    """The same from the enumeration: paths of one (alpha, beta, n, m) and one amount of heat are one class."""
    heat = np.searchsorted(law.heats - 1e-9, paths.heat, side="right") - 1
    keys = np.column_stack([paths.labels[:, [0, 2, 4, 5]], heat])
    _, own = np.unique(keys, axis=0, return_inverse=True)
    totals = np.bincount(own.ravel(), weights=paths.probabilities)
    shares = paths.probabilities / totals[own.ravel()]
    return {tuple(map(int, label)): float(share) for label, share in zip(paths.labels, shares, strict=True)}


@pytest.mark.parametrize("protocol", PROTOCOLS)
@pytest.mark.parametrize("name", [name for name in CASES if name != "cold environment"])
def test_shares_are_the_enumerated_conditional_probabilities(name: str, protocol: str, root_seed: int) -> None:
    """False-failure rate below 1e-9; a share of 1 % that is wrong by 1e-5 of itself fails."""
    operation = case(name)
    law = exact_law(operation, protocol=protocol)
    found = conditional_shares(law, LabelTable.of(operation, law), root_seed)
    expected = expected_shares(law, enumerate_paths(operation, protocol))
    assert found.keys() <= expected.keys()
    for label, share in expected.items():
        assert abs(found.get(label, 0.0) - share) < STANDARD_ERRORS * np.sqrt(share / MANY) + 1e-9 * share, label


def test_negative_control_even_shares_are_rejected(root_seed: int) -> None:
    """The comparison above rejects labels drawn evenly instead of by their Boltzmann weights."""
    operation = case("coherent qutrit")
    law = exact_law(operation, protocol="eigenbasis-two-point")
    expected = expected_shares(law, enumerate_paths(operation, "eigenbasis-two-point"))
    even = {label: 1.0 / sum(other[::2] == label[::2] for other in expected) for label in expected}
    wrong = [label for label in expected if abs(even[label] - expected[label]) > 8 * np.sqrt(expected[label] / MANY)]
    assert len(wrong) > len(expected) / 2


def test_every_label_pair_conserves_the_heat_of_its_class() -> None:
    operation = case("spins")
    law = exact_law(operation)
    table = LabelTable.of(operation, law)
    row, leaf, _ = table.forest.counts(table.tree_of_class, np.full(law.classes, 1_000_000), np.random.default_rng(1))
    energies = operation.environment.spectrum.energies
    np.testing.assert_allclose(energies[table.nu[leaf]] - energies[table.mu[leaf]], law.heat[row], atol=1e-12)


def test_cold_levels_that_no_run_can_reach_are_left_out() -> None:
    """An environment of 2000 levels at beta = 1000 keeps a few of its label pairs and not all of them."""
    environment = Environment.ladder(levels=2000, spacing=1.0, inverse_temperature=1000.0)
    operation = haar_operation([0.0, 1.0], State.haar(2, seed=1), environment)
    law = exact_law(operation, protocol="eigenbasis-two-point")
    table = LabelTable.of(operation, law)
    assert law.paths > 10_000
    assert table.mu.size < 100


def test_table_is_read_only_and_survives_pickling() -> None:
    operation = case("coherent qutrit")
    law = exact_law(operation)
    table = LabelTable.of(operation, law)
    for array in (table.mu, table.nu, table.tree_of_class):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1
    again = pickle.loads(pickle.dumps(table))
    before = table.forest.counts(table.tree_of_class, np.full(law.classes, 1000), np.random.default_rng(1))
    after = again.forest.counts(again.tree_of_class, np.full(law.classes, 1000), np.random.default_rng(1))
    for left, right in zip(before, after, strict=True):
        np.testing.assert_array_equal(left, right)


def test_too_many_label_pairs_are_refused_with_a_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(labels_module, "LARGEST_LABEL_TABLE", 20)
    operation = case("coherent qutrit")
    with pytest.raises(TooLarge, match="label pairs, but have more; use the counts sampler"):
        LabelTable.of(operation, exact_law(operation))
