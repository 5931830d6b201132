"""Where the outside enters a running engine: each way in has a name, so that it can be recorded, and gone again.

Between two entries an engine does nothing, and what it does in one follows from its state, from what entered, and from
the times that it reads. So these three, in order, are a run.

Units   times in ns: a monotonic clock, and one since 1970.
Cost    nothing where nothing is recorded: each way in is the callable that it was.
Thread  the loop thread.
"""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple, TypeAlias

from engine.codec import Fields
from engine.ops.control import QUIET, Action, OperatorRequest
from engine.runtime.notices import NoticeKind
from engine.runtime.person import Person
from engine.session import Session
from engine.trading.serving.timers import CallLater

Clock: TypeAlias = Callable[[], int]
Act: TypeAlias = Callable[..., Any]


class Facts(NamedTuple):
    """What a run began with: the nonce of its journal, the run of its frames, the session's numbers, what is beside."""

    nonce: str
    frames: str
    digest: str  # of the configuration
    strategy: str
    session: str
    protection: str
    next_out: int
    next_in: int
    state: Mapping[str, str] = MappingProxyType({})  # files of the state directory by which it began as it did
    beside: Sequence[str] = ()  # what enters in ways that are not recorded


class Packing(NamedTuple):
    """How what enters becomes values of JSON, and comes back."""

    pack: Callable[..., tuple[Any, ...]]
    unpack: Callable[..., tuple[Any, ...]]


def _as_it_is(*values: Any) -> tuple[Any, ...]:
    return values


def _pack_message(fields: Fields, *more: Any) -> tuple[Any, ...]:
    return fields.raw.decode("latin-1"), *more


def _unpack_message(raw: str, *more: Any) -> tuple[Any, ...]:
    return Fields(raw.encode("latin-1")), *more


def _pack_request(request: OperatorRequest) -> tuple[Any, ...]:
    return request.reason, dict(request.arguments), *request.person


def _unpack_notice(kind: str, text: str) -> tuple[Any, ...]:
    return NoticeKind(kind), text


PLAIN = Packing(_as_it_is, _as_it_is)
MESSAGE = Packing(_pack_message, _unpack_message)
NOTICE = Packing(_as_it_is, _unpack_notice)

# The events of a session; each may come while the engine does something else, such as sending
OF_SESSION: Mapping[str, Packing] = MappingProxyType(
    {
        "on_message": MESSAGE,
        "on_refused": MESSAGE,
        "on_notice": NOTICE,
        "on_logon": PLAIN,
        "on_logout": PLAIN,
        "on_fault": PLAIN,
        "on_forsaken": PLAIN,
    }
)


class EngineEntries:
    """Lets everything enter as it comes, and is the interface of what does more."""

    def monotonic(self, clock_ns: Clock) -> Clock:
        """Return the clock that the engine reads."""
        return clock_ns

    def wall(self, wall_ns: Clock) -> Clock:
        """Return the clock that the engine reads."""
        return wall_ns

    def call_later(self, call_later: CallLater) -> CallLater:
        """Return what makes the engine's timers."""
        return call_later

    def frames(self, number: int, on_frame: Callable[[bytes, bool], object]) -> Callable[[bytes, bool], object]:
        """Return what takes the frames of connection `number`."""
        return on_frame

    def entry(self, what: str, act: Act, packing: Packing = PLAIN) -> Act:
        """Return what is called from outside in place of `act`; within another entry it is a part of that."""
        return act

    def of_session(self, what: str, act: Act, packing: Packing) -> Act:
        """Return what a session calls in place of `act`, whatever else is being done."""
        return act

    def follow(self, session: Session) -> None:
        """Learn which session is the one."""

    def begin(self, facts: Facts) -> None:
        """Learn that all ways in are known, and what the run begins with."""

    def close(self) -> None:
        """Keep what there is."""


def join_session(entries: EngineEntries, session: Session) -> None:
    """Lead the events of a session, which are joined to its desk, through `entries`."""
    entries.follow(session)
    for name, packing in OF_SESSION.items():
        setattr(session, name, entries.of_session(name, getattr(session, name), packing))


def join_actions(entries: EngineEntries, actions: Mapping[str, Action]) -> dict[str, Action]:
    """Return the actions of an operator that change something, led through `entries`."""
    return {name: act if name in QUIET else _joined(entries, name, act) for name, act in actions.items()}


def _joined(entries: EngineEntries, name: str, act: Action) -> Action:
    def unpack(reason: str, arguments: dict[str, object], *person: Any) -> tuple[Any, ...]:
        """Return the request again."""
        return (OperatorRequest(name, reason, arguments, Person(*person)),)

    return entries.entry(f"operator {name}", act, Packing(_pack_request, unpack))
