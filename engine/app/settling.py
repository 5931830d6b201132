"""The commands `fixlane settle` and `fixlane position`: what a person knows where no venue says it.

`settle` pays what a market turned out to be worth; `position` says what is held and what it cost.

A running engine is asked by its control socket. Where none runs the settlement is written to its journal, for the next
start: also of a market that the configuration does not name any more.

Errors  ConfigError for an engine or journal that is not found, EngineError for a settlement that is refused.
"""

import time
from argparse import Namespace
from pathlib import Path

from engine.app.operating import add_place, add_reason, place_of
from engine.app.plugins import Subparsers
from engine.errors import ConfigError, EngineError


def add_commands(found: Subparsers) -> None:
    """Add `settle` and `position`."""
    settle = found.add_parser("settle", help="pay out a position in a market that is over")
    settle.add_argument("symbol", metavar="SYMBOL")
    settle.add_argument("price", metavar="PRICE", help="what one contract paid, such as 1, 0 or 0.37")
    add_place(settle)
    add_reason(settle)
    settle.set_defaults(run=run)
    hold = found.add_parser("position", help="say what is held of a market, where no venue and no fill can")
    hold.add_argument("config", type=Path, metavar="CONFIG", help="of the running engine, sound or not")
    hold.add_argument("symbol", metavar="SYMBOL")
    hold.add_argument("net", metavar="NET", help="contracts, such as 5, or -5 for a short position")
    hold.add_argument("cost", metavar="COST", help="what they cost in all, in dollars; 0 or less for a short position")
    hold.add_argument("--reason", required=True, help="kept in the journal")
    hold.set_defaults(run=run_position, state_dir=None)


def run(arguments: Namespace) -> int:
    """Settle by the running engine, or else in its journal; print what was paid."""
    from engine.ops import control

    state_dir, reason = place_of(arguments), control.plain(arguments.reason)
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
    """Have the running engine hold what a person says; print what was held before."""
    from engine.ops import control

    request = {"symbol": arguments.symbol, "net": arguments.net, "cost": arguments.cost}
    reason = control.plain(arguments.reason)
    if not reason:
        raise ConfigError("say why: --reason TEXT")
    print(control.read_answer(control.ask(place_of(arguments), "position", reason, request), "held")["held"])
    return 0


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
    from engine.instrument import Instrument
    from engine.journal.recovery import recover_all
    from engine.journal.segments import journal_paths
    from engine.journal.writer import Journal
    from engine.runtime.person import this_process
    from engine.trading.settlements import check_price, describe

    orders, portfolio = recover_all(journal_paths(directory))
    held = {position.instrument.symbol: position for position in portfolio.gone()}
    at_work = {order.instrument.symbol for order in orders.live()}
    if symbol not in held or not (held[symbol].net or symbol in at_work):
        names = sorted(name for name, position in held.items() if position.net or name in at_work)
        raise EngineError(
            f"{directory}: nothing of {symbol!r} is held or at work; there is {', '.join(names) or 'nothing'}"
        )
    known = held[symbol].instrument
    instrument = Instrument(symbol, 0, None, price_decimals=known.price_decimals, size_decimals=known.size_decimals)
    instrument.limit = 10**known.price_decimals  # a journal does not tell, and a dollar is what a contract pays
    price = instrument.parse_price(price_text)
    check_price(instrument, price)
    left = len(orders.live()) + sum(position.net != 0 for position in held.values())
    now_ns = time.time_ns()
    journal = Journal(directory, f"{now_ns // 1_000_000:x}s", [instrument], now_ns, sync=True, open_count=left)
    try:
        journal.append_note(f"settle {symbol} {price_text} asked for by {this_process()}: {reason}", now_ns)
        journal.append_settle(instrument, price, 0, now_ns)
    finally:
        journal.close()
    return f"{symbol}: {describe(held[symbol], price)}; the next start counts it"
