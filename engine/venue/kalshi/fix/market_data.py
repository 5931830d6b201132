"""Kalshi's market data over FIX, KalshiMD: an alternative to the WebSocket, where a level comes with its whole size.

Units   prices and sizes as in `instrument`; prices are YES prices in dollars on both sides.
Shapes  as of `Fix44MarketData`; beside books the states of markets (f), which are asked for by e, one market each.
Errors  as of `Fix44MarketData`.
Cost    as of `Fix44MarketData`.
Source  Kalshi FIX: market data (V, W, X, Y, e, f). There is no request id and nothing is resent: what is lost is lost
        with its session, and a new one begins with whole books.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence

from engine import fix
from engine.codec import Fields
from engine.instrument import Instrument
from engine.venue import EventKind, MarketEvent, MarketState
from engine.venue.fix44.book_requests import NO_MORE, UPDATES
from engine.venue.fix44.market_data import Fix44MarketData
from engine.venue.kalshi.fix import tags
from engine.venue.kalshi.fix.reading import message, needed, time_ns
from engine.venue.kalshi.fix.tags import KalshiMsg

MOST_SUBSCRIPTIONS = 100_000  # active ones of a session
STATES_AT_ONCE = 100  # requests for the states of markets that leave together; the others follow by `due`

_STATES = {
    "2": MarketState.PAUSED,
    "3": MarketState.ACTIVE,
    "100": MarketState.DETERMINED,
    "101": MarketState.SETTLED,
}
_REFUSALS = {"2": "limit of symbols", "4": "unknown SubscriptionRequestType(263)"}  # MDReqRejReason(281)
_RETRY_NS = 5_000_000_000  # after a refusal of requests for states


class KalshiFixMarketData(Fix44MarketData):
    """Messages of KalshiMD to events, and the requests that a new session begins with."""

    def __init__(self, instruments: Iterable[Instrument], *, chunk: int = 500) -> None:
        super().__init__(instruments, chunk=chunk)
        if len(self._instruments) > MOST_SUBSCRIPTIONS:
            raise ValueError(f"{len(self._instruments)} markets: a session takes {MOST_SUBSCRIPTIONS}")
        self._stateless: deque[str] = deque()  # whose state is still to be asked for
        self._quiet = False  # a request for a state was refused: none for a while
        self._quiet_until_ns = 0

    def subscribe(self) -> list[bytes]:
        """Return the requests of a new session: books with updates, and the state of each market."""
        self._stateless.clear()
        return [*super().subscribe(), *self._states(self._instruments)]

    def add(self, instruments: Iterable[Instrument]) -> list[bytes]:
        """Return the requests for more markets; ValueError for more than a session takes."""
        more = [each for each in instruments if each.symbol not in self._instruments]
        if len(self._instruments) + len(more) > MOST_SUBSCRIPTIONS:
            raise ValueError(f"{len(more)} more markets: a session takes {MOST_SUBSCRIPTIONS}")
        return [*super().add(more), *self._states([each.symbol for each in more])]

    def remove(self, instruments: Iterable[Instrument]) -> list[bytes]:
        """Return the requests that end the subscriptions of markets."""
        gone = self._let_go(instruments)
        return [*self._requests.leave(gone), *[_status_request(symbol, NO_MORE) for symbol in gone]]

    def due(self, now_ns: int) -> list[bytes]:
        """Return what is overdue, and requests for states that had to wait."""
        if self._quiet:
            self._quiet, self._quiet_until_ns = False, now_ns + _RETRY_NS
        states = [] if now_ns < self._quiet_until_ns else self._states(())
        return super().due(now_ns) + states

    def _states(self, symbols: Iterable[str]) -> list[bytes]:
        """Return the requests for states that may leave now; of markets that are gone there are none."""
        self._stateless.extend(symbols)
        bodies: list[bytes] = []
        while self._stateless and len(bodies) < STATES_AT_ONCE:
            symbol = self._stateless.popleft()
            if symbol in self._instruments:
                bodies.append(_status_request(symbol, UPDATES))
        return bodies

    def _request(self, kind: str, symbols: Sequence[str], number: int) -> bytes:
        listed = [(fix.Symbol, symbol) for symbol in symbols]
        return message(
            KalshiMsg.MARKET_DATA_REQUEST,
            [(tags.SubscriptionRequestType, kind), (tags.NoRelatedSym, len(symbols)), *listed],
        )

    def _decode_rare(self, fields: Fields) -> Iterator[MarketEvent]:
        if fields.msg_type == KalshiMsg.SECURITY_STATUS:
            yield self._state(fields)
        else:
            yield from super()._decode_rare(fields)

    def _state(self, fields: Fields) -> MarketEvent:
        symbol, code = needed(fields, fix.Symbol), needed(fields, tags.SecurityTradingStatus)
        event = self._begin(EventKind.STATE, symbol, time_ns(fields))
        if event.kind != EventKind.STATE:
            return event
        if code not in _STATES:
            return self._unlisted(event, f"SecurityTradingStatus(326) {code!r}")
        self.counts.states += 1
        event.state, event.price = _STATES[code], -1  # what it pays is not said here
        event.text = fields.remark() or f"SecurityTradingStatus(326) {code}"
        return event

    def _unanswered(self, fields: Fields) -> MarketEvent:
        """Ask for every state again after a while where one of those requests was refused: nobody says which."""
        if fields.text(fix.RefMsgType) == KalshiMsg.SECURITY_STATUS_REQUEST and not self._quiet:
            self._quiet = True
            self._stateless = deque(self._instruments)
        return super()._unanswered(fields)

    def _reason(self, fields: Fields) -> str:
        code = fields.text(tags.MDReqRejReason)
        return _REFUSALS.get(code, f"MDReqRejReason(281) {code}")


def _status_request(symbol: str, kind: str) -> bytes:
    fields = [(fix.Symbol, symbol), (tags.SubscriptionRequestType, kind)]
    return message(KalshiMsg.SECURITY_STATUS_REQUEST, fields)
