/* SPDX-License-Identifier: Apache-2.0 */
#include "core/slice.h"

#include <string.h>
#include <strings.h>

struct mn_slice
mn_slice_of(const char *s)
{
    return (struct mn_slice){s ? s : "", s ? strlen(s) : 0};
}

bool
mn_slice_same(struct mn_slice a, struct mn_slice b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool
mn_slice_eq(struct mn_slice a, const char *b)
{
    return mn_slice_same(a, mn_slice_of(b));
}

bool
mn_slice_eq_nocase(struct mn_slice a, const char *b)
{
    return a.n == strlen(b) && strncasecmp(a.p, b, a.n) == 0;
}

int
mn_slice_compare(struct mn_slice a, struct mn_slice b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int order = n ? memcmp(a.p, b.p, n) : 0;
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

bool
mn_slice_starts(struct mn_slice s, const char *prefix)
{
    size_t n = strlen(prefix);
    return s.n >= n && memcmp(s.p, prefix, n) == 0;
}

bool
mn_slice_contains(struct mn_slice s, const char *word)
{
    return s.n && memmem(s.p, s.n, word, strlen(word)) != NULL;
}

bool
mn_slice_contains_nocase(struct mn_slice s, const char *word)
{
    size_t n = strlen(word);
    for (size_t i = 0; n <= s.n && i <= s.n - n; i++) {
        if (strncasecmp(s.p + i, word, n) == 0) {
            return true;
        }
    }
    return false;
}

static bool
is_blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

struct mn_slice
mn_slice_trim(struct mn_slice s)
{
    while (s.n && is_blank(s.p[0])) {
        s.p++;
        s.n--;
    }
    while (s.n && is_blank(s.p[s.n - 1])) {
        s.n--;
    }
    return s;
}

bool
mn_slice_next(struct mn_slice *rest, char sep, struct mn_slice *part)
{
    if (rest->n == 0) {
        return false;
    }
    const char *end = memchr(rest->p, sep, rest->n);
    size_t n = end ? (size_t)(end - rest->p) : rest->n;
    size_t used = end ? n + 1 : n;
    *part = (struct mn_slice){rest->p, n};
    rest->p += used;
    rest->n -= used;
    return true;
}

bool
mn_slice_u64(struct mn_slice s, uint64_t *value)
{
    uint64_t v = 0;
    if (s.n == 0) {
        return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        unsigned digit = (unsigned)(s.p[i] - '0');
        if (digit > 9 || v > (UINT64_MAX - digit) / 10) {
            return false;
        }
        v = v * 10 + digit;
    }
    *value = v;
    return true;
}
