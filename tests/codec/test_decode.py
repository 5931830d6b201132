"""Reports decoded from standard FIX messages, field by field."""

from typing import Any

import pytest

from engine.codec import Fields
from engine.errors import DecodeError
from engine.orders.report import ABSENT, ExecutionReport
from engine.venue.fix44._reports import decode_report

SLOTS = [name for name in dir(ExecutionReport) if not name.startswith("_") and name != "clear"]
CLEAR = {name: getattr(ExecutionReport(), name) for name in SLOTS}
FILL = (
    "8=FIXT.1.1|9=432|35=8|34=4|49=VENUE|52=20261123-14:30:09.250|56=ENGINE|6=0.41503333|11=eng-0001|14=10.00|17=90455;1|"
    "31=0.4150|32=10.00|37=b81d4c02|38=25.00|39=1|44=0.4150|54=1|55=KXDEMORAIN-26DEC01-T2|60=20261123-14:30:09.248|"
    "136=1|137=0.0175|138=USD|139=4|891=0|150=F|151=15.00|1057=Y|10=240|"
)


def decode(text: str, report: ExecutionReport | None = None) -> ExecutionReport | None:
    report = report or ExecutionReport()
    fields = Fields(text.replace("|", "\x01").encode("latin-1"))
    return report if decode_report(fields, report, 4, 2) else None


def said(report: ExecutionReport | None) -> dict[str, Any]:
    """What the report says beyond a clear one."""
    assert report is not None
    return {name: getattr(report, name) for name in SLOTS if getattr(report, name) != CLEAR[name]}


def test_fill_is_read_whole() -> None:
    assert said(decode(FILL)) == {
        "msg_type": "8",
        "cl_ord_id": "eng-0001",
        "order_id": "b81d4c02",
        "exec_id": "90455;1",
        "exec_type": "F",
        "ord_status": "1",
        "symbol": "KXDEMORAIN-26DEC01-T2",
        "side": 1,
        "price": 4150,
        "order_qty": 2500,
        "cum_qty": 1000,
        "leaves_qty": 1500,
        "last_px": 4150,
        "last_qty": 1000,
        "fee": 17500,
        "is_taker": True,
    }


def test_rejected_order_has_reason_and_text() -> None:
    assert said(decode("35=8|37=NONE|11=A|17=E1|150=8|39=8|55=X|54=2|103=11|58=off grid|14=0|151=0|6=0|")) == {
        "msg_type": "8",
        "cl_ord_id": "A",
        "order_id": "NONE",
        "exec_id": "E1",
        "exec_type": "8",
        "ord_status": "8",
        "symbol": "X",
        "side": 2,
        "cum_qty": 0,
        "leaves_qty": 0,
        "reason": 11,
        "text": "off grid",
    }


def test_bust_names_the_fill_it_undoes() -> None:
    assert said(decode("35=8|17=E2|19=E1|150=H|")) == {
        "msg_type": "8",
        "exec_id": "E2",
        "exec_ref_id": "E1",
        "exec_type": "H",
    }


def test_replayed_report_is_marked() -> None:
    assert said(decode("35=8|43=Y|97=Y|")) == {"msg_type": "8", "poss_dup": True, "poss_resend": True}
    assert said(decode("35=8|43=N|97=N|1057=N|")) == {"msg_type": "8"}


def test_liquidity_indicator_of_fix44_tells_a_taker() -> None:
    assert said(decode("35=8|851=2|")) == {"msg_type": "8", "is_taker": True}
    assert said(decode("35=8|851=1|")) == {"msg_type": "8"}


def test_cancel_reject_is_read() -> None:
    assert said(decode("35=9|37=O|11=B|41=A|39=1|434=2|102=1|58=unknown|")) == {
        "msg_type": "9",
        "order_id": "O",
        "cl_ord_id": "B",
        "orig_cl_ord_id": "A",
        "ord_status": "1",
        "cxl_rej_response_to": "2",
        "reason": 1,
        "text": "unknown",
    }


def test_mass_cancel_report_is_read() -> None:
    assert said(decode("35=r|11=M|37=op|530=7|531=0|532=99|58=no|")) == {
        "msg_type": "r",
        "cl_ord_id": "M",
        "order_id": "op",
        "reason": 99,
        "text": "no",
    }


def test_mass_cancel_refused_without_a_reason_has_one() -> None:
    assert said(decode("35=r|11=M|531=0|")) == {"msg_type": "r", "cl_ord_id": "M", "reason": 99}
    assert said(decode("35=r|11=M|531=7|")) == {"msg_type": "r", "cl_ord_id": "M"}


