"""Files of captured frames to `DIR/polymarket/depth/DAY.parquet` and `DIR/polymarket/markets.parquet`.

A file is cut at midnight UTC: a day begins with the books as they stood. A day that is converted again is written anew.

Errors  as `recording` and `engine.backtest.rows.convert`.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from engine.backtest.rows.checking import DataFinding
from engine.backtest.rows.convert import Capture, Day, DayPieces, write_days
from engine.backtest.rows.markets import read_markets
from engine.backtest.rows.polymarket.frames import BOOK, CHANGE, TRADE, read_token_frames
from engine.backtest.rows.polymarket.listing import TokenListing
from engine.backtest.rows.polymarket.recording import TokenRecording, grid_of

VENUE = "polymarket"
_SHOWING = frozenset((BOOK, CHANGE, TRADE))


def convert_tokens(paths: Sequence[Path], out: Path, told: Callable[[DataFinding], object]) -> Iterator[Day]:
    """Write the rows of files; yield each day when it is written. `told` hears what is odd in them."""
    known = read_markets(out / VENUE / "markets.parquet")
    listing = TokenListing(paths, known)
    pending = [_pieces(path, listing, told) for path in paths if _refuse_without_grid(path, listing)]
    yield from write_days(pending, out / VENUE, listing.rows())


def _pieces(path: Path, listing: TokenListing, told: Callable[[DataFinding], object]) -> DayPieces:
    recording = TokenRecording(path, listing, told)
    first_ns = next(frame.heard_ns for frame in read_token_frames(path))
    return DayPieces(Capture((path,), "", first_ns), recording, recording.days())


def _refuse_without_grid(path: Path, listing: TokenListing) -> bool:
    """Raise ConfigError for a market without a grid, before anything is written; return whether a file shows any."""
    shown = {
        message.market
        for frame in read_token_frames(path)
        for message in frame.messages
        if message.event_type in _SHOWING and message.market and listing.markets[message.market].tokens
    }
    for condition in sorted(shown):
        grid_of(path, listing.markets[condition])
    return bool(shown)
