"""A market's states, the steps between them, and what each does to orders and positions."""

from collections.abc import Callable

import pytest

from engine import fix
from engine.errors import ConfigError, EngineError
from engine.exchange.account_events import EventFeeChanged, MarketChanged
from engine.exchange.events import LevelChanged
from engine.exchange.listing.grids import LABELS, bands_of
from engine.exchange.listing.records import EventRecord, FeeChange, MarketRecord, SeriesRecord
from engine.instrument import PriceBand, price_grid
from tests.support.sim.accounts import DOLLAR, cash
from tests.support.sim.marketplace import HOUR_NS, Bazaar
from tests.support.sim.venue import NOON_NS, SECOND_NS

B, S = fix.BUY, fix.SELL


def status(bazaar: Bazaar, symbol: str = "A") -> str:
    market = bazaar.place.listing.market(symbol)
    assert market is not None
    return market.status


def test_market_opens_at_its_time_without_a_word() -> None:
    bazaar = Bazaar()
    assert bazaar.add("N", opens_ns=bazaar.now_ns + SECOND_NS) == [("created", "N")]
    assert status(bazaar, "N") == "initialized"
    assert bazaar.advance(SECOND_NS) == []
    assert status(bazaar, "N") == "active"
    assert bazaar.new("x", B, 100, 4000, symbol="N")[0][0] == "accepted"


def test_created_event_tells_close_and_grid() -> None:
    bazaar = Bazaar()
    bazaar.add("N", label="deci_cent", bands=bands_of("deci_cent"))
    (created,) = bazaar.told
    assert isinstance(created, MarketChanged)
    assert (created.event, created.series, created.shard) == ("E", "S", 0)
    assert (created.label, created.bands, created.close_ns) == (
        "deci_cent",
        (PriceBand(0, 10_000, 10),),
        NOON_NS + HOUR_NS,
    )


def test_orders_are_swept_a_while_after_the_close() -> None:
    bazaar = Bazaar(sweep_ns=SECOND_NS)
    bazaar.new("x", B, 100, 4000, cl_ord_id="o")
    assert bazaar.advance(HOUR_NS) == []
    assert (status(bazaar), bazaar.cancel("x", "o")[0][-1]) == ("closed", "MARKET_INACTIVE")
    assert bazaar.advance(SECOND_NS) == [("expired", "x", "o", 0)]
    assert bazaar.place.ledger.orders("x")[0].reason == "CloseCancel"


def test_pause_keeps_orders_but_those_that_are_flagged_and_resume_cancels_all() -> None:
    bazaar = Bazaar()
    lifecycle = bazaar.place.lifecycle
    bazaar.new("x", B, 100, 4000, cancel_on_pause=True)
    bazaar.new("x", B, 100, 4000, cl_ord_id="kept")
    paused = bazaar.short(lifecycle.pause("A", bazaar.now_ns))
    assert [event[0] for event in paused] == ["canceled", "deactivated"]
    assert bazaar.cancel("x", "nobody")[0][-1] == "UNKNOWN_ORDER"
    resumed = bazaar.short(lifecycle.resume("A", bazaar.now_ns))
    assert resumed == [("canceled", "x", "kept", "", 0, "MARKET_ACTIVATED"), ("activated", "A")]


def test_early_close_and_a_later_one() -> None:
    bazaar = Bazaar()
    lifecycle = bazaar.place.lifecycle
    assert bazaar.short(lifecycle.move_close("A", bazaar.now_ns, bazaar.now_ns)) == [("close_date_updated", "A")]
    assert status(bazaar) == "closed"
    later = bazaar.now_ns + 2 * HOUR_NS
    assert bazaar.short(lifecycle.move_close("A", later, bazaar.now_ns)) == [("close_date_updated", "A")]
    assert bazaar.new("x", B, 100, 4000)[0][0] == "accepted"
    assert bazaar.advance(HOUR_NS) == []
    assert bazaar.advance(HOUR_NS)[0][0] == "expired"


