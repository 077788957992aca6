/* SPDX-License-Identifier: Apache-2.0 */
#include "testlib.h"

#include "exec/plan.h"
#include "fake_executor.h"

static void
guards_and_stops(void **state)
{
    struct fake f;
    struct mn_plan plan = MN_PLAN_INIT;
    struct mn_result r = MN_RESULT_INIT;
    struct mn_error err = MN_ERROR_INIT;
    (void)state;
    fake_init(&f, NULL, NULL);
    fake_answer(&f, "one", 3, "out1", "err1");
    fake_answer(&f, "five", 5, "",
                "why: bad\nx: Command failed. Examine "
                "previous error messages.\n");
    mn_step_accept(mn_plan_run(&plan, "one", NULL), 3);
    mn_step_guard(mn_plan_run(&plan, "two", NULL), 0, 3, false);
    mn_step_guard(mn_plan_run(&plan, "three", NULL), 0, 3, true);
    mn_step_guard(mn_plan_run(&plan, "four", NULL), 2, 0, true);
    mn_plan_run(&plan, "five", NULL);
    mn_plan_run(&plan, "six", NULL);
    assert_int_equal(mn_exec_run(&f.base, &plan, &r, &err), 0);
    assert_string_equal(mn_buf_str(&f.log), "one\ntwo\nfive\n");
    assert_int_equal(r.stopped_at, 4);
    assert_int_equal(r.steps[0].status, 3);
    assert_true(mn_slice_eq(r.steps[0].out, "out1"));
    assert_true(mn_slice_eq(r.steps[0].err, "err1"));
    assert_int_equal(r.steps[5].status, MN_STATUS_NOT_RUN);
    assert_int_equal(mn_result_check(&r, &plan, "h", &err), MN_EREMOTE);
    assert_contains(err.text, "five failed with exit status 5 on h");
    assert_contains(err.text, "why: bad");
    mn_result_dispose(&r);
    mn_plan_dispose(&plan);
    fake_dispose(&f);
}

static void
file_steps(void **state)
{
    struct mn_plan plan = MN_PLAN_INIT;
    struct mn_guard guard = {0, 0, true};
    (void)state;
    mn_plan_run(&plan, "cmp", NULL);
    mn_plan_write_file(&plan, "/etc/exports.d/a.exports",
                       mn_slice_of("text\n"), &guard);
    assert_int_equal(plan.n, 4);
    assert_string_equal(plan.steps[1].argv.v[1],
                        "of=/etc/exports.d/.a.exports.new");
    assert_string_equal(mn_buf_str(&plan.steps[1].input), "text\n");
    assert_string_equal(plan.steps[2].argv.v[4], "/etc/exports.d/a.exports");
    assert_string_equal(plan.steps[3].argv.v[2], "/etc/exports.d/");
    for (int i = 1; i < 4; i++) {
        assert_true(plan.steps[i].guard.negate);
    }
    mn_plan_dispose(&plan);
}

static int
build(void *ctx)
{
    struct mn_plan plan = MN_PLAN_INIT;
    (void)ctx;
    for (int i = 0; i < 10; i++) {
        mn_plan_write_file(&plan, "/a/b", mn_slice_of("x"), NULL);
    }
    int rc = mn_plan_failed(&plan) ? MN_ENOMEM : 0;
    mn_plan_dispose(&plan);
    return rc;
}

static void
torture(void **state)
{
    (void)state;
    TORTURE(build, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(guards_and_stops),
        cmocka_unit_test(file_steps),
        cmocka_unit_test(torture),
    };
    return cmocka_run_group_tests_name("exec/plan", tests, NULL, NULL);
}
