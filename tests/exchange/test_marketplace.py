"""A venue with accounts: what its parts do together."""

from engine import fix
from engine.exchange.events import PublicTrade
from engine.exchange.ledger.history import Retention
from engine.exchange.marketplace import positions_of
from tests.support.sim.accounts import DOLLAR, cash, free
from tests.support.sim.marketplace import HOUR_NS, Bazaar

B, S = fix.BUY, fix.SELL


def test_trade_moves_cash_positions_and_what_the_market_shows() -> None:
    bazaar = Bazaar()
    bazaar.new("x", B, 1000, 4000)
    assert free(bazaar.place.ledger, "x") == 96 * DOLLAR
    bazaar.new("y", S, 1000, 3900)
    changes = positions_of(bazaar.told)
    assert [changes[fill.exec_id].net for fill in bazaar.fills()] == [-1000, 1000]
    ledger = bazaar.place.ledger
    assert cash(ledger, "x") == 96 * DOLLAR
    assert cash(ledger, "y") == 94 * DOLLAR - 168_000  # 10 NO at 0.60, fee 0.07 * 10 * 0.4 * 0.6
    market = bazaar.place.listing.markets["A"]
    assert (market.last_price, market.volume, ledger.open_interest["A"]) == (4000, 1000, 1000)
    assert bazaar.place.tape.day_volume("A", bazaar.now_ns) == 1000
    (trade,) = bazaar.place.tape.trades("A")
    assert isinstance(trade, PublicTrade)
    assert bazaar.place.tape.trades("B") == []


def test_market_lives_to_its_end_and_pays() -> None:
    bazaar = Bazaar()
    bazaar.new("x", B, 1000, 4000)
    bazaar.new("y", S, 600, 4000)
    assert bazaar.advance(HOUR_NS) == [("expired", "x", "x1", 600)]
    place = bazaar.place
    assert place.listing.markets["A"].status == "closed"
    assert bazaar.short(place.lifecycle.determine("A", "yes", -1, bazaar.now_ns)) == [
        ("determined", "A"),
        ("paid", "y", "A", 0),
        ("paid", "x", "A", 6 * DOLLAR),
        ("settled", "A"),
    ]
    assert "A" not in place.exchange.markets
    assert place.listing.archived["A"].result == "yes"
    assert sum(cash(place.ledger, account) for account in "xyz") + place.ledger.fees == 300 * DOLLAR


def test_queue_position_counts_what_trades_first() -> None:
    bazaar = Bazaar()
    bazaar.new("x", B, 100, 4100)
    bazaar.new("y", B, 300, 4000)
    bazaar.new("x", B, 500, 4000)
    order_id = bazaar.order_id()
    assert bazaar.place.queue_position("x", order_id) == 400
    assert bazaar.place.queue_position("y", order_id) is None
    bazaar.new("z", S, 200, 4000)
    assert bazaar.place.queue_position("x", order_id) == 200


def test_what_is_old_goes_into_the_archive_by_itself() -> None:
    bazaar = Bazaar(retention=Retention(orders_ns=HOUR_NS, others_ns=2 * HOUR_NS))
    bazaar.add("N", close_ns=bazaar.now_ns + 10 * HOUR_NS)
    bazaar.new("x", B, 100, 4000, symbol="N")
    bazaar.new("y", S, 100, 4000, symbol="N")
    ledger = bazaar.place.ledger
    bazaar.advance(HOUR_NS)
    assert (len(ledger.orders("x")), len(ledger.fills("x"))) == (1, 1)
    bazaar.advance(HOUR_NS // 2)
    assert (len(ledger.orders("x")), len(ledger.orders("x", archived=True))) == (0, 1)
    bazaar.advance(HOUR_NS)
    assert (len(ledger.fills("x")), len(ledger.fills("x", archived=True))) == (0, 1)
    assert ledger.cutoffs.orders_ns == bazaar.now_ns - HOUR_NS
    assert len(ledger.positions("x")) == 1


def test_worth_is_by_the_best_price_of_the_other_side() -> None:
    bazaar = Bazaar()
    bazaar.new("x", B, 100, 4000)
    bazaar.new("y", S, 100, 4000)
    assert (bazaar.place.worth("x"), bazaar.place.worth("y")) == (400_000, 600_000)
    bazaar.new("z", B, 100, 3000)
    bazaar.new("z", S, 100, 8000)
    assert (bazaar.place.worth("x"), bazaar.place.worth("y")) == (300_000, 200_000)


def test_volume_of_a_day_and_the_price_before_it() -> None:
    bazaar = Bazaar()
    bazaar.add("N", close_ns=bazaar.now_ns + 100 * HOUR_NS)
    for hours in range(26):
        bazaar.new("x", B, 100, 4000 + hours * 100, symbol="N")
        bazaar.new("y", S, 100, 4000, symbol="N")
        bazaar.now_ns += HOUR_NS
    market = bazaar.place.listing.markets["N"]
    now_ns = bazaar.now_ns - HOUR_NS
    assert (market.volume, bazaar.place.tape.day_volume("N", now_ns)) == (2600, 2400)
    assert (market.last_price, market.previous_price) == (6500, 4100)
