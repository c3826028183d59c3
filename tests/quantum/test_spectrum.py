"""Levels, Bohr frequencies and total-energy blocks are grouped transitively, once, and in the order given."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.errors import InvalidSpectrum, TooLarge
from qtraj.quantum.spectrum import JointSpectrum, Spectrum, energies_of, group_values
from qtraj.strategies import energies, spectra


def groups_by_flooding(values: list[float], tolerance: float) -> list[int]:
    """Labels by repeatedly joining values that are close: the definition, written without sorting."""
    labels = list(range(len(values)))
    for _ in values:
        for i, first in enumerate(values):
            for j, second in enumerate(values):
                if abs(first - second) <= tolerance:
                    labels[i] = labels[j] = min(labels[i], labels[j])
    return labels


@given(st.lists(st.integers(-20, 20), min_size=1, max_size=8), st.integers(0, 4))
def test_grouping_is_transitive_closure(values: list[int], tolerance: int) -> None:
    labels, count = group_values(np.array(values, dtype=float), float(tolerance))
    expected = groups_by_flooding([float(value) for value in values], float(tolerance))
    assert count == len(set(expected))
    same = np.equal.outer(labels, labels)
    assert np.array_equal(same, np.equal.outer(expected, expected))
    # Labels count upwards in value.
    assert all(
        (labels[i] <= labels[j]) or values[i] > values[j] for i in range(len(values)) for j in range(len(values))
    )


def test_a_chain_of_small_gaps_is_one_level() -> None:
    spectrum = Spectrum(energies=[0.0, 0.3, 0.6, 0.9, 2.0], level_tolerance=0.35)
    assert spectrum.degeneracies.tolist() == [4, 1]
    assert spectrum.levels.tolist() == [0.0, 2.0]


@given(spectra((1, 6)))
def test_levels_keep_the_order_given(spectrum: Spectrum) -> None:
    assert np.allclose(spectrum.levels[spectrum.level_of], spectrum.energies, rtol=0, atol=spectrum.tolerance)
    assert (np.diff(spectrum.levels) > spectrum.tolerance).all()
    assert spectrum.degeneracies.sum() == spectrum.dimension
    assert spectrum.is_degenerate == (spectrum.levels.size < spectrum.dimension)


@given(spectra((1, 5)))
def test_bohr_frequencies_are_the_differences(spectrum: Spectrum) -> None:
    values, index = spectrum.bohr_frequencies()
    difference = spectrum.energies[:, None] - spectrum.energies[None, :]
    assert np.allclose(values[index], difference, rtol=0, atol=1e-11)
    assert np.array_equal(index.T, values.size - 1 - index)  # w_mn = -w_nm, and the list is symmetric
    assert values[values.size // 2] == 0.0


def test_a_ladder_shares_its_bohr_frequencies_and_a_ruler_does_not() -> None:
    assert Spectrum(energies=0.1 * np.arange(7)).bohr_frequencies()[0].size == 13
    assert Spectrum(energies=[0.0, 1.0, 3.0, 7.0]).bohr_frequencies()[0].size == 13


@given(energies((1, 4)), energies((1, 5)))
def test_blocks_partition_the_joint_levels_by_total_energy(own: np.ndarray, other: np.ndarray) -> None:
    joint = JointSpectrum(system=Spectrum(energies=own), environment=Spectrum(energies=other))
    flat = np.concatenate([batch.ravel() for batch in joint.blocks])
    assert np.array_equal(np.sort(flat), np.arange(own.size * other.size))
    blocks = [block for batch in joint.blocks for block in batch]
    total = (own[:, None] + other[None, :]).ravel()
    assert all(np.ptp(total[block]) < 1e-11 for block in blocks)
    lowest = np.sort([total[block].min() for block in blocks])
    assert lowest.size == 1 or np.diff(lowest).min() > 1e-11


def test_large_spread_keeps_small_gaps_apart() -> None:
    """Energies over six decades: the finest gap is 1e-6 of the largest energy, far above the tolerance."""
    spectrum = Spectrum(energies=[0.0, 1.0, 1e6, 1e6 + 1.0])
    assert spectrum.levels.size == 4
    assert spectrum.bohr_frequencies()[0].size == 9


def test_rounding_errors_of_resonant_sums_are_one_block() -> None:
    own = np.array([0.0, 0.1, 0.2, 0.30000000000000004])
    joint = JointSpectrum(system=Spectrum(energies=own), environment=Spectrum(energies=0.1 * np.arange(1000)))
    assert [batch.shape for batch in joint.blocks] == [(2, 1), (2, 2), (2, 3), (997, 4)]


@pytest.mark.parametrize(
    ("bad", "text"),
    [
        ([], "empty"),
        ([0.0, np.nan], "entry 1"),
        ([np.inf], "finite"),
        ([[0.0, 1.0]], "2 dimensions"),
        (3.0, "0 dimensions"),
        ("levels", "real numbers"),
        ([0.0, 1e151], "1e\\+151"),
    ],
)
def test_bad_energies_are_refused(bad: object, text: str) -> None:
    with pytest.raises(InvalidSpectrum, match=text):
        energies_of(bad)  # type: ignore[arg-type]


def test_refusals_carry_the_measured_number(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InvalidSpectrum, match=r"imaginary part of 0\.25") as caught:
        energies_of([0.0, 1.0 + 0.25j])
    assert caught.value.measured == 0.25
    monkeypatch.setattr("qtraj.quantum.spectrum.LARGEST_JOINT_DIMENSION", 1000)
    with pytest.raises(TooLarge, match="4 x 251 = ") as large:
        JointSpectrum(system=Spectrum(energies=np.arange(4.0)), environment=Spectrum(energies=np.arange(251.0)))
    assert large.value.measured == 1004
    with pytest.raises(InvalidSpectrum, match="`level_tolerance` must be finite"):
        Spectrum(energies=[0.0], level_tolerance=np.nan)


@pytest.mark.parametrize("attribute", ["energies", "level_of", "degeneracies", "levels"])
def test_arrays_are_read_only(attribute: str) -> None:
    given_energies = np.array([0.0, 1.0])
    spectrum = Spectrum(energies=given_energies)
    given_energies[0] = 7.0
    assert spectrum.energies[0] == 0.0
    with pytest.raises(ValueError, match="read-only"):
        getattr(spectrum, attribute)[0] = 5
