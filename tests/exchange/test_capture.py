"""Captured feeds: files, frames and pace; and each clause of the fill rule on made-up frames."""

import gzip
import json
from pathlib import Path

import pytest

from engine import fix
from engine.errors import DecodeError
from engine.exchange.captured import CapturedMarket
from engine.exchange.captures import DELTA, SNAPSHOT, TRADE, CaptureReplay, Frame, markets, read_frames
from engine.exchange.events import Event
from engine.exchange.exchange import Exchange
from engine.venue.kalshi.fees import QuadraticFee
from tests.support.captures import DIRECTORY, FILES, each_capture, frames
from tests.support.sim_venue import CENT, NOON_NS, B, S, Venue

Lines = list[tuple[int, str, dict[str, object]]]


def write_capture(path: Path, lines: Lines, symbol: str = "A") -> Path:
    """Write (recv_ms, type, msg) lines as a capture file."""
    with gzip.open(path, "wt") as file:
        for seq, (recv_ms, kind, message) in enumerate(lines, 100):
            event = {"type": kind, "sid": 1, "seq": seq, "msg": {"market_ticker": symbol, **message}}
            file.write(json.dumps({"recv_ms": recv_ms, "event": event}, separators=(",", ":")) + "\n")
    return path


def delta(side: int, cents: int, contracts: int, ts_ms: int = 0) -> tuple[str, dict[str, object]]:
    """Size of the YES book changes by `contracts`; asks are sent as NO bids."""
    price = cents if side == B else 100 - cents
    message = {"price_dollars": f"0.{price:02}00", "delta_fp": f"{contracts}.00", "ts_ms": ts_ms}
    return DELTA, message | {"side": "yes" if side == B else "no"}


def trade(taker: int, cents: int, contracts: int, ts_ms: int = 0, **more: object) -> tuple[str, dict[str, object]]:
    outcome = "yes" if taker == B else "no"
    message = {"yes_price_dollars": f"0.{cents:02}00", "count_fp": f"{contracts}.00", "ts_ms": ts_ms}
    return TRADE, message | {"taker_outcome_side": outcome} | more


def snapshot(bids: dict[int, int], asks: dict[int, int]) -> tuple[str, dict[str, object]]:
    yes = [[f"0.{cents:02}00", f"{size}.00"] for cents, size in bids.items()]
    no = [[f"0.{100 - cents:02}00", f"{size}.00"] for cents, size in asks.items()]
    return SNAPSHOT, {"yes_dollars_fp": yes, "no_dollars_fp": no}


