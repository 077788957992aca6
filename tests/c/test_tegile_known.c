/* SPDX-License-Identifier: Apache-2.0 */
/* Access rules on an array that can't be asked for them: what Manila keeps of
   them for the driver, and what the array is told. */
#include "testlib.h"

#include "fake_rest.h"
#include "tegile/driver.h"

#define NAME "share-0d7df0c0-4792-4e2a-9c8c-68dc7206a164"
#define ID (NAME + 6)

enum { KEPT_MAX = 8, VALUE_N = 1024 };

struct world {
    struct fake_rest array;
    struct mn_driver *driver;
    struct mn_share share;
    struct mn_error err;
    struct mn_rule_state states[KEPT_MAX];
    char kept[KEPT_MAX][2][VALUE_N]; /* Manila's table: key, value; "": free */
    bool broken;
};

static int
get(void *ctx, const char *share_id, struct mn_argv *pairs,
    struct mn_error *err)
{
    struct world *w = ctx;
    assert_string_equal(share_id, ID);
    if (w->broken) {
        return mn_error_set(err, MN_ECANCELED, "no table");
    }
    for (int i = 0; i < KEPT_MAX; i++) {
        if (*w->kept[i][0]) {
            mn_argv_add(pairs, w->kept[i][0]);
            mn_argv_add(pairs, w->kept[i][1]);
        }
    }
    return pairs->failed ? mn_error_nomem(err) : 0;
}

static char (*slot(struct world *w, const char *key))[VALUE_N]
{
    for (int i = 0; i < KEPT_MAX; i++) {
        if (strcmp(w->kept[i][0], key) == 0) {
            return w->kept[i];
        }
    }
    return NULL;
}

static void
keep(struct world *w, const char *key, const char *value)
{
    char(*row)[VALUE_N] = slot(w, key);
    row = row ? row : slot(w, "");
    assert_non_null(row);
    snprintf(row[0], sizeof row[0], "%s", *value ? key : "");
    snprintf(row[1], sizeof row[1], "%s", value);
}

static int
set(void *ctx, const char *share_id, const struct mn_argv *pairs,
    struct mn_error *err)
{
    (void)err;
    assert_string_equal(share_id, ID);
    for (size_t i = 0; i + 1 < pairs->n; i += 2) {
        keep(ctx, pairs->v[i], pairs->v[i + 1]);
    }
    return 0;
}

static int
forget(void *ctx, const char *share_id, struct mn_error *err)
{
    struct world *w = ctx;
    (void)err;
    assert_string_equal(share_id, ID);
    memset(w->kept, 0, sizeof w->kept);
    return 0;
}

static void
begin(struct world *w)
{
    struct mn_tegile *t = NULL;
    *w = (struct world){0};
    fake_rest_init(&w->array, "3.5.1");
    const struct mn_tegile_config config = {
        .server = "192.0.2.10",
        .project = "o",
        .request_timeout_s = 60,
        .operation_timeout_s = 300,
        .private_data = {get, set, forget, w},
    };
    assert_int_equal(mn_tegile_new(&config, &w->array.rest, &t, &w->err), 0);
    w->driver = mn_tegile_driver(t);
    w->share = (struct mn_share){
        .id = ID, .name = NAME, .proto = "NFS", .size_gib = 5, .pool = "p"};
    fake_share_add(&w->array, NAME);
}

static void
end(struct world *w)
{
    mn_driver_free(w->driver);
}

static struct fake_share *
share(struct world *w)
{
    return fake_share_find(&w->array, NAME);
}

static void
have_rule(struct world *w, const char *to, const char *level)
{
    struct fake_rule *rule = &share(w)->rules[share(w)->rules_n++];
    snprintf(rule->to, sizeof rule->to, "%s", to);
    snprintf(rule->level, sizeof rule->level, "%s", level);
}

static void
assert_kept(struct world *w, const char *key, const char *value)
{
    char(*row)[VALUE_N] = slot(w, key);
    assert_string_equal(row ? row[1] : "", value);
}

static const struct mn_access_rule writer = {"1", "ip", "192.0.2.1", "rw"};
static const struct mn_access_rule reader = {"2", "ip", "192.0.2.2", "ro"};
static const struct mn_rules none = {NULL, 0};

static int
apply(struct world *w, struct mn_rules all, struct mn_rules add,
      struct mn_rules drop, struct mn_rules changed)
{
    return w->driver->vtable->update_access(w->driver, &w->share, all, add,
                                            drop, changed, w->states, &w->err);
}

static int
resync(struct world *w, const struct mn_access_rule *rules, size_t n)
{
    return apply(w, (struct mn_rules){rules, n}, none, none, none);
}

