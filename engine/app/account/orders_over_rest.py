"""Orders over REST instead of FIX, joined to one engine: its session, its gateway, and what the feed says of orders.

The same orders, risk, journal and strategy; only where requests go is another place. Fills come by the feed's channels,
by what an answer owes, and by the comparison of the account, each counted once by the venue's id of the trade.

Errors  ConfigError at construction.
Thread  the loop thread only.
"""

from collections.abc import Callable, Mapping

import msgspec

from engine.app import loading
from engine.app.account.order_gateway import RestGateway
from engine.app.account.order_line import LOOK_AFTER_S, OrderReach
from engine.app.account.rest_session import RestSession
from engine.app.account.side import AccountSide, retry_backoff
from engine.config.sections import EngineConfig, RestSection
from engine.errors import ConfigError
from engine.orders.order import Order
from engine.orders.table import TERMINAL
from engine.runtime.notices import NoticeKind
from engine.session import Session
from engine.trading.gateway import Gateway
from engine.trading.loop import TradingLoop
from engine.trading.reconcile.reports import fill_report
from engine.venue import MarketEvent, Verdict
from engine.venue.account import AccountDialect, VenueFill, VenueOrder

UNKNOWN_TOLD = "a fill that is not ours: trade {0.trade_id} of order {0.order_id}, {0.qty} at {0.price}"


class OrdersOverRest:
    """Made before the parts of its engine, as they are made with `session` and `gateway`; then joined to them."""

    uses_fix = False

    def __init__(self, section: RestSection) -> None:
        self.path = loading.rest_order_dialect(section)
        self.rest_session = RestSession(section.url, retry_backoff())
        self.gateway = RestGateway()
        self._dialect = _account(section)
        self._credentials = section.credentials

    def fitted(self, config: EngineConfig) -> EngineConfig:
        """Return a configuration whose feed tells of our orders and fills."""
        replace = msgspec.structs.replace
        channels = tuple(dict.fromkeys((*config.feed.channels, *self.path.channels)))
        session = replace(config.session, credentials=self._credentials)  # no key of FIX is needed or read
        return replace(config, feed=replace(config.feed, channels=channels), session=session)

    def session(self, open_fix: Callable[[], Session]) -> Session:
        """Return the session of the engine, with that of FIX where it is used."""
        return self.rest_session

    def gateway_beside(self, make_fix: Callable[[], Gateway]) -> Gateway:
        """Return where requests go, with the gateway over FIX where it is used."""
        return self.gateway

    def verdicts(self, known: Mapping[str, Verdict]) -> dict[str, Verdict]:
        """Return what follows from the venue's texts, those of its REST among them."""
        return {**known, **self.path.consequences}

    def join(self, loop: TradingLoop, account: AccountSide) -> None:
        """Lead requests to the account's client, and what the feed says of orders to the loop."""
        self._loop, self._account = loop, account
        account.carry(self.gateway)
        client, dialect, session = account.client, self._dialect, self.rest_session
        session.ask = lambda: client.call(dialect.balance())
        self.gateway.open(OrderReach(loop, client, self.path, dialect, account.wall_ns, session.lost))
        loop.news.followers.append(self._hear)

    def on_feed(self, connection: int) -> None:
        """Compare the account where its news come again: fills may have happened while nobody told them."""
        if connection == 0:
            self._account.logged_on()

    def on_feed_lost(self, reason: str, connection: int) -> None:
        """Do nothing: what was missed is asked for when the feed is there again."""

    def carries(self, order: Order) -> bool:
        """Return whether an order's requests go over REST."""
        return True

    def _hear(self, event: MarketEvent) -> None:
        news = event.news
        if event.account_gap:
            self._account.logged_on()
        if isinstance(news, VenueFill):
            self._filled(news)
        elif isinstance(news, VenueOrder):
            self._told(news)

    def _filled(self, fill: VenueFill) -> None:
        """Count a fill, once."""
        order = self._loop.orders.find(fill.cl_ord_id, "", fill.order_id)
        if order is None:
            self._loop.notices.tell(NoticeKind.ACCOUNT_DIFFERS, f"{fill.symbol}: {UNKNOWN_TOLD.format(fill)}")
        elif self.carries(order):
            self.gateway.line(order).apply(fill_report(order, fill))

    def _told(self, told: VenueOrder) -> None:
        """Look at an order that the venue calls over and we do not."""
        order = self._loop.orders.find(told.cl_ord_id, "", told.order_id)
        if order is not None and not order.is_done and told.status in TERMINAL and self.carries(order):
            self.gateway.line(order).look(LOOK_AFTER_S)


def _account(section: RestSection) -> AccountDialect:
    dialect = loading.account_dialect(section)
    if dialect is None:
        raise ConfigError(f'rest.orders: venue "{section.dialect}" tells nothing of accounts: set it to "never"')
    return dialect
