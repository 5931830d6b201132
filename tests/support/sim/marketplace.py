"""A venue with accounts under test: requests in few words, events as short tuples.

Units   as the engine counts them: 4500 is 45 cents, 100 is one contract.
"""

from engine import fix
from engine.exchange.account_events import (
    BalanceChanged,
    EventCreated,
    EventFeeChanged,
    GroupChanged,
    HoursChanged,
    MarketChanged,
    PositionChanged,
    PositionPaid,
)
from engine.exchange.events import Cancel, MassCancel, NewOrder, Replace, Report, Traded
from engine.exchange.listing.lifecycle import VenueEvent
from engine.exchange.listing.records import EventRecord, MarketRecord, SeriesRecord
from engine.exchange.marketplace import Marketplace
from tests.support.sim.accounts import DOLLAR
from tests.support.sim.venue import NOON_NS, brief

HOUR_NS = 3_600_000_000_000


class Bazaar:
    """A marketplace of series S on shard 0 and T on shard 2, with an event each: markets A, B of E, and C of F.

    The accounts x, y and z have 100 dollars on each of the two shards.
    """

    def __init__(self, series: SeriesRecord | None = None, **settings: object) -> None:
        self.place = Marketplace(nonce="n", **settings)  # type: ignore[arg-type]
        self.now_ns = NOON_NS
        self.ids = 0
        self.told: list[VenueEvent] = []
        self.place.listing.add_series(series or SeriesRecord(ticker="S"))
        self.place.listing.add_series(SeriesRecord(ticker="T", shard=2))
        self.place.lifecycle.list_event(EventRecord(ticker="E", series="S"), self.now_ns)
        self.place.lifecycle.list_event(EventRecord(ticker="F", series="T"), self.now_ns)
        for symbol, event in (("A", "E"), ("B", "E"), ("C", "F")):
            self.add(symbol, event)
        for account in "xyz":
            for shard in (0, 2):
                self.place.ledger.deposit(account, shard, 100 * DOLLAR, self.now_ns)

    def add(self, symbol: str, event: str = "E", **more: object) -> list[tuple[object, ...]]:
        fields = {"close_ns": self.now_ns + HOUR_NS, "opens_ns": self.now_ns, **more}
        market = MarketRecord(ticker=symbol, event=event, **fields)  # type: ignore[arg-type]
        return self.short(self.place.lifecycle.list_market(market, self.now_ns))

    def new(
        self,
        account: str,
        side: int,
        qty: int,
        price: int,
        tif: str = fix.Tif.GTC,
        *,
        symbol: str = "A",
        cl_ord_id: str = "",
        **more: object,
    ) -> list[tuple[object, ...]]:
        self.ids += 1
        fields: dict[str, object] = {
            "account": account,
            "cl_ord_id": cl_ord_id or f"{account}{self.ids}",
            "symbol": symbol,
            "side": side,
            "order_qty": qty,
            "price": price,
            "time_in_force": tif,
            **more,
        }
        return self.short(self.place.submit(NewOrder(**fields), self.now_ns))  # type: ignore[arg-type]

    def cancel(self, account: str, orig_cl_ord_id: str, **more: object) -> list[tuple[object, ...]]:
        self.ids += 1
        fields: dict[str, object] = {"cl_ord_id": f"c{self.ids}", **more}
        request = Cancel(account=account, orig_cl_ord_id=orig_cl_ord_id, **fields)  # type: ignore[arg-type]
        return self.short(self.place.submit(request, self.now_ns))

    def replace(self, account: str, orig_cl_ord_id: str, qty: int, price: int) -> list[tuple[object, ...]]:
        self.ids += 1
        request = Replace(
            account=account, cl_ord_id=f"r{self.ids}", orig_cl_ord_id=orig_cl_ord_id, order_qty=qty, price=price
        )
        return self.short(self.place.submit(request, self.now_ns))

    def mass_cancel(self, account: str, **more: object) -> list[tuple[object, ...]]:
        self.ids += 1
        request = MassCancel(account=account, cl_ord_id=f"m{self.ids}", **more)  # type: ignore[arg-type]
        return self.short(self.place.submit(request, self.now_ns))

    def advance(self, by_ns: int) -> list[tuple[object, ...]]:
        self.now_ns += by_ns
        return self.short(self.place.advance(self.now_ns))

    def short(self, events: object) -> list[tuple[object, ...]]:
        """Return events in short, without the changes of the book and of positions; `told` holds them whole."""
        assert isinstance(events, list)
        self.told = events
        hidden = (PositionChanged, BalanceChanged)
        shorts = [short(event) for event in events if not isinstance(event, hidden)]
        return [event for event in shorts if event[0] not in ("level", "trade")]

    def fills(self) -> list[Traded]:
        return [event for event in self.told if isinstance(event, Traded)]

    def order_id(self) -> str:
        report = self.told[0]
        assert isinstance(report, Report)
        return report.order_id


def short(event: VenueEvent) -> tuple[object, ...]:
    match event:
        case MarketChanged():
            return (event.step, event.symbol)
        case GroupChanged():
            return ("group", event.account, event.step)
        case PositionPaid():
            return ("paid", event.account, event.symbol, event.revenue)
        case HoursChanged():
            return ("hours", event.shard, event.is_open, event.is_trading)
        case EventCreated() | EventFeeChanged():
            return (type(event).__name__, event.event)
        case PositionChanged() | BalanceChanged():
            return (type(event).__name__, event.account)
    return brief(event)