static int
resync_both(void *ctx)
{
    const struct mn_access_rule rules[] = {writer, reader};
    return resync(ctx, rules, 2);
}

static int
denials(struct world *w)
{
    return fake_rest_count(&w->array, "shareDenyAccess");
}

static void
certain(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    assert_int_equal(resync_both(&w), 0);
    assert_kept(&w, "1", "rw ip 192.0.2.1");
    assert_kept(&w, "2", "ro ip 192.0.2.2");
    fake_rest_forget(&w.array);
    assert_int_equal(resync_both(&w), 0);
    assert_int_equal(denials(&w), 0);
    end(&w);
}

/* Each of these makes the level of the reader, or the writer, doubtful. */
static void
uncertain(void **state)
{
    static const char *const texts[][2] = {
        {"2", "?? ip 192.0.2.2"}, {"2", "rw ip 192.0.2.2"}, {"9", "nonsense"},
        {"2", "ro ip"},           {"2", "ro fc 192.0.2.2"}, {"2", ""},
        {"1", "ro ip 192.0.2.1"}, {"1", "?? ip 192.0.2.1"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct world w;
        (void)state;
        begin(&w);
        bool of_writer = *texts[i][0] == '1';
        have_rule(&w, writer.access_to, of_writer ? "ro" : "rw");
        have_rule(&w, reader.access_to, of_writer ? "ro" : "rw");
        keep(&w, "1", "rw ip 192.0.2.1");
        keep(&w, "2", of_writer ? "ro ip 192.0.2.2" : "");
        keep(&w, texts[i][0], texts[i][1]);
        assert_int_equal(resync_both(&w), 0);
        assert_int_equal(denials(&w), 1);
        assert_string_equal(fake_share_may(share(&w), "192.0.2.1"), "rw");
        assert_string_equal(fake_share_may(share(&w), "192.0.2.2"), "ro");
        assert_kept(&w, "1", "rw ip 192.0.2.1");
        assert_kept(&w, "2", "ro ip 192.0.2.2");
        end(&w);
    }
}

/* As after a rule was deleted and made anew: one of them may be in force. */
static void
two_levels(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    have_rule(&w, "192.0.2.2", "rw");
    keep(&w, "0", "rw ip 192.0.2.2");
    keep(&w, "2", "ro ip 192.0.2.2");
    assert_int_equal(resync(&w, &reader, 1), 0);
    assert_int_equal(denials(&w), 1);
    end(&w);
}

/* What the array did not take is not certain; nor is what it was told
   before. */
static void
refused(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    keep(&w, "0", "rw ip 192.0.2.2");
    fake_fault_add(&w.array, (struct fake_fault){.method = "shareAllowAccess",
                                                 .times = -1,
                                                 .status = 500,
                                                 .body = "no"});
    assert_int_equal(resync(&w, &reader, 1), 0);
    assert_int_equal(w.states[0].code, MN_EREMOTE);
    assert_kept(&w, "0", "?? ip 192.0.2.2");
    assert_kept(&w, "2", "?? ip 192.0.2.2");
    end(&w);
}

/* Who writes into Manila's table can do no harm. */
static void
long_text(void **state)
{
    struct world w;
    char text[VALUE_N] = "rw ip ";
    (void)state;
    begin(&w);
    memset(text + 6, 'x', sizeof text - 7);
    keep(&w, "2", text);
    assert_int_equal(resync(&w, &reader, 1), 0);
    assert_kept(&w, "2", "ro ip 192.0.2.2");
    end(&w);
}

/* Another rule of Manila's for the same client, and one that it has lost. */
static void
past(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    have_rule(&w, "192.0.2.1", "rw");
    have_rule(&w, "192.0.2.9", "ro");
    keep(&w, "0", "rw ip 192.0.2.1");
    keep(&w, "3", "?? ip 192.0.2.9");
    assert_int_equal(resync_both(&w), 0);
    assert_kept(&w, "0", "");
    assert_kept(&w, "1", "rw ip 192.0.2.1");
    assert_kept(&w, "3", "");
    assert_null(fake_share_may(share(&w), "192.0.2.9"));
    assert_int_equal(resync(&w, NULL, 0), 0);
    assert_kept(&w, "1", "");
    assert_kept(&w, "2", "");
    end(&w);
}

/* The other rules stay when one alone is allowed or denied. */
static void
single(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    assert_int_equal(resync_both(&w), 0);
    const struct mn_access_rule more = {"3", "ip", "192.0.2.3", "rw"};
    assert_int_equal(
        w.driver->vtable->allow_access(w.driver, &w.share, &more, &w.err), 0);
    assert_kept(&w, "1", "rw ip 192.0.2.1");
    assert_kept(&w, "3", "rw ip 192.0.2.3");
    assert_int_equal(
        w.driver->vtable->deny_access(w.driver, &w.share, &writer, &w.err), 0);
    assert_kept(&w, "1", "");
    assert_kept(&w, "2", "ro ip 192.0.2.2");
    assert_kept(&w, "3", "rw ip 192.0.2.3");
    end(&w);
}

#define ALLOW "shareAllowAccess\n"
#define DENY "shareDenyAccess\n"

/* What the array is told after the firmware was asked for. */
static void
assert_told(struct world *w, int rc, const char *methods)
{
    const char *log = w->array.log;
    assert_int_equal(rc, 0);
    log += strncmp(log, "list", 4) == 0 ? strlen("listSystemProperties\n") : 0;
    assert_string_equal(log, methods);
    fake_rest_forget(&w->array);
}

/* Another level: it is allowed first, as on some arrays nobody is cut off
   then, and last, as on others the denial takes both. */
static void
other_level(void **state)
{
    static const char *const known[] = {"", "rw ip 192.0.2.2",
                                        "?? ip 192.0.2.2"};
    const struct mn_rules one = {&reader, 1};
    struct world w;
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        begin(&w);
        have_rule(&w, "192.0.2.2", "rw");
        keep(&w, "2", known[i]);
        assert_told(&w, apply(&w, one, none, none, one), ALLOW DENY ALLOW);
        assert_kept(&w, "2", "ro ip 192.0.2.2");
        /* it is certain now */
        assert_told(&w, apply(&w, one, none, none, one), ALLOW);
        keep(&w, "2", known[2]);
        assert_told(&w, apply(&w, one, one, none, none), ALLOW DENY ALLOW);
        end(&w);
    }
}

