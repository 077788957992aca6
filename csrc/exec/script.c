/* SPDX-License-Identifier: Apache-2.0 */
#include "exec/script.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

enum {
    KILL_AFTER_S = 2,       /* from TERM to KILL */
    STATUS_TIMED_OUT = 124, /* as timeout(1) tells it */
};

/* ---- to the shell ---- */

int
mn_script_mark(char mark[MN_SCRIPT_MARK_SIZE], struct mn_error *err)
{
    unsigned char bytes[16];
    ssize_t n;
    do {
        n = getrandom(bytes, sizeof bytes, 0);
    } while (n < 0 && errno == EINTR);
    if (n != (ssize_t)sizeof bytes) {
        return mn_error_set(err, MN_EINTERNAL, "no random bytes: errno %d",
                            errno);
    }
    int used = snprintf(mark, MN_SCRIPT_MARK_SIZE, "mn-");
    for (size_t i = 0; i < sizeof bytes; i++) {
        used += snprintf(mark + used, MN_SCRIPT_MARK_SIZE - (size_t)used,
                         "%02x", bytes[i]);
    }
    return 0;
}

void
mn_script_ends(const char *mark, struct mn_buf *line, struct mn_buf *killed)
{
    mn_buf_printf(line, "%s E", mark);
    mn_buf_printf(killed, "%s T", mark);
}

