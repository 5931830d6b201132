"""Kalshi's FIX dialect: requests as wire text, reports into orders, and a Logon that the venue would accept."""

from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519

from engine import fix
from engine.codec import Fields
from engine.errors import ConfigError, OrderError
from engine.instrument import Instrument, PriceBand
from engine.orders.options import OrderOptions
from engine.orders.order import Order, restore_fields
from engine.orders.orders import Orders
from engine.orders.table import Outcome
from engine.venue import kalshi
from engine.venue.fix44.dialect import Fix44
from engine.venue.kalshi.fix.orders import KalshiOrders

NOW_NS = 1_795_444_206_000_000_000
RAIN = Instrument("KXDEMORAIN-26DEC01-T2", 0, [PriceBand(0, 10000, 50)])
PLACE = f"55={RAIN.symbol}|54="


def text(body: bytes) -> str:
    return body.decode().replace("\x01", "|")


def order(**terms: Any) -> Order:
    order = Order("A1", RAIN, fix.BUY, 4150, 2500)
    restore_fields(order, **terms)
    return order


def asked(**terms: Any) -> Order:
    """An order at the venue with a request pending."""
    return order(order_id="V-7", pending_cl_ord_id="A2", pending_price=4200, pending_qty=3000, **terms)


# requests


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({}, f"{PLACE}1|38=25.00|40=2|44=0.4150|59=1|"),
        ({"side": fix.SELL, "post_only": True}, f"18=6|{PLACE}2|38=25.00|40=2|44=0.4150|59=1|"),
        ({"time_in_force": fix.Tif.DAY}, f"{PLACE}1|38=25.00|40=2|44=0.4150|59=0|"),
        (
            {"time_in_force": fix.Tif.GTD, "expire_time_ns": NOW_NS},
            f"{PLACE}1|38=25.00|40=2|44=0.4150|59=6|126=20261123-14:30:06.000|",
        ),
        ({"ord_type": fix.Type.MARKET}, f"{PLACE}1|38=25.00|40=2|44=0.4150|59=3|"),
        ({"ord_type": fix.Type.MARKET, "time_in_force": fix.Tif.FOK}, f"{PLACE}1|38=25.00|40=2|44=0.4150|59=4|"),
    ],
    ids=["limit", "post-only-sell", "day", "good-till-date", "market", "market-all-or-none"],
)
def test_new_order_has_the_venues_fields_only(terms: Any, expected: str) -> None:
    assert text(KalshiOrders([RAIN]).new_order(order(**terms), NOW_NS)) == "35=D|11=A1|" + expected


def test_other_requests_have_the_venues_fields_only() -> None:
    dialect = KalshiOrders([RAIN])
    assert [
        text(dialect.replace(asked(post_only=True), NOW_NS)),
        text(dialect.cancel(asked(), NOW_NS)),
        text(dialect.mass_cancel("A9", NOW_NS)),
        dialect.order_status(asked(), NOW_NS),  # type: ignore[func-returns-value]
    ] == [
        f"35=G|37=V-7|41=A1|11=A2|{PLACE}1|38=30.00|40=2|44=0.4200|59=1|",
        f"35=F|37=V-7|41=A1|11=A2|{PLACE}1|",
        "35=q|530=6|11=A9|",
        None,
    ]


def test_fixed_fields_are_added_to_their_messages() -> None:
    dialect = KalshiOrders([RAIN], fixed={"D": [(100, "2"), (21006, "Y")], "F": [(100, "2")]})
    assert text(dialect.new_order(order(), NOW_NS)).startswith("35=D|100=2|21006=Y|11=A1|")
    assert text(dialect.cancel(asked(), NOW_NS)).startswith("35=F|100=2|")


# reports


class Desk:
    """One order at the venue, moved by reports."""

    def __init__(self, price: int = 4150, qty: int = 2500) -> None:
        self.dialect = KalshiOrders([RAIN])
        self.orders = Orders("N")
        self.order = self.orders.open(RAIN, fix.BUY, price, qty, fix.Type.LIMIT, fix.Tif.GTC, False, 0, NOW_NS)

    def take(self, body: str) -> tuple[int, int, int, int, str]:
        body = f"8=FIXT.1.1|{body}|55={RAIN.symbol}|54=1|10=000|".replace("|", "\x01")
        report = self.dialect.decode(Fields(body.encode()))
        assert report is not None
        change = self.orders.apply(report)
        return change.kind, change.last_qty, change.last_px, change.fee, self.order.ord_status


