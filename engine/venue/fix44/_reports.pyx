"""Standard FIX messages about orders, from their fields to the one report that the engine acts on.

Units   prices in 10**-price_decimals, sizes in 10**-size_decimals, fees in their product.
Errors  DecodeError where what decides money cannot be read or is finer than its unit: quantities, and LastPx(31) of a
        fill; the report is then void. Anything else that cannot be read is absent, and what is too fine is rounded up:
        `ExecutionReport.oddity` says so.
Cost    about 100 ns: one pass notes where each field that counts stands; a text equal to the one that the report held
        before is not built again.
Source  FIX 4.4 volume 4, volume 2 for rejects; AggressorIndicator(1057) and MiscFeeBasis(891) of FIX 5.0 SP2.
"""

cimport cython
from cpython.unicode cimport PyUnicode_DecodeLatin1
from libc.stdint cimport INT64_MIN, int64_t
from libc.string cimport memcmp, strchr

from engine._decimal cimport parse_chars
from engine._text cimport (
    PyUnicode_1BYTE_DATA, PyUnicode_1BYTE_KIND, PyUnicode_GET_LENGTH, PyUnicode_IS_ASCII, PyUnicode_KIND,
)
from engine.codec._fields cimport Fields
from engine.codec._pieces cimport Field
from engine.orders.report cimport ExecutionReport

from engine._decimal import parse_decimal
from engine.errors import DecodeError

cdef int64_t MOST_FEE = 2**61
cdef int REMOVED_LIQUIDITY = 2  # LastLiquidityInd(851), where FIX 4.4 says what AggressorIndicator(1057) does

# The fields that a report is made of; OTHER stands for all the rest.
cdef enum:
    OTHER
    MSG_TYPE
    CL_ORD_ID
    ORIG_CL_ORD_ID
    ORDER_ID
    EXEC_ID
    EXEC_REF_ID
    EXEC_TYPE
    ORD_STATUS
    SYMBOL
    SIDE
    PRICE
    ORDER_QTY
    CUM_QTY
    LEAVES_QTY
    LAST_PX
    LAST_QTY
    NO_MISC_FEES
    AGGRESSOR_INDICATOR
    LAST_LIQUIDITY_IND
    ORD_REJ_REASON
    CXL_REJ_REASON
    MASS_REJECT_REASON
    MASS_RESPONSE
    SESSION_REJECT_REASON
    BUSINESS_REJECT_REASON
    BUSINESS_REJECT_REF_ID
    TEXT
    ENCODED_TEXT
    MESSAGE_ENCODING
    CXL_REJ_RESPONSE_TO
    REF_MSG_TYPE
    REF_SEQ_NUM
    POSS_DUP_FLAG
    POSS_RESEND
    PLACES

cdef enum:
    TAGS = 1058  # tags below may be one of them

cdef dict OF_TAG = {
    35: MSG_TYPE, 11: CL_ORD_ID, 41: ORIG_CL_ORD_ID, 37: ORDER_ID, 17: EXEC_ID, 19: EXEC_REF_ID, 150: EXEC_TYPE,
    39: ORD_STATUS, 55: SYMBOL, 54: SIDE, 44: PRICE, 38: ORDER_QTY, 14: CUM_QTY, 151: LEAVES_QTY, 31: LAST_PX,
    32: LAST_QTY, 136: NO_MISC_FEES, 1057: AGGRESSOR_INDICATOR, 851: LAST_LIQUIDITY_IND, 103: ORD_REJ_REASON,
    102: CXL_REJ_REASON, 532: MASS_REJECT_REASON, 531: MASS_RESPONSE, 373: SESSION_REJECT_REASON,
    380: BUSINESS_REJECT_REASON, 379: BUSINESS_REJECT_REF_ID, 58: TEXT, 355: ENCODED_TEXT, 347: MESSAGE_ENCODING,
    434: CXL_REJ_RESPONSE_TO, 372: REF_MSG_TYPE, 45: REF_SEQ_NUM, 43: POSS_DUP_FLAG, 97: POSS_RESEND,
}  # fmt: skip
cdef unsigned char[TAGS] PLACE_OF = [OF_TAG.get(tag, OTHER) for tag in range(TAGS)]


