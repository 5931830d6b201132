"""The syntax of FIX data types.

Cost    a few ns; a type that takes any text is not checked.
Source  FIX 4.4 volume 1, data types; the type names of QuickFIX dictionaries.
"""

from libc.stdint cimport int64_t

from engine.codec._timestamp cimport read_timestamp

KINDS = {
    "INT": INTEGER, "LENGTH": INTEGER, "NUMINGROUP": INTEGER, "SEQNUM": INTEGER, "DAYOFMONTH": INTEGER,
    "TAGNUM": INTEGER, "FLOAT": DECIMAL, "PRICE": DECIMAL, "QTY": DECIMAL, "QUANTITY": DECIMAL, "AMT": DECIMAL,
    "PERCENTAGE": DECIMAL, "PRICEOFFSET": DECIMAL, "CHAR": CHARACTER, "BOOLEAN": BOOLEAN, "UTCTIMESTAMP": TIMESTAMP,
    "UTCTIMEONLY": TIME, "UTCDATE": DATE, "UTCDATEONLY": DATE, "LOCALMKTDATE": DATE, "MONTHYEAR": MONTH,
    "XMLDATA": XML,
}  # fmt: skip


cdef bint has_form(const unsigned char* text, int length, int kind) noexcept:
    """Say whether a non-empty value has the syntax of its type."""
    cdef int64_t ns
    if kind == INTEGER:
        return is_number(text, length, False)
    if kind == DECIMAL:
        return is_number(text, length, True)
    if kind == CHARACTER:
        return length == 1
    if kind == BOOLEAN:
        return length == 1 and (text[0] == c"Y" or text[0] == c"N")
    if kind == TIMESTAMP:
        return read_timestamp(text, length, &ns)
    if kind == TIME:
        return is_time(text, length)
    if kind == DATE:
        return length == 8 and are_digits(text, 8)
    if kind == XML:
        return True
    return (length == 6 or length == 8) and are_digits(text, 6)  # MonthYear: the end may be a week, w1


cdef bint is_number(const unsigned char* text, int length, bint may_have_point) noexcept nogil:
    cdef int i, extra = 0  # characters that are no digits
    cdef bint has_point = False
    for i in range(length):
        if 48 <= text[i] <= 57:
            continue
        if text[i] == c"." and may_have_point and not has_point:
            has_point = True
        elif text[i] != c"-" or i:
            return False
        extra += 1
    return extra < length


cdef bint is_time(const unsigned char* text, int length) noexcept nogil:
    """HH:MM:SS, perhaps with a fraction."""
    if length < 8 or text[2] != c":" or text[5] != c":":
        return False
    if not (are_digits(text, 2) and are_digits(text + 3, 2) and are_digits(text + 6, 2)):
        return False
    return length == 8 or (text[8] == c"." and length > 9 and are_digits(text + 9, length - 9))


cdef bint are_digits(const unsigned char* text, int length) noexcept nogil:
    cdef int i
    for i in range(length):
        if not 48 <= text[i] <= 57:
            return False
    return True
