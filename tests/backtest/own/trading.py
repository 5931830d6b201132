"""A desk that trades on a generated exchange, and the same strategy again on the recording of it."""

from collections.abc import Sequence
from pathlib import Path

from engine.backtest.capture.frames import markets
from engine.backtest.clock import START_NS
from engine.backtest.generated.venue import GeneratedFeed, GeneratedVenue
from engine.backtest.history import timed
from engine.backtest.latency import Latency
from engine.backtest.own.again import OwnFill
from engine.backtest.runner import Ended, MovedRun, Runner
from engine.book import make_book
from engine.exchange.captured import LeftAhead
from engine.exchange.captures import LINEAR_CENT
from engine.exchange.liquidity import LiquiditySettings
from engine.instrument import Instrument
from engine.journal.writer import NullJournal
from engine.orders.orders import Orders
from engine.portfolio import Portfolio
from engine.risk import Risk
from engine.strategies.quoter import QuoterParameters, TwoSidedQuoter
from engine.strategy import Strategy
from engine.trading.assembly import Parts
from engine.units import Size
from engine.venue.fix44.dialect import Fix44
from engine.venue.kalshi.market_data import KalshiMarketData
from tests.backtest.test_runner import NoFees
from tests.support.recorded import MS
from tests.support.risks import NO_LIMITS

LATENCY = Latency(new_ns=1_300_001, cancel_ns=1_100_003, replace_ns=1_700_007, venue_delay_ns=90_011, answer_ns=900_013)
BUSY = LiquiditySettings(seed=1, rate=250.0, makers=3, depth=3, taker_share=0.15, max_qty=2_000)


def listed(count: int) -> list[Instrument]:
    return [Instrument(f"GEN-{number}", number, LINEAR_CENT, event=f"GEN-{number}") for number in range(count)]


def quoter(qty: int = 500) -> TwoSidedQuoter:
    return TwoSidedQuoter(QuoterParameters(qty=Size(qty), max_position=Size(40 * qty)))


def parts_of(found: Sequence[Instrument], strategy: Strategy) -> Parts:
    portfolio = Portfolio(found)
    return Parts(
        books=[make_book(each) for each in found],
        market_data=KalshiMarketData(found),
        decode_report=Fix44(found).decode,
        orders=Orders("B"),
        portfolio=portfolio,
        risk=Risk(NO_LIMITS, found, portfolio),
        journal=NullJournal(),
        strategy=strategy,
    )


def venue_of(seed: int, seconds: int, count: int = 2, latency: Latency = LATENCY) -> GeneratedVenue:
    settings = LiquiditySettings(**{name: getattr(BUSY, name) for name in BUSY.__struct_fields__} | {"seed": seed})
    return GeneratedVenue(listed(count), NoFees(), settings, latency, START_NS, START_NS + seconds * 1_000 * MS)


def traded(venue: GeneratedVenue, strategy: Strategy, count: int = 2) -> Ended:
    """Trade from the beginning of the venue to its end."""
    return MovedRun(parts_of(listed(count), strategy), venue, GeneratedFeed(venue), START_NS).run()


def again(
    recording: Path,
    strategy: Strategy,
    queue: LeftAhead | None,
    *,
    own_in_book: bool = True,
    latency: Latency = LATENCY,
) -> Ended:
    """Run a strategy on a recording."""
    known = markets([recording])
    known.sort(key=lambda each: each.symbol)
    instruments = [Instrument(each.symbol, at, LINEAR_CENT, event=each.event) for at, each in enumerate(known)]
    return Runner(
        lambda found: parts_of(found, strategy), instruments, timed([recording]), NoFees(), LATENCY,
        left_ahead=queue, own_in_book=own_in_book,
    ).run()  # fmt: skip


def fills(ended: Ended, until_ns: int) -> list[OwnFill]:
    found = [OwnFill(each.acted_ns, each.symbol, each.side, each.price, each.qty) for each in ended.fills]
    return [each for each in found if each.at_ns < until_ns]
