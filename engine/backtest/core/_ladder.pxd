# cython: overflowcheck=False, cdivision=True
"""One book as C holds it: a size for each rank of each side, a bit where there is one, and the best rank.

Units   prices and sizes as in the rows.
Shapes  row BIDS or ASKS; rank 0 is the best price that the grid has on that side, rank `capacity` is none.
Errors  `rank_of` is -1 for what the grid does not have.
"""
from libc.stdint cimport int16_t, int32_t, int64_t, uint64_t
from libc.stdlib cimport calloc, free
from libc.string cimport memset

cdef extern from *:
    """
    #define fixlane_ctz(x) __builtin_ctzll(x)
    """
    int count_zeros "fixlane_ctz" (uint64_t bits) noexcept nogil

cdef enum:
    BIDS = 0
    ASKS = 1
    QUIET = 0
    TOP_SIZE = 1  # what `place` says: the size at the best price moved
    TOP_PRICE = 2  # the best price moved

cdef struct Grid:
    int32_t capacity
    int32_t span  # prices are below it
    int32_t limit  # what a contract pays at most
    int16_t* slots  # by price, -1 where there is none
    int32_t* prices  # by slot

cdef struct Ladder:
    const Grid* grid
    int64_t* sizes[2]
    uint64_t* words[2]
    int32_t best[2]
    bint is_known  # false before the first snapshot, and from a loss to the next


cdef inline bint open_ladder(Ladder* book, const Grid* grid) noexcept nogil:
    """Make an empty book; false without memory."""
    cdef int row
    book.grid = grid
    for row in range(2):
        book.sizes[row] = <int64_t*>calloc(grid.capacity + 1, sizeof(int64_t))
        book.words[row] = <uint64_t*>calloc(grid.capacity // 64 + 1, sizeof(uint64_t))
        if book.sizes[row] == NULL or book.words[row] == NULL:
            return False
    clear(book)
    return True


cdef inline void close_ladder(Ladder* book) noexcept nogil:
    cdef int row
    for row in range(2):
        free(book.sizes[row])
        free(book.words[row])


cdef inline void clear(Ladder* book) noexcept nogil:
    cdef int row
    cdef int32_t capacity = book.grid.capacity
    book.is_known = False
    for row in range(2):
        memset(book.sizes[row], 0, (capacity + 1) * sizeof(int64_t))
        memset(book.words[row], 0, (capacity // 64 + 1) * sizeof(uint64_t))
        book.words[row][capacity >> 6] = <uint64_t>1 << (capacity & 63)  # ends every walk
        book.best[row] = capacity


cdef inline int32_t rank_of(const Grid* grid, int row, int64_t price) noexcept nogil:
    cdef int32_t slot
    if price < 0 or price >= grid.span:
        return -1
    slot = grid.slots[price]
    if slot < 0:
        return -1
    return slot if row == ASKS else grid.capacity - 1 - slot


cdef inline int32_t price_at(const Grid* grid, int row, int32_t rank) noexcept nogil:
    """Return the price of a rank below `capacity`."""
    return grid.prices[rank if row == ASKS else grid.capacity - 1 - rank]


cdef inline int32_t facing(const Grid* grid, int32_t rank) noexcept nogil:
    """Return the rank that the price of `rank` has on the other side."""
    return grid.capacity - 1 - rank


cdef inline int32_t next_rank(const Ladder* book, int row, int32_t rank) noexcept nogil:
    """Return the first rank from `rank` on that holds a size."""
    cdef const uint64_t* words = book.words[row]
    cdef int32_t word = rank >> 6
    cdef uint64_t bits = words[word] >> (rank & 63)
    if bits:
        return rank + count_zeros(bits)
    while not bits:
        word += 1
        bits = words[word]
    return (word << 6) + count_zeros(bits)


cdef inline int place(Ladder* book, int row, int32_t rank, int64_t size) noexcept nogil:
    """Hold `size` at `rank`; return what that moved."""
    cdef int64_t was = book.sizes[row][rank]
    cdef int32_t best = book.best[row]
    book.sizes[row][rank] = size
    if (was == 0) == (size == 0):
        return TOP_SIZE if rank == best and was != size else QUIET
    book.words[row][rank >> 6] ^= <uint64_t>1 << (rank & 63)
    if rank > best:
        return QUIET
    book.best[row] = rank if size else next_rank(book, row, rank)
    return TOP_PRICE
