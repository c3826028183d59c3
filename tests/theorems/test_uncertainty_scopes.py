"""The premises of the uncertainty relations, looked at in laws and processes that keep or break them."""

from __future__ import annotations

import numpy as np
import pytest

from qtraj.errors import NoFiniteLaw
from qtraj.models import build_model
from qtraj.paths.exact_law import exact_law
from qtraj.processes.seam import MeasurementProtocol
from qtraj.theorems.uncertainty_bounds import exchange_bound
from qtraj.theorems.uncertainty_scopes import exchange_defect, scopes_of, support_loss
from tests.theorems.test_uncertainty_relations import swap, three_levels

TPM = MeasurementProtocol.ENERGY


def test_a_law_that_is_its_own_mirror_image_has_no_defect() -> None:
    """Two values of either sign, e^s times as likely on one side as on the other."""
    entropy, current = np.array([0.2, -0.2, 1.5, -1.5]), np.array([1.0, -1.0, 0.3, -0.3])
    weight = np.array([1.0, 1.0, 0.4, 0.4]) * np.exp(entropy / 2)
    logs = np.log(weight / weight.sum())
    assert exchange_defect(entropy, current, logs) < 1e-15
    # As it is with the current turned round, and not with one value of it moved.
    assert exchange_defect(entropy, -current, logs) < 1e-15
    assert exchange_defect(entropy, current + np.array([0.0, 0.0, 0.1, 0.0]), logs) > 0.05


def test_a_law_that_is_not_its_mirror_image_has_a_defect() -> None:
    """Negative control of the premise, and of the bound: without it precision is cheaper."""
    current = np.array([1.0, 0.9])
    assert exchange_defect(np.array([0.2, 0.1]), current, np.log([0.5, 0.5])) > 0.4
    assert float(np.var(current) / current.mean() ** 2) < exchange_bound(0.15) / 1000


def test_scopes_by_process() -> None:
    process = swap(0.2, 1.2, 0.7)
    scopes = scopes_of(process, "heat", exact_law(process, protocol=TPM), TPM)
    assert [name for name, scope in scopes.items() if scope.applies] == ["exchange", "hysteretic"]
    assert scopes["exchange"].entropy == (("heat", pytest.approx(1.0)),)
    engine = three_levels()
    scopes = scopes_of(engine, "heat_into_hot", NoFiniteLaw("several temperatures"), TPM)
    assert all(scope.applies for scope in scopes.values())
    assert scopes["exchange"].entropy == (("sigma", 1.0),)


def test_without_a_law_nobody_can_see_the_exchange_theorem() -> None:
    process = swap(0.2, 1.2, 0.7)
    scope = scopes_of(process, "heat", NoFiniteLaw("pretended"), TPM)["exchange"]
    assert not scope.applies
    assert "nobody can see" in scope.reason


@pytest.mark.parametrize("with_law", [True, False])
def test_rounding_is_no_loss_of_support(with_law: bool) -> None:
    for name, parameters, lost in (
        ("davies-qutrit", {}, False),
        ("coherent-collision", {"collisions": 2}, True),  # from the ground state
    ):
        process = build_model(name, **parameters)
        law = exact_law(process) if with_law else NoFiniteLaw("pretended")
        assert (support_loss(process, law, MeasurementProtocol.AUGMENTED) > 0) == lost
