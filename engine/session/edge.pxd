from engine._clock cimport Clock
from engine.session._fields cimport Fields
from engine.session.core cimport SessionCore
from engine.session.sink cimport Sink
from engine.session.wire cimport Wire


cdef class SessionEdge(Sink):
    cdef public SessionCore core
    cdef public Clock clock, wall
    cdef public object on_message, on_fault, loop
    cdef public Wire _wire
    cdef public object _message_log, _timer
    cdef public bint _is_busy, _is_closing

    cpdef send(self, bytes body)
    cpdef write(self, bytes message)
    cpdef deliver(self, Fields fields)