/* Deleted and made anew, at the same level and at another. */
static void
still_wanted(void **state)
{
    static const struct mn_access_rule twins[] = {
        {"9", "ip", "192.0.2.2", "ro"}, {"9", "ip", "192.0.2.2", "rw"}};
    const struct mn_rules one = {&reader, 1};
    struct world w;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        begin(&w);
        have_rule(&w, "192.0.2.2", twins[i].access_level);
        assert_told(&w,
                    apply(&w, one, one, (struct mn_rules){twins + i, 1}, none),
                    i ? DENY ALLOW : ALLOW);
        assert_string_equal(fake_share_may(share(&w), "192.0.2.2"), "ro");
        end(&w);
    }
}

/* The array may know the address in the form that Manila has. */
static void
other_form(void **state)
{
    static const struct mn_access_rule long_one = {"1", "ip", "192.0.2.1/32",
                                                   "rw"};
    const struct mn_rules one = {&long_one, 1};
    struct world w;
    (void)state;
    begin(&w);
    fake_fault_add(&w.array, (struct fake_fault){.method = "shareDenyAccess",
                                                 .skip = 1,
                                                 .times = 1,
                                                 .status = 500,
                                                 .body = "no network"});
    assert_told(&w, apply(&w, none, none, one, none), DENY DENY);
    fake_fault_add(&w.array, (struct fake_fault){.method = "shareDenyAccess",
                                                 .skip = 1,
                                                 .times = 1,
                                                 .status = 401,
                                                 .body = ""});
    assert_int_equal(apply(&w, none, none, one, none), MN_EAUTH);
    end(&w);
}

/* Cut off in the middle: nothing wrong is taken for certain. */
static void
cut_off(void **state)
{
    const struct mn_rules one = {&reader, 1};
    struct world w;
    (void)state;
    begin(&w);
    keep(&w, "1", "rw ip 192.0.2.1");
    keep(&w, "2", "rw ip 192.0.2.2");
    fake_fault_add(&w.array, (struct fake_fault){.method = "shareAllowAccess",
                                                 .times = 1,
                                                 .code = MN_ECANCELED,
                                                 .unsent = true});
    assert_int_equal(apply(&w, one, none, none, one), MN_ECANCELED);
    assert_kept(&w, "1", "rw ip 192.0.2.1");
    assert_kept(&w, "2", "?? ip 192.0.2.2");
    end(&w);
}

/* A managed share is where its export location leads. */
static void
elsewhere(void **state)
{
    const struct mn_rules one = {&writer, 1};
    struct world w;
    (void)state;
    begin(&w);
    snprintf(share(&w)->name, sizeof share(&w)->name, "legacy");
    w.share.location = "192.0.2.20:/export/o/legacy";
    struct fake_share *there = fake_share_find(&w.array, "legacy");
    there->rules[there->rules_n++] =
        (struct fake_rule){.to = "192.0.2.1", .level = "rw"};
    keep(&w, "1", "rw ip 192.0.2.1");
    assert_int_equal(apply(&w, none, none, one, none), 0);
    assert_int_equal(there->rules_n, 0);
    assert_kept(&w, "1", "");
    end(&w);
}

