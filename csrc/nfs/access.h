/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access rules as a set of networks: each network stands in it once, the most
 * specific first, which is the order in which an NFS server must look at
 * them. Pure; no I/O.
 */
#ifndef MN_NFS_ACCESS_H
#define MN_NFS_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "core/ipnet.h"

struct mn_access {
    struct mn_ipnet net;
    bool rw;
};

struct mn_access_set {
    struct mn_access *v; /* in the order of mn_ipnet_compare() */
    size_t n;
    size_t cap;
};

#define MN_ACCESS_SET_INIT \
    {                      \
        0                  \
    }

/* One rule as Manila spells it: type "ip", an address or network, "rw" or
   "ro". INVAL with a text for the user otherwise. NULLs are bad values. */
int mn_access_parse(const char *type, const char *to, const char *level,
                    struct mn_access *access, struct mn_error *err);

/* Add; a network that is in it already takes the new level. */
int mn_access_set_put(struct mn_access_set *set,
                      const struct mn_access *access, struct mn_error *err);
void mn_access_set_remove(struct mn_access_set *set,
                          const struct mn_ipnet *net);
/* NULL: not in it. */
const struct mn_access *mn_access_set_find(const struct mn_access_set *set,
                                           const struct mn_ipnet *net);
void mn_access_set_dispose(struct mn_access_set *set);

/* What leads from one set to the other: put holds what is missing or has the
   other level, extra what has to go. Both must be empty before and be
   disposed after, also on failure. */
int mn_access_diff(const struct mn_access_set *have,
                   const struct mn_access_set *want, struct mn_access_set *put,
                   struct mn_access_set *extra, struct mn_error *err);

/* Does a server that comes to the network `before` first never come to a, one
   of those that are wanted, and so give it another level? */
bool mn_access_is_shadowed(const struct mn_access *a,
                           const struct mn_ipnet *before,
                           const struct mn_access_set *want);

/* The same networks and levels? */
bool mn_access_same(const struct mn_access_set *a,
                    const struct mn_access_set *b);

#endif
