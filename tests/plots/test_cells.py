"""Cells hold every path and all probability, on the same atoms, whatever the bins."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from qtraj.errors import InvalidInput, NotRecorded
from qtraj.paths.ensemble import Ensemble
from qtraj.plots.cells import INVISIBLE_TAIL, MOST_ATOMS, _edges, axis_floor, frequency_interval, make_cells
from tests.plots.other_processes import COLLISIONS, JUMPS, ensemble_of

Draw = Callable[..., Ensemble]


@pytest.mark.parametrize("bins", ["auto", "atoms", 7, 200])
@pytest.mark.parametrize("quantity", ["sigma", "sigma_d", "xi", "heat"])
def test_a_logarithmic_axis_loses_no_path(draw: Draw, name: str, quantity: str, bins: str | int) -> None:
    ensemble = draw(name)
    cells = make_cells(ensemble, quantity, log=True, bins=bins)  # type: ignore[arg-type]
    assert cells.counts.sum() == ensemble.paths
    lost = 1 - cells.probabilities.sum()
    assert -1e-12 < lost <= axis_floor(ensemble.paths) * (2 + ensemble.law.classes * (bins in ("auto", "atoms")))


@pytest.mark.parametrize("quantity", ["sigma", "xi"])
def test_a_linear_axis_loses_only_the_tails(draw: Draw, name: str, quantity: str) -> None:
    cells = make_cells(draw(name), quantity)
    assert cells.counts.sum() + cells.below + cells.above == draw(name).paths
    assert cells.frequencies.sum() > 1 - 2 * INVISIBLE_TAIL - 1e-12
    assert cells.probabilities.sum() > 1 - 2 * INVISIBLE_TAIL - 1e-12


def test_atoms_are_those_of_the_law(draw: Draw) -> None:
    ensemble = draw("qubit")
    law = ensemble.law.distribution("sigma")
    cells = make_cells(ensemble, "sigma", log=True)
    assert cells.are_atoms
    np.testing.assert_array_equal(cells.centres, law.atoms)
    np.testing.assert_array_equal(cells.counts, law.counts(ensemble.class_counts))
    np.testing.assert_allclose(cells.probabilities, law.probabilities, rtol=1e-14)


def test_bins_add_up_the_atoms_between_their_edges(draw: Draw) -> None:
    ensemble = draw("ladder")
    law = ensemble.law.distribution("sigma_d")
    assert law.atoms.size > MOST_ATOMS
    cells = make_cells(ensemble, "sigma_d", log=True)
    assert not cells.are_atoms
    counts = law.counts(ensemble.class_counts)
    for k in range(cells.centres.size):
        inside = (law.atoms > cells.edges[k] + 1e-9) & (law.atoms < cells.edges[k + 1] - 1e-9)
        near = (law.atoms > cells.edges[k] - 1e-9) & (law.atoms < cells.edges[k + 1] + 1e-9)
        assert counts[inside].sum() <= cells.counts[k] <= counts[near].sum()
        exact = cells.probabilities[k]
        assert law.probabilities[inside].sum() * (1 - 1e-12) <= exact <= law.probabilities[near].sum() * (1 + 1e-12)


def test_rare_atoms_count_in_their_bin(draw: Draw) -> None:
    """Atoms too rare to be shown one by one may add up to a visible bin; leaving them out would lower the law."""
    ensemble = draw("ladder", paths=1000)
    law = ensemble.law.distribution("sigma")
    cells = make_cells(ensemble, "sigma", log=True, bins=1)
    inside = (law.atoms >= cells.edges[0]) & (law.atoms <= cells.edges[-1])
    assert (law.probabilities[inside] < axis_floor(1000)).sum() > 10
    assert cells.probabilities[0] == pytest.approx(law.probabilities[inside].sum(), rel=1e-12)


def test_what_was_seen_is_shown_although_the_law_forbids_it(draw: Draw) -> None:
    """A histogram that cuts by the law alone would hide that sample and law disagree."""
    ensemble = draw("qutrit", paths=1000)
    rarest = int(np.argmin(ensemble.law.log_forward))
    counts = np.zeros(ensemble.law.classes, dtype=np.int64)
    counts[rarest] = 1000
    wrong = Ensemble(
        process=ensemble.process, finite_law=ensemble.law, sampler="counts", seeds=(0,), paths=1000, class_counts=counts
    )
    for log in (False, True):
        assert make_cells(wrong, "sigma", log=log).counts.sum() == 1000


@pytest.mark.parametrize("bins", [0, -3, 2001, 2.5, True, "many", None])
def test_bins_that_are_none(draw: Draw, bins: object) -> None:
    with pytest.raises(InvalidInput, match="`bins` must be"):
        make_cells(draw("qubit", paths=10), "sigma", bins=bins)  # type: ignore[arg-type]


def test_a_quantity_that_is_not_recorded(draw: Draw) -> None:
    with pytest.raises(NotRecorded, match="sigma"):
        make_cells(draw("qubit", paths=10, protocol="kraus"), "sigma")


@given(
    paths=st.integers(min_value=1, max_value=10**15), share=st.floats(min_value=0.0, max_value=1.0), near=st.booleans()
)
def test_an_interval_holds_its_frequency(paths: int, share: float, near: bool) -> None:
    count = min(paths, int(10 * share)) if near else min(paths, int(share * paths))
    low, high = frequency_interval(np.array([count]), paths)
    assert 0 <= low[0] <= count / paths <= high[0] <= 1
    assert high[0] > 0


def test_intervals_cover_what_they_promise() -> None:
    """Exact coverage, summed over all counts, averaged over probabilities: 68 % within 3 %."""
    paths = 400
    counts = np.arange(paths + 1)
    low, high = frequency_interval(counts, paths)
    probabilities = np.linspace(0.01, 0.99, 397)
    weights = stats.binom.pmf(counts[None, :], paths, probabilities[:, None])
    covered = ((low <= probabilities[:, None]) & (probabilities[:, None] <= high)) * weights
    assert covered.sum(axis=1).mean() == pytest.approx(0.6827, abs=0.03)
    # Negative control: half as wide, they do not.
    half = 0.5 * (low + high) + 0.25 * np.stack([low - high, high - low])
    covered = ((half[0] <= probabilities[:, None]) & (probabilities[:, None] <= half[1])) * weights
    assert covered.sum(axis=1).mean() < 0.5


def test_intervals_at_the_ends() -> None:
    low, high = frequency_interval(np.array([0, 100]), 100)
    assert low[0] == 0
    assert high[1] == 1
    assert 1e-3 < high[0] < 0.02
    assert low[1] == pytest.approx(1 - high[0])


@pytest.mark.parametrize("name", [*COLLISIONS, *JUMPS])
@pytest.mark.parametrize("bins", ["auto", 30])
def test_no_path_is_lost_of_any_process(name: str, bins: str | int) -> None:
    ensemble = ensemble_of(name)
    for quantity in ensemble.quantities:
        cells = make_cells(ensemble, quantity, log=True, bins=bins)  # type: ignore[arg-type]
        assert cells.counts.sum() == ensemble.paths
        assert (cells.probabilities is None) == (ensemble.finite_law is None)
        assert (np.diff(cells.centres) > 0).all()
        values, counts = ensemble.values(quantity)
        mean = cells.frequencies @ cells.centres
        assert mean == pytest.approx(counts @ values / ensemble.paths, abs=0.51 * cells.widths.max() + 1e-12)


def test_atoms_that_cannot_be_told_apart_share_a_bar(draw: Draw) -> None:
    """xi of the three reservoirs has clusters of atoms, a thousandth of the axis apart: behind each other they would
    look like a law that the sample exceeds."""
    ensemble = ensemble_of("three")
    every, joined = (make_cells(ensemble, "xi", log=True, bins=bins) for bins in ("atoms", "auto"))
    assert every.are_atoms
    assert joined.are_atoms
    assert joined.centres.size < every.centres.size
    assert np.diff(joined.centres).min() > 0.5 * joined.widths[0] > np.diff(every.centres).min()
    assert joined.counts.sum() == every.counts.sum()
    assert every.spread == 0.0
    # As wide as the widest bar, and no wider than the 90th of the axis that two of them would need.
    assert 0 < joined.spread <= np.ptp(every.centres) / 90
    near = np.subtract.outer(every.centres, every.centres)
    assert np.isclose(near, joined.spread, rtol=1e-12).any()
    assert joined.probabilities is not None
    assert every.probabilities is not None
    assert joined.probabilities.sum() == pytest.approx(every.probabilities.sum(), abs=1e-6)
    assert joined.probabilities @ joined.centres == pytest.approx(every.probabilities @ every.centres, abs=1e-6)


def test_bins_of_whole_quanta_hold_equally_many_of_them() -> None:
    """A hundred quanta in ninety bins would make a comb: ten bins of two among eighty of one."""
    heats = np.arange(100.0) - 50
    edges = _edges(heats, None, None)
    assert set(np.histogram(heats, edges)[0]) == {2}
    comb = np.histogram(heats, _edges(heats, 90, None))[0]
    assert set(comb) == {1, 2}


def test_few_paths_without_a_law_get_few_bins() -> None:
    values = np.sort(np.random.default_rng(1).normal(size=400))
    assert _edges(values, None, 400).size == 21
    assert _edges(values, None, 10**6).size == 91
    assert _edges(values, None, None).size == 91
