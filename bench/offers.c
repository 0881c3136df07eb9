/* Machines that ask by DHCP, so many at once: the clients of bench/offers.py, and nothing more.
 *
 *     offers INTERFACE MACHINES IN_FLIGHT OFFERS FILE DISCOVER
 *
 * Each machine has a MAC and a UUID of its own. As one is offered something, the next one asks,
 * until there were so many offers: as many as there are machines, and each has asked once. Every
 * answer is looked at: an OFFER, in the transaction and to the MAC that asked, that names FILE if that
 * is not empty; the first that is none ends it. An answer that does not come within a second is counted as lost, and
 * the machine asks anew. DISCOVER is the DHCP message in hex. At the end it prints JSON: how long it
 * took, milliseconds of the offers, and its own processor time.
 *
 * It shares the processors with the server that it measures, so it is to cost little: what has come
 * is read with one system call, and what is asked next is sent with another. "offers echo INTERFACE"
 * is the least that a server can be: one whose answer is the question, two fields of it changed. How
 * fast that is is how fast this can be.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clients.h"

enum { MOST = 1024, DATAGRAM = 1500, XID = 4, CHADDR = 28, FILE_AT = 108, OPTIONS = 240 };
static const char UUID[] = "0123456789abcdef";
static const double PATIENCE = 1.0;

struct asking {
    uint32_t xid;
    int machine;
    double at;
};

static struct asking waiting[MOST];
static uint8_t asked[MOST][DATAGRAM], heard[MOST][DATAGRAM];
static struct iovec to_send[MOST], to_hear[MOST];
static struct mmsghdr sent[MOST], received[MOST];
static uint8_t discover[DATAGRAM];
static size_t length, uuid_at;
static uint32_t transactions;
static long begun, lost;

static int line(const char *interface, int port) {
    int made = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), yes = 1, room = 4 << 20;
    struct sockaddr_in all = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    setsockopt(made, SOL_SOCKET, SO_BROADCAST, &yes, sizeof yes);
    setsockopt(made, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    if (setsockopt(made, SOL_SOCKET, SO_BINDTODEVICE, interface,
                   (socklen_t)strnlen(interface, IFNAMSIZ)) ||
        bind(made, (struct sockaddr *)&all, sizeof all))
        fail("port %d on %s: %s", port, interface, strerror(errno));
    return made;
}

/* Have the slot's machine ask, with the next message that is sent. */
static void ask(int slot, int machine, int at_once, uint8_t *into) {
    uint8_t who[6] = {0x52, 0x54, 0, (uint8_t)(machine >> 16), (uint8_t)(machine >> 8),
                      (uint8_t)machine};
    uint32_t xid = ++transactions * (uint32_t)at_once + (uint32_t)slot, wire = htonl(xid);
    memcpy(into + XID, &wire, 4);
    memcpy(into + CHADDR, who, 6);
    if (uuid_at) memcpy(into + uuid_at, who, 6);
    waiting[slot] = (struct asking){xid, machine, monotonic()};
}

static void send_all(int line, int count) {
    for (int done = 0; done < count;) {
        int some = sendmmsg(line, sent + done, (unsigned)(count - done), 0);
        if (some < 0) fail("sending: %s", strerror(errno));
        done += some;
    }
}

static int names(const uint8_t *data, size_t size, const char *file) {
    const uint8_t *at = data + OPTIONS, *end = data + size;
    int offers = 0, found = strnlen((const char *)data + FILE_AT, 128) &&
                            memmem(data + FILE_AT, 128, file, strlen(file));
    while (at + 1 < end && *at != 255) {
        if (!*at) {
            at++;
            continue;
        }
        if (at + 2 + at[1] > end) return 0;
        if (at[0] == 53) offers = at[1] == 1 && at[2] == 2;
        if (at[0] == 67) found = found || memmem(at + 2, at[1], file, strlen(file));
        at += 2 + at[1];
    }
    return offers && (found || !*file);
}

/* Take an answer; return whose it is, or -1 if nobody waits for it. */
static int take(const uint8_t *data, size_t size, int at_once, const char *file) {
    uint32_t xid;
    if (size < OPTIONS + 4 || data[0] != 2) return -1;
    memcpy(&xid, data + XID, 4);
    xid = ntohl(xid);
    struct asking *asking = &waiting[xid % (uint32_t)at_once];
    if (asking->xid != xid) return -1;
    int machine = data[CHADDR + 3] << 16 | data[CHADDR + 4] << 8 | data[CHADDR + 5];
    if (machine != asking->machine) fail("an answer to %d is for %d", asking->machine, machine);
    if (!names(data, size, file)) fail("an answer offers no %s", file);
    return (int)(xid % (uint32_t)at_once);
}

