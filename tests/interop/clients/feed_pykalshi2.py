"""The feed of pykalshi 2: a thread of its own, typed messages, one subscription a channel."""

import sys
from typing import Any

from pykalshi import KalshiClient

from tests.interop.clients.feeds import given, refuse, tell

# Types that have no model there are handed on as they came, under their own name.
WITHOUT_A_MODEL = (
    "event_lifecycle", "event_fee_update", "multivariate_market_lifecycle", "rfq_created", "rfq_deleted",
    "quote_created", "quote_accepted", "quote_executed",
)  # fmt: skip


def main() -> None:
    """Subscribe to every channel, hand on what comes, and give up the channels that are named."""
    asked = given()
    client = KalshiClient(api_key_id=asked["key_id"], private_key_path=asked["key_file"], demo=True)
    feed = client.feed()
    feed._ws_url = f"wss://{asked['host']}:{asked['port']}/trade-api/ws/v2"
    for channel in (*asked["channels"], *WITHOUT_A_MODEL, "unsubscribed", "ok", "error"):
        feed.on(channel, hand_on(channel))
    for channel in asked["channels"]:
        feed.subscribe(channel, **markets(channel, asked["markets"]))
    feed.start()
    for line in sys.stdin:
        channel = line.strip()
        feed.unsubscribe(channel, **markets(channel, asked["markets"]))
    feed.stop()


def markets(channel: str, names: list[str]) -> dict[str, Any]:
    """Return the markets of a subscription: a book must have some."""
    return {"market_tickers": names} if channel == "orderbook_delta" else {}


def hand_on(channel: str) -> Any:
    """Return what tells of the messages of a channel."""

    def take(message: Any) -> None:
        """Tell of one message by its model; a dict where there should be a model was refused."""
        if not isinstance(message, dict):
            tell(type(message).__name__, message.model_dump(exclude_none=True))
        elif channel in (*WITHOUT_A_MODEL, "unsubscribed", "ok"):
            tell(channel, message)
        else:
            refuse(channel, message)

    return take


if __name__ == "__main__":
    main()
