"""A market-data frame: bare typed decode, decode by the dialect, and all the way into the book."""

import json

import pytest

from bench.micro.conftest import Time
from bench.subjects.frames import bench_instrument, stairs
from engine.book import Book
from engine.venue.kalshi.frames import Delta
from engine.venue.kalshi.market_data import KalshiMarketData

HEAD = 4  # bytes of a WebSocket frame's head in front of 126 to 65535 bytes


@pytest.fixture
def frames() -> list[bytes]:
    """A step of the stairs and the step back."""
    script = stairs()
    return [bytes(script.frames[0][HEAD:]), bytes(script.frames[-1][HEAD:])]


@pytest.fixture
def dialect() -> KalshiMarketData:
    made = KalshiMarketData([bench_instrument()], check_sequence=False)
    made.subscribe()
    for greeting in stairs().greeting:
        made.decode(greeting[greeting.index(b"{") :])
    return made


def test_msgspec_decode(time_calls: Time, frames: list[bytes]) -> None:
    msgspec = pytest.importorskip("msgspec")
    decode = msgspec.json.Decoder(Delta).decode
    time_calls("frame.msgspec_decode", lambda: [decode(frame) for frame in frames], len(frames))


def test_json_loads(time_calls: Time, frames: list[bytes]) -> None:
    time_calls("peer.json.loads", lambda: [json.loads(frame) for frame in frames], len(frames))


def test_decode(time_calls: Time, frames: list[bytes], dialect: KalshiMarketData) -> None:
    decode = dialect.decode
    time_calls("frame.decode", lambda: [decode(frame) for frame in frames], len(frames))


def test_frame_to_book(time_calls: Time, frames: list[bytes], dialect: KalshiMarketData) -> None:
    decode, book = dialect.decode, Book(bench_instrument())
    book.snapshot([(4900, 1000)], [(5100, 1000), (5200, 1000)])
    apply = book.apply

    def run() -> None:
        for frame in frames:
            event = decode(frame)
            assert apply(event.side, event.price, event.size) == 1

    time_calls("frame_to_book", run, len(frames))
