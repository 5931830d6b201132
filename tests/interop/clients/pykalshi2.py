"""pykalshi 2.0.0: objects for markets and orders, lenient models, an RSA key alone."""

from typing import Any

from pykalshi import enums
from pykalshi._sync.api_keys import APIKeys
from pykalshi._sync.client import KalshiClient
from pykalshi._sync.communications import Communications
from pykalshi._sync.events import Event
from pykalshi._sync.exchange import Exchange
from pykalshi._sync.history import History
from pykalshi._sync.markets import Market, Series
from pykalshi._sync.mve import MveCollection
from pykalshi._sync.orders import Order
from pykalshi._sync.portfolio import Portfolio

from tests.interop.clients.calls import Calls, given, methods_of, plain_model, tell_operations

PARTS = {"portfolio": Portfolio, "exchange": Exchange, "api_keys": APIKeys, "communications": Communications,
         "history": History}  # fmt: skip
PLUMBING = {"close", "get", "paginated_get", "post", "put", "delete", "feed"}


def main() -> None:
    asked = given()
    client = KalshiClient(
        api_key_id=asked["key_id"], private_key_path=asked["key_file"], api_base=asked["host"], max_retries=0
    )
    own = {name for name in methods_of(KalshiClient) if name.partition(".")[2] not in PLUMBING}
    tell_operations(own | methods_of(*PARTS.values(), Market, Event, Series, MveCollection, Order))

    def lookup(name: str) -> Any:
        """Return a method of the client or of one of its parts, with words turned into its enums."""
        found: Any = client
        for part in name.split("."):
            found = getattr(found, part)
        return lambda **arguments: found(**{key: _enum(key, value) for key, value in arguments.items()})

    Calls(lookup, plain, describe).run(asked["calls"])
    client.close()


def _enum(key: str, value: Any) -> Any:
    kinds = {"status": enums.OrderStatus, "period": enums.CandlestickPeriod, "time_in_force": enums.TimeInForce}
    if key == "status" and value in {status.value for status in enums.MarketStatus}:
        return enums.MarketStatus(value)
    return kinds[key](value) if key in kinds else value


def plain(answer: Any) -> Any:
    """Return an answer as JSON has it: objects of the client hold a model as their data."""
    if isinstance(answer, list):
        return [plain(part) for part in answer]
    if isinstance(answer, dict):
        return {key: plain(part) for key, part in answer.items()}
    return plain_model(getattr(answer, "data", answer))


def describe(error: Any) -> dict[str, Any]:
    """Return an error as the client shows it."""
    return {"status": getattr(error, "status_code", None), "code": getattr(error, "error_code", None)}


if __name__ == "__main__":
    main()
