from engine.session._fields cimport Fields


cdef class Sink:
    cdef public object on_logon, on_logout

    cpdef write(self, bytes message)
    cpdef deliver(self, Fields fields)
