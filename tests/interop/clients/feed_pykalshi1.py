"""The WebSocket of pykalshi-client 1: commands in binary frames, raw text to the caller, sequence numbers checked."""

import asyncio
import json
import sys
from typing import Any

from pydantic import ValidationError
from pykalshi.auth import KalshiCredentials
from pykalshi.config import ClientConfig
from pykalshi.models import ws as models
from pykalshi.ws_client import KalshiWebSocketClient

from tests.interop.clients.feeds import given, refuse, tell

MODELS: dict[str, Any] = {
    "error": models.ErrorResponsePayload,
    "event_fee_update": models.EventFeeUpdatePayload,
    "event_lifecycle": models.EventLifecyclePayload,
    "fill": models.FillPayload,
    "market_lifecycle_v2": models.MarketLifecycleV2Payload,
    "market_position": models.MarketPositionPayload,
    "multivariate_market_lifecycle": models.MarketLifecycleV2Payload,
    "ok": models.OkResponsePayload,
    "order_group_updates": models.OrderGroupUpdatesPayload,
    "orderbook_delta": models.OrderbookDeltaPayload,
    "orderbook_snapshot": models.OrderbookSnapshotPayload,
    "quote_accepted": models.QuoteAcceptedPayload,
    "quote_created": models.QuoteCreatedPayload,
    "quote_executed": models.QuoteExecutedPayload,
    "rfq_created": models.RfqCreatedPayload,
    "rfq_deleted": models.RfqDeletedPayload,
    "subscribed": models.SubscribedResponsePayload,
    "ticker": models.TickerPayload,
    "trade": models.TradePayload,
    "unsubscribed": models.UnsubscribedResponsePayload,
    "user_order": models.UserOrderPayload,
}
# Its public calls name a market with every channel, which these channels refuse.
WITHOUT_MARKETS = ("market_lifecycle_v2", "multivariate_market_lifecycle")


async def main() -> None:
    """Subscribe to every channel, hand on what comes, and carry out "add", "remove" and "snapshot" of a market."""
    asked = given()
    credentials = KalshiCredentials.from_key_file(asked["key_id"], asked["key_file"])
    config = ClientConfig(ws_base_url=f"wss://{asked['host']}:{asked['port']}")
    client = KalshiWebSocketClient(credentials, config, on_message_callback=hand_on)
    await client.connect()
    listener = asyncio.create_task(client.listener_loop())
    first = asked["markets"][:1]
    for channel in asked["channels"]:
        if channel in WITHOUT_MARKETS:
            await client._send_subscribe(channel, [])
        else:
            await client.add_markets(first, [channel])
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
    while line := (await lines.readline()).decode().split():
        await carry_out(client, *line)
    await client.close()
    listener.cancel()


async def carry_out(client: Any, word: str, channel: str, market: str) -> None:
    """Carry out one command of the test."""
    if word == "add":
        await client.add_market(market, [channel])
    elif word == "remove":
        await client.remove_market(market, [channel])
    else:
        await client.request_snapshot([market], channel)


async def hand_on(text: str) -> None:
    """Tell of one message by the client's own model of it."""
    type_ = json.loads(text)["type"]
    try:
        message = MODELS[type_].model_validate_json(text)
    except (KeyError, ValidationError) as error:
        refuse(type_, error)
    else:
        tell(type_, message.model_dump(exclude_none=True).get("msg"))


if __name__ == "__main__":
    asyncio.run(main())
