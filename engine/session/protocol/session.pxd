cimport cython
from libc.stdint cimport int64_t

from engine.codec._fields cimport Fields
from engine.codec._frame cimport FrameReader
from engine.session.protocol.core cimport SessionCore

cdef int SOUND, INCOMPLETE


cdef class FixSession(SessionCore):
    @cython.locals(reader=FrameReader, fields=Fields, offset=Py_ssize_t, code=cython.int)
    cpdef receive(self, bytes data, int64_t now_ns)
    cpdef send(self, bytes body, int64_t now_ns)
    cpdef keep(self, bytes body, int64_t now_ns)
