from libc.stdint cimport int64_t

from engine.codec._frame cimport FrameReader


cdef class Gap:
    cdef readonly bint is_open
    cdef readonly int64_t end, deadline_ns
    cdef public str last_garbled
    cdef object _settings, _data_fields
    cdef FrameReader _reader
    cdef dict _queue
    cdef int64_t _queued_bytes, _asked_to, _asked_from, _times, _request_seq_num, _fruitless

    cdef _ask(self, int64_t first, int64_t next_out, int64_t now_ns)
    cdef _close(self)
    cdef _judge(self)
