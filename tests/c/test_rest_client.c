/* SPDX-License-Identifier: Apache-2.0 */
/* The HTTPS client: what it is told, and what it leaves behind. */
#include "testlib.h"

#include "loopback.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/secret.h"
#include "engine/pause.h"
#include "rest/internal.h"

enum { AT_A_TIME = 8 }; /* calls */

/* ---- a server ---- */

/* Says nothing on the first connections, and hangs up on all others. */
struct server {
    int listener;
    pthread_t thread;
    int silent;
    int fds[AT_A_TIME];
    pthread_mutex_t mutex;
    pthread_cond_t cond;
    int accepted; /* under mutex */
};

static void *
serve(void *arg)
{
    struct server *s = arg;
    int fd;
    while ((fd = accept(s->listener, NULL, NULL)) >= 0) {
        pthread_mutex_lock(&s->mutex);
        if (s->accepted < s->silent) {
            s->fds[s->accepted] = fd;
        }
        else {
            close(fd);
        }
        s->accepted++;
        pthread_cond_signal(&s->cond);
        pthread_mutex_unlock(&s->mutex);
    }
    return NULL;
}

/* Wait for so many connections; returns how many there are. */
static int
await(struct server *s, int accepted)
{
    pthread_mutex_lock(&s->mutex);
    while (s->accepted < accepted) {
        pthread_cond_wait(&s->cond, &s->mutex);
    }
    int all = s->accepted;
    pthread_mutex_unlock(&s->mutex);
    return all;
}

/* ---- a client ---- */

struct world {
    struct server server;
    struct mn_rest *client;
    pid_t parent;
    int depth; /* of calls that wait */
};

static int
call(struct world *w)
{
    const struct mn_rest_request request = {
        .path = "x", .body = "[]", .timeout_ms = 60000};
    struct mn_rest_reply reply = {0};
    struct mn_error err = MN_ERROR_INIT;
    int rc = w->client->vtable->call(w->client, &request, &reply, &err);
    mn_rest_reply_dispose(&reply);
    return rc;
}

static const struct mn_rest_config local = {
    .server = "127.0.0.1",
    .prefix = "/",
    .login = "admin",
    .password = "secret",
    .hint = "",
    .connect_timeout_s = 60,
};

static void
begin(struct world *w, struct mn_waiter waiter, int silent)
{
    struct mn_error err = MN_ERROR_INIT;
    struct mn_rest_config config = local;
    config.waiter = waiter;
    *w = (struct world){.server = {.silent = silent}, .parent = getpid()};
    w->server.listener = listen_somewhere(&config.port);
    pthread_mutex_init(&w->server.mutex, NULL);
    pthread_cond_init(&w->server.cond, NULL);
    assert_int_equal(mn_rest_client_new(&config, &w->client, &err), 0);
    pthread_create(&w->server.thread, NULL, serve, &w->server);
}

static void
end(struct world *w)
{
    mn_rest_free(w->client);
    shutdown(w->server.listener, SHUT_RDWR);
    pthread_join(w->server.thread, NULL);
    close(w->server.listener);
    for (int i = 0; i < w->server.silent; i++) {
        close(w->server.fds[i]);
    }
}

/* ---- forks ---- */

/* The child of a process with calls under way, and one that waits its turn:
   none of them are the child's. */
