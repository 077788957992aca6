/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MN_TESTS_FUZZ_H
#define MN_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* What must hold, whatever the input is. */
static inline void
must(bool truth)
{
    if (!truth) {
        abort();
    }
}

static inline struct mn_slice
text_of(const uint8_t *data, size_t n)
{
    return (struct mn_slice){(const char *)data, n};
}

#endif
