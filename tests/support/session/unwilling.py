"""A venue of bare sockets that answers Logons as told: by a message, by silence, by closing, by a reset."""

import asyncio
import contextlib
import re
import socket
import struct
from collections.abc import AsyncIterator, Callable
from typing import Any

from engine.codec import TimestampFormat

CLOSE, RESET, SILENT = "close", "reset", "silent"
_TIMES = TimestampFormat(3)
THEN = "&"  # between two messages of an answer
THEN_CLOSE = "&close"


def message(text: str, seq_num: int, wall_ns: int, comp_ids: tuple[str, str] = ("PEER", "US")) -> bytes:
    """Return a message of the venue from its MsgType on, `|` for SOH."""
    msg_type, _, rest = text.partition("|")
    sender, target = comp_ids
    stamp = _TIMES.format(wall_ns).decode()
    head = f"{msg_type}|34={seq_num}|49={sender}|52={stamp}|56={target}|"
    body = (head + rest).replace("|", "\x01")
    whole = f"8=FIX.4.4\x019={len(body)}\x01{body}".encode("latin-1")
    return whole + b"10=%03d\x01" % (sum(whole) % 256)


class Unwilling:
    """Listens at `port`; `answer` is what each Logon gets, `LOGON` for a good one. `logons` holds what came.

    Several messages are joined by `THEN`; after `THEN_CLOSE` the connection is closed at once.
    """

    LOGON = "35=A|98=0|108=30|"

    def __init__(self, answer: str, wall_ns: Callable[[], int], comp_ids: tuple[str, str] = ("PEER", "US")) -> None:
        self.answer = answer
        self.logons: list[str] = []
        self.times: list[float] = []
        self.port = 0
        self._wall_ns = wall_ns
        self._comp_ids = comp_ids
        self._sent = 0
        self._writers: list[asyncio.StreamWriter] = []

    def begin(self, seq_num: int) -> None:
        """Number the next message so."""
        self._sent = seq_num - 1

    @property
    def numbers(self) -> list[int]:
        """MsgSeqNum(34) of each Logon that came."""
        return [int(found[1]) for text in self.logons if (found := re.search(r"\|34=(\d+)\|", text))]

    async def listen(self, **more: Any) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, **more)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self.times.append(asyncio.get_running_loop().time())
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            text = (await reader.readuntil(b"\x0110=")).decode("latin-1").replace("\x01", "|")
            self.logons.append(text)
            if self.answer == RESET:
                linger = struct.pack("ii", 1, 0)
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            elif self.answer not in (CLOSE, SILENT):
                for text in self.answer.removesuffix(THEN_CLOSE).split(THEN):
                    self._sent += 1
                    writer.write(message(text, self._sent, self._wall_ns(), self._comp_ids))
            if self.answer.endswith(THEN_CLOSE):
                await asyncio.sleep(0.05)
            elif self.answer in (SILENT, self.LOGON):
                await reader.read()
            elif self.answer not in (CLOSE, RESET):  # a venue that refuses leaves the closing to us for a while
                async with asyncio.timeout(0.2):
                    await reader.read()
        writer.close()

    def close(self) -> None:
        self._server.close()
        for writer in self._writers:
            writer.close()


@contextlib.asynccontextmanager
async def unwilling(
    *answers: str, wall_ns: Callable[[], int], comp_ids: tuple[str, str] = ("PEER", "US")
) -> AsyncIterator[list[Unwilling]]:
    """Yield one listening venue for each answer."""
    venues = [Unwilling(answer, wall_ns, comp_ids) for answer in answers]
    for venue in venues:
        await venue.listen()
    try:
        yield venues
    finally:
        for venue in venues:
            venue.close()
