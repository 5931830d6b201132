cimport cython

from engine.codec._fields cimport Fields

cdef enum:
    TRAILER = 7  # bytes of `10=nnn` SOH

cpdef enum Frame:
    """What was found at a place of the stream; everything above SOUND is garbled, and `GARBLED[code]` says why."""
    INCOMPLETE
    SOUND
    NO_BEGIN_STRING
    BAD_BODY_LENGTH
    TOO_LARGE
    NO_MSG_TYPE
    BAD_CHECK_SUM


cdef class FrameReader:
    cdef readonly Fields fields
    cdef readonly Py_ssize_t end
    cdef readonly Py_ssize_t max_message_size
    cdef readonly bint check
    cdef bint is_lost  # the next byte may stand in the middle of a value
    cdef Py_ssize_t limit  # bytes of the frame, as BodyLength announces it

    cpdef int scan(self, object buffer, Py_ssize_t offset=*, Py_ssize_t stop=*) except -1
    cdef int judge(self, Py_ssize_t available) noexcept nogil
    cdef int judge_unread(self, Py_ssize_t available) noexcept nogil
    cdef int skip_unread(self, Py_ssize_t available) noexcept nogil
    cdef int read_header(self, Py_ssize_t available) noexcept nogil
    cdef bint is_check_sum_right(self) noexcept nogil
    cdef Py_ssize_t resync(self, Py_ssize_t available) noexcept nogil


@cython.overflowcheck(False)
cdef inline unsigned char sum_of(const unsigned char* data, Py_ssize_t length) noexcept nogil:
    """The sum of the bytes modulo 256; written so that the compiler can vectorize it."""
    cdef unsigned char total = 0
    cdef Py_ssize_t i
    for i in range(length):
        total += data[i]
    return total
