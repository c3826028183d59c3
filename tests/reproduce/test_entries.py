"""Every reproduction: its table is right, its figure can be drawn, and nothing is imported before it is needed."""

from __future__ import annotations

import math
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from qtraj.errors import InvalidInput, UnknownName
from qtraj.plots.saving import save_figure
from qtraj.reproduce.entry import Reproduction, Row
from qtraj.reproduce.registry import REPRODUCTIONS, find_reproduction

ROOT = Path(__file__).resolve().parent.parent.parent

# Where ours is found by search or by a difference quotient, and not to rounding.
LOOSE = {
    "dephasing of the largest current, E_L - E_R = 5": 1e-5,
    "entropy production rate P": 1e-8,
}
TIGHT = 1e-10

PAPERS = [name for name in REPRODUCTIONS if name.startswith(("santos19", "diosi14", "rfa13"))]


@cache
def table(name: str) -> dict[str, Row]:
    return {row.quantity: row for row in find_reproduction(name).rows()}


@pytest.mark.parametrize("name", REPRODUCTIONS)
def test_entries_are_complete(name: str) -> None:
    entry = find_reproduction(name)
    assert entry.name == name
    assert entry.source.split(",")[0] in {"Santos19", "LK14", "Diosi14", "RFA13", "Li18"}
    assert entry.what.endswith(".")


@pytest.mark.parametrize("name", PAPERS)
def test_ours_is_the_right_formula(name: str) -> None:
    """The closed form against density matrices or paths."""
    assert len(table(name)) == len(find_reproduction(name).rows())
    for row in table(name).values():
        assert not isinstance(row.ours, float) or math.isfinite(row.ours)
        assert not row.note.endswith(".")
        if isinstance(row.corrected, float):
            assert row.ours == pytest.approx(row.corrected, abs=LOOSE.get(row.quantity, TIGHT)), row.quantity
        elif isinstance(row.corrected, str):
            assert row.ours == row.corrected, row.quantity


@pytest.mark.parametrize(
    ("name", "quantity", "least"),
    [
        ("diosi14-currents", "heat current J_A, noise strength 0.001", 1e-4),
        ("diosi14-currents", "heat current J_A, noise strength 0.1", 0.02),
        ("diosi14-currents", "current operator of section 1 in equilibrium, per Gamma omega", 0.5),
        ("diosi14-currents", "J_A at omega = 2, noise strength 0.1", 0.01),
        ("rfa13-junction", "heat current from right, gamma = 0.2", 5e-5),
        ("rfa13-junction", "entropy production P from the fluxes, gamma = 0.2", 0.002),
        ("rfa13-qubit", "heat current from the decoherence", 0.2),
        ("rfa13-reciprocity", "<R| M_dl^dag(H) |L> / C, gamma = 0.2", 0.1),
        ("rfa13-reciprocity", "force parameter x_d, gamma = 0.2", 1.0),
        ("rfa13-reciprocity", "<L| H |R>", 0.09),
        ("rfa13-reciprocity", "heat current from left, a bias of 0.001 nats", 1e-7),
        ("santos19-davies", "|rho_01| at t = 2, Eq. (5)", 0.4),
        ("santos19-thermal-operation", "|p'_01| on a ladder, Eq. (20)", 0.003),
    ],
)
def test_misprints_are_no_small_matter(name: str, quantity: str, least: float) -> None:
    """Negative control of the comparison above: as printed, these do not agree with ours."""
    row = table(name)[quantity]
    assert isinstance(row.printed, float)
    assert isinstance(row.ours, float)
    assert abs(row.printed - row.ours) > least


@pytest.mark.parametrize(
    ("name", "quantity"),
    [
        ("diosi14-currents", "J_A + J_B, noise strength 0.1"),
        ("rfa13-junction", "heat current from right, gamma = 0"),
        ("santos19-davies", "Sigma, Eq. (22), over t = 2"),
        ("santos19-davies", "Sigma_d, Eq. (24), over t = 2"),
        ("santos19-davies", "Xi, Eq. (25), over t = 2"),
        ("santos19-davies", "Pi_d at the start, Eq. (13)"),
        ("santos19-davies", "<e^-sigma>"),
        ("santos19-thermal-operation", "Sigma, Eq. (26): S(rho'_E || rho_E) + I"),
        ("santos19-thermal-operation", "C(rho'_SE), Eq. (28): C(rho_S)"),
        ("santos19-thermal-operation", "Xi, Eq. (31): C(rho'_E) + C_cc"),
        ("santos19-thermal-operation", "|p'_02| on a ladder, Eq. (20)"),
        ("santos19-thermal-operation", "<e^-sigma>, Eq. (40)"),
    ],
)
def test_what_is_printed_right_is_reproduced(name: str, quantity: str) -> None:
    row = table(name)[quantity]
    assert row.ours == pytest.approx(row.printed, abs=TIGHT)


def test_statements_that_are_wrong_have_counterexamples() -> None:
    assert table("santos19-thermal-operation")["C_cc of a pure qubit on a cold one, Eq. (30)"].ours < -0.03
    assert table("santos19-davies")["<e^-sigma_d>"].ours == pytest.approx(1.3143816545311, abs=1e-11)
    assert table("rfa13-junction")["dephasing of the largest current, E_L - E_R = 0.5"].ours == "none"
    assert table("diosi14-detuning")["J_A at omega_A / omega_B = 0.2"].ours > 0.002
    assert table("rfa13-reciprocity")["predicted heat currents together, gamma = 0.2"].ours < -1e-4


@pytest.mark.parametrize("name", [name for name in PAPERS if REPRODUCTIONS[name].draw is not None])
def test_figures_are_drawn_and_saved(name: str, tmp_path: Path) -> None:
    """Without a warning (they are errors here), inside the page, and twice the same."""
    figures = [find_reproduction(name).figure() for _ in range(2)]
    files = [save_figure(figure, tmp_path / f"{k}.png") for k, figure in enumerate(figures)]
    assert files[0].read_bytes() == files[1].read_bytes()
    width, height = figures[0].get_size_inches()
    assert width <= 7.0
    renderer = figures[0].canvas.get_renderer()
    for axes in figures[0].axes:
        assert axes.get_xlabel()
        assert axes.get_ylabel()
        box = axes.get_tightbbox(renderer)
        assert box.x0 >= 0
        assert box.y0 >= 0
        assert box.x1 <= width * figures[0].dpi + 1
        assert box.y1 <= height * figures[0].dpi + 1


def test_a_table_has_no_figure() -> None:
    with pytest.raises(InvalidInput, match="`rfa13-reciprocity` is a table and has no figure"):
        find_reproduction("rfa13-reciprocity").figure()


def test_misspelt_names_are_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(UnknownName, match="reproduction 'rfa13-qbit' is not known; did you mean 'rfa13-qubit'"):
        find_reproduction("rfa13-qbit")


def test_the_registry_needs_no_matplotlib() -> None:
    code = "import sys, qtraj.reproduce.registry; print('matplotlib' in sys.modules, 'numpy' in sys.modules)"
    result = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert result.stdout.split() == ["False", "True"]


def test_entries_cannot_be_changed() -> None:
    entry = find_reproduction("rfa13-qubit")
    with pytest.raises(AttributeError):
        entry.name = "other"  # type: ignore[misc]
    assert isinstance(entry, Reproduction)
    with pytest.raises(TypeError):
        REPRODUCTIONS["other"] = entry  # type: ignore[index]
