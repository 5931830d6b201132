"""The venue's FIX 4.4 side in words: messages to requests, events to reports."""

from typing import Any

import pytest

from engine import fix
from engine.codec import Fields
from engine.exchange.events import (
    Accepted,
    Cancel,
    CancelRejected,
    MassCancel,
    MassCanceled,
    NewOrder,
    OrderState,
    Rejected,
    Replace,
    Replaced,
    Report,
    StatusRequest,
    Traded,
)
from engine.instrument import Instrument, PriceBand
from engine.sim.fix.reports import BusinessReject, Reports, encode_reject
from engine.sim.fix.requests import WRONG, OrderEntry
from tests.support.sim.clients import pick

INSTRUMENTS = {"RAIN": Instrument("RAIN", 0, [PriceBand(0, 10_000, 100)])}


NOON_NS = 1_795_435_200_000_000_000  # 2026-11-23 12:00:00 UTC


NS = 1_000_000_000
NOON = "20261123-12:00:00.000"


def message(text: str) -> Fields:
    """A message of CLIENT's; `|` stands for SOH."""
    return Fields(f"8=FIX.4.4|34=7|49=CLIENT|56=VENUE|{text}|".replace("|", "\x01").encode())


def decode(text: str) -> Any:
    return OrderEntry(INSTRUMENTS).decode(message(text))


def encode(event: Any, request: str = "") -> dict[int, str]:
    body = Reports(INSTRUMENTS).encode(event, message(request) if request else None)
    return fields_of(body)


def fields_of(body: str) -> dict[int, str]:
    pairs = [piece.partition("=") for piece in body.rstrip("\x01").split("\x01")]
    assert len({tag for tag, _, _ in pairs}) == len(pairs), "a tag stands twice"
    return {int(tag): text for tag, _, text in pairs}


# Messages to requests


LIMIT_ORDER = "35=D|11=a1|54=1|38=25.5|40=2|44=0.415|55=RAIN|60=20261123-12:00:00"


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        (LIMIT_ORDER, {}),
        (LIMIT_ORDER + "|59=3|18=6", {"time_in_force": "3", "post_only": True}),
        (LIMIT_ORDER + "|59=6|126=20261123-12:00:00", {"time_in_force": "6", "expire_time_ns": NOON_NS}),
        (LIMIT_ORDER + "|59=6|126=20261123-12:00:00.25", {"time_in_force": "6", "expire_time_ns": NOON_NS + NS // 4}),
        (LIMIT_ORDER.replace("40=2", "40=1"), {"ord_type": "1", "price": 0}),
        (LIMIT_ORDER.replace("0.415", "0.41501"), {"price": WRONG}),
        (LIMIT_ORDER.replace("25.5", "25.505"), {"order_qty": WRONG}),
        (LIMIT_ORDER.replace("54=1", "54=5"), {"side": WRONG}),
        (LIMIT_ORDER.replace("RAIN", "HAIL"), {"symbol": "HAIL"}),
    ],
)  # fmt: skip
def test_new_order_becomes_a_request(text: str, changed: dict[str, Any]) -> None:
    plain: dict[str, Any] = {
        "account": "CLIENT",
        "cl_ord_id": "a1",
        "symbol": "RAIN",
        "side": fix.BUY,
        "order_qty": 2550,
        "price": 4150,
    }
    assert decode(text) == NewOrder(**(plain | changed))


def test_changes_and_questions_become_requests() -> None:
    asked = [
        decode("35=F|11=a2|41=a1|37=O1|54=2|55=RAIN|38=1|60=20261123-12:00:00"),
        decode("35=G|11=a3|41=a2|38=30|40=2|44=0.42|54=1|55=RAIN|59=1|60=20261123-12:00:00"),
        decode("35=q|11=m1|530=7|60=20261123-12:00:00"),
        decode("35=q|11=m2|530=1|55=RAIN|54=2|60=20261123-12:00:00"),
        decode("35=H|11=a1|54=1|55=RAIN"),
        decode("35=AF|584=s1|585=7"),
    ]
    assert asked == [
        Cancel(account="CLIENT", cl_ord_id="a2", orig_cl_ord_id="a1", order_id="O1", symbol="RAIN", side=fix.SELL),
        Replace(account="CLIENT", cl_ord_id="a3", orig_cl_ord_id="a2", symbol="RAIN", side=fix.BUY, order_qty=3000,
                price=4200, time_in_force="1"),
        MassCancel(account="CLIENT", cl_ord_id="m1"),
        MassCancel(account="CLIENT", cl_ord_id="m2", symbol="RAIN", side=fix.SELL),
        StatusRequest(account="CLIENT", cl_ord_id="a1"),
        StatusRequest(account="CLIENT"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        ("35=E|66=L1", 3, "MsgType(35) unsupported: E"),
        (LIMIT_ORDER.replace("44=0.415|", ""), 5, "Price(44) conditionally required"),
        (LIMIT_ORDER.replace("55=RAIN|", ""), 5, "Symbol(55) conditionally required"),
        (LIMIT_ORDER.replace("38=25.5|", ""), 5, "OrderQty(38) conditionally required"),
        (LIMIT_ORDER + "|59=6", 5, "ExpireTime(126) conditionally required"),
        (LIMIT_ORDER + "|59=6|126=soon", 0, "tag 126"),
        ("35=G|11=a3|41=a2|38=30|40=2|54=1|55=RAIN", 5, "Price(44) conditionally required"),
        ("35=q|11=m2|530=1", 5, "Symbol(55) conditionally required"),
        ("35=q|11=m2|530=3", 3, "MassCancelRequestType(530) unsupported: 3"),
        ("35=AF|584=s1|585=1|55=RAIN", 3, "MassStatusReqType(585) unsupported: 1"),
    ],
)
def test_message_of_no_use_is_rejected_in_words(text: str, reason: int, words: str) -> None:
    rejected = decode(text)
    assert isinstance(rejected, BusinessReject)
    body = fields_of(encode_reject(rejected))
    assert pick(body, 35, 45, 372, 380) == ("j", "7", rejected.fields.msg_type, str(reason))
    assert words in body[58]
    assert body.get(379, "") == rejected.fields.text(fix.ClOrdID) + rejected.fields.text(fix.MassStatusReqID)


