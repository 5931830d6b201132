"""Markets that come and go in a view: a reader never takes one for another."""

import json
from pathlib import Path

import pytest

from engine import fix
from engine.ops.metrics.families import ViewCollector
from engine.ops.status.facts import facts
from engine.ops.view import layout
from engine.ops.view.place import link_of, markets_of
from engine.ops.view.reader import ViewReader
from tests.support.rosters import RollingScene, market
from tests.support.views import RestSide, Shown, samples

SLOW = 1_000_000_000


@pytest.fixture
def scene() -> RollingScene:
    return RollingScene()


@pytest.fixture
def shown(tmp_path: Path, scene: RollingScene) -> Shown:
    return Shown(tmp_path, scene)


def names(shown: Shown) -> dict[int, str]:
    """Publish, and return the markets by their places."""
    shown.scene.now_ns += SLOW
    view = shown.look()
    return {place: view.symbol(place) for place in view.markets()}


def test_market_that_comes_is_shown_in_a_larger_file(shown: Shown, scene: RollingScene) -> None:
    before = shown.look().head
    scene.come(market("FOG", event="WEATHER"))
    after = shown.look().head
    assert names(shown) == {0: "RAIN", 1: "SNOW", 2: "FOG"}
    assert (
        after.file_bytes
        > before.file_bytes
        == link_of(shown.directory).stat().st_size - (after.file_bytes - before.file_bytes)
    )
    assert (after.start_utc_ns, after.failures) == (before.start_utc_ns, 0)
    assert shown.reader.read().names[2].event == "WEATHER"


def test_larger_file_has_the_rest_side_at_once(shown: Shown, scene: RollingScene) -> None:
    shown.account = RestSide()
    shown.look()
    scene.come(*[market(f"FOG{number}") for number in range(30)])
    shown.publisher.publish()
    view = shown.reader.read()
    assert len(view.markets()) == 32
    assert [len(view.records(block)) for block in ("rest", "rest_errors", "account", "universe")] == [1, 2, 1, 1]


def test_place_of_a_market_that_is_over_is_free_and_then_anothers(shown: Shown, scene: RollingScene) -> None:
    fog, hail = market("FOG"), market("HAIL")
    scene.come(fog)
    scene.loop.portfolio.fill(fog, fix.BUY, 10, 4_500, 0)
    scene.loop.portfolio.settle(fog, 0)
    scene.roster.remove([fog])
    assert names(shown) == {0: "RAIN", 1: "SNOW"}
    view = shown.look()
    assert view.symbol(2) == ""
    assert set(view.records("markets")[2]) == {0}
    scene.come(hail)
    assert names(shown) == {0: "RAIN", 1: "SNOW", 2: "HAIL"}
    assert shown.look().markets()[2].cash == 0
    assert shown.look().head.cash == -45_000


def test_name_that_is_not_listed_yet_is_never_that_of_the_market_before(shown: Shown, scene: RollingScene) -> None:
    fog, hail = market("FOG"), market("HAIL")
    scene.come(fog)
    names(shown)
    scene.roster.remove([fog])
    scene.come(hail)
    assert shown.look().symbol(2) == "market 2"
    assert names(shown)[2] == "HAIL"


def test_list_of_markets_is_written_once_a_second_and_at_the_end(shown: Shown, scene: RollingScene) -> None:
    scene.come(*[market(f"FOG{number}") for number in range(3)])
    names(shown)
    scene.roster.remove([scene.rain])
    path = markets_of(link_of(shown.directory).resolve())
    written = path.stat().st_mtime_ns
    for _ in range(5):
        shown.look()
    assert path.stat().st_mtime_ns == written
    shown.publisher.close()
    listed = [json.loads(line) for line in path.read_text().splitlines()[1:]]
    assert [each["symbol"] for each in listed] == ["SNOW", "FOG0", "FOG1", "FOG2"]
    assert ViewReader(shown.directory).read().symbol(0) == ""


def test_desk_without_any_market_has_a_view(tmp_path: Path, scene: RollingScene) -> None:
    scene.roster.remove([scene.rain, scene.snow])
    shown = Shown(tmp_path, scene)
    view = shown.look()
    assert (view.markets(), view.head.price_decimals, view.head.size_decimals) == ({}, 4, 2)
    assert facts(view)["positions"] == {}
    assert list(ViewCollector(shown.reader.read).collect())
    scene.come(market("FOG"))
    assert list(names(shown).values()) == ["FOG"]


def test_free_places_count_for_no_book_and_no_position(shown: Shown, scene: RollingScene) -> None:
    scene.roster.remove([scene.rain])
    states = samples(shown.families()["fixlane_books"])
    assert {state: count for (state,), count in states.items() if count} == {"fresh": 1}
    told = facts(shown.look())
    assert (told["fresh_books"], told["stale_books"], told["books"]["missing"]) == (1, 0, [])


def test_each_market_of_many_is_shown_at_once_when_one_comes(tmp_path: Path) -> None:
    scene = RollingScene()
    scene.come(*[market(f"M{number}") for number in range(1_500)])
    shown = Shown(tmp_path, scene)
    shown.look()
    scene.roster.remove([scene.snow])
    scene.come(market("LAST"))
    view = shown.look()
    assert all(each.bid == 4_500 for each in view.markets().values())
    assert layout.BOOK_STATES[view.markets()[1].book_state] == "missing"


def test_limit_names_a_market_that_is_there(shown: Shown, scene: RollingScene) -> None:
    fog = market("FOG")
    scene.come(fog)
    scene.loop.book(fog).updated_ns = 1
    scene.bid(fog, qty=50)
    limits = {limit.name: limit for limit in shown.look().records("limits")}
    assert (limits["max_position"].used, limits["max_position"].market) == (50, 2)
    assert (limits["max_event_position"].used, limits["max_event_position"].market) == (50, 2)
