/* SPDX-License-Identifier: Apache-2.0 */
/* Plans as scripts, run by the real shells of this machine. */
#include "testlib.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec/script.h"

static const char *const shells[] = {"/bin/sh", "/bin/bash", "/bin/dash"};

enum { SHELLS = sizeof shells / sizeof shells[0] };

struct run {
    struct mn_plan plan;
    struct mn_result result;
    struct mn_buf script;
    char mark[MN_SCRIPT_MARK_SIZE];
    struct mn_error err;
};

static void
run_dispose(struct run *r)
{
    mn_plan_dispose(&r->plan);
    mn_result_dispose(&r->result);
    mn_buf_dispose(&r->script);
    memset(r, 0, sizeof *r);
}

static int
render(struct run *r)
{
    assert_int_equal(mn_script_mark(r->mark, &r->err), 0);
    struct mn_script_options o = {.timeout_s = 600, .mark = r->mark};
    return mn_script_render(&r->plan, &o, &r->script, &r->err);
}

static void
read_back(FILE *f, struct mn_buf *b)
{
    char chunk[4096];
    size_t n;
    rewind(f);
    while ((n = fread(chunk, 1, sizeof chunk, f)) > 0) {
        mn_buf_add(b, chunk, n);
    }
    fclose(f);
}

/* What shell prints when it reads text, on both streams. */
static void
feed(const char *shell, struct mn_slice text, struct mn_buf *out,
     struct mn_buf *errors)
{
    FILE *in = tmpfile();
    FILE *o = tmpfile();
    FILE *e = tmpfile();
    assert_non_null(in);
    assert_non_null(o);
    assert_non_null(e);
    fwrite(text.p, 1, text.n, in);
    fflush(in);
    rewind(in);
    pid_t pid = fork();
    if (pid == 0) {
        dup2(fileno(in), 0);
        dup2(fileno(o), 1);
        dup2(fileno(e), 2);
        setsid(); /* as sshd does */
        execl(shell, shell, "-s", (char *)NULL);
        _exit(127);
    }
    waitpid(pid, NULL, 0);
    fclose(in);
    read_back(o, out);
    read_back(e, errors);
}

