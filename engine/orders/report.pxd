from libc.stdint cimport int64_t


cdef class ExecutionReport:
    cdef public str msg_type, cl_ord_id, orig_cl_ord_id, order_id, exec_id, exec_ref_id, exec_type, ord_status, symbol
    cdef public str text, oddity, cxl_rej_response_to, ref_msg_type
    cdef public int side
    cdef public int64_t price, order_qty, cum_qty, leaves_qty, last_px, last_qty, fee, reason, ref_seq_num
    cdef public bint is_taker, poss_dup, poss_resend
    cpdef void clear(self)
