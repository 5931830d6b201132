"""Rows made up by chance, and the slow exchange fed with rows: what a compiled pass must agree with.

Units   as the rows: prices 0.0001 dollars, sizes 0.01 contracts, times in ns.
"""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from random import Random
from typing import Any, NamedTuple

import msgspec

from engine import fix
from engine.backtest.core._pass import size_ahead
from engine.backtest.core._rows_desk import RowsDesk
from engine.backtest.core.settings import QueueModel, RowAnswer, Ways
from engine.exchange.captured import CapturedMarket
from engine.exchange.captures import DELTA, SNAPSHOT, TRADE, Frame
from engine.exchange.events import (
    Accepted,
    Cancel,
    Canceled,
    CancelRejected,
    Event,
    NewOrder,
    Rejected,
    Replace,
    Replaced,
    Request,
    Traded,
)
from engine.exchange.exchange import Exchange
from engine.exchange.market import RestingOrder
from engine.instrument import Instrument, PriceBand, PriceGrid, price_grid
from engine.venue.kalshi.fees import QuadraticFee

LIMIT = 10_000
BANDS = (PriceBand(0, LIMIT, 100),)
GRID = price_grid(BANDS, LIMIT)
START_NS = 1_796_137_200_000_000_000
TYPES = {
    "recv_ns": "q",
    "venue_ns": "q",
    "market": "i",
    "kind": "B",
    "flags": "B",
    "maker_side": "B",
    "price": "i",
    "size": "q",
    "join": "i",
    "venue_order": "i",
}
RESET, LEVEL, TRADED, STALE, FRESH = range(5)
LAST, PAIRED, OWN, BLOCK, SHOT = 1, 2, 4, 8, 32
KINDS = {Accepted: 0, Rejected: 1, Traded: 2, Canceled: 3, Replaced: 4, CancelRejected: 5}
NEW, CANCEL, REPLACE = range(3)
RISK_AVERSE = QueueModel()
Columns = Mapping[str, Any]


