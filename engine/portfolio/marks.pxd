from libc.stdint cimport int64_t

cdef int64_t _NO_BID, _NO_ASK

cpdef int64_t mark_of_long(int64_t best_bid) noexcept
cpdef int64_t mark_of_short(int64_t best_ask, int64_t limit, int64_t last) noexcept
