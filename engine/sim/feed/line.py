"""What is subscribed on one feed connection, and the frames that leave over it under their sids and numbers.

Shapes  one sid per channel, counted from 1; one seq per sid across all its markets, counted from 1.
Source  Kalshi WebSocket API: order book (sid and seq rules as observed there), replies and envelope.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

from engine.instrument import Instrument
from engine.sim.feed import frames
from engine.sim.feed.channels import NUMBERED

NOBODY = ""  # the member of a connection that showed no key


class CommandError(NamedTuple):
    """Why a command was refused: the venue's error code and a detail."""

    code: int
    detail: str = ""


class MarketView(Protocol):
    """What a connection needs to know about the markets."""

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """The venue's markets by symbol."""

    def depth(self, symbol: str) -> tuple[Iterable[frames.Level], Iterable[frames.Level]]:
        """Return the aggregated bids and asks of the YES book."""

    def ticker_tail(self, instrument: Instrument) -> bytes:
        """Return a market's ticker from after its sid to the end."""

    def fault_of(self, symbols: Iterable[str]) -> CommandError | None:
        """Return why a fault refuses a command about these markets; None if none does."""


class Subscription:
    """A channel that a connection has subscribed to; `markets` is None for all of them."""

    __slots__ = ("channel", "head", "markets", "params", "seq", "sid", "skip_ticker_ack", "use_yes_price")

    def __init__(self, channel: str, sid: int, params: frames.Params) -> None:
        self.channel = channel
        self.sid = sid
        self.seq = 0
        self.markets: dict[str, Instrument] | None = {}
        self.params = params
        self.use_yes_price = params.use_yes_price
        self.skip_ticker_ack = params.skip_ticker_ack
        self.head = frames.head(channel, sid)

    def wants(self, symbol: str) -> bool:
        """Return whether the frames of a market belong to it."""
        return self.markets is None or symbol in self.markets

    def next_seq(self) -> int:
        """Take the next number, from 1."""
        self.seq += 1
        return self.seq


class FeedLine:
    """One client's way of the feed; every frame leaves through `send`, in order.

    `channels` holds the one subscription of each channel, in the order of their sids. A client is a `member`, or
    `NOBODY`; a key that is locked to a `subaccount` sees that one alone.
    """

    def __init__(
        self,
        view: MarketView,
        send: Callable[[bytes], None],
        member: str = NOBODY,
        subaccount: int | None = None,
    ) -> None:
        self.channels: dict[str, Subscription] = {}
        self.member = member
        self.subaccount = subaccount
        self.view = view
        self.send = send
        self._last_sid = 0

    def open(self, channel: str, params: frames.Params) -> Subscription:
        """Return the channel's one subscription, made now if need be."""
        subscription = self.channels.get(channel)
        if subscription is None:
            self._last_sid += 1
            subscription = self.channels[channel] = Subscription(channel, self._last_sid, params)
        return subscription

    def by_sid(self, sid: int) -> Subscription | None:
        """Return the subscription with this sid."""
        return next((each for each in self.channels.values() if each.sid == sid), None)

    def sees(self, member: str, subaccount: int) -> bool:
        """Return whether what concerns a member's subaccount may be told here."""
        return self.member == member != NOBODY and self.subaccount in (None, subaccount)

    def send_message(self, subscription: Subscription, type_: str, tail: bytes) -> None:
        """Send a message of any type, under the next seq where its type has one."""
        number = b"%d" % subscription.next_seq() if type_ in NUMBERED else b""
        self.send(frames.head(type_, subscription.sid) + number + tail)

    def send_sequenced(
        self, subscription: Subscription, tail: bytes, copies: int = 1, is_snapshot: bool = False
    ) -> None:
        """Send one book frame or trade under the next seq; a fault asks for 0 or 2 copies of it."""
        head = frames.snapshot_head(subscription.sid) if is_snapshot else subscription.head
        frame = head + b"%d" % subscription.next_seq() + tail
        for _ in range(copies):
            self.send(frame)

    def send_ticker(self, subscription: Subscription, tail: bytes) -> None:
        """Send one ticker, which has no seq."""
        self.send(subscription.head + tail)

    def send_snapshot(self, subscription: Subscription, instrument: Instrument, now_ms: int, id_: int = 0) -> None:
        """Send a market's book as it is now; `id_` is the command that asked for it, 0 for none."""
        bids, asks = self.view.depth(instrument.symbol)
        tail = frames.snapshot(instrument, bids, asks, subscription.use_yes_price, now_ms, id_)
        self.send_sequenced(subscription, tail, is_snapshot=True)

    def end(self, subscription: Subscription, code: int, now_ms: int) -> None:
        """End one subscription by an error of its stream."""
        self.send(frames.error(0, code, "", now_ms, subscription.sid, subscription.next_seq()))
        self.channels.pop(subscription.channel, None)

    def overflow(self, now_ms: int) -> None:
        """End every subscription of a client that does not read, with error 25."""
        for subscription in list(self.channels.values()):
            self.end(subscription, 25, now_ms)

    def forget(self, symbol: str) -> None:
        """Drop a market that the venue does not list any more from every subscription, without a word."""
        for subscription in self.channels.values():
            if subscription.markets is not None:
                subscription.markets.pop(symbol, None)
