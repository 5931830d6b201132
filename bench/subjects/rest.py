"""`rest`: the processor time that one signed order create over REST costs the client's process, whole and in parts.

A create is made, signed, sent over a kept TLS connection to a server in another process, awaited and read, by the
engine's own REST client. Its time is what this process spent on a core meanwhile: waiting is free, the kernel's work
for it counts. The parts are measured by themselves: `build`, `sign`, `wire` (aiohttp, TLS, the loop and the kernel) and
`read`; what the whole takes beyond them is the client's limits, counts and records.

Units   ns of processor time.
Errors  BenchError where a create is not answered as it must be.
"""

import asyncio
import ssl
import time
from array import array
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

import uvloop

from bench.child import BenchError
from bench.report import host
from bench.report.results import Figures, combine
from bench.subjects import rest_server
from bench.subjects.frames import bench_instrument
from bench.subjects.idle_acceptor import answers
from bench.subjects.sessions import Process
from bench.venue import certificate, kalshi
from engine import fix
from engine.fix import Status
from engine.net.rest.client import RestClient
from engine.net.rest.settings import RestSettings
from engine.net.rest.wire import Wire
from engine.orders.order import Order
from engine.orders.orders import Orders
from engine.venue.kalshi.rest.dialect import KalshiRest
from engine.venue.kalshi.rest.order_path import KalshiRestOrders
from engine.venue.rest import TokenLimits

NAME = "rest.create"
PARTS = ("", ".build", ".sign", ".wire", ".read")
COUNT, QUICK_COUNT, WARM_UP = 2_000, 100, 50
UNLIMITED = TokenLimits(10**9, 10**9, 10**9, 10**9)
SIZE, PRICE = 100, 5100
CREATED = 201

Made = TypeVar("Made")
Samples = dict[str, "array[int]"]  # by part, "" for the whole


class Creates:
    """One client that sends one create after another; `samples` has the processor time of each, and of its parts."""

    def __init__(self, port: int, file: Path) -> None:
        key, _ = kalshi.made_key()
        context = ssl.create_default_context(cafile=file)
        settings = RestSettings(url=f"https://{certificate.LOCAL}:{port}", limits=UNLIMITED)
        self.samples: Samples = {}
        self._dialect = KalshiRest(key)
        self._orders = Orders("bench")
        self._rest_orders = KalshiRestOrders()
        self._market = bench_instrument()
        self._client = RestClient(
            settings, self._dialect, wall_ns=time.time_ns, clock_ns=time.monotonic_ns, ssl_context=context
        )
        self._wire = Wire(settings, context)

    async def run(self, count: int) -> None:
        """Send `count` creates as a whole, and as many in parts, by turns."""
        self._wire.open()
        try:
            async with self._client:
                for amount in (WARM_UP, count):
                    self.samples = {part: array("q") for part in PARTS}
                    for _ in range(amount):
                        await self._whole()
                        await self._in_parts()
        finally:
            await self._wire.close()

    async def _whole(self) -> None:
        order = self._order()
        begun_ns = time.process_time_ns()
        answer = await self._client.call(self._rest_orders.new_order(order, time.time_ns()))
        self.samples[""].append(time.process_time_ns() - begun_ns)
        if [report.ord_status for report in answer.reports] != [Status.NEW]:
            raise BenchError(f"{NAME}: the answer is not the one expected: {answer}")

    async def _in_parts(self) -> None:
        order = self._order()
        call = self._timed(".build", lambda: self._rest_orders.new_order(order, time.time_ns()))
        headers = self._timed(".sign", lambda: self._dialect.sign(call.request, time.time_ns()))
        begun_ns = time.process_time_ns()
        answer = await self._wire.exchange(call.request, headers)
        self.samples[".wire"].append(time.process_time_ns() - begun_ns)
        if answer.status != CREATED:
            raise BenchError(f"{NAME}: status {answer.status}: {answer.body[:200]!r}")
        self._timed(".read", lambda: call.read(answer.body))

    def _order(self) -> Order:
        return self._orders.open(
            self._market, fix.BUY, PRICE, SIZE, fix.Type.LIMIT, fix.Tif.GTC, False, 0, time.time_ns()
        )

    def _timed(self, part: str, function: Callable[[], Made]) -> Made:
        begun_ns = time.process_time_ns()
        made = function()
        self.samples[part].append(time.process_time_ns() - begun_ns)
        return made


def measure(is_quick: bool, repetitions: int, cores: tuple[int, int] | None) -> dict[str, Figures]:
    """Return the figures by name; each repetition has a fresh server and a fresh client."""
    count = QUICK_COUNT if is_quick else COUNT
    each = [_repetition(count, cores) for _ in range(repetitions)]
    return {NAME + part: combine([samples[part] for samples in each]) for part in PARTS}


def _repetition(count: int, cores: tuple[int, int] | None) -> Samples:
    server_core, client_core = cores if cores else (None, None)
    with TemporaryDirectory(prefix="fixlane-rest-") as directory:
        file = certificate.file(Path(directory))
        with (
            Process(rest_server.serve, file, server_core) as server,
            Process(send, server.first, file, count, client_core) as client,
        ):
            samples: Samples = client.first
            return samples


def send(pipe: Connection, port: int, file: Path, count: int, core: int | None) -> None:
    """Send creates to the server at `port`, and what they took through the pipe."""
    with answers(pipe):
        if core is not None:
            host.pin(core)
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            pipe.send(("done", runner.run(_samples(port, file, count))))


async def _samples(port: int, file: Path, count: int) -> Samples:
    creates = Creates(port, file)
    await creates.run(count)
    return creates.samples
