/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Access rules as NFS-Ganesha's configuration can say them. Its scanner reads
 * prefix lengths of 1 to 99, nothing else; a single address is written
 * without one. Pure; no I/O.
 */
#ifndef MN_NFS_GANESHA_ACCESS_H
#define MN_NFS_GANESHA_ACCESS_H

#include "nfs/access.h"

/* INVAL for the IPv6 networks of /100 to /127, which it can't read. */
int mn_ganesha_check_access(const struct mn_access *access,
                            struct mn_error *err);

/* Copy, with 0.0.0.0/0 and ::/0 as two halves each: there is no other way to
   say them. "0.0.0.0" means every client, those of IPv6 too. A half that has
   a rule of its own keeps its level. out must be empty. */
int mn_ganesha_split(const struct mn_access_set *set,
                     struct mn_access_set *out, struct mn_error *err);

/* The halves of a network of prefix 0. */
void mn_ganesha_halves(const struct mn_ipnet *net, struct mn_ipnet half[2]);

/* After a comparison of split sets: a /0 of want whose half is missing is
   missing itself. */
int mn_ganesha_join_missing(const struct mn_access_set *want,
                            struct mn_access_set *missing,
                            struct mn_error *err);

#endif