static int
calls_of_a_child(struct world *w)
{
    pid_t pid = fork();
    if (pid == 0) {
        _exit(call(w) == MN_ECONNECT && call(w) == MN_ECONNECT ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

/* Waits for a call in the parent: makes the next one first, and gives up. */
static int
wait_for_the_next(void *ctx, struct mn_op *op, struct mn_error *err)
{
    const struct mn_waiter blocking = {0};
    struct world *w = ctx;
    if (getpid() != w->parent) {
        mn_op_wait(op, -1);
        return 0;
    }
    int depth = ++w->depth;
    if (depth <= AT_A_TIME) {
        call(w);
    }
    if (depth == AT_A_TIME) {
        mn_pause(&blocking, 1, err); /* that one has left the queue */
        call(w);
    }
    if (depth == AT_A_TIME + 1) {
        await(&w->server, AT_A_TIME);
        mn_pause(&blocking, 1, err); /* the last one was seen by the engine */
        assert_int_equal(calls_of_a_child(w), 0);
        assert_int_equal(await(&w->server, AT_A_TIME + 2), AT_A_TIME + 2);
    }
    return mn_error_set(err, MN_ECANCELED, "given up");
}

static void
a_child_begins_anew(void **state)
{
    struct world w;
    (void)state;
    begin(&w, (struct mn_waiter){.wait = wait_for_the_next, .ctx = &w},
          AT_A_TIME);
    assert_int_equal(call(&w), MN_ECANCELED);
    assert_int_equal(w.depth, AT_A_TIME + 2);
    end(&w);
}

/* ---- memory ---- */

/* A mapping of this process, as /proc/self/smaps tells it. */
struct mapping {
    unsigned long start;
    unsigned long end;
    char mode[8];
    bool dumped; /* into core files: libcurl has its memory elsewhere */
};

static bool
next_mapping(FILE *smaps, struct mapping *m)
{
    char line[4096];
    while (fgets(line, sizeof line, smaps)) {
        struct mapping head;
        if (sscanf(line, "%lx-%lx %7s", &head.start, &head.end, head.mode)
            == 3) {
            *m = head;
        }
        if (strncmp(line, "VmFlags:", 8) == 0) {
            m->dumped = !strstr(line, " dd");
            return true;
        }
    }
    return false;
}

static unsigned long
bytes_left_out(void)
{
    struct mapping m;
    unsigned long sum = 0;
    FILE *smaps = fopen("/proc/self/smaps", "r");
    assert_non_null(smaps);
    while (next_mapping(smaps, &m)) {
        sum += m.dumped ? 0 : m.end - m.start;
    }
    fclose(smaps);
    return sum;
}

static void
call_often(struct world *w)
{
    for (int i = 0; i < 200; i++) {
        assert_int_equal(call(w), MN_ECONNECT);
    }
}

static void
no_memory_is_lost(void **state)
{
    struct world w;
    (void)state;
    begin(&w, (struct mn_waiter){0}, 0);
    call_often(&w);
    unsigned long before = bytes_left_out();
    call_often(&w);
    /* 200 times what one call takes would be more */
    assert_true(bytes_left_out() < before + (1 << 20));
    end(&w);
}

/* ---- configuration ---- */

static struct mn_rest_client *
client_of(const struct mn_rest_config *config)
{
    struct mn_rest *rest = NULL;
    struct mn_error err = MN_ERROR_INIT;
    assert_int_equal(mn_rest_client_new(config, &rest, &err), 0);
    return (struct mn_rest_client *)rest;
}

static void
addresses_in_urls(void **state)
{
    static const char *const rows[][2] = {
        {"array.example.org", "https://array.example.org:443/zebi/api/"},
        {"192.0.2.10", "https://192.0.2.10:443/zebi/api/"},
        {"2001:db8::10", "https://[2001:db8::10]:443/zebi/api/"},
    };
    struct mn_rest_config config = local;
    (void)state;
    config.port = 443;
    config.prefix = "/zebi/api/";
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        config.server = rows[i][0];
        struct mn_rest_client *c = client_of(&config);
        assert_string_equal(c->prefix, rows[i][1]);
        assert_int_equal(c->connect_timeout_ms, 60000);
        mn_rest_free(&c->rest);
    }
}

static void
credentials_go_with_the_client(void **state)
{
    (void)state;
    struct mn_rest_client *c = client_of(&local);
    const char *secret = c->authorization;
    size_t n = strlen(secret);
    assert_string_equal(secret, "Authorization: Basic YWRtaW46c2VjcmV0");
    assert_ptr_equal(c->headers[0].data, secret);
    assert_string_equal(c->headers[1].data, "Content-Type: application/json");
    mn_rest_free(&c->rest);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(secret[i], '\0');
    }
}

enum { BLOCK = 1 << 16 };

static bool
mapping_holds(int memory, const struct mapping *m, const char *text,
              char *block)
{
    size_t n = strlen(text);
    for (unsigned long at = m->start; at < m->end; at += BLOCK - n) {
        size_t left = m->end - at;
        ssize_t got =
            pread(memory, block, left < BLOCK ? left : BLOCK, (off_t)at);
        if (got > 0 && memmem(block, (size_t)got, text, n)) {
            return true;
        }
    }
    return false;
}

/* Would a core file hold the text? It must not be in such memory itself. */
static bool
is_dumped(const char *text)
{
    struct mapping m;
    bool found = false;
    char *block = mn_secret_alloc(BLOCK);
    int memory = open("/proc/self/mem", O_RDONLY);
    FILE *smaps = fopen("/proc/self/smaps", "r");
    assert_non_null(smaps);
    while (!found && next_mapping(smaps, &m)) {
        found = m.dumped && strncmp(m.mode, "rw", 2) == 0
                && mapping_holds(memory, &m, text, block);
    }
    fclose(smaps);
    close(memory);
    mn_secret_free(block);
    return found;
}

/* A long password, as small buffers are the first that are forgotten. */
static void
no_copies_of_the_password(void **state)
{
    struct mn_rest_config config = local;
    (void)state;
    config.password = "0123456789abcdefghijklmnopqrstuvwxyz"
                      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                      "9876543210abcdefghijklmnopqrstuvwxyz"
                      "9876543210ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    struct mn_rest_client *c = client_of(&config);
    char *start = mn_secret_new(
        (struct mn_slice){c->authorization + strlen("Authorization: "), 40});
    /* what is freed loses its first bytes to the allocator */
    assert_false(is_dumped(config.password + 16));
    assert_false(is_dumped(start));
    mn_secret_free(start);
    mn_rest_free(&c->rest);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_child_begins_anew),
        cmocka_unit_test(no_memory_is_lost),
        cmocka_unit_test(addresses_in_urls),
        cmocka_unit_test(credentials_go_with_the_client),
        cmocka_unit_test(no_copies_of_the_password),
    };
    return cmocka_run_group_tests_name("rest/client", tests, NULL, NULL);
}
