/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The script of long jobs, run for real by the shells of this machine on
 * directories of a temporary place: what is copied, what happens when the
 * work, its watcher or the target dies, and that nothing begins twice.
 */
#include "job_world.h"

static void
copies(struct world *w)
{
    assert_int_equal(poll_job(w, 0), MN_JOB_NONE);
    assert_int_equal(start(w), 0);
    reaches(w, MN_JOB_DONE);
    assert_int_equal(w->report.expect_kib, 4711);
    must(w, same_trees);
    must(w, "[ ! -s $J/log ] 2>/dev/null || [ ! -s \"$J/log\" ]");
    assert_int_equal(stop(w), 0);
    assert_int_equal(poll_job(w, 0), MN_JOB_NONE);
    must(w, "[ -z \"$(ls -A \"$J/..\")\" ]");
    must(w, same_trees);
}

/* Only what the script may rely on, without rsync. */
static const char few_tools[] =
    "mkdir $T/few && for p in sh mktemp cat mkdir mv rm stat touch date uname "
    "tr grep sed cmp cp tar find head tail cut sleep setsid nice ionice sync "
    "rmdir test truncate getfacl getfattr sort cksum diff ls chmod env; do "
    "q=/usr/bin/$p; [ -x $q ] || q=/bin/$p; [ -x $q ] && ln -s \"$q\" "
    "$T/few/$p; done; true";

static void
rsync_copies(void **state)
{
    struct world *w = *state;
    if (shell(w, "command -v rsync") != 0) {
        skip();
    }
    copies(w);
}

static void
bash_copies(void **state)
{
    struct world *w = *state;
    if (shell(w, "command -v bash && ln -s $(command -v bash) $T/shim/sh")) {
        skip();
    }
    use_path(w, "shim");
    copies(w);
}

static void
cp_copies(void **state)
{
    struct world *w = *state;
    must(w, few_tools);
    use_path(w, "few");
    copies(w);
}

static void
tar_copies(void **state)
{
    struct world *w = *state;
    must(w, few_tools);
    must(w, "rm $T/few/cp && printf '#!/bin/sh\\necho no\\nexit 1\\n' "
            ">$T/few/cp && chmod 755 $T/few/cp");
    use_path(w, "few");
    copies(w);
}

/* What the tar that reads could not read is missing in the copy. */
static void
tar_reads_badly(void **state)
{
    struct world *w = *state;
    must(w, few_tools);
    must(w, "real=$(readlink $T/few/tar) && rm $T/few/cp $T/few/tar &&"
            "printf '#!/bin/sh\necho no\nexit 1\n' >$T/few/cp &&"
            "printf '#!/bin/sh\n%s \"$@\" || exit\ncase $* in *-cf*) "
            "echo unreadable >&2; exit 2 ;; esac\n' \"$real\" >$T/few/tar &&"
            "chmod 755 $T/few/cp $T/few/tar");
    use_path(w, "few");
    assert_int_equal(start(w), 0);
    reaches(w, MN_JOB_FAILED);
    assert_string_equal(w->report.state.text, "unreadable");
}

/* An rsync that waits while $T/hold is there, in the middle of its work. */
static void
hold(struct world *w)
{
    must(w, "printf '#!/bin/sh\\n: >>$T/held\\n"
            "if [ -e $T/hold ]; then echo junk >extra; echo x >.one.tmp;"
            " while [ -e $T/hold ]; do sleep 0.05; done; fi\\n"
            "PATH=${PATH#*:}\\n"
            "if command -v rsync >/dev/null; then exec rsync \"$@\"; fi\\n"
            "rm -f extra .one.tmp; cp -a --sparse=always $T/src/. .\\n'"
            " >$T/shim/rsync && chmod 755 $T/shim/rsync && : >$T/hold");
    use_path(w, "shim");
}

