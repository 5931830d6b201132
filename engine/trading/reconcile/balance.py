"""The venue's cash against ours: what came in from outside, what our fills made of it, what shorts hold back.

Cash there should be `paid in` + sales - purchases - fees - collateral. What was paid in is learned once, from the first
look at an account that agrees in every position, and kept; from then on it changes by deposits, withdrawals and
transfers that the venue lists, which are no profit. A difference that nothing explains is told and booked nowhere; it
is believed when it is found again, because a market may be paid between two questions of one look.

Units   money as in the instruments; a collateral is that of full cover, `limit` less nothing for each contract short.
Errors  none.
Thread  the loop thread only.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import Enum
from typing import NamedTuple

import msgspec

from engine._decimal import format_decimal
from engine.portfolio import Portfolio, Position
from engine.runtime.notices import NoticeKind
from engine.trading.loop import TradingLoop
from engine.trading.markets import Stop
from engine.venue.account import VenueBalance, VenueFlow, VenuePosition

MOST_SUSPECTED = 3  # looks in a row that find a difference, each another one


class PaidIn(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of an account's cash from one start to the next: what came from outside, and by which flows."""

    amount: int
    flows: tuple[str, ...] = ()


class CashState(Enum):
    """What became of one look at the cash, in words."""

    UNSEEN = "not compared: positions differ, or were not told"
    LEARNED = "learned"
    AGREES = "agrees"
    SUSPECTED = "differs, and is looked at again"
    DIFFERS = "differs"
    BORNE = "differed, and a person trades on"


class CashTerms(NamedTuple):
    """How the account is kept: its precision as money, whether events free collateral, whether a difference stops."""

    unit: int = 1
    nets_collateral: bool = False
    stops: bool = True


