"""Every refusal of the fact page, for each kind of request: what becomes of the order."""

from dataclasses import dataclass

import pytest

from engine.fix import Msg, Status
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.report import ABSENT
from engine.orders.table import Outcome
from engine.venue.kalshi.rest.dialect import refusal_of
from engine.venue.kalshi.rest.order_path import KalshiRestOrders
from tests.support.order_reports import open_order, report

NEW, CANCEL, REPLACE = Msg.NEW_ORDER_SINGLE, Msg.ORDER_CANCEL_REQUEST, Msg.ORDER_CANCEL_REPLACE_REQUEST
PATH = KalshiRestOrders()


@dataclass
class Row:
    """A refusal, and what follows for an order as new, at its cancel and at its replace."""

    status: int
    body: str
    new: tuple[int, str, int]  # outcome, OrdStatus(39) after it, reason
    other: tuple[int, str, int]
    text: str

    def __str__(self) -> str:
        return f"{self.status} {self.body}"


REJECTED, REFUSED, DOUBT = Outcome.REJECTED, Outcome.CANCEL_REJECTED, Outcome.IN_DOUBT
GONE_ROW = (REFUSED, Status.UNKNOWN, 1)
STANDS = (REFUSED, Status.NEW, 0)
LOST = (DOUBT, Status.UNKNOWN, ABSENT)


def nested(code: str, details: str = "") -> str:
    more = f',"details":"{details}"' if details else ""
    return f'{{"error":{{"code":"{code}","message":"{code.replace("_", " ")}"{more}}}}}'


def rejected(reason: int) -> tuple[int, str, int]:
    return REJECTED, Status.REJECTED, reason


ROWS = [
    Row(
        400,
        nested("invalid_order", "post only cross"),
        rejected(11),
        STANDS,
        "HTTP 400 invalid_order: invalid",
    ),
    Row(400, nested("invalid_order_size"), rejected(13), STANDS, "HTTP 400 invalid_order_size"),
    Row(400, nested("available_balance_too_low"), rejected(3), STANDS, "HTTP 400 available_balance_too_low"),
    Row(400, nested("order_id_and_client_order_id_mismatch"), rejected(99), STANDS, "HTTP 400 order_id_and_client"),
    Row(400, nested("order_side_mismatch"), rejected(99), STANDS, "HTTP 400 order_side_mismatch"),
    Row(400, nested("order_ticker_mismatch"), rejected(99), STANDS, "HTTP 400 order_ticker_mismatch"),
    Row(400, nested("bad_request", "count is no text"), rejected(99), STANDS, "HTTP 400 bad_request"),
    Row(400, '{"code":"invalid_order","message":"no"}', rejected(11), STANDS, "HTTP 400 invalid_order: no"),
    Row(400, '{"msg":"no such thing"}', rejected(99), STANDS, "HTTP 400 no such thing"),
    Row(400, nested("market_inactive"), rejected(2), STANDS, "MARKET_INACTIVE"),
    Row(400, nested("trading_paused"), rejected(2), STANDS, "TRADING_PAUSED"),
    Row(400, nested("exchange_paused"), rejected(2), STANDS, "EXCHANGE_PAUSED"),
    Row(400, nested("insufficient_balance"), rejected(3), STANDS, "HTTP 400 insufficient_balance"),
    Row(400, nested("exceeded_per_market_risk_limit"), rejected(3), STANDS, "HTTP 400 exceeded_per_market_risk_limit"),
    Row(400, nested("order_group_not_found"), rejected(11), STANDS, "HTTP 400 order_group_not_found"),
    Row(401, '{"msg":"unauthorized"}', rejected(6), (REFUSED, Status.NEW, 6), "HTTP 401 unauthorized"),
    Row(
        401,
        nested("header_timestamp_expired"),
        rejected(6),
        (REFUSED, Status.NEW, 6),
        "HTTP 401 header_timestamp",
    ),
    Row(403, nested("forbidden"), rejected(6), (REFUSED, Status.NEW, 6), "HTTP 403 forbidden"),
    Row(404, nested("not_found"), rejected(1), GONE_ROW, "HTTP 404 not_found"),
    Row(409, nested("order_already_exists"), LOST, STANDS, "HTTP 409 order_already_exists: order already exists"),
    Row(400, nested("order_already_exists"), LOST, STANDS, "HTTP 400 order_already_exists"),
    Row(409, "", LOST, STANDS, "HTTP 409 no words"),
    Row(410, nested("deprecated_v1_order_endpoint"), rejected(99), STANDS, "HTTP 410 deprecated_v1_order_endpoint"),
    Row(422, nested("unprocessable"), rejected(99), STANDS, "HTTP 422 unprocessable"),
    Row(429, '{"error":"too many requests"}', rejected(8), (REFUSED, Status.NEW, 8), "HTTP 429 too_many_requests"),
    Row(429, nested("too_many_requests"), rejected(8), (REFUSED, Status.NEW, 8), "HTTP 429 too_many_requests"),
    Row(408, "", LOST, LOST, "HTTP 408 no words"),
    Row(500, nested("internal_server_error"), LOST, LOST, "HTTP 500 internal_server_error"),
    Row(502, "<html>bad gateway</html>", LOST, LOST, "HTTP 502 <html>bad gateway</html>"),
    Row(503, nested("service_unavailable"), LOST, LOST, "HTTP 503 service_unavailable"),
    Row(504, "", LOST, LOST, "HTTP 504 no words"),
    Row(302, "", LOST, LOST, "HTTP 302 no words"),
    Row(200, "{", LOST, LOST, "HTTP 200 {"),
]


