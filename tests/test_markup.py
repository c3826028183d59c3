"""Markup: whatever text goes in comes out of a parser as the same text, and nothing else does."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from hypothesis import given
from hypothesis import strategies as st

from qtraj.markup import Markup, escaped, facts, joined, prose, table, tag, visible


class Reader(HTMLParser):
    """Tags, attributes and texts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


# Surrogates included: file names that are no UTF-8 have them.
ANY_TEXT = st.text(st.characters(exclude_categories=()) | st.sampled_from("<>&\"'`\u202e\u2066\0\x85\ud800"))


@given(ANY_TEXT)
def test_text_stays_text(text: str) -> None:
    read = Reader(tag("p", text, title=text))
    assert read.tags == ["p"]
    assert read.text == visible(text)
    assert read.attributes == [("title", visible(text))]
    tag("p", text).encode("utf-8")


@given(ANY_TEXT)
def test_what_cannot_be_seen_is_written_out(text: str) -> None:
    shown = visible(text)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", shown)
    assert visible(shown) == shown


def test_letters_of_all_writings_stay() -> None:
    assert visible("hôt бак אב ファ\t\n") == "hôt бак אב ファ\t\n"


@given(ANY_TEXT, ANY_TEXT)
def test_joining_markup_with_text_gives_text(html: str, text: str) -> None:
    """So that what was put together by hand is escaped once more, and never once too little."""
    assert not isinstance(Markup(html) + text, Markup)
    assert escaped(escaped(text)) == escaped(text)
    assert Reader(joined([text, tag("br"), text])).tags == ["br"]


def test_attributes_that_are_none_are_left_out() -> None:
    assert tag("a", "x", href=None, tabindex=0) == '<a tabindex="0">x</a>'
    assert tag("img", src="data:,", alt="<") == '<img src="data:," alt="&lt;">'


def test_tables_have_scopes_and_captions() -> None:
    html = table(["<a>", "b"], [["1", "<2>"], ["3", tag("b", "4")]], caption="<c>", class_="numbers")
    assert html.startswith('<table class="numbers"><caption>&lt;c&gt;</caption><thead>')
    assert html.count('scope="col"') == html.count('scope="row"') == 2
    assert "<td>&lt;2&gt;</td>" in html
    assert "<td><b>4</b></td>" in html
    assert facts({"<a>": "<b>"}, caption="c").count("&lt;") == 2


@given(ANY_TEXT)
def test_prose_adds_no_tags_but_those_of_formulas(text: str) -> None:
    read = Reader(prose(text))
    assert set(read.tags) <= {"code", "sub", "sup"}
    assert read.attributes == []


@given(st.text("abc ,.<>&'\"()=", max_size=30))
def test_prose_without_formulas_stays_as_it_is(text: str) -> None:
    assert prose(text) == escaped(text)


def test_formulas_are_set() -> None:
    """Each as a reader sees it, and none where there is only something like it."""
    seen = {
        "<e^-sigma_d> and <e^(-s x)>": "⟨e−σd⟩ and ⟨e−s x⟩",
        "e^s P_B(-s), k_B = 1": "es PB(−s), kB = 1",
        "U^dag for U": "U† for U",
        "8.2e+03 and -1e-12": "8.2\u202f×\u202f103 and −1\u202f×\u202f10−12",
        "sigma - sigma_d is xi": "σ − σd is ξ",
        "mean_sigma of 'xi', --paths well-known 1-2": "mean_sigma of 'xi', --paths well-known 1-2",
        "give `rank <2>`": "give rank <2>",
        "an odd ` backtick": "an odd ` backtick",
    }
    for text, expected in seen.items():
        assert Reader(prose(text)).text == expected
    assert Reader(prose("`sigma`")).tags == ["code"]
    assert prose(Markup("<b>xi</b>")) == "<b>xi</b>"


def test_names_that_somebody_gave_are_no_formulas() -> None:
    name = "U^dag <e^-sigma> 1e5"
    read = Reader(prose(f"Heat into {name} and <e^-sigma>", names=[name]))
    assert read.text == f"Heat into {name} and ⟨e−σ⟩"
    assert read.tags == ["sup"]
    assert Reader(prose(f"Heat into {name}")).text != f"Heat into {name}", "negative control"
    # A name inside a longer word is not that name, and the longer one of two is meant.
    assert prose("sigma_d of xi", names=["sigma"]) == prose("sigma_d of xi")
    assert prose("xi of xi sigma", names=["xi", "xi sigma", ""]) == "xi of xi sigma"
    assert prose("a <b> c", names=["<b>"]) == "a &lt;b&gt; c"


def test_an_exponent_of_any_length_is_set() -> None:
    assert prose(f"1e{'9' * 5000}").endswith(f"<sup>{'9' * 5000}</sup>")
    assert [prose(f"2e{given}").partition("<sup>")[2] for given in ("-07", "+03", "-00", "0")] == [
        "\N{MINUS SIGN}7</sup>",
        "3</sup>",
        "0</sup>",
        "0</sup>",
    ]
