"""One feed connection: its subscriptions, its sequence numbers, and the answers to its commands.

Shapes  one sid per channel, counted from 1; one seq per sid across all its markets, counted from 1.
Errors  none: an invalid command is answered by an error frame.
Source  Kalshi WebSocket API: commands, replies and envelope, order book (sid and seq rules as observed there).
"""

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple, Protocol

from engine.instrument import Instrument
from engine.sim.feed import frames

BOOK, TICKER, TRADE = "orderbook_delta", "ticker", "trade"
LIFECYCLE = frames.LIFECYCLE
OFFERED = (BOOK, TICKER, TRADE, LIFECYCLE)
# Channels of the real venue that the simulated one does not carry.
WITHHELD = {
    "fill", "user_orders", "market_positions", "order_group_updates", "multivariate_market_lifecycle",
    "communications", "cfbenchmarks_value", "cfbenchmarks_value_5hz", "pyth_value",
}  # fmt: skip
COMMANDS_PER_SECOND = 10_000


class MarketView(Protocol):
    """What a connection needs to know about the markets."""

    @property
    def instruments(self) -> Mapping[str, Instrument]:
        """The venue's markets by symbol."""

    def depth(self, symbol: str) -> tuple[Iterable[frames.Level], Iterable[frames.Level]]:
        """Return the aggregated bids and asks of the YES book."""

    def ticker_tail(self, instrument: Instrument) -> bytes:
        """Return a market's ticker from after its sid to the end."""

    def fault_of(self, symbols: Iterable[str]) -> "CommandError | None":
        """Return why a fault refuses a command about these markets; None if none does."""


class CommandError(NamedTuple):
    """Why a command was refused: the venue's error code and a detail."""

    code: int
    detail: str = ""


class Subscription:
    """A channel that a connection has subscribed to; `markets` is None for all of them."""

    __slots__ = ("channel", "head", "markets", "seq", "sid", "skip_ticker_ack", "use_yes_price")

    def __init__(self, channel: str, sid: int, params: frames.Params) -> None:
        self.channel = channel
        self.sid = sid
        self.seq = 0
        self.markets: dict[str, Instrument] | None = {}
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


