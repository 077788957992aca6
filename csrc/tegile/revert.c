/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bringing a share back to a snapshot.
 */
#include "tegile/internal.h"

static int
roll_back(struct mn_tegile_op *op, const char *path, struct mn_error *err)
{
    int rc = mn_tegile__call(op, &mn_tegile_m_rollback,
                             mn_tegile__args("sb", path, false), NULL, err);
    if (!op->lost && (rc == MN_EBUSY || rc == MN_EREMOTE)) {
        mn_error_prefix(err,
                        "%slater snapshots or their clones may stand in the "
                        "way (the array's own schedules make some, too): ",
                        rc == MN_EBUSY ? "nothing was changed; " : "");
    }
    return rc;
}

/* After the array refused to go back. */
static void
put_quota_back(struct mn_tegile_op *op, const char *path, uint64_t gib)
{
    struct mn_error why = MN_ERROR_INIT;
    if (mn_tegile__set_quota(op, path, gib, &why)) {
        mn_tegile__log(op->t, MN_LOG_WARNING,
                       "the quota of %s is now that of its snapshot: %s", path,
                       why.text);
    }
}

/* The quota is not part of what comes back: a share that was shrunk since then
   needs the room first. */
static int
revert_at(struct mn_tegile_op *op, const struct mn_tegile_place *place,
          void *ctx, struct mn_error *err)
{
    const struct mn_snapshot *s = ctx;
    uint64_t size = s->size_gib;
    uint64_t now = s->share.size_gib;
    bool raised = false;
    struct mn_buf path = MN_BUF_INIT;
    int rc = mn_tegile__snapshot_path(&path, place, s, err);
    if (rc == 0 && size > now) {
        rc = mn_tegile__set_quota(op, place->path, size, err);
        raised = rc == 0 && now;
    }
    if (rc == 0) {
        rc = roll_back(op, mn_buf_str(&path), err);
        if (rc && rc != MN_ECANCELED && raised && !op->lost) {
            put_quota_back(op, place->path, now);
        }
    }
    if (rc == 0 && size && size < now) {
        rc = mn_tegile__set_quota(op, place->path, size, err);
    }
    mn_buf_dispose(&path);
    return rc;
}

int
mn_tegile__revert(struct mn_driver *d, const struct mn_snapshot *s, bool wait,
                  bool *reverting, struct mn_error *err)
{
    struct mn_tegile_op op;
    (void)wait; /* the array is done when it answers */
    *reverting = false;
    mn_tegile__op_init(&op, mn_tegile__of(d));
    return mn_tegile__at(&op, &s->share, revert_at, mn_tegile__loosen(s), err);
}
