"""Where another part may stand in for one of a live engine: time, what carries orders, what takes answers.

Units   times in ns: `clock_ns` monotonic, `wall_ns` since 1970.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from engine.app.replay.entries import EngineEntries
from engine.app.takeover import new_nonce
from engine.codec import Fields
from engine.session import Session
from engine.trading.gateway import Gateway, SessionGateway
from engine.trading.loop import TradingLoop
from engine.trading.serving.timers import CallLater
from engine.venue import OrderDialect


def session_gateway(session: Session, dialect: OrderDialect) -> Gateway:
    """Return the gateway of a live engine."""
    return SessionGateway(dialect, session.send, session.refuse)


def on_report(loop: TradingLoop) -> Callable[[Fields], None]:
    """Return what takes the messages of a live session."""
    return loop.on_report


class Seams(NamedTuple):
    """What may stand in for a part of a live engine, as in the demo in steps; None is the live part."""

    clock_ns: Callable[[], int] = time.monotonic_ns
    wall_ns: Callable[[], int] = time.time_ns
    call_later: CallLater | None = None
    gateway: Callable[[Session, OrderDialect], Gateway] = session_gateway
    command: Callable[[list[bytes]], object] | None = None  # instead of the feed's
    receive: Callable[[TradingLoop], Callable[[Fields], None]] = on_report  # what the session's messages go to
    open_session: Callable[[], Session] | None = None  # instead of that over FIX, without its key
    compares_account: bool = True  # with the venue's, where REST tells of it
    entries: EngineEntries | None = None  # instead of what [record] asks for
    nonce: Callable[[], str] = new_nonce  # of a run, which its ClOrdIDs begin with


LIVE = Seams()