class Captured(Venue):
    """Market A with a capture: bids 44 x 50, 43 x 90; asks 46 x 30, 47 x 80. Sizes here are contracts."""

    def __init__(self) -> None:
        super().__init__()
        self.capture = CapturedMarket(self.exchange, "A")
        self.frames(snapshot({43: 90, 44: 50}, {46: 30, 47: 80}))

    def frames(self, *frames: tuple[str, dict[str, object]]) -> list[tuple[object, ...]]:
        events: list[Event] = []
        for kind, message in frames:
            body = json.dumps({"market_ticker": "A", **message}).encode()
            events += self.capture.apply(Frame(0, "A", kind, body), self.now_ns)
            for side in (B, S):
                assert_within_capture(self, side)
        return self.told(events)

    def queue(self, side: int, cents: int) -> list[tuple[str, int]]:
        """Accounts and contracts in the queue at one price, oldest first; captured size has no account."""
        level = self.exchange.markets["A"].side(side).level(cents * 100)
        return [(order.account, order.leaves_qty // 100) for order in level.queue.values()] if level else []


def assert_within_capture(venue: Captured, side: int) -> None:
    shown = dict(venue.capture.levels(side))
    for level in venue.exchange.markets["A"].side(side):
        queued = sum(order.leaves_qty for order in level.queue.values() if not order.account)
        assert queued <= shown.get(level.price, 0)


@pytest.fixture
def venue() -> Captured:
    return Captured()


# Rule 1: own orders take captured size, and it is remembered


def test_crossing_order_takes_captured_size(venue: Captured) -> None:
    assert venue.new("a", "1", B, 4000, 4700, fix.Tif.IOC) == [
        ("accepted", "a", "1", 4000),
        ("traded", "a", "1", 4600, 3000, 1000),
        ("traded", "a", "1", 4700, 1000, 0),
    ]
    assert venue.asks() == [(4700, 7000)]


def test_taken_size_is_not_available_again_while_the_capture_shows_it(venue: Captured) -> None:
    venue.new("a", "1", B, 2000, 4600)
    venue.frames(delta(S, 46, 5))
    assert venue.capture.levels(S)[0] == (4600, 3500)
    assert venue.asks()[0] == (4600, 1500)


def test_captured_cancel_pays_back_what_was_taken(venue: Captured) -> None:
    venue.new("a", "1", B, 2000, 4600)
    venue.frames(delta(S, 46, -15))
    assert (venue.capture.levels(S)[0], venue.asks()[0]) == ((4600, 1500), (4600, 1000))
    venue.frames(delta(S, 46, -10))
    assert (venue.capture.levels(S)[0], venue.asks()[0]) == ((4600, 500), (4600, 500))


def test_captured_trade_pays_nothing_back(venue: Captured) -> None:
    venue.new("a", "1", B, 1000, 4600)
    venue.frames(delta(S, 46, -15, 7), trade(B, 46, 15, 7))
    assert (venue.capture.levels(S)[0], venue.asks()[0]) == ((4600, 1500), (4600, 500))


def test_no_more_is_remembered_as_taken_than_is_shown(venue: Captured) -> None:
    """A trade leaves 5 shown of which 20 were taken; the next 10 are available."""
    venue.new("a", "1", B, 2000, 4600)
    venue.frames(delta(S, 46, -25, 7), trade(B, 46, 25, 7), delta(S, 46, 10))
    assert (venue.capture.levels(S)[0], venue.asks()[0]) == ((4600, 1500), (4600, 1000))


def test_level_that_goes_and_comes_back_is_available_again(venue: Captured) -> None:
    venue.new("a", "1", B, 3000, 4600)
    venue.frames(delta(S, 46, -30), delta(S, 46, 20))
    assert venue.asks()[0] == (4600, 2000)


def test_post_only_and_fok_see_captured_size(venue: Captured) -> None:
    assert venue.new("a", "1", B, 100, 4600, post_only=True)[-1][-1] == "POST_ONLY_CROSS"
    assert venue.new("a", "2", B, 11_100, 4700, fix.Tif.FOK)[-1][-1] == "FOK_INSUFFICIENT_VOLUME"
    assert venue.new("a", "3", B, 11_000, 4700, fix.Tif.FOK)[-1] == ("traded", "a", "3", 4700, 8000, 0)


# Rule 2: resting orders queue behind the captured size


def test_resting_order_queues_behind_what_is_captured_and_before_what_comes(venue: Captured) -> None:
    venue.new("a", "1", B, 1000, 4400)
    venue.frames(delta(B, 44, 25), delta(B, 44, 5))
    assert venue.queue(B, 44) == [("", 50), ("a", 10), ("", 30)]


def test_own_orders_keep_their_place_among_pieces_of_captured_size(venue: Captured) -> None:
    venue.new("a", "1", B, 1000, 4400)
    venue.frames(delta(B, 44, 5))
    venue.new("b", "1", B, 1000, 4400)
    venue.replace("a", "2", "1", 500, 4400)
    assert venue.queue(B, 44) == [("", 50), ("a", 5), ("", 5), ("b", 10)]
    venue.replace("a", "3", "2", 600, 4400)
    assert venue.queue(B, 44) == [("", 50), ("", 5), ("b", 10), ("a", 6)]


# Rule 3: captured trades use up the queue


def test_captured_trade_uses_up_the_queue_ahead(venue: Captured) -> None:
    venue.new("a", "1", B, 1000, 4400)
    assert venue.frames(delta(B, 44, -20, 7), trade(S, 44, 20, 7)) == []
    assert venue.queue(B, 44) == [("", 30), ("a", 10)]
    assert venue.frames(delta(B, 44, 10), delta(B, 44, -35, 8), trade(S, 44, 35, 8)) == [
        ("traded", "a", "1", 4400, 500, 500)
    ]
    assert venue.queue(B, 44) == [("a", 5), ("", 5)]


def test_captured_trade_beyond_the_queue_fills_the_order(venue: Captured) -> None:
    venue.new("a", "1", B, 1000, 4400)
    assert venue.frames(delta(B, 44, -50, 7), trade(S, 44, 50, 7), delta(B, 44, 60), trade(S, 44, 60, 8)) == [
        ("traded", "a", "1", 4400, 1000, 0)
    ]


def test_captured_trade_fills_better_orders_first_whatever_is_ahead(venue: Captured) -> None:
    venue.new("a", "1", B, 1000, 4400)
    venue.new("a", "2", B, 1000, 4500)
    assert venue.frames(trade(S, 43, 30, 7)) == [
        ("traded", "a", "2", 4500, 1000, 0),
        ("traded", "a", "1", 4400, 1000, 0),
    ]
    assert venue.queue(B, 43) == [("", 80)]


def test_captured_trade_on_the_other_side_fills_nothing(venue: Captured) -> None:
    venue.new("a", "1", B, 1000, 4500)
    assert venue.frames(trade(B, 44, 50, 7)) == []


def test_captured_sells_are_filled_by_the_same_rule(venue: Captured) -> None:
    venue.new("a", "1", S, 1000, 4600)
    assert venue.frames(delta(S, 46, -30, 7), trade(B, 46, 30, 7)) == []
    assert venue.frames(trade(B, 47, 4, 8)) == [("traded", "a", "1", 4600, 400, 600)]


def test_block_trade_fills_nothing(venue: Captured) -> None:
    venue.new("a", "1", B, 1000, 4500)
    assert venue.frames(trade(S, 44, 50, 7, is_block_trade=True)) == []


def test_resting_order_pays_the_maker_fee(venue: Captured) -> None:
    venue.new("a", "1", B, 1000, 4500)
    kind, message = trade(S, 45, 10, 7)
    frame = Frame(0, "A", kind, json.dumps({"market_ticker": "A", **message}).encode())
    (fill,) = venue.capture.apply(frame, venue.now_ns)
    assert (fill.is_taker, fill.fee) == (False, 0)  # type: ignore[union-attr]


# Rule 4: captured cancels come from the back


def test_captured_cancel_shrinks_the_queue_ahead_only_when_nothing_is_behind(venue: Captured) -> None:
    venue.new("a", "1", B, 1000, 4400)
    venue.frames(delta(B, 44, 20), delta(B, 44, -15))
    assert venue.queue(B, 44) == [("", 50), ("a", 10), ("", 5)]
    venue.frames(delta(B, 44, -15))
    assert venue.queue(B, 44) == [("", 40), ("a", 10)]


# Rule 5: a trade and its decrease, in both orders


@pytest.mark.parametrize("decrease_first", [True, False])
def test_trade_and_its_decrease_count_once_in_either_order(venue: Captured, decrease_first: bool) -> None:
    venue.new("a", "1", B, 1000, 4400)
    venue.frames(delta(B, 44, 30))
    pair = (delta(B, 44, -20, 7), trade(S, 44, 20, 7))
    assert venue.frames(*(pair if decrease_first else pair[::-1])) == []
    assert venue.queue(B, 44) == [("", 30), ("a", 10), ("", 30)]


def test_decrease_that_emptied_the_level_is_undone_by_its_trade(venue: Captured) -> None:
    """The size ahead was there when the trade came: it takes it, not the order behind."""
    venue.new("a", "1", B, 1000, 4400)
    assert venue.frames(delta(B, 44, -50, 7), trade(S, 44, 50, 7)) == []
    assert venue.queue(B, 44) == [("a", 10)]


def test_several_trades_of_one_sweep_find_their_own_decreases(venue: Captured) -> None:
    venue.new("a", "1", B, 1000, 4400)
    sweep = [delta(B, 44, -20, 7), delta(B, 44, -30, 7), delta(B, 43, -5, 7)]
    prints = [trade(S, 44, 20, 7), trade(S, 44, 30, 7), trade(S, 43, 5, 7)]
    assert venue.frames(*sweep, *prints) == [("traded", "a", "1", 4400, 500, 500)]
    assert (venue.queue(B, 44), venue.queue(B, 43)) == ([("a", 5)], [("", 85)])


def test_trade_without_a_decrease_is_forgotten_after_a_second(venue: Captured) -> None:
    venue.frames(trade(S, 44, 20, 7))
    assert venue.queue(B, 44) == [("", 30)]
    venue.frames(delta(B, 44, -1, 1_008))
    assert venue.queue(B, 44) == [("", 49)]


# Rule 6: captured size that arrives across


def test_captured_size_that_crosses_fills_the_resting_order(venue: Captured) -> None:
    venue.new("a", "1", B, 1000, 4500)
    assert venue.frames(delta(S, 44, 4)) == [("traded", "a", "1", 4500, 400, 600)]
    assert venue.frames(delta(S, 45, 20)) == [("traded", "a", "1", 4500, 600, 0)]
    assert venue.asks()[0] == (4500, 1400)
    assert venue.capture.levels(S)[:2] == [(4400, 400), (4500, 2000)]


def test_captured_size_that_does_not_cross_fills_nothing(venue: Captured) -> None:
    venue.new("a", "1", B, 1000, 4500)
    assert venue.frames(delta(S, 46, 100), delta(B, 45, 100)) == []


# Rules 7 and 8: snapshots


def test_snapshot_resets_captured_levels_and_keeps_places(venue: Captured) -> None:
    venue.new("a", "1", B, 1000, 4400)
    venue.frames(delta(B, 44, 10))
    assert venue.frames(snapshot({42: 5, 44: 20}, {48: 1})) == []
    assert venue.queue(B, 44) == [("", 20), ("a", 10)]
    assert (venue.capture.levels(B), venue.capture.levels(S)) == ([(4400, 2000), (4200, 500)], [(4800, 100)])
    assert (venue.bids(), venue.asks()) == ([(4400, 3000), (4200, 500)], [(4800, 100)])


def test_trade_and_decrease_around_a_snapshot_count_once(venue: Captured) -> None:
    """A snapshot holds the decrease of a trade before it; a decrease before it still finds its trade after it."""
    venue.new("a", "1", B, 1000, 4400)
    venue.frames(trade(S, 44, 20, 7), snapshot({44: 30}, {46: 30}))
    assert venue.queue(B, 44) == [("", 30), ("a", 10)]
    venue.frames(delta(B, 44, -10, 8), snapshot({44: 20}, {46: 30}), trade(S, 44, 10, 8))
    assert venue.queue(B, 44) == [("", 20), ("a", 10)]


def test_snapshot_that_shrinks_a_level_pays_back_what_was_taken(venue: Captured) -> None:
    venue.new("a", "1", B, 2000, 4600)
    venue.frames(snapshot({44: 50}, {46: 15}))
    assert venue.asks() == [(4600, 1000)]


def test_snapshot_that_crosses_fills(venue: Captured) -> None:
    venue.new("a", "1", B, 1000, 4500)
    assert venue.frames(snapshot({44: 50}, {45: 3})) == [("traded", "a", "1", 4500, 300, 700)]


def test_empty_snapshot_leaves_own_orders_alone(venue: Captured) -> None:
    venue.new("a", "1", B, 1000, 4400)
    assert venue.frames((SNAPSHOT, {})) == []
    assert (venue.queue(B, 44), venue.capture.levels(B)) == ([("a", 10)], [])


# What the capture cannot be


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (delta(B, 44, -51), "A: the capture takes 5100 of 5000 at 4400"),
        ((DELTA, {"side": "yes", "price_dollars": "0.4450", "delta_fp": "1.00"}), "captured price 0.4450 is off"),
        ((DELTA, {"side": "yes", "price_dollars": "x", "delta_fp": "1.00"}), "not a decimal number"),
        ((DELTA, {"market_ticker": "Z"}), "frame of Z in the capture of A"),
    ],
)
def test_frame_that_contradicts_the_capture_is_a_decode_error(
    venue: Captured, frame: tuple[str, dict[str, object]], message: str
) -> None:
    with pytest.raises(DecodeError, match=message):
        venue.frames(frame)


