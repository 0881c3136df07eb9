/* TFTP clients that load one file again and again: those of bench/blocks.py, and nothing more.
 *
 *     blocks SERVER NAME FILE FIRST CLIENTS BLKSIZE WINDOW SECONDS
 *
 * Each client has an address of its own, those of tests/lab/rack.py from number FIRST on, and for each
 * transfer a new port; it asks for the next as one has ended. Every block is compared with FILE. What
 * is lost is asked for again after a second. Whose transfer the server has given up, and closed its
 * port, begins it anew, as a machine does; what it had is not counted twice. At the end of the time
 * what is under way is given up with an ERROR, and JSON is printed: what was loaded, how long each
 * whole transfer took, the window that was agreed to, how often something was said again or begun
 * anew, and this program's own processor time.
 *
 * It shares the processors with the servers that it measures, so it is to cost little: one thread, one
 * epoll, two calls a block; windows are taken as the kernel has them, unsplit (UDP_GRO, udp(7)).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/udp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clients.h"

#ifndef UDP_GRO
#define UDP_GRO 104
#endif

enum { MOST = 4096, KEPT = 1 << 20, DATAGRAM = 65536, PATIENCE = 30 };
enum { DATA = 3, ACK = 4, ERROR = 5, OACK = 6 };

struct client {
    int sock, at, window, silent, told;
    int connected;
    uint32_t block;   /* the last that came in order */
    size_t bytes;
    double began, heard;
    uint8_t said[512]; /* last */
    size_t length;
};

static struct client clients[MOST];
static struct sockaddr_in server;
static const char *name;
static const uint8_t *file;
static size_t size;
static int blksize, window, agreed, poller, first;
static uint64_t bytes, transfers, again, heard; /* the last: datagrams */
static double now, *took;

static void say(struct client *client) {
    ssize_t sent = client->connected
                       ? send(client->sock, client->said, client->length, 0)
                       : sendto(client->sock, client->said, client->length, 0,
                                (struct sockaddr *)&server, sizeof server);
    /* Refused was what it said before; this counts as lost, and is said again. */
    if (sent < 0 && !(errno == ECONNREFUSED && client->connected))
        fail("client %d: %s", client->at, strerror(errno));
}

