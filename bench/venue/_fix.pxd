from libc.stdint cimport int64_t

from bench.venue._ping cimport CAPACITY

cdef enum:
    MOST_ANSWERS = 1024  # more orders than fit into one read


cdef struct Answer:  # an order that was filled in the last turn, its price in 0.0001
    unsigned char side
    int64_t price


cdef struct Message:  # where the fields stand that the venue answers with
    unsigned char msg_type
    int64_t seq_num
    const unsigned char* cl_ord_id
    Py_ssize_t cl_ord_id_size
    const unsigned char* price
    Py_ssize_t price_size
    const unsigned char* qty
    Py_ssize_t qty_size
    const unsigned char* symbol
    Py_ssize_t symbol_size
    const unsigned char* test_req_id
    Py_ssize_t test_req_id_size
    unsigned char side


cdef class FixVenue:
    cdef int fd
    cdef int64_t next_in, next_out
    cdef unsigned char buffer[CAPACITY]
    cdef Py_ssize_t filled
    cdef unsigned char out[2048]
    cdef Py_ssize_t end, head_size
    cdef bytes head_bytes, prefix_bytes
    cdef const char* head
    cdef const char* prefix
    cdef bytes order_id_bytes, exec_id_bytes, extra_bytes
    cdef const char* order_id
    cdef const char* exec_id
    cdef const char* extra
    cdef unsigned char sending_time[32]
    cdef int64_t received_ns
    cdef Answer answered[MOST_ANSWERS]
    cdef readonly int64_t orders
    cdef readonly int64_t busy_ns  # in `answer`: from a read that brought orders until they were answered

    cdef int turn(self, Py_ssize_t* answered) noexcept nogil
    cdef int fill(self, Message* order) noexcept nogil
    cdef int heartbeat(self, Message* request) noexcept nogil
    cdef void begin(self, const char* msg_type) noexcept nogil
    cdef void text(self, const char* text) noexcept nogil
    cdef void field(self, const char* tag, const unsigned char* value, Py_ssize_t size) noexcept nogil
    cdef void integer(self, const char* tag, int64_t value) noexcept nogil
    cdef int finish(self) noexcept nogil
    cdef void digits(self, Py_ssize_t at, unsigned int value) noexcept nogil
