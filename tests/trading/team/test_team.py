"""Two strategies at one desk: whose hooks are called, whose limits count, and whom a mistake stops."""

from typing import Any

import pytest

from engine.book import Book
from engine.errors import EngineError
from engine.fix import BUY
from engine.instrument import Instrument
from engine.orders.order import Order
from engine.portfolio.shared import SharedPortfolio
from engine.risk.codes import RiskReject
from engine.risk.limits import StrategyLimits
from engine.strategy import Strategy
from engine.testing.desk import DeskInMemory
from engine.trading.team.member import Member, SeenMarkets
from engine.trading.team.team import Team


class Teller(Strategy):
    """Writes down what it is told; `raises` names a hook that fails."""

    def __init__(self) -> None:
        super().__init__(None)
        self.told: list[tuple[Any, ...]] = []
        self.raises = ""

    def _tell(self, hook: str, *what: Any) -> None:
        self.told.append((hook, *what))
        if hook == self.raises:
            raise ValueError("wrong")

    def on_start(self) -> None:
        self._tell("on_start")

    def on_book(self, book: Book) -> None:
        self._tell("on_book", book.instrument.symbol)

    def on_order(self, order: Order) -> None:
        self._tell("on_order", order.cl_ord_id)

    def on_fill(self, order: Order, price: int, qty: int) -> None:
        self._tell("on_fill", order.cl_ord_id, price, qty)

    def on_reject(self, order: Order | None, reason: int, text: str) -> None:
        self._tell("on_reject", reason, text)

    def on_settle(self, instrument: Instrument, value: int, position: int) -> None:
        self._tell("on_settle", instrument.symbol, position)

    def on_trade(self, instrument: Instrument, side: int, price: int, size: int) -> None:
        self._tell("on_trade", instrument.symbol)

    def on_timer(self, key: object) -> None:
        self._tell("on_timer", key)

    def on_halt(self, reason: str) -> None:
        self._tell("on_halt", reason)

    def on_resume(self) -> None:
        self._tell("on_resume")

    def heard(self, hook: str) -> list[tuple[Any, ...]]:
        return [what for each, *what in self.told if each == hook]  # type: ignore[misc]


class Pair:
    """A maker that sees both markets and a taker that sees one, started, with books."""

    def __init__(self, on_error: Any = "halt", own: dict[str, StrategyLimits] | None = None, **limits: Any) -> None:
        self.maker, self.taker = Teller(), Teller()
        members = [
            Member("maker", self.maker, SeenMarkets(), on_error),
            Member("taker", self.taker, SeenMarkets(symbols=("RAIN",)), on_error),
        ]
        self.desk = DeskInMemory(members, ("RAIN", "SNOW"), own_limits=own or {}, may_halt=True, **limits)
        for name in ("RAIN", "SNOW"):
            self.desk.show(name, [(4_000, 1_000)], [(4_500, 1_000)])
        self.desk.start()
        self.rain = self.desk.instrument("RAIN")
        self.snow = self.desk.instrument("SNOW")

    @property
    def team(self) -> Team:
        assert isinstance(self.desk.strategy, Team)
        return self.desk.strategy

    def shares(self) -> SharedPortfolio:
        return self.team.portfolio

    def buy(self, who: Strategy, price: int = 4_000, qty: int = 10, **more: Any) -> Order:
        order = who.context.buy(self.rain, price, qty, **more)
        assert order is not None
        self.desk.pass_time(1)
        return order


@pytest.fixture
def pair() -> Pair:
    return Pair()


def test_a_book_goes_to_whoever_sees_its_market(pair: Pair) -> None:
    pair.desk.level("RAIN", BUY, 4_100, 5)
    pair.desk.level("SNOW", BUY, 4_100, 5)
    assert pair.maker.heard("on_book")[-2:] == [["RAIN"], ["SNOW"]]
    assert pair.taker.heard("on_book")[-1:] == [["RAIN"]]
    pair.desk.trade("SNOW", BUY, 4_500, 1)
    assert (pair.maker.heard("on_trade"), pair.taker.heard("on_trade")) == ([["SNOW"]], [])
    assert [each.symbol for each in pair.taker.context.instruments] == ["RAIN"]


