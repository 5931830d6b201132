# C fields of a session. `public` ones are written by the modules of the protocol that are not compiled.
cimport cython
from libc.stdint cimport int64_t

from engine.codec._encode cimport FrameEncoder
from engine.codec._frame cimport FrameReader
from engine.session.protocol._fast_path cimport FastPath
from engine.session.protocol.gap cimport Gap
from engine.session.protocol.host cimport Host
from engine.session.protocol.replay cimport Replay
from engine.session.store.store cimport Store


cdef class SessionCore:
    cdef readonly Host host
    cdef readonly Gap gap
    cdef readonly Replay replay
    cdef readonly FrameEncoder encoder
    cdef readonly object settings, dictionary, logon_dialect, authenticate, schedule, data_fields, versions, state
    cdef readonly bint is_initiator, is_logged_on
    cdef readonly int64_t state_deadline_ns
    cdef public Store store
    cdef public str needs_operator, logout_reason, test_req_id
    cdef public object on_refused, on_garbled, refusal
    cdef public bint was_up, is_answered, is_orderly
    cdef public bint reset_pending, reset_asked, reset_wanted, offers_recovery
    cdef public int64_t next_in, next_out, now_ns, wall_offset_ns, peer_limit
    cdef public int64_t look_back_ns, heart_bt_ns, last_sent_ns, last_received_ns, last_test_ns, armed_ns
    cdef public int64_t tests, tests_second
    cdef FrameReader _reader
    cdef FastPath _fast_path
    cdef object _passes
    cdef bytes _tail
    cdef bint _tells_last_processed

    @cython.locals(message=bytes, header_fields=bytes, seq_num=int64_t)
    cpdef transmit(self, bytes body)