def test_own_orders_do_not_change_the_published_book(venue: Captured) -> None:
    before = venue.capture.levels(B), venue.capture.levels(S)
    events = venue.new("a", "1", B, 4000, 4600) + venue.cancel("a", "2", "1")
    assert not [event for event in events if event[0] in ("level", "trade")]
    assert (venue.capture.levels(B), venue.capture.levels(S)) == before


# Files, frames, pace


def test_frames_go_out_byte_for_byte_but_for_sid_and_seq(tmp_path: Path) -> None:
    path = write_capture(tmp_path / "A.ndjson.gz", [(5, *delta(S, 46, 3)), (6, "ok", {}), (9, *trade(B, 46, 3))])
    first, second = read_frames(path)
    assert (first.recv_ns, first.symbol, first.kind) == (5_000_000, "A", DELTA)
    assert first.wire(7, 8) == (
        b'{"type":"orderbook_delta","sid":7,"seq":8,"msg":{"market_ticker":"A","price_dollars":"0.5400",'
        b'"delta_fp":"3.00","ts_ms":0,"side":"no"}}'
    )
    assert second.wire(1, 2).startswith(b'{"type":"trade","sid":1,"seq":2,"msg":{"market_ticker":"A"')


def test_no_prices_can_be_sent_on_the_yes_scale() -> None:
    kind, message = delta(S, 46, 3)
    ask = Frame(0, "A", kind, json.dumps(message).encode())
    assert json.loads(ask.wire(1, 1, use_yes_price=True))["msg"] == message | {"price_dollars": "0.4600"}
    kind, message = snapshot({44: 50}, {46: 30})
    book = Frame(0, "A", kind, json.dumps(message).encode())
    assert json.loads(book.wire(1, 1, use_yes_price=True))["msg"]["no_dollars_fp"] == [["0.4600", "30.00"]]
    kind, message = delta(B, 44, 3)
    bid = Frame(0, "A", kind, json.dumps(message).encode())
    assert json.loads(bid.wire(1, 1, use_yes_price=True))["msg"] == message


