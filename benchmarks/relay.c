/* SPDX-License-Identifier: Apache-2.0 */
/*
 * relay ADDRESS TARGET_PORT DELAY_US
 *
 * Relays TCP connections to TARGET_PORT of ADDRESS and delivers every chunk
 * DELAY_US later, in both directions: a network with a round trip time of
 * twice that. Listens on ADDRESS too, because a driver uses one port for all
 * its servers; the kernel chooses the port, which is the first line printed.
 *
 * Answers each line on standard input with one line "TURNS LATE_US CHUNKS":
 * how often a client spoke after its server did (round trips), how late
 * chunks were delivered in total, and how many. Ends with its input.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
    CONNECTIONS_MAX = 64,
    CHUNK = 32768,
    QUEUED_MAX = 8 << 20, /* then a direction is read no more */
    SPIN_NS = 100000,     /* an idle virtual CPU wakes up that much late */
    INPUT = 0,            /* in the array for ppoll(), before the sockets */
    LISTENER = 1,
    SOCKETS = 2,
};

enum { UP, DOWN }; /* from the client to the server, and back */

struct chunk {
    struct chunk *next;
    long long due_ns;
    size_t size;
    size_t sent;
    char data[CHUNK];
};

struct direction {
    int from;
    int to;
    bool ended; /* nothing more comes in */
    bool shut;  /* and everything went out */
    size_t queued;
    struct chunk *first;
    struct chunk **last;
};

struct connection {
    bool used;
    int spoke_last;
    struct direction way[2];
};

static struct connection connections[CONNECTIONS_MAX];
static struct sockaddr_in target;
static long long delay_ns;
static unsigned long turns;
static unsigned long chunks;
static long long late_ns;

static long long
now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static void
die(const char *what)
{
    fprintf(stderr, "relay: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void
no_delay(int fd)
{
    int one = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
}

/* ---- connections ---- */

static struct connection *
unused_connection(void)
{
    for (int i = 0; i < CONNECTIONS_MAX; i++) {
        if (!connections[i].used) {
            return &connections[i];
        }
    }
    return NULL;
}

static void
direction_init(struct direction *d, int from, int to)
{
    *d = (struct direction){.from = from, .to = to};
    d->last = &d->first;
}

static void
accept_client(int listener)
{
    int client = accept(listener, NULL, NULL);
    struct connection *c = unused_connection();
    int server = socket(AF_INET, SOCK_STREAM, 0);
    if (client < 0 || server < 0 || !c
        || connect(server, (struct sockaddr *)&target, sizeof target) < 0) {
        close(client);
        close(server);
        return;
    }
    no_delay(client);
    no_delay(server);
    c->used = true;
    c->spoke_last = DOWN;
    direction_init(&c->way[UP], client, server);
    direction_init(&c->way[DOWN], server, client);
}

static void
read_chunk(struct connection *c, int way)
{
    struct direction *d = &c->way[way];
    struct chunk *chunk = malloc(sizeof *chunk);
    if (!chunk) {
        die("memory");
    }
    ssize_t n = read(d->from, chunk->data, CHUNK);
    if (n <= 0) {
        d->ended = true;
        free(chunk);
        return;
    }
    chunk->next = NULL;
    chunk->due_ns = now_ns() + delay_ns;
    chunk->size = (size_t)n;
    chunk->sent = 0;
    *d->last = chunk;
    d->last = &chunk->next;
    d->queued += chunk->size;
    turns += way == UP && c->spoke_last == DOWN;
    c->spoke_last = way;
}

static void
drop_first(struct direction *d)
{
    struct chunk *chunk = d->first;
    d->first = chunk->next;
    if (!d->first) {
        d->last = &d->first;
    }
    d->queued -= chunk->size;
    free(chunk);
}

/* Send what is due; false when the receiver takes no more for now. */
static bool
send_due(struct direction *d)
{
    while (d->first && d->first->due_ns <= now_ns()) {
        struct chunk *chunk = d->first;
        if (chunk->sent == 0) {
            late_ns += now_ns() - chunk->due_ns;
            chunks++;
        }
        ssize_t n =
            send(d->to, chunk->data + chunk->sent, chunk->size - chunk->sent,
                 MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            return false;
        }
        chunk->sent += n < 0 ? chunk->size - chunk->sent : (size_t)n;
        if (chunk->sent == chunk->size) {
            drop_first(d);
        }
    }
    if (d->ended && !d->first && !d->shut) {
        shutdown(d->to, SHUT_WR);
        d->shut = true;
    }
    return true;
}

/* Returns when the next chunk is due: never later than *due_ns. */
static void
serve_connection(struct connection *c, long long *due_ns)
{
    for (int way = UP; way <= DOWN; way++) {
        struct direction *d = &c->way[way];
        bool taken = send_due(d);
        long long due = taken ? 0 : now_ns() + 1000000;
        if (d->first && taken) {
            due = d->first->due_ns;
        }
        if (due && due < *due_ns) {
            *due_ns = due;
        }
    }
    if (c->way[UP].shut && c->way[DOWN].shut) {
        close(c->way[UP].from);
        close(c->way[UP].to);
        c->used = false;
    }
}

/* ---- the loop ---- */

static int
listen_on(struct sockaddr_in *address)
{
    socklen_t size = sizeof *address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)address, size) < 0
        || listen(fd, CONNECTIONS_MAX) < 0
        || getsockname(fd, (struct sockaddr *)address, &size) < 0) {
        die("listen");
    }
    return fd;
}

