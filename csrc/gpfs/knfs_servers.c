/* SPDX-License-Identifier: Apache-2.0 */
#include "gpfs/knfs_servers.h"

#include "gpfs/knfs_plan.h"
#include "gpfs/nfs_check.h"

enum { STEP_LIST, STEP_MKDIR, STEP_CMP };

static void
judge(struct mn_nfs_check *c, size_t i)
{
    mn_nfs_check_passed(c, i, STEP_LIST,
                        "install the kernel NFS server (nfs-utils) there and "
                        "let this login run exportfs");
    mn_nfs_check_passed(c, i, STEP_MKDIR,
                        "let this login write to " MN_KNFS_DIR);
    mn_nfs_check_passed(c, i, STEP_CMP, "install diffutils there");
}

int
mn_knfs__check(struct mn_nfs_helper *h, struct mn_error *err)
{
    struct mn_nfs_check c = {.h = (struct mn_nfs_base *)h, .err = err};
    mn_knfs__add_list(&c.plan);
    mn_plan_run(&c.plan, "mkdir", "-p", "--", MN_KNFS_DIR, NULL);
    mn_plan_run(&c.plan, "cmp", "-s", "/dev/null", "/dev/null", NULL);
    return mn_nfs_check_run(&c, judge);
}

struct question {
    const char *path;
    bool *has;
};

static int
read_clients(const struct mn_result *r, void *ctx, struct mn_error *err)
{
    const struct question *q = ctx;
    struct mn_exports list = MN_EXPORTS_INIT;
    int rc = mn_exports_parse_list(r->steps[0].out, &list, err);
    for (size_t i = 0; !rc && i < list.n; i++) {
        *q->has |= mn_slice_eq(list.v[i].path, q->path);
    }
    mn_exports_dispose(&list);
    return rc;
}

int
mn_knfs__has_clients(struct mn_nfs_helper *h, const char *path, bool *has,
                     struct mn_error *err)
{
    struct question q = {path, has};
    struct mn_plan plan = MN_PLAN_INIT;
    *has = false;
    mn_knfs__add_list(&plan);
    int rc = mn_nfs_ask((struct mn_nfs_base *)h, &plan, read_clients, &q, err);
    mn_plan_dispose(&plan);
    return rc;
}
