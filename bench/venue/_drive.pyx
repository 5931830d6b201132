# cython: overflowcheck=False, nonecheck=False, cdivision=True
"""The measuring venue's clockwork: frames or triggers on a wire, each stamped until the order that answers it.

Units   times in ns of CLOCK_MONOTONIC.
Shapes  a stamp is a latency, or UNASKED for a frame that provokes no order, or ANNULLED for one whose move was taken
        back before an engine that fell behind had read it. Every order is a buy at the best ask.
Errors  a missing or wrong order raises VenueError: the run is void.
Thread  loops run without the GIL until they are done.
"""

from cpython.bytearray cimport PyByteArray_AS_STRING
from libc.stdint cimport int64_t
from libc.stdlib cimport free, malloc

from bench.venue._fix cimport Answer, FixVenue
from bench.venue._ping cimport LATE, OK, SECOND, WRONG, now, raise_unless_ok, send_all

UNASKED = -1
ANNULLED = -2

cdef enum:
    PATIENCE = 2000000000  # how long an order may take before it counts as missing
    QUIET = 100000000  # after which nothing more comes that was not due
    LEAD = 1000000  # from the start of a scheduled run to its first event
    LARGEST_BURST = 64


cdef struct Frame:
    unsigned char* data
    Py_ssize_t size, seq_at
    bint is_due
    int64_t ask


cdef class FrameScript:
    """Market-data frames to send in turn, for ever, each with the order that must answer it.

    `frames` are whole WebSocket frames in which ten digits at `seq_at` are the sequence number; `is_due` tells which
    provoke an order, `asks` the best ask after each frame in 0.0001.
    """

    cdef list frames
    cdef int64_t next_seq
    cdef Py_ssize_t at, count
    cdef Frame* table

    def __cinit__(self, frames, seq_at, is_due, asks, int64_t first_seq):
        cdef Py_ssize_t i
        if not len(frames) == len(seq_at) == len(is_due) == len(asks) > 0:
            raise ValueError("a frame needs its sequence offset, whether an order is due, and the best ask after it")
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
            self.table[i].is_due = is_due[i]
            self.table[i].ask = asks[i]

    def __dealloc__(self):
        free(self.table)

    def take(self):
        """Return the next frame under the next sequence number, and the ask that its order buys, -1 if none is due."""
        cdef Frame* frame = self.number_next()
        return frame.data[: frame.size], frame.ask if frame.is_due else -1

    cdef int send(self, int fd) noexcept nogil:
        """Send the next frame under the next sequence number."""
        cdef Frame* frame = self.number_next()
        return send_all(fd, frame.data, frame.size)

    cdef Frame* number_next(self) noexcept nogil:
        cdef Frame* frame = &self.table[self.at]
        cdef int64_t value = self.next_seq
        cdef Py_ssize_t i
        for i in range(9, -1, -1):
            frame.data[frame.seq_at + i] = c"0" + value % 10
            value //= 10
        self.next_seq += 1
        self.at = self.at + 1 if self.at + 1 < self.count else 0
        return frame

    cdef Frame* frame(self, int64_t number) noexcept nogil:
        return &self.table[number % self.count]


cdef bint buys_ask(Frame* frame, Answer* order) noexcept nogil:
    return order.side == c"1" and order.price == frame.ask


