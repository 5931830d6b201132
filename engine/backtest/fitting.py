"""Latencies as an engine of ours had them: from the FIX messages of its audit log.

Each request and its first answer say three times: when it left (ours), when the venue stamped the answer (its own
clock: TransactTime(60), else SendingTime(52)), and when the answer came (ours). With an unknown offset of the venue's
clock, venue = ours + theta, each pair bounds it: stamp - received <= theta <= stamp - sent. Within `SPAN_NS` all of
them hold together; the middle of what is left is theta, and how wide that is, is told. Then entry = stamp - theta -
sent, and answer = received - stamp + theta.

Units   ns; times since 1970.
Errors  ConfigError names file and line of what is no audit log, and says where too little was found.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine import fix
from engine.backtest.latency import Latency
from engine.codec import parse_timestamp
from engine.errors import ConfigError, DecodeError

SPAN_NS = 600_000_000_000
QUANTILES = 1_024
FEWEST = 200  # samples of a kind; with fewer it takes those of new orders, or where these are few of all kinds

KINDS = {fix.Msg.NEW_ORDER_SINGLE: "new", fix.Msg.ORDER_CANCEL_REQUEST: "cancel",
         fix.Msg.ORDER_CANCEL_REPLACE_REQUEST: "replace"}  # fmt: skip
ANSWERS = (fix.Msg.EXECUTION_REPORT, fix.Msg.ORDER_CANCEL_REJECT)
MOST_OPEN = 100_000  # requests that wait for their answer; older ones never had one


class Exchanged(NamedTuple):
    """One request and its first answer."""

    kind: str
    sent_ns: int
    stamp_ns: int
    received_ns: int


class Fit(NamedTuple):
    """What was found: `tables` holds `QUANTILES` ascending times of each kind and of "answer"; `samples` how many.

    `courses` holds each in the order of time: when it left, by our clock, and how long it took.

    `width_ns` is how far the venue's clock may be from where it was taken to be, at most; `steps` is how often a
    clock was stepped, so that no offset fitted.
    """

    tables: dict[str, tuple[int, ...]]
    courses: dict[str, tuple[tuple[int, int], ...]]
    samples: dict[str, int]
    width_ns: int
    steps: int


class _Line(msgspec.Struct):
    wall_ns: int = 0
    channel: str = ""
    what: str = ""
    message: str = ""


_LINES = msgspec.json.Decoder(_Line)
_FIELD = re.compile(r"(\d+)=([^|\x01]*)[|\x01]")


def fit(paths: Iterable[Path]) -> Fit:
    """Return the latencies that audit logs show."""
    pairs = list(exchanged(paths))
    found: dict[str, list[tuple[int, int]]] = {**{name: [] for name in KINDS.values()}, "answer": []}
    width_ns = 0
    spans = _spans(pairs)
    for group in spans:
        low, high = _offset(group)
        width_ns = max(width_ns, high - low)
        theta = (low + high) // 2
        for each in group:
            acted_ns = each.stamp_ns - theta
            found[each.kind].append((each.sent_ns, max(acted_ns - each.sent_ns, 0)))
            found["answer"].append((acted_ns, max(each.received_ns - acted_ns, 0)))
    answers = found["answer"]
    if len(answers) < FEWEST:
        raise ConfigError(f"the audit log has {len(answers)} requests with their answers: a fit wants {FEWEST} or more")
    every = [each for kind in KINDS.values() for each in found[kind]]
    common = found["new"] if len(found["new"]) >= FEWEST else every
    courses = {name: tuple(sorted(each if len(each) >= FEWEST else common)) for name, each in found.items()}
    tables = {name: _table([way for _, way in course]) for name, course in courses.items()}
    samples = {name: len(each) for name, each in found.items()}
    return Fit(tables, courses, samples, width_ns, len(spans) - len(_by_time(pairs)))


def latency_of(found: Fit, venue_delay_ns: int, *, in_order: bool) -> Latency:
    """Return what was found as a latency: what was measured at each time, or draws of its distribution."""
    told = ", ".join(f"{count} {name}" for name, count in found.samples.items())
    source = f"measured of {told}; the venue's clock to {found.width_ns / 1e6:g} ms"
    if found.steps:
        source += f", stepped {found.steps} times"
    if in_order:
        return Latency(courses=found.courses, venue_delay_ns=venue_delay_ns, source=source)
    return Latency(tables=found.tables, venue_delay_ns=venue_delay_ns, source=source)


def exchanged(paths: Iterable[Path]) -> Iterator[Exchanged]:
    """Yield each request of the logs with its first answer, in the order of the answers."""
    waiting: dict[str, tuple[str, int]] = {}
    for path in paths:
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            try:
                record = _LINES.decode(line)
            except msgspec.DecodeError as error:
                raise ConfigError(f"{path}:{number}: no line of an audit log: {error}") from None
            if record.channel == "fix":
                yield from _follow(record, waiting, f"{path}:{number}")


def _follow(record: _Line, waiting: dict[str, tuple[str, int]], place: str) -> Iterator[Exchanged]:
    for message in _messages(record.message):
        msg_type, name = message.get(fix.MsgType, ""), message.get(fix.ClOrdID, "")
        if record.what == "sent" and msg_type in KINDS:
            waiting[name] = (KINDS[msg_type], record.wall_ns)
            if len(waiting) > MOST_OPEN:
                del waiting[next(iter(waiting))]
        elif record.what == "received" and msg_type in ANSWERS and name in waiting:
            kind, sent_ns = waiting.pop(name)
            stamp = message.get(fix.TransactTime) or message.get(fix.SendingTime, "")
            try:
                yield Exchanged(kind, sent_ns, parse_timestamp(stamp.encode()), record.wall_ns)
            except DecodeError as error:
                raise ConfigError(f"{place}: {error}") from None


def _messages(text: str) -> Iterator[dict[int, str]]:
    """Yield the messages of one record, each with the last value of each tag."""
    message: dict[int, str] = {}
    for tag, value in _FIELD.findall(text):
        if int(tag) == fix.BeginString and message:
            yield message
            message = {}
        message[int(tag)] = value
    if message:
        yield message


def _by_time(pairs: list[Exchanged]) -> list[list[Exchanged]]:
    groups: list[list[Exchanged]] = []
    for each in sorted(pairs, key=lambda pair: pair.sent_ns):
        if not groups or each.sent_ns - groups[-1][0].sent_ns >= SPAN_NS:
            groups.append([])
        groups[-1].append(each)
    return groups


def _spans(pairs: list[Exchanged]) -> list[list[Exchanged]]:
    """Return the pairs by spans in which one offset fits all: a clock that was stepped begins another one."""
    spans: list[list[Exchanged]] = []
    for group in _by_time(pairs):
        spans.append([])
        low, high = -(2**63), 2**63
        for each in group:
            low = max(low, each.stamp_ns - each.received_ns)
            high = min(high, each.stamp_ns - each.sent_ns)
            if low > high:
                spans.append([])
                low, high = each.stamp_ns - each.received_ns, each.stamp_ns - each.sent_ns
            spans[-1].append(each)
    return spans


def _offset(group: list[Exchanged]) -> tuple[int, int]:
    return max(each.stamp_ns - each.received_ns for each in group), min(each.stamp_ns - each.sent_ns for each in group)


def _table(samples: list[int]) -> tuple[int, ...]:
    """Return quantiles that have the distribution of the samples: as many of them, in order, each as often."""
    ordered = sorted(samples)
    return tuple(ordered[(2 * at + 1) * len(ordered) // (2 * QUANTILES)] for at in range(QUANTILES))
