"""The control socket of a running engine, a Unix socket in its state directory: who may open it may act.

Shapes  one line of JSON in, {"action": ..., "reason": ..., "arguments": {...}}, one line of JSON out, then the
        connection closes. An answer with "error" is a refusal: nothing was done.
Errors  ConfigError where the socket cannot be made; from `ask` NotRunning and NotAnswering. What a client sends raises
        nothing here.
Bounds  a request is at most `REQUEST_BYTES` and must be there within `TIMEOUT_S`; of `MOST_CLIENTS` at once the one
        that has been silent longest makes room for the next; a process that asks more than `ASKS_PER_SECOND` is
        refused, except for what takes risk away.
Cost    0.1 ms of the loop thread a request.
Thread  the loop thread; `ask` blocks whoever calls it.
"""

import asyncio
import errno
import json
import logging
import os
import select
import socket
from collections import Counter
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

from engine.errors import ConfigError, EngineError
from engine.runtime import log
from engine.runtime.person import Person, peer_of, this_process

LOGGER = logging.getLogger(log.LOGGER)
SOCKET = "control.sock"
TIMEOUT_S = 5.0
REQUEST_BYTES = 16_384
MOST_CLIENTS = 32
ASKS_PER_SECOND = 50  # of one process
REASON_CHARACTERS = 400
QUIET = frozenset(("status", "cancels", "session-status", "errand", "limits", "flattening"))  # neither logged nor noted
NEVER_HELD_BACK = frozenset(("halt", "hold", "reduce-only", "cancel-all", "stop"))
DONE_FOR_THE_GONE = frozenset(("halt", "hold", "cancel-all", "stop"))
_NOBODY_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ECONNREFUSED, None)  # None: a path that no socket can have
USAGE = 'send one line of JSON: {"action": "status", "reason": "...", "arguments": {}}'


class OperatorRequest(NamedTuple):
    """What was asked for, why, with which arguments, and by whom."""

    action: str
    reason: str
    arguments: Mapping[str, object]
    person: Person


class NotRunning(ConfigError):
    """No engine runs with this state directory."""


class NotAnswering(EngineError):
    """An engine is there, as process `pid`, and does not answer."""

    def __init__(self, path: Path, pid: int, why: object) -> None:
        super().__init__(f"{path}: the engine, process {pid or 'unknown'}, does not answer ({why})")
        self.pid = pid


Answer: TypeAlias = Mapping[str, object]
Action: TypeAlias = Callable[[OperatorRequest], Answer | None]  # None answers with the status; EngineError says why not


class OperatorSocket:
    """Listens in one state directory; `actions` may grow while it does.

    `note` is given a line for the journal about each action, the refused ones too; `tell` what was no action at all.
    """

    def __init__(
        self,
        actions: Mapping[str, Action],
        status: Callable[[], Answer],
        note: Callable[[str], None],
        tell: Callable[[str], object] = LOGGER.warning,
    ) -> None:
        self._tell = tell
        self._actions = actions
        self._status = status
        self._note = note
        self._server: asyncio.Server | None = None
        self._clients: dict[_Client, None] = {}  # the oldest first
        self._asked: Counter[int] = Counter()  # requests of this second, by process
        self._second = 0.0

    async def start(self, state_dir: Path, group: int | None = None) -> None:
        """Listen, for the owner alone or for the members of a group too."""
        path = state_dir / SOCKET
        if _is_answered(path):
            raise ConfigError(f"{path}: an engine runs here already; stop it, or give this one a state_dir of its own")
        loop = asyncio.get_running_loop()
        old = os.umask(0o177)
        try:
            path.unlink(missing_ok=True)
            self._server = await loop.create_unix_server(lambda: _Client(self), str(path))
        except OSError as error:  # such as a path that is too long for a socket
            raise ConfigError(f"engine.state_dir: cannot listen on {path}: {error}; choose another directory") from None
        finally:
            os.umask(old)
        if group is not None:
            os.chown(path, -1, group)
            path.chmod(0o660)

    def close(self) -> None:
        """Stop listening, and let go of whoever is connected."""
        if self._server is not None:
            self._server.close()
        for client in list(self._clients):
            client.end()

    def enter(self, client: "_Client") -> None:
        """Take one more client; beyond the bound the oldest, which has said nothing for longest, goes."""
        self._clients[client] = None
        if len(self._clients) > MOST_CLIENTS:
            next(iter(self._clients)).drop(f"one of more than {MOST_CLIENTS}")

    def refuse(self, person: Person, why: str) -> bytes:
        """Tell that somebody asked for nothing that can be done; return the line that answers it."""
        self._tell(f"{person}: {why}")
        return json.dumps({"error": why}).encode() + b"\n"

    def leave(self, client: "_Client") -> None:
        """Forget a client."""
        self._clients.pop(client, None)

    def answer(self, line: bytes, person: Person, is_there: Callable[[], bool] = lambda: True) -> bytes:
        """Do what a line asks for, for one who left only what takes risk away; return the line that answers it."""
        request = _read(line, person)
        if request is None:
            return self.refuse(person, USAGE)
        if request.action not in DONE_FOR_THE_GONE and not is_there():
            return self.refuse(person, f"{request.action}: who asked has left unanswered; nothing was done")
        if self._is_too_often(request):
            return self.refuse(person, f"more than {ASKS_PER_SECOND} requests a second; ask less often")
        return json.dumps(self._act(request), default=str).encode() + b"\n"

    def _is_too_often(self, request: OperatorRequest) -> bool:
        second = asyncio.get_running_loop().time() // 1
        if second != self._second:
            self._second = second
            self._asked.clear()
        self._asked[request.person.pid] += 1
        return self._asked[request.person.pid] > ASKS_PER_SECOND and request.action not in NEVER_HELD_BACK

    def _act(self, request: OperatorRequest) -> Answer:
        action, reason, _, person = request
        if action == "status":
            return self._status()
        act = self._actions.get(action)
        try:
            if act is None:
                raise EngineError(f"unknown action {action!r}: use status, {', '.join(self._actions)}")
            if action not in QUIET:
                self._note(f"{action} asked for by {person}: {reason}")
            answer = act(request)
            return self._status() if answer is None else answer
        except EngineError as error:
            self._note(f"{action!r} of {person} refused: {error}")
            return {"error": str(error)}
        except Exception as error:  # a fault of ours must not take the kill switch away
            LOGGER.exception("control: %s failed", action)
            return {"error": f"{action} failed: {type(error).__name__}: {error}; the log says where"}


