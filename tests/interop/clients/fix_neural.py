"""neural-sdk 0.4.1's FIX client, unmodified: an RSA key, whole cents, reports shown as it parses them.

In, as JSON: {"host", "port", "key_id", "key_file", "steps"}, where a step is a method of the client with its arguments
and how many messages it is answered by. Out, a JSON line for each step: {"name", "messages": [{tag: value}, ...]}.
"""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from neural.trading.fix import FIXConnectionConfig, KalshiFIXClient

PATIENCE_S = 20.0


async def main() -> None:
    asked = json.load(sys.stdin)
    heard: asyncio.Queue[dict[int, str]] = asyncio.Queue()
    config = FIXConnectionConfig(host=asked["host"], port=asked["port"], **asked["config"])
    client = KalshiFIXClient(
        config,
        api_key_id=asked["key_id"],
        private_key_pem=Path(asked["key_file"]).read_bytes(),
        on_message=lambda message: heard.put_nowait(KalshiFIXClient.to_dict(message)),
    )
    for name, arguments, count in asked["steps"]:
        answer: Any = getattr(client, name)(**arguments)
        await answer
        messages = [await asyncio.wait_for(heard.get(), PATIENCE_S) for _ in range(count)]
        print(json.dumps({"name": name, "messages": messages}), flush=True)


if __name__ == "__main__":
    asyncio.run(main())
