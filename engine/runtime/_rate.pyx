"""How often something may be done: a token bucket.

Units   tokens; times in ns of the caller's clock, which may stand still but gains nothing by going back.
Errors  ConfigError at construction.
Cost    a few ns from Cython.
Thread  the loop thread only.
"""

from libc.stdint cimport int64_t

from engine.errors import ConfigError

cdef enum:
    SECOND = 1_000_000_000


cdef class TokenBucket:
    """`burst` tokens, refilled by `per_second`; full at the start."""

    def __cinit__(self, int64_t per_second, int64_t burst):
        if not 0 < per_second <= SECOND or not 0 < burst <= SECOND:
            raise ConfigError(f"per_second and burst must be 1 to {SECOND}: {per_second}, {burst}")
        self._per_second = per_second
        self._full = self._level = burst * SECOND
        self._fill_ns = self._full // per_second + 1
        self._updated_ns = 0

    cpdef bint take(self, int64_t tokens, int64_t now_ns, int64_t reserve=0) except -1:
        """Take `tokens` if they leave `reserve`; answer whether they were taken."""
        self._refill(now_ns)
        if self._level // SECOND < tokens + reserve:
            return False
        self._level -= tokens * SECOND
        return True

    cpdef int drain(self, int64_t tokens, int64_t now_ns) except -1:
        """Take `tokens`, or what is left of them: for requests that are never held back."""
        self._refill(now_ns)
        self._level = self._level - tokens * SECOND if self._level // SECOND >= tokens else 0
        return 0

    cpdef int64_t available(self, int64_t now_ns) except -1:
        """Return the whole tokens that are left."""
        self._refill(now_ns)
        return self._level // SECOND

    def wait_ns(self, int64_t tokens, int64_t now_ns):
        """Return in how many ns `tokens` are there, if nobody takes any meanwhile; -1 if it never holds so many."""
        if tokens * SECOND > self._full:
            return -1
        self._refill(now_ns)
        cdef int64_t missing = tokens * SECOND - self._level
        return (missing + self._per_second - 1) // self._per_second if missing > 0 else 0

    def change(self, int64_t per_second, int64_t burst, int64_t now_ns):
        """Go on with another pace and size: what was spent stays spent. ConfigError, and nothing changed, as above."""
        cdef TokenBucket other = TokenBucket(per_second, burst)
        self._refill(now_ns)
        self._level = max(0, other._full - (self._full - self._level))
        self._full, self._per_second, self._fill_ns = other._full, per_second, other._fill_ns

    cdef int _refill(self, int64_t now_ns) except -1:
        cdef int64_t elapsed = now_ns - self._updated_ns
        if elapsed <= 0:
            return 0
        self._updated_ns = now_ns
        if elapsed >= self._fill_ns:
            self._level = self._full
        else:
            self._level = min(self._full, self._level + elapsed * self._per_second)
        return 0
