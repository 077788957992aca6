/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The GPFS driver as one of several: share/driver.h on top of gpfs/driver.h.
 */
#include <string.h>

#include "gpfs/internal.h"

static struct mn_gpfs *
gpfs_of(struct mn_driver *d)
{
    return (struct mn_gpfs *)d; /* base is its first member */
}

/* Functions whose arguments are the same but for the first. */
#define SAME_(name, params, args)   \
    static int name params          \
    {                               \
        return mn_gpfs_##name args; \
    }

SAME_(check, (struct mn_driver * d, struct mn_error *err), (gpfs_of(d), err))
SAME_(backend_info,
      (struct mn_driver * d, struct mn_buf *info, struct mn_error *err),
      (gpfs_of(d), info, err))
SAME_(delete_share,
      (struct mn_driver * d, const struct mn_share *share,
       struct mn_error *err),
      (gpfs_of(d), share, err))
SAME_(unmanage_share,
      (struct mn_driver * d, const struct mn_share *share,
       struct mn_error *err),
      (gpfs_of(d), share, err))
SAME_(extend_share,
      (struct mn_driver * d, const struct mn_share *share, uint64_t gib,
       struct mn_error *err),
      (gpfs_of(d), share, gib, err))
SAME_(shrink_share,
      (struct mn_driver * d, const struct mn_share *share, uint64_t gib,
       struct mn_error *err),
      (gpfs_of(d), share, gib, err))
SAME_(update_access,
      (struct mn_driver * d, const struct mn_share *share, struct mn_rules all,
       struct mn_rules add, struct mn_rules drop, struct mn_rules update,
       struct mn_rule_state *states, struct mn_error *err),
      (gpfs_of(d), share, all, add, drop, update, states, err))
SAME_(usage,
      (struct mn_driver * d, const struct mn_share *shares, size_t n,
       uint64_t *used, struct mn_error *err),
      (gpfs_of(d), shares, n, used, err))
SAME_(create_snapshot,
      (struct mn_driver * d, const struct mn_snapshot *s,
       struct mn_error *err),
      (gpfs_of(d), s, err))
SAME_(delete_snapshot,
      (struct mn_driver * d, const struct mn_snapshot *s,
       struct mn_error *err),
      (gpfs_of(d), s, err))
SAME_(snapshot_update_access,
      (struct mn_driver * d, const struct mn_snapshot *s, struct mn_rules all,
       struct mn_rules add, struct mn_rules drop, struct mn_rule_state *states,
       struct mn_error *err),
      (gpfs_of(d), s, all, add, drop, states, err))
#undef SAME_

/* The driver's one location as a list of one; rc is handed through. */
static int
one_location(int rc, struct mn_buf *locations)
{
    if (rc == 0 && locations->n) {
        mn_buf_putc(locations, '\0');
    }
    return rc;
}

static int
create_share(struct mn_driver *d, const struct mn_share *share,
             struct mn_buf *locations, struct mn_error *err)
{
    return one_location(
        mn_gpfs_create_share(gpfs_of(d), share, locations, err), locations);
}

static int
ensure_shares(struct mn_driver *d, const struct mn_share *shares, size_t n,
              struct mn_ensure_result *results, struct mn_error *err)
{
    int rc = mn_gpfs_ensure_shares(gpfs_of(d), shares, n, results, err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        one_location((int)results[i].code, &results[i].location);
    }
    return rc;
}

static bool
is_ip(const struct mn_access_rule *rule)
{
    return strcmp(rule->access_type, "ip") == 0;
}

static int
allow_access(struct mn_driver *d, const struct mn_share *share,
             const struct mn_access_rule *rule, struct mn_error *err)
{
    if (!is_ip(rule)) {
        return mn_error_set(err, MN_EINVAL, "Only ip access type supported.");
    }
    return mn_gpfs_allow_access(gpfs_of(d), share, rule, err);
}

