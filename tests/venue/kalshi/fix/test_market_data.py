"""Kalshi's market data over FIX: requests, books, levels, trades and states, against plain dictionaries."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.book import ASK, BID
from engine.codec import Fields
from engine.errors import DecodeError
from engine.instrument import Instrument, PriceBand
from engine.runtime.notices import NoticeKind
from engine.venue import EventKind, MarketEvent, MarketState
from engine.venue.kalshi.fix.market_data import KalshiFixMarketData
from tests.venue.kalshi.fix.examples import wire

RAIN = Instrument("KXDEMORAIN-26DEC01-T2", 0, [PriceBand(0, 10_000, 50)])
SNOW = Instrument("KXSNOW-1", 1, [PriceBand(0, 10_000, 100)])
NS = 1_000_000
R = RAIN.symbol


def fields(text: str) -> Fields:
    return Fields(f"8=FIXT.1.1|{text}10=000|".replace("|", "\x01").encode())


def shown(bodies: list[bytes]) -> list[str]:
    return [body.decode().replace("\x01", "|") for body in bodies]


def dialect(**options: Any) -> KalshiFixMarketData:
    made = KalshiFixMarketData([RAIN, SNOW], **options)
    made.subscribe()
    return made


def one(made: KalshiFixMarketData, message: Fields) -> MarketEvent:
    (event,) = made.decode(message)
    return event


def test_a_new_session_asks_for_every_book_and_state() -> None:
    made = KalshiFixMarketData([RAIN, SNOW], chunk=1)
    assert shown(made.subscribe()) == [
        f"35=V|263=1|146=1|55={RAIN.symbol}|",
        "35=V|263=1|146=1|55=KXSNOW-1|",
        f"35=e|55={RAIN.symbol}|263=1|",
        "35=e|55=KXSNOW-1|263=1|",
    ]
    assert made.waiting() == [RAIN, SNOW]
    assert shown(dialect().subscribe())[0] == f"35=V|263=1|146=2|55={RAIN.symbol}|55=KXSNOW-1|"


def test_markets_come_and_go_within_a_session() -> None:
    made = KalshiFixMarketData([RAIN])
    assert shown(made.add([RAIN, SNOW])) == ["35=V|263=1|146=1|55=KXSNOW-1|", "35=e|55=KXSNOW-1|263=1|"]
    assert shown(made.remove([SNOW])) == ["35=V|263=2|146=1|55=KXSNOW-1|", "35=e|55=KXSNOW-1|263=2|"]
    assert made.remove([SNOW]) == [] and made.waiting() == [RAIN]
    assert shown(made.resync([RAIN, SNOW])) == [f"35=V|263=0|146=1|55={RAIN.symbol}|"]


def test_snapshot_of_the_example_is_a_whole_book() -> None:
    made = dialect()
    event = one(made, Fields(wire("W")))
    assert (event.kind, event.instrument) == (EventKind.SNAPSHOT, RAIN)
    assert (event.bids, event.asks) == ([(4150, 12_000), (4100, 30_000)], [(4300, 8_550)])
    assert event.venue_time_ns % 10**9 == 10 * NS
    assert made.waiting() == [SNOW] and made.counts.snapshots == 1


def test_change_of_the_example_is_the_new_size_of_a_level_and_a_trade() -> None:
    made = dialect()
    one(made, Fields(wire("W")))
    seen = []
    for event in made.decode(Fields(wire("X change + trade"))):
        seen.append((event.kind, event.side, event.price, event.size, event.is_block, made.trade_id))
        assert event.venue_time_ns % (60 * 10**9) == 2 * 10**9 + 99 * NS
    assert seen == [
        (EventKind.LEVEL, BID, 4150, 9_500, False, ""),
        (EventKind.TRADE, ASK, 4150, 2_500, False, "c8f1d3b6-07a2-4e59-9d4c-3b60e5a7f218"),
    ]


def test_deleted_level_has_no_size_whatever_stands_there() -> None:
    made = dialect()
    one(made, Fields(wire("W")))
    event = one(made, Fields(wire("X delete")))
    assert (event.kind, event.side, event.price, event.size) == (EventKind.LEVEL, ASK, 4300, 0)
    odd = fields(f"35=X|268=1|279=2|55={RAIN.symbol}|269=0|270=0.4150|271=77.00|")
    assert one(made, odd).size == 0
    bare = fields(f"35=X|268=1|279=2|55={RAIN.symbol}|269=0|270=0.4150|")
    assert one(made, bare).size == 0


def test_levels_wait_for_the_snapshot() -> None:
    made = dialect()
    assert one(made, Fields(wire("X delete"))).kind == EventKind.CONTROL
    one(made, Fields(wire("W")))
    made.resync([RAIN])
    assert one(made, Fields(wire("X delete"))).kind == EventKind.CONTROL
    assert made.counts.waiting == 2


def test_entry_that_our_own_order_caused_names_it() -> None:
    made = dialect()
    one(made, Fields(wire("W")))
    level = f"35=X|268=1|279=0|55={RAIN.symbol}|269=0|270=0.4000|271=5.00|"
    assert one(made, fields(level + "11=eng-0001|79=0|")).size == 500
    assert made.own_cl_ord_id == "eng-0001"
    one(made, fields(level))
    assert made.own_cl_ord_id == ""


def test_block_trade_is_told_as_one() -> None:
    made = dialect()
    event = one(made, fields(f"35=X|268=1|279=0|55={RAIN.symbol}|269=2|270=0.4000|271=5.00|828=1|"))
    assert (event.kind, event.is_block, event.side, made.counts.blocks) == (EventKind.TRADE, True, 0, 1)


@pytest.mark.parametrize(
    ("code", "state"),
    [
        ("2", MarketState.PAUSED),
        ("3", MarketState.ACTIVE),
        ("100", MarketState.DETERMINED),
        ("101", MarketState.SETTLED),
    ],
)
def test_status_is_the_state_of_its_market(code: str, state: int) -> None:
    event = one(dialect(), fields(f"35=f|55={RAIN.symbol}|326={code}|"))
    assert (event.kind, event.instrument, event.state, event.price) == (EventKind.STATE, RAIN, state, -1)
    assert event.text == f"SecurityTradingStatus(326) {code}"


@pytest.mark.parametrize(
    ("text", "words", "kind"),
    [
        (f"35=f|55={R}|326=77|", f"{R}: SecurityTradingStatus(326) '77'", NoticeKind.MESSAGE_UNKNOWN),
        (f"35=X|268=1|279=0|55={R}|269=J|270=0|", f"{R}: MDEntryType(269) 'J'", NoticeKind.MESSAGE_UNKNOWN),
        ("35=X|268=1|279=0|55=KXOTHER|269=0|270=0.1|271=1|", "KXOTHER", NoticeKind.MARKET_UNKNOWN),
        ("35=f|55=KXOTHER|326=2|", "KXOTHER", NoticeKind.MARKET_UNKNOWN),
        ("35=W|55=KXOTHER|268=0|", "KXOTHER", NoticeKind.MARKET_UNKNOWN),
        (f"35=X|268=1|279=0|55={R}|269=0|270=0.4123|271=1|", f"{R}: no price '0.4123'", NoticeKind.LEVEL_OFF_GRID),
    ],
)
def test_what_is_not_known_is_told_and_costs_itself_alone(text: str, words: str, kind: NoticeKind) -> None:
    made = dialect()
    one(made, Fields(wire("W")))
    event = one(made, fields(text))
    assert (event.kind, event.text, event.notices) == (EventKind.UNKNOWN, words, ((kind, words),))


def test_price_off_the_grid_in_a_snapshot_leaves_the_rest() -> None:
    made = dialect()
    levels = "269=0|270=0.4123|271=1.00|269=0|270=0.4|271=2|269=1|270=0.5000|271=0.00|269=0|270=0.40|271=3|"
    event = one(made, fields(f"35=W|55={RAIN.symbol}|268=4|{levels}"))
    assert (event.bids, event.asks) == ([(4000, 300)], [])
    assert (made.counts.off_grid, made.counts.doubled) == (1, 1)
    assert event.notices == ((NoticeKind.LEVEL_OFF_GRID, f"{RAIN.symbol}: no price '0.4123'"),)


def test_unknown_ticker_gets_an_empty_book() -> None:
    event = one(dialect(), fields(f"35=W|55={RAIN.symbol}|268=0|"))
    assert (event.kind, event.bids, event.asks) == (EventKind.SNAPSHOT, [], [])


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("35=Y|281=2|", "limit of symbols"),
        ("35=Y|281=9|58=no|", "MDReqRejReason(281) 9: no"),
        ("35=Y|58=no|", "MDReqRejReason(281) : no"),
    ],
)
def test_refused_request_is_told(text: str, words: str) -> None:
    event = one(dialect(), fields(text))
    assert (event.kind, event.text) == (EventKind.REFUSED, words)
    assert event.notices == ((NoticeKind.SUBSCRIPTION_REFUSED, words),)
    example = one(dialect(), Fields(wire("Y")))
    assert example.text == "unknown SubscriptionRequestType(263): unsupported SubscriptionRequestType"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("35=W|268=0|", "tag 55 is missing"),
        (f"35=W|55={RAIN.symbol}|268=2|269=0|270=0.4|271=1|", "1 entries, tag 268 says 2"),
        (f"35=W|55={RAIN.symbol}|268=1|269=0|270=cheap|271=1|", "tag 270"),
        (f"35=W|55={RAIN.symbol}|268=1|269=0|270=0.4|271=-1|", r"271\) -100 is below zero"),
        (f"35=W|55={RAIN.symbol}|268=1|269=0|270=0.4|", "tag 271"),
        (f"35=f|55={RAIN.symbol}|", "tag 326 is missing"),
    ],
)
def test_message_that_cannot_be_read_is_an_error(text: str, words: str) -> None:
    with pytest.raises(DecodeError, match=words):
        list(dialect().decode(fields(text)))


def test_message_of_something_else_has_no_events() -> None:
    assert list(dialect().decode(Fields(wire("8 trade")))) == []


def test_more_markets_than_a_session_takes_are_refused() -> None:
    with pytest.raises(ValueError, match="100001 markets: a session takes 100000"):
        KalshiFixMarketData(Instrument(f"K{i}", i, None) for i in range(100_001))


CHANGES = st.lists(
    st.tuples(st.sampled_from(["0", "1"]), st.integers(1, 99), st.integers(0, 500), st.sampled_from("012")), max_size=30
)


@given(CHANGES, CHANGES)
def test_levels_make_the_book_that_a_plain_dictionary_has(
    whole: list[tuple[str, int, int, str]], changes: list[tuple[str, int, int, str]]
) -> None:
    made, books = KalshiFixMarketData([SNOW]), {"0": {}, "1": {}}  # type: ignore[var-annotated]
    made.subscribe()
    levels = {(side, price): size for side, price, size, _ in whole}
    text = "".join(f"269={side}|270=0.{price:02}|271={size}.00|" for (side, price), size in levels.items())
    event = one(made, fields(f"35=W|55=KXSNOW-1|268={len(levels)}|{text}"))
    books["0"], books["1"] = dict(event.bids), dict(event.asks)
    expected = {key: size * 100 for key, size in levels.items() if size}
    entries = ""
    for side, price, size, action in changes:
        entries += f"279={action}|55=KXSNOW-1|269={side}|270=0.{price:02}|271={size}.00|"
        expected[side, price] = 0 if action == "2" else size * 100
    for event in made.decode(fields(f"35=X|268={len(changes)}|{entries}")):
        assert event.kind == EventKind.LEVEL
        books["0" if event.side == BID else "1"][event.price] = event.size
    held = {(side, price // 100): size for side in books for price, size in books[side].items() if size}
    assert held == {key: size for key, size in expected.items() if size}