cpdef bint decode_report(Fields fields, ExecutionReport report, int price_decimals, int size_decimals) except -1:
    """Fill `report` from the message; False for a message type that says nothing about orders."""
    cdef int at[PLACES]  # where each field stands, -1: absent
    cdef int reason, cl_ord_id = CL_ORD_ID
    cdef str msg_type
    cdef bint is_execution
    if fields is None or report is None:
        raise TypeError("decode_report: fields and report must not be None")
    find_places(fields, at)
    msg_type = text_at(fields, at[MSG_TYPE], report.msg_type)
    if msg_type == "8":
        reason = ORD_REJ_REASON
    elif msg_type == "9":
        reason = CXL_REJ_REASON
    elif msg_type == "r":
        reason = MASS_REJECT_REASON
    elif msg_type == "3":
        reason = SESSION_REJECT_REASON
    elif msg_type == "j":
        reason, cl_ord_id = BUSINESS_REJECT_REASON, BUSINESS_REJECT_REF_ID
    else:
        return False
    report.msg_type = msg_type
    report.oddity = ""
    report.cl_ord_id = text_at(fields, at[cl_ord_id], report.cl_ord_id)
    report.orig_cl_ord_id = text_at(fields, at[ORIG_CL_ORD_ID], report.orig_cl_ord_id)
    report.order_id = text_at(fields, at[ORDER_ID], report.order_id)
    report.exec_id = text_at(fields, at[EXEC_ID], report.exec_id)
    report.exec_ref_id = text_at(fields, at[EXEC_REF_ID], report.exec_ref_id)
    report.exec_type = text_at(fields, at[EXEC_TYPE], report.exec_type)
    report.ord_status = text_at(fields, at[ORD_STATUS], report.ord_status)
    report.symbol = text_at(fields, at[SYMBOL], report.symbol)
    report.side = <int>integer_at(fields, at[SIDE], 0, report)
    report.price = rounded_at(fields, at[PRICE], price_decimals, report)
    report.cum_qty = decimal_at(fields, at[CUM_QTY], size_decimals)
    report.leaves_qty = decimal_at(fields, at[LEAVES_QTY], size_decimals)
    is_execution = is_one_of(fields, at[EXEC_TYPE], b"F12GH")
    if is_execution:
        report.order_qty = rounded_at(fields, at[ORDER_QTY], size_decimals, report)
        report.last_px = decimal_at(fields, at[LAST_PX], price_decimals)
        report.last_qty = decimal_at(fields, at[LAST_QTY], size_decimals)
    else:
        report.order_qty = decimal_at(fields, at[ORDER_QTY], size_decimals)
        report.last_px = rounded_at(fields, at[LAST_PX], price_decimals, report)
        report.last_qty = rounded_at(fields, at[LAST_QTY], size_decimals, report)
    report.fee = fee_at(fields, at[NO_MISC_FEES], price_decimals + size_decimals, report)
    report.is_taker = says(fields, at[AGGRESSOR_INDICATOR], c"Y") or (
        integer_at(fields, at[LAST_LIQUIDITY_IND], 0, report) == REMOVED_LIQUIDITY
    )
    report.reason = integer_at(fields, at[reason], INT64_MIN, report)
    if report.reason == INT64_MIN and reason == MASS_REJECT_REASON and says(fields, at[MASS_RESPONSE], c"0"):
        report.reason = 99  # a mass cancel refused without a reason is refused all the same
    report.text = text_at(fields, at[TEXT], report.text)
    if at[ENCODED_TEXT] >= 0 or at[MESSAGE_ENCODING] >= 0 or not PyUnicode_IS_ASCII(report.text):
        report.text = fields.remark()
    report.cxl_rej_response_to = text_at(fields, at[CXL_REJ_RESPONSE_TO], report.cxl_rej_response_to)
    report.ref_msg_type = text_at(fields, at[REF_MSG_TYPE], report.ref_msg_type)
    report.ref_seq_num = integer_at(fields, at[REF_SEQ_NUM], INT64_MIN, report)
    report.poss_dup = says(fields, at[POSS_DUP_FLAG], c"Y")
    report.poss_resend = says(fields, at[POSS_RESEND], c"Y")
    return True


cdef void find_places(Fields fields, int* at) noexcept:
    """Note where each field that counts stands first: from the last to the first, the first written last."""
    cdef int i
    cdef Field* field
    for i in range(PLACES):
        at[i] = -1
    for i in range(fields.count - 1, -1, -1):
        field = &fields.fields[i]
        if <unsigned int>field.tag < TAGS:
            at[PLACE_OF[field.tag]] = i


