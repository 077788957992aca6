/* SPDX-License-Identifier: Apache-2.0 */
/* Plans carried out on this machine by the engine's thread. */
#include "testlib.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/local.h"

enum { PATIENCE_S = 600 }; /* only so that a test ends at all */

static struct mn_executor *
executor(const char *const *root_helper, unsigned timeout_s)
{
    struct mn_executor *ex = NULL;
    struct mn_error err = MN_ERROR_INIT;
    struct mn_local_config c = {.root_helper = root_helper,
                                .command_timeout_s = timeout_s};
    assert_int_equal(mn_local_new(&c, &ex, &err), 0);
    return ex;
}

struct run {
    struct mn_plan plan;
    struct mn_result result;
    struct mn_error err;
};

static int
carry_out(struct run *r, struct mn_executor *ex)
{
    r->result = (struct mn_result)MN_RESULT_INIT;
    return mn_exec_run(ex, &r->plan, &r->result, &r->err);
}

static void
run_dispose(struct run *r, struct mn_executor *ex)
{
    mn_plan_dispose(&r->plan);
    mn_result_dispose(&r->result);
    mn_executor_free(ex);
}

static void
assert_step(const struct run *r, size_t i, int status, const char *out,
            const char *err)
{
    const struct mn_step_result *sr = &r->result.steps[i];
    assert_int_equal(sr->status, status);
    assert_true(mn_slice_eq(sr->out, out));
    assert_true(mn_slice_eq(sr->err, err));
}

static void
steps_guards_and_input(void **state)
{
    struct run r = {.err = MN_ERROR_INIT};
    struct mn_executor *ex = executor(NULL, PATIENCE_S);
    (void)state;
    mn_plan_run(&r.plan, "echo", "it's", "a b", NULL);
    mn_buf_puts(&mn_plan_run(&r.plan, "cat", NULL)->input, "x\n\ny");
    mn_step_accept(
        mn_plan_run(&r.plan, "sh", "-c", "echo o; echo e >&2; exit 3", NULL),
        3);
    mn_step_guard(mn_plan_run(&r.plan, "echo", "no", NULL), 2, 0, false);
    mn_step_guard(mn_plan_run(&r.plan, "echo", "yes", NULL), 2, 3, false);
    mn_plan_run(&r.plan, "sh", "-c", "kill -9 $$", NULL);
    mn_plan_run(&r.plan, "echo", "never", NULL);
    assert_int_equal(carry_out(&r, ex), 0);
    assert_step(&r, 0, 0, "it's a b\n", "");
    assert_step(&r, 1, 0, "x\n\ny", "");
    assert_step(&r, 2, 3, "o\n", "e\n");
    assert_step(&r, 3, MN_STATUS_NOT_RUN, "", "");
    assert_step(&r, 4, 0, "yes\n", "");
    assert_step(&r, 5, 128 + SIGKILL, "", "");
    assert_step(&r, 6, MN_STATUS_NOT_RUN, "", "");
    assert_int_equal(r.result.stopped_at, 5);
    run_dispose(&r, ex);
}

static void
much_input_and_output(void **state)
{
    struct run r = {.err = MN_ERROR_INIT};
    struct mn_executor *ex = executor(NULL, PATIENCE_S);
    enum { MIB = 1 << 20 };
    (void)state;
    struct mn_step *cat = mn_plan_run(&r.plan, "cat", NULL);
    for (int i = 0; i < MIB / 16; i++) {
        mn_buf_puts(&cat->input, "0123456789abcde\n");
    }
    mn_plan_run(&r.plan, "sh", "-c",
                "head -c 10485760 /dev/zero & "
                "head -c 10485760 /dev/zero >&2; wait",
                NULL);
    assert_int_equal(carry_out(&r, ex), 0);
    assert_int_equal(r.result.steps[0].out.n, MIB);
    assert_int_equal(r.result.steps[1].out.n, 10 * MIB);
    assert_int_equal(r.result.steps[1].err.n, 10 * MIB);
    run_dispose(&r, ex);
}

/* Nobody may take the beginning of an output for the whole. */
static void
too_much_output(void **state)
{
    struct run r = {.err = MN_ERROR_INIT};
    struct mn_executor *ex = executor(NULL, PATIENCE_S);
    (void)state;
    mn_plan_run(&r.plan, "sh", "-c", "head -c 70000000 /dev/zero; exit 0",
                NULL);
    assert_int_equal(carry_out(&r, ex), MN_EPROTO);
    assert_contains(r.err.text, "too much");
    run_dispose(&r, ex);
}

