"""The duplicate window: how many equal orders were sent lately.

Units   times in ns of the caller's clock, which may stand still but gains nothing by going back.
Shapes  a ring of the orders sent, newest last, each linked to the one before it in its hash bucket; it doubles when its
        oldest entry is still inside the window.
Errors  ConfigError at construction.
Cost    a few ns from Cython; it looks at equal orders and hash collisions only.
Thread  the loop thread only.
"""

from array import array

from libc.stdint cimport int64_t

from engine.errors import ConfigError

cdef enum:
    FIRST_CAPACITY = 64  # a power of two
    NO_SIDE = -1


cdef class DuplicateWindow:
    """Remembers orders for `window_ns`; one that left it exactly `window_ns` ago no longer counts."""

    def __cinit__(self, int64_t max_orders, int64_t window_ns):
        if max_orders < 1 or window_ns < 1:
            raise ConfigError(f"max_orders and window must be positive: {max_orders}, {window_ns} ns")
        self._max_orders = max_orders
        self._window_ns = window_ns
        self._reset(FIRST_CAPACITY)

    cpdef bint is_full(self, int64_t side, int64_t price, int64_t qty, int64_t now_ns) except -1:
        """Answer whether `max_orders` equal orders are in the window; `side` also names the market."""
        cdef int64_t seq = self._newest[self._bucket(side, price, qty)]
        cdef int64_t oldest = self._next - self._mask - 1
        cdef int64_t equal = 0
        cdef Py_ssize_t slot
        while seq >= 0 and seq >= oldest:
            slot = seq & self._mask
            if now_ns - self._sent_ns[slot] >= self._window_ns:
                break
            if self._side[slot] == side and self._price[slot] == price and self._qty[slot] == qty:
                equal += 1
                if equal >= self._max_orders:
                    return True
            seq = self._before[slot]
        return False

    cpdef int add(self, int64_t side, int64_t price, int64_t qty, int64_t now_ns) except -1:
        """Remember an order sent at `now_ns`."""
        cdef Py_ssize_t slot = self._next & self._mask
        if self._next > self._mask and now_ns - self._sent_ns[slot] < self._window_ns:
            self._grow()
        self._put(side, price, qty, now_ns)
        return 0

    def forget(self, *sides):
        """Take what was sent on these sides for nothing: another market has their place now."""
        cdef Py_ssize_t slot
        for slot in range(self._mask + 1):
            if self._side[slot] in sides:
                self._side[slot] = NO_SIDE

    @property
    def capacity(self):
        return self._mask + 1

    cdef int _put(self, int64_t side, int64_t price, int64_t qty, int64_t now_ns) except -1:
        cdef Py_ssize_t slot = self._next & self._mask
        cdef Py_ssize_t bucket = self._bucket(side, price, qty)
        self._side[slot] = side
        self._price[slot] = price
        self._qty[slot] = qty
        self._sent_ns[slot] = now_ns
        self._before[slot] = self._newest[bucket]
        self._newest[bucket] = self._next
        self._next += 1
        return 0

    cdef inline Py_ssize_t _bucket(self, int64_t side, int64_t price, int64_t qty) noexcept:
        return (side * 31 + (price & 0xFFFFFF) * 1009 + (qty & 0xFFFFFF) * 7) & self._mask

    cdef int _reset(self, Py_ssize_t capacity) except -1:
        self._mask = capacity - 1
        self._next = 0
        self._newest = array("q", [-1]) * capacity
        self._before = array("q", [-1]) * capacity
        self._side = array("q", [0]) * capacity
        self._price = array("q", [0]) * capacity
        self._qty = array("q", [0]) * capacity
        self._sent_ns = array("q", [0]) * capacity
        return 0

    cdef int _grow(self) except -1:
        """Double the ring; it is full, so its oldest entry stands where the next one would go."""
        cdef int64_t[::1] side = self._side, price = self._price, qty = self._qty, sent_ns = self._sent_ns
        cdef Py_ssize_t capacity = self._mask + 1, i, slot
        cdef Py_ssize_t oldest = self._next & self._mask
        self._reset(2 * capacity)
        for i in range(capacity):
            slot = (oldest + i) & (capacity - 1)
            self._put(side[slot], price[slot], qty[slot], sent_ns[slot])
        return 0
