from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.errors import InvalidExperiment
from qtraj.experiment.overrides import apply_setting, find_non_finite, parse_setting


@pytest.mark.parametrize(
    ("text", "parts", "value"),
    [
        ("beta=1", ["beta"], 1),
        ("beta=1.5e-3", ["beta"], 1.5e-3),
        ("a.b.0=true", ["a", "b", "0"], True),
        ("a=[1, 2]", ["a"], [1, 2]),
        ('a={"kind": "gibbs"}', ["a"], {"kind": "gibbs"}),
        ('a={kind = "gibbs", beta = 1}', ["a"], {"kind": "gibbs", "beta": 1}),
        ("paths=1_000", ["paths"], 1000),
        ("kind=partial-swap", ["kind"], "partial-swap"),
        ('kind="haar"', ["kind"], "haar"),
        ("kind='haar'", ["kind"], "haar"),
        (" a . b = 3 ", ["a", "b"], 3),
        ("a=b=c", ["a"], "b=c"),
        ("a=", ["a"], ""),
        ("a=1\nb = 2", ["a"], "1\nb = 2"),
        ("a=null", ["a"], None),
        ("a=" + "[" * 5000, ["a"], "[" * 5000),
    ],
)
def test_a_value_is_json_else_toml_else_text(text: str, parts: list[str], value: Any) -> None:
    assert parse_setting(text) == (parts, value)


@pytest.mark.parametrize(
    "value",
    ["nan", "NaN", "inf", "-inf", "+inf", "Infinity", "-Infinity", "1e999", "[0, nan]", '{"x": [1, [Infinity]]}'],
)
def test_numbers_that_are_not_finite_are_refused(value: str) -> None:
    with pytest.raises(InvalidExperiment, match=r"^`a\.b[^`]*` must be finite, but is "):
        parse_setting(f"a.b={value}")


@pytest.mark.parametrize("text", ["", "a", "=1", ".=1", "a..b=1", " =1", "a.=1"])
def test_a_setting_needs_a_key_and_an_equals_sign(text: str) -> None:
    with pytest.raises(InvalidExperiment, match="must be followed by key=value"):
        parse_setting(text)


@pytest.mark.parametrize(
    ("parts", "complaint"),
    [
        (["system", "energies", "2"], r"`system\.energies\.2` must be a position .* positions 0 to 1, but is '2'"),
        (["system", "energies", "-1"], "positions 0 to 1, but is '-1'"),
        (["system", "energies", "last"], "positions 0 to 1, but is 'last'"),
        (["system", "energies", "01"], "positions 0 to 1, but is '01'"),
        (["system", "energies", "9" * 5000], "positions 0 to 1"),
        (["kind", "x"], r"`kind\.x` must be a key of the experiment, but `kind` is 'none' and has no parts"),
        (["empty", "0"], "has no positions"),
    ],
)
def test_a_key_that_leads_nowhere_is_refused(parts: list[str], complaint: str) -> None:
    document = {"kind": "none", "system": {"energies": [0, 1]}, "empty": []}
    with pytest.raises(InvalidExperiment, match=complaint):
        apply_setting(document, parts, 5)


def test_a_setting_reaches_into_lists_of_tables() -> None:
    document = {"steps": [{"on": ["A"]}, {"on": ["B"]}]}
    apply_setting(document, ["steps", "1", "on", "0"], "C")
    assert document == {"steps": [{"on": ["A"]}, {"on": ["C"]}]}


def test_what_is_left_open_becomes_a_table() -> None:
    document: dict[str, Any] = {"state": None}
    apply_setting(document, ["state", "kind"], "gibbs")
    apply_setting(document, ["other", "kind"], "gibbs")
    assert document == {"state": {"kind": "gibbs"}, "other": {"kind": "gibbs"}}
    with pytest.raises(InvalidExperiment, match=r"`state\.kind` is 'gibbs' and has no parts"):
        apply_setting(document, ["state", "kind", "x"], 1)


DOCUMENTS = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
)


@given(document=DOCUMENTS, spoilt=st.sampled_from([math.nan, math.inf, -math.inf]), wrapped=st.booleans())
def test_one_number_that_is_not_finite_is_found_anywhere(document: Any, spoilt: float, wrapped: bool) -> None:
    assert find_non_finite(document) is None
    whole = {"good": document, "bad": [document, {"x": spoilt}]} if wrapped else [spoilt, document]
    assert find_non_finite(whole) == (["bad", 1, "x"] if wrapped else [0])
