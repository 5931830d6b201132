"""Recognizes the usual inbound message in one call: an application message, in sequence, with a valid header.

All others take the session's slow path, which repeats the checks one by one and answers as the standard says.

Units   ns since 1970 UTC.
Errors  none; False means "not the usual case", never "wrong".
Cost    about 60 ns.
Thread  the loop thread only.
Source  FIX 4.4 volume 2, standard header.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport INT64_MAX, int64_t
from libc.string cimport memcmp

from engine.codec._fields cimport Fields
from engine.codec._timestamp cimport read_timestamp

cdef enum:
    NO_DEFECT = -1


@cython.final
cdef class FastPath:
    """What the header of every message from one peer must contain."""

    def __cinit__(
        self, begin_string, sender_comp_id, target_comp_id, max_latency_ns=None, on_behalf_of=None, deliver_to=None
    ):
        """None where nothing is checked; the two sets hold the names that are agreed on, empty for none."""
        self.begin_string = begin_string.encode("latin-1")
        self.sender_comp_id = None if sender_comp_id is None else sender_comp_id.encode("latin-1")
        self.target_comp_id = None if target_comp_id is None else target_comp_id.encode("latin-1")
        self.max_latency_ns = INT64_MAX if max_latency_ns is None else max_latency_ns
        self.on_behalf_of, self.deliver_to = on_behalf_of, deliver_to

    cpdef bint admit(self, Fields fields, int64_t next_in, int64_t wall_ns) except -1:
        """Say whether the message can go straight to the application."""
        cdef int64_t seq_num, sent_ns
        cdef int i = fields.find(34)
        if i < 0 or not fields.copy_int(i, &seq_num) or seq_num != next_in or fields.defect != NO_DEFECT:
            return False
        i = fields.find(35)
        if fields.fields[i].length == 1 and is_admin(fields.data[fields.fields[i].start]):
            return False
        if fields.find(43) >= 0 or not has(fields, 8, self.begin_string):
            return False
        if self.sender_comp_id is not None and not has(fields, 49, self.sender_comp_id):
            return False
        if self.target_comp_id is not None and not has(fields, 56, self.target_comp_id):
            return False
        if self.on_behalf_of is not None and not is_routed(fields, 115, self.on_behalf_of):
            return False
        if self.deliver_to is not None and not is_routed(fields, 128, self.deliver_to):
            return False
        i = fields.find(52)
        if i < 0 or not read_timestamp(fields.data + fields.fields[i].start, fields.fields[i].length, &sent_ns):
            return False
        return -self.max_latency_ns <= wall_ns - sent_ns <= self.max_latency_ns


cdef inline bint is_admin(unsigned char msg_type) noexcept nogil:
    return c"0" <= msg_type <= c"5" or msg_type == c"A"


cdef inline bint is_routed(Fields fields, int tag, frozenset agreed) except -1:
    if fields.find(tag) < 0:
        return not agreed
    return fields.text(tag) in agreed


cdef inline bint has(Fields fields, int tag, bytes value):
    cdef int i = fields.find(tag)
    cdef Py_ssize_t size = PyBytes_GET_SIZE(value)
    return (
        i >= 0
        and fields.fields[i].length == size
        and memcmp(fields.data + fields.fields[i].start, PyBytes_AS_STRING(value), size) == 0
    )
