/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MN_CORE_VEC_H
#define MN_CORE_VEC_H

#include <stddef.h>

#include "core/alloc.h"

/* Room for one more element of a plain array of n elements. Returns the array
   (it may have moved) or NULL, and then the old one still stands. [any] */
static inline void *
mn_vec_grow(void *v, size_t *cap, size_t n, size_t size)
{
    if (n < *cap) {
        return v;
    }
    size_t wanted = *cap ? *cap * 2 : 8;
    void *moved = mn_realloc(v, wanted * size);
    if (moved) {
        *cap = wanted;
    }
    return moved;
}

#endif
