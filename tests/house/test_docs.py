"""The pages themselves: their links lead somewhere, their code runs, their sentences fit a screen."""

import re
import tomllib
from pathlib import Path

import pytest

from engine.journal.segments import RecordKind
from engine.journal.writer import Journal
from engine.risk.fee_bound import NO_FEE
from engine.risk.fee_terms import FeeTerms
from engine.session.file.settings import read_session_file
from tests.support.desks import Scene
from tests.support.pages import DOCS, PAGES, anchors, code, links
from tests.support.places import ROOT

WITH_PYTHON = [path for path in sorted(DOCS.glob("*.md")) if code(path.read_text(), "python")]
names = pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)


@names
def test_link_of_a_page_leads_to_a_file_and_a_heading_of_it(path: Path) -> None:
    lost = []
    for target in links(path.read_text()):
        file, _, anchor = target.partition("#")
        place = (path.parent / file.replace("\\_", "_")).resolve() if file else path
        if not place.exists() or (anchor and anchor not in anchors(place.read_text())):
            lost.append(target)
    assert lost == []


def test_every_page_is_linked_from_another() -> None:
    linked = {
        (path.parent / target.partition("#")[0]).resolve() for path in PAGES for target in links(path.read_text())
    }
    assert [path.name for path in sorted(DOCS.glob("*.md")) if path not in linked] == []


@names
def test_module_or_file_that_a_page_names_exists(path: Path) -> None:
    if path.name == "CHANGELOG.md":
        return  # it names what was
    named = re.findall(r"`((?:engine|tests|bench|config)/[\w./]+\.(?:py|pyx|toml|cfg))`", path.read_text())
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", WITH_PYTHON, ids=lambda path: path.name)
def test_python_of_a_page_runs(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Run its blocks one after another, in a directory with a journal of one note."""
    monkeypatch.chdir(tmp_path)
    journal = Journal(Path("var/journal"), "T", Scene().instruments, 1)
    journal.append_note("HALT: by hand", 2)
    journal.close()
    space: dict[str, object] = {"__name__": "page"}
    for block in code(path.read_text(), "python"):
        exec(compile(block, str(path), "exec"), space)
    printed = {"journal.md": "2 HALT: by hand\n", "captures.md": "RAIN yes 4600 2500\n"}
    assert capsys.readouterr().out == printed.get(path.name, "")


def test_pages_with_python_are_those_that_promise_it() -> None:
    assert [path.name for path in WITH_PYTHON] == ["adding-a-venue.md", "captures.md", "journal.md", "strategy.md"]
    assert RecordKind.NOTE == 5


def test_strategy_of_the_page_trades_on_a_real_desk() -> None:
    space: dict[str, object] = {"__name__": "page"}
    (block,) = [each for each in code((DOCS / "strategy.md").read_text(), "python") if "class Bidder" in each]
    exec(block, space)
    bidder = space["Bidder"](space["Parameters"](qty=500))  # type: ignore[operator]
    scene = Scene(bidder)
    scene.delta(4_500, 100)
    (order,) = scene.orders.live()
    assert (order.price, order.order_qty, order.post_only, scene.halts) == (4_400, 500, True, [])


def test_venue_of_the_page_has_the_factories_that_the_configuration_finds() -> None:
    space: dict[str, object] = {"__name__": "page"}
    text = (DOCS / "adding-a-venue.md").read_text()
    exec(code(text, "python")[0], space)
    scene = Scene()
    dialect = space["orders"](scene.instruments)  # type: ignore[operator]
    order = scene.buy()
    assert b"\x011=MINE\x01" in dialect.new_order(order, 10**18)
    rule = space["fees"](FeeTerms())  # type: ignore[operator]
    assert (rule.charge(order, 4_600, 100, True), rule.bound(scene.rain)) == (0, NO_FEE)


def test_session_file_of_the_page_is_sound(tmp_path: Path) -> None:
    (block,) = code((DOCS / "session-files.md").read_text(), "ini")
    file = tmp_path / "initiator.cfg"
    file.write_text(block)
    found = read_session_file(file)
    assert (found.problems, found.warnings, len(found.sessions)) == ([], [], 1)


def test_toml_of_the_pages_is_toml() -> None:
    for path in PAGES:
        for block in code(path.read_text(), "toml"):
            tomllib.loads(block)
