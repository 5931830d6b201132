"""Stage stamps: a delay shows in the stage that has it, and an engine without stamps has none."""

import asyncio
import sys
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path
from time import perf_counter_ns
from types import SimpleNamespace
from typing import Any

import pytest

from bench.plan import DECISION_PATH, FRAME_PATH, REPORT_PATH
from bench.rig import Rig, limits
from bench.subjects.frames import bench_instrument, stairs
from bench.subjects.stages import STAGES, Stages, wrap_stage
from bench.subjects.strategies import AskTaker
from engine import fix
from engine.book import Book
from engine.codec import Fields
from engine.instrument import Instrument
from engine.journal.writer import Journal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.trading.assembly import Parts, Surroundings, assemble
from engine.trading.desk import Desk
from engine.trading.gateway import SessionGateway
from engine.venue.fix44.dialect import Fix44
from engine.venue.kalshi.market_data import KalshiMarketData

DELAY_NS = 50_000
FRAMES = 40
HEAD = 4  # bytes of a WebSocket frame's head


class Bench:
    """A desk with its entries, fed by hand: what a rig has without its connections."""

    def __init__(self, instrument: Instrument, directory: Path) -> None:
        self.market_data = KalshiMarketData((instrument,))
        self.dialect = Fix44((instrument,))
        self.journal = Journal(directory, "bench", (instrument,), 0)
        self.strategy = AskTaker()
        clock = count(10**18, 1_000_000)
        self.bodies: list[bytes] = []
        portfolio = Portfolio((instrument,))
        parts = Parts(
            books=(Book(instrument),),
            market_data=self.market_data,
            decode_report=self.dialect.decode,
            orders=Orders("bench"),
            portfolio=portfolio,
            risk=Risk(limits(), (instrument,), portfolio),
            journal=self.journal,
            strategy=self.strategy,
        )
        self.gateway = SessionGateway(self.dialect, self.bodies.append, lambda fields: None)
        around = Surroundings(
            gateway=self.gateway,
            command=lambda frames: None,
            halt=pytest.fail,
            clock_ns=lambda: next(clock),
            wall_ns=lambda: 10**18,
            call_later=lambda delay_ns, due: None,
        )
        self.trading = assemble(parts, around)
        self.trading.is_trading = True
        self.feed = SimpleNamespace(on_frame=self.trading.on_frame)
        self.session = SimpleNamespace(on_message=self.trading.on_report)
        self.market_data.subscribe()

    def play(self, frames: int) -> None:
        """Feed the stairs and fill each order that they provoke."""
        script = stairs()
        for greeting in script.greeting:
            self.feed.on_frame(greeting[greeting.index(b"{") :], True)
        for number, frame in enumerate(script.frames[:frames], 1):
            self.feed.on_frame(bytes(frame[HEAD:]), True)
            order = self.trading.orders.live()[-1]
            self.session.on_message(Fields(fill_of(order, number)))


def fill_of(order: Any, number: int) -> bytes:
    price = order.instrument.format_price(order.price)
    text = (
        f"8=FIX.4.4|9=000|35=8|34={number}|11={order.cl_ord_id}|14=1|17={number}|31={price}|32=1|37={number}|38=1|39=2"
        f"|44={price}|54=1|55={order.instrument.symbol}|150=F|151=0|10=000|"
    )
    return text.replace("|", "\x01").encode()


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(bench_instrument(), tmp_path)
    yield made
    made.journal.close()


def slow(function: Callable[..., Any]) -> Callable[..., Any]:
    def slowed(*arguments: Any) -> Any:
        until_ns = perf_counter_ns() + DELAY_NS
        while perf_counter_ns() < until_ns:
            pass
        return function(*arguments)

    return slowed


def middle(found: dict[str, Any], path: str, stage: str) -> int:
    figures = found["paths"][path]["stages"].get(stage)
    return figures["p50_ns"] if figures else 0


