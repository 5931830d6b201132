"""Requests for quotes: asked, bid on, accepted, confirmed and traded; or not."""

from collections.abc import Collection, Mapping
from typing import Any

import pytest

from engine.exchange.events import PublicTrade
from tests.sim.rest.test_order_writes import code
from tests.support.sim.kalshi_rest import COIN, DAY_NS, RAIN, SECOND_NS, SNOW, KalshiSite
from tests.support.sim.rest_site import Answered, SignedClient

RFQS, QUOTES = "/communications/rfqs", "/communications/quotes"


def ask(client: SignedClient, **more: Any) -> Answered:
    return client.send("POST", RFQS, {"market_ticker": RAIN, "rest_remainder": False, "contracts_fp": "5.00", **more})


def bid(client: SignedClient, rfq_id: str, yes: str = "0.4000", no: str = "0.5500") -> Answered:
    fields = {"rfq_id": rfq_id, "yes_bid": yes, "no_bid": no, "rest_remainder": False}
    return client.send("POST", QUOTES, fields)


class Pair:
    """ann asks, bob quotes."""

    def __init__(self, site: KalshiSite, **more: Any) -> None:
        self.site = site
        self.ann, self.bob = site.client(), site.client("bob")
        asked = ask(self.ann, **more)
        assert asked.status == 201, asked
        self.rfq_id = asked.json["id"]
        made = bid(self.bob, self.rfq_id)
        assert made.status == 201, made
        self.quote_id = made.json["id"]

    def accept(self, side: str, client: SignedClient | None = None) -> Answered:
        path = f"{QUOTES}/{self.quote_id}/accept"
        return (client or self.ann).send("PUT", path, {"accepted_side": side})

    def confirm(self, client: SignedClient | None = None) -> Answered:
        return (client or self.bob).send("PUT", f"{RFQS}/{self.rfq_id}/quotes/{self.quote_id}/confirm")

    def quote(self, client: SignedClient | None = None) -> Any:
        return (client or self.ann).get(f"{QUOTES}/{self.quote_id}")["quote"]

    def net(self, member: str) -> int:
        return self.site.place.ledger.open(member).net(RAIN)


@pytest.mark.parametrize(("side", "price", "net"), [("yes", 4_000, -500), ("no", 4_500, 500)])
def test_accepted_bid_trades_once_its_owner_confirms(site: KalshiSite, side: str, price: int, net: int) -> None:
    pair = Pair(site)
    assert pair.accept(side).status == 204
    assert (pair.quote()["status"], pair.quote()["accepted_side"]) == ("accepted", side)
    assert pair.net("ann") == 0
    assert pair.confirm().status == 204
    assert (pair.net("ann"), pair.net("bob")) == (net, -net)
    (trade,) = [event for event in site.told if isinstance(event, PublicTrade)]
    assert (trade.price, trade.qty, trade.is_block) == (price, 500, True)
    assert pair.quote()["status"] == "executed"
    assert pair.ann.get(f"{RFQS}/{pair.rfq_id}")["rfq"]["status"] == "closed"
    assert pair.ann.get("/markets/trades")["trades"][0]["is_block_trade"] is True
    assert code(pair.confirm()) == (400, "invalid_quote_status")


def test_request_for_a_cost_is_for_as_many_as_it_pays(site: KalshiSite) -> None:
    pair = Pair(site, contracts_fp=None, target_cost_dollars="9.00")
    pair.accept("no")
    pair.confirm()
    assert pair.net("ann") == 2_000  # 20 contracts at 0.45


