"""REST standing by for FIX, joined to one engine: the same orders, risk and journal, and another way for requests.

Errors  ConfigError at construction.
Thread  the loop thread only.
"""

from collections.abc import Callable

import msgspec

from engine.app.account.orders_over_rest import OrdersOverRest
from engine.app.account.side import AccountSide
from engine.app.account.standby.gateway import StandbyGateway
from engine.app.account.standby.session import StandbySession
from engine.config.sections import EngineConfig, RestSection
from engine.errors import ConfigError
from engine.orders.order import Order
from engine.session import Session
from engine.session.file.settings import SessionSettings, load_session
from engine.trading.gateway import Gateway
from engine.trading.loop import TradingLoop

LEAST_BEATS = 3  # without an answer, after which a venue has surely ended a connection, and cancelled what it left
_S = 1_000_000_000


class StandbyOrders(OrdersOverRest):
    """Orders over FIX, and over REST while FIX is down."""

    uses_fix = True

    def __init__(self, section: RestSection) -> None:
        super().__init__(section)
        self._after_s = section.standby_after_ns / _S
        self._session: StandbySession
        self._ways: StandbyGateway

    def fitted(self, config: EngineConfig) -> EngineConfig:
        """Return a configuration whose feed tells of our orders and fills; FIX keeps its key."""
        channels = tuple(dict.fromkeys((*config.feed.channels, *self.path.channels)))
        return msgspec.structs.replace(config, feed=msgspec.structs.replace(config.feed, channels=channels))

    def session(self, open_fix: Callable[[], Session]) -> Session:
        """Return the FIX session with REST behind it."""
        self._session = StandbySession(open_fix(), self.rest_session, self._after_s)
        return self._session

    def gateway_beside(self, make_fix: Callable[[], Gateway]) -> Gateway:
        """Return what chooses between both."""
        self._ways = StandbyGateway(make_fix(), self.gateway)
        return self._ways

    def join(self, loop: TradingLoop, account: AccountSide) -> None:
        """Lead requests by the way that is used, and have REST drained before FIX goes on."""
        super().join(loop, account)
        session = self._session
        session.use_rest = self._use
        session.drain = self._drain
        session.pause = lambda reason: self._pause(account, reason)

    def on_feed(self, connection: int) -> None:
        """Compare the account where fills may have happened over REST while nobody told them."""
        if self._session.is_over_rest or self._ways.carried():
            super().on_feed(connection)

    def carries(self, order: Order) -> bool:
        """Return whether an order's requests go over REST."""
        return self._ways.carries(order)

    def _use(self, is_over_rest: bool) -> None:
        self._ways.is_over_rest = is_over_rest

    def _pause(self, account: AccountSide, reason: str) -> None:
        """Trade no more until REST is drained; without a reason go on when nothing else is in the way."""
        self.gateway.draining = reason
        if reason:
            account.pause(reason)

    def _drain(self) -> bool:
        """Ask for the end of what lives over REST; return whether nothing does, and nothing is under way."""
        left = self._ways.carried()
        for order in left:
            self._loop.cancel(order)
        return not left and self.gateway.is_settled


def judge_standby(config: EngineConfig) -> None:
    """Raise ConfigError where REST would take over while what FIX left behind may be alive."""
    section = config.rest
    if section is None or not section.stands_by:
        return
    if "cancel_on_disconnect" in config.session.flags and not config.session.flags["cancel_on_disconnect"]:
        raise ConfigError(
            "session.flags: cancel_on_disconnect = false leaves orders alive with a lost session, where REST would take"
            ' over beside them: leave it out, or set rest.orders = "never"'
        )
    seconds = _heart_beat(load_session(config.session.file, "initiator", config.engine.state_dir))
    if section.standby_after_ns < LEAST_BEATS * seconds * _S:
        raise ConfigError(
            f"rest.standby_after: is less than {LEAST_BEATS} times HeartBtInt={seconds} of {config.session.file}: what"
            f' the lost session left may still be alive then; set it to "{LEAST_BEATS * seconds}s" or more'
        )


def _heart_beat(settings: SessionSettings) -> int:
    text = settings.values.get("HeartBtInt", "30")
    return int(text) if text.isdigit() else 30


def orders_over_rest(config: EngineConfig) -> OrdersOverRest | None:
    """Return what carries orders where they go over REST, always or at times; None where they go over FIX alone."""
    section = config.rest
    if section is None or section.orders == "never":
        return None
    if config.session.terms:
        raise ConfigError('session.terms: orders over REST have none: leave them out, or set rest.orders = "never"')
    judge_standby(config)
    return StandbyOrders(section) if section.stands_by else OrdersOverRest(section)