static int
run_in(struct run *r, const char *shell)
{
    assert_int_equal(render(r), 0);
    assert_int_equal(mn_result_init(&r->result, r->plan.n, &r->err), 0);
    feed(shell, mn_buf_view(&r->script), &r->result.out, &r->result.err);
    return mn_script_parse(&r->plan, r->mark, &r->result, &r->err);
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

/* Gone, or a zombie: in a container nobody may reap what lost its parent. */
static bool
is_dead(pid_t pid)
{
    char path[64];
    char text[256] = "";
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    if (f) {
        size_t n = fread(text, 1, sizeof text - 1, f);
        text[n] = '\0';
        fclose(f);
    }
    return !f || strstr(text, ") Z ");
}

static void
steps_come_back_exactly(void **state)
{
    (void)state;
    for (int k = 0; k < SHELLS; k++) {
        struct run r = {.err = MN_ERROR_INIT};
        mn_plan_run(&r.plan, "echo", "it's $(id) `id` \\ \"q\" ;", NULL);
        mn_buf_puts(&mn_plan_run(&r.plan, "cat", NULL)->input, "a'b\n\n");
        mn_step_accept(mn_plan_run(&r.plan, "sh", "-c",
                                   "printf x; printf y >&2; exit 7", NULL),
                       7);
        mn_plan_run(&r.plan, "printf", "no newline", NULL);
        assert_int_equal(run_in(&r, shells[k]), 0);
        assert_step(&r, 0, 0, "it's $(id) `id` \\ \"q\" ;\n", "");
        assert_step(&r, 1, 0, "a'b\n\n", "");
        assert_step(&r, 2, 7, "x", "y");
        assert_step(&r, 3, 0, "no newline", "");
        assert_int_equal(r.result.stopped_at, -1);
        run_dispose(&r);
    }
}

static void
guards_and_stops(void **state)
{
    (void)state;
    for (int k = 0; k < SHELLS; k++) {
        struct run r = {.err = MN_ERROR_INIT};
        mn_plan_run(&r.plan, "false", NULL)->accept_any = true;
        mn_step_guard(mn_plan_run(&r.plan, "echo", "1", NULL), 0, 1, false);
        mn_step_guard(mn_plan_run(&r.plan, "echo", "2", NULL), 0, 1, true);
        mn_step_guard(mn_plan_run(&r.plan, "echo", "3", NULL), 2, 0, true);
        mn_plan_run(&r.plan, "sh", "-c", "kill -9 $$", NULL);
        mn_plan_run(&r.plan, "echo", "never", NULL);
        assert_int_equal(run_in(&r, shells[k]), 0);
        assert_step(&r, 1, 0, "1\n", "");
        assert_step(&r, 2, MN_STATUS_NOT_RUN, "", "");
        assert_step(&r, 3, MN_STATUS_NOT_RUN, "", "");
        assert_int_equal(r.result.steps[4].status, 128 + 9);
        assert_step(&r, 5, MN_STATUS_NOT_RUN, "", "");
        assert_int_equal(r.result.stopped_at, 4);
        assert_int_equal(mn_result_check(&r.result, &r.plan, "h", &r.err),
                         MN_EREMOTE);
        assert_contains(r.err.text, "signal 9");
        run_dispose(&r);
    }
}

static void
random_bytes_survive(void **state)
{
    (void)state;
    srand(1);
    for (int round = 0; round < 60; round++) {
        struct run r = {.err = MN_ERROR_INIT};
        char bytes[64];
        size_t n = (size_t)(rand() % 60) + 1;
        for (size_t i = 0; i < n; i++) {
            bytes[i] = (char)(rand() % 255 + 1);
        }
        bytes[n] = '\0';
        mn_plan_run(&r.plan, "printf", "%s", bytes, NULL);
        mn_buf_puts(&mn_plan_run(&r.plan, "cat", NULL)->input, bytes);
        assert_int_equal(run_in(&r, shells[round % SHELLS]), 0);
        assert_step(&r, 0, 0, bytes, "");
        assert_step(&r, 1, 0, bytes, "");
        run_dispose(&r);
    }
}

/* Wherever the script is cut, nothing of it runs. */
static void
a_cut_script_does_nothing(void **state)
{
    (void)state;
    struct run r = {.err = MN_ERROR_INIT};
    char file[] = "/tmp/mn-script-XXXXXX";
    int fd = mkstemp(file);
    assert_true(fd >= 0);
    close(fd);
    mn_plan_run(&r.plan, "rm", "-f", file, NULL);
    mn_plan_run(&r.plan, "true", NULL);
    assert_int_equal(render(&r), 0);
    size_t whole = r.script.n - 2; /* up to the last brace */
    for (size_t n = 1; n <= whole; n += 7) {
        struct mn_buf out = MN_BUF_INIT;
        struct mn_slice cut = {r.script.p, n};
        feed(shells[n % SHELLS], cut, &out, &out);
        mn_buf_dispose(&out);
        assert_int_equal(access(file, F_OK), 0);
    }
    unlink(file);
    run_dispose(&r);
}

static void
noise_before_is_ignored(void **state)
{
    (void)state;
    struct run r = {.err = MN_ERROR_INIT};
    struct mn_buf text = MN_BUF_INIT;
    mn_plan_run(&r.plan, "echo", "good", NULL);
    assert_int_equal(render(&r), 0);
    mn_buf_puts(&text, "echo noise; echo more >&2; printf 'no newline'\n");
    mn_buf_slice(&text, mn_buf_view(&r.script));
    assert_int_equal(mn_result_init(&r.result, 1, &r.err), 0);
    feed("/bin/sh", mn_buf_view(&text), &r.result.out, &r.result.err);
    assert_int_equal(mn_script_parse(&r.plan, r.mark, &r.result, &r.err), 0);
    assert_step(&r, 0, 0, "good\n", "");
    mn_buf_dispose(&text);
    run_dispose(&r);
}

static void
what_does_not_fit_is_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "\nM 0 0\n\nM E\n",        /* no beginning */
        "\nM B\n\nM 0 0\n",        /* no end */
        "\nM B\n\nM 1 0\n\nM E\n", /* a step too many */
        "\nM B\n\nM 0 0\n\nM 0 0\n\nM E\n",
        "\nM B\n\nM 0 256\n\nM E\n",
        "\nM B\n\nM x 0\n\nM E\n",
        "\nM B\n\nM 0 0",
        "\nM B\n\nM -1 0\n\nM E\n",
    };
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct run r = {.err = MN_ERROR_INIT};
        mn_plan_run(&r.plan, "true", NULL);
        assert_int_equal(mn_result_init(&r.result, 1, &r.err), 0);
        mn_buf_puts(&r.result.out, bad[i]);
        mn_buf_puts(&r.result.err, "\nM B\n\nM 0\n\nM E\n");
        assert_int_equal(mn_script_parse(&r.plan, "M", &r.result, &r.err),
                         MN_EPROTO);
        run_dispose(&r);
    }
}

