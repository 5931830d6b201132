from engine.codec._fields cimport Fields


cdef class Host:
    cdef public object on_logon, on_logout, on_forsaken

    cpdef write(self, bytes message)
    cpdef deliver(self, Fields fields)
