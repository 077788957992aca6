/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gnfs against the real NFS-Ganesha with a real D-Bus, in namespaces of its
 * own. What the plans rely on is checked here: what the daemon takes and
 * shows, what it leaves out of %dir, and that a restart brings the same
 * exports. FSAL GPFS is the stand-in of tests/backends/gpfs.
 */
#include "testlib.h"

#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gpfs/gnfs_plan.h"
#include "real_executor.h"

#define ID "0d7df0c0-4792-4e2a-9c8c-68dc7206a164"
#define DIR "/etc/ganesha/export.d"
#define MANAGER                                                 \
    "dbus-send --system --print-reply --dest=org.ganesha.nfsd " \
    "/org/ganesha/nfsd/ExportMgr org.ganesha.nfsd.exportmgr."

struct world {
    struct real real;
    struct mn_gpfs_node node;
    struct mn_nfs_helper *h;
    struct mn_nfs_export share;
    struct mn_access_rule rules[8];
    struct mn_rule_state states[8];
    struct mn_error err;
    char log[8192];
};

static const char *skip_reason;
static char source[4096];

static const char conf[] =
    "NFS_CORE_PARAM { Protocols = 4; Enable_NLM = false;\n"
    "  Enable_RQUOTA = false; Plugins_Dir = /tmp/plug; }\n"
    "NFSV4 { RecoveryRoot = /tmp/recov; RecoveryBackend = fs;\n"
    "  Graceless = true; Lease_Lifetime = 10; Only_Numeric_Owners = true; }\n"
    "NFS_KRB5 { Active_krb5 = false; }\n"
    "EXPORT_DEFAULTS { Access_Type = None; Protocols = 4;\n"
    "  Transports = TCP; SecType = sys; }\n"
    "%dir " DIR "\n";

static const char bus[] =
    "<busconfig><type>system</type>\n"
    "<listen>unix:path=/run/dbus/system_bus_socket</listen>\n"
    "<auth>EXTERNAL</auth><policy context=\"default\">\n"
    "<allow user=\"*\"/><allow own=\"*\"/><allow send_type=\"*\"/>\n"
    "<allow send_destination=\"*\"/><allow receive_type=\"*\"/>\n"
    "<allow send_requested_reply=\"true\" send_type=\"*\"/>\n"
    "</policy></busconfig>\n";

