/* SPDX-License-Identifier: Apache-2.0 */
/* The driver on an array that loses replies, is busy, or has no end of it;
   and with every allocation failing in turn. */
#include "testlib.h"

#include "fake_rest.h"
#include "tegile/internal.h"

#define GIB (1LL << 30)
#define NAME "share-0d7df0c0-4792-4e2a-9c8c-68dc7206a164"
#define COPY "share-1e8ef1d1-4792-4e2a-9c8c-68dc7206a164"
#define SNAP "share-snapshot-2f9ff2e2-4792-4e2a-9c8c-68dc7206a164"
#define KEPT "192.0.2.1"
#define GONE "192.0.2.2"
#define NEW "192.0.2.3"
#define BUSY "{\"code\":\"EZEBI_RESOURCE_BUSY\",\"message\":\"wait\"}"

enum { OPERATION_S = 300, REQUEST_S = 60 };

struct world {
    struct fake_rest array;
    struct mn_driver *driver;
    struct mn_share share;
    struct mn_share copy;
    struct mn_snapshot snap;
    struct mn_buf out;
    struct mn_error err;
    struct mn_rule_state states[3];
    uint64_t size;
    bool keep_infos;
    char log[4096];
};

static void
keep_log(void *ctx, enum mn_log_level level, const char *text)
{
    struct world *w = ctx;
    size_t n = strlen(w->log);
    if (level != MN_LOG_INFO || w->keep_infos) {
        snprintf(w->log + n, sizeof w->log - n, "%d %s\n", (int)level, text);
    }
}

static void
begin_hasty(struct world *w, const char *firmware, unsigned operation_s)
{
    struct mn_tegile *t = NULL;
    *w = (struct world){0};
    fake_rest_init(&w->array, firmware);
    const struct mn_tegile_config config = {
        .server = "192.0.2.10",
        .project = "o",
        .request_timeout_s = REQUEST_S,
        .operation_timeout_s = operation_s,
        .log = {keep_log, w},
    };
    assert_int_equal(mn_tegile_new(&config, &w->array.rest, &t, &w->err), 0);
    w->driver = mn_tegile_driver(t);
    w->share = (struct mn_share){.id = NAME + 6,
                                 .name = NAME,
                                 .proto = "NFS",
                                 .size_gib = 5,
                                 .pool = "p"};
    w->copy = w->share;
    w->copy.id = COPY + 6;
    w->copy.name = COPY;
    w->snap = (struct mn_snapshot){
        .share = w->share, .id = SNAP + 15, .name = SNAP, .size_gib = 5};
}

static void
begin(struct world *w, const char *firmware)
{
    begin_hasty(w, firmware, OPERATION_S);
}

static void
end(struct world *w)
{
    mn_driver_free(w->driver);
    assert_false(w->array.destroyed);
    assert_true(w->array.freed);
    mn_buf_dispose(&w->out);
}

/* ---- the operations ---- */

struct operation {
    const char *name;
    void (*prepare)(struct world *w);
    int (*run)(struct world *w);
    bool (*right)(struct world *w); /* is the end as it is to be? */
    const char *method;             /* that changes something, from 3.7 on */
    const char *old;                /* before */
    const char *question;           /* about one that must not be done twice */
};

static struct fake_share *
there(struct world *w, const char *name)
{
    return fake_share_find(&w->array, name);
}

static void
have_share(struct world *w)
{
    struct fake_share *s = fake_share_add(&w->array, NAME);
    s->quota = 5 * GIB;
    s->used = GIB;
    s->content = 1;
}

static void
have_snapshot(struct world *w)
{
    have_share(w);
    struct fake_share *s = there(w, NAME);
    snprintf(s->snaps[0], sizeof s->snaps[0], "Manual-S-" SNAP);
    s->snap_content[0] = 1;
    s->content = 2;
}

static void
have_nothing(struct world *w)
{
    (void)w;
}

static int
create(struct world *w)
{
    mn_buf_clear(&w->out);
    return w->driver->vtable->create_share(w->driver, &w->share, &w->out,
                                           &w->err);
}

static bool
located(struct world *w, const char *name)
{
    char one[128];
    char all[256];
    size_t n =
        (size_t)snprintf(one, sizeof one, "192.0.2.20:/export/o/%s", name) + 1;
    memcpy(all, one, n);
    if (strcmp(w->array.firmware, "3.7.1") == 0) {
        snprintf(all + n, sizeof all - n, "192.0.2.21:/export/o/%s", name);
        n *= 2;
    }
    return w->out.n == n && memcmp(w->out.p, all, n) == 0;
}

static bool
created(struct world *w)
{
    struct fake_share *s = there(w, NAME);
    return s && s->quota == 5 * GIB && !s->rules_n && located(w, NAME);
}

static int
delete_share(struct world *w)
{
    return w->driver->vtable->delete_share(w->driver, &w->share, &w->err);
}

static bool
deleted(struct world *w)
{
    return !there(w, NAME);
}

static int
extend(struct world *w)
{
    return w->driver->vtable->extend_share(w->driver, &w->share, 7, &w->err);
}

static bool
extended(struct world *w)
{
    return there(w, NAME)->quota == 7 * GIB;
}

static int
shrink(struct world *w)
{
    return w->driver->vtable->shrink_share(w->driver, &w->share, 2, &w->err);
}

static bool
shrunk(struct world *w)
{
    return there(w, NAME)->quota == 2 * GIB;
}

static void
have_rules(struct world *w)
{
    have_share(w);
    struct fake_share *s = there(w, NAME);
    s->rules[0] = (struct fake_rule){.to = KEPT, .level = "rw"};
    s->rules[1] = (struct fake_rule){.to = GONE, .level = "rw"};
    s->rules_n = 2;
}

static int
update(struct world *w)
{
    static const struct mn_access_rule rules[] = {
        {"1", "ip", KEPT, "rw"},
        {"2", "ip", NEW, "ro"},
        {"3", "ip", GONE, "rw"},
    };
    const struct mn_rules all = {rules, 2};
    const struct mn_rules add = {rules + 1, 1};
    const struct mn_rules drop = {rules + 2, 1};
    const struct mn_rules none = {NULL, 0};
    int rc = w->driver->vtable->update_access(w->driver, &w->share, all, add,
                                              drop, none, w->states, &w->err);
    for (int i = 0; rc == 0 && i < 2; i++) {
        rc = w->states[i].code;
    }
    return rc;
}

static bool
updated(struct world *w)
{
    struct fake_share *s = there(w, NAME);
    const char *fresh = fake_share_may(s, NEW);
    return fake_share_may(s, KEPT) && !fake_share_may(s, GONE) && fresh
           && strcmp(fresh, "ro") == 0;
}

static int
snapshot(struct world *w)
{
    return w->driver->vtable->create_snapshot(w->driver, &w->snap, &w->err);
}

static bool
has_snapshot(struct world *w)
{
    struct fake_share *s = there(w, NAME);
    return strcmp(s->snaps[0], "Manual-S-" SNAP) == 0 && !*s->snaps[1];
}

static int
delete_snapshot(struct world *w)
{
    return w->driver->vtable->delete_snapshot(w->driver, &w->snap, &w->err);
}

static bool
no_snapshot(struct world *w)
{
    return !*there(w, NAME)->snaps[0];
}

static int
make_clone(struct world *w)
{
    bool copying;
    mn_buf_clear(&w->out);
    return w->driver->vtable->create_share_from_snapshot(
        w->driver, &w->copy, &w->snap, &copying, &w->out, &w->err);
}

static void
have_ruled_snapshot(struct world *w)
{
    have_snapshot(w);
    there(w, NAME)->rules[0] = (struct fake_rule){.to = KEPT, .level = "rw"};
    there(w, NAME)->rules_n = 1;
}

