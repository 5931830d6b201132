"""The plain FIX 4.4 dialect: each request as wire text and by QuickFIX's dictionary, each report in its units."""

import sys
from pathlib import Path

import pytest
import quickfix

from engine import fix
from engine.codec import Fields, FrameEncoder
from engine.errors import DecodeError, OrderError
from engine.instrument import Instrument
from engine.orders.order import Order, restore_fields
from engine.venue import OrderDialect
from engine.venue.fix44.dialect import Fix44

NOW_NS = 1_767_623_400_250_000_000  # 2026-01-05 14:30:00.25
DEMO = Instrument("DEMO-T2", 0, None)
COARSE = Instrument("COARSE", 1, None, price_decimals=2, size_decimals=0)
DICTIONARY = Path(sys.prefix) / "share" / "quickfix" / "FIX44.xml"


def text(body: bytes | None) -> str:
    assert body is not None
    return body.decode("latin-1").replace("\x01", "|")


def message(body: str) -> Fields:
    return Fields(body.replace("|", "\x01").encode())


def resting(post_only: bool = False, **terms: str | int) -> Order:
    """An order at the venue with a request pending."""
    order = Order("A1", DEMO, fix.BUY, 4150, 2500, post_only=post_only)
    restore_fields(order, **terms)
    restore_fields(order, order_id="V-7", pending_cl_ord_id="A2")
    restore_fields(order, pending_price=4200, pending_qty=1000)
    return order


def unsent(**terms: str | int) -> Order:
    order = resting(**terms)  # type: ignore[arg-type]
    restore_fields(order, order_id="")
    return order


def requests(dialect: OrderDialect) -> dict[str, bytes | None]:
    gtd = resting(time_in_force=fix.Tif.GTD, expire_time_ns=NOW_NS + 10**9)
    return {
        "limit": dialect.new_order(unsent(), NOW_NS),
        "sell, post-only, day": dialect.new_order(
            unsent(side=fix.SELL, post_only=True, time_in_force=fix.Tif.DAY), NOW_NS
        ),
        "market": dialect.new_order(unsent(ord_type=fix.Type.MARKET, post_only=True), NOW_NS),
        "market, all or none": dialect.new_order(unsent(ord_type=fix.Type.MARKET, time_in_force=fix.Tif.FOK), NOW_NS),
        "good till date": dialect.new_order(gtd, NOW_NS),
        "cancel": dialect.cancel(resting(), NOW_NS),
        "cancel before an answer": dialect.cancel(unsent(), NOW_NS),
        "replace": dialect.replace(resting(), NOW_NS),
        "replace before an answer, post-only": dialect.replace(unsent(post_only=True), NOW_NS),
        "replace, good till date": dialect.replace(gtd, NOW_NS),
        "mass cancel": dialect.mass_cancel("A3", NOW_NS),
        "status": dialect.order_status(resting(), NOW_NS),
        "status before an answer": dialect.order_status(unsent(), NOW_NS),
    }


def test_every_request_is_written_as_the_standard_says() -> None:
    time = "60=20260105-14:30:00.250"
    assert {name: text(body) for name, body in requests(Fix44([COARSE, DEMO])).items()} == {
        "limit": f"35=D|11=A1|55=DEMO-T2|54=1|{time}|38=25.00|40=2|44=0.4150|59=1|",
        "sell, post-only, day": f"35=D|11=A1|18=6|55=DEMO-T2|54=2|{time}|38=25.00|40=2|44=0.4150|59=0|",
        "market": f"35=D|11=A1|55=DEMO-T2|54=1|{time}|38=25.00|40=2|44=0.4150|59=3|",
        "market, all or none": f"35=D|11=A1|55=DEMO-T2|54=1|{time}|38=25.00|40=2|44=0.4150|59=4|",
        "good till date": (
            f"35=D|11=A1|55=DEMO-T2|54=1|{time}|38=25.00|40=2|44=0.4150|59=6|126=20260105-14:30:01.250|"
        ),
        "cancel": f"35=F|37=V-7|41=A1|11=A2|55=DEMO-T2|54=1|{time}|38=25.00|",
        "cancel before an answer": f"35=F|41=A1|11=A2|55=DEMO-T2|54=1|{time}|38=25.00|",
        "replace": f"35=G|37=V-7|41=A1|11=A2|55=DEMO-T2|54=1|{time}|38=10.00|40=2|44=0.4200|59=1|",
        "replace before an answer, post-only": (
            f"35=G|41=A1|11=A2|18=6|55=DEMO-T2|54=1|{time}|38=10.00|40=2|44=0.4200|59=1|"
        ),
        "replace, good till date": (
            f"35=G|37=V-7|41=A1|11=A2|55=DEMO-T2|54=1|{time}|38=10.00|40=2|44=0.4200|59=6|126=20260105-14:30:01.250|"
        ),
        "mass cancel": f"35=q|530=7|11=A3|{time}|",
        "status": "35=H|37=V-7|11=A1|55=DEMO-T2|54=1|",
        "status before an answer": "35=H|11=A1|55=DEMO-T2|54=1|",
    }


