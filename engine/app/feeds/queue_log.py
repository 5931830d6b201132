"""Asks the venue over REST where our resting orders stand in their queues, and keeps the answers beside the frames.

Units   times in ns since 1970; positions as the venue says them.
Shapes  lines of `engine.backtest.queues.reported`.
Errors  none: what fails is counted and told once until it works again, and the next turn is next.
Bounds  one request at a time, of `MOST_MARKETS` at most, behind everything else that REST carries.
Safety  each turn is written at once; what was written survives kill -9.
Cost    nothing on the path; the file is written by another thread.
Thread  the loop thread, but for the file.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path

import msgspec

from engine.app.account.reading import AccountClient
from engine.backtest.queues.reported import QueueLine
from engine.errors import EngineError
from engine.orders.orders import Orders
from engine.venue.account import QueueDialect, QueuePlace

MOST_MARKETS = 100  # in one request
_S = 1_000_000_000


class QueueLog:
    """Asks every `every_ns` while orders rest; `written` counts what was kept, `failed` turns that were not whole."""

    def __init__(
        self,
        path: Path,
        client: AccountClient,
        dialect: QueueDialect,
        orders: Orders,
        wall_ns: Callable[[], int],
        every_ns: int,
        tell: Callable[[str], object],
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self.written = self.failed = 0
        self._path = path
        self._client = client
        self._dialect = dialect
        self._orders = orders
        self._wall_ns = wall_ns
        self._every_ns = every_ns
        self._tell = tell
        self._sleep = sleep
        self._fails = False

    async def run(self) -> None:
        """Ask again and again until cancelled."""
        while True:
            await self._sleep(self._every_ns / _S)
            await self.ask()

    async def ask(self) -> None:
        """Ask for every market where an order rests, and keep the answers."""
        symbols = sorted({each.instrument.symbol for each in self._orders.live() if each.order_id})
        try:
            for some in batches(symbols):
                await self._ask(some)
        except (EngineError, OSError) as error:
            self.failed += 1
            if not self._fails:
                self._tell(f"{self._path}: where our orders stand in their queues was not recorded: {error}")
            self._fails = True
        else:
            self._fails = False

    async def _ask(self, symbols: list[str]) -> None:
        asked_ns = self._wall_ns()
        places = await self._client.call(self._dialect.queue_places(symbols))
        heard_ns = self._wall_ns()
        await asyncio.to_thread(self._write, b"".join(_line(each, asked_ns, heard_ns) for each in places))
        self.written += len(places)

    def _write(self, lines: bytes) -> None:
        with self._path.open("ab") as file:
            file.write(lines)


def batches(symbols: list[str]) -> Iterable[list[str]]:
    """Yield as many names as one request takes."""
    for at in range(0, len(symbols), MOST_MARKETS):
        yield symbols[at : at + MOST_MARKETS]


def _line(place: QueuePlace, asked_ns: int, heard_ns: int) -> bytes:
    line = QueueLine(
        asked_ns=asked_ns,
        heard_ns=max(heard_ns, asked_ns),
        order_id=place.order_id,
        market=place.symbol,
        position=place.position,
    )
    return msgspec.json.encode(line) + b"\n"
