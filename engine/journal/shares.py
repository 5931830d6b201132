"""What each of several strategies holds of one account, as records of a snapshot, and back.

Shapes  for each share SHARE_DAY, with the money of forgotten markets and the day, then a SHARE for each market that it
        knows something of; the text begins with the name of the strategy, empty for what is nobody's. A journal without
        them is that of an engine with one strategy: what it left is nobody's.
Units   as in `instrument`.
"""

from collections.abc import Callable, Iterator, Mapping

import msgspec

from engine.fix import SOH
from engine.instrument import Instrument
from engine.journal.framing import Record
from engine.journal.segments import Listing, RecordKind
from engine.portfolio import Portfolio
from engine.portfolio.shared import SharedPortfolio


def share_records(portfolio: Portfolio) -> Iterator[tuple[int, tuple[int, ...], str]]:
    """Return the kind, numbers and text of each record; none for an account that is not shared."""
    if not isinstance(portfolio, SharedPortfolio):
        return
    for name, share in portfolio.shares.items():
        yield RecordKind.SHARE_DAY, (*share.past(), *share.day()), name
        for position in share:
            if any(held := share.holding(position.instrument)):
                yield RecordKind.SHARE, (position.instrument.index, *held), name
        for position in share.gone():
            gone = position.instrument
            listing = Listing(gone.symbol, gone.price_decimals, gone.size_decimals)
            text = SOH.join((name, msgspec.json.encode(listing).decode()))
            yield RecordKind.SHARE, (-1, *share.holding(gone)), text


def take_share(
    portfolio: Portfolio,
    record: Record,
    table: Mapping[int, Instrument],
    instrument_of: Callable[[Listing], Instrument],
) -> None:
    """Take one of the records; of an account that is not shared any more nothing is kept."""
    if not isinstance(portfolio, SharedPortfolio):
        return
    name, _, listed = record.text.partition(SOH)
    if record.kind == RecordKind.SHARE_DAY:
        *past, start_ns, start_pnl = record.numbers
        share = portfolio.renewed(name)
        share.restore_past(*past)
        share.restore_day(start_ns, start_pnl)
        return
    index, *held = record.numbers
    instrument = instrument_of(msgspec.json.decode(listed, type=Listing)) if listed else table[index]
    portfolio.share(name).restore_holding(instrument, *held)
