from libc.stdint cimport int64_t


cdef class Replay:
    cdef readonly bint is_waiting, is_paused
    cdef object _replayed, _renewed, _ranges
    cdef int64_t _most_a_second, _unwritten_from, _second, _requests

    cpdef postpone(self, int64_t seq_num)
    cpdef next(self)
    cdef _judge(self)
