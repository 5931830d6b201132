# What a value must look like
cdef enum:
    TEXT
    INTEGER
    DECIMAL
    CHARACTER
    BOOLEAN
    TIMESTAMP
    TIME
    DATE
    MONTH
    XML  # not judged here

cdef bint has_form(const unsigned char* text, int length, int kind) noexcept
