"""What an account has at Kalshi, as values that know no venue.

Units   prices in $0.0001, sizes in 0.01 contract, money in $0.000001, times in ns since 1970.
Errors  DecodeError for an order, fill, position, balance or settlement that cannot be read: one that is missing from a
        list would be one that nobody reconciles. Words that nobody knows are told in `oddities`.
Source  Kalshi REST, account, order object, number forms.
"""

from collections.abc import Callable, Iterable
from typing import TypeVar

from engine.errors import DecodeError
from engine.fix import BUY, SELL, Status
from engine.venue.account import (
    QueuePlace,
    VenueBalance,
    VenueFill,
    VenueFlow,
    VenueOrder,
    VenuePosition,
    VenueSettlement,
)
from engine.venue.kalshi.rest.numbers import CENT, DOLLAR, NS, money, optional_time_ns, price, size, time_ns
from engine.venue.kalshi.rest.operations import exchange, flows, orders, portfolio, subaccounts
from engine.venue.kalshi.rest.operations.flows import KalshiFlow
from engine.venue.kalshi.rest.operations.orders import KalshiOrder, KalshiQueuePosition
from engine.venue.kalshi.rest.operations.portfolio import KalshiBalance, KalshiFill, KalshiPosition, KalshiSettlement
from engine.venue.kalshi.rest.operations.subaccounts import KalshiSubaccountTransfer
from engine.venue.kalshi.rest.reading import Oddities, Reader
from engine.venue.kalshi.rest.requests import subaccount_of
from engine.venue.rest import Call, Page, PagedCall

T = TypeVar("T")
P = TypeVar("P")
V = TypeVar("V")

_SIDES = {"bid": BUY, "ask": SELL}
_OUTCOMES = {"yes": BUY, "no": SELL}  # the same in other words
_CENT_PRICE = DOLLAR // 100


