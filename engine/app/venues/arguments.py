"""The commands `fixlane markets`, `book`, `account` and `history`: what they take.

Each imports what it does when it is called, so that every other command starts at once.
"""

from argparse import ArgumentParser, ArgumentTypeError, Namespace
from pathlib import Path

from engine.app.plugins import Subparsers

STATES = ("open", "paused", "closed", "determined", "settled", "all")


def add_commands(found: Subparsers) -> None:
    """Add a command for each thing that one looks at."""
    markets = _looking(found, "markets", "list a venue's markets")
    markets.add_argument("--series", action="append", default=[], metavar="S", help="of this series; several times")
    markets.add_argument("--event", action="append", default=[], metavar="E", help="of this event; several times")
    markets.add_argument("--status", choices=STATES, default="open", help="in this state (open)")
    markets.add_argument("--search", default="", metavar="TEXT", help="with this in a name or title, in any case")
    markets.add_argument("--limit", type=_positive, default=200, metavar="N", help="so many at most (200)")
    _add_forms(markets)
    markets.set_defaults(run=_markets)

    book = _looking(found, "book", "show one order book, in YES prices")
    book.add_argument("symbol", metavar="TICKER")
    book.add_argument("--depth", type=_positive, default=10, metavar="N", help="levels of each side (10)")
    _add_forms(book)
    book.set_defaults(run=_book)

    account = _looking(found, "account", "show what an account has at a venue: cash, positions, resting orders")
    part = account.add_mutually_exclusive_group()
    for name, text in (("orders", "resting orders"), ("fills", "fills"), ("positions", "positions")):
        part.add_argument(f"--{name}", dest="part", action="store_const", const=name, help=f"{text} alone")
    account.add_argument("--days", type=_positive, default=1, metavar="N", help="fills of so many days back (1)")
    _add_forms(account)
    account.set_defaults(run=_account)

    history = _looking(found, "history", "fetch markets, settlements, trades and candlesticks of the past")
    history.add_argument("--series", action="append", required=True, metavar="S", help="of this series; several times")
    history.add_argument("--from", dest="begin", required=True, metavar="DAY", help="from this day on, UTC")
    history.add_argument("--to", dest="end", metavar="DAY", help="up to the begin of this day; now without it")
    history.add_argument("--out", type=Path, required=True, metavar="DIR", help="the same again goes on")
    history.add_argument("--minutes", type=int, choices=(1, 60, 1440), default=1, help="of a candlestick (1)")
    history.set_defaults(run=_history)


def _looking(found: Subparsers, name: str, text: str) -> ArgumentParser:
    command = found.add_parser(name, help=text)
    command.add_argument("venue", metavar="VENUE", help="such as kalshi")
    command.add_argument("--env", default="demo", metavar="NAME", help="the venue's environment (demo)")
    command.add_argument("--url", help="its REST address, instead of the environment's")
    command.add_argument("--ca", type=Path, metavar="FILE", help="authorities to trust, instead of the system's")
    command.add_argument("--key-id-env", metavar="VARIABLE", help="environment variable with the API key's id")
    command.add_argument("--key-file", type=Path, metavar="FILE", help="its private key, in PEM")
    command.add_argument("--passphrase-env", metavar="VARIABLE", help="environment variable with the key's passphrase")
    return command


def _add_forms(command: ArgumentParser) -> None:
    form = command.add_mutually_exclusive_group()
    form.add_argument("--json", dest="form", action="store_const", const="json", help="as JSON")
    form.add_argument("--csv", dest="form", action="store_const", const="csv", help="as CSV")


def _positive(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 10**6:
        raise ArgumentTypeError(f"{text!r} must be a whole number above 0")
    return int(text)


def _markets(arguments: Namespace) -> int:
    from engine.app.venues.markets import run

    return run(arguments)


def _book(arguments: Namespace) -> int:
    from engine.app.venues.book import run

    return run(arguments)


def _history(arguments: Namespace) -> int:
    from engine.app.data.history.command import run

    return run(arguments)


def _account(arguments: Namespace) -> int:
    from engine.app.venues.account import run

    return run(arguments)
