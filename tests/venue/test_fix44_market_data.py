"""Market data over plain FIX 4.4: requests under an id each, books keyed by price, and what cannot be followed."""

from typing import Any

import pytest

from engine.book import ASK, BID
from engine.codec import Fields
from engine.errors import DecodeError
from engine.instrument import Instrument, PriceBand
from engine.runtime.notices import NoticeKind
from engine.venue import EventKind, MarketEvent
from engine.venue.fix44 import fix_market_data
from engine.venue.fix44.book_requests import LONGEST_NS, PATIENCE_NS, UPDATES, BookRequests
from engine.venue.fix44.market_data import Fix44MarketData

RAIN = Instrument("RAIN", 0, [PriceBand(0, 10_000, 100)])
COIN = Instrument("COIN", 1, None, price_decimals=2, size_decimals=8)
KINDS = "264=0|265=1|267=3|269=0|269=1|269=2"
S = 1_000_000_000


def fields(text: str) -> Fields:
    return Fields(f"8=FIX.4.4|9=1|{text}10=000|".replace("|", "\x01").encode())


def shown(bodies: list[bytes]) -> list[str]:
    return [body.decode().replace("\x01", "|") for body in bodies]


def whole(symbol: str = "RAIN") -> str:
    return f"35=W|262=1|55={symbol}|268=2|269=0|270=0.45|271=10|269=1|270=0.55|271=20|"


def dialect(*instruments: Instrument) -> Fix44MarketData:
    made = fix_market_data(instruments or (RAIN, COIN))
    made.subscribe()
    return made


def all_of(made: Fix44MarketData, text: str) -> list[tuple[Any, ...]]:
    """Return what each event of a message says."""
    return [(e.kind, getattr(e.instrument, "symbol", ""), e.side, e.price, e.size) for e in made.decode(fields(text))]


def one(made: Fix44MarketData, text: str) -> MarketEvent:
    (event,) = made.decode(fields(text))
    return event


def test_each_market_has_a_request_of_its_own_and_is_left_under_its_id() -> None:
    made = fix_market_data([RAIN])
    assert shown(made.subscribe()) == [f"35=V|262=1|263=1|{KINDS}|146=1|55=RAIN|"]
    assert shown(made.add([RAIN, COIN])) == [f"35=V|262=2|263=1|{KINDS}|146=1|55=COIN|"]
    assert shown(made.resync([COIN])) == [f"35=V|262=3|263=0|{KINDS}|146=1|55=COIN|"]
    assert shown(made.remove([COIN])) == [f"35=V|262=2|263=2|{KINDS}|146=1|55=COIN|"]
    assert made.waiting() == [RAIN]


def test_entries_are_levels_and_trades_in_order() -> None:
    made = dialect()
    one(made, whole())
    text = "35=X|262=1|268=3|279=1|269=0|55=RAIN|270=0.45|271=7|279=2|269=1|270=0.55|279=0|269=2|270=0.45|271=3|2446=2|"
    assert all_of(made, text) == [
        (EventKind.LEVEL, "RAIN", BID, 4_500, 700),
        (EventKind.LEVEL, "RAIN", ASK, 5_500, 0),  # without a Symbol(55) of its own
        (EventKind.TRADE, "RAIN", ASK, 4_500, 300),
    ]


def test_symbol_before_the_group_is_that_of_every_entry() -> None:
    made = dialect()
    one(made, whole())
    text = "35=X|55=RAIN|268=2|279=1|269=0|270=0.45|271=7|279=1|269=1|270=0.55|271=1|"
    assert [each[1:] for each in all_of(made, text)] == [("RAIN", BID, 4_500, 700), ("RAIN", ASK, 5_500, 100)]


def test_market_without_a_grid_has_any_price() -> None:
    made = dialect()
    one(made, "35=W|55=COIN|268=1|269=0|270=91250.1|271=1.25|")
    text = "35=X|268=1|279=1|269=0|270=91250.10|271=0.00000001|55=COIN|25043=7001|"
    assert all_of(made, text) == [(EventKind.LEVEL, "COIN", BID, 9_125_010, 1)]


def test_time_of_an_entry_is_its_own_or_that_of_its_message() -> None:
    made = dialect()
    one(made, whole())
    level = "279=1|55=RAIN|269=0|270=0.45|271=7|"
    sent = "35=X|52=20261123-14:33:02.101|268=1|"
    assert one(made, sent + level + "272=20261123|273=14:33:02.099|").venue_time_ns % (60 * S) == 2_099_000_000
    for rest in ("", "272=20261123|", "272=soon|273=14:33|", "272=20261123|273=25:61:00.000|"):
        assert one(made, sent + level + rest).venue_time_ns % (60 * S) == 2_101_000_000


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        ("279=1|55=RAIN|269=0|270=cheap|271=1|", "RAIN: tag 270"),
        ("279=1|55=RAIN|269=0|270=0.45|271=-1|", "RAIN: MDEntrySize(271) -100 is below zero"),
        ("279=1|55=RAIN|269=0|270=0.45|", "RAIN: tag 271"),
        ("279=1|55=RAIN|269=0|270=0.45|271=0.001|", "RAIN: tag 271"),
        ("279=3|55=RAIN|269=0|270=0.45|271=1|", "RAIN: MDUpdateAction(279) '3' is not 0, 1 or 2"),
    ],
)
def test_entry_that_cannot_be_read_costs_its_own_book_alone(bad: str, words: str) -> None:
    made = dialect()
    one(made, whole("RAIN"))
    one(made, "35=W|55=COIN|268=0|")
    seen = []
    for event in made.decode(fields(f"35=X|268=2|{bad}279=0|55=COIN|269=0|270=5.00|271=1|")):
        seen.append((event.kind, event.suspects, shown(event.commands)))
        if event.suspects:
            assert event.text.startswith(words) and event.notices[0][0] == NoticeKind.FRAME_UNREADABLE
    assert [kind for kind, *_ in seen] == [EventKind.UNKNOWN, EventKind.LEVEL]
    assert seen[0][1] == (RAIN,) and [text.startswith("35=V|262=3|263=0|") for text in seen[0][2]] == [True]
    assert made.waiting() == [RAIN] and made.counts.malformed == 1


