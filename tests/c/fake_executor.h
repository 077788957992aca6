/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An executor that carries plans out in the test's memory: each step goes to
 * a handler, guards and accepted statuses are honoured as the real ones do.
 */
#ifndef FAKE_EXECUTOR_H
#define FAKE_EXECUTOR_H

#include "exec/executor.h"

struct fake;

/* One step. Appends what it prints and returns the exit status. line is the
   command, arguments joined by blanks. */
typedef int fake_handler(struct fake *f, const struct mn_step *step,
                         const char *line, struct mn_buf *out,
                         struct mn_buf *err);

struct fake_answer {
    const char *pattern; /* fnmatch() on the command line */
    int status;
    const char *out;
    const char *err;
    bool once;
    bool used;
};

/* What somebody else does right before a step; once. */
struct fake_meanwhile {
    const char *pattern; /* of that step; NULL: nothing (more) */
    void (*act)(void *ctx);
    void *ctx;
};

struct fake {
    struct mn_executor base;
    fake_handler *handler; /* asked when no answer matches; may be NULL */
    void *ctx;
    struct fake_answer answers[32]; /* the last that matches counts */
    size_t answers_n;
    struct fake_meanwhile meanwhile;
    enum mn_code fail; /* submit fails so */
    int fail_from;     /* from this plan on, counted from 1; 0: always */
    int plans;         /* how many were carried out */
    bool nomem;        /* a handler had no memory: the plan fails so */
    struct mn_buf log; /* every command line that ran, each ends in LF */
};

void fake_init(struct fake *f, fake_handler *handler, void *ctx);
void fake_dispose(struct fake *f);
void fake_clear_log(struct fake *f); /* and the count of plans */
void fake_answer(struct fake *f, const char *pattern, int status,
                 const char *out, const char *err);
void fake_answer_once(struct fake *f, const char *pattern, int status,
                      const char *out, const char *err);
void fake_meanwhile(struct fake *f, const char *pattern,
                    void (*act)(void *ctx), void *ctx);

/* Run a plan's steps through a function; used by all test executors. */
typedef int step_runner(void *ctx, const struct mn_step *step,
                        struct mn_buf *out, struct mn_buf *err);
int run_steps(const struct mn_plan *plan, step_runner *run, void *ctx,
              struct mn_result *result, struct mn_error *err);

#endif
