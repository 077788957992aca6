/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan: what one operation does on one host, as data. Pure functions build
 * it, an executor carries it out in one go (one network round trip when the
 * host is remote), and every step's exit status and output come back exactly.
 */
#ifndef MN_EXEC_PLAN_H
#define MN_EXEC_PLAN_H

#include <stdbool.h>
#include <stddef.h>

#include "core/argv.h"
#include "core/buf.h"
#include "core/error.h"

enum { MN_STATUS_NOT_RUN = -1 };

/* Run a step only if an earlier step of the same plan ended so. A step that
   did not run has no status, and no guard matches it. */
struct mn_guard {
    int step; /* index of the earlier step, or -1: no guard */
    int status;
    bool negate; /* run when it ran and its status is another one */
};

/* How a command that asks somebody else tells that no answer came. Then the
   plan stops, whatever statuses are accepted: what follows would wait for the
   same one again. */
struct mn_no_answer {
    const char *sign; /* in its error output; NULL: it asks nobody */
    unsigned after_s; /* it waits so long */
    const char *advice;
};

struct mn_step {
    struct mn_argv argv;
    struct mn_buf input; /* standard input; empty: /dev/null */
    struct mn_guard guard;
    bool accept_any;         /* any exit status lets the plan go on */
    unsigned char accept[4]; /* else: 0 and these do; 0 ends the list */
    unsigned timeout_s;      /* 0: the executor's default */
    struct mn_no_answer no_answer;
};

struct mn_plan {
    struct mn_step *steps;
    size_t n;
    size_t cap;
    bool failed; /* sticky, as in mn_buf: an allocation failed */
};

#define MN_PLAN_INIT \
    {                \
        0            \
    }

/* Append a step. The pointer is good until the next append; never NULL: after
   a failed allocation it points to a step that is not part of the plan. */
struct mn_step *mn_plan_add(struct mn_plan *plan);

/* Append a step of these arguments (NULL-ended). */
struct mn_step *mn_plan_run(struct mn_plan *plan, const char *arg0, ...)
    __attribute__((sentinel));

/* The index of the step appended last. */
int mn_plan_last(const struct mn_plan *plan);

void mn_step_accept(struct mn_step *step, unsigned char status);
void mn_step_guard(struct mn_step *step, int earlier, int status, bool negate);

/* Append the steps that replace a file atomically: content to a temporary
   name in the same directory (leading dot, so outside any include pattern),
   fsync, rename, fsync of the directory. All under the same guard as given
   (NULL: none). */
void mn_plan_write_file(struct mn_plan *plan, const char *path,
                        struct mn_slice content, const struct mn_guard *guard);

/* Did an allocation fail anywhere in it? Executors refuse such a plan. */
bool mn_plan_failed(const struct mn_plan *plan);

void mn_plan_dispose(struct mn_plan *plan);

struct mn_step_result {
    int status;          /* exit status, 128 + signal, or MN_STATUS_NOT_RUN */
    struct mn_slice out; /* views into the owner's buffers */
    struct mn_slice err;
};

struct mn_result {
    struct mn_step_result *steps; /* as many as the plan has */
    size_t n;
    int stopped_at;    /* index of the step whose status was not accepted, or
                          -1: the plan ran to its end */
    struct mn_buf out; /* what the views point into */
    struct mn_buf err;
};

#define MN_RESULT_INIT   \
    {                    \
        .stopped_at = -1 \
    }

/* Make room for n steps, none run yet. */
int mn_result_init(struct mn_result *r, size_t n, struct mn_error *err);
void mn_result_dispose(struct mn_result *r);

/* Did it end with the sign of struct mn_no_answer? err: what it printed. */
bool mn_step_unanswered(const struct mn_step *step, int status,
                        struct mn_slice err);
/* May the plan go on behind it? */
bool mn_step_accepts(const struct mn_step *step, int status,
                     struct mn_slice err);
bool mn_guard_allows(const struct mn_guard *guard, const struct mn_result *r);

/* If the plan stopped, set MN_EREMOTE "COMMAND failed with exit status 5 on
   HOST: last line of its error output" (or MN_ETIMEDOUT, when it was killed or
   not answered in time) and return it, else 0. */
int mn_result_check(const struct mn_result *r, const struct mn_plan *plan,
                    const char *host, struct mn_error *err);

#endif
