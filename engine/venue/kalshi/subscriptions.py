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
LIFECYCLE = "market_lifecycle_v2"
COMBO_LIFECYCLE = "multivariate_market_lifecycle"
WHOLE = frozenset((LIFECYCLE, COMBO_LIFECYCLE))  # channels that take no markets
MOST_STREAMS = 1000  # the venue has one a channel
_OPEN_COMMANDS = 1000  # commands that wait for their reply; the venue answers some only by what it sends


class Stream(sequence.Sequence):
    """One sid: the channel it carries and its next number."""

    __slots__ = ("channel", "sid")

    def __init__(self, sid: int) -> None:
        super().__init__()
        self.sid = sid
        self.channel = ""  # until an acknowledgement or a frame tells


NOWHERE = Stream(0)  # of a market that no stream carries


class OpenCommand:
    """One command without its reply: a subscription, or with no `channels` a request for snapshots on `sid`.

    `tries` is how often it was refused for a reason that passes.
    """

    __slots__ = ("channels", "sid", "symbols", "tries", "unanswered")

    def __init__(self, channels: Sequence[str], symbols: Sequence[str], sid: int = 0, tries: int = 0) -> None:
        self.channels = channels
        self.symbols = symbols
        self.sid = sid
        self.tries = tries
        self.unanswered = set(channels)

    def __str__(self) -> str:
        named = f" of {_named(self.symbols)}" if self.symbols else ""
        return f"subscribe to {', '.join(self.channels)}{named}" if self.channels else f"get_snapshot{named}"


class Subscriptions:
    """Streams by sid, and the commands that open and refresh them."""

    def __init__(self, channels: tuple[str, ...], use_yes_price: bool, chunk: int) -> None:
        self.streams: dict[int, Stream] = {}
        self.channels = channels
        self.fault = ""  # why the connection must be given up
        self._use_yes_price = use_yes_price
        self._chunk = chunk
        self._last_id = 0
        self._waiting: dict[int, OpenCommand] = {}  # by id

    def begin(self) -> None:
        """Begin a connection: forget streams and replies."""
        self.streams.clear()
        self.fault = ""
        self._waiting.clear()
        self._last_id = 0

    def subscribe(self, channels: Sequence[str], symbols: Sequence[str], tries: int = 0) -> list[bytes]:
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
                OpenCommand(channels, group, tries=tries),
            )
            for group in self._groups(symbols)
        ]

    def subscribe_whole(self, channel: str, tries: int = 0) -> list[bytes]:
        """Return the command for a channel that knows no markets."""
        return [self._command("subscribe", {"channels": [channel]}, OpenCommand([channel], (), tries=tries))]

    def get_snapshots(self, sid: int, symbols: Sequence[str]) -> list[bytes]:
        """Return the commands for fresh snapshots on stream `sid`, which must carry these markets."""
        return [
            self._command(
                "update_subscription",
                {"sids": [sid], "action": "get_snapshot", "market_tickers": group},
                OpenCommand((), group, sid),
            )
            for group in self._groups(symbols)
        ]

    def open(self, sid: int, channel: str) -> Stream:
        """Return stream `sid`, made now if its acknowledgement or its first frame came just now."""
        stream = self.streams.get(sid)
        if stream is None:
            stream = Stream(sid)
            if len(self.streams) < MOST_STREAMS:
                self.streams[sid] = stream
            else:
                self.fault = f"more than {MOST_STREAMS} streams on one connection"
        stream.channel = stream.channel or channel
        return stream

    def acknowledged(self, id_: int, channel: str) -> Sequence[str]:
        """Note that a subscription is accepted on one of its channels; return its markets."""
        request = self._waiting.get(id_)
        if request is None or channel not in request.unanswered:
            return ()
        request.unanswered.discard(channel)
        if not request.unanswered:
            del self._waiting[id_]
        return request.symbols

    def answered(self, id_: int) -> None:
        """Note that command `id_` has been answered."""
        self._waiting.pop(id_, None)

    def refused(self, id_: int) -> OpenCommand | None:
        """Return the command that the venue refuses, None if it is not one of ours."""
        return self._waiting.pop(id_, None)

    def explain(self, error: frames.Error, request: OpenCommand | None) -> str:
        """Say which of our commands, or which stream, the venue complains about, and why."""
        code = error.msg.code
        stream = self.streams.get(error.sid)
        subject = str(request) if request is not None else "the connection"
        if request is None and stream is not None:
            subject = f"subscription {stream.sid} ({stream.channel})"
        name = frames.ERROR_NAMES.get(code, "not listed")
        return f"{subject}: error {code} ({name}): {error.msg.msg}"

    def _command(self, cmd: str, params: dict[str, object], request: OpenCommand) -> bytes:
        self._last_id += 1
        self._waiting[self._last_id] = request
        if len(self._waiting) > _OPEN_COMMANDS:
            del self._waiting[next(iter(self._waiting))]
        return frames.command(self._last_id, cmd, params)

    def _groups(self, symbols: Sequence[str]) -> Iterator[Sequence[str]]:
        return (symbols[start : start + self._chunk] for start in range(0, len(symbols), self._chunk))


def _named(symbols: Sequence[str]) -> str:
    return symbols[0] if len(symbols) == 1 else f"{symbols[0]} and {len(symbols) - 1} more"
