"""Each clause of the fill rule of captured feeds, on made-up frames."""

import json

import pytest

from engine import fix
from engine.errors import DecodeError
from engine.exchange.captured import CapturedMarket
from engine.exchange.captures import DELTA, SNAPSHOT, Frame
from tests.support.sim.captured import Captured, delta, snapshot, trade
from tests.support.sim.venue import NOON_NS, B, S, Venue


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


def test_capture_that_changes_a_book_before_it_shows_one_is_a_decode_error() -> None:
    venue = Venue()
    capture = CapturedMarket(venue.exchange, "A")
    message = {"market_ticker": "A", **delta(B, 44, 1)[1]}
    with pytest.raises(DecodeError, match="A: the capture changes a book before it shows one: let it begin at an"):
        capture.apply(Frame(0, "A", DELTA, json.dumps(message).encode()), NOON_NS)


def test_own_orders_do_not_change_the_published_book(venue: Captured) -> None:
    before = venue.capture.levels(B), venue.capture.levels(S)
    events = venue.new("a", "1", B, 4000, 4600) + venue.cancel("a", "2", "1")
    assert not [event for event in events if event[0] in ("level", "trade")]
    assert (venue.capture.levels(B), venue.capture.levels(S)) == before
