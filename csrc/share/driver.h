/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A share driver without Python, whatever its back end: what Manila asks of
 * every driver, as one vtable. What only one back end can do is in that
 * driver's own header.
 *
 * Every function runs on the caller's thread and may be called by many
 * callers at once. It returns 0 or a negative enum mn_code with err set, and
 * may be repeated after any failure: the call that succeeds at last leaves
 * things as one call would have left them.
 */
#ifndef MN_SHARE_DRIVER_H
#define MN_SHARE_DRIVER_H

#include "share/share.h"

struct mn_driver;

/* Export locations come as texts that each end in a NUL, the preferred one
   first (mn_locations_add). */
struct mn_driver_vtable {
    /* check_for_setup_error: is everything there that the driver needs? */
    int (*check)(struct mn_driver *d, struct mn_error *err);
    /* A text that changes when what ensure_shares depends on changes. Asks
       nobody. */
    int (*backend_info)(struct mn_driver *d, struct mn_buf *info,
                        struct mn_error *err);
    int (*create_share)(struct mn_driver *d, const struct mn_share *share,
                        struct mn_buf *locations, struct mn_error *err);
    /* Absent is success. */
    int (*delete_share)(struct mn_driver *d, const struct mn_share *share,
                        struct mn_error *err);
    int (*extend_share)(struct mn_driver *d, const struct mn_share *share,
                        uint64_t new_size_gib, struct mn_error *err);
    /* NOSPACE when it holds more: Manila's ShareShrinkingPossibleDataLoss. */
    int (*shrink_share)(struct mn_driver *d, const struct mn_share *share,
                        uint64_t new_size_gib, struct mn_error *err);
    /* Look at all shares with a handful of questions and mend what can be
       mended. Fails as a whole only when the back end can't be asked. No
       location: those that Manila has are right. The caller disposes
       results[i].location, also after a failure. */
    int (*ensure_shares)(struct mn_driver *d, const struct mn_share *shares,
                         size_t n, struct mn_ensure_result *results,
                         struct mn_error *err);
    /* Make access to the share exactly the rules in `all`. add, drop and
       update tell what changed; all three empty means that the back end may
       hold anything. states[i] is for all.v[i]. */
    int (*update_access)(struct mn_driver *d, const struct mn_share *share,
                         struct mn_rules all, struct mn_rules add,
                         struct mn_rules drop, struct mn_rules update,
                         struct mn_rule_state *states, struct mn_error *err);
    /* The single-rule calls of old drivers: the other rules stay. INVAL for
       a rule that can't be served. */
    int (*allow_access)(struct mn_driver *d, const struct mn_share *share,
                        const struct mn_access_rule *rule,
                        struct mn_error *err);
    int (*deny_access)(struct mn_driver *d, const struct mn_share *share,
                       const struct mn_access_rule *rule,
                       struct mn_error *err);
    /* used[i] of shares[i] in bytes; UINT64_MAX where there is no such
       share. */
    int (*usage)(struct mn_driver *d, const struct mn_share *shares, size_t n,
                 uint64_t *used, struct mn_error *err);
    /* One that exists already is this one: success. */
    int (*create_snapshot)(struct mn_driver *d, const struct mn_snapshot *s,
                           struct mn_error *err);
    /* Absent is success. */
    int (*delete_snapshot)(struct mn_driver *d, const struct mn_snapshot *s,
                           struct mn_error *err);
    /* name: what the back end calls it, for Manila's provider_location.
       NOTFOUND unless it is there and can be used. */
    int (*manage_snapshot)(struct mn_driver *d, const struct mn_snapshot *s,
                           struct mn_buf *name, struct mn_error *err);
    /* Where users mount the snapshot; NULL: nowhere. */
    int (*snapshot_location)(struct mn_driver *d, const struct mn_snapshot *s,
                             struct mn_buf *locations, struct mn_error *err);
    /* As update_access, read-only; NULL: snapshots have no rules. */
    int (*snapshot_update_access)(struct mn_driver *d,
                                  const struct mn_snapshot *s,
                                  struct mn_rules all, struct mn_rules add,
                                  struct mn_rules drop,
                                  struct mn_rule_state *states,
                                  struct mn_error *err);
    /* *copying: the share is there, but its content is still on its way. */
    int (*create_share_from_snapshot)(struct mn_driver *d,
                                      const struct mn_share *share,
                                      const struct mn_snapshot *s,
                                      bool *copying, struct mn_buf *locations,
                                      struct mn_error *err);
    /* Bring the share back to the snapshot, and its quota to the snapshot's
       size. *reverting: it only has begun; not so when wait is set. */
    int (*revert_to_snapshot)(struct mn_driver *d, const struct mn_snapshot *s,
                              bool wait, bool *reverting,
                              struct mn_error *err);
    /* Take over what is at share->location. *size_gib: in, what the operator
       gave, or 0; out, what Manila shall store. INVAL with the reason when it
       can't be a share. */
    int (*manage_share)(struct mn_driver *d, const struct mn_share *share,
                        uint64_t *size_gib, struct mn_buf *locations,
                        struct mn_error *err);
    int (*unmanage_share)(struct mn_driver *d, const struct mn_share *share,
                          struct mn_error *err);
    void (*free)(struct mn_driver *d);
};

/* The first member of each driver's own struct. */
struct mn_driver {
    const struct mn_driver_vtable *vtable;
};

void mn_driver_free(struct mn_driver *d); /* NULL-safe */

void mn_locations_add(struct mn_buf *locations, const char *text);

#endif
