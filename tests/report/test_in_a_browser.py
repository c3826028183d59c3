"""Reports in a real browser: nothing fails, nothing is loaded, everything can be reached, on every screen and on paper.

Needs Chromium and its driver (Debian: `apt-get install chromium chromium-driver`); without them it is skipped. The
browser is started once; nothing compares pixels.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qtraj.markup import visible
from tests.report.reports import EVERY_TIME, KINDS, NASTY, written

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
DRIVER = shutil.which("chromedriver")

pytestmark = pytest.mark.skipif(
    not (BROWSER and DRIVER), reason="there is no chromium with chromedriver; on Debian install chromium-driver"
)

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)

# Smaller than any phone that is sold, and an ordinary screen.
PHONE, DESKTOP = 360, 1280

# WCAG 2.2, success criterion 1.4.3: contrast of text of ordinary size.
LEAST_CONTRAST = 4.5

MOST_STOPS = 200


class Viewer:
    """A browser that looks at reports."""

    def __init__(self, driver: Any, folder: Path) -> None:
        self.driver = driver
        self.folder = folder

    def show(self, kind: str, *, width: int = DESKTOP, scheme: str = "light", media: str = "screen") -> None:
        file = self.folder / f"{kind.replace(' ', '_')}.html"
        if not file.exists():
            file.write_text(written(kind).text, encoding="utf-8")
        self.command(
            "Emulation.setDeviceMetricsOverride",
            {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": width == PHONE},
        )
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.command("Emulation.setEmulatedMedia", {"media": media, "features": features})
        self.driver.get(file.as_uri())

    def command(self, name: str, arguments: dict[str, Any]) -> dict[str, Any]:
        result: dict[str, Any] = self.driver.execute_cdp_cmd(name, arguments)
        return result

    def run(self, script: str, *arguments: Any) -> Any:
        return self.driver.execute_script(script, *arguments)

    def complaints(self) -> list[str]:
        """What has been written to the console since the last look, by the page or by the browser about it."""
        return [str(entry["message"]) for entry in self.driver.get_log("browser")]

    def tree(self) -> list[tuple[str, str]]:
        """Role and name of everything that a screen reader is told about."""
        self.command("Accessibility.enable", {})
        nodes = self.command("Accessibility.getFullAXTree", {})["nodes"]
        told = [node for node in nodes if not node.get("ignored")]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in told]

    def press_tab(self) -> None:
        for kind in ("rawKeyDown", "keyUp"):
            key = {"type": kind, "key": "Tab", "code": "Tab", "windowsVirtualKeyCode": 9}
            self.command("Input.dispatchKeyEvent", key)


@pytest.fixture(scope="module")
def viewer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Viewer]:
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = str(BROWSER)
    for flag in (*FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    try:
        yield Viewer(driver, tmp_path_factory.mktemp("reports"))
    finally:
        driver.quit()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_fails_and_nothing_is_loaded(viewer: Viewer, kind: str) -> None:
    viewer.show(kind)
    assert viewer.complaints() == []
    loaded = viewer.run("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert [name for name in loaded if not name.startswith("data:")] == []
    assert viewer.run("return [...document.images].every(image => image.complete && image.naturalWidth > 100)")
    assert viewer.run("return JSON.parse(document.getElementById('data').textContent).report.verdict") == str(
        written(kind).report.verdict
    )


def test_the_policy_forbids_programs_and_connections(viewer: Viewer) -> None:
    """Negative control: were the policy ignored, the test above would find nothing either."""
    viewer.show("thermal operation")
    viewer.complaints()
    viewer.run(
        "const script = document.createElement('script'); script.textContent = 'window.ran = true';"
        "document.body.append(script);"
        "const image = document.createElement('img'); image.src = 'file:///nothing.png'; document.body.append(image);"
    )
    assert viewer.run("return window.ran === undefined")
    assert any("Content Security Policy" in message for message in viewer.complaints())


def test_screen_readers_find_their_way(viewer: Viewer) -> None:
    viewer.show("thermal operation")
    tree = viewer.tree()
    roles = [role for role, _ in tree]
    for landmark in ("banner", "navigation", "main", "contentinfo"):
        assert roles.count(landmark) == 1
    regions = [name for role, name in tree if role == "region"]
    headings = [name for role, name in tree if role == "heading"]
    links = [name for role, name in tree if role == "link"]
    assert headings[0] == "qubit_partial_swap"
    assert regions == links[1:]
    assert set(regions) <= set(headings)
    assert links[0] == "Skip to the verdict"
    assert ("navigation", "Contents") in tree
    images = [name for role, name in tree if role == "image"]
    assert len(images) >= 4
    assert all(len(name) > 80 for name in images)
    assert all(name for role, name in tree if role in ("group", "table", "columnheader", "rowheader"))
    assert {"columnheader", "rowheader", "caption"} <= {role.lower() for role in roles}


def test_the_keyboard_reaches_everything(viewer: Viewer) -> None:
    viewer.show("thermal operation", width=PHONE)
    stops = []
    for _ in range(MOST_STOPS):
        viewer.press_tab()
        stop = viewer.run(
            "const at = document.activeElement; if (at === document.body) return null;"
            "const style = getComputedStyle(at), box = at.getBoundingClientRect();"
            "return [at.tagName, at.getAttribute('href') ?? at.getAttribute('aria-label'),"
            "  style.outlineStyle !== 'none' || at.className === 'skip',"
            "  box.left >= 0 && box.top < innerHeight && box.bottom > 0]"
        )
        if stop is None:
            break
        stops.append(stop)
    else:
        pytest.fail("the keyboard never leaves the page")
    assert stops[0][1] == "#main"
    assert all(seen and inside for _, _, seen, inside in stops), "where the focus is must be visible"
    links = [name for tag, name, *_ in stops if tag == "A"]
    assert links == ["#main", *(f"#{name}" for name in viewer.run(SECTIONS))]
    boxes = [name for tag, name, *_ in stops if tag == "DIV"]
    wide = viewer.run(
        "return [...document.querySelectorAll('*')].filter(one => one.scrollWidth > one.clientWidth + 1"
        "  && getComputedStyle(one).overflowX === 'auto').map(one => one.getAttribute('aria-label'))"
    )
    assert len(wide) >= 3
    assert set(wide) <= set(boxes)


SECTIONS = "return [...document.querySelectorAll('section')].map(one => one.id)"


def test_the_first_link_skips_to_the_verdict(viewer: Viewer) -> None:
    viewer.show("thermal operation")
    viewer.press_tab()
    for kind in ("keyDown", "keyUp"):
        key = {"type": kind, "key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
        viewer.command("Input.dispatchKeyEvent", key)
    assert viewer.run("return document.activeElement.id") == "main"


@pytest.mark.parametrize("kind", KINDS)
def test_a_phone_never_scrolls_sideways(viewer: Viewer, kind: str) -> None:
    viewer.show(kind, width=PHONE)
    assert viewer.run("return document.documentElement.scrollWidth") <= PHONE
    beyond = viewer.run(
        "const inside = one => one.closest('.scroll') && !one.classList.contains('scroll');"
        "return [...document.querySelectorAll('body *')].filter(one => !inside(one) && !one.closest('.skip')"
        "  && one.getBoundingClientRect().right > innerWidth + 1).map(one => one.outerHTML.slice(0, 80))"
    )
    assert beyond == []
    # A figure as wide as the screen has letters of the size that its journal would print.
    assert viewer.run("return Math.min(...[...document.images].map(image => image.clientWidth))") > 0.85 * PHONE


OVERFLOWING = (
    "return [...document.querySelectorAll('.scroll')].map(one => [one.getAttribute('aria-label'),"
    "  one.scrollWidth > one.clientWidth, getComputedStyle(one, '::before').display !== 'none',"
    "  one.querySelector('table') !== null, one.tabIndex])"
)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "nasty names"])
def test_on_an_ordinary_screen_no_table_scrolls(viewer: Viewer, kind: str) -> None:
    """With the names that people give; nasty ones are as long as a sentence."""
    viewer.show(kind, width=1100)
    assert [name for name, wide, _, is_table, _ in viewer.run(OVERFLOWING) if wide and is_table] == []


@pytest.mark.parametrize("width", [PHONE, 700, DESKTOP])
def test_what_scrolls_says_so_and_nothing_else_does(viewer: Viewer, width: int) -> None:
    viewer.show("thermal operation", width=width)
    found = viewer.run(OVERFLOWING)
    assert [(name, hint) for name, _, hint, *_ in found] == [(name, wide) for name, wide, *_ in found]
    assert all(tab == 0 for *_, tab in found)
    assert any(wide for _, wide, *_ in found) == (width < DESKTOP)
    # Where the page is scrolled to does not matter, and paper has nothing to scroll.
    viewer.run("document.querySelectorAll('.scroll').forEach(one => { one.scrollLeft = 1e5; })")
    assert [hint for _, _, hint, *_ in viewer.run(OVERFLOWING)] == [wide for _, wide, *_ in found]
    viewer.show("thermal operation", width=width, media="print")
    assert not any(hint for _, _, hint, *_ in viewer.run(OVERFLOWING))


CONTRAST = """
const part = value => { value /= 255; return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4; };
const numbers = text => text.match(/[\\d.]+/g).map(Number);
const lightness = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
const ground = one => {
  for (; one; one = one.parentElement) {
    const colour = numbers(getComputedStyle(one).backgroundColor);
    if (colour.length === 3 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
const texts = [...document.querySelectorAll('body *')].filter(one => one.tagName !== 'SCRIPT'
  && [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim()));
return texts.map(one => {
  const [a, b] = [lightness(numbers(getComputedStyle(one).color)), lightness(ground(one))].sort((x, y) => y - x);
  return [(a + 0.05) / (b + 0.05), one.outerHTML.slice(0, 80)];
}).sort((x, y) => x[0] - y[0])[0];
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("kind", EVERY_TIME)
def test_text_can_be_read_by_day_and_night(viewer: Viewer, kind: str, scheme: str) -> None:
    viewer.show(kind, scheme=scheme)
    ratio, text = viewer.run(CONTRAST)
    assert ratio >= LEAST_CONTRAST, text


def test_the_night_is_dark_and_paper_is_white(viewer: Viewer) -> None:
    ground = "return getComputedStyle(document.body).backgroundColor"
    viewer.show("thermal operation")
    day = viewer.run(ground)
    viewer.show("thermal operation", scheme="dark")
    night = viewer.run(ground)
    viewer.show("thermal operation", scheme="dark", media="print")
    assert viewer.run(ground) == day == "rgb(255, 255, 255)"
    assert night == "rgb(20, 23, 26)"
    assert viewer.run("return getComputedStyle(document.querySelector('nav')).display") == "none"
    assert viewer.run("return getComputedStyle(document.querySelector('.scroll')).overflowX") == "visible"
    assert viewer.run(CONTRAST)[0] >= LEAST_CONTRAST


def test_on_paper_nothing_is_cut_off(viewer: Viewer) -> None:
    """At the width between the margins of A4: 180 mm."""
    viewer.show("thermal operation", width=round(180 / 25.4 * 96), media="print")
    assert viewer.run("return document.documentElement.scrollWidth <= innerWidth")


def test_names_are_text_and_nothing_else(viewer: Viewer) -> None:
    viewer.show("nasty names")
    assert viewer.complaints() == []
    assert viewer.run("return document.querySelector('h1').textContent") == visible(f"name {NASTY}")
    assert viewer.run("return document.title") == " ".join(f"pass: name {visible(NASTY)}".split())
    assert viewer.run("return document.scripts.length") == 1
    assert viewer.run("return JSON.parse(document.getElementById('data').textContent).title") == f"name {NASTY}"
