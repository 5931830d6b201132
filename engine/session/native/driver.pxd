from engine.codec._fields cimport Fields
from engine.runtime._clock cimport Clock
from engine.session.native.connection cimport Connection
from engine.session.protocol.session cimport FixSession
from engine.session.protocol.host cimport Host


cdef class SessionDriver(Host):
    cdef public FixSession core
    cdef public Clock clock, wall
    cdef public object on_message, on_fault, on_notice, loop
    cdef public str dropped_for
    cdef object _notices, _lines
    cdef public Connection _connection
    cdef public object _message_log, _timer, _giving_up
    cdef public bint is_used, _is_busy, _is_closing

    cpdef send(self, bytes body)
    cpdef write(self, bytes message)
    cpdef deliver(self, Fields fields)
