/* SPDX-License-Identifier: Apache-2.0 */
/* What every cmocka test here includes first. */
#ifndef TESTLIB_H
#define TESTLIB_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/alloc.h"
#include "core/error.h"

/* Make the first, the second ... allocation of one run fail until a run goes
   through. Each failed run must say NOMEM; leaks and bad accesses are the
   sanitizer's business. run returns the code of the call under test. */
#define TORTURE(run, ctx)                                                  \
    do {                                                                   \
        unsigned long nth_ = 0;                                            \
        int rc_;                                                           \
        do {                                                               \
            mn_alloc_fail_at(++nth_);                                      \
            rc_ = (run)(ctx);                                              \
            if (mn_alloc_failed()) {                                       \
                if (rc_ != MN_ENOMEM) {                                    \
                    fail_msg("allocation %lu failed, code %d", nth_, rc_); \
                }                                                          \
            }                                                              \
        } while (mn_alloc_failed());                                       \
        mn_alloc_fail_at(0);                                               \
        assert_int_equal(rc_, 0);                                          \
        assert_true(nth_ > 1);                                             \
    } while (0)

#define assert_contains(text, part)                          \
    do {                                                     \
        if (!strstr((text), (part))) {                       \
            fail_msg("'%s' is not in '%s'", (part), (text)); \
        }                                                    \
    } while (0)

#define assert_lacks(text, part)                         \
    do {                                                 \
        if (strstr((text), (part))) {                    \
            fail_msg("'%s' is in '%s'", (part), (text)); \
        }                                                \
    } while (0)

#endif
