"""The legend of a histogram says what was sampled and what is exact, and nothing that nobody knows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qtraj.paths.ensemble import Ensemble
from qtraj.plots import histogram
from qtraj.plots.numerals import exact_number, number_with_error
from tests.plots.other_processes import ensemble_of
from tests.plots.reading import legend_texts

Draw = Callable[..., Ensemble]


def test_the_legend_says_what_the_averages_are(draw: Draw) -> None:
    ensemble = draw("qubit")
    _, variance, _ = ensemble.law.cumulants("sigma")
    second = ensemble.law.exponential_average("sigma", 2.0)
    assert legend_texts(histogram(ensemble, "sigma")) == [
        "",
        "sampled",
        "exact",
        r"$\langle \sigma\rangle$",
        f"${number_with_error(ensemble.mean('sigma'), (variance / ensemble.paths) ** 0.5)}$",
        f"${exact_number(ensemble.law.mean('sigma'))}$",
        r"$\langle e^{-\sigma}\rangle$",
        f"${number_with_error(ensemble.exponential_average('sigma'), ((second - 1) / ensemble.paths) ** 0.5)}$",
        "$1$",
    ]


def test_a_pure_start_is_held_against_one_minus_lambda(draw: Draw) -> None:
    ensemble = draw("pure")
    expected = exact_number(1 - ensemble.law.absolute_irreversibility)
    assert legend_texts(histogram(ensemble, "sigma"))[-1] == rf"${expected} = 1 - \lambda$"
    assert r"\lambda" not in legend_texts(histogram(draw("qutrit"), "sigma"))[-1]


def test_heat_has_no_exponential_average(draw: Draw) -> None:
    assert not [text for text in legend_texts(histogram(draw("qubit"), "heat")) if "e^" in text]


def test_rounding_is_not_written_as_a_number(draw: Draw) -> None:
    texts = legend_texts(histogram(draw("single"), "xi"))
    assert texts[4:6] == ["$0$", "$0$"]
    assert texts[7:9] == ["$1$", "$1$"]


def test_work_without_a_law_has_no_exact_mean() -> None:
    axes = histogram(ensemble_of("driven"), "work")
    assert "exact" not in legend_texts(axes)


def test_what_only_dephases_takes_no_entropy() -> None:
    texts = legend_texts(histogram(ensemble_of("dephasing"), "entropy_into_dephasing"))
    assert texts[-1] == "$0$"


def test_rounding_of_entropies_is_compared_with_a_nat() -> None:
    """Without coherence xi is 1e-17 and not zero, with a spread of the same size."""
    ensemble = ensemble_of("pure")
    assert np.abs(ensemble.law.quantity("xi")).max() < 1e-13
    texts = legend_texts(histogram(ensemble, "xi"))
    assert texts[4:6] == ["$0$", "$0$"]
    assert texts[7:9] == ["$1$", "$1$"]
