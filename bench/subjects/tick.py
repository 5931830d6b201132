"""`tick`: from a market-data frame on the wire to the order's bytes on the wire, stamped by the venue on both sides."""

import asyncio
from array import array
from collections.abc import Callable
from pathlib import Path

from bench.plan import BASELINE, Pace, Plan, Repetition, Samples
from bench.rig import Rig
from bench.stopwatch import Stopwatch
from bench.subjects import frames
from bench.subjects.order import MOST_LAG_NS
from bench.subjects.stages import Stages
from bench.subjects.strategies import AskTaker
from bench.venue import certificate, kalshi
from bench.venue._drive import ANNULLED
from bench.venue._ping import VenueError
from bench.venue.process import MeasuringVenue, Script
from engine.trading.guard import DENIALS

SETTLE_S = 5.0  # for reports that are still on their way when the last order has been seen


async def measure(plan: Plan, venue: MeasuringVenue, state: Path, result: Repetition) -> None:
    """Run every pace of the plan on one pair of connections."""
    most = plan.warm_up + sum(pace.count for pace in plan.paces)
    script = frames.captured(plan.capture, most) if plan.capture else frames.stairs()
    if plan.stack == BASELINE:
        await _measure_baseline(plan, venue, state, script, result)
    else:
        await _measure_engine(plan, venue, state, script, result)


async def _measure_baseline(plan: Plan, venue: MeasuringVenue, state: Path, script: Script, result: Repetition) -> None:
    from bench.baselines.tick import BaselineTick  # needs a package that the engine does not

    baseline = BaselineTick(state, venue.fix_port, venue.feed_port, frames.instrument(plan.capture).symbol)
    venue.start("accept_fix")
    await baseline.session.start()
    await venue.finish()
    venue.start("accept_feed", script)
    trading = asyncio.create_task(baseline.trade())
    try:
        await venue.finish()
        await _run_paces(plan, venue, result)
        await _check_reports(lambda: baseline.orders - baseline.reports)
    finally:
        trading.cancel()
        baseline.session.stop()


async def _measure_engine(plan: Plan, venue: MeasuringVenue, state: Path, script: Script, result: Repetition) -> None:
    instrument = frames.instrument(plan.capture)
    secret = certificate.file(state) if plan.has_tls else None
    key, public_key = kalshi.made_key() if plan.is_kalshi else (None, b"")
    rig = Rig(plan.stack, state, venue.fix_port, venue.feed_port, instrument, AskTaker(), secret, key)
    faults: list[str] = []
    rig.on_fault = faults.append
    if plan.prepare is not None:
        plan.prepare(rig)
    stages = Stages(rig) if plan.with_stages else None
    venue.start("accept_fix", secret, public_key)
    await rig.connect_session()
    try:
        await venue.finish()
        venue.start("accept_feed", script, secret, public_key)
        await rig.connect_feed()
        await venue.finish()
        with rig.mode(plan.mode, plan.engine_core, plan.collects_garbage, lambda: rig.trading.last_frame_ns):
            await _run_paces(plan, venue, result, stages)
        counters = rig.trading.counters
        await _check_reports(lambda: counters.orders - counters.fills)
    except VenueError as error:
        denials = [f"risk denied: {DENIALS[code]}" for code in rig.trading.counters.denials_by_code]
        raise VenueError("; ".join([str(error), *faults, *denials])) from None
    finally:
        await rig.close()
    if faults:
        raise VenueError(faults[0])


async def _run_paces(plan: Plan, venue: MeasuringVenue, result: Repetition, stages: Stages | None = None) -> None:
    times_ns = frames.captured_times_ns(plan.capture) if plan.capture else []
    await _run_closed(Pace("", plan.warm_up, 0), venue)
    at = plan.warm_up
    if stages is not None:
        stages.clear()
    for pace in plan.paces:
        if result.gives_up(pace):
            continue
        if not pace.is_open_loop:
            samples = await _run_closed(pace, venue)
        elif plan.capture:
            schedule = recorded_schedule(times_ns[at : at + pace.count], pace.interval_ns)
            samples = await _run_open(pace, venue, schedule, is_recorded=True)
        else:
            samples = await _run_open(pace, venue, [i * pace.interval_ns for i in range(pace.count)], is_recorded=False)
        result.samples[pace.name] = samples
        at += samples.sent
    if stages is not None:
        result.stages = stages.table()


def recorded_schedule(times_ns: list[int], millisecond_ns: int) -> list[int]:
    """Return when each frame is due from the first, where a recorded millisecond takes `millisecond_ns`."""
    return [(time_ns - times_ns[0]) * millisecond_ns // 1_000_000 for time_ns in times_ns]


async def _run_closed(pace: Pace, venue: MeasuringVenue) -> Samples:
    stopwatch = Stopwatch()
    venue.start("tick_closed", pace.count, pace.interval_ns)
    return _samples(await venue.finish(), pace.count, pace.count, stopwatch)


async def _run_open(pace: Pace, venue: MeasuringVenue, schedule: list[int], *, is_recorded: bool) -> Samples:
    stopwatch = Stopwatch()
    venue.start("tick_open", array("q", schedule).tobytes(), MOST_LAG_NS, is_recorded)
    stamps, sent = await venue.finish()
    samples = _samples(stamps, len(schedule), sent, stopwatch)
    samples.scheduled_ns = schedule[-1]
    return samples


def _samples(stamps: bytes, asked: int, sent: int, stopwatch: Stopwatch) -> Samples:
    values = array("q", stamps)
    return Samples(array("q", [v for v in values if v >= 0]), *stopwatch.read(), asked, sent, values.count(ANNULLED))


async def _check_reports(missing: Callable[[], int]) -> None:
    """Every order has been answered by the venue; the stack must handle every answer."""
    for _ in range(100):
        if not missing():
            return
        await asyncio.sleep(SETTLE_S / 100)
    raise VenueError(f"{missing()} reports were not handled")
