"""The simulated feed read by clients that we did not write: every channel that each of them knows, every command.

Each is unmodified but for host, authority and key, and runs in an environment of its own; see
`tests/interop/clients`. What its own models refuse fails the test.
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine import fix
from engine.exchange.events import NewOrder, Refusal
from engine.exchange.listing.lifecycle import VenueEvent
from engine.exchange.listing.records import EventRecord, FeeChange, MarketRecord
from engine.sim.keys import KeyFile, SimAuthority, SimKey, make_key, server_context
from tests.support.sim.clients import wait_for
from tests.support.sim.feed_site import HOUR_NS, FeedSite
from tests.support.sim.foreign_client import PATIENCE, ForeignClient

B, S = fix.BUY, fix.SELL
BOOK = "orderbook_delta"
PUBLIC = (BOOK, "ticker", "trade", "market_lifecycle_v2", "multivariate_market_lifecycle")
PRIVATE = ("fill", "user_orders", "market_positions", "order_group_updates", "communications")
CHANNELS = PUBLIC + PRIVATE
STAGES = ["created", "deactivated", "activated", "price_level_structure_updated", "metadata_updated"]
STAGES += ["close_date_updated", "determined", "settled"]
QUOTE = {
    "quote_id": "q1", "rfq_id": "r1", "quote_creator_id": "m", "rfq_creator_id": "t", "market_ticker": "RAIN",
    "yes_bid_dollars": "0.4000", "no_bid_dollars": "0.5500", "created_ts": "2026-11-23T14:30:02Z",
    "executed_ts": "2026-11-23T14:30:09Z", "order_id": "o1", "client_order_id": "c1",
}  # fmt: skip
REQUEST = {
    "id": "r1", "creator_id": "", "market_ticker": "RAIN", "contracts_fp": "10.00",
    "created_ts": "2026-11-23T14:30:01Z", "deleted_ts": "2026-11-23T14:31:00Z",
}  # fmt: skip


class Stage:
    """A venue behind TLS, and what happens there while a client listens."""

    def __init__(self, site: FeedSite, key: KeyFile, ca: Path) -> None:
        self.site = site
        self.asked = {
            "host": "127.0.0.1", "port": site.port, "ca": str(ca), "key_id": key.key_id, "key_file": str(key.file),
            "channels": CHANNELS, "markets": ["RAIN", "SNOW"],
        }  # fmt: skip

    def wait_until_subscribed(self, channels: tuple[str, ...] = CHANNELS) -> None:
        """Wait until the venue has one connection with exactly these channels."""
        wait_for(lambda: self.channels() == set(channels), PATIENCE)

    def channels(self) -> set[str]:
        connections = self.site.feed.market_data.connections
        return self.site.do(lambda: set(connections[0].channels) if len(connections) == 1 else set())

    def markets_of(self, channel: str) -> set[str]:
        (connection,) = self.site.feed.market_data.connections
        return self.site.do(lambda: set(connection.channels[channel].markets or ()))

    def order(self, account: str, side: int, symbol: str = "RAIN", qty: int = 100, price: int = 4000) -> None:
        order = NewOrder(
            account=account, cl_ord_id=f"{account}{time.time_ns()}", symbol=symbol, side=side, order_qty=qty,
            price=price, time_in_force=fix.Tif.GTC,
        )  # fmt: skip
        self.site.tell(lambda now_ns: self.site.place.submit(order, now_ns))

    def act(self) -> None:
        """Let every kind of message happen at least once."""
        self.order("x", B, qty=200)
        self.order("other", S)
        self._form_groups()
        self._live()
        self._quote()

    def _form_groups(self) -> None:
        place = self.site.place
        (created,) = self._step(lambda now_ns: place.create_group("x", 100, now_ns))
        self._step(lambda now_ns: place.limit_group("x", created.group, 200, now_ns))  # type: ignore[union-attr]

    def _step(self, step: Callable[[int], list[VenueEvent] | Refusal]) -> list[VenueEvent]:
        def taken(now_ns: int) -> list[VenueEvent]:
            events = step(now_ns)
            assert not isinstance(events, Refusal)
            return events

        return self.site.tell(taken)

    def _live(self) -> None:
        """Let a market be born, changed and paid, a combination be listed, and an event have other fees."""
        life = self.site.place.lifecycle
        tell = self.site.tell
        for event, symbol in (("SOON", "SOON-1"), ("KXMVE-E", "KXMVE-1")):
            tell(partial(life.list_event, EventRecord(ticker=event, series="WEATHER")))
            market = MarketRecord(
                ticker=symbol, event=event, title="Will it?", strike_type="greater", floor_strike="3.5",
                close_ns=time.time_ns() + HOUR_NS,
            )  # fmt: skip
            tell(partial(life.list_market, market))
        tell(lambda now_ns: life.pause("SOON-1", now_ns))
        tell(lambda now_ns: life.resume("SOON-1", now_ns))
        tell(lambda now_ns: life.change_grid("SOON-1", "deci_cent", now_ns))
        tell(lambda now_ns: life.change_metadata("SOON-1", now_ns, floor_strike="4"))
        tell(lambda now_ns: life.move_close("SOON-1", now_ns + HOUR_NS, now_ns))
        tell(lambda now_ns: life.determine("SOON-1", "yes", -1, now_ns))
        change = FeeChange(
            id="1", series="WEATHER", event="TODAY", fee_type="quadratic", multiplier_milli=500, scheduled_ns=1
        )
        self.site.do(lambda: life.schedule_fees(change))
        tell(self.site.place.advance)

    def _quote(self) -> None:
        talk = self.site.feed.communications
        self.site.do(lambda: talk.request("rfq_created", REQUEST, "x"))
        for stage in ("quote_created", "quote_accepted", "quote_executed"):
            self.site.do(partial(talk.quote, stage, QUOTE, ("x", "other"), "x"))
        self.site.do(lambda: talk.request("rfq_deleted", REQUEST, "x"))


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    files = SimAuthority(tmp_path).issue()
    key = make_key(tmp_path, "rsa")
    with FeedSite([SimKey(key.key_id, "x", key.public_key)], server_context(files)) as site:
        yield Stage(site, key, files.authority)


def names(values: list[Any], field: str) -> list[Any]:
    return [value[field] for value in values]


COMMUNICATIONS = ("rfq_created", "rfq_deleted", "quote_created", "quote_accepted", "quote_executed")
EVERY_TYPE = (
    "orderbook_snapshot", "orderbook_delta", "trade", "ticker", "fill", "user_order", "market_position",
    "order_group_updates", "market_lifecycle_v2", "multivariate_market_lifecycle", "event_lifecycle",
    "event_fee_update", *COMMUNICATIONS,
)  # fmt: skip


def see_what_was_told(heard: dict[str, list[Any]]) -> None:
    """Check what a client that keeps the venue's own types has heard of `Stage.act`."""
    assert names(heard["orderbook_snapshot"], "market_ticker")[0] == "RAIN"
    assert [(each["price_dollars"], each["delta_fp"]) for each in heard["orderbook_delta"]][:2] == [
        ("0.4000", "2.00"),
        ("0.4000", "-1.00"),
    ]
    (trade,) = heard["trade"]
    assert (trade["yes_price_dollars"], trade["count_fp"], trade["taker_outcome_side"]) == ("0.4000", "1.00", "no")
    (fill,) = heard["fill"]
    assert (fill["count_fp"], fill["post_position_fp"], fill["is_taker"]) == ("1.00", "1.00", False)
    assert names(heard["user_order"], "remaining_count_fp") == ["2.00", "1.00"]
    assert names(heard["market_position"], "position_fp") == ["1.00"]
    assert names(heard["ticker"], "yes_bid_dollars")[-1] == "0.4000"
    assert names(heard["order_group_updates"], "event_type") == ["created", "limit_updated"]
    assert names(heard["market_lifecycle_v2"], "event_type") == STAGES