static void
goes_on_after_its_node_died(void **state)
{
    struct world *w = *state;
    hold(w);
    assert_int_equal(start(w), 0);
    wait_until(w, "[ -e $T/held ]");
    assert_int_equal(poll_job(w, 0), MN_JOB_COPYING);
    must(w, "kill -9 -$(cat \"$J/a1/pid\") -$(cat \"$J/a1/worker\") &&"
            "touch -d '2 minutes ago' \"$J/a1/beat\"; rm $T/hold");
    reaches(w, MN_JOB_DONE);
    must(w, "[ -d \"$J/a2\" ] && [ ! -e \"$J/a3\" ]");
    must(w, same_trees);
}

/* Only the shell that watches: its work must not go on beside another. */
static void
no_work_without_watcher(void **state)
{
    struct world *w = *state;
    hold(w);
    assert_int_equal(start(w), 0);
    wait_until(w, "[ -e $T/held ]");
    must(w, "kill -9 $(cat \"$J/a1/pid\")");
    wait_until(w, "! kill -0 -$(cat \"$J/a1/worker\")");
    must(w, "touch -d '2 minutes ago' \"$J/a1/beat\"; rm $T/hold");
    reaches(w, MN_JOB_DONE);
    must(w, same_trees);
}

static void
work_killed(void **state)
{
    struct world *w = *state;
    hold(w);
    assert_int_equal(start(w), 0);
    wait_until(w, "[ -e $T/held ]");
    must(w, "kill -9 -$(cat \"$J/a1/worker\"); rm $T/hold");
    reaches(w, MN_JOB_DONE);
    must(w, same_trees);
}

static void
gives_up(void **state)
{
    struct world *w = *state;
    hold(w);
    assert_int_equal(start(w), 0);
    for (int i = 1; i <= MN_JOB_ATTEMPTS; i++) {
        wait_until(w, "[ -e $T/held ]");
        must(w, "rm $T/held; for p in \"$J\"/a*/worker; do"
                " kill -9 -$(cat \"$p\"); done 2>/dev/null; sleep 0.3");
        wait_until(w, "[ ! -e \"$J/a1\" ] || ls \"$J\"/a*/ended");
        for (int k = 0; k < 6000 && poll_job(w, 0) == MN_JOB_COPYING
                        && shell(w, "[ -e $T/held ]");
             k++) {
            usleep(50000);
        }
    }
    assert_int_equal(poll_job(w, 0), MN_JOB_FAILED);
    assert_contains(w->report.state.text, "died 5 times");
    /* asked for again: it begins anew */
    must(w, "rm $T/hold");
    assert_int_equal(start(w), 0);
    reaches(w, MN_JOB_DONE);
    must(w, same_trees);
}

/* Nobody beats any more, but the work goes on by itself. */
static void
gives_up_for_good(void **state)
{
    struct world *w = *state;
    hold(w);
    assert_int_equal(start(w), 0);
    wait_until(w, "[ -e $T/held ]");
    must(w, "sed -i '5s/.*/1/' \"$J/args\" &&" /* this attempt is the last */
            "kill -STOP -$(cat \"$J/a1/pid\") &&"
            "touch -d '2 minutes ago' \"$J/a1/beat\"");
    assert_int_equal(poll_job(w, 0), MN_JOB_FAILED);
    assert_contains(w->report.state.text, "died 1 times");
    wait_until(w, "! kill -0 -$(cat \"$J/a1/worker\")");
}

/* The last attempt was given up on another node, which can't kill it. */
static void
given_up_elsewhere(void **state)
{
    struct world *w = *state;
    hold(w);
    assert_int_equal(start(w), 0);
    wait_until(w, "[ -e $T/held ]");
    must(w, "sed -i '5s/.*/1/' \"$J/args\" && echo elsewhere "
            ">\"$J/a1/node\" && kill -STOP -$(cat \"$J/a1/pid\") &&"
            "touch -d '2 minutes ago' \"$J/a1/beat\"");
    assert_int_equal(poll_job(w, 0), MN_JOB_FAILED);
    must(w, "kill -CONT -$(cat \"$J/a1/pid\")");
    wait_until(w, "! kill -0 -$(cat \"$J/a1/worker\")");
    wait_until(w, "[ -e \"$J/a1/ended\" ]");
    assert_int_equal(poll_job(w, 0), MN_JOB_FAILED);
}

