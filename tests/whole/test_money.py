"""Random lives of an account: fills, busts, corrections, settlements, closings, days and restarts through a journal.

After each step portfolio, risk, metrics and demo agree with a plain reference to the unit. FIXLANE_LIVES says how many
lives, FIXLANE_SEED which is the first.
"""

import os
import random
import shutil
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec import structs

from engine.app.demo.amounts import read_money
from engine.book import NO_ASK, NO_BID, make_book
from engine.fix import BUY, SELL, Exec, Status
from engine.instrument import Instrument
from engine.journal.recovery import recover
from engine.journal.segments import journal_paths
from engine.journal.writer import Journal
from engine.ops.metrics import families
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.orders.report import ABSENT, ExecutionReport
from engine.orders.table import Outcome
from engine.portfolio import Portfolio
from engine.portfolio.day import DayRule
from engine.risk import Risk, TradingState
from engine.trading.day import TradingDay
from tests.support.order_reports import ack, canceled, fill, open_order, report
from tests.support.reference_money import ReferenceMoney
from tests.support.risks import NO_LIMITS, markets
from tests.support.views import desk, picture

LIVES = int(os.environ.get("FIXLANE_LIVES", "300"))
SEED = int(os.environ.get("FIXLANE_SEED", "1"))
BATCH = 50
STEPS = 40
HOUR_NS = 3600 * 10**9
RULE = DayRule(17 * HOUR_NS, "America/New_York")
INSTRUMENTS = (*markets(), Instrument("FREE", 3, None))


def fee_of(order: Order, price: int, qty: int, is_taker: bool) -> int:
    return price * qty // 100 if is_taker else -qty