static bool
cloned(struct world *w)
{
    struct fake_share *s = there(w, COPY);
    return s && s->quota == 5 * GIB && !s->rules_n && located(w, COPY)
           && there(w, NAME)->rules_n == 1;
}

static int
revert(struct world *w)
{
    bool reverting;
    return w->driver->vtable->revert_to_snapshot(w->driver, &w->snap, false,
                                                 &reverting, &w->err);
}

static bool
reverted(struct world *w)
{
    return there(w, NAME)->content == 1;
}

static void
have_odd_share(struct world *w)
{
    fake_share_add(&w->array, "legacy")->quota = 3 * GIB / 2;
    w->share.location = "192.0.2.20:/export/o/legacy";
}

static int
manage(struct world *w)
{
    w->size = 0;
    mn_buf_clear(&w->out);
    return w->driver->vtable->manage_share(w->driver, &w->share, &w->size,
                                           &w->out, &w->err);
}

static bool
managed(struct world *w)
{
    return w->size == 2 && there(w, "legacy")->quota == 2 * GIB
           && located(w, "legacy");
}

static int
manage_snapshot(struct world *w)
{
    mn_buf_clear(&w->out);
    return w->driver->vtable->manage_snapshot(w->driver, &w->snap, &w->out,
                                              &w->err);
}

static bool
snapshot_managed(struct world *w)
{
    return strcmp(mn_buf_str(&w->out), "p/Local/o/" NAME "@Manual-S-" SNAP)
           == 0;
}

static int
usage(struct world *w)
{
    const struct mn_share two[] = {w->share, w->copy};
    uint64_t used[2];
    int rc = w->driver->vtable->usage(w->driver, two, 2, used, &w->err);
    w->size = rc || used[1] != UINT64_MAX ? 0 : used[0];
    return rc;
}

static bool
usage_told(struct world *w)
{
    return w->size == GIB;
}

static int
ensure(struct world *w)
{
    const struct mn_share two[] = {w->share, w->copy};
    struct mn_ensure_result results[2] = {{0}};
    int rc =
        w->driver->vtable->ensure_shares(w->driver, two, 2, results, &w->err);
    mn_buf_clear(&w->out);
    mn_buf_add(&w->out, results[0].location.p, results[0].location.n);
    if (rc == 0 && results[0].code == MN_ECANCELED) {
        rc = MN_EINTERNAL; /* the others were not to be looked after */
    }
    rc = rc ? rc : results[0].code;
    if (rc == 0 && results[1].code != MN_ENOTFOUND) {
        rc = results[1].code;
    }
    if (mn_buf_failed(&w->out)) {
        rc = MN_ENOMEM; /* it was ours */
    }
    mn_buf_dispose(&results[0].location);
    mn_buf_dispose(&results[1].location);
    return rc;
}

static bool
ensured(struct world *w)
{
    return located(w, NAME);
}

static int
backend_info(struct world *w)
{
    mn_buf_clear(&w->out);
    return w->driver->vtable->backend_info(w->driver, &w->out, &w->err);
}

static bool
info_told(struct world *w)
{
    bool all = strcmp(w->array.firmware, "3.7.1") == 0;
    return mn_slice_eq(mn_buf_view(&w->out),
                       all ? "192.0.2.10 o 192.0.2.20 192.0.2.21"
                           : "192.0.2.10 o");
}

static int
pool_of(struct world *w)
{
    struct mn_share homeless = w->share;
    homeless.pool = NULL;
    mn_buf_clear(&w->out);
    return mn_tegile_pool_of((struct mn_tegile *)w->driver, &homeless, &w->out,
                             &w->err);
}

static bool
pool_told(struct world *w)
{
    return mn_slice_eq(mn_buf_view(&w->out), "p");
}

static int
check(struct world *w)
{
    return w->driver->vtable->check(w->driver, &w->err);
}

static bool
always(struct world *w)
{
    (void)w;
    return true;
}

static int
ask_stats(struct world *w)
{
    struct mn_tegile_stats stats;
    int rc = mn_tegile_stats((struct mn_tegile *)w->driver, &stats, &w->err);
    w->size = rc || strcmp(stats.pools[0].name, "p") != 0 ? 0 : stats.n;
    mn_tegile_stats_dispose(&stats);
    return rc;
}

static bool
stats_told(struct world *w)
{
    return w->size == 1;
}

static const struct operation operations[] = {
    {"create", have_nothing, create, created, "createShare", "createShare",
     "getShareIPAndMountPoint"},
    {"delete", have_share, delete_share, deleted, "deleteShare", "deleteShare",
     NULL},
    {"delete with a snapshot", have_snapshot, delete_share, deleted,
     "deleteShare", "deleteShareSnapshot", NULL},
    {"extend", have_share, extend, extended, "modifyShareProperties",
     "resizeShare", NULL},
    {"shrink", have_share, shrink, shrunk, "modifyShareProperties",
     "resizeShare", NULL},
    {"update access", have_rules, update, updated, "setNFSNetworkACLsOnShare",
     "shareAllowAccess", NULL},
    {"create snapshot", have_share, snapshot, has_snapshot,
     "createShareSnapshot", "createShareSnapshot",
     "getShareSnapshotCreationStatus"},
    {"delete snapshot", have_snapshot, delete_snapshot, no_snapshot,
     "deleteShareSnapshot", "deleteShareSnapshot", NULL},
    {"clone", have_ruled_snapshot, make_clone, cloned, "cloneShareSnapshot",
     "cloneShareSnapshot", "getShareIPAndMountPoint"},
    {"revert", have_snapshot, revert, reverted, "rollBackToShareSnapshot",
     "rollBackToShareSnapshot", NULL},
    {"manage", have_odd_share, manage, managed, "modifyShareProperties",
     "resizeShare", NULL},
    /* these change nothing */
    {"manage snapshot", have_snapshot, manage_snapshot, snapshot_managed,
     "listSnapshots", "listSnapshots", NULL},
    {"usage", have_share, usage, usage_told, NULL, NULL, NULL},
    {"ensure", have_share, ensure, ensured, NULL, NULL, NULL},
    {"backend info", have_nothing, backend_info, info_told, NULL, NULL, NULL},
    {"pool of", have_share, pool_of, pool_told, NULL, NULL, NULL},
    {"check", have_share, check, always, NULL, NULL, NULL},
    {"stats", have_share, ask_stats, stats_told, NULL, NULL, NULL},
};

enum { OPERATIONS_N = sizeof operations / sizeof operations[0] };

static const char *const levels[] = {"3.5.1", "3.7.1"};

typedef void test_step(struct world *w, const struct operation *o,
                       const char *method);

/* A step of a test for all operations that change something. */
static void
for_all(test_step *step)
{
    struct world w;
    for (size_t i = 0; i < OPERATIONS_N * 2; i++) {
        const struct operation *o = &operations[i / 2];
        if (o->method) {
            begin(&w, levels[i % 2]);
            o->prepare(&w);
            step(&w, o, i % 2 ? o->method : o->old);
            end(&w);
        }
    }
}

static void
assert_right(struct world *w, const struct operation *o, int rc)
{
    if (rc || !o->right(w)) {
        fail_msg("%s: code %d: %s\n%s", o->name, rc, w->err.text,
                 w->array.log);
    }
}

static void
again(struct world *w, const struct operation *o)
{
    fake_rest_forget(&w->array);
    mn_error_clear(&w->err);
    assert_right(w, o, o->run(w));
}

static void
goes_well(struct world *w, const struct operation *o, const char *method)
{
    assert_right(w, o, o->run(w));
    assert_int_equal(w->array.pauses, 0);
    assert_true(fake_rest_count(&w->array, method) >= 1);
    assert_string_equal(w->log, "");
    again(w, o);
}

static void
all_goes_well(void **state)
{
    (void)state;
    for_all(goes_well);
}

