/* SPDX-License-Identifier: Apache-2.0 */
/*
 * knfs against the real exportfs(8), in a mount namespace of its own with
 * private exports files and a private table. What the plans rely on is
 * checked here: the forms of arguments, the file's syntax, fsid=<uuid>, and
 * that the table takes the order of the file.
 */
#include "testlib.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gpfs/helper.h"
#include "nfs/exports.h"
#include "real_executor.h"

#define ID "0d7df0c0-4792-4e2a-9c8c-68dc7206a164"
#define FILE_ "/etc/exports.d/manila-share-1.exports"

struct world {
    struct real real;
    struct mn_gpfs_node node;
    struct mn_nfs_helper *h;
    struct mn_nfs_export share;
    char path[200];
    struct mn_access_rule rules[8];
    struct mn_rule_state states[8];
    struct mn_error err;
    char log[4096];
};

static const char *skip_reason;

static void
write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* An overlay, so that the rest of /etc stays. */
static const char *
enter_namespace(void)
{
    char root[] = "/tmp/mn-exportfs-XXXXXX";
    char options[200];
    if (geteuid() != 0) {
        return "not root";
    }
    if (access("/usr/sbin/exportfs", X_OK) != 0) {
        return "no /usr/sbin/exportfs (package nfs-kernel-server)";
    }
    if (unshare(CLONE_NEWNS) != 0
        || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return "mount namespaces are not allowed here";
    }
    /* all of /tmp, so that nothing is left behind */
    if (mount("none", "/tmp", "tmpfs", 0, NULL) != 0 || !mkdtemp(root)) {
        return "no tmpfs";
    }
    assert_int_equal(chdir(root), 0);
    mkdir("u", 0755);
    mkdir("w", 0755);
    snprintf(options, sizeof options,
             "lowerdir=/etc,upperdir=%s/u,workdir=%s/w", root, root);
    if (mount("overlay", "/etc", "overlay", 0, options) != 0
        || mount("none", "/var/lib/nfs", "tmpfs", 0, NULL) != 0) {
        return "no overlay file system";
    }
    return NULL;
}

static void
keep_log(void *ctx, enum mn_log_level level, const char *text)
{
    struct world *w = ctx;
    size_t n = strlen(w->log);
    snprintf(w->log + n, sizeof w->log - n, "%d %s\n", (int)level, text);
}

static int
setup(void **state)
{
    struct world *w = mn_calloc(1, sizeof *w);
    *state = w;
    if (skip_reason) {
        return 0;
    }
    setenv("PATH", "/usr/sbin:/usr/bin:/sbin:/bin", 1);
    assert_int_equal(system("rm -rf /etc/exports.d /var/lib/nfs/*"), 0);
    write_file("/etc/exports", "");
    write_file("/var/lib/nfs/etab", "");
    snprintf(w->path, sizeof w->path, "/tmp/base");
    mkdir("/tmp/base", 0755);
    real_init(&w->real);
    w->real.base.host = NULL;
    w->node = (struct mn_gpfs_node){"here", &w->real.base};
    struct mn_nfs_helper_config config = {.servers = &w->node,
                                          .servers_n = 1,
                                          .export_options =
                                              "sync,no_root_squash",
                                          .log = {keep_log, w}};
    assert_int_equal(mn_knfs_new(&config, &w->h, &w->err), 0);
    w->share =
        (struct mn_nfs_export){.path = w->path, .id = ID, .name = "share-1"};
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;
    mn_nfs_helper_free(w->h);
    mn_free(w);
    return 0;
}

#define SKIP_IF_MUST()                                   \
    do {                                                 \
        if (skip_reason) {                               \
            print_message("skipped: %s\n", skip_reason); \
            skip();                                      \
        }                                                \
    } while (0)

static void
set(struct world *w, size_t i, const char *to, const char *level)
{
    w->rules[i] = (struct mn_access_rule){to, "ip", to, level};
}

static int
update(struct world *w, size_t all, size_t added)
{
    struct mn_rules none = {0};
    struct mn_rules rules = {w->rules, all};
    struct mn_rules add = {w->rules, added};
    w->real.plans = 0;
    w->log[0] = '\0';
    mn_error_clear(&w->err);
    return w->h->vtable->update_access(w->h, &w->share, rules, add, none, none,
                                       w->states, &w->err);
}

static char *
output_of(const char *command)
{
    static char text[65536];
    FILE *p = popen(command, "r");
    size_t n = fread(text, 1, sizeof text - 1, p);
    text[n] = '\0';
    pclose(p);
    return text;
}

static void
assert_before(const char *text, const char *first, const char *second)
{
    const char *a = strstr(text, first);
    const char *b = strstr(text, second);
    if (!a || !b || a > b) {
        fail_msg("'%s' is not before '%s' in:\n%s", first, second, text);
    }
}