static void
begins_once(void **state)
{
    struct world *w = *state;
    hold(w);
    assert_int_equal(start(w), 0);
    assert_int_equal(start(w), 0);
    wait_until(w, "[ -e $T/held ]");
    /* what the source holds today makes no other job of it */
    w->spec.expect_kib++;
    assert_int_equal(start(w), 0);
    must(w, "[ ! -e \"$J/a2\" ] && [ $(ls -A \"$J/..\" | wc -l) = 1 ]");
    w->spec.source = w->bin;
    assert_int_equal(start(w), 75);
    assert_contains(w->said, "is busy");
    w->spec.source = w->source;
    must(w, "rm $T/hold");
    reaches(w, MN_JOB_DONE);
    /* done is done: what users wrote since must not be deleted */
    must(w, "echo mine >\"$G/mine\"");
    assert_int_equal(start(w), 0);
    assert_int_equal(poll_job(w, 5), MN_JOB_DONE);
    assert_int_equal(stop(w), 0);
    assert_int_equal(start(w), 73);
    assert_contains(w->said, "already exists");
    must(w, "[ -e \"$G/mine\" ] && [ ! -e \"$J\" ]");
}

/* Kill the shells that start a job where they look whether its target is
   empty. */
static void
cut_at_find(struct world *w)
{
    must(w, "cat >$T/shim/find <<'EOF' && chmod 755 $T/shim/find\n"
            "#!/bin/sh\n"
            "p=$PPID\n"
            "while [ \"$2\" = -mindepth ] && grep -qa start /proc/$p/cmdline\n"
            "do next=$(cut -d ' ' -f 4 /proc/$p/stat); kill -9 $p; p=$next\n"
            "done\n"
            "EOF\n");
    use_path(w, "shim");
}

/* A copy deletes what its source does not have: one that was not found to be
   allowed yet must not be there for others to begin. */
static void
cut_before_it_may(void **state)
{
    struct world *w = *state;
    must(w, "echo mine >\"$G/mine\"");
    cut_at_find(w);
    assert_int_equal(start(w), 128 + 9);
    poll_job(w, 20);
    must(w, "[ -e \"$G/mine\" ]");
    assert_int_equal(w->report.state.status, MN_JOB_NONE);
}

/* What can't be listed is not empty. */
static void
target_unreadable(void **state)
{
    struct world *w = *state;
    must(w, "echo mine >\"$G/mine\" && real=$(command -v find) &&"
            "printf '#!/bin/sh\\n[ \"$2\" != -mindepth ] || { echo find: "
            "Stale file handle >&2; exit 1; }\\nexec %s \"$@\"\\n' "
            "\"$real\" >$T/shim/find && chmod 755 $T/shim/find");
    use_path(w, "shim");
    assert_int_equal(start(w), 74);
    assert_string_equal(w->said, "find: Stale file handle\n");
    poll_job(w, 20);
    must(w, "[ -e \"$G/mine\" ] && [ -z \"$(ls -A \"$J/..\")\" ]");
}

static void
many_begin_at_once(void **state)
{
    struct world *w = *state;
    hold(w);
    struct mn_buf script = MN_BUF_INIT;
    mn_job_put_script(&script);
    setenv("MN_SCRIPT", mn_buf_str(&script), 1);
    mn_buf_dispose(&script);
    must(w,
         "cd $T && mkdir -p \"$J/..\" && for i in 1 2 3 4 5 6 7 8; do "
         "d=$(mktemp -d \"$J/../.new.XXXXXXXX\"); "
         "printf %s \"$MN_SCRIPT\" >\"$d/job\"; "
         "for a in copy $T/bin 1 60 5 gpfs0 f s $T/src \"$G\" .snapshots 7; "
         "do printf '%s\\n' \"$a\"; done >\"$d/args\"; done; "
         "for d in \"$J\"/../.new.*; do sh \"$d/job\" start \"$J\" "
         "\"$d\" & done; wait; rm $T/hold");
    reaches(w, MN_JOB_DONE);
    must(w, "[ ! -e \"$J/a2\" ] && [ $(ls -A \"$J/..\" | wc -l) = 1 ]");
    must(w, same_trees);
}

