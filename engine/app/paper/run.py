"""`fixlane run CONFIG --paper`: the live feed and the same desk, whose orders never leave this process.

State is kept in `paper` under the configured state directory, so that no paper order is ever in a journal of real ones.
Commands reach it by `--state-dir`.

Errors  ConfigError for what paper trading cannot do.
"""

import asyncio
import time
from functools import partial

from msgspec import structs

from engine.app import loading, running
from engine.app.paper.session import PaperSession
from engine.app.paper.venue import PaperVenue
from engine.app.seams import Seams
from engine.backtest.gateway import RequestGateway
from engine.backtest.latency import Latency
from engine.codec import Fields
from engine.config.credentials import Credentials
from engine.config.sections import EngineConfig, FurtherSections
from engine.errors import ConfigError
from engine.session import Session
from engine.trading.gateway import Gateway
from engine.trading.loop import TradingLoop
from engine.venue import OrderDialect

FOLDER = "paper"


def paper_config(config: EngineConfig) -> EngineConfig:
    """Return the configuration without whatever could reach an account."""
    if config.feed.is_fix:
        raise ConfigError('feed.source: paper trading fills by a WebSocket feed: set it to "websocket"')
    replace = structs.replace
    state_dir = config.engine.state_dir / FOLDER
    state_dir.mkdir(parents=True, exist_ok=True)
    rest = None if config.rest is None else replace(config.rest, orders="never")
    return replace(
        config,
        engine=replace(config.engine, state_dir=state_dir),
        session=replace(config.session, credentials=Credentials()),
        sessions=FurtherSections(),
        feed=replace(config.feed, channels=()),
        rest=rest,
        reconcile=replace(config.reconcile, balance="ignore"),
    )


class Paper:
    """The parts of an engine that are other ones on paper."""

    def __init__(self, config: EngineConfig, latency: Latency) -> None:
        fees = loading.fees(config.feed, config.fees)
        self._venue = PaperVenue(fees, latency, time.time_ns, _call_later, config.feed.use_yes_price)
        self.seams = Seams(
            gateway=self._gateway, receive=self._receive, open_session=self._session, compares_account=False
        )

    def _session(self) -> Session:
        return PaperSession(asyncio.get_running_loop().call_soon)

    def _gateway(self, session: Session, dialect: OrderDialect) -> Gateway:
        return RequestGateway(self._venue.post)

    def _receive(self, loop: TradingLoop) -> partial[None]:
        """Join the venue to the loop; return what takes messages, of which none come."""
        self._venue.join(loop)
        return partial(_no_message, loop)


def _no_message(loop: TradingLoop, fields: Fields) -> None:
    """Do nothing: a paper session brings no message."""


def _call_later(delay_ns: int, call: object) -> object:
    return asyncio.get_running_loop().call_later(delay_ns / 1e9, call)  # type: ignore[arg-type]


def run(config: EngineConfig, way_ns: int) -> int:
    """Trade on paper until SIGINT or SIGTERM, each way taking `way_ns`; return the exit status."""
    config = paper_config(config)
    latency = Latency(new_ns=way_ns, cancel_ns=way_ns, replace_ns=way_ns, answer_ns=way_ns)
    return running.run(config, Paper(config, latency).seams)
