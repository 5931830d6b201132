# Text read in place: a str whose characters are bytes, and eight bytes at once, the first in the lowest eight bits.
from libc.stdint cimport uint64_t
from libc.string cimport memcpy

cdef extern from "Python.h":
    int PyUnicode_KIND(object text)
    int PyUnicode_1BYTE_KIND
    bint PyUnicode_IS_ASCII(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    unsigned char* PyUnicode_1BYTE_DATA(object text)

cdef extern from "endian.h" nogil:
    uint64_t le64toh(uint64_t word)

cdef extern from * nogil:
    int count_trailing_zeros "__builtin_ctzll"(unsigned long long word)


cdef inline uint64_t load_8(const unsigned char* text) noexcept nogil:
    cdef uint64_t word
    memcpy(&word, text, 8)
    return le64toh(word)
