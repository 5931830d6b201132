"""The FIX codec: one order out, one report in, against the packages that people use."""

import pytest

from bench.micro.conftest import Time
from bench.subjects.frames import SYMBOL, bench_instrument
from engine import fix
from engine.codec import Frame, FrameEncoder, FrameReader
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.venue.fix44.dialect import Fix44

NOW = 1_795_444_202_099_000_000
BATCH = 50
BODY = (
    "35=8|49=VENUE|56=BENCH|34=2|52=20261123-14:30:02.099|6=0.51|11=bench-1|14=1|17=2|31=0.51|32=1|37=2|38=1|39=2"
    f"|44=0.51|54=1|55={SYMBOL}|60=20261123-14:30:02.099|150=F|151=0|"
).replace("|", "\x01")


@pytest.fixture
def order() -> Order:
    return Orders("bench").open(bench_instrument(), fix.BUY, 5100, 100, fix.Type.LIMIT, fix.Tif.IOC, False, 0, NOW)


@pytest.fixture
def report() -> bytes:
    head = f"8=FIX.4.4\x019={len(BODY)}\x01{BODY}".encode()
    return b"%b10=%03d\x01" % (head, sum(head) % 256)


def test_encode_new_order(time_calls: Time, order: Order) -> None:
    """A whole message: body, header, SendingTime(52), BodyLength(9), CheckSum(10)."""
    new_order = Fix44((order.instrument,)).new_order
    encode = FrameEncoder("FIX.4.4", "BENCH", "VENUE").encode

    def run() -> None:
        for number in range(BATCH):
            encode(new_order(order, NOW), number + 1, NOW + number * 1000)

    time_calls("codec.encode_new_order", run, BATCH)


def test_parse_execution_report(time_calls: Time, report: bytes) -> None:
    """From bytes to the report that the loop uses, CheckSum(10) verified."""
    reader, decode = FrameReader(), Fix44((bench_instrument(),)).decode
    buffer, sound = bytearray(report), int(Frame.SOUND)  # a member of an enum costs more to look up than a field

    def run() -> None:
        for _ in range(BATCH):
            assert reader.scan(buffer) == sound
            decode(reader.fields)

    time_calls("codec.parse_execution_report", run, BATCH)


def test_simplefix_encode(time_calls: Time) -> None:
    simplefix = pytest.importorskip("simplefix")

    def run() -> None:
        message = simplefix.FixMessage()
        message.append_pair(8, "FIX.4.4")
        message.append_pair(35, "D")
        message.append_pair(49, "BENCH")
        message.append_pair(56, "VENUE")
        message.append_pair(34, 1)
        message.append_utc_timestamp(52)
        for tag, value in ((11, "bench-1"), (38, "1"), (40, "2"), (44, "0.51"), (54, "1"), (55, SYMBOL), (59, "3")):
            message.append_pair(tag, value)
        message.append_utc_timestamp(60)
        message.encode()

    time_calls("peer.simplefix.encode_new_order", run, 1)


def test_simplefix_parse(time_calls: Time, report: bytes) -> None:
    simplefix = pytest.importorskip("simplefix")

    def run() -> None:
        parser = simplefix.FixParser()
        parser.append_buffer(report)
        message = parser.get_message()
        for tag in (11, 17, 31, 32, 37, 39, 150, 151):
            message.get(tag)

    time_calls("peer.simplefix.parse_execution_report", run, 1)


def test_quickfix_encode(time_calls: Time) -> None:
    quickfix, quickfix44 = pytest.importorskip("quickfix"), pytest.importorskip("quickfix44")

    def run() -> None:
        message = quickfix44.NewOrderSingle()
        header = message.getHeader()
        header.setField(quickfix.SenderCompID("BENCH"))
        header.setField(quickfix.TargetCompID("VENUE"))
        header.setField(quickfix.MsgSeqNum(1))
        header.setField(quickfix.SendingTime())
        message.setField(quickfix.ClOrdID("bench-1"))
        message.setField(quickfix.Symbol(SYMBOL))
        message.setField(quickfix.Side("1"))
        message.setField(quickfix.TransactTime())
        message.setField(quickfix.OrdType("2"))
        message.setField(quickfix.OrderQty(1))
        message.setField(quickfix.Price(0.51))
        message.setField(quickfix.TimeInForce("3"))
        message.toString()

    time_calls("peer.quickfix.encode_new_order", run, 1)


def test_quickfix_parse(time_calls: Time, report: bytes) -> None:
    quickfix = pytest.importorskip("quickfix")
    text = report.decode()
    kinds = ("ClOrdID", "ExecID", "LastPx", "LastQty", "OrderID", "OrdStatus", "ExecType", "LeavesQty")
    fields = [getattr(quickfix, kind) for kind in kinds]

    def run() -> None:
        message = quickfix.Message(text, False)
        for kind in fields:
            message.getField(kind())

    time_calls("peer.quickfix.parse_execution_report", run, 1)
