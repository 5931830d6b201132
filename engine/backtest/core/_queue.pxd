# cython: overflowcheck=False, cdivision=True
"""Where in its queue an own order stands: the share of a cancel that was ahead of it, by model.

Every model is made of + - * / and square roots alone, which round the same on every machine.

Units   F is the size ahead of an order, B the size behind it, in lots; a share is between 0 and 1.
"""
from libc.math cimport sqrt
from libc.stdint cimport int32_t, int64_t

cdef enum:
    RISK_AVERSE = 0
    OPTIMISTIC = 1
    POWER = 2
    POWER2 = 3
    POWER3 = 4
    LOG = 5
    LOG2 = 6
    BIASED = 7

cdef struct Queue:
    int kind
    bint is_matched  # cancels whose order is known are judged by it; `kind` judges the others
    int halves  # twice the exponent: 0, 1, 2, 4 or 6
    double weight  # of BIASED: e to the -a
    double lots  # in a contract, for the two logs


cdef inline double power(double base, int halves) noexcept nogil:
    if halves == 0:
        return 1.0
    if halves == 1:
        return sqrt(base)
    if halves == 2:
        return base
    return base * base if halves == 4 else base * base * base


cdef inline double logarithm(double value) noexcept nogil:
    """Return the natural logarithm of a value from 1 on, by halving it and a series."""
    cdef double halvings = 0.0, ratio, square, term, total
    cdef int odd
    while value >= 1.5:
        value *= 0.5
        halvings += 1.0
    ratio = (value - 1.0) / (value + 1.0)
    square, term, total = ratio * ratio, ratio, ratio
    for odd in range(3, 31, 2):
        term *= square
        total += term / odd
    return 2.0 * total + halvings * 0.6931471805599453


cdef inline double share_ahead(const Queue* queue, int64_t ahead, int64_t behind) noexcept nogil:
    """Return the share of a cancel that was ahead, for sizes of 0 or more, one of them more."""
    cdef double f = <double>ahead, b = <double>behind, near, far
    cdef int kind = queue.kind, n = queue.halves
    if kind == RISK_AVERSE or ahead <= 0:
        return 0.0
    if kind == OPTIMISTIC or behind <= 0:
        return 1.0
    if kind == POWER:
        near, far = power(f, n), power(b, n)
        return near / (near + far)
    if kind == POWER2:
        return 1.0 - power(b / (f + b), n)
    if kind == POWER3:
        return power(f / (f + b), n)
    if kind == BIASED:
        return 1.0 / (1.0 + queue.weight * power(b / f, n))
    f, b = f / queue.lots, b / queue.lots
    near, far = logarithm(1.0 + f), logarithm(1.0 + b)
    return near / (near + far) if kind == LOG else 1.0 - far / logarithm(1.0 + f + b)


cdef inline int64_t ahead_after(
    const Queue* queue, int64_t ahead, int64_t shown, int64_t gone, int32_t join, int32_t joined
) noexcept nogil:
    """Return what is ahead of an order after a cancel of `gone` lots of `shown`.

    `join` is the number of the cancelled order, below 0 where nobody knows; orders up to `joined` were there first.
    """
    cdef double share
    cdef int64_t cut
    if queue.is_matched and join >= 0:
        share = 1.0 if join <= joined else 0.0
    else:
        share = share_ahead(queue, ahead, shown - ahead)
    cut = <int64_t>(<double>gone * share)  # both are 0 or more: down
    cut = max(min(cut, ahead), gone - (shown - ahead))
    return max(0, min(ahead - cut, shown - gone))