static void
a_missing_command(void **state)
{
    struct run r = {.err = MN_ERROR_INIT};
    struct mn_executor *ex = executor(NULL, PATIENCE_S);
    (void)state;
    mn_plan_run(&r.plan, "/no/such/command", NULL);
    assert_int_equal(carry_out(&r, ex), 0);
    assert_int_equal(r.result.steps[0].status, 127);
    assert_int_equal(mn_result_check(&r.result, &r.plan, "h", &r.err),
                     MN_EREMOTE);
    assert_contains(r.err.text, "No such file");
    run_dispose(&r, ex);
}

static void
one_that_never_ends(void **state)
{
    struct run r = {.err = MN_ERROR_INIT};
    struct mn_executor *ex = executor(NULL, 1);
    (void)state;
    mn_plan_run(&r.plan, "sleep", "600", NULL);
    int rc = carry_out(&r, ex);
    rc = rc ? rc : mn_result_check(&r.result, &r.plan, "h", &r.err);
    assert_int_equal(rc, MN_ETIMEDOUT);
    mn_plan_dispose(&r.plan);
    mn_result_dispose(&r.result);
    r.err.code = MN_OK;
    mn_plan_run(&r.plan, "echo", "next", NULL)->timeout_s = PATIENCE_S;
    assert_int_equal(carry_out(&r, ex), 0);
    assert_step(&r, 0, 0, "next\n", "");
    run_dispose(&r, ex);
}

/* What it started may hold the pipes open; the plan goes on. */
static void
one_that_leaves_a_daemon(void **state)
{
    struct run r = {.err = MN_ERROR_INIT};
    struct mn_executor *ex = executor(NULL, PATIENCE_S);
    (void)state;
    mn_plan_run(&r.plan, "sh", "-c", "sleep 600 & echo $!", NULL);
    assert_int_equal(carry_out(&r, ex), 0);
    assert_int_equal(r.result.steps[0].status, 0);
    pid_t pid = atoi(mn_buf_str(&r.result.out));
    assert_true(pid > 1);
    assert_int_equal(kill(pid, SIGKILL), 0);
    run_dispose(&r, ex);
}

static void
the_root_helper_comes_first(void **state)
{
    static const char *const helper[] = {"env", "HELPED=yes", NULL};
    struct run r = {.err = MN_ERROR_INIT};
    struct mn_executor *ex = executor(helper, PATIENCE_S);
    (void)state;
    mn_plan_run(&r.plan, "sh", "-c", "echo $HELPED $LC_ALL", NULL);
    assert_int_equal(carry_out(&r, ex), 0);
    assert_step(&r, 0, 0, "yes C\n", "");
    run_dispose(&r, ex);
}

/* The caller gives up and frees its plan at once. */
static void
a_cancelled_plan(void **state)
{
    struct mn_executor *ex = executor(NULL, PATIENCE_S);
    (void)state;
    for (int i = 0; i < 20; i++) {
        struct mn_plan plan = MN_PLAN_INIT;
        struct mn_pending *pending;
        struct mn_error err = MN_ERROR_INIT;
        mn_plan_run(&plan, "sleep", "600", NULL);
        assert_int_equal(ex->vtable->submit(ex, &plan, &pending, &err), 0);
        ex->vtable->cancel(ex, pending);
        mn_plan_dispose(&plan);
    }
    struct run r = {.err = MN_ERROR_INIT};
    mn_plan_run(&r.plan, "true", NULL);
    assert_int_equal(carry_out(&r, ex), 0);
    run_dispose(&r, ex);
}

/* A forked child has no engine thread and starts its own. */
static void
after_a_fork(void **state)
{
    struct mn_executor *ex = executor(NULL, PATIENCE_S);
    struct run r = {.err = MN_ERROR_INIT};
    int status = -1;
    (void)state;
    mn_plan_run(&r.plan, "true", NULL);
    assert_int_equal(carry_out(&r, ex), 0);
    mn_result_dispose(&r.result);
    pid_t pid = fork();
    if (pid == 0) {
        _exit(carry_out(&r, ex) == 0 && r.result.steps[0].status == 0 ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(carry_out(&r, ex), 0);
    run_dispose(&r, ex);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_guards_and_input),
        cmocka_unit_test(much_input_and_output),
        cmocka_unit_test(too_much_output),
        cmocka_unit_test(a_missing_command),
        cmocka_unit_test(one_that_never_ends),
        cmocka_unit_test(one_that_leaves_a_daemon),
        cmocka_unit_test(the_root_helper_comes_first),
        cmocka_unit_test(a_cancelled_plan),
        cmocka_unit_test(after_a_fork),
    };
    return cmocka_run_group_tests_name("exec/local", tests, NULL, NULL);
}
