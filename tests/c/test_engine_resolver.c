/* SPDX-License-Identifier: Apache-2.0 */
/* A resolver that does not answer, which libcurl asks in a thread. */
#include "testlib.h"

#include <netdb.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <time.h>

#include "rest/client.h"

static sem_t answer;
static atomic_bool answered;

/* libcurl's calls end up here. It answers at last, so that a test fails and
   does not hang. */
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
    until.tv_sec += 10;
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
    assert_false(atomic_load(&answered));
    sem_post(&answer);
    mn_rest_reply_dispose(&reply);
    mn_rest_free(rest);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_waits_for_a_resolver),
    };
    return cmocka_run_group_tests_name("engine/resolver", tests, NULL, NULL);
}
