"""The figure of tails draws what the estimators say, and nothing where they cannot say it."""

from __future__ import annotations

import numpy as np
import pytest

from qtraj.errors import InvalidInput
from qtraj.paths.exact_law import exact_law
from qtraj.paths.sample import sample
from qtraj.paths.tilted import sample_tilted
from qtraj.plots.tails import tail
from qtraj.theorems.estimate_probability import estimate_probability
from tests.paths.jump_cases import davies


def test_points_are_the_estimates_and_end_where_they_do() -> None:
    process = davies()
    plain, tilted = sample(process, paths=1000, seed=1), sample_tilted(process, strength=-2.0, paths=1000, seed=1)
    law = exact_law(process)
    edges = np.linspace(-1.0, 4.0, 12)
    exact = np.array([law.probabilities[law.quantity("sigma") > edge].sum() for edge in edges])
    axes = tail([plain, tilted], thresholds=edges, exact=(edges, exact))
    lines = [container.lines[0].get_xydata() for container in axes.containers]
    for ensemble, line in zip((plain, tilted), lines, strict=True):
        for x, y in line:
            assert y == pytest.approx(estimate_probability(ensemble, "sigma", above=x).value)
    assert lines[0][-1, 0] < lines[1][-1, 0]
    assert lines[0][0, 0] < lines[1][0, 0]


def test_refusals() -> None:
    with pytest.raises(InvalidInput, match="at least one"):
        tail([])
