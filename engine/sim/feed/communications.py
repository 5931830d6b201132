"""Requests for quotes and quotes on the feed: requests go to everybody, quotes to their two parties.

Source  Kalshi WebSocket: communications; subscribe (shard_factor, shard_key, user_filter).
"""

from collections.abc import Collection, Mapping
from zlib import crc32

from engine.sim.feed import frames
from engine.sim.feed.channels import COMMUNICATIONS
from engine.sim.feed.line import Subscription
from engine.sim.feed.publisher import MarketData

SELF = "self"  # the user_filter of whoever wants only what is its own


class Communications:
    """Tells who is concerned. `fields` are the message's own, with the request's id under `id` or `rfq_id`."""

    def __init__(self, market_data: MarketData) -> None:
        self._market_data = market_data

    def request(self, type_: str, fields: Mapping[str, object], creator: str) -> None:
        """Tell of a request for quotes by a member: "rfq_created" or "rfq_deleted"."""
        self._tell(type_, fields, str(fields["id"]), None, creator)

    def quote(self, type_: str, fields: Mapping[str, object], parties: Collection[str], creator: str) -> None:
        """Tell the two parties of a quote: "quote_created", "quote_accepted" or "quote_executed".

        `creator` is the member who asked for it.
        """
        self._tell(type_, fields, str(fields["rfq_id"]), parties, creator)

    def _tell(
        self, type_: str, fields: Mapping[str, object], request_id: str, parties: Collection[str] | None, creator: str
    ) -> None:
        tail = frames.message(fields, self._market_data.now_ms)
        for connection in self._market_data.connections:
            subscription = connection.channels.get(COMMUNICATIONS)
            if subscription is None or (parties is not None and connection.member not in parties):
                continue
            if subscription.params.user_filter == SELF and connection.member != creator:
                continue
            if _is_of_shard(subscription, request_id):
                connection.send_message(subscription, type_, tail)


def _is_of_shard(subscription: Subscription, request_id: str) -> bool:
    factor, key = subscription.params.shard_factor, subscription.params.shard_key
    return factor is None or crc32(request_id.encode()) % factor == key
