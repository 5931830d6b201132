"""Markets, limits, books and orders that the tests of risk share. Everything is unlimited unless a test says so."""

from typing import Any

from msgspec import structs

from engine import fix
from engine.book import NO_ASK, NO_BID, Book
from engine.instrument import Instrument, PriceBand
from engine.orders.order import Order, restore_fields
from engine.portfolio import Portfolio
from engine.risk import Risk, RiskReject
from engine.testing.limits import UNLIMITED

NOW = 10**18
PAYOUT = 10_000
NO_LIMITS = UNLIMITED


class FakeBook:
    """The top of a book, as risk reads it."""

    def __init__(self, best_bid: int = 4_500, best_ask: int = 4_600, is_stale: bool = False) -> None:
        self.best_bid = best_bid
        self.best_ask = best_ask
        self.is_stale = is_stale

    @property
    def is_crossed(self) -> bool:
        return NO_BID < self.best_ask <= self.best_bid < NO_ASK


def markets() -> tuple[Instrument, Instrument, Instrument]:
    """RAIN and SNOW in one event, COIN in another; COIN is tapered."""
    cents = [PriceBand(0, PAYOUT, 100)]
    tapered = [PriceBand(0, 1_000, 10), PriceBand(1_000, 9_000, 100), PriceBand(9_000, PAYOUT, 10)]
    return (
        Instrument("RAIN", 0, cents, event="WEATHER"),
        Instrument("SNOW", 1, cents, event="WEATHER"),
        Instrument("COIN", 2, tapered, event="COINS"),
    )


class Desk:
    """Risk and the orders that it has been told of."""

    def __init__(self, instruments: tuple[Instrument, ...] | None = None, /, **limits: Any) -> None:
        self.instruments = instruments or markets()
        self.portfolio = Portfolio(self.instruments)
        self.risk = Risk(structs.replace(NO_LIMITS, **limits), self.instruments, self.portfolio)
        self.risk.heard_ns = NOW
        self.rain, self.snow, self.coin = self.instruments[:3]
        self.book: Book | FakeBook | None = FakeBook()
        self.opened = 0

    def new(
        self,
        side: int,
        price: int,
        qty: int,
        instrument: Instrument | None = None,
        ord_type: str = fix.Type.LIMIT,
        now_ns: int = NOW,
    ) -> RiskReject:
        instrument = self.rain if instrument is None else instrument
        return RiskReject(self.risk.check_new(instrument, side, price, qty, ord_type, self.book, now_ns))  # type: ignore[call-arg]

    def replace(self, order: Order, price: int, qty: int, now_ns: int = NOW) -> RiskReject:
        return RiskReject(self.risk.check_replace(order, price, qty, self.book, now_ns))  # type: ignore[call-arg]

    def open(
        self, side: int, price: int, qty: int, instrument: Instrument | None = None, status: str = fix.Status.NEW
    ) -> Order:
        """Count an order without asking for leave."""
        self.opened += 1
        order = Order(f"A{self.opened}", self.rain if instrument is None else instrument, side, price, qty)
        restore_fields(order, ord_status=status)
        return self.told(order)

    def told(self, order: Order, **changes: object) -> Order:
        """Change attributes of an order and tell risk."""
        restore_fields(order, **changes)
        self.risk.update(order)
        self.risk.exposure._check()
        return order

    def fill(self, side: int, qty: int, price: int = 5_000, instrument: Instrument | None = None, fee: int = 0) -> bool:
        """Book a fill; return whether the day's loss is within its limit."""
        instrument = self.rain if instrument is None else instrument
        self.portfolio.fill(instrument, side, qty, price, fee)
        return self.judge(instrument)

    def mark(self, best_bid: int, best_ask: int, instrument: Instrument | None = None) -> bool:
        """Value a position by these prices; return as `fill` does."""
        instrument = self.rain if instrument is None else instrument
        self.portfolio.mark(instrument, best_bid, best_ask)
        return self.judge(instrument)

    def judge(self, instrument: Instrument) -> bool:
        """Let risk count a position anew and judge the loss."""
        self.risk.refresh(instrument)
        self.portfolio._check()
        self.risk.exposure._check()
        return self.risk.is_within_loss()


def with_book(book: Book | FakeBook | None, heard_ns: int = NOW, **limits: Any) -> RiskReject:
    """Ask for an order over `book`, whose feed was last heard at `heard_ns`."""
    desk = Desk(**limits)
    desk.risk.heard_ns = heard_ns
    desk.book = book
    return desk.new(fix.BUY, 4_500, 1)


def with_open(side: int, price: int, qty: int, *order: Any, **limits: Any) -> RiskReject:
    """Ask for `order` while another one is open."""
    desk = Desk(**limits)
    desk.open(side, price, qty)
    return desk.new(*order)