static void
write_file(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
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

static const char *
enter_namespace(void)
{
    if (geteuid() != 0) {
        return "not root";
    }
    if (access("/usr/bin/ganesha.nfsd", X_OK) != 0
        || access("/usr/bin/dbus-daemon", X_OK) != 0
        || access("/usr/bin/dbus-send", X_OK) != 0) {
        return "no NFS-Ganesha or D-Bus";
    }
    if (system("ganesha.nfsd -v | grep -q 'V[1-4][.]'") != 0) {
        return "this NFS-Ganesha exports no tmpfs";
    }
    if (!realpath("../backends/gpfs/fsalgpfs.c", source)) {
        return "no stand-in for FSAL GPFS";
    }
    if (unshare(CLONE_NEWNS | CLONE_NEWNET) != 0
        || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0) {
        return "namespaces are not allowed here";
    }
    if (mount("none", "/tmp", "tmpfs", 0, NULL) != 0
        || mount("none", "/run", "tmpfs", 0, NULL) != 0) {
        return "no tmpfs";
    }
    if (system("mkdir -p /tmp/u /tmp/w /tmp/plug /tmp/recov /run/dbus "
               "&& mount -t overlay -o lowerdir=/etc,upperdir=/tmp/u,"
               "workdir=/tmp/w none /etc && mkdir -p " DIR
               " && { test -e /etc/mtab || "
               "ln -s /proc/self/mounts /etc/mtab; }"
               " && ip link set lo up")
        != 0) {
        return "no overlay file system";
    }
    return NULL;
}

/* The plugin, the bus. */
static const char *
prepare(void)
{
    char command[9000];
    snprintf(command, sizeof command,
             "d=$(dirname $(ls /usr/lib*/*/ganesha/libfsalvfs.so "
             "/usr/lib*/ganesha/libfsalvfs.so 2>/dev/null | head -1)) && "
             "cc -shared -fPIC -O2 -o /tmp/plug/libfsalgpfs.so %s "
             "-Wl,--no-as-needed -L$d -l:libfsalvfs.so -Wl,-rpath,$d "
             "-Wl,--allow-shlib-undefined",
             source);
    if (system(command) != 0) {
        return "the stand-in for FSAL GPFS can't be built";
    }
    write_file("/tmp/bus.conf", bus);
    write_file("/etc/ganesha/ganesha.conf", conf);
    if (system("dbus-daemon --config-file=/tmp/bus.conf --fork "
               "--nopidfile --print-pid >/tmp/bus.pid 2>/dev/null")
        != 0) {
        return "no D-Bus daemon";
    }
    return NULL;
}

/* Returns once it answers. */
static void
start(void)
{
    assert_int_equal(
        system("ganesha.nfsd -L /tmp/log -f /etc/ganesha/ganesha.conf -N "
               "NIV_EVENT -p /tmp/ganesha.pid && i=0; until " MANAGER
               "ShowExports >/dev/null 2>&1; do i=$((i+1)); "
               "[ $i -lt 2400 ] || exit 1; sleep 0.05; done"),
        0);
}

static void
stop(void)
{
    assert_int_equal(system("p=$(cat /tmp/ganesha.pid) && kill $p && while "
                            "kill -0 $p 2>/dev/null; do sleep 0.05; done"),
                     0);
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
    mkdir("/tmp/base", 0755);
    mkdir("/tmp/base/a \"b\" \\c", 0755);
    mkdir("/tmp/base/two", 0755);
    real_init(&w->real);
    w->real.base.host = NULL;
    w->node = (struct mn_gpfs_node){"here", &w->real.base};
    struct mn_nfs_helper_config config = {
        .servers = &w->node,
        .servers_n = 1,
        .export_options = "squash=no_root_squash,Protocols=4",
        .log = {keep_log, w}};
    assert_int_equal(mn_gnfs_new(&config, &w->h, &w->err), 0);
    w->share = (struct mn_nfs_export){
        .path = "/tmp/base/a \"b\" \\c", .id = ID, .name = "share-1"};
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
update(struct world *w, size_t n)
{
    struct mn_rules all = {w->rules, n};
    struct mn_rules none = {0};
    w->real.plans = 0;
    w->log[0] = '\0';
    mn_error_clear(&w->err);
    return w->h->vtable->update_access(w->h, &w->share, all, none, none, none,
                                       w->states, &w->err);
}

static void
assert_good(struct world *w, size_t n)
{
    if (update(w, n)) {
        fail_msg("%s", w->err.text);
    }
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(w->states[i].text, "");
    }
}

static char *
display(const char *id)
{
    char command[300];
    snprintf(command, sizeof command, MANAGER "DisplayExport uint16:%s 2>&1",
             id);
    return output_of(command);
}

static void
all_kinds_of_clients(void **state)
{
    struct world *w = *state;
    char id[16];
    SKIP_IF_MUST();
    snprintf(id, sizeof id, "%u", mn_gnfs__first_id(ID));
    set(w, 0, "10.0.0.1", "rw");
    set(w, 1, "10.0.0.0/8", "ro");
    set(w, 2, "2001:db8::1", "ro");
    set(w, 3, "2001:db8::/99", "rw");
    set(w, 4, "0.0.0.0/0", "rw");
    set(w, 5, "::/0", "ro");
    assert_good(w, 6);
    assert_int_equal(w->real.plans, 2);
    assert_contains(display(id), "2001:db8::/99");
    assert_lacks(display(id), "\"*\"");
    assert_good(w, 6);
    assert_int_equal(w->real.plans, 1);
    assert_contains(w->log, "unchanged");
    w->rules[0].access_level = "ro";
    assert_good(w, 2);
    assert_int_equal(w->real.plans, 1);
    assert_lacks(display(id), "2001");
    /* a start brings the same */
    stop();
    start();
    assert_good(w, 2);
    assert_contains(w->log, "unchanged");
}

static void
gone_daemon(void **state)
{
    struct world *w = *state;
    SKIP_IF_MUST();
    set(w, 0, "10.0.0.9", "rw");
    stop();
    assert_int_equal(update(w, 1), MN_EREMOTE);
    assert_contains(w->err.text, "here: ");
    start();
    assert_good(w, 1);
    assert_contains(w->log, "unchanged");
    stop();
    assert_int_equal(update(w, 0), MN_EREMOTE);
    start();
    assert_good(w, 0);
    assert_string_equal(output_of("ls " DIR), "");
    assert_string_equal(output_of("ls " DIR "/.manila-native"), "");
    assert_lacks(output_of(MANAGER "ShowExports"), "/tmp/base");
}

/* Files of others, half-written ones of ours, numbers that are taken. */
static void
bad_company(void **state)
{
    struct world *w = *state;
    char text[400];
    char id[16];
    SKIP_IF_MUST();
    unsigned first = mn_gnfs__first_id(ID);
    snprintf(text, sizeof text,
             "EXPORT { Export_Id = %u; Path = /tmp/base/two; Pseudo = /two; "
             "FSAL { Name = GPFS; } }\n",
             first);
    write_file(DIR "/operator.conf", text);
    assert_int_equal(system("mkdir -p " DIR "/.manila-native"), 0);
    write_file(DIR "/.manila-native/share-1.new", "EXPORT { Path = \"");
    stop();
    start();
    set(w, 0, "10.0.0.1", "rw");
    assert_good(w, 1);
    snprintf(id, sizeof id, "%u", first);
    assert_contains(display(id), "/tmp/base/two");
    snprintf(id, sizeof id, "%u", mn_gnfs__next_id(first));
    assert_contains(display(id), "10.0.0.1/32");
    /* lost by the daemon: the file brings it back */
    char command[300];
    snprintf(command, sizeof command, MANAGER "RemoveExport uint16:%s", id);
    output_of(command);
    struct mn_nfs_ensure v = {.export = w->share};
    assert_int_equal(w->h->vtable->ensure(w->h, &v, 1, &w->err), 0);
    assert_true(v.repaired);
    assert_string_equal(v.err.text, "");
    assert_contains(display(id), "10.0.0.1/32");
    assert_int_equal(w->h->vtable->check(w->h, &w->err), 0);
    assert_good(w, 0);
    assert_contains(output_of(MANAGER "ShowExports"), "/tmp/base/two");
    assert_int_equal(unlink(DIR "/operator.conf"), 0);
}

/* For releases without %dir: kept if the operator has it. */
static void
index_file(void **state)
{
    struct world *w = *state;
    SKIP_IF_MUST();
    write_file(DIR "/INDEX.conf", "");
    set(w, 0, "10.0.0.1", "rw");
    assert_good(w, 1);
    assert_string_equal(output_of("cat " DIR "/INDEX.conf"),
                        "%include \"" DIR "/share-1.conf\"\n");
    assert_good(w, 0);
    assert_string_equal(output_of("cat " DIR "/INDEX.conf"), "");
    assert_int_equal(unlink(DIR "/INDEX.conf"), 0);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(all_kinds_of_clients),
        T(gone_daemon),
        T(bad_company),
        T(index_file),
    };
    skip_reason = enter_namespace();
    skip_reason = skip_reason ? skip_reason : prepare();
    if (!skip_reason) {
        start();
    }
    int failed = cmocka_run_group_tests_name(
        "gpfs/gnfs with the real NFS-Ganesha", tests, NULL, NULL);
    if (!skip_reason) {
        stop();
        output_of("kill $(cat /tmp/bus.pid)");
    }
    return failed;
}
