"""What `fixlane backtest` does: the parts of a configuration, on captured frames.

Errors  ConfigError for what `run` would refuse as well, and for files that say nothing.
"""

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Protocol
from zoneinfo import ZoneInfo

from engine.app import loading
from engine.app.backtest.against import against_live
from engine.app.backtest.generated import write_day
from engine.app.backtest.identity import RunOptions, configuration_of, data_of
from engine.app.backtest.writing import show, write
from engine.app.strategies.accounts import configured, described
from engine.backtest.capture.frames import find, holds_captures, markets
from engine.backtest.core.left_ahead import left_ahead
from engine.backtest.core.settings import RISK_AVERSE, QueueModel
from engine.backtest.fast.columns import FrameColumns, columns_of
from engine.backtest.fast.runner import FastRunner, judge
from engine.backtest.fitting import fit
from engine.backtest.fitting import latency_of as measured
from engine.backtest.history import TimedFrame, timed
from engine.backtest.latency import Latency
from engine.backtest.outcomes import MarketOutcome, outcomes
from engine.backtest.own.size import told_of
from engine.backtest.queues.calibration import told_of_queue
from engine.backtest.results import statistics
from engine.backtest.results.result import Assumed, Result, observed, result_of
from engine.backtest.rows.polymarket.frames import token_files
from engine.backtest.runner import Ended, Runner
from engine.backtest.sweeps.guard import guard
from engine.backtest.sweeps.ledger import NAME, Trial, TrialLedger, Tried
from engine.backtest.sweeps.rows import moments
from engine.book import make_book
from engine.config.engine import load
from engine.config.sections import EngineConfig
from engine.errors import ConfigError
from engine.instrument import Instrument
from engine.journal.writer import NullJournal
from engine.orders.orders import Orders
from engine.trading.assembly import Parts
from engine.venue import FeeRule

SCALES = {"half the latency": (1, 2), "twice the latency": (2, 1)}
EXTREMES = ("risk-averse", "optimistic")


class RunHistory(Protocol):
    """What a run is made of, read once for as many runs as are asked for; `fidelity` and `told` if it says less."""

    frames: list[TimedFrame]
    instruments: list[Instrument]
    outcomes: dict[str, MarketOutcome]
    fidelity: str

    @property
    def told(self) -> list[str]:
        """Return what is assumed, in words."""

    @property
    def values(self) -> dict[str, int]:
        """Return what the markets paid of which that is known."""

    def slowed(self, latency: Latency) -> Latency:
        """Return the latency that these data allow, at least."""


class CapturedHistory:
    """Files of captured frames."""

    fidelity = ""

    def __init__(self, paths: Sequence[Path]) -> None:
        paths = find(paths)
        self._own: Counter[str] = Counter()
        self.paths = paths
        self.frames: list[TimedFrame] = timed(paths, self._own)
        self.instruments: list[Instrument] = markets(paths)
        self.outcomes: dict[str, MarketOutcome] = outcomes(paths, self.instruments)

    @cached_property
    def rows(self) -> FrameColumns:
        """The frames as the compiled exchange takes them."""
        return columns_of(self.frames, self.instruments)

    @property
    def told(self) -> list[str]:
        """Return what was taken out of the frames, if that is something; they say what there was."""
        return told_of(self._own)

    def slowed(self, latency: Latency) -> Latency:
        """Return the latency as it is."""
        return latency

    @property
    def values(self) -> dict[str, int]:
        """Return what the markets paid of which that is known."""
        return {symbol: each.value for symbol, each in self.outcomes.items() if each.value is not None}


def run(arguments: argparse.Namespace) -> int:
    """Run, print, write."""
    sys.path.insert(0, str(arguments.config.resolve().parent))  # a strategy may stand beside its configuration
    config = load(arguments.config)
    history = history_of(arguments)
    result = count_trial(result_for(config, history, arguments), config, history, arguments)
    if arguments.against_live:
        against_live(result, history, arguments.within)
    result.honesty.assumptions += told_of_queue(getattr(history, "paths", []), arguments.queue)
    if arguments.json:
        arguments.json.write_bytes(result.as_json())
    for line in (*show(result), *write(result, arguments.out, f"Backtest of {described(config)}")):
        print(line)
    return 1 if result.ended.halted else 0


def history_of(arguments: argparse.Namespace) -> RunHistory:
    """Return what the arguments name: captured frames, a generated day, or quotes."""
    paths = arguments.data or write_day(arguments.generate)
    if any((path.is_dir() and any(path.glob("*/quotes"))) or path.suffix == ".parquet" for path in paths):
        from engine.app.backtest.on_quotes import quote_history

        return quote_history(paths, arguments)
    refuse_tokens(paths)
    return CapturedHistory(paths)


def refuse_tokens(paths: Sequence[Path]) -> None:
    """Raise ConfigError where there is nothing but a venue whose rules are in no exchange here."""
    found = token_files(paths) + [day for path in paths for day in path.glob("polymarket/depth/*.parquet")]
    if found and not any(path.is_file() or holds_captures(path) for path in paths):
        raise ConfigError(
            f"{found[0]} is of polymarket, whose orders, fees and settlement no exchange here knows: fixlane data "
            "convert writes the rows, and fixlane quote runs on them"
        )


