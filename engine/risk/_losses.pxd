cimport cython
from libc.stdint cimport int64_t


@cython.final
cdef class Losses:
    # By market. `swing` is what it makes of its result, L * net + D - U; `base` is what is certain without it, A - D.
    cdef int64_t[::1] swing, base, next  # the market after it in its event, -1 for the last
    # By event, at the same places as those of `RiskTables`
    cdef int64_t[::1] first, event_base, below, is_exclusive  # `below` is the sum of what swings below 0
    cdef int64_t[::1] least, least_at, second  # of what swings below 0, the two lowest; 0 and -1 where there is none

    cdef int grow(self, Py_ssize_t count) except -1
    cdef int place(self, Py_ssize_t market, Py_ssize_t event, bint is_exclusive) except -1
    cdef int remove(self, Py_ssize_t market, Py_ssize_t event) except -1
    cdef int put(self, Py_ssize_t market, Py_ssize_t event, int64_t base, int64_t swing) noexcept
    cdef int set_exclusive(self, Py_ssize_t event, bint is_exclusive) noexcept
    cdef int find_least(self, Py_ssize_t event) noexcept
    cdef int64_t of_market(self, Py_ssize_t market, int64_t more_no, int64_t more_yes) noexcept
    cdef int64_t of_event(self, Py_ssize_t market, Py_ssize_t event, int64_t more_no, int64_t more_yes) noexcept
    cdef int64_t event_now(self, Py_ssize_t event) noexcept
