"""What a venue demands of requests, and what it charges; and the venue that only wants them to be sound.

Units   as in `instrument`; times in ns, passed in.
Errors  none: a refusal is a value, and a cancel is the text that it is reported with.
"""

from typing import Protocol

from engine.exchange import refusals
from engine.exchange.events import Cancel, MassCancel, NewOrder, Refusal, Replace
from engine.exchange.market import Market, RestingOrder
from engine.instrument import Instrument
from engine.venue import TradeFee


class VenueRules(Protocol):
    """Asked by an exchange at each step of a request, in this order."""

    def refuse_new(self, request: NewOrder, market: Market | None, now_ns: int) -> Refusal | None:
        """Return why an order may not enter, without looking at what the account has; None if it may."""

    def refuse_entry(self, request: NewOrder, market: Market, now_ns: int) -> Refusal | None:
        """Return why the account may not enter an order that is sound and new; None if it may."""

    def refuse_cancel(self, request: Cancel, order: RestingOrder, market: Market, now_ns: int) -> Refusal | None:
        """Return why an order may not be cancelled; None if it may."""

    def refuse_replace(self, request: Replace, order: RestingOrder, market: Market, now_ns: int) -> Refusal | None:
        """Return why an order may not be replaced; None if it may."""

    def refuse_mass_cancel(self, request: MassCancel, now_ns: int) -> Refusal | None:
        """Return why an account may not cancel its orders at once; None if it may."""

    def stop(self, order: RestingOrder, market: Market, now_ns: int) -> str:
        """Return why an accepted order is cancelled before it trades, empty if it is not; part may be held back."""

    def charge(
        self, order: RestingOrder, instrument: Instrument, price: int, qty: int, is_taker: bool, now_ns: int
    ) -> int:
        """Return what the account of `order` pays for a trade."""


class PlainRules:
    """VenueRules of a venue without accounts: only the request and its market count, and every trade costs its fee."""

    def __init__(self, fees: TradeFee) -> None:
        self._fees = fees

    def refuse_new(self, request: NewOrder, market: Market | None, now_ns: int) -> Refusal | None:
        """Return what is wrong with the request or its market."""
        return refusals.refuse_new(request, market)

    def refuse_entry(self, request: NewOrder, market: Market, now_ns: int) -> Refusal | None:
        """Return None: an account may do anything."""
        return None

    def refuse_cancel(self, request: Cancel, order: RestingOrder, market: Market, now_ns: int) -> Refusal | None:
        """Return what is wrong with the request, its order or its market."""
        return refusals.refuse_cancel(request, order, market)

    def refuse_replace(self, request: Replace, order: RestingOrder, market: Market, now_ns: int) -> Refusal | None:
        """Return what is wrong with the request, its order or its market."""
        return refusals.refuse_replace(request, order, market, now_ns)

    def refuse_mass_cancel(self, request: MassCancel, now_ns: int) -> Refusal | None:
        """Return None: it is always allowed."""
        return None

    def stop(self, order: RestingOrder, market: Market, now_ns: int) -> str:
        """Return nothing: every order may trade."""
        return ""

    def charge(
        self, order: RestingOrder, instrument: Instrument, price: int, qty: int, is_taker: bool, now_ns: int
    ) -> int:
        """Return the trade fee."""
        return self._fees.fee(instrument, price, qty, is_taker)
