"""A run of fields that belong together, as a table: header, body of one message, trailer, entry of a group.

Shapes  an item's index is its place in the dictionary; one bit per item notes which were seen. Tags are hashed.
Source  QuickFIX data dictionary format; FIX 4.4 volume 1, repeating groups.
"""

cimport cython
from cpython.ref cimport PyObject
from libc.stdint cimport uint64_t
from libc.stdlib cimport calloc, free

from engine.session.dictionary._data_types cimport TEXT

from engine.session.dictionary._data_types import KINDS

MAX_ITEMS = 64 * WORDS


@cython.final
cdef class Component:
    """Fields in order; `choices` and `groups` hold those of the fields that have any."""

    def __cinit__(self, fields):
        """`fields` are (tag, type, is_required, set of values or None, Component of a group or None)."""
        cdef int i
        self.count = len(fields)
        if self.count > MAX_ITEMS:
            raise ValueError(f"{self.count} fields in one block, {MAX_ITEMS} at most")
        self.mask = 1
        while self.mask < 2 * self.count + 2:
            self.mask *= 2
        self.slots = <Slot*>calloc(self.mask, sizeof(Slot))
        self.items = <Item*>calloc(self.count + 1, sizeof(Item))
        if self.slots is NULL or self.items is NULL:
            raise MemoryError
        self.mask -= 1
        self.choices, self.groups = [], []
        for i, (tag, kind, is_required, choices, group) in enumerate(fields):
            self.put(i, tag)
            self.items[i].tag = tag
            self.items[i].kind = KINDS.get(kind, TEXT)
            self.items[i].has_group = group is not None
            self.items[i].choices = <PyObject*>choices
            self.set_choices(&self.items[i], kind, choices)
            if is_required:
                self.required[i // 64] |= <uint64_t>1 << (i % 64)
            self.choices.append(choices)
            self.groups.append(group)

    def __dealloc__(self):
        free(self.slots)
        free(self.items)

    cdef void put(self, int index, int tag):
        cdef int place = tag & self.mask
        while self.slots[place].tag:
            place = (place + 1) & self.mask
        self.slots[place].tag = tag
        self.slots[place].index = index

    cdef void set_choices(self, Item* item, kind, choices):
        item.has_choices = bool(choices)
        item.are_several = kind in ("MULTIPLEVALUESTRING", "MULTIPLESTRINGVALUE", "MULTIPLECHARVALUE")
        item.are_letters = item.has_choices and all(len(one) == 1 and one[0] < 128 for one in choices)
        if item.are_letters:
            for one in choices:
                item.letters[one[0] // 64] |= <uint64_t>1 << (one[0] % 64)

    cdef int missing(self, const uint64_t* seen) noexcept nogil:
        """Tag of the first required item that was not seen, or 0."""
        cdef int word, bit
        for word in range((self.count + 63) // 64):
            if self.required[word] & ~seen[word]:
                for bit in range(64):
                    if (self.required[word] & ~seen[word]) >> bit & 1:
                        return self.items[64 * word + bit].tag
        return 0
