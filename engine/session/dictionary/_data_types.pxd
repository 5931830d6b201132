# What a value must look like
cdef enum:
    TEXT
    INTEGER
    COUNT  # digits alone
    DECIMAL
    CHARACTER
    BOOLEAN
    TIMESTAMP
    TIME
    DATE
    MONTH
    DAY  # of a month
    ZONED_TIME
    ZONED_TIMESTAMP
    XML  # not judged here

cdef bint has_form(const unsigned char* text, int length, int kind) noexcept
cdef bint is_xml(bytes text) except -1
