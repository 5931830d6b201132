"""The stack people write today, as a baseline for `tick`: websockets, json, a dict book, threaded quickfix.

It keeps the book with floats and finds the best price with max and min, as such code does.
"""

import json
from pathlib import Path
from typing import Any

import websockets

from bench.baselines.order import Report, ThreadedSession


class DictBook:
    """Two dicts of price to size."""

    def __init__(self) -> None:
        self.bids: dict[float, float] = {}
        self.asks: dict[float, float] = {}

    def best(self) -> tuple[float, float]:
        return max(self.bids, default=0.0), min(self.asks, default=1.0)

    def snapshot(self, message: dict[str, list[list[str]]]) -> None:
        self.bids = {float(price): float(size) for price, size in message.get("yes_dollars_fp", [])}
        self.asks = {round(1 - float(price), 4): float(size) for price, size in message.get("no_dollars_fp", [])}

    def apply(self, message: dict[str, str]) -> None:
        price, change = float(message["price_dollars"]), float(message["delta_fp"])
        levels = self.bids if message["side"] == "yes" else self.asks
        if message["side"] == "no":
            price = round(1 - price, 4)
        size = round(levels.get(price, 0.0) + change, 2)
        if size:
            levels[price] = size
        else:
            del levels[price]


class BaselineTick:
    """Feed, book, strategy and session of the baseline; the venue stamps it from outside."""

    def __init__(self, state: Path, fix_port: int, feed_port: int, symbol: str) -> None:
        self._symbol = symbol
        self._feed_url = f"ws://127.0.0.1:{feed_port}/trade-api/ws/v2"
        self._book = DictBook()
        self.orders = 0
        self.reports = 0
        self.session = ThreadedSession(state, fix_port, self._on_report)

    async def trade(self) -> None:
        """Read frames until the venue hangs up."""
        async with websockets.connect(self._feed_url, compression=None) as feed:
            await feed.send(json.dumps({"id": 1, "cmd": "subscribe", "params": {"channels": ["orderbook_delta"]}}))
            try:
                async for text in feed:
                    self._on_frame(json.loads(text))
            except websockets.ConnectionClosed:
                return

    def _on_frame(self, frame: dict[str, Any]) -> None:
        if frame["type"] == "orderbook_snapshot":
            self._book.snapshot(frame["msg"])
        elif frame["type"] == "orderbook_delta":
            _, last_ask = self._book.best()
            self._book.apply(frame["msg"])
            _, ask = self._book.best()
            if ask != last_ask and 1.0 not in (ask, last_ask):
                self._send(ask)

    def _send(self, price: float) -> None:
        self.orders += 1
        self.session.send_order(f"base{self.orders}", self._symbol, "1", 1.0, price)

    def _on_report(self, report: Report) -> None:
        self.reports += 1
