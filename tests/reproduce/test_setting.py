"""What an entry says its numbers are of gives these numbers again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from qtraj.density.jump_process import jump_process_averages
from qtraj.density.thermal_conductance import steady_heat_into
from qtraj.errors import UnknownName
from qtraj.models import build_model, find_model
from qtraj.reproduce.registry import REPRODUCTIONS, find_reproduction
from qtraj.reproduce.setting import Setting


def parameters(name: str) -> dict[str, Any]:
    return dict(find_reproduction(name).at()[0].parameters)


def ours(name: str, quantity: str) -> float:
    (row,) = [row for row in find_reproduction(name).rows() if row.quantity == quantity]
    assert isinstance(row.ours, float)
    return row.ours


@pytest.mark.parametrize("name", REPRODUCTIONS)
def test_every_entry_says_of_what_it_is_and_what_printed_means(name: str) -> None:
    entry = find_reproduction(name)
    assert entry.printed
    assert not entry.printed.endswith(".")
    settings = entry.at()
    assert settings
    assert len({setting.rows for setting in settings}) == len(settings)
    for setting in settings:
        assert str(setting).startswith("at (")
        if setting.is_model:
            build_model(setting.system, **setting.parameters)
        assert json.loads(json.dumps(setting.to_json()))["parameters"]
        # An entry that has several systems says which rows are of which, in words that stand in these.
        assert not setting.rows or any(setting.rows in row.quantity for row in entry.rows())


def test_the_systems_give_the_numbers_again() -> None:
    pair = build_model("resonant-pair", **parameters("diosi14-currents"), noise_strength=0.001)
    steady = jump_process_averages(pair).steady
    assert steady is not None
    assert ours("diosi14-currents", "heat current J_A, noise strength 0.001") == steady.heat_current_from["a"]

    collisions = build_model("coherent-collision", **parameters("li18-heat-current"), phase_difference=0.0)
    assert ours("li18-heat-current", "steady J_h, phase difference 0") == steady_heat_into(collisions)["hot"]

    qutrit = jump_process_averages(build_model("davies-qutrit", **parameters("santos19-davies")))
    assert ours("santos19-davies", "Sigma, Eq. (22), over t = 2") == pytest.approx(qutrit.entropy_production, abs=1e-12)

    given = {**parameters("lk14-coupling"), "coupling": 0.1, "approach": "global"}
    model = find_model("two-node-network")
    found = model.own_averages(model.build(**given), **given)["heat_current_from_hot"]
    assert ours("lk14-coupling", "J_h, global, epsilon = 0.1") == pytest.approx(found, rel=1e-10)


def test_another_system_gives_other_numbers() -> None:
    """Negative control: the medium of [LK14], whose default in the model is not that of the figures."""
    given = {**parameters("lk14-coupling"), "coupling": 0.1, "approach": "global"} | {"medium": "two-level"}
    model = find_model("two-node-network")
    found = model.own_averages(model.build(**given), **given)["heat_current_from_hot"]
    assert ours("lk14-coupling", "J_h, global, epsilon = 0.1") != pytest.approx(found, rel=0.01)


def test_parameters_that_no_model_has_are_refused() -> None:
    with pytest.raises(UnknownName, match="parameter of dephasing-qubit 'rat' is not known"):
        Setting.of_model("dephasing-qubit", rat=0.3)
    with pytest.raises(UnknownName, match="parameter of dephasing-qubit 'time' is not known"):
        Setting.of_model("dephasing-qubit", without=["time"])
