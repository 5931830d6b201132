"""A desk that trades on a generated exchange in moved time, and the recording of it.

The house acts on whole milliseconds, so that stamps say exactly when. The feed shows the desk's own orders with its
ids, and, for whoever wants to know the truth, the order that each other change is of (`recorder_order`).

Units   times in ns since 1970; prices and sizes as in `instrument`.
Cost    an action of the house every few ms of its time.
"""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from pathlib import Path

from engine import fix
from engine.backtest.capture.blocks import BlockCompressor
from engine.backtest.capture.events import write_events
from engine.backtest.capture.index import file_name, run_name
from engine.backtest.clock import NEVER_NS
from engine.backtest.feed import subscribed
from engine.backtest.gateway import ACCOUNT
from engine.backtest.latency import Latency
from engine.backtest.venue_side import AnsweringVenue
from engine.exchange.captures import NS_PER_MS
from engine.exchange.events import Event, LevelChanged, PublicTrade, Report
from engine.exchange.exchange import Exchange
from engine.exchange.liquidity import Liquidity, LiquiditySettings
from engine.instrument import Instrument
from engine.sim.feed import frames
from engine.venue import TradeFee

TICK_NS = 4 * NS_PER_MS
FEED_NS = NS_PER_MS  # from the venue to the desk


class GeneratedVenue(AnsweringVenue):
    """The exchange, its house, and the feed of one desk; `frames` are what the desk has heard or will."""

    def __init__(
        self,
        instruments: Sequence[Instrument],
        fees: TradeFee,
        settings: LiquiditySettings,
        latency: Latency,
        begin_ns: int,
        end_ns: int,
    ) -> None:
        house = Liquidity(list(instruments), settings)
        super().__init__(Exchange(instruments, fees, house=house.accounts), latency)
        self._instruments = {each.symbol: each for each in instruments}
        self.settings = settings
        self._house = house
        self._tick_ns, self._end_ns = begin_ns, end_ns
        self._seqs = {1: count(1), 2: count(1)}  # of the streams of books and trades
        self._waiting: deque[tuple[int, bytes]] = deque()
        self.frames: list[tuple[int, bytes]] = []
        self._publish(self._house.step(self._exchange, begin_ns), begin_ns, is_told=False)
        for each in instruments:
            self._snapshot(each, begin_ns)
        self._tick_ns += TICK_NS

    @property
    def next_ns(self) -> int:
        """When the venue acts next; `NEVER_NS` after its last tick: what arrives later is not taken."""
        if self._tick_ns > self._end_ns:
            return NEVER_NS
        return min(self._tick_ns, self._requests[0][0]) if self._requests else self._tick_ns

    def act(self) -> None:
        """Do what is next: at one time the house acts before a request is carried out."""
        if not self._requests or self._tick_ns <= self._requests[0][0]:
            now_ns = self._tick_ns
            self._tick_ns += TICK_NS
            self._publish(self._house.step(self._exchange, now_ns), now_ns)
        else:
            self._publish(*self._carry_out())

    def size_outside(self, symbol: str) -> dict[tuple[int, int], int]:
        """Return what others have in a market, by side and price."""
        market = self._exchange.markets[symbol]
        found: dict[tuple[int, int], int] = {}
        for side in (fix.BUY, fix.SELL):
            for level in market.side(side):
                size = sum(each.leaves_qty for each in level.queue.values() if each.account != ACCOUNT)
                if size:
                    found[side, level.price] = size
        return found

    def record(self, directory: Path) -> Path:
        """Write what was heard as a recording of one run; return the file."""
        directory.mkdir(parents=True, exist_ok=True)
        write_events(directory, list(self._instruments.values()))
        lines = []
        for place, (heard_ns, frame) in enumerate(self.frames):
            is_last = place + 1 == len(self.frames) or self.frames[place + 1][0] != heard_ns
            lines.append(
                b'{"recv_ns":%d,"recv_ms":%d,"feed":0,"last":%b,"event":%b}\n'
                % (heard_ns, heard_ns // NS_PER_MS, b"true" if is_last else b"false", frame)
            )
        path = directory / file_name(run_name(self.frames[0][0], 1), 1)
        path.write_bytes(BlockCompressor().block(b"".join(lines)))
        return path

    def _publish(self, events: Sequence[Event], now_ns: int, is_told: bool = True) -> None:
        self._answer([event for event in events if getattr(event, "account", "") == ACCOUNT], now_ns)
        if is_told:
            for event, cause in _caused(events):
                if isinstance(event, LevelChanged):
                    self._level(event, cause, now_ns)
                elif isinstance(event, PublicTrade):
                    self._trade(event, now_ns)

    def _level(self, event: LevelChanged, cause: Report | None, now_ns: int) -> None:
        named = {}
        if cause is not None and cause.account == ACCOUNT:
            named = {"client_order_id": cause.cl_ord_id}
        elif cause is not None:
            named = {"recorder_order": cause.order_id}
        market = self._instruments[event.symbol]
        ms = now_ns // NS_PER_MS
        tail = frames.delta(market, event.side, event.price, event.delta, False, ms, ms, named)
        self._say("orderbook_delta", 1, tail, now_ns)

    def _trade(self, event: PublicTrade, now_ns: int) -> None:
        market, ms = self._instruments[event.symbol], now_ns // NS_PER_MS
        tail = frames.trade(market, event.trade_id, event.side, event.price, event.qty, ms, ms)
        self._say("trade", 2, tail, now_ns)

    def _snapshot(self, market: Instrument, now_ns: int) -> None:
        book = self._exchange.markets[market.symbol]
        tail = frames.snapshot(market, book.bids.levels(), book.asks.levels(), False, now_ns // NS_PER_MS)
        self._say("orderbook_snapshot", 1, tail, now_ns)

    def _say(self, kind: str, sid: int, tail: bytes, now_ns: int) -> None:
        frame = b'{"type":"%b","sid":%d,"seq":%d%b' % (kind.encode(), sid, next(self._seqs[sid]), tail)
        self._waiting.append((now_ns + FEED_NS, frame))
        self.frames.append(self._waiting[-1])


class GeneratedFeed:
    """The feed of a generated venue, as its desk hears it."""

    def __init__(self, venue: GeneratedVenue) -> None:
        self._venue = venue
        self._waiting = venue._waiting

    def next_ns(self, never_ns: int) -> int:
        """Return when the next frame is heard, or could be; `never_ns` after the last."""
        if self._waiting:
            return self._waiting[0][0]
        venue_ns = self._venue.next_ns
        return venue_ns + FEED_NS if venue_ns != NEVER_NS else never_ns

    def greet(self, commands: Sequence[bytes], on_frame: Callable[[bytes, bool], object]) -> None:
        """Answer what the desk subscribes to."""
        subscribed(commands, on_frame)

    def deliver(self, on_frame: Callable[[bytes, bool], object]) -> None:
        """Hand over the next frame."""
        heard_ns, frame = self._waiting.popleft()
        on_frame(frame, not self._waiting or self._waiting[0][0] != heard_ns)


def _caused(events: Iterable[Event]) -> Iterable[tuple[Event, Report | None]]:
    """Yield events, each with the report of the order that a change of a level is of.

    What arrives is of the request's order, which the first report is about; what goes is of the last one's.
    """
    incoming: Report | None = None
    last: Report | None = None
    for event in events:
        if isinstance(event, Report):
            is_next = event.exec_type in (fix.Exec.NEW, fix.Exec.REPLACED)
            incoming, last = event if is_next else incoming, event
        yield event, incoming if isinstance(event, LevelChanged) and event.delta > 0 else last
