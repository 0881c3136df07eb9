/* The cable of bench/netem.py: what tests/lab/impaired.py does, for less of a processor.
 *
 *     cable END END DELAY LOST DOUBLED HASTY SEED
 *
 * The ends are open descriptors, a frame each read and write; the delay is in seconds, the next
 * three are shares. What is delayed is delayed by the same time, so it leaves in the order in which
 * it came; what is hasty overtakes it.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "clients.h"

enum { FRAME = 2048, ROOM = 1 << 14, A_TURN = 64 };

struct frame {
    double leaves;
    int to;
    size_t length;
    uint8_t bytes[FRAME];
};

static struct frame waiting[ROOM]; /* only what is used takes memory */
static size_t head, tail;
static double delay, lost, doubled, hasty;
static uint64_t seed;

/* xorshift64* (Vigna, 2016): between 0 and 1. */
static double chance(void) {
    seed ^= seed >> 12;
    seed ^= seed << 25;
    seed ^= seed >> 27;
    return (double)((seed * 2685821657736338717u) >> 11) / 9007199254740992.0;
}

static void leave(int to, const uint8_t *bytes, size_t length) {
    if (write(to, bytes, length) < 0) return; /* that end is down, or its queue is full */
}

static void carry(int from, int to) {
    static uint8_t bytes[FRAME];
    for (int at = 0; at < A_TURN; at++) {
        ssize_t length = read(from, bytes, sizeof bytes);
        if (length < 0) return; /* there is no more, or that end is down */
        if (chance() < lost) continue;
        for (int times = chance() < doubled ? 2 : 1; times; times--) {
            if (chance() < hasty) {
                leave(to, bytes, (size_t)length);
            } else if (tail - head < ROOM) {
                struct frame *frame = &waiting[tail++ % ROOM];
                frame->leaves = monotonic() + delay;
                frame->to = to;
                frame->length = (size_t)length;
                memcpy(frame->bytes, bytes, (size_t)length);
            }
        }
    }
}

int main(int count, char **arguments) {
    if (count != 8) fail("usage: cable END END DELAY LOST DOUBLED HASTY SEED");
    int ends[2] = {atoi(arguments[1]), atoi(arguments[2])};
    delay = atof(arguments[3]);
    lost = atof(arguments[4]);
    doubled = atof(arguments[5]);
    hasty = atof(arguments[6]);
    seed = strtoull(arguments[7], NULL, 10) * 2654435769u + 1;
    for (int at = 0; at < 2; at++) fcntl(ends[at], F_SETFL, O_NONBLOCK);
    prctl(PR_SET_TIMERSLACK, 1); /* else a fifth of a millisecond may become a quarter */
    for (;;) {
        struct pollfd ready[2] = {{ends[0], POLLIN, 0}, {ends[1], POLLIN, 0}};
        struct timespec due = {0, 0};
        if (head != tail) {
            double left = waiting[head % ROOM].leaves - monotonic();
            if (left > 0) {
                due.tv_sec = (time_t)left;
                due.tv_nsec = (long)((left - (double)due.tv_sec) * 1e9);
            }
        }
        ppoll(ready, 2, head == tail ? NULL : &due, NULL);
        for (int at = 0; at < 2; at++)
            if (ready[at].revents) carry(ends[at], ends[!at]);
        for (double now = monotonic(); head != tail; head++) {
            struct frame *frame = &waiting[head % ROOM];
            if (frame->leaves > now) break;
            leave(frame->to, frame->bytes, frame->length);
        }
    }
}
