"""Our own sessions and dialect against the simulated Kalshi: every life of an order ends in one state on both sides."""

import asyncio
import random
from pathlib import Path

import pytest

from engine import fix
from engine.codec import Fields
from engine.errors import OrderError
from engine.exchange.events import NewOrder
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.table import Outcome
from engine.session.opening import open_session
from engine.venue.kalshi.fix.logon import KalshiLogon
from engine.venue.kalshi.fix.orders import KalshiOrders
from engine.venue.kalshi.signing import SigningKey
from tests.support.places import FIX_CONFIG
from tests.support.sim.kalshi_fix import HALF_CENT, RAIN, FixVenue, play

PATIENCE_S = 20.0
MARKET = Instrument(RAIN, 0, HALF_CENT)
STEPS = 120


class Engine:
    """Orders, dialect and session, as the engine has them, for one key."""

    def __init__(self, venue: FixVenue, key_id: str, kind: str, session_kind: str = "nr") -> None:
        self.venue = venue
        self.dialect = KalshiOrders([MARKET])
        self.orders = Orders("N")
        self.outcomes: set[int] = set()
        self.reports = 0
        self.faults: list[str] = []
        file = venue.folder / f"{session_kind}.cfg"
        file.write_text(_session_text(venue, key_id, session_kind))
        credentials = SigningKey(key_id, venue.private[key_id])
        loop = asyncio.get_running_loop()
        self.session = open_session(kind, file, venue.folder / "engine", loop, KalshiLogon(credentials))
        self.session.on_message = self._take
        self.session.on_fault = self.faults.append
        self.known: dict[str, Order] = {}

    async def up(self) -> "Engine":
        self.session.logon()
        await until(lambda: self.session.is_logged_on, lambda: self.session.last_error)
        return self

    def _take(self, fields: Fields) -> None:
        report = self.dialect.decode(fields)
        if report is not None:
            self.reports += 1
            self.outcomes.add(self.orders.apply(report).kind)

    def open(self, side: int, price: int, qty: int, tif: str, post_only: bool) -> None:
        order = self.orders.open(MARKET, side, price, qty, fix.Type.LIMIT, tif, post_only, 0, self.venue.now_ns)
        self.known[order.cl_ord_id] = order
        self.session.send(self.dialect.new_order(order, self.venue.now_ns))

    def states(self) -> list[tuple[str, int, int]]:
        return [(order.ord_status, order.cum_qty, order.leaves_qty) for order in self.known.values()]

    def difference(self) -> list[object]:
        pairs = zip(self.known, self.states(), self.venue_states(), strict=True)
        return [pair for pair in pairs if pair[1] != pair[2]]

    def venue_states(self) -> list[tuple[str, int, int]]:
        """Return the same as the exchange has it; of an order that it refused, REJECTED."""
        states = []
        for cl_ord_id in self.known:
            found = self.venue.place.exchange.orders.find("ann", cl_ord_id)
            if found is None:
                states.append((fix.Status.REJECTED, 0, 0))
            else:
                states.append((found.ord_status, found.cum_qty, found.leaves_qty))
        return states


def _session_text(venue: FixVenue, key_id: str, session_kind: str) -> str:
    """Return the session file that ships, pointed at the simulated venue."""
    text = (FIX_CONFIG / f"kalshi-demo-{session_kind}.cfg").read_text()
    comp_id = f"Kalshi{session_kind.upper()}"
    assert venue.tls is not None
    changed = {
        "SocketConnectHost=": "SocketConnectHost=localhost",
        "SocketConnectPort=": f"SocketConnectPort={venue.fix.ports.ports[comp_id]}",
        "SenderCompID=": f"SenderCompID={key_id}",
        "SocketUseSSL=": f"SocketUseSSL=Y\nCertificationAuthoritiesFile={venue.tls.authority}",
    }
    lines = []
    for line in text.splitlines():
        lines.append(next((new for start, new in changed.items() if line.startswith(start)), line))
    return "\n".join(lines) + "\n"


async def until(condition: object, why: object = lambda: "") -> None:
    assert callable(condition) and callable(why)
    try:
        async with asyncio.timeout(PATIENCE_S):
            while not condition():
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise TimeoutError(f"it did not come about: {why()}") from None


def _cross(venue: FixVenue, chance: random.Random, number: int) -> None:
    """Let bob trade at a price of his choice."""
    request = NewOrder(
        account="bob",
        cl_ord_id=f"b{number}",
        symbol=RAIN,
        side=chance.choice((fix.BUY, fix.SELL)),
        order_qty=chance.randrange(1, 900),
        price=chance.randrange(80, 120) * 50,
        time_in_force=chance.choice((fix.Tif.IOC, fix.Tif.GTC)),
    )
    venue.publish(venue.place.submit(request, venue.now_ns))


def _act(engine: Engine, chance: random.Random) -> None:
    """Send one request at random."""
    if chance.random() < 0.5 or not engine.known:
        tif = chance.choice((fix.Tif.GTC, fix.Tif.GTC, fix.Tif.IOC, fix.Tif.FOK))
        side, price = chance.choice((fix.BUY, fix.SELL)), chance.randrange(4000, 6000, 50)
        post_only = tif == fix.Tif.GTC and chance.random() < 0.3
        engine.open(side, price, chance.randrange(1, 900), tif, post_only)
        return
    order = chance.choice(list(engine.known.values()))
    try:
        if chance.random() < 0.5:
            engine.orders.request_cancel(order, engine.venue.now_ns)
            engine.session.send(engine.dialect.cancel(order, engine.venue.now_ns))
        else:
            price, qty = chance.randrange(4000, 6000, 50), chance.randrange(1, 900)
            engine.orders.request_replace(order, price, qty, engine.venue.now_ns)
            engine.session.send(engine.dialect.replace(order, engine.venue.now_ns))
    except OrderError:
        return  # it is done, or another request is on its way


