/* SPDX-License-Identifier: Apache-2.0 */
#include "gpfs/jobs.h"

#include <inttypes.h>
#include <stdio.h>

#include "gpfs/mmcmd.h"
#include "gpfs/mmparse.h"

enum { STOP_TIMEOUT_S = 120, POLL_TIMEOUT_S = 60 };

/* Puts the script from its input, and what the job shall do from the
   arguments, into a new directory; then the script goes on from there. */
static const char boot[] =
    "umask 077; mkdir -p \"$1\" && t=$(mktemp -d \"$1/.new.XXXXXXXX\") && "
    "cat >\"$t/job\" && d=$1/$2 && shift 2 && "
    "printf '%s\\n' \"$@\" >\"$t/args\" && exec sh \"$t/job\" start \"$d\" "
    "\"$t\"";

void
mn_job_dir(const char *base, const char *share_id, struct mn_buf *dir)
{
    mn_buf_printf(dir, "%s/.manila-jobs/%s", base, share_id);
}

void
mn_job_put_script(struct mn_buf *buf)
{
    mn_buf_puts(buf, mn_acl_script);
    mn_buf_puts(buf, mn_job_script);
}

static const char *
or_none(const char *s)
{
    return s ? s : "";
}

struct mn_step *
mn_job_add_start(struct mn_plan *plan, const struct mn_job_spec *spec)
{
    struct mn_step *step =
        mn_plan_run(plan, "sh", "-c", boot, "manila-job", NULL);
    struct mn_argv *argv = &step->argv;
    mn_argv_addf(argv, "%s/.manila-jobs", spec->base);
    mn_argv_add(argv, spec->share_id);
    /* from here in the order in which the script reads them */
    mn_argv_add(argv, spec->revert ? "revert" : "copy");
    mn_argv_add(argv, spec->bin ? spec->bin : "/usr/lpp/mmfs/bin");
    mn_argv_add(argv, spec->beat_s ? spec->beat_s : "2");
    mn_argv_addf(argv, "%u", spec->stale_s ? spec->stale_s : MN_JOB_STALE_S);
    mn_argv_addf(argv, "%d", MN_JOB_ATTEMPTS);
    mn_argv_add(argv, or_none(spec->device));
    mn_argv_add(argv, or_none(spec->fileset));
    mn_argv_add(argv, or_none(spec->snapshot));
    mn_argv_add(argv, or_none(spec->source));
    mn_argv_add(argv, or_none(spec->target));
    mn_argv_add(argv, or_none(spec->snapshot_dir));
    mn_argv_addf(argv, "%" PRIu64, spec->expect_kib);
    mn_job_put_script(&step->input);
    step->timeout_s = POLL_TIMEOUT_S;
    return step;
}

/* "test -e DIR/job", and if so "sh DIR/job VERB DIR". */
static struct mn_step *
add_verb(struct mn_plan *plan, const char *base, const char *share_id,
         const char *verb)
{
    struct mn_buf dir = MN_BUF_INIT;
    mn_job_dir(base, share_id, &dir);
    struct mn_step *step = mn_plan_run(plan, "test", "-e", NULL);
    mn_argv_addf(&step->argv, "%s/job", mn_buf_str(&dir));
    step->accept_any = true;
    int look = mn_plan_last(plan);
    step = mn_plan_run(plan, "sh", NULL);
    mn_argv_addf(&step->argv, "%s/job", mn_buf_str(&dir));
    mn_argv_add(&step->argv, verb);
    mn_argv_add(&step->argv, mn_buf_str(&dir));
    mn_step_guard(step, look, 0, false);
    plan->failed |= dir.failed;
    mn_buf_dispose(&dir);
    return step;
}

void
mn_job_add_poll(struct mn_plan *plan, const char *base, const char *share_id,
                unsigned wait_s)
{
    struct mn_step *step = add_verb(plan, base, share_id, "poll");
    mn_argv_addf(&step->argv, "%u", wait_s);
    step->accept_any = true;
    step->timeout_s = POLL_TIMEOUT_S + wait_s;
}

void
mn_job_add_stop(struct mn_plan *plan, const char *base, const char *share_id)
{
    add_verb(plan, base, share_id, "stop")->timeout_s = STOP_TIMEOUT_S;
}

/* The value of a "key value" line. */
static struct mn_slice
value_of(struct mn_slice text, const char *key)
{
    struct mn_slice line;
    struct mn_slice word;
    while (mn_slice_next(&text, '\n', &line)) {
        if (mn_slice_next(&line, ' ', &word) && mn_slice_eq(word, key)) {
            return mn_slice_trim(line);
        }
    }
    return mn_slice_of("");
}

static void
read_failure(struct mn_slice out, struct mn_job_state *state)
{
    struct mn_slice text = value_of(out, "text");
    bool full = mn_slice_contains_nocase(text, "No space left")
                || mn_slice_contains_nocase(text, "quota exceeded");
    state->status = MN_JOB_FAILED;
    state->code = full ? MN_ENOSPACE : MN_EREMOTE;
    snprintf(state->text, sizeof state->text, "%s%.*s",
             full ? "no space left for the job: " : "",
             text.n > 220 ? 220 : (int)text.n, text.p);
}

static int
read_report(struct mn_slice out, struct mn_job_report *report,
            struct mn_error *err)
{
    struct mn_slice state = value_of(out, "state");
    bool revert = mn_slice_eq(value_of(out, "kind"), "revert");
    if (!mn_slice_u64(value_of(out, "expect"), &report->expect_kib)) {
        report->expect_kib = 0;
    }
    if (mn_slice_eq(state, "done")) {
        report->state.status = MN_JOB_DONE;
        report->state.percent = 100;
    }
    else if (mn_slice_eq(state, "failed")) {
        read_failure(out, &report->state);
    }
    else if (mn_slice_eq(state, "running")) {
        report->state.status = revert ? MN_JOB_REVERTING : MN_JOB_COPYING;
    }
    else if (!mn_slice_eq(state, "gone")) {
        return mn_error_set(err, MN_EPROTO, "a job did not tell its state");
    }
    return 0;
}

int
mn_job_read(const struct mn_result *result, const struct mn_plan *plan,
            int first, const char *host, struct mn_job_report *report,
            struct mn_error *err)
{
    const struct mn_step_result *look = &result->steps[first];
    const struct mn_step_result *poll = look + 1;
    *report = (struct mn_job_report){0};
    if (look->status == 1) {
        return 0;
    }
    int rc = mn_mm_check(result, plan, first, host, err);
    rc = rc ? rc : mn_mm_check(result, plan, first + 1, host, err);
    return rc ? rc : read_report(poll->out, report, err);
}
