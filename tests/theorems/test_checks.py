from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qtraj.errors import InvalidInput
from qtraj.theorems.checks import Check, Verdict, identity, overall

CONTRACT = {
    "name",
    "kind",
    "sampled",
    "standard_error",
    "exact",
    "z",
    "tolerance",
    "verdict",
    "detectable",
}

numbers = st.floats(allow_nan=True, allow_infinity=True)


def verdict_of(*verdicts: Verdict) -> Verdict:
    return overall(
        Check(name="x", kind="support", sampled=0.0, standard_error=0.0, exact=0.0, verdict=v, tolerance=0.0)
        for v in verdicts
    )


def test_a_check_has_the_keys_of_the_contract() -> None:
    line = identity("normalisation", 1.0, 1.0, 1e-12).to_json()
    assert set(line) >= CONTRACT
    assert line["kind"] == "identity"
    assert line["verdict"] == "pass"
    assert line["z"] is None
    assert "z" in line["reasons"]


@given(
    st.builds(
        Check,
        name=st.text(),
        kind=st.sampled_from(["identity", "statistical", "support"]),
        sampled=numbers,
        standard_error=numbers,
        exact=numbers,
        verdict=st.sampled_from(Verdict),
        tolerance=numbers,
        z=st.none() | numbers,
        detectable=numbers,
        paths_needed=st.none() | st.integers(1, 10**300),
        note=st.text(),
        p_value=st.none() | numbers,
        details=st.dictionaries(st.text(max_size=5), numbers, max_size=3),
    )
)
def test_json_is_strict_and_gives_a_reason_for_every_null(check: Check) -> None:
    line = json.loads(json.dumps(check.to_json(), allow_nan=False))
    nulls = {key for key, value in line.items() if value is None}
    nulls |= {f"details.{key}" for key, value in line["details"].items() if value is None}
    assert nulls == set(line["reasons"])
    for key in ("sampled", "exact"):
        if line[key] is not None:
            assert line[key] == getattr(check, key)


def test_details_cannot_be_changed() -> None:
    details = {"cut": 1.0}
    check = Check(
        name="x",
        kind="support",
        sampled=0.0,
        standard_error=0.0,
        exact=0.0,
        verdict=Verdict.PASS,
        tolerance=0.0,
        details=details,
    )
    details["cut"] = 2.0
    assert check.details["cut"] == 1.0
    with pytest.raises(TypeError):
        check.details["cut"] = 3.0  # type: ignore[index]


@pytest.mark.parametrize(
    ("left", "right", "verdict"),
    [
        (1.0, 1.0 + 0.9e-12, "pass"),
        (1.0, 1.0 + 1.1e-12, "fail"),
        (1e6, 1e6 + 0.9e-6, "pass"),
        (1e6, 1e6 + 1.1e-6, "fail"),
        (1e-20, 0.0, "pass"),
        (math.inf, math.inf, "pass"),
        (math.inf, -math.inf, "fail"),
        (math.inf, 1.0, "fail"),
        (math.nan, math.nan, "fail"),
        (1.0, math.nan, "fail"),
    ],
)
def test_identity(left: float, right: float, verdict: str) -> None:
    assert str(identity("x", left, right, 1e-12).verdict) == verdict


@pytest.mark.parametrize("tolerance", [-1e-9, math.inf, math.nan])
def test_identity_refuses_a_tolerance_that_is_none(tolerance: float) -> None:
    with pytest.raises(InvalidInput, match="`tolerance` must"):
        identity("x", 1.0, 1.0, tolerance)


def test_fail_beats_inconclusive_beats_pass() -> None:
    assert verdict_of(Verdict.PASS, Verdict.INCONCLUSIVE, Verdict.FAIL) is Verdict.FAIL
    assert verdict_of(Verdict.PASS, Verdict.INCONCLUSIVE) is Verdict.INCONCLUSIVE
    assert verdict_of(Verdict.PASS, Verdict.PASS) is Verdict.PASS
    assert verdict_of() is Verdict.PASS
