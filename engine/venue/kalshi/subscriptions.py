"""What is subscribed on one Kalshi connection: commands, their replies by id, and the streams that answer them.

Shapes  one stream (sid) per channel and connection; ids and sids start anew with each connection.
Thread  the loop thread only.
Source  Kalshi WebSocket: commands, replies and envelope, channels, error codes.
"""

from collections.abc import Collection, Iterator, Sequence

from engine.venue import sequence
from engine.venue.kalshi import frames

BOOK = "orderbook_delta"
TRADES = "trade"
TICKER = "ticker"
LIFECYCLE = "market_lifecycle_v2"
COMBO_LIFECYCLE = "multivariate_market_lifecycle"
FILLS = "fill"
USER_ORDERS = "user_orders"
POSITIONS = "market_positions"
ORDER_GROUPS = "order_group_updates"
COMMUNICATIONS = "communications"
BY_MARKET = frozenset((BOOK, TRADES, TICKER))  # channels that are subscribed for our markets
PRIVATE = frozenset((FILLS, USER_ORDERS, POSITIONS, ORDER_GROUPS, COMMUNICATIONS))
UNNUMBERED = frozenset((FILLS, USER_ORDERS, POSITIONS, TICKER))  # channels whose messages have no seq
OPTIONAL = PRIVATE | {TICKER}  # beside books, trades and the lives of markets
WHOLE = PRIVATE | {LIFECYCLE, COMBO_LIFECYCLE}  # channels that are subscribed without markets, for all of them
MOST_STREAMS = 1000  # the venue has one a channel
_OPEN_COMMANDS = 1000  # commands that wait for their reply; the venue answers some only by what it sends


class Stream(sequence.Sequence):
    """One sid: the channel it carries and its next number."""

    __slots__ = ("channel", "sid")

    def __init__(self, sid: int) -> None:
        super().__init__()
        self.sid = sid
        self.channel = ""  # until an acknowledgement or a frame tells

    @property
    def has_delivered(self) -> bool:
        """Whether it brought anything, or cannot show that it did not."""
        return self.next_seq is not None or self.channel in UNNUMBERED


NOWHERE = Stream(0)  # of a market that no stream carries


class Action:
    """What a command asks for: a `cmd`, or the `action` of an update."""

    SUBSCRIBE = "subscribe"
    ADD = "add_markets"
    DELETE = "delete_markets"
    GET_SNAPSHOT = "get_snapshot"
    UNSUBSCRIBE = "unsubscribe"
    LIST = "list_subscriptions"


class OpenCommand:
    """One command without its reply; `channels` are those that it opens, or `sid`'s.

    `tries` is how often it was refused for a reason that passes.
    """

    __slots__ = ("action", "channels", "sid", "symbols", "tries", "unanswered")

    def __init__(
        self, action: str, channels: Sequence[str], symbols: Sequence[str], sid: int = 0, tries: int = 0
    ) -> None:
        self.action = action
        self.channels = channels
        self.symbols = symbols
        self.sid = sid
        self.tries = tries
        self.unanswered = set(channels)

    def __str__(self) -> str:
        named = f" of {_named(self.symbols)}" if self.symbols else ""
        if self.action == Action.SUBSCRIBE:
            return f"subscribe to {', '.join(self.channels)}{named}"
        return f"{self.action}{named}"


