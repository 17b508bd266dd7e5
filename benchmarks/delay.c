/*
 * A UDP proxy that answers late: delay UPSTREAM_PORT MILLISECONDS
 *
 * Owns      the time between a question and its answer, for any number of clients.
 * Knows not the DNS, but for the two octets of the ID.
 *
 * It listens on a free port of 127.0.0.1, which it prints. A question goes to the
 * server at once, under an ID of ours that tells us whose it is; its answer waits in
 * a ring until it is due. The delay is the same for all, so the ring is in order.
 */

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define OCTETS 1500
#define RING 16384
#define BUFFER (8 << 20)
#define NAP 100000 /* nanoseconds */

struct message {
    struct sockaddr_in client;
    uint64_t due;
    uint16_t length;
    unsigned char octets[OCTETS];
};

static struct { struct sockaddr_in client; uint16_t id; } asked[65536];
static struct message ring[RING], fresh[BATCH];
static struct mmsghdr headers[BATCH];
static struct iovec vectors[BATCH];
static unsigned first, waiting, dropped;
static uint16_t next_id;

static uint64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static int udp_socket(void)
{
    int size = BUFFER, sock = socket(AF_INET, SOCK_DGRAM, 0);
    setsockopt(sock, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    setsockopt(sock, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
    return sock;
}

/* Point header N at a message. */
static void aim(int n, struct message *message, size_t length, int with_address)
{
    vectors[n].iov_base = message->octets;
    vectors[n].iov_len = length;
    memset(&headers[n].msg_hdr, 0, sizeof headers[n].msg_hdr);
    headers[n].msg_hdr.msg_iov = &vectors[n];
    headers[n].msg_hdr.msg_iovlen = 1;
    if (with_address) {
        headers[n].msg_hdr.msg_name = &message->client;
        headers[n].msg_hdr.msg_namelen = sizeof message->client;
    }
}

static int receive(int sock, int with_address)
{
    for (int n = 0; n < BATCH; n++)
        aim(n, &fresh[n], OCTETS, with_address);
    int count = recvmmsg(sock, headers, BATCH, MSG_DONTWAIT, NULL);
    for (int n = 0; n < count; n++)
        fresh[n].length = (uint16_t)headers[n].msg_len;
    return count < 0 ? 0 : count;
}

static void send_all(int sock, int count)
{
    for (int sent = 0; sent < count;) {
        int done = sendmmsg(sock, headers + sent, (unsigned)(count - sent), 0);
        if (done < 0 && errno != EINTR)
            done = 1; /* nobody listens there any more */
        sent += done > 0 ? done : 0;
    }
}

static int questions(int listening, int upstream)
{
    int count = receive(listening, 1), kept = 0;
    for (int n = 0; n < count; n++) {
        struct message *m = &fresh[n];
        if (m->length < 12)
            continue;
        asked[next_id].client = m->client;
        memcpy(&asked[next_id].id, m->octets, 2);
        memcpy(m->octets, &next_id, 2);
        next_id++;
        aim(kept++, m, m->length, 0);
    }
    send_all(upstream, kept);
    return count;
}

static int answers(int upstream, uint64_t delay)
{
    int count = receive(upstream, 0);
    uint64_t due = now() + delay;
    for (int n = 0; n < count; n++) {
        uint16_t id;
        if (waiting == RING || fresh[n].length < 12) {
            dropped++;
            continue;
        }
        struct message *m = &ring[(first + waiting++) % RING];
        memcpy(&id, fresh[n].octets, 2);
        m->client = asked[id].client;
        m->due = due;
        m->length = fresh[n].length;
        memcpy(m->octets, fresh[n].octets, m->length);
        memcpy(m->octets, &asked[id].id, 2);
    }
    return count;
}

static void release(int listening)
{
    uint64_t time = now();
    while (waiting && ring[first].due <= time) {
        int count = 0;
        while (count < BATCH && waiting && ring[first].due <= time) {
            aim(count++, &ring[first], ring[first].length, 1);
            first = (first + 1) % RING;
            waiting--;
        }
        send_all(listening, count);
    }
}

int main(int argc, char **argv)
{
    struct sockaddr_in here = {.sin_family = AF_INET};
    socklen_t size = sizeof here;
    int listening = udp_socket(), upstream = udp_socket();
    if (argc != 3)
        return 64;
    uint64_t delay = (uint64_t)(atof(argv[2]) * 1e6);
    here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listening, (struct sockaddr *)&here, size))
        return 71;
    getsockname(listening, (struct sockaddr *)&here, &size);
    printf("%d\n", ntohs(here.sin_port));
    fflush(stdout);
    here.sin_port = htons((uint16_t)atoi(argv[1]));
    if (connect(upstream, (struct sockaddr *)&here, size))
        return 71;
    const struct timespec nap = {0, NAP};
    struct pollfd ready[2] = {{listening, POLLIN, 0}, {upstream, POLLIN, 0}};
    for (;;) {
        struct timespec left = {1, 0};
        if (waiting) {
            uint64_t time = now(), due = ring[first].due;
            uint64_t rest = due > time ? due - time : 0;
            left.tv_sec = (time_t)(rest / 1000000000u);
            left.tv_nsec = (long)(rest % 1000000000u);
        }
        /* Then a nap, so that more comes together: each wake-up has its price. */
        if (ppoll(ready, 2, &left, NULL) > 0)
            nanosleep(&nap, NULL);
        while (ready[0].revents && questions(listening, upstream) == BATCH)
            ;
        while (ready[1].revents && answers(upstream, delay) == BATCH)
            ;
        release(listening);
    }
}
