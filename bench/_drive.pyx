"""The measuring venue's market-data side: frames on a wire, each stamped until the order that answers it.

Units   times in ns of CLOCK_MONOTONIC.
Errors  a missing or wrong order raises VenueError: the run is void.
Thread  loops run without the GIL until they are done.
"""

from cpython.bytearray cimport PyByteArray_AS_STRING
from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc

from bench._venue cimport Answer, FixVenue
from bench._wire cimport LATE, OK, SECOND, WRONG, now, raise_unless_ok, send_all


cdef struct Frame:
    unsigned char* data
    Py_ssize_t size, seq_at
    unsigned char side
    int64_t price


cdef class FrameScript:
    """Market-data frames to send in turn, for ever, each with the order that must answer it.

    `frames` are whole WebSocket frames in which ten digits at `seq_at` are the sequence number; `sides` holds the
    Side(54) of the order that a frame provokes, or 0 for none, `prices` its Price(44) in 0.0001.
    """

    cdef list frames
    cdef int64_t next_seq
    cdef Py_ssize_t at, count
    cdef Frame* table

    def __cinit__(self, frames, seq_at, sides, prices, int64_t first_seq):
        cdef Py_ssize_t i
        if not len(frames) == len(seq_at) == len(sides) == len(prices) > 0:
            raise ValueError("a frame needs its sequence offset, side and price")
        if first_seq < SECOND:
            raise ValueError("sequence numbers must have ten digits")
        self.frames = [bytearray(frame) for frame in frames]
        self.count = len(frames)
        self.next_seq = first_seq
        self.table = <Frame*>malloc(self.count * sizeof(Frame))
        if self.table == NULL:
            raise MemoryError
        for i in range(self.count):
            self.table[i].data = <unsigned char*>PyByteArray_AS_STRING(self.frames[i])
            self.table[i].size = len(self.frames[i])
            self.table[i].seq_at = seq_at[i]
            self.table[i].side = sides[i]
            self.table[i].price = prices[i]

    def __dealloc__(self):
        free(self.table)

    cdef int send(self, int fd) noexcept nogil:
        """Send the next frame under the next sequence number."""
        cdef Frame* frame = &self.table[self.at]
        cdef int64_t value = self.next_seq
        cdef Py_ssize_t i
        for i in range(9, -1, -1):
            frame.data[frame.seq_at + i] = c"0" + value % 10
            value //= 10
        self.next_seq += 1
        self.at = self.at + 1 if self.at + 1 < self.count else 0
        return send_all(fd, frame.data, frame.size)

    cdef Frame* frame(self, int64_t number) noexcept nogil:
        return &self.table[number % self.count]


cdef bint answers(Frame* frame, Answer* order) noexcept nogil:
    return frame.side == order.side and frame.price == order.price


def drive_closed(int feed_fd, FixVenue venue, FrameScript script, int64_t interval_ns, int64_t[::1] stamps):
    """Send a frame, await its order, answer that, and go on; `stamps` gets frame out to order in.

    With `interval_ns` the next frame waits until that long after the one before. A frame that provokes no order
    is stamped -1. Only the right order counts: another side or price voids the run.
    """
    cdef Py_ssize_t i, answered
    cdef int64_t start, number = script.at
    cdef int outcome = OK
    cdef Frame* frame
    with nogil:
        for i in range(stamps.shape[0]):
            frame = script.frame(number + i)
            start = now()
            outcome = script.send(feed_fd)
            stamps[i] = -1
            answered = 0
            while outcome == OK and frame.side and not answered:
                outcome = venue.turn(&answered)
                if answered == 1 and answers(frame, &venue.answered[0]):
                    stamps[i] = venue.received_ns - start
                elif answered:
                    outcome = WRONG
                elif now() - start > 5 * <int64_t>SECOND:
                    outcome = LATE
            while outcome == OK and now() - start < interval_ns:
                answered = 0
                outcome = venue.turn(&answered)
                if answered:
                    outcome = WRONG
            if outcome != OK:
                break
    if outcome != OK:
        raise_unless_ok(outcome, f"frame {i}")


def drive_open(int feed_fd, FixVenue venue, FrameScript script, int64_t interval_ns, int64_t[::1] stamps):
    """Send frames on a schedule whatever the engine does; `stamps` gets scheduled time to order in.

    Every frame must provoke an order. An engine that falls behind reads several frames at once and answers the
    state after the last of them: that order answers all of them, each from its own scheduled time.
    """
    cdef Py_ssize_t i, k, answered
    cdef int64_t first = now() + 1000000, number = script.at, sent = 0, done = 0, j, count = stamps.shape[0]
    cdef int outcome = OK
    with nogil:
        while done < count and outcome == OK:
            if sent < count and now() >= first + sent * interval_ns:
                outcome = script.send(feed_fd)
                sent += 1
                if outcome != OK:
                    break
            answered = 0
            outcome = venue.turn(&answered)
            for k in range(answered):
                j = done
                while j < sent and not answers(script.frame(number + j), &venue.answered[k]):
                    j += 1
                if j == sent:
                    outcome = WRONG
                    break
                while done <= j:
                    stamps[done] = venue.received_ns - (first + done * interval_ns)
                    done += 1
            if sent == count and now() - (first + count * interval_ns) > 5 * <int64_t>SECOND:
                outcome = LATE
    if outcome != OK:
        raise_unless_ok(outcome, f"frame {done}")
