"""Order and tick over TLS with Kalshi's dialects: signatures that are proved, frames that are answered, floors."""

import socket
import ssl
import threading
from array import array
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench import child, suite
from bench.plan import ORDER, TICK, Pace, Plan
from bench.report import summary
from bench.report.results import Figures
from bench.subjects.floor import KALSHI_FRAME_BYTES, KALSHI_ORDER_BYTES, KALSHI_REPORT_BYTES
from bench.subjects.frames import bench_instrument, stairs
from bench.venue import certificate, kalshi, tls_drive
from bench.venue._drive import UNASKED, FrameScript
from bench.venue._fix import FixVenue
from bench.venue._ping import VenueError
from bench.venue.tls_front import Front
from engine import fix
from engine.codec import FrameEncoder
from engine.orders.orders import Orders
from engine.venue.kalshi.fix.orders import KalshiOrders

FIRST_SEQ = 1_000_000_000
FRAME = b"seq:0000000000;"
NOW_NS = 1_795_444_202_099_000_000


@pytest.mark.parametrize("subject", [ORDER, TICK])
def test_subject_is_answered_and_has_floors_of_its_own(subject: str) -> None:
    pace = Pace("back_to_back", 20, 0)
    plan = Plan(subject, "native", "event", (pace,), 5, 100, 20, has_tls=True, is_kalshi=True)
    found = child.run(plan)
    assert len(found.samples["back_to_back"].values_ns) == 20
    hot, sparse = f"floor.kalshi_tls.{subject}", f"floor.kalshi_tls.{subject}.sparse"
    sizes = {name: [len(values) for values in each] for name, each in found.floors_kalshi_ns.items()}
    assert sizes == {hot: [100, 100], sparse: [20, 20]}
    runs, ratios = summary.runs({plan: [found]}), summary.ratios({plan: [found]})
    name = f"{subject}.kalshi_tls.event.back_to_back"
    assert runs[name]["floor"] == hot
    assert f"{name} / {hot}" in ratios


def test_whole_run_measures_kalshi_in_the_busy_loop_of_the_native_session_alone() -> None:
    for subject in (ORDER, TICK):
        plans = suite.plans(subject, suite.QUICK, ("quickfix", "native"), ("event", "busy"), None)
        names = [summary.name_of(plan) for plan in plans]
        assert names.count(f"{subject}.kalshi_tls") == 1
        assert len(set(names)) == len(names)
        quickfix = suite.plans(subject, suite.QUICK, ("quickfix",), ("busy",), None)
        assert not any(plan.is_kalshi for plan in quickfix)


def test_own_part_leaves_out_what_the_transport_takes() -> None:
    def table(encode_ns: int, send_ns: int) -> Figures:
        stages = {"encode": {"p50_ns": encode_ns}, "send": {"p50_ns": send_ns}}
        return {"paths": {"decision to order": {"stages": stages}}}

    stages = {"order.native": table(1000, 50), "order.kalshi_tls": table(1100, 9000), "tick.kalshi_tls": table(1, 1)}
    assert summary.own_ratios(stages) == {"order.kalshi_tls own / order.native own": 1.1}


def logon(key_id: str = kalshi.KEY_ID) -> dict[int, str]:
    return {34: "1", 49: key_id, 52: "20261123-14:30:05.120", 56: kalshi.COMP_ID}


def test_logon_of_the_key_is_taken_and_any_other_refused() -> None:
    key, public_key = kalshi.made_key()
    fields = {tag: text.encode() for tag, text in logon().items()}
    fields[96] = key.logon_signature(logon()).encode()
    kalshi.check_logon(fields, public_key)
    for wrong in ({96: b""}, {52: b"20261123-14:30:05.121"}, {96: kalshi.made_key()[0].sign("x").encode()}):
        with pytest.raises(VenueError, match="the Logon is not signed by the key of this run"):
            kalshi.check_logon(fields | wrong, public_key)


def test_handshake_of_the_key_is_taken_and_an_unsigned_one_refused() -> None:
    key, public_key = kalshi.made_key()
    signed = key.http_headers("GET", "/trade-api/ws/v2", NOW_NS)
    headers = {name.lower().encode(): value.encode() for name, value in signed.items()}
    kalshi.check_handshake(headers, public_key)
    with pytest.raises(VenueError, match="the handshake is not signed"):
        kalshi.check_handshake({}, public_key)


