"""Quotes as the frames of a feed that shows the best level of each side alone, so that any strategy runs on them.

Passive orders fill by the lower run: when the other side reaches their price, up to the size that is assumed. A touch
of the own side fills nothing. A quote older than `max_age_ns` is taken back; no price is no level.

Units   times in ns since 1970, prices and sizes as in the rows.
Errors  ConfigError names a market without a grid.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from engine._decimal import format_decimal
from engine.backtest.history import FLOOR_NS, TimedFrame
from engine.backtest.outcomes import MarketOutcome
from engine.backtest.rows.markets import MarketRow, read_markets
from engine.backtest.rows.quotes import NO_PRICE, POLLED, read_quotes
from engine.errors import ConfigError
from engine.exchange.captures import SNAPSHOT, Frame
from engine.instrument import Instrument

LIMIT = 10_000
FIDELITY = "top of book: neither queues nor sizes are known, fills are when the other side reaches a price"
_LEVELS = b'{"market_ticker":"%b","yes_dollars_fp":[%b],"no_dollars_fp":[%b]}'


class QuoteAssumptions(NamedTuple):
    """What quotes do not say: the size of each, once, and for how long one is believed."""

    size: int  # 0.01 contracts
    max_age_ns: int

    def told(self, polled_ns: int) -> list[str]:
        """Return these in words."""
        found = [f"quotes are of polls: a request acts on the next one, {polled_ns / 1e9:g} s on"] if polled_ns else []
        return found + [
            f"each quote is good for {self.size / 100:g} contracts, once",
            f"a quote is believed for {self.max_age_ns / 1e9:g} s",
            "markets close and pay as the table of markets says; what is inferred there is inferred here",
        ]


class QuoteHistory:
    """Days of quotes with what their markets came to; `polled_ns` is the longest usual time between two polls, or 0."""

    def __init__(self, paths: Sequence[Path], assumed: QuoteAssumptions) -> None:
        self.paths = list(paths)
        self.assumed = assumed
        self.polled_ns = 0
        self._known: dict[str, MarketRow] = {}
        frames = list(self._frames())
        if not frames:
            raise ConfigError("no quote in " + ", ".join(map(str, paths)))
        self.frames = sorted(frames, key=lambda each: each.recv_ns)
        self.instruments = [_instrument(row, index) for index, row in enumerate(self._known.values())]
        self.outcomes = {
            symbol: MarketOutcome(row.value, row.close_ns or 0, row.series) for symbol, row in self._known.items()
        }

    @property
    def values(self) -> dict[str, int]:
        """Return what the markets paid of which that is known."""
        return {symbol: each.value for symbol, each in self.outcomes.items() if each.value is not None}

    def _frames(self) -> Iterator[TimedFrame]:
        shown: dict[str, tuple[int, int]] = {}
        heard: dict[str, int] = {}
        for path in self.paths:
            about, columns = read_quotes(path)
            table = read_markets(path.parent.parent / "markets.parquet")
            if missing := [symbol for symbol in about.markets if symbol not in table or not table[symbol].bands]:
                raise ConfigError(f"{path}: no grid is known of {missing[0]}: convert the quotes anew")
            self._known |= {symbol: table[symbol] for symbol in about.markets}
            times = columns["recv_ns"].tolist()
            if columns["flags"].any() and int(columns["flags"][0]) & POLLED:
                self.polled_ns = max(self.polled_ns, _usual_ns(times))
            for recv_ns, place, bid, ask in zip(
                times, *(columns[name].tolist() for name in ("market", "bid", "ask")), strict=True
            ):
                symbol = about.markets[place]
                old_ns = heard.get(symbol, recv_ns) + self.assumed.max_age_ns
                if old_ns < recv_ns and shown[symbol] != (NO_PRICE, NO_PRICE):
                    shown[symbol] = NO_PRICE, NO_PRICE
                    yield self._frame(symbol, old_ns, NO_PRICE, NO_PRICE)
                heard[symbol] = recv_ns
                if shown.get(symbol) != (bid, ask):
                    shown[symbol] = bid, ask
                    yield self._frame(symbol, recv_ns, bid, ask)

    def _frame(self, symbol: str, recv_ns: int, bid: int, ask: int) -> TimedFrame:
        body = _LEVELS % (symbol.encode(), self._level(bid), self._level(LIMIT - ask if ask > 0 else NO_PRICE))
        return TimedFrame(recv_ns - FLOOR_NS, recv_ns, Frame(recv_ns, symbol, SNAPSHOT, body))

    def _level(self, price: int) -> bytes:
        if not 0 < price < LIMIT:
            return b""
        return b'["%b","%b"]' % (format_decimal(price, 4).encode(), format_decimal(self.assumed.size, 2).encode())


def is_quotes(path: Path) -> bool:
    """Return whether a path is a file of quotes, or a folder with some."""
    return path.parent.name == "quotes" if path.suffix == ".parquet" else any(path.glob("*/quotes/*.parquet"))


def quote_files(paths: Sequence[Path]) -> list[Path]:
    """Return the files of quotes that `paths` name, in order of their day."""
    found = [each for path in paths for each in (path.glob("*/quotes/*.parquet") if path.is_dir() else [path])]
    return sorted(found, key=lambda path: (path.name, path))


def _instrument(row: MarketRow, index: int) -> Instrument:
    return Instrument(row.ticker, index, row.bands, event=row.event, series=row.series, close_ns=row.close_ns or 0)


def _usual_ns(times: list[int]) -> int:
    """Return the time between two polls that 95 of 100 do not exceed."""
    polls = sorted(set(times))
    gaps = sorted(later - earlier for earlier, later in zip(polls, polls[1:], strict=False))
    return gaps[len(gaps) * 95 // 100] if gaps else 0
