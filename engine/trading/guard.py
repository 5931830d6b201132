"""Calls a strategy's hooks, so that none of its mistakes goes unseen.

Errors  whatever leaves a hook halts trading: the reason names hook, exception and the strategy's own line, the log has
        the whole traceback.
"""

import logging
import sys
import traceback
from collections.abc import Callable

from engine.errors import JournalError
from engine.orders.order import Change, Order
from engine.orders.table import Outcome
from engine.risk import RiskReject
from engine.runtime import log
from engine.strategy.base import Strategy
from engine.trading.controls.repeats import Repeats
from engine.trading.counters import Counters
from engine.trading.rejects import Rejects
from engine.venue import MarketEvent

# What the path compares with, in C: an attribute of a class costs more than all that is counted here
FILLED, ACCEPTED, REPLACED, NOTHING = Outcome.FILLED, Outcome.ACCEPTED, Outcome.REPLACED, Outcome.NOTHING
CANCELED, EXPIRED, DUPLICATE, UNKNOWN = Outcome.CANCELED, Outcome.EXPIRED, Outcome.DUPLICATE, Outcome.UNKNOWN
REJECTED, CANCEL_REJECTED = Outcome.REJECTED, Outcome.CANCEL_REJECTED
MOST_REASONS, OTHER = 100, 99  # what a venue may make us count has an end: OrdRejReason(103) 99 is any other
HEAP_TYPE = 1 << 9  # Py_TPFLAGS_HEAPTYPE: a class that Python made, not C
LOGGER = logging.getLogger(log.LOGGER)
DENIALS = {denial.value: denial.text for denial in RiskReject}