def working(orders: Orders) -> Order:
    order = open_order(orders)
    orders.apply(report(order.cl_ord_id, "0", "0", order_id="v1"))
    return order


def requested(orders: Orders, request: str) -> Order:
    if request == NEW:
        return open_order(orders)
    order = working(orders)
    if request == CANCEL:
        orders.request_cancel(order, 2)
    else:
        orders.request_replace(order, 4_300, 20, 2)
    return order


@pytest.mark.parametrize("request_", [NEW, CANCEL, REPLACE], ids=["new", "cancel", "replace"])
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_refusal_has_its_consequence(row: Row, request_: str) -> None:
    orders = Orders("r")
    order = requested(orders, request_)
    change = orders.apply(PATH.refused(order, request_, row.status, refusal_of(row.body.encode())))
    outcome, status, reason = row.new if request_ == NEW else row.other
    assert (change.kind, order.ord_status, change.reason) == (outcome, status, reason)
    assert change.order is order
    assert change.text.startswith(row.text)
    is_lost = outcome == DOUBT
    assert order.is_lost is is_lost
    assert (order.pending == "") is (not is_lost or request_ == NEW)
    assert order.pending_qty == (20 if is_lost and request_ == REPLACE else 0)
    assert (order in orders.live()) is (status != Status.REJECTED)


@pytest.mark.parametrize("request_", [NEW, CANCEL, REPLACE])
def test_request_that_timed_out_is_in_doubt(request_: str) -> None:
    orders = Orders("r")
    order = requested(orders, request_)
    change = orders.apply(PATH.unknown(order, request_, "no answer within 5 s"))
    assert (change.kind, order.ord_status, change.text) == (DOUBT, Status.UNKNOWN, "no answer within 5 s")
    assert order.can_cancel


def test_refused_cancel_of_a_doubtful_order_proves_nothing() -> None:
    orders = Orders("r")
    order = open_order(orders)
    orders.doubt(order)
    orders.request_cancel(order, 2)
    orders.apply(PATH.refused(order, CANCEL, 429, refusal_of(b'{"error":"too many requests"}')))
    assert order.ord_status == Status.UNKNOWN
    assert order.can_cancel