/* No method was called after that one. */
static void
assert_ends(struct world *w, const char *method)
{
    char line[128];
    size_t n = (size_t)snprintf(line, sizeof line, "%s\n", method);
    size_t all = strlen(w->array.log);
    assert_true(all >= n);
    assert_string_equal(w->array.log + all - n, line);
}

/* ---- lost replies ---- */

static void
lose_after(struct world *w, const struct operation *o, const char *method)
{
    fake_fault_add(&w->array, (struct fake_fault){.method = method,
                                                  .times = 1,
                                                  .work = true,
                                                  .code = MN_ECONNECT});
    assert_right(w, o, o->run(w));
    if (o->question) {
        assert_int_equal(fake_rest_count(&w->array, method), 1);
        assert_int_equal(w->array.pauses, 0);
    }
    again(w, o);
}

static void
lose_before(struct world *w, const struct operation *o, const char *method)
{
    fake_fault_add(&w->array, (struct fake_fault){.method = method,
                                                  .times = 2,
                                                  .code = MN_ETIMEDOUT});
    assert_right(w, o, o->run(w));
    assert_int_equal(w->array.pauses, 2);
    assert_int_equal(w->array.paused_ms, 250 + 500);
    if (o->question) {
        /* between two tries there is a question */
        char twice[128];
        snprintf(twice, sizeof twice, "%s\n%s\n", method, method);
        assert_lacks(w->array.log, twice);
    }
    again(w, o);
}

/* Who can't be asked what became of it is not told to do it again. */
static void
lose_and_not_know(struct world *w, const struct operation *o,
                  const char *method)
{
    if (!o->question) {
        return;
    }
    fake_fault_add(&w->array, (struct fake_fault){.method = method,
                                                  .times = 1,
                                                  .code = MN_ECONNECT});
    fake_fault_add(&w->array, (struct fake_fault){.method = o->question,
                                                  .times = 1,
                                                  .status = 401,
                                                  .body = "Access Denied"});
    assert_int_equal(o->run(w), MN_ECONNECT);
    assert_contains(w->err.text, method);
    assert_int_equal(fake_rest_count(&w->array, method), 1);
    again(w, o);
}

/* What keeps from asking is told, and nothing is done after it. */
static void
lose_and_not_ask(struct world *w, const struct operation *o,
                 const char *method)
{
    static const enum mn_code codes[] = {MN_ECANCELED, MN_ENOMEM};
    for (size_t i = 0; o->question && i < 2; i++) {
        fake_fault_add(&w->array, (struct fake_fault){.method = method,
                                                      .times = 1,
                                                      .code = MN_ECONNECT});
        fake_fault_add(&w->array, (struct fake_fault){.method = o->question,
                                                      .times = 1,
                                                      .code = codes[i],
                                                      .unsent = true});
        assert_int_equal(o->run(w), codes[i]);
        assert_ends(w, o->question);
        fake_rest_forget(&w->array);
        mn_error_clear(&w->err);
    }
    again(w, o);
}

/* It would be too long another time. */
static void
too_long(struct world *w, const struct operation *o, const char *method)
{
    fake_fault_add(&w->array, (struct fake_fault){.method = method,
                                                  .times = -1,
                                                  .work = true,
                                                  .code = MN_EPROTO});
    int rc = o->run(w);
    if (o->question) {
        assert_right(w, o, rc);
    }
    else {
        assert_int_equal(rc, MN_EPROTO);
    }
    assert_int_equal(fake_rest_count(&w->array, method), 1);
    again(w, o);
}

static void
lost_replies(void **state)
{
    (void)state;
    for_all(lose_and_not_know);
    for_all(lose_and_not_ask);
    for_all(lose_after);
    for_all(lose_before);
    for_all(too_long);
}

/* ---- refusals ---- */

/* The array gave up when it had done it. */
static void
refused_half_way(struct world *w, const struct operation *o,
                 const char *method)
{
    static const char *const bodies[] = {
        "no", "{\"code\":\"EZEBI_NOSPACE\",\"message\":\"x\"}"};
    for (size_t i = 0; o->question && i < 2; i++) {
        fake_fault_add(&w->array, (struct fake_fault){.method = method,
                                                      .times = 1,
                                                      .work = true,
                                                      .status = 500,
                                                      .body = bodies[i]});
        assert_right(w, o, o->run(w));
        assert_int_equal(fake_rest_count(&w->array, method), 1);
        end(w);
        begin(w, levels[method != o->old]);
        o->prepare(w);
    }
}

/* It is not asked for again what it will not do. */
static void
refused(struct world *w, const struct operation *o, const char *method)
{
    fake_fault_add(&w->array, (struct fake_fault){.method = method,
                                                  .times = -1,
                                                  .status = 500,
                                                  .body = "no"});
    o->run(w);
    assert_int_equal(w->array.pauses, 0);
    again(w, o);
}

static void
refusals(void **state)
{
    (void)state;
    for_all(refused_half_way);
    for_all(refused);
}

/* ---- interrupted ---- */

/* In each of its calls. Nothing is done after it: Manila may be about to
   end. */
static void
canceled_anywhere(const struct operation *o, const char *firmware)
{
    struct world w;
    bool canceled = true;
    for (int n = 0; canceled; n++) {
        begin(&w, firmware);
        o->prepare(&w);
        fake_fault_add(&w.array, (struct fake_fault){.method = "",
                                                     .skip = n,
                                                     .times = 1,
                                                     .code = MN_ECANCELED,
                                                     .unsent = true});
        int rc = o->run(&w);
        canceled = w.array.faults[0].times == 0;
        if (!canceled) {
            assert_right(&w, o, rc);
        }
        else if (rc != MN_ECANCELED || w.array.calls != n + 1) {
            fail_msg("%s: code %d\n%s", o->name, rc, w.array.log);
        }
        again(&w, o);
        end(&w);
    }
}

static void
canceled_in_a_pause(struct world *w, const struct operation *o,
                    const char *method)
{
    fake_fault_add(&w->array, (struct fake_fault){.method = method,
                                                  .times = 1,
                                                  .status = 400,
                                                  .body = BUSY});
    w->array.pause_code = MN_ECANCELED;
    assert_int_equal(o->run(w), MN_ECANCELED);
    assert_ends(w, method);
    again(w, o);
}

/* What was made stays half made until it is created again or deleted. */
static void
canceled_half_way(void **state)
{
    static const struct operation *const makers[] = {&operations[0],
                                                     &operations[8]};
    struct world w;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        begin(&w, "3.7.1");
        makers[i]->prepare(&w);
        fake_fault_add(&w.array,
                       (struct fake_fault){.method = "modifyShareProperties",
                                           .times = 1,
                                           .code = MN_ECANCELED,
                                           .unsent = true});
        assert_int_equal(makers[i]->run(&w), MN_ECANCELED);
        assert_ends(&w, "modifyShareProperties");
        again(&w, makers[i]);
        end(&w);
    }
}

static void
interruptions(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPERATIONS_N * 2; i++) {
        canceled_anywhere(&operations[i / 2], levels[i % 2]);
    }
    for_all(canceled_in_a_pause);
}

/* ---- busy, for a while and for ever ---- */

static void
busy_thrice(struct world *w, const struct operation *o, const char *method)
{
    fake_fault_add(&w->array, (struct fake_fault){.method = method,
                                                  .times = 3,
                                                  .status = 400,
                                                  .body = BUSY});
    assert_right(w, o, o->run(w));
    assert_int_equal(w->array.pauses, 3);
    assert_int_equal(w->array.paused_ms, 250 + 500 + 1000);
}

