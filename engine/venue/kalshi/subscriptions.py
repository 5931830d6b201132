"""What is subscribed on one Kalshi connection: commands, their replies by id, and the streams that answer them.

Shapes  one stream (sid) per channel and connection; ids and sids start anew with each connection.
Thread  the loop thread only.
Source  Kalshi WebSocket: commands, replies and envelope, error codes.
"""

from collections.abc import Iterator, Sequence

from engine.venue import sequence
from engine.venue.kalshi import frames

BOOK = "orderbook_delta"
TRADES = "trade"
TICKER = "ticker"
_OPEN_COMMANDS = 1000  # commands that wait for their reply; the venue answers some only by what it sends


class Stream(sequence.Sequence):
    """One sid: the channel it carries and its next number."""

    __slots__ = ("channel", "sid")

    def __init__(self, sid: int) -> None:
        super().__init__()
        self.sid = sid
        self.channel = ""  # until an acknowledgement or a frame tells


class Subscriptions:
    """Streams by sid, and the commands that open and refresh them."""

    def __init__(self, symbols: tuple[str, ...], channels: tuple[str, ...], use_yes_price: bool, chunk: int) -> None:
        self.streams: dict[int, Stream] = {}
        self._symbols = symbols
        self._channels = channels
        self._use_yes_price = use_yes_price
        self._chunk = chunk
        self._last_id = 0
        self._waiting: dict[int, str] = {}  # id -> the command in words

    def subscribe_all(self) -> list[bytes]:
        """Begin a connection: return the commands for every channel and market."""
        self.streams.clear()
        self._waiting.clear()
        self._last_id = 0
        return self.subscribe(self._channels, self._symbols)

    def subscribe(self, channels: Sequence[str], symbols: Sequence[str]) -> list[bytes]:
        """Return the commands that subscribe channels for markets, a chunk of markets each."""
        return [
            self._command(
                "subscribe",
                {
                    "channels": channels,
                    "market_tickers": group,
                    "use_yes_price": self._use_yes_price,  # always explicit: the venue will change its default
                    "skip_ticker_ack": True,
                },
                f"subscribe to {', '.join(channels)} of {_named(group)}",
            )
            for group in self._groups(symbols)
        ]

    def get_snapshots(self, sid: int, symbols: Sequence[str]) -> list[bytes]:
        """Return the commands for fresh snapshots on stream `sid`; 0 if there is none, which opens one."""
        if not sid:
            return self.subscribe((BOOK,), symbols)
        return [
            self._command(
                "update_subscription",
                {"sids": [sid], "action": "get_snapshot", "market_tickers": group},
                f"get_snapshot of {_named(group)}",
            )
            for group in self._groups(symbols)
        ]

    def resubscribe(self, ended: Stream) -> list[bytes]:
        """Return the commands that open the channel of `ended` anew for every market."""
        return self.subscribe((ended.channel,), self._symbols)

    def open(self, sid: int, channel: str) -> Stream:
        """Return stream `sid`, made now if its acknowledgement or its first frame came just now."""
        stream = self.streams.get(sid)
        if stream is None:
            stream = self.streams[sid] = Stream(sid)
        stream.channel = stream.channel or channel
        return stream

    def sid_of(self, channel: str) -> int:
        """Return the sid that carries `channel`, 0 if none does."""
        return next((stream.sid for stream in self.streams.values() if stream.channel == channel), 0)

    def answered(self, id_: int) -> None:
        """Note that command `id_` has been answered."""
        self._waiting.pop(id_, None)

    def explain(self, error: frames.Error) -> str:
        """Say which of our commands, or which stream, the venue complains about, and why."""
        code = error.msg.code
        stream = self.streams.get(error.sid)
        subject = self._waiting.pop(error.id, "")
        if not subject and stream is not None:
            subject = f"subscription {stream.sid} ({stream.channel})"
        name = frames.ERROR_NAMES.get(code, "not listed")
        return f"{subject or 'the connection'}: error {code} ({name}): {error.msg.msg}"

    def _command(self, cmd: str, params: dict[str, object], words: str) -> bytes:
        self._last_id += 1
        self._waiting[self._last_id] = words
        if len(self._waiting) > _OPEN_COMMANDS:
            del self._waiting[next(iter(self._waiting))]
        return frames.command(self._last_id, cmd, params)

    def _groups(self, symbols: Sequence[str]) -> Iterator[Sequence[str]]:
        return (symbols[start : start + self._chunk] for start in range(0, len(symbols), self._chunk))


def _named(symbols: Sequence[str]) -> str:
    return symbols[0] if len(symbols) == 1 else f"{symbols[0]} and {len(symbols) - 1} more"
