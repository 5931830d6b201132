"""Price-level order book of one instrument with a bounded price grid.

Units   prices and sizes as in `instrument` (int64); a size is at most MAX_SIZE.
Shapes  per side one row of len(grid) sizes, best possible price first: asks ascending, bids descending; the row of a
        side is `side - 1`. A rank is a place in that row; a bitmap marks the ranks that hold a size, and rank
        len(grid) stands for "no level".
Errors  none for an update: STALE says that it does not fit the book, which then refuses all but a snapshot.
        ValueError for a side that is none; ConfigError for a grid too wide.
Cost    O(1) per level, at most len(grid) / 64 words to the next best one; no allocation after construction.
Thread  the loop thread only.
Source  Kalshi WebSocket: orderbook_snapshot, then orderbook_delta.
"""

from libc.stdint cimport INT16_MAX, INT64_MAX, INT64_MIN, int16_t, int64_t, uint64_t

from engine.errors import ConfigError

cdef extern from *:
    int count_trailing_zeros "__builtin_ctzll"(unsigned long long bits) noexcept nogil

NO_BID = INT64_MIN
NO_ASK = INT64_MAX
# MAX_SIZE at every price of the widest grid still costs less than 2**63.
cdef int64_t LARGEST = 10**11
MAX_SIZE = LARGEST
cdef uint64_t BIT = 1
cdef dict ladders = {}  # by grid; a venue has a dozen grids


cdef class _Ladder:
    """The way between prices and ranks, shared by all books of one grid."""

    cdef const int16_t[:, ::1] ranks
    cdef const int64_t[:, ::1] prices
    cdef tuple bid_prices, ask_prices  # `prices` as objects: reading a best price makes no new one

    def __cinit__(self, grid):
        cdef Py_ssize_t last = len(grid) - 1, slot
        cdef int64_t price
        if last >= INT16_MAX or sum(grid.prices) > INT64_MAX // LARGEST:
            raise ConfigError(f"price grid of {len(grid)} prices up to {grid.prices[last]} is too wide for Book")
        cdef int16_t[:, ::1] ranks = two_rows("h", len(grid.slot_of))
        cdef int64_t[:, ::1] prices = two_rows("q", len(grid) + 1)
        ranks[:, :] = -1
        for slot, price in enumerate(grid.prices):
            ranks[BIDS, price], ranks[ASKS, price] = last - slot, slot
            prices[BIDS, last - slot] = prices[ASKS, slot] = price
        prices[BIDS, last + 1], prices[ASKS, last + 1] = INT64_MIN, INT64_MAX
        self.ranks, self.prices = ranks, prices
        self.bid_prices, self.ask_prices = tuple(prices[BIDS]), tuple(prices[ASKS])