static void
stops(void **state)
{
    struct world *w = *state;
    hold(w);
    assert_int_equal(start(w), 0);
    wait_until(w, "[ -e $T/held ]");
    must(w, "cp \"$J/a1/worker\" $T/worker");
    assert_int_equal(stop(w), 0);
    must(w, "[ ! -e \"$J\" ] && ! kill -0 -$(cat $T/worker) 2>/dev/null");
    assert_int_equal(stop(w), 0);
    assert_int_equal(poll_job(w, 0), MN_JOB_NONE);
}

/* A pause only makes the beat older. */
static void
make_pauses_short(struct world *w)
{
    must(w, "cat >$T/shim/sleep <<'EOF' && chmod 755 $T/shim/sleep\n"
            "#!/bin/sh\n"
            "t=$(cat $T/slept 2>/dev/null || echo 0)\n"
            "t=$(awk \"BEGIN { print $t + $1 }\")\n"
            "echo $t >$T/slept\n"
            "touch -d \"$t seconds ago\" \"$J/a1/beat\"\n"
            "EOF\n");
}

/* It is known to be dead only when its beat is old. */
static void
stops_when_its_node_is_dead(void **state)
{
    struct world *w = *state;
    hold(w);
    assert_int_equal(start(w), 0);
    wait_until(w, "[ -e $T/held ]");
    must(w, "cp \"$J/a1/pid\" \"$J/a1/worker\" $T &&"
            "kill -STOP -$(cat $T/pid) -$(cat $T/worker) &&"
            "echo elsewhere >\"$J/a1/node\"");
    make_pauses_short(w);
    int stopped = stop(w);
    must(w, "kill -CONT -$(cat $T/pid) -$(cat $T/worker); rm $T/shim/sleep");
    wait_until(w, "! kill -0 -$(cat $T/pid) && ! kill -0 -$(cat $T/worker)");
    assert_int_equal(stopped, 0);
    must(w, "[ ! -e \"$J\" ]");
}

/* As on another node, which only sees the file. */
static void
cancel_is_honoured(void **state)
{
    struct world *w = *state;
    hold(w);
    assert_int_equal(start(w), 0);
    wait_until(w, "[ -e $T/held ]");
    must(w, "echo elsewhere >\"$J/a1/node\"");
    assert_int_equal(stop(w), 0);
    must(w, "[ ! -e \"$J\" ]");
    /* one that beats on and does not hear */
    assert_int_equal(start(w), 73); /* the interrupted attempt left files */
    must(w, "rm -f $T/held \"$G/extra\" \"$G/.one.tmp\"");
    assert_int_equal(start(w), 0);
    wait_until(w, "[ -e $T/held ]");
    must(w, "touch \"$J/cancel\"");
    wait_until(w, "[ -e \"$J/a1/ended\" ]");
    assert_int_equal(poll_job(w, 0), MN_JOB_FAILED);
    assert_contains(w->report.state.text, "canceled");
    assert_int_equal(stop(w), 0);
}

static void
target_vanishes(void **state)
{
    struct world *w = *state;
    hold(w);
    assert_int_equal(start(w), 0);
    wait_until(w, "[ -e $T/held ]");
    must(w, "cp \"$J/a1/worker\" $T/worker; rm -rf \"$G\"");
    wait_until(w, "! kill -0 -$(cat $T/worker) 2>/dev/null");
    must(w, "rm $T/hold");
    poll_job(w, 20);
    assert_int_equal(w->report.state.status, MN_JOB_FAILED);
    must(w, "[ ! -e \"$G\" ]"); /* and never comes back as a directory */
    /* the job's directory too */
    must(w, "rm -rf \"$J\" && mkdir \"$G\" && : >$T/hold && rm $T/held");
    assert_int_equal(start(w), 0);
    wait_until(w, "[ -e $T/held ]");
    must(w, "cp \"$J/a1/worker\" $T/worker; rm -rf \"$J\"");
    wait_until(w, "! kill -0 -$(cat $T/worker) 2>/dev/null");
}