def test_replay_hands_out_frames_when_they_are_due(tmp_path: Path) -> None:
    """Each file begins when the replay does, whatever its day; twice as fast halves the waits."""
    one = write_capture(tmp_path / "A.ndjson", [(100, *delta(B, 44, 1)), (300, *delta(B, 44, 2))])
    two = write_capture(tmp_path / "B.ndjson", [(9_000, *delta(B, 44, 1)), (9_100, *delta(B, 44, 2))], "B")
    paths = [path.rename(path.with_suffix(".ndjson.gz")) for path in (one, two)]
    replay = CaptureReplay(paths, speed=2.0, start_ns=NOON_NS)
    seen = []
    while replay.next_ns is not None:
        due_ns = replay.next_ns
        assert replay.due(due_ns - 1) == []
        seen.append((due_ns - NOON_NS, [frame.symbol for frame in replay.due(due_ns)]))
    assert seen == [(0, ["A", "B"]), (50_000_000, ["B"]), (100_000_000, ["A"])]
    assert replay.count == 4


def test_replay_at_speed_zero_is_as_fast_as_asked(tmp_path: Path) -> None:
    path = write_capture(tmp_path / "A.ndjson.gz", [(100 * n, *delta(B, 44, 1)) for n in range(5)])
    replay = CaptureReplay([path], speed=0, start_ns=NOON_NS)
    assert [len(replay.due(NOON_NS, limit=2)) for _ in range(4)] == [2, 2, 1, 0]
    assert replay.next_ns is None


