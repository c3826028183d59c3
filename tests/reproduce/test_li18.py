"""The reproductions of [Li18]: signs, misprints and figures. That ours is right is tested with those of all papers."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from qtraj.plots.saving import save_figure
from qtraj.reproduce.entry import AS_PRINTED, NOT_GIVEN, Reproduction, Row
from qtraj.reproduce.li18 import REPRODUCTIONS
from qtraj.reproduce.registry import find_reproduction


@cache
def table(name: str) -> dict[str, Row]:
    return {row.quantity: row for row in find_reproduction(name).rows()}


def test_signs_are_those_of_the_paper() -> None:
    signs = {
        row.printed: float(row.ours) for row in table("li18-heat-current").values() if isinstance(row.printed, str)
    }
    assert signs["negative"] < 0 < signs["positive"]
    for row in table("li18-heat-current").values():
        if row.printed in ("negative", "positive"):
            assert (float(row.ours) > 0) == (row.printed == "positive"), row.quantity


@pytest.mark.parametrize(
    ("name", "quantity", "least"),
    [
        ("li18-heat-current", "critical coherence p_c, phase 3 pi/2", 1e-3),
        ("li18-heat-current", "critical coherence p_c, phase 5 pi/4", 0.02),
        ("li18-phase", "phase at which J_h vanishes near pi, gamma = pi/2", 0.4),
        ("li18-phase", "phase at which J_h vanishes near pi, gamma = pi/32", 0.02),
        ("li18-conductance", "temperature at which the conductance peaks, thermal units", 0.03),
        ("li18-conductance", "conductance at T = 1, phase 0", 5e-9),
        ("li18-linear-response", "coefficient of DT^2, T = 1, phase pi/4", 1e-3),
    ],
)
def test_misprints_are_no_small_matter(name: str, quantity: str, least: float) -> None:
    """As printed, these do not agree with ours, by far."""
    row = table(name)[quantity]
    assert isinstance(row.printed, float)
    assert isinstance(row.ours, float)
    assert abs(row.printed - row.ours) > least


@pytest.mark.parametrize(("phase", "percent"), [("pi/4", "2.1 %"), ("5 pi/4", "2.9 %")])
def test_one_sided_differences_say_how_far_they_are_off(phase: str, percent: str) -> None:
    """Lambda is right as printed; the difference is no value of the paper, and its note has the measured number."""
    rows = table("li18-linear-response")
    conductance = rows[f"lambda in J_h = -lambda DT + c, T = 1, phase {phase}"]
    one_sided = rows[f"[J_h(0) - J_h(DT)]/DT at DT = 0.01, T = 1, phase {phase}"]
    assert (conductance.corrected, one_sided.printed) == (AS_PRINTED, NOT_GIVEN)
    off = abs(float(one_sided.ours) / float(conductance.printed) - 1)
    assert f"{100 * off:.1f} %" == percent
    assert percent in one_sided.note


def test_a_thousand_collisions_are_not_the_steady_state() -> None:
    ratio = table("li18-heat-current")["J_h at collision 1000 over its steady value, phase 0"].ours
    assert isinstance(ratio, float)
    assert abs(ratio - 1) > 0.1


@pytest.mark.parametrize("entry", REPRODUCTIONS, ids=lambda entry: entry.name)
def test_figures_are_drawn_and_saved(entry: Reproduction, tmp_path: Path) -> None:
    """Without a warning (they are errors here), inside the page, and with names on the axes."""
    figure = entry.figure()
    assert save_figure(figure, tmp_path / "figure.png").stat().st_size > 10_000
    width, height = figure.get_size_inches()
    assert width <= 7.0
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    bottom = max(figure.axes, key=lambda axes: -axes.get_position().y0)
    assert bottom.get_xlabel()
    for axes in figure.axes:
        assert axes.get_ylabel() or axes.get_subplotspec().colspan.start > 0
        box = axes.get_tightbbox(renderer)
        assert box is not None
        assert min(box.x0, box.y0) >= 0
        assert box.x1 <= width * figure.dpi + 1
        assert box.y1 <= height * figure.dpi + 1


def test_currents_of_figure_2_have_the_papers_signs_at_the_end() -> None:
    figure = find_reproduction("li18-heat-current").figure()
    ends = [float(line.get_ydata()[-1]) for line in figure.axes[0].lines if len(line.get_xdata()) == 1000]  # type: ignore[arg-type]
    assert [end > 0 for end in ends] == [False, False, False, False, True, True, False]
    thermal = figure.axes[0].lines[-1].get_ydata()
    assert all(value < 0 for value in thermal)  # type: ignore[union-attr]
