"""Kalshi's private and public news as values of the engine: fills, orders, positions, groups, quotes, tickers, events.

Units   as in `instrument`, and as in Kalshi's own for a market that is not ours: $0.0001, 0.01 contract, $0.000001.
Errors  DecodeError for a message that lacks what it is about, or whose numbers are none.
Source  Kalshi WebSocket: private channels, communications, ticker, event lifecycle and fee update.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from engine import fix
from engine._decimal import parse_decimal
from engine.errors import DecodeError
from engine.instrument import Instrument
from engine.venue.account import OrderGroupChange, VenueFill, VenueOrder, VenuePosition
from engine.venue.kalshi.channels import messages
from engine.venue.kalshi.lifecycle import exclusive_of
from engine.venue.quotes import QuoteNews, QuoteRequestNews
from engine.venue.reference import EventFees, EventListing, MarketTicker

ANY_MARKET = Instrument("", 0, None)  # Kalshi's decimals, for what is not among ours
MAKER_PERCENT = {"quadratic": 0, "quadratic_with_maker_fees": 25, "quadratic_with_combo_maker_fees": 50}
UNKNOWN_FEE_TYPE = MAKER_PERCENT["quadratic_with_maker_fees"]  # the more careful of the usual two
_NS_PER_MS = 1_000_000
_NS = 1_000_000_000
_STATUS = {"resting": fix.Status.NEW, "canceled": fix.Status.CANCELED, "executed": fix.Status.FILLED}
_MILLI = 3  # decimals of a fee multiplier


def fill(text: messages.FillText, market: Instrument) -> VenueFill:
    """Return one fill, at the YES price."""
    return VenueFill(
        trade_id=_named(text.trade_id, "trade_id"),
        order_id=text.order_id,
        cl_ord_id=text.client_order_id,
        symbol=text.market_ticker,
        side=_side(text),
        price=market.parse_price(text.yes_price_dollars),
        qty=market.parse_size(text.count_fp),
        fee=_money(text.fee_cost, market),
        is_taker=text.is_taker,
        time_ns=text.ts_ms * _NS_PER_MS,
        net_after=market.parse_size(text.post_position_fp) if text.post_position_fp else None,
    )


def order(text: messages.OrderText, market: Instrument) -> VenueOrder:
    """Return one order as it stands; a status that is not listed is UNKNOWN, with the venue's word as its reason."""
    cum_qty = market.parse_size(text.fill_count_fp)
    status = _STATUS.get(text.status, fix.Status.UNKNOWN)
    if status == fix.Status.NEW and cum_qty:
        status = fix.Status.PARTIALLY_FILLED
    return VenueOrder(
        order_id=_named(text.order_id, "order_id"),
        cl_ord_id=text.client_order_id,
        symbol=text.ticker,
        side=_side(text),
        price=market.parse_price(text.yes_price_dollars),
        order_qty=market.parse_size(text.initial_count_fp),
        cum_qty=cum_qty,
        leaves_qty=market.parse_size(text.remaining_count_fp),
        status=status,
        shard=text.exchange_index,
        updated_ns=(text.last_updated_ts_ms or text.created_ts_ms) * _NS_PER_MS,
        reason=text.status if status == fix.Status.UNKNOWN else text.last_update_reason,
    )


def position(text: messages.PositionText, market: Instrument) -> VenuePosition:
    """Return what is held of one market."""
    return VenuePosition(
        symbol=text.market_ticker,
        net=market.parse_size(text.position_fp),
        fees=_money(text.fees_paid_dollars, market),
        realized=_money(text.realized_pnl_dollars, market),
    )


def group(text: messages.GroupText, market: Instrument) -> OrderGroupChange | None:
    """Return what became of an order group; None where it is not said of which."""
    if not text.order_group_id:
        return None
    return OrderGroupChange(
        group_id=text.order_group_id,
        change=text.event_type,
        limit=_size(text.contracts_limit_fp, market),
        time_ns=text.ts_ms * _NS_PER_MS,
    )


def request_for_quotes(text: messages.QuoteText, market: Instrument) -> QuoteRequestNews | None:
    """Return a request for quotes, which is open until its deletion comes; None where it is not said which."""
    if not text.id:
        return None
    return QuoteRequestNews(
        request_id=text.id,
        symbol=text.market_ticker,
        is_open=not text.deleted_ts,
        creator=text.creator_id,
        event=text.event_ticker,
        qty=_size(text.contracts_fp, market),
        cost=_money(text.target_cost_dollars, market) if text.target_cost_dollars else -1,
        time_ns=moment_ns(text.deleted_ts or text.created_ts),
    )


