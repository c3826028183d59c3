"""The document: well formed, complete, closed to the outside, and the same every time, whatever is in the names."""

from __future__ import annotations

import base64
import json
import re
import shlex
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qtraj.errors import InvalidInput, StorageError
from qtraj.experiment.load import build_experiment
from qtraj.markup import visible
from qtraj.paths.sample import sample
from qtraj.plots import histogram
from qtraj.report import write_report
from qtraj.report.document import html_document
from qtraj.report.style import STYLE
from qtraj.report.subject import Subject
from qtraj.theorems.checks import Check, Verdict, identity
from qtraj.theorems.coverage import coverage_verdict
from qtraj.theorems.report import Report
from qtraj.theorems.verify import verify
from tests.plots.conftest import PROCESSES
from tests.report.reports import KINDS, NASTY, VERDICTS, nasty_experiment, subject_of, written
from tests.report.structure import Page, faults


def data_of(text: str) -> dict[str, Any]:
    (script,) = Page(text).texts["script"]
    document: dict[str, Any] = json.loads(script)
    return document


@pytest.mark.parametrize("kind", KINDS)
def test_the_page_is_well_formed_and_closed(kind: str) -> None:
    assert faults(written(kind).text) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_report_says_what_it_is_about(kind: str) -> None:
    report, text = written(kind).report, written(kind).text
    page = Page(text)
    assert str(report.verdict) == VERDICTS[kind]
    assert page.texts["title"] == [f"{report.verdict}: {visible(written(kind).experiment.name)}"]
    headings = page.texts["h2"]
    assert headings == [
        *("Verdict", "Checks", "Figures", "Exact and sampled", "Diagnostics", "Experiment", "How to reproduce")
    ]
    (body,) = page.texts["body"]
    assert str(report.verdict).upper() in body
    for check in report.checks:
        assert check.name in page.texts["code"] or visible(check.name) in page.texts["code"]
    assert f"seed {report.seed}" in body
    assert f"{report.paths:,} paths" in body


@pytest.mark.parametrize("kind", KINDS)
def test_figures_are_pictures_with_words(kind: str) -> None:
    images = Page(written(kind).text).all("img")
    assert len(images) >= 3
    for image in images:
        source, words = str(image["src"]), str(image["alt"])
        picture = base64.b64decode(source.removeprefix("data:image/svg+xml;base64,"), validate=True)
        assert ElementTree.fromstring(picture).tag.endswith("svg")
        assert re.search(r"\d", words)
        assert len(words) > 80
    assert len({str(image["alt"]) for image in images}) == len(images)


def test_the_words_of_a_picture_are_what_it_shows() -> None:
    ensemble = written("thermal operation").ensemble
    words = str(Page(written("thermal operation").text).all("img")[0]["alt"])
    assert re.match(r"Histogram of sigma with \d+ values from -\d", words)
    assert f"sampled mean is {ensemble.mean('sigma'):.5g}" in words
    assert f"exact mean is {ensemble.law.mean('sigma'):.5g}" in words


@pytest.mark.parametrize("kind", KINDS)
def test_the_data_are_those_of_the_report(kind: str) -> None:
    document, report = data_of(written(kind).text), written(kind).report
    expected = report.to_json()
    assert document["report"]["checks"] == expected["checks"]
    assert document["report"]["verdict"] == str(report.verdict)
    assert document["report"]["seed"] == report.seed
    assert "timings" not in document["report"]
    assert (document["format"], document["format_version"]) == ("qtraj report", 1)


@pytest.mark.parametrize("kind", KINDS)
def test_the_data_hold_the_experiment(kind: str) -> None:
    """What is in the file builds the same process: same law, or same jumps where there is none."""
    again = build_experiment("again", data_of(written(kind).text)["experiment"], Path("/nowhere"))
    process = written(kind).experiment.process
    assert getattr(again.process, "summary") == getattr(process, "summary")  # noqa: B009


def test_no_name_becomes_markup() -> None:
    text = written("nasty names").text
    assert "U<sup>" not in text, "nor a formula"
    assert "10<sup>5</sup>" not in text
    captions = Page(text).texts["figcaption"]
    assert any(caption.startswith(f"Heat into the reservoir {visible(f'hot {NASTY}')} (") for caption in captions)
    assert "<script>alert" not in text
    assert text.count("<script") == 1
    assert text.count("</style>") == 1
    assert text.count("</title>") == 1
    page = Page(text)
    assert page.texts["h1"] == [visible(f"name {NASTY}")]
    (body,) = page.texts["body"]
    assert visible(f"heat_into_hot {NASTY}") in body
    document = data_of(text)
    assert document["title"] == f"name {NASTY}"
    assert f"hot {NASTY}" in document["experiment"]["reservoirs"]


def test_equal_runs_give_equal_files(tmp_path: Path) -> None:
    """Although one took longer than the other."""
    again = subject_of("thermal operation")
    assert again.report.timings != written("thermal operation").report.timings
    file = write_report(tmp_path / "again.html", again.report, ensemble=again.ensemble, experiment=again.experiment)
    assert file.read_text(encoding="utf-8") == written("thermal operation").text


