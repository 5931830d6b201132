"""Series that roll: markets that come, close, end and pay by themselves, and leave nothing behind."""

import pytest

from engine import fix
from engine.errors import ConfigError
from engine.exchange.account_events import MarketChanged
from engine.exchange.events import NewOrder, Traded
from engine.exchange.ledger.history import Cutoffs
from engine.exchange.liquidity import LiquiditySettings
from engine.exchange.listing.records import MarketRecord, SeriesRecord
from engine.exchange.listing.rolling import RollingSettings
from engine.exchange.marketplace import Marketplace
from engine.instrument import PriceBand
from tests.support.sim.accounts import DOLLAR, cash
from tests.support.sim.venue import NOON_NS, SECOND_NS

MINUTE_NS = 60 * SECOND_NS
QUARTER_NS = 15 * MINUTE_NS


def place_of(*rolling: RollingSettings, **settings: object) -> Marketplace:
    place = Marketplace(nonce="n", **settings)  # type: ignore[arg-type]
    for each in rolling:
        place.roll(each)
    return place


def series(ticker: str = "KXBTC15M", **more: object) -> RollingSettings:
    return RollingSettings(series=SeriesRecord(ticker=ticker, shard=2), **more)  # type: ignore[arg-type]


def steps(place: Marketplace, now_ns: int) -> list[tuple[str, str]]:
    events = place.advance(now_ns)
    return [(event.step, event.symbol) for event in events if isinstance(event, MarketChanged)]


def only_market(place: Marketplace) -> MarketRecord:
    (market,) = place.listing.markets.values()
    return market


def test_market_comes_closes_ends_and_is_followed_by_the_next() -> None:
    place = place_of(series())
    ((step, ticker),) = steps(place, NOON_NS)
    assert (step, ticker[:22]) == ("created", "KXBTC15M-26NOV231715-T")
    market = only_market(place)
    assert (market.status, market.shard, market.close_ns) == ("active", 2, NOON_NS + QUARTER_NS)
    assert market.floor_strike == ticker.partition("-T")[2]
    assert steps(place, NOON_NS + QUARTER_NS - 1) == []
    ((step, following),) = steps(place, NOON_NS + QUARTER_NS)
    assert (step, following[:22]) == ("created", "KXBTC15M-26NOV231730-T")
    assert market.status == "closed"
    assert steps(place, NOON_NS + QUARTER_NS + 3 * SECOND_NS) == [("determined", ticker)]
    assert steps(place, NOON_NS + QUARTER_NS + 6 * SECOND_NS) == [("settled", ticker)]
    assert (market.result in ("yes", "no"), market.expiration_value != "") == (True, True)
    assert list(place.listing.markets) == [following]
    assert place.exchange.markets.keys() == {following}


def test_lead_lists_an_event_before_it_opens() -> None:
    place = place_of(series(lead_s=60))
    steps(place, NOON_NS)
    steps(place, NOON_NS + 14 * MINUTE_NS)
    assert [market.status for market in place.listing.markets.values()] == ["active", "initialized"]
    steps(place, NOON_NS + QUARTER_NS)
    assert [market.status for market in place.listing.markets.values()] == ["closed", "active"]


def test_same_seed_gives_the_same_life_and_both_results_occur() -> None:
    results = []
    for _ in range(2):
        place = place_of(series(period_s=10, determine_after_s=1, settlement_timer_s=0, seed=5))
        for second in range(200):
            place.advance(NOON_NS + second * SECOND_NS)
        results.append([(market.ticker, market.result) for market in place.listing.archived.values()])
    assert results[0] == results[1]
    assert {result for _, result in results[0]} == {"yes", "no"}


def test_strikes_of_one_event_agree_about_where_the_index_ended() -> None:
    place = place_of(series(period_s=10, strikes=(-20_000, 0, 20_000), netting="DIRECNET", settlement_timer_s=0))
    for second in range(300):
        place.advance(NOON_NS + second * SECOND_NS)
    by_event: dict[str, list[MarketRecord]] = {}
    for market in place.listing.archived.values():
        by_event.setdefault(market.event, []).append(market)
    assert len(by_event) > 25
    for markets in by_event.values():
        assert len({market.expiration_value for market in markets}) == 1
        results = [market.result for market in sorted(markets, key=lambda market: float(market.floor_strike))]
        assert results == sorted(results, reverse=True)  # yes below where it ended, no above


def test_scalar_series_pays_a_part() -> None:
    place = place_of(series(period_s=10, is_scalar=True, scale=40_000, settlement_timer_s=0))
    for second in range(100):
        place.advance(NOON_NS + second * SECOND_NS)
    values = [market.value for market in place.listing.archived.values()]
    assert all(0 <= value <= 10_000 for value in values) and len(set(values)) > 5
    assert {market.result for market in place.listing.archived.values()} == {"scalar"}


