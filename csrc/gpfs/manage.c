/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Taking over filesets that are there already, and letting them go.
 *
 * What a fileset was before stands in its comment behind the tag,
 * "manila:<share id> <former name> <former comment>", as far as it fits, so
 * that it can get that back; no name of a fileset holds a blank.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/alloc.h"
#include "gpfs/internal.h"
#include "gpfs/mmcmd.h"
#include "gpfs/mmparse.h"

enum { COMMENT_MOST = 255 };

/* What is said of a fileset that has no other comment: GPFS need not take an
   empty one. */
#define NO_COMMENT "unmanaged from Manila"

struct taking {
    struct mn_gpfs *g;
    const struct mn_share *share;
    struct mn_gpfs_base *pool;
    const char *device;
    char *path;
    struct mn_mm_filesets list;
    const struct mn_mm_fileset *fileset; /* as found; in list */
    bool renamed;                        /* by this call */
    struct mn_mm_quota old;
    struct mn_buf comment; /* to be */
    struct mn_plan plan;
    struct mn_result result;
};

static void
taking_reset(struct taking *t)
{
    mn_plan_dispose(&t->plan);
    mn_result_dispose(&t->result);
}

static void
taking_dispose(struct taking *t)
{
    taking_reset(t);
    mn_mm_filesets_dispose(&t->list);
    mn_buf_dispose(&t->comment);
    mn_free(t->path);
}

/* "10.0.0.1:/path", "[2001:db8::7]:/path", also without the brackets. */
static int
read_path(const char *location, char **path, struct mn_error *err)
{
    const char *at = location ? strstr(location, ":/") : NULL;
    if (!at) {
        return mn_error_set(err, MN_EINVAL,
                            "'%.200s' is not an export location: ADDRESS:/PATH"
                            " is expected",
                            location ? location : "");
    }
    size_t n = strlen(at + 1);
    while (n > 1 && at[n] == '/') {
        n--;
    }
    *path = mn_strndup(at + 1, n);
    return *path ? mn_gpfs__check_path(*path, err) : mn_error_nomem(err);
}

static int
taking_init(struct taking *t, struct mn_gpfs *g, const struct mn_share *share,
            struct mn_error *err)
{
    *t = (struct taking){.g = g, .share = share, .result = MN_RESULT_INIT};
    int rc = mn_gpfs__check_share(share, err);
    rc = rc ? rc : mn_gpfs__pool(g, share, &t->pool, err);
    return rc ? rc : mn_gpfs__device(g, t->pool, &t->device, err);
}

static int
run(struct taking *t, struct mn_error *err)
{
    int rc = mn_gpfs__run(t->g, &t->plan, &t->result, err);
    if (!rc && t->result.stopped_at >= 0) {
        rc = mn_mm_check(&t->result, &t->plan, t->result.stopped_at,
                         t->g->cluster.name, err);
    }
    return rc;
}

static int
refuse(const struct taking *t, const char *why, struct mn_error *err)
{
    return mn_error_set(err, MN_EINVAL, "%s can't become a share: %s", t->path,
                        why);
}

/* The clients of such a share would have all others, too. */
static int
refuse_pools(const struct taking *t, struct mn_error *err)
{
    size_t n = strlen(t->path);
    for (size_t i = 0; i < t->g->pools_n; i++) {
        const struct mn_gpfs_base *pool = &t->g->pools[i];
        if (strncmp(pool->base, t->path, n) == 0
            && (pool->base[n] == '/' || !pool->base[n])) {
            char why[128];
            snprintf(why, sizeof why, "the shares of pool %.80s are in it",
                     pool->name);
            return refuse(t, why, err);
        }
    }
    return 0;
}

static int
judge(struct taking *t, struct mn_error *err)
{
    const struct mn_mm_fileset *f = t->list.n ? &t->list.v[0] : NULL;
    t->fileset = f;
    if (t->list.n != 1 || !f->linked || strcmp(f->path, t->path) != 0) {
        return refuse(t, "no fileset is linked there", err);
    }
    if (strcmp(f->name, "root") == 0) {
        return refuse(t, "it is the root of the file system", err);
    }
    if (!f->independent) {
        return refuse(t,
                      "its fileset is dependent; only one with an inode space "
                      "of its own has snapshots",
                      err);
    }
    if (mn_gpfs__is_foreign(f->comment, t->share)) {
        return refuse(t, "its fileset is another share's", err);
    }
    return refuse_pools(t, err);
}

/* The fileset that is linked at the path. */
static int
find(struct taking *t, struct mn_error *err)
{
    mn_mm_lsfileset_at(&t->plan, t->device, t->path)->accept_any = true;
    int rc = run(t, err);
    if (rc) {
        return rc;
    }
    enum mn_code code = mn_mm_classify(&t->result.steps[0]);
    if (code == MN_ENOTFOUND) {
        return refuse(t, "no fileset is linked there", err);
    }
    rc = mn_mm_check(&t->result, &t->plan, 0, t->g->cluster.name, err);
    if (!rc) {
        rc = mn_mm_read_filesets(t->result.steps[0].out, &t->list, err);
    }
    return rc ? rc : judge(t, err);
}

