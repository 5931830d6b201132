"""A REST server on a loop of its own, and a client that signs as the engine does."""

import asyncio
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterable
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

from engine.sim.keys import KeyFile, SimKey, client_context, make_key
from engine.sim.rest.access import VenueAccess
from engine.sim.rest.operations import BASE, Operation
from engine.sim.rest.server import RestServer
from engine.sim.rest.settings import RestServerSettings
from engine.venue.kalshi.signing import SigningKey, load_credentials

T = TypeVar("T")
PATIENCE = 30  # seconds


class Answered(NamedTuple):
    """One answer; `json` is None where the body is none."""

    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class RestSite:
    """Runs a server on a thread's loop. `do` runs a function on that loop, where the venue lives."""

    def __init__(
        self,
        venue: VenueAccess,
        operations: Iterable[Operation],
        settings: RestServerSettings | None = None,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self.server = RestServer(venue, operations, settings or RestServerSettings(), ssl_context)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.server.start(), self._loop).result(PATIENCE)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self.server.close(), self._loop).result(PATIENCE)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(PATIENCE)
        self._loop.close()

    @property
    def port(self) -> int:
        return self.server.port

    def do(self, function: Callable[[], T]) -> T:
        async def run() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(PATIENCE)


class SignedClient:
    """Sends requests as they are given, one connection each, signed unless `key` is None."""

    def __init__(self, port: int, key: SigningKey | None, ca: ssl.SSLContext | None = None) -> None:
        self._port = port
        self._key = key
        self._ca = ca

    def send(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        now_ns: int | None = None,
        headers: dict[str, str] | None = None,
        raw: bytes = b"",
    ) -> Answered:
        target = BASE + path
        if headers is None:
            stamp = time.time_ns() if now_ns is None else now_ns
            headers = self._key.http_headers(method, target, stamp) if self._key else {}
        content = raw or (json.dumps(body).encode() if body is not None else b"")
        connection: HTTPConnection = HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        if self._ca is not None:
            connection = HTTPSConnection("127.0.0.1", self._port, timeout=PATIENCE, context=self._ca)
        try:
            connection.request(method, target, content, {"Content-Type": "application/json", **headers})
            response = connection.getresponse()
            return Answered(response.status, response.read(), {k.lower(): v for k, v in response.getheaders()})
        finally:
            connection.close()

    def get(self, path: str) -> Any:
        """Return the JSON of a read that must succeed."""
        answer = self.send("GET", path)
        assert answer.status == 200, answer
        return answer.json


def registered(key: KeyFile, member: str, **more: Any) -> tuple[SimKey, SigningKey]:
    """Return a key as the venue knows it and as its owner signs with it."""
    return SimKey(key.key_id, member, key.public_key, **more), load_credentials(key.key_id, key.file)


def new_key(folder: Path, member: str, kind: str = "ed25519", **more: Any) -> tuple[SimKey, SigningKey]:
    """Return a fresh key, likewise."""
    return registered(make_key(folder, kind), member, **more)


__all__ = ["Answered", "RestSite", "SignedClient", "client_context", "new_key", "registered"]