class Heard:
    """Stands for the feed: what each member is told, by kind."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, str]] = []
        self.quotes: list[tuple[str, tuple[str, ...]]] = []
        self.fields: dict[str, Mapping[str, object]] = {}

    def request(self, type_: str, fields: Mapping[str, object], creator: str) -> None:
        self.requests.append((type_, creator))
        self.fields[type_] = fields

    def quote(self, type_: str, fields: Mapping[str, object], parties: Collection[str], creator: str) -> None:
        assert creator == "ann"
        self.quotes.append((type_, tuple(sorted(parties))))
        self.fields[type_] = fields


def test_feed_tells_what_becomes_of_a_request(site: KalshiSite) -> None:
    heard = Heard()
    site.site.server.tell_quotes(heard)
    pair = Pair(site)
    pair.accept("yes")
    pair.confirm()
    assert heard.requests == [("rfq_created", "ann"), ("rfq_deleted", "ann")]
    assert heard.quotes == [
        ("quote_created", ("ann", "bob")),
        ("quote_accepted", ("ann", "bob")),
        ("quote_executed", ("bob",)),
        ("quote_executed", ("ann",)),
    ]
    name = pair.ann.get("/communications/id")["communications_id"]
    assert (heard.fields["rfq_created"]["creator_id"], heard.fields["rfq_created"]["contracts_fp"]) == (name, "5.00")
    assert heard.fields["quote_accepted"]["contracts_accepted_fp"] == "5.00"
    (order,) = pair.ann.get("/portfolio/orders")["orders"]
    assert heard.fields["quote_executed"]["order_id"] == order["order_id"]
    assert ask(pair.ann).status == 201
    site.ahead_ns += DAY_NS
    assert pair.bob.get(f"{RFQS}?status=open")["rfqs"] == []
    assert heard.requests[2:] == [("rfq_created", "ann"), ("rfq_deleted", "ann")]


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"contracts_fp": None}, (400, "bad_request")),
        ({"contracts": 3}, (400, "bad_request")),
        ({"contracts_fp": "0"}, (400, "invalid_order_size")),
        ({"contracts_fp": None, "target_cost_dollars": "0"}, (400, "bad_request")),
        ({"market_ticker": "KXNONE"}, (404, "not_found")),
        ({"rest_remainder": None}, (400, "bad_request")),
    ],
)
def test_request_that_cannot_be_is_refused(site: KalshiSite, fields: dict[str, Any], status: tuple[int, str]) -> None:
    assert code(ask(site.client(), **fields)) == status


def test_one_request_a_market_unless_it_replaces(site: KalshiSite) -> None:
    pair = Pair(site)
    assert code(ask(pair.ann)) == (409, "rfq_already_exists")
    assert ask(pair.ann, market_ticker=COIN).status == 201
    assert ask(pair.ann, replace_existing=True).status == 201
    assert pair.ann.get(f"{RFQS}/{pair.rfq_id}")["rfq"]["cancellation_reason"] == "replaced"
    assert pair.quote()["status"] == "cancelled"
    site.life("pause", SNOW)
    assert ask(pair.ann, market_ticker=SNOW).status == 404


def test_quote_that_cannot_be_is_refused(site: KalshiSite) -> None:
    pair = Pair(site)
    assert code(bid(pair.ann, pair.rfq_id)) == (400, "invalid_quote")  # her own request
    for yes, no in (("0", "0"), ("0.4155", "0"), ("1.5", "0")):
        assert code(bid(pair.bob, pair.rfq_id, yes, no)) == (400, "invalid_quote")
    assert bid(pair.bob, "none").status == 404
    half = bid(pair.bob, pair.rfq_id, "0", "0.5500").json["id"]
    answer = pair.ann.send("PUT", f"{QUOTES}/{half}/accept", {"accepted_side": "yes"})
    assert code(answer) == (400, "invalid_quote")


def test_each_party_does_its_own_part(site: KalshiSite) -> None:
    pair = Pair(site)
    carl = site.client("carl")
    assert pair.accept("yes", pair.bob).status == 404
    assert pair.accept("yes", carl).status == 404
    assert code(pair.confirm()) == (400, "invalid_quote_status")  # nothing is accepted yet
    assert pair.accept("maybe").status == 400
    assert pair.accept("yes").status == 204
    assert code(pair.accept("yes")) == (400, "invalid_quote_status")
    assert pair.confirm(pair.ann).status == 404
    assert carl.send("GET", f"{QUOTES}/{pair.quote_id}").status == 404
    assert pair.ann.send("DELETE", f"{QUOTES}/{pair.quote_id}").status == 404
    assert carl.send("DELETE", f"{RFQS}/{pair.rfq_id}").status == 404


def test_what_is_taken_back_trades_no_more(site: KalshiSite) -> None:
    pair = Pair(site)
    assert pair.bob.send("DELETE", f"{QUOTES}/{pair.quote_id}").status == 204
    assert pair.accept("yes").status == 400
    other = Pair(site, market_ticker=COIN, replace_existing=True)
    other.accept("yes")
    assert other.ann.send("DELETE", f"{RFQS}/{other.rfq_id}").status == 204
    assert code(other.confirm()) == (400, "invalid_quote_status")
    assert other.ann.send("DELETE", f"{RFQS}/{other.rfq_id}").status == 404
    assert bid(other.bob, other.rfq_id).status == 404


def test_acceptance_lapses_and_so_does_a_request(site: KalshiSite) -> None:
    pair = Pair(site)
    pair.accept("yes")
    site.ahead_ns += 31 * SECOND_NS
    assert code(pair.confirm()) == (400, "invalid_quote_status")
    assert pair.quote()["status"] == "cancelled"
    site.ahead_ns += DAY_NS
    assert pair.ann.get(f"{RFQS}/{pair.rfq_id}")["rfq"]["cancellation_reason"] == "expired"


def test_trade_that_an_account_cannot_bear_is_refused(site: KalshiSite) -> None:
    pair = Pair(site, contracts_fp="100000.00")
    pair.accept("yes")
    assert code(pair.confirm()) == (400, "available_balance_too_low")
    assert (pair.net("ann"), pair.net("bob")) == (0, 0)
    assert pair.quote()["status"] == "cancelled"


def test_lists_show_names_and_not_members(site: KalshiSite) -> None:
    pair = Pair(site)
    name = pair.ann.get("/communications/id")["communications_id"]
    (seen,) = pair.bob.get(f"{RFQS}?market_ticker={RAIN}&status=open")["rfqs"]
    assert (seen["id"], seen["creator_id"], "creator_user_id" in seen) == (pair.rfq_id, name, False)
    (own,) = pair.ann.get(f"{RFQS}?user_filter=self")["rfqs"]
    assert own["creator_user_id"] == "ann"
    for query in ("user_filter=self", "status=closed", f"market_ticker={COIN}", "event_ticker=KXGAME-1"):
        assert pair.bob.get(f"{RFQS}?{query}")["rfqs"] == []
    (quote,) = pair.bob.get(f"{QUOTES}?user_filter=self&rfq_id={pair.rfq_id}")["quotes"]
    assert (quote["creator_user_id"], quote["rfq_creator_id"]) == ("bob", name)
    assert len(pair.ann.get(f"{QUOTES}?rfq_user_filter=self")["quotes"]) == 1
    assert pair.ann.get(f"{QUOTES}?user_filter=self")["quotes"] == []
    assert site.client("carl").get(QUOTES)["quotes"] == []