@pytest.mark.parametrize("stage", STAGES[:-1])
def test_delay_in_a_stage_shows_in_its_row(bench: Bench, stage: str) -> None:
    wrap_stage(bench, stage, slow)
    stages = Stages(bench)  # type: ignore[arg-type]
    bench.play(FRAMES)
    found = stages.table()
    rows = {name: middle(found, FRAME_PATH, name) for name in STAGES}
    assert found["paths"][FRAME_PATH]["n"] == FRAMES
    assert rows.pop(stage) >= DELAY_NS
    assert max(rows.values()) < DELAY_NS, rows


@pytest.mark.parametrize("stage", ["decode", "strategy", "risk", "orders", "journal"])
def test_delay_while_a_report_is_handled_shows_in_its_row(bench: Bench, stage: str) -> None:
    wrap_stage(bench, stage, slow)
    stages = Stages(bench)  # type: ignore[arg-type]
    bench.play(FRAMES)
    found = stages.table()
    rows = {name: middle(found, REPORT_PATH, name) for name in STAGES}
    assert rows.pop(stage) >= DELAY_NS
    assert max(rows.values()) < DELAY_NS, rows


def test_stages_sum_up_to_the_time_in_the_loop(bench: Bench) -> None:
    stages = Stages(bench)  # type: ignore[arg-type]
    outside: list[int] = []
    stamped = bench.feed.on_frame

    def timed(frame: bytes, is_last: bool) -> None:
        started_ns = perf_counter_ns()
        stamped(frame, is_last)
        outside.append(perf_counter_ns() - started_ns)

    bench.feed.on_frame = timed
    bench.play(FRAMES)
    found = stages.table()
    stamps_ns = found["stamp_ns"] * 12
    assert abs(sorted(outside)[len(outside) // 2] - found["paths"][FRAME_PATH]["sum"]["p50_ns"]) < stamps_ns + 2000


def test_order_outside_of_a_frame_is_a_path_of_its_own(bench: Bench) -> None:
    stages = Stages(bench)  # type: ignore[arg-type]
    bench.play(1)
    bench.strategy.context.buy(bench.trading.instruments[0], 5100, 100, fix.Tif.IOC)
    assert {path: one["n"] for path, one in stages.table()["paths"].items()} == {
        FRAME_PATH: 1,
        REPORT_PATH: 1,
        DECISION_PATH: 1,
    }


def files_run(bench: Bench) -> set[str]:
    """Return the files whose functions run while frames and reports are handled."""
    found = set()

    def note(frame: Any, event: str, argument: object) -> None:
        found.add(Path(frame.f_code.co_filename).name)

    sys.setprofile(note)
    try:
        bench.play(FRAMES)
    finally:
        sys.setprofile(None)
    return found


def test_engine_without_stamps_runs_nothing_of_theirs(bench: Bench, tmp_path: Path) -> None:
    plain = files_run(bench)
    assert {"market_data.py", "strategies.py"} <= plain  # the compiled files are not seen
    stamped = Bench(bench_instrument(), tmp_path / "stamped")
    Stages(stamped)  # type: ignore[arg-type]
    assert files_run(stamped) - plain == {"stages.py"}
    stamped.journal.close()


def test_engine_without_stamps_holds_the_plain_callables(tmp_path: Path) -> None:
    async def build() -> None:
        rig = Rig("quickfix", tmp_path, 1, 1, bench_instrument(), AskTaker())
        try:
            assert_plain(rig)
        finally:
            await rig.close()

    asyncio.run(build())


def assert_plain(rig: Rig) -> None:
    loop: Any = rig.trading
    gateway: Any = rig.gateway
    market_data = rig.feed.dialect
    assert type(loop.risk) is Risk
    assert type(loop.orders) is Orders
    assert type(loop.journal) is Journal
    assert loop._decode_frame == market_data.decode
    assert type(loop._decode_report.__self__) is type(gateway.encode_new.__self__) is Fix44
    assert loop._apply == tuple(book.apply for book in loop.books)
    assert loop._on_book == rig.strategy.on_book
    assert gateway.send == rig.session.send
    assert loop.guard.strategy is rig.strategy and type(rig.strategy.context) is Desk
    assert rig.feed.on_frame == loop.on_frame and rig.session.on_message == loop.on_report
