"""What the feed tells of our account books nothing; what FIX does not tell as well has the account compared."""

from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from engine.app.account.listening import ASK_AGAIN_NS, BOUND_NS, LATE_NS, MOST_LATE_NS, MOST_NEWS, AccountListener
from engine.fix import BUY, Status
from engine.orders.order import Order
from engine.runtime.notices import NoticeKind
from engine.trading.reconcile.second_sources import FillSource, SecondSources
from engine.venue import EventKind, MarketState
from engine.venue.account import VenueFill, VenueOrder, VenuePosition
from tests.support.desks import Scene
from tests.support.venue_account import AccountVenue

START = 10**18


class FakeWatch:
    """Notes why comparisons are asked for."""

    def __init__(self) -> None:
        self.last_ns = 0
        self.reasons: list[str] = []
        self.reason = ""

    def look_soon(self, reason: str) -> None:
        self.reasons.append(reason)

    def obstacle(self) -> str:
        return self.reason


class Heard:
    """A desk whose feed tells of its account; `now_ns` is a test's to move."""

    def __init__(self) -> None:
        self.scene = Scene()
        self.venue = AccountVenue()
        self.watch = FakeWatch()
        self.now_ns = START
        watch: Any = self.watch
        self.sources = SecondSources(lambda: self.now_ns)
        self.listener = AccountListener(
            self.scene.loop, watch, lambda: self.now_ns, lambda: self.scene.now_ns, self.sources
        )

    def hear(self, *news: object, account_gap: bool = False) -> None:
        for each in news:
            self.scene.frame(EventKind.CONTROL, news=each, account_gap=account_gap)

    def wait(self, duration_ns: int) -> list[str]:
        """Let time pass; return why a comparison is asked for now."""
        self.now_ns += duration_ns
        self.watch.reasons.clear()
        self.listener.look()
        return list(self.watch.reasons)

    def working(self) -> Order:
        """An order of ours that rests, as FIX has told."""
        order: Order = self.scene.buy()
        self.scene.loop.apply(self.venue.accept(order))
        return order

    def told(self) -> list[str]:
        kind = NoticeKind.ACCOUNT_CONTRADICTED
        return [notice.text for notice in self.scene.loop.notices.all() if notice.kind == kind]

    def counted(self) -> dict[str, int]:
        counts = self.listener.counts
        return {name: value for name in counts.__slots__ if (value := getattr(counts, name))}

    def position(self, symbol: str = "RAIN") -> VenuePosition:
        positions = {each.symbol: each for each in self.venue.account().positions}
        return positions.get(symbol, VenuePosition(symbol=symbol, net=0, fees=0))

    def everything(self, order: Order) -> list[object]:
        return [*self.venue.fills, self.venue.orders[order.cl_ord_id], self.position()]


@pytest.fixture
def heard() -> Heard:
    return Heard()


def stranger(**values: Any) -> VenueFill:
    fill = VenueFill(
        trade_id="T9",
        order_id="V-9",
        cl_ord_id="other-1",
        symbol="RAIN",
        side=BUY,
        price=4_500,
        qty=5,
        fee=0,
        is_taker=True,
        time_ns=0,
    )
    return msgspec.structs.replace(fill, **values)


def stranger_order(**values: Any) -> VenueOrder:
    order = VenueOrder(
        order_id="V-9",
        cl_ord_id="other-1",
        symbol="RAIN",
        side=BUY,
        price=4_500,
        order_qty=5,
        cum_qty=0,
        leaves_qty=5,
        status=Status.NEW,
    )
    return msgspec.structs.replace(order, **values)


def test_news_that_fix_has_told_is_only_counted(heard: Heard) -> None:
    order = heard.working()
    heard.scene.loop.apply(heard.venue.fill(order, 4, 4_500))
    heard.hear(*heard.everything(order))
    assert heard.wait(BOUND_NS) == []
    assert (heard.counted(), heard.told()) == ({"heard": 3}, [])


def test_fill_over_the_feed_says_how_far_it_runs_behind_fix(heard: Heard) -> None:
    order = heard.working()
    heard.scene.loop.apply(heard.venue.fill(order, 4, 4_500))
    heard.sources.told("T0")
    heard.now_ns += 7
    heard.hear(*heard.venue.fills)
    assert heard.sources.lags[FillSource.FEED].lag_ns == 7


