"""Market data of the simulated venue: sends each market event to the connections that subscribed to it.

Units   prices, sizes and money as in `instrument`; times in ns, on the wire in Unix ms.
Cost    an event's JSON is built once, and once more for the other price scale; a connection adds its sid and seq.
Source  Kalshi WebSocket API: order book, trade, ticker.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import NamedTuple

from engine import fix
from engine.exchange import captures
from engine.exchange.captures import Frame
from engine.exchange.events import LevelChanged, PublicTrade
from engine.exchange.faults import FaultKind, Faults
from engine.instrument import Instrument
from engine.sim.feed import frames
from engine.sim.feed.channels import BOOK, TICKER, TRADE, lives_of
from engine.sim.feed.connection import FeedConnection
from engine.sim.feed.line import NOBODY, CommandError, Subscription
from engine.sim.outbox import Outbox

NS_PER_MS = 1_000_000
CHANNEL_ERROR = 10  # the error that ends a subscription
Depth = Callable[[str], tuple[Iterable[frames.Level], Iterable[frames.Level]]]


class LevelCause(NamedTuple):
    """Whose order changed a level, which its owner is told with it."""

    member: str
    subaccount: int
    cl_ord_id: str
    reason: str

    def fields(self) -> dict[str, object]:
        """Return what the owner's frame has besides."""
        return {
            "client_order_id": self.cl_ord_id,
            "subaccount": self.subaccount,
            "last_update_reason": self.reason,
        }


def no_interest(symbol: str) -> int:
    """Say that nobody counts the contracts that are held."""
    return 0


class TickerStats:
    """The part of a market's ticker that does not come from its book."""

    __slots__ = ("cost", "last", "told", "ts_ms", "volume")

    def __init__(self) -> None:
        self.last = (0, 0)  # price, size of the last trade
        self.volume = 0
        self.cost = 0
        self.ts_ms = 0
        self.told: object = None  # what the last ticker said

    def add(self, price: int, size: int, ts_ms: int) -> None:
        """Count one trade."""
        self.last = (price, size)
        self.volume += size
        self.cost += price * size
        self.ts_ms = ts_ms


