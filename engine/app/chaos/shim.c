/* What goes wrong below a process: counted steps at which it is killed or stopped, a disk that fails, a clock that is
 * set, messages that get lost. Loaded before libc (LD_PRELOAD) into processes of `fixlane chaos` only.
 *
 * Units   times in ns; a step is a send on a TCP socket, before and after, a file that is made or renamed, and whatever
 *         calls chaos_step.
 * Shapes  a page that chaos_attach maps from a file, an int64 for each enum below; whoever drives the life writes it.
 * Errors  without a page every call is libc's own.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { STEPS, ACT_AT, SIGNAL, CLOCK_NS, DISK_ERRNO, DISK_PLACES, DISK_NS, SWALLOW, REPEAT, FAILED, MISCHIEF, HOLD, WORDS };

static volatile int64_t *page;

int chaos_attach(const char *path)
{
    int file = open(path, O_RDWR | O_CLOEXEC);
    if (file < 0)
        return -1;
    void *found = mmap(NULL, WORDS * sizeof(int64_t), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (found == MAP_FAILED)
        return -1;
    page = found;
    return 0;
}

void chaos_step(void)
{
    if (page && __atomic_add_fetch(&page[STEPS], 1, __ATOMIC_SEQ_CST) == page[ACT_AT])
        kill(getpid(), (int)page[SIGNAL]);
}

#define REAL(name)                              \
    static __typeof__(name) *real;              \
    if (!real)                                  \
    real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static int is_tcp(int file)
{
    int domain = 0;
    socklen_t size = sizeof domain;
    return page && !getsockopt(file, SOL_SOCKET, SO_DOMAIN, &domain, &size) && domain == AF_INET;
}

/* Disks */

static const char *const PLACES[] = { "/journal", "/store", "/log/", "/state" };

static int64_t place_of(const char *path)
{
    for (int i = 0; i < 4; i++)
        if (strstr(path, PLACES[i]))
            return 1 << i;
    return 0;
}

static int fails(const char *path)
{
    if (!page || !page[DISK_PLACES] || !(place_of(path) & page[DISK_PLACES]))
        return 0;
    if (page[DISK_NS]) {
        struct timespec pause = { page[DISK_NS] / 1000000000, page[DISK_NS] % 1000000000 };
        nanosleep(&pause, NULL);
    }
    if (!page[DISK_ERRNO])
        return 0;
    __atomic_add_fetch(&page[FAILED], 1, __ATOMIC_SEQ_CST);
    errno = (int)page[DISK_ERRNO];
    return 1;
}

static int fails_open(int file)
{
    char link[64], path[4096];
    if (!page || !page[DISK_PLACES])
        return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size <= 0)
        return 0;
    path[size] = 0;
    return fails(path);
}

static int64_t given_mode(int flags, va_list more)
{
    return flags & (O_CREAT | O_TMPFILE) ? va_arg(more, int) : 0;
}

#define OPENS(name)                                                     \
    int name(const char *path, int flags, ...)                          \
    {                                                                   \
        REAL(name);                    \
        va_list more;                                                   \
        va_start(more, flags);                                          \
        int mode = (int)given_mode(flags, more);                        \
        va_end(more);                                                   \
        if (flags & O_CREAT) {                                          \
            if (fails(path))                                            \
                return -1;                                              \
            chaos_step();                                               \
        }                                                               \
        return real(path, flags, mode);                                 \
    }

OPENS(open)
OPENS(open64)

int rename(const char *from, const char *to)
{
    REAL(rename);
    if (fails(to))
        return -1;
    chaos_step();
    int done = real(from, to);
    chaos_step();
    return done;
}

int mkdir(const char *path, mode_t mode)
{
    REAL(mkdir);
    return fails(path) ? -1 : real(path, mode);
}

int posix_fallocate(int file, off_t from, off_t size)
{
    REAL(posix_fallocate);
    return fails_open(file) ? errno : real(file, from, size);
}

int posix_fallocate64(int file, off64_t from, off64_t size)
{
    REAL(posix_fallocate64);
    return fails_open(file) ? errno : real(file, from, size);
}

int ftruncate(int file, off_t size)
{
    REAL(ftruncate);
    return fails_open(file) ? -1 : real(file, size);
}

