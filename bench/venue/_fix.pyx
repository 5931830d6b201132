# cython: overflowcheck=False, nonecheck=False, cdivision=True
"""The measuring venue's FIX side: answers every order from a prepared report, at once.

Errors  a message out of sequence, unreadable or of an unexpected type raises VenueError: the run is void.
Thread  loops run without the GIL until they are done.
"""

from libc.stdint cimport int64_t
from libc.string cimport memchr, memcpy, memmove

from bench.venue._ping cimport CAPACITY, CLOSED, LATE, OK, WRONG, now, raise_unless_ok, receive, send_all

cdef enum:
    HEAD = 64  # room in front of a body for BeginString(8) and BodyLength(9)
    SOH = 1


cdef int64_t number(const unsigned char* text, Py_ssize_t size) noexcept nogil:
    """Digits as an integer, any decimal point left out."""
    cdef int64_t value = 0
    cdef Py_ssize_t i
    for i in range(size):
        if c"0" <= text[i] <= c"9":
            value = value * 10 + text[i] - c"0"
    return value


cdef int64_t price_units(const unsigned char* text, Py_ssize_t size) noexcept nogil:
    """A decimal price in 0.0001, whatever number of places it is written with."""
    cdef Py_ssize_t i, places = -1
    cdef int64_t value = number(text, size)
    for i in range(size):
        if text[i] == c".":
            places = size - 1 - i
    if places < 0:
        places = 0
    while places < 4:
        value *= 10
        places += 1
    return value


cdef Py_ssize_t message_size(const unsigned char* data, Py_ssize_t size) noexcept nogil:
    """Length of the first whole message, by its BodyLength(9); 0 if it is not all there yet."""
    cdef const unsigned char* nine = <const unsigned char*>memchr(data, SOH, size)
    cdef const unsigned char* end
    cdef Py_ssize_t whole
    if nine == NULL:
        return 0
    end = <const unsigned char*>memchr(nine + 1, SOH, size - (nine + 1 - data))
    if end == NULL:
        return 0
    whole = (end + 1 - data) + number(nine + 3, end - nine - 3) + 7
    return whole if whole <= size else 0


cdef void scan(const unsigned char* data, Py_ssize_t size, Message* into) noexcept nogil:
    """Note where the fields stand that the venue answers with."""
    cdef const unsigned char* end = data + size
    cdef const unsigned char* equals
    cdef const unsigned char* stop
    cdef int64_t tag
    into.cl_ord_id_size = into.price_size = into.qty_size = into.symbol_size = into.test_req_id_size = 0
    into.msg_type = into.side = 0
    while data < end:
        equals = <const unsigned char*>memchr(data, c"=", end - data)
        if equals == NULL:
            return
        stop = <const unsigned char*>memchr(equals, SOH, end - equals)
        if stop == NULL:
            return
        tag = number(data, equals - data)
        equals += 1
        if tag == 35:
            into.msg_type = equals[0]
        elif tag == 34:
            into.seq_num = number(equals, stop - equals)
        elif tag == 11:
            into.cl_ord_id = equals
            into.cl_ord_id_size = stop - equals
        elif tag == 44:
            into.price = equals
            into.price_size = stop - equals
        elif tag == 38:
            into.qty = equals
            into.qty_size = stop - equals
        elif tag == 54:
            into.side = equals[0]
        elif tag == 55:
            into.symbol = equals
            into.symbol_size = stop - equals
        elif tag == 112:
            into.test_req_id = equals
            into.test_req_id_size = stop - equals
        data = stop + 1


