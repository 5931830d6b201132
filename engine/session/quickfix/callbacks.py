"""The callbacks of QuickFIX: messages, and the beginning and end of the session.

Errors  only DoNotSend is raised, because any other exception in a QuickFIX callback ends the process; others go to
        `CallbackOwner.caught`.
Thread  the loop thread only, inside `poll` or `send`.
"""

import time
from collections.abc import Callable
from typing import Protocol

import quickfix

from engine import fix
from engine.codec import Fields
from engine.errors import DecodeError
from engine.runtime.notices import NoticeKind
from engine.session.protocol.admin import ADMIN
from engine.session.protocol.replay import REPLAYED
from engine.session.quickfix.log import SessionLog


class CallbackOwner(Protocol):
    """The session that the callbacks serve."""

    on_message: Callable[[Fields], None]
    on_refused: Callable[[Fields, int, str], None]
    on_notice: Callable[[NoticeKind, str], None]
    name: str
    is_logged_on: bool
    logout_text: str  # why the session ends, where a Logout says so

    def fill_logon(self, message: quickfix.Message, header: quickfix.Header) -> None:
        """Complete a Logon before it leaves."""

    def logged_on(self) -> None:
        """Learn that the session is up."""

    def logged_out(self) -> None:
        """Learn that the session, or an attempt, has ended."""

    def resend_refused(self, text: str) -> None:
        """Learn that the peer rejects our ResendRequest."""

    def caught(self, where: str, error: BaseException) -> None:
        """Report an exception that must not reach QuickFIX."""


