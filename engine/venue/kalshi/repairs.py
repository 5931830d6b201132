"""What is asked of Kalshi again: at once while that is rare, then at a pace, and within bounds.

A list of markets that the venue refuses is halved until the ones at fault stand alone; they are given up, the others go
on. What it refuses for a passing reason is asked for again, later each time. A market that needs snapshot upon snapshot
waits longer for each, and costs one new connection in the end; if that does not help, it is left at the slowest pace.

Units   times in ns of the clock that `due` is given; it is as coarse as the calls of `due`.
Errors  none: `fault` says that nothing but a new connection helps.
Thread  the loop thread only.
Source  Kalshi WebSocket: error codes, commands a second, get_snapshot.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from engine.venue.kalshi.market import ListedMarket
from engine.venue.kalshi.subscriptions import BOOK, NOWHERE, WHOLE, Action, OpenCommand, Stream, Subscriptions

_NS = 1_000_000_000
PATIENCE_NS = 3 * _NS  # for a snapshot, doubled with each request
LONGEST_NS = 60 * _NS
CALM_NS = 30 * _NS  # a book or a stream that held so long is sound again
AT_ONCE = 3  # requests for one market or stream before the pace begins
LIMIT = 6  # such requests before the connection is given up
MOST = 200  # commands between two calls of `due`
PASSING = frozenset((10, 18, 25, 27))  # channel error, command timeout, buffer overflow, too many commands
OF_CHANNEL = frozenset((8, 9))  # unknown channel, access required
HARMLESS = frozenset((6,))  # already subscribed
UNKNOWN_SID = 7
_ASKING = frozenset((Action.SUBSCRIBE, Action.ADD))


class Trouble:
    """A market or channel that is asked for again: how often, and when last."""

    __slots__ = ("asked_ns", "tries")

    def __init__(self, asked_ns: int) -> None:
        self.asked_ns = asked_ns
        self.tries = 0


class Retry(NamedTuple):
    """A subscription to be made, or left, at `due_ns`; without `symbols` it is of a whole channel."""

    due_ns: int
    channels: Sequence[str]
    symbols: Sequence[str]
    tries: int
    is_leaving: bool = False


class Repairs:
    """The second and later requests of one connection after another."""

    def __init__(
        self, markets: Mapping[str, ListedMarket], subscriptions: Subscriptions, patience_ns: int = PATIENCE_NS
    ) -> None:
        self.fault = ""
        self._markets = markets
        self._subscriptions = subscriptions
        self._patience_ns = patience_ns
        self._now_ns = 0
        self._is_new = True  # no call of `due` on this connection so far
        self._sent = 0  # since the last call of `due`
        self._queue: list[Retry] = []
        self._troubles: dict[str, Trouble] = {}
        self._ended: dict[str, Trouble] = {}  # by channel
        self._costly: set[str] = set()  # what a connection was given up for before

    def begin(self) -> None:
        """Begin a connection."""
        self.fault = ""
        self._queue.clear()
        self._troubles.clear()
        self._ended.clear()
        self._is_new = True
        self._sent = 0

    # Snapshots

    def resync(self, markets: Iterable[ListedMarket]) -> list[bytes]:
        """Make markets wait for snapshots; return the requests that may leave at once."""
        asked = []
        for market in markets:
            market.is_waiting = True
            trouble = self._troubles.setdefault(market.instrument.symbol, Trouble(self._now_ns))
            if trouble.tries < AT_ONCE and not market.is_refused:
                trouble.tries += 1
                trouble.asked_ns = self._now_ns
                asked.append(market)
        return self._ask(asked)

    def _ask(self, markets: Iterable[ListedMarket]) -> list[bytes]:
        """Return requests on the stream of each market; one that no stream carries is subscribed on every channel."""
        symbols: dict[int, list[str]] = {}
        for market in markets:
            symbols.setdefault(market.stream.sid, []).append(market.instrument.symbol)
        strangers = symbols.pop(NOWHERE.sid, [])
        frames = self._subscriptions.subscribe(self._subscriptions.channels, strangers)
        for sid, group in symbols.items():
            frames += self._subscriptions.get_snapshots(sid, group)
        return frames

    # Refusals

    def refused(self, request: OpenCommand, code: int) -> tuple[list[bytes], list[ListedMarket]]:
        """Return the commands that get round a refusal, and the markets that are given up."""
        if request.action == Action.GET_SNAPSHOT:
            return self._snapshots_refused(request, code), []
        if request.action not in _ASKING:
            self._departure_refused(request, code)
            return [], []
        channels = [channel for channel in request.channels if channel in request.unanswered]
        symbols = [symbol for symbol in request.symbols if symbol in self._markets]
        if code in HARMLESS or (request.symbols and not symbols):
            return [], []
        if code in PASSING:
            self._later(channels, symbols, request.tries + 1)
            return [], []
        if code == UNKNOWN_SID and request.action == Action.ADD:
            self._subscriptions.streams.pop(request.sid, None)
            return self._at_once([(channels, symbols)]), []
        if code in OF_CHANNEL and len(channels) > 1:
            return self._at_once([([channel], symbols) for channel in channels]), []
        if code not in OF_CHANNEL and len(symbols) > 1:
            half = len(symbols) // 2
            return self._at_once([(channels, symbols[:half]), (channels, symbols[half:])]), []
        return [], self._give_up(symbols) if BOOK in channels else []

    def _departure_refused(self, request: OpenCommand, code: int) -> None:
        """Leave a market later, for a reason that passes; for another one its frames are told if they come."""
        if request.action != Action.DELETE:
            return
        if code not in PASSING:
            self._subscriptions.departed(request.symbols)
        else:
            due_ns = self._now_ns + self._pause_ns(request.tries)
            self._queue.append(Retry(due_ns, request.channels, request.symbols, request.tries + 1, is_leaving=True))

    def _snapshots_refused(self, request: OpenCommand, code: int) -> list[bytes]:
        """Leave it to `due`; where the stream does not carry these markets, they are subscribed then."""
        if code not in PASSING:
            for symbol in request.symbols:
                market = self._markets.get(symbol)
                if market is not None and market.stream.sid == request.sid:
                    market.stream = NOWHERE
                    market.is_waiting = True
        return []

    def _give_up(self, symbols: Iterable[str]) -> list[ListedMarket]:
        given_up = [self._markets[symbol] for symbol in symbols]
        for market in given_up:
            market.is_refused = market.is_waiting = True
        return given_up

    def _at_once(self, subscriptions: Sequence[tuple[Sequence[str], Sequence[str]]]) -> list[bytes]:
        """Return subscriptions as commands, or put them off while too many have left."""
        if self._sent + len(subscriptions) > MOST:
            self._queue += [Retry(self._now_ns, channels, symbols, 0) for channels, symbols in subscriptions]
            return []
        self._sent += len(subscriptions)
        return [
            frame
            for channels, symbols in subscriptions
            for frame in self._subscriptions.subscribe(channels, symbols)
        ]  # fmt: skip

    def _later(self, channels: Sequence[str], symbols: Sequence[str], tries: int) -> None:
        """Put a subscription off, unless it waits already."""
        if any(retry.channels == channels and retry.symbols == symbols for retry in self._queue):
            return
        self._queue.append(Retry(self._now_ns + self._pause_ns(tries - 1), channels, symbols, tries))

    def ended(self, stream: Stream, has_delivered: bool) -> list[bytes]:
        """Return the commands that open a stream anew which the venue ended, unless that waits."""
        trouble = self._ended.setdefault(stream.channel, Trouble(self._now_ns))
        trouble.tries += 1
        trouble.asked_ns = self._now_ns
        self._judge(stream.channel, trouble, f"the venue ended {stream.channel} {trouble.tries} times")
        symbols = () if stream.channel in WHOLE else self._accepted()
        if has_delivered and trouble.tries <= AT_ONCE:
            return self._subscribe([stream.channel], symbols)
        self._later([stream.channel], symbols, trouble.tries)
        return []

    def _accepted(self) -> list[str]:
        return [symbol for symbol, market in self._markets.items() if not market.is_refused]

    def again(self, market: ListedMarket) -> None:
        """Subscribe a market that was given up, for there is news of it."""
        if market.is_refused:
            market.is_refused = False
            self._later(self._subscriptions.channels, [market.instrument.symbol], 1)

    def forget(self, symbol: str) -> None:
        """Ask nothing more about a market."""
        self._troubles.pop(symbol, None)
        self._costly.discard(symbol)

    # Time

    def due(self, now_ns: int) -> list[bytes]:
        """Return the commands whose time has come."""
        self._start_clock(now_ns - self._now_ns)
        self._now_ns = now_ns
        self._sent = 0
        frames = self._due_subscriptions()
        queued = {symbol for retry in self._queue for symbol in retry.symbols}
        has_books = BOOK in self._subscriptions.channels
        markets = self._markets.values() if has_books else ()
        waiting = [market for market in markets if market.is_waiting and not market.is_refused]
        overdue = [market for market in waiting if market.instrument.symbol not in queued and self._is_overdue(market)]
        self._forget_the_calm()
        return frames + self._ask(overdue)

    def _start_clock(self, late_ns: int) -> None:
        """Count what was noted before the first call on a connection from that call."""
        if self._is_new:
            self._is_new = False
            self._queue = [retry._replace(due_ns=retry.due_ns + late_ns) for retry in self._queue]
            for trouble in (*self._troubles.values(), *self._ended.values()):
                trouble.asked_ns += late_ns

    def _subscribe(self, channels: Sequence[str], symbols: Sequence[str], tries: int = 0) -> list[bytes]:
        if channels[0] in WHOLE:
            return self._subscriptions.subscribe_whole(channels[0], tries)
        return self._subscriptions.subscribe(channels, symbols, tries)

    def _due_subscriptions(self) -> list[bytes]:
        ready = [retry for retry in self._queue if retry.due_ns <= self._now_ns][:MOST]
        for retry in ready:
            self._queue.remove(retry)
        self._sent = len(ready)
        frames = []
        for retry in ready:
            if retry.is_leaving:
                self._subscriptions.departed(retry.symbols)  # `leave` counts them again
                gone = [symbol for symbol in retry.symbols if symbol not in self._markets]
                frames += self._subscriptions.leave(gone, retry.channels)
                continue
            symbols = [symbol for symbol in retry.symbols if symbol in self._markets]  # the others were removed
            frames += self._subscribe(retry.channels, symbols, retry.tries)
            for symbol in symbols:  # its snapshot has time again
                self._troubles.setdefault(symbol, Trouble(self._now_ns)).asked_ns = self._now_ns
        return frames

    def _is_overdue(self, market: ListedMarket) -> bool:
        """Whether to ask for a snapshot now; too many of them are a fault of the connection, once."""
        symbol = market.instrument.symbol
        trouble = self._troubles.get(symbol)
        if trouble is None:
            self._troubles[symbol] = Trouble(self._now_ns)
            return False
        if self._now_ns - trouble.asked_ns < self._pause_ns(trouble.tries - AT_ONCE):
            return False
        trouble.tries += 1
        trouble.asked_ns = self._now_ns
        self._judge(symbol, trouble, f"{symbol}: no snapshot that holds after {LIMIT} requests")
        return True

    def _judge(self, name: str, trouble: Trouble, words: str) -> None:
        if trouble.tries > LIMIT and name not in self._costly:
            self._costly.add(name)
            self.fault = words

    def _forget_the_calm(self) -> None:
        for troubles in (self._troubles, self._ended):
            for name in [name for name, trouble in troubles.items() if self._is_calm(name, trouble)]:
                del troubles[name]
                self._costly.discard(name)

    def _is_calm(self, name: str, trouble: Trouble) -> bool:
        market = self._markets.get(name)
        is_sound = market is None or not market.is_waiting
        return is_sound and self._now_ns - trouble.asked_ns >= CALM_NS

    def _pause_ns(self, doublings: int) -> int:
        return min(self._patience_ns << max(doublings, 0), LONGEST_NS)