def test_a_date_is_written_if_there_is_one() -> None:
    text = html_document(Subject(report=failing(), title="one", date="Monday & Tuesday"))
    assert "Monday &amp; Tuesday" in text
    assert data_of(text)["date"] == "Monday & Tuesday"


def failing() -> Report:
    check = Check(
        name="mean_<b>sigma</b>",
        kind="statistical",
        sampled=0.4,
        standard_error=0.01,
        exact=0.2,
        verdict=Verdict.FAIL,
        tolerance=0.04,
        z=20.0,
        detectable=0.05,
        p_value=1e-80,
        note="Far off & <i>wrong</i>.",
    )
    checks = (identity("normalisation", 1.0, 1.0, 1e-12), check)
    return Report(checks=checks, paths=100, seed=1, protocol="augmented", sampler="counts", notes=("<u>a note</u>",))


def test_a_failure_says_what_fails() -> None:
    text = html_document(Subject(report=failing(), title="wrong"))
    assert faults(text) == []
    (body,) = Page(text).texts["body"]
    assert "FAIL: 1 of 2 checks rejects." in body
    assert "mean_<b>sigma</b> rejects: Far off & <i>wrong</i>." in body
    assert "<u>a note</u>." in body
    assert "<b>" not in text
    assert Page(text).texts["h2"] == ["Verdict", "Checks", "Diagnostics", "Experiment", "How to reproduce"]


def test_of_a_pooled_run_without_a_seed() -> None:
    report = Report(checks=failing().checks, paths=100, seed=None, protocol="augmented", sampler="counts")
    subject = Subject(report=report, title="pooled", experiment=nasty_experiment())
    assert faults(html_document(subject)) == []
    assert "seeds 1, 2" in html_document(replace(subject, report=replace(report, seeds=(1, 2))))


def test_every_kind_of_check_is_accounted_for() -> None:
    """The check of the support is neither identity nor statistical, and is counted with them."""
    seen = coverage_verdict("support", 0.998)
    report = Report(checks=(seen,), paths=100, seed=7, protocol="augmented", sampler="counts")
    text = html_document(Subject(report=report, title="seen", experiment=nasty_experiment()))
    assert "<code>support</code> holds: 99.8000" in text


def test_a_reason_that_checks_share_is_given_once() -> None:
    note = "Only 0.818 of the weight lies below the cut; 2000 paths would do."
    one = coverage_verdict("support", 0.818, needed=2000, note=note)
    report = Report(checks=(replace(one, name="first"), one), paths=100, seed=7, protocol="augmented", sampler="counts")
    text = html_document(Subject(report=report, title="unseen", experiment=nasty_experiment()))
    assert "<code>first</code>, <code>support</code> could not have been rejected: Only 0.818" in text
    assert "would settle" not in text


def test_the_ensemble_must_be_the_one() -> None:
    with pytest.raises(InvalidInput, match="`ensemble` must be the one that `report` is about, with 100 paths"):
        Subject(report=failing(), ensemble=written("thermal operation").ensemble, title="other")


def test_files_are_whole_or_as_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "report.html"
    file.write_text("before")
    with pytest.raises(StorageError, match="does not exist"):
        write_report(tmp_path / "none" / "report.html", failing())
    with pytest.raises(InvalidInput, match=r"must end in \.html or \.htm, but is"):
        write_report(tmp_path / "report.txt", failing())

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr("os.fsync", full)
        with pytest.raises(StorageError, match="no space left on device"):
            write_report(file, failing())
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]
    write_report(file, failing())
    assert file.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


@pytest.mark.parametrize("junk", [None, 3.5, "report", [], {}, object()])
def test_junk_is_refused_in_words(junk: Any, tmp_path: Path) -> None:
    file, right = tmp_path / "report.html", failing()
    with pytest.raises(InvalidInput, match="`report` must be of class Report, but is of class"):
        write_report(file, junk)
    for argument in ("ensemble", "experiment", "manifest", "title", "date"):
        if junk is not None and not (argument in ("title", "date") and isinstance(junk, str)):
            with pytest.raises(InvalidInput, match=f"`{argument}` must be of class"):
                write_report(file, right, **{argument: junk})
    if not isinstance(junk, str):
        with pytest.raises(InvalidInput, match="`path` must be a file name, but is of class"):
            write_report(junk, right)
    assert not file.exists()


def heat_captions(kind: str) -> list[str]:
    return [words.partition(" (")[0] for words in Page(written(kind).text).texts["figcaption"] if "(heat)" in words]


def test_captions_and_axes_say_the_same_of_the_heat() -> None:
    """There is one environment, or a bath with a name; several are the reservoirs of `heat_into_NAME`."""
    assert heat_captions("thermal operation") == ["Heat into the environment"]
    assert histogram(written("thermal operation").ensemble, "heat").get_xlabel().startswith("heat into the environment")
    assert heat_captions("jump process") == ["Heat into cold"]
    assert histogram(written("jump process").ensemble, "heat").get_xlabel().startswith("heat into cold")


