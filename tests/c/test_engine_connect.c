/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that are not made. */
#include "testlib.h"

#include "loopback.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "engine/pause.h"
#include "exec/remote.h"
#include "rest/client.h"

static sem_t answer;
static atomic_bool answered;

/* libcurl's calls, from a thread of its own, end up here. It answers at last,
   so that a test fails and does not hang. */
__attribute__((visibility("default"))) int
getaddrinfo(const char *node, const char *service,
            const struct addrinfo *hints, struct addrinfo **result)
{
    struct timespec until;
    (void)node;
    (void)service;
    (void)hints;
    (void)result;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += 120;
    sem_timedwait(&answer, &until);
    atomic_store(&answered, true);
    return EAI_FAIL;
}

/* The engine's thread serves all back ends: none may wait for one's name. */
static void
nobody_waits_for_a_resolver(void **state)
{
    const struct mn_rest_config config = {
        .server = "array.example.org",
        .port = 443,
        .prefix = "/",
        .login = "admin",
        .password = "secret",
        .hint = "",
        .connect_timeout_s = 60,
    };
    const struct mn_rest_request request = {.path = "x", .timeout_ms = 50};
    struct mn_rest_reply reply = {0};
    struct mn_rest *rest;
    struct mn_error err = MN_ERROR_INIT;
    (void)state;
    sem_init(&answer, 0, 0);
    assert_int_equal(mn_rest_client_new(&config, &rest, &err), 0);
    assert_int_equal(rest->vtable->call(rest, &request, &reply, &err),
                     MN_ETIMEDOUT);
    assert_contains(err.text, "no answer in time; nothing was sent");
    assert_false(atomic_load(&answered));
    sem_post(&answer);
    mn_rest_reply_dispose(&reply);
    mn_rest_free(rest);
}

/* Leave this process so many descriptors. Returns the former limit. */
static struct rlimit
limit_descriptors(unsigned left)
{
    struct rlimit old;
    int next = dup(0);
    close(next);
    getrlimit(RLIMIT_NOFILE, &old);
    struct rlimit now = {(rlim_t)next + left, old.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &now), 0);
    return old;
}

static bool
always(void *ctx)
{
    (void)ctx;
    return true;
}

/* Run a plan with so many descriptors left. */
static void
fail_with_few_descriptors(unsigned left, bool eventfd, int code,
                          const char *text)
{
    const struct mn_waiter waiter = {0};
    struct mn_remote_config config = {
        .waiter = {.wants_eventfd = eventfd ? always : NULL},
        .ssh = {.host = "127.0.0.1",
                .login = "root",
                .connect_timeout_s = 60,
                .max_sessions = 1},
        .command_timeout_s = 60,
    };
    struct mn_plan plan = MN_PLAN_INIT;
    struct mn_result result = MN_RESULT_INIT;
    struct mn_executor *ex;
    struct mn_error err = MN_ERROR_INIT;
    int listener = listen_somewhere(&config.ssh.port);
    mn_plan_run(&plan, "true", NULL);
    assert_int_equal(mn_remote_new(&config, &ex, &err), 0);
    assert_int_equal(mn_pause(&waiter, 1, &err), 0); /* starts the engine */
    struct rlimit old = limit_descriptors(left);
    assert_int_equal(mn_exec_run(ex, &plan, &result, &err), code);
    setrlimit(RLIMIT_NOFILE, &old);
    assert_contains(err.text, text);
    mn_result_dispose(&result);
    mn_plan_dispose(&plan);
    mn_executor_free(ex);
    close(listener);
}

static void
too_many_descriptors(void **state)
{
    (void)state;
    fail_with_few_descriptors(0, true, MN_EINTERNAL, "no eventfd");
    fail_with_few_descriptors(1, false, MN_ECONNECT, "Too many open files");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(too_many_descriptors),
        /* last: its resolver's thread closes descriptors at any time */
        cmocka_unit_test(nobody_waits_for_a_resolver),
    };
    return cmocka_run_group_tests_name("engine/connect", tests, NULL, NULL);
}