static void
a_later_attempt_wins(void **state)
{
    struct world *w = *state;
    hold(w);
    assert_int_equal(start(w), 0);
    wait_until(w, "[ -e $T/held ]");
    must(w, "mkdir \"$J/a2\"");
    wait_until(w, "[ -e \"$J/a1/ended\" ]");
    must(w, "[ ! -e \"$J/status\" ] && rm $T/hold &&"
            "touch -d '2 minutes ago' \"$J/a2\"");
    reaches(w, MN_JOB_DONE); /* nobody beats in a2 either: a3 */
    must(w, "[ -e \"$J/a3\" ]");
}

static void
source_missing(void **state)
{
    struct world *w = *state;
    w->spec.source = "/nowhere/at all";
    assert_int_equal(start(w), 0);
    reaches(w, MN_JOB_FAILED);
    assert_contains(w->report.state.text, "/nowhere/at all does not exist");
    assert_int_equal(w->report.state.code, MN_EREMOTE);
}

/* What would be written below a mount point is hidden later. */
static void
not_mounted(void **state)
{
    struct world *w = *state;
    must(w, "mv \"$G\" $T/former");
    assert_int_equal(start(w), 74);
    assert_contains(w->said, "base dir/it's on ");
    assert_contains(w->said, ": is it mounted?");
    must(w, "[ -z \"$(ls -A \"$J/..\")\" ]");
}

/* A small file system of its own, for the job's directory too; false: this
   machine does not let us. */
static bool
on_small(struct world *w, const char *limits)
{
    char text[256];
    snprintf(text, sizeof text,
             "mkdir $T/small && mount -t tmpfs -o mode=755,%s mn-test "
             "$T/small && mkdir $T/small/share",
             limits);
    if (shell(w, text)) {
        return false;
    }
    snprintf(w->base, sizeof w->base, "%s/small", w->top);
    snprintf(w->target, sizeof w->target, "%s/small/share", w->top);
    snprintf(text, sizeof text, "%s/small/.manila-jobs/" ID, w->top);
    setenv("J", text, 1);
    setenv("G", w->target, 1);
    return true;
}

static void
no_space(void **state)
{
    struct world *w = *state;
    if (!on_small(w, "size=200k")) {
        skip();
    }
    must(w, "head -c 400000 /dev/zero | tr '\\0' x >$T/src/big");
    assert_int_equal(start(w), 0);
    reaches(w, MN_JOB_FAILED);
    assert_int_equal(w->report.state.code, MN_ENOSPACE);
    assert_contains(w->report.state.text, "no space left for the job: ");
}

/* Nothing is left when an attempt begins. */
static void
full_when_it_begins(struct world *w, const char *limits, const char *fill)
{
    if (!on_small(w, limits)) {
        skip();
    }
    setenv("FILL", fill, 1);
    must(w, "real=$(command -v setsid) && printf '#!/bin/sh\\n"
            "%s 2>/dev/null\\nexec %s \"$@\"\\n' "
            "\"$FILL\" \"$real\" >$T/shim/setsid && chmod 755 $T/shim/setsid");
    use_path(w, "shim");
    assert_int_equal(start(w), 0);
    reaches(w, MN_JOB_FAILED);
    assert_int_equal(w->report.state.code, MN_ENOSPACE);
}

static void
no_space_to_begin(void **state)
{
    full_when_it_begins(*state, "size=200k", "cat /dev/zero >$T/small/fill");
}

static void
no_inode_to_begin(void **state)
{
    struct world *w = *state;
    w->spec.stale_s = 2; /* there is no room for a beat */
    full_when_it_begins(w, "nr_inodes=100",
                        "n=0; while true >$T/small/f$((n += 1)); do :; done");
}

/* What deletes a share, and so makes room, ends its job first. */
static void
stops_without_inodes(void **state)
{
    struct world *w = *state;
    if (!on_small(w, "nr_inodes=100")) {
        skip();
    }
    hold(w);
    assert_int_equal(start(w), 0);
    wait_until(w, "[ -e $T/held ]");
    must(w, "while true >$T/small/f$((n += 1)); do :; done 2>/dev/null; true");
    must(w, "cp \"$J/a1/worker\" $T/worker; sh \"$J/job\" stop \"$J\"");
    must(w, "[ ! -e \"$J\" ]");
    wait_until(w, "! kill -0 -$(cat $T/worker) 2>/dev/null");
}

