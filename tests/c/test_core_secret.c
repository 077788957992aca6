/* SPDX-License-Identifier: Apache-2.0 */
#include "testlib.h"

#include <stdlib.h>

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
    flags_of(secret, flags);
    assert_string_equal(flags, ""); /* its pages are gone */
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

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(not_in_core_files),
        cmocka_unit_test(any_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
