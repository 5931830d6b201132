# cython: overflowcheck=False, cdivision=True
"""What is on its way: rings of requests and answers, each in the order in which it arrives, and how long a way takes."""
from libc.stdint cimport int64_t, uint64_t
from libc.stdlib cimport free, malloc

from engine.backtest.core._state cimport LATENCIES, Account, Answer, Pass, Request


cdef inline uint64_t mix64(uint64_t value) noexcept nogil:
    """Return 64 bits that look like chance and follow from `value` alone."""
    value = (value ^ (value >> 30)) * <uint64_t>0xbf58476d1ce4e5b9
    value = (value ^ (value >> 27)) * <uint64_t>0x94d049bb133111eb
    return value ^ (value >> 31)


cdef inline int64_t way_ns(Account* account, int kind) noexcept nogil:
    """Draw how long the next of its kind takes: no other account or kind moves the draw."""
    cdef uint64_t key
    if account.ways[kind].table == NULL:
        return account.ways[kind].fixed_ns
    key = account.seed + <uint64_t>0x9e3779b97f4a7c15 * <uint64_t>(account.draws[kind] * 4 + kind + 1)
    account.draws[kind] += 1
    return account.ways[kind].table[mix64(mix64(key)) % LATENCIES]


cdef inline bint push_request(Pass* run, Account* account, Request request) noexcept nogil:
    cdef Request* ring = account.requests
    cdef int64_t space = account.request_space, wider, at
    if account.request_tail - account.request_head == space:
        wider = max(16, 2 * space)
        ring = <Request*>malloc(wider * sizeof(Request))
        if ring == NULL:
            run.has_failed = True
            return False
        for at in range(account.request_head, account.request_tail):
            ring[at & (wider - 1)] = account.requests[at & (space - 1)]
        free(account.requests)
        account.requests, account.request_space, space = ring, wider, wider
    ring[account.request_tail & (space - 1)] = request
    account.request_tail += 1
    run.request_ns = min(run.request_ns, request.act_ns)
    return True


cdef inline bint push_answer(Pass* run, Account* account, Answer answer) noexcept nogil:
    cdef Answer* ring = account.answers
    cdef int64_t space = account.answer_space, wider, at
    if account.answer_tail - account.answer_head == space:
        wider = max(16, 2 * space)
        ring = <Answer*>malloc(wider * sizeof(Answer))
        if ring == NULL:
            run.has_failed = True
            return False
        for at in range(account.answer_head, account.answer_tail):
            ring[at & (wider - 1)] = account.answers[at & (space - 1)]
        free(account.answers)
        account.answers, account.answer_space, space = ring, wider, wider
    ring[account.answer_tail & (space - 1)] = answer
    account.answer_tail += 1
    run.answer_ns = min(run.answer_ns, answer.heard_ns)
    return True