class FeedConnection:
    """One client of the feed; every frame leaves through `send`, in order.

    `channels` holds the one subscription of each channel, in the order of their sids.
    """

    def __init__(self, view: MarketView, send: Callable[[bytes], None], market_limit: int) -> None:
        self.channels: dict[str, Subscription] = {}
        self._view = view
        self._send = send
        self._market_limit = market_limit
        self._symbol_of = {frames.market_id(symbol): symbol for symbol in view.instruments}
        self._last_sid = 0
        self._second = 0
        self._commands = 0

    def command(self, frame: bytes, now_ms: int) -> None:
        """Carry out one command frame and answer it."""
        try:
            command = frames.decode_command(frame)
        except (ValueError, RecursionError) as error:
            self._send(frames.error(frames.decode_id(frame), 1, str(error), now_ms))
            return
        refusal = self._dispatch(command, now_ms)
        if refusal is not None:
            subscription = self._target(command)
            sid, seq = (subscription.sid, subscription.next_seq()) if subscription else (0, 0)
            self._send(frames.error(command.id, refusal.code, refusal.detail, now_ms, sid, seq))

    def send_sequenced(
        self, subscription: Subscription, tail: bytes, copies: int = 1, is_snapshot: bool = False
    ) -> None:
        """Send one book frame or trade under the next seq; a fault asks for 0 or 2 copies of it."""
        head = frames.snapshot_head(subscription.sid) if is_snapshot else subscription.head
        frame = head + b"%d" % subscription.next_seq() + tail
        for _ in range(copies):
            self._send(frame)

    def send_ticker(self, subscription: Subscription, tail: bytes) -> None:
        """Send one ticker, which has no seq."""
        self._send(subscription.head + tail)

    def send_snapshot(self, subscription: Subscription, instrument: Instrument, now_ms: int, id_: int = 0) -> None:
        """Send a market's book as it is now; `id_` is the command that asked for it, 0 for none."""
        bids, asks = self._view.depth(instrument.symbol)
        tail = frames.snapshot(instrument, bids, asks, subscription.use_yes_price, now_ms, id_)
        self.send_sequenced(subscription, tail, is_snapshot=True)

    def overflow(self, now_ms: int) -> None:
        """End every subscription of a client that does not read, with error 25."""
        for subscription in self.channels.values():
            self._send(frames.error(0, 25, "", now_ms, subscription.sid, subscription.next_seq()))
        self.channels.clear()

    def _dispatch(self, command: frames.Command, now_ms: int) -> CommandError | None:
        if now_ms // 1000 != self._second:
            self._second, self._commands = now_ms // 1000, 0
        self._commands += 1
        if self._commands > COMMANDS_PER_SECOND:
            return CommandError(27)
        if command.cmd == "list_subscriptions":
            pairs = [(each.channel, each.sid) for each in self.channels.values()]
            self._send(frames.listing(command.id, pairs, now_ms))
            return None
        action = _ACTIONS.get(command.cmd)
        if action is None:
            return CommandError(5, command.cmd)
        if command.params is None:
            return CommandError(2)
        params = command.params
        if fault := self._view.fault_of([params.market_ticker, *params.market_tickers]):
            return fault
        return action(self, command.id, command.params, now_ms)

    def _target(self, command: frames.Command) -> Subscription | None:
        """Return the subscription that a refused update names."""
        if command.cmd != "update_subscription" or command.params is None:
            return None
        sids = _sids(command.params)
        return self._by_sid(sids[0]) if len(sids) == 1 else None

    # subscribe: the whole command is checked before any part of it takes effect

    def _subscribe(self, id_: int, params: frames.Params, now_ms: int) -> CommandError | None:
        if not params.channels:
            return CommandError(3)
        for channel in params.channels:
            if channel not in OFFERED:
                return CommandError(9 if channel in WITHHELD else 8, channel)
        markets = self._markets(params, may_use_ids=params.channels == [TICKER])
        if isinstance(markets, CommandError):
            return markets
        if LIFECYCLE in params.channels and markets:
            return CommandError(11, f"{LIFECYCLE} takes no markets")
        if BOOK in params.channels and not markets:
            return CommandError(14)
        channels = dict.fromkeys(params.channels)
        if any(self._exceeds_limit(self.channels.get(channel), markets) for channel in channels):
            return CommandError(26, f"at most {self._market_limit}")
        opened = [self._subscribe_channel(id_, channel, params, now_ms) for channel in channels]
        for subscription in opened:
            self._add(subscription, markets, params, now_ms)
        return None

    def _subscribe_channel(self, id_: int, channel: str, params: frames.Params, now_ms: int) -> Subscription:
        """Return the channel's one subscription, made now if need be, and acknowledge it."""
        subscription = self.channels.get(channel)
        if subscription is None:
            self._last_sid += 1
            subscription = self.channels[channel] = Subscription(channel, self._last_sid, params)
        self._send(frames.subscribed(id_, channel, subscription.sid, now_ms))
        return subscription

    def _add(
        self, subscription: Subscription, markets: dict[str, Instrument], params: frames.Params, now_ms: int
    ) -> None:
        """Add markets (all of them if none is named) and send what a new market starts with."""
        if subscription.markets is None or not markets:
            subscription.markets = None
            fresh: Iterable[Instrument] = self._view.instruments.values()
        else:
            fresh = [each for symbol, each in markets.items() if symbol not in subscription.markets]
            subscription.markets.update(markets)
        for instrument in fresh:
            if subscription.channel == BOOK:
                self.send_snapshot(subscription, instrument, now_ms)
            elif subscription.channel == TICKER and params.send_initial_snapshot:
                self.send_ticker(subscription, self._view.ticker_tail(instrument))

    # update_subscription and unsubscribe

    def _update(self, id_: int, params: frames.Params, now_ms: int) -> CommandError | None:
        sids = _sids(params)
        if not sids:
            return CommandError(4)
        if len(sids) > 1:
            return CommandError(12)
        subscription = self._by_sid(sids[0])
        if subscription is None:
            return CommandError(7, str(sids[0]))
        if not params.action:
            return CommandError(15)
        if params.action not in ("add_markets", "delete_markets", "get_snapshot"):
            return CommandError(13, params.action)
        markets = self._markets(params, may_use_ids=subscription.channel == TICKER)
        if isinstance(markets, CommandError):
            return markets
        if not markets:
            return CommandError(14)
        if params.action == "get_snapshot":
            return self._get_snapshot(id_, subscription, markets, now_ms)
        return self._change(id_, subscription, markets, params, now_ms)

    def _get_snapshot(
        self, id_: int, subscription: Subscription, markets: dict[str, Instrument], now_ms: int
    ) -> CommandError | None:
        if subscription.channel != BOOK:
            return CommandError(13, f"get_snapshot on {subscription.channel}")
        for symbol in markets:
            if not subscription.wants(symbol):
                return CommandError(11, f"{symbol} is not subscribed")
        for instrument in markets.values():
            self.send_snapshot(subscription, instrument, now_ms, id_)
        return None

    def _change(
        self, id_: int, subscription: Subscription, markets: dict[str, Instrument], params: frames.Params, now_ms: int
    ) -> CommandError | None:
        if subscription.markets is None:
            return CommandError(11, f"{subscription.channel} is subscribed for all markets")
        adding = params.action == "add_markets"
        if adding and self._exceeds_limit(subscription, markets):
            return CommandError(26, f"at most {self._market_limit}")
        kept = set(subscription.markets)
        kept = kept | set(markets) if adding else kept - set(markets)
        symbols = None if subscription.skip_ticker_ack else sorted(kept)
        self._send(frames.ok(id_, subscription.sid, subscription.next_seq(), symbols, now_ms))
        if adding:
            self._add(subscription, markets, params, now_ms)
        else:
            for symbol in markets:
                subscription.markets.pop(symbol, None)
        return None

    def _unsubscribe(self, id_: int, params: frames.Params, now_ms: int) -> CommandError | None:
        sids = _sids(params)
        if not sids:
            return CommandError(4)
        subscriptions = [self._by_sid(sid) for sid in dict.fromkeys(sids)]
        if None in subscriptions:
            return CommandError(7)
        for subscription in filter(None, subscriptions):
            del self.channels[subscription.channel]
            self._send(frames.unsubscribed(id_, subscription.sid, subscription.next_seq(), now_ms))
        return None

    def _by_sid(self, sid: int) -> Subscription | None:
        return next((each for each in self.channels.values() if each.sid == sid), None)

    def _exceeds_limit(self, subscription: Subscription | None, markets: dict[str, Instrument]) -> bool:
        held = subscription.markets or {} if subscription else {}
        return len(held | markets) > self._market_limit

    def _markets(self, params: frames.Params, may_use_ids: bool) -> dict[str, Instrument] | CommandError:
        """Return the named markets, in the order named."""
        tickers = [params.market_ticker] if params.market_ticker else params.market_tickers
        ids = [params.market_id] if params.market_id else params.market_ids
        if (params.market_ticker and params.market_tickers) or (params.market_id and params.market_ids):
            return CommandError(11, "name one market or a list of markets, not both")
        if ids and (tickers or not may_use_ids):
            return CommandError(11, "market ids stand alone, and for the ticker channel only")
        symbols = tickers or [self._symbol_of.get(each, each) for each in ids]
        for symbol in symbols:
            if symbol not in self._view.instruments:
                return CommandError(11, f"unknown market {symbol}")
        return {symbol: self._view.instruments[symbol] for symbol in symbols}


_ACTIONS: Mapping[str, Callable[[FeedConnection, int, frames.Params, int], CommandError | None]] = {
    "subscribe": FeedConnection._subscribe,
    "update_subscription": FeedConnection._update,
    "unsubscribe": FeedConnection._unsubscribe,
}


def _sids(params: frames.Params) -> list[int]:
    return params.sids or ([params.sid] if params.sid else [])
