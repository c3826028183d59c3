"""The walk shows the path it was asked for, with the numbers of its row."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.axes import Axes

from qtraj.errors import InvalidInput, NotRecorded
from qtraj.paths.ensemble import Ensemble
from qtraj.paths.kraus import conditional_states
from qtraj.paths.sample import sample
from qtraj.plots import walk
from qtraj.plots.labels import SYMBOLS
from qtraj.plots.ladders import MOST_LEVELS, choose_levels
from qtraj.plots.numerals import exact_number
from qtraj.plots.style import figure_of
from qtraj.processes.thermal_operation import ThermalOperation
from qtraj.quantum.parties import Environment, System
from qtraj.quantum.states import State
from qtraj.quantum.unitaries import EnergyConservingUnitary
from tests.plots.other_processes import ensemble_of


def process(*, levels: int = 30, hamiltonian: bool = False) -> ThermalOperation:
    bath = Environment.ladder(levels=levels, spacing=1.0, inverse_temperature=0.4)
    if hamiltonian:
        system = System(hamiltonian=[[1.5, 0.0, 1.5], [0.0, 1.0, 0.0], [1.5, 0.0, 1.5]], state=State.haar(3, seed=2))
    else:
        system = System(energies=[0.0, 1.0, 3.0], state=State.haar(3, seed=2))
    unitary = EnergyConservingUnitary.haar(system, bath, seed=3)
    return ThermalOperation(system=system, environment=bath, unitary=unitary)


def followed(protocol: str = "augmented", **options: int) -> Ensemble:
    return sample(process(**options), paths=20, seed=5, protocol=protocol, sampler="followed")


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts if text.get_text()]


def bars(axes: Axes) -> list[np.ndarray]:
    """Lengths of the bars of each level diagram, in the order they were drawn: system twice, environment twice."""
    return [np.array([bar.get_width() for bar in container]) for container in axes.containers]


def test_every_protocol_writes_the_numbers_of_its_row(protocol: str) -> None:
    ensemble = followed(protocol)
    for index in (0, 7):
        axes = walk(ensemble, index=index)
        written = texts(axes)
        for name in ("sigma", "sigma_d", "xi", "heat"):
            found = [text for text in written if text.startswith(f"${SYMBOLS[name]} = ")]
            recorded = ensemble.law.records(name)
            assert len(found) == recorded
            if recorded:
                assert found[0].endswith(f" {exact_number(float(ensemble[name][index]), 4)}$")
        for name in ("mu", "nu"):
            assert any(text.startswith(rf"$\{name} = {ensemble[name][index]},") for text in written)
        figure_of(axes).canvas.draw()


def test_labels_of_the_augmented_protocol() -> None:
    ensemble = followed()
    written = texts(walk(ensemble, index=3))
    for name in (r"\alpha", r"\beta"):
        assert any(text.startswith(f"${name} = {ensemble[name[1:]][3]},") for text in written)
    for name in ("n", "m"):
        assert f"${name} = {ensemble[name][3]}$" in written


def test_what_a_protocol_does_not_measure_is_not_written() -> None:
    assert not any("beta" in text for text in texts(walk(followed("kraus"))))
    assert not any("alpha" in text for text in texts(walk(followed("energy-two-point"))))
    assert not any(text.startswith("$n =") for text in texts(walk(followed("eigenbasis-two-point"))))


def test_bars_are_how_the_measured_state_is_spread() -> None:
    ensemble = followed()
    before, after, gibbs, again = bars(walk(ensemble, index=3))
    ends = ensemble.law.endpoints
    for widths, end, outcome in ((before, ends.initial, "alpha"), (after, ends.final, "beta")):
        expected = np.exp(end.log_conditional[ensemble[outcome][3]])
        np.testing.assert_allclose(widths, expected, atol=1e-12)
    np.testing.assert_allclose(gibbs, again, atol=1e-12)
    np.testing.assert_allclose(gibbs[1:] / gibbs[:-1], np.exp(-0.4))


@pytest.mark.parametrize("hamiltonian", [False, True])
def test_an_unmeasured_end_shows_the_conditional_state(hamiltonian: bool) -> None:
    """Also where the Hamiltonian was given as a matrix, in a basis that is not its own."""
    ensemble = followed("kraus", hamiltonian=hamiltonian)
    operation = ensemble.process
    assert isinstance(operation, ThermalOperation)
    _, after, *_ = bars(walk(ensemble, index=2))
    labels = {name: np.array([int(ensemble[name][2])]) for name in ("alpha", "mu", "nu")}
    state = operation.system.basis.conj().T @ conditional_states(operation, **labels)[0]
    order = np.argsort(operation.system.spectrum.energies)
    np.testing.assert_allclose(after, (np.abs(state) ** 2)[order], atol=1e-9)
    assert after.sum() == pytest.approx(1.0)


def test_dots_are_at_the_levels_found() -> None:
    ensemble = followed()
    axes = walk(ensemble, index=3)
    dots = [line for line in axes.lines if line.get_marker() == "o" and line.get_markerfacecolor() != "white"]
    found = [float(np.asarray(dot.get_ydata())[0]) for dot in dots]
    centres = [[bar.get_y() + bar.get_height() / 2 for bar in container] for container in axes.containers]
    for place, name in enumerate(("n", "m")):
        assert found[place] == pytest.approx(centres[place][int(ensemble[name][3])])


def test_counts_alone_are_no_walk() -> None:
    with pytest.raises(NotRecorded, match=r"expand\(\)"):
        walk(sample(process(), paths=10))
    assert texts(walk(sample(process(), paths=10).expand()))


@pytest.mark.parametrize("index", [-1, 20])
def test_a_row_that_is_not_there(index: int) -> None:
    with pytest.raises(InvalidInput, match="`index` must be from 0 to 19"):
        walk(followed(), index=index)


def test_other_processes_are_refused() -> None:
    from dataclasses import replace

    class Other:
        """A process that is no thermal operation."""

        def __init__(self, inner: ThermalOperation) -> None:
            self.endpoints, self.branches, self.reversed = inner.endpoints, inner.branches, inner.reversed

    with pytest.raises(InvalidInput, match="but has those of Other"):
        walk(replace(followed(), process=Other(process())))


def test_a_thousand_levels_are_not_drawn() -> None:
    axes = walk(followed(levels=1000))
    assert [len(container) for container in axes.containers][2:] == [MOST_LEVELS, MOST_LEVELS]
    assert r"$\vdots$" in texts(axes)


@given(
    size=st.integers(min_value=1, max_value=200),
    first=st.integers(min_value=0, max_value=199),
    second=st.integers(min_value=0, max_value=199),
)
def test_the_levels_asked_for_are_chosen(size: int, first: int, second: int) -> None:
    first, second = first % size, second % size
    energies = np.arange(size) ** 1.5
    ladder = choose_levels(energies, np.full(size, 1 / size), [energies[first], energies[second]])
    assert energies[first] in ladder.energies
    assert energies[second] in ladder.energies
    assert ladder.energies.size == min(size, max(MOST_LEVELS, abs(first - second) + 1))
    assert ladder.more_below == (ladder.energies[0] > energies[0])
    assert ladder.more_above == (ladder.energies[-1] < energies[-1])
    assert ladder.energies.shape == ladder.weights.shape


def test_what_has_trajectories_instead_says_so() -> None:
    with pytest.raises(InvalidInput, match="has those of JumpProcess; see `trajectory`"):
        walk(ensemble_of("network"))
    with pytest.raises(InvalidInput, match=r"has those of CollisionModel$"):
        walk(ensemble_of("thermal"))
