"""The syntax of FIX data types.

Cost    a few ns; a type that takes any text is not checked.
Source  FIX 4.4 volume 1, data types; the type names of QuickFIX dictionaries.
"""

from libc.stdint cimport int64_t

from engine.codec._timestamp cimport read_timestamp

from xml.parsers.expat import ExpatError, ParserCreate

KINDS = {
    "INT": INTEGER, "LENGTH": COUNT, "NUMINGROUP": COUNT, "SEQNUM": COUNT, "TAGNUM": COUNT, "DAYOFMONTH": DAY,
    "FLOAT": DECIMAL, "PRICE": DECIMAL, "QTY": DECIMAL, "QUANTITY": DECIMAL, "AMT": DECIMAL, "PERCENTAGE": DECIMAL,
    "PRICEOFFSET": DECIMAL, "CHAR": CHARACTER, "BOOLEAN": BOOLEAN, "UTCTIMESTAMP": TIMESTAMP, "TIME": TIMESTAMP,
    "UTCTIMEONLY": TIME, "LOCALMKTTIME": TIME, "UTCDATE": DATE, "UTCDATEONLY": DATE, "LOCALMKTDATE": DATE, "DATE": DATE,
    "MONTHYEAR": MONTH, "TZTIMEONLY": ZONED_TIME, "TZTIMESTAMP": ZONED_TIMESTAMP, "XMLDATA": XML,
}  # fmt: skip
# FIX 4.0 and 4.1 know no strings: there a CHAR is text, perhaps several values with blanks between them.
OLD_CHAR = "MULTIPLEVALUESTRING"

cdef const unsigned char* MONTH_DAYS = b"\x00\x1f\x1d\x1f\x1e\x1f\x1e\x1f\x1f\x1e\x1f\x1e\x1f"


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
    if kind == COUNT:
        return are_digits(text, length)
    if kind == TIMESTAMP:  # years that we cannot count, such as 9999 for "never", are dates too
        return read_timestamp(text, length, &ns) or (is_dated(text, length) and is_time(text + 9, length - 9))
    if kind == TIME:
        return is_time(text, length)
    if kind == DATE:
        return length == 8 and is_date(text)
    if kind == MONTH:
        return is_month_year(text, length)
    if kind == DAY:
        return length <= 2 and are_digits(text, length) and 1 <= number(text, length) <= 31
    if kind == ZONED_TIME:
        return is_zoned_time(text, length)
    if kind == ZONED_TIMESTAMP:
        return is_dated(text, length) and is_zoned_time(text + 9, length - 9)
    return True  # XML is not judged here


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
    return length >= 8 and text[5] == c":" and time_length(text, length) == length


cdef bint is_zoned_time(const unsigned char* text, int length) noexcept nogil:
    """HH:MM or a time, then perhaps Z or the distance from UTC."""
    cdef int end = time_length(text, length)
    if end == 0 or end == length:
        return end > 0
    if text[end] == c"Z":
        return end + 1 == length
    if text[end] != c"+" and text[end] != c"-":
        return False
    text, length = text + end + 1, length - end - 1
    if not (length == 2 or (length == 5 and text[2] == c":" and are_two(text + 3, 59))):
        return False
    return are_two(text, 23)


cdef int time_length(const unsigned char* text, int length) noexcept nogil:
    """How many characters HH:MM, HH:MM:SS or HH:MM:SS with a fraction take, 0 if there is no time."""
    cdef int end = 9
    if length < 5 or text[2] != c":" or not (are_two(text, 23) and are_two(text + 3, 59)):
        return 0
    if length == 5 or text[5] != c":":
        return 5
    if length < 8 or not are_two(text + 6, 60):  # a leap second
        return 0
    if length == 8 or text[8] != c".":
        return 8
    while end < length and 48 <= text[end] <= 57:
        end += 1
    return end if end > 9 else 0


cdef bint is_month_year(const unsigned char* text, int length) noexcept nogil:
    """YYYYMM, perhaps with a day or with a week of w1 to w5."""
    if length == 6:
        return is_month(text)
    if length == 8 and text[6] == c"w":
        return is_month(text) and c"1" <= text[7] <= c"5"
    return length == 8 and is_date(text)


cdef bint is_dated(const unsigned char* text, int length) noexcept nogil:
    """Whether a date and a hyphen stand at the start."""
    return length > 9 and is_date(text) and text[8] == c"-"


cdef bint is_date(const unsigned char* text) noexcept nogil:
    """YYYYMMDD of a day that exists."""
    cdef int year, month, day
    if not is_month(text) or not are_digits(text + 6, 2):
        return False
    year, month, day = number(text, 4), number(text + 4, 2), number(text + 6, 2)
    if month == 2 and day == 29:
        return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    return 1 <= day <= MONTH_DAYS[month]


cdef bint is_month(const unsigned char* text) noexcept nogil:
    return are_digits(text, 6) and 1 <= number(text + 4, 2) <= 12


cdef bint are_two(const unsigned char* text, int largest) noexcept nogil:
    """Two digits that make at most `largest`."""
    return are_digits(text, 2) and number(text, 2) <= largest


cdef int number(const unsigned char* digits, int length) noexcept nogil:
    cdef int i, value = 0
    for i in range(length):
        value = 10 * value + digits[i] - 48
    return value


cdef bint are_digits(const unsigned char* text, int length) noexcept nogil:
    cdef int i
    for i in range(length):
        if not 48 <= text[i] <= 57:
            return False
    return True


cdef bint is_xml(bytes text) except -1:
    """Say whether `text` is one well-formed document, without entities of its own: they can expand without bound."""
    parser = ParserCreate()
    parser.EntityDeclHandler = _refuse
    try:
        parser.Parse(text, True)
    except (ExpatError, LookupError, ValueError):
        return False
    return True


def _refuse(*_declaration):
    raise ValueError("an entity")
