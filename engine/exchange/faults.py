"""Injected faults of a venue: which are armed, and which apply now.

A fault is armed by configuration, `at_ms` after the start, or by a control command. It is then either used up, `count`
times, by the part that performs it (`take`), or it holds for `duration_ms` (`active`).

Units   times in ns of the caller's clock; milliseconds in configuration and commands.
Errors  ConfigError for an unknown kind or invalid values.
"""

from collections.abc import Iterable

import msgspec

from engine.errors import ConfigError

NS_PER_MS = 1_000_000


class FaultKind:
    """Kinds of faults: which part performs each, and whether it is used up or holds for a time."""

    DROP_FEED = "drop_feed"  # market data: close every connection, abruptly; used up
    DROP_FIX = "drop_fix"  # FIX: disconnect without Logout; used up
    LOGOUT_FIX = "logout_fix"  # FIX: Logout; whoever was logged out may log on again; used up
    SILENT_FEED = "silent_feed"  # market data: send nothing, pings included; what waits leaves afterwards; holds
    SILENT_FIX = "silent_fix"  # FIX: neither read nor send; what waits leaves afterwards; holds
    CUT_ORDER = "cut_order"  # Kalshi's FIX: carry the next order out, and cut its session before the answer; used up
    GHOST_FIX = "ghost_fix"  # Kalshi's FIX: answer a Logon as if its key were connected already; holds
    DELAY_FEED = "delay_feed"  # market data: every frame leaves `delay_ms` late, in order; holds
    DELAY_FIX = "delay_fix"  # FIX: every report leaves `delay_ms` late, in order; holds
    LOSE_REPORT = "lose_report"  # FIX: number the next report, send it never, refuse to send it again; used up
    SKIP_SEQ = "skip_seq"  # market data: drop the next book frame but count its seq; used up
    REPEAT_SEQ = "repeat_seq"  # market data: send the next book frame twice with one seq; used up
    UNKNOWN_LEVEL = "unknown_level"  # market data: send a negative delta for an empty level; used up
    REFUSE_MARKET = "refuse_market"  # market data: refuse commands that name `symbol`, as if it were unknown; holds
    REFUSE_COMMAND = "refuse_command"  # market data: refuse the next command about markets, error `code`; used up
    REFUSE_FEED = "refuse_feed"  # market data: refuse the next handshake, HTTP `code`, Retry-After `delay_ms`; used up
    END_SUBSCRIPTION = "end_subscription"  # market data: end those to channel `text`, error `code`; used up
    REJECT_ORDER = "reject_order"  # exchange: refuse the next order, INTERNAL_ERROR or `text`; used up
    CANCEL_ORDERS = "cancel_orders"  # exchange: cancel every order that is not the house's; used up
    LATE_CANCEL = "late_cancel"  # exchange: hold the next cancel `delay_ms`, and fill `fill_qty` first; used up
    BUST_FILL = "bust_fill"  # FIX 4.4: take the latest fill back, ExecType(150) H; used up
    CORRECT_FILL = "correct_fill"  # FIX 4.4: correct its price by a cent in its member's favour, G; used up
    LOSE_ORDERS = "lose_orders"  # FIX 4.4: forget every open order, as if the book were lost; used up
    CANCEL_TWICE = "cancel_twice"  # FIX 4.4: answer the next cancel twice, under two ExecIDs(17); used up


KINDS = frozenset(value for name, value in vars(FaultKind).items() if name.isupper())


class InjectedFault(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One fault, as configuration and control commands write it. No `symbol` or `account` means any."""

    kind: str
    at_ms: int = 0  # after the start; a control command's is counted from the command
    count: int = 1
    duration_ms: int = 0  # 0 holds until `clear`
    delay_ms: int = 0
    code: int = 0  # REFUSE_COMMAND: the venue's error, 18 unless told; REFUSE_FEED: the HTTP status, 429 unless told
    text: str = ""  # REJECT_ORDER: Text(58), INTERNAL_ERROR unless told
    fill_qty: int = 0  # LATE_CANCEL: how much trades before the answer, -1 all of it
    symbol: str = ""
    account: str = ""

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ConfigError(f"fault {self.kind!r} is unknown: use one of {', '.join(sorted(KINDS))}")
        if self.count < 1 or min(self.at_ms, self.duration_ms, self.delay_ms) < 0:
            raise ConfigError(f"fault {self.kind}: count must be at least 1, times must not be negative")


class _Armed:
    __slots__ = ("fault", "from_ns", "left", "until_ns")

    def __init__(self, fault: InjectedFault, now_ns: int) -> None:
        self.fault = fault
        self.left = fault.count
        self.from_ns = now_ns + fault.at_ms * NS_PER_MS
        self.until_ns = self.from_ns + fault.duration_ms * NS_PER_MS if fault.duration_ms else 2**63

    def applies(self, kind: str, symbol: str, account: str, now_ns: int) -> bool:
        """Return whether it is to be performed now, for this market and account."""
        fault = self.fault
        return (
            fault.kind == kind
            and self.left > 0
            and self.from_ns <= now_ns < self.until_ns
            and (not symbol or fault.symbol in ("", symbol))
            and (not account or fault.account in ("", account))
        )


class Faults:
    """Every fault of one venue; shared by the exchange and the servers in front of it."""

    def __init__(self, scheduled: Iterable[InjectedFault] = (), now_ns: int = 0) -> None:
        self._armed = [_Armed(fault, now_ns) for fault in scheduled]

    def arm(self, fault: InjectedFault, now_ns: int) -> None:
        """Arm `fault`, `at_ms` from now."""
        self._armed.append(_Armed(fault, now_ns))

    def take(self, kind: str, now_ns: int, *, symbol: str = "", account: str = "") -> InjectedFault | None:
        """Return the fault to perform once, now, and use it up; None if there is none."""
        for armed in self._armed:
            if armed.applies(kind, symbol, account, now_ns):
                armed.left -= 1
                if not armed.left:
                    self._armed.remove(armed)
                return armed.fault
        return None

    def active(self, kind: str, now_ns: int, *, symbol: str = "", account: str = "") -> InjectedFault | None:
        """Return the fault that holds now; None if there is none."""
        for armed in self._armed:
            if armed.applies(kind, symbol, account, now_ns):
                return armed.fault
        return None

    def delay_ns(self, kind: str, now_ns: int) -> int:
        """Return the delay that holds now for messages of this kind."""
        fault = self.active(kind, now_ns)
        return fault.delay_ms * NS_PER_MS if fault else 0

    def clear(self, kind: str = "") -> None:
        """End every fault, or every one of this kind."""
        self._armed = [armed for armed in self._armed if kind and armed.fault.kind != kind]
