/* SPDX-License-Identifier: Apache-2.0 */
/* Many threads with the engine's one: operations of all kinds that succeed,
   fail and are given up at any instant. Meant for the thread sanitizer (make
   tsan); the results are looked at as well. */
#include "testlib.h"

#include "loopback.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "engine/pause.h"
#include "exec/local.h"
#include "exec/remote.h"
#include "rest/client.h"

enum { THREADS = 12, ROUNDS = 25 };

/* Shared by all threads, as Python's are. */
static struct mn_executor *here;
static struct mn_executor *there;
static struct mn_rest *array;

/* ---- a server that hangs up ---- */

static void *
hang_up(void *arg)
{
    int listener = *(int *)arg;
    int fd;
    while ((fd = accept(listener, NULL, NULL)) >= 0) {
        close(fd);
    }
    return NULL;
}

/* ---- what the threads do ---- */

/* A waiter that gives up at once. */
static int
give_up(void *ctx, struct mn_op *op, struct mn_error *err)
{
    (void)ctx;
    (void)op;
    return mn_error_set(err, MN_ECANCELED, "given up");
}

static int
run(struct mn_executor *ex, const char *word)
{
    struct mn_plan plan = MN_PLAN_INIT;
    struct mn_result result = MN_RESULT_INIT;
    struct mn_error err = MN_ERROR_INIT;
    mn_plan_run(&plan, "echo", word, NULL);
    int rc = mn_exec_run(ex, &plan, &result, &err);
    if (rc == 0 && !mn_slice_starts(result.steps[0].out, word)) {
        rc = MN_EINTERNAL;
    }
    mn_result_dispose(&result);
    mn_plan_dispose(&plan);
    return rc;
}

static void
begin_and_give_up(struct mn_executor *ex)
{
    struct mn_plan plan = MN_PLAN_INIT;
    struct mn_pending *pending;
    struct mn_error err = MN_ERROR_INIT;
    mn_plan_run(&plan, "sleep", "600", NULL);
    if (ex->vtable->submit(ex, &plan, &pending, &err) == 0) {
        ex->vtable->cancel(ex, pending);
    }
    mn_plan_dispose(&plan);
}

static int
call(void)
{
    const struct mn_rest_request request = {
        .path = "x", .body = "[]", .timeout_ms = 60000};
    struct mn_rest_reply reply = {0};
    struct mn_error err = MN_ERROR_INIT;
    int rc = array->vtable->call(array, &request, &reply, &err);
    mn_rest_reply_dispose(&reply);
    return rc;
}

/* The codes that came out wrong. */
static void *
work(void *arg)
{
    const struct mn_waiter blocking = {0};
    const struct mn_waiter impatient = {.wait = give_up};
    struct mn_error err = MN_ERROR_INIT;
    uintptr_t wrong = 0;
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        wrong += run(here, "word") != 0;
        wrong += run(there, "word") != MN_ECONNECT;
        wrong += call() != MN_ECONNECT;
        wrong += mn_pause(&blocking, 1, &err) != 0;
        wrong += mn_pause(&impatient, 60000, &err) != MN_ECANCELED;
        begin_and_give_up(here);
        begin_and_give_up(there);
    }
    return (void *)wrong;
}

static void
make_all(uint16_t port)
{
    struct mn_error err = MN_ERROR_INIT;
    const struct mn_local_config local = {.command_timeout_s = 60};
    const struct mn_remote_config remote = {
        .ssh = {.host = "127.0.0.1",
                .port = port,
                .login = "root",
                .host_key_policy = MN_HOST_KEY_ACCEPT_NEW,
                .connect_timeout_s = 60,
                .max_sessions = 2},
        .command_timeout_s = 60,
    };
    const struct mn_rest_config rest = {
        .server = "127.0.0.1",
        .port = port,
        .prefix = "/",
        .login = "admin",
        .password = "secret",
        .hint = "",
        .connect_timeout_s = 60,
    };
    assert_int_equal(mn_local_new(&local, &here, &err), 0);
    assert_int_equal(mn_remote_new(&remote, &there, &err), 0);
    assert_int_equal(mn_rest_client_new(&rest, &array, &err), 0);
}

static void
many_threads(void **state)
{
    uint16_t port;
    int listener = listen_somewhere(&port);
    pthread_t server;
    pthread_t threads[THREADS];
    (void)state;
    pthread_create(&server, NULL, hang_up, &listener);
    make_all(port);
    for (int i = 0; i < THREADS; i++) {
        pthread_create(&threads[i], NULL, work, NULL);
    }
    for (int i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    mn_executor_free(here);
    mn_executor_free(there);
    mn_rest_free(array);
    shutdown(listener, SHUT_RDWR);
    pthread_join(server, NULL);
    close(listener);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(many_threads),
    };
    return cmocka_run_group_tests_name("engine/threads", tests, NULL, NULL);
}
