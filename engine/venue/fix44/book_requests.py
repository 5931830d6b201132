"""Which books were asked for over FIX and have not come; what is overdue is asked for again, at a pace.

A request that the venue refuses is taken apart: each of its markets is asked for alone, so that one at fault costs the
others nothing, and one that is refused alone is given up until the next session.

Units   times in ns of the clock that `due` is given; it is as coarse as the calls of `due`.
Shapes  refusals are matched to the oldest request without an answer, where the venue does not name the request.
Errors  none.
Thread  the loop thread only.
Source  FIX 4.4 volume 3: MarketDataRequest(V), MarketDataRequestReject(Y).
"""

from collections.abc import Callable, Iterable, Sequence

_NS = 1_000_000_000
PATIENCE_NS = 5 * _NS  # for a snapshot, doubled with each request
LONGEST_NS = 80 * _NS
MOST_DUE = 500  # markets that one call of `due` asks for again

SNAPSHOT, UPDATES, NO_MORE = "0", "1", "2"  # SubscriptionRequestType(263)


class Wanted:
    """A book that is waited for: how it was asked for, in which request, how often again, and when last."""

    __slots__ = ("asked_ns", "kind", "request", "tries")

    def __init__(self, kind: str, request: int) -> None:
        self.kind = kind
        self.request = request
        self.tries = 0
        self.asked_ns = -1  # not seen by `due` so far


class BookRequests:
    """The open requests of one session after another; `body(kind, symbols, number)` writes one."""

    def __init__(self, body: Callable[[str, Sequence[str], int], bytes], chunk: int) -> None:
        self.waiting: dict[str, Wanted] = {}
        self.refused: set[str] = set()
        self._body = body
        self._chunk = chunk
        self._number = 0  # of the last request
        self._subscribed: dict[str, int] = {}  # by which request
        self._open: dict[int, set[str]] = {}  # the unanswered symbols of each request, the oldest first

    def begin(self, symbols: Iterable[str]) -> list[bytes]:
        """Begin a session: ask for every book, each that was refused before alone."""
        self._open.clear()
        self._subscribed.clear()
        self.waiting.clear()
        wanted = list(symbols)
        doubtful = [symbol for symbol in wanted if symbol in self.refused]
        bodies = self.ask(UPDATES, [symbol for symbol in wanted if symbol not in self.refused])
        self.refused.clear()
        return bodies + self.ask_each(UPDATES, doubtful)

    def ask(self, kind: str, symbols: Sequence[str]) -> list[bytes]:
        """Return the requests for books, a chunk of them each."""
        return [
            self._request(kind, symbols[start : start + self._chunk])
            for start in range(0, len(symbols), self._chunk)
        ]  # fmt: skip

    def ask_each(self, kind: str, symbols: Iterable[str]) -> list[bytes]:
        """Return a request for each book alone."""
        return [self._request(kind, [symbol]) for symbol in symbols]

    def await_them(self, symbols: Iterable[str]) -> None:
        """Wait for books that the requests of the next session name."""
        for symbol in symbols:
            self.waiting[symbol] = Wanted(UPDATES, 0)

    def postpone(self, symbol: str) -> None:
        """Wait for a book that `due` is to ask for."""
        self.waiting.setdefault(symbol, Wanted(SNAPSHOT, 0))

    def leave(self, symbols: Sequence[str]) -> list[bytes]:
        """Forget markets; return the requests that end their subscriptions."""
        for symbol in symbols:
            self.came(symbol)
            self.refused.discard(symbol)
        numbers = [self._subscribed.pop(symbol, 0) for symbol in symbols]
        starts = range(0, len(symbols), self._chunk)
        return [
            self._body(NO_MORE, symbols[start : start + self._chunk], numbers[start] or self._next())
            for start in starts
        ]  # fmt: skip

    def came(self, symbol: str) -> None:
        """Note that a book is here, or not waited for any more."""
        wanted = self.waiting.pop(symbol, None)
        if wanted is not None:
            self._close(symbol, wanted)

    def refuse(self, number: int = 0) -> tuple[list[bytes], list[str]]:
        """Take a refusal, of the oldest request where nobody says of which.

        Return the requests that get round it, and the markets that are given up.
        """
        number = number or next(iter(self._open), 0)
        symbols = sorted(self._open.pop(number, ()))
        if len(symbols) > 1:
            return [body for symbol in symbols for body in self.ask(self.waiting[symbol].kind, [symbol])], []
        for symbol in symbols:
            del self.waiting[symbol]
            self.refused.add(symbol)
        return [], symbols

    def due(self, now_ns: int) -> list[bytes]:
        """Return the requests for what should have come by now."""
        overdue: dict[str, list[str]] = {}
        count = 0
        for symbol, wanted in self.waiting.items():
            if wanted.asked_ns < 0:
                wanted.asked_ns = now_ns
            elif now_ns - wanted.asked_ns >= min(PATIENCE_NS << min(wanted.tries, 10), LONGEST_NS):
                overdue.setdefault(wanted.kind, []).append(symbol)
                count += 1
                if count == MOST_DUE:
                    break
        return [body for kind, symbols in overdue.items() for body in self.ask(kind, symbols)]

    def _request(self, kind: str, symbols: Sequence[str]) -> bytes:
        number = self._next()
        self._open[number] = set(symbols)
        if kind == UPDATES:
            self._subscribed |= dict.fromkeys(symbols, number)
        for symbol in symbols:
            before = self.waiting.get(symbol)
            wanted = self.waiting[symbol] = Wanted(kind, number)
            if before is not None:
                wanted.kind = max(kind, before.kind)  # one that is not subscribed yet must be
                wanted.tries = before.tries + (before.asked_ns >= 0)
                self._close(symbol, before)
        return self._body(kind, symbols, number)

    def _close(self, symbol: str, wanted: Wanted) -> None:
        """Take a market out of the request that named it last."""
        unanswered = self._open.get(wanted.request)
        if unanswered is not None:
            unanswered.discard(symbol)
            if not unanswered:
                del self._open[wanted.request]

    def _next(self) -> int:
        self._number += 1
        return self._number
