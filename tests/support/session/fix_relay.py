"""The middle of a connection: it carries FIX messages, keeps a log of them, and loses some on demand."""

import asyncio
from collections.abc import Callable

from tests.support.session.fix_peer import field, shown

PASS, LOSE, CUT_BEFORE, CUT_AFTER = "pass", "lose", "cut before", "cut after"


class Relay:
    """Listens on `port`, hands on to `target_port`. `rule` decides about a message from its sender, I or A, and text.

    `log` holds what each side put on the wire, times aside: `I F 2 C1` with ` dup` for PossDupFlag(43)=Y, then ` lost`
    where it did not get through. Heartbeats are left out.
    """

    def __init__(self, target_port: int) -> None:
        self.log: list[str] = []
        self.rule: Callable[[str, str], str] = lambda sender, text: PASS
        self._target_port = target_port
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> "Relay":
        self._server = await asyncio.start_server(self._connect, "127.0.0.1", 0)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def __aexit__(self, *_error: object) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Close every connection once what was written has left."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        try:
            onward_reader, onward_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            writer.close()
            return
        both = {writer, onward_writer}
        self._writers |= both
        await asyncio.gather(
            self._carry("I", reader, onward_writer), self._carry("A", onward_reader, writer), return_exceptions=True
        )
        for one in both:
            one.close()
        self._writers -= both

    async def _carry(self, sender: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received = b""
        while data := await reader.read(65536):
            received += data
            while (end := received.find(b"\x0110=")) >= 0 and len(received) >= end + 8:
                message, received = received[: end + 8], received[end + 8 :]
                if not self._pass(sender, message, writer):
                    return
        writer.close()

    def _pass(self, sender: str, message: bytes, writer: asyncio.StreamWriter) -> bool:
        """Hand one message on, or not; say whether the connection goes on."""
        text = shown(message)
        verdict = self.rule(sender, text)
        if "|35=0|" not in text:
            self.log.append(f"{sender} {entry(text)}" + (" lost" if verdict in (LOSE, CUT_BEFORE) else ""))
        if verdict in (PASS, CUT_AFTER):
            writer.write(message)
        if verdict in (CUT_BEFORE, CUT_AFTER):
            self.cut()
            return False
        return True


def entry(text: str) -> str:
    """Return type, number, and what tells messages of one type apart."""
    msg_type = field(text, 35)
    detail = {"A": 141, "2": 7, "4": 36, "8": 17}.get(msg_type, 11)
    words = [msg_type, field(text, 34), field(text, detail) if f"|{detail}=" in text else ""]
    return " ".join(filter(None, [*words, "dup" if "|43=Y|" in text else ""]))