/* A rule that never could be applied is denied already. */
static int
deny_access(struct mn_driver *d, const struct mn_share *share,
            const struct mn_access_rule *rule, struct mn_error *err)
{
    return is_ip(rule) ? mn_gpfs_deny_access(gpfs_of(d), share, rule, err) : 0;
}

static int
manage_snapshot(struct mn_driver *d, const struct mn_snapshot *s,
                struct mn_buf *name, struct mn_error *err)
{
    mn_buf_puts(name, s->name);
    return mn_gpfs_manage_snapshot(gpfs_of(d), s, err);
}

static int
snapshot_location(struct mn_driver *d, const struct mn_snapshot *s,
                  struct mn_buf *locations, struct mn_error *err)
{
    struct mn_gpfs_capabilities caps = {0};
    mn_gpfs_capabilities(gpfs_of(d), &caps);
    if (!caps.mount_snapshot) {
        return 0;
    }
    return mn_gpfs_snapshot_locations(gpfs_of(d), s, locations, err);
}

static int
create_share_from_snapshot(struct mn_driver *d, const struct mn_share *share,
                           const struct mn_snapshot *s, bool *copying,
                           struct mn_buf *locations, struct mn_error *err)
{
    *copying = true;
    return one_location(mn_gpfs_create_share_from_snapshot(gpfs_of(d), share,
                                                           s, locations, err),
                        locations);
}

/* Manila takes the snapshot's size for the share's after a revert, but the
   quota is not part of what is reverted. A share that was shrunk since then
   needs the room first; one that was extended loses it only when the revert
   has begun. If that fails, ensure_shares() will mend it. */
static int
revert_to_snapshot(struct mn_driver *d, const struct mn_snapshot *s, bool wait,
                   bool *reverting, struct mn_error *err)
{
    struct mn_gpfs *g = gpfs_of(d);
    struct mn_error why = MN_ERROR_INIT;
    uint64_t size = s->size_gib;
    int rc = 0;
    *reverting = !wait;
    if (size > s->share.size_gib) {
        rc = mn_gpfs_extend_share(g, &s->share, size, err);
    }
    if (rc == 0) {
        rc = mn_gpfs_revert_to_snapshot(g, s, wait, err);
    }
    if (rc == 0 && size && size < s->share.size_gib) {
        int later = mn_gpfs_extend_share(g, &s->share, size, &why);
        if (later == MN_ECANCELED) {
            return later;
        }
        if (later) {
            mn_gpfs__log(&g->log, MN_LOG_WARNING,
                         "share %s is being reverted, but keeps its quota: %s",
                         s->share.name, why.text);
        }
    }
    return rc;
}

static int
manage_share(struct mn_driver *d, const struct mn_share *share,
             uint64_t *size_gib, struct mn_buf *locations,
             struct mn_error *err)
{
    struct mn_share from = *share;
    from.path = NULL; /* it is from its location that it is taken over */
    return one_location(mn_gpfs_manage_share(gpfs_of(d), &from,
                                             share->location, size_gib,
                                             locations, err),
                        locations);
}

static void
free_driver(struct mn_driver *d)
{
    mn_gpfs_free(gpfs_of(d));
}

const struct mn_driver_vtable mn_gpfs__vtable = {
    .check = check,
    .backend_info = backend_info,
    .create_share = create_share,
    .delete_share = delete_share,
    .extend_share = extend_share,
    .shrink_share = shrink_share,
    .ensure_shares = ensure_shares,
    .update_access = update_access,
    .allow_access = allow_access,
    .deny_access = deny_access,
    .usage = usage,
    .create_snapshot = create_snapshot,
    .delete_snapshot = delete_snapshot,
    .manage_snapshot = manage_snapshot,
    .snapshot_location = snapshot_location,
    .snapshot_update_access = snapshot_update_access,
    .create_share_from_snapshot = create_share_from_snapshot,
    .revert_to_snapshot = revert_to_snapshot,
    .manage_share = manage_share,
    .unmanage_share = unmanage_share,
    .free = free_driver,
};

struct mn_driver *
mn_gpfs_driver(struct mn_gpfs *gpfs)
{
    return &gpfs->base;
}
