"""The halt word against a strategy that loops and keeps sending: how soon its last order has left."""

import mmap
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from struct import Struct

import pytest

from engine.runtime.halt_word import FILE, FREE, HALT, Word, write
from engine.runtime.person import this_process
from tests.support.engine.operated import Operated
from tests.support.engine.process import wait_for

HALTS = 50
QUIET_S = 0.02
MOST_NS = 100_000_000  # on a machine that others use too; alone it is some 0.1 ms
SENT = Struct("qq")  # when the last order had left, and how many did
SENDING = """
def on_start(self):
    self.context.timer(0)

def on_timer(self, key):
    import mmap, struct
    market, count = self.context.instruments[0], 0
    with open(__file__ + ".sent", "r+b") as file:
        sent = mmap.mmap(file.fileno(), 16)
    while True:
        if self.context.buy(market, 100, 100) is not None:
            count += 1
            struct.pack_into("qq", sent, 0, time.monotonic_ns(), count)
"""


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Operated]:
    pair = Operated(tmp_path, SENDING, '[watchdog]\nend_after = "0s"')
    text = pair.config.read_text()
    for key in (
        "max_open_orders",
        "max_open_cost",
        "max_position",
        "max_event_position",
        "max_gross_position",
        "max_market_loss",
        "max_event_loss",
        "max_book_age",
    ):
        (line,) = [line for line in text.splitlines() if line.startswith(f"{key} =")]
        text = text.replace(line, f'{key} = "none"')
    start, end = text.index("[risk.rate]"), text.index("[strategy]")
    tables = [f'{name} = "none"\n' for name in ("rate", "duplicates", "executions", "rejects", "ratios")]
    pair.config.write_text("".join([text[:start], *tables, "\n", text[end:]]))
    (tmp_path / "desk.py.sent").write_bytes(bytes(SENT.size))
    pair.start()
    yield pair
    if pair.engine is not None:
        pair.engine.kill()
    pair.close()


def test_halt_of_another_process_ends_the_sending_of_a_hook_that_never_returns(pair: Operated) -> None:
    with (pair.directory / "desk.py.sent").open("r+b") as file:
        sent = mmap.mmap(file.fileno(), SENT.size, access=mmap.ACCESS_READ)

    def count() -> int:
        return int(SENT.unpack_from(sent)[1])

    def say(state: int) -> None:
        write(pair.state_dir / FILE, Word(state, time.time_ns(), this_process(), "fire"))

    wait_for(count, "the first order")
    took = []
    for _ in range(HALTS):
        begun_ns = time.monotonic_ns()
        say(HALT)
        time.sleep(QUIET_S)
        last_ns, halted_at = SENT.unpack_from(sent)
        took.append(max(0, last_ns - begun_ns))
        time.sleep(QUIET_S)
        assert count() <= halted_at + 1  # but the one that was judged before, on a machine that had no time for it
        say(FREE)
        while count() <= halted_at + 1:
            time.sleep(0.001)
    figures = f"median {statistics.median(took) / 1e3:.0f} us, max {max(took) / 1e3:.0f} us of {HALTS} halts"
    print(figures)
    assert max(took) < MOST_NS, figures
