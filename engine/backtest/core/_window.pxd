# cython: overflowcheck=False, cdivision=True
"""Pages of mapped rows, given back behind the two views: a pass over a long day holds a part of it in memory.

Only pages that a file stands behind may be given back: touched again, they are read again.
"""
from posix.mman cimport MADV_DONTNEED, madvise

from engine.backtest.core._state cimport Columns, Pass

cdef enum:
    WINDOW_ROWS = 1 << 20
    PAGE = 65536  # a multiple of any that there is
    NO_WINDOW = 0x7fffffffffffffff


cdef inline void drop_behind(Pass* run) noexcept nogil:
    """Give back the pages of rows that both views have passed, but for the last window of them."""
    cdef Columns* rows = &run.rows
    cdef Py_ssize_t first = run.dropped, end = min(run.feed_at, run.venue_at) - WINDOW_ROWS // 4
    run.window_at = run.feed_at + WINDOW_ROWS
    if end <= first:
        return
    drop(<char*>rows.recv_ns, 8, first, end)
    drop(<char*>rows.venue_ns, 8, first, end)
    drop(<char*>rows.size, 8, first, end)
    drop(<char*>rows.market, 4, first, end)
    drop(<char*>rows.price, 4, first, end)
    drop(<char*>rows.join, 4, first, end)
    drop(<char*>rows.order, 4, first, end)
    drop(<char*>rows.kind, 1, first, end)
    drop(<char*>rows.flags, 1, first, end)
    drop(<char*>rows.side, 1, first, end)
    run.dropped = end


cdef inline void drop(char* column, Py_ssize_t width, Py_ssize_t first, Py_ssize_t end) noexcept nogil:
    """Give back the whole pages of a column between two rows."""
    cdef size_t begin = (<size_t>(column + first * width) + PAGE - 1) // PAGE * PAGE
    cdef size_t stop = <size_t>(column + end * width) // PAGE * PAGE
    if stop > begin:
        madvise(<void*>begin, stop - begin, MADV_DONTNEED)