def test_pykalshi_hears_every_channel(stage: Stage) -> None:
    with ForeignClient("pykalshi", "feed_pykalshi2", stage.asked) as client:
        stage.wait_until_subscribed()
        stage.act()
        client.hear(
            "OrderbookSnapshotMessage", "OrderbookDeltaMessage", "TickerMessage", "TradeMessage", "FillMessage",
            "UserOrderMessage", "PositionMessage", "OrderGroupUpdateMessage", "MarketLifecycleMessage",
            "event_lifecycle", "event_fee_update", "multivariate_market_lifecycle", *COMMUNICATIONS,
        )  # fmt: skip
        heard = client.heard
        models = {
            "OrderbookSnapshotMessage": "orderbook_snapshot", "OrderbookDeltaMessage": "orderbook_delta",
            "TickerMessage": "ticker", "TradeMessage": "trade", "FillMessage": "fill",
            "UserOrderMessage": "user_order", "PositionMessage": "market_position",
            "OrderGroupUpdateMessage": "order_group_updates", "MarketLifecycleMessage": "market_lifecycle_v2",
        }  # fmt: skip
        see_what_was_told({models.get(type_, type_): values for type_, values in heard.items()})
        client.say("trade")
        stage.wait_until_subscribed(tuple(each for each in CHANNELS if each != "trade"))
        client.hear("unsubscribed")
    assert client.refused == []


