"""Which order has a ClOrdID(11): ids of our own making are a prefix and a number, and found by the number in a list.

Shapes  numbers rise by one from the first that was kept; ids with another prefix, or far from the others, are in a
        dictionary.
Errors  none: an id that was never kept, or was trimmed, has no order.
Cost    the prefix compared and a few digits read; 8 bytes an id, and no pause to rehash.
Thread  the loop thread only.
"""

cimport cython
from cpython.unicode cimport PyUnicode_DecodeLatin1
from libc.stdint cimport int64_t
from libc.string cimport memcmp, memcpy

from engine._decimal cimport format_chars
from engine._text cimport PyUnicode_1BYTE_DATA, PyUnicode_1BYTE_KIND, PyUnicode_GET_LENGTH, PyUnicode_KIND
from engine.orders.order cimport Order

cdef enum:
    MOST_DIGITS = 18
    LONGEST_PREFIX = 64
    WIDEST_GAP = 1024  # numbers that named no order, such as those of mass cancels


@cython.final
cdef class OrderIds:
    """`prefix` is ASCII of at most 64 characters; `last` is the number that was given out last."""

    def __cinit__(self, str prefix not None):
        if len(prefix) > LONGEST_PREFIX or not prefix.isascii():
            raise ValueError(f"prefix {prefix!r} is not ASCII of at most {LONGEST_PREFIX} characters")
        self.prefix = prefix
        self.numbered = []
        self.strangers = {}

    cpdef str take(self):
        """Return an id that was never given out."""
        cdef unsigned char[LONGEST_PREFIX + 24] text
        cdef Py_ssize_t size = PyUnicode_GET_LENGTH(self.prefix)
        self.last += 1
        memcpy(text, PyUnicode_1BYTE_DATA(self.prefix), size)
        size += format_chars(self.last, 0, text + size)
        return PyUnicode_DecodeLatin1(<char*>text, size, NULL)

    cpdef int restore(self, str cl_ord_id) except -1:
        """Never give out this id again."""
        self.last = max(self.last, self.number_of(cl_ord_id))
        return 0

    cpdef Order get(self, str cl_ord_id):
        """Return the order that was kept under an id, or None."""
        cdef int64_t place = self.number_of(cl_ord_id) - self.first
        cdef object order = None
        if 0 <= place < len(self.numbered):
            order = self.numbered[place]
        if order is None and self.strangers:
            order = self.strangers.get(cl_ord_id)
        return <Order>order

    cpdef int keep(self, str cl_ord_id, Order order) except -1:
        """Let an id name an order from now on."""
        cdef int64_t number = self.number_of(cl_ord_id), place
        if number >= 0 and not self.numbered:
            self.first = number
        place = number - self.first
        if number < 0 or not 0 <= place < len(self.numbered) + WIDEST_GAP:
            self.strangers[cl_ord_id] = order
            return 0
        while len(self.numbered) <= place:
            self.numbered.append(None)
        self.numbered[place] = order
        return 0

    def forget(self, instruments):
        """Let no id name an order in these markets any more; what was first is then what is left."""
        cdef Py_ssize_t place, size = len(self.numbered)
        gone = set(instruments)
        for place in range(size):
            if self.numbered[place] is not None and (<Order>self.numbered[place]).instrument in gone:
                self.numbered[place] = None
        place = 0
        while place < size and self.numbered[place] is None:
            place += 1
        del self.numbered[:place]
        self.first += place
        self.strangers = {each: order for each, order in self.strangers.items() if order.instrument not in gone}

    cpdef int trim(self, Py_ssize_t most) except -1:
        """Forget the oldest ids of our own making of orders that are over, once there are a quarter more than `most`.

        One that may still trade keeps its name, however old.
        """
        cdef Py_ssize_t place, gone = len(self.numbered) - most
        cdef Order order
        if 4 * gone <= most:
            return 0
        for place in range(gone):
            order = self.numbered[place]
            if order is not None and not order.is_done:
                self.strangers[f"{self.prefix}{self.first + place}"] = order
        del self.numbered[:gone]
        self.first += gone
        for name in [name for name, old in self.strangers.items() if self._is_past(name, old)]:
            del self.strangers[name]
        return 0

    cdef bint _is_past(self, str name, Order order):
        cdef int64_t number = self.number_of(name)
        return 0 <= number < self.first and order.is_done

    def items(self):
        """Return (id, order) of every id, those of our own making first."""
        own = [(f"{self.prefix}{self.first + i}", order) for i, order in enumerate(self.numbered) if order is not None]
        return own + list(self.strangers.items())

    def among(self, dict orders not None, Py_ssize_t most):
        """Return (id, order) of those of `orders` that the newest `most` ids of our own making name, or any other id."""
        cdef Py_ssize_t place = len(self.numbered)
        cdef Py_ssize_t end = max(place - most, 0)
        found = [(cl_ord_id, order) for cl_ord_id, order in self.strangers.items() if order in orders]
        while place > end:
            place -= 1
            if self.numbered[place] is not None and self.numbered[place] in orders:
                found.append((f"{self.prefix}{self.first + place}", self.numbered[place]))
        return found

    def newest_first(self):
        """Return an iterator over the orders; one with several ids comes as often."""
        yield from filter(None, reversed(self.numbered))
        yield from reversed(self.strangers.values())

    cdef int64_t number_of(self, str cl_ord_id) noexcept:
        """Return the number of an id of our own making, -1 of any other: 007 is not how we write 7."""
        cdef Py_ssize_t size, prefix = PyUnicode_GET_LENGTH(self.prefix), i
        cdef const unsigned char* text
        cdef int64_t number = 0
        if cl_ord_id is None or PyUnicode_KIND(cl_ord_id) != PyUnicode_1BYTE_KIND:
            return -1
        size = PyUnicode_GET_LENGTH(cl_ord_id)
        if not prefix < size <= prefix + MOST_DIGITS:
            return -1
        text = PyUnicode_1BYTE_DATA(cl_ord_id)
        if memcmp(text, PyUnicode_1BYTE_DATA(self.prefix), prefix) or text[prefix] == c"0":
            return -1
        for i in range(prefix, size):
            if not c"0" <= text[i] <= c"9":
                return -1
            number = number * 10 + text[i] - c"0"
        return number
