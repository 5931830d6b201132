"""The loop's sign of life, and the wait for its absence by threads that do not hold the interpreter meanwhile.

Time in which the waiting thread did not run either, since the whole process was stopped, does not count as held.

Units   times in ns.
Errors  none.
Cost    `turn` is one store; a thread that waits wakes every `POLL_NS` and takes no lock.
Thread  `turn` on the loop thread, each wait on a thread of its own.
"""

from libc.stdint cimport int64_t
from libc.string cimport memcpy
from posix.time cimport CLOCK_MONOTONIC, CLOCK_REALTIME, clock_gettime, nanosleep, timespec
from posix.unistd cimport _exit, pwrite, write

cdef enum:
    POLL_NS = 10_000_000
    SECOND = 1_000_000_000
    WHEN = 8  # where the time stands in a halt word
    WORD_BYTES = 512


cdef int64_t FOR_EVER = <int64_t>1 << 62


cdef int64_t time_ns(int clock) noexcept nogil:
    cdef timespec now
    clock_gettime(clock, &now)
    return now.tv_sec * <int64_t>SECOND + now.tv_nsec


cdef class Beat:
    """Counts the turns of one loop, which may be held for `end_ns` at most; 0 is for ever."""

    cdef volatile int64_t turns, end_ns
    cdef volatile bint is_over
    cdef int64_t seen  # turns, by who waits in `wait` and `wait_on`

    def __cinit__(self, int64_t end_ns=0):
        self.end_ns = end_ns

    cpdef turn(self):
        """Say that the loop turns."""
        self.turns += 1

    def limit(self, int64_t end_ns):
        """Change how long the loop may be held, for whoever waits already."""
        self.end_ns = end_ns

    def end(self):
        """Let every wait return."""
        self.is_over = True

    def is_held(self):
        """Return whether the loop has not turned since `wait` returned."""
        return self.turns == self.seen

    def wait(self, int64_t limit_ns):
        """Return how long the loop has been held, once that is `limit_ns` or all that it may be; -1 after `end`."""
        cdef int64_t held_ns
        with nogil:
            held_ns = self.held(&self.seen, limit_ns, 0, 0, False)
        return held_ns

    def wait_on(self, int64_t held_ns, bint is_limited):
        """Go on after `wait`: return how long in all, negative if the loop turned again.

        What is limited returns, positive, when the loop may be held no longer.
        """
        with nogil:
            held_ns = self.held(&self.seen, 0, 0 if is_limited else FOR_EVER, held_ns, True)
        return held_ns

    def end_process(self, int64_t grace_ns, int descriptor, bytes word, bytes text, int status):
        """End the process once the loop is held `grace_ns` longer than it may be; return after `end`.

        It needs no help of the interpreter, which what holds the loop may hold too. `word`, with its time, is written
        to a halt word's file, and `text` to standard error.
        """
        cdef char[WORD_BYTES] said
        cdef const char* words = text
        cdef size_t size = len(text)
        cdef int64_t now, seen = 0
        if len(word) != WORD_BYTES:
            raise ValueError(f"a halt word has {WORD_BYTES} bytes")
        memcpy(said, <const char*>word, WORD_BYTES)
        with nogil:
            if self.held(&seen, 0, grace_ns, 0, False) >= 0:
                now = time_ns(CLOCK_REALTIME)
                memcpy(&said[WHEN], &now, sizeof(now))
                pwrite(descriptor, said, WORD_BYTES, 0)
                write(2, words, size)
                _exit(status)

    cdef int64_t held(
        self, int64_t* seen, int64_t limit_ns, int64_t grace_ns, int64_t held_ns, bint must_stay
    ) noexcept nogil:
        cdef int64_t before = time_ns(CLOCK_MONOTONIC), now, elapsed
        while not self.is_over:
            if self.turns != seen[0]:
                if must_stay:
                    return -held_ns
                seen[0] = self.turns
                held_ns = 0
            if 0 < limit_ns <= held_ns or 0 < self.end_ns <= held_ns - grace_ns:
                return held_ns
            pause()
            now = time_ns(CLOCK_MONOTONIC)
            elapsed = now - before if self.turns else 0  # what comes before the first turn is no stall
            held_ns += elapsed if elapsed < 2 * <int64_t>POLL_NS else 2 * <int64_t>POLL_NS
            before = now
        return -1


cdef void pause() noexcept nogil:
    cdef timespec left
    left.tv_sec, left.tv_nsec = 0, POLL_NS
    nanosleep(&left, NULL)