def report(cl_ord_id: str, exec_type: str, status: str, cum: str, leaves: str, **more: str) -> str:
    fields = {11: cl_ord_id, 14: cum, 151: leaves, 150: exec_type, 39: status, 6: "0.4150"}
    fields |= {int(name[1:]): value for name, value in more.items()}
    return "35=8|" + "|".join(f"{tag}={value}" for tag, value in fields.items())


def test_order_lives_through_pending_new_fill_replace_and_cancel() -> None:
    desk = Desk()
    new = report("N-1", "0", "0", "0.00", "25.00", t17="904;3", t37="V-7", t38="25.00", t44="0.4150", t30="0")
    fee = {"t136": "1", "t137": "0.2059", "t138": "USD", "t139": "4", "t891": "0"}
    trade = {"t31": "0.4150", "t32": "10.00", "t1057": "N", "t704": "10.00", "t880": "T-1", "t37": "V-7"}
    assert [
        desk.take(report("N-1", "A", "A", "0.00", "25.00", t17="-1;-1", t37="0", t38="25.00")),
        desk.take(new),
        desk.take(report("N-1", "F", "1", "10.00", "15.00", t17="904;5", t38="25.00", **trade, **fee)),
    ] == [
        (Outcome.NOTHING, 0, 0, 0, fix.Status.PENDING_NEW),
        (Outcome.ACCEPTED, 0, 0, 0, fix.Status.NEW),
        (Outcome.FILLED, 1000, 4150, 205_900, fix.Status.PARTIALLY_FILLED),
    ]
    desk.orders.request_replace(desk.order, 4200, 3000, NOW_NS)
    replaced = {"t41": "N-1", "t37": "V-7", "t38": "30.00", "t44": "0.4200"}
    assert desk.take(report("N-2", "E", "E", "10.00", "20.00", t17="-1;-1", **replaced))[0] == Outcome.NOTHING
    kind, *_, status = desk.take(report("N-2", "5", "5", "10.00", "20.00", t17="904;7", **replaced))
    assert (kind, status, desk.order.price, desk.order.order_qty) == (
        Outcome.REPLACED,
        fix.Status.PARTIALLY_FILLED,
        4200,
        3000,
    )
    desk.orders.request_cancel(desk.order, NOW_NS)
    cancelled = {"t41": "N-2", "t37": "V-7", "t38": "30.00"}
    assert desk.take(report("N-3", "6", "6", "10.00", "20.00", t17="-1;-1", **cancelled))[0] == Outcome.NOTHING
    assert desk.take(report("N-3", "4", "4", "10.00", "0.00", t17="904;9", **cancelled))[::4] == (
        Outcome.CANCELED,
        fix.Status.CANCELED,
    )


@pytest.mark.parametrize(
    ("exec_type", "status", "reason", "outcome", "after"),
    [
        ("4", "4", "POST_ONLY_CROSS", Outcome.CANCELED, fix.Status.CANCELED),
        ("C", "C", "", Outcome.EXPIRED, fix.Status.EXPIRED),
        ("8", "8", "INSUFFICIENT_BALANCE|103=3", Outcome.REJECTED, fix.Status.REJECTED),
        ("8", "8", "INTERNAL_ERROR|103=99", Outcome.REJECTED, fix.Status.REJECTED),
        ("8", "8", "EXCHANGE_UNAVAILABLE|103=99", Outcome.IN_DOUBT, fix.Status.UNKNOWN),
    ],
)
def test_end_of_a_new_order_is_what_the_venue_says(
    exec_type: str, status: str, reason: str, outcome: int, after: str
) -> None:
    desk = Desk()
    more = {"t58": reason} if reason else {}
    assert desk.take(report("N-1", exec_type, status, "0.00", "0.00", t17="1;1", t37="0", **more))[::4] == (
        outcome,
        after,
    )
    assert desk.orders.live_count == (after == fix.Status.UNKNOWN)


def test_refused_replace_leaves_the_order_as_it_was() -> None:
    desk = Desk()
    desk.take(report("N-1", "0", "0", "0.00", "25.00", t17="1;1", t37="V-7", t38="25.00"))
    desk.orders.request_replace(desk.order, 4155, 2500, NOW_NS)
    refusal = "35=9|11=N-2|41=N-1|37=V-7|39=0|434=2|102=99|58=INVALID_PRICE"
    assert desk.take(refusal)[::4] == (Outcome.CANCEL_REJECTED, fix.Status.NEW)
    assert (desk.order.price, desk.order.pending) == (4150, "")


