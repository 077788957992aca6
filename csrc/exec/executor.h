/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who carries plans out on one host. Drivers see only this vtable; behind it
 * stand a remote shell (remote.h), the local machine (local.h), a Python
 * callable (in the binding) or a test's fake.
 */
#ifndef MN_EXEC_EXECUTOR_H
#define MN_EXEC_EXECUTOR_H

#include "exec/plan.h"

struct mn_executor;
struct mn_pending; /* a plan on its way; each executor has its own */

struct mn_executor_vtable {
    /* Begin to carry the plan out; the plan must stay until finish or cancel.
       An executor that cannot work in the background does the whole here. */
    int (*submit)(struct mn_executor *self, const struct mn_plan *plan,
                  struct mn_pending **pending, struct mn_error *err);
    /* Wait, fill result (which the caller disposes, also after an error),
       free pending. 0 also when the plan stopped at a step; an error means
       that the outcome is unknown. */
    int (*finish)(struct mn_executor *self, struct mn_pending *pending,
                  struct mn_result *result, struct mn_error *err);
    /* Give up on it and free pending. Never waits. */
    void (*cancel)(struct mn_executor *self, struct mn_pending *pending);
    void (*free)(struct mn_executor *self);
};

struct mn_executor {
    const struct mn_executor_vtable *vtable;
    char *host; /* for messages; owned */
};

void mn_executor_free(struct mn_executor *ex); /* NULL-safe */

/* Carry out one plan and wait for its end. */
int mn_exec_run(struct mn_executor *ex, const struct mn_plan *plan,
                struct mn_result *result, struct mn_error *err);

/* Several plans on several hosts side by side: codes[i] and errs[i] tell how
   each ended, results[i] must be MN_RESULT_INIT before and be disposed after.
   plans[i] == NULL skips the host. Returns 0, or the first code other than 0;
   MN_ECANCELED ends all of them. */
int mn_exec_run_many(struct mn_executor *const *exs,
                     const struct mn_plan *const *plans,
                     struct mn_result *results, int *codes,
                     struct mn_error *errs, size_t n);

#endif