def test_settlement_waits_for_its_timer_and_the_market_is_kept_a_while() -> None:
    bazaar = Bazaar(keep_ns=10 * SECOND_NS)
    bazaar.add("N", settlement_timer_ns=5 * SECOND_NS)
    bazaar.new("x", B, 100, 4000, symbol="N")
    bazaar.new("y", S, 100, 4000, symbol="N")
    assert bazaar.short(bazaar.place.lifecycle.determine("N", "no", -1, bazaar.now_ns)) == [("determined", "N")]
    assert bazaar.advance(5 * SECOND_NS - 1) == []
    assert bazaar.advance(1) == [("paid", "y", "N", DOLLAR), ("paid", "x", "N", 0), ("settled", "N")]
    assert (status(bazaar, "N"), "N" in bazaar.place.exchange.markets) == ("finalized", True)
    bazaar.advance(10 * SECOND_NS)
    assert (status(bazaar, "N"), "N" in bazaar.place.exchange.markets) == ("finalized", False)


def test_dispute_holds_the_payment_until_it_is_amended() -> None:
    bazaar = Bazaar()
    bazaar.add("N", settlement_timer_ns=5 * SECOND_NS)
    lifecycle = bazaar.place.lifecycle
    bazaar.new("x", B, 100, 4000, symbol="N")
    bazaar.new("y", S, 100, 4000, symbol="N")
    lifecycle.determine("N", "no", -1, bazaar.now_ns)
    assert lifecycle.dispute("N", bazaar.now_ns) == []
    assert bazaar.advance(60 * SECOND_NS) == []
    lifecycle.determine("N", "yes", -1, bazaar.now_ns)
    assert status(bazaar, "N") == "amended"
    assert bazaar.advance(5 * SECOND_NS) == [("paid", "y", "N", 0), ("paid", "x", "N", DOLLAR), ("settled", "N")]


def test_void_pays_the_last_price_to_both_sides() -> None:
    bazaar = Bazaar()
    bazaar.new("x", B, 100, 4000)
    bazaar.new("y", S, 100, 4000)
    events = bazaar.short(bazaar.place.lifecycle.void("A", bazaar.now_ns))
    assert events == [("determined", "A"), ("paid", "y", "A", 600_000), ("paid", "x", "A", 400_000), ("settled", "A")]
    record = bazaar.place.listing.archived["A"]
    assert (record.result, record.value) == ("scalar", 4000)


def test_grid_change_leaves_orders_where_they_rest() -> None:
    bazaar = Bazaar()
    bazaar.new("x", B, 100, 4100, cl_ord_id="o")
    coarse = (PriceBand(0, 10_000, 500),)
    assert bazaar.short(bazaar.place.lifecycle.change_grid("A", "own", bazaar.now_ns, coarse)) == [
        ("price_level_structure_updated", "A")
    ]
    assert bazaar.new("x", B, 100, 4100)[0][-1] == "INVALID_PRICE"
    assert bazaar.new("y", S, 50, 4000)[-1][:3] == ("traded", "x", "o")
    assert bazaar.replace("x", "o", 100, 4100)[0][-1] == "INVALID_PRICE"
    assert bazaar.replace("x", "o", 100, 4500)[0][0] == "replaced"


def test_metadata_and_event_fees_are_told() -> None:
    bazaar = Bazaar()
    lifecycle = bazaar.place.lifecycle
    assert bazaar.short(lifecycle.change_metadata("A", bazaar.now_ns, floor_strike="61.5")) == [
        ("metadata_updated", "A")
    ]
    assert bazaar.place.listing.markets["A"].floor_strike == "61.5"
    later = bazaar.now_ns + SECOND_NS
    change = FeeChange(id="f", series="S", event="E", fee_type=None, multiplier_milli=500, scheduled_ns=later)
    lifecycle.schedule_fees(change)
    assert bazaar.advance(SECOND_NS - 1) == []
    assert bazaar.advance(1) == [("EventFeeChanged", "E")]
    assert isinstance(bazaar.told[0], EventFeeChanged)
    assert bazaar.place.listing.fee_terms("E") == ("quadratic", 500)
    assert list(bazaar.place.listing.past_fee_changes) == [change] and not bazaar.place.listing.fee_changes


@pytest.mark.parametrize(
    ("step", "text"),
    [
        (lambda life: life.resume("A", 0), "A is active"),
        (lambda life: life.settle("A", 0), "A is active"),
        (lambda life: life.dispute("A", 0), "A is active"),
        (lambda life: life.determine("A", "perhaps", 5, 0), "result 'perhaps'"),
        (lambda life: life.determine("A", "scalar", 10_001, 0), "value 10001"),
    ],
)
def test_step_that_cannot_be_says_why(step: Callable[[object], object], text: str) -> None:
    with pytest.raises(EngineError, match=text):
        step(Bazaar().place.lifecycle)


