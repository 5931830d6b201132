"""Settlements of a session of their own: booked once, held against ours and against REST, differences told."""

from typing import Any

import pytest

from engine import fix
from engine.app.sessions.post_trade import LATEST_NS, PATIENCE_NS, PostTrade
from engine.errors import DecodeError
from engine.runtime.notices import NoticeKind
from engine.trading.markets import Stop
from engine.venue.account import VenueSettlement
from tests.support.desks import Scene

START = 10**18


class Message:
    """A message as far as it is told whose market it is about."""

    def __init__(self, content: object, symbol: str = "") -> None:
        self.content, self.symbol = content, symbol

    def text(self, tag: int) -> str:
        assert tag == fix.Symbol
        return self.symbol


class Stream:
    """Reads what a test puts into a message."""

    def take(self, fields: Any) -> VenueSettlement | None:
        if isinstance(fields.content, DecodeError):
            raise fields.content
        found: VenueSettlement | None = fields.content
        return found


class Paying:
    """A desk that holds something of RAIN; `now_ns` is a test's to move."""

    def __init__(self, net: int = 10, with_rest: bool = True) -> None:
        self.scene = Scene()
        self.now_ns = START
        side, qty = (fix.BUY, net) if net > 0 else (fix.SELL, -net)
        if net:
            self.scene.portfolio.fill(self.scene.rain, side, qty, 4_500, 0)
        ask: Any = (lambda since_ns: None) if with_rest else None
        self.post_trade = PostTrade(self.scene.loop, Stream(), lambda: self.now_ns, ask)

    def hear(self, content: object, symbol: str = "") -> None:
        message: Any = Message(content, symbol)
        self.post_trade.take(message)

    def wait(self, duration_ns: int) -> None:
        self.now_ns += duration_ns
        self.post_trade.look()

    def counted(self) -> dict[str, int]:
        counts = self.post_trade.counts
        return {name: value for name in counts.__slots__ if (value := getattr(counts, name))}

    def told(self) -> list[str]:
        kind = NoticeKind.SETTLEMENT_WRONG
        return [notice.text for notice in self.scene.loop.notices.all() if notice.kind == kind]

    def is_stopped(self) -> bool:
        return bool(self.scene.loop.markets.has(self.scene.rain, Stop.ACCOUNT.value))


def settlement(**values: Any) -> VenueSettlement:
    told: dict[str, Any] = {"symbol": "RAIN", "payout": 10_000, "revenue": 100_000, "fee": 0, "time_ns": START}
    return VenueSettlement(**(told | {"yes_qty": 10} | values))


@pytest.mark.parametrize(
    ("net", "told"),
    [
        (10, settlement()),
        (10, settlement(payout=0, revenue=0)),
        (-10, settlement(yes_qty=0, no_qty=10, payout=0)),
        (-10, settlement(yes_qty=0, no_qty=10, payout=3_060, revenue=69_400)),
    ],
)
def test_settlement_that_nobody_told_before_is_booked_and_agrees(net: int, told: VenueSettlement) -> None:
    desk = Paying(net)
    desk.hear(told)
    position = desk.scene.portfolio[desk.scene.rain]
    assert (position.is_settled, position.net, position.mark) == (True, 0, told.payout)
    assert desk.counted() == {"heard": 1, "booked": 1, "agreed": 1}
    assert desk.told() == [] and not desk.is_stopped()


def test_settlement_that_the_feed_told_first_is_booked_once() -> None:
    desk = Paying()
    desk.scene.loop.settlements.hear(desk.scene.rain, 10_000)
    cash = desk.scene.portfolio.cash
    desk.hear(settlement())
    assert desk.scene.portfolio.cash == cash
    assert desk.counted() == {"heard": 1, "agreed": 1}


def test_settlement_before_the_feed_is_booked_once() -> None:
    desk = Paying()
    desk.hear(settlement())
    cash = desk.scene.portfolio.cash
    desk.scene.loop.settlements.hear(desk.scene.rain, 10_000)
    assert desk.scene.portfolio.cash == cash and desk.told() == []


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"yes_qty": 11, "revenue": 110_000}, "the venue paid 0.11 held, we 0.10"),
        ({"revenue": 90_000}, "the venue paid 0.090000, we 0.100000"),
        ({"fee": 7}, "the venue charged 0.000007, we nothing"),
    ],
)
def test_difference_is_told_and_stops_the_market(values: dict[str, int], words: str) -> None:
    desk = Paying()
    desk.hear(settlement(**values))
    desk.wait(PATIENCE_NS - 1)
    assert desk.told() == []
    desk.wait(1)
    assert desk.counted() == {"heard": 1, "booked": 1, "differed": 1}
    assert desk.told() == [f"RAIN: settlement: {words}"] and desk.is_stopped()


def test_fill_that_comes_after_its_market_was_paid_is_paid_too() -> None:
    desk = Paying(net=4)
    desk.scene.loop.settlements.hear(desk.scene.rain, 10_000)
    desk.hear(settlement())
    desk.scene.portfolio.fill(desk.scene.rain, fix.BUY, 6, 4_500, 0)
    desk.wait(1)
    assert desk.counted() == {"heard": 1, "agreed": 1}
    assert desk.scene.portfolio[desk.scene.rain].net == 0
    desk.wait(PATIENCE_NS)
    assert desk.told() == [] and not desk.is_stopped()


def test_another_price_than_the_feed_told_is_told_and_not_paid() -> None:
    desk = Paying()
    desk.scene.loop.settlements.hear(desk.scene.rain, 0)
    cash = desk.scene.portfolio.cash
    desk.hear(settlement())
    assert desk.scene.portfolio.cash == cash
    assert desk.told()


def test_report_that_contradicts_another_is_told_and_stops_its_market() -> None:
    desk = Paying()
    desk.hear(DecodeError("MsgType(35) UMS: RAIN pays 0, it was settled at 10000"), "RAIN")
    assert desk.told() == ["RAIN: settlement: MsgType(35) UMS: RAIN pays 0, it was settled at 10000"]
    assert desk.is_stopped()


def test_market_that_is_not_ours_is_counted_and_left_alone() -> None:
    desk = Paying()
    desk.hear(settlement(symbol="HAIL"))
    desk.hear(None)
    assert desk.counted() == {"heard": 1, "elsewhere": 1} and desk.told() == []


def test_rest_confirms_a_settlement_or_contradicts_it() -> None:
    desk = Paying()
    desk.hear(settlement())
    desk.post_trade.compare([settlement(time_ns=START + 5)])
    assert desk.counted() == {"heard": 1, "booked": 1, "agreed": 1, "asked": 1}
    desk.post_trade.compare([settlement(revenue=1)])  # it waits no more
    assert desk.told() == []
    other = Paying()
    other.hear(settlement())
    other.post_trade.compare([settlement(revenue=90_000, fee=7)])
    assert other.told() == ["RAIN: settlement: its revenue is 100000 here, 90000 by REST; its fee is 0 here, 7 by REST"]
    assert other.is_stopped()


def test_settlement_that_rest_does_not_list_in_time_is_told() -> None:
    desk = Paying()
    desk.hear(settlement())
    desk.now_ns += LATEST_NS - 1
    desk.post_trade.compare([])
    assert desk.told() == []
    desk.now_ns += 1
    desk.post_trade.compare([])
    assert desk.told() == ["RAIN: settlement: REST lists no settlement after 60 s"]


def test_without_rest_nothing_waits() -> None:
    desk = Paying(with_rest=False)
    desk.hear(settlement())
    desk.now_ns += 2 * LATEST_NS
    desk.post_trade.compare([])
    assert desk.told() == []
