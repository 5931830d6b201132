"""The View says what books, positions, orders and connections say, in every field."""

import json
import os
import stat
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest

from engine import fix
from engine.book import ASK, BID, NO_ASK, NO_BID
from engine.instrument import Instrument
from engine.ops.view import layout
from engine.ops.view._publish import LIMIT_KINDS, ViewWriter
from engine.ops.view._records import WRITTEN
from engine.ops.view.counted import COUNTER_ROWS
from engine.ops.view.place import ViewFiles, link_of, markets_of, name_of, runtime_directory
from engine.ops.view.publisher import INTERVAL_NS, LATEST_NS
from engine.orders.order import restore_fields
from engine.risk import NO_LIMIT, RiskReject
from engine.runtime.notices import NoticeKind
from engine.trading.controls.desk_state import DeskState
from engine.trading.markets import Stop
from tests.support.desks import CENTS, Scene
from tests.support.order_reports import ack, fill
from tests.support.views import Shown, desk


@pytest.fixture
def shown(tmp_path: Path) -> Shown:
    return Shown(tmp_path)


def test_what_is_written_is_what_is_described() -> None:
    blocks = {block.name: block for block in (layout.HEAD, layout.DIRECTORY, *layout.BLOCKS)}
    assert {name: (blocks[name].names, blocks[name].size) for name in WRITTEN} == WRITTEN
    assert [block.name for block in layout.BLOCKS if block.size % 8] == []
    assert (blocks["markets"].size, blocks["orders"].size) == (144, 160)


def test_counters_of_the_loop_are_all_described() -> None:
    counters = Scene().loop.counters
    names = {name for name in dir(counters) if not name.startswith("_")}
    assert {name for name, _, _ in COUNTER_ROWS} == names - {
        "denials_by_code",
        "rejects_by_reason",
        "refusals_by_reason",
    }


def test_every_counter_is_published(shown: Shown) -> None:
    for number, (name, _, _) in enumerate(COUNTER_ROWS):
        setattr(shown.trading.counters, name, number + 1)
    assert list(shown.look().counters) == list(range(1, len(COUNTER_ROWS) + 1))


def test_books_positions_and_orders_are_published_as_they_are_after_every_change(tmp_path: Path) -> None:
    chance = Random(20261127)
    loop = desk([Instrument("RAIN", 0, CENTS), Instrument("TOKEN", 1, None), Instrument("SNOW", 2, CENTS)])
    scene: Any = SimpleNamespace(loop=loop, now_ns=5)
    shown = Shown(tmp_path, scene)
    for turn in range(1, 300):
        book = chance.choice(loop.books)
        if book.is_stale:
            book.snapshot([(4_500, 10)], [(4_700, 20)])
        else:
            book.apply(chance.choice((BID, ASK)), chance.choice((4_400, 4_500, 4_700, 4_800)), chance.choice((5, -5)))
        book.updated_ns = turn
        price = chance.randrange(100, 9_900, 100)
        loop.portfolio.fill(book.instrument, chance.choice((fix.BUY, fix.SELL)), chance.randint(1, 9), price, 3)
        loop.portfolio.mark_book(book)
        loop.risk.exposure.refresh(book.instrument)
        if chance.random() < 0.3:
            side = chance.choice((fix.BUY, fix.SELL))
            loop.risk.update(loop.orders.open(book.instrument, side, price, 10, "2", "1", False, 0, turn))
        view = shown.look()
        for market, each in zip(view.records("markets"), loop.books, strict=True):
            position = loop.portfolio[each.instrument]
            assert market[2:6] == (each.updated_ns, each.best_bid, each.best_bid_size, each.best_ask)
            assert market.ask_size == each.best_ask_size
            held = position.net, position.cash, position.cost, position.fees, position.mark, position.pnl
            assert market[9:15] == held
            assert market.day_pnl == position.day_pnl
            live = [order for order in loop.orders.live() if order.instrument is each.instrument]
            assert market.own_bid == max([o.price for o in live if o.side == fix.BUY], default=NO_BID)
            assert market.own_ask == min([o.price for o in live if o.side == fix.SELL], default=NO_ASK)
        head, portfolio = view.head, loop.portfolio
        assert (head.cash, head.cost, head.fees, head.value, head.pnl, head.day_pnl) == (
            portfolio.cash, portfolio.cost, portfolio.fees, portfolio.value, portfolio.pnl, portfolio.day_pnl,
        )  # fmt: skip
        assert head.open_cost == loop.risk.exposure.open_cost
        assert [order.cl_ord_id for order in view.records("orders")] == [o.cl_ord_id for o in loop.orders.live()]


