/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan as one POSIX script for a shell on the other side, and back from
 * what that shell printed to the steps' results. Pure text.
 *
 * The whole is one subshell: a script cut off by a lost connection is a
 * syntax error, and nothing of it runs. Around each step's output stand marks
 * that nobody can guess, the exit status with them, so that the output comes
 * back exactly whatever it holds, and what a login shell or a banner printed
 * before is ignored.
 */
#ifndef MN_EXEC_SCRIPT_H
#define MN_EXEC_SCRIPT_H

#include "exec/plan.h"

enum { MN_SCRIPT_MARK_SIZE = 40 };

struct mn_script_options {
    bool sudo;          /* steps run behind "sudo -n" */
    unsigned timeout_s; /* of a step that names none; 0: no limit. With sudo
                           each step is held to its own, else all steps
                           together to the sum. */
    const char *mark;   /* from mn_script_mark() */
};

/* A new unguessable mark. */
int mn_script_mark(char mark[MN_SCRIPT_MARK_SIZE], struct mn_error *err);

/* The line that the script prints last on both streams; and the one that its
   watchdog prints instead, right before it kills the shell. */
void mn_script_ends(const char *mark, struct mn_buf *line,
                    struct mn_buf *killed);

int mn_script_render(const struct mn_plan *plan,
                     const struct mn_script_options *options,
                     struct mn_buf *script, struct mn_error *err);

/* Fill r (initialised for the plan) from r->out and r->err, which hold what
   was printed on each stream. PROTO when they do not fit the plan. */
int mn_script_parse(const struct mn_plan *plan, const char *mark,
                    struct mn_result *r, struct mn_error *err);

#endif
