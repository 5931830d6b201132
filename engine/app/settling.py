"""The commands `fixlane settle` and `fixlane position`: what a person knows where no venue says it.

`settle` pays what a market turned out to be worth; `position` says what is held and what it cost.

A running engine is asked by its control socket. Where none runs it is written to its journal, under the journal's lock,
for the next start: also of a market that the configuration does not name any more.

Errors  ConfigError for an engine or journal that is not found, EngineError for what is refused, JournalError for a
        journal that another process holds.
"""

import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from engine.app.operating import add_place, place_of
from engine.app.plugins import Subparsers
from engine.errors import ConfigError, EngineError

if TYPE_CHECKING:
    from engine.instrument import Instrument
    from engine.journal.writer import Journal
    from engine.portfolio import Position


def add_commands(found: Subparsers) -> None:
    """Add `settle` and `position`."""
    settle = found.add_parser("settle", help="pay out a position in a market that is over")
    settle.add_argument("symbol", metavar="SYMBOL")
    settle.add_argument("price", metavar="PRICE", help="what one contract paid, such as 1, 0 or 0.37")
    add_place(settle)
    settle.add_argument("--reason", required=True, help="kept in the journal")
    settle.set_defaults(run=run)
    hold = found.add_parser("position", help="say what is held of a market, where no venue and no fill can")
    hold.add_argument("config", type=Path, metavar="CONFIG", help="of the engine, sound or not")
    hold.add_argument("symbol", metavar="SYMBOL")
    hold.add_argument("net", metavar="NET", help="contracts, such as 5, or -5 for a short position")
    hold.add_argument("cost", metavar="COST", help="what they cost in all, in dollars; 0 or less for a short position")
    hold.add_argument("--reason", required=True, help="kept in the journal")
    hold.set_defaults(run=run_position, state_dir=None)


def run(arguments: Namespace) -> int:
    """Settle by the running engine, or else in its journal; print what was paid."""
    from engine.ops import control

    state_dir, reason = place_of(arguments), _reason_of(arguments)
    try:
        request = {"symbol": arguments.symbol, "price": arguments.price}
        answer = control.read_answer(control.ask(state_dir, "settle", reason, request), "settled")
    except control.NotRunning:
        if arguments.config is None:
            raise ConfigError(
                f"{state_dir}: no engine runs here: name CONFIG, which says where its journal is"
            ) from None
        print(settle_in_journal(journal_of(arguments.config), arguments.symbol, arguments.price, reason))
        return 0
    print(answer["settled"])
    return 0


def run_position(arguments: Namespace) -> int:
    """Have the running engine hold what a person says, or else write it to its journal; print what was held before."""
    from engine.ops import control

    request = {"symbol": arguments.symbol, "net": arguments.net, "cost": arguments.cost}
    state_dir, reason = place_of(arguments), _reason_of(arguments)
    try:
        answer = control.read_answer(control.ask(state_dir, "position", reason, request), "held")
    except control.NotRunning:
        directory = journal_of(arguments.config)
        print(hold_in_journal(directory, arguments.symbol, arguments.net, arguments.cost, reason))
        return 0
    print(answer["held"])
    return 0


def _reason_of(arguments: Namespace) -> str:
    """Return why; ConfigError for nothing that can be read."""
    from engine.ops.control import plain

    if reason := plain(arguments.reason):
        return reason
    raise ConfigError("say why: --reason TEXT")


def journal_of(config: Path) -> Path:
    """Return the journal's directory by a configuration, of which nothing else has to be right."""
    import msgspec

    try:
        directory = msgspec.toml.decode(config.read_bytes())["journal"]["directory"]
        if isinstance(directory, str):
            return config.parent / directory
    except OSError as error:
        raise ConfigError(f"{config}: cannot be read: {error.strerror}") from None
    except (ValueError, KeyError, TypeError):  # not TOML, or without a journal
        pass
    raise ConfigError(f"{config}: has no journal.directory that can be read: there is nothing to settle in")


