/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A borrowed run of bytes. It owns nothing and need not end in NUL.
 */
#ifndef MN_CORE_SLICE_H
#define MN_CORE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct mn_slice {
    const char *p;
    size_t n;
};

/* printf("%.*s", MN_SLICE_ARG(s)) */
#define MN_SLICE_ARG(s) (int)(s).n, (s).p

struct mn_slice mn_slice_of(const char *s); /* NULL gives the empty slice */
bool mn_slice_eq(struct mn_slice a, const char *b);
bool mn_slice_eq_nocase(struct mn_slice a, const char *b);
bool mn_slice_same(struct mn_slice a, struct mn_slice b);
/* By bytes; the shorter of two that begin alike comes first. */
int mn_slice_compare(struct mn_slice a, struct mn_slice b);
bool mn_slice_starts(struct mn_slice s, const char *prefix);
bool mn_slice_contains(struct mn_slice s, const char *word);
bool mn_slice_contains_nocase(struct mn_slice s, const char *word);
struct mn_slice mn_slice_trim(struct mn_slice s); /* blanks at both ends */

/* Cut the next part that ends in sep (or at the end) off *rest into *part.
   False when *rest is used up: "a:b:" gives "a", "b", then false; a trailing
   empty part is not reported. */
bool mn_slice_next(struct mn_slice *rest, char sep, struct mn_slice *part);

/* Whole slice as an unsigned decimal; false unless all digits and in range. */
bool mn_slice_u64(struct mn_slice s, uint64_t *value);

#endif
