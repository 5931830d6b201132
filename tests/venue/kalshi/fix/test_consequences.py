"""Every row of the venue's tables: events of an order, texts, and codes 103, 102, 380 and 373, each with its end."""

from collections.abc import Iterable

import pytest

from engine import fix
from engine.codec import Fields
from engine.instrument import Instrument, PriceBand
from engine.orders.orders import Orders
from engine.orders.table import Outcome
from engine.venue import Verdict
from engine.venue.kalshi.fix.consequences import CLOSED_TEXTS, CONSEQUENCES, RATE_LIMITED, consequence_of
from engine.venue.kalshi.fix.orders import KalshiOrders

NOW_NS = 1_795_444_206_000_000_000
RAIN = Instrument("KXDEMORAIN-26DEC01-T2", 0, [PriceBand(0, 10000, 50)])
REFUSES, ENDS, CLOSES, THROTTLES, UNKNOWN, FAULT = (
    Verdict.REFUSES_ORDER,
    Verdict.ENDS_ORDER,
    Verdict.CLOSES_MARKET,
    Verdict.THROTTLES,
    Verdict.UNKNOWN,
    Verdict.OUR_FAULT,
)


class Desk:
    """One order at the venue, moved by reports; what followed from the last is in `consequence`."""

    def __init__(self, *, is_resting: bool = False) -> None:
        self.dialect = KalshiOrders([RAIN])
        self.orders = Orders("N")
        self.order = self.orders.open(RAIN, fix.BUY, 4150, 2500, fix.Type.LIMIT, fix.Tif.GTC, False, 0, NOW_NS)
        if is_resting:
            self.take("35=8|11=N-1|37=V|17=1;1|150=0|39=0|38=25.00|14=0.00|151=25.00|44=0.4150|")

    def take(self, text: str) -> int:
        whole = f"8=FIXT.1.1|{text}55={RAIN.symbol}|54=1|10=000|"
        report = self.dialect.decode(Fields(whole.replace("|", "\x01").encode()))
        assert report is not None
        self.consequence = consequence_of(report)
        return self.orders.apply(report).kind


def report(
    exec_type: str, status: str, more: str = "", cum: str = "0.00", leaves: str = "25.00", id_: str = "N-1"
) -> str:
    return f"35=8|11={id_}|37=V|17=9;{exec_type}|150={exec_type}|39={status}|38=25.00|14={cum}|151={leaves}|{more}"


# ExecType(150) and OrdStatus(39)


@pytest.mark.parametrize(
    ("text", "outcome", "status"),
    [
        (report("A", "A").replace("9;A", "-1;-1"), Outcome.NOTHING, fix.Status.PENDING_NEW),
        (report("0", "0"), Outcome.ACCEPTED, fix.Status.NEW),
        (report("F", "1", "31=0.4150|32=10.00|", "10.00", "15.00"), Outcome.FILLED, fix.Status.PARTIALLY_FILLED),
        (report("F", "2", "31=0.4150|32=25.00|", "25.00", "0.00"), Outcome.FILLED, fix.Status.FILLED),
        (report("4", "4", "", "0.00", "0.00"), Outcome.CANCELED, fix.Status.CANCELED),
        (report("C", "C", "", "0.00", "0.00"), Outcome.EXPIRED, fix.Status.EXPIRED),
        (report("8", "8", "103=99|", "0.00", "0.00"), Outcome.REJECTED, fix.Status.REJECTED),
    ],
)
def test_event_of_a_new_order(text: str, outcome: int, status: str) -> None:
    desk = Desk()
    assert (desk.take(text), desk.order.ord_status) == (outcome, status)


@pytest.mark.parametrize(("status", "after"), [("0", fix.Status.NEW), ("5", fix.Status.NEW)])
def test_event_of_a_replace_whichever_status_it_has(status: str, after: str) -> None:
    desk = Desk(is_resting=True)
    desk.orders.request_replace(desk.order, 4200, 2500, NOW_NS)
    assert desk.take(report("E", "E", "41=N-1|44=0.4200|", id_="N-2").replace("9;E", "-1;-1")) == Outcome.NOTHING
    assert desk.take(report("5", status, "41=N-1|44=0.4200|", id_="N-2")) == Outcome.REPLACED
    assert (desk.order.ord_status, desk.order.price, desk.order.cl_ord_id) == (after, 4200, "N-2")


def test_event_of_a_replace_of_a_partly_filled_order() -> None:
    desk = Desk(is_resting=True)
    desk.take(report("F", "1", "31=0.4150|32=10.00|", "10.00", "15.00"))
    desk.orders.request_replace(desk.order, 4200, 2500, NOW_NS)
    desk.take(report("5", "1", "41=N-1|44=0.4200|", "10.00", "15.00", id_="N-2"))
    assert (desk.order.ord_status, desk.order.leaves_qty) == (fix.Status.PARTIALLY_FILLED, 1500)