def settle_in_journal(directory: Path, symbol: str, price_text: str, reason: str) -> str:
    """Write the settlement of a market behind everything that a journal holds; return what it pays, in words."""
    from engine.trading.settlements import check_price, describe

    def settle(kept: "KeptMarkets", now_ns: int) -> "JournalWord":
        """Return the settlement."""
        if symbol not in kept.held or not (kept.held[symbol].net or symbol in kept.at_work):
            names = sorted(name for name, each in kept.held.items() if each.net or name in kept.at_work)
            raise EngineError(
                f"{directory}: nothing of {symbol!r} is held or at work; there is {', '.join(names) or 'nothing'}"
            )
        instrument = _as_written(kept.held[symbol])
        price = instrument.parse_price(price_text)
        check_price(instrument, price)
        words = f"{symbol}: {describe(kept.held[symbol], price)}"
        return JournalWord(instrument, words, lambda journal: journal.append_settle(instrument, price, 0, now_ns))

    return _write(directory, f"settle {symbol} {price_text}", reason, settle)


def hold_in_journal(directory: Path, symbol: str, net_text: str, cost_text: str, reason: str) -> str:
    """Write what is held of a market behind everything that a journal holds; return it, and what was before, in words.

    The journal must know the market: one that was traded, or held, under it.
    """
    from engine._decimal import parse_decimal
    from engine.journal.segments import RecordKind
    from engine.runtime.person import this_process
    from engine.trading.settlements import check_holding, describe_holding

    def hold(kept: "KeptMarkets", now_ns: int) -> "JournalWord":
        """Return the holding."""
        position = kept.held.get(symbol)
        if position is None:
            known = ", ".join(sorted(kept.held)) or "none"
            raise EngineError(
                f"{directory}: {symbol!r} is no market that was traded under this journal; there is {known}: start the"
                " engine with it, and say what is held while the market is closed"
            )
        instrument = _as_written(position)
        net = instrument.parse_size(net_text)
        cost = parse_decimal(cost_text, instrument.price_decimals + instrument.size_decimals)
        check_holding(instrument, position, net, cost)
        words = f"{symbol}: {describe_holding(instrument, position, net, cost)}, by {this_process()}: {reason}"
        numbers = 0, net, position.cash + position.cost - cost, cost
        return JournalWord(
            instrument, words, lambda journal: journal.append_state(RecordKind.RESTATE, numbers, words, now_ns)
        )

    return _write(directory, f"position {symbol} {net_text} {cost_text}", reason, hold)


class KeptMarkets(NamedTuple):
    """What a journal holds: positions by symbol, and the markets where orders may live."""

    held: dict[str, "Position"]
    at_work: set[str]


class JournalWord(NamedTuple):
    """What is to be written about a market, in words, and by a record."""

    instrument: "Instrument"
    words: str
    append: Callable[["Journal"], None]


def _write(directory: Path, asked: str, reason: str, make: Callable[[KeptMarkets, int], JournalWord]) -> str:
    """Write what `make` returns behind everything that a journal holds, which nobody else holds meanwhile."""
    from engine.journal.directory import OwnedDirectory
    from engine.journal.recovery import recover_all
    from engine.journal.segments import journal_paths
    from engine.journal.writer import Journal
    from engine.runtime.person import this_process

    if not directory.is_dir():
        raise ConfigError(f"{directory}: there is no journal to write to")
    owned, now_ns = OwnedDirectory(directory), time.time_ns()
    try:
        orders, portfolio = recover_all(journal_paths(directory))
        kept = KeptMarkets(
            {position.instrument.symbol: position for position in portfolio.gone()},
            {order.instrument.symbol for order in orders.live()},
        )
        entry = make(kept, now_ns)
        left = len(orders.live()) + sum(position.net != 0 for position in kept.held.values())
        nonce = f"{now_ns // 1_000_000:x}s"
        journal = Journal(directory, nonce, [entry.instrument], now_ns, sync=True, open_count=left, owned=owned)
    except BaseException:
        owned.release()
        raise
    try:
        journal.append_note(f"{asked} asked for by {this_process()}: {reason}", now_ns)
        entry.append(journal)
    finally:
        journal.close()
    return f"{entry.words}; the next start counts it"


def _as_written(position: "Position") -> "Instrument":
    """Return a market as a journal names it: it does not tell the limit, and a dollar is what a contract pays."""
    from engine.instrument import Instrument

    known = position.instrument
    written = Instrument(known.symbol, 0, None, price_decimals=known.price_decimals, size_decimals=known.size_decimals)
    written.limit = 10**known.price_decimals
    return written
