from __future__ import annotations

import json
import math

import numpy as np
import pytest

from qtraj.theorems.check_cells import check_cells
from qtraj.theorems.checks import Check, Verdict, identity
from qtraj.theorems.coverage import support_check
from qtraj.theorems.report import Report


def statistical(name: str = "mean_sigma", verdict: Verdict = Verdict.PASS, **changes: object) -> Check:
    given = {
        "name": name,
        "kind": "statistical",
        "sampled": 0.99932,
        "standard_error": 0.00045,
        "exact": 1.0,
        "verdict": verdict,
        "tolerance": 0.0018,
        "z": -1.51,
        "detectable": 0.0029,
        "note": "Sampled mean against the exact one.",
        "p_value": 0.13,
    }
    return Check(**(given | changes))  # type: ignore[arg-type]


def report(*checks: Check, **changes: object) -> Report:
    given = {"checks": checks, "paths": 10**6, "seed": 7, "protocol": "augmented", "sampler": "counts"}
    return Report(**(given | changes))  # type: ignore[arg-type]


def test_the_json_has_the_keys_of_the_contract_and_is_strict() -> None:
    found = report(
        statistical(),
        identity("normalisation", 1.0, 1.0, 1e-12),
        covered_weight=0.98,
        timings={"law": 0.25, "sample": math.nan},
    )
    line = json.loads(json.dumps(found.to_json(), allow_nan=False))
    contract = {"verdict", "paths", "seed", "protocol", "sampler", "checks", "covered_weight", "timings"}
    assert set(line) >= contract
    assert line["verdict"] == "pass"
    assert line["paths"] == 10**6
    assert line["checks"][0]["sampled"] == 0.99932
    assert line["covered_weight"] == 0.98
    assert line["timings"] == {"law": 0.25, "sample": None}
    assert set(line["reasons"]) == {"timings.sample"}


def test_missing_numbers_come_with_a_reason() -> None:
    line = report(statistical(), seed=None, covered_weight=None).to_json()
    assert line["seed"] is None
    assert line["covered_weight"] is None
    assert set(line["reasons"]) == {"seed", "covered_weight"}


def test_a_pass_says_how_much_could_be_seen() -> None:
    sentence = report(statistical(), statistical("mean_xi"), covered_weight=0.998).sentence
    assert sentence == "PASS: all 2 checks hold. The paths can have seen 99.80% of the weight of <e^-sigma>."


def test_a_failure_says_which_and_by_how_much() -> None:
    wrong = statistical(verdict=Verdict.FAIL, sampled=0.97, z=-66.7, p_value=1e-300)
    off = identity("normalisation", 1.0, 1.5, 1e-12)
    sentence = report(wrong, statistical("mean_xi"), off).sentence
    assert sentence.startswith("FAIL: 2 of 3 checks reject.")
    assert "mean_sigma: 0.97000 against 1.00000 (z = -66.70, p <= 1e-300)." in sentence
    assert "normalisation: 1 against 1.5, off by -0.5 where 1.5e-12 is rounding." in sentence
    assert "mean_xi" not in sentence
    assert "Exact numbers disagree, which is no chance" in sentence


def test_a_failure_by_chance_is_thought_of() -> None:
    sentence = report(statistical(verdict=Verdict.FAIL, sampled=0.97, z=-66.7, p_value=1e-300)).sentence
    assert "rejected in one run out of 1,000 at most; another seed will tell." in sentence


def test_an_inconclusive_report_says_what_would_do() -> None:
    support = support_check(log_probabilities=np.log([1 - 1e-9, 1e-9]), log_backward=np.log([0.5, 0.5]), paths=10**6)
    sentence = report(statistical(), support).sentence
    assert sentence.startswith("INCONCLUSIVE: nothing is rejected, but 1 of 2 checks could not have been.")
    assert sentence.endswith("3.92e+09 paths would do.")


def unsettled(name: str, note: str, paths_needed: int | None) -> Check:
    return statistical(name, Verdict.INCONCLUSIVE, note=note, paths_needed=paths_needed)


def test_a_reason_that_two_checks_share_is_given_once() -> None:
    note = "Only 0.818 of the weight lies below the cut; 8.39e+06 paths would do."
    sentence = report(unsettled("exp_minus_sigma", note, 8388608), unsettled("support", note, 8388608)).sentence
    assert sentence == (
        f"INCONCLUSIVE: nothing is rejected, but 2 of 2 checks could not have been. exp_minus_sigma, support: {note}"
    )


