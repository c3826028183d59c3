"""Everything that can be drawn has a name, and any name can be written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.mathtext import MathTextParser

from qtraj.errors import UnknownName
from qtraj.paths.law import QUANTITIES
from qtraj.plots.labels import SYMBOLS, axis_label, exponential_average, in_lines, reservoir_of, symbol
from tests.plots.other_processes import COLLISIONS, JUMPS, ensemble_of


@pytest.mark.parametrize("name", [*COLLISIONS, *JUMPS])
def test_everything_that_can_be_drawn_has_a_name(name: str) -> None:
    for quantity in ensemble_of(name).quantities:
        label, sign = axis_label(quantity), symbol(quantity)
        assert f"${sign}$" in label
        assert label.endswith("(energy)") == quantity.startswith(("heat", "work"))
        assert label.endswith("(nats)") == quantity.startswith(("sigma", "xi", "entropy"))
        reservoir = reservoir_of(quantity)
        assert reservoir is None or f" into {reservoir} " in label


def test_quantities_of_the_law_have_symbols() -> None:
    assert {*QUANTITIES, "heat", "work", "jumps"} <= set(SYMBOLS)
    assert all(f"${SYMBOLS[name]}$" in axis_label(name) for name in SYMBOLS)
    for name in ("sigmma", "heat_into_", "into_hot"):
        with pytest.raises(UnknownName):
            axis_label(name)


@pytest.mark.parametrize("quantity", [*SYMBOLS, "heat_into_a-b+c", "entropy_into_hot"])
def test_a_minus_before_a_sum_needs_brackets(quantity: str) -> None:
    """e^(-c - Delta i) is another average than that of e^-(c - Delta i)."""
    exponent = exponential_average(quantity).removeprefix(r"\langle e^{").removesuffix(r"}\rangle")
    expected = r"-(c-\Delta i)" if quantity == "sigma_beyond_information" else f"-{symbol(quantity)}"
    assert exponent == expected


def test_lines_break_between_words_and_never_in_a_formula() -> None:
    label = f"mean {axis_label('heat_into_a b $ c d e')} and {axis_label('sigma_beyond_information')}"
    for longest in (1, 10, 36, 200):
        broken = in_lines(label, longest)
        assert broken.replace("\n", " ") == label
        assert all(line.replace(r"\$", "").count("$") % 2 == 0 for line in broken.split("\n"))
    assert in_lines(label, 1).count("\n") > in_lines(label, 36).count("\n") > in_lines(label, 200).count("\n") == 0


@pytest.mark.filterwarnings("error")
@given(name=st.text(min_size=1, max_size=20))
def test_any_name_can_be_set(name: str) -> None:
    """Whatever a reservoir is called, its label is valid mathematics, and not longer than an axis."""
    text = symbol(f"heat_into_{name}")
    MathTextParser("path").parse(f"${text}$")
    assert (axis_label(f"heat_into_{name}").replace(r"\$", "").count("$")) == 2


def test_a_name_that_is_not_escaped_is_none() -> None:
    """Negative control of the test above."""
    with pytest.raises(ValueError, match="ParseSyntaxException"):
        MathTextParser("path").parse(r"$Q_{\mathrm{a_b_c^}}$")