@pytest.mark.parametrize("kind", ["native", "quickfix"])
@pytest.mark.parametrize("seed", [1, 2])
def test_random_lives_end_in_one_state_on_both_sides(tmp_path: Path, kind: str, seed: int) -> None:
    async def main(venue: FixVenue) -> None:
        chance = random.Random(seed)
        venue.add_key("bob")
        engine = await Engine(venue, venue.add_key("ann", f"key-{kind}-{seed}"), kind).up()
        for number in range(STEPS):
            _act(engine, chance)
            if chance.random() < 0.4:
                _cross(venue, chance, number)
            if chance.random() < 0.5:
                await asyncio.sleep(0)
        await until(lambda: engine.states() == engine.venue_states(), engine.difference)
        assert engine.faults == [] and engine.reports > STEPS
        assert not engine.outcomes & {Outcome.UNKNOWN, Outcome.DUPLICATE, Outcome.IN_DOUBT}
        states = {status for status, _, _ in engine.states()}
        assert {fix.Status.FILLED, fix.Status.CANCELED} <= states
        engine.session.close()

    play(tmp_path, main, with_tls=True, is_live=True)


@pytest.mark.parametrize("kind", ["native", "quickfix"])
@pytest.mark.parametrize("session_kind", ["dc", "rt", "pt", "md", "rfq"])
def test_every_session_file_that_ships_logs_on(tmp_path: Path, kind: str, session_kind: str) -> None:
    async def main(venue: FixVenue) -> None:
        engine = await Engine(venue, venue.add_key(), kind, session_kind).up()
        engine.session.close()

    play(tmp_path, main, with_tls=True, is_live=True)


class Line:
    """One session of any kind, and the messages that it takes."""

    def __init__(self, venue: FixVenue, member: str, kind: str, session_kind: str) -> None:
        self.heard: list[dict[int, str]] = []
        self.engine = Engine(venue, venue.add_key(member, f"{member}-{kind}-{session_kind}"), kind, session_kind)
        self.engine.session.on_message = self._hear

    def _hear(self, fields: Fields) -> None:
        self.heard.append({tag: value.decode() for tag, value in fields})

    async def say(self, text: str, *answers: str) -> dict[int, str]:
        """Send a message with | for SOH, and wait for answers of these types; return the first."""
        self.engine.session.send(text.replace("|", "\x01").encode() + b"\x01")
        return await self.hear(*answers)

    async def hear(self, *answers: str) -> dict[int, str]:
        await until(lambda: len(self.heard) >= len(answers), lambda: self.heard)
        told, self.heard = self.heard, []
        assert [one[35] for one in told] == list(answers)
        return told[0]


@pytest.mark.parametrize("kind", ["native", "quickfix"])
def test_every_message_of_the_venue_passes_the_dictionaries_that_ship(tmp_path: Path, kind: str) -> None:
    async def main(venue: FixVenue) -> None:
        lines = {name: Line(venue, "ann", kind, name) for name in ("nr", "rt", "dc", "pt", "md")}
        maker = Line(venue, "mia", kind, "rfq")
        for line in (*lines.values(), maker):
            await line.engine.up()
        nr, rt, dc, pt, md = lines.values()
        place, clock = venue.place, venue.now_ns
        place.submit(NewOrder(account="mia", cl_ord_id="m1", symbol=RAIN, side=2, order_qty=500, price=4300), clock)
        await md.say(f"35=V|263=1|146=1|55={RAIN}", "W")
        md.engine.session.send(f"35=e|263=1|55={RAIN}|".replace("|", "\x01").encode())
        first = await nr.say(f"35=D|11=a1|38=7|40=2|44=0.43|54=1|55={RAIN}|59=1", "8", "8", "8")
        await md.hear("X")
        await nr.say(f"35=F|11=a2|41=a1|54=1|55={RAIN}", "8", "8")
        await nr.say(f"35=F|11=a3|41=a1|54=1|55={RAIN}", "9")
        await nr.say("35=q|11=a4|530=6", "r")
        await nr.say("35=q|11=a5|530=6", "j")
        await rt.say("35=UOG|20131=1|20132=5", "UOH")
        await dc.say("35=U1|21001=1;1", "U3")
        begin = next(each.exec_id for each in venue.fix.drop_copy.kept("ann"))
        await dc.say(f"35=U1|21001={begin}", "8", "8", "U2")  # no New: its Logon has no 21026
        rfq = (await rt.say(f"35=R|131=mine|146=1|55={RAIN}|38=2", "b"))[21023]
        await maker.hear("R")
        await rt.say(f"35=R|131=twice|146=1|55={RAIN}|38=2", "AG")
        await maker.say(f"35=S|117=q1|131={rfq}|55={RAIN}|132=0.4|133=0.5", "AI")
        await rt.hear("S")
        await rt.say(f"35=UA|11=acc|117=q1|21023={rfq}|54=1", "UC")
        await maker.hear("AI")
        await maker.say(f"35=U7|117=q1|21023={rfq}", "U8")
        await rt.hear("8", "8")
        await maker.say("35=Z|117=q1", "U9")
        await rt.say("35=UE|131=mine", "UB")
        md.heard.clear()
        venue.publish(place.lifecycle.determine(RAIN, "yes", 10_000, venue.now_ns))
        await pt.hear("UMS")
        await until(lambda: [one[35] for one in md.heard][-2:] == ["f", "f"], lambda: md.heard)
        assert first[39] == "A" and nr.engine.faults == []
        for line in (*lines.values(), maker):
            line.engine.session.close()

    play(tmp_path, main, with_tls=True, is_live=True)
