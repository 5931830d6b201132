"""Our sessions, by the session files that come with us, at the simulated venue over TLS: every kind, both engines."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine import fix
from engine.book import BID
from engine.codec import Fields
from engine.instrument import Instrument
from engine.orders.orders import Orders
from engine.orders.table import Outcome
from engine.session.file.settings import read_session_file
from engine.session.native.initiator import NativeSession
from engine.session.quickfix.initiator import QuickfixSession
from engine.sim.fix.kalshi.ports import FixClient
from engine.venue import EventKind
from engine.venue.kalshi.fix import tags
from engine.venue.kalshi.fix.kinds import BY_NAME, KINDS, KalshiKind
from engine.venue.kalshi.fix.logon import KalshiLogon
from engine.venue.kalshi.fix.market_data import KalshiFixMarketData
from engine.venue.kalshi.fix.order_groups import GroupAction, GroupRequest, GroupRequests
from engine.venue.kalshi.fix.orders import KalshiOrders
from engine.venue.kalshi.fix.terms import KalshiTerms
from engine.venue.kalshi.signing import SigningKey
from tests.support.places import FIX_CONFIG
from tests.support.session.fix_peer import until as soon
from tests.support.sim.kalshi_fix import HALF_CENT, RAIN, FixVenue, play

ENGINES: dict[str, Any] = {"native": NativeSession, "quickfix": QuickfixSession}
engines = pytest.mark.parametrize("engine", ENGINES)
MARKET = Instrument(RAIN, 0, HALF_CENT)


async def until(condition: Callable[[], object]) -> None:
    await soon(condition, 30)


class Client:
    """One session of ours, and what it was sent."""

    def __init__(self, venue: FixVenue, engine: str, kind: KalshiKind, **flags: bool | int) -> None:
        venue.now_ns = time.time_ns()  # both clocks are compared
        self.venue, self.kind = venue, kind
        self.key_id = venue.add_key()
        self.dialect = KalshiLogon(SigningKey(self.key_id, venue.private[self.key_id]), flags)
        file = FIX_CONFIG / f"kalshi-demo-{kind.name.lower()}.cfg"
        variable = f"KALSHI_DEMO_{kind.name}_KEY_ID"
        found = read_session_file(file, venue.folder / engine, {variable: self.key_id})
        assert found.problems == [] and venue.tls is not None
        settings = found.sessions[0].replaced({
            "SocketConnectHost": "127.0.0.1", "SocketConnectPort": venue.fix.ports.ports[kind.target_comp_id],
            "SNIHostName": "localhost", "CertificationAuthoritiesFile": str(venue.tls.authority),
        })  # fmt: skip
        self.session = ENGINES[engine](settings, asyncio.get_running_loop(), self.dialect)
        self.received: list[Fields] = []
        self.faults: list[str] = []
        self.session.on_message = lambda fields: self.received.append(Fields(fields.raw))
        self.session.on_fault = self.faults.append
        self.session.on_notice = lambda kind, text: None

    async def __aenter__(self) -> "Client":
        self.session.logon()
        await until(lambda: self.session.is_logged_on)
        return self

    async def __aexit__(self, *_error: object) -> None:
        self.session.close()
        await asyncio.sleep(0)

    @property
    def at_venue(self) -> FixClient:
        return self.venue.fix.ports.clients[self.kind.target_comp_id, self.key_id]

    def of_type(self, msg_type: str) -> list[Fields]:
        return [fields for fields in self.received if fields.msg_type == msg_type]

    async def next(self, msg_type: str, count: int = 1) -> Fields:
        await until(lambda: len(self.of_type(msg_type)) >= count)
        return self.of_type(msg_type)[count - 1]


@engines
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_logs_on_by_its_session_file(tmp_path: Path, engine: str, kind: KalshiKind) -> None:
    async def main(venue: FixVenue) -> None:
        async with Client(venue, engine, kind) as client:
            assert client.at_venue.is_logged_on
            flags, asked = client.at_venue.flags, set(kind.recommended)
            assert flags.cancels_on_disconnect == (tags.CancelOrdersOnDisconnect in asked)
            assert flags.uses_dollars == (tags.UseDollars in asked)
            assert flags.keeps_order_qty == (tags.PreserveOriginalOrderQty in asked)
            assert flags.wants_settlements == (tags.ReceiveSettlementReports in asked)
            client.session.logout()
            await until(lambda: not client.at_venue.is_logged_on)
            assert client.faults == []

    play(tmp_path, main, with_tls=True)


@engines
def test_order_lives_and_dies_at_the_venue_as_it_does_here(tmp_path: Path, engine: str) -> None:
    async def main(venue: FixVenue) -> None:
        async with Client(venue, engine, BY_NAME["NR"]) as client:
            orders, dialect = Orders("N"), KalshiOrders([MARKET], terms=KalshiTerms(shard=0, cancel_on_pause=True))
            order = orders.open(MARKET, fix.BUY, 4150, 2500, fix.Type.LIMIT, fix.Tif.GTC, True, 0, 0)
            seen: list[int] = []

            def take(fields: Fields) -> None:
                report = dialect.decode(fields)
                assert report is not None
                seen.append(orders.apply(report).kind)
                client.received.append(Fields(fields.raw))

            client.session.on_message = take
            client.session.send(dialect.new_order(order, venue.now_ns))
            await until(lambda: order.ord_status == fix.Status.NEW)
            other = await venue.log_on(venue.add_key("bob"))
            other.send("D", t11="b1", t38="10", t40="2", t44="0.4150", t54="2", t55=RAIN, t59="3")
            await until(lambda: order.cum_qty == 1000)
            details = [found for each in client.of_type("8") if (found := dialect.details(each)) is not None]
            assert [(each.net_after, each.shard, each.is_taker) for each in details] == [(1000, 0, False)]
            assert details[0].trade_id and details[0].cash is not None and details[0].cash < 0
            orders.request_replace(order, 4200, 3000, venue.now_ns)
            client.session.send(dialect.replace(order, venue.now_ns))
            await until(lambda: order.price == 4200)
            orders.request_cancel(order, venue.now_ns)
            client.session.send(dialect.cancel(order, venue.now_ns))
            await until(lambda: order.is_done)
            assert (order.ord_status, order.cum_qty, order.order_qty) == (fix.Status.CANCELED, 1000, 3000)
            assert [kind for kind in seen if kind != Outcome.NOTHING] == [
                Outcome.ACCEPTED, Outcome.FILLED, Outcome.REPLACED, Outcome.CANCELED,
            ]  # fmt: skip
            assert client.faults == []

    play(tmp_path, main, with_tls=True)


@engines
def test_listener_is_logged_on_without_the_flag_that_it_must_not_have(tmp_path: Path, engine: str) -> None:
    async def main(venue: FixVenue) -> None:
        async with Client(venue, engine, BY_NAME["NR"], listener=True) as client:
            assert client.at_venue.is_logged_on

    play(tmp_path, main, with_tls=True)


@engines
def test_logon_that_another_key_signed_is_refused_and_the_right_key_logs_on(tmp_path: Path, engine: str) -> None:
    async def main(venue: FixVenue) -> None:
        client = Client(venue, engine, BY_NAME["NR"])
        stranger = venue.add_key("bob")
        right = client.dialect._credentials
        client.dialect.renew(SigningKey(client.key_id, venue.private[stranger]))
        client.session.logon()
        await until(lambda: "ignature verification failed" in client.session.last_error)
        client.dialect.renew(right)
        client.session.logon()
        await until(lambda: client.session.is_logged_on)
        client.session.close()
        await asyncio.sleep(0)

    play(tmp_path, main, with_tls=True)


@engines
def test_key_of_another_id_is_told_and_signs_nothing(tmp_path: Path, engine: str) -> None:
    async def main(venue: FixVenue) -> None:
        client = Client(venue, engine, BY_NAME["NR"])
        told: list[str] = []
        client.session.on_fault = told.append
        other = venue.add_key("bob")
        client.dialect.renew(SigningKey(other, venue.private[other]))
        client.session.logon()
        words = f"SenderCompID(49) {client.key_id} is not the id of the API key, {other}"
        await until(lambda: any(words in text for text in [*told, client.session.last_error]))
        client.session.close()
        await asyncio.sleep(0)
        assert venue.fix.ports.clients == {}

    play(tmp_path, main, with_tls=True)


@engines
def test_market_data_come_over_fix(tmp_path: Path, engine: str) -> None:
    async def main(venue: FixVenue) -> None:
        async with Client(venue, engine, BY_NAME["MD"]) as client:
            dialect = KalshiFixMarketData([MARKET])
            for body in dialect.subscribe():
                client.session.send(body)
            (event,) = dialect.decode(await client.next("W"))
            assert (event.kind, event.bids, event.asks) == (EventKind.SNAPSHOT, [], [])
            maker = await venue.log_on(venue.add_key("bob"))
            maker.send("D", t11="b1", t38="25", t40="2", t44="0.4150", t54="1", t55=RAIN, t59="1")
            levels = [(each.side, each.price, each.size) for each in dialect.decode(await client.next("X"))]
            assert levels == [(BID, 4150, 2500)]
            assert client.faults == []

    play(tmp_path, main, with_tls=True)


@engines
def test_order_groups_are_made_and_named(tmp_path: Path, engine: str) -> None:
    async def main(venue: FixVenue) -> None:
        async with Client(venue, engine, BY_NAME["NR"]) as client:
            requests, wanted = GroupRequests(), GroupRequest(GroupAction.CREATE, limit=500)
            unknown = GroupRequest(GroupAction.RESET, "no-such-group")
            for request in (wanted, unknown):
                requests.sent(request, client.session.next_sender_seq_num)
                client.session.send(request.body())
            made = requests.take(await client.next("UOH"))
            assert made is not None and made.request == wanted and (made.limit, made.refusal) == (500, "")
            refused = requests.take(await client.next("j"))
            assert refused is not None and refused.request == unknown
            assert "ORDER_GROUP_NOT_FOUND" in refused.refusal

    play(tmp_path, main, with_tls=True)