def test_event_of_a_cancel() -> None:
    desk = Desk(is_resting=True)
    desk.orders.request_cancel(desk.order, NOW_NS)
    assert desk.take(report("6", "6", "41=N-1|", id_="N-2").replace("9;6", "-1;-1")) == Outcome.NOTHING
    assert desk.take(report("4", "4", "41=N-1|", "0.00", "0.00", id_="N-2")) == Outcome.CANCELED
    assert desk.order.is_done


def test_fill_may_come_before_the_acknowledgement() -> None:
    desk = Desk()
    assert desk.take(report("F", "2", "31=0.4150|32=25.00|", "25.00", "0.00")) == Outcome.FILLED
    assert desk.order.is_done


def test_cancel_by_the_venue_itself_ends_a_resting_order() -> None:
    desk = Desk(is_resting=True)
    assert desk.take(report("4", "4", "58=ORDER_GROUP_CANCEL|", "0.00", "0.00")) == Outcome.CANCELED
    assert (desk.order.is_done, desk.consequence) == (True, ENDS)


# Text(58)

REJECTS = [
    ("MARKET_NOT_FOUND", 1, CLOSES),
    ("MARKET_ALREADY_CLOSED", 2, CLOSES),
    ("MARKET_INACTIVE", 2, CLOSES),
    ("EXCHANGE_PAUSED", 2, CLOSES),
    ("TRADING_PAUSED", 2, CLOSES),
    ("INSUFFICIENT_BALANCE", 3, THROTTLES),
    ("EXCEEDED_PER_MARKET_RISK_LIMIT", 3, THROTTLES),
    ("EXCEEDED_ORDER_GROUP_RISK_LIMIT", 3, THROTTLES),
    ("EXCEEDED_SELL_POSITION_FLOOR", 3, THROTTLES),
    ("EVENT_CONTRACT_DAILY_CAP_EXCEEDED", 3, THROTTLES),
    ("ORDER_ALREADY_EXISTS", 6, FAULT),
    ("EXPIRED", 8, REFUSES),
    ("INVALID_ORDER", 11, FAULT),
    ("ORDER_GROUP_NOT_FOUND", 11, FAULT),
    ("CUSTOMER_ACCOUNT_NOT_FOUND", 15, FAULT),
    ("PERMISSION_DENIED_FOR_CUSTOMER_ACCOUNT", 15, FAULT),
    ("EVENT_CONTRACT_DAILY_CAP_NOT_FOUND", 15, FAULT),
    ("INTERNAL_ERROR", 99, REFUSES),
    ("A_TEXT_OF_TOMORROW", 99, REFUSES),
]
CANCELS = [
    "FOK_INSUFFICIENT_VOLUME", "IMMEDIATE_OR_CANCELLED", "POST_ONLY_CROSS", "REDUCE_ONLY", "SELF_CROSS_ATTEMPT",
    "SELF_CROSS_ATTEMPT_PARTIALLY_FILLED", "TAKER_CANCEL_FOR_SELF_TRADE_PREVENTION",
    "MAKER_CANCEL_FOR_SELF_TRADE_PREVENTION", "ORDER_GROUP_CANCEL", "SETTLEMENT_BOUNDS_CANCEL", "A_TEXT_OF_TOMORROW",
]  # fmt: skip
CANCEL_REJECTS = [
    ("INVALID_AMEND_QTY_FOR_ORDER", 2, FAULT),
    ("CANNOT_UPDATE_FILLED_ORDER", 2, REFUSES),
    ("ORDER_AMEND_IN_PROGRESS", 2, REFUSES),
    ("EVENT_CONTRACT_DAILY_CAP_EXCEEDED", 2, THROTTLES),
    ("ORDER_ATTRIBUTES_MISMATCH", 1, FAULT),
    ("INVALID_PRICE", 99, FAULT),
    ("MARKET_NOT_FOUND", 99, CLOSES),
    ("ORDER_ALREADY_EXISTS", 6, FAULT),
    ("SELF_CROSS_ATTEMPT", 18, REFUSES),
    ("A_TEXT_OF_TOMORROW", 99, REFUSES),
]


@pytest.mark.parametrize(("text", "code", "expected"), REJECTS)
def test_text_of_a_reject(text: str, code: int, expected: Verdict) -> None:
    desk = Desk()
    assert desk.take(report("8", "8", f"103={code}|58={text}|", "0.00", "0.00")) == Outcome.REJECTED
    assert (desk.order.is_done, desk.consequence) == (True, expected)


def test_text_of_a_reject_whose_outcome_nobody_knows() -> None:
    desk = Desk()
    text = report("8", "8", "103=99|58=EXCHANGE_UNAVAILABLE|", "0.00", "0.00")
    assert desk.take(text) == Outcome.IN_DOUBT
    assert (desk.order.ord_status, desk.order.is_done, desk.consequence) == (fix.Status.UNKNOWN, False, UNKNOWN)
    assert desk.order.worst_leaves_qty == 2500  # it counts in full until it is reconciled


@pytest.mark.parametrize("text", CANCELS)
def test_text_of_a_cancel(text: str) -> None:
    desk = Desk()
    assert desk.take(report("4", "4", f"58={text}|", "0.00", "0.00")) == Outcome.CANCELED
    assert (desk.order.ord_status, desk.consequence) == (fix.Status.CANCELED, ENDS)


