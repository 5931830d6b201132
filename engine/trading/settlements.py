"""Pays what a market turned out to be worth: to the position, the journal, the limits and the day's profit and loss.

Units   prices and money as in `instrument`.
Errors  OrderError for a price that no contract pays; what the journal cannot take halts, and is paid all the same.
Thread  the loop thread only.
"""

from collections.abc import Callable, Iterable

from engine.errors import JournalError, OrderError
from engine.instrument import Instrument
from engine.journal.segments import RecordKind
from engine.journal.writer import NullJournal
from engine.portfolio import Portfolio, Position
from engine.risk import Risk
from engine.runtime.notices import NoticeKind, Notices
from engine.trading.guard import Guard
from engine.trading.markets import Markets, Stop

REVIEW_NS = 1_000_000_000


class Settlements:
    """The settlements of one desk; `append_settle` is `Journal`'s."""

    def __init__(
        self,
        portfolio: Portfolio,
        risk: Risk,
        journal: NullJournal,
        markets: Markets,
        notices: Notices,
        guard: Guard,
        wall_ns: Callable[[], int],
    ) -> None:
        self._portfolio = portfolio
        self._risk = risk
        self._journal = journal
        self._markets = markets
        self._notices = notices
        self._guard = guard
        self._wall_ns = wall_ns
        self._reviewed_ns = 0
        self.paid: dict[Instrument, int] = {}  # what was held of each market that was paid

    def remove(self, instruments: Iterable[Instrument]) -> None:
        """Forget what was held of these markets."""
        for instrument in instruments:
            self.paid.pop(instrument, None)

    def close_settled(self) -> None:
        """Stop the markets that an earlier run paid out."""
        for position in self._portfolio:
            if position.is_settled:
                shown = position.instrument.format_price(position.mark)
                self._markets.stop(position.instrument, Stop.CLOSED, f"settled at {shown}")

    def hear(self, instrument: Instrument, price: int) -> None:
        """Pay what the venue says; a price that cannot be, or another one than it said before, is told and not paid."""
        position = self._portfolio[instrument]
        if position.is_settled and position.mark != price:
            shown = instrument.format_price
            self._doubt(instrument, f"settled at {shown(position.mark)}, and at {shown(price)} by the venue now")
        elif not position.is_settled or position.net:
            try:
                self.pay(instrument, price, "the venue")
            except OrderError as error:
                self._doubt(instrument, str(error))

    def review(self, now_ns: int) -> None:
        """Pay what fills brought that came after their market was paid: the venue does not say so again."""
        if now_ns - self._reviewed_ns < REVIEW_NS:
            return
        self._reviewed_ns = now_ns
        for position in self._portfolio:
            if position.is_settled and position.net:
                self.pay(position.instrument, position.mark, "the venue before, for a late fill")

    def _doubt(self, instrument: Instrument, text: str) -> None:
        self._notices.tell(NoticeKind.SETTLEMENT_WRONG, f"{instrument.symbol}: {text}")
        self._markets.stop(instrument, Stop.CLOSED, text)

    def hold(self, instrument: Instrument, net: int, cost: int, by: str, reason: str) -> str:
        """Hold `net` from now on, which cost so much; what the market has made so far stays. Return it in words.

        OrderError for a market that has settled, and for a cost that is not on the side of what is held.
        """
        position = self._portfolio[instrument]
        check_holding(instrument, position, net, cost)
        cash = position.cash + position.cost - cost
        text = f"{describe_holding(instrument, position, net, cost)}, by {by}: {reason}"
        try:
            numbers = instrument.index, net, cash, cost
            self._journal.append_state(RecordKind.RESTATE, numbers, text, self._wall_ns())
        except (JournalError, OSError) as error:
            self._guard.halt(f"journal: {error}")
        self._portfolio.restate(instrument, net, cash, cost)
        self._risk.refresh(instrument)
        self._notices.tell(NoticeKind.POSITION_RESTATED, f"{instrument.symbol}: {text}")
        if not self._risk.is_within_loss():
            self._guard.halt(self._risk.reason)
        return text

    def pay(self, instrument: Instrument, price: int, by: str) -> str:
        """Pay out what is held of a market, which takes no new orders from now on; return what was paid, in words."""
        check_price(instrument, price)
        position = self._portfolio[instrument]
        if position.is_settled and position.mark != price and not position.net:
            shown = instrument.format_price(position.mark)
            raise OrderError(f"{instrument.symbol} has settled at {shown}: nothing of it is held that could be paid")
        text, net = f"{describe(position, price)}, by {by}", position.net
        try:
            self._journal.append_settle(instrument, price, 0, self._wall_ns())
        except (JournalError, OSError) as error:
            self._guard.halt(f"journal: {error}")
        self._portfolio.settle(instrument, price, 0)
        self.paid[instrument] = self.paid.get(instrument, 0) + net
        self._risk.refresh(instrument)
        self._notices.tell(NoticeKind.MARKET_SETTLED, f"{instrument.symbol}: {text}")
        self._markets.stop(instrument, Stop.CLOSED, text)
        if not self._markets.is_quiet:
            self._guard.call("on_settle", instrument, price, net)
        if not self._risk.is_within_loss():
            self._guard.halt(self._risk.reason)
        return text


def check_price(instrument: Instrument, price: int) -> None:
    """Raise OrderError for what no contract of a market pays; any price between, on its grid or not, may be one."""
    if price < 0 or (instrument.limit and price > instrument.limit):
        most = f"0 to {instrument.format_price(instrument.limit)}" if instrument.limit else "0 or more"
        raise OrderError(
            f"{instrument.symbol} cannot settle at {instrument.format_price(price)}: a contract pays {most}"
        )


def describe(position: Position, price: int) -> str:
    """Say what a settlement pays."""
    instrument = position.instrument
    size, paid = instrument.format_size(position.net), instrument.format_money(position.net * price)
    return f"settled at {instrument.format_price(price)}, {size} held pay {paid}"


def check_holding(instrument: Instrument, position: Position, net: int, cost: int) -> None:
    """Raise OrderError for a market that has settled, and for a cost that is not on the side of what is held."""
    if position.is_settled:
        raise OrderError(f"{instrument.symbol} has settled: nothing of it can be held")
    if (net > 0 > cost) or (net < 0 < cost) or (not net and cost) or abs(cost) > abs(net) * instrument.limit:
        size, money = instrument.format_size(net), instrument.format_money(cost)
        raise OrderError(
            f"{instrument.symbol}: {size} cannot have cost {money}: of a long position it is 0 or more, of a short"
            " one 0 or less, and never more than its contracts can pay"
        )


def describe_holding(instrument: Instrument, position: Position, net: int, cost: int) -> str:
    """Return what is held from now on, and what was before, in words."""
    size, money = instrument.format_size, instrument.format_money
    return f"{size(net)} held at {money(cost)}, before {size(position.net)} at {money(position.cost)}"
