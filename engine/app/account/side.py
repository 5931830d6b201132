"""The REST side of one engine: a client of its own, and the account that is compared through it.

Errors  ConfigError at construction; afterwards what fails is told, and trading waits where it must.
Thread  the loop thread.
"""

import asyncio
import random
from collections.abc import Callable
from typing import NamedTuple

from engine.app import loading
from engine.app.account.books import BookCheck
from engine.app.account.figures import account_facts, rest_facts, universe_facts
from engine.app.account.keys import RestKey
from engine.app.account.listening import AccountListener
from engine.app.account.markets import MarketsWatch
from engine.app.account.oddities import OddityTeller
from engine.app.account.order_gateway import RestGateway
from engine.app.account.paid_in import paid_in_keeper, read_paid_in
from engine.app.account.reading import AccountReader
from engine.app.account.standby.last_resort import LastResort, order_path
from engine.app.account.watch import AccountWatch
from engine.app.feeds.missed import MissedTrades
from engine.app.feeds.queue_log import QueueLog
from engine.app.rest_client import make_client, shared_writes
from engine.config.sections import EngineConfig, RestSection, UniverseSection
from engine.errors import ConfigError
from engine.ops.view.account import SideFacts
from engine.runtime.audit import AuditSink
from engine.runtime.backoff import Backoff
from engine.runtime.notices import NoticeKind
from engine.trading.loop import TradingLoop
from engine.trading.reconcile.balance import Cash, CashTerms
from engine.trading.reconcile.reconcile import Reconcile
from engine.trading.reconcile.rules import Deed, Rule
from engine.trading.reconcile.second_sources import SecondSources
from engine.trading.supervisor import Supervisor
from engine.trading.universe.keeper import MarketKeeper
from engine.trading.universe.roster import Roster
from engine.trading.universe.universe import Universe, UniverseLimits
from engine.units import NO_LIMIT
from engine.venue.reference import BrowsingDialect, Selection, TradesDialect

FIRST_RETRY_NS, LONGEST_RETRY_NS = 500_000_000, 30_000_000_000
LEARN_AGAIN_S = 3600.0  # a venue changes an account's limits now and then


class RestDesk(NamedTuple):
    """What the REST side acts on of its engine."""

    loop: TradingLoop
    supervisor: Supervisor
    roster: Roster
    wall_ns: Callable[[], int]
    clock_ns: Callable[[], int]
    compares_account: bool = True


