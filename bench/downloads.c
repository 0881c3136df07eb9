/* HTTP clients that load one file again and again: those of bench/downloads.py, and nothing more.
 *
 *     downloads SERVER PORT PATH FILE FIRST CLIENTS SECONDS
 *
 * Each client has an address of its own, those of tests/lab/rack.py from number FIRST on, and one
 * connection; it asks for the next as one has ended. "####" in PATH is its number. With SECONDS 0 each
 * loads once, and every byte is compared with FILE; else what comes is thrown away in the kernel
 * (MSG_TRUNC, tcp(7)), since the clients share the processors with the servers that they measure, and
 * only its length is. At the end JSON is printed: what was loaded, how long each whole file took, and
 * this program's own processor time.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "clients.h"

enum { MOST = 1024, KEPT = 1 << 16, PIECE = 4 << 20 };

static struct sockaddr_in server;
static const char *path;
static const uint8_t *file;
static size_t size;
static int first;
static double until;
static atomic_ullong bytes, transfers;
static double *took;

static int connected(int at) {
    struct sockaddr_in address = address_of(at);
    struct timeval patience = {.tv_sec = 30};
    int line = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(line, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    if (line < 0 || bind(line, (struct sockaddr *)&address, sizeof address) ||
        connect(line, (struct sockaddr *)&server, sizeof server))
        fail("client %d: %s", at, strerror(errno));
    return line;
}

/* Load it once; return whether there was time to. */
static int load(int at, int line, const char *asked, int checks) {
    static uint8_t nowhere[PIECE]; /* that nothing is written to */
    uint8_t *data = checks ? malloc(PIECE) : nowhere;
    char head[4096];
    size_t have = 0, length = strlen(asked);
    double began = monotonic();
    if (send(line, asked, length, MSG_NOSIGNAL) != (ssize_t)length)
        fail("client %d: %s", at, strerror(errno));
    char *end = NULL;
    while (!end) {
        ssize_t got = recv(line, head + have, sizeof head - 1 - have, 0);
        if (got <= 0) fail("client %d: hung up after %.*s", at, (int)have, head);
        head[have += (size_t)got] = 0;
        end = strstr(head, "\r\n\r\n");
    }
    char *told = strcasestr(head, "\r\ncontent-length:");
    if (strncmp(head + 8, " 200 ", 5) || !told || told > end) fail("client %d: %s", at, head);
    size_t whole = strtoull(told + 17, NULL, 10), came = have - (size_t)(end + 4 - head);
    if (whole != size) fail("client %d: %zu bytes", at, whole);
    if (checks && memcmp(end + 4, file, came)) fail("client %d: not the file", at);
    bytes += came;
    while (came < whole) {
        size_t left = whole - came < PIECE ? whole - came : PIECE;
        ssize_t got = recv(line, data, left, checks ? 0 : MSG_TRUNC);
        if (got <= 0)
            fail("client %d: cut off after %zu of %zu bytes: %s", at, came, whole,
                 got ? strerror(errno) : "hung up");
        if (checks && memcmp(data, file + came, (size_t)got)) fail("client %d: not the file", at);
        came += (size_t)got;
        bytes += (size_t)got;
        if (!checks && monotonic() > until) return 0;
    }
    if (checks) free(data);
    unsigned long long number = transfers++;
    if (number < KEPT) took[number] = monotonic() - began;
    return !checks && monotonic() < until;
}

static void *client(void *argument) {
    int at = (int)(intptr_t)argument, line = connected(at);
    char asked[1024], own[512], number[16];
    snprintf(own, sizeof own, "%s", path);
    char *hole = strstr(own, "####");
    snprintf(number, sizeof number, "%04d", at);
    if (hole) memcpy(hole, number, 4);
    snprintf(asked, sizeof asked, "GET %s HTTP/1.1\r\nHost: bench\r\n\r\n", own);
    while (load(at, line, asked, !until)) continue;
    close(line);
    return NULL;
}

int main(int count, char **arguments) {
    pthread_t threads[MOST];
    struct rusage used;
    struct stat about;
    if (count != 8) fail("usage: downloads SERVER PORT PATH FILE FIRST CLIENTS SECONDS");
    server = (struct sockaddr_in){.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)atoi(arguments[2]))};
    path = arguments[3];
    int opened = open(arguments[4], O_RDONLY), many = atoi(arguments[6]);
    first = atoi(arguments[5]);
    double seconds = atof(arguments[7]);
    if (!inet_aton(arguments[1], &server.sin_addr) || opened < 0 || fstat(opened, &about) ||
        many < 1 || many > MOST)
        fail("no such clients");
    size = (size_t)about.st_size;
    file = mmap(NULL, size, PROT_READ, MAP_PRIVATE, opened, 0);
    took = calloc(KEPT, sizeof *took);
    if (file == MAP_FAILED || !took) fail("no memory");

    double began = monotonic();
    until = seconds > 0 ? began + seconds : 0;
    for (int at = 0; at < many; at++)
        if (pthread_create(&threads[at], NULL, client, (void *)(intptr_t)(first + at)))
            fail("no thread");
    for (int at = 0; at < many; at++) pthread_join(threads[at], NULL);
    double lasted = monotonic() - began;
    getrusage(RUSAGE_SELF, &used);
    size_t whole = transfers < KEPT ? transfers : KEPT;
    qsort(took, whole, sizeof *took, by_size);
    printf("{\"seconds\": %.6f, \"bytes\": %llu, \"transfers\": %llu, \"cpu\": %.3f,"
           " \"p50\": %.3f, \"p99\": %.3f}\n",
           lasted, (unsigned long long)bytes, (unsigned long long)transfers,
           (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6,
           whole ? took[whole / 2] * 1000 : 0.0, whole ? took[whole * 99 / 100] * 1000 : 0.0);
    return 0;
}
