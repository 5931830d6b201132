"""Made frames of a market channel: a market of two tokens whose books mirror each other, and lines as recorders write.

Units   prices in cents of the first token, sizes in 0.01 contracts, times in ms since `START_MS`.
"""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine._decimal import format_decimal

BEGIN = datetime(2026, 9, 30, tzinfo=UTC)
START_MS = 1_790_726_400_000  # the same
YES, NO, CONDITION = "7001", "7002", "0xc0"
BUY, SELL = 1, 2
NAMES = {BUY: "BUY", SELL: "SELL"}


def cents(price: int) -> str:
    """Return a price as the venue writes it."""
    return format_decimal(price, 2).rstrip("0").rstrip(".") or "0"


def size_text(size: int) -> str:
    """Return a size as the venue writes it."""
    return format_decimal(size, 2).rstrip("0").rstrip(".") if size else "0"


def stamped(ms: int) -> str:
    """Return a time as recorders write it."""
    return (BEGIN + timedelta(milliseconds=ms)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


class TokenFeed:
    """What a venue says; `book` is the truth by side and price, and `lines` what a recorder heard 100 ms later."""

    def __init__(self, *, tick: str | None = "0.01") -> None:
        self.now_ms = 1_000
        self.tick = tick
        self.book: dict[tuple[int, int], int] = {}
        self.lines: list[str] = []

    def hear(self, payload: object, after_ms: int = 100) -> None:
        """Write a frame down."""
        text = payload if isinstance(payload, str) else json.dumps(payload)
        self.lines.append(json.dumps({"receivedAt": stamped(self.now_ms + after_ms), "payloadUtf8": text}))

    def message(self, kind: str, **fields: Any) -> dict[str, Any]:
        """Return a message of the market."""
        return {"event_type": kind, "market": CONDITION, "timestamp": str(START_MS + self.now_ms), **fields}

    def whole(self, token: str) -> dict[str, Any]:
        """Return the whole book of a token."""
        sides: dict[int, list[dict[str, str]]] = {BUY: [], SELL: []}
        for (side, price), size in sorted(self.book.items()):
            shown = (side, price) if token == YES else (BUY + SELL - side, 100 - price)
            sides[shown[0]].append({"price": cents(shown[1]), "size": size_text(size)})
        return self.message("book", asset_id=token, hash="0", bids=sides[BUY], asks=sides[SELL])

    def begin(self, book: dict[tuple[int, int], int], *tokens: str) -> None:
        """Show the books of a subscription in one frame."""
        self.book = dict(book)
        more = {"tick_size": self.tick} if self.tick else {}
        self.hear([{**self.whole(token), **more, "last_trade_price": ""} for token in tokens or (YES, NO)])

    def change(self, side: int, price: int, size: int, *, first: str = YES) -> None:
        """Change a level, and tell it of both tokens."""
        self.set(side, price, size)
        tokens = (YES, NO) if first == YES else (NO, YES)
        self.hear(
            self.message("price_change", price_changes=[self.element(each, side, price, size) for each in tokens])
        )

    def element(self, token: str, side: int, price: int, size: int) -> dict[str, str]:
        """Return what one token says of a level."""
        bid = max((price for which, price in self.book if which == BUY), default=0)
        ask = min((price for which, price in self.book if which == SELL), default=100)
        if token == NO:
            side, price, bid, ask = BUY + SELL - side, 100 - price, 100 - ask, 100 - bid
        said = {"asset_id": token, "price": cents(price), "size": size_text(size), "side": NAMES[side], "hash": "0"}
        return {**said, "best_bid": cents(bid), "best_ask": cents(ask)}

    def trade(self, side: int, size: int, *, token: str = YES) -> None:
        """Take from the best level of a side: books of both tokens, and the trade 39 ms later."""
        prices = [price for which, price in self.book if which == side]
        price = max(prices) if side == BUY else min(prices)
        size = min(size, self.book[side, price])
        self.set(side, price, self.book[side, price] - size)
        for each in (YES, NO):
            self.hear(self.whole(each))
        self.now_ms += 39
        taker, at = (BUY + SELL - side, price) if token == YES else (side, 100 - price)
        fields = {"asset_id": token, "price": cents(at), "size": size_text(size), "side": NAMES[taker]}
        self.hear(self.message("last_trade_price", **fields, fee_rate_bps="0", transaction_hash="0x"))

    def set(self, side: int, price: int, size: int) -> None:
        """Change the truth alone."""
        self.book.pop((side, price), None)
        if size:
            self.book[side, price] = size

    def write(self, folder: Path, name: str = "frames.jsonl") -> Path:
        """Write the lines."""
        path = folder / name
        path.write_text("".join(line + "\n" for line in self.lines))
        return path