/* The tag and, if there is room, what was there before. */
static int
write_comment(struct taking *t, struct mn_error *err)
{
    const struct mn_mm_fileset *f = t->fileset;
    struct mn_buf *c = &t->comment;
    mn_buf_printf(c, MN_MM_TAG "%s", t->share->id);
    bool named = c->n + 1 + strlen(f->name) <= COMMENT_MOST;
    if (named) {
        mn_buf_printf(c, " %s", f->name);
    }
    if (named && f->comment[0]
        && c->n + 1 + strlen(f->comment) <= COMMENT_MOST) {
        mn_buf_printf(c, " %s", f->comment);
    }
    mn_gpfs__log(&t->g->log, MN_LOG_INFO,
                 "fileset %s of %s, with the comment '%s', becomes share %s",
                 f->name, t->device, f->comment, t->share->name);
    return c->failed ? mn_error_nomem(err) : 0;
}

static int
read_quota(struct taking *t, int step, struct mn_mm_quota *quota,
           struct mn_error *err)
{
    struct mn_mm_quotas list = {0};
    int rc =
        mn_mm_read_quotas("mmlsquota", t->result.steps[step].out, &list, err);
    const struct mn_mm_quota *q = mn_mm_find_quota(&list, t->share->name);
    *quota = q ? *q : (struct mn_mm_quota){0};
    quota->name = NULL; /* goes with the list */
    mn_mm_quotas_dispose(&list);
    return rc;
}

/* Rename and tag, unless a call before did, and read the quota. */
static int
rename_and_tag(struct taking *t, struct mn_error *err)
{
    const struct mn_mm_fileset *f = t->fileset;
    bool same = strcmp(f->name, t->share->name) == 0;
    bool tagged = mn_gpfs__is_tagged(f->comment, t->share);
    int rc = tagged ? 0 : write_comment(t, err);
    if (rc) {
        return rc;
    }
    taking_reset(t);
    if (!same || !tagged) {
        mn_mm_chfileset(&t->plan, t->device, f->name,
                        same ? NULL : t->share->name,
                        tagged ? NULL : mn_buf_str(&t->comment));
    }
    mn_mm_lsquota(&t->plan, t->device, t->share->name);
    rc = mn_gpfs__run(t->g, &t->plan, &t->result, err);
    if (rc) {
        return rc; /* outcome unknown; a later call finds our tag */
    }
    t->renamed = t->plan.n > 1 && t->result.steps[0].status == 0;
    if (t->result.stopped_at >= 0) {
        return mn_mm_check(&t->result, &t->plan, t->result.stopped_at,
                           t->g->cluster.name, err);
    }
    return read_quota(t, mn_plan_last(&t->plan), &t->old, err);
}

/* A size of whole GiB: of the limit if there is one, else of the content. */
static uint64_t
size_of(const struct mn_mm_quota *q)
{
    uint64_t kib = q->hard_kib ? q->hard_kib : q->soft_kib;
    kib = kib ? kib : q->usage_kib + q->in_doubt_kib;
    uint64_t gib = (kib >> 20) + ((kib & ((UINT64_C(1) << 20) - 1)) != 0);
    return gib ? gib : 1;
}

static int
set_quota(struct taking *t, uint64_t gib, struct mn_error *err)
{
    struct mn_mm_quota now;
    if (t->old.hard_kib == gib << 20 && t->old.soft_kib == gib << 20) {
        return 0;
    }
    taking_reset(t);
    mn_mm_setquota(&t->plan, t->device, t->share->name, gib);
    mn_mm_lsquota(&t->plan, t->device, t->share->name);
    int rc = run(t, err);
    rc = rc ? rc : read_quota(t, 1, &now, err);
    if (!rc && !mn_gpfs__is_limit(now.hard_kib, gib)) {
        rc = mn_error_set(err, MN_EREMOTE,
                          "the quota of fileset %s is %" PRIu64
                          " KiB after it was set to %" PRIu64 " GiB",
                          t->share->name, now.hard_kib, gib);
    }
    return rc;
}

/* The fileset as it was found. The first cause stays the error. */
static void
take_back(struct taking *t, bool quota, struct mn_error *err)
{
    struct mn_error why = MN_ERROR_INIT;
    const struct mn_mm_fileset *f = t->fileset;
    const char *name = t->share->name;
    bool same = strcmp(f->name, name) == 0;
    taking_reset(t);
    if (quota) {
        mn_mm_setquota_kib(&t->plan, t->device, name, t->old.soft_kib,
                           t->old.hard_kib)
            ->accept_any = true;
    }
    if (t->renamed) {
        mn_mm_chfileset(&t->plan, t->device, name, same ? NULL : f->name,
                        f->comment[0] ? f->comment : NO_COMMENT);
    }
    if ((t->plan.n || t->plan.failed) && run(t, &why)) {
        mn_gpfs__log(&t->g->log, MN_LOG_ERROR,
                     "fileset %s, which was %s, could not be given back: %s",
                     name, f->name, why.text);
        mn_error_prefix(err, "fileset %s is left tagged: ", name);
    }
}