static void
busy_for_ever(struct world *w, const struct operation *o, const char *method)
{
    fake_fault_add(&w->array, (struct fake_fault){.method = method,
                                                  .times = -1,
                                                  .status = 400,
                                                  .body = BUSY});
    assert_int_equal(o->run(w), MN_EBUSY);
    assert_contains(w->err.text, method);
    assert_contains(w->err.text, "share " NAME ": ");
    /* 0.25, 0.5, 1, 2 and then 4 seconds, up to the limit and not beyond; a
       made share is taken back in time of its own */
    assert_true(w->array.paused_ms <= (OPERATION_S + REQUEST_S) * 1000);
    assert_true(w->array.paused_ms > (OPERATION_S - 5) * 1000);
    assert_true(w->array.pauses <= 3 + (OPERATION_S + REQUEST_S) / 4 + 8);
    again(w, o);
}

static void
never_connected(struct world *w, const struct operation *o, const char *method)
{
    (void)method;
    fake_fault_add(&w->array, (struct fake_fault){.method = "",
                                                  .times = -1,
                                                  .code = MN_ECONNECT,
                                                  .unsent = true});
    assert_int_equal(o->run(w), MN_ECONNECT);
    assert_true(w->array.paused_ms > (OPERATION_S - 5) * 1000);
    assert_true(w->array.paused_ms <= OPERATION_S * 1000);
    assert_true(w->array.given_up_ms <= OPERATION_S * 1000);
    again(w, o);
}

static void
not_trusted(struct world *w, const struct operation *o, const char *method)
{
    (void)method;
    fake_fault_add(&w->array, (struct fake_fault){.method = "",
                                                  .times = -1,
                                                  .code = MN_EHOSTKEY,
                                                  .unsent = true});
    assert_int_equal(o->run(w), MN_EHOSTKEY);
    assert_int_equal(w->array.calls, 1);
    assert_int_equal(w->array.pauses, 0);
    again(w, o);
}

/* Also those that are asked once, and whose limit is that of a request. */
static void
no_request_outlasts_an_operation(void **state)
{
    struct world w;
    (void)state;
    begin_hasty(&w, "3.7.1", 5);
    assert_int_equal(w.driver->vtable->check(w.driver, &w.err), 0);
    assert_in_range(w.array.given_up_ms, 1, 5000);
    end(&w);
}

/* The array's last word counts, not that no time was left for another. */
static void
nothing_is_asked_when_time_is_over(void **state)
{
    struct world w;
    (void)state;
    begin_hasty(&w, "3.7.1", 1);
    have_share(&w);
    fake_fault_add(&w.array,
                   (struct fake_fault){.method = "modifyShareProperties",
                                       .times = 1,
                                       .status = 400,
                                       .body = BUSY});
    w.array.oversleeps_ms = 1000;
    assert_int_equal(extend(&w), MN_EBUSY);
    assert_int_equal(fake_rest_count(&w.array, "modifyShareProperties"), 1);
    end(&w);
    begin(&w, "3.7.1");
    assert_int_equal(w.driver->vtable->check(w.driver, &w.err), 0);
    assert_true(w.array.given_up_ms <= REQUEST_S * 1000);
    assert_true(w.array.given_up_ms > REQUEST_S * 1000 / 2);
    end(&w);
}

static void
limits(void **state)
{
    (void)state;
    for_all(busy_thrice);
    for_all(busy_for_ever);
    for_all(never_connected);
    for_all(not_trusted);
}

/* What Manila asks every minute, or repeats until it starts, fails at once. */
static void
asked_once(void **state)
{
    static int (*const runs[])(struct world * w) = {ask_stats, usage, check};
    struct world w;
    (void)state;
    for (int i = 0; i < 3; i++) {
        begin(&w, "3.7.1");
        fake_fault_add(&w.array, (struct fake_fault){.method = "",
                                                     .times = -1,
                                                     .status = 400,
                                                     .body = BUSY});
        assert_int_equal(runs[i](&w), MN_EBUSY);
        assert_int_equal(w.array.calls, 1);
        assert_int_equal(w.array.pauses, 0);
        end(&w);
    }
}

/* A failure after the first step: what was made is taken back. */
static void
taken_back(void **state)
{
    static const struct operation *const makers[] = {&operations[0],
                                                     &operations[8]};
    struct world w;
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        begin(&w, "3.7.1");
        const struct operation *o = makers[i / 2];
        o->prepare(&w);
        fake_fault_add(&w.array,
                       (struct fake_fault){.method = "modifyShareProperties",
                                           .times = -1,
                                           .status = 400,
                                           .body = i % 2 ? BUSY : "no"});
        assert_true(o->run(&w) < 0);
        assert_null(there(&w, i / 2 ? COPY : NAME));
        again(&w, o);
        /* not so one that was there before */
        fake_fault_add(&w.array,
                       (struct fake_fault){.method = "modifyShareProperties",
                                           .times = -1,
                                           .status = 400,
                                           .body = "no"});
        assert_true(o->run(&w) < 0);
        assert_non_null(there(&w, i / 2 ? COPY : NAME));
        end(&w);
    }
}

/* A location that Manila knows is of what was there before. */
static void
made_anew(void **state)
{
    struct world w;
    (void)state;
    begin(&w, "3.7.1");
    w.share.location = "192.0.2.20:/export/other/" NAME;
    assert_right(&w, &operations[0], create(&w));
    end(&w);
}

/* That would be a quota of nothing, which is none. */
static void
no_size(void **state)
{
    struct world w;
    (void)state;
    begin(&w, "3.7.1");
    w.share.size_gib = 0;
    assert_int_equal(create(&w), MN_EINVAL);
    assert_int_equal(w.array.calls, 0);
    end(&w);
}

/* To take it back there is time of its own, but no more than for a call. */
static void
left_half_made(void **state)
{
    struct world w;
    (void)state;
    begin(&w, "3.7.1");
    fake_fault_add(&w.array,
                   (struct fake_fault){.method = "modifyShareProperties",
                                       .times = -1,
                                       .status = 400,
                                       .body = BUSY});
    fake_fault_add(&w.array, (struct fake_fault){.method = "deleteShare",
                                                 .times = -1,
                                                 .status = 400,
                                                 .body = BUSY});
    assert_int_equal(create(&w), MN_EBUSY);
    assert_contains(w.log, "left half made");
    assert_true(w.array.paused_ms > OPERATION_S * 1000);
    assert_true(w.array.paused_ms <= (OPERATION_S + REQUEST_S) * 1000);
    again(&w, &operations[0]);
    end(&w);
}

/* The clone is its parent's clients' until its rules are cleared. */
static void
clone_stays_shut(void **state)
{
    struct world w;
    (void)state;
    begin(&w, "3.5.1");
    have_ruled_snapshot(&w);
    fake_fault_add(&w.array, (struct fake_fault){.method = "clearAccessRules",
                                                 .times = -1,
                                                 .code = MN_ETIMEDOUT});
    assert_true(make_clone(&w) < 0);
    assert_null(there(&w, COPY));
    end(&w);
}

/* A snapshot that the array did not delete, and can't say why not. */
static void
not_said_to_be_gone(void **state)
{
    struct world w;
    (void)state;
    begin(&w, "3.7.1");
    have_snapshot(&w);
    fake_fault_add(&w.array,
                   (struct fake_fault){.method = "deleteShareSnapshot",
                                       .times = -1,
                                       .status = 500,
                                       .body = "no"});
    fake_fault_add(&w.array,
                   (struct fake_fault){
                       .method = "listDependenciesAndSnapshotCountOnDelete",
                       .times = -1,
                       .status = 500,
                       .body = "no"});
    assert_int_equal(delete_snapshot(&w), MN_EREMOTE);
    assert_false(no_snapshot(&w));
    again(&w, &operations[7]);
    end(&w);
}

#define NOT_DELETED "{\"snapshotDeletionStatus\":2}"
#define IN_PROGRESS "[{\"snapshotProgressStatus\":1}]"

