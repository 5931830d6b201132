cimport cython
from cpython.ref cimport PyObject
from libc.stdint cimport uint64_t

cdef enum:
    WORDS = 16  # of a set of seen items

cdef struct Slot:
    int tag  # 0: free slot
    int index

cdef struct Item:
    int tag
    unsigned char kind, has_group
    unsigned char has_choices, are_letters, are_several  # listed values; characters; several with blanks
    PyObject* choices  # owned by the component
    uint64_t letters[2]


@cython.final
cdef class Component:
    cdef Slot* slots
    cdef int mask, count
    cdef Item* items
    cdef uint64_t required[WORDS]
    cdef list groups
    cdef list choices  # keeps alive what items point to

    cdef void put(self, int index, int tag)
    cdef void set_choices(self, Item* item, kind, choices)
    cdef int missing(self, const uint64_t* seen) noexcept nogil

    cdef inline int find(self, int tag) noexcept nogil:
        """Index of the item `tag`, or -1."""
        cdef int place = tag & self.mask
        while self.slots[place].tag:
            if self.slots[place].tag == tag:
                return self.slots[place].index
            place = (place + 1) & self.mask
        return -1