static void
input_with_nul_is_refused(void **state)
{
    (void)state;
    struct run r = {.err = MN_ERROR_INIT};
    mn_buf_add(&mn_plan_run(&r.plan, "cat", NULL)->input, "a\0b", 3);
    assert_int_equal(render(&r), MN_EINVAL);
    run_dispose(&r);
}

static void
sudo_and_time_limits(void **state)
{
    (void)state;
    struct run r = {.err = MN_ERROR_INIT};
    struct mn_script_options o = {.sudo = true, .timeout_s = 9, .mark = "M"};
    mn_plan_run(&r.plan, "true", NULL);
    mn_plan_run(&r.plan, "/bin/x", NULL)->timeout_s = 77;
    assert_int_equal(mn_script_render(&r.plan, &o, &r.script, &r.err), 0);
    assert_contains(mn_buf_str(&r.script), "sudo -n timeout -k 2 9 true\n");
    assert_contains(mn_buf_str(&r.script), "timeout -k 2 77 /bin/x\n");
    assert_lacks(mn_buf_str(&r.script), "w=$!");
    mn_buf_clear(&r.script);
    o.sudo = false;
    assert_int_equal(mn_script_render(&r.plan, &o, &r.script, &r.err), 0);
    assert_contains(mn_buf_str(&r.script), "\ntrue\n");
    run_dispose(&r);
}

/* Nobody answers: what follows does not run, though any status would do. */
static void
no_answer_stops_the_plan(void **state)
{
    (void)state;
    for (int k = 0; k < SHELLS; k++) {
        struct run r = {.err = MN_ERROR_INIT};
        const char *say = "cat; echo out; echo \"$0\" >&2; exit \"$1\"";
        const char *const words[] = {"all well", "it's No*Reply now",
                                     "it's No*Reply now"};
        const char *const status[] = {"1", "0", "3"};
        for (int i = 0; i < 3; i++) {
            struct mn_step *step = mn_plan_run(&r.plan, "sh", "-c", say,
                                               words[i], status[i], NULL);
            step->accept_any = true;
            step->no_answer =
                (struct mn_no_answer){"No*Reply", 7, "ring again"};
            mn_buf_puts(&step->input, "in ");
        }
        mn_plan_run(&r.plan, "echo", "never", NULL);
        assert_int_equal(run_in(&r, shells[k]), 0);
        assert_step(&r, 0, 1, "in out\n", "all well");
        assert_step(&r, 1, 0, "in out\n", "it's No*Reply now");
        assert_step(&r, 2, 3, "in out\n", "it's No*Reply now");
        assert_int_equal(r.result.stopped_at, 2);
        assert_int_equal(r.result.steps[3].status, MN_STATUS_NOT_RUN);
        assert_int_equal(mn_result_check(&r.result, &r.plan, "h", &r.err),
                         MN_ETIMEDOUT);
        assert_contains(r.err.text, "no answer within 7 s to sh -c ");
        assert_contains(r.err.text, " on h: ring again");
        run_dispose(&r);
    }
}

