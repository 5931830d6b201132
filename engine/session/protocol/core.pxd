# C fields of a session; its numbers and times are read and written by the modules of the subjects too.
cimport cython
from libc.stdint cimport int64_t

from engine.codec._encode cimport FrameEncoder
from engine.codec._fields cimport Fields
from engine.codec._frame cimport FrameReader
from engine.session.protocol._fast_path cimport FastPath
from engine.session.protocol.host cimport Host
from engine.session.store.store cimport Store

cdef int SOUND, INCOMPLETE


cdef class SessionCore:
    cdef public Host sink
    cdef public Store store
    cdef public object settings, dictionary, logon_dialect, authenticate, schedule, replayed
    cdef public object constant_tags, data_fields, versions, state, backlog, asked, resend_requests
    cdef public dict queue
    cdef public FrameEncoder encoder
    cdef public FrameReader queue_reader
    cdef public str needs_operator, logout_reason, test_req_id
    cdef public bint is_initiator, is_logged_on, was_up, is_orderly, is_paused
    cdef public bint reset_pending, reset_asked, reset_wanted
    cdef public int64_t next_in, next_out, now_ns, wall_offset_ns, peer_limit
    cdef public int64_t heart_bt_ns, last_sent_ns, last_received_ns, last_test_ns
    cdef public int64_t state_deadline_ns, gap_deadline_ns, armed_ns
    cdef public int64_t queued_bytes, gap_end, asked_to, fruitless, request_seq_num, unwritten_from
    cdef FrameReader _reader
    cdef FastPath _gate
    cdef object _passes
    cdef bytes _tail
    cdef bint _tells_last_processed

    @cython.locals(reader=FrameReader, fields=Fields, offset=Py_ssize_t, code=cython.int)
    cpdef receive(self, bytes data, int64_t now_ns)
    cpdef send(self, bytes body, int64_t now_ns)
    cpdef keep(self, bytes body, int64_t now_ns)
    @cython.locals(message=bytes, header_fields=bytes, seq_num=int64_t)
    cpdef transmit(self, bytes body)
    cpdef FrameReader new_reader(self)