def test_order_is_published_whole(shown: Shown) -> None:
    scene = shown.scene
    order = scene.buy(4_500, 10)
    scene.loop.on_report(ack(order, order_id="VENUE-1"))
    scene.loop.on_report(fill(order, 4, "E1", 4_500))
    scene.desk.replace(order, 4_400, 12)
    (row,) = shown.look().records("orders")
    assert row._asdict() == {
        "cl_ord_id": order.cl_ord_id, "order_id": "VENUE-1", "market": 0, "side": fix.BUY, "ord_status": ord("1"),
        "pending": ord("G"), "price": 4_500, "order_qty": 10, "cum_qty": 4, "leaves_qty": 6, "pending_price": 4_400,
        "pending_qty": 12, "sent_ns": order.sent_ns, "unknown_since_ns": 0,
    }  # fmt: skip


def test_order_in_doubt_is_as_old_as_when_it_was_first_seen_so(shown: Shown) -> None:
    scene = shown.scene
    scene.buy()
    scene.now_ns = 5_000
    scene.orders.on_disconnect()
    assert shown.look().head.unknown_since_ns == 5_000
    scene.now_ns = 9_000
    view = shown.look()
    (row,) = view.records("orders")
    assert (view.head.unknown_orders, view.head.unknown_since_ns, row.unknown_since_ns) == (1, 5_000, 5_000)


def test_long_id_is_cut_and_no_neighbour_is_touched(shown: Shown) -> None:
    order = shown.scene.buy()
    restore_fields(order, order_id="€" * 30)
    (row,) = shown.look().records("orders")
    assert row.order_id == "€" * 13 + "\ufffd"
    assert (row.market, row.side, row.cl_ord_id) == (0, fix.BUY, order.cl_ord_id)


@pytest.mark.parametrize(
    ("change", "state"),
    [
        (lambda book: setattr(book, "updated_ns", 0), "missing"),
        (lambda book: None, "fresh"),
        (lambda book: book.mark_stale(), "stale"),
        (lambda book: book.snapshot([(4_700, 1)], [(4_600, 1)]), "crossed"),
    ],
)
def test_book_is_in_its_state(shown: Shown, change: Any, state: str) -> None:
    change(shown.scene.books[1])
    markets = shown.look().records("markets")
    assert [layout.BOOK_STATES[market.book_state] for market in markets] == ["fresh", state]


def test_market_carries_what_stops_it(shown: Shown) -> None:
    scene = shown.scene
    scene.loop.markets.stop(scene.snow, Stop.LATE, "9 s behind")
    scene.loop.markets.stop(scene.snow, Stop.CLOSED, "settled")
    scene.portfolio.settle(scene.snow, 10_000)
    view = shown.look()
    assert [market.flags for market in view.records("markets")] == [0, Stop.LATE | Stop.CLOSED | layout.SETTLED]
    assert [(stop.market, stop.cause, stop.text) for stop in view.records("stops")] == [
        (1, "LATE", "9 s behind"),
        (1, "CLOSED", "settled"),
    ]
    scene.loop.markets.lift(scene.snow, Stop.LATE)
    assert [stop.cause for stop in shown.look().records("stops")] == ["CLOSED"]


def test_restricted_market_says_so(tmp_path: Path) -> None:
    shown = Shown(tmp_path, Scene(restricted=("RAIN",)))
    assert [market.flags for market in shown.look().records("markets")] == [layout.RESTRICTED, 0]


def test_what_was_told_is_published_by_kind_with_its_last_text(shown: Shown) -> None:
    shown.trading.notices.tell(NoticeKind.METRICS_LOST, "first")
    shown.look()
    shown.trading.notices.tell(NoticeKind.METRICS_LOST, "x" * 300)
    (row,) = shown.look().records("notices")
    assert (row.kind, row.count, row.last_utc_ns) == ("metrics_lost", 2, 10**18 + shown.scene.now_ns)
    assert row.text == "x" * 237 + "…"


def test_denials_and_rejects_are_published_by_code(shown: Shown) -> None:
    counters = shown.trading.counters
    counters.denials_by_code, counters.risk_denials = {RiskReject.RATE: 3, RiskReject.BOOK_STALE: 1}, 4
    counters.rejects_by_reason, counters.rejects = {99: 2}, 2
    view = shown.look()
    assert [tuple(row) for row in view.records("denials")] == [(RiskReject.BOOK_STALE, 1), (RiskReject.RATE, 3)]
    assert [tuple(row) for row in view.records("rejects")] == [(99, 2)]