static void
all_kinds_of_clients(void **state)
{
    struct world *w = *state;
    SKIP_IF_MUST();
    set(w, 0, "10.0.0.1", "rw");
    set(w, 1, "10.0.0.0/8", "ro");
    set(w, 2, "2001:db8::1", "ro");
    set(w, 3, "2001:db8:1::/64", "rw");
    set(w, 4, "0.0.0.0/0", "ro");
    set(w, 5, "::/0", "ro");
    if (update(w, 6, 6)) {
        fail_msg("%s", w->err.text);
    }
    for (int i = 0; i < 6; i++) {
        assert_string_equal(w->states[i].text, "");
    }
    assert_int_equal(w->real.plans, 1);
    assert_contains(output_of("exportfs -s"), "fsid=" ID);
    /* what a reboot does: only the files are left */
    output_of("exportfs -ua; exportfs -ra 2>/tmp/ra");
    assert_string_equal(output_of("cat /tmp/ra"), "");
    assert_int_equal(update(w, 6, 0), 0);
    assert_int_equal(w->real.plans, 1);
    assert_contains(w->log, "unchanged");
    assert_int_equal(w->h->vtable->remove_export(w->h, &w->share, NULL), 0);
    assert_string_equal(output_of("exportfs -s"), "");
    assert_int_not_equal(access(FILE_, F_OK), 0);
}

/* The more specific one comes later, with the other level. */
static void
order_of_the_file(void **state)
{
    struct world *w = *state;
    SKIP_IF_MUST();
    set(w, 0, "10.0.0.0/8", "rw");
    assert_int_equal(update(w, 1, 1), 0);
    set(w, 1, "10.0.0.0/8", "rw");
    set(w, 0, "10.1.0.0/16", "ro");
    assert_int_equal(update(w, 2, 1), 0);
    assert_int_equal(w->real.plans, 1);
    assert_before(output_of("cat /var/lib/nfs/etab"), "10.1.0.0/16(ro",
                  "10.0.0.0/8(rw");
    /* one in between, later still */
    set(w, 2, "10.0.0.0/8", "rw");
    set(w, 1, "10.1.0.0/16", "ro");
    set(w, 0, "10.0.0.0/12", "rw");
    assert_int_equal(update(w, 3, 1), 0);
    const char *etab = output_of("cat /var/lib/nfs/etab");
    assert_before(etab, "10.1.0.0/16(ro", "10.0.0.0/12(rw");
    assert_before(etab, "10.0.0.0/12(rw", "10.0.0.0/8(rw");
    assert_int_equal(w->real.plans, 1);
}

/* The order is wrong in the table: found, and mended without a gap. */
static void
wrong_order_is_mended(void **state)
{
    struct world *w = *state;
    SKIP_IF_MUST();
    set(w, 0, "10.1.0.0/16", "ro");
    set(w, 1, "10.0.0.0/8", "rw");
    assert_int_equal(update(w, 2, 2), 0);
    output_of("tac /var/lib/nfs/etab > /tmp/e; cp /tmp/e /var/lib/nfs/etab");
    assert_before(output_of("exportfs -s"), "10.0.0.0/8(", "10.1.0.0/16(");
    assert_int_equal(update(w, 2, 0), 0);
    assert_int_equal(w->real.plans, 2);
    assert_before(output_of("cat /var/lib/nfs/etab"), "10.1.0.0/16(ro",
                  "10.0.0.0/8(rw");
}

/* Levels and options change in place; -s does not show "insecure", so that
   only the file can bring it. */
static void
options_change_in_place(void **state)
{
    struct world *w = *state;
    SKIP_IF_MUST();
    set(w, 0, "10.0.0.1", "rw");
    set(w, 1, "10.0.0.2", "rw");
    assert_int_equal(update(w, 2, 2), 0);
    w->rules[0].access_level = "ro";
    w->share.export_options = "insecure,async";
    assert_int_equal(update(w, 2, 1), 0);
    const char *etab = output_of("cat /var/lib/nfs/etab");
    assert_contains(etab, "10.0.0.1(ro,async,");
    assert_contains(etab, "10.0.0.2(rw,async,");
    assert_lacks(etab, ",secure,");
}

static void
hostile_path(void **state)
{
    struct world *w = *state;
    SKIP_IF_MUST();
    snprintf(w->path, sizeof w->path, "/tmp/base/a b\"'#\\(é)$(id);:[x]");
    mkdir(w->path, 0755);
    set(w, 0, "10.0.0.1", "rw");
    set(w, 1, "2001:db8:1::/64", "ro");
    assert_int_equal(update(w, 2, 2), 0);
    assert_string_equal(w->states[0].text, "");
    assert_string_equal(w->states[1].text, "");
    assert_int_equal(w->real.plans, 1);
    output_of("exportfs -ua; exportfs -ra 2>/tmp/ra");
    assert_string_equal(output_of("cat /tmp/ra"), "");
    assert_int_equal(update(w, 2, 0), 0);
    assert_int_equal(w->real.plans, 1);
    assert_int_equal(w->h->vtable->remove_export(w->h, &w->share, NULL), 0);
    assert_string_equal(output_of("exportfs -s"), "");
}

