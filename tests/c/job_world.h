/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The script of long jobs, run for real by the shells of this machine on
 * directories of a temporary place: $T, with the source $T/src, the target
 * $G, the job's directory $J, and mm commands in $T/bin.
 */
#ifndef JOB_WORLD_H
#define JOB_WORLD_H

#include "testlib.h"

#include <stdlib.h>
#include <unistd.h>

#include "gpfs/jobs.h"
#include "real_executor.h"

#define ID "0d7df0c0-4792-4e2a-9c8c-68dc7206a164"

struct world {
    struct real real;
    char top[64];
    char base[128];
    char source[128];
    char target[128];
    char bin[128];
    char *path; /* PATH as it was */
    struct mn_job_spec spec;
    struct mn_error err;
    struct mn_job_report report;
    char said[4096]; /* by the last shell() */
};

/* Run a piece of shell with $T for the temporary place and $J for the job's
   directory. Its exit status. */
static inline int
shell(struct world *w, const char *text)
{
    struct mn_plan plan = MN_PLAN_INIT;
    struct mn_result result = MN_RESULT_INIT;
    mn_plan_run(&plan, "/bin/sh", "-c", text, NULL)->accept_any = true;
    assert_int_equal(mn_exec_run(&w->real.base, &plan, &result, NULL), 0);
    int status = result.steps[0].status;
    snprintf(w->said, sizeof w->said, "%.*s%.*s",
             MN_SLICE_ARG(result.steps[0].out),
             MN_SLICE_ARG(result.steps[0].err));
    mn_result_dispose(&result);
    mn_plan_dispose(&plan);
    return status;
}

static inline void
must(struct world *w, const char *text)
{
    if (shell(w, text) != 0) {
        fail_msg("%s: %s", text, w->said);
    }
}

/* Until it holds, but not for ever. */
static inline void
wait_until(struct world *w, const char *text)
{
    for (int i = 0; i < 6000; i++) {
        if (shell(w, text) == 0) {
            return;
        }
        usleep(50000);
    }
    shell(w, "cat $J/log; ls -lR $J");
    fail_msg("never: %s\n%s", text, w->said);
}

static const char make_source[] =
    "cd $T/src && echo one >one && ln one two && ln -s 'no where' link &&"
    "mkdir -p 'a b/c' && echo $$ >'a b/c/quo\"te' && mkfifo pipe &&"
    "truncate -s 5M sparse && echo end >>sparse && chmod 4711 one &&"
    "chown 1234:4321 one 'a b' && chmod 1750 'a b' && chmod 2751 . &&"
    "chown 77:88 . && touch -d 2001-02-03T04:05:06.789 one 'a b/c' . &&"
    "echo nl >'new\nline' && : >-dash && setfattr -n user.k -v v one;"
    "setfacl -m u:55:r one && setfacl -d -m u:56:rwx 'a b';"
    "find . ! -name one ! -name c -exec touch -h -d '1 hour ago' {} +";

/* mm commands that know NFSv4 ACLs, kept where rsync does not look: its -X
   leaves out what is "user.rsync.%". Who has none has his mode. */
static const char make_mm[] =
    "echo posix >$T/semantics && cat >$T/bin/mmlsfs <<'EOF' &&\n"
    "#!/bin/sh\n"
    "[ \"$*\" = 'gpfs0 -k -Y' ] || exit 1\n"
    "echo mmlsfs::0:1:::gpfs0:ACLSemantics:$(cat $T/semantics)::\n"
    "EOF\n"
    "cat >$T/bin/mmgetacl <<'EOF' && cat >$T/bin/mmputacl <<'EOF' &&\n"
    "#!/bin/sh\n"
    "echo get >>$T/calls\n"
    "case $3 in \"$G\"/*lost | ./*lost) rm \"$3\" ;; esac\n"
    "stat -c %a -- \"$3\" >\"$2\" || exit\n"
    "getfattr --only-values -n user.rsync.%acl -- \"$3\" >>\"$2\" "
    "2>/dev/null\n"
    "exit 0\n"
    "EOF\n"
    "#!/bin/sh\n"
    "echo put >>$T/calls\n"
    "case $3 in */held) while [ -e $T/hold2 ]; do : >$T/held2; sleep 0.05;"
    " done ;; */bad*)\n"
    "echo 'mmputacl: not permitted' >&2\n"
    "echo 'mmputacl: Command failed. Examine previous error messages' >&2\n"
    "exit 1 ;; esac\n"
    "setfattr -n user.rsync.%acl -v \"$(sed 1d \"$2\")\" -- \"$3\"\n"
    "EOF\n"
    "chmod 755 $T/bin/mm*";