def test_connections_are_published_with_protection_and_last_error(shown: Shown) -> None:
    session = shown.session
    session.last_error = "Logout: 58=too late\x1b[2J"
    session.is_logged_on = False
    session.on_logon()
    shown.wall_ns += 7
    session.on_logout("gone")
    shown.feed.last_loss, shown.feed.last_loss_ns = "closed by the venue", 12
    view = shown.look()
    (row,) = view.records("sessions")
    told = shown.wall_ns
    assert tuple(row) == (
        "FIX.4.4:US->VENUE", "down", "TLS", 17, 23, 1, told, told, "Logout: 58=too late [2J",
    )  # fmt: skip
    (feed,) = view.records("feeds")
    assert tuple(feed) == ("wss://venue/ws", "TLS", 1, 3, 2, 1_000, 9_000, 4, 0, 12, "closed by the venue")


def test_limits_are_published_with_what_is_used_of_them(tmp_path: Path) -> None:
    scene = Scene(max_open_orders=7, max_open_cost=10**9, max_daily_loss=5_000, max_position=100)
    shown = Shown(tmp_path, scene)
    scene.desk.sell(scene.snow, 4_600, 20)
    scene.portfolio.fill(scene.rain, fix.BUY, 10, 4_500, 3_000)
    scene.risk.refresh(scene.rain)
    used = {row.name: (row.unit, row.limit, row.used, row.market) for row in shown.look().records("limits")}
    assert used == {
        "max_open_orders": ("count", 7, 1, -1),
        "max_open_cost": ("money", 10**9, 20 * 5_400, -1),
        "max_daily_loss": ("money", 5_000, 3_000, -1),
        "max_position": ("size", 100, 20, 1),
        "max_event_position": ("size", NO_LIMIT, 20, 1),
        "max_gross_position": ("size", NO_LIMIT, 30, -1),
        "max_drawdown": ("money", NO_LIMIT, 3_000, -1),
        "max_market_loss": ("money", NO_LIMIT, 20 * 5_400, 1),
        "max_event_loss": ("money", NO_LIMIT, 20 * 5_400, 1),
    }
    assert tuple(used) == LIMIT_KINDS


def test_state_and_reason_are_published_when_they_move(shown: Shown) -> None:
    assert shown.look().desk[:3] == ("trading", "active", "")
    shown.supervisor.state, shown.supervisor.reason = DeskState.HALTED, "by hand"
    view = shown.look()
    assert view.desk[:3] == ("halted", "active", "by hand")
    assert (view.head.pid, view.head.view, view.head.sequence % 2) == (os.getpid(), 3, 0)