def test_what_becomes_of_an_order_is_told_to_its_owner_alone(pair: Pair) -> None:
    order = pair.buy(pair.taker, tag="lean")
    pair.desk.fill(order, 4)
    assert pair.taker.heard("on_order") == [[order.cl_ord_id]]
    assert pair.taker.heard("on_fill") == [[order.cl_ord_id, 4_000, 4]]
    assert not pair.maker.heard("on_order") and not pair.maker.heard("on_fill")
    assert (order.owner, order.tag) == ("taker", "lean")


def test_each_has_its_own_orders_positions_and_profit(pair: Pair) -> None:
    bought = pair.buy(pair.maker)
    pair.desk.fill(bought)
    sold = pair.taker.context.sell(pair.rain, 4_500, 4)
    assert sold is not None
    pair.desk.pass_time(1)
    pair.desk.fill(sold)
    maker, taker = pair.maker.context, pair.taker.context
    assert (maker.position(pair.rain).net, taker.position(pair.rain).net) == (10, -4)
    assert pair.desk.position("RAIN").net == 6
    assert (maker.portfolio.cash, taker.portfolio.cash) == (-40_000, 18_000)
    resting = pair.buy(pair.maker, 3_900, 3)
    assert list(maker.orders()) == [resting] and list(taker.orders()) == []
    assert taker.order(resting.cl_ord_id) is None and maker.order(resting.cl_ord_id) is resting
    assert (maker.portfolio.open_orders, taker.portfolio.open_orders) == (1, 0)


def test_a_strategy_cannot_change_what_is_anothers(pair: Pair) -> None:
    order = pair.buy(pair.maker)
    with pytest.raises(EngineError, match="is strategy maker's: strategy taker cannot change it"):
        pair.taker.context.cancel(order)
    with pytest.raises(EngineError, match="cannot change it"):
        pair.taker.context.replace(order, 3_900, 5)
    assert pair.taker.context.cancel_all() == 0
    assert pair.maker.context.cancel_all() == 1


def test_own_limits_deny_the_owner_and_leave_the_other_alone() -> None:
    pair = Pair(own={"taker": StrategyLimits(max_position=15)})
    pair.buy(pair.taker)
    assert pair.taker.context.portfolio.left(pair.rain).position == 5
    assert pair.taker.context.buy(pair.rain, 3_900, 6) is None
    text = "strategy taker: the position could pass the limit of one market"
    assert pair.taker.heard("on_reject") == [[RiskReject.MAX_POSITION, text]]
    assert not pair.maker.heard("on_reject")
    assert pair.maker.context.buy(pair.rain, 3_900, 600) is not None


def test_the_accounts_limits_count_what_all_of_them_do() -> None:
    pair = Pair(max_position=15)
    pair.buy(pair.taker)
    assert pair.maker.context.buy(pair.rain, 3_900, 6) is None
    assert pair.maker.heard("on_reject") == [[RiskReject.MAX_POSITION, RiskReject.MAX_POSITION.text]]
    assert pair.maker.context.buy(pair.rain, 3_900, 5) is not None


def test_two_strategies_cannot_trade_with_each_other(pair: Pair) -> None:
    pair.buy(pair.maker, 4_200)
    assert pair.taker.context.sell(pair.rain, 4_200, 1) is None
    assert pair.taker.heard("on_reject") == [[RiskReject.SELF_MATCH, RiskReject.SELF_MATCH.text]]


def test_a_market_that_it_does_not_see_is_none_of_its_own(pair: Pair) -> None:
    assert pair.taker.context.buy(pair.snow, 4_000, 1) is None
    assert pair.taker.heard("on_reject")[0][0] == RiskReject.RESTRICTED
    assert pair.maker.context.buy(pair.snow, 4_000, 1) is not None


