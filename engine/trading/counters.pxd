from libc.stdint cimport int64_t


cdef class Counters:
    cdef public int64_t frames, book_updates, bad_frames, unknown_frames, stale_updates, gaps, trades
    cdef public int64_t orders, acks, fills, cancels, replaces, rejects, cancel_rejects, risk_denials
    cdef public int64_t reports, duplicates, unknown_reports
    cdef public dict denials_by_code, rejects_by_reason, refusals_by_reason