/* ---- revert ---- */

static void
fake_restore(struct world *w, const char *text)
{
    setenv("RESTORE", text, 1);
    must(w, "printf '#!/bin/sh\\n%s\\n' \"$RESTORE\" >$T/bin/mmrestorefs &&"
            "chmod 755 $T/bin/mmrestorefs");
    w->spec.revert = true;
}

static void
reverts(void **state)
{
    struct world *w = *state;
    fake_restore(w, "echo \"$@\" >$T/ran; pwd >>$T/ran; echo 50% done; "
                    "while [ -e $T/hold ]; do sleep 0.1; done");
    must(w, ": >$T/hold");
    assert_int_equal(start(w), 0);
    wait_until(w, "[ -s $T/ran ]");
    assert_int_equal(poll_job(w, 1), MN_JOB_REVERTING);
    must(w, "rm $T/hold");
    reaches(w, MN_JOB_DONE);
    must(w, "printf 'gpfs0 snap-1 -j share-1\\n/\\n' | cmp - $T/ran");
    /* asked for again: done again, also when nobody saw the first end */
    must(w, "rm $T/ran");
    assert_int_equal(start(w), 0);
    reaches(w, MN_JOB_DONE);
    must(w, "[ -s $T/ran ]");
    w->spec.snapshot = "snap-2";
    assert_int_equal(start(w), 0);
    reaches(w, MN_JOB_DONE);
    must(w, "grep -q snap-2 $T/ran");
}

/* The shell that shall watch was killed just behind the start of the work. */
static void
no_work_unwatched(void **state)
{
    struct world *w = *state;
    fake_restore(w, "echo ran >>$T/ran");
    assert_int_equal(start(w), 0);
    reaches(w, MN_JOB_DONE);
    wait_until(w, "! kill -0 $(cat \"$J/a1/pid\")");
    must(w, "rm -f $T/ran \"$J/a1/watched\" &&"
            "! sh \"$J/job\" work \"$J\" 1 $(cat \"$J/a1/pid\") &&"
            "[ ! -e $T/ran ]");
}

/* A bash whose poll, between two looks at the job, lets it end: going back to
   a snapshot once more would take away what was written since. */
static void
ends_while_looked_at(void **state)
{
    struct world *w = *state;
    if (shell(w, "command -v bash") != 0) {
        skip();
    }
    fake_restore(w, "echo ran >>$T/ran; while [ -e $T/hold ]; do sleep 0.1; "
                    "done");
    must(w, ": >$T/hold");
    assert_int_equal(start(w), 0);
    must(w, "cat >$T/shim/sh <<'EOF' && chmod 755 $T/shim/sh\n"
            "#!/bin/sh\n"
            "exec env 'BASH_FUNC_[%%=() {\n"
            "    if test \"$3\" = \"$J/a1/ended\" && test -e $T/hold; then\n"
            "        rm $T/hold\n"
            "        until test -e \"$J/a1/ended\"; do sleep 0.05; done\n"
            "    fi\n"
            "    builtin [ \"$@\"\n"
            "}' bash \"$@\"\n"
            "EOF\n");
    use_path(w, "shim");
    reaches(w, MN_JOB_DONE);
    must(w, "[ ! -e \"$J/a2\" ] && [ $(wc -l <$T/ran) = 1 ]");
}

/* An attempt whose node hung goes on when others have begun anew. */
static void
an_old_attempt_ends(void **state)
{
    struct world *w = *state;
    fake_restore(w, "echo \"$@\" >>$T/ran; while [ -e $T/hold ]; do "
                    "sleep 0.1; done");
    must(w, ": >$T/hold");
    assert_int_equal(start(w), 0);
    wait_until(w, "[ -s $T/ran ]");
    must(w, "cp \"$J/a1/pid\" \"$J/a1/worker\" $T &&"
            "kill -STOP -$(cat $T/pid) -$(cat $T/worker) &&"
            "touch -d '2 minutes ago' \"$J/a1/beat\"");
    w->spec.snapshot = "snap-2";
    assert_int_equal(start(w), 0);
    wait_until(w, "grep -q snap-2 $T/ran");
    must(w, "kill -CONT -$(cat $T/pid) -$(cat $T/worker)");
    wait_until(w, "! kill -0 -$(cat $T/pid) && ! kill -0 -$(cat $T/worker)");
    assert_int_equal(poll_job(w, 0), MN_JOB_REVERTING);
    must(w, "rm $T/hold");
    reaches(w, MN_JOB_DONE);
}

