"""Backtests on quotes: what the arguments must say that quotes do not.

Errors  ConfigError where the size of a quote is not given, or pyarrow is not installed.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from engine.backtest.latency import Latency
from engine.errors import ConfigError

try:
    from engine.backtest.quotes import FIDELITY, QuoteAssumptions, QuoteHistory, is_quotes, quote_files
except ModuleNotFoundError as error:
    raise ConfigError(f"quotes want {error.name}: pip install 'fixlane[history]'") from None


class ToldQuotes(QuoteHistory):
    """Quotes, and what a result says of them."""

    fidelity = FIDELITY

    @property
    def told(self) -> list[str]:
        """Return what is assumed, in words."""
        return self.assumed.told(self.polled_ns)

    def slowed(self, latency: Latency) -> Latency:
        """Return a latency with which a request that is sent after one poll acts after the next."""
        return replace(
            latency if not self.polled_ns else replace(latency, tables={}),
            new_ns=max(latency.new_ns, self.polled_ns),
            cancel_ns=max(latency.cancel_ns, self.polled_ns),
            replace_ns=max(latency.replace_ns, self.polled_ns),
        )


def quote_history(paths: Sequence[Path], arguments: argparse.Namespace) -> ToldQuotes:
    """Return the quotes that the arguments name."""
    others = [path for path in paths if not is_quotes(path)]
    if others:
        raise ConfigError(f"--data {others[0]}: quotes and frames do not go together: name files of one kind")
    if not arguments.quote_size:
        raise ConfigError("--quote-size: quotes do not say how much they are good for: name the contracts")
    return ToldQuotes(quote_files(paths), QuoteAssumptions(arguments.quote_size, arguments.max_age))
