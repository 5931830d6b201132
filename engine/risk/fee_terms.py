"""What a configuration says about fees, for the venue's own rule to work by.

Units   a percentage of the taker's fee, thousandths of the fee rate, decimals of a dollar.
Errors  ConfigError for terms that cannot be.
"""

from engine.errors import ConfigError
from engine.instrument import Instrument
from engine.units import Count, Section

_LARGEST_MULTIPLIER = 1_000_000  # thousandths


class SeriesFees(Section, frozen=True, kw_only=True):
    """What differs for the markets whose event, or symbol, begins with `prefix`."""

    prefix: str
    maker_percent: Count = 0
    multiplier_milli: Count = 1_000

    def __post_init__(self) -> None:
        if not self.prefix:
            raise ConfigError("prefix must not be empty: the terms for all other markets stand under [fees]")
        _prove(self.maker_percent, self.multiplier_milli)


class FeeTerms(Section, frozen=True, kw_only=True):
    """How the venue charges this account: in general, and by series of markets."""

    account_decimals: Count = 4
    maker_percent: Count = 0
    multiplier_milli: Count = 1_000
    series: tuple[SeriesFees, ...] = ()

    def __post_init__(self) -> None:
        _prove(self.maker_percent, self.multiplier_milli)
        if self.account_decimals > 9:
            raise ConfigError(f"account_decimals must be 0 to 9, not {self.account_decimals}")
        prefixes = [each.prefix for each in self.series]
        if twice := sorted({prefix for prefix in prefixes if prefixes.count(prefix) > 1}):
            raise ConfigError(f"series has {', '.join(twice)} twice")

    def of(self, instrument: Instrument) -> tuple[int, int]:
        """Return (multiplier_milli, maker_percent) of a market: those of the longest prefix that is its own."""
        own = [each for each in self.series if instrument.event.startswith(each.prefix)]
        own += [each for each in self.series if instrument.symbol.startswith(each.prefix)]
        if not own:
            return self.multiplier_milli, self.maker_percent
        series = max(own, key=lambda each: len(each.prefix))
        return series.multiplier_milli, series.maker_percent


def _prove(maker_percent: int, multiplier_milli: int) -> None:
    if maker_percent > 100:
        raise ConfigError(f"maker_percent must be 0 to 100, not {maker_percent}")
    if multiplier_milli > _LARGEST_MULTIPLIER:
        raise ConfigError(f"multiplier_milli must be 0 to {_LARGEST_MULTIPLIER}, not {multiplier_milli}")
