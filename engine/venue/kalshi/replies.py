"""Kalshi's replies to commands, matched by their ids, and its errors, each with its consequence.

Errors  none: a refusal is reported in the event, whose commands go round it where there is a way.
Source  Kalshi WebSocket: replies and envelope, error codes.
"""

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import msgspec

from engine.runtime.notices import NoticeKind
from engine.venue import EventKind, MarketDataCounts, MarketEvent
from engine.venue.kalshi import frames
from engine.venue.kalshi.continuity import Continuity
from engine.venue.kalshi.frames import Channel, Error, Ok, Subscribed, Unsubscribed
from engine.venue.kalshi.market import ListedMarket
from engine.venue.kalshi.repairs import Repairs
from engine.venue.kalshi.subscriptions import BOOK, NOWHERE, Action, OpenCommand, Stream, Subscriptions

Reply: TypeAlias = Subscribed | Ok | Unsubscribed | Error


class Replies:
    """What the venue says about our commands and streams; `event` is the event of every frame but a level."""

    __slots__ = ("_continuity", "_counts", "_event", "_markets", "_repairs", "_subscriptions")

    def __init__(
        self,
        event: MarketEvent,
        markets: Mapping[str, ListedMarket],
        subscriptions: Subscriptions,
        repairs: Repairs,
        continuity: Continuity,
        counts: MarketDataCounts,
    ) -> None:
        self._event = event
        self._markets = markets
        self._subscriptions = subscriptions
        self._repairs = repairs
        self._continuity = continuity
        self._counts = counts

    def take(self, message: Reply) -> MarketEvent:
        """Return the event of a reply or an error."""
        if type(message) is Error:
            return self._error(message)
        self._continuity.follow(message.sid, message.seq)
        if type(message) is Subscribed:
            self._subscribed(message)
        elif type(message) is Ok:
            self._ok(message)
        elif type(message) is Unsubscribed:
            self._unsubscribed(message)
        return self._continuity.finish()

    def _subscribed(self, message: Subscribed) -> None:
        """Note the stream of a subscription, and that it carries the books of its markets."""
        channel = message.msg.channel
        stream = self._subscriptions.open(message.msg.sid, channel)
        symbols = self._subscriptions.acknowledged(message.id, channel)
        self._carry(stream, channel, symbols)
        departing = self._subscriptions.departing
        gone = [each for each in symbols if each not in self._markets and each not in departing]
        self._event.commands = self._subscriptions.leave(gone, [channel]) if gone else []

    def _ok(self, message: Ok) -> None:
        request = self._subscriptions.answered(message.id)
        if request is None:
            return
        if request.action == Action.ADD:
            self._carry(
                self._subscriptions.open(request.sid, request.channels[0]), request.channels[0], request.symbols
            )
        elif request.action == Action.LIST:
            self._compare(message)

    def _carry(self, stream: Stream, channel: str, symbols: Sequence[str]) -> None:
        for symbol in symbols if channel == BOOK else ():
            market = self._markets.get(symbol)
            if market is not None:
                market.stream = stream

    def _unsubscribed(self, message: Unsubscribed) -> None:
        """Forget a stream; where nobody asked for its end, it is opened anew."""
        request = self._subscriptions.answered(message.id)
        stream = self._subscriptions.streams.get(message.sid)
        if stream is None:
            return
        if request is None and self._event.gap:
            return  # what it says may be older than what was lost: the requests for snapshots will tell
        if request is None and stream.channel:
            self._event.tell(NoticeKind.SUBSCRIPTION_REFUSED, f"the venue ended {stream.channel} unasked")
            self._end(stream, is_wanted=True)
        else:
            self._end(stream, is_wanted=False)

    def _compare(self, message: Ok) -> None:
        """Subscribe anew what the venue does not list, and tell of what we do not know."""
        try:
            listed = {each.sid: each.channel for each in msgspec.convert(message.msg, list[Channel])}
        except ValueError:
            self._event.tell(NoticeKind.MESSAGE_UNKNOWN, "the answer to list_subscriptions is no list of channels")
            return
        streams = self._subscriptions.streams
        for stream in [each for each in streams.values() if each.channel and each.sid not in listed]:
            self._event.tell(NoticeKind.SUBSCRIPTION_REFUSED, f"the venue has no subscription to {stream.channel}")
            self._end(stream, is_wanted=True)
        for sid in listed.keys() - streams.keys():
            self._event.tell(NoticeKind.MESSAGE_UNKNOWN, f"subscription {sid} ({listed[sid]}) is none of ours")

    def _end(self, stream: Stream, is_wanted: bool) -> None:
        """Forget a stream, whose books wait; one that is wanted is opened anew."""
        event = self._event
        suspects = event.suspects
        self._continuity.suspect(stream.sid)
        event.suspects += suspects
        self._subscriptions.streams.pop(stream.sid, None)
        for market in self._markets.values():
            market.stream = NOWHERE if market.stream is stream else market.stream
        if is_wanted:
            event.commands = event.commands + self._repairs.ended(stream, stream.has_delivered)

    def _error(self, message: Error) -> MarketEvent:
        """Report the venue's complaint, and go round it where there is a way."""
        self._counts.refused += 1
        request = self._subscriptions.refused(message.id)
        text = self._subscriptions.explain(message, request)
        stream = self._subscriptions.streams.get(message.sid)
        has_delivered = stream is not None and stream.has_delivered
        self._continuity.follow(message.sid, message.seq)
        event = self._event
        event.kind = EventKind.REFUSED
        event.text = text
        event.tell(NoticeKind.SUBSCRIPTION_REFUSED, text)
        if request is not None:
            self._go_round(request, message.msg.code)
        elif stream is not None and message.msg.code in frames.ENDS_SUBSCRIPTION:
            self._end(stream, is_wanted=False)
            event.commands = self._repairs.ended(stream, has_delivered)
            return event
        return self._continuity.finish()

    def _go_round(self, request: OpenCommand, code: int) -> None:
        event = self._event
        event.commands, given_up = self._repairs.refused(request, code)
        event.refused = tuple(market.instrument for market in given_up)
        if len(given_up) == 1:
            event.instrument = given_up[0].instrument
