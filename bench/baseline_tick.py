"""The stack people write today, as a baseline for `tick`: websockets, json, a dict book, threaded quickfix.

It keeps the book with floats and finds the best price with max and min, as such code does.
"""

import asyncio
import json
from pathlib import Path

import websockets

from bench.baseline_order import Report, ThreadedSession
from bench.frames import SYMBOL


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

    def __init__(self, state: Path, fix_port: int, feed_port: int) -> None:
        self._feed_url = f"ws://127.0.0.1:{feed_port}/trade-api/ws/v2"
        self._book = DictBook()
        self._orders = 0
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

    def _on_frame(self, frame: dict) -> None:
        if frame["type"] == "orderbook_snapshot":
            self._book.snapshot(frame["msg"])
        elif frame["type"] == "orderbook_delta":
            before = self._book.best()
            self._book.apply(frame["msg"])
            bid, ask = self._book.best()
            if ask != before[1]:
                self._send("1", ask)
            elif bid != before[0]:
                self._send("2", bid)

    def _send(self, side: str, price: float) -> None:
        self._orders += 1
        self.session.send_order(f"base{self._orders}", SYMBOL, side, 1.0, price)

    def _on_report(self, report: Report) -> None:
        self.reports += 1


async def connect(state: Path, fix_port: int, feed_port: int) -> tuple[BaselineTick, "asyncio.Task[None]"]:
    """Log on and start reading the feed."""
    baseline = BaselineTick(state, fix_port, feed_port)
    await baseline.session.start()
    return baseline, asyncio.get_running_loop().create_task(baseline.trade())