class Cash:
    """Compares the cash of one desk; `keep` writes down what is to be remembered."""

    def __init__(
        self,
        loop: TradingLoop,
        note: Callable[[str], object],
        terms: CashTerms,
        kept: PaidIn | None = None,
        keep: Callable[[PaidIn], object] = lambda kept: None,
    ) -> None:
        self.state = CashState.UNSEEN
        self.gap = 0  # what the venue has beyond ours, as it was compared last
        self.theirs = 0
        self.flows = 0  # deposits, withdrawals and transfers that were booked
        self._loop = loop
        self._note = note
        self._terms = terms
        self._kept = kept
        self._keep = keep
        self._suspected = 0  # looks in a row
        self._told = 0  # the gap that was told
        self._difference = ""
        self._paid: set[Position] = set()  # markets whose payment, rounded, is in what agreed

    @property
    def paid_in(self) -> int:
        """Return what came from outside so far, as it is known."""
        return self._kept.amount if self._kept else 0

    @property
    def is_open(self) -> bool:
        """Return whether a difference was found that nothing explains and nobody bears."""
        return self.state in (CashState.SUSPECTED, CashState.DIFFERS)

    @property
    def is_suspected(self) -> bool:
        """Return whether a difference was found that the next look confirms or not."""
        return self.state is CashState.SUSPECTED

    @property
    def difference(self) -> str:
        """Return what differs and is believed, in words; empty where nothing does."""
        return self._difference if self.state is CashState.DIFFERS else ""

    def wants_flows(self, balance: VenueBalance, positions: Iterable[VenuePosition]) -> bool:
        """Return whether the venue's deposits and withdrawals are to be asked for."""
        return self._kept is None or self._gap(balance, {each.symbol: each for each in positions}) != 0

    def compare(
        self, balance: VenueBalance | None, positions: Iterable[VenuePosition], flows: Iterable[VenueFlow]
    ) -> CashState:
        """Compare one look, once what was missed is booked."""
        listed = {each.symbol: each for each in positions}
        if balance is None or not self._agree(listed):
            self.state = CashState.UNSEEN
            return self.state
        self.theirs = balance.cash
        if self._kept is None:
            self._learn(balance, listed, flows)
        else:
            self._book_flows(flows)
            self._judge(self._gap(balance, listed))
        return self.state

    def bear(self) -> None:
        """Trade on with what differs now: it counts as paid in, or out, from here on."""
        if not self.is_open or self._kept is None:
            return
        self._note(f"account: cash: {self._shown(self.gap)} that nothing explains are borne from now on")
        self._remember(self._kept.amount + self.gap)
        self._over(CashState.BORNE)

    # What agrees

    def _agree(self, listed: Mapping[str, VenuePosition]) -> bool:
        """Return whether both sides hold the same everywhere: else the cash differs by what positions do already."""
        ours = {position.instrument.symbol: position for position in self._loop.portfolio}
        strange = any(each.net for symbol, each in listed.items() if symbol not in ours)
        return not strange and all(_is_same(position, listed.get(symbol)) for symbol, position in ours.items())

    def _gap(self, balance: VenueBalance, listed: Mapping[str, VenuePosition]) -> int:
        return balance.cash - self.paid_in - expected(self._loop.portfolio, listed)

    def _learn(self, balance: VenueBalance, listed: Mapping[str, VenuePosition], flows: Iterable[VenueFlow]) -> None:
        amount = self._gap(balance, listed)
        self._kept = PaidIn(amount=amount)
        self._remember(amount, [each.flow_id for each in flows])
        self._note(
            f"account: cash: {self._shown(balance.cash)} at the venue, of which {self._shown(amount)} count as paid in"
        )
        self._over(CashState.LEARNED)

    # What explains a difference

    def _book_flows(self, flows: Iterable[VenueFlow]) -> None:
        """Count what came in or left since the last look as that, and tell of it."""
        assert self._kept is not None
        known = set(self._kept.flows)
        new = [each for each in flows if each.flow_id not in known]
        if not new:
            return
        self.flows += len(new)
        for each in new:
            text = f"cash: {each.kind} {each.flow_id} of {self._shown(each.amount)}: no profit and no loss"
            self._note(f"account: {text}")
            self._loop.notices.tell(NoticeKind.CASH_MOVED, text)
        amount = self._kept.amount + sum(each.amount for each in new)
        self._remember(amount, [each.flow_id for each in new])

    def _judge(self, gap: int) -> None:
        assert self._kept is not None
        if self._is_rounding(gap):
            self._remember(self._kept.amount + gap)
            gap = 0
        if not gap or self._is_freed(gap):
            self._over(CashState.AGREES)
            return
        self._suspected += 1
        is_again = self.gap == gap and self.state in (CashState.SUSPECTED, CashState.DIFFERS)
        self.gap = gap
        if not is_again and self._suspected < MOST_SUSPECTED:
            self.state = CashState.SUSPECTED
            return
        self.state = CashState.DIFFERS
        self._differs(gap)

    def _is_rounding(self, gap: int) -> bool:
        """Return whether payments of a part, which the venue rounds down, since the last look explain a difference."""
        paid = sum(0 < position.mark < position.instrument.limit for position in self._settled() - self._paid)
        return -paid * self._terms.unit < gap < 0

    def _is_freed(self, gap: int) -> bool:
        """Return whether events may have given back as much collateral: how much is the venue's to say."""
        return self._terms.nets_collateral and 0 < gap <= freed_at_most(self._loop.portfolio)

    # What follows

    def _over(self, state: CashState) -> None:
        self.state, self.gap, self._suspected, self._told = state, 0, 0, 0
        self._paid = self._settled()
        self._loop.markets.lift_all(Stop.BALANCE)

    def _differs(self, gap: int) -> None:
        more = "more" if gap > 0 else "less"
        text = self._difference = (
            f"cash: {self._shown(abs(gap))} {more} at the venue ({self._shown(self.theirs)}) than fills and fees make"
        )
        if gap != self._told:
            self._told = gap
            self._note(f"account: {text}")
            self._loop.notices.tell(NoticeKind.CASH_DIFFERS, text)
        if self._terms.stops:
            self._loop.markets.stop_all(Stop.BALANCE, text)

    def _settled(self) -> set[Position]:
        return {position for position in self._loop.portfolio if position.is_settled}

    def _remember(self, amount: int, flows: Iterable[str] = ()) -> None:
        before = self._kept.flows if self._kept else ()
        self._kept = PaidIn(amount=amount, flows=tuple(dict.fromkeys((*before, *flows))))
        self._keep(self._kept)

    def _shown(self, money: int) -> str:
        return format_decimal(money, sum(self._loop.portfolio.decimals))


def expected(portfolio: Portfolio, listed: Mapping[str, VenuePosition]) -> int:
    """Return what cash fills have made, less fees and what the venue holds back for shorts.

    A market whose result we know is paid by us at once, and by the venue when it leaves its list: until then the venue
    holds what we have paid out already.
    """
    made = portfolio.cash - portfolio.fees
    for position in portfolio:
        limit = position.instrument.limit
        theirs = listed.get(position.instrument.symbol)
        if not position.is_settled:
            made -= limit * max(-position.net, 0)
        elif theirs is not None and theirs.net:
            made -= theirs.net * position.mark + limit * max(-theirs.net, 0)
    return made


def freed_at_most(portfolio: Portfolio) -> int:
    """Return the most collateral that events can give back, where of their markets one alone can pay."""
    shorts: dict[str, list[int]] = {}
    for position in portfolio:
        if position.net < 0 and not position.is_settled:
            shorts.setdefault(position.instrument.event, []).append(-position.net * position.instrument.limit)
    return sum(sum(held) - max(held) for held in shorts.values())


def _is_same(position: Position, theirs: VenuePosition | None) -> bool:
    if position.is_settled:
        return not position.net  # what the venue still lists of it is accounted for
    return position.net == (theirs.net if theirs else 0)