static void
revert_fails(void **state)
{
    struct world *w = *state;
    fake_restore(w, "echo working; echo 'x does not contain snapshot snap-1, "
                    "err = 2' >&2; echo 'mmrestorefs: Command failed. Examine "
                    "previous error messages to determine cause.' >&2; "
                    "exit 2");
    assert_int_equal(start(w), 0);
    reaches(w, MN_JOB_FAILED);
    assert_string_equal(w->report.state.text,
                        "x does not contain snapshot snap-1, err = 2");
    w->spec.snapshot = "$(touch $T/evil); 'quo\"te` &";
    fake_restore(w, "printf '%s\\n' \"$2\" >$T/ran");
    assert_int_equal(start(w), 0);
    reaches(w, MN_JOB_DONE);
    must(w, "[ ! -e $T/evil ] && grep -qF 'touch $T/evil' $T/ran");
}

static void
reads_reports(void **state)
{
    (void)state;
    static const struct {
        int look;
        int status;
        const char *out;
        int code;
        enum mn_job_status expect;
    } cases[] = {
        {1, MN_STATUS_NOT_RUN, "", 0, MN_JOB_NONE},
        {2, MN_STATUS_NOT_RUN, "", MN_ENOTFOUND, MN_JOB_NONE},
        {0, 1, "", MN_EREMOTE, MN_JOB_NONE},
        {0, 0, "", MN_EPROTO, MN_JOB_NONE},
        {0, 0, "kind copy\nexpect x\nstate running\n", 0, MN_JOB_COPYING},
        {0, 0, "kind revert\nstate running\n", 0, MN_JOB_REVERTING},
        {0, 0, "state done\ncode 0\ntext \n", 0, MN_JOB_DONE},
        {0, 0, "state failed\ncode 1\ntext Disk quota exceeded\n", 0,
         MN_JOB_FAILED},
        {0, 0, "state gone\n", 0, MN_JOB_NONE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mn_plan plan = MN_PLAN_INIT;
        struct mn_result result = MN_RESULT_INIT;
        struct mn_job_report report;
        mn_job_add_poll(&plan, "/b", ID, 0);
        assert_int_equal(mn_result_init(&result, plan.n, NULL), 0);
        result.steps[0].status = cases[i].look;
        result.steps[1].status = cases[i].status;
        result.steps[1].out = mn_slice_of(cases[i].out);
        assert_int_equal(mn_job_read(&result, &plan, 0, "h", &report, NULL),
                         cases[i].code);
        assert_int_equal(report.state.status, cases[i].expect);
        mn_result_dispose(&result);
        mn_plan_dispose(&plan);
    }
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(rsync_copies),
        T(bash_copies),
        T(cp_copies),
        T(tar_copies),
        T(tar_reads_badly),
        T(goes_on_after_its_node_died),
        T(no_work_without_watcher),
        T(work_killed),
        T(gives_up),
        T(gives_up_for_good),
        T(given_up_elsewhere),
        T(begins_once),
        T(cut_before_it_may),
        T(target_unreadable),
        T(many_begin_at_once),
        T(stops),
        T(stops_when_its_node_is_dead),
        T(cancel_is_honoured),
        T(target_vanishes),
        T(a_later_attempt_wins),
        T(source_missing),
        T(not_mounted),
        T(no_space),
        T(no_space_to_begin),
        T(no_inode_to_begin),
        T(stops_without_inodes),
        T(reverts),
        T(no_work_unwatched),
        T(ends_while_looked_at),
        T(an_old_attempt_ends),
        T(revert_fails),
        cmocka_unit_test(reads_reports),
    };
    return cmocka_run_group_tests_name("gpfs/jobs", tests, NULL, NULL);
}
