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
from qtraj.reproduce.entry import AS_PRINTED, NOT_GIVEN, ONLY_OURS, PLOTTED, Reproduction, Row
from qtraj.reproduce.registry import REPRODUCTIONS, find_reproduction

ROOT = Path(__file__).resolve().parent.parent.parent

# Ours is good to this part of a value that a formula gives, or absolutely where values are of order one or below.
TIGHT = 1e-10

# Where it is not, and why.
LOOSE = {
    # Moment equations lose what the weakest coupling, 1e-4, leaves of a current between populations of order 1.
    "lk14-sign-map": 1e-6,
    "lk14-frequency": 1e-7,
    # Currents at a bias of 0.001 nats are 1e-6 of the rates that they are the difference of.
    "rfa13-reciprocity": 1e-9,
    # Conductances are differences of currents at two temperatures.
    "li18-conductance": 1e-8,
    "li18-linear-response": 1e-8,
}

# Numbers that the papers give with a few digits only, and formulas that they give to some order only.
FEW_DIGITS = {
    "conductance at T = 1, phase pi": 1e-5,
    "lambda in J_h = -lambda DT + c, T = 1, phase pi/4": 1e-5,
    "lambda in J_h = -lambda DT + c, T = 1, phase 5 pi/4": 1e-5,
    "c, T = 1, phase pi/4": 1e-5,
    "c, T = 1, phase 5 pi/4": 1e-4,
    "joint population of both excited, noise strength 0.001": 1e-6,
}

PAPERS = [name for name in REPRODUCTIONS if name.startswith(("santos19", "diosi14", "rfa13"))]


@cache
def table(name: str) -> dict[str, Row]:
    return {row.quantity: row for row in find_reproduction(name).rows()}


def agree(name: str, row: Row, right: float) -> bool:
    part = FEW_DIGITS.get(row.quantity, LOOSE.get(name, TIGHT))
    # Where values are far below one, they are right to a part of themselves, unless they are zero.
    return bool(row.ours == pytest.approx(right, rel=part, abs=1e-14 if right == 0 else 0.0))


@pytest.mark.parametrize("name", REPRODUCTIONS)
def test_entries_are_complete(name: str) -> None:
    entry = find_reproduction(name)
    assert entry.name == name
    assert entry.source.split(",")[0] in {"Santos19", "LK14", "Diosi14", "RFA13", "Li18"}
    assert entry.what.endswith(".")
    assert entry.remark.endswith(".") or not entry.remark
    assert len(table(name)) == len(entry.rows()), "no quantity stands there twice"
    for row in table(name).values():
        assert not isinstance(row.ours, float) or math.isfinite(row.ours)
        assert not row.note.endswith(".")


@pytest.mark.parametrize("name", REPRODUCTIONS)
def test_what_is_called_right_is_right(name: str) -> None:
    """Every formula, printed or corrected, against density matrices or paths."""
    for row in table(name).values():
        right = row.printed if row.corrected == AS_PRINTED else row.corrected
        if isinstance(right, float):
            assert agree(name, row, right), row
        elif isinstance(row.ours, str):
            assert row.ours == right, row


@pytest.mark.parametrize("name", REPRODUCTIONS)
def test_what_is_called_wrong_is_wrong(name: str) -> None:
    """Negative control: what is printed differs from the formula in its place, or from ours where there is none."""
    for row in table(name).values():
        if row.corrected == ONLY_OURS and isinstance(row.printed, float):
            assert not agree(name, row, row.printed), row
        elif isinstance(row.corrected, float) and isinstance(row.printed, float):
            assert row.printed != pytest.approx(row.corrected, rel=1e-10, abs=0.0), row


@pytest.mark.parametrize("name", REPRODUCTIONS)
def test_the_words_of_a_row_fit_together(name: str) -> None:
    for row in table(name).values():
        assert row.printed not in (AS_PRINTED, ONLY_OURS), row
        assert row.corrected not in (NOT_GIVEN, PLOTTED), row
        if row.printed in (NOT_GIVEN, PLOTTED):
            assert row.corrected != AS_PRINTED, row
        assert row.corrected != row.printed, row


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


def test_statements_that_are_wrong_have_counterexamples() -> None:
    assert table("santos19-thermal-operation")["C_cc of a pure qubit on a cold one, Eq. (30)"].ours < -0.03
    assert table("santos19-davies")["<e^-sigma_d>"].ours == pytest.approx(1.3143816545311, abs=1e-11)
    assert table("rfa13-junction")["dephasing of the largest current, E_L - E_R = 0.5"].ours == "none"
    assert table("diosi14-detuning")["J_A at omega_A / omega_B = 0.2"].ours > 0.002
    assert table("rfa13-reciprocity")["heat currents together, gamma = 0.2"].printed < -1e-4


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