int ftruncate64(int file, off64_t size)
{
    REAL(ftruncate64);
    return fails_open(file) ? -1 : real(file, size);
}

int fdatasync(int file)
{
    REAL(fdatasync);
    return fails_open(file) ? -1 : real(file);
}

int fsync(int file)
{
    REAL(fsync);
    return fails_open(file) ? -1 : real(file);
}

/* Messages */

static int takes_one(int word)
{
    int64_t left = page[word];
    while (left > 0)
        if (__atomic_compare_exchange_n(&page[word], &left, left - 1, 0, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
            return 1;
    return 0;
}

static int is_report(const char *data, size_t size)
{
    return size > 20 && !memcmp(data, "8=FIX", 5) && !memmem(data, size, "\00143=Y\001", 6) /* what is sent again comes */
        && (memmem(data, size, "\00135=8\001", 6) || memmem(data, size, "\00135=D\001", 6)
            || memmem(data, size, "\00135=F\001", 6));
}

/* One message that waits for the next of its connection to overtake it. */
static struct {
    char data[8192];
    size_t size;
    int file;
} held;

static int hold(int file, const char *data, size_t size)
{
    if (held.size || size > sizeof held.data || !takes_one(HOLD))
        return 0;
    memcpy(held.data, data, size);
    held.size = size;
    held.file = file;
    return 1;
}

static void let_go(int file, const char *data, size_t size, ssize_t (*really)(int, const void *, size_t, int), int flags)
{
    if (held.file != file)
        return;
    if (!memmem(data, size, "\00135=A\001", 6)) /* a Logon begins another connection: what waited for the last is lost */
        really(file, held.data, held.size, flags);
    held.size = 0;
}

static ssize_t sent(int file, const char *data, size_t size, ssize_t (*really)(int, const void *, size_t, int), int flags)
{
    chaos_step();
    if ((page[SWALLOW] || page[REPEAT] || page[HOLD]) && is_report(data, size)) {
        if (takes_one(SWALLOW) || hold(file, data, size))
            return (ssize_t)size;
        if (takes_one(REPEAT))
            really(file, data, size, flags);
    }
    ssize_t done = really(file, data, size, flags);
    if (held.size)
        let_go(file, data, size, really, flags);
    chaos_step();
    return done;
}

static ssize_t by_send(int file, const void *data, size_t size, int flags)
{
    REAL(send);
    return real(file, data, size, flags);
}

static ssize_t by_write(int file, const void *data, size_t size, int flags)
{
    REAL(write);
    (void)flags;
    return real(file, data, size);
}

ssize_t send(int file, const void *data, size_t size, int flags)
{
    return is_tcp(file) ? sent(file, data, size, by_send, flags) : by_send(file, data, size, flags);
}

ssize_t write(int file, const void *data, size_t size)
{
    if (is_tcp(file))
        return sent(file, data, size, by_write, 0);
    return fails_open(file) ? -1 : by_write(file, data, size, 0);
}

ssize_t writev(int file, const struct iovec *parts, int count)
{
    REAL(writev);
    int is_step = is_tcp(file);
    if (is_step && count == 1)
        return sent(file, parts->iov_base, parts->iov_len, by_write, 0);
    if (is_step)
        chaos_step();
    ssize_t done = real(file, parts, count);
    if (is_step)
        chaos_step();
    return done;
}

ssize_t sendmsg(int file, const struct msghdr *message, int flags)
{
    REAL(sendmsg);
    int is_step = is_tcp(file);
    if (is_step && message->msg_iovlen == 1 && !message->msg_name)
        return sent(file, message->msg_iov->iov_base, message->msg_iov->iov_len, by_send, flags);
    if (is_step)
        chaos_step();
    ssize_t done = real(file, message, flags);
    if (is_step)
        chaos_step();
    return done;
}

/* Clocks */

int clock_gettime(clockid_t clock, struct timespec *now)
{
    REAL(clock_gettime);
    int done = real(clock, now);
    if (!done && page && page[CLOCK_NS] && clock == CLOCK_REALTIME) {
        int64_t all = (int64_t)now->tv_sec * 1000000000 + now->tv_nsec + page[CLOCK_NS];
        now->tv_sec = all / 1000000000;
        now->tv_nsec = all % 1000000000;
    }
    return done;
}
