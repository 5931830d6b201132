"""Message bodies for `Session.send`: what never changes is rendered once, the rest is written for each message.

Units   decimals from counts of 10**-decimals, times from ns since 1970; exactly, never through float.
Shapes  a body is `35=D` SOH and its fields, each closed by SOH. The buffer of a template grows and is never given back.
Errors  ValueError for a value that FIX cannot carry, OrderError for an order in an instrument that was not declared.
Cost    about 200 ns an order, most of it for reading the order's attributes.
Thread  one thread.
Source  FIX 4.4 volume 4: fields and their order of messages D, F, G, H and q.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, realloc
from libc.string cimport memcpy

from engine._decimal cimport format_chars
from engine._text cimport PyUnicode_1BYTE_DATA, PyUnicode_1BYTE_KIND, PyUnicode_GET_LENGTH, PyUnicode_KIND
from engine.order cimport Order
from engine.session._fields cimport SOH, find_soh
from engine.session._timestamp cimport LONGEST_TIMESTAMP, TimestampFormat

from engine.errors import OrderError

cdef enum:
    LONGEST_TAG_TEXT = 11  # 2147483647=
    LONGEST_INT = 24  # sign, 19 digits, point
    NO_EXEC_INST = 1  # bits of Template.omitted
    NO_ORDER_QTY = 2
    NO_TRANSACT_TIME = 4


@cython.final
cdef class Template:
    """The body of one message type. `begin`, write fields, `body`; then again."""

    cdef unsigned char* buffer
    cdef Py_ssize_t length, capacity
    cdef int omitted  # standard fields that this venue does not take
    cdef Py_ssize_t fixed_length  # bytes in front that every message keeps
    cdef readonly TimestampFormat times

    def __cinit__(self, str msg_type not None, fixed=(), *, int precision=3):
        """`fixed` fields, pairs of tag and text, follow MsgType in every message."""
        self.times = TimestampFormat(precision)
        for tag, value in ((35, msg_type), *fixed):
            self.text(tag, value)
        self.fixed_length = self.length

    def __dealloc__(self):
        free(self.buffer)

    def begin(self):
        """Forget the last message, all but what is fixed."""
        self.restart()

    def body(self):
        """Return a copy of what was written."""
        return self.copy()

    def text(self, int tag, str value not None):
        self.put_text(tag_text(tag), value)

    def integer(self, int tag, int64_t value):
        self.put_int(tag_text(tag), value, 0)

    def decimal(self, int tag, int64_t value, int decimals):
        """Write a count of 10**-decimals with exactly that many places."""
        if not 0 <= decimals <= 18:
            raise ValueError(f"decimals must be 0 to 18, not {decimals}")
        self.put_int(tag_text(tag), value, decimals)

    def timestamp(self, int tag, uint64_t time_ns):
        self.put_time(tag_text(tag), time_ns)

    cdef void restart(self) noexcept:
        self.length = self.fixed_length

    cdef object copy(self):
        return PyBytes_FromStringAndSize(<const char*>self.buffer, self.length)

    cdef inline int put(self, const char* bytes_, Py_ssize_t length) except -1:
        memcpy(self.room(length), bytes_, length)
        self.length += length
        return 0

    cdef int put_text(self, const char* tag, str value) except -1:
        cdef Py_ssize_t length = PyUnicode_GET_LENGTH(value)
        cdef const unsigned char* text
        cdef unsigned char* out
        if length == 0 or PyUnicode_KIND(value) != PyUnicode_1BYTE_KIND:
            raise ValueError(f"{tag.decode()}{value!r} is empty or not latin-1")
        text = PyUnicode_1BYTE_DATA(value)
        if find_soh(text, 0, length) < length:
            raise ValueError(f"{tag.decode()}{value!r} holds SOH")
        out = put_tag(self.room(LONGEST_TAG_TEXT + length + 1), tag)
        if length == 1:
            out[0] = text[0]
        else:
            memcpy(out, text, length)
        return self.close(out + length)

    cdef int put_int(self, const char* tag, int64_t value, int decimals) except -1:
        cdef unsigned char* out = put_tag(self.room(LONGEST_TAG_TEXT + LONGEST_INT + 1), tag)
        return self.close(out + format_chars(value, decimals, out))

    cdef int put_time(self, const char* tag, uint64_t time_ns) except -1:
        cdef unsigned char* out = put_tag(self.room(LONGEST_TAG_TEXT + LONGEST_TIMESTAMP + 1), tag)
        return self.close(out + self.times.write(out, time_ns))

    cdef inline int close(self, unsigned char* out) noexcept:
        """End the field whose last character stands before `out`."""
        out[0] = SOH
        self.length = out + 1 - self.buffer
        return 0

    cdef inline unsigned char* room(self, Py_ssize_t length) except NULL:
        """Where the next `length` bytes may be written."""
        if self.length + length > self.capacity:
            self.grow(length)
        return self.buffer + self.length

    cdef int grow(self, Py_ssize_t length) except -1:
        cdef unsigned char* buffer = <unsigned char*>realloc(self.buffer, 2 * self.capacity + length + 256)
        if buffer is NULL:
            raise MemoryError
        self.buffer = buffer
        self.capacity = 2 * self.capacity + length + 256
        return 0


cdef inline unsigned char* put_tag(unsigned char* out, const char* tag) noexcept:
    """Copy `tag` with its equals sign; return the place after it."""
    while tag[0]:
        out[0] = <unsigned char>tag[0]
        out += 1
        tag += 1
    return out


cdef bytes tag_text(int tag):
    if tag <= 0:
        raise ValueError(f"tag {tag}: tags are positive")
    return b"%d=" % tag


@cython.final
cdef class Place:
    """An instrument as messages name it."""

    cdef bytes symbol
    cdef int price_decimals, size_decimals

    def __cinit__(self, instrument):
        symbol = Template("?", ((55, instrument.symbol),))  # checks the text
        self.symbol = symbol.body()[len(b"35=?\x01") :]
        self.price_decimals = instrument.price_decimals
        self.size_decimals = instrument.size_decimals


cdef class OrderEncoder:
    """Orders to bodies of FIX 4.4; a venue's dialect is one, told what differs."""

    def __init__(
        self, instruments, *, fixed=None, omit=None, int precision=3, str mass_cancel_request_type="7"
    ):
        """`fixed` maps a MsgType to (tag, text) fields that each of its messages has, such as Account(1).

        `omit` maps a MsgType to the tags that the venue does not take in it: 18 of G, 38 of F, 60 of any.
        """
        fixed = fixed or {}
        self.places = {instrument: Place(instrument) for instrument in instruments}
        self.new = Template("D", fixed.get("D", ()), precision=precision)
        self.replacing = Template("G", fixed.get("G", ()), precision=precision)
        self.cancelling = Template("F", fixed.get("F", ()), precision=precision)
        self.mass = Template("q", (*fixed.get("q", ()), (530, mass_cancel_request_type)), precision=precision)
        self.status = Template("H", fixed.get("H", ()), precision=precision)
        for msg_type, tags in (omit or {}).items():
            self.omit(msg_type, tags)

    cdef int omit(self, str msg_type, tags) except -1:
        cdef Template body = {"D": self.new, "G": self.replacing, "F": self.cancelling, "q": self.mass}[msg_type]
        for tag in tags:
            body.omitted |= {18: NO_EXEC_INST, 38: NO_ORDER_QTY, 60: NO_TRANSACT_TIME}[tag]
        return 0

    def new_order(self, Order order not None, uint64_t now_ns):
        """Return the body of a NewOrderSingle(D)."""
        cdef Template body = self.new
        cdef Place place = place_of(self.places, order)
        body.restart()
        body.put_text(b"11=", order.cl_ord_id)
        put_terms(body, place, order, order.order_qty, order.price, now_ns)
        return body.copy()

    def replace(self, Order order not None, uint64_t now_ns):
        """Return the body of an OrderCancelReplaceRequest(G) to the pending price and quantity."""
        cdef Template body = self.replacing
        cdef Place place = place_of(self.places, order)
        body.restart()
        put_ids(body, order, order.pending_cl_ord_id)
        put_terms(body, place, order, order.pending_qty, order.pending_price, now_ns)
        return body.copy()

    def cancel(self, Order order not None, uint64_t now_ns):
        """Return the body of an OrderCancelRequest(F) under the pending ClOrdID."""
        cdef Template body = self.cancelling
        cdef Place place = place_of(self.places, order)
        body.restart()
        put_ids(body, order, order.pending_cl_ord_id)
        put_side(body, place, order)
        put_transact_time(body, now_ns)
        if not body.omitted & NO_ORDER_QTY:
            body.put_int(b"38=", order.order_qty, place.size_decimals)
        return body.copy()

    def mass_cancel(self, str cl_ord_id not None, uint64_t now_ns):
        """Return the body of an OrderMassCancelRequest(q)."""
        cdef Template body = self.mass
        body.restart()
        body.put_text(b"11=", cl_ord_id)
        put_transact_time(body, now_ns)
        return body.copy()

    def order_status(self, Order order not None, uint64_t now_ns):
        """Return the body of an OrderStatusRequest(H)."""
        cdef Template body = self.status
        cdef Place place = place_of(self.places, order)
        body.restart()
        if order.order_id:
            body.put_text(b"37=", order.order_id)
        body.put_text(b"11=", order.cl_ord_id)
        put_side(body, place, order)
        return body.copy()