static void begin(struct client *client) {
    struct sockaddr_in address = address_of(client->at);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    int yes = 1, room = 4 << 20;
    client->sock = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (client->sock < 0 || bind(client->sock, (struct sockaddr *)&address, sizeof address))
        fail("client %d: %s", client->at, strerror(errno));
    if (window > 1) {
        setsockopt(client->sock, SOL_UDP, UDP_GRO, &yes, sizeof yes);
        setsockopt(client->sock, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    }
    epoll_ctl(poller, EPOLL_CTL_ADD, client->sock, &event);
    client->connected = client->silent = client->told = 0;
    client->block = 0;
    client->bytes = 0;
    client->window = 1;
    client->began = client->heard = now;
    client->length = 2;
    memcpy(client->said, "\0\1", 2);
    client->length += 1 + (size_t)sprintf((char *)client->said + client->length, "%s", name);
    client->length += 1 + (size_t)sprintf((char *)client->said + client->length, "octet");
    client->length += 1 + (size_t)sprintf((char *)client->said + client->length, "blksize");
    client->length += 1 + (size_t)sprintf((char *)client->said + client->length, "%d", blksize);
    if (window > 1) {
        client->length += 1 + (size_t)sprintf((char *)client->said + client->length, "windowsize");
        client->length += 1 + (size_t)sprintf((char *)client->said + client->length, "%d", window);
    }
    say(client);
}

static void acknowledge(struct client *client) {
    client->said[0] = 0;
    client->said[1] = ACK;
    client->said[2] = (uint8_t)(client->block >> 8);
    client->said[3] = (uint8_t)client->block;
    client->length = 4;
    say(client);
}

static void options(struct client *client, const char *at, const char *end) {
    int found = 0;
    while (at < end) {
        const char *value = at + strnlen(at, (size_t)(end - at)) + 1;
        if (value >= end) break;
        if (!strcasecmp(at, "blksize")) found = atoi(value);
        if (!strcasecmp(at, "windowsize")) client->window = atoi(value);
        at = value + strnlen(value, (size_t)(end - value)) + 1;
    }
    if (found != blksize) fail("client %d: blocks of %d bytes", client->at, found);
    agreed = client->window;
}

/* One block; return whether it was the last. */
static int take(struct client *client, const uint8_t *data, size_t length) {
    uint16_t number = (uint16_t)(data[2] << 8 | data[3]);
    if (data[1] == ERROR)
        fail("client %d: %.*s", client->at, (int)length - 4, (const char *)data + 4);
    if (data[1] == OACK) {
        options(client, (const char *)data + 2, (const char *)data + length);
        acknowledge(client);
        return 0;
    }
    if (data[1] != DATA) return 0;
    if (number != (uint16_t)(client->block + 1)) {
        /* RFC 7440, section 4: where one is missing, the last before it is acknowledged; once. In
         * lock-step what comes again is, as by firmware: the ACK was lost. */
        if (client->window > 1 ? !client->told : number == (uint16_t)client->block) {
            client->told = 1;
            again++;
            acknowledge(client);
        }
        return 0;
    }
    length -= 4;
    if (length > (size_t)blksize || client->bytes + length > size ||
        memcmp(file + client->bytes, data + 4, length))
        fail("client %d: block %u is not the file's", client->at, client->block + 1);
    client->block++;
    client->bytes += length;
    client->told = 0;
    bytes += length;
    if (length < (size_t)blksize) {
        if (client->bytes != size) fail("client %d: %zu bytes", client->at, client->bytes);
        acknowledge(client);
        return 1;
    }
    if (client->block % (uint32_t)client->window == 0) acknowledge(client);
    return 0;
}

static void hear(struct client *client) {
    static uint8_t data[DATAGRAM];
    char control[CMSG_SPACE(sizeof(int))];
    struct sockaddr_in from;
    for (;;) {
        struct iovec into = {data, sizeof data};
        struct msghdr message = {.msg_iov = &into, .msg_iovlen = 1};
        ssize_t came;
        if (window > 1) {
            message.msg_control = control;
            message.msg_controllen = sizeof control;
        }
        if (!client->connected) {
            message.msg_name = &from;
            message.msg_namelen = sizeof from;
        }
        came = client->connected && window == 1 ? recv(client->sock, data, sizeof data, 0)
                                                : recvmsg(client->sock, &message, 0);
        if (came < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (came < 0 && errno == ECONNREFUSED && client->connected) {
            again++;
            bytes -= client->bytes;
            close(client->sock);
            begin(client);
            return;
        }
        if (came < 4) fail("client %d: %s", client->at, came < 0 ? strerror(errno) : "a stub");
        if (!client->connected) {
            if (connect(client->sock, (struct sockaddr *)&from, sizeof from))
                fail("client %d: %s", client->at, strerror(errno));
            client->connected = 1;
        }
        size_t piece = (size_t)came;
        if (window > 1)
            for (struct cmsghdr *each = CMSG_FIRSTHDR(&message); each;
                 each = CMSG_NXTHDR(&message, each))
                if (each->cmsg_level == SOL_UDP && each->cmsg_type == UDP_GRO)
                    piece = (size_t)*(int *)CMSG_DATA(each);
        client->heard = now;
        client->silent = 0;
        heard++;
        for (size_t at = 0; at + 4 <= (size_t)came; at += piece) {
            size_t length = (size_t)came - at < piece ? (size_t)came - at : piece;
            if (take(client, data + at, length)) {
                if (transfers < KEPT) took[transfers] = now - client->began;
                transfers++;
                close(client->sock);
                begin(client);
                return;
            }
        }
        if (window == 1) return; /* there is no more before this was acknowledged */
    }
}

int main(int count, char **arguments) {
    struct epoll_event events[256];
    struct stat about;
    struct rusage used;
    if (count != 9) fail("usage: blocks SERVER NAME FILE FIRST CLIENTS BLKSIZE WINDOW SECONDS");
    server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(69)};
    name = arguments[2];
    first = atoi(arguments[4]);
    int opened = open(arguments[3], O_RDONLY), many = atoi(arguments[5]);
    blksize = atoi(arguments[6]);
    window = atoi(arguments[7]);
    double seconds = atof(arguments[8]);
    if (!inet_aton(arguments[1], &server.sin_addr) || opened < 0 || fstat(opened, &about) ||
        many < 1 || many > MOST || blksize < 8 || window < 1 || strlen(name) > 128)
        fail("no such clients");
    size = (size_t)about.st_size;
    file = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, opened, 0);
    took = calloc(KEPT, sizeof *took);
    poller = epoll_create1(EPOLL_CLOEXEC);
    if (file == MAP_FAILED || !took || poller < 0) fail("no memory");

    double began = now = monotonic(), looked = began;
    for (int at = 0; at < many; at++) {
        clients[at].at = first + at;
        begin(&clients[at]);
    }
    while (now < began + seconds) {
        int ready = epoll_wait(poller, events, 256, 100);
        now = monotonic();
        for (int at = 0; at < ready; at++) hear(events[at].data.ptr);
        if (now < looked + 0.1) continue;
        looked = now;
        for (int at = 0; at < many; at++) {
            if (now < clients[at].heard + 1 + clients[at].silent) continue;
            if (++clients[at].silent > PATIENCE) fail("client %d: no answer", clients[at].at);
            again++;
            say(&clients[at]);
        }
    }
    double lasted = now - began;
    if (!heard) fail("nobody was answered");
    for (int at = 0; at < many; at++)
        if (clients[at].connected) send(clients[at].sock, "\0\5\0\0over", 9, 0);
    getrusage(RUSAGE_SELF, &used);
    size_t whole = transfers < KEPT ? transfers : KEPT;
    qsort(took, whole, sizeof *took, by_size);
    printf("{\"seconds\": %.6f, \"bytes\": %llu, \"transfers\": %llu, \"again\": %llu,"
           " \"window\": %d, \"cpu\": %.3f, \"p50\": %.3f, \"p99\": %.3f}\n",
           lasted, (unsigned long long)bytes, (unsigned long long)transfers,
           (unsigned long long)again, agreed,
           (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6,
           whole ? took[whole / 2] * 1000 : 0.0, whole ? took[whole * 99 / 100] * 1000 : 0.0);
    return 0;
}
