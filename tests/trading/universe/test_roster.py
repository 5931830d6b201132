"""Every part of a desk learns of a market that comes, and forgets one that is over."""

from types import SimpleNamespace
from typing import Any

import pytest

from engine import fix
from engine.errors import ConfigError, JournalError, OrderError
from engine.instrument import NOWHERE
from engine.journal.writer import NullJournal
from engine.orders.order import restore_fields
from engine.risk import RiskReject
from engine.risk.limits import DuplicateLimit
from engine.strategy import Strategy
from engine.trading.markets import Stop
from engine.venue import EventKind, MarketState
from tests.support.order_reports import ack, canceled, fill, report
from tests.support.rosters import RollingScene, market


@pytest.fixture
def scene() -> RollingScene:
    return RollingScene()


def test_market_that_comes_is_traded_like_any_other(scene: RollingScene) -> None:
    fog = market("FOG", event="WEATHER")
    assert scene.roster.add([fog]) == {}
    assert ("strategy.on_market", "FOG", "") in scene.taken()
    assert fog.index == 2
    assert scene.loop.book(fog).is_stale
    assert scene.desk.instruments == (scene.rain, scene.snow, fog)
    scene.frame(EventKind.SNAPSHOT, instrument=fog, bids=[(4_500, 100)], asks=[(4_600, 100)])
    assert ("strategy.on_book", "FOG") in scene.taken()
    order = scene.bid(fog, 4_500, 10)
    scene.loop.apply(ack(order))
    scene.loop.apply(fill(order, 10, "E1", 4_500))
    assert scene.desk.position(fog).net == 10
    assert scene.loop.portfolio.event("WEATHER").cash == -45_000
    scene.check()


def test_book_of_a_new_market_is_asked_for(scene: RollingScene) -> None:
    fog, hail = market("FOG"), market("HAIL")
    scene.roster.add([fog, hail])
    assert ("command", b"add FOG HAIL") in scene.taken()


def test_market_that_is_over_is_forgotten_and_its_place_used_again(scene: RollingScene) -> None:
    fog, hail = market("FOG"), market("HAIL")
    scene.come(fog)
    order = scene.bid(fog, 4_500, 10)
    scene.loop.apply(ack(order))
    scene.loop.apply(fill(order, 10, "E1", 4_500))
    scene.loop.settlements.pay(fog, 10_000, "the venue")
    pnl = scene.loop.portfolio.pnl
    scene.taken()
    scene.roster.remove([fog])
    assert ("command", b"remove FOG") in scene.taken()
    assert fog.index == NOWHERE
    assert scene.desk.instruments == (scene.rain, scene.snow)
    assert (scene.loop.portfolio.pnl, pnl) == (pnl, 55_000 - 7)
    assert scene.orders.by_id(order.cl_ord_id) is None
    scene.come(hail)
    assert hail.index == 2
    assert (scene.desk.position(hail).net, scene.loop.markets.causes(hail)) == (0, Stop(0))
    scene.check()


def test_forgotten_market_is_a_stranger_everywhere(scene: RollingScene) -> None:
    fog = market("FOG")
    scene.come(fog)
    scene.roster.remove([fog])
    assert scene.bid(fog, 4_500, 10) is None
    assert scene.taken()[-1][:3] == ("strategy.on_reject", None, RiskReject.UNKNOWN_MARKET)
    for look in (scene.desk.book, scene.desk.position, lambda each: scene.roster.remove([each])):
        with pytest.raises(OrderError):
            look(fog)
    with pytest.raises(ConfigError, match="unknown market 'FOG'"):
        scene.desk.instrument("FOG")


def test_market_of_the_start_can_be_forgotten_too(scene: RollingScene) -> None:
    scene.roster.remove([scene.rain])
    fog = market("FOG")
    scene.come(fog)
    assert (fog.index, scene.snow.index) == (0, 1)
    assert scene.desk.instruments == (fog, scene.snow)
    scene.check()


@pytest.mark.parametrize("what", ["position", "order"])
def test_market_in_which_something_is_stays_with_those_asked_for_beside_it(scene: RollingScene, what: str) -> None:
    fog, hail = market("FOG"), market("HAIL")
    scene.come(fog, hail)
    order = scene.bid(hail, 4_500, 10)
    if what == "position":
        scene.loop.apply(ack(order))
        scene.loop.apply(fill(order, 10, "E1", 4_500))
    assert not scene.roster.is_final(hail)
    with pytest.raises(OrderError, match="HAIL cannot be forgotten"):
        scene.roster.remove([fog, hail])
    assert scene.desk.instruments == (scene.rain, scene.snow, fog, hail)
    scene.check()


