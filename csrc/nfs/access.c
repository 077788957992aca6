/* SPDX-License-Identifier: Apache-2.0 */
#include "nfs/access.h"

#include <string.h>

#include "core/alloc.h"
#include "core/vec.h"

int
mn_access_parse(const char *type, const char *to, const char *level,
                struct mn_access *access, struct mn_error *err)
{
    if (!type || strcmp(type, "ip") != 0) {
        return mn_error_set(err, MN_EINVAL,
                            "access type '%.40s' is not "
                            "supported, only 'ip' is",
                            type ? type : "");
    }
    if (!level || (strcmp(level, "rw") != 0 && strcmp(level, "ro") != 0)) {
        return mn_error_set(err, MN_EINVAL,
                            "access level '%.40s' is not "
                            "supported, only 'rw' and 'ro' are",
                            level ? level : "");
    }
    access->rw = level[1] == 'w';
    int rc = mn_ipnet_parse(mn_slice_of(to), &access->net, err);
    if (!rc && mn_ipnet_is_unspecified(&access->net)) {
        /* NFS-Ganesha would take it for everybody */
        rc = mn_error_set(err, MN_EINVAL, "%.40s is no client's address", to);
    }
    return rc;
}

/* Where net stands or would stand. */
static size_t
place(const struct mn_access_set *set, const struct mn_ipnet *net, bool *found)
{
    size_t low = 0;
    size_t high = set->n;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (mn_ipnet_compare(&set->v[mid].net, net) < 0) {
            low = mid + 1;
        }
        else {
            high = mid;
        }
    }
    *found = low < set->n && mn_ipnet_compare(&set->v[low].net, net) == 0;
    return low;
}

int
mn_access_set_put(struct mn_access_set *set, const struct mn_access *access,
                  struct mn_error *err)
{
    bool found;
    size_t i = place(set, &access->net, &found);
    if (found) {
        set->v[i].rw = access->rw;
        return 0;
    }
    struct mn_access *v = mn_vec_grow(set->v, &set->cap, set->n, sizeof *v);
    if (!v) {
        return mn_error_nomem(err);
    }
    set->v = v;
    memmove(v + i + 1, v + i, (set->n - i) * sizeof *v);
    v[i] = *access;
    set->n++;
    return 0;
}

void
mn_access_set_remove(struct mn_access_set *set, const struct mn_ipnet *net)
{
    bool found;
    size_t i = place(set, net, &found);
    if (found) {
        set->n--;
        memmove(set->v + i, set->v + i + 1, (set->n - i) * sizeof *set->v);
    }
}

const struct mn_access *
mn_access_set_find(const struct mn_access_set *set, const struct mn_ipnet *net)
{
    bool found;
    size_t i = place(set, net, &found);
    return found ? &set->v[i] : NULL;
}

void
mn_access_set_dispose(struct mn_access_set *set)
{
    mn_free(set->v);
    *set = (struct mn_access_set)MN_ACCESS_SET_INIT;
}

int
mn_access_diff(const struct mn_access_set *have,
               const struct mn_access_set *want, struct mn_access_set *put,
               struct mn_access_set *extra, struct mn_error *err)
{
    int rc = 0;
    for (size_t i = 0; !rc && i < want->n; i++) {
        const struct mn_access *old =
            mn_access_set_find(have, &want->v[i].net);
        if (!old || old->rw != want->v[i].rw) {
            rc = mn_access_set_put(put, &want->v[i], err);
        }
    }
    for (size_t i = 0; !rc && i < have->n; i++) {
        if (!mn_access_set_find(want, &have->v[i].net)) {
            rc = mn_access_set_put(extra, &have->v[i], err);
        }
    }
    return rc;
}

bool
mn_access_is_shadowed(const struct mn_access *a, const struct mn_ipnet *before,
                      const struct mn_access_set *want)
{
    const struct mn_access *b = mn_ipnet_contains(before, &a->net)
                                    ? mn_access_set_find(want, before)
                                    : NULL;
    return b && b->rw != a->rw;
}

bool
mn_access_same(const struct mn_access_set *a, const struct mn_access_set *b)
{
    if (a->n != b->n) {
        return false;
    }
    for (size_t i = 0; i < a->n; i++) {
        if (a->v[i].rw != b->v[i].rw
            || mn_ipnet_compare(&a->v[i].net, &b->v[i].net) != 0) {
            return false;
        }
    }
    return true;
}
