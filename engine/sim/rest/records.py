"""What the server itself remembers of its venue, beside the venue's own records."""

from dataclasses import dataclass, field
from typing import Any

from engine.exchange.blocks import BlockTrades
from engine.sim.rest.communications.desk import QuoteDesk
from engine.sim.rest.communications.news import RfqNews
from engine.sim.rest.lag import ReadLag
from engine.sim.rest.minutes import Minutes


@dataclass(slots=True)
class RestRecords:
    """Prices by the minute, what accounts do not see yet, requests for quotes and the trades that they lead to, and by
    member how its cash is to be spread."""

    minutes: Minutes
    lag: ReadLag
    quotes: QuoteDesk
    news: RfqNews
    blocks: BlockTrades
    shares: dict[str, Any] = field(default_factory=dict)
