from libc.stdint cimport int64_t

from engine.session.store._log cimport Log
from engine.session.store.store cimport Store


cdef class FileStore(Store):
    cdef public bint keeps_messages
    cdef public int64_t created_ns
    cdef object _folder, _name, _lock, _head, _segments, _current, _next, _facts
    cdef bint _is_synced, _is_prefaulted
    cdef int64_t _segment_size, _populated
    cdef Log _log

    cdef Log _opened(self)
