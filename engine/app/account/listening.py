"""What the feed tells of our own account beside FIX: fills, orders and positions as the venue has them.

FIX books; the feed books nothing. What it tells agrees with what FIX has told, at once or within a moment; where it
does not, the account is compared with the venue's as soon as possible, and that decides. What names an order that we
never sent waits for nothing; everything else waits longer while FIX is late with its answers, because a comparison that
runs ahead of reports on their way makes these contradict.

Only news of our own markets is judged. Of an order with very many executions its sum alone is, as its own news tells.

Units   times in ns since 1970, or as the names say.
Errors  none.
Bounds  at most `MOST_NEWS` wait; beyond that the account is compared for all of them together.
Thread  the loop thread only.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeAlias

from engine.app.account.watch import AccountWatch
from engine.fix import Status
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.orders.table import TERMINAL
from engine.runtime.notices import NoticeKind
from engine.trading.loop import TradingLoop
from engine.trading.reconcile.judge import judge_order, missed_fills
from engine.trading.reconcile.second_sources import FillSource, SecondSources
from engine.venue import MarketEvent
from engine.venue.account import OrderGroupChange, VenueFill, VenueOrder, VenuePosition

_S = 1_000_000_000
BOUND_NS = 2 * _S  # within it FIX tells the same
LATE_NS = _S // 2  # a request that is not answered within it: FIX runs late
MOST_LATE_NS = 10 * _S  # what is waited beyond the bound if it has run late so recently; twice a heartbeat
ASK_AGAIN_NS = 2 * _S  # where no comparison came of it
LOOK_S = 0.2
MOST_NEWS = 1_000
MOST_EXECUTIONS = 256  # of an order whose single fills are compared

News: TypeAlias = VenueFill | VenueOrder | VenuePosition
Key: TypeAlias = tuple[type, str]
LOST: Key = (MarketEvent, "")  # of news that never came


class Contradiction:
    """One thing that the feed tells and FIX has not told so far; `news` is None for all that may have been lost."""

    __slots__ = ("heard_ns", "is_strange", "is_told", "news")

    def __init__(self, news: News | None, heard_ns: int, is_strange: bool) -> None:
        self.news = news
        self.heard_ns = heard_ns
        self.is_strange = is_strange  # FIX will never tell of it
        self.is_told = False

    def is_due(self, now_ns: int, patience_ns: int) -> bool:
        """Return whether FIX should have told of it, or will not."""
        return self.is_strange or now_ns >= self.heard_ns + patience_ns


class ListenerCounts:
    """Counts since the start."""

    __slots__ = ("contradicted", "elsewhere", "heard", "late", "looks", "lost")

    def __init__(self) -> None:
        self.contradicted = 0  # what FIX had not told within its bound
        self.elsewhere = 0  # of markets that are not ours
        self.heard = 0  # fills, orders and positions
        self.late = 0  # of them, what FIX told only afterwards
        self.looks = 0  # comparisons that were asked for
        self.lost = 0  # times that news may have been lost


class AccountListener:
    """Follows the news of one loop's feed; `sleep` waits seconds."""

    def __init__(
        self,
        loop: TradingLoop,
        watch: AccountWatch,
        wall_ns: Callable[[], int],
        clock_ns: Callable[[], int],
        sources: SecondSources,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.counts = ListenerCounts()
        self._loop = loop
        self._watch = watch
        self._wall_ns = wall_ns
        self._clock_ns = clock_ns
        self._sources = sources
        self._sleep = sleep
        self._waiting: dict[Key, Contradiction] = {}
        self._has_news = asyncio.Event()
        self._asked_ns = 0
        self._late_ns = -MOST_LATE_NS  # when FIX was seen to run late
        self._gaps: dict[str, int] = {}  # of positions that were compared and differ all the same
        self._markets: dict[str, Instrument] = {}
        self._listings = -1
        loop.news.followers.append(self.hear)

    # What the feed says

    def hear(self, event: MarketEvent) -> None:
        """Take one event's news of our account, if it has any."""
        if event.account_gap:
            self.counts.lost += 1
            self._wait(LOST, None)
        news = event.news
        if isinstance(news, VenueFill | VenueOrder | VenuePosition):
            self._hear(news)
        elif isinstance(news, OrderGroupChange):
            limit = f", limit {news.limit}" if news.limit >= 0 else ""
            text = f"order group {news.group_id}: {news.change}{limit}"  # one that is triggered has lost its orders
            self._loop.notices.tell(NoticeKind.ORDER_GROUP, text)

    def _hear(self, news: News) -> None:
        self.counts.heard += 1
        if news.symbol not in self._our_markets():
            self.counts.elsewhere += 1
            return
        if isinstance(news, VenueFill):
            self._sources.heard(FillSource.FEED, news.trade_id)
        key = _key(news)
        self._waiting.pop(key, None)  # what was told of it before is past
        if not self._agrees(news):
            self._wait(key, news, self._is_strange(news))

    def _wait(self, key: Key, news: News | None, is_strange: bool = False) -> None:
        if len(self._waiting) >= MOST_NEWS:
            key, news = LOST, None
        self._waiting[key] = Contradiction(news, self._wall_ns(), is_strange)
        self._has_news.set()

    # What follows from it

    async def run(self) -> None:
        """Judge what waits until cancelled."""
        while True:
            await self._has_news.wait()
            self.look()
            await self._sleep(LOOK_S)

    def look(self) -> None:
        """Forget what FIX or a comparison has told meanwhile; ask for a comparison where neither has."""
        if not self._loop.is_connected:
            self._waiting.clear()  # a logon compares everything
        for key, each in list(self._waiting.items()):
            if self._is_over(each):
                del self._waiting[key]
        if not self._waiting:
            self._has_news.clear()
        elif not self._watch.obstacle():  # else it is being compared already
            self._judge(self._wall_ns())

    def _is_over(self, each: Contradiction) -> bool:
        if self._watch.last_ns > each.heard_ns:
            if isinstance(each.news, VenuePosition):
                self._note_gap(each.news)
            return True
        if each.news is None or not self._agrees(each.news):
            return False
        self.counts.late += 1
        return True

    def _judge(self, now_ns: int) -> None:
        if self._is_fix_late():
            self._late_ns = now_ns
        patience_ns = BOUND_NS + (MOST_LATE_NS if now_ns - self._late_ns < MOST_LATE_NS else 0)
        due = [each for each in self._waiting.values() if each.is_due(now_ns, patience_ns)]
        for each in due:
            if not each.is_told:
                self._tell(each)
        if due and not 0 <= now_ns - self._asked_ns < ASK_AGAIN_NS:
            self._asked_ns = now_ns
            self.counts.looks += 1
            self._watch.look_soon(f"the feed tells {_words(due[0].news)}{_more(len(due) - 1)}")

    def _tell(self, each: Contradiction) -> None:
        each.is_told = True
        self.counts.contradicted += each.news is not None
        symbol = f"{each.news.symbol}: " if each.news is not None else ""
        self._loop.notices.tell(NoticeKind.ACCOUNT_CONTRADICTED, f"{symbol}the feed tells {_words(each.news)}")

    def _is_fix_late(self) -> bool:
        """Return whether an order has waited for an answer longer than it should; one in doubt waits for none."""
        before_ns = self._clock_ns() - LATE_NS
        return any(0 < each.sent_ns < before_ns and _awaits_answer(each) for each in self._loop.orders.live())

    # Whether it agrees with ours

    def _agrees(self, news: News) -> bool:
        market = self._our_markets().get(news.symbol)
        if market is None:  # it was ours, and is forgotten
            return True
        if isinstance(news, VenuePosition):
            return self._holds(news, market)
        order = self._find(news)
        if order is None:
            return isinstance(news, VenueOrder) and news.status in TERMINAL and not news.cum_qty
        return _has(order, news) if isinstance(news, VenueFill) else _stands(order, news)

    def _holds(self, news: VenuePosition, market: Instrument) -> bool:
        """Return whether we hold as much; ours ends with a market's result, theirs a moment later with its payment."""
        position = self._loop.portfolio[market]
        gap = news.net - position.net
        if not gap:
            self._gaps.pop(news.symbol, None)
        return position.is_settled or gap == self._gaps.get(news.symbol, 0)

    def _find(self, news: VenueFill | VenueOrder) -> Order | None:
        """Return the order of news; every order of ours has a name, so that its own name is enough where it has one."""
        return self._loop.orders.find(news.cl_ord_id, "", "" if news.cl_ord_id else news.order_id)

    def _is_strange(self, news: News) -> bool:
        """Return whether it names an order that is none of ours: FIX will never tell of that."""
        if isinstance(news, VenuePosition) or self._find(news) is not None:
            return False
        return bool(news.cl_ord_id) or not self._may_be_ours(news.symbol)

    def _may_be_ours(self, symbol: str) -> bool:
        """Return whether an OrderID alone may be that of an order of ours whose acknowledgement has not come."""
        return any(not each.order_id and each.instrument.symbol == symbol for each in self._loop.orders.live())

    def _note_gap(self, position: VenuePosition) -> None:
        """Remember by how much a position differs that the comparison has judged: it need not judge that twice."""
        market = self._our_markets().get(position.symbol)
        if market is not None:
            self._gaps[position.symbol] = position.net - self._loop.portfolio[market].net

    def _our_markets(self) -> dict[str, Instrument]:
        if self._listings != self._loop.listings:
            self._listings = self._loop.listings
            self._markets = {each.symbol: each for each in self._loop.instruments}
            self._gaps = {symbol: gap for symbol, gap in self._gaps.items() if symbol in self._markets}
        return self._markets


def _key(news: News) -> Key:
    if isinstance(news, VenueFill):
        return VenueFill, news.trade_id
    return (VenueOrder, news.order_id) if isinstance(news, VenueOrder) else (VenuePosition, news.symbol)


def _awaits_answer(order: Order) -> bool:
    return order.ord_status == Status.PENDING_NEW or (order.pending != "" and order.ord_status != Status.UNKNOWN)


def _has(order: Order, fill: VenueFill) -> bool:
    """Return whether a fill of ours counted already."""
    return order.execution_count > MOST_EXECUTIONS or not missed_fills(order, [fill])


def _stands(order: Order, known: VenueOrder) -> bool:
    """Return whether an order of ours is as the venue says."""
    if order.is_done:
        return known.status in TERMINAL and known.cum_qty == order.cum_qty
    return judge_order(order, known) is None


def _words(news: News | None) -> str:
    if news is None:
        return "that news of our account may have been lost"
    if isinstance(news, VenuePosition):
        return f"a position of {news.net} that FIX has not told of"
    name = f"OrderID(37) {news.order_id}, ClOrdID(11) {news.cl_ord_id!r}"
    if isinstance(news, VenueFill):
        return f"trade {news.trade_id} of {name}, {news.qty} at {news.price}, that FIX has not told of"
    return f"{name}, OrdStatus(39) {news.status}, {news.cum_qty} filled, as FIX has not told"


def _more(count: int) -> str:
    return f", and {count} more" if count else ""