def count_trial(result: Result, config: EngineConfig, history: RunHistory, arguments: argparse.Namespace) -> Result:
    """Note the run in the ledger of trials, if there is one, and say in the result how many there are."""
    path = arguments.ledger or (arguments.out / NAME if arguments.out else None)
    if path is None:
        return result
    ledger = TrialLedger(path)
    data = data_of(result.ended.first_ns, result.ended.last_ns, [each.symbol for each in history.instruments])
    daily = statistics.returns([arguments.capital, *(worth for _, worth in result.days)])
    digest = configuration_of(config, _latency(arguments), _options(history, arguments))
    ledger.add(data, [Trial(configuration=digest, data=data.digest, sharpe=moments(daily).sharpe)])
    tried = ledger.tried(data)
    found = guard(daily, Tried(max(tried.count, arguments.trials), tried.sharpes))
    result.honesty.trials, result.honesty.deflated_sharpe = found.trials, found.deflated
    result.honesty.warn()
    return result


def result_for(config: EngineConfig, history: RunHistory, arguments: argparse.Namespace) -> Result:
    """Run as often as the arguments ask, and return the result of the run that they name."""
    latency, queue = history.slowed(_latency(arguments)), QueueModel.parse(arguments.queue)
    assumed = Assumed(
        latency=latency, capital=arguments.capital, zone=ZoneInfo(config.risk.day_zone), trials=arguments.trials
    )
    seen = observed(history.frames, history.instruments)
    shown = _shows_own(history, arguments)
    backtest = fast_backtest if arguments.fast else slow_backtest
    result = result_of(backtest(config, history, latency, queue, shown), seen, history.outcomes, assumed)
    result.honesty.name_book(shown)
    result.honesty.name_queue(arguments.queue)
    result.honesty.fidelity = history.fidelity or result.honesty.fidelity
    result.honesty.assumptions += history.told
    for name, (times, over) in SCALES.items() if arguments.sensitivity else ():
        ended = backtest(config, history, latency.scaled(times, over), queue, shown)
        result.honesty.sensitivity[name] = ended.loop.portfolio.pnl
    if arguments.sensitivity:
        runs = {name: backtest(config, history, latency, QueueModel.parse(name), shown) for name in EXTREMES}
        extremes = {name: ended.loop.portfolio.pnl for name, ended in runs.items()}
        result.honesty.take_extremes(extremes, result.ended.loop.portfolio.pnl)
    return result


def slow_backtest(
    config: EngineConfig,
    history: RunHistory,
    latency: Latency,
    queue: QueueModel = RISK_AVERSE,
    own_in_book: bool = True,
) -> Ended:
    """Run the strategy of a configuration over history."""
    fees = loading.fees(config.feed, config.fees)
    use_yes = bool(config.feed.use_yes_price)
    frames, values = history.frames, history.values
    parts = parts_of(config, fees)
    ahead = left_ahead(queue, frames, history.instruments)
    return Runner(parts, history.instruments, frames, fees, latency, values, use_yes, ahead, own_in_book).run()


def fast_backtest(
    config: EngineConfig,
    history: RunHistory,
    latency: Latency,
    queue: QueueModel = RISK_AVERSE,
    own_in_book: bool = False,
) -> Ended:
    """Run it on the compiled exchange, whose books are others' alone; ConfigError says what only the slow one knows."""
    if not isinstance(history, CapturedHistory):
        raise ConfigError("--fast: quotes are run by the slow exchange: leave it out")
    judge(latency, queue)
    fees = loading.fees(config.feed, config.fees)
    return FastRunner(parts_of(config, fees), history.rows, fees, latency, history.values, queue).run()


def parts_of(config: EngineConfig, fees: FeeRule) -> Callable[[Sequence[Instrument]], Parts]:
    """Return what makes the parts of a desk, those of a live engine, for some markets."""

    def parts(markets: Sequence[Instrument]) -> Parts:
        """Return what a desk of these markets is made of."""
        dialect = loading.order_dialect(config.session, markets)
        return Parts(
            books=[make_book(each, config.feed.watch_depth) for each in markets],
            market_data=loading.market_data_dialect(config.feed, markets),
            decode_report=dialect.decode,
            orders=Orders("B", fees.charge),
            **configured(config, markets, [fees.bound(each) for each in markets])._asdict(),
            journal=NullJournal(),
            feed_limits=config.feed.limits(),
            fees=fees,
        )

    return parts


def _options(history: RunHistory, arguments: argparse.Namespace) -> RunOptions:
    queue = QueueModel.parse(arguments.queue)
    shown = _shows_own(history, arguments)
    if history.fidelity:  # less than frames say
        return RunOptions(queue, arguments.quote_size, arguments.max_age, own_in_book=shown)
    return RunOptions(queue, own_in_book=shown)


def _shows_own(history: RunHistory, arguments: argparse.Namespace) -> bool:
    """Return whether the strategy's book has its own orders; a quote is one of others, and so is a compiled book."""
    return bool(arguments.own_in_book and not history.fidelity and not arguments.fast)


def _latency(arguments: argparse.Namespace) -> Latency:
    """Return the way of each kind: as measured, its own flag, or that of all."""
    if arguments.latency_from:
        own = [getattr(arguments, f"latency_{name}") for name in ("new", "cancel", "replace", "answer")]
        if arguments.latency or any(each is not None for each in own):
            raise ConfigError("--latency-from says how long each way takes: leave --latency and its kind out")
        return _measured(tuple(arguments.latency_from), arguments.venue_delay, not arguments.draw)
    if arguments.draw:
        raise ConfigError("--draw is of --latency-from: nothing else has a distribution")
    ways = {}
    for name in ("new", "cancel", "replace", "answer"):
        own = getattr(arguments, f"latency_{name}")
        ways[f"{name}_ns"] = arguments.latency if own is None else own
    return Latency(**ways, venue_delay_ns=arguments.venue_delay)


@lru_cache(maxsize=1)
def _measured(paths: tuple[Path, ...], venue_delay_ns: int, in_order: bool) -> Latency:
    """Return what audit logs show, read once."""
    return measured(fit(paths), venue_delay_ns, in_order=in_order)