def test_entries_that_are_not_as_many_as_announced_cost_every_book_they_name() -> None:
    made = dialect()
    one(made, whole())
    event = one(made, "35=X|268=2|279=1|55=RAIN|269=0|270=0.45|271=1|")
    assert (event.kind, event.suspects) == (EventKind.UNKNOWN, (RAIN,))
    assert event.text == "MsgType(35) X: 1 entries, NoMDEntries(268) says 2"
    assert one(made, "35=X|268=many|279=1|55=RAIN|269=0|270=0.45|271=1|").suspects == (RAIN,)


def test_whole_book_that_cannot_be_read_costs_the_one_that_was_believed() -> None:
    made = dialect(RAIN)
    broken = "35=W|55=RAIN|268=1|269=0|270=cheap|271=1|"
    with pytest.raises(DecodeError, match="RAIN: tag 270"):
        list(made.decode(fields(broken)))
    one(made, whole())
    event = one(made, broken)
    assert (event.kind, event.suspects, len(event.commands)) == (EventKind.UNKNOWN, (RAIN,), 1)
    assert made.waiting() == [RAIN] and made.counts.malformed == 2


def test_level_that_only_an_id_names_sets_its_market_aside() -> None:
    made = dialect()
    one(made, whole())
    event = one(made, "35=X|268=1|279=2|55=RAIN|269=0|278=abc|")
    assert (event.kind, event.refused, event.suspects) == (EventKind.REFUSED, (RAIN,), (RAIN,))
    assert event.text == "RAIN: MDEntryID(278) alone names the level: only price-keyed books work"
    assert made.resync([RAIN]) == []


def test_market_that_was_left_is_spoken_of_without_a_word() -> None:
    made = dialect()
    one(made, whole())
    made.remove([RAIN])
    event = one(made, "35=X|268=1|279=1|55=RAIN|269=0|270=0.45|271=1|")
    assert (event.kind, event.notices, made.counts.unknown_markets) == (EventKind.CONTROL, (), 1)
    made.add([RAIN])
    assert one(made, whole()).kind == EventKind.SNAPSHOT


def test_refusal_is_of_the_request_that_it_names() -> None:
    made = dialect()
    event = one(made, "35=Y|262=2|281=0|58=unknown symbol|")
    assert (event.kind, event.refused, event.commands) == (EventKind.REFUSED, (COIN,), [])
    assert event.text == "MDReqRejReason(281) 0: unknown symbol"
    assert made.waiting() == [RAIN]
    assert [body.split("|55=")[1] for body in shown(made.subscribe())] == ["RAIN|", "COIN|"]  # once more, alone


def test_reject_of_a_request_is_told_and_asked_again_in_time() -> None:
    made = dialect(RAIN)
    assert made.due(0) == []
    event = one(made, "35=j|45=2|372=V|380=8|58=rate limit exceeded|")
    assert (event.kind, event.text) == (EventKind.REFUSED, "MsgType(35) V refused, reason 8: rate limit exceeded")
    assert made.due(PATIENCE_NS - 1) == []
    assert len(made.due(PATIENCE_NS)) == 1


def test_book_that_is_asked_for_again_and_again_has_to_wait() -> None:
    made = dialect(RAIN)
    made.due(60 * S)
    for asked in (1, 1, 1, 0, 0):
        one(made, whole())
        assert len(made.resync([RAIN])) == asked
    assert made.waiting() == [RAIN]
    assert (made.due(61 * S), len(made.due(61 * S + PATIENCE_NS))) == ([], 1)
    one(made, whole())
    made.due(120 * S)
    assert len(made.resync([RAIN])) == 1


# What was asked for


def requests(chunk: int = 3) -> BookRequests:
    return BookRequests(lambda kind, symbols, number: f"{kind} {number}: {' '.join(symbols)}".encode(), chunk)


def test_list_that_is_refused_is_taken_apart_and_the_one_at_fault_is_given_up() -> None:
    made = requests()
    assert made.begin("abcd") == [b"1 1: a b c", b"1 2: d"]
    made.came("a")
    assert made.refuse() == ([b"1 3: b", b"1 4: c"], [])
    made.came("d")
    made.came("b")
    assert made.refuse() == ([], ["c"])
    assert made.refuse() == ([], []) and not made.waiting
    assert made.begin("abcd") == [b"1 5: a b d", b"1 6: c"]


def test_what_is_overdue_is_asked_for_again_later_each_time() -> None:
    made, now_ns, asked = requests(), 0, []
    made.begin("a")
    for _ in range(8):
        while not made.due(now_ns):
            now_ns += S
        asked.append(now_ns)
        made.due(now_ns)  # its time begins
    gaps = [after - before for before, after in zip(asked, asked[1:], strict=False)]
    assert gaps == [min(PATIENCE_NS << tries, LONGEST_NS) for tries in range(1, 8)]
    assert made.waiting["a"].kind == UPDATES
