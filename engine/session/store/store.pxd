from libc.stdint cimport int64_t


cdef class Store:
    cpdef append(self, int64_t seq_num, bytes message)
    cpdef set_next_in(self, int64_t seq_num)


cdef class MemoryStore(Store):
    cdef public int64_t next_in, next_out, created_ns
    cdef int64_t _capacity
    cdef dict _messages
