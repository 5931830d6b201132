"""What the frames say of markets: which tokens are two sides of one, in what steps they are quoted, what they paid.

A market is known by the token whose book its rows are: YES where the venue or an index names the tokens, else the one
that was converted before, else the one that is shown first. The other token's book is its mirror: BUY at p is SELL at
1 - p. The grid is the finest that was ever in force.

An index is `markets.json` or `*.markets.json` beside the frames: an array of markets as the venue's catalogue gives
them, with `conditionId`, `clobTokenIds`, and if known `slug`, `orderPriceMinTickSize`, `endDate`.

Units   prices 0.0001 dollars, sizes 0.01 contracts, times in ns since 1970.
Errors  DecodeError for an index that is none.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from math import gcd
from pathlib import Path

import msgspec

from engine._decimal import parse_decimal
from engine.backtest.rows.levels import LIMIT, PRICE_DECIMALS
from engine.backtest.rows.markets import MarketRow
from engine.backtest.rows.polymarket.frames import (
    CHANGE,
    LISTED,
    RESOLVED,
    TRADE,
    TokenMessage,
    ids,
    plain,
    read_token_frames,
    time_ns,
)
from engine.errors import DecodeError

INDEXES = ("markets.json", "*.markets.json")


class TokenMarket(msgspec.Struct):
    """One market: its tokens, the one whose book the rows are first."""

    condition: str
    tokens: list[str] = []
    is_named: bool = False  # by the venue, YES first
    tick: int = 0  # every price is a multiple of it; 0 where nobody said
    slug: str = ""
    close_ns: int | None = None
    settled_ns: int | None = None
    winner: str = ""

    def row(self) -> MarketRow:
        """Return its place in the table of markets."""
        ticker = self.tokens[0]
        result = ("yes" if self.winner == ticker else "no") if self.winner else ""
        return MarketRow(
            ticker,
            event=self.slug or self.condition,
            grid=f"0:{LIMIT}:{self.tick}" if self.tick else "",
            close_ns=self.close_ns,
            settled_ns=self.settled_ns,
            result=result,
            value=(LIMIT if result == "yes" else 0) if result else None,
            source="venue" if self.is_named else "inferred",
        )

    def add_tick(self, text: str) -> None:
        """Make the grid as fine as a step."""
        if text and (step := parse_decimal(text, PRICE_DECIMALS)) > 0:
            self.tick = gcd(self.tick, step)


class HeardPrint(msgspec.Struct, gc=False):
    """A trade as it was heard: of which token, for which side, at what price; texts, as they may be no numbers."""

    heard_ns: int
    asset_id: str
    side: str
    price: str
    size: str


class TokenListing:
    """Reads files once; `markets` by condition, `prints` by file and condition."""

    def __init__(self, paths: Sequence[Path], known: Mapping[str, MarketRow]) -> None:
        self.markets: dict[str, TokenMarket] = {}
        self.prints: dict[Path, defaultdict[str, list[HeardPrint]]] = {}
        for folder in sorted({path.parent for path in paths}):
            for index in sorted({path for pattern in INDEXES for path in folder.glob(pattern)}):
                self._read_index(index)
        for path in paths:
            prints = self.prints[path] = defaultdict(list)
            for frame in read_token_frames(path):
                for message in frame.messages:
                    self._add(message)
                    if message.event_type == TRADE:
                        prints[message.market].append(_print(frame.heard_ns, message))
        for market in self.markets.values():
            if not market.is_named and len(market.tokens) == 2 and market.tokens[1] in known:
                market.tokens.reverse()

    def rows(self) -> dict[str, MarketRow]:
        """Return the table of markets of which a token was shown or named."""
        return {each.tokens[0]: each.row() for each in self.markets.values() if each.condition and each.tokens}

    def _add(self, message: TokenMessage) -> None:
        market = self._market(message.market)
        for token in _shown(message):
            if token and token not in market.tokens and len(market.tokens) < 2 and not market.is_named:
                market.tokens.append(token)
        for text in (message.tick_size, message.old_tick_size, message.new_tick_size):
            market.add_tick(plain(text))
        if message.event_type == LISTED:
            market.slug = message.slug or market.slug
            market.add_tick(plain(message.order_price_min_tick_size))
            _name(market, ids(message.clob_token_ids))
        elif message.event_type == RESOLVED:
            market.winner, market.settled_ns = message.winning_asset_id, message.stamp_ns() or None

    def _market(self, condition: str) -> TokenMarket:
        return self.markets.setdefault(condition, TokenMarket(condition))

    def _read_index(self, path: Path) -> None:
        try:
            for each in msgspec.json.decode(path.read_bytes(), type=list[_Indexed]):
                market = self._market(each.condition)
                _name(market, ids(each.tokens))
                market.add_tick(plain(each.tick))
                market.slug = each.slug or market.slug
                market.close_ns = time_ns(each.ends) if each.ends else market.close_ns
        except (msgspec.DecodeError, DecodeError, ValueError) as error:
            raise DecodeError(f"{path} is no list of markets: {error}") from None


class _Indexed(
    msgspec.Struct,
    rename={"condition": "conditionId", "tokens": "clobTokenIds", "tick": "orderPriceMinTickSize", "ends": "endDate"},
):
    condition: str
    tokens: msgspec.Raw
    tick: msgspec.Raw = msgspec.Raw()
    slug: str = ""
    ends: str | None = None


def _name(market: TokenMarket, tokens: list[str]) -> None:
    """Take the tokens as the venue names them."""
    if len(tokens) == 2:
        market.tokens, market.is_named = tokens, True


def _shown(message: TokenMessage) -> list[str]:
    if message.event_type == CHANGE:
        return [each.asset_id or message.asset_id for each in message.price_changes or message.changes]
    return [message.asset_id]


def _print(heard_ns: int, message: TokenMessage) -> HeardPrint:
    return HeardPrint(heard_ns, message.asset_id, message.side, message.price, message.size)
