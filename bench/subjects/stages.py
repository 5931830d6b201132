"""Where the engine's own time goes: stamps around each step of the path, applied from outside.

The loop holds its steps and parts as attributes, so a stamp replaces an attribute; an engine without stamps runs the
plain ones and pays nothing. A step that runs inside another is subtracted from it, so that the stages of one event sum
up to the time from its entry into the loop until the loop is done with it.

Units   ns. What the stamps themselves cost is measured at the start and taken off.
Shapes  three paths: a frame that led to an order, an order decided outside of a frame, and a report.
Thread  the loop thread.
"""

from collections.abc import Callable, Sequence
from functools import partial
from statistics import mean, median
from time import perf_counter_ns
from typing import Any

from bench.plan import DECISION_PATH, FRAME_PATH, REPORT_PATH
from bench.rig import Rig
from bench.subjects.quickfix_send import SEND_PARTS, SendParts
from engine.session.quickfix.initiator import QuickfixSession

STAGES = ("decode", "book", "strategy", "risk", "orders", "journal", "encode", "send", "loop")
LOOP = STAGES.index("loop")
SEND = STAGES.index("send")
CALIBRATION = 20_000

Function = Callable[..., Any]
Wrap = Callable[[Function], Function]

_RISK = ("check_time_in_force", "check_new", "check_replace", "check_cancel", "update", "is_within_loss")
_ORDERS = ("open", "apply", "request_replace", "request_cancel")
_JOURNAL = ("append_new", "append_replace", "append_cancel", "append_report")
_HOOKS = ("on_fill", "on_order", "on_reject")
_REQUESTS = ("buy", "sell", "replace", "cancel")


def stand_in(inner: Any, names: tuple[str, ...], wrap: Wrap, *made_of: object) -> Any:
    """Return something of a subclass of `inner`'s class that passes all on to it, the methods `names` wrapped.

    The loop calls its parts by C signature, so what takes the place of one must be of its kind; `made_of` is what
    making one asks for.
    """

    def passed_on(name: str) -> Any:
        if callable(getattr(type(inner), name)):
            return lambda self, *arguments: getattr(inner, name)(*arguments)
        return property(lambda self: getattr(inner, name), lambda self, value: setattr(inner, name, value))

    kind = type(inner)
    members = {name: passed_on(name) for name in dir(kind) if not name.startswith("__")}
    members |= {name: staticmethod(wrap(getattr(inner, name))) for name in names}
    made = type(kind.__name__, (kind,), members)
    return made.__new__(made, *made_of)


