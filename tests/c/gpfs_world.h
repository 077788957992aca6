/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A driver on a simulated cluster with two pools on two file systems, and
 * with an NFS helper that writes down what it is asked for.
 */
#ifndef GPFS_WORLD_H
#define GPFS_WORLD_H

#include "gpfs/internal.h"
#include "mm_sim.h"
#include "testlib.h"

#define ID "0d7df0c0-4792-4e2a-9c8c-68dc7206a164"
#define ID2 "11111111-4792-4e2a-9c8c-68dc7206a164"
#define SNAP_ID "22222222-4792-4e2a-9c8c-68dc7206a164"
#define TAG "manila:" ID
#define BASE "/gpfs0/manila"
#define PATH BASE "/share-1"
#define BIN "/usr/lpp/mmfs/bin/"
#define JOBS BASE "/.manila-jobs/" ID

struct helper {
    struct mn_nfs_helper base;
    char log[65536];
    enum mn_code fail;
    bool has_clients;
    enum mn_code share_fails; /* of every second share in ensure */
};

struct world {
    struct mm_sim mm;
    struct helper helper;
    struct mn_gpfs_node node;
    struct mn_gpfs_pool pools[2];
    struct mn_gpfs_config config;
    struct mn_gpfs *g;
    struct mn_share share;
    struct mn_snapshot snapshot;
    struct mn_buf location;
    struct mn_error err;
    char log[8192];
};

static void helper_note(struct mn_nfs_helper *h, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static void
helper_note(struct mn_nfs_helper *h, const char *fmt, ...)
{
    struct helper *f = (struct helper *)h;
    size_t n = strlen(f->log);
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(f->log + n, sizeof f->log - n, fmt, ap);
    va_end(ap);
}

static int
helper_end(struct mn_nfs_helper *h, struct mn_error *err)
{
    struct helper *f = (struct helper *)h;
    return f->fail ? mn_error_set(err, f->fail, "helper made to fail") : 0;
}

static int
helper_update(struct mn_nfs_helper *h, const struct mn_nfs_export *e,
              struct mn_rules all, struct mn_rules add, struct mn_rules drop,
              struct mn_rules update, struct mn_rule_state *states,
              struct mn_error *err)
{
    helper_note(h, "update %s %s %s %s %zu %zu %zu %zu", e->path, e->id,
                e->name, e->export_options ? e->export_options : "-", all.n,
                add.n, drop.n, update.n);
    for (size_t i = 0; i < all.n; i++) {
        helper_note(h, " %s=%s", all.v[i].access_to, all.v[i].access_level);
        states[i] = (struct mn_rule_state){0};
    }
    helper_note(h, "\n");
    return helper_end(h, err);
}

static int
helper_rule(struct mn_nfs_helper *h, const struct mn_nfs_export *e,
            const struct mn_access_rule *rule, struct mn_error *err)
{
    helper_note(h, "rule %s %s\n", e->path, rule->access_to);
    return helper_end(h, err);
}

static int
helper_remove(struct mn_nfs_helper *h, const struct mn_nfs_export *e,
              struct mn_error *err)
{
    helper_note(h, "remove %s %s %s\n", e->path, e->id, e->name);
    return helper_end(h, err);
}

static int
helper_check(struct mn_nfs_helper *h, struct mn_error *err)
{
    helper_note(h, "check\n");
    return helper_end(h, err);
}

static int
helper_ensure(struct mn_nfs_helper *h, struct mn_nfs_ensure *v, size_t n,
              struct mn_error *err)
{
    struct helper *f = (struct helper *)h;
    helper_note(h, "ensure %zu %s .. %s\n", n, v[0].export.path,
                v[n - 1].export.path);
    for (size_t i = 0; i < n; i += 2) {
        v[i].reapply_access = true;
        if (f->share_fails) {
            v[i].code = f->share_fails;
            mn_error_set(&v[i].err, f->share_fails, "no export");
        }
    }
    return helper_end(h, err);
}

static int
helper_has(struct mn_nfs_helper *h, const char *path, bool *has,
           struct mn_error *err)
{
    helper_note(h, "has %s\n", path);
    *has = ((struct helper *)h)->has_clients;
    return helper_end(h, err);
}

static void
helper_free(struct mn_nfs_helper *h)
{
    (void)h;
}

static const struct mn_nfs_helper_vtable helper_vtable = {
    helper_update, helper_rule,   helper_rule, helper_remove,
    helper_check,  helper_ensure, helper_has,  helper_free,
};

static void
world_log(void *ctx, enum mn_log_level level, const char *text)
{
    struct world *w = ctx;
    size_t n = strlen(w->log);
    snprintf(w->log + n, sizeof w->log - n, "%d %s\n", (int)level, text);
}

/* A driver with the helper above instead of a real one. */
static int
world_new(struct world *w, struct mn_gpfs **g, struct mn_error *err)
{
    int rc = mn_gpfs_new(&w->config, g, err);
    if (!rc) {
        mn_nfs_helper_free((*g)->helper);
        (*g)->helper = &w->helper.base;
    }
    return rc;
}

static int
world_setup(void **state)
{
    struct world *w = mn_calloc(1, sizeof *w);
    mm_sim_init(&w->mm);
    w->helper.base.vtable = &helper_vtable;
    w->node = (struct mn_gpfs_node){"gpfs1", &w->mm.fake.base};
    w->pools[0] = (struct mn_gpfs_pool){"fast", BASE "/"};
    w->pools[1] = (struct mn_gpfs_pool){"slow", "/gpfs1/manila"};
    w->config = (struct mn_gpfs_config){
        .export_ip = "192.0.2.7",
        .pools = w->pools,
        .pools_n = 2,
        .nfs_server_type = MN_NFS_KNFS,
        .export_options = "sync",
        .cluster = w->node,
        .nfs_servers = &w->node,
        .nfs_servers_n = 1,
        .log = {world_log, w},
    };
    assert_int_equal(world_new(w, &w->g, &w->err), 0);
    w->share = (struct mn_share){.id = ID, .name = "share-1", .size_gib = 5};
    w->snapshot = (struct mn_snapshot){
        .share = w->share, .id = SNAP_ID, .name = "snap-1"};
    *state = w;
    return 0;
}

static int
world_teardown(void **state)
{
    struct world *w = *state;
    mn_gpfs_free(w->g);
    mm_sim_dispose(&w->mm);
    mn_buf_dispose(&w->location);
    mn_free(w);
    return 0;
}

static inline void
forget(struct world *w)
{
    fake_clear_log(&w->mm.fake);
    mn_error_clear(&w->err);
    mn_buf_clear(&w->location);
    w->log[0] = w->helper.log[0] = '\0';
}

static inline const char *
ran(struct world *w)
{
    return mn_buf_str(&w->mm.fake.log);
}

#define T(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)

#endif
