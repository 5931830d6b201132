"""One repetition in a fresh process, without the heap, threads or sockets of an earlier one.

Errors  BenchError with the reason: a failed repetition has no figures.
"""

import asyncio
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

from bench import interrupts
from bench.plan import ORDER, SPARSE_NS, THROUGHPUT, TICK, Plan, Repetition
from bench.report import host
from bench.report.summary import kalshi_floors
from bench.subjects import order, throughput, tick
from bench.subjects.floor import (
    FRAME_BYTES,
    KALSHI_FRAME_BYTES,
    KALSHI_ORDER_BYTES,
    KALSHI_REPORT_BYTES,
    ORDER_BYTES,
    REPORT_BYTES,
    tcp,
)
from bench.venue import certificate, tls_floor
from bench.venue.process import MeasuringVenue
from engine.errors import EngineError

PATIENCE_S, INTERRUPTED_S = 10.0, 5.0  # how long a process that is done may take to end


class BenchError(EngineError):
    """A repetition failed."""


def run(plan: Plan) -> Repetition:
    """Run a plan in a fresh process and await it."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process, patience_s = context.Process(target=_serve, args=(theirs, plan)), PATIENCE_S
    try:
        with interrupts.deaf():
            process.start()
        theirs.close()
        outcome = ours.recv()
    except EOFError:
        outcome = "the process died"
    except KeyboardInterrupt:
        patience_s = INTERRUPTED_S  # a terminal has interrupted it too
        raise
    finally:
        if process.pid is not None:  # an interrupt may come before it has started, or as it has
            process.join(patience_s)
            process.kill()
            process.join()
        ours.close()
        theirs.close()
    if not isinstance(outcome, Repetition):
        raise BenchError(f"{plan.subject}, {plan.stack}, {plan.mode}: {outcome}")
    return outcome


def measure(plan: Plan) -> Repetition:
    """Run a plan in this process."""
    with TemporaryDirectory(prefix="fixlane-bench-") as directory, MeasuringVenue(plan.venue_core) as venue:
        result = Repetition()
        _measure_floor(plan, venue, Path(directory), result)
        if plan.paces:
            subject = {ORDER: order, TICK: tick, THROUGHPUT: throughput}[plan.subject]
            with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
                runner.run(subject.measure(plan, venue, Path(directory), result))
            _measure_floor(plan, venue, Path(directory), result)
        return result


def _measure_floor(plan: Plan, venue: MeasuringVenue, state: Path, result: Repetition) -> None:
    """Ping-pong messages of the sizes that the subject exchanges."""
    sizes = (ORDER_BYTES, REPORT_BYTES) if plan.subject != TICK else (FRAME_BYTES, ORDER_BYTES)
    if plan.floor_count:
        result.floor_spin_ns.append(tcp(venue, plan.floor_count, True, *sizes))
        result.floor_sparse_ns.append(tcp(venue, plan.floor_sparse, True, *sizes, SPARSE_NS))
        result.floor_block_ns.append(tcp(venue, plan.floor_count, False, *sizes))
    if plan.floor_count and plan.is_kalshi:
        _measure_kalshi_floor(plan, venue, certificate.file(state), result)
    elif plan.floor_count and plan.has_tls:
        file = certificate.file(state)
        result.floor_tls_ns.append(tls_floor.floor(venue, file, plan.floor_count, *sizes))
        result.floor_tls_sparse_ns.append(tls_floor.floor(venue, file, plan.floor_sparse, *sizes, SPARSE_NS))


def _serve(pipe: Connection, plan: Plan) -> None:
    try:
        interrupts.listen()
        if plan.engine_core is not None:
            host.pin(plan.engine_core)
        pipe.send(measure(plan))
    except KeyboardInterrupt:
        return
    except Exception as error:
        pipe.send(f"{type(error).__name__}: {error}" if not isinstance(error, EngineError) else str(error))


def _measure_kalshi_floor(plan: Plan, venue: MeasuringVenue, file: Path, result: Repetition) -> None:
    """Do the same over TLS with Kalshi's sizes: out and back for an order; for a tick in over one, out over another."""
    is_tick = plan.subject == TICK
    sizes = (KALSHI_FRAME_BYTES, KALSHI_ORDER_BYTES) if is_tick else (KALSHI_ORDER_BYTES, KALSHI_REPORT_BYTES)
    measure = tls_floor.pair_floor if is_tick else tls_floor.floor
    hot, sparse = kalshi_floors(plan)
    for name, count, interval_ns in ((hot, plan.floor_count, 0), (sparse, plan.floor_sparse, SPARSE_NS)):
        result.floors_kalshi_ns.setdefault(name, []).append(measure(venue, file, count, *sizes, interval_ns))
