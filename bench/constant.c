/* A server that does nothing but send: what the lab can do, beside which the servers stand.
 *
 *     constant tftp FILE BLKSIZE WINDOW
 *     constant http FILE
 *
 * By TFTP on port 69, every name is FILE, the options are those of the arguments, the file is in memory,
 * and nothing is remembered: an ACK says which block is next. A window goes out in one call
 * (UDP_SEGMENT, udp(7)). By HTTP on port 80, every request is answered with FILE, by sendfile(2), with a
 * thread for each connection. What clients get from here and not from a server is the server's
 * doing; what they do not even get from here is theirs, or the network's.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "clients.h"

#ifndef UDP_SEGMENT
#define UDP_SEGMENT 103
#endif

enum { ROOM = 65536, WINDOW = 44 };

static int opened;
static size_t size;

static int listening(int kind, int number) {
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons((uint16_t)number)};
    int made = socket(AF_INET, kind | SOCK_CLOEXEC, 0), yes = 1, room = 4 << 20;
    setsockopt(made, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    setsockopt(made, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    if (bind(made, (struct sockaddr *)&here, sizeof here) ||
        (kind == SOCK_STREAM && listen(made, 1024)))
        fail("port %d: %s", number, strerror(errno));
    return made;
}

static void tftp(uint16_t blksize, uint32_t window) {
    static uint8_t asked[ROOM], packed[WINDOW * 1500];
    int sock = listening(SOCK_DGRAM, 69);
    size_t blocks = size / blksize + 1, whole = blksize + 4u;
    if (blocks > UINT16_MAX || window > WINDOW || whole > 1500) fail("it is kept simple");
    const uint8_t *file = mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_POPULATE, opened, 0);
    if (file == MAP_FAILED) fail("mmap: %s", strerror(errno));
    char options[64];
    int length = sprintf(options, "%c%cblksize%c%u", 0, 6, 0, blksize) + 1;
    if (window > 1) length += sprintf(options + length, "windowsize%c%u", 0, window) + 1;
    for (;;) {
        struct sockaddr_in peer;
        socklen_t room = sizeof peer;
        ssize_t came = recvfrom(sock, asked, sizeof asked, 0, (struct sockaddr *)&peer, &room);
        if (came < 4) continue;
        if (asked[1] == 1) {
            sendto(sock, options, (size_t)length, 0, (struct sockaddr *)&peer, room);
            continue;
        }
        size_t block = (size_t)(asked[2] << 8 | asked[3]), filled = 0;
        if (asked[1] != 4) continue;
        for (uint32_t at = 0; at < window && block < blocks; at++, block++) {
            size_t from = block * blksize, left = size - from < blksize ? size - from : blksize;
            uint8_t *into = packed + filled;
            into[0] = 0;
            into[1] = 3;
            into[2] = (uint8_t)((block + 1) >> 8);
            into[3] = (uint8_t)(block + 1);
            memcpy(into + 4, file + from, left);
            filled += left + 4;
        }
        if (!filled) continue;
        char control[CMSG_SPACE(sizeof(uint16_t))] = {0};
        struct iovec what = {packed, filled};
        struct msghdr message = {
            .msg_name = &peer, .msg_namelen = room, .msg_iov = &what, .msg_iovlen = 1};
        if (filled > whole) {
            message.msg_control = control;
            message.msg_controllen = sizeof control;
            struct cmsghdr *cut = CMSG_FIRSTHDR(&message);
            *cut = (struct cmsghdr){CMSG_LEN(sizeof(uint16_t)), SOL_UDP, UDP_SEGMENT};
            *(uint16_t *)CMSG_DATA(cut) = (uint16_t)whole;
        }
        if (sendmsg(sock, &message, 0) < 0) fail("sendmsg: %s", strerror(errno));
    }
}

static void *answer(void *argument) {
    int line = (int)(intptr_t)argument, have = 0;
    char asked[8192], head[256];
    int length = sprintf(head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", size);
    for (;;) {
        ssize_t came = recv(line, asked + have, sizeof asked - 1 - (size_t)have, 0);
        if (came <= 0) break;
        asked[have += (int)came] = 0;
        if (!strstr(asked, "\r\n\r\n")) continue;
        have = 0;
        if (send(line, head, (size_t)length, MSG_NOSIGNAL | MSG_MORE) != length) break;
        off_t at = 0;
        while ((size_t)at < size)
            if (sendfile(line, opened, &at, size - (size_t)at) <= 0) break;
        if ((size_t)at < size) break;
    }
    close(line);
    return NULL;
}

static void http(void) {
    int sock = listening(SOCK_STREAM, 80), yes = 1;
    for (;;) {
        pthread_t thread;
        int line = accept4(sock, NULL, NULL, SOCK_CLOEXEC);
        if (line < 0) continue;
        setsockopt(line, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        if (pthread_create(&thread, NULL, answer, (void *)(intptr_t)line)) fail("no thread");
        pthread_detach(thread);
    }
}

int main(int count, char **arguments) {
    struct stat about;
    signal(SIGPIPE, SIG_IGN); /* sendfile(2) has no MSG_NOSIGNAL */
    if (count < 3) fail("usage: constant tftp FILE BLKSIZE WINDOW | constant http FILE");
    opened = open(arguments[2], O_RDONLY | O_CLOEXEC);
    if (opened < 0 || fstat(opened, &about)) fail("%s: %s", arguments[2], strerror(errno));
    size = (size_t)about.st_size;
    if (!strcmp(arguments[1], "tftp") && count == 5)
        tftp((uint16_t)atoi(arguments[3]), (uint32_t)atoi(arguments[4]));
    if (!strcmp(arguments[1], "http")) http();
    fail("no such server: %s", arguments[1]);
}