def in_sentences(text: str) -> list[str]:
    """What stands in the page outside of code, cell by cell and sentence by sentence."""
    without = re.sub(r"<(code|pre|script|style|title)\b.*?</\1>", "", text, flags=re.DOTALL)
    page = Page(without)
    return [piece for tag in ("p", "li", "th", "td", "caption", "figcaption") for piece in page.texts.get(tag, [])]


def ascii_formulas(text: str) -> list[str]:
    """Pieces with backticks, powers, averages or symbols that were written for a terminal."""
    return [piece for piece in in_sentences(text) if re.search(r"`|\^|<e|\b(sigma|xi|lambda)(_d)?\b|k_B", piece)]


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "nasty names"])
def test_formulas_are_set_as_in_print(kind: str) -> None:
    assert ascii_formulas(written(kind).text) == []


def test_formulas_of_a_terminal_are_found() -> None:
    """Negative control of the test above."""
    for raw in ("the weight of &lt;e^-sigma&gt;", "give `rank`", "e^s P_B(-s)", "against sigma"):
        assert ascii_formulas(written("thermal operation").text.replace("</main>", f"<p>{raw}</p></main>")) != []


@pytest.mark.parametrize("kind", KINDS)
def test_rounding_is_shown_as_zero(kind: str) -> None:
    """Doubles of order one that should be 0 are 1e-16, which says nothing about the process."""
    cells = Page(written(kind).text).texts["td"]
    assert [cell for cell in cells if re.search(r"e-(1[3-9]|[2-9]\d)", cell)] == []
    assert any(0 < abs(check.sampled) < 1e-13 for check in written(kind).report.checks)


def test_the_style_serves_night_paper_and_phones() -> None:
    for rule in ("prefers-color-scheme: dark", "@media print", "overflow-x: auto", ":focus-visible", "color-scheme"):
        assert rule in STYLE
    assert "url(" not in STYLE
    assert "@import" not in STYLE


@pytest.mark.parametrize("kind", KINDS)
def test_the_command_shown_is_one_that_runs(kind: str) -> None:
    """In a shell and in Python, with the file that stands above it; all of it is run by docs/reports.md."""
    commands = [code for code in Page(written(kind).text).texts["code"] if code.startswith("qtraj verify")]
    assert len(commands) == 1
    _, _, file, *options = shlex.split(commands[0])
    assert re.fullmatch(r"[\w][\w.-]*\.toml", file)
    assert dict(zip(options[::2], options[1::2], strict=True)) == {
        "--paths": str(written(kind).report.paths),
        "--seed": "7",
        "--protocol": written(kind).report.protocol,
        "--sampler": written(kind).report.sampler,
    }


@pytest.mark.slow
@pytest.mark.parametrize("paths", [1, 10**12])
@pytest.mark.parametrize("name", PROCESSES)
def test_corner_cases_have_reports(name: str, paths: int) -> None:
    """Pure starts, degenerate levels, a thousand levels, a single path, temperatures from zero to infinity."""
    process = PROCESSES[name]()
    ensemble = sample(process, paths=paths, seed=7)
    report = verify(process, ensemble=ensemble, followed_paths=500)
    assert faults(html_document(Subject(report=report, ensemble=ensemble, title=name))) == []


# Negative controls: the reader must notice what is wrong.

GOOD = (
    "<!DOCTYPE html>\n<html lang='en'><head><title>t</title></head><body><header><h1>one</h1></header>"
    "<nav><a href='#x'>x</a></nav><main id='x'></main><footer></footer></body></html>"
)


def test_a_good_page_has_no_faults() -> None:
    assert faults(GOOD) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("<!DOCTYPE html>\n", "", "doctype"),
        (" lang='en'", "", "language"),
        ("</main>", "", "closes nothing"),
        ("</footer>", "</footer><p>", "closes nothing"),
        ("</main>", "<h3>three</h3></main>", "h3 after h1"),
        ("<footer>", "<footer id='x'>", "twice"),
        ("</main>", "<img src='#x' alt=''></main>", "alt"),
        ("</main>", "<table><tr><th>a</th></tr></table></main>", "scope"),
        ("</main>", "<script>1</script></main>", "program"),
        ("</main>", "<p onclick='f()'></p></main>", "onclick"),
        ("</main>", "<a href='https://example.org'>y</a></main>", "leads to"),
        ("</main>", "<img alt='a' src='picture.png'></main>", "leads to"),
        ("</main>", "<link rel='stylesheet'></main>", "can load"),
        ("#x", "#y", "nowhere"),
        ("</main>", "<p aria-labelledby='z'></p></main>", "names nothing"),
        ("</main>", "\u202e</main>", "control"),
        ("</main>", "<!-- remark --></main>", "comment"),
        ("<nav>", "<main id='y'></main><nav>", "2 times"),
    ],
)
def test_a_bad_page_has(old: str, new: str, fault: str) -> None:
    assert old in GOOD
    assert any(fault in one for one in faults(GOOD.replace(old, new)))
