"""The kill switch of a running engine: a Unix socket in its state directory.

Shapes  one line of JSON in, {"action": ..., "reason": ...}, one line of JSON out, then the connection closes.
Errors  ConfigError where no engine listens; an unknown action is answered, never acted on.
Source  access is the directory's permissions: the socket is made for its owner alone.
"""

import asyncio
import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

from engine.errors import ConfigError

SOCKET = "control.sock"
TIMEOUT_S = 5.0


async def serve(
    state_dir: Path, actions: dict[str, Callable[[str], object]], status: Callable[[], dict[str, object]]
) -> asyncio.Server:
    """Answer `ask`: run the action with its reason, then say what the engine's state is."""
    path = state_dir / SOCKET
    if _is_answered(path):
        raise ConfigError(f"{path}: an engine runs here already; stop it, or give this one a state_dir of its own")
    path.unlink(missing_ok=True)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one line of one client."""
        try:
            writer.write(json.dumps(_act(await reader.readline(), actions, status)).encode() + b"\n")
            await writer.drain()
        except (OSError, ValueError):
            pass  # the asker left before its answer, or its line has no end
        finally:
            writer.close()

    old = os.umask(0o177)
    try:
        return await asyncio.start_unix_server(answer, str(path))
    except OSError as error:  # such as a path that is too long for a socket
        raise ConfigError(f"engine.state_dir: cannot listen on {path}: {error}; choose another directory") from None
    finally:
        os.umask(old)


def ask(state_dir: Path, action: str, reason: str) -> str:
    """Return the engine's answer to one action as text."""
    path = state_dir / SOCKET
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(TIMEOUT_S)
            client.connect(str(path))
            client.sendall(json.dumps({"action": action, "reason": reason}).encode() + b"\n")
            answer = client.makefile().readline().strip()
    except OSError as error:
        raise ConfigError(f"{path}: no engine answers ({error}); is it running with this state_dir?") from None
    if not answer:
        raise ConfigError(f"{path}: the engine hung up without an answer; its log says why")
    return answer


def _is_answered(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
        try:
            return client.connect_ex(str(path)) == 0
        except OSError:  # a path that no socket can have
            return False


def _act(
    line: bytes, actions: dict[str, Callable[[str], object]], status: Callable[[], dict[str, object]]
) -> dict[str, object]:
    try:
        request = json.loads(line)
        action, reason = str(request["action"]), str(request.get("reason", ""))
    except (ValueError, KeyError, TypeError, AttributeError):
        return {"error": 'send one line of JSON: {"action": "status", "reason": "..."}'}
    if action != "status":
        if action not in actions:
            return {"error": f"unknown action {action!r}: use status, {', '.join(actions)}"}
        actions[action](reason)
    return status()
