"""Tags and message types of market data over FIX, spelled as in the standard, and the time of an entry.

Source  FIX 4.4 volume 3; TradeID(1003) and AggressorSide(2446) of FIX 5.0 SP2.
"""

from engine.codec import parse_timestamp
from engine.errors import DecodeError

MARKET_DATA_REQUEST = "V"
MARKET_DATA_SNAPSHOT = "W"
MARKET_DATA_INCREMENT = "X"
MARKET_DATA_REJECT = "Y"

NoRelatedSym = 146
MDReqID = 262
SubscriptionRequestType = 263
MarketDepth = 264  # 0 is the whole book
MDUpdateType = 265  # 1 is incremental
NoMDEntryTypes = 267
NoMDEntries = 268
MDEntryType = 269
MDEntryPx = 270
MDEntrySize = 271
MDEntryDate = 272
MDEntryTime = 273
MDEntryID = 278
MDUpdateAction = 279
MDReqRejReason = 281
TrdType = 828  # 1 is a block trade
TradeID = 1003
AggressorSide = 2446


def moment_ns(date: str, time: str) -> int:
    """Return a date `YYYYMMDD` and a time `HH:MM:SS.sss` as one time in ns; 0 where they say none."""
    try:
        return parse_timestamp(f"{date}-{time}".encode()) if date and time else 0
    except (DecodeError, UnicodeEncodeError):  # it decides nothing
        return 0
