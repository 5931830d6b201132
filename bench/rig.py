"""The engine under test, built from its parts: everything on the path is on, nothing beside it is.

Journal, file store and every risk limit are on. The supervisor is left out: it does nothing on the path, and the
measuring venue knows no mass cancel.

Errors  what the engine would halt for goes to `on_fault`, and the run is void.
Thread  the loop thread.
"""

import asyncio
import contextlib
import gc
import random
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bench.venue import session_file
from bench.venue.kalshi import FLAGS
from engine.book import make_book
from engine.instrument import Instrument
from engine.journal.writer import Journal, NullJournal
from engine.net.feed import Feed, FeedSettings
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.risk.fee_terms import FeeTerms
from engine.risk.limits import DuplicateLimit, Limits, RateLimit, RatioLimit, RepeatLimit
from engine.runtime import modes
from engine.runtime._sockets import Sockets
from engine.runtime.backoff import Backoff
from engine.session.opening import open_session
from engine.strategy import Strategy
from engine.trading.assembly import Parts, Surroundings, assemble
from engine.trading.gateway import SessionGateway
from engine.venue.fix44.dialect import Fix44
from engine.venue.kalshi.fees import KalshiFees
from engine.venue.kalshi.fix.logon import KalshiLogon
from engine.venue.kalshi.fix.orders import KalshiOrders
from engine.venue.kalshi.market_data import PATH, KalshiMarketData
from engine.venue.kalshi.signing import SigningKey
from engine.venue.kalshi.subscriptions import BOOK

LIMIT = 10**15  # far from every sum of a run, and still a limit that is checked
PREPARE_S = 0.05
CONNECT_TIMEOUT_S = 10.0
TENTH_OF_SECOND_NS = 100_000_000


def limits() -> Limits:
    """Return limits that are all set, and that no measured order reaches."""
    return Limits(
        max_order_qty=LIMIT,
        max_order_notional=LIMIT,
        max_order_cost=LIMIT,
        collar_opposite=10_000,
        collar_own=10_000,
        max_position=LIMIT,
        max_event_position=LIMIT,
        max_gross_position=LIMIT,
        max_open_orders=10**9,
        max_open_cost=LIMIT,
        max_market_loss=LIMIT,
        max_event_loss=LIMIT,
        max_daily_loss=LIMIT,
        max_drawdown=LIMIT,
        day_start_ns=0,
        day_zone="UTC",
        max_book_age_ns=3600 * 10**9,
        allow_crossed_book=True,  # captured books cross at times, and the order is due all the same
        restricted=(),
        rate=RateLimit(per_second=10**9, burst=10**9, new=10, amend=10, cancel=2, cancel_reserve=100),
        duplicates=DuplicateLimit(max_orders=1000, window_ns=1_000_000),
        executions=RepeatLimit(per_market=100_000, overall=100_000, window_ns=1_000),
        rejects=RepeatLimit(per_market=100_000, overall=100_000, window_ns=1_000),
        ratios=RatioLimit(max_orders_per_fill=10**9, max_cancel_percent=10**9, min_orders=1, window_ns=10**10),
    )


