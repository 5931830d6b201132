"""`fixlane bench`: measure, print, write.

Errors  exit status 1 where a figure could not be measured as it must be, 2 where something is missing or misspelt. What
        was measured before a failure or an interrupt is printed and written all the same, with what is missing.
"""

import argparse
import importlib.util
import sys
from collections.abc import Callable
from dataclasses import replace

from bench import interrupts, peers, suite
from bench.backtest import musts
from bench.child import BenchError
from bench.plan import BACKTEST, JOURNAL, ORDER, REST, ROLLING, SESSIONS, SOAK, THROUGHPUT, TICK, Plan
from bench.report import host, plots, results
from bench.subjects import frames, history, hour, journal, micro, rest, rolling, sessions, soak
from engine.errors import ConfigError

BAR = 24
CAPTURE_S, QUICK_CAPTURE_S = 20.0, 2.0


def run(arguments: argparse.Namespace) -> int:
    """Measure, print, write."""
    interrupts.listen()
    if arguments.subject == SOAK:
        return _soak(arguments)
    if arguments.subject == ROLLING:
        asked = rolling.QUICK if arguments.quick else rolling.FULL
        return rolling.run(asked._replace(markets=arguments.markets or asked.markets))
    if arguments.subject == BACKTEST:
        return _backtest(arguments)
    if arguments.plot:
        plots.require()
    if arguments.subject in ("micro", "all"):
        micro.require()
    if arguments.subject in (TICK, "all") and importlib.util.find_spec("websockets") is None:
        raise ConfigError("the baseline of tick needs websockets: pip install -e '.[bench]'")
    cores = None if arguments.no_pin else host.venue_and_engine_cores()
    if arguments.subject == SESSIONS:
        return _idle(arguments, cores)
    scale = _scale(arguments)
    is_apart = arguments.subject in ("micro", REST, JOURNAL)
    measured = suite.Measured() if is_apart else _measure(arguments, scale, cores)
    if arguments.subject in (REST, "all"):
        _add(measured, lambda: rest.measure(arguments.quick, scale.repetitions, cores))
    if arguments.subject in (JOURNAL, "all"):
        _add(measured, lambda: journal.measure(arguments.quick, arguments.history or ()))
    if arguments.subject in ("micro", "all"):
        _add(measured, lambda: micro.measure(arguments.quick, cores[1] if cores else None))
    if not measured.runs:
        raise BenchError("\n".join(["nothing was measured", *measured.failures]))
    _write(arguments, measured, cores)
    return 1 if measured.failures else 0


def _add(measured: suite.Measured, measure: Callable[[], dict[str, results.Figures]]) -> None:
    """Add what a subject of its own measures, unless the measuring was interrupted before."""
    if suite.INTERRUPTED in measured.failures:
        return
    try:
        measured.runs |= measure()
    except (BenchError, OSError, ValueError) as error:
        measured.failures.append(str(error))
    except KeyboardInterrupt:
        measured.failures.append(suite.INTERRUPTED)


def _write(arguments: argparse.Namespace, measured: suite.Measured, cores: tuple[int, int] | None) -> None:
    """Write the file first: what comes after it may fail."""
    pinned = list(cores) if cores else None
    parts = {"stages": measured.stages, "failures": measured.failures}
    document = results.document(measured.runs, measured.ratios, pinned, **parts)
    if arguments.json:
        results.write(arguments.json, document)
    if arguments.hgrm:
        results.write_hgrm(arguments.hgrm, measured.runs)
    _report(document)
    if arguments.plot:
        plots.draw(arguments.plot, document)


def _idle(arguments: argparse.Namespace, cores: tuple[int, int] | None) -> int:
    """Measure idle sessions; 1 if one of them was lost."""
    idle = sessions.QUICK if arguments.quick else sessions.FULL
    idle = replace(idle, seconds=arguments.seconds or idle.seconds)
    name, figures = sessions.name_of(idle), sessions.measure(idle, cores)
    failures = [] if sessions.stayed(figures) else ["not all sessions stayed logged on"]
    pinned = list(cores) if cores else None
    document = results.document({}, {}, pinned, stages={}, sessions={name: figures}, failures=failures)
    if arguments.json:
        results.write(arguments.json, document)
    print(sessions.text(name, figures))
    _machine(document)
    return 1 if failures else 0


