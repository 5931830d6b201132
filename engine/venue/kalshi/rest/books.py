"""Order books and public trades as Kalshi's REST tells them, turned into YES prices: who bids q for NO asks 1 - q.

Units   prices in $0.0001, sizes in 0.01 contract.
Errors  DecodeError for a level or a trade that cannot be.
Source  Kalshi REST, markets; market model, YES/NO duality.
"""

from engine import fix
from engine.errors import DecodeError
from engine.venue.kalshi.rest.numbers import DOLLAR, price, size, time_ns
from engine.venue.kalshi.rest.operations.markets import KalshiLadders, KalshiTrade
from engine.venue.reference import BookListing, TradePrint


def book_of(symbol: str, ladders: KalshiLadders) -> BookListing:
    """Return the book; who bids q for NO asks 1 - q for YES."""
    bids = _levels(ladders.yes_dollars, "yes_dollars")
    asks = [(DOLLAR - bid, qty) for bid, qty in _levels(ladders.no_dollars, "no_dollars")]
    return BookListing(symbol=symbol, bids=tuple(sorted(bids, reverse=True)), asks=tuple(sorted(asks)))


def print_of(trade: KalshiTrade) -> TradePrint:
    """Return a trade; its side is the taker's."""
    if trade.taker_outcome_side is None and trade.taker_book_side is None:
        raise DecodeError(f"trade {trade.trade_id}: its taker's side is not told")
    is_buying = trade.taker_outcome_side == "yes" if trade.taker_outcome_side else trade.taker_book_side == "bid"
    return TradePrint(
        trade_id=trade.trade_id,
        symbol=trade.ticker,
        side=fix.BUY if is_buying else fix.SELL,
        price=price(trade.yes_price_dollars, "yes_price_dollars"),
        size=size(trade.count_fp, "count_fp"),
        time_ns=time_ns(trade.created_time, "created_time"),
        is_block=bool(trade.is_block_trade),
    )


def _levels(pairs: list[tuple[str, str]], field: str) -> list[tuple[int, int]]:
    levels = [(price(price_text, field), size(size_text, field)) for price_text, size_text in pairs]
    for bid, qty in levels:
        if not 0 < bid < DOLLAR or qty < 0:
            raise DecodeError(f"{field}: no level: {qty} at {bid}")
    return [level for level in levels if level[1]]