class Ends:
    """A venue with a front for each connection, and the engine's ends of them."""

    def __init__(self, folder: Path) -> None:
        file = certificate.file(folder)
        (self.feed, self.engine_feed), (self.orders, self.engine_orders) = (connected(file) for _ in range(2))
        self.venue = FixVenue(self.orders.venue_end.fileno(), b"FIXT.1.1", b"49=V\x0156=E\x01", 1, 1)
        self.venue.set_time(b"20261123-14:30:02.099")
        self._seq = 0

    def buy(self, price: int) -> None:
        self._seq += 1
        body = f"35=D|34={self._seq}|11=a{self._seq}|38=1|44=0.{price}|54=1|55=X|".replace("|", "\x01")
        self.engine_orders.sendall(f"8=FIXT.1.1\x019={len(body)}\x01{body}10=000\x01".encode())

    def drive(self, engine: Callable[[], None], count: int, is_due: bool = True) -> "array[int]":
        script = FrameScript([FRAME] * 2, [4] * 2, [is_due] * 2, [5200, 5300], FIRST_SEQ)
        thread = threading.Thread(target=engine)
        thread.start()
        try:
            return tls_drive.drive_closed(self.feed, self.orders, self.venue, script, count, 1_000_000)
        finally:
            thread.join()

    def close(self) -> None:
        for one in (self.engine_feed, self.engine_orders, self.feed, self.orders):
            one.close()


def connected(file: Path) -> tuple[Front, ssl.SSLSocket]:
    ours, theirs = socket.socketpair()
    fronts: list[Front] = []
    thread = threading.Thread(target=lambda: fronts.append(Front(theirs, file)))
    thread.start()
    client = ssl.create_default_context(cafile=file).wrap_socket(ours, server_hostname=certificate.HOST)
    thread.join()
    return fronts[0], client


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    made = Ends(tmp_path)
    yield made
    made.close()


def test_frames_over_tls_are_numbered_and_stamped(ends: Ends) -> None:
    def engine() -> None:
        for price in (5200, 5300):
            frames.append(ends.engine_feed.recv(100))
            ends.buy(price)
            reports.append(ends.engine_orders.recv(1000))

    frames: list[bytes] = []
    reports: list[bytes] = []
    stamps = ends.drive(engine, 2)
    assert frames == [b"seq:1000000000;", b"seq:1000000001;"]
    assert len(stamps) == 2
    assert all(0 < stamp < tls_drive.PATIENCE_NS for stamp in stamps)
    assert [b"\x0111=a%d\x01" % (number + 1) in report for number, report in enumerate(reports)] == [True, True]


def test_wrong_order_over_tls_voids_the_run(ends: Ends) -> None:
    with pytest.raises(VenueError, match="frame 0: the reply is not the one expected"):
        ends.drive(lambda: ends.buy(5300), 1)


def test_order_that_does_not_come_voids_the_run(ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls_drive, "PATIENCE_NS", 1_000_000)
    with pytest.raises(VenueError, match="frame 0: no reply in time"):
        ends.drive(lambda: None, 1)


def test_frame_that_asks_for_nothing_is_not_waited_for(ends: Ends) -> None:
    assert list(ends.drive(lambda: None, 2, is_due=False)) == [UNASKED, UNASKED]


def test_floors_have_the_sizes_of_what_is_measured() -> None:
    market = bench_instrument()
    order = Orders("bench").open(market, fix.BUY, 5100, 100, fix.Type.LIMIT, fix.Tif.IOC, False, 0, NOW_NS)
    encoder = FrameEncoder("FIXT.1.1", kalshi.KEY_ID, kalshi.COMP_ID)
    sent = bytes(encoder.encode(KalshiOrders((market,)).new_order(order, NOW_NS), 1000, NOW_NS))
    ours, theirs = socket.socketpair()
    with ours, theirs:
        prefix = f"49={kalshi.COMP_ID}\x0156={kalshi.KEY_ID}\x01".encode()
        more = (kalshi.ORDER_ID, kalshi.EXEC_ID, kalshi.TRADE_FIELDS)
        venue = FixVenue(theirs.fileno(), b"FIXT.1.1", prefix, 1000, 1000, *more)
        venue.set_time(b"20261123-14:30:02.099")
        ours.sendall(sent)
        assert venue.take() == [(ord("1"), 5100)]
        report = ours.recv(4096)
    frame = stairs().frames[0]
    floors = (KALSHI_ORDER_BYTES, KALSHI_REPORT_BYTES, KALSHI_FRAME_BYTES)
    for measured, floor in zip((len(sent), len(report), len(frame)), floors, strict=True):
        assert measured == pytest.approx(floor, rel=0.05)
