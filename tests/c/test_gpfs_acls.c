/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The NFSv4 ACLs of a copy, by mm commands. The way by GPFS's library is
 * tested on the simulated cluster, which has one.
 */
#include "job_world.h"

/* Of files with names of all kinds, of directories and of the top. */
static const char give_acls[] =
    "echo all >$T/semantics && cd $T/src && mkdir deep && : >\"deep/$1\" &&"
    "printf x >\"$(printf 'raw\\377\\\\ $(id)')\" &&"
    "for f in . one -dash 'a b' 'a b/c' 'a b/c/quo\"te' 'new\nline' raw* "
    "\"deep/$1\"; do setfattr -n user.rsync.%acl -v \"acl of $f\" -- \"./$f\" "
    "|| exit; done";

static const char same_acls[] =
    "look() { cd \"$1\" && find . -path ./.snapshots -prune -o -print0 |"
    " sort -z | xargs -0 getfattr -h -n user.rsync.%acl 2>/dev/null; };"
    "(look $T/src) >$T/a1; (look \"$G\") >$T/a2; diff $T/a1 $T/a2 &&"
    "[ $(grep -c acl.of $T/a2) -ge 9 ]";

static void
give(struct world *w, const char *name)
{
    char text[1024];
    if (shell(w, "command -v rsync")) {
        skip(); /* cp and tar carry what these ACLs are made of */
    }
    snprintf(text, sizeof text, "set -- %s; %s", name, give_acls);
    must(w, text);
}

static void
brings_acls(void **state)
{
    struct world *w = *state;
    give(w, "plain");
    assert_int_equal(start(w), 0);
    reaches(w, MN_JOB_DONE);
    must(w, same_trees);
    must(w, same_acls);
    /* "one" is linked twice; who has what he should is left alone */
    must(w, "[ $(grep -c put $T/calls) = 9 ]");
}

static void
needs_no_acls(void **state)
{
    struct world *w = *state;
    give(w, "plain");
    must(w, "echo posix >$T/semantics");
    assert_int_equal(start(w), 0);
    reaches(w, MN_JOB_DONE);
    must(w, same_trees);
    must(w, "[ ! -e $T/calls ]");
}

static void
bad_acl(void **state)
{
    struct world *w = *state;
    give(w, "'bad\nname'");
    assert_int_equal(start(w), 0);
    reaches(w, MN_JOB_FAILED);
    assert_string_equal(w->report.state.text,
                        "an ACL cannot be set: mmputacl: not permitted: "
                        "./deep/bad?name");
    assert_int_equal(w->report.state.code, MN_EREMOTE);
    must(w, "rm $T/bin/mmputacl");
    assert_int_equal(start(w), 0);
    reaches(w, MN_JOB_FAILED);
    assert_contains(w->report.state.text, "no way to copy ACLs");
}

/* Their first arguments into $T/rsyncs. */
static void
note_rsyncs(struct world *w)
{
    must(w, "printf '#!/bin/sh\\necho \"$1\" >>$T/rsyncs\\n"
            "PATH=${PATH#*:}; exec rsync \"$@\"\\n' >$T/shim/rsync &&"
            "chmod 755 $T/shim/rsync");
    use_path(w, "shim");
}

static void
acls_go_on(void **state)
{
    struct world *w = *state;
    give(w, "held");
    note_rsyncs(w);
    must(w, ": >$T/hold2");
    assert_int_equal(start(w), 0);
    wait_until(w, "[ -e $T/held2 ]");
    assert_int_equal(poll_job(w, 0), MN_JOB_COPYING);
    must(w, "kill -9 -$(cat \"$J/a1/pid\") -$(cat \"$J/a1/worker\")");
    must(w, "rm $T/hold2");
    reaches(w, MN_JOB_DONE);
    must(w, "[ -d \"$J/a2\" ]");
    must(w, same_trees);
    must(w, same_acls);
    /* what was set stays, and rsync does not look at it again */
    must(w, "[ $(grep -c put $T/calls) = 10 ]");
    must(w, "[ $(grep -c a $T/rsyncs) = 1 ]");
}

/* "rsync has ended well" is said of one directory, not of its name. */
static void
another_target(void **state)
{
    struct world *w = *state;
    give(w, "held");
    must(w, ": >$T/hold2");
    assert_int_equal(start(w), 0);
    wait_until(w, "[ -e $T/held2 ]");
    must(w, "kill -9 -$(cat \"$J/a1/pid\") -$(cat \"$J/a1/worker\")");
    must(w, "mv \"$G\" $T/former && mkdir \"$G\" && rm $T/hold2 &&"
            "mv $T/former/.snapshots \"$G\"");
    reaches(w, MN_JOB_DONE);
    must(w, same_trees);
    must(w, same_acls);
}

static void
acls_stop(void **state)
{
    struct world *w = *state;
    give(w, "held");
    must(w, ": >$T/hold2");
    assert_int_equal(start(w), 0);
    wait_until(w, "[ -e $T/held2 ]");
    must(w, "cp \"$J/a1/worker\" $T/worker");
    assert_int_equal(stop(w), 0);
    must(w, "[ ! -e \"$J\" ]; ! kill -0 -$(cat $T/worker) 2>/dev/null");
}

static void
lost_file(void **state)
{
    struct world *w = *state;
    give(w, "lost");
    assert_int_equal(start(w), 0);
    reaches(w, MN_JOB_DONE);
    must(w, "[ ! -e \"$G/deep/lost\" ] && rm $T/src/deep/lost");
    must(w, "touch -r $T/src/deep \"$G/deep\"");
    must(w, "setfattr -n user.rsync.%acl -v 'acl of more' \"$T/src/deep\" "
            "\"$G/deep\"");
    must(w, same_acls);
}

/* All files of a source that goes are "gone meanwhile"; the job is not. */
static void
lost_source(void **state)
{
    struct world *w = *state;
    give(w, "held");
    must(w, ": >$T/hold2");
    assert_int_equal(start(w), 0);
    wait_until(w, "[ -e $T/held2 ]");
    must(w, "mv $T/src $T/elsewhere; rm $T/hold2");
    reaches(w, MN_JOB_FAILED);
    assert_contains(w->report.state.text, "/src does not exist");
}

/* -A has nothing to do there, and some way to fail. */
static void
no_posix_acls(void **state)
{
    struct world *w = *state;
    give(w, "plain");
    must(w, "setfacl -Rb $T/src && echo nfs4 >$T/semantics");
    note_rsyncs(w);
    assert_int_equal(start(w), 0);
    reaches(w, MN_JOB_DONE);
    must(w, same_acls);
    must(w, "grep -qx -e -aHSX $T/rsyncs");
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        T(brings_acls), T(needs_no_acls),  T(bad_acl),
        T(acls_go_on),  T(another_target), T(acls_stop),
        T(lost_file),   T(lost_source),    T(no_posix_acls),
    };
    return cmocka_run_group_tests_name("gpfs/acls", tests, NULL, NULL);
}
