"""Sets a desk right by what its venue says of the account, and says what it found.

What was missed is booked by the path that every report takes, so that journal, portfolio, risk and strategy learn of it
in order. What no rule sets right is told and stops its market, until a comparison agrees or a person resumes.

Units   prices, sizes and money as in the instrument; times in ns since 1970.
Errors  none.
Thread  the loop thread only.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple, TypeAlias

from engine.fix import BUY
from engine.instrument import Instrument
from engine.journal.told import ReconcileStep, append_reconcile
from engine.journal.writer import NullJournal
from engine.orders.order import Order
from engine.runtime.notices import NoticeKind
from engine.trading.loop import TradingLoop
from engine.trading.markets import Stop
from engine.trading.reconcile.adoption import Adoption
from engine.trading.reconcile.balance import Cash
from engine.trading.reconcile.judge import (
    Finding,
    judge_fills,
    judge_order,
    judge_positions,
    judge_strangers,
)
from engine.trading.reconcile.rules import SAFE, Deed, ReconcileSection, Rule
from engine.trading.reconcile.unanswered import Unanswered
from engine.venue.account import VenueBalance, VenueFill, VenueFlow, VenueOrder, VenuePosition

Append: TypeAlias = Callable[[NullJournal, int], object]  # writes to a journal at a time, ns since 1970


class VenueAccount(NamedTuple):
    """One look at the account, every list whole. `orders` are those that rest, and every one of a market in doubt.

    `balance` is None where the cash is not compared; `flows` are asked for where it seems to differ.
    """

    orders: Sequence[VenueOrder]
    fills: Sequence[VenueFill]
    positions: Sequence[VenuePosition]
    resting: Sequence[VenueOrder]
    balance: VenueBalance | None = None
    flows: Sequence[VenueFlow] = ()
    tells_positions: bool = True  # where it does not, none are compared

    def words(self) -> str:
        """Return how much it tells of."""
        lists = f"{len(self.orders)} orders, {len(self.resting)} of them resting"
        positions = len(self.positions) if self.tells_positions else "no word of"
        return f"the venue tells of {lists}, {len(self.fills)} fills, {positions} positions"


class Comparison(NamedTuple):
    """What one comparison found, and how much agreed; `cash` is what became of the balance, empty if not compared."""

    findings: tuple[Finding, ...]
    orders: int
    markets: int
    stopped: int
    cash: str = ""
    is_cash_open: bool = False

    @property
    def is_clean(self) -> bool:
        """Return whether every market may trade, and no difference of the cash is left."""
        return not self.stopped and not self.is_cash_open

    def __str__(self) -> str:
        return (
            f"account compared: {self.orders} orders, {self.markets} markets, {len(self.findings)} differences,"
            f" {self.stopped} markets stopped{self.cash and ', cash '}{self.cash}"
        )


class Reconcile:
    """Compares one desk with its venue; `note` tells people and the journal."""

    def __init__(
        self,
        loop: TradingLoop,
        note: Callable[[str], object],
        cash: Cash | None = None,
        rules: ReconcileSection = SAFE,
        record: Callable[[Append], object] = lambda append: None,
    ) -> None:
        self.cash = cash
        self._record = record
        self._rules = rules
        self._adoption = Adoption(loop)
        self._loop = loop
        self._note = note
        self._stopped: set[Instrument] = set()
        self._found: tuple[Finding, ...] = ()
        self._unanswered = Unanswered()
        self._in_cash: tuple[object, ...] = ()  # what was found there last
        self._borne: set[tuple[object, ...]] = set()  # differences that a person trades on with

    def bear(self) -> None:
        """Trade on with what differs now, by a person's decision; another difference stops its market again."""
        self._borne.update(each.identity for each in self._found)
        if self.cash is not None:
            self.cash.bear()

    def doubt(self, market: Instrument, text: str) -> None:
        """Stop a market until a comparison agrees, or a person resumes."""
        self._stopped.add(market)
        self._loop.markets.stop(market, Stop.ACCOUNT, text)

    def absent(self, resting: Iterable[VenueOrder]) -> list[Order]:
        """Return the orders that live by us and are not among these."""
        at_rest = {self._find(each.cl_ord_id, each.order_id) for each in resting}
        return [order for order in self._loop.orders.live() if order not in at_rest]

    def doubtful_symbols(self, resting: Iterable[VenueOrder]) -> list[str]:
        """Return the markets whose finished orders are wanted too: an order that lives by us does not rest there."""
        return sorted({order.instrument.symbol for order in self.absent(resting)})

    def compare(self, account: VenueAccount) -> Comparison:
        """Book what was missed, take over what has changed, and stop the markets where both sides still differ."""
        self.journal(ReconcileStep("begin", account.words()))
        adopted = self._adopt(account.resting)
        seen = self._seen(account)
        waiting = self._unanswered.among(self._loop.orders.live())
        live = len(self._loop.orders.live())
        findings = adopted + self._settle(judge_fills(seen.find, account.fills, seen.filled, waiting))
        quiet = [order for order in self._loop.orders.live() if order not in waiting]
        findings += self._settle([each for order in quiet if (each := judge_order(order, seen.known.get(order)))])
        findings += self._settle(judge_strangers(self._find, account.resting))
        ours = self._holdings(waiting) if account.tells_positions else {}
        findings += self._settle(self._adopt_positions(judge_positions(ours, account.positions)))
        self._found = tuple(findings)
        self._borne.intersection_update(each.identity for each in findings)
        self._stop([each for each in findings if each.identity not in self._borne])
        self._adoption.cancel_unwanted()
        cash, in_cash = self._cash(account)
        is_open = self.cash is not None and self.cash.is_open
        comparison = Comparison((*findings, *in_cash), live, len(ours), len(self._stopped), cash, is_open)
        self._note(str(comparison))
        self.journal(ReconcileStep("end", str(comparison), result="clean" if comparison.is_clean else "differs"))
        return comparison

    def journal(self, step: ReconcileStep) -> None:
        """Have a step of a comparison recorded."""
        self._record(lambda journal, now_ns: append_reconcile(journal, step, now_ns))

    def preview(self, account: VenueAccount) -> Comparison:
        """Return what `compare` would find first, and change nothing: of fills that it would book, their sums count."""
        seen = self._seen(account)
        waiting = self._unanswered.among(self._loop.orders.live(), is_counted=False)
        findings = judge_fills(seen.find, account.fills, seen.filled, waiting)
        unbooked: Counter[Order] = Counter()
        fees: Counter[Instrument] = Counter()
        for report in (each for finding in findings for each in finding.reports):
            if (order := self._find(report.cl_ord_id, report.order_id)) is not None:
                unbooked[order] += report.last_qty
                fees[order.instrument] += report.fee
        quiet = [each for each in self._loop.orders.live() if each not in waiting and unbooked[each] < each.leaves_qty]
        judged = [judge_order(order, seen.known.get(order), unbooked[order]) for order in quiet]
        findings += [each for each in judged if each is not None]
        findings += judge_strangers(self._find, account.resting)
        held = self._holdings(waiting) if account.tells_positions else {}
        ours = {market: (net, paid + fees[market]) for market, (net, paid) in held.items()}
        for order, qty in unbooked.items():
            if order.instrument in ours:
                net, paid = ours[order.instrument]
                ours[order.instrument] = net + (qty if order.side == BUY else -qty), paid
        findings += judge_positions(ours, account.positions)
        return Comparison(tuple(findings), len(self._loop.orders.live()), len(ours), len(self._stopped))

    def deed(self, finding: Finding) -> Deed:
        """Return what is done about a finding."""
        return self._rules.deed(finding.rule)

    def _seen(self, account: VenueAccount) -> "_Seen":
        # A fill often names its order by OrderID(37) alone, which an answer that was lost would have told us
        names = {each.order_id: each.cl_ord_id for each in account.orders}
        known = {order: each for each in account.orders if (order := self._find(each.cl_ord_id, each.order_id))}
        filled = {order: each.cum_qty for order, each in known.items()}
        return _Seen(lambda name, number: self._find(name or names.get(number, ""), number), known, filled)

    def _holdings(self, waiting: Iterable[Order]) -> dict[Instrument, tuple[int, int]]:
        """Return (net, fees) of each market that can be compared now.

        The venue pays some time after it has decided, and holds until then what we have paid out already.
        """
        busy = {order.instrument for order in waiting}
        held = [each for each in self._loop.portfolio if not each.is_settled and each.instrument not in busy]
        return {position.instrument: (position.net, position.fees) for position in held}

    def _adopt(self, resting: Iterable[VenueOrder]) -> list[Finding]:
        """Take orders that are none of ours for ours, where that is the rule; return what was found."""
        deed = self._rules.deed(Rule.STRANGER_ORDER)
        if deed not in (Deed.ADOPT, Deed.CANCEL):
            return []
        found = []
        for known in resting:
            if self._find(known.cl_ord_id, known.order_id) is None and self._adoption.take(known, deed is Deed.CANCEL):
                text = f"OrderID(37) {known.order_id}, ClOrdID(11) {known.cl_ord_id!r}, {known.leaves_qty} left"
                found.append(Finding(Rule.STRANGER_ORDER, known.symbol, f"{text}: taken for ours"))
        return self._settle(found)

    def _adopt_positions(self, findings: list[Finding]) -> list[Finding]:
        """Hold what the venue says from now on, where that is the rule; what cannot be valued stops its market."""
        if self._rules.deed(Rule.POSITION_DIFFERS) is not Deed.ADOPT:
            return findings
        return [
            each._replace(
                stops=each.stops and each.identity not in self._borne and not self._adoption.hold(each.symbol, each.gap)
            )
            if each.rule is Rule.POSITION_DIFFERS
            else each
            for each in findings
        ]

    def _cash(self, account: VenueAccount) -> tuple[str, list[Finding]]:
        """Compare the cash, once everything that moved it is booked; return what became of it, and what differs."""
        if self.cash is None:
            return "", []
        state = self.cash.compare(account.balance, account.positions, account.flows)
        text, before = self.cash.difference, self._in_cash
        if not text:
            self._in_cash = ()
            return state.value, []
        finding = Finding(Rule.BALANCE_DIFFERS, "account", text, stops=True, gap=self.cash.gap)
        self._in_cash, deed = finding.identity, self.deed(finding)
        if self._in_cash != before:
            self.journal(ReconcileStep("difference", text, "", finding.rule, deed))
            if deed is Deed.HALT:
                self._loop.guard.halt(f"account: {finding.rule}: {text}")
        return state.value, [finding]

    def _find(self, cl_ord_id: str, order_id: str) -> Order | None:
        return self._loop.orders.find(cl_ord_id, "", order_id)

    def _settle(self, findings: list[Finding]) -> list[Finding]:
        told = {each.identity for each in self._found}  # a difference that stays is told once, not every few seconds
        for finding in findings:
            if finding.identity in self._borne:
                continue
            deed = self.deed(finding)
            text = f"{finding.symbol}: {finding.rule}: {finding.text}"
            if finding.identity not in told:
                self.journal(ReconcileStep("difference", finding.text, finding.symbol, finding.rule, deed))
                self._note(f"account: {text}: {deed}")
                self._loop.notices.tell(NoticeKind.ACCOUNT_DIFFERS, f"{text}: {deed}")
            for report in finding.reports:
                self._loop.apply(report)
            if finding.order is not None:
                self._loop.suspect(finding.order, finding.text)
            if deed is Deed.HALT and finding.identity not in told:
                self._loop.guard.halt(f"account: {text}")
        return findings

    def _stop(self, findings: list[Finding]) -> None:
        """Stop what differs, and open what a comparison before this one had stopped."""
        by_symbol = {instrument.symbol: instrument for instrument in self._loop.instruments}
        stopping = [each for each in findings if self._is_stopping(each) and each.symbol in by_symbol]
        texts = {by_symbol[each.symbol]: each.text for each in stopping}
        for instrument, text in texts.items():
            self._loop.markets.stop(instrument, Stop.ACCOUNT, text)
        for instrument in self._stopped - texts.keys():
            self._loop.markets.lift(instrument, Stop.ACCOUNT)
        self._stopped = set(texts)

    def _is_stopping(self, finding: Finding) -> bool:
        """Return whether a market stops for what no report and no adoption has set right."""
        deed = self.deed(finding)
        is_left = finding.stops or finding.rule is Rule.FEES_DIFFER
        return is_left and deed is not Deed.TELL


class _Seen(NamedTuple):
    """One look, by our orders."""

    find: Callable[[str, str], Order | None]
    known: dict[Order, VenueOrder]
    filled: dict[Order, int]
