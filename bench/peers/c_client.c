/* A bare FIX client: what an order costs when nothing is kept. It logs on, then sends one prepared NewOrderSingle
 * after another and spins until its report is there. No store, no sequence check, no heartbeat, no risk.
 *
 *   c_client PORT      then on stdin lines `COUNT INTERVAL_NS`; for each, COUNT round trips as int64 ns on stdout
 *
 * Numbers have a fixed width, zeros in front as FIX allows, so that nothing moves and BodyLength(9) never changes.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define ID "bench-00000000"
#define TIME "00000000-00:00:00.000"
#define HEADER "49=BENCH\00156=VENUE\00134=00000000\00152=" TIME "\001"
#define LOGON "35=A\001" HEADER "98=0\001108=60\001141=Y\001"
#define ORDER "35=D\001" HEADER "11=" ID "\00155=KXBENCH-26DEC01-T1\00154=1\00160=" TIME "\00138=1.00\00140=2\00144=0.4900\00159=3\001"
#define PATIENCE_NS 5000000000LL

typedef struct {
    char text[512];
    size_t size;
    char *seq_num, *sending_time, *transact_time, *cl_ord_id;
} Message;

static int venue;
static uint32_t seq_num;
static char reply[4096];

static void fail(const char *what) {
    fprintf(stderr, "c_client: %s: %s\n", what, errno ? strerror(errno) : "not what was expected");
    exit(1);
}

static int64_t now_ns(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static char *value_of(Message *message, const char *tag) {
    char *found = memmem(message->text, message->size, tag, strlen(tag));
    return found ? found + strlen(tag) : NULL;
}

static void prepare(Message *message, const char *body, size_t size) {
    int head = sprintf(message->text, "8=FIX.4.4\0019=%zu\001", size);
    memcpy(message->text + head, body, size);
    memcpy(message->text + head + size, "10=000\001", 7);
    message->size = head + size + 7;
    message->seq_num = value_of(message, "\00134=");
    message->sending_time = value_of(message, "\00152=");
    message->transact_time = value_of(message, "\00160=");
    message->cl_ord_id = value_of(message, "\00111=");
}

static void digits(char *into, int width, uint32_t value) {
    while (width--) {
        into[width] = '0' + value % 10;
        value /= 10;
    }
}

static void stamp(char *into) { /* the date is rendered once a second */
    static char text[] = TIME;
    static time_t second;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    if (t.tv_sec != second) {
        struct tm utc;
        second = t.tv_sec;
        strftime(text, sizeof text, "%Y%m%d-%H:%M:%S.", gmtime_r(&second, &utc));
    }
    digits(text + 18, 3, t.tv_nsec / 1000000);
    memcpy(into, text, 21);
}

static void send_next(Message *message) {
    unsigned char sum = 0;
    size_t checked = message->size - 7;
    digits(message->seq_num, 8, ++seq_num);
    stamp(message->sending_time);
    if (message->transact_time) memcpy(message->transact_time, message->sending_time, 21);
    for (size_t i = 0; i < checked; i++) sum += (unsigned char)message->text[i];
    digits(message->text + checked + 3, 3, sum);
    if (send(venue, message->text, message->size, MSG_NOSIGNAL) != (ssize_t)message->size) fail("send");
}

static size_t read_reply(void) { /* one whole message: it ends with CheckSum(10) */
    size_t size = 0;
    int64_t deadline = now_ns() + PATIENCE_NS;
    while (size < 8 || memcmp(reply + size - 8, "\00110=", 4) || reply[size - 1] != '\001') {
        ssize_t got = recv(venue, reply + size, sizeof reply - size, MSG_DONTWAIT);
        if (got > 0) size += got;
        else if (got == 0 || errno != EAGAIN || size == sizeof reply || now_ns() > deadline) fail("reply");
    }
    errno = 0;
    return size;
}

static int64_t trade(Message *order, uint32_t number) {
    int64_t begun = now_ns();
    digits(order->cl_ord_id + 6, 8, number);
    send_next(order);
    size_t size = read_reply();
    char *id = memmem(reply, size, "\00111=", 4);
    if (!memmem(reply, size, "\00135=8\001", 6) || !id || memcmp(id + 4, order->cl_ord_id, sizeof ID))
        fail("the reply's ClOrdID(11)");
    return now_ns() - begun;
}

int main(int count, char **words) {
    int on = 1;
    long orders, interval_ns;
    uint32_t number = 0;
    Message logon, order;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    address.sin_port = htons(count > 1 ? atoi(words[1]) : 0);
    venue = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(venue, (struct sockaddr *)&address, sizeof address)) fail("connect");
    setsockopt(venue, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    prepare(&logon, LOGON, sizeof LOGON - 1);
    prepare(&order, ORDER, sizeof ORDER - 1);
    send_next(&logon);
    if (!memmem(reply, read_reply(), "\00135=A\001", 6)) fail("Logon");
    while (scanf("%ld %ld", &orders, &interval_ns) == 2) {
        int64_t *taken = calloc(orders, sizeof *taken), due = now_ns();
        for (long i = 0; i < orders; i++, due += interval_ns) {
            while (now_ns() < due) {}
            due = now_ns();
            taken[i] = trade(&order, ++number);
        }
        fwrite(taken, sizeof *taken, orders, stdout);
        fflush(stdout);
        free(taken);
    }
    return 0;
}
