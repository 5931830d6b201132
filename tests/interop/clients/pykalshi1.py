"""pykalshi-client 1.3.0: asynchronous, strict models that ask for deprecated fields, an RSA key alone."""

import asyncio
from collections.abc import Callable
from typing import Any

from pykalshi.auth import KalshiCredentials
from pykalshi.config import ClientConfig
from pykalshi.http_client import KalshiHttpClient

from tests.interop.clients.calls import Calls, given, methods_of, plain_model, tell_operations

PLUMBING = {"close", "configure_rate_limits", "get", "post", "put", "delete", "limiter"}


def main() -> None:
    asked = given()
    config = ClientConfig(http_base_url=asked["host"].removesuffix("/trade-api/v2"), max_retries=0)
    credentials = KalshiCredentials.from_key_file(asked["key_id"], asked["key_file"])
    with asyncio.Runner() as runner:
        client = KalshiHttpClient(credentials, config)
        names = {name.partition(".")[2] for name in methods_of(KalshiHttpClient)}
        tell_operations(names - PLUMBING)

        def lookup(name: str) -> Callable[..., Any]:
            """Return a method of the client that can be called from here."""
            method = getattr(client, name)
            return lambda **arguments: runner.run(method(**arguments))

        Calls(lookup, plain_model, describe).run(asked["calls"])
        runner.run(client.close())


def describe(error: Any) -> dict[str, Any]:
    """Return an error as the client shows it."""
    return {"status": getattr(error, "status_code", None), "code": getattr(error, "error_code", None)}


if __name__ == "__main__":
    main()