class KalshiAccount:
    """An AccountDialect of one subaccount; 0 is the primary one."""

    def __init__(self, subaccount: int = 0) -> None:
        self.subaccount = subaccount_of(subaccount)
        self.oddities = Oddities()

    def as_of(self) -> Call[int]:
        """Return what asks until when the answers below tell everything."""
        call = exchange.user_data_timestamp()
        return Call(call.request, lambda body: time_ns(call.read(body).as_of_time, "as_of_time"), call.statuses)

    def balance(self) -> Call[VenueBalance]:
        """Return what asks for the cash."""
        call = portfolio.balance(subaccount=self.subaccount)
        read = portfolio.read_balance
        return Call(call.request, lambda body: _balance(read.read(body, self.oddities)), call.statuses)

    def flows(self) -> tuple[PagedCall[VenueFlow], ...]:
        """Return what asks for deposits and withdrawals, which are those of the primary subaccount, and transfers."""
        moved = _each(subaccounts.transfers(), self._transferred)
        if self.subaccount:
            return (moved,)
        paid_in = _each(flows.deposits(), lambda told: _flows("deposit", told, told.amount_cents - told.fee_cents))
        paid_out = _each(
            flows.withdrawals(), lambda told: _flows("withdrawal", told, -told.amount_cents - told.fee_cents)
        )
        return paid_in, paid_out, moved

    def _transferred(self, told: KalshiSubaccountTransfer) -> list[VenueFlow]:
        ours = self.subaccount or 0
        sign = (told.to_subaccount == ours) - (told.from_subaccount == ours)
        if not sign:
            return []
        amount, time_ns = sign * told.amount_cents * CENT, (told.created_ts or 0) * NS
        return [VenueFlow(flow_id=told.transfer_id, kind="transfer", amount=amount, time_ns=time_ns)]

    def positions(self) -> PagedCall[VenuePosition]:
        """Return what asks for every position that is not settled."""
        call = portfolio.positions(settlement_status="unsettled", subaccount=self.subaccount)
        return self._pages(call, portfolio.read_positions, portfolio.position_page, _position)

    def open_orders(self) -> PagedCall[VenueOrder]:
        """Return what asks for every resting order."""
        call = orders.orders(status="resting", subaccount=self.subaccount)
        return self._pages(call, orders.read_orders, orders.order_page, self.order)

    def orders_of(self, symbol: str, since_ns: int) -> PagedCall[VenueOrder]:
        """Return what asks for every order of a market, whatever its state, changed since then."""
        call = orders.orders(ticker=symbol, since_ns=since_ns, subaccount=self.subaccount)
        return self._pages(call, orders.read_orders, orders.order_page, self.order)

    def fills(self, since_ns: int) -> PagedCall[VenueFill]:
        """Return what asks for every fill since then."""
        call = portfolio.fills(since_ns=since_ns, subaccount=self.subaccount)
        return self._pages(call, portfolio.read_fills, portfolio.fill_page, self.fill)

    def fills_of(self, order_id: str) -> PagedCall[VenueFill]:
        """Return what asks for every fill of an order."""
        call = portfolio.fills(order_id=order_id, subaccount=self.subaccount)
        return self._pages(call, portfolio.read_fills, portfolio.fill_page, self.fill)

    def settlements(self, since_ns: int) -> PagedCall[VenueSettlement]:
        """Return what asks for every settlement since then."""
        call = portfolio.settlements(since_ns=since_ns, subaccount=self.subaccount)
        return self._pages(call, portfolio.read_settlements, portfolio.settlement_page, self._settlement)

    def queue_places(self, symbols: Iterable[str]) -> Call[list[QueuePlace]]:
        """Return what asks where the resting orders of up to 100 markets stand in their queues."""
        call = orders.queue_positions(tickers=symbols, subaccount=self.subaccount)
        return Call(call.request, lambda body: [_queue_place(each) for each in call.read(body)], call.statuses)

    def order(self, told: KalshiOrder) -> VenueOrder:
        """Return an order; what rests is told by what is left of it, an earlier size of it may be told as well."""
        cum_qty = size(told.fill_count_fp, "fill_count_fp")
        leaves_qty = size(told.remaining_count_fp, "remaining_count_fp") if told.status == "resting" else 0
        initial = size(told.initial_count_fp, "initial_count_fp")
        return VenueOrder(
            order_id=told.order_id,
            cl_ord_id=told.client_order_id or "",
            symbol=told.ticker,
            side=self._side(told.book_side, told.outcome_side, told.order_id),
            price=price(told.yes_price_dollars, "yes_price_dollars"),
            order_qty=cum_qty + leaves_qty if told.status == "resting" else max(initial, cum_qty),
            cum_qty=cum_qty,
            leaves_qty=leaves_qty,
            status=self._status(told, cum_qty, initial),
            shard=told.exchange_index or 0,
            updated_ns=optional_time_ns(told.last_update_time or told.created_time, "last_update_time"),
        )

    def fill(self, told: KalshiFill) -> VenueFill:
        """Return a fill, its fee to the millionth."""
        return VenueFill(
            trade_id=told.trade_id or told.fill_id or "",
            order_id=told.order_id,
            cl_ord_id="",
            symbol=told.ticker or told.market_ticker or "",
            side=self._side(told.book_side, told.outcome_side, told.trade_id),
            price=price(told.yes_price_dollars, "yes_price_dollars"),
            qty=size(told.count_fp, "count_fp"),
            fee=money(told.fee_cost, "fee_cost"),
            is_taker=told.is_taker,
            time_ns=optional_time_ns(told.created_time, "created_time") or (told.ts or 0) * NS,
        )

    def take_oddities(self) -> list[str]:
        """Return what of the answers was not understood, each once."""
        return self.oddities.take()

    def _settlement(self, told: KalshiSettlement) -> VenueSettlement:
        payout = {"yes": DOLLAR, "no": 0}.get(told.market_result, -1)
        if payout < 0 and told.value is not None:
            payout = told.value * _CENT_PRICE
        if payout < 0:
            self.oddities.tell("market_result", told.market_result, "what a contract got is not told")
        return VenueSettlement(
            symbol=told.ticker,
            payout=payout,
            revenue=told.revenue * CENT,
            fee=money(told.fee_cost, "fee_cost"),
            time_ns=time_ns(told.settled_time, "settled_time"),
            yes_qty=size(told.yes_count_fp or "0", "yes_count_fp"),
            no_qty=size(told.no_count_fp or "0", "no_count_fp"),
        )

    def _side(self, book_side: str | None, outcome_side: str | None, what: str) -> int:
        by_book, by_outcome = _SIDES.get(book_side or ""), _OUTCOMES.get(outcome_side or "")
        found = by_book or by_outcome
        if found is None or (by_book and by_outcome and by_book != by_outcome):
            raise DecodeError(f"{what}: book_side {book_side!r} and outcome_side {outcome_side!r} tell no side")
        return found

    def _status(self, told: KalshiOrder, cum_qty: int, initial: int) -> str:
        if told.status == "resting":
            return Status.PARTIALLY_FILLED if cum_qty else Status.NEW
        if told.status == "executed":
            return Status.FILLED if cum_qty >= initial else Status.CANCELED
        if told.status == "canceled":
            return Status.CANCELED
        self.oddities.tell("order.status", told.status, "unknown, so is what becomes of the order")
        return Status.UNKNOWN

    def _pages(
        self, call: PagedCall[T], reader: Reader[P], page_of: Callable[[P], Page[T]], make: Callable[[T], V]
    ) -> PagedCall[V]:
        def read(body: bytes) -> Page[V]:
            """Return the values of a page."""
            page = page_of(reader.read(body, self.oddities))
            return Page([make(item) for item in page.items], page.cursor)

        return PagedCall(call.following, read)


def _each(call: PagedCall[T], make: Callable[[T], list[V]]) -> PagedCall[V]:
    """Return a list of what each item stands for."""

    def read(body: bytes) -> Page[V]:
        """Return the values of a page."""
        page = call.read(body)
        return Page([value for item in page.items for value in make(item)], page.cursor)

    return PagedCall(call.following, read)


def _flows(kind: str, told: KalshiFlow, cents: int) -> list[VenueFlow]:
    """Return what has been carried out: one that came back came and went."""
    if told.status not in ("applied", "returned"):
        return []
    time_ns, amount = (told.finalized_ts or told.created_ts or 0) * NS, cents * CENT
    done = VenueFlow(flow_id=told.id, kind=kind, amount=amount, time_ns=time_ns)
    if told.status == "applied":
        return [done]
    back = VenueFlow(flow_id=f"{told.id}:returned", kind=f"{kind} returned", amount=-amount, time_ns=time_ns)
    return [done, back]


def _balance(told: KalshiBalance) -> VenueBalance:
    shards = {each.exchange_index: money(each.balance, "balance") for each in told.balance_breakdown or ()}
    return VenueBalance(
        cash=money(told.balance_dollars, "balance_dollars"), shards=shards, updated_ns=(told.updated_ts or 0) * NS
    )


def _position(told: KalshiPosition) -> VenuePosition:
    return VenuePosition(
        symbol=told.ticker,
        net=size(told.position_fp, "position_fp"),
        fees=money(told.fees_paid_dollars, "fees_paid_dollars"),
        realized=money(told.realized_pnl_dollars or "0", "realized_pnl_dollars"),
    )


def _queue_place(told: KalshiQueuePosition) -> QueuePlace:
    return QueuePlace(order_id=told.order_id, symbol=told.market_ticker, position=told.queue_position_fp)