# Events to reports


ORDER: dict[str, Any] = {
    "account": "CLIENT", "cl_ord_id": "a1", "order_id": "O1", "exec_id": "E1", "symbol": "RAIN", "side": fix.BUY,
    "price": 4150, "order_qty": 2500, "cum_qty": 0, "leaves_qty": 2500, "cum_cost": 0, "ord_status": "0",
    "ord_type": "2", "time_in_force": "1", "expire_time_ns": 0, "now_ns": NOON_NS,
}  # fmt: skip


NEW_REPORT = {
    35: "8", 6: "0.000000", 11: "a1", 14: "0.00", 17: "E1", 37: "O1", 38: "25.00", 39: "0", 40: "2", 44: "0.4150",
    54: "1", 55: "RAIN", 59: "1", 60: NOON, 150: "0", 151: "25.00",
}  # fmt: skip


def report(kind: type[Report], **changed: Any) -> Report:
    return kind(**(ORDER | changed))


def test_accepted_order_is_reported_whole() -> None:
    assert encode(report(Accepted)) == NEW_REPORT


def test_fill_names_price_quantity_fee_and_liquidity() -> None:
    traded = report(
        Traded, cum_qty=1000, leaves_qty=1500, cum_cost=4_146_670, ord_status="1", trade_id="T1", last_px=4150,
        last_qty=400, fee=6_800, is_taker=True,
    )  # fmt: skip
    assert encode(traded) == NEW_REPORT | {
        6: "0.414667", 14: "10.00", 31: "0.4150", 32: "4.00", 39: "1", 136: "1", 137: "0.006800", 138: "USD", 139: "4",
        150: "F", 151: "15.00", 527: "T1", 851: "2",
    }  # fmt: skip


def test_replaced_order_names_the_request_it_follows() -> None:
    replaced = report(Replaced, cl_ord_id="a2", orig_cl_ord_id="a1", expire_time_ns=NOON_NS + 1_000_000_000)
    assert encode(replaced) == NEW_REPORT | {11: "a2", 41: "a1", 126: "20261123-12:00:01.000", 150: "5"}


def test_rejected_order_repeats_what_was_sent_as_far_as_it_makes_sense() -> None:
    rejected = report(
        Rejected, order_id="", side=WRONG, price=WRONG, order_qty=WRONG, leaves_qty=0, ord_status="8", reason=99,
        text="INVALID_PRICE",
    )  # fmt: skip
    expected = NEW_REPORT | {37: "NONE", 39: "8", 54: "5", 58: "INVALID_PRICE", 103: "99", 150: "8", 151: "0.00"}
    for tag in (38, 44):
        del expected[tag]
    assert encode(rejected, "35=D|54=5|55=RAIN") == expected


def test_state_of_an_order_answers_its_question() -> None:
    assert encode(report(OrderState), "35=H|11=a1|790=q1|54=1|55=RAIN") == NEW_REPORT | {150: "I", 790: "q1"}


def test_states_of_all_orders_are_counted() -> None:
    states: list[Any] = [report(OrderState), report(OrderState, cl_ord_id="a2")]
    first, second = (fields_of(body) for body in Reports(INSTRUMENTS).encode_all(states, message("35=AF|584=s1|585=7")))
    assert first == NEW_REPORT | {150: "I", 584: "s1", 911: "2"}
    assert second == NEW_REPORT | {11: "a2", 150: "I", 584: "s1", 911: "2", 912: "Y"}
    (none,) = Reports(INSTRUMENTS).encode_all([], message("35=AF|584=s1|585=7"))
    assert pick(fields_of(none), 39, 150, 103, 584, 911, 912) == ("8", "I", "5", "s1", "0", "Y")


def test_refused_change_is_a_cancel_reject_with_a_reason_of_fix44() -> None:
    refused = CancelRejected(
        account="CLIENT", cl_ord_id="a2", orig_cl_ord_id="a1", order_id="", ord_status="8", response_to="2", reason=18,
        text="SELF_CROSS_ATTEMPT", now_ns=NOON_NS,
    )  # fmt: skip
    assert encode(refused) == {
        35: "9", 11: "a2", 37: "NONE", 39: "8", 41: "a1", 58: "SELF_CROSS_ATTEMPT", 60: NOON, 102: "99", 434: "2",
    }  # fmt: skip


def test_mass_cancel_report_repeats_the_type_or_refuses() -> None:
    done = MassCanceled(account="CLIENT", cl_ord_id="m1", exec_id="E9", symbol="", affected=3, now_ns=NOON_NS)
    refused = MassCanceled(
        account="CLIENT", cl_ord_id="m1", exec_id="E9", symbol="HAIL", affected=0, reason=1, text="?", now_ns=NOON_NS
    )
    common = {35: "r", 11: "m1", 37: "E9", 60: NOON, 530: "7"}
    assert encode(done, "35=q|530=7") == common | {531: "7", 533: "3"}
    assert encode(refused, "35=q|530=7") == common | {531: "0", 532: "1", 533: "0", 55: "HAIL", 58: "?"}
