"""Bodies that do not fit: what costs nothing, what costs a field, what costs the answer."""

import pytest

from engine.errors import DecodeError
from engine.venue.kalshi.rest.operations import exchange, markets, portfolio
from engine.venue.kalshi.rest.reading import MOST_TEXTS, Oddities

FILL = (
    b'{"trade_id":"t1","order_id":"o1","ticker":"M","count_fp":"5.00","yes_price_dollars":"0.4150","is_taker":false,'
    b'"fee_cost":"0.0213"%s}'
)


def fills(more: bytes = b"") -> bytes:
    return b'{"fills":[' + FILL % more + b'],"cursor":""}'


def test_optional_field_of_another_type_costs_itself_and_is_told() -> None:
    oddities = Oddities()
    page = portfolio.read_fills.read(fills(b',"subaccount_number":"none","book_side":"bid","ts":1.5'), oddities)
    assert page.fills[0].subaccount_number is None
    assert page.fills[0].book_side == "bid"
    assert oddities.counts == {"KalshiFill.subaccount_number": 1, "KalshiFill.ts": 1}
    assert oddities.take() == [
        "KalshiFill.ts 1.5: not understood, left out",
        "KalshiFill.subaccount_number 'none': not understood, left out",
    ]
    assert oddities.take() == []


def test_null_costs_nothing_where_a_field_may_be_missing() -> None:
    oddities = Oddities()
    assert portfolio.read_fills.read(fills(b',"book_side":null'), oddities).fills[0].book_side is None
    assert oddities.counts == {}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b'{"cursor":""}', "get_fills.fills: is missing"),
        (b'{"fills":null}', "get_fills.fills: .*null"),
        (b'{"fills":[{}]}', r"get_fills.fills\[0\].trade_id: is missing"),
        (fills().replace(b'"5.00"', b"5"), r"get_fills.fills\[0\].count_fp: .*int"),
        (fills()[:-9], "get_fills: the answer is no JSON"),
        (b"<html>", "get_fills: the answer is no JSON.*<html>"),
        (b"", "get_fills: the answer is no JSON"),
        (b"[]", "get_fills: .*array"),
        (b'{"fills":' + b"[" * 100_000, "get_fills: "),
        (fills().replace(b"t1", b"\xff"), "get_fills: "),
    ],
)
def test_what_decides_must_be_there_and_is_named(body: bytes, text: str) -> None:
    with pytest.raises(DecodeError, match=text):
        portfolio.read_fills(body)


def test_level_of_an_order_book_that_is_none_costs_the_book() -> None:
    with pytest.raises(DecodeError, match="get_market_orderbook.orderbook_fp"):
        markets.read_book(b'{"orderbook_fp":{"yes_dollars":[["0.40"]],"no_dollars":[]}}')


def test_exchange_that_is_down_says_so_in_its_own_form() -> None:
    call = exchange.status()
    assert 503 in call.statuses
    assert call.read(b'{"exchange_active":false,"trading_active":false}').exchange_active is False
    with pytest.raises(DecodeError, match="exchange_active: is missing: upstream is away"):
        call.read(b'{"code":"unavailable","message":"upstream is away"}')


def test_oddities_are_told_once_and_bounded() -> None:
    oddities = Oddities()
    for number in range(10 * MOST_TEXTS):
        oddities.tell("status", f"word{number // 2}", "unknown")
    assert oddities.counts == {"status": 10 * MOST_TEXTS}
    assert len(oddities.take()) == MOST_TEXTS
