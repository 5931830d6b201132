"""Orders to message bodies of FIX 4.4, what never changes rendered once.

Units   prices and sizes of each body in those of its instrument; times in ns since 1970.
Errors  ValueError for a value that FIX cannot carry, OrderError for an order in an instrument that was not declared.
Shapes  OrdType(40) is always 2: a market order leaves as an immediate limit at its bound, or as fill-or-kill.
Cost    about 200 ns an order, most of it for reading the order's attributes.
Thread  one thread.
Source  FIX 4.4 volume 4: fields and their order of messages D, F, G, H and q.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport int64_t, uint64_t

from engine.codec._template cimport Template, put, put_int, put_text, put_time, restart
from engine.orders.order cimport Order

from engine.errors import OrderError

cdef enum:
    NO_EXEC_INST = 1  # bits of Template.omitted
    NO_ORDER_QTY = 2
    NO_TRANSACT_TIME = 4


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

    def add(self, instruments):
        """Know these markets too."""
        self.places.update({instrument: Place(instrument) for instrument in instruments})

    def remove(self, instruments):
        """Forget these markets."""
        for instrument in instruments:
            self.places.pop(instrument, None)

    def new_order(self, Order order not None, uint64_t now_ns):
        """Return the body of a NewOrderSingle(D)."""
        cdef Template body = self.new
        cdef Place place = place_of(self.places, order)
        restart(body)
        put_text(body, b"11=", order.cl_ord_id)
        put_terms(body, place, order, order.order_qty, order.price, now_ns)
        return body.copy()

    def replace(self, Order order not None, uint64_t now_ns):
        """Return the body of an OrderCancelReplaceRequest(G) to the pending price and quantity."""
        cdef Template body = self.replacing
        cdef Place place = place_of(self.places, order)
        restart(body)
        put_ids(body, order, order.pending_cl_ord_id)
        put_terms(body, place, order, order.pending_qty, order.pending_price, now_ns)
        return body.copy()

    def cancel(self, Order order not None, uint64_t now_ns):
        """Return the body of an OrderCancelRequest(F) under the pending ClOrdID."""
        cdef Template body = self.cancelling
        cdef Place place = place_of(self.places, order)
        restart(body)
        put_ids(body, order, order.pending_cl_ord_id)
        put_side(body, place, order)
        put_transact_time(body, now_ns)
        if not body.omitted & NO_ORDER_QTY:
            put_int(body, b"38=", order.order_qty, place.size_decimals)
        return body.copy()

    def mass_cancel(self, str cl_ord_id not None, uint64_t now_ns):
        """Return the body of an OrderMassCancelRequest(q)."""
        cdef Template body = self.mass
        restart(body)
        put_text(body, b"11=", cl_ord_id)
        put_transact_time(body, now_ns)
        return body.copy()

    def order_status(self, Order order not None, uint64_t now_ns):
        """Return the body of an OrderStatusRequest(H)."""
        cdef Template body = self.status
        cdef Place place = place_of(self.places, order)
        restart(body)
        if order.order_id:
            put_text(body, b"37=", order.order_id)
        put_text(body, b"11=", order.cl_ord_id)
        put_side(body, place, order)
        return body.copy()


cdef Place place_of(dict places, Order order):
    place = places.get(order.instrument)
    if place is None:
        raise OrderError(f"Symbol(55) {order.instrument.symbol!r} is none of this session's instruments")
    return place


cdef int put_ids(Template body, Order order, str cl_ord_id) except -1:
    if order.order_id:
        put_text(body, b"37=", order.order_id)
    put_text(body, b"41=", order.cl_ord_id)
    return put_text(body, b"11=", cl_ord_id)


cdef int put_side(Template body, Place place, Order order) except -1:
    put(body, PyBytes_AS_STRING(place.symbol), PyBytes_GET_SIZE(place.symbol))
    return put_int(body, b"54=", order.side, 0)


cdef int put_transact_time(Template body, uint64_t now_ns) except -1:
    return 0 if body.omitted & NO_TRANSACT_TIME else put_time(body, b"60=", now_ns)


cdef int put_terms(Template body, Place place, Order order, int64_t qty, int64_t price, uint64_t now_ns) except -1:
    """What an order and its replacement say alike."""
    cdef str time_in_force = order.time_in_force
    cdef bint is_market = order.ord_type == "1"
    if order.post_only and not is_market and not body.omitted & NO_EXEC_INST:
        put(body, b"18=6\x01", 5)
    put_side(body, place, order)
    put_transact_time(body, now_ns)
    put_int(body, b"38=", qty, place.size_decimals)
    put(body, b"40=2\x01", 5)
    put_int(body, b"44=", price, place.price_decimals)
    if is_market:  # a limit at its bound that does not rest: no venue can trade it beyond what risk has passed
        put(body, b"59=4\x01" if time_in_force == "4" else b"59=3\x01", 5)
        return 0
    put_text(body, b"59=", time_in_force)
    if time_in_force == "6":
        put_time(body, b"126=", order.expire_time_ns)
    return 0
