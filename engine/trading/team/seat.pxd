from engine.trading.desk cimport Desk


cdef class Seat(Desk):
    cdef object _member, _account
    cdef str _name