def test_pykalshi_client_hears_every_channel_and_changes_its_markets(stage: Stage) -> None:
    with ForeignClient("pykalshi-client", "feed_pykalshi1", stage.asked) as client:
        client.hear("subscribed", times=len(CHANNELS))
        stage.wait_until_subscribed()
        stage.act()
        client.hear(*EVERY_TYPE)
        see_what_was_told(client.heard)
        client.say(f"add {BOOK} SNOW")
        client.hear("ok")
        client.hear("orderbook_snapshot", times=2)
        assert client.heard["ok"] == [{"market_tickers": ["RAIN", "SNOW"]}]
        client.say(f"snapshot {BOOK} RAIN")
        client.hear("orderbook_snapshot", times=3)
        assert client.heard["orderbook_snapshot"][2]["yes_dollars_fp"] == [["0.4000", "1.00"]]
        client.say(f"remove {BOOK} RAIN")
        client.hear("ok", times=2)
        assert stage.markets_of(BOOK) == {"SNOW"}
        stage.order("x", B, "SNOW")
        client.hear("orderbook_delta", times=3)  # under the next number, or the client would have stopped
        client.say("remove trade RAIN")
        client.hear("unsubscribed")
    assert client.refused == []


def test_neural_hears_every_channel_and_changes_its_markets(stage: Stage) -> None:
    with ForeignClient("neural", "feed_neural", stage.asked) as client:
        client.hear("subscribed", times=len(CHANNELS))
        sids = {each["channel"]: each["sid"] for each in client.heard["subscribed"]}
        stage.act()
        client.hear(*EVERY_TYPE)
        see_what_was_told(client.heard)
        client.say(f"add_markets {sids[BOOK]} SNOW")
        client.hear("ok")
        client.hear("orderbook_snapshot", times=2)
        client.say(f"get_snapshot {sids[BOOK]} RAIN")
        client.hear("orderbook_snapshot", times=3)
        client.say(f"delete_markets {sids[BOOK]} RAIN")
        client.hear("ok", times=2)
        assert stage.markets_of(BOOK) == {"SNOW"}
        client.say(f"add_markets {sids['ticker']} NOWHERE")
        client.hear("error")
        assert client.heard["error"] == [{"code": 11, "msg": "Invalid parameter: unknown market NOWHERE"}]
        client.say(f"end {sids['trade']} -")
        client.hear("unsubscribed")
    assert client.refused == []
