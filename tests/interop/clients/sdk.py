"""kalshi-python-sync, the venue's own client: a method for each operation, models that refuse what is not declared."""

import importlib
import pkgutil
from pathlib import Path
from typing import Any

from kalshi_python_sync import Configuration, KalshiClient

from tests.interop.clients.calls import Calls, given, plain_model, tell_operations


def main() -> None:
    asked = given()
    configuration = Configuration(host=asked["host"], ssl_ca_cert=asked["ca"])
    configuration.api_key_id = asked["key_id"]
    configuration.private_key_pem = Path(asked["key_file"]).read_text()
    client = KalshiClient(configuration)
    tell_operations(operations())
    Calls(lambda name: getattr(client, name), plain_model, describe).run(asked["calls"])


def operations() -> set[str]:
    """Return the names of everything that the client can do."""
    folder = importlib.import_module("kalshi_python_sync.api")
    found: set[str] = set()
    for module in pkgutil.iter_modules(folder.__path__):
        for kind in vars(importlib.import_module(f"{folder.__name__}.{module.name}")).values():
            if isinstance(kind, type) and kind.__name__.endswith("Api"):
                found |= {name for name in dir(kind) if hasattr(kind, f"{name}_with_http_info")}
    return found


def describe(error: Any) -> dict[str, Any]:
    """Return an error as the client shows it."""
    data = getattr(error, "data", None)
    return {"status": getattr(error, "status", None), "code": getattr(data, "code", None)}


if __name__ == "__main__":
    main()
