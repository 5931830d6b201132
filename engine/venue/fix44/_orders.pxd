cdef class OrderEncoder:
    cdef dict places  # by instrument
    cdef object new, replacing, cancelling, mass, status  # a Template for each message type

    cdef int omit(self, str msg_type, tags) except -1
