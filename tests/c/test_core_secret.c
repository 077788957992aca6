/* SPDX-License-Identifier: Apache-2.0 */
#include "testlib.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/secret.h"

/* The VmFlags of the region that p is in. */
static void
flags_of(const void *p, char flags[256])
{
    char line[4096];
    bool here = false;
    unsigned long first;
    unsigned long end;
    FILE *f = fopen("/proc/self/smaps", "r");
    flags[0] = '\0';
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        char *dash = strchr(line, '-');
        char *rest;
        first = strtoul(line, &rest, 16);
        if (rest == dash && dash) {
            end = strtoul(dash + 1, &rest, 16);
            here = *rest == ' ' && first <= (uintptr_t)p && (uintptr_t)p < end;
        }
        else if (here && strncmp(line, "VmFlags:", 8) == 0) {
            snprintf(flags, 256, "%.255s", line + 8);
        }
    }
    fclose(f);
}

static void
not_in_core_files(void **state)
{
    char flags[256];
    (void)state;
    char *secret = mn_secret_new(mn_slice_of("pass word"));
    assert_string_equal(secret, "pass word");
    flags_of(secret, flags);
    assert_contains(flags, " dd");
    mn_secret_free(secret);
    for (size_t i = 0; i < sizeof "pass word"; i++) {
        assert_int_equal(secret[i], '\0');
    }
    mn_secret_free(NULL);
}

static void
any_length(void **state)
{
    static char text[20000];
    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t n = 0; n <= sizeof text; n = n * 2 + 1) {
        char *secret = mn_secret_new((struct mn_slice){text, n});
        assert_int_equal(strlen(secret), n);
        assert_memory_equal(secret, text, n);
        mn_secret_free(secret);
    }
    char *empty = mn_secret_new((struct mn_slice){NULL, 0});
    assert_string_equal(empty, "");
    mn_secret_free(empty);
}

static void
sizes(void **state)
{
    (void)state;
    for (size_t n = 0; n < (size_t)1 << 22; n = n * 3 + 1) {
        char *p = mn_secret_alloc(n);
        assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(p[i], 0);
        }
        memset(p, 'x', n);
        char *same = mn_secret_realloc(p, n / 2);
        assert_ptr_equal(same, p);
        char *more = mn_secret_realloc(p, 3 * n + 100);
        assert_ptr_not_equal(more, p);
        for (size_t i = 0; i < 3 * n + 100; i++) {
            assert_int_equal(more[i], i < n ? 'x' : 0);
        }
        mn_secret_free(more);
        assert_ptr_equal(mn_secret_alloc(3 * n + 100), more);
        mn_secret_free(more);
    }
    char *none = mn_secret_realloc(NULL, 5);
    assert_non_null(none);
    mn_secret_free(none);
    assert_null(mn_secret_alloc(SIZE_MAX));
    assert_null(mn_secret_alloc((size_t)1 << 46));
}

enum { THREADS = 4, ROUNDS = 20000, HELD = 16 };

/* No two threads have the same block at a time. */
static void *
use(void *ctx)
{
    unsigned char *held[HELD] = {NULL};
    unsigned char mark = (unsigned char)(uintptr_t)ctx;
    for (unsigned i = 0; i < ROUNDS; i++) {
        size_t size = 1 + i * 7 % 500;
        unsigned char **p = &held[i * 5 % HELD];
        if (*p && (*p)[0] != mark) {
            return ctx;
        }
        mn_secret_free(*p);
        *p = mn_secret_alloc(size);
        memset(*p, mark, size);
    }
    for (int i = 0; i < HELD; i++) {
        mn_secret_free(held[i]);
    }
    return NULL;
}

static void
threads(void **state)
{
    pthread_t ids[THREADS];
    (void)state;
    for (uintptr_t i = 0; i < THREADS; i++) {
        pthread_create(&ids[i], NULL, use, (void *)(i + 1));
    }
    for (int i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join(ids[i], &wrong);
        assert_null(wrong);
    }
}

/* Forked while other threads are at work, so that some have the lock. */
static void
forks(void **state)
{
    pthread_t ids[THREADS];
    (void)state;
    char *secret = mn_secret_new(mn_slice_of("pass word"));
    for (uintptr_t i = 0; i < THREADS; i++) {
        pthread_create(&ids[i], NULL, use, (void *)(i + 1));
    }
    for (int i = 0; i < 50; i++) {
        pid_t child = fork();
        if (child == 0) {
            mn_secret_fork_child();
            bool good = !use(NULL) && strcmp(secret, "pass word") == 0;
            mn_secret_free(secret);
            _exit(good ? 0 : 1);
        }
        int status;
        assert_int_equal(waitpid(child, &status, 0), child);
        assert_int_equal(status, 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(ids[i], NULL);
    }
    mn_secret_free(secret);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_in_core_files),
        cmocka_unit_test(any_length),
        cmocka_unit_test(sizes),
        cmocka_unit_test(threads),
        cmocka_unit_test(forks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
