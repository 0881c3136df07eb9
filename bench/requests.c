/* HTTP clients that ask for small things again and again: those of bench/answers.py, and nothing more.
 *
 *     requests SERVER PORT PATHS EXPECTED FIRST CLIENTS SECONDS
 *
 * Each client has an address of its own, those of tests/lab/rack.py from number FIRST on, and one
 * connection; it asks for the next as one is answered. PATHS is a file with one path a line: each
 * client goes through its own, every CLIENTS-th, over and over, for a machine keeps its address. Every answer has to be a 200 that has EXPECTED
 * in it. At the end JSON is printed: how many answers, what half and 99 of 100 of them took, and this
 * program's own processor time.
 *
 * It shares the processors with the servers that it measures, so it is to cost little: one thread, one
 * epoll, requests that are made before the time begins, two calls an answer.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clients.h"

enum { MOST = 1024, KEPT = 1 << 20, ROOM = 64 << 10, PATHS = 1 << 14 };

struct client {
    int sock, at;
    size_t first, next; /* of its paths; the one to ask for now */
    size_t have, whole; /* bytes of an answer; 0: not known yet */
    double began;
    const char *path;
    char data[ROOM];
};

static struct client clients[MOST];
static struct sockaddr_in server;
static const char *expected;
static char *requests[PATHS];
static size_t lengths[PATHS], many, step;
static uint64_t answers;
static float *took;
static double now;

static void ask(struct client *client) {
    size_t at = client->next;
    client->next = at + step < many ? at + step : client->first;
    client->have = client->whole = 0;
    client->path = requests[at];
    client->began = monotonic();
    if (send(client->sock, requests[at], lengths[at], MSG_NOSIGNAL) != (ssize_t)lengths[at])
        fail("client %d: %s", client->at, strerror(errno));
}

static void hear(struct client *client) {
    ssize_t got = recv(client->sock, client->data + client->have, ROOM - 1 - client->have, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) fail("client %d: hung up: %.80s", client->at, client->path);
    client->data[client->have += (size_t)got] = 0;
    if (!client->whole) {
        char *end = strstr(client->data, "\r\n\r\n");
        if (!end) return;
        char *length = strcasestr(client->data, "\r\ncontent-length:");
        if (strncmp(client->data + 8, " 200 ", 5) || !length || length > end)
            fail("client %d: %.80s: %s", client->at, client->path, client->data);
        client->whole = (size_t)(end + 4 - client->data) + strtoull(length + 17, NULL, 10);
        if (client->whole >= ROOM) fail("client %d: %zu bytes", client->at, client->whole);
    }
    if (client->have < client->whole) return;
    if (!strstr(client->data, expected))
        fail("client %d: %.80s: %s", client->at, client->path, client->data);
    if (answers < KEPT) took[answers] = (float)(monotonic() - client->began);
    answers++;
    ask(client);
}

static void connected(struct client *client, int poller) {
    struct sockaddr_in address = address_of(client->at);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
    int at = client->at, yes = 1;
    client->sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (client->sock < 0 || bind(client->sock, (struct sockaddr *)&address, sizeof address) ||
        connect(client->sock, (struct sockaddr *)&server, sizeof server) ||
        fcntl(client->sock, F_SETFL, O_NONBLOCK))
        fail("client %d: %s", at, strerror(errno));
    setsockopt(client->sock, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    epoll_ctl(poller, EPOLL_CTL_ADD, client->sock, &event);
}

static void read_paths(const char *name) {
    char line[1024];
    FILE *file = fopen(name, "r");
    if (!file) fail("%s: %s", name, strerror(errno));
    while (many < PATHS && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        int length = asprintf(&requests[many], "GET %s HTTP/1.1\r\nHost: bench\r\n\r\n", line);
        if (length < 0) fail("no memory");
        lengths[many++] = (size_t)length;
    }
    fclose(file);
    if (!many) fail("%s: no paths", name);
}

int main(int count, char **arguments) {
    struct epoll_event events[256];
    struct rusage used;
    if (count != 8) fail("usage: requests SERVER PORT PATHS EXPECTED FIRST CLIENTS SECONDS");
    server = (struct sockaddr_in){.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(arguments[2]))};
    read_paths(arguments[3]);
    expected = arguments[4];
    int first = atoi(arguments[5]), all = atoi(arguments[6]), poller = epoll_create1(0);
    double seconds = atof(arguments[7]);
    took = calloc(KEPT, sizeof *took);
    if (!inet_aton(arguments[1], &server.sin_addr) || all < 1 || all > MOST || poller < 0 || !took)
        fail("no such clients");
    step = (size_t)all;
    for (int at = 0; at < all; at++) {
        clients[at].at = first + at;
        clients[at].first = clients[at].next = (size_t)at % many;
        connected(&clients[at], poller);
    }
    double began = now = monotonic();
    for (int at = 0; at < all; at++) ask(&clients[at]);
    while (now < began + seconds) {
        int ready = epoll_wait(poller, events, 256, 100);
        for (int at = 0; at < ready; at++) hear(events[at].data.ptr);
        now = monotonic();
    }
    double lasted = now - began;
    getrusage(RUSAGE_SELF, &used);
    size_t whole = answers < KEPT ? answers : KEPT;
    if (!whole) fail("no answers");
    qsort(took, whole, sizeof *took, by_size_of_floats);
    printf("{\"seconds\": %.6f, \"answers\": %llu, \"cpu\": %.3f, \"p50\": %.3f, \"p99\": %.3f}\n",
           lasted, (unsigned long long)answers,
           (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6,
           (double)took[whole / 2] * 1000, (double)took[whole * 99 / 100] * 1000);
    return 0;
}