def test_different_reasons_are_summed_up() -> None:
    one, other = unsettled("exp_minus_sigma", "2000 would do.", 2000), unsettled("support", "3000 would do.", 3000)
    assert report(one, other).sentence.endswith(
        "exp_minus_sigma: 2000 would do. support: 3000 would do. A run of 3e+03 paths would settle all of them."
    )


def test_pooled_ensembles_name_their_seeds() -> None:
    found = report(statistical(), seed=None, seeds=(1, 2))
    assert str(found).splitlines()[0].endswith("sampler counts, seeds 1, 2")
    assert "seeds 1, 2" in repr(found)
    line = found.to_json()
    assert (line["seed"], line["seeds"]) == (None, [1, 2])
    assert report(statistical()).to_json()["seeds"] == [7]


def test_value_error_and_exact_value_line_up() -> None:
    table = str(report(statistical(), statistical("a", sampled=1.23456789e8, standard_error=2.5e3, exact=1.2345e8)))
    assert "0.99932" in table
    assert "0.00045" in table
    assert "1.00000" in table
    assert "1.234568e+08" in table
    assert "0.000025e+08" in table
    assert "1.234500e+08" in table


@pytest.mark.parametrize("scale", [1e-300, 1e-20, 1e-5, 1.0, 1e5, 1e8, 1e250])
def test_two_digits_of_the_error_are_shown_at_any_scale(scale: float) -> None:
    table = str(report(statistical(sampled=0.99932 * scale, standard_error=0.00045 * scale, exact=scale)))
    assert "99932" in table.replace(".", "")
    assert "45" in table


@pytest.mark.parametrize(
    ("sampled", "error", "exact", "shown"),
    [
        (3e120, 1e126, 1.0, ("3e+120", "1.0e+126", "1")),
        (1e126, 1e126, 1.0, ("1.0e+126", "1.0e+126", "1")),
        (0.03, 0.02, 4.2e-4, ("0.030", "0.020", "0.00042")),
        (0.4, 12.0, 123.0, ("0.4", "12", "123")),
        (0.03, 0.02, 0.0, ("0.030", "0.020", "0.000")),
        (2e-17, 0.02, 0.0, ("0.000", "0.020", "0.000")),
    ],
)
def test_no_value_is_lost_beside_a_large_error(
    sampled: float, error: float, exact: float, shown: tuple[str, ...]
) -> None:
    assert check_cells(statistical(sampled=sampled, standard_error=error, exact=exact))[1:4] == shown


def test_the_table_has_one_line_a_check_and_ends_in_words() -> None:
    found = report(
        statistical(),
        identity("normalisation", 1.0, 1.0, 1e-12),
        process="two-qubit-exchange",
        notes=("Errors common to both routes cannot be seen here.",),
    )
    lines = str(found).splitlines()
    assert lines[0] == "two-qubit-exchange, protocol augmented, 1,000,000 paths, sampler counts, seed 7"
    assert lines[2].split("  ")[0] == "check"
    assert lines[4].startswith("mean_sigma")
    assert lines[5].startswith("normalisation")
    assert lines[-2].startswith("PASS: all 2 checks hold.")
    assert lines[-1].startswith("Errors common")
    assert not any(line != line.rstrip() for line in lines)


def test_numbers_that_are_none_do_not_break_the_table() -> None:
    found = report(
        statistical(sampled=math.inf, standard_error=math.inf, exact=math.inf, z=None, detectable=math.nan),
        statistical(sampled=math.nan, z=math.nan, verdict=Verdict.FAIL, p_value=0.0),
        statistical(z=1e9, verdict=Verdict.FAIL),
        statistical(standard_error=0.0),
    )
    assert "inf" in str(found)
    assert "nan" in str(found)
    assert "+1.0e+09" in str(found)
    json.dumps(found.to_json(), allow_nan=False)


def test_html_is_escaped() -> None:
    page = report(
        statistical("<script>alert(1)</script>", verdict=Verdict.FAIL, note="a < b & c"),
        process="<b>x</b>",
        notes=("<i>",),
    )._repr_html_()
    assert "<script>" not in page
    assert "<b>" not in page
    assert "<i>" not in page
    assert "&lt;script&gt;" in page
    assert "a &lt; b &amp; c" in page
    assert page.count("<tr>") == 2


def test_a_report_cannot_be_changed_after_the_fact() -> None:
    timings = {"law": 1.0}
    found = report(statistical(), timings=timings)
    timings["law"] = 2.0
    assert found.timings["law"] == 1.0
    with pytest.raises(AttributeError):
        found.verdict = Verdict.FAIL  # type: ignore[misc]
