# cython: nonecheck=True
"""How much of each limit over sums is used, and by which market: for views and warnings, off the path.

Units   as the limit's: sizes, money or a count.
Errors  none.
Cost    1 ns a market for each limit that is by market or event.
Thread  the loop thread only.
"""

from libc.stdint cimport int64_t

from engine.risk._checks cimport Risk
from engine.risk._exposure cimport Exposure

USED = (
    "max_open_orders", "max_open_cost", "max_daily_loss", "max_position", "max_event_position", "max_gross_position",
    "max_drawdown", "max_market_loss", "max_event_loss",
)  # fmt: skip

cdef enum:
    OPEN_ORDERS = 0  # the places there
    OPEN_COST = 1
    DAILY_LOSS = 2
    POSITION = 3
    EVENT_POSITION = 4
    GROSS_POSITION = 5
    DRAWDOWN = 6
    MARKET_LOSS = 7


def usage(Risk risk not None):
    """Return for each name of USED what is used, the limit, and the index of the market that uses most, else -1."""
    cdef Py_ssize_t kind, market
    rows = []
    for kind in range(len(USED)):
        used = used_of(risk, kind, &market)
        rows.append((USED[kind], used, getattr(risk.limits, USED[kind]), market))
    return rows


cdef int64_t used_of(Risk risk, Py_ssize_t kind, Py_ssize_t* market) except? -1:
    """Return what is used of a limit, 0 at least, and the market that uses most of it in `market`."""
    cdef Exposure exposure = risk.exposure
    market[0] = -1
    if kind == OPEN_ORDERS:
        return exposure.open_orders
    if kind == OPEN_COST:
        return exposure.open_cost
    if kind == GROSS_POSITION:
        return exposure.gross_position
    if kind == DAILY_LOSS:
        return max(0, -risk._portfolio.profit_of_day())
    if kind == DRAWDOWN:
        risk.has_lost()  # for the high of today
        return max(0, risk._high - risk._portfolio.profit_of_day())
    if kind == POSITION or kind == MARKET_LOSS:
        return most_of_market(exposure, kind, market)
    return most_of_event(exposure, kind, market)


cdef int64_t most_of_market(Exposure exposure, Py_ssize_t kind, Py_ssize_t* market) except? -1:
    cdef int64_t most = 0, used
    cdef Py_ssize_t each
    for each in range(len(exposure.worst)):
        used = exposure.worst[each] if kind == POSITION else -exposure.losses.of_market(each, 0, 0)
        if used > most:
            most, market[0] = used, each
    return most


cdef int64_t most_of_event(Exposure exposure, Py_ssize_t kind, Py_ssize_t* market) except? -1:
    cdef int64_t most = 0, used
    cdef Py_ssize_t event
    for event in range(len(exposure.event_worst)):
        if exposure.losses.first[event] < 0:
            continue
        used = exposure.event_worst[event] if kind == EVENT_POSITION else -exposure.losses.event_now(event)
        if used > most:
            most, market[0] = used, exposure.losses.first[event]
    return most