class Life:
    """One account from its first start on; `money` is what is true of it."""

    def __init__(self, directory: Path, seed: int) -> None:
        self.directory, self.random = directory, random.Random(seed)
        self.money = ReferenceMoney(INSTRUMENTS)
        self.fills: dict[str, list[tuple[str, int, int, int]]] = {}  # of an order: ExecID, quantity, price, fee
        self.said: dict[str, dict[str, tuple[set[int], set[int]]]] = {}  # of an order: ExecID, its LastQty and CumQty
        self.exec_ids = (f"E{number}" for number in count(1))
        self.nonces = (f"R{number}" for number in count(1))
        self.wall_ns = 1_795_500_000 * 10**9
        limit = self.random.choice((5_000, 50_000, 10**9))
        self.limits = structs.replace(NO_LIMITS, max_daily_loss=limit)
        self.day_start_ns = 0
        self.start()

    def start(self) -> None:
        """Build everything from the journal, as an engine does."""
        self.orders, self.portfolio = Orders(next(self.nonces), fee_of), Portfolio(INSTRUMENTS)
        self.risk = Risk(self.limits, INSTRUMENTS, self.portfolio)
        self.books = [make_book(instrument) for instrument in INSTRUMENTS]
        start_ns, _ = RULE.bounds(self.wall_ns)
        recover(journal_paths(self.directory), INSTRUMENTS, self.orders, self.portfolio, start_ns)
        self.risk.restore(self.orders.live())
        self.journal = Journal(self.directory, self.orders.nonce, INSTRUMENTS, self.wall_ns, segment_bytes=2**15)
        self.day = TradingDay(RULE, self.portfolio, self.journal)
        self.day.begin(self.wall_ns)
        self.money.restart()
        self.turn_reference()
        self.money.write_marks()
        self.look = picture(desk(INSTRUMENTS, self.books, self.portfolio, self.risk, self.orders))

    def turn_reference(self) -> None:
        start_ns, _ = RULE.bounds(self.wall_ns)
        if start_ns != self.day_start_ns:
            self.day_start_ns = start_ns
            self.money.turn_day()

    # What happens

    def step(self) -> None:
        draw = self.random
        actions = (
            self.trade,
            self.undo,
            self.correct,
            self.cancel,
            self.see,
            self.settle,
            self.close_market,
            self.wait,
        )
        draw.choices((*actions, self.restart), (40, 8, 6, 4, 30, 2, 3, 4, 4))[0]()
        self.compare()

    def hear(self, order: Order, made: ExecutionReport) -> None:
        """Take a report as the loop does, and book in the reference what it was made to say."""
        change = self.orders.apply(made)
        assert change.kind not in (Outcome.UNKNOWN, Outcome.DUPLICATE), change.text
        self.journal.append_report(made, self.wall_ns)
        self.portfolio.book(change)
        self.risk.update(order)
        self.judge()

    def judge(self) -> None:
        was_active = self.risk.state is TradingState.ACTIVE
        is_lost = self.money.day_pnl < -self.limits.max_daily_loss
        assert self.risk.is_within_loss() is not (was_active and is_lost)
        if was_active and is_lost:
            money = INSTRUMENTS[0].format_money
            told = f"lost {money(-self.money.day_pnl)} today, allowed {money(self.limits.max_daily_loss)}"
            assert self.risk.reason == told
            self.risk.set_state(self.random.choice((TradingState.ACTIVE, TradingState.REDUCE_ONLY)), "resumed")
        elif self.random.random() < 0.1:
            self.risk.set_state(TradingState.ACTIVE, "resumed")

    def trade(self) -> None:
        draw = self.random
        live = [order for order in self.orders.live() if order.leaves_qty and order.ord_status != Status.UNKNOWN]
        if not live or draw.random() < 0.4:
            instrument, side = draw.choice(INSTRUMENTS), draw.choice((BUY, SELL))
            order = open_order(self.orders, draw.randint(1, 30), draw.randrange(100, 9_900, 10), side, "1", instrument)
            self.journal.append_new(order, self.wall_ns)
            self.risk.update(order)
            self.hear(order, ack(order))
            return
        order = draw.choice(live)
        qty, price = draw.randint(1, order.leaves_qty), self.price_of(order)
        exec_id = self.exec_id_of(order, qty, order.cum_qty + qty)
        is_taker, fee = draw.random() < 0.5, draw.choice((ABSENT, -3, 0, 70))
        paid = fee_of(order, price, qty, is_taker) if fee == ABSENT else fee
        self.money.holdings[order.instrument].fill(order.side, qty, price, paid)
        self.fills.setdefault(order.cl_ord_id, []).append((exec_id, qty, price, paid))
        self.hear(order, fill(order, qty, exec_id, price, fee=fee, is_taker=is_taker))

    def price_of(self, order: Order) -> int:
        """Return the price of an order, or a better one."""
        better = range(10, order.price, 10) if order.side == BUY else range(order.price + 10, 9_990, 10)
        price: int = self.random.choice((order.price, *better))
        return price

    def exec_id_of(self, order: Order, qty: int, cum_qty: int) -> str:
        """Return a new ExecID, or one that the order has for something that nobody could take for this."""
        said = self.said.setdefault(order.cl_ord_id, {})
        known = [
            exec_id
            for exec_id, (qtys, cum_qtys) in said.items()
            if qty not in qtys and cum_qty not in cum_qtys and self.random.random() < 0.3
        ]
        exec_id = known[0] if known else next(self.exec_ids)
        for values, value in zip(said.setdefault(exec_id, (set(), set())), (qty, cum_qty), strict=True):
            values.add(value)
        return exec_id

    def one_fill(self) -> tuple[Order, tuple[str, int, int, int]] | None:
        known = [cl_ord_id for cl_ord_id, fills in self.fills.items() if fills]
        if not known:
            return None
        cl_ord_id = self.random.choice(known)
        fills = self.fills[cl_ord_id]
        order = self.orders.by_id(cl_ord_id)
        assert order is not None
        return order, fills.pop(self.random.randrange(len(fills)))

    def undo(self) -> None:
        found = self.one_fill()
        if found is not None:
            order, (exec_id, qty, price, fee) = found
            self.money.holdings[order.instrument].fill(order.side, -qty, price, -fee)
            made = report(order.cl_ord_id, Exec.TRADE_CANCEL, "1", exec_ref_id=exec_id, last_qty=qty, last_px=price)
            made.cum_qty = order.cum_qty - qty
            made.exec_id = self.exec_id_of(order, 0, made.cum_qty)
            self.work_again(order, made)
            self.hear(order, made)

    def correct(self) -> None:
        found = self.one_fill()
        if found is not None:
            order, (exec_id, qty, price, fee) = found
            right, now, paid = self.random.randint(1, qty), self.price_of(order), 11
            again = self.exec_id_of(order, right, order.cum_qty - qty + right)
            holding = self.money.holdings[order.instrument]
            holding.fill(order.side, -qty, price, -fee)
            holding.fill(order.side, right, now, paid)
            self.fills[order.cl_ord_id].append((again, right, now, paid))
            made = report(order.cl_ord_id, Exec.TRADE_CORRECT, "1", exec_id=again, exec_ref_id=exec_id, fee=paid)
            made.last_qty, made.last_px, made.cum_qty = right, now, order.cum_qty - qty + right
            self.work_again(order, made)
            self.hear(order, made)

    def work_again(self, order: Order, made: ExecutionReport) -> None:
        """What was taken back may trade again, unless the order was cancelled."""
        is_over = order.ord_status == Status.CANCELED
        made.ord_status = Status.CANCELED if is_over else Status.PARTIALLY_FILLED
        made.leaves_qty = 0 if is_over else order.order_qty - made.cum_qty

    def cancel(self) -> None:
        live = [order for order in self.orders.live() if order.can_cancel]
        if live:
            order = self.random.choice(live)
            self.orders.request_cancel(order, 0)
            self.journal.append_cancel(order, self.wall_ns)
            self.risk.update(order)
            if self.random.random() < 0.8:
                self.hear(order, canceled(order))

    def see(self) -> None:
        """A book moves, sometimes to nothing, to prices that cross, or out of sight."""
        draw, book = self.random, self.random.choice(self.books)
        bid = draw.choice((NO_BID, *range(1_000, 9_000, 500)))
        ask = draw.choice((NO_ASK, *range(1_500, 9_500, 500)))
        book.snapshot([(bid, 5)] if bid != NO_BID else [], [(ask, 5)] if ask != NO_ASK else [])
        if draw.random() < 0.1:
            book.mark_stale()
        else:
            self.money.holdings[book.instrument].see(bid, ask)
        self.portfolio.mark_book(book)
        self.judge()

    def settle(self) -> None:
        instrument, price, fee = self.random.choice(INSTRUMENTS), self.random.choice((0, 3_333, 10_000)), 5
        self.money.holdings[instrument].settle(price, fee)
        self.portfolio.settle(instrument, price, fee)
        self.journal.append_settle(instrument, price, fee, self.wall_ns)
        self.risk.refresh(instrument)
        self.judge()

    def close_market(self) -> None:
        instrument, is_open = self.random.choice(INSTRUMENTS), self.random.random() < 0.5
        self.money.holdings[instrument].is_open = is_open
        self.portfolio.set_open(instrument, is_open)

    def wait(self) -> None:
        self.wall_ns += self.random.randrange(20 * HOUR_NS)
        self.day.tick(self.wall_ns)
        self.turn_reference()

    def restart(self) -> None:
        """End in order, or as kill -9 would leave it; sometimes the day turns before the next start."""
        if self.random.random() < 0.5:
            self.day.close(self.wall_ns)
            self.money.write_marks()
            self.journal.close()
        else:
            content = self.journal.path.read_bytes()
            self.journal.close()
            self.journal.path.write_bytes(content)
        if self.random.random() < 0.3:
            self.wall_ns += self.random.randrange(30 * HOUR_NS)
        self.start()

    # What must be true

    def compare(self) -> None:
        money, portfolio, exposure = self.money, self.portfolio, self.risk.exposure
        portfolio._check()
        exposure._check()
        view = self.look()
        symbols = [instrument.symbol for instrument in INSTRUMENTS]
        made = (*families._by_market(view, symbols), *families._money(view))
        metrics = {family.name: family.samples for family in made}
        by_market = {sample.labels["symbol"]: sample.value for sample in metrics["fixlane_market_pnl_dollars"]}
        pnls = [round(by_market[symbol] * 10**6) for symbol in symbols]
        shown = read_money(cast(Any, SimpleNamespace(portfolio=portfolio)))
        worst = {name: 0 for name in ("WEATHER", "COINS", "FREE")}
        for holding, position, pnl in zip(money.holdings.values(), portfolio, pnls, strict=True):
            found = (position.net, position.cash, position.cost, position.fees, position.pnl)
            assert found == (holding.net, holding.cash, holding.cost, holding.fees, holding.pnl), position
            assert (position.realised, position.unrealised) == (
                holding.cash + holding.cost,
                holding.net * holding.mark - holding.cost,
            )
            assert not holding.net or position.mark == holding.mark, position
            assert pnl == holding.pnl
            assert exposure.position(holding.instrument) == holding.net
            worst[holding.instrument.event] += self.worst_of(holding.instrument, holding.net)
        assert (portfolio.pnl, portfolio.day_pnl) == (money.pnl, money.day_pnl)
        assert round(metrics["fixlane_pnl_day_dollars"][0].value * 10**6) == view.head.day_pnl == money.day_pnl
        assert (shown.pnl, shown.cash) == (money.pnl, sum(h.cash - h.fees for h in money.holdings.values()))
        for name, largest in worst.items():
            assert exposure.event_position(name) == largest
            assert portfolio.event(name).pnl == sum(each.pnl for each in money.event(name))
        assert exposure.gross_position == sum(worst.values())

    def worst_of(self, instrument: Instrument, net: int) -> int:
        """Return the largest position that the open orders could make."""
        live = [order for order in self.orders.live() if order.instrument is instrument]
        buys, sells = (sum(o.worst_leaves_qty for o in live if o.side == side) for side in (BUY, SELL))
        return max(net + buys, sells - net)


@pytest.mark.parametrize("first", range(SEED, SEED + LIVES, BATCH))
def test_every_account_of_money_agrees_with_a_plain_one(tmp_path: Path, first: int) -> None:
    for seed in range(first, min(first + BATCH, SEED + LIVES)):
        directory = tmp_path / "journal"
        directory.mkdir()
        print(f"FIXLANE_SEED={seed}")
        life = Life(directory, seed)
        for _ in range(STEPS):
            life.step()
        life.journal.close()
        shutil.rmtree(directory)