class AccountSide:
    """Connects from `start` to `close`; as the `AccountGate` of its supervisor trading waits for what it finds."""

    def __init__(
        self, config: EngineConfig, section: RestSection, desk: RestDesk, audit: AuditSink | None = None
    ) -> None:
        self.orders: RestGateway | None = None  # where they go over REST
        self.wall_ns = desk.wall_ns
        self.knows_cash = config.reconcile.balance != "ignore" and not section.nets_collateral  # of every fill
        self._config = config
        self._notices = desk.loop.notices
        self._desk = desk
        self.key = RestKey(loading.rest_dialect(section))
        # Over REST the client spends for each order itself: risk's tokens beside it would pay for it twice
        self._shared = None if section.carries_orders else shared_writes(desk.loop.risk)
        self.client = make_client(section, desk.wall_ns, desk.clock_ns, audit, self._tell, self.key, self._shared)
        self._odd = OddityTeller(desk.loop.notices)
        self._universe: Universe | None = None
        self.markets = self._watch_markets(section, config.universe, desk) if config.universe else None
        self.sources = SecondSources(desk.wall_ns)
        self.watch = self._watch_account(section, desk)
        self._bound = ""  # as it was told
        self.listener = self._listen(desk)
        self.groups = loading.order_group_dialect(section)
        self.books = self._check_books(section, config.feed.check_books_every_ns, desk)
        self.missed = self._fetch_missed(section, config.feed.heartbeat_timeout_ns, desk)
        self.queues: QueueLog | None = None  # where they are recorded
        self._was_connected: set[int] = set()
        self._carries_news = bool(config.feed.channels)
        self._tasks: list[asyncio.Task[None]] = []
        desk.supervisor.account = self
        self._last_resort = self._cancel_at_last(section, desk)

    def _watch_account(self, section: RestSection, desk: RestDesk) -> AccountWatch | None:
        dialect = loading.account_dialect(section) if desk.compares_account else None
        if dialect is None:
            return None
        self._odd.hears(dialect)
        note, cash = desk.supervisor.note, self._compare_cash(section, desk)
        return AccountWatch(
            AccountReader(self.client, dialect, desk.wall_ns, asyncio.sleep, self.sources),
            Reconcile(desk.loop, note, cash, self._config.reconcile, desk.supervisor.record),
            desk.loop,
            desk.wall_ns,
            note,
            min(section.compare_every_ns, self._config.reconcile.every_ns),
            retry_backoff(),
            *([self.markets.known] if self.markets else []),
        )

    def _listen(self, desk: RestDesk) -> AccountListener | None:
        if self.watch is None:
            return None
        return AccountListener(desk.loop, self.watch, desk.wall_ns, desk.clock_ns, self.sources)

    def _cancel_at_last(self, section: RestSection, desk: RestDesk) -> LastResort | None:
        account, path, watch = loading.account_dialect(section), order_path(section), self.watch
        if account is None or path is None or watch is None:
            return None
        last = LastResort(desk.loop, self.client, account, path, desk.supervisor.note, watch.look_soon)
        desk.supervisor.cancel_beside = last.begin
        return last

    def _compare_cash(self, section: RestSection, desk: RestDesk) -> Cash | None:
        deed = self._config.reconcile.deed(Rule.BALANCE_DIFFERS)
        if deed is Deed.IGNORE:
            return None
        decimals = sum(desk.loop.portfolio.decimals) - self._config.fees.account_decimals
        terms = CashTerms(10 ** max(decimals, 0), section.nets_collateral, deed is not Deed.TELL)
        state_dir = self._config.engine.state_dir
        keep = paid_in_keeper(state_dir, self._tell)
        return Cash(desk.loop, desk.supervisor.note, terms, read_paid_in(state_dir), keep)

    def _check_books(self, section: RestSection, every_ns: int, desk: RestDesk) -> BookCheck | None:
        reference = loading.reference_dialect(section)
        if every_ns == NO_LIMIT or not isinstance(reference, BrowsingDialect):
            return None
        self._odd.hears(reference)
        return BookCheck(self.client, reference, desk.loop, desk.clock_ns, every_ns)

    def _fetch_missed(self, section: RestSection, silence_ns: int, desk: RestDesk) -> MissedTrades | None:
        reference = loading.reference_dialect(section)
        if not isinstance(reference, TradesDialect):
            return None
        self._odd.hears(reference)
        return MissedTrades(self.client, reference, desk.loop, desk.wall_ns, silence_ns)

    def _watch_markets(self, section: RestSection, universe: UniverseSection, desk: RestDesk) -> MarketsWatch:
        reference = loading.reference_dialect(section)
        if reference is None:
            raise ConfigError(f'universe: venue "{section.dialect}" lists no markets: name them in a file')
        self._odd.hears(reference)
        within_ns = 0 if universe.closing_within_ns == NO_LIMIT else universe.closing_within_ns
        selection = Selection(
            symbols=universe.symbols, events=universe.events, series=universe.series, closing_within_ns=within_ns
        )
        self._universe = Universe(selection, UniverseLimits(max_markets=universe.max_markets))
        keeper = MarketKeeper(desk.loop, self._universe, desk.roster, desk.wall_ns)
        return MarketsWatch(
            self.client,
            reference,
            keeper,
            selection,
            desk.loop,
            desk.wall_ns,
            self._tell,
            universe.refresh_ns,
            retry_backoff(),
        )

    def pause(self, reason: str) -> None:
        """Have trading wait until nothing is in the way."""
        self._desk.supervisor.pause(reason)

    def carry(self, orders: RestGateway) -> None:
        """Carry orders too: what they leave open is waited for."""
        self.orders = orders
        if self.watch is not None:
            self.watch.is_settled = lambda: orders.is_settled

    # What its supervisor asks

    def logged_on(self) -> None:
        """Ask for everything anew: much may have happened meanwhile."""
        if self.watch is not None:
            self.watch.logged_on()
        if self.markets is not None:
            self.markets.refresh()

    def obstacle(self) -> str:
        """Return what keeps trading from starting, empty if nothing does."""
        sweep = self.orders.obstacle() if self.orders else ""
        markets = self.markets.reason if self.markets else ""
        return sweep or markets or (self.watch.obstacle() if self.watch else "")

    # What the feed tells

    def on_feed_lost(self, reason: str, connection: int) -> None:
        """Note that a connection of the feed is away."""
        if self.missed is not None:
            self.missed.lost(connection)

    def on_feed(self, connection: int) -> None:
        """Ask for what was missed where a connection was away; the first one brings the news of our account."""
        if self.missed is not None:
            self.missed.connected(connection)
        if connection not in self._was_connected:
            self._was_connected.add(connection)
            return
        if self.books is not None:
            self.books.look_soon(self._desk.loop.watch.on(connection))
        if self.markets is not None:
            self.markets.refresh()
        if self.watch is not None and self._carries_news and connection == 0 and not self.watch.obstacle():
            self.watch.look_soon("the feed, which tells of it, was away")

    def bear(self) -> None:
        """Trade on with what differs now."""
        if self.watch is not None:
            self.watch.bear()

    # Its life

    def start(self) -> None:
        """Connect, learn what the account may spend, list the markets, and compare from the first logon on."""
        self.client.open()
        parts = self.markets, self.watch, self.listener, self.books, self.missed, self.queues
        duties = [self._learn(), self._odd.run(), *[each.run() for each in parts if each is not None]]
        self._tasks = [asyncio.get_running_loop().create_task(duty) for duty in duties]

    async def close(self) -> None:
        """Stop comparing and disconnect."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._last_resort is not None:
            await self._last_resort.close()
        await self.client.close()
        if self.orders is not None:
            self.orders.close()

    def _tell(self, text: str) -> None:
        self._notices.tell(NoticeKind.REST_TROUBLE, text)

    async def _learn(self) -> None:
        """Go by what the venue says that the account may spend, now and whenever it may have changed."""
        backoff = retry_backoff()
        while True:
            problems = await self.client.learn()
            for problem in problems:
                self._tell(str(problem))
            self._fit_risk()
            await asyncio.sleep(backoff.next_ns() / 1e9 if problems else LEARN_AGAIN_S)

    def _fit_risk(self) -> None:
        """Bound what risk lets out by what the account has, where that is less; tell so once."""
        shared, limits = self._shared, self.client.tokens.limits
        if shared is None:
            return
        per_second, burst = self.client.tokens.of_writes()
        self._desk.loop.risk.leave_room(burst)
        bound = f"{limits.write_per_second} tokens a second, {limits.write_burst} at once"
        if (per_second, burst) == (shared.per_second, shared.burst) or bound == self._bound:
            return
        self._bound = bound
        self._desk.supervisor.note(
            f"the account has {bound}, below {shared.per_second} and {shared.burst} of risk.rate: requests go by"
            f" {per_second} and {burst}"
        )

    # Who looks

    def shown(self) -> SideFacts:
        """Return what it does now, for status and metrics."""
        return SideFacts(
            rest_facts(self.client, self._desk.clock_ns),
            self.client.counts.errors,
            account_facts(self.watch, self.sources) if self.watch else None,
            universe_facts(self._universe, self.markets) if self._universe and self.markets else None,
        )


def retry_backoff() -> Backoff:
    """Return how long to wait after one failure and another."""
    return Backoff(FIRST_RETRY_NS, LONGEST_RETRY_NS, random.Random())
