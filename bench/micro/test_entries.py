"""Market data over FIX: messages of some entries, from their bytes to the levels of books."""

import pytest

from bench.micro.conftest import Time
from bench.subjects.frames import bench_instrument
from engine.book import Book
from engine.codec import Fields
from engine.venue.kalshi.fix.market_data import KalshiFixMarketData

MESSAGES = 50
HEAD = "8=FIXT.1.1|9=1|35=X|34=2|49=KalshiMD|52=20261123-14:33:02.101|56=a90b7d44-1c3e-4f62-8d15-6b2e70f9c8aa|"
WHEN = "272=20261123|273=14:33:02.099|"


def message(text: str) -> bytes:
    return f"{text}10=000|".replace("|", "\x01").encode()


@pytest.mark.parametrize("entries", [1, 20])
def test_entries(time_calls: Time, entries: int) -> None:
    instrument = bench_instrument()
    book, dialect, fields = Book(instrument), KalshiFixMarketData([instrument]), Fields()
    levels = [f"279=1|55={instrument.symbol}|269=0|270=0.{10 + i}00|271={i + 1}.00|{WHEN}" for i in range(entries)]
    change = message(f"{HEAD}268={entries}|{''.join(levels)}")
    dialect.subscribe()
    list(dialect.decode(Fields(message(f"8=FIXT.1.1|9=1|35=W|55={instrument.symbol}|268=0|"))))
    book.snapshot([], [])

    def run() -> None:
        for _ in range(MESSAGES):
            fields.parse(change)
            for event in dialect.decode(fields):
                book.set_level(event.side, event.price, event.size)

    time_calls(f"entries.{entries}", run, MESSAGES * entries)
