"""Ten thousand markets on one feed: soon ready, and cheap to watch."""

import time
from typing import cast

import msgspec

from engine.book import make_book
from engine.instrument import Instrument, PriceBand
from engine.journal.writer import NullJournal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.session import Session
from engine.strategy import Strategy
from engine.trading.assembly import Parts, Surroundings, assemble
from engine.trading.controls.desk_state import DeskState
from engine.trading.gateway import SessionGateway
from engine.trading.markets import Stop
from engine.trading.supervisor import Supervisor
from engine.venue.fix44.dialect import Fix44
from engine.venue.kalshi.market_data import KalshiMarketData
from tests.support.risks import NO_LIMITS
from tests.trading.test_supervisor import FakeSession

COUNT = 10_000


def snapshot(number: int) -> bytes:
    message = {
        "market_ticker": f"M{number}",
        "market_id": "",
        "yes_dollars_fp": [["0.4000", "10.00"], ["0.3900", "5.00"]],
        "no_dollars_fp": [["0.5000", "10.00"]],
    }
    return msgspec.json.encode({"type": "orderbook_snapshot", "sid": 1, "seq": number + 1, "msg": message})


def test_m19_ten_thousand_markets_are_ready_within_five_seconds_of_their_first_snapshot() -> None:
    markets = [Instrument(f"M{number}", number, [PriceBand(0, 10_000, 100)]) for number in range(COUNT)]
    market_data, dialect, portfolio = KalshiMarketData(markets), Fix44(markets), Portfolio(markets)
    session = FakeSession([], is_logged_on=True)
    parts = Parts(
        books=[make_book(market, 3) for market in markets],
        market_data=market_data,
        decode_report=dialect.decode,
        orders=Orders("many"),
        portfolio=portfolio,
        risk=Risk(NO_LIMITS, markets, portfolio),
        journal=NullJournal(),
        strategy=Strategy(),
    )
    told: list[str] = []
    around = Surroundings(
        gateway=SessionGateway(dialect, session.send, lambda fields: None),
        command=lambda frames: None,
        halt=told.append,
        clock_ns=time.monotonic_ns,
        wall_ns=time.time_ns,
        call_later=lambda delay_ns, due: None,
        log=told.append,
    )
    loop = assemble(parts, around)
    supervisor = Supervisor(loop, cast(Session, session), time.monotonic_ns, time.time_ns, told.append)
    market_data.subscribe()
    supervisor.on_feed()
    supervisor.on_logon()
    supervisor.tick()
    assert supervisor.reason == "no fresh book for 10000 of 10000 markets: M0, M1, M2, M3, M4 and 9995 more"
    frames = [snapshot(number) for number in range(COUNT)]
    began = time.monotonic()
    for number, frame in enumerate(frames):
        loop.on_frame(frame, True)
        if number % 200 == 0:
            supervisor.tick()
            assert supervisor.state is DeskState.WAITING
    supervisor.tick()
    assert supervisor.state is DeskState.TRADING
    assert time.monotonic() - began < 5
    loop.markets.stop_all(Stop.LATE, "late")
    assert told[-1] == "market_stopped: all 10000 markets: late"
    loop.markets.lift_all(Stop.LATE)
    assert time.monotonic() - began < 5