def test_news_that_fix_tells_a_moment_later_is_no_contradiction(heard: Heard) -> None:
    order = heard.working()
    report = heard.venue.fill(order, 10, 4_500)
    heard.hear(*heard.everything(order))
    assert heard.wait(BOUND_NS - 1) == []
    heard.scene.loop.apply(report)
    assert heard.wait(BOUND_NS) == []
    assert (heard.counted(), heard.told()) == ({"heard": 3, "late": 3}, [])


def test_fill_that_fix_never_tells_has_the_account_compared(heard: Heard) -> None:
    order = heard.working()
    heard.venue.fill(order, 4, 4_500)
    heard.hear(*heard.venue.fills)
    assert heard.wait(BOUND_NS - 1) == []
    text = f"trade T0 of OrderID(37) V-{order.cl_ord_id}, ClOrdID(11) {order.cl_ord_id!r}, 4 at 4500,"
    assert heard.wait(1) == [f"the feed tells {text} that FIX has not told of"]
    assert heard.told() == [f"RAIN: the feed tells {text} that FIX has not told of"]
    assert order.cum_qty == 0 and heard.scene.portfolio[heard.scene.rain].net == 0  # it is the comparison that books


def test_order_that_ended_at_the_venue_alone_has_the_account_compared(heard: Heard) -> None:
    order = heard.working()
    heard.venue.cancel(order)
    heard.hear(heard.venue.orders[order.cl_ord_id])
    assert len(heard.wait(BOUND_NS)) == 1


def test_position_that_differs_has_the_account_compared(heard: Heard) -> None:
    heard.hear(VenuePosition(symbol="RAIN", net=7, fees=0))
    assert heard.wait(BOUND_NS) == ["the feed tells a position of 7 that FIX has not told of"]


@pytest.mark.parametrize(
    "news",
    [
        stranger(),
        stranger(cl_ord_id=""),
        stranger_order(),
        stranger_order(status=Status.FILLED, cum_qty=5, leaves_qty=0),
    ],
)
def test_order_that_we_never_sent_waits_for_nothing(heard: Heard, news: object) -> None:
    heard.hear(news)
    assert len(heard.wait(0)) == 1
    assert heard.counted() == {"heard": 1, "contradicted": 1, "looks": 1}


def test_order_of_a_stranger_that_is_over_without_a_fill_is_nothing(heard: Heard) -> None:
    heard.hear(stranger_order(status=Status.CANCELED, leaves_qty=0))
    assert heard.wait(BOUND_NS) == []


def test_other_markets_of_the_account_are_only_counted(heard: Heard) -> None:
    heard.hear(stranger(symbol="HAIL"), VenuePosition(symbol="HAIL", net=7, fees=0))
    assert heard.wait(BOUND_NS) == []
    assert heard.counted() == {"heard": 2, "elsewhere": 2}


def test_comparison_that_began_afterwards_settles_it(heard: Heard) -> None:
    heard.hear(stranger())
    assert len(heard.wait(0)) == 1
    heard.watch.last_ns = START  # it had begun before: the next one decides
    assert heard.wait(ASK_AGAIN_NS - 1) == []
    assert len(heard.wait(1)) == 1
    heard.watch.last_ns = START + 1
    assert heard.wait(ASK_AGAIN_NS) == []
    assert heard.counted() == {"heard": 1, "contradicted": 1, "looks": 2}


def test_position_that_was_compared_once_is_not_compared_for_ever(heard: Heard) -> None:
    """A person may trade on with it; another difference is news again."""
    heard.hear(VenuePosition(symbol="RAIN", net=7, fees=0))
    heard.wait(BOUND_NS)
    heard.watch.last_ns = heard.now_ns
    heard.wait(0)
    heard.hear(VenuePosition(symbol="RAIN", net=7, fees=1))
    assert heard.wait(BOUND_NS) == []
    heard.hear(VenuePosition(symbol="RAIN", net=8, fees=1))
    assert len(heard.wait(BOUND_NS)) == 1
    heard.hear(VenuePosition(symbol="RAIN", net=0, fees=1), VenuePosition(symbol="RAIN", net=7, fees=1))
    assert len(heard.wait(BOUND_NS)) == 1


def test_position_in_a_decided_market_is_past(heard: Heard) -> None:
    """The venue pays after its result, and tells of the position in between."""
    heard.scene.frame(
        EventKind.STATE, instrument=heard.scene.rain, state=MarketState.DETERMINED, price=10_000, text="determined"
    )
    heard.hear(VenuePosition(symbol="RAIN", net=7, fees=0))
    assert heard.wait(BOUND_NS) == []


