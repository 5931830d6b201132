# Money may need more than 64 bits on the way: the numbers stay Python's.
cdef class Position:
    cdef public object instrument, net, cash, cost, fees

    cpdef fill(self, side, qty, price, fee)