class Guard:
    """One strategy, what it is told about orders, and `halt`, which is called with the reason where it fails.

    `contradicted` takes what no rule understands, `rejects` counts what the venue refuses, `explain` puts a RiskReject
    code into words, `check_options` returns one for an order with options, `record_denial` is given the order's
    ClOrdID(11), the code and the amounts of what risk denies. `repeats` counts fills.
    """

    def __init__(
        self,
        strategy: Strategy,
        counters: Counters,
        halt: Callable[[str], None],
        contradicted: Callable[[Change], object],
        rejects: Rejects,
        explain: Callable[[int], str] = DENIALS.__getitem__,
        check_options: Callable[..., int] = lambda *order: RiskReject.NOT_OFFERED,
        record_denial: Callable[..., object] = lambda *denial: None,
        repeats: Repeats | None = None,
    ) -> None:
        self.strategy = strategy
        self.native = strategy if is_native(strategy) else None
        self.counters = counters
        self.halt = halt
        self.contradicted = contradicted
        self.rejects = rejects
        self.explain = explain
        self.check_options = check_options
        self._record_denial = record_denial
        self._has_rejects = False
        self.repeats = repeats

    def call(self, name: str, *arguments: object) -> None:
        """Call one hook; what it raises halts trading."""
        try:
            getattr(self.strategy, name)(*arguments)
        except BaseException as error:  # also what would end the process or a task, with orders alive
            self.failed(name, error)

    def tell(self, name: str, *arguments: object) -> None:
        """Call one hook if the strategy has it: of most of them nothing is known but that they may be there."""
        if has_hook(self.strategy, name):
            self.call(name, *arguments)

    def failed(self, name: str, error: BaseException) -> None:
        """Halt because a hook raised."""
        self.failed_beside(f"strategy hook {name}", error)

    def failed_beside(self, what: str, error: BaseException) -> None:
        """Halt because of something else than a hook, such as a background task."""
        self.halt(told_failure(self.strategy, what, error))

    def unjournalled(self, error: Exception) -> None:
        """Halt because the journal took no record; raise what is no fault of the journal."""
        if not isinstance(error, (JournalError, OSError)):
            raise error
        self.halt(f"journal: {error}")

    def traded(self, event: MarketEvent) -> None:
        """Tell of somebody's trade, in the book or beside it."""
        if event.is_block:
            self.call("on_block_trade", event.instrument, event.side, event.price, event.size)
        elif self.native is None:
            self.call("on_trade", event.instrument, event.side, event.price, event.size)
        else:
            try:
                self.native.on_trade(event.instrument, event.side, event.price, event.size)
            except BaseException as error:
                self.failed("on_trade", error)

    def _tell_order(self, order: Order | None) -> None:
        """Tell of an order that changed; a hook in C is called without Python."""
        if self.native is None or order is None:
            self.call("on_order", order)
        else:
            try:
                self.native.on_order(order)
            except BaseException as error:
                self.failed("on_order", error)

    def denied(self, order: Order | None, denial: int, *amounts: object) -> None:
        """Tell and record that risk denied a request; `amounts` are its instrument, side, price and quantity."""
        self.counters.risk_denials += 1
        by_code = self.counters.denials_by_code
        by_code[denial] = by_code.get(denial, 0) + 1
        if amounts:
            try:
                self._record_denial(order.cl_ord_id if order else "", denial, *amounts)
            except (JournalError, OSError) as error:
                self.unjournalled(error)
        self.call("on_reject", order, denial, self.explain(denial))

    def changed(self, change: Change) -> None:
        """Count what a report did and tell the strategy."""
        kind = change.kind
        order = change.order
        counters = self.counters
        if kind == FILLED and order is not None:
            counters.fills += 1
            if self.repeats is not None:
                self.repeats.filled(order.instrument)
            try:  # not by `call`: this is the path
                if self.native is not None:
                    self.native.on_fill(order, change.last_px, change.last_qty)
                else:
                    self.strategy.on_fill(order, change.last_px, change.last_qty)
            except BaseException as error:
                self.failed("on_fill", error)
        elif kind == ACCEPTED:
            counters.acks += 1
            if self._has_rejects:
                self._has_rejects = self.rejects.accepted(order)
            self._tell_order(order)
        elif kind == REPLACED:
            counters.replaces += 1
            if self._has_rejects:
                self._has_rejects = self.rejects.accepted(order)
            self._tell_order(order)
        elif kind in (CANCELED, EXPIRED):
            counters.cancels += 1
            self._tell_order(order)
        elif kind in (REJECTED, CANCEL_REJECTED):
            self._refused(change)
        elif kind == DUPLICATE:
            counters.duplicates += 1
        elif kind == UNKNOWN:
            counters.unknown_reports += 1
            self.contradicted(change)
            if order is not None:
                self._tell_order(order)
        elif kind != NOTHING:  # a bust, a correction, or an outcome in doubt
            self._tell_order(order)

    def _refused(self, change: Change) -> None:
        counters = self.counters
        order, reason, text = change.order, change.reason, change.text  # a hook may bring the next report
        if change.kind == REJECTED:
            counters.rejects += 1
        else:
            counters.cancel_rejects += 1
        by_reason = counters.rejects_by_reason
        counted = reason if reason in by_reason or len(by_reason) < MOST_REASONS else OTHER
        by_reason[counted] = by_reason.get(counted, 0) + 1
        self._has_rejects = self.rejects.refused(change)
        self.call("on_reject", order, reason, text)


def told_failure(strategy: Strategy, what: str, error: BaseException) -> str:
    """Log what raised with its whole traceback; return it in words, with the line."""
    reason = f"{what} raised {type(error).__name__}: {text_of(error)} ({place_of(strategy, error)})"
    LOGGER.error(reason, exc_info=error)
    return reason


def place_of(strategy: Strategy, error: BaseException) -> str:
    """Return the last line of the strategy's own module that led to the error, or else of anybody's."""
    frames = traceback.extract_tb(error.__traceback__)
    module = sys.modules.get(type(strategy).__module__)
    own = [frame for frame in frames if frame.filename == getattr(module, "__file__", None)]
    if not frames:  # raised by the call itself
        return f"the call of {type(strategy).__qualname__}"
    place = (own or frames)[-1]
    return f"{place.filename}:{place.lineno}"


def has_hook(strategy: Strategy, name: str) -> bool:
    """Return whether a strategy has a hook of its own, whatever stands in for one in a test included."""
    return getattr(type(strategy), name, None) is not getattr(Strategy, name)


def is_native(strategy: Strategy) -> bool:
    """Return whether a strategy is a compiled class, whose hooks can be called in C."""
    kind = type(strategy)
    return issubclass(kind, Strategy) and kind is not Strategy and not kind.__flags__ & HEAP_TYPE


def text_of(error: BaseException) -> str:
    """Return the exception's text, also of one that cannot say what it is."""
    try:
        return str(error)
    except BaseException:
        return "it has no text: its own __str__ raised"
