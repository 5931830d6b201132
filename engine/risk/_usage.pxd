from libc.stdint cimport int64_t

from engine.risk._checks cimport Risk


cdef int64_t used_of(Risk risk, Py_ssize_t kind, Py_ssize_t* market) except? -1
