"""Requests for quotes and quotes, as a venue's feed tells them.

Units   prices, sizes and money as in the venue's instruments; times in ns since 1970. -1 is what was not said.
"""

import msgspec


class QuoteRequestNews(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody asks for quotes in a market, for so many contracts or so much money; or does not any more."""

    request_id: str
    symbol: str
    is_open: bool
    creator: str = ""
    event: str = ""
    qty: int = -1
    cost: int = -1
    time_ns: int = 0


class QuoteNews(msgspec.Struct, frozen=True, kw_only=True):
    """One quote that concerns us: `stage` is "created", "accepted" or "executed".

    `bid` is what it pays for YES, `ask` what it takes for it; `accepted_outcome` is which of them was accepted, in the
    venue's word.
    """

    quote_id: str
    request_id: str
    symbol: str
    stage: str
    bid: int = -1
    ask: int = -1
    bid_qty: int = -1
    ask_qty: int = -1
    accepted_outcome: str = ""
    accepted_qty: int = -1
    order_id: str = ""
    cl_ord_id: str = ""
    maker: str = ""
    taker: str = ""
    time_ns: int = 0
