"""The plan of one repetition and its result; both cross a process boundary.

Units   times in ns.
"""

from array import array
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bench.rig import Rig

BASELINE = "baseline"
C_CLIENT, QUICKFIX_CPP = PEERS = ("c_client", "quickfix_cpp")  # clients that are not ours to make fast
LATE_PART = 0.05
SPARSE_NS = 1_000_000
HOT_NS = SPARSE_NS // 4  # events that are at most this far apart find the caches warm
ORDER, TICK, THROUGHPUT, SESSIONS, REST = "order", "tick", "throughput", "sessions", "rest"
SOAK, ROLLING, JOURNAL = "soak", "rolling", "journal"
FRAME_PATH, DECISION_PATH, REPORT_PATH = "frame to order", "decision to order", "report handled"


@dataclass(frozen=True)
class Pace:
    """`count` events, `interval_ns` apart: after the one before was answered, or on a schedule whatever happens."""

    name: str  # what a run of this pace adds to its subject's name
    count: int
    interval_ns: int
    is_open_loop: bool = False

    @property
    def is_sparse(self) -> bool:
        """Whether the floor of its pace is the sparse one."""
        return self.interval_ns > HOT_NS


@dataclass(frozen=True)
class Plan:
    """One repetition: a stack in a fresh process, against a fresh venue."""

    subject: str  # "order", "tick" or "throughput"
    stack: str  # "baseline", one of PEERS, or the session: "quickfix" or "native"
    mode: str = "event"
    paces: tuple[Pace, ...] = ()
    warm_up: int = 1000
    floor_count: int = 2000
    floor_sparse: int = 100
    venue_core: int | None = None
    engine_core: int | None = None
    collects_garbage: bool = False  # leave Python's collector on in busy mode
    with_stages: bool = False
    capture: Path | None = None
    program: Path | None = None  # of a peer
    has_tls: bool = False  # the session runs over TLS
    is_kalshi: bool = False  # with Kalshi's dialects and signatures, and then the feed runs over TLS too
    has_journal: bool = True
    window: int = 64  # of `throughput`: most orders that are unanswered at a time
    burst: int = 16  # of `throughput`: orders that are sent together once there is room
    patience_s: float = 10.0  # how long the last answer of a pace may take
    prepare: Callable[["Rig"], None] | None = None  # called with an engine before it connects


@dataclass
class Samples:
    """The latencies of one pace in one repetition."""

    values_ns: "array[int]"
    seconds: float
    cpu_s: float  # user and system time of the engine's process meanwhile, all its threads
    asked: int  # events that were to be measured
    sent: int  # fewer than `asked` where a scheduled rate was given up
    annulled: int = 0  # frames whose move was taken back before the engine had read them
    scheduled_ns: int = 0  # from the first to the last event of a schedule
    venue_busy: float = 0.0  # part of the time that the venue had orders to answer, where that was counted

    @property
    def is_held(self) -> bool:
        """Whether the schedule was kept to its end: the last tenth of it was not late by a twentieth of the whole."""
        tail = self.values_ns[-(len(self.values_ns) // 10 + 1) :]
        return self.sent == self.asked and not (self.scheduled_ns and median(tail) > self.scheduled_ns * LATE_PART)


@dataclass
class Repetition:
    """What one process measured."""

    samples: dict[str, Samples] = field(default_factory=dict)  # by the name of the pace
    floor_spin_ns: list["array[int]"] = field(default_factory=list)  # before and after
    floor_sparse_ns: list["array[int]"] = field(default_factory=list)
    floor_block_ns: list["array[int]"] = field(default_factory=list)
    floor_tls_ns: list["array[int]"] = field(default_factory=list)  # of a subject with TLS
    floor_tls_sparse_ns: list["array[int]"] = field(default_factory=list)
    floors_kalshi_ns: dict[str, list["array[int]"]] = field(default_factory=dict)  # by name: sizes are the subject's
    stages: dict[str, Any] | None = None

    def gives_up(self, pace: Pace) -> bool:
        """Whether a slower schedule was not held already."""
        return pace.is_open_loop and not all(samples.is_held for samples in self.samples.values())
