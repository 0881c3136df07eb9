/* A hall of machines that load their images: the clients of bench/images.py, and nothing more.
 *
 *     hall INTERFACE SERVER MACHINES AT_ONCE FIRMWARE REQUEST IPXE
 *
 * Each machine has an address of its own on the interface. It asks by DHCP, from 0.0.0.0 as firmware
 * does that has none yet (RFC 2131 section 4.1), loads a loader by TFTP, asks again as iPXE, fetches
 * its script, and what its lines name. So many do at once, each next one as one has ended. The last
 * three arguments are in hex: two DISCOVERs as Ethernet frames, of IPv4 without options and of UDP
 * without a checksum, and between them a DHCP message. A machine's own MAC and a transaction are put
 * into them. At the end it prints JSON: how long it took, what was loaded, its own processor time, and
 * the seconds of each step. The first machine that fails ends it.
 *
 * It shares the processors with the servers that it measures, so it is to cost little: a thread a
 * machine, and what comes by TCP is thrown away in the kernel (MSG_TRUNC, tcp(7)).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clients.h"

enum { OFFER, LOADER, AGAIN, SCRIPT, KERNEL, INITRD, REPORT, STEPS };
static const char *const NAMES[STEPS] = {"offer",  "loader", "second offer", "script",
                                         "kernel", "initrd", "report"};

enum { MOST = 1024, BLOCK = 1468, WINDOW = 4, DATAGRAM = 2048, PIECE = 4 << 20, HEADERS = 14 + 20 + 8 };

struct message {
    uint8_t bytes[1024];
    size_t length;
};

struct slot {
    _Atomic uint32_t xid; /* that it waits for; 0: for none */
    sem_t answered;
    uint8_t answer[DATAGRAM];
    ssize_t length;
};

static struct in_addr server;
static int machines, port, cable;
static struct message firmware, request, ipxe;
static struct slot slots[MOST];
static atomic_int next_machine;
static atomic_ullong moved;
static double (*took)[STEPS];
static uint8_t nowhere[PIECE]; /* that nothing is written to */

static void unhex(const char *text, struct message *into) {
    for (; text[0] && text[1] && into->length < sizeof into->bytes; text += 2)
        if (sscanf(text, "%2hhx", &into->bytes[into->length++]) != 1) fail("not hex: %s", text);
}

static struct sockaddr_in server_at(int number) {
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_addr = server, .sin_port = htons((uint16_t)number)};
}

