"""Standard FIX messages about orders, from their fields to the one report that the engine acts on.

Units   prices in 10**-price_decimals, sizes in 10**-size_decimals, fees in their product.
Errors  DecodeError for a value of the wrong type, such as a price finer than its unit; the report is then void.
Cost    about 150 ns; a text equal to the one that the report held before is not built again.
Source  FIX 4.4 volume 4, volume 2 for rejects; AggressorIndicator(1057) and MiscFeeBasis(891) of FIX 5.0 SP2.
"""

from cpython.unicode cimport PyUnicode_DecodeLatin1
from libc.stdint cimport INT64_MIN, int64_t
from libc.string cimport memcmp

from engine.report cimport ExecutionReport
from engine.session._fields cimport Fields

from engine.errors import DecodeError

cdef int REMOVED_LIQUIDITY = 2  # LastLiquidityInd(851), where FIX 4.4 says what AggressorIndicator(1057) does

cdef extern from "Python.h":
    int PyUnicode_KIND(object text)
    int PyUnicode_1BYTE_KIND
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    unsigned char* PyUnicode_1BYTE_DATA(object text)


def decode_report(Fields fields not None, ExecutionReport report not None, int price_decimals, int size_decimals):
    """Fill `report` from the message; False for a message type that says nothing about orders."""
    cdef int reason_tag, cl_ord_id_tag = 11
    cdef str msg_type = text_of(fields, 35, report.msg_type)
    if msg_type == "8":
        reason_tag = 103
    elif msg_type == "9":
        reason_tag = 102
    elif msg_type == "r":
        reason_tag = 532
    elif msg_type == "3":
        reason_tag = 373
    elif msg_type == "j":
        reason_tag, cl_ord_id_tag = 380, 379
    else:
        return False
    report.msg_type = msg_type
    report.cl_ord_id = text_of(fields, cl_ord_id_tag, report.cl_ord_id)
    report.orig_cl_ord_id = text_of(fields, 41, report.orig_cl_ord_id)
    report.order_id = text_of(fields, 37, report.order_id)
    report.exec_id = text_of(fields, 17, report.exec_id)
    report.exec_ref_id = text_of(fields, 19, report.exec_ref_id)
    report.exec_type = text_of(fields, 150, report.exec_type)
    report.ord_status = text_of(fields, 39, report.ord_status)
    report.symbol = text_of(fields, 55, report.symbol)
    report.side = <int>integer_of(fields, 54, 0)
    report.price = decimal_of(fields, 44, price_decimals)
    report.order_qty = decimal_of(fields, 38, size_decimals)
    report.cum_qty = decimal_of(fields, 14, size_decimals)
    report.leaves_qty = decimal_of(fields, 151, size_decimals)
    report.last_px = decimal_of(fields, 31, price_decimals)
    report.last_qty = decimal_of(fields, 32, size_decimals)
    report.fee = fee_of(fields, price_decimals + size_decimals)
    report.is_taker = is_yes(fields, 1057) or integer_of(fields, 851, 0) == REMOVED_LIQUIDITY
    report.reason = integer_of(fields, reason_tag, INT64_MIN)
    if reason_tag == 532 and report.reason == INT64_MIN and fields.text(531) == "0":
        report.reason = 99  # a mass cancel refused without a reason is refused all the same
    report.text = text_of(fields, 58, report.text)
    report.cxl_rej_response_to = text_of(fields, 434, report.cxl_rej_response_to)
    report.ref_msg_type = text_of(fields, 372, report.ref_msg_type)
    report.ref_seq_num = integer_of(fields, 45, INT64_MIN)
    report.poss_dup = is_yes(fields, 43)
    report.poss_resend = is_yes(fields, 97)
    return True


cdef str text_of(Fields fields, int tag, str before):
    """The value as text: `before` itself if it says the same, a cached object if it is one character."""
    cdef const unsigned char* value
    cdef Py_ssize_t length
    cdef int i = fields.find(tag)
    if i < 0:
        return ""
    value = fields.data + fields.fields[i].start
    length = fields.fields[i].length
    if (
        before is not None
        and PyUnicode_GET_LENGTH(before) == length
        and PyUnicode_KIND(before) == PyUnicode_1BYTE_KIND
        and memcmp(PyUnicode_1BYTE_DATA(before), value, length) == 0
    ):
        return before
    return PyUnicode_DecodeLatin1(<const char*>value, length, NULL)


cdef int64_t decimal_of(Fields fields, int tag, int decimals) except? -1:
    cdef int i = fields.find(tag)
    return INT64_MIN if i < 0 else fields.decimal_at(i, decimals)


cdef int64_t integer_of(Fields fields, int tag, int64_t default) except? -1:
    cdef int i = fields.find(tag)
    return default if i < 0 else fields.integer_at(i)


cdef bint is_yes(Fields fields, int tag) noexcept:
    cdef int i = fields.find(tag)
    return i >= 0 and fields.fields[i].length == 1 and fields.data[fields.fields[i].start] == c"Y"


cdef int64_t fee_of(Fields fields, int decimals) except? -1:
    """The sum of the MiscFeeAmt(137) of NoMiscFees(136)."""
    cdef int i = fields.find(136)
    cdef int64_t entries, total = 0
    if i < 0:
        return INT64_MIN
    entries = integer_of(fields, 136, 0)
    for i in range(i + 1, fields.count):
        if fields.fields[i].tag == 137:
            if entries == 0:
                break
            total += fields.decimal_at(i, decimals)
            entries -= 1
        elif fields.fields[i].tag == 891 and fields.data[fields.fields[i].start] != c"0":
            raise fields.wrong(i, "0, an absolute fee")
    if entries:
        raise DecodeError(f"NoMiscFees(136) announces {entries} more entries than the message has")
    return total