def test_removed_market_leaves_no_cause_doubt_or_count(scene: RollingScene) -> None:
    fog = market("FOG")
    scene.come(fog)
    scene.loop.doubts._contradict_market("FOG", "odd")
    scene.loop.markets.stop(fog, Stop.CLOSED, "over")
    order = scene.bid(scene.rain)
    scene.loop.apply(ack(order))
    refused = report(order.cl_ord_id, fix.Exec.REJECTED, fix.Status.REJECTED)
    restore_fields(order, instrument=fog)
    scene.loop.apply(refused)
    scene.roster.remove([fog])
    assert scene.loop.guard.rejects._in_a_row == {}
    assert (scene.loop.markets.all(), scene.loop.doubts.all(), scene.loop.markets.pulled()) == ([], [], [])


def test_order_in_a_slot_used_again_is_no_duplicate_of_what_was_there() -> None:
    scene = RollingScene(duplicates=DuplicateLimit(max_orders=1, window_ns=10**9))
    fog, hail = market("FOG"), market("HAIL")
    scene.come(fog)
    order = scene.bid(fog, 4_500, 10)
    scene.loop.apply(ack(order))
    scene.desk.cancel(order)
    scene.loop.apply(canceled(order))
    scene.roster.remove([fog])
    scene.come(hail)
    assert scene.bid(hail, 4_500, 10) is not None
    assert scene.bid(hail, 4_500, 10) is None


def test_restricted_market_is_restricted_when_it_comes() -> None:
    scene = RollingScene(restricted=("RAIN",))
    scene.roster.remove([scene.rain])
    again = market("RAIN")
    scene.come(again)
    assert scene.bid(again, 4_500, 10) is None
    assert scene.taken()[-1][2] == RiskReject.RESTRICTED
    assert scene.bid(scene.snow, 4_500, 10) is not None


def test_fee_bound_of_a_market_counts_and_changes(scene: RollingScene) -> None:
    fog = market("FOG")
    scene.fees.per_lot["FOG"] = 100
    scene.come(fog)
    scene.bid(fog, 4_500, 10)
    assert scene.risk.exposure.open_cost == 46_000
    scene.roster.set_terms(fog, -1, 300)
    assert scene.risk.exposure.open_cost == 48_000
    scene.check()


def test_market_with_a_name_that_no_message_can_carry_is_refused_alone(scene: RollingScene) -> None:
    odd, fog = market("NÉBEL"), market("FOG")
    assert list(scene.roster.add([odd, fog])) == [odd]
    assert (odd.index, scene.desk.instruments[2:]) == (NOWHERE, (fog,))


def test_market_that_the_dialect_cannot_carry_is_set_aside_alone(scene: RollingScene) -> None:
    odd, fog = market("ODD"), market("FOG")

    def add(instruments: list[Any]) -> list[bytes]:
        if odd in instruments:
            raise ConfigError("ODD has no price grid")
        return [b"add"]

    scene.spies["market_data"]._target.add = add
    scene.roster.add([odd, fog])
    assert (scene.loop.markets.causes(odd), scene.loop.markets.causes(fog)) == (Stop.REFUSED, Stop(0))


class FullJournal(NullJournal):
    """A journal on a full disk."""

    is_full = True

    def append_state(self, kind: int, numbers: tuple[int, ...], text: str, now_ns: int = 0) -> None:
        if self.is_full:
            raise JournalError("no room")


def test_market_that_cannot_be_recorded_is_not_added() -> None:
    journal = FullJournal()
    scene = RollingScene(journal=journal)
    fog = market("FOG")
    with pytest.raises(JournalError):
        scene.roster.add([fog])
    assert (fog.index, scene.desk.instruments) == (NOWHERE, (scene.rain, scene.snow))
    journal.is_full = False
    scene.come(fog)
    journal.is_full = True
    with pytest.raises(JournalError):
        scene.roster.remove([fog])
    assert scene.desk.instruments == (scene.rain, scene.snow, fog)
    scene.check()


def test_market_that_comes_while_data_are_late_is_stopped_until_they_are_not(scene: RollingScene) -> None:
    watch, sent_ns = scene.loop.watch, 10**18
    watch.note(SimpleNamespace(venue_time_ns=sent_ns), scene.now_ns)
    watch.look(scene.now_ns)
    watch.note(SimpleNamespace(venue_time_ns=sent_ns - 10**10), scene.now_ns)
    fog = market("FOG")
    scene.roster.add([fog])
    assert scene.loop.markets.has(fog, Stop.LATE)
    scene.loop.watch.trust()
    assert not scene.loop.markets.has(fog, Stop.LATE)