def test_rate_limit_refuses_a_new_order() -> None:
    desk = Desk()
    refusal = "35=j|45=10|372=D|379=N-1|380=8|58=rate limit exceeded"
    assert desk.take(refusal)[::4] == (Outcome.REJECTED, fix.Status.REJECTED)


# logon


def test_logon_is_signed_and_asks_for_what_the_dialect_counts_on() -> None:
    key = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_id = "3f6c1e9a-5b27-4d80-9a41-c2d7e85f0b16"
    header = {34: "1", 49: key_id, 52: "20261123-14:30:05.120", 56: "KalshiNR"}
    assert kalshi.logon(key_id, pem).logon_fields(header) == [
        (95, "88"),
        (96, "EUwCzHuoVeqY6EN76AiRsQNxQ37YYsFTNdgLtEO1j0Y+arb5exAVi+3MAKGjJh7JGEgNfdhFGWei8uCGz4jEAQ=="),
        (8013, "Y"),
        (21005, "Y"),
        (21007, "Y"),
        (21008, "Y"),
        (21012, "Y"),
        (21026, "Y"),
    ]


def test_logon_without_a_key_is_a_configuration_error() -> None:
    with pytest.raises(ConfigError, match="Kalshi needs an API key to log on"):
        kalshi.logon("", b"")


def test_venue_offers_all_that_a_configuration_asks_of_one() -> None:
    assert isinstance(kalshi.orders([RAIN]), KalshiOrders)
    assert kalshi.market_data([RAIN], "", b"").handshake_headers(NOW_NS) == {}


# options of one order


SNOW = Instrument("KXDEMOSNOW-26DEC01-T1", 1, [PriceBand(0, 10000, 50)])


def test_order_with_options_says_them_beside_its_terms() -> None:
    dialect = kalshi.orders([RAIN], {"shard": 2})
    assert isinstance(dialect, KalshiOrders)
    plain = text(dialect.new_order(order(), NOW_NS))
    grouped = text(dialect.new_order_with(order(options=OrderOptions(order_group="G-1")), NOW_NS))
    assert "526=G-1|" in grouped and "100=2|" in grouped and "526=" not in plain
    reducing = order(options=OrderOptions(reduce_only=True), time_in_force=fix.Tif.IOC)
    assert "18=E|" in text(dialect.new_order_with(reducing, NOW_NS))
    assert text(dialect.new_order(order(), NOW_NS)) == plain


def test_markets_that_come_later_have_options_too() -> None:
    dialect = KalshiOrders([RAIN])
    dialect.new_order_with(order(options=OrderOptions(order_group="G")), NOW_NS)
    dialect.add([SNOW])
    late = Order("A2", SNOW, fix.BUY, 4150, 2500)
    restore_fields(late, options=OrderOptions(order_group="G"))
    assert SNOW.symbol in text(dialect.new_order_with(late, NOW_NS))


@pytest.mark.parametrize(
    ("options", "terms", "words"),
    [
        (OrderOptions(order_group="G-1"), (fix.Tif.GTC, True, fix.Type.LIMIT), ""),
        (OrderOptions(order_group="G 1"), (fix.Tif.GTC, False, fix.Type.LIMIT), "order_group: 'G 1' is no id"),
        (OrderOptions(True), (fix.Tif.IOC, False, fix.Type.LIMIT), ""),
        (OrderOptions(True), (fix.Tif.GTC, False, fix.Type.LIMIT), "immediate-or-cancel orders alone"),
        (OrderOptions(True), (fix.Tif.IOC, True, fix.Type.LIMIT), "immediate-or-cancel orders alone"),
        (OrderOptions(True), (fix.Tif.GTC, False, fix.Type.MARKET), ""),
        (OrderOptions(True), (fix.Tif.FOK, False, fix.Type.MARKET), "immediate-or-cancel orders alone"),
    ],
)
def test_options_that_the_venue_would_refuse_are_named(
    options: OrderOptions, terms: tuple[str, bool, str], words: str
) -> None:
    told = KalshiOrders([RAIN]).judge_options(options, *terms)
    assert words in told and bool(told) == bool(words)


def test_plain_fix_has_no_options() -> None:
    told = Fix44([RAIN]).judge_options(OrderOptions(order_group="G"), fix.Tif.GTC, False, fix.Type.LIMIT)
    assert told == "order_group G: this venue has no such options of an order: leave them out"
    with pytest.raises(OrderError):
        Fix44([RAIN]).new_order_with(order(options=OrderOptions(order_group="G")), NOW_NS)