class _Client(asyncio.Protocol):
    """One connection: one line, one answer."""

    def __init__(self, server: OperatorSocket) -> None:
        self._server = server
        self._received = b""
        self._is_answered = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the line."""
        self._transport = cast(asyncio.Transport, transport)
        self._person = peer_of(transport.get_extra_info("socket").fileno())
        self._timer = asyncio.get_running_loop().call_later(TIMEOUT_S, self.drop, f"nothing whole in {TIMEOUT_S:g} s")
        self._server.enter(self)

    def data_received(self, data: bytes) -> None:
        """Answer once the line is whole; what follows it is not read."""
        if self._is_answered:
            return
        self._received += data
        line, end, _ = self._received.partition(b"\n")
        if len(line) > REQUEST_BYTES:
            self._say(self._server.refuse(self._person, f"a request is one line of at most {REQUEST_BYTES} bytes"))
        elif end:
            self._answer(line)

    def eof_received(self) -> bool:
        """Take what there is for the line; the other direction is still open for the answer."""
        if not self._is_answered:
            self._answer(self._received)
        return True

    def connection_lost(self, error: Exception | None) -> None:
        """Forget the client, which has its answer or left before it."""
        self._timer.cancel()
        self._server.leave(self)

    def drop(self, why: str) -> None:
        """Hang up on one that is too slow or in the way."""
        self._server.refuse(self._person, why)
        self.end()

    def end(self) -> None:
        """Hang up at once."""
        self._transport.abort()
        self._server.leave(self)

    def _answer(self, line: bytes) -> None:
        self._say(self._server.answer(line, self._person, self._is_there))

    def _is_there(self) -> bool:
        """Return whether the client has not hung up; one that has only ended its line still listens."""
        waiting = select.poll()
        waiting.register(self._transport.get_extra_info("socket").fileno(), 0)
        return not any(event & select.POLLHUP for _, event in waiting.poll(0))

    def _say(self, answer: bytes) -> None:
        self._is_answered = True
        self._received = b""
        self._transport.write(answer)
        self._transport.close()  # when it is written; the timer still runs for one who does not read it


def ask(
    state_dir: Path,
    action: str,
    reason: str,
    arguments: Mapping[str, object] | None = None,
    timeout_s: float = TIMEOUT_S,
) -> str:
    """Return the engine's answer to one action as text."""
    path = state_dir / SOCKET
    request = {"action": action, "reason": reason, "arguments": arguments or {}}
    pid = 0
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(timeout_s)
            client.connect(str(path))
            pid = peer_of(client.fileno()).pid
            client.sendall(json.dumps(request).encode() + b"\n")
            answer = client.makefile(errors="replace").readline().strip()
    except PermissionError:
        raise ConfigError(f"{path}: {this_process()} may not; be the engine's user or in its control_group") from None
    except OSError as error:
        if error.errno in _NOBODY_THERE and not isinstance(error, TimeoutError):
            raise NotRunning(f"{path}: no engine answers ({error}); is it running with this state_dir?") from None
        raise NotAnswering(path, pid, error) from None
    if not answer:
        raise NotAnswering(path, pid, "it hung up; its log says why")
    return answer


def read_answer(answer: str, *names: str) -> dict[str, Any]:
    """Return what an engine answered; EngineError where it refused, or where not all of these fields are there."""
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        found = None
    if isinstance(found, dict) and "error" in found:
        raise EngineError(str(found["error"]))
    if not isinstance(found, dict) or any(name not in found for name in names):
        raise EngineError(f"no engine of this version answers: {plain(answer)!r}; whether it did anything is unknown")
    return found


def plain(text: str) -> str:
    """Return a person's text as one line that log, journal and terminal can hold."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:REASON_CHARACTERS]


def _is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        client.setblocking(False)
        try:
            return client.connect_ex(str(path)) in (0, errno.EAGAIN)  # the second: by one that answers nobody now
        except OSError:  # a path that no socket can have
            return False


def _read(line: bytes, person: Person) -> OperatorRequest | None:
    """Return what a line asks for, None where it is no request."""
    try:
        found = json.loads(line)
        action, reason, arguments = found["action"], found.get("reason", ""), found.get("arguments", {})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    if not (isinstance(action, str) and isinstance(reason, str) and isinstance(arguments, dict)):
        return None
    return OperatorRequest(action, plain(reason), arguments, person)