def quote_of(stage: str) -> Callable[[messages.QuoteText, Instrument], QuoteNews | None]:
    """Return what reads a quote at this stage."""

    def quote(text: messages.QuoteText, market: Instrument) -> QuoteNews | None:
        """Return the quote, a bid of 0 being none; None where it is not said which."""
        if not text.quote_id:
            return None
        ask = _price(text.no_bid_dollars, market)
        return QuoteNews(
            quote_id=text.quote_id,
            request_id=text.rfq_id,
            symbol=text.market_ticker,
            stage=stage,
            bid=_price(text.yes_bid_dollars, market) or -1,
            ask=10**market.price_decimals - ask if ask > 0 else -1,
            bid_qty=_size(text.yes_contracts_offered_fp, market),
            ask_qty=_size(text.no_contracts_offered_fp, market),
            accepted_outcome=text.accepted_side,
            accepted_qty=_size(text.contracts_accepted_fp, market),
            order_id=text.order_id,
            cl_ord_id=text.client_order_id,
            maker=text.quote_creator_id,
            taker=text.rfq_creator_id,
            time_ns=moment_ns(text.executed_ts or text.created_ts),
        )

    return quote


def ticker(text: messages.TickerText, market: Instrument) -> MarketTicker | None:
    """Return a market in short; None where it is not said which."""
    if not text.market_ticker:
        return None
    return MarketTicker(
        symbol=text.market_ticker,
        last=_price(text.price_dollars, market),
        last_size=_size(text.last_trade_size_fp, market),
        best_bid=_price(text.yes_bid_dollars, market),
        bid_size=_size(text.yes_bid_size_fp, market),
        best_ask=_price(text.yes_ask_dollars, market),
        ask_size=_size(text.yes_ask_size_fp, market),
        volume=_size(text.volume_fp, market),
        open_interest=_size(text.open_interest_fp, market),
        time_ns=text.ts_ms * _NS_PER_MS,
    )


def event_listing(text: messages.EventText, _: Instrument) -> EventListing | None:
    """Return an event; None where it is not said which."""
    if not text.event_ticker:
        return None
    title = f"{text.title} {text.subtitle}".strip()
    return EventListing(
        event=text.event_ticker,
        series=text.series_ticker,
        title=title,
        netting=text.collateral_return_type,
        exclusive=exclusive_of(text.collateral_return_type),
        shard=text.exchange_index,
    )


def fee_change(text: messages.FeeOverride, _: Instrument) -> EventFees | None:
    """Return the other fee terms of an event; None where it is not said of which."""
    if not text.event_ticker:
        return None
    kind = text.fee_type_override
    return EventFees(
        event=text.event_ticker,
        maker_percent=-1 if kind is None else MAKER_PERCENT.get(kind, UNKNOWN_FEE_TYPE),
        multiplier_milli=_multiplier(bytes(text.fee_multiplier_override)),
    )


def multiplier_text(text: messages.FeeOverride) -> str:
    """Return the multiplier as the venue wrote it; "" for the usual one."""
    raw = bytes(text.fee_multiplier_override).strip(b'"').decode()
    return "" if raw == "null" else raw


READERS: dict[type, Callable[[Any, Instrument], object]] = {
    messages.FillMessage: fill,
    messages.OrderMessage: order,
    messages.PositionMessage: position,
    messages.GroupMessage: group,
    messages.RfqCreated: request_for_quotes,
    messages.RfqDeleted: request_for_quotes,
    messages.QuoteCreated: quote_of("created"),
    messages.QuoteAccepted: quote_of("accepted"),
    messages.QuoteExecuted: quote_of("executed"),
    messages.Ticker: ticker,
    messages.FeeUpdate: fee_change,
    messages.EventLifecycle: event_listing,
}


def symbol_of(message: messages.NewsMessage) -> str:
    """Return the market that a message is about; "" for none."""
    msg = message.msg
    return getattr(msg, "market_ticker", "") or getattr(msg, "ticker", "")


def is_elsewhere(message: messages.NewsMessage, subaccount: int) -> bool:
    """Return whether it is a fill, order or position of another subaccount than ours."""
    msg = message.msg
    if isinstance(msg, messages.OrderText):
        return msg.subaccount_number != subaccount
    return isinstance(msg, messages.FillText | messages.PositionText) and msg.subaccount != subaccount


def moment_ns(text: str) -> int:
    """Return an RFC 3339 time in ns since 1970, cut to microseconds; 0 for what is none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return 0
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return int((moment.replace(microsecond=0)).timestamp()) * _NS + moment.microsecond * 1_000


def _side(text: messages.FillText | messages.OrderText) -> int:
    if text.outcome_side is not None:
        return fix.BUY if text.outcome_side == "yes" else fix.SELL
    if text.book_side is not None:
        return fix.BUY if text.book_side == "bid" else fix.SELL
    raise DecodeError("neither outcome_side nor book_side says which side it is")


def _named(text: str, name: str) -> str:
    if not text:
        raise DecodeError(f"{name} is missing")
    return text


def _money(text: str, market: Instrument) -> int:
    return parse_decimal(text, market.price_decimals + market.size_decimals)


def _price(text: str, market: Instrument) -> int:
    return market.parse_price(text) if text else -1


def _size(text: str, market: Instrument) -> int:
    return market.parse_size(text) if text else -1


def _multiplier(raw: bytes) -> int:
    text = raw.strip(b'"')
    return -1 if text == b"null" else parse_decimal(text, _MILLI)
