"""A QuickFIX session in a process of its own: `python quickfix_peer.py CFG`, commands in, events out, a line each.

Commands: `send MSGTYPE CLORDID`, `numbers OUT IN`, `quit`. Events: `logon`, `logout`, `got MSGTYPE CLORDID POSSDUP`.
"""

import os
import sys

import quickfix as qf


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())  # two threads speak: a line must leave whole


class Application(qf.Application):  # type: ignore[misc]
    def onCreate(self, session_id: qf.SessionID) -> None:
        self.session_id = session_id
        self.session = qf.Session.lookupSession(session_id)

    def onLogon(self, session_id: qf.SessionID) -> None:
        say("logon")

    def onLogout(self, session_id: qf.SessionID) -> None:
        say("logout")

    def toAdmin(self, message: qf.Message, session_id: qf.SessionID) -> None: ...

    def fromAdmin(self, message: qf.Message, session_id: qf.SessionID) -> None: ...

    def toApp(self, message: qf.Message, session_id: qf.SessionID) -> None: ...

    def fromApp(self, message: qf.Message, session_id: qf.SessionID) -> None:
        header = message.getHeader()
        dup = header.getField(43) if header.isSetField(43) else "N"
        cl_ord_id = message.getField(11) if message.isSetField(11) else "-"
        say(f"got {header.getField(35)} {cl_ord_id} {dup}")


def main() -> None:
    settings = qf.SessionSettings(sys.argv[1])
    application = Application()
    kind = settings.get().getString("ConnectionType")
    make = qf.SocketAcceptor if kind == "acceptor" else qf.SocketInitiator
    engine = make(application, qf.FileStoreFactory(settings), settings)
    engine.start()
    say("started")
    for line in sys.stdin:
        words = line.split()
        if words[0] == "send":
            message = qf.Message()
            message.getHeader().setField(35, words[1])
            message.setField(11, words[2])
            qf.Session.sendToTarget(message, application.session_id)
        elif words[0] == "numbers":
            application.session.setNextSenderMsgSeqNum(int(words[1]))
            application.session.setNextTargetMsgSeqNum(int(words[2]))
        else:
            break
    engine.stop(words[0] == "drop")
    say("stopped")


if __name__ == "__main__":
    main()