static void tell(double seconds, float *took, long offers) {
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    qsort(took, (size_t)offers, sizeof *took, by_size_of_floats);
    printf("{\"seconds\": %.6f, \"offers\": %ld, \"lost\": %ld, \"p50\": %.3f, \"p99\": %.3f,"
           " \"most\": %.3f, \"cpu\": %.3f}\n",
           seconds, offers, lost, took[offers / 2], took[offers * 99 / 100], took[offers - 1],
           (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
}

static void load(int line, int machines, int at_once, long offers, const char *file) {
    float *took = calloc((size_t)offers, sizeof *took);
    double start = monotonic(), looked = start;
    long done = 0;
    for (int slot = 0; slot < at_once && begun < offers; slot++, begun++)
        ask(slot, (int)(begun % machines), at_once, asked[slot]);
    send_all(line, (int)begun);
    while (done < offers) {
        struct pollfd what = {.fd = line, .events = POLLIN};
        int count = recvmmsg(line, received, MOST, MSG_DONTWAIT, NULL), asking = 0;
        if (count < 0 && errno == EAGAIN) {
            poll(&what, 1, 100);
            count = 0;
        }
        if (count < 0) fail("receiving: %s", strerror(errno));
        double came = monotonic();
        for (int at = 0; at < count; at++) {
            int slot = take(heard[at], received[at].msg_len, at_once, file);
            if (slot < 0) continue;
            took[done++] = (float)((came - waiting[slot].at) * 1000);
            waiting[slot].xid = 0;
            if (begun < offers) ask(slot, (int)(begun++ % machines), at_once, asked[asking++]);
        }
        if (came - looked > PATIENCE / 4) {
            looked = came;
            for (int slot = 0; slot < at_once; slot++)
                if (waiting[slot].xid && came - waiting[slot].at > PATIENCE) {
                    lost++;
                    ask(slot, waiting[slot].machine, at_once, asked[asking++]);
                }
            if (lost > offers) fail("nobody answers");
        }
        send_all(line, asking);
    }
    tell(monotonic() - start, took, offers);
}

static void echo(int line) {
    struct sockaddr_in all = {
        .sin_family = AF_INET, .sin_port = htons(68), .sin_addr.s_addr = INADDR_BROADCAST};
    for (;;) {
        ssize_t size = recv(line, heard[0], DATAGRAM, 0);
        if (size < OPTIONS + 3) continue;
        heard[0][0] = 2;
        memcpy(heard[0] + OPTIONS + 2, "\2\377", 2);
        memcpy(heard[0] + FILE_AT, "ipxe.efi", 8);
        sendto(line, heard[0], 300, 0, (struct sockaddr *)&all, sizeof all);
    }
}

int main(int count, char **arguments) {
    struct sockaddr_in all = {
        .sin_family = AF_INET, .sin_port = htons(67), .sin_addr.s_addr = INADDR_BROADCAST};
    if (count == 3 && !strcmp(arguments[1], "echo")) echo(line(arguments[2], 67));
    if (count != 7) fail("usage: offers INTERFACE MACHINES IN_FLIGHT OFFERS FILE DISCOVER");
    int machines = atoi(arguments[2]), at_once = atoi(arguments[3]);
    long offers = atol(arguments[4]);
    if (machines < 1 || at_once < 1 || at_once > MOST || at_once > machines || offers < 1)
        fail("no such machines");
    for (const char *hex = arguments[6]; hex[0] && hex[1] && length < DATAGRAM; hex += 2)
        if (sscanf(hex, "%2hhx", &discover[length++]) != 1) fail("not hex: %s", hex);
    uint8_t *uuid = memmem(discover, length, UUID, sizeof UUID - 1);
    uuid_at = uuid ? (size_t)(uuid - discover) : 0;
    for (int at = 0; at < MOST; at++) {
        memcpy(asked[at], discover, length);
        to_send[at] = (struct iovec){asked[at], length};
        sent[at].msg_hdr = (struct msghdr){
            .msg_name = &all, .msg_namelen = sizeof all, .msg_iov = &to_send[at], .msg_iovlen = 1};
        to_hear[at] = (struct iovec){heard[at], DATAGRAM};
        received[at].msg_hdr = (struct msghdr){.msg_iov = &to_hear[at], .msg_iovlen = 1};
    }
    load(line(arguments[1], 68), machines, at_once, offers, arguments[5]);
    return 0;
}
