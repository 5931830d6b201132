"""A QuickFIX session in a process of its own: `python quickfix_peer.py CFG`, commands in, events out, a line each.

Commands: `send MSGTYPE CLORDID`, `raw 35=..|..|`, `numbers OUT IN`, `quit`. Events: `logon`, `logout`,
`got MSGTYPE CLORDID POSSDUP`, `refused MESSAGE` for a Reject or BusinessMessageReject that came, `refuses MESSAGE` for
one that QuickFIX sends. News(B) is a type that the application does not support.

One thread polls QuickFIX: an acceptor with a thread of its own may delete its server while `stop` still closes it.
"""

import os
import select
import sys
import time
from collections.abc import Iterator

import quickfix as qf

PAUSE_S = 0.001
LOGOUT_S = 5.0


def say(text: str) -> None:
    print(text, flush=True)


class Application(qf.Application):
    def onCreate(self, session_id: qf.SessionID) -> None:
        self.session_id = session_id
        self.session = qf.Session.lookupSession(session_id)

    def onLogon(self, session_id: qf.SessionID) -> None:
        say("logon")

    def onLogout(self, session_id: qf.SessionID) -> None:
        say("logout")

    def toAdmin(self, message: qf.Message, session_id: qf.SessionID) -> None:
        self.note_refusal("refuses", message)

    def fromAdmin(self, message: qf.Message, session_id: qf.SessionID) -> None:
        self.note_refusal("refused", message)

    def toApp(self, message: qf.Message, session_id: qf.SessionID) -> None:
        self.note_refusal("refuses", message)

    def note_refusal(self, event: str, message: qf.Message) -> None:
        if message.getHeader().getField(35) in ("3", "j"):
            say(f"{event} {message.toString()}".replace("\x01", "|"))

    def fromApp(self, message: qf.Message, session_id: qf.SessionID) -> None:
        header = message.getHeader()
        self.note_refusal("refused", message)
        if header.getField(35) == "B":
            raise qf.UnsupportedMessageType
        dup = header.getField(43) if header.isSetField(43) else "N"
        cl_ord_id = message.getField(11) if message.isSetField(11) else "-"
        say(f"got {header.getField(35)} {cl_ord_id} {dup}")


def main() -> None:
    settings = qf.SessionSettings(sys.argv[1])
    application = Application()
    kind = settings.get().getString("ConnectionType")
    make = qf.SocketAcceptor if kind == "acceptor" else qf.SocketInitiator
    engine = make(application, qf.FileStoreFactory(settings), settings)
    engine.poll()
    say("started")
    for line in lines(engine):
        words = line.split()
        if words[0] == "send":
            message = qf.Message()
            message.getHeader().setField(35, words[1])
            message.setField(11, words[2])
            qf.Session.sendToTarget(message, application.session_id)
        elif words[0] == "raw":
            text = line.partition(" ")[2].replace("|", "\x01")
            qf.Session.sendToTarget(qf.Message(text, False), application.session_id)
        elif words[0] == "numbers":
            application.session.setNextSenderMsgSeqNum(int(words[1]))
            application.session.setNextTargetMsgSeqNum(int(words[2]))
        else:
            break
    application.session.logout()
    until_s = time.monotonic() + LOGOUT_S
    while engine.isLoggedOn() and time.monotonic() < until_s:
        engine.poll()
    engine.stop(True)
    make.__swig_destroy__(engine)  # while what it calls still stands
    say("stopped")


def lines(engine: qf.SocketAcceptor | qf.SocketInitiator) -> Iterator[str]:
    """Yield commands, and let QuickFIX work while there are none."""
    rest = b""
    while True:
        if not select.select([0], [], [], PAUSE_S)[0]:
            engine.poll()
            continue
        read = os.read(0, 4096)
        if not read:
            return
        *whole, rest = (rest + read).split(b"\n")
        yield from (line.decode() for line in whole)


if __name__ == "__main__":
    main()