/* Without a share nobody has access; but that there is none must be known. */
static void
gone(void **state)
{
    const struct mn_rules one = {&writer, 1};
    struct world w;
    (void)state;
    begin(&w);
    *share(&w)->name = '\0';
    fake_fault_add(&w.array, (struct fake_fault){.method = "listShares",
                                                 .skip = 1,
                                                 .times = 1,
                                                 .status = 500,
                                                 .body = "no"});
    assert_int_equal(apply(&w, none, none, one, none), MN_EREMOTE);
    mn_error_clear(&w.err);
    fake_rest_forget(&w.array);
    assert_int_equal(apply(&w, none, none, one, none), 0);
    end(&w);
}

/* A rule that Manila gives no ID can't be kept; it works all the same. */
static void
nameless(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    struct mn_access_rule rule = reader;
    rule.access_id = NULL;
    keep(&w, "2", "rw ip 192.0.2.2");
    assert_int_equal(resync(&w, &rule, 1), 0);
    assert_string_equal(fake_share_may(share(&w), "192.0.2.2"), "ro");
    assert_kept(&w, "2", "");
    end(&w);
}

static void
no_table(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    assert_int_equal(resync_both(&w), 0);
    w.broken = true;
    fake_rest_forget(&w.array);
    assert_int_equal(resync_both(&w), MN_ECANCELED);
    assert_int_equal(w.array.calls, 0);
    end(&w);
}

static void
deleted(void **state)
{
    struct world w;
    (void)state;
    begin(&w);
    assert_int_equal(resync_both(&w), 0);
    assert_int_equal(
        w.driver->vtable->delete_share(w.driver, &w.share, &w.err), 0);
    assert_kept(&w, "1", "");
    assert_kept(&w, "2", "");
    end(&w);
}

/* Nothing is certain of a share that was half made: all is taken away. */
static void
ensured_half_made(void **state)
{
    struct mn_ensure_result result = {0};
    struct world w;
    (void)state;
    begin(&w);
    assert_int_equal(resync_both(&w), 0);
    assert_int_equal(w.driver->vtable->ensure_shares(w.driver, &w.share, 1,
                                                     &result, &w.err),
                     0);
    mn_buf_dispose(&result.location);
    assert_true(result.reapply_access);
    assert_int_equal(share(&w)->rules_n, 0);
    assert_kept(&w, "1", "");
    assert_kept(&w, "2", "");
    end(&w);
}

static void
no_memory(void **state)
{
    bool failed = true;
    (void)state;
    for (unsigned long n = 1; failed; n++) {
        struct world w;
        begin(&w);
        have_rule(&w, "192.0.2.1", "rw");
        have_rule(&w, "192.0.2.2", "rw");
        have_rule(&w, "192.0.2.9", "ro");
        keep(&w, "0", "rw ip 192.0.2.1");
        keep(&w, "2", "rw ip 192.0.2.2");
        keep(&w, "3", "ro ip 192.0.2.9");
        mn_alloc_fail_at(n);
        int rc = resync_both(&w);
        failed = mn_alloc_failed();
        mn_alloc_fail_at(0);
        assert_true(rc == 0 || (failed && rc == MN_ENOMEM));
        mn_error_clear(&w.err);
        assert_int_equal(rc ? resync_both(&w) : 0, 0);
        assert_string_equal(fake_share_may(share(&w), "192.0.2.2"), "ro");
        assert_null(fake_share_may(share(&w), "192.0.2.9"));
        assert_kept(&w, "1", "rw ip 192.0.2.1");
        assert_kept(&w, "2", "ro ip 192.0.2.2");
        assert_kept(&w, "3", "");
        end(&w);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(certain),
        cmocka_unit_test(uncertain),
        cmocka_unit_test(past),
        cmocka_unit_test(single),
        cmocka_unit_test(other_level),
        cmocka_unit_test(still_wanted),
        cmocka_unit_test(other_form),
        cmocka_unit_test(cut_off),
        cmocka_unit_test(two_levels),
        cmocka_unit_test(refused),
        cmocka_unit_test(long_text),
        cmocka_unit_test(elsewhere),
        cmocka_unit_test(gone),
        cmocka_unit_test(nameless),
        cmocka_unit_test(no_table),
        cmocka_unit_test(deleted),
        cmocka_unit_test(ensured_half_made),
        cmocka_unit_test(no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