cdef class FixVenue:
    """The acceptor's side of one FIX connection, logged on already: fills every order at its price, at once.

    `prefix` is what every message begins with after BodyLength(9) and MsgType(35): 49 and 56, each closed by SOH.
    OrderID(37) and ExecID(17) of a report are a number after `order_id` and `exec_id`; `extra`, whole fields, ends it.
    """

    def __init__(
        self,
        int fd,
        bytes begin_string,
        bytes prefix,
        int64_t next_in,
        int64_t next_out,
        bytes order_id=b"",
        bytes exec_id=b"",
        bytes extra=b"",
    ):
        self.fd = fd
        self.head_bytes = b"8=" + begin_string + b"\x019="
        self.head = self.head_bytes
        self.head_size = len(self.head_bytes) + 4  # three digits of BodyLength(9) and SOH
        self.prefix_bytes = prefix
        self.prefix = self.prefix_bytes
        self.order_id_bytes, self.exec_id_bytes, self.extra_bytes = b"37=" + order_id, b"17=" + exec_id, extra
        self.order_id, self.exec_id, self.extra = self.order_id_bytes, self.exec_id_bytes, self.extra_bytes
        self.next_in = next_in
        self.next_out = next_out
        self.filled = 0
        self.orders = 0
        self.busy_ns = 0

    def set_time(self, bytes text):
        """Set SendingTime(52), `YYYYMMDD-HH:MM:SS.sss`; once a second is near enough for a session."""
        if len(text) != 21:
            raise ValueError("SendingTime(52) must have milliseconds")
        memcpy(self.sending_time, <const unsigned char*>text, 21)

    def take(self):
        """Read once and answer what has come; return (side, price in 0.0001) of each order among it."""
        cdef Py_ssize_t i, answered = 0
        raise_unless_ok(self.turn(&answered), "orders")
        return [(self.answered[i].side, self.answered[i].price) for i in range(answered)]

    def answer(self, Py_ssize_t count, int64_t timeout_ns):
        """Answer orders until `count` have come or none came for `timeout_ns`; return how many are missing."""
        cdef Py_ssize_t done = 0
        cdef int64_t last = now()
        cdef int outcome = OK
        with nogil:
            while done < count and outcome == OK:
                outcome = self.turn(&done)
                if done:
                    last = now()
                    self.busy_ns += last - self.received_ns
                    count -= done
                    self.orders += done
                    done = 0
                elif now() - last > timeout_ns:
                    outcome = LATE
        if outcome != LATE:
            raise_unless_ok(outcome, "orders")
        return count

    cdef int turn(self, Py_ssize_t* answered) noexcept nogil:
        """Read once and answer every whole message; `answered` grows by the orders among them."""
        cdef Py_ssize_t got = receive(self.fd, self.buffer + self.filled, CAPACITY - self.filled, True)
        cdef Py_ssize_t at = 0, size
        cdef Message message
        cdef int outcome = OK
        if got <= 0:
            return OK if got == 0 else CLOSED
        self.received_ns = now()
        self.filled += got
        while outcome == OK:
            size = message_size(self.buffer + at, self.filled - at)
            if size == 0:
                break
            scan(self.buffer + at, size, &message)
            at += size
            if message.seq_num != self.next_in:
                return WRONG
            self.next_in += 1
            if message.msg_type == c"D":
                if answered[0] == MOST_ANSWERS:
                    return WRONG
                self.answered[answered[0]].side = message.side
                self.answered[answered[0]].price = price_units(message.price, message.price_size)
                answered[0] += 1
                outcome = self.fill(&message)
            elif message.msg_type == c"1":
                outcome = self.heartbeat(&message)
            elif message.msg_type != c"0":
                outcome = CLOSED if message.msg_type == c"5" else WRONG
        self.filled -= at
        if self.filled and at:
            memmove(self.buffer, self.buffer + at, self.filled)
        return outcome

    cdef int fill(self, Message* order) noexcept nogil:
        if not (order.cl_ord_id_size and order.price_size and order.qty_size and order.symbol_size and order.side):
            return WRONG
        self.begin(b"35=8\x01")
        self.field(b"6=", order.price, order.price_size)
        self.field(b"11=", order.cl_ord_id, order.cl_ord_id_size)
        self.field(b"14=", order.qty, order.qty_size)
        self.integer(self.exec_id, self.next_out)
        self.field(b"31=", order.price, order.price_size)
        self.field(b"32=", order.qty, order.qty_size)
        self.integer(self.order_id, self.next_out)
        self.field(b"38=", order.qty, order.qty_size)
        self.text(b"39=2\x01")
        self.field(b"44=", order.price, order.price_size)
        self.field(b"54=", &order.side, 1)
        self.field(b"55=", order.symbol, order.symbol_size)
        self.field(b"60=", self.sending_time, 21)
        self.text(b"150=F\x01" b"151=0\x01")
        self.text(self.extra)
        return self.finish()

    cdef int heartbeat(self, Message* request) noexcept nogil:
        self.begin(b"35=0\x01")
        if request.test_req_id_size:
            self.field(b"112=", request.test_req_id, request.test_req_id_size)
        return self.finish()

    cdef void begin(self, const char* msg_type) noexcept nogil:
        self.end = HEAD
        self.text(msg_type)
        self.text(self.prefix)
        self.integer(b"34=", self.next_out)
        self.field(b"52=", self.sending_time, 21)

    cdef void text(self, const char* text) noexcept nogil:
        while text[0]:
            self.out[self.end] = text[0]
            self.end += 1
            text += 1

    cdef void field(self, const char* tag, const unsigned char* value, Py_ssize_t size) noexcept nogil:
        self.text(tag)
        memcpy(self.out + self.end, value, size)
        self.end += size
        self.out[self.end] = SOH
        self.end += 1

    cdef void integer(self, const char* tag, int64_t value) noexcept nogil:
        cdef unsigned char digits[20]
        cdef int at = 20
        while True:
            at -= 1
            digits[at] = c"0" + value % 10
            value //= 10
            if not value:
                break
        self.field(tag, digits + at, 20 - at)

    cdef int finish(self) noexcept nogil:
        """Put BeginString(8), BodyLength(9) and CheckSum(10) around the body and send it."""
        cdef Py_ssize_t start = HEAD - self.head_size, body = self.end - HEAD, end = self.end, i
        cdef unsigned int total = 0
        memcpy(self.out + start, self.head, self.head_size)
        self.digits(HEAD - 4, <unsigned int>body)
        self.out[HEAD - 1] = SOH
        for i in range(start, end):
            total += self.out[i]
        self.text(b"10=")
        self.digits(self.end, total & 255)
        self.out[self.end + 3] = SOH
        self.next_out += 1
        return send_all(self.fd, self.out + start, self.end + 4 - start)

    cdef void digits(self, Py_ssize_t at, unsigned int value) noexcept nogil:
        self.out[at] = c"0" + value // 100 % 10
        self.out[at + 1] = c"0" + value // 10 % 10
        self.out[at + 2] = c"0" + value % 10
