"""Judges the first message of a connection: who may log on, where, and with what.

Shapes  an answer is a whole message numbered 1, after which the connection is closed; none, and the session answers.
Errors  none: whatever is wrong with a Logon is an answer, in the venue's words where these are known.
Cost    a signature check, 0.1 ms.
Source  Kalshi FIX: Logon, signature, outcome of Logon; the texts about keys and signatures are ours.
"""

from collections.abc import Callable
from typing import NamedTuple

from engine import fix
from engine.codec import Fields, FrameEncoder
from engine.errors import DecodeError
from engine.session.protocol.faults import Fault, Reason
from engine.sim.fix.kalshi.flags import LogonFlags, read_flags
from engine.sim.fix.kalshi.kinds import APPL_VER_ID, BEGIN_STRING, NR, RFQ, RT, GatewayKind
from engine.sim.fix.kalshi.wire import business_reject, encode, session_reject
from engine.sim.keys import READ, KeyRing, SimKey, is_signed

CLOCK_WINDOW_NS = 30 * 10**9
LEAST_HEART_BT_INT = 4
LOGON_TOKENS = 10
RATE_LIMIT = 8  # BusinessRejectReason(380)
ALREADY_EXISTS = "already exists"
WRONG_TIER = "API usage level is not allowed for FIX"
WRONG_TARGET = "Invalid TargetCompID"
UNKNOWN_KEY = "API key is not found"
WRONG_SIGNATURE = "Signature verification failed"
NO_PERMISSION = "API key does not have the required permission"
MUST_RESET = "ResetSeqNumFlag=Y is required"
_TRADE = "write::trade"
_SIGNED = (fix.SendingTime, fix.MsgType, fix.MsgSeqNum, fix.SenderCompID, fix.TargetCompID)
_REQUIRED = (fix.MsgSeqNum, fix.SendingTime, fix.EncryptMethod, fix.HeartBtInt, fix.RawData, fix.DefaultApplVerID)


class MemberRules(NamedTuple):
    """What the venue knows of a member: its tier, what it may use, and what it has left of its rate."""

    may_use_fix: Callable[[str], bool] = lambda member: True
    has_enabled: Callable[[str, str], bool] = lambda member, comp_id: True  # of the kinds that exist on request
    spend: Callable[[str, int, int], bool] = lambda member, tokens, shard: True


class Admission:
    """The doorkeeper of every port; `is_connected` says whether a key has a live connection."""

    def __init__(
        self, keys: KeyRing, rules: MemberRules, is_connected: Callable[[str], bool], wall_ns: Callable[[], int]
    ) -> None:
        self.is_closed = False  # maintenance: connections are cut without a word
        self._keys, self._rules = keys, rules
        self._is_connected, self._wall_ns = is_connected, wall_ns

    def answer(self, kind: GatewayKind, logon: Fields) -> bytes:
        """Return the message that refuses a Logon; empty for one that is to be let in, or cut."""
        refusal = self._refusal(kind, logon)
        if not refusal:
            return b""
        to = logon.text(fix.SenderCompID) or "UNKNOWN"
        return FrameEncoder(BEGIN_STRING, kind.comp_id, to).encode(refusal, 1, self._wall_ns())

    def is_served(self, kind: GatewayKind, logon: Fields) -> bool:
        """Return whether a Logon that `answer` does not refuse gets any answer at all."""
        key = self._keys.get(logon.text(fix.SenderCompID))
        if self.is_closed or key is None:
            return False
        return not kind.on_request or self._rules.has_enabled(key.member, kind.comp_id)

    def _refusal(self, kind: GatewayKind, logon: Fields) -> bytes:
        """Return the body of the refusal, empty without one."""
        if self.is_closed:
            return b""
        if logon.text(fix.TargetCompID) != kind.comp_id:
            return _logout(WRONG_TARGET)
        if (fault := _fault(logon, self._wall_ns())) is not None:
            return session_reject(logon, fault)
        flags = read_flags(kind, logon)
        key = self._keys.get(logon.text(fix.SenderCompID))
        if key is None:
            return _logout(UNKNOWN_KEY)
        if not _is_signed(key, logon):
            return _logout(WRONG_SIGNATURE)
        if isinstance(flags, Fault):
            return session_reject(logon, flags)
        return self._refusal_of(kind, key, flags, logon)

    def _refusal_of(self, kind: GatewayKind, key: SimKey, flags: LogonFlags, logon: Fields) -> bytes:
        """Return what the venue has against a client that has proved who it is."""
        if not self.is_served(kind, logon):
            return b""
        if not self._rules.may_use_fix(key.member):
            return _logout(WRONG_TIER)
        if not _may(kind, key, flags):
            return _logout(NO_PERMISSION)
        if self._is_connected(key.key_id):
            return _logout(ALREADY_EXISTS)
        if not kind.recovers and logon.get(fix.ResetSeqNumFlag) != b"Y":
            return _logout(MUST_RESET)
        if not self._rules.spend(key.member, LOGON_TOKENS, 0):
            return business_reject(logon, RATE_LIMIT, "rate limit exceeded")
        return b""


def _fault(logon: Fields, wall_ns: int) -> Fault | None:
    """Return what is wrong with the fields of a Logon, whoever sends it."""
    for tag in _REQUIRED:
        if tag not in logon:
            return Fault(Reason.REQUIRED_TAG_MISSING, tag, "Required tag missing")
    if fix.SenderSubID in logon:
        return Fault(Reason.TAG_NOT_DEFINED_FOR_MESSAGE, fix.SenderSubID, "Tag not defined for this message type")
    try:
        off_ns = abs(wall_ns - logon.timestamp_ns(fix.SendingTime, 0))
    except DecodeError:
        return Fault(Reason.INCORRECT_DATA_FORMAT, fix.SendingTime, "Incorrect data format for value")
    if off_ns > CLOCK_WINDOW_NS:
        return Fault(Reason.SENDING_TIME_ACCURACY, fix.SendingTime, "SendingTime accuracy problem")
    return _wrong_value(logon)


def _wrong_value(logon: Fields) -> Fault | None:
    expected = ((fix.EncryptMethod, "0"), (fix.DefaultApplVerID, APPL_VER_ID))
    for tag, value in expected:
        if logon.text(tag) != value:
            return Fault(Reason.VALUE_INCORRECT, tag, f"Value is incorrect: must be {value}")
    for tag in (fix.MsgSeqNum, fix.HeartBtInt):
        if not logon.text(tag).isdecimal():
            return Fault(Reason.INCORRECT_DATA_FORMAT, tag, "Incorrect data format for value")
    if int(logon.text(fix.HeartBtInt)[:9]) < LEAST_HEART_BT_INT:
        return Fault(Reason.VALUE_INCORRECT, fix.HeartBtInt, "HeartBtInt must be greater than 3")
    return None


def _is_signed(key: SimKey, logon: Fields) -> bool:
    text = fix.SOH.join(logon.text(tag) for tag in _SIGNED)
    return is_signed(key.public_key, text.encode("latin-1", "replace"), logon.text(fix.RawData))


def _may(kind: GatewayKind, key: SimKey, flags: LogonFlags) -> bool:
    """Return whether a key may use a kind of session; one bound to a subaccount may trade and quote, no more."""
    if key.subaccount is not None and (flags.is_listener or kind not in (NR, RT, RFQ)):
        return False
    return key.may(READ) if flags.is_listener else key.may(_TRADE)


def _logout(text: str) -> bytes:
    return encode(fix.Msg.LOGOUT, [(fix.Text, text)])
