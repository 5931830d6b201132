"""Decimal text to integers and back, exactly.

Units   an integer counts 10**-decimals; `decimals` is 0 to 18.
Errors  DecodeError for anything that is not a decimal number of at most `decimals` significant places between
        -(2**63 - 1) and 2**63 - 1 units; ValueError for other `decimals`.
Cost    about 40 ns a call from Python; no float, no Decimal.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_GET_SIZE
from libc.stdint cimport INT64_MAX, int64_t, uint64_t
from libc.string cimport memchr

from engine.errors import DecodeError

cdef extern from "Python.h":
    bint PyUnicode_IS_ASCII(object text)
    Py_ssize_t PyUnicode_GET_LENGTH(object text)
    unsigned char* PyUnicode_1BYTE_DATA(object text)


cdef enum:
    SAFE_DIGITS = 18  # a number of so many is below 2**63
    MOST_DIGITS = 19  # of 2**63

cdef uint64_t[MOST_DIGITS + 1] POWERS_OF_10 = [10**zeros for zeros in range(MOST_DIGITS + 1)]


@cython.overflowcheck(False)
cdef int64_t parse_chars(const unsigned char* text, Py_ssize_t length, int decimals, bint* ok) noexcept nogil:
    """Value of `text` in units of 10**-decimals; `ok` is cleared if it has none."""
    cdef Py_ssize_t i, zeros, point = length
    cdef uint64_t value = 0
    cdef unsigned int digit
    for i in range(length):
        digit = text[i] - 48
        if digit <= 9:
            value = 10 * value + digit
        elif text[i] == c"." and point == length:
            point = i
        else:
            return parse_any(text, length, decimals, ok)
    zeros = decimals if point == length else decimals - (length - 1 - point)
    if zeros < 0 or length + zeros > SAFE_DIGITS or (point == 0 and length < 2):
        return parse_any(text, length, decimals, ok)
    ok[0] = True
    return <int64_t>(value * POWERS_OF_10[zeros])


cdef int64_t parse_any(const unsigned char* text, Py_ssize_t length, int decimals, bint* ok) noexcept nogil:
    """The same for every text, each step proved to stay in 63 bits."""
    cdef Py_ssize_t i = 0
    cdef int64_t value = 0
    cdef int digit, places = -1
    cdef bint negative = False
    ok[0] = False
    if length > 0 and (text[0] == c"-" or text[0] == c"+"):
        negative = text[0] == c"-"
        i = 1
    if i == length or (text[i] == c"." and i + 1 == length):
        return 0
    while i < length:
        if text[i] == c".":
            if places >= 0:
                return 0
            places = 0
        else:
            digit = text[i] - 48
            if digit < 0 or digit > 9:
                return 0
            if places >= decimals:
                if digit:  # finer than the unit: never rounded
                    return 0
            else:
                if value > INT64_MAX // 10 or (value == INT64_MAX // 10 and digit > INT64_MAX % 10):
                    return 0
                value = value * 10 + digit
                if places >= 0:
                    places += 1
        i += 1
    if places < 0:
        places = 0
    while places < decimals:
        if value > INT64_MAX // 10:
            return 0
        value *= 10
        places += 1
    ok[0] = True
    return -value if negative else value


@cython.overflowcheck(False)
cdef bint parse_int(const unsigned char* text, Py_ssize_t length, int64_t* value) noexcept nogil:
    """Read digits, perhaps after a minus sign; False if the text is anything else or too large."""
    cdef Py_ssize_t i
    cdef uint64_t number = 0
    cdef unsigned int digit
    cdef bint ok
    for i in range(min(length, SAFE_DIGITS)):
        digit = text[i] - 48
        if digit > 9:
            break
        number = 10 * number + digit
    else:
        if 0 < length <= SAFE_DIGITS:
            value[0] = <int64_t>number
            return True
    if length == 0 or text[0] == c"+" or memchr(text, c".", length) is not NULL:
        return False
    value[0] = parse_any(text, length, 0, &ok)
    return ok


cdef Py_ssize_t format_chars(int64_t value, int decimals, unsigned char* out) noexcept nogil:
    """Write `value` with exactly `decimals` places to `out` (at least 24 bytes); return the length."""
    cdef uint64_t rest = <uint64_t>value
    cdef int i, length, sign = 0, digits = decimals + 1
    cdef unsigned char* place
    if value < 0:
        rest = ~rest + 1  # the magnitude, of -2**63 too
        out[0] = c"-"
        sign = 1
    while rest >= POWERS_OF_10[digits] and digits < MOST_DIGITS:
        digits += 1
    length = sign + digits + (1 if decimals else 0)
    place = out + length
    if decimals:
        for i in range(decimals):
            place -= 1
            place[0] = <unsigned char>(48 + rest % 10)
            rest //= 10
        place -= 1
        place[0] = c"."
    for i in range(digits - decimals):
        place -= 1
        place[0] = <unsigned char>(48 + rest % 10)
        rest //= 10
    return length


def parse_decimal(text, int decimals):
    """Return `text` (str or bytes) as an integer count of 10**-decimals."""
    cdef bint ok
    cdef int64_t value
    check_places(decimals)
    if isinstance(text, str) and PyUnicode_IS_ASCII(text):
        value = parse_chars(PyUnicode_1BYTE_DATA(text), PyUnicode_GET_LENGTH(text), decimals, &ok)
    elif isinstance(text, bytes):
        value = parse_chars(<const unsigned char*>PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text), decimals, &ok)
    else:
        raise DecodeError(f"not a decimal number: {text!r}")
    if not ok:
        raise DecodeError(f"not a decimal number of at most {decimals} places: {text!r}")
    return value


def format_decimal(int64_t value, int decimals):
    """Return `value`, a count of 10**-decimals, as text with exactly that many places."""
    cdef unsigned char out[48]
    check_places(decimals)
    return out[:format_chars(value, decimals, out)].decode("ascii")


cdef int check_places(int decimals) except -1:
    if not 0 <= decimals <= 18:
        raise ValueError(f"decimals must be 0 to 18, not {decimals}")
    return 0
