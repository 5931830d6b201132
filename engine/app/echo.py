"""A FIX acceptor that sends orders, security definitions and emails back: a peer for certification runs.

Shapes  every acceptor session of a file, each with the last 100 000 ClOrdIDs since its numbers began.
Errors  ConfigError for a file that holds an initiator; what a peer does wrong is answered by the session.
Thread  the loop thread only.
Source  FIX 4.4 volume 2, test cases 2.r (a MsgType without support), 15 and 19 (PossResend).
"""

import asyncio
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path

import msgspec
import uvloop

from engine import fix
from engine.codec import Fields
from engine.errors import ConfigError
from engine.session.file.settings import load_sessions
from engine.session.native.acceptor import AcceptorSession, SessionAcceptor

SENT_BACK = frozenset({fix.Msg.NEW_ORDER_SINGLE, fix.Msg.SECURITY_DEFINITION, fix.Msg.EMAIL})
_REMEMBERED = 100_000
_LOGOUT_SECONDS = 3.0

# Header and trailer belong to the sender; what says how to read the body, or that it may be known, stays.
_NOT_SENT_BACK = frozenset({
    fix.BeginString, fix.BodyLength, fix.MsgType, fix.MsgSeqNum, fix.PossDupFlag, fix.SenderCompID, fix.SenderSubID,
    fix.SendingTime, fix.TargetCompID, fix.TargetSubID, fix.OrigSendingTime, fix.LastMsgSeqNumProcessed, fix.CheckSum,
    fix.Signature, fix.SignatureLength, fix.SecureData, fix.SecureDataLen, fix.OnBehalfOfCompID, fix.OnBehalfOfSubID,
    fix.OnBehalfOfLocationID, fix.DeliverToCompID, fix.DeliverToSubID, fix.DeliverToLocationID, fix.SenderLocationID,
    fix.TargetLocationID,
})  # fmt: skip


class Echo:
    """The answers of one session."""

    def __init__(self, session: AcceptorSession) -> None:
        self._session = session
        self._seen: dict[str, None] = {}  # ClOrdIDs, oldest first
        session.on_logon = self.on_logon
        session.on_message = self.on_message

    def on_logon(self) -> None:
        """Forget the orders of an earlier session where both numbers have started again."""
        if self._session.next_sender_seq_num == self._session.next_target_seq_num == 2:
            self._seen.clear()

    def on_message(self, fields: Fields) -> None:
        """Answer one application message; Rejects of what was sent get no answer."""
        msg_type = fields.msg_type
        if msg_type in (fix.Msg.REJECT, fix.Msg.BUSINESS_MESSAGE_REJECT) or not self._session.is_logged_on:
            return
        if msg_type not in SENT_BACK:
            self._session.refuse(fields)
        elif msg_type != fix.Msg.NEW_ORDER_SINGLE or self._is_new(fields):
            self._session.send(sent_back(fields))

    def _is_new(self, order: Fields) -> bool:
        """Remember the order; say whether it must be acted on."""
        cl_ord_id = order.text(fix.ClOrdID)
        if cl_ord_id in self._seen:
            return order.get(fix.PossResend) != b"Y"
        self._seen[cl_ord_id] = None
        if len(self._seen) > _REMEMBERED:
            del self._seen[next(iter(self._seen))]
        return True


def sent_back(fields: Fields) -> bytes:
    """Return the body that goes back: every field of the message as it came, in its order."""
    kept = (b"%d=%b\x01" % (tag, value) for tag, value in fields if tag not in _NOT_SENT_BACK)
    return b"".join([b"35=%b\x01" % fields.msg_type.encode(), *kept])


def open_echo(session_file: Path, state_dir: Path | None, loop: asyncio.AbstractEventLoop) -> SessionAcceptor:
    """Return the acceptor of `session_file`, which echoes once it listens."""
    sessions = load_sessions(session_file, state_dir)
    for one in sessions:
        if one.is_initiator:
            raise ConfigError(f"{session_file}: {one.name} is an initiator; leave the acceptors")
    acceptor = SessionAcceptor(sessions, loop)
    acceptor.on_session = _attend
    for session in acceptor.sessions.values():
        _attend(session)
    return acceptor


def _attend(session: AcceptorSession) -> None:
    Echo(session)


def run(session_file: Path, state_dir: Path | None = None) -> int:
    """Echo until SIGINT or SIGTERM; print one JSON line, {"ready": true, "fix_ports": [...]}, when it listens."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_serve(session_file, state_dir))
    return 0


async def _serve(session_file: Path, state_dir: Path | None) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopped.set)
    acceptor = open_echo(session_file, state_dir, loop)
    try:
        ports = await acceptor.listen()
        print(msgspec.json.encode({"ready": True, "fix_ports": ports}).decode(), flush=True)
        await stopped.wait()
        await _log_out(acceptor)
    finally:
        acceptor.close()


async def _log_out(acceptor: SessionAcceptor) -> None:
    """Log out of every session, and wait for the answers, but not for ever."""
    open_sessions = {session for session in acceptor.sessions.values() if session.is_connected}
    all_out = asyncio.Event()
    for session in list(open_sessions):
        session.on_logout = partial(_note, open_sessions, session, all_out.set)
        session.logout("the echo ends")
    if open_sessions:
        try:
            await asyncio.wait_for(all_out.wait(), _LOGOUT_SECONDS)
        except TimeoutError:
            return


def _note(waiting: set[AcceptorSession], session: AcceptorSession, done: Callable[[], None], _reason: str) -> None:
    waiting.discard(session)
    if not waiting:
        done()