class Wrapped:
    """Stands in for an object: some of its methods wrapped, everything else its own."""

    def __init__(self, inner: Any, names: tuple[str, ...], wrap: Wrap) -> None:
        self._inner = inner
        for name in names:
            setattr(self, name, wrap(getattr(inner, name)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


def wrap_stage(rig: Any, stage: str, wrap: Wrap) -> None:
    """Replace every callable that is a stage of the path."""
    loop, gateway = rig.trading, rig.gateway
    if stage == "decode":
        loop._decode_frame = wrap(loop._decode_frame)
        loop._decode_report = wrap(loop._decode_report)
    elif stage == "book":
        loop._apply = tuple(map(wrap, loop._apply))
    elif stage == "strategy":
        loop._on_book = wrap(loop._on_book)
        loop.guard.strategy = Wrapped(loop.guard.strategy, _HOOKS, wrap)
    elif stage == "risk":
        loop.risk.heard_ns = 2**62  # the stand-in hears the feed, and this one, which judges, takes it for young
        loop.risk = stand_in(loop.risk, _RISK, wrap, loop.risk.limits, loop.instruments, loop.portfolio)
    elif stage == "orders":
        loop.orders = stand_in(loop.orders, _ORDERS, wrap)
    elif stage == "journal":
        loop.journal = stand_in(loop.journal, _JOURNAL, wrap)
    elif stage == "encode":
        steps = gateway.encode_new, gateway.encode_replace, gateway.encode_cancel
        gateway.encode_new, gateway.encode_replace, gateway.encode_cancel = map(wrap, steps)
    elif stage == "send":
        gateway.send = wrap(gateway.send)
    else:
        raise ValueError(f"no stage of the path: {stage!r}")


class Stages:
    """Stamps on one engine, from before it connects."""

    def __init__(self, rig: Rig) -> None:
        self._own = [0] * len(STAGES)
        self._children_ns = 0  # of the stage that is running
        self._is_inside = False
        self._has_sent = False
        self._inside_ns = self._outside_ns = 0  # what one stamp adds to its own stage, and to the one around it
        self._stamps = 0
        self._send_parts: SendParts | None = None
        self._rows: dict[str, list[tuple[int, ...]]] = {}
        self._calibrate()
        self._send_parts = SendParts(rig.session) if isinstance(rig.session, QuickfixSession) else None
        if self._send_parts is not None:
            rig.gateway.send = self._send_parts.around(rig.gateway.send)
        for index, stage in enumerate(STAGES[:LOOP]):
            wrap_stage(rig, stage, partial(self._stamp, index))
        self._enter(rig)

    def clear(self) -> None:
        """Forget what was stamped so far."""
        self._rows = {FRAME_PATH: [], DECISION_PATH: [], REPORT_PATH: []}
        self._stamps = 0
        if self._send_parts is not None:
            self._send_parts.clear()

    def table(self) -> dict[str, Any]:
        """Return each path's stages, and their sum over the path as a whole."""
        events = sum(map(len, self._rows.values()))
        send_rows = self._send_parts.rows() if self._send_parts is not None else []
        return {
            "stamp_ns": self._inside_ns + self._outside_ns,
            "stamps_per_event": round(self._stamps / events, 1) if events else 0,
            "paths": {name: _summary(STAGES, rows) for name, rows in self._rows.items() if rows},
            **({"send": _summary(SEND_PARTS, send_rows)} if send_rows else {}),
        }

    def _enter(self, rig: Rig) -> None:
        rig.feed.on_frame = self._entry(FRAME_PATH, rig.trading.on_frame)
        rig.session.on_message = self._entry(REPORT_PATH, rig.trading.on_report)
        context: Any = Wrapped(rig.strategy.context, _REQUESTS, partial(self._entry, DECISION_PATH))
        rig.strategy.context = context

    def _entry(self, path: str, function: Function) -> Function:
        """Wrap where an event comes in; inside of another event it is part of that one's loop."""
        stamped = self._stamp(LOOP, function)

        def entered(*arguments: Any) -> Any:
            if self._is_inside:
                return stamped(*arguments)
            self._is_inside = True
            self._own = [0] * len(STAGES)
            self._children_ns = 0
            try:
                return stamped(*arguments)
            finally:
                self._is_inside = False
                if (path == REPORT_PATH) != self._has_sent:  # a report's own, or a way to an order
                    self._rows[path].append(tuple(self._own))
                self._has_sent = False

        return entered

    def _stamp(self, index: int, function: Function) -> Function:
        clock = perf_counter_ns

        def stamped(*arguments: Any) -> Any:
            around_ns = self._children_ns
            self._children_ns = 0
            start_ns = clock()
            try:
                return function(*arguments)
            finally:
                elapsed_ns = clock() - start_ns
                self._stamps += 1
                self._has_sent |= index == SEND  # its time, less the stamp's own, can be 0
                self._own[index] += elapsed_ns - self._children_ns - self._inside_ns
                self._children_ns = around_ns + elapsed_ns + self._outside_ns

        return stamped

    def _calibrate(self) -> None:
        """Measure what one stamp costs around a function that does nothing."""

        def nothing() -> None: ...

        stamped = self._stamp(LOOP, nothing)
        inside, whole, plain = [], [], []
        for _ in range(CALIBRATION):
            start_ns = perf_counter_ns()
            middle_ns = perf_counter_ns()
            nothing()
            plain_end_ns = perf_counter_ns()
            self._own[LOOP] = 0
            stamped_start_ns = perf_counter_ns()
            stamped()
            whole.append(perf_counter_ns() - stamped_start_ns - (middle_ns - start_ns))
            inside.append(self._own[LOOP])
            plain.append(plain_end_ns - middle_ns - (middle_ns - start_ns))
        cost_ns = round(median(whole)) - round(median(plain))
        self._inside_ns = max(round(median(inside)) - round(median(plain)), 0)
        self._outside_ns = max(cost_ns - self._inside_ns, 0)
        self.clear()


def _summary(names: Sequence[str], rows: list[tuple[int, ...]]) -> dict[str, Any]:
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    return {
        "n": len(rows),
        "stages": {stage: _figures(values) for stage, values in columns.items() if any(values)},
        "sum": _figures([sum(row) for row in rows]),
    }


def _figures(values: Any) -> dict[str, int]:
    ordered = sorted(values)
    return {
        "p50_ns": ordered[len(ordered) // 2],
        "p99_ns": ordered[len(ordered) * 99 // 100],
        "mean_ns": round(mean(ordered)),
    }