def test_a_hook_that_raises_halts_everything_by_default(pair: Pair) -> None:
    pair.taker.raises = "on_book"
    pair.desk.level("RAIN", BUY, 4_100, 5)
    assert "strategy taker: hook on_book raised ValueError: wrong" in pair.desk.halted
    assert pair.maker.heard("on_halt") and pair.taker.heard("on_halt")


def test_a_strategy_that_only_stops_itself_leaves_the_other_trading() -> None:
    pair = Pair("stop")
    mine, others = pair.buy(pair.taker), pair.buy(pair.maker)
    pair.taker.raises = "on_book"
    pair.desk.level("RAIN", BUY, 4_100, 5)
    assert not pair.desk.halted
    assert [each.kind for each in pair.desk.requests] == ["new", "new", "cancel"]
    assert mine.is_done and not others.is_done
    assert "hook on_book raised" in pair.taker.context.state.reason
    assert pair.taker.context.is_halted and not pair.maker.context.is_halted
    books = len(pair.taker.heard("on_book"))
    pair.desk.level("RAIN", BUY, 4_150, 5)
    assert len(pair.taker.heard("on_book")) == books and pair.maker.heard("on_book")[-1] == ["RAIN"]
    assert pair.taker.context.buy(pair.rain, 3_900, 1) is None
    assert "strategy taker: hook on_book" in pair.taker.heard("on_reject")[-1][1]


def test_a_stopped_strategy_still_hears_of_its_orders_and_goes_on_when_resumed() -> None:
    pair = Pair("stop")
    order = pair.buy(pair.taker)
    pair.team.stop_member("taker", "by ann: looks odd")
    pair.desk.fill(order, 4)
    assert pair.taker.heard("on_fill") and pair.taker.context.position(pair.rain).net == 4
    pair.team.resume("taker")
    assert pair.taker.heard("on_resume") and not pair.taker.context.is_halted
    pair.taker.raises = ""
    assert pair.taker.context.buy(pair.rain, 3_900, 1) is not None


def test_a_loss_of_its_own_stops_a_strategy_alone() -> None:
    pair = Pair(own={"taker": StrategyLimits(max_daily_loss=5_000)})
    pair.desk.fill(pair.buy(pair.taker))
    pair.desk.fill(pair.buy(pair.maker))
    pair.desk.level("RAIN", BUY, 4_000, 0)
    pair.desk.level("RAIN", BUY, 3_400, 5)
    assert not pair.desk.halted
    assert pair.taker.context.state.reason.startswith("lost 0.04")
    assert not pair.maker.context.is_halted


def test_each_is_told_what_it_held_when_a_market_is_paid(pair: Pair) -> None:
    pair.desk.fill(pair.buy(pair.maker))
    pair.desk.settle("RAIN", 10_000)
    assert pair.maker.heard("on_settle") == [["RAIN", 10]] and pair.taker.heard("on_settle") == [["RAIN", 0]]
    assert pair.shares().share("maker").cash == 60_000


def test_timers_and_inputs_are_their_owners(pair: Pair) -> None:
    pair.taker.context.timer(5, "due")
    pair.desk.pass_time(10)
    assert pair.taker.heard("on_timer") == [["due"]] and not pair.maker.heard("on_timer")


def test_a_denial_inside_a_denial_goes_to_who_asked(pair: Pair) -> None:
    class Again(Teller):
        def on_reject(self, order: Order | None, reason: int, text: str) -> None:
            super().on_reject(order, reason, text)
            if len(self.heard("on_reject")) < 3:
                self.context.buy(self.context.instruments[0], 1, 1)

    again = Again()
    desk = DeskInMemory([Member("again", again), Member("other", pair.maker)], ("RAIN",))
    desk.show("RAIN", [(4_000, 1)], [(4_500, 1)])
    desk.start()
    assert again.context.buy(desk.instrument("RAIN"), 1, 1) is None
    assert [what[0] for what in again.heard("on_reject")] == [RiskReject.PRICE_GRID] * 3
    assert not pair.maker.heard("on_reject")