def drive_closed(int feed_fd, FixVenue venue, FrameScript script, int64_t interval_ns, int64_t[::1] stamps):
    """Send a frame, await its order, answer that, and go on; `stamps` gets frame out to order in.

    With `interval_ns` the next frame waits until that long after the one before. Another order than
    the one that is due voids the run.
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
            while outcome == OK and frame.is_due and not answered:
                outcome = venue.turn(&answered)
                if answered == 1 and buys_ask(frame, &venue.answered[0]):
                    stamps[i] = venue.received_ns - start
                elif answered:
                    outcome = WRONG
                elif now() - start > PATIENCE:
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


cdef class Pending:
    """The frames of one scheduled run that were sent and not answered yet: numbers `done` to `sent`.

    An engine that falls behind reads several frames at once and answers the state after the last of them. So an order
    is right if it buys the best ask after some pending frame. It answers the earliest such frame and all before it,
    each from its own scheduled time. With `omits_annulled` moves that had cancelled out by then are left out: for
    recordings, where the next order may be due seconds later.
    """

    cdef FrameScript script
    cdef const int64_t[::1] schedule
    cdef int64_t[::1] stamps
    cdef int64_t first_ns, number, done, sent, annulled_until
    cdef int64_t seen, received_ns  # the best ask that was answered last, and when
    cdef bint omits_annulled

    def __cinit__(
        self, FrameScript script, const int64_t[::1] schedule, int64_t[::1] stamps, bint omits_annulled
    ):
        self.omits_annulled = omits_annulled
        self.script = script
        self.schedule = schedule
        self.stamps = stamps
        self.number = script.at
        self.done = self.sent = self.annulled_until = self.received_ns = 0
        self.seen = script.frame(script.at + script.count - 1).ask

    cdef int64_t scheduled_ns(self, int64_t i) noexcept nogil:
        return self.first_ns + self.schedule[i]

    cdef void note_sent(self) noexcept nogil:
        self.sent += 1
        if self.script.frame(self.number + self.sent - 1).ask == self.seen:
            self.annulled_until = self.sent

    cdef int take(self, Answer* order, int64_t received_ns) noexcept nogil:
        """Stamp the frames that an order answers."""
        cdef int64_t i, last = self.done, annulled = self.done
        cdef Frame* frame
        self.received_ns = received_ns
        while last < self.sent and not buys_ask(self.script.frame(self.number + last), order):
            if self.script.frame(self.number + last).ask == self.seen:
                annulled = last + 1
            last += 1
        if last == self.sent:
            return WRONG
        if not self.omits_annulled:
            annulled = self.done
        for i in range(self.done, last + 1):
            frame = self.script.frame(self.number + i)
            self.stamps[i] = -1 if not frame.is_due else -2 if i < annulled else received_ns - self.scheduled_ns(i)
        self.done = self.annulled_until = last + 1
        self.seen = self.script.frame(self.number + last).ask
        for i in range(self.done, self.sent):
            if self.script.frame(self.number + i).ask == self.seen:
                self.annulled_until = i + 1
        return OK

    cdef int64_t oldest(self) noexcept nogil:
        """Number of the first frame whose order is due, `sent` if there is none."""
        cdef int64_t i = self.annulled_until
        while i < self.sent and not self.script.frame(self.number + i).is_due:
            i += 1
        return i

    cdef void close(self) noexcept nogil:
        """Stamp the rest: an order that came later than a frame counts for it, as one of two moves to the same ask."""
        cdef int64_t i, latency
        for i in range(self.done, self.stamps.shape[0]):
            latency = self.received_ns - self.scheduled_ns(i)
            if i >= self.sent or not self.script.frame(self.number + i).is_due:
                self.stamps[i] = -1
            else:
                self.stamps[i] = latency if latency > 0 and not self.omits_annulled else -2


def drive_open(
    int feed_fd,
    FixVenue venue,
    FrameScript script,
    const int64_t[::1] schedule,
    int64_t[::1] stamps,
    int64_t most_lag_ns,
    bint omits_annulled,
):
    """Send frame i at `schedule[i]` whatever the engine does; `stamps` gets scheduled time to order in.

    Return how many were sent: fewer than all when an answer was late by `most_lag_ns`, so that the rate is not held.
    """
    cdef Py_ssize_t k, answered
    cdef int64_t oldest, active, count = stamps.shape[0]
    cdef bint is_held = True
    cdef int outcome = OK
    cdef Pending pending = Pending(script, schedule, stamps, omits_annulled)
    pending.first_ns = active = now() + LEAD
    with nogil:
        while outcome == OK:
            if is_held and pending.sent < count and now() >= pending.scheduled_ns(pending.sent):
                outcome = script.send(feed_fd)
                pending.note_sent()
                active = now()
                if outcome != OK:
                    break
            answered = 0
            outcome = venue.turn(&answered)
            for k in range(answered):
                active = venue.received_ns
                if outcome == OK:
                    outcome = pending.take(&venue.answered[k], venue.received_ns)
            oldest = pending.oldest()
            if oldest == pending.sent:
                if (pending.sent == count or not is_held) and (pending.done == pending.sent or now() - active > QUIET):
                    break
            else:
                is_held = is_held and now() - pending.scheduled_ns(oldest) < most_lag_ns
                if now() - active > PATIENCE:
                    outcome = LATE
        pending.close()
    if outcome != OK:
        raise_unless_ok(outcome, f"frame {pending.done}")
    return pending.sent


def drive_triggers(
    int trigger_fd, FixVenue venue, int64_t interval_ns, Py_ssize_t count, int64_t most_lag_ns, int burst=1
):
    """Ask for an order every `interval_ns` by sending the time that was set for it, eight bytes, and answer orders.

    `burst` orders, 64 at most, are asked for at once, each time so much later. Return how many were asked for: fewer
    than `count` when one came late by `most_lag_ns`.
    """
    cdef Py_ssize_t answered = 0, before
    cdef int64_t[LARGEST_BURST] due
    cdef int i, size
    cdef int64_t scheduled, sent = 0, first = now() + LEAD, active = first
    cdef bint is_held = True
    cdef int outcome = OK
    if not 1 <= burst <= LARGEST_BURST:
        raise ValueError(f"burst must be 1 to {LARGEST_BURST}, not {burst}")
    with nogil:
        while outcome == OK and (answered < sent or (is_held and sent < count)):
            scheduled = first + sent * interval_ns
            if is_held and sent < count and now() >= scheduled:
                size = <int>min(burst, count - sent)
                for i in range(size):
                    due[i] = scheduled
                outcome = send_all(trigger_fd, <unsigned char*>due, size * sizeof(int64_t))
                sent += size
                active = now()
                if outcome != OK:
                    break
            before = 0
            outcome = venue.turn(&before)
            answered += before
            if before:
                active = now()
            if answered > sent:
                outcome = WRONG
            elif answered < sent:
                is_held = is_held and now() - (first + answered * interval_ns) < most_lag_ns
                if now() - active > PATIENCE:
                    outcome = LATE
    if outcome != OK:
        raise_unless_ok(outcome, f"order {answered}")
    return sent
