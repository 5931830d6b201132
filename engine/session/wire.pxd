cdef class Wire:
    cdef public object ends
    cdef object _tune, _transport, _watch
    cdef int _descriptor
    cdef bint _is_queued

    cpdef write(self, bytes data)
    cdef bint _has_queue(self) except -1