def test_session_reject_is_read() -> None:
    assert said(decode("35=3|45=12|371=44|372=D|373=5|58=value|")) == {
        "msg_type": "3",
        "ref_seq_num": 12,
        "ref_msg_type": "D",
        "reason": 5,
        "text": "value",
    }


def test_business_reject_names_the_order_by_its_reference() -> None:
    assert said(decode("35=j|45=12|372=D|379=A|380=8|58=rate|11=ignored|")) == {
        "msg_type": "j",
        "cl_ord_id": "A",
        "ref_seq_num": 12,
        "ref_msg_type": "D",
        "reason": 8,
        "text": "rate",
    }


@pytest.mark.parametrize("msg_type", ["0", "A", "W", "AE", "88"])
def test_other_message_types_say_nothing(msg_type: str) -> None:
    report = ExecutionReport()
    assert decode(f"35={msg_type}|11=A|", report) is None
    assert said(report) == {}


def test_reused_report_keeps_nothing_of_the_last_message() -> None:
    report = ExecutionReport()
    decode(FILL, report)
    assert said(decode("35=9|11=B|", report)) == {"msg_type": "9", "cl_ord_id": "B"}


def test_equal_text_is_the_same_object() -> None:
    report = ExecutionReport()
    decode(FILL, report)
    symbol = report.symbol
    decode(FILL.replace("11=eng-0001", "11=eng-0002"), report)
    assert report.symbol is symbol
    assert report.cl_ord_id == "eng-0002"


@pytest.mark.parametrize("before", ["\ueae9\u20ac", "\xe9\xe9", "ab", ""])
def test_text_is_compared_by_its_characters(before: str) -> None:
    report = ExecutionReport()
    report.text = before
    decode("35=8|58=\xe9\xea|", report)
    assert report.text == "\xe9\xea"


def test_fees_of_all_entries_are_added() -> None:
    two = "35=8|136=2|137=0.05|138=USD|139=4|137=-0.0125|139=7|137=9|"
    assert said(decode(two))["fee"] == 37500
    assert said(decode("35=8|136=0|"))["fee"] == 0
    assert "fee" not in said(decode("35=8|137=9|"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("35=8|150=F|31=0.41505|", "tag 31: not a decimal number of at most 4 places: b'0.41505'"),
        ("35=8|14=x|", "tag 14: not a decimal number of at most 2 places: b'x'"),
        ("35=8|151=|", "tag 151: not a decimal number of at most 2 places: b''"),
        ("35=8|38=99999999999999999|", "tag 38: not a decimal number of at most 2 places: b'99999999999999999'"),
    ],
)
def test_wrong_values_that_decide_money_are_named(text: str, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(text)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("text", "oddity", "rest"),
    [
        ("35=8|31=0.41505|", "tag 31 rounded up: 0.41505", {"last_px": 4151}),
        ("35=8|44=|", "tag 44 left out: b''", {}),
        ("35=8|54=B|", "tag 54 left out: b'B'", {}),
        ("35=8|103=x|", "tag 103 left out: b'x'", {}),
        ("35=3|45=x|", "tag 45 left out: b'x'", {}),
        ("35=8|136=x|", "tag 136 left out: b'x'", {}),
        ("35=8|136=2|137=1|", "tag 136 left out: b'2'", {}),
        ("35=8|136=1|137=0.0000001|", "tag 137 rounded up: 0.0000001", {"fee": 1}),
        ("35=8|136=1|137=2|139=4|891=2|", "tag 891 left out: b'2'", {}),
        ("35=8|54=B|44=abc|", "tag 54 left out: b'B', tag 44 left out: b'abc'", {}),
    ],
)
def test_wrong_values_that_only_inform_are_named(text: str, oddity: str, rest: dict[str, Any]) -> None:
    assert said(decode(text)) == {"msg_type": text[3], "oddity": f"ClOrdID(11) '': {oddity}"} | rest


def test_report_can_be_built_by_hand() -> None:
    report = ExecutionReport()
    report.cl_ord_id, report.last_px, report.is_taker = "A", -5, True
    assert said(report) == {"cl_ord_id": "A", "last_px": -5, "is_taker": True}
    report.clear()
    assert said(report) == {}
    assert (report.price, ABSENT) == (-(2**63), -(2**63))
    with pytest.raises(AttributeError):
        report.pirce = 1  # type: ignore[attr-defined]
