cimport cython
from libc.stdint cimport int64_t

from engine.codec._fields cimport Fields


@cython.final
cdef class FastPath:
    cdef bytes begin_string, sender_comp_id, target_comp_id  # as the peer writes them
    cdef int64_t max_latency_ns
    cdef frozenset on_behalf_of, deliver_to

    cpdef bint admit(self, Fields fields, int64_t next_in, int64_t wall_ns) except -1
