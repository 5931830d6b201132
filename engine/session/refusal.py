"""What answered a Logon in place of a Logon: in words, and whether asking again can help.

Source  FIX 4.4 volumes 2, 3 and 6: Reject(3), Logout(5), BusinessMessageReject(j), UserResponse(BF); FIXT 1.1 for
        SessionStatus(1409). A venue that has no code for it says in Text(58) what is wrong with the credentials.
"""

import re
from collections.abc import Set
from enum import Enum, auto
from typing import NamedTuple

from engine import fix
from engine.codec import Fields

_USER_STATUS, _USER_STATUS_TEXT = 926, 927
_CODES = (
    (fix.SessionStatus, "SessionStatus"),
    (fix.SessionRejectReason, "SessionRejectReason"),
    (fix.BusinessRejectReason, "BusinessRejectReason"),
    (_USER_STATUS, "UserStatus"),
)
_USER_RESPONSE = "BF"
_NAMES = {
    fix.Msg.REJECT: "Reject(3)",
    fix.Msg.LOGOUT: "Logout",
    fix.Msg.BUSINESS_MESSAGE_REJECT: "BusinessMessageReject(j)",
    _USER_RESPONSE: "UserResponse(BF)",
}
REFUSALS = frozenset(_NAMES)  # MsgTypes by which a venue refuses a Logon
_TOO_LOW = re.compile(r"seq.{0,24}(too\W?(low|small)|(below|lower|less|smaller) than)", re.IGNORECASE)
_EXPECTED = re.compile(r"expect\w*\D{1,30}(\d+)\D{1,30}(?:received|got|was|is|but)\D{0,30}(\d+)", re.IGNORECASE)
_LOCKING = {(fix.SessionStatus, "5"), (fix.SessionStatus, "6"), (fix.SessionStatus, "8")}  # wrong, locked, expired
_DENYING = {
    (fix.SessionStatus, "3"),  # the new password breaks a rule
    (fix.SessionRejectReason, "8"),  # signature
    (fix.BusinessRejectReason, "6"),  # not authorized
    (_USER_STATUS, "3"),  # user not recognised
    (_USER_STATUS, "4"),  # password incorrect
}
_DENYING_WORDS = re.compile(
    r"pass\W?(word|wd|phrase)|credential|authenti|authori[sz]|not (allowed|permitted|entitled)|permission|denied"
    r"|signature|api\W?key|secret|token|certificate|white\W?list"
    r"|(user|account|login|key|firm|member|comp\W?id)\b.*\b(invalid|unknown|disabled|locked|suspended|blocked|revoked"
    r"|expired|inactive|not (found|known|active|enabled|recogni[sz]ed))"
    r"|(invalid|unknown|disabled|locked|suspended|blocked|revoked|expired|inactive|bad|wrong)\b.*"
    r"\b(user|account|login|key|firm|member|(sender|target)?comp\W?id)",
    re.IGNORECASE,
)
_ALERT = re.compile(r"\w*ALERT_\w+")  # OpenSSL's name of it, such as TLSV13_ALERT_CERTIFICATE_REQUIRED
_OUR_CERTIFICATE = re.compile("CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE")  # as TLS 1.2 says
_AT_ANOTHER_TIME = re.compile(r"at this time|\b(hours|closed|schedule|maintenance|session time)\b", re.IGNORECASE)


class Cause(Enum):
    """What kind of refusal it is."""

    OTHER = auto()  # trying again may help
    CREDENTIALS = auto()  # the same credentials will hardly do better
    LOCKING = auto()  # the same credentials would lock the account
    LOST_NUMBERS = auto()  # our store is behind what the peer counted


class LogonRefusal(NamedTuple):
    """One refusal, as the peer put it."""

    text: str
    cause: Cause

    @property
    def operator(self) -> str:
        """What an operator must see to before the next attempt; empty if another attempt may help."""
        advice = {Cause.LOCKING: "see to the credentials", Cause.LOST_NUMBERS: "our store lost numbers"}
        return f"{self.text}; {advice[self.cause]}" if self.cause in advice else ""


def read(fields: Fields) -> LogonRefusal:
    """Read the message that came where a Logon was due."""
    codes = [(tag, name, fields.text(tag)) for tag, name in _CODES if tag in fields]
    said = fields.remark() or fields.text(_USER_STATUS_TEXT) or "no reason given"
    shown = ", ".join(f"{name} {value}" for _, name, value in codes)
    who = _NAMES.get(fields.msg_type, f"a message of MsgType(35) {fields.msg_type}")
    text = f"{who} by the peer: {said}" + (f" ({shown})" if shown else "")
    return LogonRefusal(text, cause_of(said, {(tag, value) for tag, _, value in codes}))


def of_tls(text: str) -> LogonRefusal | None:
    """Read the text of an error for an alert of TLS by which the peer refuses us; None for anything else."""
    found = _ALERT.search(text)
    if found is None:
        return None
    said = f"TLS: the peer says {found[0].lower().replace('_', ' ')}"
    if _OUR_CERTIFICATE.search(found[0]):
        return LogonRefusal(f"{said}; see to ClientCertificateFile and ClientCertificateKeyFile", Cause.CREDENTIALS)
    return LogonRefusal(said, Cause.OTHER)


def cause_of(text: str, codes: Set[tuple[int, str]] = frozenset()) -> Cause:
    """Tell from Text(58) and the codes beside it, as tag and value, what kind of refusal it is."""
    if (fix.SessionStatus, "9") in codes or _says_too_low(text):
        return Cause.LOST_NUMBERS
    if codes & _LOCKING:
        return Cause.LOCKING
    if codes & _DENYING or (_DENYING_WORDS.search(text) and not _AT_ANOTHER_TIME.search(text)):
        return Cause.CREDENTIALS
    return Cause.OTHER


def _says_too_low(text: str) -> bool:
    """Say whether a MsgSeqNum(34) of ours was below the one that the peer expects."""
    text = text.replace("(34)", "")
    found = _EXPECTED.search(text)
    return bool(_TOO_LOW.search(text)) or (
        found is not None and "seq" in text.lower() and int(found[2]) < int(found[1])
    )
