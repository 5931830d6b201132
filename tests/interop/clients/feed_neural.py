"""The WebSocket of neural-sdk: several channels in one command, messages as dicts, updates by one sid."""

import ssl
import sys
from pathlib import Path
from typing import Any

from neural.auth.signers.kalshi import KalshiSigner
from neural.trading.websocket import KalshiWebSocketClient

from tests.interop.clients.feeds import given, tell

WITH_MARKETS = ("orderbook_delta", "ticker", "trade")


def main() -> None:
    """Subscribe to every channel, hand on what comes, and carry out "add", "remove", "snapshot" and "end" of a sid."""
    asked = given()
    client = KalshiWebSocketClient(
        signer=KalshiSigner(asked["key_id"], Path(asked["key_file"]).read_bytes()),
        url=f"wss://{asked['host']}:{asked['port']}/trade-api/ws/v2",
        ssl_context=ssl.create_default_context(cafile=asked["ca"]),
        on_event=hand_on,
    )
    client.connect()
    channels = asked["channels"]
    client.subscribe([each for each in channels if each in WITH_MARKETS], market_tickers=asked["markets"][:1])
    client.subscribe([each for each in channels if each not in WITH_MARKETS])
    for line in sys.stdin:
        word, sid, market = line.split()
        if word == "end":
            client.unsubscribe([int(sid)])
        else:
            client.update_subscription(int(sid), action=word, market_tickers=[market])
    client.close()


def hand_on(type_: str, payload: dict[str, Any]) -> None:
    """Tell of one message."""
    tell(type_, payload.get("msg"))


if __name__ == "__main__":
    main()