class Rig:
    """One engine with one market and one strategy; `kind` names the session, "quickfix" or "native".

    With `certificate` the session runs over TLS and takes the venue by it. With `key` as well the venue is Kalshi:
    its order dialect, a signed Logon, and a feed over TLS whose handshake is signed too.
    """

    def __init__(
        self,
        kind: str,
        state: Path,
        fix_port: int,
        feed_port: int,
        instrument: Instrument,
        strategy: Strategy,
        certificate: Path | None = None,
        key: SigningKey | None = None,
        has_journal: bool = True,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self.sockets = Sockets(self._loop)
        instruments = (instrument,)
        self.on_fault: Callable[[str], None] = lambda reason: None
        self.strategy = strategy
        self.journal = NullJournal()
        if has_journal:
            self.journal = Journal(state / "journal", "bench", instruments, time.time_ns())
        market_data = KalshiMarketData(instruments, key, channels=(BOOK,))
        settings = session_file.write(state, fix_port, certificate, key.key_id if key else "")
        logon = KalshiLogon(key, FLAGS) if key else None
        self.session = open_session(kind, settings, state, self._loop, logon, self.sockets)
        dialect = KalshiOrders(instruments) if key else Fix44(instruments)
        portfolio = Portfolio(instruments)
        parts = Parts(
            books=[make_book(instrument)],
            market_data=market_data,
            decode_report=dialect.decode,
            orders=Orders("bench", KalshiFees(FeeTerms()).charge),
            portfolio=portfolio,
            risk=Risk(limits(), instruments, portfolio),
            journal=self.journal,
            strategy=strategy,
        )
        self.gateway = SessionGateway(dialect, self.session.send, self.session.refuse)
        around = Surroundings(
            gateway=self.gateway,
            command=lambda commands: self.feed.send(commands),
            halt=self._fault,
            clock_ns=time.monotonic_ns,
            wall_ns=time.time_ns,
            call_later=lambda delay_ns, due: self._loop.call_later(delay_ns / 1e9, due),
        )
        self.trading = assemble(parts, around)
        self.feed = Feed(
            FeedSettings(url=_feed_url(feed_port, key is not None), silence_ns=3600 * 10**9),
            market_data,
            on_frame=self.trading.on_frame,
            on_read_end=self.trading.on_read_end,
            on_connected=lambda: None,
            on_lost=self._fault,
            wall_ns=time.time_ns,
            backoff=Backoff(TENTH_OF_SECOND_NS, TENTH_OF_SECOND_NS, random.Random(1)),
            sockets=self.sockets,
            ssl_context=ssl.create_default_context(cafile=certificate) if key else None,
        )
        self._timer: asyncio.TimerHandle | None = None
        self._logged_on = asyncio.Event()
        self.session.on_message = self.trading.on_report
        self.session.on_logon = self._logged_on.set
        self.session.on_logout = self._fault
        self.session.on_fault = self._fault

    async def connect_session(self) -> None:
        """Log on, and allow trading."""
        self.session.logon()
        await asyncio.wait_for(self._logged_on.wait(), CONNECT_TIMEOUT_S)
        self.trading.is_trading = True
        self._prepare()

    async def connect_feed(self) -> None:
        """Connect market data and await the first book."""
        self.feed.start()
        async with asyncio.timeout(CONNECT_TIMEOUT_S):
            while self.trading.books[0].is_stale:
                await asyncio.sleep(0.01)

    def set_book(self, bid: int, ask: int) -> None:
        """Set the market's book, for subjects without a feed."""
        book = self.trading.books[0]
        book.snapshot([(bid, 1000)], [(ask, 1000)])
        book.updated_ns = self.trading.risk.heard_ns = time.monotonic_ns()

    @contextlib.contextmanager
    def mode(
        self, name: str, core: int | None, collects_garbage: bool, last_active_ns: Callable[[], int]
    ) -> Iterator[None]:
        """Let the loop wait as mode `name` does, on `core`, to which this process is pinned already.

        `collects_garbage` leaves Python's collector on in busy mode.
        """
        with modes.Mode(name, core, self._loop, self.sockets, last_active_ns, time.monotonic_ns):
            if collects_garbage:
                gc.unfreeze()
                gc.enable()
            yield

    async def close(self) -> None:
        """Disconnect and close the journal; faults are ignored from here on."""
        if self._timer is not None:
            self._timer.cancel()
        self.on_fault = lambda reason: None
        self.session.on_logout = lambda text: None
        await self.feed.close()
        self.session.close()
        self.journal.close()

    def _prepare(self) -> None:
        """What the engine does on a timer: make the journal's next segment ready."""
        self.journal.prepare()
        self._timer = self._loop.call_later(PREPARE_S, self._prepare)

    def _fault(self, reason: str) -> None:
        self.on_fault(reason)


def _feed_url(port: int, has_tls: bool) -> str:
    """Return the address of the venue's feed; over TLS by a name that its certificate has."""
    return f"wss://localhost:{port}{PATH}" if has_tls else f"ws://127.0.0.1:{port}{PATH}"