/* Clients that somebody else let in stay; only tell. */
static void
tell_of_clients(struct taking *t)
{
    bool has = false;
    struct mn_error why = MN_ERROR_INIT;
    struct mn_nfs_helper *h = t->g->helper;
    if (h->vtable->has_clients(h, t->path, &has, &why)) {
        mn_gpfs__log(&t->g->log, MN_LOG_WARNING,
                     "who has access to %s could not be asked: %s", t->path,
                     why.text);
    }
    else if (has) {
        mn_gpfs__log(&t->g->log, MN_LOG_WARNING,
                     "%s has NFS clients; they keep their access until rules "
                     "of share %s change",
                     t->path, t->share->name);
    }
}

int
mn_gpfs_manage_share(struct mn_gpfs *g, const struct mn_share *share,
                     const char *export_location, uint64_t *size_gib,
                     struct mn_buf *location, struct mn_error *err)
{
    struct taking t;
    int rc = taking_init(&t, g, share, err);
    rc = rc ? rc : read_path(export_location, &t.path, err);
    rc = rc ? rc : find(&t, err);
    if (!rc) {
        bool quota = false;
        rc = rename_and_tag(&t, err);
        if (!rc) {
            quota = true;
            *size_gib = size_of(&t.old);
            rc = set_quota(&t, *size_gib, err);
        }
        rc = rc ? rc : mn_gpfs__location(g, t.path, location, err);
        if (rc) {
            take_back(&t, quota, err);
        }
    }
    if (!rc) {
        tell_of_clients(&t);
    }
    taking_dispose(&t);
    return rc;
}

/* ---- and back ---- */

/* What stands behind the tag: a name or "", a comment or "". */
static void
read_former(const struct mn_share *share, const char *comment, char *name,
            size_t size, const char **former)
{
    struct mn_slice word = mn_slice_of("");
    struct mn_slice rest =
        mn_slice_of(comment + strlen(MN_MM_TAG) + strlen(share->id));
    rest.p += rest.n ? 1 : 0;
    rest.n -= rest.n ? 1 : 0;
    *former = mn_slice_next(&rest, ' ', &word) && rest.n ? rest.p : "";
    if (word.n >= size) {
        word.n = 0;
    }
    memcpy(name, word.p, word.n);
    name[word.n] = '\0';
}

/* Take the tag off and, if it can be, give name and comment back. */
static int
let_go(struct taking *t, struct mn_error *err)
{
    char name[COMMENT_MOST + 1];
    const char *former;
    read_former(t->share, t->fileset->comment, name, sizeof name, &former);
    const char *comment = former[0] ? former : NO_COMMENT;
    bool rename = name[0] && strcmp(name, t->share->name) != 0;
    taking_reset(t);
    mn_mm_chfileset(&t->plan, t->device, t->share->name, rename ? name : NULL,
                    comment)
        ->accept_any = true;
    if (rename) {
        struct mn_step *step = mn_mm_chfileset(&t->plan, t->device,
                                               t->share->name, NULL, comment);
        step->accept_any = true;
        mn_step_guard(step, 0, 0, true);
    }
    int rc = mn_gpfs__run(t->g, &t->plan, &t->result, err);
    if (rc) {
        return rc;
    }
    int last = mn_plan_last(&t->plan);
    if (t->result.steps[last].status == MN_STATUS_NOT_RUN) {
        last = 0;
    }
    return mn_mm_check(&t->result, &t->plan, last, t->g->cluster.name, err);
}

static int
find_by_name(struct taking *t, struct mn_error *err)
{
    mn_mm_lsfileset(&t->plan, t->device, t->share->name)->accept_any = true;
    int rc = run(t, err);
    if (rc || mn_mm_classify(&t->result.steps[0]) == MN_ENOTFOUND) {
        return rc;
    }
    rc = mn_mm_check(&t->result, &t->plan, 0, t->g->cluster.name, err);
    if (!rc) {
        rc = mn_mm_read_filesets(t->result.steps[0].out, &t->list, err);
    }
    t->fileset = rc ? NULL : mn_mm_find_fileset(&t->list, t->share->name);
    return rc;
}

int
mn_gpfs_unmanage_share(struct mn_gpfs *g, const struct mn_share *share,
                       struct mn_error *err)
{
    struct taking t;
    int rc = taking_init(&t, g, share, err);
    rc = rc ? rc : find_by_name(&t, err);
    if (!rc && t.fileset && mn_gpfs__is_foreign(t.fileset->comment, share)) {
        rc = mn_error_set(err, MN_EEXISTS,
                          "fileset %s is another share's: its comment is '%s'",
                          share->name, t.fileset->comment);
    }
    if (!rc && t.fileset && mn_gpfs__is_tagged(t.fileset->comment, share)) {
        rc = let_go(&t, err);
    }
    taking_dispose(&t);
    return rc;
}