class MadeRows:
    """Rows of some markets as a converter writes them; what is heard lags by `lag_ns` at most, one row a read."""

    def __init__(self, seed: int, markets: int = 1, lag_ns: int = 3_000_000) -> None:
        self._chance = Random(seed)
        self._lag_ns = lag_ns
        self._now_ns = START_NS
        self.rows: list[list[int]] = []  # as at the venue
        self.books: list[dict[tuple[int, int], int]] = [{} for _ in range(markets)]
        self.joins = [0] * markets
        for market in range(markets):
            self.snapshot(market)

    def snapshot(self, market: int) -> None:
        """Show a whole book, seven prices around a middle."""
        self._pass()
        middle = self._chance.randint(45, 55)
        book = {
            (1 if cents < middle else 2, cents * 100): self._chance.randint(1, 20) * 100
            for cents in range(middle - 3, middle + 4)
            if self._chance.random() < 0.8
        }
        self.books[market] = book
        self._add(market, RESET, SHOT, 0, 0, 0)
        for (side, price), size in book.items():
            self._add(market, LEVEL, SHOT, side, price, size)

    def lose(self, market: int) -> None:
        """Lose the book, and find it again some rows later."""
        self._pass()
        self._add(market, STALE, 0, 0, 0, 0)
        self.snapshot(market)

    def step(self, *, pairs: float = 1.0) -> None:
        """Let one thing happen in one market; a share `pairs` of the trades have their decrease beside them."""
        self._pass()
        market = self._chance.randrange(len(self.books))
        book = self.books[market]
        what = self._chance.random()
        held = sorted(key for key, size in book.items() if size)
        if what < 0.45 or not held:
            self._more(market)
        elif what < 0.75:
            key = self._chance.choice(held)
            gone = self._chance.choice((book[key], self._chance.randint(1, book[key])))
            join = self._chance.choice((-1, self._chance.randint(1, max(1, self.joins[market]))))
            book[key] -= gone
            self._add(market, LEVEL, 0, *key, book[key], join)
        elif what < 0.97:
            self._trade(market, held, pairs)
        elif what < 0.98:
            self._add(market, TRADED, self._chance.choice((BLOCK, OWN)), *held[0], 500)
        else:
            self.snapshot(market)

    def _more(self, market: int) -> None:
        book = self.books[market]
        bids = [price for (side, price), size in book.items() if side == 1 and size]
        asks = [price for (side, price), size in book.items() if side == 2 and size]
        low, high = max(bids, default=4_700), min(asks, default=max(bids, default=4_700) + 300)
        side = self._chance.choice((1, 2))
        price = self._chance.randint(high // 100 - 4, high // 100 - 1) * 100
        if side == 2:
            price = self._chance.randint(low // 100 + 1, low // 100 + 4) * 100
        if not 100 <= price <= 9_900:
            return
        size = book.get((side, price), 0) + self._chance.randint(1, 900)
        book[side, price] = size
        self.joins[market] += 1
        self._add(market, LEVEL, 0, side, price, size, self.joins[market])

    def _trade(self, market: int, held: list[tuple[int, int]], pairs: float) -> None:
        side = self._chance.choice((1, 2))
        prices = [price for which, price in held if which == side]
        if not prices:
            return
        price = max(prices) if side == 1 else min(prices)
        qty = self._chance.choice((self.books[market][side, price], self._chance.randint(1, 800)))
        qty = min(qty, self.books[market][side, price])
        self.books[market][side, price] -= qty
        flags = PAIRED if self._chance.random() < pairs else 0
        self._add(market, TRADED, flags, side, price, qty)
        if not flags and self._chance.random() < 0.3:
            self._pass()
        self._add(market, LEVEL, flags, side, price, self.books[market][side, price])

    def _pass(self) -> None:
        self._now_ns += self._chance.choice((0, 0, 1_000, 700_000, 40_000_000))

    def _add(self, market: int, kind: int, flags: int, side: int, price: int, size: int, join: int = -1) -> None:
        self.rows.append([self._now_ns, market, kind, flags, side, price, size, join])

    def columns(self) -> dict[str, Any]:
        """Return the columns in the order in which they are heard."""
        lags = sorted(self._chance.randint(1_000_000, 1_000_000 + self._lag_ns) for _ in self.rows)
        self._chance.shuffle(lags)
        recv, heard = 0, []
        for (venue_ns, *_), lag in zip(self.rows, lags, strict=True):
            recv = max(recv, venue_ns + lag)
            heard.append(recv)
        columns: dict[str, Any] = {name: array(kind) for name, kind in TYPES.items()}
        for place, (venue_ns, market, kind, flags, side, price, size, join) in enumerate(self.rows):
            is_last = place + 1 == len(heard) or heard[place + 1] != heard[place]
            values = (heard[place], venue_ns, market, kind, flags | is_last, side, price, size, join, place)
            for name, value in zip(TYPES, values, strict=True):
                columns[name].append(value)
        return columns


class Sent(NamedTuple):
    """A request as it left the desk: `order` counts from 0."""

    sent_ns: int
    kind: int
    order: int
    market: int
    side: int
    price: int
    qty: int
    tif: str
    post_only: bool


class Wild:
    """A strategy that does anything, and writes down what it asked and what it heard."""

    def __init__(self, seed: int, *, rate: float = 0.5) -> None:
        self._chance = Random(seed)
        self._rate = rate
        self._handles: list[int] = []
        self._meant: list[tuple[int, int]] = []
        self._places: dict[int, int] = {}
        self.sent: list[Sent] = []
        self.heard: list[RowAnswer] = []

    def on_book(self, desk: RowsDesk, market: int) -> None:
        """Do something, or nothing."""
        if self._chance.random() > self._rate:
            return
        live = [each for each, handle in enumerate(self._handles) if desk.is_live(handle)]
        what = self._chance.random()
        if what < 0.6 or not live:
            self._new(desk, market)
        elif what < 0.8:
            order = self._chance.choice(live)
            if desk.cancel(self._handles[order]) == 0:
                self._say(desk, CANCEL, order, 0, 0)
        else:
            order = self._chance.choice(live)
            _, side = self._meant[order]
            price, qty = self._price(desk, market, side), self._chance.randint(1, 1_500)
            if self._chance.random() < 0.4:
                price = next(each.price for each in reversed(self.sent) if each.order == order and each.price)
            if price and desk.replace(self._handles[order], price, qty) == 0:
                self._say(desk, REPLACE, order, price, qty)

    def on_answer(self, desk: RowsDesk, answer: RowAnswer) -> None:
        """Write it down."""
        self.heard.append(answer)

    def told(self) -> list[tuple[int, ...]]:
        """Return what was heard: kind, order, time at the venue, and of a fill its price, quantity, whether it took."""
        said: list[tuple[int, ...]] = []
        for each in self.heard:
            more = (each.price, each.qty, int(each.is_taker)) if each.kind == 2 else (0, 0, 0)
            said.append((each.kind, self._places[each.order], each.acted_ns, *more))
        return said

    def _new(self, desk: RowsDesk, market: int) -> None:
        side = self._chance.choice((1, 2))
        price, qty = self._price(desk, market, side), self._chance.randint(1, 1_500)
        tif = self._chance.choice(("GTC", "GTC", "GTC", "IOC", "FOK"))
        post_only = tif == "GTC" and self._chance.random() < 0.5
        if not price:
            return
        handle = desk.submit(market, side, price, qty, tif=tif, post_only=post_only)
        if handle >= 0:
            self._places[handle] = len(self._handles)
            self._handles.append(handle)
            self._meant.append((market, side))
            self._say(desk, NEW, len(self._handles) - 1, price, qty, tif, post_only)

    def _price(self, desk: RowsDesk, market: int, side: int) -> int:
        best = desk.best_bid(market) if side == 1 else desk.best_ask(market)
        price = best + self._chance.randint(-2, 2) * 100
        return price if best and 100 <= price <= 9_900 else 0

    def _say(
        self, desk: RowsDesk, kind: int, order: int, price: int, qty: int, tif: str = "", post_only: bool = False
    ) -> None:
        market, side = self._meant[order]
        self.sent.append(Sent(desk.now_ns, kind, order, market, side, price, qty, tif, post_only))


class SlowVenue:
    """The slow exchange over the same rows and requests; its answers in the form of `Wild.told`."""

    def __init__(
        self,
        columns: Columns,
        symbols: Sequence[str],
        bands: Sequence[tuple[PriceBand, ...]],
        model: QueueModel = RISK_AVERSE,
    ) -> None:
        self._columns = columns
        self._model = model
        self._join = -1  # of the cancel that is being applied
        self._last_joins = [0] * len(symbols)
        self._joined: dict[int, int] = {}  # by order
        self._instruments = [
            Instrument(symbol, place, each) for place, (symbol, each) in enumerate(zip(symbols, bands, strict=True))
        ]
        self._exchange = Exchange(self._instruments, QuadraticFee())
        ask = None if model == RISK_AVERSE else self._left_ahead
        self._captured = [CapturedMarket(self._exchange, each.symbol, ask) for each in self._instruments]
        self._shown: list[dict[tuple[int, int], int]] = [{} for _ in symbols]
        self._order_ids: dict[int, str] = {}
        self._orders: dict[str, int] = {}
        self._rests: dict[int, tuple[int, int]] = {}  # price and total of each order
        self.fees = 0
        self.told: list[tuple[int, ...]] = []

    def run(self, sent: Sequence[Sent], ways: Ways) -> list[tuple[int, ...]]:
        """Play everything in order of time, rows before requests; what acts after the last row is not taken."""
        waiting = list(reversed([*arrivals(sent, ways)]))
        last_ns = 0
        for place, (now_ns, frame) in enumerate(self._frames()):
            while waiting and waiting[-1][0] < now_ns:
                self._act(*waiting.pop())
            self._frame(place, now_ns, *frame)
            last_ns = now_ns
        while waiting and waiting[-1][0] <= last_ns:
            self._act(*waiting.pop())
        return self.told

    def _left_ahead(self, order: RestingOrder, ahead: int, shown: int, gone: int) -> int:
        joined = self._joined[self._orders[order.order_id]]
        return size_ahead(self._model, ahead, shown, gone, join=self._join, joined=joined)

    def _frames(self) -> Iterator[tuple[int, tuple[int, str, dict[str, Any]]]]:
        """Yield when each frame happens, its market and what it says, in the venue's order."""
        columns, order = self._columns, list(self._columns["venue_order"])
        clock_ns, key_ms, place = 0, 0, 0
        while place < len(order):
            row = order[place]
            kind, flags, market = (int(columns[name][row]) for name in ("kind", "flags", "market"))
            is_pair = kind == TRADED and flags & PAIRED and place + 1 < len(order)
            clock_ns = max(clock_ns, int(columns["venue_ns"][order[place + 1] if is_pair else row]))
            if not (kind == LEVEL and flags & PAIRED):
                key_ms += 1  # a trade and its decrease share theirs, and nothing else does
            place += 1
            if kind == RESET:
                levels = []
                while place < len(order) and columns["flags"][order[place]] & SHOT:
                    if columns["kind"][order[place]] == RESET or columns["market"][order[place]] != market:
                        break
                    levels.append(order[place])
                    place += 1
                yield clock_ns, (market, SNAPSHOT, self._snapshot(market, levels))
            elif kind in (LEVEL, TRADED):
                yield clock_ns, (market, *self._message(market, row, key_ms))

    def _snapshot(self, market: int, levels: list[int]) -> dict[str, Any]:
        self._join = -1
        self._shown[market] = shown = {
            (int(self._columns["maker_side"][row]), int(self._columns["price"][row])): int(self._columns["size"][row])
            for row in levels
        }
        text: dict[int, list[list[str]]] = {1: [], 2: []}
        for (side, price), size in shown.items():
            text[side].append([f"{(price if side == 1 else LIMIT - price) / LIMIT:.4f}", f"{size / 100:.2f}"])
        return {"yes_dollars_fp": text[1], "no_dollars_fp": text[2]}

    def _message(self, market: int, row: int, key_ms: int) -> tuple[str, dict[str, Any]]:
        columns = self._columns
        side, price, size = (int(columns[name][row]) for name in ("maker_side", "price", "size"))
        if columns["kind"][row] == TRADED:
            taker = "yes" if side == 2 else "no"
            block = bool(columns["flags"][row] & BLOCK)
            said = {"yes_price_dollars": f"{price / LIMIT:.4f}", "count_fp": f"{size / 100:.2f}", "ts_ms": key_ms}
            is_own = bool(columns["flags"][row] & OWN)
            return TRADE, {**said, "taker_outcome_side": taker, "is_block_trade": block, "recorder_own": is_own}
        change = size - self._shown[market].get((side, price), 0)
        join = int(columns["join"][row])
        self._join = join if change < 0 else -1
        if change > 0:
            self._last_joins[market] = max(self._last_joins[market], join)
        self._shown[market][side, price] = size
        own = price if side == 1 else LIMIT - price
        said = {"price_dollars": f"{own / LIMIT:.4f}", "delta_fp": f"{change / 100:.2f}", "ts_ms": key_ms}
        return DELTA, {**said, "side": "yes" if side == 1 else "no"}

    def _frame(self, place: int, now_ns: int, market: int, kind: str, message: dict[str, Any]) -> None:
        symbol = self._instruments[market].symbol
        body = msgspec.json.encode({"market_ticker": symbol, **message})
        self._hear(self._captured[market].apply(Frame(now_ns, symbol, kind, body), now_ns), now_ns)

    def _act(self, act_ns: int, number: int, sent: Sent) -> None:
        events = self._exchange.submit(self._request(number, sent), act_ns)
        self._note_join(sent)
        if sent.kind == NEW:
            first = events[0]
            assert isinstance(first, Accepted), first
            self._order_ids[sent.order] = first.order_id
            self._orders[first.order_id] = sent.order
        self._hear(events, act_ns, sent.order)

    def _note_join(self, sent: Sent) -> None:
        """Note the last order before this one, anew where it went to the back of the queue."""
        was = self._rests.get(sent.order)
        if sent.kind == NEW or (sent.kind == REPLACE and was and (sent.price != was[0] or sent.qty > was[1])):
            self._joined[sent.order] = self._last_joins[sent.market]
        if sent.kind == NEW or (sent.kind == REPLACE and was and sent.qty >= 0):
            self._rests[sent.order] = (sent.price, sent.qty)

    def _request(self, number: int, sent: Sent) -> Request:
        symbol, name = self._instruments[sent.market].symbol, f"c{number}"
        if sent.kind == NEW:
            tif = {"GTC": fix.Tif.GTC, "IOC": fix.Tif.IOC, "FOK": fix.Tif.FOK}[sent.tif]
            asked = {"order_qty": sent.qty, "price": sent.price, "time_in_force": tif, "post_only": sent.post_only}
            return NewOrder(account="a", cl_ord_id=name, symbol=symbol, side=sent.side, **asked)  # type: ignore[arg-type]
        known = {"account": "a", "cl_ord_id": name, "symbol": symbol, "side": sent.side}
        order_id = self._order_ids[sent.order]
        if sent.kind == CANCEL:
            return Cancel(**known, order_id=order_id)  # type: ignore[arg-type]
        return Replace(**known, order_id=order_id, price=sent.price, order_qty=sent.qty)  # type: ignore[arg-type]

    def _hear(self, events: list[Event], now_ns: int, asked: int = -1) -> None:
        for event in events:
            kind = KINDS.get(type(event))
            if kind is None:
                continue
            order = self._orders.get(getattr(event, "order_id", ""), asked)
            if isinstance(event, Traded):
                self.fees += event.fee
                self.told.append((kind, order, now_ns, event.last_px, event.last_qty, int(event.is_taker)))
            else:
                self.told.append((kind, order, now_ns, 0, 0, 0))


def arrivals(sent: Sequence[Sent], ways: Ways) -> Iterator[tuple[int, int, Sent]]:
    """Yield when each request acts, with its number; one connection keeps the order."""
    last_ns = 0
    for number, each in enumerate(sent):
        way = (ways.new, ways.cancel, ways.replace)[each.kind]
        assert isinstance(way, int)
        last_ns = max(last_ns, each.sent_ns + ways.think_ns + way)
        yield last_ns + ways.venue_delay_ns, number, each


def merged(told: Sequence[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Join fills of one order at one time and price: how many pieces a match is told in is nobody's business."""
    found: list[tuple[int, ...]] = []
    for each in told:
        last = found[-1] if found else ()
        if last and each[0] == last[0] == 2 and (each[1:4], each[5]) == (last[1:4], last[5]):
            found[-1] = (*last[:4], last[4] + each[4], last[5])
        else:
            found.append(each)
    return found


def grids(count: int) -> list[tuple[PriceGrid, int]]:
    """Return what a pass is told of so many markets with prices in cents."""
    return [(GRID, LIMIT)] * count
