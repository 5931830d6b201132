"""The page of memory on which risk reads the halt word, shared with every process that has its file.

Shapes  the word is the first eight bytes of the page: `FREE_WORD`, `REDUCE_WORD`, or anything else, which halts.
Errors  OSError where memory or file cannot be mapped. A file that is cut under our hands does not end the process: the
        page is then ours alone and reads as zeros, which halts.
Cost    reading it is a load; what another process wrote is seen within 11 us.
Thread  any thread may read.
"""

import os
import sys

from libc.errno cimport errno
from libc.signal cimport SIGBUS
from libc.stdint cimport int64_t
from libc.string cimport memset

cdef extern from "sys/mman.h":
    void* mmap(void* address, size_t size, int protection, int flags, int descriptor, long offset) nogil
    int munmap(void* address, size_t size) nogil
    int PROT_READ, PROT_WRITE, MAP_PRIVATE, MAP_SHARED, MAP_ANONYMOUS, MAP_FIXED
    void* MAP_FAILED

cdef extern from "signal.h" nogil:
    ctypedef struct siginfo_t:
        void* si_addr
    ctypedef struct sigset_t:
        pass
    struct sigaction_s "sigaction":
        void (*sa_sigaction)(int, siginfo_t*, void*) noexcept nogil
        int sa_flags
        sigset_t sa_mask
    int sigaction(int number, const sigaction_s* new, sigaction_s* old)
    int sigemptyset(sigset_t* signals)
    int SA_SIGINFO

cdef enum:
    MOST_PAGES = 64  # that are guarded; a process has one, its tests have more

MAGIC = b"FXW1"
FREE_WORD, REDUCE_WORD = (int.from_bytes(int.to_bytes(n, 4, sys.byteorder) + MAGIC, sys.byteorder) for n in (0, 1))

cdef size_t PAGE = os.sysconf("SC_PAGE_SIZE")
cdef void* guarded[MOST_PAGES]
cdef sigaction_s former
cdef bint is_guarding = False
memset(guarded, 0, sizeof(guarded))


cdef void on_bus_error(int number, siginfo_t* info, void* context) noexcept nogil:
    """Put a page of zeros where a file has lost its bytes; what is not ours goes to whoever was asked before."""
    cdef int i
    for i in range(MOST_PAGES):
        if guarded[i] != NULL and <char*>guarded[i] <= <char*>info.si_addr < <char*>guarded[i] + PAGE:
            mmap(guarded[i], PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
            return
    sigaction(number, &former, NULL)


cdef int guard(void* page) except -1:
    global is_guarding
    cdef sigaction_s ours
    cdef int i
    if not is_guarding:
        memset(&ours, 0, sizeof(ours))
        sigemptyset(&ours.sa_mask)
        ours.sa_sigaction, ours.sa_flags = on_bus_error, SA_SIGINFO
        sigaction(SIGBUS, &ours, &former)
        is_guarding = True
    for i in range(MOST_PAGES):
        if guarded[i] == NULL:
            guarded[i] = page
            return 0
    return 0


cdef int forget(void* page) noexcept:
    cdef int i
    for i in range(MOST_PAGES):
        if guarded[i] == page:
            guarded[i] = NULL
    return 0


cdef class HaltPage:
    """One page, of this process alone until `attach`; where it lies in memory never changes."""

    def __cinit__(self):
        cdef void* page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
        if page == MAP_FAILED:
            raise OSError(errno, os.strerror(errno))
        (<int64_t*>page)[0] = FREE_WORD
        self.word = <int64_t*>page

    def __dealloc__(self):
        if self.word != NULL:
            forget(<void*>self.word)
            munmap(<void*>self.word, PAGE)

    def attach(self, int descriptor):
        """Show the beginning of an open file from now on, whoever writes it."""
        guard(<void*>self.word)
        if mmap(<void*>self.word, PAGE, PROT_READ, MAP_SHARED | MAP_FIXED, descriptor, 0) == MAP_FAILED:
            raise OSError(errno, os.strerror(errno))

    def value(self):
        """Return the word."""
        return self.word[0]