class Callbacks(quickfix.Application):
    """QuickFIX's application object; its methods raise nothing but DoNotSend."""

    def __init__(self, owner: CallbackOwner, log: SessionLog) -> None:
        super().__init__()
        self._owner, self._log = owner, log
        self.is_sending = False  # the message in `toApp` is one that we send, not a replay
        self.rejected = 0
        self._has_asked = False
        self.began_ns = 0  # when the session last logged on, monotonic,
        self.is_used = False  # and whether it has brought an application message since

    def onCreate(self, _session_id: quickfix.SessionID) -> None:
        """Learn that QuickFIX has made the session."""

    def onLogon(self, _session_id: quickfix.SessionID) -> None:
        """Report that the session is up."""
        self.began_ns, self.is_used = time.monotonic_ns(), False
        try:
            self._owner.logged_on()
        except BaseException as error:
            self._owner.caught("on_logon", error)

    def onLogout(self, _session_id: quickfix.SessionID) -> None:
        """Report that the session, or an attempt to log on, has ended."""
        try:
            self._owner.logged_out()
        except BaseException as error:
            self._owner.caught("on_logout", error)

    def fromApp(self, message: quickfix.Message, _session_id: quickfix.SessionID) -> None:
        """Pass on an application message."""
        owner, self.is_used = self._owner, True
        try:
            text = self._log.take_incoming() or message.toString()
            owner.on_message(Fields(text.encode("utf-8", "surrogateescape")))
        except BaseException as error:
            owner.caught("on_message", error)

    def fromAdmin(self, message: quickfix.Message, _session_id: quickfix.SessionID) -> None:
        """Pass on a Reject(3); note why the peer logs out."""
        owner = self._owner
        try:
            text = self._log.take_incoming() or message.toString()
            fields = Fields(text.encode("utf-8", "surrogateescape"))
            if not owner.is_logged_on and fields.msg_type != fix.Msg.LOGON:
                self._log.refused = text  # what came in place of the answer to our Logon
            elif fields.msg_type == fix.Msg.REJECT:
                if fields.text(fix.RefMsgType) == fix.Msg.RESEND_REQUEST:
                    owner.resend_refused(fields.remark())
                owner.on_message(fields)
            self._tell_numbers(fields)
            if fields.msg_type == fix.Msg.LOGOUT:
                owner.logout_text = fields.remark() or owner.logout_text or "the peer logged out"
        except BaseException as error:
            owner.caught("on_message", error)

    def toAdmin(self, message: quickfix.Message, _session_id: quickfix.SessionID) -> None:
        """Complete a Logon; count a Reject(3) of ours."""
        try:
            header = message.getHeader()
            msg_type = header.getField(fix.MsgType)
            if msg_type == fix.Msg.LOGON:
                self._owner.fill_logon(message, header)
                self._has_asked = _value(message, fix.ResetSeqNumFlag) == "Y"  # to begin at 1
            elif msg_type == fix.Msg.REJECT:
                self.rejected += 1
                self._tell_refused(message, fix.SessionRejectReason)
            elif msg_type == fix.Msg.RESEND_REQUEST:
                missing = f"{_value(message, fix.BeginSeqNo)} to {_value(message, fix.EndSeqNo)}"
                text = f"{self._owner.name}: messages {missing} are missing, and asked for"
                self._owner.on_notice(NoticeKind.SESSION_GAP, text)
        except BaseException as error:
            self._owner.caught("logon", error)

    def _tell_numbers(self, fields: Fields) -> None:
        """Tell what the peer says of the numbers."""
        told = self._owner.on_notice
        if fields.msg_type == fix.Msg.RESEND_REQUEST:
            wanted = f"{fields.text(fix.BeginSeqNo)} to {fields.text(fix.EndSeqNo)}"
            told(NoticeKind.SESSION_RESENT, f"{self._owner.name}: the peer asks for messages {wanted} again")
        elif fields.msg_type == fix.Msg.SEQUENCE_RESET:
            is_gap_fill = fields.text(fix.GapFillFlag) == "Y"
            kind = NoticeKind.SESSION_GAP if is_gap_fill else NoticeKind.SESSION_RESET
            told(kind, f"{self._owner.name}: the peer goes on with {fields.text(fix.NewSeqNo)}")
        elif fields.msg_type == fix.Msg.LOGON and fields.text(fix.ResetSeqNumFlag) == "Y" and self._is_news():
            told(NoticeKind.SESSION_RESET, f"{self._owner.name}: both numbers begin at 1")

    def _is_news(self) -> bool:
        """Return whether numbers that begin anew are more than what the first Logon of a process has asked for."""
        return self.began_ns > 0 or not self._has_asked

    def _tell_refused(self, reject: quickfix.Message, code: int) -> None:
        """Tell of the application message that QuickFIX refuses by `reject`; `code` is the tag of its reason."""
        number, msg_type = _value(reject, fix.RefSeqNum), _value(reject, fix.RefMsgType)
        if msg_type in ADMIN:
            return
        try:
            fields = Fields(self._log.refused.encode("utf-8", "surrogateescape"))
        except DecodeError:
            fields = Fields()
        if fields.text(fix.MsgSeqNum) != number:  # not to be read, or it had waited for a gap to close
            fields.parse(f"8=FIX{fix.SOH}35={msg_type}{fix.SOH}34={number}{fix.SOH}".encode("utf-8", "replace"))
        text = " ".join(filter(None, (_value(reject, fix.Text), _value(reject, fix.RefTagID))))
        self._owner.on_refused(fields, int(_value(reject, code) or 99), text)

    def toApp(self, message: quickfix.Message, _session_id: quickfix.SessionID) -> None:
        """Refuse to resend a stale message."""
        if not self.is_sending and self._is_stale(message):
            raise quickfix.DoNotSend()

    def _is_stale(self, message: quickfix.Message) -> bool:
        try:
            header = message.getHeader()
            if not header.isSetField(fix.PossDupFlag):
                self.rejected += 1  # QuickFIX's own BusinessMessageReject
                self._tell_refused(message, fix.BusinessRejectReason)
                return False
            return header.getField(fix.MsgType) not in REPLAYED
        except BaseException as error:
            self._owner.caught("replay", error)
            return True


def _value(message: quickfix.Message, tag: int) -> str:
    """Return a field, "" where it is missing; what is no text is shown as its escapes."""
    value = str(message.getField(tag)) if message.isSetField(tag) else ""
    return value.encode("utf-8", "backslashreplace").decode()