/* Nothing needs it: it is not left to anybody. */
static void
not_deleted_without_clones(void **state)
{
    struct world w;
    (void)state;
    begin(&w, "3.7.1");
    have_snapshot(&w);
    fake_fault_add(&w.array,
                   (struct fake_fault){.method = "deleteShareSnapshot",
                                       .times = -1,
                                       .status = 400,
                                       .body = NOT_DELETED});
    assert_int_equal(delete_snapshot(&w), MN_EBUSY);
    assert_lacks(w.err.text, "perhaps");
    again(&w, &operations[7]);
    end(&w);
}

/* One that is being made is deleted when it is there. */
static void
deleted_in_progress(void **state)
{
    struct world w;
    (void)state;
    begin(&w, "3.7.1");
    have_snapshot(&w);
    fake_fault_add(&w.array,
                   (struct fake_fault){.method = "deleteShareSnapshot",
                                       .times = 1,
                                       .status = 400,
                                       .body = NOT_DELETED});
    fake_fault_add(&w.array, (struct fake_fault){.method = "listSnapshots",
                                                 .times = 1,
                                                 .status = 200,
                                                 .body = "[]"});
    fake_fault_add(&w.array, (struct fake_fault){
                                 .method = "getShareSnapshotCreationStatus",
                                 .times = 1,
                                 .status = 200,
                                 .body = IN_PROGRESS});
    assert_right(&w, &operations[7], delete_snapshot(&w));
    assert_int_equal(w.array.pauses, 1);
    end(&w);
}

/* Only the snapshot itself tells that it is there still. */
static void
absent_among_others(void **state)
{
    struct world w;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        begin(&w, levels[i]);
        have_share(&w);
        snprintf(there(&w, NAME)->snaps[0], sizeof there(&w, NAME)->snaps[0],
                 "Manual-S-other");
        fake_fault_add(&w.array,
                       (struct fake_fault){.method = "deleteShareSnapshot",
                                           .times = 1,
                                           .status = 400,
                                           .body = NOT_DELETED});
        assert_int_equal(delete_snapshot(&w), 0);
        end(&w);
    }
}

/* One that the array has made, by its own name: it makes those at once. */
static void
absent_with_own_name(void **state)
{
    struct world w;
    (void)state;
    begin(&w, "3.7.1");
    have_share(&w);
    w.snap.name = "p/Local/o/" NAME "@x";
    fake_fault_add(&w.array,
                   (struct fake_fault){.method = "deleteShareSnapshot",
                                       .times = 1,
                                       .status = 400,
                                       .body = NOT_DELETED});
    assert_int_equal(delete_snapshot(&w), 0);
    assert_ends(&w, "listSnapshots");
    end(&w);
}

/* Before 3.7 snapshots go one by one: one that the array has made since they
   were listed may have clones, which would go with it. */
static void
snapshot_in_between(void **state)
{
    struct world w;
    (void)state;
    begin(&w, "3.5.1");
    have_snapshot(&w);
    fake_fault_add(&w.array, (struct fake_fault){.method = "listSnapshots",
                                                 .times = 1,
                                                 .status = 200,
                                                 .body = "[]"});
    assert_int_equal(delete_share(&w), MN_EBUSY);
    assert_non_null(there(&w, NAME));
    again(&w, &operations[2]);
    end(&w);
}

static void
manage_in_no_pool(void **state)
{
    struct world w;
    (void)state;
    begin(&w, "3.7.1");
    have_odd_share(&w);
    w.share.pool = NULL;
    assert_int_equal(manage(&w), MN_EINVAL);
    assert_int_equal(w.array.calls, 0);
    end(&w);
}

static void
clone_in_no_pool(void **state)
{
    struct world w;
    (void)state;
    begin(&w, "3.7.1");
    have_snapshot(&w);
    w.snap.share.pool = NULL;
    assert_int_equal(make_clone(&w), MN_EINVAL);
    assert_int_equal(w.array.calls, 0);
    end(&w);
}

/* The quota of a share that was shrunk is raised for a revert, and put back
   when the array refused: not when it may have done it, nor to a size that
   Manila does not tell, which would be no quota. */
static void
revert_of_a_shrunk_share(void **state)
{
    static const struct {
        struct fake_fault fault;
        uint64_t now;
        long long quota;
    } rows[] = {
        {{.status = 500, .body = "no"}, 3, 3},
        {{.status = 500, .body = "no"}, 0, 5},
        {{.code = MN_ECONNECT}, 3, 5},
        {{.code = MN_ECANCELED, .unsent = true}, 3, 5},
    };
    struct world w;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fake_fault fault = rows[i].fault;
        begin(&w, "3.7.1");
        have_snapshot(&w);
        there(&w, NAME)->quota = 3 * GIB;
        w.snap.share.size_gib = rows[i].now;
        fault.method = "rollBackToShareSnapshot";
        fault.times = -1;
        fake_fault_add(&w.array, fault);
        assert_int_not_equal(revert(&w), 0);
        assert_int_equal(there(&w, NAME)->quota, rows[i].quota * GIB);
        end(&w);
    }
}

static void
revert_to_no_size(void **state)
{
    struct world w;
    (void)state;
    begin(&w, "3.7.1");
    have_snapshot(&w);
    w.snap.size_gib = 0;
    assert_right(&w, &operations[9], revert(&w));
    assert_int_equal(there(&w, NAME)->quota, 5 * GIB);
    end(&w);
}

/* The array does not say why in a way that is known; but it can be asked. */
static void
refused_for_clones(void **state)
{
    struct world w;
    (void)state;
    begin(&w, "3.7.1");
    have_snapshot(&w);
    assert_int_equal(make_clone(&w), 0);
    fake_fault_add(&w.array,
                   (struct fake_fault){.method = "deleteShareSnapshot",
                                       .times = -1,
                                       .status = 500,
                                       .body = "no"});
    assert_int_equal(delete_snapshot(&w), 0);
    assert_contains(w.log, "stays on the array");
    assert_false(no_snapshot(&w));
    end(&w);
}

/* A snapshot is not there because nobody knows. */
static void
no_status(void **state)
{
    struct world w;
    (void)state;
    begin(&w, "3.7.1");
    have_share(&w);
    fake_fault_add(&w.array, (struct fake_fault){
                                 .method = "getShareSnapshotCreationStatus",
                                 .times = 1,
                                 .status = 200,
                                 .body = "{}"});
    assert_int_equal(snapshot(&w), MN_EPROTO);
    again(&w, &operations[6]);
    end(&w);
}

/* A snapshot that is being made is not asked for again. */
static void
in_progress(void **state)
{
    struct world w;
    (void)state;
    begin(&w, "3.7.1");
    have_share(&w);
    fake_fault_add(&w.array,
                   (struct fake_fault){.method = "createShareSnapshot",
                                       .times = 1,
                                       .work = true,
                                       .code = MN_ECONNECT});
    fake_fault_add(&w.array, (struct fake_fault){
                                 .method = "getShareSnapshotCreationStatus",
                                 .times = 2,
                                 .status = 200,
                                 .body = IN_PROGRESS});
    assert_right(&w, &operations[6], snapshot(&w));
    assert_int_equal(fake_rest_count(&w.array, "createShareSnapshot"), 1);
    assert_int_equal(w.array.pauses, 1);
    end(&w);
}

/* Shares are not gone because they can't be listed. */
static void
not_listed(void **state)
{
    static const struct fake_fault faults[] = {
        {.method = "listShares", .times = -1, .status = 401, .body = ""},
        {.method = "listProjects",
         .times = 1,
         .code = MN_ECANCELED,
         .unsent = true},
    };
    static const enum mn_code codes[] = {MN_EAUTH, MN_ECANCELED};
    struct world w;
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const struct operation *o = &operations[12 + i / 2];
        begin(&w, "3.7.1");
        have_share(&w);
        fake_fault_add(&w.array, faults[i % 2]);
        assert_int_equal(o->run(&w), codes[i % 2]);
        assert_int_equal(fake_rest_count(&w.array, "listShares"), 1);
        again(&w, o);
        end(&w);
    }
}

