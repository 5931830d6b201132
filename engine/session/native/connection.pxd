cimport cython

from engine.runtime._sockets cimport write_now


cdef class Connection:
    cdef public object listener
    cdef object _tune, _transport, _loop, _closing, _watch
    cdef int _descriptor
    cdef bint _is_queued, _is_holding, _has_gone
    cdef list _held

    cpdef hold(self)
    cpdef release(self)
    cpdef write(self, bytes data)
    @cython.locals(written=Py_ssize_t)
    cdef _send(self, bytes data)
    cdef bint _has_queue(self) except -1