/* Built into every shell, and can't hang: no process and no time limit. */
static bool
is_builtin(const char *name)
{
    static const char *const names[] = {"true", "false", "test", "printf",
                                        "echo"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static void
render_guard(struct mn_buf *out, const struct mn_guard *g)
{
    if (g->step < 0) {
        return;
    }
    if (g->negate) {
        mn_buf_printf(out, "if [ \"${r%d-%d}\" != %d ];then\n", g->step,
                      g->status, g->status);
    }
    else {
        mn_buf_printf(out, "if [ \"${r%d-}\" = %d ];then\n", g->step,
                      g->status);
    }
}

static unsigned
limit_of(const struct mn_step *step, const struct mn_script_options *o)
{
    return step->timeout_s ? step->timeout_s : o->timeout_s;
}

static void
render_command(struct mn_buf *out, const struct mn_step *step,
               const struct mn_script_options *o)
{
    unsigned timeout_s = limit_of(step, o);
    if (step->input.n) {
        mn_buf_puts(out, "printf %s ");
        mn_argv_quote(out, mn_buf_view(&step->input));
        mn_buf_putc(out, '|');
    }
    if (o->sudo) {
        mn_buf_puts(out, "sudo -n ");
    }
    if (o->sudo && timeout_s) {
        /* nobody but root may end what runs as root */
        mn_buf_printf(out, "timeout -k %d %u ", KILL_AFTER_S, timeout_s);
    }
    mn_argv_render(out, &step->argv);
}

/* The command, its status in rN. What it prints for errors is kept in eN when
   its sign of no answer has to be looked for. */
static void
render_run(struct mn_buf *out, const struct mn_step *step, size_t i,
           const struct mn_script_options *o)
{
    bool look = step->no_answer.sign;
    if (look) {
        mn_buf_printf(out, "{ e%zu=$(", i);
    }
    render_command(out, step, o);
    mn_buf_puts(out, look ? " 2>&1 >&3 3>&-)\n" : "\n");
    mn_buf_printf(out, "r%zu=$?\n", i);
    if (look) {
        mn_buf_printf(out, "} 3>&1\nprintf %%s \"$e%zu\" >&2\n", i);
    }
}

static void
render_accept(struct mn_buf *out, const struct mn_step *step, size_t i)
{
    if (step->no_answer.sign) {
        mn_buf_printf(out, "[ $r%zu = 0 ]||case $e%zu in *", i, i);
        mn_argv_quote(out, mn_slice_of(step->no_answer.sign));
        mn_buf_puts(out, "*)exit;;esac\n");
    }
    if (step->accept_any) {
        return;
    }
    mn_buf_printf(out, "case $r%zu in 0", i);
    for (size_t k = 0; k < sizeof step->accept && step->accept[k]; k++) {
        mn_buf_printf(out, "|%u", step->accept[k]);
    }
    mn_buf_puts(out, ");;*)exit;;esac\n");
}

static void
render_step(struct mn_buf *out, const struct mn_step *step, size_t i,
            const struct mn_script_options *o)
{
    render_guard(out, &step->guard);
    render_run(out, step, i, o);
    mn_buf_printf(out, "printf '\\n%s %zu %%d\\n' $r%zu\n", o->mark, i, i);
    mn_buf_printf(out, "printf '\\n%s %zu\\n' >&2\n", o->mark, i);
    render_accept(out, step, i);
    if (step->guard.step >= 0) {
        mn_buf_puts(out, "fi\n");
    }
}

static bool
holds_nul(const struct mn_plan *plan)
{
    for (size_t i = 0; i < plan->n; i++) {
        const struct mn_buf *input = &plan->steps[i].input;
        if (input->n && memchr(input->p, '\0', input->n)) {
            return true;
        }
    }
    return false;
}

static void
render_mark(struct mn_buf *out, const char *mark, char which)
{
    mn_buf_printf(out, "printf '\\n%s %c\\n';printf '\\n%s %c\\n' >&2\n", mark,
                  which, mark, which);
}

/* How long all steps together may take; 0: they can't hang, or each has a
   limit of its own. */
static unsigned
plan_limit(const struct mn_plan *plan, const struct mn_script_options *o)
{
    unsigned sum = 0;
    bool builtin = true;
    for (size_t i = 0; i < plan->n; i++) {
        builtin = builtin && is_builtin(plan->steps[i].argv.v[0]);
        sum += limit_of(&plan->steps[i], o);
    }
    return builtin || o->sudo ? 0 : sum;
}

/* Neither a closed channel nor a lost connection ends what runs here. One
   watchdog for the whole plan does: timeout(1) before each step would double
   the processes to start. It kills the shell's process group, so the shell
   with all that its steps started, and says so before. */
static void
render_watchdog(struct mn_buf *out, const char *mark, unsigned limit_s)
{
    mn_buf_printf(out,
                  "(trap 'kill $s 2>/dev/null;exit 0' TERM\n"
                  "sleep %u </dev/null >/dev/null 2>&1 & s=$!\n"
                  "wait $s||exit 0\n",
                  limit_s);
    render_mark(out, mark, 'T');
    mn_buf_puts(out, "kill -s KILL -- -$$||kill -s KILL $$\n"
                     ")</dev/null & w=$!\n");
}

int
mn_script_render(const struct mn_plan *plan,
                 const struct mn_script_options *options,
                 struct mn_buf *script, struct mn_error *err)
{
    if (mn_plan_failed(plan)) {
        return mn_error_nomem(err);
    }
    if (holds_nul(plan)) {
        return mn_error_set(err, MN_EINVAL,
                            "a command's input holds a NUL byte");
    }
    unsigned limit_s = plan_limit(plan, options);
    mn_buf_puts(script, "{\n");
    if (limit_s) {
        render_watchdog(script, options->mark, limit_s);
    }
    mn_buf_puts(script, "(LC_ALL=C;export LC_ALL\n");
    render_mark(script, options->mark, 'B');
    for (size_t i = 0; i < plan->n; i++) {
        render_step(script, &plan->steps[i], i, options);
    }
    mn_buf_puts(script, ")</dev/null\n");
    render_mark(script, options->mark, 'E');
    mn_buf_puts(script, limit_s ? "kill $w 2>/dev/null\n}\n" : "}\n");
    return mn_buf_failed(script) ? mn_error_nomem(err) : 0;
}

/* ---- and back ---- */

struct mark {
    struct mn_slice before; /* what was printed since the last mark */
    char which;             /* 'B', 'E', 'T' (killed) or 's': a step's */
    size_t step;
    int status; /* of a step, on stdout */
};

static bool
parse_mark(struct mn_slice line, struct mark *m)
{
    uint64_t step;
    uint64_t status = 0;
    struct mn_slice word;
    if (line.n == 1 && strchr("BET", line.p[0])) {
        m->which = line.p[0];
        return true;
    }
    if (!mn_slice_next(&line, ' ', &word) || !mn_slice_u64(word, &step)
        || (line.n && !mn_slice_u64(line, &status)) || status > 255) {
        return false;
    }
    m->which = 's';
    m->step = (size_t)step;
    m->status = (int)status;
    return true;
}

/* Cut everything up to and including the next mark off *rest. */
static bool
next_mark(struct mn_slice *rest, struct mn_slice start, struct mark *m)
{
    const char *at =
        rest->n ? memmem(rest->p, rest->n, start.p, start.n) : NULL;
    struct mn_slice line;
    if (!at) {
        return false;
    }
    m->before = (struct mn_slice){rest->p, (size_t)(at - rest->p)};
    struct mn_slice after = {at + start.n, rest->n - m->before.n - start.n};
    if (!mn_slice_next(&after, '\n', &line)) {
        return false;
    }
    *rest = after;
    return parse_mark(line, m);
}

/* rest: what was printed behind the last step's mark of a plan that was
   killed; its p is NULL otherwise. */
static bool
parse_stream(struct mn_slice text, struct mn_slice start, struct mn_result *r,
             bool is_err, struct mn_slice *rest)
{
    struct mark m = {.which = ' '};
    if (!next_mark(&text, start, &m) || m.which != 'B') {
        return false;
    }
    size_t least = 0;
    while (next_mark(&text, start, &m)) {
        if (m.which == 'E' || m.which == 'T') {
            *rest = m.which == 'T' ? m.before : (struct mn_slice){NULL, 0};
            return true;
        }
        if (m.which != 's' || m.step < least || m.step >= r->n) {
            return false;
        }
        struct mn_step_result *sr = &r->steps[m.step];
        if (is_err) {
            sr->err = m.before;
        }
        else {
            sr->out = m.before;
            sr->status = m.status;
        }
        least = m.step + 1;
    }
    return false;
}

/* The step that ran when the watchdog struck; r->n: none did any more. */
static size_t
unfinished(const struct mn_plan *plan, const struct mn_result *r)
{
    size_t i = r->n;
    while (i > 0 && r->steps[i - 1].status == MN_STATUS_NOT_RUN) {
        i--;
    }
    while (i < r->n && !mn_guard_allows(&plan->steps[i].guard, r)) {
        i++;
    }
    return i;
}

int
mn_script_parse(const struct mn_plan *plan, const char *mark,
                struct mn_result *r, struct mn_error *err)
{
    char start[MN_SCRIPT_MARK_SIZE + 4];
    int n = snprintf(start, sizeof start, "\n%s ", mark);
    struct mn_slice s = {start, (size_t)n};
    struct mn_slice out = {NULL, 0};
    struct mn_slice errors = {NULL, 0};
    if (!parse_stream(mn_buf_view(&r->out), s, r, false, &out)
        || !parse_stream(mn_buf_view(&r->err), s, r, true, &errors)) {
        return mn_error_set(err, MN_EPROTO,
                            "the remote shell's output does not fit what it "
                            "was told (outcome unknown)");
    }
    for (size_t i = 0; i < r->n; i++) {
        if (r->steps[i].status != MN_STATUS_NOT_RUN
            && !mn_step_accepts(&plan->steps[i], r->steps[i].status,
                                r->steps[i].err)) {
            r->stopped_at = (int)i;
        }
    }
    size_t killed = out.p && r->stopped_at < 0 ? unfinished(plan, r) : r->n;
    if (killed < r->n) {
        r->steps[killed].status = STATUS_TIMED_OUT;
        r->steps[killed].out = out;
        r->steps[killed].err = errors.p ? errors : mn_slice_of("");
        r->stopped_at = (int)killed;
    }
    return 0;
}
