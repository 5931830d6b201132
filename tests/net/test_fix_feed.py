"""A feed over FIX at a simulated Kalshi that listens: subscribed, watched, and begun anew over whatever is wrong."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from engine.codec import Fields
from engine.errors import ConfigError
from engine.instrument import Instrument
from engine.net import fix_feed
from engine.net.fix_feed import FixFeed
from engine.net.settings import FixFeedSettings
from engine.runtime.notices import NoticeKind
from engine.session.file.settings import SessionSettings, read_session_file
from engine.sim.fix.kalshi import market_data as gateway
from engine.sim.fix.kalshi.ports import FixClient
from engine.venue import EventKind, MarketEvent
from engine.venue.kalshi.fix.logon import KalshiLogon
from engine.venue.kalshi.fix.market_data import KalshiFixMarketData
from engine.venue.kalshi.signing import SigningKey
from tests.support.places import FIX_CONFIG
from tests.support.session.fix_peer import until as soon
from tests.support.sim.kalshi_fix import CENTS, HALF_CENT, RAIN, SNOW, FixVenue, play

NS = 1_000_000_000
LEVEL = f"279=1|55={RAIN}|269=0|270=0.4150|271=5.00|"


async def until(condition: Callable[[], object]) -> None:
    await soon(condition, 30)


class Desk:
    """A feed, and all that it says."""

    def __init__(self, venue: FixVenue, *, silence_ns: int = 600 * NS, **values: object) -> None:
        self.venue = venue
        self.key_id = venue.add_key()
        self.instruments = [Instrument(RAIN, 0, HALF_CENT), Instrument(SNOW, 1, CENTS)]
        self.dialect = KalshiFixMarketData(self.instruments)
        self.events: list[tuple[int, str]] = []
        self.refused: list[str] = []
        self.missed: list[tuple[Instrument, ...]] = []
        self.reads = self.connections = 0
        self.lost: list[str] = []
        self.told: list[NoticeKind] = []
        self.fails = False
        self.feed = FixFeed(
            FixFeedSettings(silence_ns=silence_ns),
            self._settings(values),
            self.dialect,
            loop=asyncio.get_running_loop(),
            on_message=self._hear,
            on_missed=self._miss,
            on_read_end=self._read,
            on_connected=self._connected,
            on_lost=self.lost.append,
            tell=lambda kind, text: self.told.append(kind),
            wall_ns=time.time_ns,
            logon=KalshiLogon(SigningKey(self.key_id, venue.private[self.key_id]), {}),
        )

    def _settings(self, values: dict[str, object]) -> SessionSettings:
        file = FIX_CONFIG / "kalshi-demo-md.cfg"
        found = read_session_file(file, self.venue.folder / "here", {"KALSHI_DEMO_MD_KEY_ID": self.key_id})
        assert found.problems == [] and self.venue.tls is not None
        return found.sessions[0].replaced({
            "SocketConnectHost": "127.0.0.1", "SocketConnectPort": self.venue.fix.ports.ports["KalshiMD"],
            "SNIHostName": "localhost", "CertificationAuthoritiesFile": str(self.venue.tls.authority),
            "ReconnectInterval": 1, "HeartBtInt": 30, **values,
        })  # fmt: skip

    def _hear(self, fields: Fields) -> None:
        if self.fails:
            self.fails = False
            raise KeyError("a fault of ours")
        for event in self.dialect.decode(fields):
            self.events.append((event.kind, getattr(event.instrument, "symbol", "")))
            self.refused += [each.symbol for each in event.refused]
            self.feed.send(event.commands)

    def _miss(self, event: MarketEvent) -> None:
        self.missed.append(event.suspects)
        self.feed.send(event.commands)

    def _read(self) -> None:
        self.reads += 1

    def _connected(self) -> None:
        self.connections += 1

    @property
    def at_venue(self) -> FixClient:
        return self.venue.fix.ports.clients["KalshiMD", self.key_id]

    def send(self, body: str) -> None:
        """Have the venue send a message."""
        self.at_venue.session.send(body.replace("|", "\x01").encode())

    async def has_books(self, connections: int = 1) -> None:
        """Wait until every book is here, on this connection."""
        await until(lambda: self.connections == connections and not self.dialect.waiting())


def at_venue(folder: Path, act: Callable[[Desk], Awaitable[None]], **desk: Any) -> None:
    """Do something with a feed that is connected and has its books."""

    async def main(venue: FixVenue) -> None:
        made = Desk(venue, **desk)
        made.feed.start()
        try:
            await made.has_books()
            await act(made)
        finally:
            await made.feed.close()

    play(folder, main, with_tls=True, is_live=True)


def test_books_come_and_everything_is_counted(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        feed = desk.feed
        assert feed.is_connected and feed.protection.startswith("TLS 1.2+, verified as localhost")
        assert feed.address == f"fix://127.0.0.1:{desk.venue.fix.ports.ports['KalshiMD']}"
        assert desk.events == [(EventKind.SNAPSHOT, RAIN), (EventKind.SNAPSHOT, SNOW)]
        desk.send(f"35=X|268=1|{LEVEL}")
        await until(lambda: len(desk.events) == 3)
        assert desk.events[2] == (EventKind.LEVEL, RAIN)
        desk.send(f"35=f|55={SNOW}|326=2|")
        await until(lambda: len(desk.events) == 4)
        assert desk.events[3] == (EventKind.STATE, SNOW)
        assert (feed.counts.frames, feed.totals.connects, feed.totals.losses) == (4, 1, 0)
        assert feed.counts.bytes > 300 and desk.reads >= 3
        assert desk.lost == [] and desk.told == []

    at_venue(tmp_path, act)


def test_markets_come_and_go(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        assert desk.feed.send(desk.dialect.remove([desk.instruments[1]]))
        assert desk.feed.send(desk.dialect.add([desk.instruments[1]]))
        await until(lambda: desk.events[2:] == [(EventKind.SNAPSHOT, SNOW)])

    at_venue(tmp_path, act)


def lose_connection(desk: Desk) -> str:
    desk.venue.fix.ports.drop()
    return ""


def skip_a_number(desk: Desk) -> str:
    desk.at_venue.session.core.next_out += 1
    desk.send(f"35=X|268=1|{LEVEL}")
    return "MsgSeqNum too high"


def fail(desk: Desk) -> str:
    desk.fails = True
    desk.send(f"35=X|268=1|{LEVEL}")
    return "KeyError while taking a message: 'a fault of ours'"


def give_up(desk: Desk) -> str:
    desk.feed.reconnect("of no use")
    return "of no use"


@pytest.mark.parametrize("loss", [lose_connection, skip_a_number, fail, give_up])
def test_what_is_lost_is_told_and_begun_anew_with_whole_books(tmp_path: Path, loss: Callable[[Desk], str]) -> None:
    async def act(desk: Desk) -> None:
        words = loss(desk)
        await until(lambda: desk.lost)
        assert not desk.feed.is_connected and not desk.feed.send([b"35=V\x01"])
        assert words in desk.lost[0] and desk.lost[0].startswith(f"market data of {desk.feed.address}: ")
        assert words in desk.feed.last_loss and desk.feed.last_loss_ns > 0
        await desk.has_books(2)
        assert desk.events.count((EventKind.SNAPSHOT, RAIN)) == 2
        assert desk.feed.totals.connects == 2 and desk.feed.totals.losses >= 1

    at_venue(tmp_path, act)


def test_session_that_gave_up_is_tried_again_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fix_feed, "FIRST_RETRY_NS", NS // 2)

    async def act(desk: Desk) -> None:
        desk.at_venue.session.core.next_out = 1  # a number that was used already: a person should look
        desk.send(f"35=X|268=1|{LEVEL}")
        await until(lambda: desk.lost)
        assert "MsgSeqNum too low" in desk.lost[0]
        await desk.has_books(2)

    at_venue(tmp_path, act)


def test_silence_ends_the_connection(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await until(lambda: "silent for 1 s" in desk.feed.last_loss)

    at_venue(tmp_path, act, silence_ns=NS)


def test_message_that_our_session_refuses_costs_the_books_that_it_names(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        desk.send(f"35=X|268=1|279=1|55={RAIN}|269=0|270=cheap|271=5.00|")
        await until(lambda: desk.missed)
        assert desk.missed == [(desk.instruments[0],)] and NoticeKind.SESSION_REFUSED in desk.told
        await until(lambda: not desk.dialect.waiting())
        assert desk.events == [(EventKind.SNAPSHOT, RAIN), (EventKind.SNAPSHOT, SNOW), (EventKind.SNAPSHOT, RAIN)]
        await until(lambda: desk.venue.fix.rejects == 1)
        desk.venue.fix.rejects = 0  # it was meant

    at_venue(tmp_path, act)


def test_market_that_the_venue_refuses_is_set_aside_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "MOST_SUBSCRIPTIONS", 1)

    async def main(venue: FixVenue) -> None:
        desk = Desk(venue)
        desk.feed.start()
        try:
            await until(lambda: desk.refused)
            assert desk.events[:1] == [(EventKind.REFUSED, "")]  # of both; then each alone
            assert desk.refused == [SNOW] and desk.dialect.waiting() == []
            assert (EventKind.SNAPSHOT, RAIN) in desk.events
        finally:
            await desk.feed.close()

    play(tmp_path, main, with_tls=True, is_live=True)


def test_closed_feed_says_nothing_more(tmp_path: Path) -> None:
    async def act(desk: Desk) -> None:
        await desk.feed.close()
        assert not desk.venue.fix.ports.is_connected(desk.key_id)
        assert desk.lost == []

    at_venue(tmp_path, act)


def test_session_that_goes_on_with_its_numbers_is_no_feed(tmp_path: Path) -> None:
    async def main(venue: FixVenue) -> None:
        with pytest.raises(ConfigError, match="ResetOnLogon: market data are never sent again"):
            Desk(venue, ResetOnLogon="N")

    play(tmp_path, main, with_tls=True, is_live=True)