class MarketData:
    """The feed of one venue, independent of its transport: `connect` takes a function that writes one frame."""

    def __init__(
        self,
        instruments: Mapping[str, Instrument],
        depth: Depth,
        market_limit: int,
        faults: Faults,
        clock: Callable[[], int],
        interest: Callable[[str], int] = no_interest,
    ) -> None:
        self.instruments = instruments
        self.depth = depth
        self.connections: list[FeedConnection] = []
        self._market_limit = market_limit
        self._faults = faults
        self._clock = clock
        self._outbox: Outbox[bytes] = Outbox()
        self._interest = interest
        self._tapes: defaultdict[str, TickerStats] = defaultdict(TickerStats)
        self._touched: set[str] = set()

    @property
    def now_ns(self) -> int:
        """The venue's time."""
        return self._clock()

    @property
    def now_ms(self) -> int:
        """The venue's time in Unix milliseconds, as frames carry it."""
        return self._clock() // NS_PER_MS

    @property
    def is_silent(self) -> bool:
        """Whether a fault holds every frame back."""
        return self._outbox.is_silent

    @property
    def has_book_subscriber(self) -> bool:
        """Whether anybody has subscribed to a book: a replay starts then."""
        return any(BOOK in connection.channels for connection in self.connections)

    def connect(
        self, write: Callable[[bytes], None], member: str = NOBODY, subaccount: int | None = None
    ) -> FeedConnection:
        """Add a client whose frames go to `write`; return its connection."""
        connection = FeedConnection(
            self, lambda frame: self._outbox.put(write, frame), self._market_limit, member, subaccount
        )
        self.connections.append(connection)
        return connection

    def disconnect(self, connection: FeedConnection) -> None:
        """Forget a client."""
        self.connections.remove(connection)

    def forget(self, symbol: str) -> None:
        """Drop a market that is not listed any more."""
        self._tapes.pop(symbol, None)
        self._touched.discard(symbol)
        for connection in self.connections:
            connection.forget(symbol)

    def on_level(self, event: LevelChanged, cause: LevelCause | None = None) -> None:
        """Send a level change to the subscribers of the market's book, and with its cause to whose order it was."""
        instrument = self.instruments.get(event.symbol)
        if instrument is None:
            return  # put aside since, and nobody's book any more
        ts_ms, now_ms = event.now_ns // NS_PER_MS, self.now_ms

        def tail(scale: bool, own: Mapping[str, object]) -> bytes:
            """Return the change on one price scale."""
            return frames.delta(instrument, event.side, event.price, event.delta, scale, ts_ms, now_ms, own)

        self._tell_book(event.symbol, event.now_ns, tail, cause=cause)

    def on_trade(self, event: PublicTrade) -> None:
        """Record a trade for the ticker and send it to the subscribers of trades."""
        instrument, ts_ms = self.instruments.get(event.symbol), event.now_ns // NS_PER_MS
        if instrument is None:
            return
        self._touched.add(event.symbol)
        self._tapes[event.symbol].add(event.price, event.qty, ts_ms)
        tail = b""
        for connection, subscription in self._subscribers(TRADE, event.symbol):
            tail = tail or frames.trade(
                instrument, event.trade_id, event.side, event.price, event.qty, ts_ms, self.now_ms
            )
            connection.send_sequenced(subscription, tail)

    def on_stage(self, symbol: str, event_type: str, **fields: object) -> None:
        """Tell whoever follows the life of the markets what happened to one."""
        channel = lives_of(symbol)
        self.tell(channel, channel, frames.stage(symbol, event_type, self.now_ms, fields))

    def tell(self, channel: str, type_: str, tail: bytes, symbol: str = "") -> None:
        """Send a message to everybody who has subscribed to a channel, and to the market if it is about one."""
        for connection, subscription in self._subscribers(channel, symbol):
            connection.send_message(subscription, type_, tail)

    def tell_member(
        self, member: str, subaccount: int, channel: str, type_: str, tail: bytes, symbol: str = ""
    ) -> None:
        """Send a message to one member's connections that have subscribed to a private channel."""
        for connection, subscription in self._subscribers(channel, symbol):
            if connection.sees(member, subaccount):
                connection.send_message(subscription, type_, tail)

    def end_subscriptions(self, channel: str, code: int) -> None:
        """End every subscription to a channel by an error of its stream; an empty channel is all of them."""
        for connection in self.connections:
            for subscription in list(connection.channels.values()):
                if channel in ("", subscription.channel):
                    connection.end(subscription, code, self.now_ms)

    def fault_of(self, symbols: Iterable[str]) -> CommandError | None:
        """Return why a fault refuses a command about these markets; None if none does."""
        now_ns = self._clock()
        fault = self._faults.take(FaultKind.REFUSE_COMMAND, now_ns)
        if fault is not None:
            return CommandError(fault.code or 18)
        for symbol in filter(None, symbols):
            if self._faults.active(FaultKind.REFUSE_MARKET, now_ns, symbol=symbol) is not None:
                return CommandError(11, f"unknown market {symbol}")
        return None

    def on_frame(self, frame: Frame, now_ns: int) -> None:
        """Send a captured frame on as it was captured."""
        if frame.kind != captures.TRADE:
            is_snapshot = frame.kind == captures.SNAPSHOT
            self._tell_book(
                frame.symbol, now_ns, lambda scale, _: frames.captured(frame.msg(scale), self.now_ms), is_snapshot
            )
            return
        instrument, message = self.instruments[frame.symbol], frame.message()
        price, size = instrument.parse_price(message.yes_price_dollars), instrument.parse_size(message.count_fp)
        self._touched.add(frame.symbol)
        self._tapes[frame.symbol].add(price, size, message.ts_ms)
        for connection, subscription in self._subscribers(TRADE, frame.symbol):
            connection.send_sequenced(subscription, frames.captured(frame.body, self.now_ms))

    def flush(self) -> None:
        """Send the tickers of the markets whose best price or last trade changed since the last flush."""
        touched, self._touched = self._touched, set()
        wanting = [connection for connection in self.connections if TICKER in connection.channels]
        for symbol in touched if wanting else ():
            tape = self._tapes[symbol]
            told = (self._best(self.instruments[symbol]), tape.last, tape.volume)
            if told == tape.told:
                continue
            tape.told = told
            tail = self.ticker_tail(self.instruments[symbol])
            for connection in wanting:
                if connection.channels[TICKER].wants(symbol):
                    connection.send_ticker(connection.channels[TICKER], tail)

    def ticker_tail(self, instrument: Instrument) -> bytes:
        """Return a market's ticker as it is now, from after its sid to the end."""
        tape = self._tapes[instrument.symbol]
        bid, ask = self._best(instrument)
        interest = self._interest(instrument.symbol)
        return frames.ticker(instrument, bid, ask, tape.last, tape.volume, tape.cost, tape.ts_ms, self.now_ms, interest)

    def step(self, now_ns: int) -> None:
        """Perform the faults that are due and deliver what they held back."""
        faults = self._faults
        is_silent = faults.active(FaultKind.SILENT_FEED, now_ns) is not None
        self._outbox.step(now_ns, is_silent, faults.delay_ns(FaultKind.DELAY_FEED, now_ns))
        while fault := faults.take(FaultKind.END_SUBSCRIPTION, now_ns):
            self.end_subscriptions(fault.text, fault.code or CHANNEL_ERROR)
        while fault := faults.take(FaultKind.UNKNOWN_LEVEL, now_ns):
            self._tell_unknown_level(fault.symbol or next(iter(self.instruments)), now_ns)

    def _tell_book(
        self,
        symbol: str,
        now_ns: int,
        tail_for: Callable[[bool, Mapping[str, object]], bytes],
        is_snapshot: bool = False,
        cause: LevelCause | None = None,
    ) -> None:
        """Send one book frame; its tail is made once for each price scale that somebody wants."""
        self._touched.add(symbol)
        tails: dict[tuple[bool, bool], bytes] = {}
        copies = -1
        for connection, subscription in self._subscribers(BOOK, symbol):
            if copies < 0:
                copies = self._copies(symbol, now_ns)
            is_own = cause is not None and connection.sees(cause.member, cause.subaccount)
            form = subscription.use_yes_price, is_own
            if form not in tails:
                own = cause.fields() if cause is not None and is_own else frames.NOT_OURS
                tails[form] = tail_for(form[0], own)
            connection.send_sequenced(subscription, tails[form], copies, is_snapshot)

    def _copies(self, symbol: str, now_ns: int) -> int:
        """Return how often the next book frame is sent: a fault loses it or doubles it."""
        if self._faults.take(FaultKind.SKIP_SEQ, now_ns, symbol=symbol) is not None:
            return 0
        return 2 if self._faults.take(FaultKind.REPEAT_SEQ, now_ns, symbol=symbol) is not None else 1

    def _subscribers(self, channel: str, symbol: str) -> Iterator[tuple[FeedConnection, Subscription]]:
        for connection in self.connections:
            subscription = connection.channels.get(channel)
            if subscription is not None and (not symbol or subscription.wants(symbol)):
                yield connection, subscription

    def _tell_unknown_level(self, symbol: str, now_ns: int) -> None:
        """Send a negative change of a level that is empty."""
        instrument = self.instruments[symbol]
        taken = {price for price, _ in self.depth(symbol)[0]}
        prices = instrument.grid.prices if instrument.grid is not None else range(1, 1000)
        empty = next(price for price in prices if price not in taken)
        self.on_level(LevelChanged(symbol, fix.BUY, empty, -(10**instrument.size_decimals), now_ns))

    def _best(self, instrument: Instrument) -> tuple[frames.Level, frames.Level]:
        bids, asks = self.depth(instrument.symbol)
        return max(bids, default=(0, 0)), min(asks, default=(instrument.limit, 0))
