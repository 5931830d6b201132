"""The commands of a feed connection, carried out and answered.

Errors  none: an invalid command is answered by an error frame, and takes no effect in part.
Source  Kalshi WebSocket API: commands, replies and envelope, error codes.
"""

from collections.abc import Callable, Iterable, Mapping

from engine.instrument import Instrument
from engine.sim.feed import frames
from engine.sim.feed.channels import BOOK, CHANNELS, TICKER, MarketNaming
from engine.sim.feed.line import NOBODY, CommandError, FeedLine, Subscription

MOST_SHARDS = 100
_FACTOR_WRONG, _KEY_WRONG, _KEY_ALONE, _FACTOR_ALONE = 19, 20, 21, 22
_ACTIONS = ("add_markets", "delete_markets", "get_snapshot")


class FeedCommands:
    """Carries out the commands of one connection, whose subscriptions hold at most `market_limit` markets each."""

    def __init__(self, line: FeedLine, market_limit: int) -> None:
        self._line = line
        self._market_limit = market_limit

    def carry_out(self, command: frames.Command, now_ms: int) -> None:
        """Answer a command, with an error where it is refused."""
        refusal = self._dispatch(command, now_ms)
        if refusal is not None:
            subscription = self._target(command)
            sid, seq = (subscription.sid, subscription.next_seq()) if subscription else (0, 0)
            self._line.send(frames.error(command.id, refusal.code, refusal.detail, now_ms, sid, seq))

    def _dispatch(self, command: frames.Command, now_ms: int) -> CommandError | None:
        if command.cmd == "list_subscriptions":
            pairs = [(each.channel, each.sid) for each in self._line.channels.values()]
            self._line.send(frames.listing(command.id, pairs, now_ms))
            return None
        action = _COMMANDS.get(command.cmd)
        if action is None:
            return CommandError(5, command.cmd)
        if command.params is None:
            return CommandError(2)
        params = command.params
        if fault := self._line.view.fault_of([params.market_ticker, *params.market_tickers]):
            return fault
        return action(self, command.id, params, now_ms)

    def _target(self, command: frames.Command) -> Subscription | None:
        """Return the subscription that a refused update names."""
        if command.cmd != "update_subscription" or command.params is None:
            return None
        sids = _sids(command.params)
        return self._line.by_sid(sids[0]) if len(sids) == 1 else None

    # subscribe: the whole command is checked before any part of it takes effect

    def _subscribe(self, id_: int, params: frames.Params, now_ms: int) -> CommandError | None:
        if not params.channels:
            return CommandError(3)
        channels = dict.fromkeys(params.channels)
        if refusal := self._refuse_channels(channels, params):
            return refusal
        markets = self._markets(params, may_use_ids=params.channels == [TICKER])
        if isinstance(markets, CommandError):
            return markets
        if refusal := self._refuse_markets(channels, markets):
            return refusal
        opened = [self._line.open(channel, params) for channel in channels]
        for subscription in opened:
            self._line.send(frames.subscribed(id_, subscription.channel, subscription.sid, now_ms))
        for subscription in opened:
            named = markets if CHANNELS[subscription.channel].markets is not MarketNaming.IGNORED else {}
            self._add(subscription, named, params, now_ms)
        return None

    def _refuse_channels(self, channels: Iterable[str], params: frames.Params) -> CommandError | None:
        for channel in channels:
            kind = CHANNELS.get(channel)
            if kind is None:
                return CommandError(8, channel)
            if self._line.member == NOBODY and (kind.is_private or kind.needs):
                return CommandError(9, channel)
            if kind.needs and not getattr(params, kind.needs):
                return CommandError(kind.missing)
        return _refuse_shards(params)

    def _refuse_markets(self, channels: Iterable[str], markets: dict[str, Instrument]) -> CommandError | None:
        for channel in channels:
            wanted = CHANNELS[channel].markets
            if wanted is MarketNaming.REFUSED and markets:
                return CommandError(11, f"{channel} takes no markets")
            if wanted is MarketNaming.REQUIRED and not markets:
                return CommandError(14)
        if any(self._exceeds_limit(self._line.channels.get(channel), markets) for channel in channels):
            return CommandError(26, f"at most {self._market_limit}")
        return None

    def _add(
        self, subscription: Subscription, markets: dict[str, Instrument], params: frames.Params, now_ms: int
    ) -> None:
        """Add markets (all of them if none is named) and send what a new market starts with."""
        if subscription.markets is None or not markets:
            subscription.markets = None
            fresh: Iterable[Instrument] = self._line.view.instruments.values()
        else:
            fresh = [each for symbol, each in markets.items() if symbol not in subscription.markets]
            subscription.markets.update(markets)
        for instrument in fresh:
            if subscription.channel == BOOK:
                self._line.send_snapshot(subscription, instrument, now_ms)
            elif subscription.channel == TICKER and params.send_initial_snapshot:
                self._line.send_ticker(subscription, self._line.view.ticker_tail(instrument))

    # update_subscription and unsubscribe

    def _update(self, id_: int, params: frames.Params, now_ms: int) -> CommandError | None:
        sids = _sids(params)
        if not sids:
            return CommandError(4)
        if len(sids) > 1:
            return CommandError(12)
        subscription = self._line.by_sid(sids[0])
        if subscription is None:
            return CommandError(7, str(sids[0]))
        if not params.action:
            return CommandError(15)
        if params.action not in _ACTIONS or CHANNELS[subscription.channel].markets in _WITHOUT_MARKETS:
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
            self._line.send_snapshot(subscription, instrument, now_ms, id_)
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
        symbols = None if subscription.skip_ticker_ack or params.skip_ticker_ack else sorted(kept)
        self._line.send(frames.ok(id_, subscription.sid, subscription.next_seq(), symbols, now_ms))
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
        subscriptions = [self._line.by_sid(sid) for sid in dict.fromkeys(sids)]
        if None in subscriptions:
            return CommandError(7)
        for subscription in filter(None, subscriptions):
            del self._line.channels[subscription.channel]
            self._line.send(frames.unsubscribed(id_, subscription.sid, subscription.next_seq(), now_ms))
        return None

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
        instruments = self._line.view.instruments
        symbol_of = {frames.market_id(symbol): symbol for symbol in instruments} if ids else {}
        symbols = tickers or [symbol_of.get(each, each) for each in ids]
        for symbol in symbols:
            if symbol not in instruments:
                return CommandError(11, f"unknown market {symbol}")
        return {symbol: instruments[symbol] for symbol in symbols}


_WITHOUT_MARKETS = (MarketNaming.REFUSED, MarketNaming.IGNORED)
_COMMANDS: Mapping[str, Callable[[FeedCommands, int, frames.Params, int], CommandError | None]] = {
    "subscribe": FeedCommands._subscribe,
    "update_subscription": FeedCommands._update,
    "unsubscribe": FeedCommands._unsubscribe,
}


def _refuse_shards(params: frames.Params) -> CommandError | None:
    factor, key = params.shard_factor, params.shard_key
    if factor is None:
        return None if key is None else CommandError(_KEY_ALONE)
    if not 1 <= factor <= MOST_SHARDS:
        return CommandError(_FACTOR_WRONG, f"1 to {MOST_SHARDS}")
    if key is None:
        return CommandError(_FACTOR_ALONE)
    return None if 0 <= key < factor else CommandError(_KEY_WRONG, f"0 to {factor - 1}")


def _sids(params: frames.Params) -> list[int]:
    return params.sids or ([params.sid] if params.sid else [])
