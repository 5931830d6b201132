"""The pages of a backtest in a real browser: nothing leaves, nothing fails, everything can be seen at any width."""

import json
import shutil
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.app.backtest.generated import write_day
from engine.cli import main
from tests.support.places import CONFIG

sync_api = pytest.importorskip("playwright.sync_api", reason="pip install 'fixlane[browser]' opens pages in a browser")
pytest.importorskip("jinja2")

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FOUND = next(filter(None, map(shutil.which, BROWSERS)), None)
pytestmark = [
    pytest.mark.skipif(FOUND is None, reason=f"no browser: none of {', '.join(BROWSERS)} is installed"),
    pytest.mark.timeout(180),
]
PAPERS = {"light": (255, 255, 255), "dark": (20, 24, 30)}
MOST_BYTES = 1_000_000
READABLE = 4.5  # contrast of text, as WCAG 2 counts it

# What is seen: each part with its name and its box, and the colours of the text and of the paper.
LOOK = """() => {
  const seen = selector => [...document.querySelectorAll(selector)].map(each => {
    const box = each.getBoundingClientRect();
    return {text: each.textContent.trim().slice(0, 40), left: box.left, right: box.right,
            width: box.width, height: box.height, visible: each.checkVisibility()};
  });
  const colours = name => getComputedStyle(document.body)[name].match(/\\d+/g).map(Number);
  return {headings: seen('h1, h2, h3'), panels: seen('.figures div'), pictures: seen('svg'), tables: seen('table'),
          lines: seen('svg .line'), rows: document.querySelectorAll('tr').length,
          wide: document.documentElement.scrollWidth, high: document.documentElement.scrollHeight,
          ink: colours('color'), paper: colours('backgroundColor')};
}"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a report, and with a comparison of two."""
    folder = tmp_path_factory.mktemp("pages")
    data = [str(path) for path in write_day(folder / "data", 1, 2)]
    for name, latency in (("one", "5"), ("two", "40")):
        words = ["--data", *data, "--latency", latency, "--out", str(folder / name), "--sensitivity"]
        assert main(["backtest", str(CONFIG / "engine.toml"), *words]) == 0
    assert main(["compare", str(folder / "one"), str(folder / "two"), "--page", str(folder / "comparison.html")]) == 0
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=FOUND, args=["--no-sandbox", "--disable-gpu"])
        yield found
        found.close()


class Opened:
    """One page, what it asked for and complained of, and what can be seen of it."""

    def __init__(self, browser: Any, path: Path, width: int, scheme: str, picture: Path) -> None:
        self.asked: list[str] = []
        self.complaints: list[str] = []
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page = context.new_page()
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("console", lambda message: self.complaints.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))
        page.goto(path.as_uri(), wait_until="networkidle")
        self.seen: dict[str, Any] = page.evaluate(LOOK)
        self.shots = [each.screenshot() for each in page.query_selector_all("svg")]
        picture.write_bytes(page.screenshot(full_page=True))
        self.size = struct.unpack(">II", picture.read_bytes()[16:24])
        context.close()


def luminance(colour: tuple[int, ...]) -> float:
    parts = [each / 255 for each in colour]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    dark, bright = sorted((luminance(one), luminance(other)))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("name", ["one/report.html", "comparison.html"])
def test_page_is_whole_at_every_width(
    made: Path, browser: Any, tmp_path: Path, name: str, width: int, scheme: str
) -> None:
    path = made / name
    assert path.stat().st_size < MOST_BYTES
    opened = Opened(browser, path, width, scheme, tmp_path / "page.png")
    seen = opened.seen
    assert opened.complaints == []
    assert [url for url in opened.asked if not url.startswith("data:")] == [path.as_uri()]
    assert seen["wide"] <= width  # nobody has to scroll sideways
    assert opened.size == (width, seen["high"])
    for each in (*seen["headings"], *seen["panels"], *seen["pictures"], *seen["tables"]):
        assert each["visible"] and each["width"] > 0 and each["height"] > 0, each
        assert each["left"] >= 0, each
    for each in (*seen["headings"], *seen["panels"], *seen["pictures"]):
        assert each["right"] <= width, each
    assert tuple(seen["paper"][:3]) == PAPERS[scheme]
    assert contrast(tuple(seen["ink"][:3]), tuple(seen["paper"][:3])) > READABLE
    assert all(len(shot) > 500 for shot in opened.shots)  # something is drawn


def test_report_shows_each_part_of_the_result(made: Path, browser: Any, tmp_path: Path) -> None:
    seen = Opened(browser, made / "one" / "report.html", 1440, "light", tmp_path / "page.png").seen
    told = json.loads((made / "one" / "result.json").read_bytes())
    traded = sum(1 for row in told["markets"] if row["fills"])
    headings = [each["text"] for each in seen["headings"]]
    assert len(seen["pictures"]) == 3 + 2 * min(traded, 3)
    assert all(each["width"] > 300 for each in seen["lines"])
    for wanted in ("What to know before believing it", "Over time", "Where it came from", "By strategy", "Markets"):
        assert wanted in headings, headings
    panels = " ".join(each["text"] for each in seen["panels"])
    assert f"Fills{told['fills']:,}" in panels
    assert f"Profit{told['pnl'] / 10 ** told['money_decimals']:,.2f}" in panels


def test_page_that_asks_somebody_would_be_noticed(made: Path, browser: Any, tmp_path: Path) -> None:
    """The test itself can fail: a picture from elsewhere is asked for, an error is heard, a wide part sticks out."""
    text = (made / "one" / "report.html").read_text()
    added = '<img src="http://127.0.0.1:9/x.png"><script>undefined.x</script><div style="width:3000px">wide</div>'
    path = tmp_path / "report.html"
    path.write_text(text.replace("</body>", f"{added}</body>"))
    opened = Opened(browser, path, 390, "light", tmp_path / "page.png")
    assert "http://127.0.0.1:9/x.png" in opened.asked
    assert len(opened.complaints) >= 2
    assert opened.seen["wide"] > 390