def _backtest(arguments: argparse.Namespace) -> int:
    """Measure the compiled pass over rows."""
    figures = history.measure(arguments.quick, arguments.capture)
    ratios = musts.ratios({name.removeprefix("backtest."): run for name, run in figures.items()})
    document = results.document({}, ratios, None, stages={}, backtest=figures, failures=[])
    if arguments.json:
        results.write(arguments.json, document)
    print(history.text(figures))
    _machine(document)
    return 0


def _soak(arguments: argparse.Namespace) -> int:
    """Watch memory, and for so many minutes time and descriptors; 1 if anything grows."""
    if arguments.minutes:
        return hour.run(hour.SoakPace(arguments.minutes), arguments.json)
    asked = soak.QUICK if arguments.quick else soak.FULL
    numbers = (arguments.books, arguments.frames, arguments.orders)
    return soak.run(soak.Amounts(*(number or usual for number, usual in zip(numbers, asked, strict=True))))


def _measure(arguments: argparse.Namespace, scale: suite.Scale, cores: tuple[int, int] | None) -> suite.Measured:
    wanted = []
    for subject in (ORDER, TICK, THROUGHPUT) if arguments.subject in ("floor", "all") else (arguments.subject,):
        wanted += suite.plans(subject, scale, arguments.session or suite.sessions(), arguments.mode, cores)
    if arguments.subject == "floor":
        return suite.measure_floor(wanted[0], scale.repetitions, _progress)
    if arguments.capture:
        played = [one for one in wanted if one.subject == TICK and not (one.collects_garbage or one.is_kalshi)]
        wanted = [_captured(plan, arguments) for plan in played]
    if arguments.subject in (ORDER, "all") and "busy" in arguments.mode:
        with peers.built() as programs:
            wanted += suite.peer_plans(scale, programs, cores)
            return suite.measure(wanted, scale.repetitions, _progress)
    return suite.measure(wanted, scale.repetitions, _progress)


def _captured(plan: Plan, arguments: argparse.Namespace) -> Plan:
    """Return the plan with as many recorded frames as fit into its time."""
    path, speed = arguments.capture.resolve(), arguments.speed
    times_ns = frames.captured_times_ns(path)
    span_ns = (QUICK_CAPTURE_S if arguments.quick else CAPTURE_S) * 1e9 * speed
    count = sum(time_ns - times_ns[plan.warm_up] <= span_ns for time_ns in times_ns[plan.warm_up :])
    return suite.with_capture(plan, path, speed, count)


def _scale(arguments: argparse.Namespace) -> suite.Scale:
    scale = suite.QUICK if arguments.quick else suite.FULL
    if arguments.rates:
        scale = replace(scale, rates=tuple(arguments.rates))
    scale = replace(scale, window=arguments.window or scale.window, burst=arguments.burst or scale.burst)
    if arguments.repetitions:
        scale = replace(scale, repetitions=arguments.repetitions)
    return scale


def _report(document: results.Figures) -> None:
    runs, ratios = document["runs"], document["ratios"]
    print(results.table(runs, ratios))
    for name, value in ratios.items():
        if " / floor." not in name:
            print(f"{name:<90}{value:>9.3f}")
    for name, stages in document["stages"].items():
        print("\n" + results.stage_table(name, stages))
    _machine(document)


def _machine(document: results.Figures) -> None:
    machine = document["machine"]
    pinned = machine["pinned"]
    where = f"venue on core {pinned[0]}, engine on core {pinned[1]}" if pinned else "NOT PINNED"
    print(f"\n{machine['cpu']}, {machine['cores']} cores, kernel {machine['kernel']}, {where}")
    print(f"commit {document['commit'] or 'unknown'}, Python {machine['python']}")
    for failure in document["failures"]:
        print(f"INCOMPLETE: {failure}")


def _progress(done: int, of: int, what: str) -> None:
    filled = BAR * done // max(of, 1)
    is_terminal = sys.stderr.isatty()
    line = f"[{'#' * filled}{'.' * (BAR - filled)}] {done}/{of} {what}"
    print(f"{line:<100}" if is_terminal else line, end="\r" if is_terminal and done < of else "\n", file=sys.stderr)
    sys.stderr.flush()
