"""The markets whose books are subscribed over FIX, and the requests (V) that keep them so.

Units   times in ns of the clock that `due` is given.
Errors  none.
Thread  the loop thread only.
Source  FIX 4.4 volume 3: MarketDataRequest(V). A subscription is ended under its own MDReqID(262), so that each market
        has a request of its own, unless a venue does without that id.
"""

from collections.abc import Iterable, Sequence

from engine import fix
from engine.instrument import Instrument
from engine.venue.fix44 import md_tags as tags
from engine.venue.fix44.book_requests import SNAPSHOT, UPDATES, BookRequests

WHOLE_BOOK, INCREMENTAL = 0, 1  # MarketDepth(264), MDUpdateType(265)
_KINDS = ("0", "1", "2")  # MDEntryType(269): bids, offers, trades
AT_ONCE, CALM_NS = 3, 60_000_000_000  # so often within that time a book is asked for anew without a wait
_MOST_DEPARTED = 10_000  # markets that were carried once, and may still be spoken of


class BookSubscriptions:
    """What a feed over FIX carries; of `chunk` markets at most in one request."""

    fault = ""  # nothing but a refused market needs more than another request

    def __init__(self, instruments: Iterable[Instrument], chunk: int) -> None:
        self._instruments = {each.symbol: each for each in instruments}
        self._ready: dict[str, Instrument] = {}  # those whose book is here
        self._departed: dict[str, None] = {}
        self._troubles: dict[str, int] = {}  # how often a book was asked for anew of late
        self._calm_ns = 0  # since when they are counted
        self._requests = BookRequests(self._request, chunk)
        self._requests.await_them(self._instruments)

    def subscribe(self) -> list[bytes]:
        """Return the requests of a new session: books with updates."""
        self._ready.clear()
        self._troubles.clear()
        return self._requests.begin(self._instruments)

    def add(self, instruments: Iterable[Instrument]) -> list[bytes]:
        """Return the requests for more markets."""
        return self._requests.ask(UPDATES, self._take_in(instruments))

    def remove(self, instruments: Iterable[Instrument]) -> list[bytes]:
        """Return the requests that end the subscriptions of markets."""
        return self._requests.leave(self._let_go(instruments))

    def resync(self, instruments: Iterable[Instrument]) -> list[bytes]:
        """Ask for whole books of these markets, whose levels are ignored until then; often, and it is left to `due`."""
        at_once = []
        for symbol in [each.symbol for each in instruments]:
            if symbol not in self._instruments or symbol in self._requests.refused:
                continue
            self._ready.pop(symbol, None)
            self._troubles[symbol] = self._troubles.get(symbol, 0) + 1
            if self._troubles[symbol] <= AT_ONCE:
                at_once.append(symbol)
            else:
                self._requests.postpone(symbol)
        return self._requests.ask(SNAPSHOT, at_once)

    def due(self, now_ns: int) -> list[bytes]:
        """Return what is overdue, at a pace that the venue bears."""
        if now_ns - self._calm_ns >= CALM_NS:
            self._troubles.clear()
            self._calm_ns = now_ns
        return self._requests.due(now_ns)

    def waiting(self) -> list[Instrument]:
        """Return the markets whose snapshot is still to come; one that the venue refused gets none."""
        return [self._instruments[symbol] for symbol in self._requests.waiting]

    def _take_in(self, instruments: Iterable[Instrument]) -> list[str]:
        """Carry more markets; return those that are new."""
        more = {each.symbol: each for each in instruments if each.symbol not in self._instruments}
        self._instruments |= more
        for symbol in more:
            self._departed.pop(symbol, None)
        return list(more)

    def _let_go(self, instruments: Iterable[Instrument]) -> list[str]:
        """Carry markets no more; return those that were carried."""
        gone = [each.symbol for each in instruments if self._instruments.pop(each.symbol, None) is not None]
        for symbol in gone:
            self._ready.pop(symbol, None)
            self._troubles.pop(symbol, None)
            self._departed[symbol] = None
            if len(self._departed) > _MOST_DEPARTED:
                del self._departed[next(iter(self._departed))]
        return gone

    def _request(self, kind: str, symbols: Sequence[str], number: int) -> bytes:
        """Return the body of one request."""
        return body(
            tags.MARKET_DATA_REQUEST,
            [
                (tags.MDReqID, number),
                (tags.SubscriptionRequestType, kind),
                (tags.MarketDepth, WHOLE_BOOK),
                (tags.MDUpdateType, INCREMENTAL),
                (tags.NoMDEntryTypes, len(_KINDS)),
                *[(tags.MDEntryType, each) for each in _KINDS],
                (tags.NoRelatedSym, len(symbols)),
                *[(fix.Symbol, symbol) for symbol in symbols],
            ],
        )


def body(msg_type: str, fields: Iterable[tuple[int, str | int]]) -> bytes:
    """Return the body that `Session.send` takes."""
    text = "".join(f"{tag}={value}{fix.SOH}" for tag, value in fields)
    return f"{fix.MsgType}={msg_type}{fix.SOH}{text}".encode("ascii")