#define ROW(sizes) "[{\"name\":\"" NAME "\"" sizes "}]"

/* Nor is a quota touched that is right, though the pool has less room than
   that, of which Manila tells no size, or the array not both of its numbers;
   but one that lacks, even if the share is full. */
static void
ensured_quota(void **state)
{
    static const struct {
        const char *listed;
        uint64_t size;
        long long quota;
        long long becomes;
    } rows[] = {
        {ROW(",\"totalSize\":9000,\"availableSize\":5"), 5, 5, 5},
        {ROW(",\"totalSize\":9000,\"availableSize\":5"), 0, 3, 3},
        {ROW(",\"totalSize\":9000"), 5, 3, 3},
        {ROW(",\"availableSize\":9000"), 5, 3, 3},
        {ROW(",\"totalSize\":9000000000,\"availableSize\":3631290880"), 5, 0,
         5},
        {ROW(",\"totalSize\":9000000000,\"availableSize\":3631290879"), 5, 0,
         0},
    };
    struct world w;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(&w, "3.7.0");
        have_share(&w);
        w.share.size_gib = rows[i].size;
        there(&w, NAME)->quota = rows[i].quota * GIB;
        fake_fault_add(&w.array, (struct fake_fault){.method = "listShares",
                                                     .times = 1,
                                                     .status = 200,
                                                     .body = rows[i].listed});
        struct mn_ensure_result result = {0};
        assert_int_equal(w.driver->vtable->ensure_shares(w.driver, &w.share, 1,
                                                         &result, &w.err),
                         0);
        mn_buf_dispose(&result.location);
        assert_int_equal(result.repaired, rows[i].becomes != rows[i].quota);
        assert_int_equal(there(&w, NAME)->quota, rows[i].becomes * GIB);
        assert_int_equal(fake_rest_count(&w.array, "modifyShareProperties"),
                         rows[i].becomes != rows[i].quota);
        end(&w);
    }
}

/* What can't be is not told. */
static void
usage_that_makes_no_sense(void **state)
{
    static const char *const bodies[] = {
        ROW(",\"totalSize\":5,\"availableSize\":9"), ROW(",\"totalSize\":5"),
        ROW(",\"availableSize\":9"), ROW("")};
    struct world w;
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        uint64_t used = 0;
        begin(&w, "3.7.1");
        fake_fault_add(&w.array, (struct fake_fault){.method = "listShares",
                                                     .times = 1,
                                                     .status = 200,
                                                     .body = bodies[i]});
        assert_int_equal(
            w.driver->vtable->usage(w.driver, &w.share, 1, &used, &w.err), 0);
        assert_true(used == UINT64_MAX);
        end(&w);
    }
}

/* Before 3.7 sizes are those of the share's own row, and a share that may use
   all that its pool has is one without a quota. */
static void
sizes_of_old_firmware(void **state)
{
    static const struct {
        const char *pools;
        long long quota;
        long long told;
    } rows[] = {
        {"[{\"name\":\"p\",\"availableSize\":1099511627776}]", 0, 0},
        {"[{\"name\":\"p\",\"availableSize\":1099511627777}]", 0, 1024},
        {"[{\"name\":\"q\",\"availableSize\":1}]", 5, 5},
        {"[{\"name\":\"p\"}]", 5, 5},
    };
    struct world w;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mn_tegile_op op;
        struct mn_tegile_place place;
        int64_t number = -1;
        begin(&w, "3.5.1");
        have_share(&w);
        there(&w, NAME)->quota = rows[i].quota * GIB;
        there(&w, NAME)->used = 0;
        fake_share_add(&w.array, COPY)->used = 9 * GIB;
        fake_fault_add(&w.array, (struct fake_fault){.method = "listPools",
                                                     .times = 1,
                                                     .status = 200,
                                                     .body = rows[i].pools});
        mn_tegile__op_init(&op, mn_tegile__of(w.driver));
        assert_int_equal(mn_tegile__guess(&op, &w.share, &place, &w.err), 0);
        assert_int_equal(mn_tegile__quota(&op, &place, &number, &w.err), 0);
        assert_int_equal(number, rows[i].told * GIB);
        assert_int_equal(mn_tegile__used(&op, &place, &number, &w.err), 0);
        assert_int_equal(number, 0);
        mn_tegile__place_dispose(&place);
        end(&w);
    }
}

/* Something that the array did not find is not the share. */
static void
there_though_not_found(void **state)
{
    static const struct {
        const char *firmware;
        const char *method;
        int (*run)(struct world *w);
    } rows[] = {
        {"3.7.1", "deleteShare", delete_share},
        {"3.5.1", "deleteShare", delete_share},
        {"3.5.1", "listSnapshots", delete_share},
        {"3.7.1", "listSnapshots", delete_snapshot},
    };
    struct world w;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        begin(&w, rows[i].firmware);
        have_share(&w);
        fake_fault_add(
            &w.array,
            (struct fake_fault){.method = rows[i].method,
                                .times = -1,
                                .status = 400,
                                .body = "{\"code\":\"EZEBI_GENERAL\","
                                        "\"message\":\"does not exist\"}"});
        assert_int_equal(rows[i].run(&w), MN_ENOTFOUND);
        assert_contains(w.err.text, rows[i].method);
        end(&w);
    }
}

/* Manila is told why a share is not looked after. */
static void
ensured_in_no_pool(void **state)
{
    struct mn_ensure_result result = {0};
    struct world w;
    (void)state;
    begin(&w, "3.7.1");
    w.share.pool = NULL;
    assert_int_equal(w.driver->vtable->ensure_shares(w.driver, &w.share, 1,
                                                     &result, &w.err),
                     0);
    assert_int_equal(result.code, MN_ENOTFOUND);
    assert_contains(result.err.text, "its pool, not told,");
    end(&w);
}

/* ---- pools ---- */

#define POOLS "[{},{\"name\":\"p\"},{\"name\":\"q\"}]"

/* Those that come after it are not asked. */
static void
pool_of_a_share(void **state)
{
    struct world w;
    (void)state;
    begin(&w, "3.7.1");
    have_share(&w);
    fake_fault_add(&w.array, (struct fake_fault){.method = "listPools",
                                                 .times = 1,
                                                 .status = 400,
                                                 .body = BUSY});
    fake_fault_add(&w.array, (struct fake_fault){.method = "listPools",
                                                 .times = -1,
                                                 .status = 200,
                                                 .body = POOLS});
    assert_right(&w, &operations[15], pool_of(&w));
    assert_int_equal(w.array.pauses, 1);
    assert_int_equal(fake_rest_count(&w.array, "listShares"), 1);
    end(&w);
}

static void
pool_of_no_share(void **state)
{
    struct world w;
    (void)state;
    begin(&w, "3.7.1");
    assert_int_equal(pool_of(&w), MN_ENOTFOUND);
    assert_string_equal(w.err.text,
                        "array 192.0.2.10: no pool has share " NAME);
    end(&w);
}

/* One is enough, unless all are named; but the operator is told. */
static void
project_in_one_pool(void **state)
{
    struct world w;
    (void)state;
    begin(&w, "3.7.1");
    fake_fault_add(&w.array, (struct fake_fault){.method = "listPools",
                                                 .times = 1,
                                                 .status = 200,
                                                 .body = POOLS});
    fake_fault_add(&w.array, (struct fake_fault){.method = "listProjects",
                                                 .skip = 1,
                                                 .times = 1,
                                                 .status = 200,
                                                 .body = "[]"});
    assert_int_equal(check(&w), 0);
    assert_contains(w.log, "pool q has no project o");
    end(&w);
}