cdef inline str text_at(Fields fields, int i, str before):
    """The value as text: `before` itself if it says the same, a cached object if it is one character."""
    return "" if i < 0 else text_of(fields.data + fields.fields[i].start, fields.fields[i].length, before)


cdef str text_of(const unsigned char* value, Py_ssize_t length, str before):
    if (
        before is not None
        and PyUnicode_GET_LENGTH(before) == length
        and PyUnicode_KIND(before) == PyUnicode_1BYTE_KIND
        and memcmp(PyUnicode_1BYTE_DATA(before), value, length) == 0
    ):
        return before
    return PyUnicode_DecodeLatin1(<const char*>value, length, NULL)


cdef inline int64_t decimal_at(Fields fields, int i, int decimals) except? -1:
    return INT64_MIN if i < 0 else fields.decimal_at(i, decimals)


cdef inline int64_t rounded_at(Fields fields, int i, int decimals, ExecutionReport report) except? -1:
    """A number that decides nothing."""
    cdef bint ok
    cdef int64_t value
    if i < 0:
        return INT64_MIN
    value = parse_chars(fields.data + fields.fields[i].start, fields.fields[i].length, decimals, &ok)
    return value if ok else rounded_up(fields, i, decimals, report)


cdef int64_t rounded_up(Fields fields, int i, int decimals, ExecutionReport report) except? -1:
    """A number finer than its unit, rounded up; absent if it is none."""
    text = fields.copy(fields.fields[i].start, fields.fields[i].length).decode("latin-1")
    whole, _, places = text.partition(".")
    try:
        if len(places) <= decimals or not (places.isascii() and places.isdigit()):
            raise DecodeError("no number")
        value = parse_decimal(f"{whole}.{places[:decimals]}", decimals)
        value = <int64_t>(value + (not whole.startswith("-")))
    except (DecodeError, OverflowError):
        return left_out(fields, i, report)
    note(report, f"tag {fields.fields[i].tag} rounded up: {text}")
    return value


cdef int64_t left_out(Fields fields, int i, ExecutionReport report) except? -1:
    note(report, f"tag {fields.fields[i].tag} left out: {fields.copy(fields.fields[i].start, fields.fields[i].length)!r}")
    return INT64_MIN


cdef int note(ExecutionReport report, text) except -1:
    """Say what is odd about a report, beside what was said of it before."""
    before = f"{report.oddity}, " if report.oddity else f"ClOrdID(11) {report.cl_ord_id!r}: "
    report.oddity = f"{before}{text}"
    return 0


cdef inline int64_t integer_at(Fields fields, int i, int64_t default, ExecutionReport report) except? -1:
    cdef int64_t value
    if i < 0:
        return default
    if fields.copy_int(i, &value):
        return value
    left_out(fields, i, report)
    return default


cdef inline bint is_one_of(Fields fields, int i, const char* letters) noexcept:
    return i >= 0 and fields.fields[i].length == 1 and strchr(letters, fields.data[fields.fields[i].start]) is not NULL


cdef inline bint says(Fields fields, int i, unsigned char letter) noexcept:
    return i >= 0 and fields.fields[i].length == 1 and fields.data[fields.fields[i].start] == letter


cdef int64_t fee_at(Fields fields, int i, int decimals, ExecutionReport report) except? -1:
    """The sum of the MiscFeeAmt(137) of NoMiscFees(136), field `i`; absent if it is not whole, or no amounts."""
    cdef int64_t entries, fee, total = 0
    cdef int first = i
    if i < 0:
        return INT64_MIN
    entries = integer_at(fields, i, INT64_MIN, report)
    if entries == INT64_MIN:
        return INT64_MIN
    for i in range(first + 1, fields.count):
        if fields.fields[i].tag == 137:
            if entries == 0:
                break
            fee = rounded_at(fields, i, decimals, report)
            if fee == INT64_MIN:
                return INT64_MIN
            if not -MOST_FEE < fee < MOST_FEE or not -MOST_FEE < total < MOST_FEE:  # their sum would not fit
                return left_out(fields, first, report)
            total += fee
            entries -= 1
        elif fields.fields[i].tag == 891 and fields.data[fields.fields[i].start] != c"0":
            return left_out(fields, i, report)
    return total if entries == 0 else left_out(fields, first, report)
