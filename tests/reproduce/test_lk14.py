"""The reproductions of [LK14]: what is computed agrees with what is corrected, and the misprint shows."""

from __future__ import annotations

import pytest

from qtraj.reproduce.entry import Reproduction, Row
from qtraj.reproduce.lk14 import REPRODUCTIONS

ENTRIES = {entry.name: entry for entry in REPRODUCTIONS}

# The moment equations lose what the weakest coupling, 1e-4, leaves of a current between populations of order 1.
TOLERANCE = 1e-5


def right(row: Row) -> float:
    value = row.printed if row.corrected is None else row.corrected
    assert isinstance(value, float)
    return value


@pytest.mark.parametrize("entry", REPRODUCTIONS, ids=lambda entry: entry.name)
def test_ours_is_the_right_value(entry: Reproduction) -> None:
    for row in entry.rows():
        assert row.ours == pytest.approx(right(row), rel=TOLERANCE, abs=1e-16), row.quantity


@pytest.mark.parametrize("name", ["lk14-coupling", "lk14-frequency"])
def test_the_misprint_of_equation_13_is_told(name: str) -> None:
    wrong = [row for row in ENTRIES[name].rows() if row.corrected is not None]
    assert wrong
    for row in wrong:
        assert row.quantity.startswith("J_h, global")
        assert "Eq. (13)" in row.note
    errors = [abs(float(row.printed or 0) / right(row) - 1) for row in wrong]
    assert max(errors) > 50 * TOLERANCE


def test_the_sign_map_has_both_signs_where_the_paper_says() -> None:
    """The border is omega_h/T_h = omega_c/T_c = 1/2."""
    for row in ENTRIES["lk14-sign-map"].rows():
        frequency, temperature = (float(part.split(" = ")[1]) for part in row.quantity.split(", ")[1:])
        assert (float(row.ours) < 0) == (frequency / temperature > 0.5)
        assert bool(row.note) == (float(row.ours) < 0)


@pytest.mark.parametrize("entry", [e for e in REPRODUCTIONS if e.draw is not None], ids=lambda entry: entry.name)
def test_figures_can_be_drawn_and_name_their_axes(entry: Reproduction) -> None:
    figure = entry.figure()
    figure.draw_without_rendering()
    axes = figure.axes[0]
    assert axes.get_xlabel()
    assert axes.get_ylabel()


def test_global_currents_stay_positive_in_every_figure() -> None:
    for name in ("lk14-coupling", "lk14-frequency"):
        for row in ENTRIES[name].rows():
            if row.quantity.startswith("J_h, global"):
                assert float(row.ours) > 0