def test_market_that_comes_in_a_pause_of_the_venue_is_stopped_like_all_others(scene: RollingScene) -> None:
    scene.loop.markets.stop_all(Stop.HOURS, "a planned pause")
    scene.taken()
    fog = market("FOG")
    scene.roster.add([fog])
    told = [step for step in scene.taken() if step[0] == "strategy.on_market"]
    assert told == [("strategy.on_market", "FOG", ""), ("strategy.on_market", "FOG", "FOG: a planned pause")]
    assert scene.loop.markets.causes(fog) == Stop.HOURS
    scene.loop.markets.lift_all(Stop.HOURS)
    hail = market("HAIL")
    scene.roster.add([hail])
    assert (scene.loop.markets.causes(fog), scene.loop.markets.causes(hail)) == (Stop(0), Stop(0))


def test_trading_waits_for_no_market_that_came_later(scene: RollingScene) -> None:
    scene.roster.add([market("FOG")])
    assert scene.loop.watch.obstacle(scene.now_ns) == ""
    scene.loop.watch.connected()
    assert scene.loop.watch.obstacle(scene.now_ns) == "no fresh book for 1 of 3 markets: FOG"


def test_market_without_data_is_set_aside_alone(scene: RollingScene) -> None:
    fog = market("FOG")
    scene.roster.add([fog])
    for _ in range(2):
        scene.loop.watch.look(scene.now_ns)
        scene.now_ns += 5_000_000_000
    assert scene.loop.markets.causes(fog) == Stop.NO_BOOK
    assert scene.loop.markets.causes(scene.rain) == Stop(0)


def test_desk_without_any_market_waits_for_one(scene: RollingScene) -> None:
    scene.roster.remove([scene.rain, scene.snow])
    assert scene.loop.watch.obstacle(scene.now_ns) == "no market to trade"
    assert scene.desk.instruments == ()
    assert scene.desk.cancel_all() == 0
    assert scene.risk.explain(RiskReject.DAILY_LOSS).startswith("lost 0.000000 today")
    fog = market("FOG")
    scene.come(fog)
    assert scene.loop.watch.obstacle(scene.now_ns) == ""
    assert scene.bid(fog, 4_500, 10) is not None


class Settling(Strategy):
    """Notes what it is told of markets."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[Any, ...]] = []

    def on_settle(self, instrument: Any, value: int, position: int) -> None:
        self.told.append((instrument.symbol, value, position, self.context.position(instrument).net))


def test_settlement_is_told_with_what_was_held() -> None:
    strategy = Settling()
    scene = RollingScene(strategy)
    order = scene.sell(4_600, 10)
    scene.loop.apply(ack(order))
    scene.loop.apply(fill(order, 10, "E1", 4_600))
    state: dict[str, Any] = {"instrument": scene.rain, "state": MarketState.SETTLED, "text": "settled"}
    scene.frame(EventKind.STATE, price=10_000, **state)
    scene.frame(EventKind.STATE, price=10_000, **state)
    scene.frame(EventKind.STATE, instrument=scene.snow, state=MarketState.DETERMINED, text="determined", price=0)
    assert strategy.told == [("RAIN", 10_000, -10, 0), ("SNOW", 0, 0, 0)]


def test_settlement_before_the_start_is_not_told() -> None:
    strategy = Settling()
    scene = RollingScene(strategy)
    scene.loop.markets.is_quiet = True
    scene.loop.settlements.pay(scene.rain, 0, "the venue")
    assert strategy.told == []


def test_hook_on_settle_that_raises_halts() -> None:
    class Broken(Strategy):
        def on_settle(self, instrument: Any, value: int, position: int) -> None:
            raise ValueError("lost")

    scene = RollingScene(Broken())
    scene.loop.settlements.pay(scene.rain, 0, "the venue")
    assert [reason.partition(" (")[0] for reason in scene.halts] == ["strategy hook on_settle raised ValueError: lost"]


def test_dirty_book_of_a_removed_market_runs_no_hook(scene: RollingScene) -> None:
    fog = market("FOG")
    scene.come(fog)
    scene.delta(4_500, 10, is_last=False, instrument=fog)
    scene.roster.remove([fog])
    scene.taken()
    scene.loop.on_read_end()
    assert scene.taken() == []


def test_lowest_free_places_are_used_first(scene: RollingScene) -> None:
    fogs = [market(f"FOG{number}") for number in range(5)]
    scene.come(*fogs)
    scene.roster.remove(fogs[1:4])
    more = [market(f"HAIL{number}") for number in range(4)]
    scene.come(*more)
    assert [each.index for each in more] == [3, 4, 5, 7]
    scene.check()