static int socket_of(int at, int kind, int seconds) {
    int made = socket(AF_INET, kind | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = address_of(at);
    struct timeval patience = {.tv_sec = seconds};
    if (made < 0 || bind(made, (struct sockaddr *)&address, sizeof address))
        fail("machine %d: bind: %s", at, strerror(errno));
    setsockopt(made, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    return made;
}

/* Port 68 of all machines: what comes is handed to whoever asked. */
static void *hear(void *unused) {
    uint8_t data[DATAGRAM];
    for (;;) {
        ssize_t length = recv(port, data, sizeof data, 0);
        if (length < 240 || data[0] != 2) continue;
        uint32_t xid;
        memcpy(&xid, data + 4, 4);
        xid = ntohl(xid);
        struct slot *slot = &slots[(xid >> 16) % MOST];
        if (!xid || slot->xid != xid) continue;
        memcpy(slot->answer, data, (size_t)length);
        slot->length = length;
        slot->xid = 0;
        sem_post(&slot->answered);
    }
    return unused;
}

/* The boot file of an answer; empty if it has none. */
static void boot_file(const struct slot *slot, char *into, size_t room) {
    const uint8_t *at = slot->answer + 240, *end = slot->answer + slot->length;
    snprintf(into, room, "%.128s", (const char *)slot->answer + 108);
    while (at + 1 < end && *at != 255) {
        if (!*at) {
            at++;
            continue;
        }
        if (at[0] == 67 && at + 2 + at[1] <= end)
            snprintf(into, room, "%.*s", (int)at[1], (const char *)at + 2);
        at += 2 + at[1];
    }
}

/* Ask by DHCP, as often as firmware does; write down which file to boot. */
static void ask(struct slot *slot, int at, const struct message *what, int to, char *into,
                size_t room) {
    static atomic_uint transactions;
    uint8_t sent[sizeof what->bytes], *message = to == 67 ? sent + HEADERS : sent;
    uint32_t xid = (uint32_t)(slot - slots) << 16 | (++transactions & 0xFFFF), wire = htonl(xid);
    struct sockaddr_in there = server_at(to);
    memcpy(sent, what->bytes, what->length);
    memcpy(message + 4, &wire, 4);
    memcpy(message + 28, (uint8_t[]){0x52, 0x54, 0, (uint8_t)(at >> 16), (uint8_t)(at >> 8),
                                  (uint8_t)at}, 6);
    slot->xid = xid;
    for (int seconds = 1; seconds <= 16; seconds *= 2) {
        struct timespec until;
        if ((to == 67 ? send(cable, sent, what->length, 0)
                      : sendto(port, sent, what->length, 0, (struct sockaddr *)&there,
                               sizeof there)) < 0)
            fail("machine %d: DHCP: %s", at, strerror(errno));
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_sec += seconds;
        if (!sem_timedwait(&slot->answered, &until)) {
            boot_file(slot, into, room);
            return;
        }
    }
    fail("machine %d: no answer by DHCP", at);
}

/* Load a file by TFTP, its windows acknowledged as they come (RFC 7440). */
static void load(int at, const char *name) {
    uint8_t data[DATAGRAM], said[DATAGRAM];
    int line = socket_of(at, SOCK_DGRAM, 1), window = 1, silent = 0;
    struct sockaddr_in to = server_at(69), from;
    socklen_t size = sizeof from;
    uint32_t block = 0, bytes = 0;
    size_t length = (size_t)snprintf((char *)said, sizeof said,
                                     "%c%c%s%coctet%cblksize%c%d%cwindowsize%c%d%c", 0, 1, name, 0,
                                     0, 0, BLOCK, 0, 0, WINDOW, 0);
    for (;;) {
        if (sendto(line, said, length, 0, (struct sockaddr *)&to, sizeof to) < 0)
            fail("machine %d: TFTP: %s", at, strerror(errno));
        for (;;) {
            ssize_t came = recvfrom(line, data, sizeof data, 0, (struct sockaddr *)&from, &size);
            if (came < 4) {
                if (++silent > 30) fail("machine %d: TFTP: stopped after %u bytes", at, bytes);
                break;
            }
            uint16_t number = (uint16_t)(data[2] << 8 | data[3]);
            to = from;
            silent = 0;
            if (data[1] == 5) fail("machine %d: TFTP: %s: %.*s", at, name, (int)came - 4, data + 4);
            if (data[1] == 6)
                window = memmem(data, (size_t)came, "windowsize", 10) ? WINDOW : 1;
            else if (data[1] == 3 && number == (uint16_t)(block + 1)) {
                block++;
                bytes += (uint32_t)came - 4;
                if (came - 4 == BLOCK && block % (uint32_t)window) continue;
            }
            memcpy(said, (uint8_t[]){0, 4, (uint8_t)(block >> 8), (uint8_t)block}, length = 4);
            if (data[1] == 3 && came - 4 < BLOCK && number == (uint16_t)block) {
                sendto(line, said, length, 0, (struct sockaddr *)&to, sizeof to);
                close(line);
                if (bytes < 1 << 19) fail("machine %d: the loader came with %u bytes", at, bytes);
                return;
            }
            break;
        }
    }
}

/* Fetch a URL; keep as much of it as there is room for, and return its bytes. */
static size_t fetch(int at, const char *url, char *into, size_t room) {
    char head[4096], host[64], path[1024];
    int number = 80;
    if (sscanf(url, "http://%63[^:/]:%d%1023[^ ]", host, &number, path) != 3 &&
        sscanf(url, "http://%63[^:/]%1023[^ ]", host, path) != 2)
        fail("machine %d: not a URL: %s", at, url);
    struct sockaddr_in there = server_at(number);
    int line = socket_of(at, SOCK_STREAM, 60);
    if (!inet_aton(host, &there.sin_addr) ||
        connect(line, (struct sockaddr *)&there, sizeof there))
        fail("machine %d: %s: %s", at, url, strerror(errno));
    int asked = snprintf(head, sizeof head,
                         "GET %s HTTP/1.1\r\nHost: %s:%d\r\nConnection: close\r\n\r\n", path, host,
                         number);
    if (send(line, head, (size_t)asked, MSG_NOSIGNAL) != asked)
        fail("machine %d: %s: %s", at, url, strerror(errno));
    size_t have = 0;
    char *end = NULL;
    while (!end) {
        ssize_t got = recv(line, head + have, sizeof head - 1 - have, 0);
        if (got <= 0) fail("machine %d: %s: hung up after %.*s", at, url, (int)have, head);
        head[have += (size_t)got] = 0;
        end = strstr(head, "\r\n\r\n");
    }
    char *length = strcasestr(head, "\r\ncontent-length:");
    if (strncmp(head + 8, " 200 ", 5) || !length || length > end)
        fail("machine %d: %s: %s", at, url, head);
    size_t whole = strtoull(length + 17, NULL, 10), came = have - (size_t)(end + 4 - head);
    if (into) {
        if (whole >= room) fail("machine %d: %s: %zu bytes", at, url, whole);
        memcpy(into, end + 4, came);
        into[whole] = 0;
    }
    while (came < whole) {
        size_t left = whole - came < PIECE ? whole - came : PIECE;
        ssize_t got = into ? recv(line, into + came, left, 0) : recv(line, nowhere, left, MSG_TRUNC);
        if (got <= 0) fail("machine %d: %s: cut off after %zu of %zu bytes", at, url, came, whole);
        came += (size_t)got;
    }
    close(line);
    return came;
}

/* Do what a script says, as far as it is about files; none of the bench's has anything else. */
static void run(int at, char *script) {
    char *rest = script, *line;
    if (strncmp(script, "#!ipxe\n", 7)) fail("machine %d: no script: %s", at, script);
    while ((line = strsep(&rest, "\n"))) {
        int step = !strncmp(line, "kernel ", 7)     ? KERNEL
                   : !strncmp(line, "initrd ", 7)   ? INITRD
                   : !strncmp(line, "imgfetch ", 9) ? REPORT
                                                    : STEPS;
        if (!strncmp(line, "boot", 4)) return;
        if (step == STEPS) continue;
        char *url = strstr(line, "http://");
        if (!url) fail("machine %d: no URL: %s", at, line);
        url[strcspn(url, " ")] = 0;
        *strchrnul(url, '$') = 0; /* what iPXE expands: a setting that this firmware has not */
        double began = monotonic();
        size_t bytes = fetch(at, url, NULL, 0);
        took[at][step] = monotonic() - began;
        if (step != REPORT) moved += bytes;
    }
    fail("machine %d: the script does not boot", at);
}

static void *boot(void *argument) {
    struct slot *slot = argument;
    char file[512], script[16384];
    for (int at; (at = next_machine++) < machines;) {
        double began = monotonic(), then;
        ask(slot, at, &firmware, 67, file, sizeof file);
        if (!*file) ask(slot, at, &request, 4011, file, sizeof file);
        took[at][OFFER] = (then = monotonic()) - began;
        load(at, file);
        took[at][LOADER] = (began = monotonic()) - then;
        ask(slot, at, &ipxe, 67, file, sizeof file);
        took[at][AGAIN] = (then = monotonic()) - began;
        fetch(at, file, script, sizeof script);
        took[at][SCRIPT] = monotonic() - then;
        run(at, script);
    }
    return NULL;
}

static void tell(double seconds) {
    struct rusage used;
    double *column = calloc((size_t)machines, sizeof *column);
    getrusage(RUSAGE_SELF, &used);
    printf("{\"seconds\": %.6f, \"bytes\": %llu, \"cpu\": %.3f, \"steps\": {", seconds,
           (unsigned long long)moved,
           (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
               (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6);
    for (int step = 0; step < STEPS; step++) {
        for (int at = 0; at < machines; at++) column[at] = took[at][step];
        qsort(column, (size_t)machines, sizeof *column, by_size);
        printf("%s\"%s\": [%.6f, %.6f]", step ? ", " : "", NAMES[step], column[machines / 2],
               column[machines * 99 / 100]);
    }
    puts("}}");
    free(column);
}

int main(int count, char **arguments) {
    pthread_t threads[MOST], listener;
    if (count != 8) fail("usage: hall INTERFACE SERVER MACHINES AT_ONCE FIRMWARE REQUEST IPXE");
    int at_once = atoi(arguments[4]), room = 4 << 20;
    machines = atoi(arguments[3]);
    if (!inet_aton(arguments[2], &server) || machines < 1 || at_once < 1 || at_once > MOST)
        fail("no such hall");
    unhex(arguments[5], &firmware);
    unhex(arguments[6], &request);
    unhex(arguments[7], &ipxe);
    took = calloc((size_t)machines, sizeof *took);

    struct sockaddr_in all = {.sin_family = AF_INET, .sin_port = htons(68)};
    port = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    /* Of no protocol: it hears nothing. From a port of UDP's it would not be 0.0.0.0 that asks. */
    struct sockaddr_ll link = {.sll_family = AF_PACKET,
                               .sll_ifindex = (int)if_nametoindex(arguments[1])};
    cable = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
    if (cable < 0 || bind(cable, (struct sockaddr *)&link, sizeof link))
        fail("%s: %s", arguments[1], strerror(errno));
    setsockopt(port, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
    setsockopt(port, SOL_SOCKET, SO_BINDTODEVICE, arguments[1],
               (socklen_t)strnlen(arguments[1], IFNAMSIZ));
    if (bind(port, (struct sockaddr *)&all, sizeof all)) fail("port 68: %s", strerror(errno));
    pthread_create(&listener, NULL, hear, NULL);

    double began = monotonic();
    for (int at = 0; at < at_once; at++) {
        sem_init(&slots[at].answered, 0, 0);
        if (pthread_create(&threads[at], NULL, boot, &slots[at])) fail("no thread");
    }
    for (int at = 0; at < at_once; at++) pthread_join(threads[at], NULL);
    tell(monotonic() - began);
    return 0;
}