static inline int
setup(void **state)
{
    struct world *w = mn_calloc(1, sizeof *w);
    const char *tmp = getenv("TMPDIR");
    real_init(&w->real);
    w->path = mn_strdup(getenv("PATH"));
    snprintf(w->top, sizeof w->top, "%.40s/mn-jobs-XXXXXX",
             tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(w->top));
    snprintf(w->base, sizeof w->base, "%s/base dir", w->top);
    snprintf(w->source, sizeof w->source, "%s/src", w->top);
    snprintf(w->target, sizeof w->target, "%s/base dir/it's", w->top);
    snprintf(w->bin, sizeof w->bin, "%s/bin", w->top);
    setenv("T", w->top, 1);
    setenv("G", w->target, 1);
    char dir[256];
    snprintf(dir, sizeof dir, "%s/.manila-jobs/" ID, w->base);
    setenv("J", dir, 1);
    must(w, "mkdir -p \"$G/.snapshots/s\" $T/src $T/bin $T/shim &&"
            "echo keep >\"$G/.snapshots/s/keep\"");
    must(w, make_source);
    must(w, make_mm);
    w->spec = (struct mn_job_spec){.base = w->base,
                                   .share_id = ID,
                                   .device = "gpfs0",
                                   .fileset = "share-1",
                                   .snapshot = "snap-1",
                                   .source = w->source,
                                   .target = w->target,
                                   .snapshot_dir = ".snapshots",
                                   .expect_kib = 4711,
                                   .beat_s = "0.2",
                                   .bin = w->bin};
    *state = w;
    return 0;
}

static inline int
teardown(void **state)
{
    struct world *w = *state;
    setenv("PATH", w->path, 1);
    shell(w, "for p in \"$J\"/a*/pid \"$J\"/a*/worker; do"
             " kill -9 -$(cat \"$p\"); done; umount -l $T/small;"
             " rm -rf -- \"$T\"");
    mn_free(w->path);
    mn_free(w);
    return 0;
}

static inline int
start(struct world *w)
{
    struct mn_plan plan = MN_PLAN_INIT;
    struct mn_result result = MN_RESULT_INIT;
    mn_job_add_start(&plan, &w->spec)->accept_any = true;
    assert_int_equal(mn_exec_run(&w->real.base, &plan, &result, NULL), 0);
    int status = result.steps[0].status;
    snprintf(w->said, sizeof w->said, "%.*s",
             MN_SLICE_ARG(result.steps[0].err));
    mn_result_dispose(&result);
    mn_plan_dispose(&plan);
    return status;
}

static inline enum mn_job_status
poll_job(struct world *w, unsigned wait_s)
{
    struct mn_plan plan = MN_PLAN_INIT;
    struct mn_result result = MN_RESULT_INIT;
    mn_job_add_poll(&plan, w->base, ID, wait_s);
    assert_int_equal(mn_exec_run(&w->real.base, &plan, &result, NULL), 0);
    int rc = mn_job_read(&result, &plan, 0, "here", &w->report, &w->err);
    if (rc) {
        fail_msg("%s", w->err.text);
    }
    mn_result_dispose(&result);
    mn_plan_dispose(&plan);
    return w->report.state.status;
}

static inline void
reaches(struct world *w, enum mn_job_status status)
{
    poll_job(w, 120);
    if (w->report.state.status != status) {
        shell(w, "cat \"$J/log\" \"$J\"/a*/out; ls -lR \"$J\"");
        fail_msg("status %d: %s\n%s", (int)w->report.state.status,
                 w->report.state.text, w->said);
    }
}

static inline int
stop(struct world *w)
{
    struct mn_plan plan = MN_PLAN_INIT;
    struct mn_result result = MN_RESULT_INIT;
    mn_job_add_stop(&plan, w->base, ID);
    assert_int_equal(mn_exec_run(&w->real.base, &plan, &result, NULL), 0);
    int at = result.stopped_at;
    mn_result_dispose(&result);
    mn_plan_dispose(&plan);
    return at < 0 ? 0 : 1;
}

/* Everything that a copy must keep, of both trees. */
static const char same_trees[] =
    "look() { cd \"$1\" && find . -path ./.snapshots -prune -o -printf "
    "'%p %y %m %U %G %l ' \\( -type d -printf '%T@\\n' -o -printf "
    "'%s %n %T@\\n' \\) | sort &&"
    "find . -path ./.snapshots -prune -o -type f -exec cksum {} + | sort &&"
    "getfacl -Rpn . 2>/dev/null | grep -v snapshots | grep -e :55: -e :56:;"
    "getfattr -n user.k one 2>/dev/null; true; };"
    "(look $T/src) >$T/l1; (look \"$G\") >$T/l2; diff $T/l1 $T/l2 &&"
    "[ \"$G/one\" -ef \"$G/two\" ] && [ -e \"$G/.snapshots/s/keep\" ] &&"
    "[ $(stat -c %b \"$G/sparse\") -lt 1000 ]";

static inline void
use_path(struct world *w, const char *dir)
{
    char path[4096];
    if (strcmp(dir, "shim") == 0) {
        snprintf(path, sizeof path, "%s/shim:%s", w->top, w->path);
    }
    else {
        snprintf(path, sizeof path, "%s/%s", w->top, dir);
    }
    setenv("PATH", path, 1);
}

#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
