"""Puts the pages of a mapped file into memory, writable, before anybody has to wait for one.

Errors  none: False from a kernel that cannot (MADV_POPULATE_WRITE came with Linux 5.14).
Cost    0.3 ms a MiB that is new, without the interpreter's lock.
Thread  any.
"""

from cpython.buffer cimport PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer

cdef extern from "<sys/mman.h>" nogil:
    int madvise(void* address, size_t length, int advice)
    int mlock(const void* address, size_t length)

cdef enum:
    POPULATE_WRITE = 23


def populate(buffer not None):
    """Map every page of a writable buffer that begins at a page; return whether that is done. They are locked if they may be."""
    cdef Py_buffer view
    cdef int failed
    PyObject_GetBuffer(buffer, &view, PyBUF_WRITABLE)
    with nogil:
        failed = madvise(view.buf, view.len, POPULATE_WRITE)
        mlock(view.buf, view.len)
    PyBuffer_Release(&view)
    return not failed