def test_market_that_was_given_more_time_or_decided_by_hand_is_left_alone() -> None:
    place = place_of(series(period_s=10))
    steps(place, NOON_NS)
    first = only_market(place)
    place.lifecycle.move_close(first.ticker, NOON_NS + 60 * SECOND_NS, NOON_NS)
    steps(place, NOON_NS + 20 * SECOND_NS)
    assert first.status == "active"
    steps(place, NOON_NS + 70 * SECOND_NS)
    assert first.result in ("yes", "no")
    latest = list(place.listing.markets.values())[-1]
    place.lifecycle.void(latest.ticker, NOON_NS + 71 * SECOND_NS)
    steps(place, NOON_NS + 200 * SECOND_NS)
    assert latest.result == "scalar"


def test_period_that_nobody_looked_at_is_left_out() -> None:
    place = place_of(series())
    steps(place, NOON_NS)
    made = steps(place, NOON_NS + 10 * QUARTER_NS)
    assert [step for step, _ in made].count("created") == 1


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"period_s": 0}, "period_s"),
        ({"lead_s": -1}, "not negative"),
        ({"label": "penny"}, "label 'penny' is unknown"),
        ({"strikes": ()}, "strikes"),
        ({"strikes": (5, 1)}, "strikes"),
        ({"scale": 0}, "scale"),
    ],
)
def test_settings_that_cannot_be_are_errors(wrong: dict[str, object], text: str) -> None:
    with pytest.raises(ConfigError, match=f"KXBTC15M: .*{text}"):
        series(**wrong)  # type: ignore[arg-type]


def test_house_quotes_each_market_while_it_is_active() -> None:
    place = place_of(series(period_s=10), liquidity=LiquiditySettings(rate=200.0))
    fills = 0
    for tenth in range(400):
        now_ns = NOON_NS + tenth * SECOND_NS // 10
        events = place.advance(now_ns)
        fills += sum(isinstance(event, Traded) for event in events)
        for symbol, market in place.exchange.markets.items():
            market._check()
            if place.listing.markets[symbol].status == "active":
                assert market.bids.best() is not None or market.asks.best() is not None
    assert fills > 50
    held = sum(cash(place.ledger, account) for account in place.ledger.holdings)
    assert held <= 0  # fees and what open positions hold


def test_month_of_markets_leaves_nothing_behind() -> None:
    """Twenty series of 150 short markets, all traded: whatever is kept per market goes with it."""
    rolling = [
        series(f"KX{number}", period_s=10, determine_after_s=1, settlement_timer_s=1, seed=number)
        for number in range(20)
    ]
    place = place_of(*rolling)
    place.listing._most_archived = 100
    for account in "xy":
        place.ledger.deposit(account, 2, 100_000 * DOLLAR, NOON_NS)
    ids = 0
    for second in range(1500):
        now_ns = NOON_NS + second * SECOND_NS
        place.advance(now_ns)
        if second % 10 == 5:
            for symbol in list(place.listing.markets):
                for account, side in (("x", fix.BUY), ("y", fix.SELL)):
                    ids += 1
                    order = NewOrder(
                        account=account,
                        cl_ord_id=str(ids),
                        symbol=symbol,
                        side=side,
                        order_qty=100,
                        price=4000,
                        time_in_force=fix.Tif.GTC,
                    )
                    place.submit(order, now_ns)
    assert len(place.listing.markets) <= 40
    assert place.exchange.markets.keys() == place.listing.markets.keys() == place.listing.instruments.keys()
    assert len(place.exchange.orders) <= 80
    assert len(place.listing.archived) == 100 and len(place.listing.archived_events) <= 100
    assert len(place.ledger.open("x").positions) <= 40
    assert len(place.ledger.open_interest) <= 40
    later = NOON_NS + 2000 * SECOND_NS
    place.ledger.archive(Cutoffs(later, later, later, later))
    assert place.ledger.orders("x", status="executed") == []
    assert len(place.ledger.orders("x", archived=True)) > 2500


def test_house_takes_its_quotes_along_when_the_grid_or_the_state_changes() -> None:
    place = place_of(series(period_s=1000), liquidity=LiquiditySettings(rate=200.0))
    for tenth in range(20):
        place.advance(NOON_NS + tenth * SECOND_NS // 10)
    market = only_market(place)
    now_ns = NOON_NS + 2 * SECOND_NS
    coarse = (PriceBand(0, 10_000, 200),)
    place.lifecycle.change_grid(market.ticker, "own", now_ns, coarse)
    place.advance(now_ns)
    book = place.exchange.markets[market.ticker]
    assert {price % 200 for price, _ in [*book.bids.levels(), *book.asks.levels()]} == {0}
    place.lifecycle.pause(market.ticker, now_ns)
    place.advance(now_ns)
    assert book.bids.levels() == book.asks.levels() == []
    place.lifecycle.resume(market.ticker, now_ns)
    place.advance(now_ns + 1)
    assert len(book.bids.levels()) >= 3
