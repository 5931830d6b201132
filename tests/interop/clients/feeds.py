"""What the scripts share that run a client of the feed which we did not write, in that client's own environment.

In, the first line, as JSON: {"host", "port", "ca", "key_id", "key_file", "channels", "markets"}; each later line is a
command of the script's own, the end of the input is the end. Out, a JSON line each: {"type", "values"} as the client's
own model has a message, or {"type", "refused"} where that model refuses it.
"""

import json
import sys
from typing import Any


def given() -> dict[str, Any]:
    """Return what the test asks for."""
    asked: dict[str, Any] = json.loads(sys.stdin.readline())
    return asked


def tell(type_: str, values: Any) -> None:
    """Say what a message is to the client."""
    print(json.dumps({"type": type_, "values": values}, default=str), flush=True)


def refuse(type_: str, error: object) -> None:
    """Say why the client does not take a message."""
    print(json.dumps({"type": type_, "refused": str(error)[:2000]}), flush=True)