def test_latencies_arrive_in_parts_and_whole_at_the_end(shown: Shown) -> None:
    for duration_ns in (800, 15_000, 15_000, 3_000_000_000):
        shown.trading.tick_to_order.record(duration_ns)
    first = shown.look().latencies()["tick_to_order"]
    assert first.count < 4
    for _ in range(layout.BUCKETS // 512):
        shown.look()
    counts = shown.look().latencies()["tick_to_order"]
    assert (counts.count, counts.max_ns, counts.percentile(50)) == (4, 3_000_000_000, 15_007)
    shown.trading.round_trip.record(3_000_000_000)
    shown.publisher.close()
    assert shown.reader.read().latencies()["order_to_ack"].count == 1


def test_above_a_thousand_markets_each_view_has_a_part_of_them_and_those_with_orders(tmp_path: Path) -> None:
    loop = desk([Instrument(f"M{index}", index, CENTS) for index in range(2_500)])
    shown = Shown(tmp_path, SimpleNamespace(loop=loop, now_ns=5))  # type: ignore[arg-type]
    for book in loop.books:
        book.snapshot([(4_500, 1)], [])
        book.updated_ns = 1
    last = loop.instruments[-1]
    loop.risk.update(loop.orders.open(last, fix.BUY, 4_500, 10, "2", "1", False, 0, 1))
    ready = [[market.bid == 4_500 for market in shown.look().records("markets")] for _ in range(3)]
    assert [sum(each) for each in ready][0] == 1_025  # of the first view after `open`, which had the first 1 024
    assert ready[0][1_024:2_048] == [True] * 1_024
    assert ready[0][-1]
    assert sum(ready[2]) == 2_500


def test_view_is_written_at_an_idle_moment_or_when_it_is_late(shown: Shown) -> None:
    def views_after(waited_ns: int, frame_ago_ns: int) -> int:
        before: int = shown.reader.read().head.view
        shown.scene.now_ns += waited_ns
        shown.trading.last_frame_ns = shown.scene.now_ns - frame_ago_ns
        shown.publisher.tick()
        after: int = shown.reader.read().head.view
        return after - before

    assert views_after(INTERVAL_NS - 1, 10**9) == 0
    assert views_after(1, 10**9) == 1
    assert views_after(INTERVAL_NS, 1_000) == 0
    assert views_after(LATEST_NS - INTERVAL_NS, 1_000) == 1
    shown.supervisor.state = DeskState.HALTED  # people wait for this one
    assert views_after(1, 1_000) == 1
    assert views_after(1, 1_000) == 0


def test_publishing_that_fails_is_told_once_and_never_raised(shown: Shown) -> None:
    shown.supervisor.state = None
    shown.scene.now_ns += 10**9
    shown.publisher.tick()
    shown.publisher.tick()
    shown.publisher.close()
    (text,) = shown.told
    assert text.startswith("no view for status and metrics any more: AttributeError")


def test_place_that_cannot_be_had_is_told_and_the_engine_goes_on(tmp_path: Path) -> None:
    shown = Shown(tmp_path / "absent")
    shown.publisher.tick()
    shown.publisher.close()
    (text,) = shown.told
    assert "FileNotFoundError" in text


# Where it lies


def test_view_lies_in_memory_and_the_state_directory_leads_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory, state = tmp_path / "run", tmp_path / "state"
    memory.mkdir()
    state.mkdir()
    monkeypatch.setenv("RUNTIME_DIRECTORY", f"{memory}:/other")
    shown = Shown(state)
    view = memory / name_of(state)
    assert link_of(state).resolve() == view
    assert [stat.S_IMODE(path.stat().st_mode) for path in (view, markets_of(view))] == [0o640, 0o640]
    lines = [json.loads(line) for line in markets_of(view).read_text().splitlines()]
    assert lines[1] == {
        "number": 1,
        "symbol": "RAIN",
        "event": "RAIN",
        "series": "",
        "category": "",
        "limit": 10_000,
    }
    assert shown.look().symbol(1) == "SNOW"
    shown.publisher.close()
    assert sorted(memory.iterdir()) == []
    assert not link_of(state).is_symlink()
    last = shown.reader.read()
    assert (last.has_ended, last.symbol(1), sorted(path.name for path in state.iterdir())) == (
        True, "SNOW", ["view", "view.markets"],
    )  # fmt: skip
    Shown(state)
    assert link_of(state).is_symlink()


def test_runtime_directory_is_the_services_then_the_users_then_the_state_directory(tmp_path: Path) -> None:
    user = {"XDG_RUNTIME_DIR": str(tmp_path)}
    assert runtime_directory(Path("s"), {"RUNTIME_DIRECTORY": "/run/a:/run/b"} | user) == Path("/run/a")
    assert runtime_directory(Path("s"), user) == tmp_path / "fixlane"
    assert stat.S_IMODE((tmp_path / "fixlane").stat().st_mode) == 0o750
    assert runtime_directory(Path("s"), {"XDG_RUNTIME_DIR": str(tmp_path / "absent")}) == Path("s")
    assert runtime_directory(Path("s"), {}) == Path("s")


def test_two_engines_have_names_of_their_own(tmp_path: Path) -> None:
    assert name_of(tmp_path / "a") != name_of(tmp_path / "b")
    assert name_of(tmp_path / "a") == name_of(tmp_path / "b" / ".." / "a")


def test_full_disk_leaves_no_half_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("engine.ops.view.place.os.posix_fallocate", refuse)
    with pytest.raises(OSError, match="No space"):
        ViewFiles(tmp_path).create(4096, b"", b"")
    assert [path.name for path in tmp_path.iterdir()] == ["view.markets"]


# The writer alone


def test_memory_that_is_too_small_is_refused() -> None:
    with pytest.raises(ValueError, match="a view of 2 markets takes"):
        ViewWriter(bytearray(1_000), Scene().loop, LIMIT_KINDS)


def test_records_that_do_not_fit_their_block_are_refused() -> None:
    places, size = layout.places(2)
    memory = bytearray(size)
    writer = ViewWriter(memory, Scene().loop, LIMIT_KINDS)
    with pytest.raises(ValueError, match="16 bytes are not 2 records of denials"):
        writer.stage("denials", bytes(16), 2)
    writer.release()
    with pytest.raises(ValueError, match="released"):
        writer.publish(1, 1)
    assert places["markets"][0] % 64 == 0


def test_files_belong_to_the_group_that_may_ask(tmp_path: Path) -> None:
    groups = {path.stat().st_gid for path in tmp_path.iterdir()}
    other = next((group for group in os.getgroups() if group != os.getgid()), os.getgid())
    ViewFiles(tmp_path, other).create(4096, b"", b"").close()
    assert {path.stat().st_gid for path in tmp_path.iterdir()} == {other} and groups == set()


def test_o3_a_view_that_somebody_cut_short_ends_the_publishing_and_no_process(shown: Shown, tmp_path: Path) -> None:
    shown.look()
    os.truncate(link_of(tmp_path), 0)
    shown.scene.now_ns += LATEST_NS
    shown.publisher.tick()
    shown.publisher.tick()
    assert [text for text in shown.told if "was cut short" in text] == shown.told != []
