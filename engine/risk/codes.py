"""What pre-trade risk answers, and the states of the kill switch."""

from enum import IntEnum


class RiskReject(IntEnum):
    """Why a request was denied; `text` says it to a person."""

    text: str

    def __new__(cls, code: int, text: str) -> "RiskReject":
        member = int.__new__(cls, code)
        member._value_ = code
        member.text = text
        return member

    NONE = 0, "passed"
    HALTED = 1, "trading is halted"
    REDUCE_ONLY = 2, "only orders that reduce the position are allowed"
    DAILY_LOSS = 3, "today's loss is beyond its limit"
    UNKNOWN_MARKET = 4, "risk does not know this market"
    RESTRICTED = 5, "the market is on the restricted list"
    MARKET_STOPPED = 6, "the market takes no orders now; status says why"
    SIDE = 7, "the side is neither buy nor sell"
    ORD_TYPE = 8, "the order type is neither limit nor market"
    QTY = 9, "nothing would be left to trade"
    PRICE_BAND = 10, "the price is outside the venue's band"
    PRICE_GRID = 11, "the price is off the grid"
    MAX_ORDER_QTY = 12, "the quantity is above the limit of one order"
    MAX_ORDER_NOTIONAL = 13, "price times quantity is above the limit of one order"
    MAX_ORDER_COST = 14, "the worst-case cost is above the limit of one order"
    BOOK_MISSING = 15, "the market has no book"
    BOOK_STALE = 16, "the book is stale"
    BOOK_CROSSED = 17, "the book is crossed"
    BOOK_OLD = 18, "the feed of the book has been silent for too long"
    BOOK_EMPTY = 19, "the book has no price to measure the collar from"
    PRICE_COLLAR = 20, "the price is too far through the book"
    SELF_MATCH = 21, "the order would trade with one of ours"
    MAX_OPEN_ORDERS = 22, "too many open orders"
    MAX_OPEN_COST = 23, "the worst-case cost of all open orders is above its limit"
    MAX_POSITION = 24, "the position could pass the limit of one market"
    MAX_EVENT_POSITION = 25, "the position could pass the limit of one event"
    MAX_GROSS_POSITION = 26, "the position could pass the limit over all markets"
    DUPLICATE = 27, "the same order was sent too often in the window"
    RATE = 28, "too many requests"
    TIME_IN_FORCE = 29, "the time in force is none of FIX's, or lacks the time at which it ends"
    DRAWDOWN = 30, "the loss from the day's high is beyond its limit"
    MAX_MARKET_LOSS = 31, "the market could lose more than its limit"
    MAX_EVENT_LOSS = 32, "the event could lose more than its limit"
    NOT_OFFERED = 50, "the venue does not take these options of an order; the log says why"


class TradingState(IntEnum):
    """The kill switch; cancels pass in every state."""

    ACTIVE = 0
    REDUCE_ONLY = 1
    HALT = 2