cdef Place place_of(dict places, Order order):
    place = places.get(order.instrument)
    if place is None:
        raise OrderError(f"Symbol(55) {order.instrument.symbol!r} is none of this session's instruments")
    return place


cdef int put_ids(Template body, Order order, str cl_ord_id) except -1:
    if order.order_id:
        body.put_text(b"37=", order.order_id)
    body.put_text(b"41=", order.cl_ord_id)
    return body.put_text(b"11=", cl_ord_id)


cdef int put_side(Template body, Place place, Order order) except -1:
    body.put(PyBytes_AS_STRING(place.symbol), PyBytes_GET_SIZE(place.symbol))
    return body.put_int(b"54=", order.side, 0)


cdef int put_transact_time(Template body, uint64_t now_ns) except -1:
    return 0 if body.omitted & NO_TRANSACT_TIME else body.put_time(b"60=", now_ns)


cdef int put_terms(Template body, Place place, Order order, int64_t qty, int64_t price, uint64_t now_ns) except -1:
    """What an order and its replacement say alike."""
    cdef str ord_type = order.ord_type, time_in_force = order.time_in_force
    if order.post_only and not body.omitted & NO_EXEC_INST:
        body.put(b"18=6\x01", 5)
    put_side(body, place, order)
    put_transact_time(body, now_ns)
    body.put_int(b"38=", qty, place.size_decimals)
    body.put_text(b"40=", ord_type)
    if ord_type != "1":
        body.put_int(b"44=", price, place.price_decimals)
    body.put_text(b"59=", time_in_force)
    if time_in_force == "6":
        body.put_time(b"126=", order.expire_time_ns)
    return 0