@pytest.fixture(scope="module")
def dictionary() -> quickfix.DataDictionary:
    return quickfix.DataDictionary(str(DICTIONARY))


@pytest.mark.parametrize("name", requests(Fix44([DEMO])))
def test_every_request_passes_the_dictionary(name: str, dictionary: quickfix.DataDictionary) -> None:
    body = requests(Fix44([DEMO], fixed={"D": [(1, "ACC")], "q": [(58, "all")]}, precision=0))[name]
    assert body is not None
    raw = FrameEncoder("FIX.4.4", "ENGINE", "VENUE").encode(body, 1, NOW_NS)
    dictionary.validate(quickfix.Message(raw.decode(), dictionary, True), False)


def test_dictionary_would_find_a_fault(dictionary: quickfix.DataDictionary) -> None:
    body = Fix44([DEMO]).new_order(unsent(), NOW_NS).replace(b"59=1\x01", b"59=x\x01")
    raw = FrameEncoder("FIX.4.4", "ENGINE", "VENUE").encode(body, 1, NOW_NS)
    with pytest.raises(quickfix.IncorrectTagValue):
        dictionary.validate(quickfix.Message(raw.decode(), dictionary, True), False)


def test_fixed_fields_stand_in_each_message_of_their_type() -> None:
    dialect = Fix44([DEMO], fixed={"D": [(1, "ACC")], "F": [(1, "ACC")]})
    assert text(dialect.new_order(unsent(), NOW_NS)).startswith("35=D|1=ACC|11=A1|")
    assert text(dialect.cancel(resting(), NOW_NS)).startswith("35=F|1=ACC|37=V-7|")
    assert text(dialect.replace(resting(), NOW_NS)).startswith("35=G|37=V-7|")


def test_each_instrument_has_its_own_units() -> None:
    dialect = Fix44([DEMO, COARSE])
    assert "|55=COARSE|54=1|60=20260105-14:30:00.250|38=25|40=2|44=1.50|" in text(
        dialect.new_order(Order("A1", COARSE, fix.BUY, 150, 25), NOW_NS)
    )
    report = dialect.decode(message("35=8|55=COARSE|38=25|44=1.5|136=1|137=0.01|"))
    assert report is not None
    assert (report.order_qty, report.price, report.fee) == (25, 150, 1)
    report = dialect.decode(message("35=8|55=DEMO-T2|38=25|44=0.5|136=1|137=0.01|"))
    assert report is not None
    assert (report.order_qty, report.price, report.fee) == (2500, 5000, 10000)


def test_unknown_instrument_is_refused() -> None:
    with pytest.raises(OrderError, match=r"Symbol\(55\) 'COARSE' is none of this session's instruments"):
        Fix44([DEMO]).new_order(Order("A1", COARSE, fix.BUY, 150, 25), NOW_NS)
    with pytest.raises(DecodeError, match=r"Symbol\(55\) unknown: 'OTHER'"):
        Fix44([DEMO, COARSE]).decode(message("35=8|55=OTHER|38=25|"))
    with pytest.raises(ValueError, match="55="):
        Fix44([Instrument("A\x01B", 0, None)])


@pytest.mark.parametrize("instruments", [[DEMO], [DEMO, COARSE]])
def test_other_messages_are_no_reports(instruments: list[Instrument]) -> None:
    dialect = Fix44(instruments)
    assert dialect.decode(message("35=W|55=OTHER|")) is None
    report = dialect.decode(message("35=9|11=A2|41=A1|37=V-7|39=0|434=1|102=1|"))
    assert report is not None
    assert (report.msg_type, report.cl_ord_id, report.reason) == ("9", "A2", 1)


def test_refused_request_leaves_nothing_in_the_next() -> None:
    dialect = Fix44([DEMO])
    with pytest.raises(ValueError, match="11="):
        dialect.new_order(unsent(cl_ord_id=""), NOW_NS)
    assert text(dialect.mass_cancel("A3", NOW_NS)) == "35=q|530=7|11=A3|60=20260105-14:30:00.250|"
    assert text(dialect.new_order(unsent(), NOW_NS)).startswith("35=D|11=A1|55=")