@pytest.mark.parametrize("line", ["{", "{}", '{"recv_ms":1,"event":{"type":"trade","msg":{}}}'])
def test_line_that_is_no_frame_is_a_decode_error_with_its_place(tmp_path: Path, line: str) -> None:
    path = tmp_path / "A.ndjson"
    path.write_text(line + "\n")
    with pytest.raises(DecodeError, match=r"A\.ndjson line 1 is no captured frame"):
        list(read_frames(path))


def test_markets_take_their_grid_from_the_event_beside_them(tmp_path: Path) -> None:
    tapered = write_capture(tmp_path / "A.ndjson.gz", [(1, *delta(B, 44, 1))])
    cent = write_capture(tmp_path / "B.ndjson.gz", [(1, *delta(B, 44, 1))], "B")
    bands = [("0.0000", "0.1000", "0.0010"), ("0.1000", "0.9000", "0.0100"), ("0.9000", "1.0000", "0.0010")]
    ranges = [{"start": start, "end": end, "step": step} for start, end, step in bands]
    market = {"ticker": "A", "event_ticker": "EVENT", "price_ranges": ranges, "status": "finalized"}
    (tmp_path / "EVENT.event.json").write_text(json.dumps({"response": {"event": {}, "markets": [market]}}))
    first, second = markets([tapered, cent])
    assert (first.symbol, first.event, first.index, first.is_valid_price(15)) == ("A", "EVENT", 0, False)
    assert (first.is_valid_price(10), first.is_valid_price(1_010)) == (True, False)
    assert (second.symbol, second.event, second.index, second.is_valid_price(10)) == ("B", "B", 1, False)
    assert second.grid is not None and second.grid.bands == tuple(type(band)(100, 9_900, 100) for band in CENT)