static void
broken_foreign_files_do_not_matter(void **state)
{
    struct world *w = *state;
    SKIP_IF_MUST();
    mkdir("/etc/exports.d", 0755);
    write_file("/etc/exports", "/tmp 10.0.0.1(bogus)\n");
    write_file("/etc/exports.d/a.exports", "/tmp 10.0.0.1(rw\n");
    write_file("/etc/exports.d/z.exports", "((((\n");
    set(w, 0, "10.1.0.0/16", "ro");
    set(w, 1, "10.0.0.0/8", "rw");
    assert_int_equal(update(w, 2, 2), 0);
    assert_string_equal(w->states[0].text, "");
    assert_before(output_of("cat /var/lib/nfs/etab"), "10.1.0.0/16(ro",
                  "10.0.0.0/8(rw");
    unlink("/etc/exports");
    set(w, 2, "10.0.0.9", "rw");
    assert_int_equal(update(w, 3, 3), 0);
    assert_string_equal(w->states[2].text, "");
}

/* Somebody exports our path in a file of his own: his options win in every
   exportfs that does not name the client, which must be seen and mended. */
static void
foreign_file_for_our_path(void **state)
{
    struct world *w = *state;
    SKIP_IF_MUST();
    mkdir("/etc/exports.d", 0755);
    write_file("/etc/exports", "/tmp/base 10.0.0.1(rw,no_subtree_check)\n");
    set(w, 0, "10.0.0.1", "ro");
    assert_int_equal(update(w, 1, 0), 0);
    assert_int_equal(w->states[0].code, 0);
    assert_contains(output_of("cat /var/lib/nfs/etab"), "10.0.0.1(ro,");
    /* another share's export brings the foreign options back */
    output_of("exportfs -o ro,no_subtree_check 10.0.0.7:/tmp");
    assert_contains(output_of("cat /var/lib/nfs/etab"), "10.0.0.1(rw,");
    assert_int_equal(update(w, 1, 0), 0);
    assert_int_equal(w->real.plans, 2);
    assert_contains(output_of("cat /var/lib/nfs/etab"), "10.0.0.1(ro,");
}

static void
extras_of_every_kind_go(void **state)
{
    struct world *w = *state;
    SKIP_IF_MUST();
    output_of("exportfs -o rw,no_subtree_check '*:/tmp/base' "
              "'@grp:/tmp/base' '*.example.org:/tmp/base' "
              "10.0.0.0/255.0.0.0:/tmp/base '10.7.7.7/24:/tmp/base' "
              "'[2001:db8::]/32:/tmp/base' 10.0.0.5:/tmp");
    set(w, 0, "10.0.0.1", "rw");
    if (update(w, 1, 1)) {
        fail_msg("%s", w->err.text);
    }
    const char *list = output_of("exportfs -s");
    assert_contains(list, "/tmp/base  10.0.0.1(");
    assert_contains(list, "/tmp  10.0.0.5(");
    assert_lacks(list, "grp");
    assert_lacks(list, "*");
    assert_lacks(list, "255.");
    assert_lacks(list, "10.7");
    assert_lacks(list, "2001:");
}

/* A share that was let go and is managed again under another name: its former
   file must not bring anybody back. Nor another share's be touched. */
static void
file_of_a_former_name(void **state)
{
    struct world *w = *state;
    SKIP_IF_MUST();
    for (size_t rules = 0; rules < 2; rules++) {
        w->share.name = "share-0";
        set(w, 0, "10.0.0.66", "rw");
        assert_int_equal(update(w, 1, 1), 0);
        write_file("/etc/exports.d/manila-share-2.exports",
                   "\"/tmp/base/2\" 10.0.0.2(rw,no_subtree_check)\n");
        w->share.name = "share-1";
        set(w, 0, "10.0.0.1", "rw");
        assert_int_equal(update(w, rules, rules), 0);
        output_of("exportfs -ua; exportfs -ra");
        const char *list = output_of("exportfs -s");
        assert_lacks(list, "10.0.0.66");
        assert_contains(list, "/tmp/base/2  10.0.0.2(");
    }
}

static void
missing_directory(void **state)
{
    struct world *w = *state;
    SKIP_IF_MUST();
    snprintf(w->path, sizeof w->path, "/tmp/base/missing");
    set(w, 0, "10.0.0.1", "rw");
    assert_int_equal(update(w, 1, 1), 0);
    /* exportfs complains but keeps the entry; so does a reboot */
    assert_int_equal(w->states[0].code, 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(all_kinds_of_clients),
        T(order_of_the_file),
        T(wrong_order_is_mended),
        T(options_change_in_place),
        T(hostile_path),
        T(broken_foreign_files_do_not_matter),
        T(foreign_file_for_our_path),
        T(extras_of_every_kind_go),
        T(file_of_a_former_name),
        T(missing_directory),
    };
    skip_reason = enter_namespace();
    return cmocka_run_group_tests_name("gpfs/knfs with the real exportfs",
                                       tests, NULL, NULL);
}