static void
stats_of_pools(void **state)
{
    struct mn_tegile_stats stats;
    struct world w;
    (void)state;
    begin(&w, "3.5.1");
    fake_fault_add(&w.array,
                   (struct fake_fault){
                       .method = "getArrayStats",
                       .times = 1,
                       .status = 200,
                       .body =
                           "{\"pools\":[{},{\"pool_name\":\"p\","
                           "\"total_capacity_gb\":\"100.5\","
                           "\"free_capacity_gb\":60,"
                           "\"allocated_capacity_gb\":40.5,"
                           "\"QoS_support\":true},{\"pool_name\":\"q\"}]}"});
    assert_int_equal(mn_tegile_stats(mn_tegile__of(w.driver), &stats, &w.err),
                     0);
    assert_true(stats.revert);
    assert_int_equal(stats.n, 2);
    assert_string_equal(stats.pools[0].name, "p");
    assert_true(stats.pools[0].total_gb == 100.5);
    assert_true(stats.pools[0].free_gb == 60.0);
    assert_true(stats.pools[0].allocated_gb == 40.5);
    assert_true(stats.pools[0].qos);
    assert_string_equal(stats.pools[1].name, "q");
    assert_true(stats.pools[1].total_gb == 0.0);
    assert_false(stats.pools[1].qos);
    mn_tegile_stats_dispose(&stats);
    end(&w);
}

/* ---- firmware ---- */

/* From 3.10 on a share says itself how it is served. */
static void
how_a_share_is_served(void **state)
{
    static const char *const firmwares[] = {"3.9.9", "3.10.0"};
    struct world w;
    (void)state;
    for (int i = 0; i < 2; i++) {
        begin(&w, firmwares[i]);
        have_odd_share(&w);
        assert_int_equal(manage(&w), 0);
        assert_int_equal(fake_rest_count(&w.array, "isShareExposedOverNFS"),
                         !i);
        end(&w);
    }
}

/* Told once, and again when the array was updated. */
static void
firmware_in_the_log(void **state)
{
    static const char *const logs[][2] = {
        {"3.5.1", "1 array 192.0.2.10 has firmware 3.5.1\n"},
        {"Version 3.7.0.12",
         "1 array 192.0.2.10 has firmware 3.7.0; the access of a share "
         "changes as a whole; shares that others were made from can be "
         "deleted\n"},
        {"3.10.0.0", "shares have all addresses of their pool\n"},
        {"next", "2 array 192.0.2.10 tells its firmware as \"next\", which is "
                 "taken for the oldest that will do, 3.5.1\n"},
    };
    struct world w;
    (void)state;
    begin(&w, "");
    w.keep_infos = true;
    for (size_t i = 0; i < sizeof logs / sizeof logs[0]; i++) {
        w.array.firmware = logs[i][0];
        for (int again = 0; again < 2; again++) {
            w.log[0] = '\0';
            w.driver->vtable->check(w.driver, &w.err);
            mn_error_clear(&w.err);
            assert_contains(w.log, again ? "" : logs[i][1]);
            assert_true(!again || !*w.log);
        }
    }
    end(&w);
}

/* ---- addresses ---- */

/* Asked for with the first share, and again when that is a minute ago. */
static void
addresses_are_good_for_a_minute(void **state)
{
    static const int64_t ago_ms[] = {0, 30000, 61000, 1000};
    static const int asked[] = {1, 0, 1, 0};
    struct world w;
    (void)state;
    begin(&w, "3.7.1");
    struct mn_tegile *t = mn_tegile__of(w.driver);
    for (size_t i = 0; i < 4; i++) {
        if (t->addresses) {
            t->addresses->asked_ms -= ago_ms[i];
        }
        fake_rest_forget(&w.array);
        mn_buf_clear(&w.out);
        assert_int_equal(
            w.driver->vtable->create_share(w.driver, &w.share, &w.out, &w.err),
            0);
        assert_true(located(&w, NAME));
        assert_int_equal(fake_rest_count(&w.array, "getFloatingIPList"),
                         asked[i]);
    }
    end(&w);
}

static void
assert_ips(struct world *w, const char *pool, const char *wanted)
{
    struct mn_tegile_op op;
    struct mn_argv ips = MN_ARGV_INIT;
    mn_tegile__op_init(&op, mn_tegile__of(w->driver));
    assert_int_equal(mn_tegile__recent_ips(&op, pool, &ips, &w->err), 0);
    mn_buf_clear(&w->out);
    for (size_t i = 0; i < ips.n; i++) {
        mn_buf_printf(&w->out, "%s%s", i ? " " : "", ips.v[i]);
    }
    assert_string_equal(mn_buf_str(&w->out), wanted);
    mn_argv_dispose(&ips);
}

/* They are told apart, and replaced by what the array tells anew. */
static void
addresses_of_each_pool(void **state)
{
    static const char *const bodies[] = {
        "[{\"ipAddress\":\"192.0.2.1\",\"poolName\":\"p\"},{},"
        "{\"ipAddress\":\"192.0.2.2\",\"poolName\":\"q\"},"
        "{\"ipAddress\":\"192.0.2.3\"}]",
        "[{\"ipAddress\":\"192.0.2.4\",\"poolName\":\"p\"}]"};
    struct world w;
    (void)state;
    begin(&w, "3.7.1");
    for (int i = 0; i < 2; i++) {
        fake_fault_add(&w.array,
                       (struct fake_fault){.method = "getFloatingIPList",
                                           .times = i ? 1 : 3,
                                           .status = 200,
                                           .body = bodies[i]});
    }
    for (int again = 0; again < 2; again++) {
        assert_ips(&w, "p", "192.0.2.1 192.0.2.3");
        assert_ips(&w, "q", "192.0.2.2 192.0.2.3");
        assert_ips(&w, "", "192.0.2.1 192.0.2.2 192.0.2.3");
    }
    struct mn_tegile_addresses *known = mn_tegile__of(w.driver)->addresses;
    while (strcmp(known->pool, "p") != 0) {
        known = known->next;
    }
    known->asked_ms -= 61000;
    assert_ips(&w, "p", "192.0.2.4");
    assert_ips(&w, "p", "192.0.2.4");
    assert_ips(&w, "q", "192.0.2.2 192.0.2.3");
    assert_int_equal(fake_rest_count(&w.array, "getFloatingIPList"), 4);
    /* whether they have changed is what this is about */
    assert_int_equal(backend_info(&w), 0);
    assert_int_equal(fake_rest_count(&w.array, "getFloatingIPList"), 5);
    end(&w);
}

/* A new share has those of its pool, and none is asked for twice. */
static void
addresses_of_a_new_share(void **state)
{
    struct world w;
    (void)state;
    begin(&w, "3.7.1");
    fake_fault_add(
        &w.array,
        (struct fake_fault){
            .method = "getFloatingIPList",
            .times = 1,
            .status = 200,
            .body = "[{\"ipAddress\":\"192.0.2.21\",\"poolName\":\"p\"},"
                    "{\"ipAddress\":\"192.0.2.22\",\"poolName\":\"q\"}]"});
    assert_right(&w, &operations[0], create(&w));
    assert_int_equal(fake_rest_count(&w.array, "getShareIPAndMountPoint"), 0);
    end(&w);
}

/* Other addresses are no need, but one location is. */
static void
locations_of_a_new_share(void **state)
{
    struct world w;
    (void)state;
    begin(&w, "3.7.0");
    fake_fault_add(&w.array, (struct fake_fault){.method = "createShare",
                                                 .times = 1,
                                                 .work = true,
                                                 .status = 200,
                                                 .body = "\"x\""});
    fake_fault_add(&w.array,
                   (struct fake_fault){.method = "getShareIPAndMountPoint",
                                       .times = 1,
                                       .status = 200,
                                       .body = "\"y\""});
    assert_int_equal(create(&w), MN_EPROTO);
    assert_contains(w.err.text, "no address and name");
    again(&w, &operations[0]);
    end(&w);
    begin(&w, "3.7.1");
    fake_fault_add(&w.array, (struct fake_fault){.method = "getFloatingIPList",
                                                 .times = -1,
                                                 .status = 500,
                                                 .body = "no"});
    assert_int_equal(create(&w), 0);
    assert_string_equal(mn_buf_str(&w.out), "192.0.2.20:/export/o/" NAME);
    assert_contains(w.log, "one export location until");
    end(&w);
}