/* What never ends is killed with all that it started; what came before is
   told, and which step it was. The watchdog's time is over when the step says
   so. */
static void
the_watchdog_strikes(void **state)
{
    char dir[] = "/tmp/mn-script-XXXXXX";
    (void)state;
    assert_non_null(mkdtemp(dir));
    assert_int_equal(setenv("D", dir, 1), 0);
    for (int k = 0; k < SHELLS; k++) {
        struct run r = {.err = MN_ERROR_INIT};
        mn_plan_run(&r.plan, "echo", "before", NULL);
        mn_step_guard(mn_plan_run(&r.plan, "echo", "no", NULL), 0, 1, false);
        mn_plan_run(&r.plan, "sh", "-c",
                    "echo out; echo err >&2; sleep 600 & echo $!;"
                    ": >$D/over; wait",
                    NULL);
        mn_plan_run(&r.plan, "echo", "never", NULL);
        for (size_t i = 0; i < r.plan.n; i++) {
            r.plan.steps[i].timeout_s = i == 2 ? 1 : 0;
        }
        assert_int_equal(mn_script_mark(r.mark, &r.err), 0);
        struct mn_script_options o = {.mark = r.mark};
        mn_buf_puts(&r.script, "sleep() { [ $1 = 1 ] && until [ -e $D/over ];"
                               "do command sleep 0.05; done; }\n");
        assert_int_equal(mn_script_render(&r.plan, &o, &r.script, &r.err), 0);
        assert_int_equal(mn_result_init(&r.result, r.plan.n, &r.err), 0);
        feed(shells[k], mn_buf_view(&r.script), &r.result.out, &r.result.err);
        assert_int_equal(mn_script_parse(&r.plan, r.mark, &r.result, &r.err),
                         0);
        assert_step(&r, 0, 0, "before\n", "");
        assert_int_equal(r.result.stopped_at, 2);
        assert_int_equal(r.result.steps[2].status, 124);
        assert_true(mn_slice_eq(r.result.steps[2].err, "err\n"));
        assert_true(mn_slice_starts(r.result.steps[2].out, "out\n"));
        pid_t left = atoi(r.result.steps[2].out.p + 4);
        assert_true(left > 1);
        for (int i = 0; i < 6000 && !is_dead(left); i++) {
            usleep(10000); /* the kernel takes its time to kill */
        }
        assert_true(is_dead(left));
        assert_int_equal(system("rm $D/over"), 0);
        assert_int_equal(mn_result_check(&r.result, &r.plan, "h", &r.err),
                         MN_ETIMEDOUT);
        run_dispose(&r);
    }
    assert_int_equal(rmdir(dir), 0);
}

static int
render_much(void *ctx)
{
    struct run r = {.err = MN_ERROR_INIT};
    struct mn_script_options o = {.timeout_s = 1, .mark = "M"};
    (void)ctx;
    for (int i = 0; i < 20; i++) {
        mn_buf_puts(&mn_plan_run(&r.plan, "cat", "a b", NULL)->input, "x'y");
    }
    int rc = mn_script_render(&r.plan, &o, &r.script, &r.err);
    run_dispose(&r);
    return rc;
}

static void
torture(void **state)
{
    (void)state;
    TORTURE(render_much, NULL);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(steps_come_back_exactly),
        cmocka_unit_test(guards_and_stops),
        cmocka_unit_test(random_bytes_survive),
        cmocka_unit_test(a_cut_script_does_nothing),
        cmocka_unit_test(noise_before_is_ignored),
        cmocka_unit_test(what_does_not_fit_is_refused),
        cmocka_unit_test(input_with_nul_is_refused),
        cmocka_unit_test(sudo_and_time_limits),
        cmocka_unit_test(no_answer_stops_the_plan),
        cmocka_unit_test(the_watchdog_strikes),
        cmocka_unit_test(torture),
    };
    return cmocka_run_group_tests_name("exec/script", tests, NULL, NULL);
}