def test_ticker_that_is_listed_already_is_an_error() -> None:
    listing = Bazaar().place.listing
    with pytest.raises(ConfigError, match="series 'S' is listed already"):
        listing.add_series(SeriesRecord(ticker="S"))
    with pytest.raises(ConfigError, match="event 'E' is listed already"):
        listing.add_event(EventRecord(ticker="E", series="S"))
    with pytest.raises(ConfigError, match="market 'A' is listed already"):
        listing.add_market(MarketRecord(ticker="A", event="E"))


@pytest.mark.parametrize("label", LABELS)
def test_every_label_is_a_grid_that_is_symmetric_and_takes_whole_cents(label: str) -> None:
    grid = price_grid(bands_of(label), 10_000)
    assert all(price in grid for price in range(100, 10_000, 100))
    assert [10_000 - price for price in reversed(grid.prices)] == list(grid.prices)


def test_finished_markets_are_kept_within_bounds() -> None:
    bazaar = Bazaar()
    listing = bazaar.place.listing
    listing._most_archived = 3
    for number in range(6):
        bazaar.place.lifecycle.list_event(EventRecord(ticker=f"E{number}", series="S"), bazaar.now_ns)
        bazaar.add(f"M{number}", event=f"E{number}")
        bazaar.place.lifecycle.determine(f"M{number}", "yes", -1, bazaar.now_ns)
    assert list(listing.archived) == ["M3", "M4", "M5"]
    assert list(listing.archived_events) == ["E3", "E4", "E5"]
    assert listing.market("M0") is None and listing.event("E5") is not None


NETTED = [("MECNET", S), ("DIRECNET", B)]


@pytest.mark.parametrize(("netting", "first"), NETTED)
def test_netting_frees_collateral_and_takes_it_off_the_payments(netting: str, first: int) -> None:
    bazaar = Bazaar()
    bazaar.place.listing.events["E"].netting = netting
    ledger = bazaar.place.ledger
    ledger.set_netting("x", True)
    bazaar.new("y", B if first == S else S, 1000, 4000, post_only=True)
    bazaar.new("x", first, 1000, 4000)
    before = cash(ledger, "x")
    bazaar.new("y", B, 1000, 4000, symbol="B", post_only=True)
    bazaar.new("x", S, 1000, 4000, symbol="B")
    fill = ledger.fills("x")[0]
    assert fill.freed == 10 * DOLLAR
    assert cash(ledger, "x") - before == fill.balance_change == 4 * DOLLAR - fill.fee
    for symbol, result in (("A", "yes"), ("B", "no")):
        bazaar.place.lifecycle.determine(symbol, result, -1, bazaar.now_ns)
    assert sum(cash(ledger, account) for account in "xyz") + ledger.fees == 300 * DOLLAR
    assert not ledger.open("x").freed


def test_order_that_takes_freed_collateral_back_must_be_borne() -> None:
    bazaar = Bazaar()
    bazaar.place.listing.events["E"].netting = "MECNET"
    ledger = bazaar.place.ledger
    ledger.set_netting("x", True)
    for symbol in "AB":
        bazaar.new("y", B, 2000, 4000, symbol=symbol, post_only=True)
        bazaar.new("x", S, 2000, 4000, symbol=symbol)
    ledger.set_netting("x", False)
    assert ledger.open("x").freed == {"E": 20 * DOLLAR}
    spare = cash(ledger, "x")
    assert ledger.transfer(("x", 0), ("x", 2), spare - 6 * DOLLAR, "t", bazaar.now_ns)
    bazaar.new("y", S, 2000, 4000)
    assert bazaar.new("x", B, 2000, 4000)[0][-1] == "INSUFFICIENT_BALANCE"  # it gets 12 and gives 20 back
    bazaar.new("x", B, 1000, 4000)
    assert 0 <= cash(ledger, "x") < 3 * DOLLAR
    assert ledger.fills("x")[0].freed == -10 * DOLLAR


def test_book_of_a_market_that_ended_is_empty() -> None:
    bazaar = Bazaar()
    bazaar.new("x", B, 100, 4000)
    bazaar.place.lifecycle.move_close("A", bazaar.now_ns, bazaar.now_ns)
    market = bazaar.place.exchange.markets["A"]
    assert market.bids.levels() == []
    bazaar.short(bazaar.place.lifecycle.determine("A", "no", -1, bazaar.now_ns))
    assert not [event for event in bazaar.told if isinstance(event, LevelChanged)]