static void
answer(void)
{
    char line[64];
    if (read(0, line, sizeof line) <= 0) {
        exit(0);
    }
    printf("%lu %.1f %lu\n", turns, (double)late_ns / 1e3, chunks);
}

/* What to wait for on each socket: input, unless there is too much already. */
static void
watch(struct pollfd *fds)
{
    for (int i = 0; i < CONNECTIONS_MAX * 2; i++) {
        struct connection *c = &connections[i / 2];
        struct direction *d = &c->way[i % 2];
        bool wanted = c->used && !d->ended && d->queued < QUEUED_MAX;
        fds[SOCKETS + i].fd = wanted ? d->from : -1;
        fds[SOCKETS + i].events = POLLIN;
    }
}

static void
wait_until(struct pollfd *fds, long long due_ns)
{
    struct timespec left;
    long long ns = due_ns - now_ns() - SPIN_NS;
    ns = ns < 0 ? 0 : ns;
    left.tv_sec = ns / 1000000000;
    left.tv_nsec = ns % 1000000000;
    if (ppoll(fds, SOCKETS + CONNECTIONS_MAX * 2, &left, NULL) < 0) {
        die("ppoll");
    }
}

static void
read_ready(const struct pollfd *fds)
{
    for (int i = 0; i < CONNECTIONS_MAX * 2; i++) {
        if (fds[SOCKETS + i].fd >= 0 && fds[SOCKETS + i].revents) {
            read_chunk(&connections[i / 2], i % 2);
        }
    }
}

/* A network delivers in time, however busy this machine is: wake up when due,
   not 50 us later, and before other processes. */
static void
be_punctual(void)
{
    struct sched_param priority = {.sched_priority = 1};
    prctl(PR_SET_TIMERSLACK, 1UL);
    sched_setscheduler(0, SCHED_FIFO, &priority); /* as far as we may */
}

int
main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    static struct pollfd fds[SOCKETS + CONNECTIONS_MAX * 2];
    if (argc != 4 || inet_pton(AF_INET, argv[1], &address.sin_addr) != 1) {
        fprintf(stderr, "usage: relay ADDRESS TARGET_PORT DELAY_US\n");
        return 2;
    }
    target = address;
    target.sin_port = htons((uint16_t)strtol(argv[2], NULL, 10));
    delay_ns = strtoll(argv[3], NULL, 10) * 1000;
    be_punctual();
    setvbuf(stdout, NULL, _IOLBF, 0);
    fds[INPUT] = (struct pollfd){.fd = 0, .events = POLLIN};
    fds[LISTENER] =
        (struct pollfd){.fd = listen_on(&address), .events = POLLIN};
    printf("%d\n", ntohs(address.sin_port));
    for (;;) {
        long long due_ns = now_ns() + 1000000000;
        for (int i = 0; i < CONNECTIONS_MAX; i++) {
            if (connections[i].used) {
                serve_connection(&connections[i], &due_ns);
            }
        }
        watch(fds);
        wait_until(fds, due_ns);
        read_ready(fds);
        if (fds[LISTENER].revents) {
            accept_client(fds[LISTENER].fd);
        }
        if (fds[INPUT].revents) {
            answer();
        }
    }
}
