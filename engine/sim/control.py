"""Control server of the simulated venue: one JSON object a line in, one a line out; and a client for it.

Errors  none on the server: a command that cannot be carried out is answered {"ok": false, "error": why}.
Thread  the server on the loop thread; the client blocks whoever calls it.
"""

import asyncio
import socket
from collections.abc import Callable, Mapping
from typing import Any, cast

import msgspec

from engine.errors import EngineError

Answer = dict[str, Any]
Command = Callable[[Answer], Answer]
MAX_LINE = 2**20


class ControlServer:
    """Carries out commands; `commands` maps the value of "cmd" to a function of the object's other fields."""

    def __init__(self, commands: Mapping[str, Command]) -> None:
        self._commands = commands
        self._server: asyncio.Server | None = None
        self._connections: set[_Lines] = set()

    async def start(self, host: str, port: int) -> int:
        """Listen; return the port."""
        self._server = await asyncio.get_running_loop().create_server(lambda: _Lines(self), host, port)
        chosen: int = self._server.sockets[0].getsockname()[1]
        return chosen

    def close(self) -> None:
        """Stop listening and close every connection."""
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.transport.close()

    def answer(self, line: bytes) -> bytes:
        """Carry out one command line and return the line that answers it."""
        try:
            arguments = msgspec.json.decode(line, type=Answer)
            command = self._commands.get(arguments.pop("cmd", ""))
            if command is None:
                raise EngineError(f"cmd must be one of {', '.join(sorted(self._commands))}")
            answer = {"ok": True, **command(arguments)}
        except (msgspec.MsgspecError, EngineError, KeyError) as error:
            answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        return msgspec.json.encode(answer) + b"\n"


class _Lines(asyncio.Protocol):
    """One control connection."""

    transport: asyncio.Transport

    def __init__(self, server: ControlServer) -> None:
        self._server = server
        self._rest = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a client; called by the loop."""
        self.transport = cast(asyncio.Transport, transport)
        self._server._connections.add(self)

    def data_received(self, data: bytes) -> None:
        """Answer every whole line; a line that never ends closes the connection."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self.transport.write(self._server.answer(line))
        if len(self._rest) > MAX_LINE:
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Forget a client; called by the loop."""
        self._server._connections.discard(self)


class ControlClient:
    """Sends commands to a running venue. An answer is a dictionary; a refusal raises EngineError."""

    def __init__(self, port: int, host: str = "127.0.0.1", timeout: float = 5.0) -> None:
        self._socket = socket.create_connection((host, port), timeout)
        self._lines = self._socket.makefile("rb")

    def __call__(self, cmd: str, **arguments: object) -> Answer:
        self._socket.sendall(msgspec.json.encode({"cmd": cmd, **arguments}) + b"\n")
        answer = msgspec.json.decode(self._lines.readline(), type=Answer)
        if not answer.pop("ok"):
            raise EngineError(f"{cmd}: {answer['error']}")
        return answer

    def close(self) -> None:
        """Disconnect."""
        self._lines.close()
        self._socket.close()

    def __enter__(self) -> "ControlClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
