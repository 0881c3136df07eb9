/* What all clients of the benches need: to fail aloud, the time, figures in order, and an address
 * of its own for each client, 200 in a network of 256 (tests/lab/rack.py, `address_of`).
 */
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

static inline void fail(const char *format, ...) {
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    _exit(1);
}

/* Seconds since the computer was started. */
static inline double monotonic(void) {
    struct timespec at;
    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* For qsort(3). */
static inline int by_size(const void *one, const void *other) {
    double a = *(const double *)one, b = *(const double *)other;
    return (a > b) - (a < b);
}

static inline int by_size_of_floats(const void *one, const void *other) {
    float a = *(const float *)one, b = *(const float *)other;
    return (a > b) - (a < b);
}

static inline struct sockaddr_in address_of(int at) {
    struct sockaddr_in address = {.sin_family = AF_INET};
    address.sin_addr.s_addr =
        htonl(10u << 24 | 99u << 16 | (uint32_t)(1 + at / 200) << 8 | (uint32_t)(1 + at % 200));
    return address;
}
