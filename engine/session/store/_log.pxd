cimport cython
from libc.stdint cimport int64_t, uint64_t


@cython.final
cdef class Log:
    cdef Py_buffer head_buffer, buffer
    cdef uint64_t* head
    cdef unsigned char* data
    cdef Py_ssize_t size
    cdef readonly Py_ssize_t pos
    cdef readonly int64_t next_in, next_out
    cdef bint keeps_messages
    cdef object roll

    cpdef append(self, int64_t seq_num, bytes message)
    cpdef set_next_out(self, int64_t seq_num)
    cpdef set_next_in(self, int64_t seq_num)
