"""The page that `verify --figure` writes: the panels of the protocol, the heading, the same bytes every time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from qtraj.paths.ensemble import Ensemble
from qtraj.plots import ExactAverages, overview, save_figure
from qtraj.plots.style import PAGE_WIDTH, VERDICT_COLOURS, LegendAbove
from qtraj.theorems.checks import Check, Verdict, identity
from qtraj.theorems.report import Report
from qtraj.theorems.verify import verify
from tests.plots.other_processes import ensemble_of

Draw = Callable[..., Ensemble]


def report(verdict: Verdict, paths: int = 10_000) -> Report:
    checks: dict[Verdict, Check] = {
        Verdict.PASS: identity("normalisation", 1.0, 1.0, 1e-12),
        Verdict.FAIL: identity("normalisation", 1.0, 2.0, 1e-12),
        Verdict.INCONCLUSIVE: Check(
            name="support",
            kind="support",
            sampled=0.5,
            standard_error=0.1,
            exact=1.0,
            verdict=Verdict.INCONCLUSIVE,
            tolerance=0.1,
        ),
    }
    return Report(
        checks=(checks[verdict],), paths=paths, seed=0, protocol="augmented", sampler="counts", process="a qubit"
    )


def x_labels(figure: Figure) -> list[str]:
    return [axes.get_xlabel() for axes in figure.axes]


@pytest.mark.parametrize(
    ("protocol", "words"),
    [
        ("augmented", ["entropy", "", "entropy", "population", "coherence"]),
        ("energy-two-point", ["entropy", "", "entropy", "population", "coherence"]),
        ("eigenbasis-two-point", ["entropy", "", "entropy"]),
        ("kraus", ["heat"]),
    ],
)
def test_panels_are_those_the_protocol_defines(draw: Draw, protocol: str, words: list[str]) -> None:
    figure = overview(draw("qutrit", protocol=protocol))
    labels = x_labels(figure)
    assert len(labels) == len(words)
    assert all(label.startswith(word) for label, word in zip(labels, words, strict=True))
    figure.canvas.draw()
    width = figure.get_figwidth()
    assert width == (PAGE_WIDTH if len(words) > 1 else pytest.approx(4.5))


@pytest.mark.parametrize("verdict", list(Verdict))
def test_the_heading_says_what_was_found(draw: Draw, verdict: Verdict) -> None:
    figure = overview(draw("qubit"), report=report(verdict))
    assert figure.get_suptitle() == "a qubit, augmented protocol"
    (word,) = [text for text in figure.texts if text.get_text() == verdict.value.upper()]
    assert word.get_color() == VERDICT_COLOURS[verdict.value]
    assert any("10^{4}" in text.get_text() and "seed 0" in text.get_text() for text in figure.texts)


def test_without_a_report_there_is_no_verdict(draw: Draw) -> None:
    figure = overview(draw("qubit"), title="my qubit")
    assert figure.get_suptitle() == "my qubit, augmented protocol"
    assert not any(text.get_text().lower() in VERDICT_COLOURS for text in figure.texts)
    assert overview(draw("qubit")).get_suptitle() == "thermal-operation, augmented protocol"


def test_nothing_in_the_page_covers_anything_else(draw: Draw, name: str) -> None:
    check_boxes(overview(draw(name), report=report(Verdict.INCONCLUSIVE), log=name != "qubit"))


def check_boxes(figure: Figure) -> None:
    figure.canvas.draw()
    renderer = figure.canvas.get_renderer()  # type: ignore[attr-defined]
    head = [text.get_window_extent(renderer) for text in figure.texts]
    assert len(head) == 3
    legends = [box.get_window_extent(renderer) for box in figure.findobj(LegendAbove)]
    frames = [axes.get_window_extent(renderer) for axes in figure.axes]
    labels = [axes.xaxis.label.get_window_extent(renderer) for axes in figure.axes if axes.get_xlabel()]
    boxes = [*head, *legends, *frames, *labels]
    for k, box in enumerate(boxes):
        assert box.x0 >= 0
        assert box.x1 <= figure.bbox.x1
        assert box.y0 >= 0
        assert box.y1 <= figure.bbox.y1
        for other in boxes[k + 1 :]:
            assert not box.overlaps(other)


@pytest.mark.parametrize("paths", [1, 10**12])
def test_any_number_of_paths(draw: Draw, paths: int) -> None:
    overview(draw("qutrit", paths=paths), log=True).canvas.draw()


def test_the_same_page_has_the_same_bytes(draw: Draw, tmp_path: Path) -> None:
    contents = {
        save_figure(overview(draw("qubit"), report=report(Verdict.PASS)), tmp_path / f"{turn}.svg").read_bytes()
        for turn in range(2)
    }
    assert len(contents) == 1


def test_neighbours_share_their_edges(draw: Draw) -> None:
    figure = overview(draw("qubit"))
    figure.canvas.draw()
    sigma, line, difference, *_ = (axes.get_position() for axes in figure.axes)
    assert sigma.y1 == pytest.approx(line.y1, abs=1e-3)
    assert sigma.y0 == pytest.approx(difference.y0, abs=1e-3)
    assert all(isinstance(axes, Axes) for axes in figure.axes)


@pytest.mark.parametrize(
    ("process", "protocol", "words"),
    [
        ("thermal", "augmented", ["entropy p", "", "entropy p", "population", "coherence", "heat", "heat"]),
        ("coherent", "augmented", ["entropy p", "", "entropy p", "population", "coherence", "entropy i", "entropy i"]),
        ("three", "augmented", ["entropy p", "", "entropy p", "population", "coherence", *["heat"] * 4, ""]),
        ("three", "eigenbasis-two-point", ["entropy p", "", "entropy p", *["heat"] * 4, ""]),
        ("thermal", "kraus", ["heat", "heat"]),
        ("qutrit", "augmented", ["entropy p", "", "entropy p", "population", "coherence"]),
        ("network", "augmented", ["entropy p", "population", "coherence", "heat", "heat", "heat", ""]),
        ("network", "kraus", ["heat", "heat"]),
        ("junction", "augmented", ["entropy p", "population", "coherence", "heat", "heat", "heat", ""]),
        ("driven", "augmented", ["entropy p", "population", "coherence", "heat"]),
        ("driven", "eigenbasis-two-point", ["entropy p", "heat"]),
        ("dephasing", "augmented", ["entropy p", "population", "coherence"]),
        ("dephasing", "kraus", ["number of jumps"]),
    ],
)
def test_panels_of_other_processes(process: str, protocol: str, words: list[str]) -> None:
    """One panel a reservoir that anything goes into, the theorem where there is a law, and no empty place."""
    figure = overview(ensemble_of(process, protocol, 500))
    labels = x_labels(figure)
    assert len(labels) == len(words)
    assert all(label.startswith(word) for label, word in zip(labels, words, strict=True))


@pytest.mark.parametrize(
    "process",
    ["three", *(pytest.param(name, marks=pytest.mark.slow) for name in ("coherent", "network", "driven", "dephasing"))],
)
def test_nothing_in_their_pages_covers_anything_else(process: str) -> None:
    ensemble = ensemble_of(process)
    check_boxes(overview(ensemble, report=report(Verdict.PASS), log=process != "driven", title="a process"))


def test_exact_averages_come_from_the_report_or_the_caller(monkeypatch: pytest.MonkeyPatch) -> None:
    ensemble = ensemble_of("driven")

    def exact_means(**options: object) -> list[bool]:
        figure = overview(ensemble, **options)  # type: ignore[arg-type]
        return [any(line.get_label() == "exact mean" for line in axes.lines) for axes in figure.axes]

    assert exact_means() == [True] * 4
    monkeypatch.setattr("qtraj.plots.atoms.SMALL_SYSTEM", 1)
    assert exact_means() == [False] * 4
    assert exact_means(exact={"xi": ExactAverages.of(ensemble, "xi")}) == [False, False, True, False]
    assert exact_means(report=verify(ensemble.process, ensemble=ensemble)) == [True] * 4
    assert exact_means(report=report(Verdict.PASS)) == [False] * 4


def test_the_heading_says_which_units_are_measured_in_energy() -> None:
    def facts(process: str) -> str:
        return overview(ensemble_of(process)).texts[1].get_text()

    assert facts("measured").endswith("; energy of units measured: hot, cold")
    assert "measured" not in facts("coherent")
    assert "measured" not in facts("thermal")
