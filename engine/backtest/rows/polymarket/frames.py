"""Lines of captured frames of the market channel: when each was heard, and the messages that are in it.

Shapes  a line is `{"receivedAt", "payloadUtf8"}`, or `{"t", "dir", "data"}` of a session with `dir` open, send, recv,
        local-close or close. A frame is one message or an array of them; a text that is no JSON, as PONG, is none.
        Files end in `.jsonl`, or `.jsonl.gz`.
Units   times in ns since 1970; the venue's stamps are whole milliseconds.
Errors  DecodeError names file and line; a message of a kind that is not known costs nothing.
Source  Polymarket market channel: book, price_change, last_trade_price, tick_size_change, new_market, market_resolved.
"""

import gzip
import zlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.backtest.rows.reading import NS_PER_MS, read_texts
from engine.errors import DecodeError

BOOK, CHANGE, TRADE = "book", "price_change", "last_trade_price"
TICK, LISTED, RESOLVED = "tick_size_change", "new_market", "market_resolved"
PATTERNS = ("*.jsonl", "*.jsonl.gz")
_KINDS = frozenset((BOOK, CHANGE, TRADE, TICK, LISTED, RESOLVED))
_NS = 10**9
_SECONDS = len("2026-10-05T23:15:25")


class ShownLevel(msgspec.Struct, gc=False):
    """What rests at a price."""

    price: str
    size: str


class TokenChange(msgspec.Struct, gc=False):
    """What rests at a price now, and the best prices after that; they are empty where nobody said."""

    price: str
    size: str
    side: str
    asset_id: str = ""
    best_bid: str | None = None
    best_ask: str | None = None


class TokenMessage(msgspec.Struct, gc=False):
    """A message of any kind that is read; a field that it does not have is empty."""

    event_type: str = ""
    market: str = ""
    asset_id: str = ""
    timestamp: str | int = ""
    bids: tuple[ShownLevel, ...] = ()
    asks: tuple[ShownLevel, ...] = ()
    price_changes: tuple[TokenChange, ...] = ()
    changes: tuple[TokenChange, ...] = ()  # until September 2025, then all of `asset_id`
    price: str = ""
    size: str = ""
    side: str = ""
    tick_size: msgspec.Raw = msgspec.Raw()
    old_tick_size: msgspec.Raw = msgspec.Raw()
    new_tick_size: msgspec.Raw = msgspec.Raw()
    order_price_min_tick_size: msgspec.Raw = msgspec.Raw()
    clob_token_ids: msgspec.Raw = msgspec.Raw()
    slug: str = ""
    winning_asset_id: str = ""

    def stamp_ns(self) -> int:
        """Return when it happened, by the venue's clock; 0 if it does not say."""
        text = str(self.timestamp)
        return int(text) * NS_PER_MS if text.isdecimal() else 0


class HeardFrame(NamedTuple):
    """The messages of one frame; `is_cut` for a connection that began or ended there."""

    number: int
    heard_ns: int
    messages: tuple[TokenMessage, ...]
    is_cut: bool = False


class _Kind(msgspec.Struct):
    event_type: str = ""


class _Line(msgspec.Struct, rename={"received_at": "receivedAt", "payload": "payloadUtf8"}):
    received_at: str = ""
    payload: str = ""
    t: str = ""
    dir: str = ""
    data: msgspec.Raw = msgspec.Raw(b'""')


_LINES = msgspec.json.Decoder(_Line)
_RAWS = msgspec.json.Decoder(list[msgspec.Raw])
_ONE = msgspec.json.Decoder(TokenMessage)
_KIND = msgspec.json.Decoder(_Kind)
_TEXT = msgspec.json.Decoder(str)


def token_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files of such frames that `paths` name, folders searched."""
    found = [each for path in paths for each in (_inside(path) if path.is_dir() else [path])]
    return sorted({path for path in found if is_token_file(path)})


def is_token_file(path: Path) -> bool:
    """Return whether a file begins with a line of such a capture."""
    if not path.name.endswith((".jsonl", ".jsonl.gz")):
        return False
    try:
        first = next((text for text in _lines(path) if text.strip()), b"")
        line = _LINES.decode(first)
    except (msgspec.DecodeError, OSError, EOFError, zlib.error):
        return False
    return bool(line.received_at or (line.t and line.dir))


def read_token_frames(path: Path) -> Iterator[HeardFrame]:
    """Yield what was heard; what was sent is passed over."""
    number = 0
    try:
        for text in _lines(path):
            number += 1
            if text.strip():
                yield from _frame(number, _LINES.decode(text))
    except msgspec.DecodeError as error:
        raise DecodeError(f"{path} line {number} is no captured frame: {error}") from None
    except ValueError as error:
        raise DecodeError(f"{path} line {number}: {error}") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DecodeError(f"{path} is truncated or damaged after line {number}: {error}") from None


def plain(raw: msgspec.Raw) -> str:
    """Return a number as its text, whether it was a text or a number of JSON; empty for none."""
    text = bytes(raw).decode().strip('"')
    return "" if text == "null" else text


def ids(raw: msgspec.Raw) -> list[str]:
    """Return token ids of an array, or of a text that holds one."""
    text = bytes(raw)
    if text in (b"", b"null", b'""'):
        return []
    return msgspec.json.decode(_TEXT.decode(text) if text.startswith(b'"') else text, type=list[str])


def time_ns(text: str) -> int:
    """Return a time of ISO 8601 in UTC as it is written, to the nanosecond; raise ValueError for another."""
    if len(text) <= _SECONDS or not text.endswith("Z"):
        raise ValueError(f"a time in UTC ends in Z: {text!r}")
    fraction = text[_SECONDS + 1 : -1]
    if text[_SECONDS] not in ".Z" or (fraction and not fraction.isdecimal()) or len(fraction) > 9:
        raise ValueError(f"no time of at most 9 places: {text!r}")
    return _second(text[:_SECONDS]) * _NS + int(fraction.ljust(9, "0"))


def _frame(number: int, line: _Line) -> Iterator[HeardFrame]:
    heard_ns = time_ns(line.received_at or line.t)
    if line.dir and line.dir != "recv":
        if line.dir != "send":
            yield HeardFrame(number, heard_ns, (), is_cut=True)
        return
    text = (_TEXT.decode(line.data) if line.dir else line.payload).strip()
    if text.startswith("["):
        messages = (_message(bytes(each)) for each in _RAWS.decode(text))
    elif text.startswith("{"):
        messages = (_message(each) for each in (text.encode(),))
    else:
        return
    yield HeardFrame(number, heard_ns, tuple(each for each in messages if each.event_type in _KINDS))


def _message(text: bytes) -> TokenMessage:
    try:
        return _ONE.decode(text)
    except msgspec.ValidationError:
        if _KIND.decode(text).event_type in _KINDS:
            raise
        return TokenMessage()


@lru_cache(maxsize=64)
def _second(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


def _lines(path: Path) -> Iterator[bytes]:
    return chain.from_iterable(read_texts(path))


def _inside(folder: Path) -> list[Path]:
    return [path for pattern in PATTERNS for path in folder.glob(pattern)]