def test_rest_of_an_order_that_met_itself_is_cancelled_and_its_fills_stand() -> None:
    desk = Desk()
    desk.take(report("F", "1", "31=0.4150|32=10.00|", "10.00", "15.00"))
    text = "58=SELF_CROSS_ATTEMPT_PARTIALLY_FILLED|"
    assert desk.take(report("4", "4", text, "10.00", "0.00")) == Outcome.CANCELED
    assert (desk.order.cum_qty, desk.order.leaves_qty) == (1000, 0)


@pytest.mark.parametrize("to", ["1", "2"])
@pytest.mark.parametrize(("text", "code", "expected"), CANCEL_REJECTS)
def test_text_of_a_cancel_reject_leaves_the_order_as_it_was(text: str, code: int, expected: Verdict, to: str) -> None:
    desk = Desk(is_resting=True)
    if to == "1":
        desk.orders.request_cancel(desk.order, NOW_NS)
    else:
        desk.orders.request_replace(desk.order, 4200, 2500, NOW_NS)
    refusal = f"35=9|11=N-2|41=N-1|37=V|39=0|434={to}|102={code}|58={text}|"
    assert desk.take(refusal) == Outcome.CANCEL_REJECTED
    assert (desk.order.ord_status, desk.order.price, desk.order.pending) == (fix.Status.NEW, 4150, "")
    assert desk.consequence == expected


def test_every_text_of_the_venue_is_in_the_table() -> None:
    listed = {text for text, _, _ in [*REJECTS, *CANCEL_REJECTS]} | set(CANCELS) | {"EXCHANGE_UNAVAILABLE"}
    assert set(CONSEQUENCES) == (listed - {"A_TEXT_OF_TOMORROW"}) | {RATE_LIMITED}
    assert frozenset(text for text, _, what in REJECTS if what is CLOSES) == CLOSED_TEXTS


# Codes without a text


def codes(by: dict[Verdict, Iterable[int]]) -> list[tuple[int, Verdict]]:
    return sorted(((code, what) for what, all_ in by.items() for code in all_), key=lambda row: row[0])


@pytest.mark.parametrize(
    ("code", "expected"),
    codes({CLOSES: (1, 2, 4), THROTTLES: (3,), FAULT: (6, 11, 13, 15), REFUSES: (8, 99, 1234)}),
)
def test_ord_rej_reason(code: int, expected: Verdict) -> None:
    desk = Desk()
    assert desk.take(report("8", "8", f"103={code}|", "0.00", "0.00")) == Outcome.REJECTED
    assert desk.consequence == expected


@pytest.mark.parametrize(("code", "expected"), codes({REFUSES: (0, 1, 2, 99, 1234), FAULT: (6, 18)}))
def test_cxl_rej_reason(code: int, expected: Verdict) -> None:
    desk = Desk(is_resting=True)
    desk.orders.request_replace(desk.order, 4200, 2500, NOW_NS)
    assert desk.take(f"35=9|11=N-2|41=N-1|37=V|39=0|434=2|102={code}|") == Outcome.CANCEL_REJECTED
    assert (desk.order.pending, desk.consequence) == ("", expected)


@pytest.mark.parametrize(
    ("code", "expected"),
    codes({REFUSES: (0, 1, 1234), CLOSES: (2,), FAULT: (3, 5, 6), THROTTLES: (4, 8)}),
)
def test_business_reject_reason(code: int, expected: Verdict) -> None:
    desk = Desk()
    assert desk.take(f"35=j|45=10|372=D|379=N-1|380={code}|58=words of the venue|") == Outcome.REJECTED
    assert (desk.order.is_done, desk.consequence) == (True, expected)


@pytest.mark.parametrize("to", ["F", "G"])
def test_request_beyond_the_rate_leaves_its_order_as_it_was(to: str) -> None:
    desk = Desk(is_resting=True)
    if to == "F":
        desk.orders.request_cancel(desk.order, NOW_NS)
    else:
        desk.orders.request_replace(desk.order, 4200, 2500, NOW_NS)
    refusal = f"35=j|45=11|372={to}|379=N-2|380=8|58=rate limit exceeded|"
    assert desk.take(refusal) == Outcome.CANCEL_REJECTED
    assert (desk.order.ord_status, desk.order.pending, desk.consequence) == (fix.Status.NEW, "", THROTTLES)


@pytest.mark.parametrize("code", [*range(19), 99, 1234])
def test_session_reject_reason(code: int) -> None:
    desk = Desk()
    desk.take(f"35=3|45=10|372=D|373={code}|58=words of the venue|")
    assert desk.consequence == (REFUSES if code == 1234 else FAULT)


def test_refused_mass_cancel_refuses_itself_alone() -> None:
    desk = Desk(is_resting=True)
    desk.take("35=r|11=M|531=0|")
    assert (desk.consequence, desk.order.is_done) == (REFUSES, False)
