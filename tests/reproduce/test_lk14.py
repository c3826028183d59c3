"""The reproductions of [LK14]: the misprint, the signs and the figures. That ours is right is tested with the rest."""

from __future__ import annotations

import pytest

from qtraj.reproduce.entry import AS_PRINTED, PLOTTED, Reproduction
from qtraj.reproduce.lk14 import REPRODUCTIONS

ENTRIES = {entry.name: entry for entry in REPRODUCTIONS}


@pytest.mark.parametrize("name", ["lk14-coupling", "lk14-frequency"])
def test_the_misprint_of_equation_13_is_told(name: str) -> None:
    wrong = [row for row in ENTRIES[name].rows() if row.printed != PLOTTED and row.corrected != AS_PRINTED]
    assert wrong
    for row in wrong:
        assert row.quantity.startswith("J_h, global")
        assert "Eq. (13)" in row.note
    assert max(abs(float(row.printed) / float(row.corrected) - 1) for row in wrong) > 5e-4


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