cdef class Book:
    """L2 book of `instrument`, empty and stale until its first snapshot.

    `updated_ns` and `is_dirty` belong to the caller; the book never touches them.
    """

    def __cinit__(self, instrument, int watch_depth=1):
        if instrument.grid is None:
            raise ConfigError(f"{instrument!r} has no price grid: use SortedBook")
        if watch_depth < 0:
            raise ConfigError(f"watch_depth must be 0 or more, not {watch_depth}")
        self.instrument = instrument
        self.index = instrument.index
        self.watch_depth = watch_depth
        self.use_grid()

    def use_grid(self):
        """Hold the prices of the instrument's grid as it is now: empty and stale until the next snapshot."""
        cdef object grid = self.instrument.grid
        cdef _Ladder ladder = ladders.get(grid)
        if ladder is None:
            ladder = ladders[grid] = _Ladder(grid)
        self.capacity = len(grid)
        self.ranks, self.prices = ladder.ranks, ladder.prices
        self.bid_prices, self.ask_prices = ladder.bid_prices, ladder.ask_prices
        self.sizes = two_rows("q", self.capacity + 1)
        self.words = two_rows("Q", self.capacity // 64 + 1)
        self.clear()

    def apply(self, int side, int64_t price, int64_t change):
        """Change the size at `price`; MOVED if that is among the best `watch_depth` levels or the best price moved."""
        return self.apply_level(side, price, change)

    def apply_many(self, const int64_t[::1] sides, const int64_t[::1] prices, const int64_t[::1] changes):
        """Apply deltas in order up to the first stale one; return how many were applied."""
        cdef Py_ssize_t i, count = len(changes)
        cdef int side
        if len(sides) != count or len(prices) != count:
            raise ValueError(f"apply_many of {len(sides)} sides, {len(prices)} prices, {count} changes")
        for i in range(count):
            side = <int>sides[i] if BID <= sides[i] <= ASK else NO_SIDE
            if self.apply_level(side, prices[i], changes[i]) == STALE:
                return i
        return count

    def set_level(self, int side, int64_t price, int64_t size):
        """Make `size` the size at `price`, 0 for no level; the outcome as of `apply`."""
        cdef Py_ssize_t rank = self.rank_of(side - 1, price)
        if rank < 0 or self.is_stale or size < 0 or size > LARGEST:
            return self.fail()
        self.updates += 1
        return self.place(side - 1, rank, size)

    def snapshot(self, bids, asks):
        """Replace the book by (price, size) pairs in any order: MOVED, or STALE and an empty book if one is wrong."""
        self.clear()
        if not (self.load(BIDS, bids) and self.load(ASKS, asks)):
            self.clear()
            return STALE
        self.is_stale = False
        self.updates += 1
        return MOVED

    def mark_stale(self):
        """Refuse updates until the next snapshot."""
        self.is_stale = True

    @property
    def best_bid(self):
        """Return the highest bid price, NO_BID without one."""
        return self.bid_prices[self.best[BIDS]]

    @property
    def best_ask(self):
        """Return the lowest ask price, NO_ASK without one."""
        return self.ask_prices[self.best[ASKS]]

    @property
    def best_bid_size(self):
        """Return the size at the best bid, 0 without one."""
        return self.sizes[BIDS, self.best[BIDS]]

    @property
    def best_ask_size(self):
        """Return the size at the best ask, 0 without one."""
        return self.sizes[ASKS, self.best[ASKS]]

    @property
    def is_crossed(self):
        """Return whether the best bid is at or above the best ask: a match that is told in parts, or a fault."""
        return self.top(BIDS) >= self.top(ASKS)

    def size_at(self, int side, int64_t price):
        """Return the size at `price`, 0 where there is none."""
        cdef int row = row_of(side)
        cdef Py_ssize_t rank = self.rank_of(row, price)
        return self.sizes[row, rank] if rank >= 0 else 0

    def depth(self, int side, Py_ssize_t levels):
        """Return up to `levels` pairs (price, size), best first."""
        cdef int row = row_of(side)
        cdef Py_ssize_t rank = self.best[row]
        cdef list pairs = []
        while rank < self.capacity and len(pairs) < levels:
            pairs.append((self.prices[row, rank], self.sizes[row, rank]))
            rank = self.next_rank(row, rank + 1)
        return pairs

    def sweep(self, int side, int64_t qty, int64_t limit_price):
        """Return (filled_qty, cost, worst_price) of taking `qty` from `side` at `limit_price` or better."""
        cdef int row = row_of(side)
        cdef Py_ssize_t rank = self.best[row]
        cdef int64_t price, take, filled = 0, cost = 0, worst = self.prices[row, self.capacity]
        while filled < qty and rank < self.capacity:
            price = self.prices[row, rank]
            if (price < limit_price) if row == BIDS else (price > limit_price):
                break
            take = min(self.sizes[row, rank], qty - filled)
            filled += take
            cost += take * price
            worst = price
            rank = self.next_rank(row, rank + 1)
        return filled, cost, worst

    def _check(self):
        """Assert every invariant of the book."""
        cdef int row
        for row in (BIDS, ASKS):
            held = []
            for rank in range(self.capacity):
                size = self.sizes[row, rank]
                assert 0 <= size <= LARGEST, f"row {row} rank {rank}: size {size}"
                assert self.rank_of(row, self.prices[row, rank]) == rank, f"row {row} rank {rank}: ladder"
                if size:
                    held.append(rank)
            held.append(self.capacity)
            bitmap = [word * 64 + bit for word in range(self.words.shape[1]) for bit in range(64)
                      if self.words[row, word] >> bit & 1]
            assert bitmap == held, f"row {row}: bitmap {bitmap}, sizes {held}"
            assert self.sizes[row, self.capacity] == 0, f"row {row}: a size beyond the grid"
            assert self.best[row] == held[0], f"row {row}: best {self.best[row]}, scan {held[0]}"
            edge = held[min(self.watch_depth, len(held)) - 1] if self.watch_depth else -1
            assert self.edge[row] == edge, f"row {row}: watched to {self.edge[row]}, scan {edge}"

    cdef int apply_level(self, int side, int64_t price, int64_t change) noexcept nogil:
        """`apply` for other Cython code."""
        cdef int row = side - 1
        cdef Py_ssize_t rank = self.rank_of(row, price)
        cdef int64_t size
        if rank < 0 or self.is_stale:
            return self.fail()
        size = self.sizes[row, rank]
        if change < -size or change > LARGEST - size:
            return self.fail()
        self.updates = self.updates + 1  # not in place, which Cython cannot check for overflow here
        return self.place(row, rank, size + change)

    cdef int64_t top(self, int row) noexcept nogil:
        """Return the best price of a row, NO_BID or NO_ASK where it is empty."""
        return self.prices[row, self.best[row]]

    cdef Py_ssize_t rank_of(self, int row, int64_t price) noexcept nogil:
        """Rank of `price` in `row`, -1 where the grid has no such price or there is no such row."""
        if row < BIDS or row > ASKS or price < 0 or price >= self.ranks.shape[1]:
            return -1
        return self.ranks[row, price]

    cdef int place(self, int row, Py_ssize_t rank, int64_t size) noexcept nogil:
        """Hold `size` at `rank`; keep bitmap, best and watched edge."""
        cdef Py_ssize_t best = self.best[row], edge = self.edge[row]
        cdef int64_t was = self.sizes[row, rank]
        if size == was:
            return QUIET
        self.sizes[row, rank] = size
        if was == 0 or size == 0:  # a level came or went
            self.words[row, rank >> 6] ^= BIT << (rank & 63)
            if rank <= best:
                self.best[row] = self.next_rank(row, rank)
            if rank <= edge:
                self.edge[row] = self.last_watched(row)
        return MOVED if rank <= edge or self.best[row] != best else QUIET

    cdef Py_ssize_t next_rank(self, int row, Py_ssize_t rank) noexcept nogil:
        """First rank from `rank` on that holds a size; the bit at `capacity` is always set and ends the walk."""
        cdef Py_ssize_t word = rank >> 6
        cdef uint64_t bits = self.words[row, word] >> (rank & 63)
        if bits:
            return rank + count_trailing_zeros(bits)
        while not bits:
            word += 1
            bits = self.words[row, word]
        return (word << 6) + count_trailing_zeros(bits)

    cdef Py_ssize_t last_watched(self, int row) noexcept nogil:
        """Rank of the level number `watch_depth`, at least 1; `capacity` where there are fewer levels."""
        cdef Py_ssize_t rank = self.best[row]
        cdef int seen = 1
        while seen < self.watch_depth and rank < self.capacity:
            rank = self.next_rank(row, rank + 1)
            seen += 1
        return rank

    cdef int fail(self) noexcept nogil:
        self.is_stale = True
        return STALE

    cdef void clear(self) noexcept:
        """Empty both sides; only a snapshot makes the book fresh."""
        cdef int row
        self.is_stale = True
        self.sizes[:, :] = 0
        self.words[:, :] = 0
        for row in range(2):
            self.words[row, self.capacity >> 6] = BIT << (self.capacity & 63)
            self.best[row] = self.capacity
            self.edge[row] = self.capacity if self.watch_depth else -1

    cdef bint load(self, int row, levels) except *:
        """Add the levels of a snapshot to an empty side, but for those of size 0; false at one that cannot be."""
        cdef int64_t price, size
        cdef Py_ssize_t rank
        for price, size in levels:
            rank = self.rank_of(row, price)
            if rank < 0 or size < 0 or size > LARGEST or (size and self.sizes[row, rank]):
                return False
            if size:
                self.place(row, rank, size)
        return True


cdef int row_of(int side) except -1:
    if side < BID or side > ASK:
        raise ValueError(f"side must be BID ({BID}) or ASK ({ASK}), not {side}")
    return side - 1


cdef two_rows(str code, Py_ssize_t columns):
    """Two zeroed rows, BIDS and ASKS, of `columns` items of the array type `code`."""
    return memoryview(bytearray(2 * columns * (2 if code == "h" else 8))).cast(code, (2, columns))
