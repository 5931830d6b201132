"""Control server of the simulated venue: one JSON object a line in, one a line out; and a client for it.

Shapes  a line is at most MAX_LINE bytes and comes within LINE_SECONDS; at most MAX_UNREAD bytes of answers wait, and
        MAX_CONNECTIONS clients: the one that was quiet longest makes room for the next.
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
MAX_UNREAD = 2**20
MAX_CONNECTIONS = 64
LINE_SECONDS = 10.0


class ControlServer:
    """Carries out commands; `commands` maps the value of "cmd" to a function of the object's other fields."""

    def __init__(self, commands: Mapping[str, Command]) -> None:
        self._commands = commands
        self._server: asyncio.Server | None = None
        self._connections: dict[_Lines, None] = {}  # the one that was quiet longest first

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

    def _admit(self, connection: "_Lines") -> None:
        """Take a client, and let go of the one that was quiet longest where there are too many."""
        self._connections[connection] = None
        if len(self._connections) > MAX_CONNECTIONS:
            quiet = next(iter(self._connections))
            self._forget(quiet)
            quiet.transport.abort()

    def _forget(self, connection: "_Lines") -> None:
        self._connections.pop(connection, None)

    def _heard(self, connection: "_Lines") -> None:
        if connection in self._connections:
            del self._connections[connection]
            self._connections[connection] = None

    def answer(self, line: bytes) -> bytes:
        """Carry out one command line and return the line that answers it."""
        try:
            arguments = msgspec.json.decode(line, type=Answer)
            command = self._commands.get(arguments.pop("cmd", ""))
            if command is None:
                raise EngineError(f"cmd must be one of {', '.join(sorted(self._commands))}")
            answer = {"ok": True, **command(arguments)}
        except Exception as error:  # whatever a client sends, the venue goes on
            answer = {"ok": False, "error": f"{type(error).__name__}: {error}"}
        return msgspec.json.encode(answer) + b"\n"


class _Lines(asyncio.Protocol):
    """One control connection."""

    transport: asyncio.Transport

    def __init__(self, server: ControlServer) -> None:
        self._server = server
        self._rest = bytearray()
        self._timer: asyncio.TimerHandle | None = None  # runs while a line waits for its end

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a client; called by the loop."""
        self.transport = cast(asyncio.Transport, transport)
        self.transport.set_write_buffer_limits(high=MAX_UNREAD)
        self._server._admit(self)

    def data_received(self, data: bytes) -> None:
        """Answer every whole line; a line that never ends closes the connection."""
        self._server._heard(self)
        self._rest += data
        *lines, self._rest = self._rest.split(b"\n") if b"\n" in data else (self._rest,)
        for line in lines:
            if not self.transport.is_closing():
                self.transport.write(self._server.answer(bytes(line)))
        if len(self._rest) > MAX_LINE:
            self.transport.abort()
        self._watch()

    def pause_writing(self) -> None:
        """Cut off a client that does not read its answers; called by the loop."""
        self.transport.abort()

    def connection_lost(self, error: Exception | None) -> None:
        """Forget a client; called by the loop."""
        self._rest.clear()
        self._watch()
        self._server._forget(self)

    def _watch(self) -> None:
        """Let a line that has begun end in time."""
        if not self._rest and self._timer is not None:
            self._timer.cancel()
            self._timer = None
        elif self._rest and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LINE_SECONDS, self.transport.abort)


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