/* A share that is looked after keeps the address that it is known by, unless
   the pool has it no more; where its addresses can't be asked for, it keeps
   its locations. */
static void
ensured_addresses(void **state)
{
    static const struct {
        const char *proto;
        const char *known;   /* location */
        const char *listed;  /* mount point */
        const char *becomes; /* the first location; "": stays as it is */
        bool unknown;        /* the pool's addresses */
        bool asked;          /* for its location */
    } rows[] = {
        {"NFS", "192.0.2.21:/export/o/" NAME, "/export/o/" NAME,
         "192.0.2.21:/export/o/" NAME, false, false},
        {"NFS", "192.0.2.9:/export/o/" NAME, "/export/o/" NAME,
         "192.0.2.20:/export/o/" NAME, false, false},
        {"NFS", "192.0.2.20:/export/o/" NAME, "", "192.0.2.20:/export/o/" NAME,
         false, false},
        {"NFS", "192.0.2.20:/export/o/" NAME, "/export/moved",
         "192.0.2.20:/export/o/" NAME, false, true},
        {"NFS", "192.0.2.20:o_" NAME, "/export/o/" NAME, "192.0.2.20:o_" NAME,
         false, false},
        {"CIFS", "\\\\192.0.2.21\\/" NAME, "/export/o/" NAME,
         "\\\\192.0.2.21\\/" NAME, false, false},
        {"NFS", "192.0.2.9:/export/o/" NAME, "/export/o/" NAME, "", true,
         false},
        {"NFS", NULL, "/export/o/" NAME, "192.0.2.20:/export/o/" NAME, true,
         true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct mn_ensure_result result = {0};
        struct world w;
        char listed[512];
        (void)state;
        begin(&w, "3.7.1");
        have_share(&w);
        w.share.proto = rows[i].proto;
        w.share.location = rows[i].known;
        snprintf(listed, sizeof listed,
                 "[{\"name\":\"" NAME "\",\"mountpoint\":\"%s\"}]",
                 rows[i].listed);
        fake_fault_add(&w.array, (struct fake_fault){.method = "listShares",
                                                     .times = -1,
                                                     .status = 200,
                                                     .body = listed});
        fake_fault_add(&w.array,
                       (struct fake_fault){.method = "getFloatingIPList",
                                           .times = rows[i].unknown ? -1 : 0,
                                           .status = 500,
                                           .body = "no"});
        assert_int_equal(w.driver->vtable->ensure_shares(w.driver, &w.share, 1,
                                                         &result, &w.err),
                         0);
        assert_int_equal(result.code, 0);
        assert_string_equal(mn_buf_str(&result.location), rows[i].becomes);
        assert_int_equal(fake_rest_count(&w.array, "getShareIPAndMountPoint"),
                         rows[i].asked);
        mn_buf_dispose(&result.location);
        end(&w);
    }
}

/* The operator learns which option to look at. */
static void
no_array(void **state)
{
    struct world w;
    (void)state;
    begin(&w, "3.7.1");
    fake_fault_add(&w.array,
                   (struct fake_fault){.method = "listSystemProperties",
                                       .times = 1,
                                       .status = 404,
                                       .body = "<html>Not Found</html>"});
    assert_int_equal(check(&w), MN_ECONFIG);
    assert_contains(w.err.text, "tegile_nas_server");
    again(&w, &operations[16]);
    end(&w);
}

/* ---- no memory ---- */

static void
torture(const struct operation *o, const char *firmware)
{
    struct world w;
    bool failed = true;
    for (unsigned long n = 1; failed; n++) {
        begin(&w, firmware);
        o->prepare(&w);
        mn_alloc_fail_at(n);
        int rc = o->run(&w);
        failed = mn_alloc_failed();
        mn_alloc_fail_at(0);
        if (rc != MN_ENOMEM || !failed) {
            assert_right(&w, o, rc); /* it got on without that memory */
        }
        else {
            again(&w, o);
        }
        end(&w);
        assert_true(n > 1 || failed);
    }
}

static void
no_memory(void **state)
{
    (void)state;
    for (size_t i = 0; i < OPERATIONS_N * 2; i++) {
        torture(&operations[i / 2], levels[i % 2]);
    }
}

static int
make(void *ctx)
{
    struct fake_rest rest;
    struct mn_tegile *t = NULL;
    struct mn_error err = MN_ERROR_INIT;
    static const char *const pools[] = {"p", "q"};
    const struct mn_tegile_config config = {
        .server = "a", .project = "o", .pools = pools, .pools_n = 2};
    (void)ctx;
    fake_rest_init(&rest, "3.7.1");
    int rc = mn_tegile_new(&config, &rest.rest, &t, &err);
    if (rc == 0) {
        mn_driver_free(mn_tegile_driver(t));
    }
    assert_true(rest.freed);
    return rc;
}

static void
no_memory_to_begin_with(void **state)
{
    (void)state;
    TORTURE(make, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_goes_well),
        cmocka_unit_test(lost_replies),
        cmocka_unit_test(refusals),
        cmocka_unit_test(interruptions),
        cmocka_unit_test(canceled_half_way),
        cmocka_unit_test(limits),
        cmocka_unit_test(no_request_outlasts_an_operation),
        cmocka_unit_test(nothing_is_asked_when_time_is_over),
        cmocka_unit_test(asked_once),
        cmocka_unit_test(taken_back),
        cmocka_unit_test(made_anew),
        cmocka_unit_test(no_size),
        cmocka_unit_test(left_half_made),
        cmocka_unit_test(clone_stays_shut),
        cmocka_unit_test(not_said_to_be_gone),
        cmocka_unit_test(not_deleted_without_clones),
        cmocka_unit_test(deleted_in_progress),
        cmocka_unit_test(absent_among_others),
        cmocka_unit_test(absent_with_own_name),
        cmocka_unit_test(snapshot_in_between),
        cmocka_unit_test(manage_in_no_pool),
        cmocka_unit_test(clone_in_no_pool),
        cmocka_unit_test(revert_of_a_shrunk_share),
        cmocka_unit_test(revert_to_no_size),
        cmocka_unit_test(refused_for_clones),
        cmocka_unit_test(no_status),
        cmocka_unit_test(in_progress),
        cmocka_unit_test(not_listed),
        cmocka_unit_test(ensured_quota),
        cmocka_unit_test(ensured_in_no_pool),
        cmocka_unit_test(usage_that_makes_no_sense),
        cmocka_unit_test(sizes_of_old_firmware),
        cmocka_unit_test(there_though_not_found),
        cmocka_unit_test(pool_of_a_share),
        cmocka_unit_test(pool_of_no_share),
        cmocka_unit_test(project_in_one_pool),
        cmocka_unit_test(stats_of_pools),
        cmocka_unit_test(how_a_share_is_served),
        cmocka_unit_test(firmware_in_the_log),
        cmocka_unit_test(addresses_are_good_for_a_minute),
        cmocka_unit_test(addresses_of_each_pool),
        cmocka_unit_test(addresses_of_a_new_share),
        cmocka_unit_test(locations_of_a_new_share),
        cmocka_unit_test(ensured_addresses),
        cmocka_unit_test(no_array),
        cmocka_unit_test(no_memory),
        cmocka_unit_test(no_memory_to_begin_with),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
