/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking and deleting snapshots.
 */
#include <string.h>

#include "core/alloc.h"
#include "tegile/internal.h"

enum {
    STATUS_DONE = 0, /* of snapshotProgressStatus and snapshotDeletionStatus */
    STATUS_IN_PROGRESS = 1,
};

/* The array's own names have colons, too: times of schedules. */
static int
check_name(const char *name, bool own, struct mn_error *err)
{
    return mn_tegile__is_name(mn_slice_of(name), own ? "" : ":")
               ? 0
               : mn_error_set(err, MN_EINVAL,
                              "%.100s can't be the name of a snapshot", name);
}

int
mn_tegile__snapshot_path(struct mn_buf *buf,
                         const struct mn_tegile_place *place,
                         const struct mn_snapshot *s, struct mn_error *err)
{
    const char *at = strchr(s->name, '@');
    const char *name = at ? at + 1 : s->name;
    int rc = check_name(name, !at, err);
    if (rc) {
        return rc;
    }
    mn_buf_printf(buf, "%s@%s%s", place->path, at ? "" : MN_TEGILE_PREFIX,
                  name);
    return mn_buf_failed(buf) ? mn_error_nomem(err) : 0;
}

int
mn_tegile__list_snapshots(struct mn_tegile_op *op, const char *path,
                          struct mn_json **names, struct mn_error *err)
{
    return mn_tegile__call(op, &mn_tegile_m_list_snapshots,
                           mn_tegile__args("ss", path, ".*"), names, err);
}

/* Is "path@name" in the list of path's snapshots? */
static int
is_listed(struct mn_tegile_op *op, const char *snapshot, bool *listed,
          struct mn_error *err)
{
    const char *at = strchr(snapshot, '@');
    char *path = mn_strndup(snapshot, (size_t)(at - snapshot));
    struct mn_json *names = NULL;
    *listed = false;
    int rc = path ? mn_tegile__list_snapshots(op, path, &names, err)
                  : mn_error_nomem(err);
    for (size_t i = 0; rc == 0 && i < mn_json_count(names); i++) {
        const char *name = mn_json_text(mn_json_at(names, i));
        *listed = *listed || (name && strcmp(name, at + 1) == 0);
    }
    mn_json_free(names);
    mn_free(path);
    return rc;
}

/* ---- create ---- */

static int
snapshot_status(struct mn_tegile_op *op, const char *path, const char *name,
                int64_t *status, struct mn_error *err)
{
    struct mn_json *reply;
    int rc = mn_tegile__call(op, &mn_tegile_m_snapshot_status,
                             mn_tegile__args("ss", path, name), &reply, err);
    if (rc) {
        return rc;
    }
    const struct mn_json *told =
        mn_json_is_array(reply) ? mn_json_at(reply, 0) : reply;
    if (!mn_json_i64(mn_json_get(told, "snapshotProgressStatus"), status)) {
        rc = mn_error_set(err, MN_EPROTO, "array %s: no status of snapshot %s",
                          op->t->server, name);
    }
    mn_json_free(reply);
    return rc;
}

struct snapshot_of {
    const char *path;
    const char *name;
};

static int
is_made(struct mn_tegile_op *op, const void *ctx, bool *done,
        struct mn_error *err)
{
    const struct snapshot_of *s = ctx;
    int64_t status = STATUS_DONE;
    int rc = snapshot_status(op, s->path, s->name, &status, err);
    *done = rc == 0 && (status == STATUS_DONE || status == STATUS_IN_PROGRESS);
    return rc;
}

/* The array may answer before the snapshot is there. */
static int
wait_until_made(struct mn_tegile_op *op, const char *path, const char *name,
                struct mn_error *err)
{
    for (unsigned attempt = 0;; attempt++) {
        int64_t status = STATUS_DONE;
        int rc = snapshot_status(op, path, name, &status, err);
        if (rc == 0 && status == STATUS_IN_PROGRESS) {
            rc = mn_tegile__pause(op, attempt, err);
            if (rc == 0) {
                continue;
            }
        }
        else if (rc == 0 && status != STATUS_DONE) {
            rc = mn_error_set(err, MN_EREMOTE,
                              "array %s: it could not take snapshot %s of %s",
                              op->t->server, name, path);
        }
        return rc;
    }
}

static int
create_at(struct mn_tegile_op *op, const struct mn_tegile_place *place,
          void *ctx, struct mn_error *err)
{
    const struct mn_snapshot *s = ctx;
    const struct snapshot_of of = {place->path, s->name};
    struct mn_buf share = MN_BUF_INIT;
    struct mn_json *reply = NULL;
    bool made;
    int rc = check_name(s->name, true, err);
    if (rc) {
        return rc;
    }
    mn_buf_puts(&share, "{\"poolName\":");
    mn_json_quote(&share, place->pool);
    mn_buf_puts(&share, ",\"projectName\":");
    mn_json_quote(&share, place->project);
    mn_buf_puts(&share, ",\"name\":");
    mn_json_quote(&share, place->name);
    mn_buf_puts(&share, ",\"availableSize\":0,\"totalSize\":0,"
                        "\"datasetPath\":");
    mn_json_quote(&share, place->path);
    mn_buf_puts(&share, ",\"mountpoint\":null,\"local\":true}");
    char *body =
        mn_buf_failed(&share)
            ? NULL
            : mn_tegile__args("jsb", mn_buf_str(&share), s->name, false);
    rc = mn_tegile__call_once(op, &mn_tegile_m_create_snapshot, body, is_made,
                              &of, &reply, &made, err);
    if (rc == 0) {
        rc = wait_until_made(op, place->path, s->name, err);
    }
    mn_json_free(reply);
    mn_free(body);
    mn_buf_dispose(&share);
    return rc;
}

