"""What the codec keeps: nothing of a message once the next has come."""

import sys

from engine import fix
from engine.codec import FrameEncoder, FrameReader
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.orders.report import ExecutionReport
from engine.venue.fix44._orders import OrderEncoder
from engine.venue.fix44._reports import decode_report

NOW_NS = 1_767_623_400_250_000_000
MARKET = Instrument("DEMO-T2", 0, None)


def test_messages_in_and_out_leave_no_memory_behind() -> None:
    reader, report = FrameReader(), ExecutionReport()
    orders, frames = OrderEncoder([MARKET]), FrameEncoder("FIX.4.4", "V", "E")
    order = Order("A1", MARKET, fix.BUY, 4150, 2500)

    def trade(start: int) -> None:
        for seq_num in range(start, start + 5_000):
            body = orders.new_order(order, NOW_NS + seq_num * 1_000_000).replace(b"35=D", b"35=8")
            raw = frames.encode(body + b"37=%d\x01" % seq_num, seq_num, NOW_NS)
            reader.scan(raw + raw[:30])
            decode_report(reader.fields, report, 4, 2)
            reader.scan(raw, 10)
            assert list(reader.fields) == []

    trade(1)
    before = sys.getallocatedblocks()
    trade(10_000)
    assert sys.getallocatedblocks() - before < 50


def test_reader_keeps_only_the_last_buffer() -> None:
    reader = FrameReader()
    raw = bytes(bytearray(FrameEncoder("FIX.4.4", "V", "E").encode(b"35=0\x01", 1, NOW_NS)))
    references = sys.getrefcount(raw)
    reader.scan(raw)
    assert sys.getrefcount(raw) == references + 1
    reader.scan(b"")
    assert sys.getrefcount(raw) == references
    reader.scan(raw)
    reader.fields.parse(b"35=0\x01")
    assert sys.getrefcount(raw) == references
    reader.scan(raw)
    del reader
    assert sys.getrefcount(raw) == references