class Subscriptions:
    """Streams by sid, and the commands that open and refresh them."""

    def __init__(self, channels: tuple[str, ...], use_yes_price: bool, chunk: int) -> None:
        self.streams: dict[int, Stream] = {}
        self.channels = [each for each in channels if each not in WHOLE]  # for every market of ours
        self.whole = [each for each in channels if each in WHOLE]
        self.fault = ""  # why the connection must be given up
        self.has_begun = False
        self.departing: dict[str, int] = {}  # markets on their way out: how many streams may still carry them
        self._use_yes_price = use_yes_price
        self._chunk = chunk
        self._last_id = 0
        self._waiting: dict[int, OpenCommand] = {}  # by id

    def begin(self) -> None:
        """Begin a connection: forget streams and replies."""
        self.streams.clear()
        self.fault = ""
        self.has_begun = True
        self.departing.clear()
        self._waiting.clear()
        self._last_id = 0

    def subscribe(self, channels: Sequence[str], symbols: Sequence[str], tries: int = 0) -> list[bytes]:
        """Return the commands that subscribe channels for markets, a chunk of markets each; none without a channel."""
        return [
            self._command(
                Action.SUBSCRIBE,
                {
                    "channels": channels,
                    "market_tickers": group,
                    "use_yes_price": self._use_yes_price,  # always explicit: the venue will change its default
                    "skip_ticker_ack": True,
                },
                OpenCommand(Action.SUBSCRIBE, channels, group, tries=tries),
            )
            for group in self._groups(symbols if channels else ())
        ]

    def subscribe_whole(self, channel: str, tries: int = 0) -> list[bytes]:
        """Return the command for a channel that is subscribed without markets."""
        request = OpenCommand(Action.SUBSCRIBE, [channel], (), tries=tries)
        return [self._command(Action.SUBSCRIBE, {"channels": [channel]}, request)]

    def get_snapshots(self, sid: int, symbols: Sequence[str]) -> list[bytes]:
        """Return the commands for fresh snapshots on stream `sid`, which must carry these markets."""
        return self._updates(Action.GET_SNAPSHOT, Stream(sid), symbols)

    def join(self, symbols: Sequence[str]) -> list[bytes]:
        """Return the commands that add markets to every stream that is open, and subscribe them where none is."""
        commands: list[bytes] = []
        unopened = []
        for channel in self.channels:
            stream = self.stream_of(channel)
            if stream is None:
                unopened.append(channel)
            else:
                commands += self._updates(Action.ADD, stream, symbols)
        return commands + self.subscribe(unopened, symbols)

    def leave(self, symbols: Sequence[str], channels: Collection[str] | None = None) -> list[bytes]:
        """Return the commands that take markets off the streams of these channels, by default of all."""
        commands: list[bytes] = []
        for channel in self.channels if channels is None else channels:
            stream = self.stream_of(channel)
            if stream is not None:
                commands += self._updates(Action.DELETE, stream, symbols)
                for symbol in symbols:
                    self.departing[symbol] = self.departing.get(symbol, 0) + 1
        return commands

    def unsubscribe(self, channel: str) -> list[bytes]:
        """Return the command that ends a channel, which is not subscribed again."""
        self.channels = [each for each in self.channels if each != channel]
        self.whole = [each for each in self.whole if each != channel]
        stream = self.stream_of(channel)
        if stream is None:
            return []
        request = OpenCommand(Action.UNSUBSCRIBE, [channel], (), stream.sid)
        return [self._command(Action.UNSUBSCRIBE, {"sids": [stream.sid]}, request)]

    def list_subscriptions(self) -> list[bytes]:
        """Return the command that asks what the venue thinks is subscribed."""
        return [self._command(Action.LIST, {}, OpenCommand(Action.LIST, (), ()))]

    def stream_of(self, channel: str) -> Stream | None:
        """Return the stream that carries a channel now."""
        return next((each for each in self.streams.values() if each.channel == channel), None)

    def _updates(self, action: str, stream: Stream, symbols: Sequence[str]) -> list[bytes]:
        return [
            self._command(
                "update_subscription",
                {"sids": [stream.sid], "action": action, "market_tickers": group},
                OpenCommand(action, [stream.channel], group, stream.sid),
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

    def answered(self, id_: int) -> OpenCommand | None:
        """Note that command `id_` has been answered; return it, None if it is not one of ours."""
        request = self._waiting.pop(id_, None)
        if request is not None and request.action == Action.DELETE:
            self.departed(request.symbols)
        return request

    def departed(self, symbols: Sequence[str]) -> None:
        """Note that one stream less carries these markets, which were removed."""
        for symbol in symbols:
            if self.departing.get(symbol, 0) > 1:
                self.departing[symbol] -= 1
            else:
                self.departing.pop(symbol, None)

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