int
mn_tegile__create_snapshot(struct mn_driver *d, const struct mn_snapshot *s,
                           struct mn_error *err)
{
    struct mn_tegile_op op;
    mn_tegile__op_init(&op, mn_tegile__of(d));
    return mn_tegile__at(&op, &s->share, create_at, mn_tegile__loosen(s), err);
}

/* ---- delete ---- */

/* Does the array say that clones need the snapshot? Before 3.7 it can't be
   asked, and a snapshot that it does not delete is taken for one that has. */
static int
has_clones(struct mn_tegile_op *op, const char *snapshot, bool *cloned,
           struct mn_error *err)
{
    unsigned level;
    struct mn_json *reply;
    int rc = mn_tegile__firmware(op, &level, err);
    if (rc || level < MN_TEGILE_ACLS) {
        *cloned = rc == 0;
        return rc;
    }
    rc = mn_tegile__call(op, &mn_tegile_m_dependents,
                         mn_tegile__args("s", snapshot), &reply, err);
    if (rc == 0) {
        *cloned = mn_json_has_members(
            mn_json_get(reply, "deleteableClonesWithSnapCount"));
        mn_json_free(reply);
    }
    return rc;
}

/* Is one that is not listed still being made? */
static int
is_coming(struct mn_tegile_op *op, const char *snapshot, bool *coming,
          struct mn_error *err)
{
    const char *name = strchr(snapshot, '@') + 1;
    int64_t status = STATUS_DONE;
    if (strncmp(name, MN_TEGILE_PREFIX, strlen(MN_TEGILE_PREFIX)) != 0) {
        return 0; /* the array makes its own ones at once */
    }
    char *path = mn_strndup(snapshot, (size_t)(name - 1 - snapshot));
    int rc = path ? snapshot_status(op, path, name + strlen(MN_TEGILE_PREFIX),
                                    &status, err)
                  : mn_error_nomem(err);
    *coming = status == STATUS_IN_PROGRESS;
    mn_free(path);
    return rc;
}

/* After the array did not delete it. */
static int
why_not(struct mn_tegile_op *op, const char *snapshot, bool *cloned,
        bool *coming, struct mn_error *err)
{
    bool listed;
    struct mn_error why = *err;
    mn_error_clear(err);
    int rc = is_listed(op, snapshot, &listed, err);
    if (rc || !listed) {
        return rc ? rc : is_coming(op, snapshot, coming, err);
    }
    rc = has_clones(op, snapshot, cloned, err);
    if (rc) {
        return rc;
    }
    if (why.code) {
        *err = why;
        return (int)why.code;
    }
    return mn_error_set(
        err, MN_EBUSY, "array %s: it did not delete %s%s", op->t->server,
        snapshot,
        *cloned ? ": perhaps shares that were made from it need it" : "");
}

static int
drop_once(struct mn_tegile_op *op, const char *path, bool *cloned,
          bool *coming, struct mn_error *err)
{
    struct mn_json *reply;
    int64_t status = -1;
    int rc = mn_tegile__call(op, &mn_tegile_m_delete_snapshot,
                             mn_tegile__args("sb", path, false), &reply, err);
    if (rc == 0) {
        mn_json_i64(mn_json_get(reply, "snapshotDeletionStatus"), &status);
        mn_json_free(reply);
    }
    bool refused = rc == MN_EBUSY || rc == MN_EREMOTE || rc == MN_ENOTFOUND;
    if ((rc && !refused) || status == STATUS_DONE) {
        return rc;
    }
    return why_not(op, path, cloned, coming, err);
}

int
mn_tegile__drop_snapshot(struct mn_tegile_op *op, const char *path,
                         bool *cloned, struct mn_error *err)
{
    *cloned = false;
    for (unsigned attempt = 0;; attempt++) {
        bool coming = false;
        int rc = drop_once(op, path, cloned, &coming, err);
        if (rc == 0 && coming) {
            rc = mn_tegile__pause(op, attempt, err);
        }
        if (rc || !coming) {
            return rc;
        }
    }
}

/* A snapshot that shares were made from stays on the array when those need
   it. From 3.7 on it goes with the share, whose deletion promotes the clones;
   before, the share could not be deleted, and Manila is told that it is not
   gone. */
static int
leave_to_clones(struct mn_tegile_op *op, const char *path, int rc,
                struct mn_error *err)
{
    if (atomic_load(&op->t->firmware) < MN_TEGILE_ACLS) {
        return rc;
    }
    mn_error_clear(err);
    mn_tegile__log(op->t, MN_LOG_WARNING,
                   "%s stays on the array, because shares that were made from "
                   "it need it; it goes with its share",
                   path);
    return 0;
}

static int
delete_at(struct mn_tegile_op *op, const struct mn_tegile_place *place,
          void *ctx, struct mn_error *err)
{
    bool cloned = false;
    struct mn_buf path = MN_BUF_INIT;
    int rc = mn_tegile__snapshot_path(&path, place, ctx, err);
    if (rc == 0) {
        rc = mn_tegile__drop_snapshot(op, mn_buf_str(&path), &cloned, err);
    }
    if (rc && rc != MN_ECANCELED && cloned) {
        rc = leave_to_clones(op, mn_buf_str(&path), rc, err);
    }
    mn_buf_dispose(&path);
    return rc;
}

int
mn_tegile__delete_snapshot(struct mn_driver *d, const struct mn_snapshot *s,
                           struct mn_error *err)
{
    struct mn_tegile_op op;
    mn_tegile__op_init(&op, mn_tegile__of(d));
    int rc =
        mn_tegile__at(&op, &s->share, delete_at, mn_tegile__loosen(s), err);
    if (rc == MN_ENOTFOUND && op.gone) {
        mn_error_clear(err);
        return 0;
    }
    return rc;
}
