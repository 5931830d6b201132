"""The signed Logon of every kind of session, and the flags in it.

Errors  ConfigError for flags that the kind does not have, or that exclude each other; SessionError for a Logon in the
        name of another key than the one that signs.
Source  Kalshi FIX: Logon, Logon signature, listener sessions.
"""

from collections.abc import Iterable, Mapping

from engine import fix
from engine.errors import ConfigError, SessionError
from engine.venue.kalshi.fix import kinds, tags
from engine.venue.kalshi.fix.kinds import BY_COMP_ID, KalshiKind
from engine.venue.kalshi.signing import SigningKey

# How a configuration names each flag
FLAG_NAMES = {
    "cancel_on_disconnect": tags.CancelOrdersOnDisconnect,
    "listener": tags.ListenerSession,
    "settlement_reports": tags.ReceiveSettlementReports,
    "retention_hours": tags.MessageRetentionPeriod,
    "use_dollars": tags.UseDollars,
    "ioc_cancel_report": tags.EnableIocCancelReport,
    "original_order_qty": tags.PreserveOriginalOrderQty,
    "skip_pending_reports": tags.SkipPendingExecReports,
    "expired_status": tags.UseExpiredOrdStatus,
    "new_before_trade": tags.AlwaysEmitNewBeforeTrade,
    "split_collateral": tags.SplitCollateralReturn,
    "cap_reservation": tags.UseCapReservation,
}
MOST_RETENTION_HOURS = 72

_NAME_OF = {tag: name for name, tag in FLAG_NAMES.items()}
# What `KalshiOrders` would misread without, and so is never left out of a session that takes orders
_NEEDED = {
    tags.UseDollars: "prices would be whole cents, which the order dialect does not write",
    tags.PreserveOriginalOrderQty: "OrderQty(38) would change with every fill",
}

Flags = Mapping[str, bool | int]


class KalshiLogon:
    """A LogonDialect: the signature of this very Logon, and the flags of its session's kind.

    Without `flags` these are the recommended ones. `renew` may give it another key at any time; the next Logon has it.
    """

    def __init__(self, credentials: SigningKey, flags: Flags | None = None) -> None:
        self._credentials = credentials
        self._flags = dict(flags or {})
        if found := [text for text in flag_problems(None, self._flags)]:
            raise ConfigError("\n".join(found))

    @property
    def key_id(self) -> str:
        """The id of the key that signs: what SenderCompID(49) must be."""
        return self._credentials.key_id

    def renew(self, credentials: SigningKey) -> None:
        """Sign with another key from the next Logon on."""
        self._credentials = credentials

    def logon_fields(self, header: dict[int, str]) -> list[tuple[int, str]]:
        """Return the fields that Logon(A) needs beside `header`, signed over it."""
        key = self._credentials
        if header[fix.SenderCompID] != key.key_id:
            text = f"SenderCompID(49) {header[fix.SenderCompID]} is not the id of the API key, {key.key_id}"
            raise SessionError(f"{text}: set SenderCompID in the session file to it, and open the session anew")
        kind = BY_COMP_ID.get(header[fix.TargetCompID])
        if found := flag_problems(kind, self._flags):
            raise SessionError(f"session.flags: {found[0]}")
        signature = key.logon_signature(header)
        signed = [(fix.RawDataLength, str(len(signature))), (fix.RawData, signature)]
        return signed + logon_flags(kind, self._flags)


def logon_flags(kind: KalshiKind | None, flags: Flags) -> list[tuple[int, str]]:
    """Return the flags of a Logon by tag: those recommended for its kind, and what `flags` say otherwise."""
    kind = kind or kinds.BY_NAME["NR"]  # a venue of another name, such as a proxy, is one that takes orders
    values: dict[int, str] = dict.fromkeys(kind.recommended, "Y")
    if flags.get("listener"):
        values.pop(tags.CancelOrdersOnDisconnect, None)
        values[tags.SkipPendingExecReports] = "Y"
    for name, value in flags.items():
        values[FLAG_NAMES[name]] = str(value) if name == "retention_hours" else "Y" if value else "N"
    if flags.get("listener"):
        values.pop(tags.CancelOrdersOnDisconnect, None)  # not even N: it must be absent
    return sorted(values.items())


def flag_problems(kind: KalshiKind | None, flags: Flags) -> list[str]:
    """Return what is wrong with the flags for a session of this kind; None judges them by themselves."""
    found = [f"{name}: no flag of Logon; there are {', '.join(FLAG_NAMES)}" for name in flags if name not in FLAG_NAMES]
    for name, value in flags.items():
        found += _wrong_value(name, value)
    if flags.get("listener"):
        if flags.get("cancel_on_disconnect"):
            found.append("cancel_on_disconnect: a listener session has no orders to cancel; remove it")
        if flags.get("skip_pending_reports") is False:
            found.append("skip_pending_reports: a listener session must skip them; remove it")
    if kind is not None:
        found += _of_kind(kind, flags)
    return found


def _wrong_value(name: str, value: bool | int) -> Iterable[str]:
    if name == "retention_hours":
        if isinstance(value, bool) or not 1 <= value <= MOST_RETENTION_HOURS:
            yield f"retention_hours: {value} is not from 1 to {MOST_RETENTION_HOURS}"
    elif name in FLAG_NAMES and not isinstance(value, bool):
        yield f"{name}: {value!r} is neither true nor false"


def _of_kind(kind: KalshiKind, flags: Flags) -> Iterable[str]:
    for name in flags:
        if name in FLAG_NAMES and FLAG_NAMES[name] not in kind.flags:
            others = ", ".join(each.target_comp_id for each in kinds.KINDS if FLAG_NAMES[name] in each.flags)
            yield f"{name}: {kind.target_comp_id} has no such flag, {others} have; remove it"
    for tag, why in _NEEDED.items():
        if kind.takes_orders and flags.get(_NAME_OF[tag]) is False:
            yield f"{_NAME_OF[tag]}: {why}; leave it true"