def test_capture_without_frames_is_a_decode_error(tmp_path: Path) -> None:
    path = write_capture(tmp_path / "A.ndjson.gz", [])
    with pytest.raises(DecodeError, match="holds no frame"):
        markets([path])


# Real captures


@each_capture
def test_real_capture_moves_the_book_as_an_independent_replay_does(capture: Path) -> None:
    """Bare of own orders, the exchange's book and the published one equal a dictionary fed with the same frames."""
    exchange = Exchange(markets([capture]), QuadraticFee())
    ((symbol, market),) = exchange.markets.items()
    captured = CapturedMarket(exchange, symbol)
    plain: dict[str, dict[float, float]] = {}
    for count, (frame, (_, raw)) in enumerate(zip(read_frames(capture), frames(capture), strict=True)):
        assert captured.apply(frame, NOON_NS) == []
        feed_plain(plain, json.loads(raw))
        if count % 500 == 0 or frame.kind == SNAPSHOT:
            for side, outcome in ((B, "yes"), (S, "no")):
                assert captured.levels(side) == plain_levels(plain, outcome)
                assert market.side(side).levels() == plain_levels(plain, outcome) or outstanding(captured)
    assert plain


def feed_plain(plain: dict[str, dict[float, float]], event: dict[str, object]) -> None:
    message = event["msg"]
    assert isinstance(message, dict)
    if event["type"] == "orderbook_snapshot":
        for outcome in ("yes", "no"):
            plain[outcome] = {float(price): float(size) for price, size in message.get(f"{outcome}_dollars_fp", [])}
    elif event["type"] == "orderbook_delta":
        book = plain[message["side"]]
        price = float(message["price_dollars"])
        book[price] = book.get(price, 0.0) + float(message["delta_fp"])


def plain_levels(plain: dict[str, dict[float, float]], outcome: str) -> list[tuple[int, int]]:
    levels = [(round(price * 10_000), round(size * 100)) for price, size in plain[outcome].items() if round(size * 100)]
    if outcome == "yes":
        return sorted(levels, reverse=True)
    return sorted((10_000 - price, size) for price, size in levels)


def outstanding(captured: CapturedMarket) -> bool:
    """Answer whether a trade waits for its decrease: then the queue is ahead of the published book."""
    return any(level.trades for side in captured._levels.values() for level in side.values())


@pytest.mark.skipif(not FILES, reason=f"no captured feeds in {DIRECTORY}; set FIXLANE_CAPTURES")
def test_guest_orders_fill_in_a_real_capture_and_books_stay_sound() -> None:
    """Orders join the best price or cross it all along: no check fails, both kinds of fill happen."""
    path = FILES[0]
    venue = Venue()
    venue.exchange = Exchange(markets([path]), QuadraticFee())
    ((symbol, market),) = venue.exchange.markets.items()
    captured = CapturedMarket(venue.exchange, symbol)
    taken = made = 0
    for count, frame in enumerate(read_frames(path)):
        made += len(captured.apply(frame, NOON_NS))
        bid, ask = market.bids.best(), market.asks.best()
        if count % 50 == 0 and bid and ask:
            price, tif = (ask.price, fix.Tif.IOC) if count % 200 == 0 else (bid.price, fix.Tif.GTC)
            events = venue.new("a", str(count), B, 300, price, tif, symbol=symbol)
            taken += len([event for event in events if event[0] == "traded"])
        if count % 1_000 == 999:
            market._check()
            venue.mass_cancel("a", f"m{count}")
    assert taken > 50 < made
