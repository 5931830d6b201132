from engine.session.core cimport SessionCore


cdef class SessionEdge:
    cdef public SessionCore core
    cdef public object on_logon, on_logout, on_message, on_fault, loop, clock_ns, wall_ns
    cdef public object _message_log, _wire, _timer
    cdef public bint _is_busy, _is_closing
