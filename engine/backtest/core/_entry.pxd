"""What requests do to the orders of an account; see `_entry.pyx`."""
from engine.backtest.core._state cimport Account, Pass, Request

cdef void act(Pass* run, Account* account, Request* request) noexcept nogil