def test_lost_news_has_the_account_compared(heard: Heard) -> None:
    heard.scene.frame(EventKind.GAP, account_gap=True)
    assert heard.wait(BOUND_NS) == ["the feed tells that news of our account may have been lost"]
    assert heard.counted() == {"lost": 1, "looks": 1}


def test_nothing_is_asked_while_the_session_is_down_or_compared_anyway(heard: Heard) -> None:
    heard.hear(stranger())
    heard.watch.reason = "the account is being compared with the venue's"
    assert heard.wait(BOUND_NS) == []
    heard.watch.reason = ""
    heard.scene.loop.is_connected = False
    assert heard.wait(0) == []
    heard.scene.loop.is_connected = True
    assert heard.wait(BOUND_NS) == []


def test_late_fix_is_waited_for(heard: Heard) -> None:
    """A comparison that runs ahead of reports on their way would make these contradict."""
    order = heard.working()
    heard.venue.fill(order, 4, 4_500)
    awaited = heard.scene.buy()
    heard.hear(*heard.venue.fills)
    heard.scene.now_ns += LATE_NS + 1
    assert heard.wait(BOUND_NS + MOST_LATE_NS - 1) == []
    heard.scene.loop.apply(heard.venue.accept(awaited))
    assert len(heard.wait(1)) == 1
    heard.watch.last_ns = heard.now_ns + 1
    assert heard.wait(MOST_LATE_NS) == []
    heard.venue.fill(order, 5, 4_500)
    heard.hear(heard.venue.fills[-1])
    assert len(heard.wait(BOUND_NS)) == 1  # FIX has been in time for long enough


def test_stranger_is_told_of_however_late_fix_is(heard: Heard) -> None:
    heard.scene.buy()
    heard.scene.now_ns += LATE_NS + 1
    heard.hear(stranger())
    assert len(heard.wait(0)) == 1


def test_order_in_doubt_waits_for_no_answer(heard: Heard) -> None:
    """What the venue took in spite of its words is found by the comparison that its news asks for."""
    order = heard.scene.buy()
    heard.venue.accept(order)
    heard.scene.orders.on_disconnect()
    assert order.ord_status == Status.UNKNOWN
    heard.scene.now_ns += LATE_NS + 1
    heard.hear(heard.venue.orders[order.cl_ord_id])
    assert len(heard.wait(BOUND_NS)) == 1


def test_flood_is_bounded_and_costs_one_comparison(heard: Heard) -> None:
    for number in range(2 * MOST_NEWS):
        heard.hear(stranger(trade_id=f"T{number}"))
    assert len(heard.listener._waiting) == MOST_NEWS + 1
    assert heard.wait(0) == [
        "the feed tells trade T0 of OrderID(37) V-9, ClOrdID(11) 'other-1', 5 at 4500, that FIX has not told of,"
        f" and {MOST_NEWS} more"
    ]
    heard.watch.last_ns = heard.now_ns + 1
    assert heard.wait(BOUND_NS) == [] and not heard.listener._waiting


@settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from(["order", "fill", "cancel", "report", "news"]), max_size=40))
@example(["order", "fill", "fill", *["news"] * 5])  # the second names by its OrderID what FIX has not acknowledged
def test_two_channels_in_any_pace_agree_once_both_have_told_all(steps: list[str]) -> None:
    """Reports and news each keep their order, and one may run ahead of the other as it likes."""
    heard = Heard()
    orders: list[Order] = []
    reports: list[Any] = []
    news: list[object] = []

    def act(step: str) -> None:
        working = [each for each in orders if heard.venue.is_working(each)]
        if step == "order":
            order = heard.scene.buy()
            orders.append(order)
            reports.append(heard.venue.accept(order))
            news.append(heard.venue.orders[order.cl_ord_id])
        elif step == "fill" and working:
            reports.append(heard.venue.fill(working[0], 5, 4_500))
            news.extend([heard.venue.fills[-1], heard.position(), heard.venue.orders[working[0].cl_ord_id]])
        elif step == "cancel" and working:
            reports.append(heard.venue.cancel(working[-1]))
            news.append(heard.venue.orders[working[-1].cl_ord_id])
        elif step == "report" and reports:
            heard.scene.loop.apply(reports.pop(0))
        elif step == "news" and news:
            heard.hear(news.pop(0))

    for step in [*steps, *["report"] * 50, *["news"] * 130]:
        act(step)
        assert heard.wait(0) == []
    assert heard.wait(2 * BOUND_NS) == [] and heard.told() == []
